//! The exchange of spikes, once an epoch, while the ranks go on computing.
//!
//! Every rank sends all ranks one message of fixed length: its number of spikes, and as many of them as
//! fit. Usually that is all. Only if some rank had more does a second message carry the rest; all ranks
//! know that from the first.
//! The length follows the counts of the last epochs, which all ranks know, so all choose the same.

use std::{
    mem,
    time::{Duration, Instant},
};

use bytemuck::cast_slice;

use crate::{
    backend::{Request, World},
    communicator::Communicator,
    error::{Error, Result},
    spikes::{PackedSpike, WireSpike},
};

/// Bounds of the first message's length, in words of 8 bytes, with the word for the count.
const MIN_WORDS: usize = 8;
const MAX_WORDS: usize = 512;

/// Length of the first epoch's message.
const INITIAL_WORDS: usize = 64;

/// A length of the first message that no spike of this type straddles the end of.
const fn whole<S: WireSpike>(n_words: usize) -> usize {
    let each = size_of::<S>() / size_of::<u64>();
    1 + (n_words - 1).next_multiple_of(each)
}

/// All-gather of the spikes of an epoch ([`PackedSpike`]s, or [`OffsetSpike`](crate::OffsetSpike)s if
/// some lie between steps), one at a time: [`start`](SpikeExchange::start), as many
/// [`poll`](SpikeExchange::poll)s as wanted, [`finish`](SpikeExchange::finish).
///
/// Starting and finishing are collective, polling is not.
/// MPI makes progress only inside its calls, so an exchange overlaps with computation only if it is
/// polled now and then.
/// An exchange has a communicator of its own: other collective operations may come in between.
/// But no rank may wait for it by polling while others wait in another operation: only
/// [`finish`](SpikeExchange::finish) waits.
///
/// ```
/// # let comm = net_mpi::Communicator::solo();
/// use net_mpi::{PackedSpike, SpikeExchange};
///
/// let mut exchange = SpikeExchange::new(&comm)?;
/// exchange.start(&[PackedSpike::new(1, 8)?, PackedSpike::new(0, 9)?])?;
/// exchange.poll()?;
/// let spikes = exchange.finish()?;
/// assert_eq!(spikes[0].gid(), 9); // sorted by step, then gid
/// # Ok::<(), net_mpi::Error>(())
/// ```
pub struct SpikeExchange<S: WireSpike = PackedSpike> {
    comm: Communicator,
    stage: Stage,
    buffers: Buffers,
    /// The result: all ranks' spikes.
    merged: Vec<S>,
    /// Room to sort in.
    scratch: Vec<S>,
    /// Length of the first message.
    n_words: usize,
}

enum Stage {
    Idle,
    /// The fixed-length messages are under way.
    First(Request),
    /// The spikes that did not fit are under way.
    Rest(Request),
    Complete,
}

/// What the MPI library reads and writes while a request is under way.
#[derive(Default)]
struct Buffers {
    /// This rank's count, its first spikes, and padding.
    first: Vec<u64>,
    /// `first` of all ranks.
    all_first: Vec<u64>,
    /// This rank's further spikes.
    rest: Vec<u64>,
    /// `rest` of all ranks, with each one's length and place.
    all_rest: Vec<u64>,
    rest_counts: Vec<i32>,
    rest_displacements: Vec<i32>,
}

impl<S: WireSpike> SpikeExchange<S> {
    /// An exchange between the ranks of `comm`. Collective.
    pub fn new(comm: &Communicator) -> Result<Self> {
        Ok(SpikeExchange {
            comm: comm.duplicate()?,
            stage: Stage::Idle,
            buffers: Buffers::default(),
            merged: Vec::new(),
            scratch: Vec::new(),
            n_words: whole::<S>(INITIAL_WORDS),
        })
    }

    /// Starts to send this rank's `spikes`, in any order, to all ranks. Collective.
    pub fn start(&mut self, spikes: &[S]) -> Result<()> {
        if !matches!(self.stage, Stage::Idle) {
            return Err(Error::ExchangeUnderWay);
        }
        self.merged.clear();
        self.stage = match self.comm.world() {
            None => {
                self.merged.extend_from_slice(spikes);
                Stage::Complete
            }
            Some(world) => {
                let spikes = cast_slice::<S, u64>(spikes);
                Stage::First(self.buffers.start_first(world, spikes, self.n_words)?)
            }
        };
        Ok(())
    }

    /// Lets the exchange make progress without waiting; true when it is complete and
    /// [`finish`](SpikeExchange::finish) will not wait.
    pub fn poll(&mut self) -> Result<bool> {
        self.advance(Request::test)
    }

    /// Waits for all ranks' spikes and returns them sorted by step, then gid: the same on every rank,
    /// and from any number of ranks. Collective.
    pub fn finish(&mut self) -> Result<&[S]> {
        self.advance(|request| request.wait().map(|()| true))?;
        self.stage = Stage::Idle;
        if self.comm.uses_mpi() {
            let longest = self.buffers.merge(self.n_words, &mut self.merged);
            // Grows at once and shrinks by halves.
            let wanted = (longest + 1).next_power_of_two().max(self.n_words / 2);
            self.n_words = whole::<S>(wanted.clamp(MIN_WORDS, MAX_WORDS));
        }
        S::sort(&mut self.merged, &mut self.scratch);
        Ok(&self.merged)
    }

