//! Spikes on their way between ranks.

use net_cell::Spike;
use net_mpi::{
    Communicator, MAX_GID, MAX_STEP_OFFSET, OffsetSpike, PackedSpike, SpikeExchange, WireSpike,
};

use crate::error::Result;

/// What a rank wants all of them to do at the end of an epoch; of several, the last counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    /// To go on.
    #[default]
    Nothing,
    /// A checkpoint.
    Checkpoint,
    /// A checkpoint, and then the end, as the time is over.
    StopAtLimit,
    /// The same, as a signal asked for it.
    StopOnSignal,
    /// The end, as something failed.
    Failed,
}

impl Wish {
    const ALL: [Wish; 4] = [Wish::Checkpoint, Wish::StopAtLimit, Wish::StopOnSignal, Wish::Failed];

    /// How it travels among spikes: no cell has this gid, and no epoch so many steps. It sorts last.
    fn mark(self, first_step: u64) -> Spike {
        Spike::new(first_step + MAX_STEP_OFFSET - (Wish::Failed as u64 - self as u64), MAX_GID)
    }
}

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

    /// Starts to send the spikes of the epoch that began at `first_step`, and a wish.
    pub(super) fn start(&mut self, spikes: &[Spike], wish: Wish, first_step: u64) -> Result<()> {
        let pack = |spike: &Spike| PackedSpike::new(spike.step - first_step, spike.gid);
        let mark = (wish != Wish::Nothing).then(|| wish.mark(first_step));
        let spikes = spikes.iter().chain(&mark);
        match self {
            Exchange::AtSteps(exchange) => {
                let packed: Vec<_> = spikes.map(pack).collect::<net_mpi::Result<_>>()?;
                exchange.start(&packed)?;
            }
            Exchange::BetweenSteps(exchange) => {
                let packed = spikes.map(|spike| {
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

    /// Waits for the spikes of all ranks and puts them into `arrived`, by step and gid; gives what some
    /// rank wants. None are there if a rank has failed.
    pub(super) fn finish(&mut self, first_step: u64, arrived: &mut Vec<Spike>) -> Result<Wish> {
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
) -> Result<Wish> {
    arrived.clear();
    let spike = |spike: &S| {
        let (spike, offset) = parts(spike);
        Spike { step: first_step + spike.step_offset(), offset, gid: spike.gid() }
    };
    let is_wish = |spike: &S| parts(spike).0.gid() == MAX_GID;
    let n_spikes = spikes.len() - spikes.iter().rev().take_while(|spike| is_wish(spike)).count();
    let wanted = |last: &S| Wish::ALL.into_iter().find(|w| w.mark(first_step) == spike(last));
    let wish = spikes[n_spikes..].last().and_then(wanted).unwrap_or_default();
    if wish != Wish::Failed {
        arrived.extend(spikes[..n_spikes].iter().map(spike));
    }
    Ok(wish)
}
