//! Drawing an index with given weights in constant time.

use super::Stream;

/// Index table of a finite law: the inverse of the cumulative weights, entered through a guide
/// table (Chen and Asau 1974), which makes a draw O(1) on average. One uniform a draw, and the
/// index rises with it.
///
/// ```
/// use net_core::{Purpose, Stream, WeightedIndex};
/// let index = WeightedIndex::new(&[0.0, 3.0, 0.0, 1.0]).ok_or("no weight")?;
/// let mut stream = Stream::new(1, Purpose::Segment, 0, [0, 0]);
/// assert!([1, 3].contains(&index.draw(&mut stream)));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct WeightedIndex {
    /// `cumulative[i]`: sum of the weights 0..=i, divided by their total.
    cumulative: Vec<f64>,
    /// `guide[j]`: first index whose cumulative weight exceeds j / n.
    guide: Vec<u32>,
    /// Last index of positive weight.
    last: usize,
}

impl WeightedIndex {
    /// The table of `weights`, each finite and not negative; None when that is violated, when all
    /// of them are zero, or when there are more than 2^32.
    pub fn new(weights: &[f64]) -> Option<Self> {
        let n = weights.len();
        let total: f64 = weights.iter().sum();
        let valid = weights.iter().all(|&w| 0.0 <= w) && u32::try_from(n).is_ok();
        if !(valid && 0.0 < total && total.is_finite()) {
            return None;
        }
        let mut sum = 0.0;
        let cumulative: Vec<f64> = weights
            .iter()
            .map(|w| {
                sum += w;
                sum / total
            })
            .collect();
        let last = weights.iter().rposition(|&w| 0.0 < w)?;
        let mut guide = Vec::with_capacity(n);
        let mut i = 0;
        for j in 0..n {
            while i < last && cumulative[i] <= j as f64 / n as f64 {
                i += 1;
            }
            guide.push(i as u32);
        }
        Some(Self { cumulative, guide, last })
    }

    /// Draws an index; those of weight zero never appear.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> usize {
        self.find(stream.uniform())
    }

    /// Number of indices.
    pub fn len(&self) -> usize {
        self.cumulative.len()
    }

    /// Whether there are no indices; a table always has one.
    pub fn is_empty(&self) -> bool {
        self.cumulative.is_empty()
    }

    /// The index at cumulative probability `u` in [0, 1).
    #[inline]
    fn find(&self, u: f64) -> usize {
        let j = (u * self.guide.len() as f64) as usize;
        let mut i = self.guide[j.min(self.guide.len() - 1)] as usize;
        // The product above may round up to the next cell of the guide.
        while 0 < i && u < self.cumulative[i - 1] {
            i -= 1;
        }
        while i < self.last && self.cumulative[i] <= u {
            i += 1;
        }
        i
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_is_no_law() {
        for weights in [&[][..], &[0.0, 0.0], &[1.0, -1.0, 5.0], &[f64::NAN], &[f64::INFINITY]] {
            assert!(WeightedIndex::new(weights).is_none(), "{weights:?}");
        }
    }

    proptest! {
        /// The guide table finds what a linear search in the cumulative weights finds.
        #[test]
        fn equals_linear_search(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.0_f64..10.0], 1..60),
            u in 0.0_f64..1.0,
        ) {
            if let Some(index) = WeightedIndex::new(&weights) {
                let found = index.find(u);
                prop_assert!(0.0 < weights[found]);
                let expected = index.cumulative.iter().position(|&c| u < c).unwrap_or(index.last);
                prop_assert_eq!(found, expected.min(index.last));
            }
        }
    }
}
