//! Collective operations on slices of plain data.
//!
//! The concatenation of all ranks' data is cut into rounds of at most `chunk_bytes`; in each round a rank
//! sends what of its own data falls into it. So every round fits MPI's counts, however the data are
//! spread over the ranks.

use std::ops::Range;

use bytemuck::{Pod, cast_slice, cast_slice_mut};

use crate::{
    backend::{Reduction, World},
    communicator::Communicator,
    error::{Error, Result},
};

impl Communicator {
    /// Every rank's `value`, in the order of ranks. Collective.
    pub fn all_gather_u64(&self, value: u64) -> Result<Vec<u64>> {
        let Some(world) = self.world() else { return Ok(vec![value]) };
        let mut values = vec![0; world.size()];
        world.all_gather(&[value], &mut values)?;
        Ok(values)
    }

    /// Every rank's `data`, of any length each, in the order of ranks. Collective.
    pub fn all_gather_v<T: Pod>(&self, data: &[T]) -> Result<Vec<Vec<T>>> {
        let Some(world) = self.world() else { return Ok(vec![data.to_vec()]) };
        let spans = spans(&self.all_gather_u64(data.len() as u64)?);
        let mut all = vec![T::zeroed(); spans.last().map_or(0, |span| span.end)];
        for round in rounds(all.len(), self.chunk_elements::<T>()) {
            let sent = &data[part_of(&spans[world.rank()], &round)];
            let counts = counts_in_bytes::<T>(&spans, &round);
            world.all_gather_v(cast_slice(sent), cast_slice_mut(&mut all[round]), &counts)?;
        }
        Ok(spans.into_iter().map(|span| all[span].to_vec()).collect())
    }

    /// Every rank's `data`, in the order of ranks, on rank `root`; `None` elsewhere. Collective.
    pub fn gather_v<T: Pod>(&self, root: usize, data: &[T]) -> Result<Option<Vec<Vec<T>>>> {
        let mut by_rank = vec![Vec::new(); self.size()];
        self.gather_each(root, data, |rank, piece| by_rank[rank].extend_from_slice(piece))?;
        Ok((self.rank() == root).then_some(by_rank))
    }

