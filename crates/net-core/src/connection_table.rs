//! The connections that end on one rank, packed by source.

use crate::error::Error;
use crate::ids::Gid;

/// Unsorted connections, as one thread finds them: 22 bytes each.
#[derive(Clone, Debug, Default)]
pub struct ConnectionPart {
    sources: Vec<Gid>,
    targets: Vec<u32>,
    delay_steps: Vec<u16>,
    weights: Vec<f64>,
}

impl ConnectionPart {
    /// An empty part.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a connection: gid of the source, what receives its spikes on this rank (an index that
    /// the caller chooses), delay in steps, weight in the unit of the synapse mechanism.
    #[inline]
    pub fn push(&mut self, source: Gid, target: u32, delay_steps: u16, weight: f64) {
        self.sources.push(source);
        self.targets.push(target);
        self.delay_steps.push(delay_steps);
        self.weights.push(weight);
    }

    /// Makes room for `n` more connections.
    pub fn reserve(&mut self, n: usize) {
        self.sources.reserve(n);
        self.targets.reserve(n);
        self.delay_steps.reserve(n);
        self.weights.reserve(n);
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

/// Connections sorted by source gid in packed arrays: 14 bytes each, and some 30 a source.
///
/// ```
/// use net_core::{ConnectionPart, ConnectionTable};
/// let mut part = ConnectionPart::new();
/// part.push(7, 0, 20, 0.5);
/// part.push(2, 1, 15, 0.25);
/// part.push(7, 2, 30, 1.0);
/// let table = ConnectionTable::from_parts(vec![part])?;
/// let of_seven = table.get(7).ok_or("no connection")?;
/// assert_eq!((of_seven.targets, of_seven.delay_steps), (&[0, 2][..], &[20, 30][..]));
/// assert_eq!(table.min_delay_steps(), Some(15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConnectionTable {
    sources: GidIndex,
    /// Connections of the i-th source: `offsets[i]..offsets[i + 1]`.
    offsets: Vec<u32>,
    targets: Vec<u32>,
    delay_steps: Vec<u16>,
    weights: Vec<f64>,
    min_delay_steps: Option<u16>,
}

/// The connections of one source, in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConnectionSlice<'a> {
    /// Number of the first one among all connections of the table.
    pub first: usize,
    /// What receives the spike, by the caller's index.
    pub targets: &'a [u32],
    /// Delays in steps.
    pub delay_steps: &'a [u16],
    /// Weights in the units of the synapse mechanisms.
    pub weights: &'a [f64],
}

impl ConnectionTable {
    /// Sorts connections by source; those of one source keep the order of the parts and within them.
    ///
    /// A counting sort in two passes; each part is dropped as soon as it is placed.
    ///
    /// # Errors
    /// More than 2^32 - 1 connections.
    pub fn from_parts(parts: Vec<ConnectionPart>) -> Result<Self, Error> {
        let n_connections = parts.iter().map(ConnectionPart::len).sum();
        if u32::try_from(n_connections).is_err() {
            return Err(Error::TooManyConnections { n_connections });
        }
        let mut found = GidIndex::default();
        let mut counts = Vec::new();
        for &source in parts.iter().flat_map(|part| &part.sources) {
            let i = found.find_or_insert(source);
            if i == counts.len() {
                counts.push(0);
            }
            counts[i] += 1;
        }
        let mut sorted = found.gids.clone();
        sorted.sort_unstable();
        let mut sources = GidIndex::default();
        let mut offsets = vec![0];
        let mut end = 0;
        for source in sorted {
            end += found.find(source).map_or(0, |i| counts[i]);
            sources.find_or_insert(source);
            offsets.push(end);
        }
        let mut table = Self {
            sources,
            offsets,
            targets: vec![0; n_connections],
            delay_steps: vec![0; n_connections],
            weights: vec![0.0; n_connections],
            min_delay_steps: parts.iter().flat_map(|part| &part.delay_steps).min().copied(),
        };
        let mut next = table.offsets.clone();
        for part in parts {
            table.place(&part, &mut next);
        }
        Ok(table)
    }

    /// Moves a part to its places, `next` being the first free place of each source.
    fn place(&mut self, part: &ConnectionPart, next: &mut [u32]) {
        for (k, &source) in part.sources.iter().enumerate() {
            let i = self.sources.find_or_insert(source);
            let place = next[i] as usize;
            next[i] += 1;
            self.targets[place] = part.targets[k];
            self.delay_steps[place] = part.delay_steps[k];
            self.weights[place] = part.weights[k];
        }
    }

