//! Spikes on their way between ranks.

use net_cell::Spike;
use net_mpi::{
    Communicator, MAX_GID, MAX_STEP_OFFSET, OffsetSpike, PackedSpike, SpikeExchange, WireSpike,
};

use crate::error::Result;

/// The exchange of an epoch's spikes: 8 bytes each, or 16 where mechanisms make spikes between steps.
pub(super) enum Exchange {
    AtSteps(SpikeExchange<PackedSpike>),
    BetweenSteps(SpikeExchange<OffsetSpike>),
}

impl Exchange {
    /// `makes_spikes` says whether a mechanism makes spikes on this rank. Collective.
    pub(super) fn new(comm: &Communicator, makes_spikes: bool) -> Result<Self> {
        Ok(if comm.max(u64::from(makes_spikes))? > 0 {
            Exchange::BetweenSteps(SpikeExchange::new(comm)?)
        } else {
            Exchange::AtSteps(SpikeExchange::new(comm)?)
        })
    }

    /// Starts to send the spikes of the epoch that began at `first_step`; none are word of a failure.
    pub(super) fn start(&mut self, spikes: Option<&[Spike]>, first_step: u64) -> Result<()> {
        let pack = |spike: &Spike| PackedSpike::new(spike.step - first_step, spike.gid);
        let mark = [Spike::new(first_step + MAX_STEP_OFFSET, MAX_GID)];
        let spikes = spikes.unwrap_or(&mark);
        match self {
            Exchange::AtSteps(exchange) => {
                let packed: Vec<_> = spikes.iter().map(pack).collect::<net_mpi::Result<_>>()?;
                exchange.start(&packed)?;
            }
            Exchange::BetweenSteps(exchange) => {
                let packed = spikes.iter().map(|spike| {
                    Ok(OffsetSpike { spike: pack(spike)?, offset: i64::from(spike.offset) })
                });
                exchange.start(&packed.collect::<net_mpi::Result<Vec<_>>>()?)?;
            }
        }
        Ok(())
    }

    /// Lets the exchange make progress; true when it is complete.
    pub(super) fn poll(&mut self) -> Result<bool> {
        Ok(match self {
            Exchange::AtSteps(exchange) => exchange.poll()?,
            Exchange::BetweenSteps(exchange) => exchange.poll()?,
        })
    }

    /// Waits for the spikes of all ranks and puts them into `arrived`, by step and gid; true if a rank
    /// has failed, and then none are there.
    pub(super) fn finish(&mut self, first_step: u64, arrived: &mut Vec<Spike>) -> Result<bool> {
        match self {
            Exchange::AtSteps(exchange) => {
                unpack(exchange.finish()?, arrived, first_step, |spike| (*spike, 0))
            }
            Exchange::BetweenSteps(exchange) => {
                unpack(exchange.finish()?, arrived, first_step, |s| (s.spike, s.offset as i32))
            }
        }
    }
}

fn unpack<S: WireSpike>(
    spikes: &[S],
    arrived: &mut Vec<Spike>,
    first_step: u64,
    parts: impl Fn(&S) -> (PackedSpike, i32),
) -> Result<bool> {
    arrived.clear();
    // What a rank that failed sends: no cell has this gid, and no epoch so many steps. It sorts last.
    let mark = PackedSpike::new(MAX_STEP_OFFSET, MAX_GID)?;
    if spikes.last().is_some_and(|last| parts(last).0 == mark) {
        return Ok(true);
    }
    arrived.extend(spikes.iter().map(|spike| {
        let (spike, offset) = parts(spike);
        Spike { step: first_step + spike.step_offset(), offset, gid: spike.gid() }
    }));
    Ok(false)
}