    /// Passes every rank's `data` to `visit` on rank `root`, piece by piece, in the order of ranks and
    /// of each rank's elements; elsewhere `visit` is not called. Collective.
    ///
    /// The root never holds more than `chunk_bytes` of it (see
    /// [`with_chunk_bytes`](Communicator::with_chunk_bytes)).
    /// A visitor that fails keeps its error and ignores the rest: all ranks must come to the end.
    pub fn gather_each<T: Pod>(
        &self,
        root: usize,
        data: &[T],
        mut visit: impl FnMut(usize, &[T]),
    ) -> Result<()> {
        self.check_root(root)?;
        let Some(world) = self.world() else {
            visit(0, data);
            return Ok(());
        };
        let spans = spans(&self.all_gather_u64(data.len() as u64)?);
        let n_elements = spans.last().map_or(0, |span| span.end);
        let mut pieces = Vec::new();
        for round in rounds(n_elements, self.chunk_elements::<T>()) {
            let sent = &data[part_of(&spans[world.rank()], &round)];
            let counts = counts_in_bytes::<T>(&spans, &round);
            if world.rank() == root {
                pieces.resize(round.len(), T::zeroed());
            }
            world.gather_v(root, cast_slice(sent), cast_slice_mut(&mut pieces), &counts)?;
            if world.rank() == root {
                let mut rest = &pieces[..];
                for (rank, span) in spans.iter().enumerate() {
                    let (piece, after) = rest.split_at(part_of(span, &round).len());
                    rest = after;
                    if !piece.is_empty() {
                        visit(rank, piece);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes `data` on every rank what it is on `root`. Collective.
    pub fn broadcast<T: Pod>(&self, root: usize, data: &mut Vec<T>) -> Result<()> {
        self.check_root(root)?;
        let Some(world) = self.world() else { return Ok(()) };
        let mut length = [data.len() as u64];
        world.broadcast(root, cast_slice_mut(&mut length))?;
        data.resize(length[0] as usize, T::zeroed());
        for round in rounds(data.len(), self.chunk_elements::<T>()) {
            world.broadcast(root, cast_slice_mut(&mut data[round]))?;
        }
        Ok(())
    }

    /// Sends `parts[r]` to rank r; returns what every rank sent here, in the order of ranks. Collective.
    pub fn all_to_all_v<T: Pod>(&self, parts: Vec<Vec<T>>) -> Result<Vec<Vec<T>>> {
        if parts.len() != self.size() {
            return Err(Error::PartsPerRank { found: parts.len(), expected: self.size() });
        }
        let Some(world) = self.world() else { return Ok(parts) };
        let sent = parts.iter().map(Vec::len).collect::<Vec<_>>();
        let received = self.received_lengths(world, &sent)?;
        let mut by_rank =
            received.iter().map(|&length| Vec::with_capacity(length)).collect::<Vec<_>>();

        let per_rank = (self.chunk_elements::<T>() / world.size()).max(1);
        let longest = sent.iter().chain(&received).copied().max().unwrap_or(0);
        let longest = self.max(longest as u64)? as usize;
        for round in rounds(longest, per_rank) {
            let within = |length: usize| round.start.min(length)..round.end.min(length);
            let in_bytes = |length: &usize| (within(*length).len() * size_of::<T>()) as i32;
            let send_counts = sent.iter().map(in_bytes).collect::<Vec<_>>();
            let receive_counts = received.iter().map(in_bytes).collect::<Vec<_>>();

            let send = parts.iter().flat_map(|part| &part[within(part.len())]).copied();
            let send = send.collect::<Vec<T>>();
            let n_received = received.iter().map(|&length| within(length).len()).sum();
            let mut receive = vec![T::zeroed(); n_received];
            world.all_to_all_v(
                cast_slice(&send),
                &send_counts,
                cast_slice_mut(&mut receive),
                &receive_counts,
            )?;

            let mut rest = &receive[..];
            for (part, &length) in by_rank.iter_mut().zip(&received) {
                let (piece, after) = rest.split_at(within(length).len());
                part.extend_from_slice(piece);
                rest = after;
            }
        }
        Ok(by_rank)
    }

    /// Number of elements that every rank sends here.
    fn received_lengths(&self, world: &World, sent: &[usize]) -> Result<Vec<usize>> {
        let send = sent.iter().map(|&length| length as u64).collect::<Vec<_>>();
        let counts = vec![size_of::<u64>() as i32; world.size()];
        let mut received = vec![0_u64; world.size()];
        world.all_to_all_v(cast_slice(&send), &counts, cast_slice_mut(&mut received), &counts)?;
        Ok(received.into_iter().map(|length| length as usize).collect())
    }

    /// Elementwise reduction of words, the result on all ranks. Collective, equal lengths.
    pub(crate) fn all_reduce(&self, reduction: Reduction, words: &mut [u64]) -> Result<()> {
        let Some(world) = self.world() else { return Ok(()) };
        words
            .chunks_mut(self.chunk_elements::<u64>())
            .try_for_each(|chunk| world.all_reduce(reduction, chunk))
    }

    /// Number of elements in one MPI call.
    fn chunk_elements<T>(&self) -> usize {
        (self.chunk_bytes / size_of::<T>().max(1)).max(1)
    }
}

/// Where each rank's elements lie in the concatenation of all.
fn spans(lengths: &[u64]) -> Vec<Range<usize>> {
    let mut start = 0;
    lengths
        .iter()
        .map(|&length| {
            let span = start..start + length as usize;
            start = span.end;
            span
        })
        .collect()
}

/// `0..n_elements` in consecutive ranges of at most `chunk`.
fn rounds(n_elements: usize, chunk: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n_elements).step_by(chunk).map(move |start| start..(start + chunk).min(n_elements))
}

/// The part of a rank's own elements, counted from its first, that falls into a round.
fn part_of(span: &Range<usize>, round: &Range<usize>) -> Range<usize> {
    let start = span.start.max(round.start).min(span.end);
    let end = span.end.min(round.end).max(start);
    start - span.start..end - span.start
}

/// Bytes that each rank contributes to a round.
fn counts_in_bytes<T>(spans: &[Range<usize>], round: &Range<usize>) -> Vec<i32> {
    spans.iter().map(|span| (part_of(span, round).len() * size_of::<T>()) as i32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_cover_every_rank_once() {
        let spans = spans(&[3, 0, 7, 1]);
        assert_eq!(spans, [0..3, 3..3, 3..10, 10..11]);
        for chunk in 1..13 {
            let mut seen = vec![Vec::new(); spans.len()];
            for round in rounds(11, chunk) {
                let parts = spans.iter().map(|span| part_of(span, &round)).collect::<Vec<_>>();
                assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), round.len());
                for (rank, part) in parts.into_iter().enumerate() {
                    seen[rank].extend(part);
                }
            }
            for (indices, span) in seen.iter().zip(&spans) {
                assert_eq!(*indices, (0..span.len()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn a_root_that_does_not_exist_is_an_error() {
        let comm = Communicator::solo();
        let expected = Error::RootOutOfRange { root: 1, n_ranks: 1 };
        assert_eq!(comm.gather_v(1, &[1_u64]), Err(expected.clone()));
        assert_eq!(comm.broadcast(1, &mut vec![1_u64]), Err(expected));
    }

    #[test]
    fn parts_are_one_for_each_rank() {
        let comm = Communicator::solo();
        assert_eq!(
            comm.all_to_all_v(vec![vec![1_u8], vec![2]]),
            Err(Error::PartsPerRank { found: 2, expected: 1 })
        );
    }
}
