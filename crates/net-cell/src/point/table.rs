//! Synapses of one projection on point neurons, packed by source.

use std::ops::Range;

use net_kernel::prefetch::{Cache, prefetch};

/// A number a synapse, stored once while all are equal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Weights {
    Same(f64),
    Each(Vec<f64>),
}

/// Synapses of a projection on the neurons of one block as they are drawn: 8 bytes each, and 10 more
/// if weights and delays differ.
#[derive(Debug, Clone)]
pub struct PointSynapses {
    /// Number of each source in the presynaptic population.
    sources: Vec<u32>,
    targets: Vec<u32>,
    delay_steps: Delays,
    weights: Weights,
}

#[derive(Debug, Clone)]
enum Delays {
    Same(u16),
    Each(Vec<u16>),
}

impl Default for PointSynapses {
    fn default() -> Self {
        PointSynapses {
            sources: Vec::new(),
            targets: Vec::new(),
            delay_steps: Delays::Same(0),
            weights: Weights::Same(0.0),
        }
    }
}

impl PointSynapses {
    /// Adds a synapse: number of the source in its population, number of the target in its block.
    /// Targets come in ascending order.
    pub fn push(&mut self, source: u32, target: u32, delay_steps: u16, weight: f64) {
        let n = self.sources.len();
        self.sources.push(source);
        self.targets.push(target);
        if n == 0 {
            (self.delay_steps, self.weights) = (Delays::Same(delay_steps), Weights::Same(weight));
        }
        match &mut self.delay_steps {
            Delays::Same(same) if *same == delay_steps => {}
            Delays::Same(same) => {
                let mut each = vec![*same; n];
                each.push(delay_steps);
                self.delay_steps = Delays::Each(each);
            }
            Delays::Each(each) => each.push(delay_steps),
        }
        match &mut self.weights {
            Weights::Same(same) if same.to_bits() == weight.to_bits() => {}
            Weights::Same(same) => {
                let mut each = vec![*same; n];
                each.push(weight);
                self.weights = Weights::Each(each);
            }
            Weights::Each(each) => each.push(weight),
        }
    }

    /// Number of synapses.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Shortest and longest delay in steps.
    pub fn delay_steps_range(&self) -> Option<(u16, u16)> {
        match &self.delay_steps {
            _ if self.is_empty() => None,
            Delays::Same(same) => Some((*same, *same)),
            Delays::Each(each) => Some((*each.iter().min()?, *each.iter().max()?)),
        }
    }
}

/// Synapses of one source with one delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) end: u32,
    pub(super) delay_steps: u16,
}

/// Synapses of a projection, by source, delay and target: 4 bytes each, 12 if weights differ; and 8
/// for every source and delay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SynapseRuns {
    /// Numbers of the sources that have synapses here, ascending.
    sources: Vec<u32>,
    /// Runs of the i-th source: `first_run[i]..first_run[i + 1]`.
    first_run: Vec<u32>,
    runs: Vec<Run>,
    pub(super) targets: Vec<u32>,
    pub(super) weights: Weights,
}

impl SynapseRuns {
    /// Sorts drawn synapses of a population of `n_sources`. Those of one source, delay and target keep
    /// their order. Null if there are 2^32 or more.
    pub(super) fn new(drawn: PointSynapses, n_sources: u64) -> Option<Self> {
        let n = u32::try_from(drawn.len()).ok()? as usize;
        let PointSynapses { sources, targets, delay_steps, weights } = drawn;
        let mut ends = vec![0_u32; n_sources as usize + 1];
        for &source in &sources {
            ends[source as usize + 1] += 1;
        }
        for source in 0..n_sources as usize {
            ends[source + 1] += ends[source];
        }
        let mut next = ends.clone();
        let place_of: Vec<u32> = match (&delay_steps, &weights) {
            (Delays::Same(_), Weights::Same(_)) => Vec::new(),
            _ => {
                let mut next = ends.clone();
                let mut place = |&source: &u32| {
                    let place = next[source as usize];
                    next[source as usize] += 1;
                    place
                };
                sources.iter().map(&mut place).collect()
            }
        };
        let mut sorted_targets = vec![0; n];
        for (&source, target) in sources.iter().zip(targets) {
            let place = &mut next[source as usize];
            sorted_targets[*place as usize] = target;
            *place += 1;
        }
        drop(sources);
        let weights = match weights {
            Weights::Same(same) => Weights::Same(same),
            Weights::Each(each) => Weights::Each(placed(&each, &place_of)),
        };
        let mut this = SynapseRuns {
            sources: Vec::new(),
            first_run: vec![0],
            runs: Vec::new(),
            targets: sorted_targets,
            weights,
        };
        let delays = match delay_steps {
            Delays::Same(same) => Delays::Same(same),
            Delays::Each(each) => Delays::Each(placed(&each, &place_of)),
        };
        let mut scratch = Vec::new();
        for source in 0..n_sources as usize {
            let range = ends[source] as usize..ends[source + 1] as usize;
            if range.is_empty() {
                continue;
            }
            match &delays {
                Delays::Same(same) => {
                    this.runs.push(Run { end: range.end as u32, delay_steps: *same });
                }
                Delays::Each(each) => this.sort_by_delay(range, each, &mut scratch),
            }
            this.sources.push(source as u32);
            this.first_run.push(this.runs.len() as u32);
        }
        this.runs.shrink_to_fit();
        Some(this)
    }

