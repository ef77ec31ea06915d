//! Sets of node ids as sorted ranges.

use std::ops::Range;

/// Node ids of one population, ascending; stored as ranges, so that whole populations are small.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Sorted, not empty, neither overlapping nor touching.
    ranges: Vec<Range<u64>>,
}

impl Selection {
    /// The ids `0..len`.
    pub fn all(len: u64) -> Self {
        let ranges = if len == 0 { Vec::new() } else { std::iter::once(0..len).collect() };
        Self { ranges }
    }

    /// These ids, in any order, duplicates dropped.
    pub fn from_ids(mut ids: Vec<u64>) -> Self {
        ids.sort_unstable();
        ids.into_iter().collect()
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }

    /// The ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.ranges.iter().cloned().flatten()
    }

    /// Number of ids.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether there is no id.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The largest id.
    pub fn last(&self) -> Option<u64> {
        self.ranges.last().map(|range| range.end - 1)
    }

    /// Whether an id is in it.
    pub fn contains(&self, id: u64) -> bool {
        let after = self.ranges.partition_point(|range| range.start <= id);
        after > 0 && id < self.ranges[after - 1].end
    }

    /// The place of an id among the ids, from 0.
    pub fn position(&self, id: u64) -> Option<u64> {
        let after = self.ranges.partition_point(|range| range.start <= id);
        let range = self.ranges[..after].last().filter(|range| id < range.end)?;
        let before: u64 = self.ranges[..after - 1].iter().map(|r| r.end - r.start).sum();
        Some(before + id - range.start)
    }

    /// The id at a place.
    pub fn nth(&self, position: u64) -> Option<u64> {
        let mut left = position;
        for range in &self.ranges {
            let n = range.end - range.start;
            if left < n {
                return Some(range.start + left);
            }
            left -= n;
        }
        None
    }

    /// The ids in either.
    pub fn union(&self, other: &Self) -> Self {
        let mut all: Vec<Range<u64>> = self.ranges.iter().chain(&other.ranges).cloned().collect();
        all.sort_unstable_by_key(|range| range.start);
        let mut result = Self::default();
        for range in all {
            match result.ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => result.ranges.push(range),
            }
        }
        result
    }

    /// The ids in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut result = Self::default();
        let (mut i, mut j) = (0, 0);
        while let (Some(a), Some(b)) = (self.ranges.get(i), other.ranges.get(j)) {
            let common = a.start.max(b.start)..a.end.min(b.end);
            if !common.is_empty() {
                result.ranges.push(common);
            }
            if a.end < b.end {
                i += 1;
            } else {
                j += 1;
            }
        }
        result
    }

    /// The ids in pieces of at most `n`.
    pub fn pieces(&self, n: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.iter().flat_map(move |range| {
            let Range { start, end } = *range;
            (start..end).step_by(n.max(1) as usize).map(move |at| at..(at + n).min(end))
        })
    }
}

/// From ascending ids.
impl FromIterator<u64> for Selection {
    fn from_iter<I: IntoIterator<Item = u64>>(ids: I) -> Self {
        let mut result = Self::default();
        for id in ids {
            match result.ranges.last_mut() {
                Some(last) if id + 1 == last.end => {}
                Some(last) if id == last.end => last.end += 1,
                _ => result.ranges.push(id..id + 1),
            }
        }
        result
    }
}