    /// The connections of a source; None if it has none here.
    #[inline]
    pub fn get(&self, source: Gid) -> Option<ConnectionSlice<'_>> {
        self.sources.find(source).map(|i| self.slice(i))
    }

    /// All sources in ascending order, each with its connections.
    pub fn iter(&self) -> impl Iterator<Item = (Gid, ConnectionSlice<'_>)> {
        self.sources.gids.iter().enumerate().map(|(i, &source)| (source, self.slice(i)))
    }

    /// Number of connections.
    pub fn n_connections(&self) -> usize {
        self.targets.len()
    }

    /// Number of sources with a connection here.
    pub fn n_sources(&self) -> usize {
        self.sources.gids.len()
    }

    /// Shortest delay in steps; None without connections.
    pub fn min_delay_steps(&self) -> Option<u16> {
        self.min_delay_steps
    }

    /// Memory of the table in bytes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.source_bytes()
            + self.targets.capacity() * size_of::<u32>()
            + self.delay_steps.capacity() * size_of::<u16>()
            + self.weights.capacity() * size_of::<f64>()
    }

    /// Memory of the entries of sources in bytes, which all connections of a source share.
    pub fn source_bytes(&self) -> usize {
        self.sources.gids.capacity() * size_of::<Gid>()
            + self.sources.slots.capacity() * size_of::<u32>()
            + self.offsets.capacity() * size_of::<u32>()
    }

    fn slice(&self, i: usize) -> ConnectionSlice<'_> {
        let range = self.offsets[i] as usize..self.offsets[i + 1] as usize;
        ConnectionSlice {
            first: range.start,
            targets: &self.targets[range.clone()],
            delay_steps: &self.delay_steps[range.clone()],
            weights: &self.weights[range],
        }
    }
}

/// Distinct gids numbered in the order of insertion, found by an open-addressed hash table.
#[derive(Clone, Debug, Default)]
struct GidIndex {
    gids: Vec<Gid>,
    /// Numbers of gids, or [`EMPTY`]; a power of two, at least twice as many as gids.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl GidIndex {
    #[inline]
    fn find(&self, gid: Gid) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let number = self.slots[self.slot_of(gid)];
        (number != EMPTY).then_some(number as usize)
    }

    #[inline]
    fn find_or_insert(&mut self, gid: Gid) -> usize {
        if self.slots.len() <= 2 * self.gids.len() {
            self.grow();
        }
        let slot = self.slot_of(gid);
        if self.slots[slot] == EMPTY {
            self.slots[slot] = self.gids.len() as u32;
            self.gids.push(gid);
        }
        self.slots[slot] as usize
    }

    /// The slot that holds `gid`, or the empty one where it belongs.
    #[inline]
    fn slot_of(&self, gid: Gid) -> usize {
        // Fibonacci hashing: the high bits of the product depend on all bits of the gid.
        let hash = gid.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mask = self.slots.len() - 1;
        let mut slot = (hash >> 32) as usize & mask;
        while self.slots[slot] != EMPTY && self.gids[self.slots[slot] as usize] != gid {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[cold]
    fn grow(&mut self) {
        self.slots = vec![EMPTY; (4 * self.gids.len()).next_power_of_two().max(16)];
        for number in 0..self.gids.len() {
            let slot = self.slot_of(self.gids[number]);
            self.slots[slot] = number as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_empty_table_has_nothing() {
        let table = ConnectionTable::from_parts(Vec::new()).unwrap();
        assert_eq!(table.n_connections(), 0);
        assert_eq!(table.min_delay_steps(), None);
        assert!(table.get(0).is_none() && table.iter().next().is_none());
        assert!(ConnectionTable::default().get(3).is_none());
    }

    proptest! {
        /// The table holds what a map of lists holds, in the same order.
        #[test]
        fn equals_a_map_of_lists(
            parts in prop::collection::vec(
                prop::collection::vec((0_u64..40, any::<u32>(), 1_u16..500, -1.0_f64..1.0), 0..60),
                0..4,
            ),
            stride in prop::sample::select(vec![1_u64, 1000, 1 << 40]),
        ) {
            let mut expected: BTreeMap<u64, Vec<(u32, u16, f64)>> = BTreeMap::new();
            let mut built = Vec::new();
            for rows in &parts {
                let mut part = ConnectionPart::new();
                for &(source, target, delay_steps, weight) in rows {
                    part.push(source * stride, target, delay_steps, weight);
                    expected.entry(source * stride).or_default().push((target, delay_steps, weight));
                }
                built.push(part);
            }
            let table = ConnectionTable::from_parts(built).unwrap();
            let rows = |s: ConnectionSlice| -> Vec<(u32, u16, f64)> {
                (0..s.targets.len()).map(|k| (s.targets[k], s.delay_steps[k], s.weights[k])).collect()
            };
            let found: BTreeMap<u64, Vec<_>> = table.iter().map(|(g, s)| (g, rows(s))).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert!(table.iter().map(|(g, _)| g).is_sorted());
            for gid in (0..40).map(|g| g * stride) {
                prop_assert_eq!(table.get(gid).map(rows), expected.get(&gid).cloned());
            }
            let min = expected.values().flatten().map(|row| row.1).min();
            prop_assert_eq!(table.min_delay_steps(), min);
        }
    }
}