    /// Divides the synapses of a source into runs of equal delays.
    fn sort_by_delay(
        &mut self,
        range: Range<usize>,
        delays: &[u16],
        scratch: &mut Vec<(u16, u32, f64)>,
    ) {
        scratch.clear();
        scratch.extend(range.clone().map(|k| {
            let weight = match &self.weights {
                Weights::Same(same) => *same,
                Weights::Each(each) => each[k],
            };
            (delays[k], self.targets[k], weight)
        }));
        scratch.sort_by_key(|&(delay, ..)| delay);
        for (k, &(delay_steps, target, weight)) in range.clone().zip(scratch.iter()) {
            self.targets[k] = target;
            if let Weights::Each(each) = &mut self.weights {
                each[k] = weight;
            }
            let end = k as u32 + 1;
            match self.runs.last_mut() {
                Some(run) if k > range.start && run.delay_steps == delay_steps => run.end = end,
                _ => self.runs.push(Run { end, delay_steps }),
            }
        }
    }

    /// Numbers of the runs of a source, and the source's place among those that are here.
    #[inline]
    pub(super) fn runs_of(&self, source: u32) -> Option<(usize, Range<usize>)> {
        // Mostly every source has synapses here.
        let is_there = self.sources.get(source as usize) == Some(&source);
        let at = match is_there {
            true => source as usize,
            false => self.sources.binary_search(&source).ok()?,
        };
        Some((at, self.first_run[at] as usize..self.first_run[at + 1] as usize))
    }

    /// Asks for the first targets of a source, which are needed soon.
    #[inline]
    pub(super) fn prefetch(&self, source: u32) {
        let Some((_, runs)) = self.runs_of(source) else { return };
        let first = runs.start.checked_sub(1).map_or(0, |before| self.runs[before].end) as usize;
        let end = (self.runs[runs.end - 1].end as usize).min(first + PREFETCHED);
        for line in self.targets[first..end].chunks(LINE) {
            prefetch(line.as_ptr(), Cache::First);
        }
    }

    /// Delay and synapses of a run.
    #[inline]
    pub(super) fn run(&self, run: usize) -> (u16, Range<usize>) {
        let first = run.checked_sub(1).map_or(0, |before| self.runs[before].end);
        let Run { end, delay_steps } = self.runs[run];
        (delay_steps, first as usize..end as usize)
    }

    pub(super) fn n_sources(&self) -> usize {
        self.sources.len()
    }

    pub(super) fn n_runs(&self) -> usize {
        self.runs.len()
    }

    /// Makes every weight a number of its own.
    pub(super) fn separate_weights(&mut self) {
        if let Weights::Same(same) = self.weights {
            self.weights = Weights::Each(vec![same; self.targets.len()]);
        }
    }

    /// Numbers of the sources that have synapses here, ascending.
    pub(super) fn sources(&self) -> &[u32] {
        &self.sources
    }

    /// Number of the source of every run.
    pub(super) fn sources_of_runs(&self) -> impl Iterator<Item = u32> + '_ {
        let counts = self.first_run.windows(2).map(|pair| (pair[1] - pair[0]) as usize);
        self.sources.iter().zip(counts).flat_map(|(&source, n)| std::iter::repeat_n(source, n))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let weights = match &self.weights {
            Weights::Same(_) => 0,
            Weights::Each(each) => each.capacity() * 8,
        };
        (self.sources.capacity() + self.first_run.capacity() + self.targets.capacity()) * 4
            + self.runs.capacity() * size_of::<Run>()
            + weights
    }
}

/// Targets in a line of the cache, and how many are asked for: what follows comes by itself, since
/// processors see that one line is read after the other.
const LINE: usize = 16;
const PREFETCHED: usize = 16 * LINE;

fn placed<T: Copy + Default>(values: &[T], place_of: &[u32]) -> Vec<T> {
    let mut sorted = vec![T::default(); values.len()];
    for (&value, &place) in values.iter().zip(place_of) {
        sorted[place as usize] = value;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// The runs hold what a map by source and delay holds, in the same order.
        #[test]
        fn equals_a_map_of_lists(
            rows in prop::collection::vec((0_u32..12, 0_u32..5, 1_u16..4, -3_i8..3), 0..80),
            same_delay: bool,
            same_weight: bool,
        ) {
            let mut expected: BTreeMap<(u32, u16), Vec<(u32, f64)>> = BTreeMap::new();
            let mut drawn = PointSynapses::default();
            for &(source, target, delay, weight) in &rows {
                let delay = if same_delay { 3 } else { delay };
                let weight = if same_weight { 0.5 } else { f64::from(weight) };
                drawn.push(source, target, delay, weight);
                expected.entry((source, delay)).or_default().push((target, weight));
            }
            let runs = SynapseRuns::new(drawn, 12).unwrap();
            let mut found = BTreeMap::new();
            for source in 0..12 {
                for run in runs.runs_of(source).map_or(0..0, |(_, runs)| runs) {
                    let (delay, range) = runs.run(run);
                    let weight = |k: usize| match &runs.weights {
                        Weights::Same(same) => *same,
                        Weights::Each(each) => each[k],
                    };
                    let list: Vec<_> = range.map(|k| (runs.targets[k], weight(k))).collect();
                    prop_assert!(found.insert((source, delay), list).is_none());
                }
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(runs.sources_of_runs().count(), runs.n_runs());
        }
    }
}
