//! Sets of numbers that are ranges: steps in which something is recorded, cells of a roster.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Ranges of numbers that ascend and do not touch.
///
/// ```
/// use net_io::store::Ranges;
///
/// let ranges: Ranges = [5..9, 0..2, 2..3].into_iter().collect();
/// assert_eq!(ranges.iter().collect::<Vec<_>>(), [0..3, 5..9]);
/// assert!(ranges.contains(8) && !ranges.contains(3));
/// assert_eq!(ranges.clipped(1..6).n(), 3);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ranges(Vec<[u64; 2]>);

impl Ranges {
    /// All numbers.
    pub fn all() -> Self {
        Ranges(vec![[0, u64::MAX]])
    }

    /// The ranges in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().map(|&[start, end]| start..end)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all numbers are in them.
    pub fn is_all(&self) -> bool {
        self.0 == [[0, u64::MAX]]
    }

    /// How many numbers there are.
    pub fn n(&self) -> u64 {
        self.0.iter().map(|[start, end]| end - start).sum()
    }

    /// Whether a number is in one of them.
    pub fn contains(&self, number: u64) -> bool {
        let at = self.0.partition_point(|&[_, end]| end <= number);
        self.0.get(at).is_some_and(|&[start, _]| start <= number)
    }

    /// How many numbers below `number` there are: the place of one of them among all.
    pub fn place(&self, number: u64) -> u64 {
        self.clipped(0..number).n()
    }

    /// What lies in a range.
    #[must_use]
    pub fn clipped(&self, to: Range<u64>) -> Self {
        self.iter().map(|range| range.start.max(to.start)..range.end.min(to.end)).collect()
    }

    /// Adds a range.
    pub fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let begin = self.0.partition_point(|&[_, end]| end < range.start);
        let end = self.0.partition_point(|&[start, _]| start <= range.end);
        let merged = self.0[begin..end]
            .iter()
            .fold([range.start, range.end], |all, one| [all[0].min(one[0]), all[1].max(one[1])]);
        self.0.splice(begin..end, [merged]);
    }

    /// From `number` on, nothing.
    pub fn close(&mut self, number: u64) {
        *self = self.clipped(0..number);
    }

    /// From `number` on, everything.
    pub fn open(&mut self, number: u64) {
        self.add(number..u64::MAX);
    }

    /// Start and end of each.
    pub(crate) fn pairs(&self) -> &[[u64; 2]] {
        &self.0
    }

    /// Whether they ascend, are not empty, and do not touch: true of all but those read from a
    /// file that was changed.
    pub(crate) fn are_ordered(&self) -> bool {
        self.0.iter().all(|[start, end]| start < end)
            && self.0.windows(2).all(|pair| pair[0][1] < pair[1][0])
    }
}

impl FromIterator<Range<u64>> for Ranges {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(ranges: I) -> Self {
        let mut all = Ranges::default();
        ranges.into_iter().for_each(|range| all.add(range));
        all
    }
}

impl From<Range<u64>> for Ranges {
    fn from(range: Range<u64>) -> Self {
        [range].into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_the_set_of_their_numbers() {
        let lists: [&[Range<u64>]; 5] =
            [&[], &[3..5, 4..5], &[3..5, 5..7], &[6..9, 0..2, 1..7], &[8..8, 1..2, 4..5, 2..4]];
        for list in lists {
            let ranges: Ranges = list.iter().cloned().collect();
            assert!(ranges.are_ordered());
            for number in 0..12 {
                let expected = list.iter().any(|range| range.contains(&number));
                assert_eq!(ranges.contains(number), expected, "{list:?} {number}");
                let place = (0..number).filter(|&n| ranges.contains(n)).count() as u64;
                assert_eq!(ranges.place(number), place);
            }
        }
    }

    #[test]
    fn windows_open_and_close() {
        let mut windows = Ranges::all();
        windows.close(10);
        windows.open(20);
        windows.close(20);
        windows.open(30);
        assert_eq!(windows.iter().collect::<Vec<_>>(), [0..10, 30..u64::MAX]);
        windows.open(5);
        assert!(windows.is_all());
    }
}