    /// Goes from stage to stage as long as `complete` says that the request of the stage is complete.
    fn advance(&mut self, complete: impl Fn(&mut Request) -> Result<bool>) -> Result<bool> {
        loop {
            match &mut self.stage {
                Stage::Idle => return Err(Error::NoExchange),
                Stage::Complete => return Ok(true),
                Stage::First(request) => {
                    if !complete(request)? {
                        return Ok(false);
                    }
                    let rest = match self.comm.world() {
                        Some(world) => self.buffers.start_rest(world, self.n_words)?,
                        None => None,
                    };
                    self.stage = rest.map_or(Stage::Complete, Stage::Rest);
                }
                Stage::Rest(request) => {
                    if !complete(request)? {
                        return Ok(false);
                    }
                    self.stage = Stage::Complete;
                }
            }
        }
    }
}

impl Buffers {
    fn start_first(&mut self, world: &World, spikes: &[u64], n_words: usize) -> Result<Request> {
        let (inline, rest) = spikes.split_at(spikes.len().min(n_words - 1));
        self.first.clear();
        self.first.push(spikes.len() as u64);
        self.first.extend_from_slice(inline);
        self.first.resize(n_words, 0);
        self.all_first.resize(n_words * world.size(), 0);
        self.rest.clear();
        self.rest.extend_from_slice(rest);
        // SAFETY: the buffers are touched again only when the request is complete, or leaked on drop.
        unsafe { world.start_all_gather(&self.first, &mut self.all_first) }
    }

    /// Starts the second message if any rank has more spikes than fit into the first.
    fn start_rest(&mut self, world: &World, n_words: usize) -> Result<Option<Request>> {
        let n_rest = |first: &[u64]| first[0].saturating_sub(n_words as u64 - 1);
        let n_spikes = self.all_first.chunks_exact(n_words).map(n_rest).sum::<u64>();
        if i32::MAX as u64 <= n_spikes {
            return Err(Error::TooManySpikes { n_spikes, max: i32::MAX as u64 });
        }
        self.all_rest.resize(n_spikes as usize, 0);
        if n_spikes == 0 {
            return Ok(None);
        }
        self.rest_counts.clear();
        self.rest_displacements.clear();
        let mut start = 0;
        for first in self.all_first.chunks_exact(n_words) {
            let count = n_rest(first) as i32;
            self.rest_counts.push(count);
            self.rest_displacements.push(start);
            start += count;
        }
        // SAFETY: the buffers are touched again only when the request is complete, or leaked on drop.
        let request = unsafe {
            world.start_all_gather_v(
                &self.rest,
                &mut self.all_rest,
                &self.rest_counts,
                &self.rest_displacements,
            )
        };
        request.map(Some)
    }

    /// Appends all ranks' spikes to `merged`; returns the largest count of a rank.
    fn merge<S: WireSpike>(&self, n_words: usize, merged: &mut Vec<S>) -> usize {
        let mut longest = 0;
        for first in self.all_first.chunks_exact(n_words) {
            let count = first[0] as usize;
            let inline = &first[1..=count.min(n_words - 1)];
            merged.extend_from_slice(cast_slice(inline));
            longest = longest.max(count);
        }
        merged.extend_from_slice(cast_slice(&self.all_rest));
        longest
    }
}

impl<S: WireSpike> Drop for SpikeExchange<S> {
    /// An exchange under way can't be cancelled: it is given a moment, then its buffers are left to MPI.
    fn drop(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(1);
        while matches!(self.stage, Stage::First(_) | Stage::Rest(_)) {
            let complete = self.poll();
            if complete.is_err() || deadline < Instant::now() {
                mem::forget(mem::take(&mut self.buffers));
                mem::forget(self.comm.clone());
                return;
            }
            std::thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_alone_gets_its_own_spikes_sorted() {
        let mut exchange = SpikeExchange::<PackedSpike>::new(&Communicator::solo()).unwrap();
        let spike = |step, gid| PackedSpike::new(step, gid).unwrap();
        for n_spikes in [0, 1, 100, 1000] {
            let spikes = (0..n_spikes).rev().map(|i| spike(i % 7, i)).collect::<Vec<_>>();
            let mut expected = spikes.clone();
            expected.sort();
            exchange.start(&spikes).unwrap();
            assert_eq!(exchange.poll(), Ok(true));
            assert_eq!(exchange.finish(), Ok(&expected[..]));
        }
    }

    #[test]
    fn the_order_of_calls_is_checked() {
        let mut exchange = SpikeExchange::<PackedSpike>::new(&Communicator::solo()).unwrap();
        assert_eq!(exchange.poll(), Err(Error::NoExchange));
        assert_eq!(exchange.finish(), Err(Error::NoExchange));
        exchange.start(&[]).unwrap();
        assert_eq!(exchange.start(&[]), Err(Error::ExchangeUnderWay));
        assert_eq!(exchange.finish(), Ok(&[][..]));
        assert_eq!(exchange.finish(), Err(Error::NoExchange));
    }
}
