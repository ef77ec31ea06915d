//! Synapses of one projection on point neurons, and what happens to their weights.

use std::ops::Range;

use super::input::Ring;
use super::plasticity::{ShortTerm, SpikeTiming, SpikeTimingRule};
use super::synapse::{PointSynapse, SynapseModel, SynapseVariable};
use super::table::{SynapseRuns, Weights};
use crate::block::Spike;

/// What happens to a weight on its way.
#[derive(Debug)]
pub(super) enum Plasticity {
    None,
    ShortTerm(ShortTerm),
    SpikeTiming(SpikeTiming),
}

/// Synapses of one projection on the neurons of a population.
#[derive(Debug)]
pub(super) struct Projection {
    /// Gids of the presynaptic population.
    pub(super) pre: Range<u64>,
    pub(super) ring: usize,
    pub(super) synapses: SynapseRuns,
    pub(super) factor: f64,
    pub(super) plasticity: Plasticity,
}

/// The plasticity of synapses, the factor of their weights, and the limit of their target; of `n`
/// neurons with steps of `dt_ms`.
pub(super) fn plasticity_of(
    synapse: &PointSynapse,
    synapses: &mut SynapseRuns,
    (dt_ms, n): (f64, usize),
) -> (Plasticity, f64, Option<f64>) {
    match synapse.model {
        SynapseModel::Static => (Plasticity::None, 1.0, None),
        SynapseModel::Factor { mod_factor, max_trans } => (Plasticity::None, mod_factor, max_trans),
        SynapseModel::ShortTerm { u, tau_rec_ms, tau_facil_ms } => {
            let n_sources = synapses.n_sources();
            let rule = ShortTerm::new(u, tau_rec_ms, tau_facil_ms, dt_ms, n_sources);
            (Plasticity::ShortTerm(rule), 1.0, None)
        }
        SynapseModel::SpikeTiming { tau_plus_ms, tau_minus_ms, a_plus, a_minus, w_min, w_max } => {
            synapses.separate_weights();
            let bounds = [w_min, w_max];
            let rule = SpikeTimingRule { tau_plus_ms, tau_minus_ms, a_plus, a_minus, bounds };
            let rule = SpikeTiming::new(&rule, dt_ms, synapses.n_runs(), n);
            (Plasticity::SpikeTiming(rule), 1.0, None)
        }
    }
}

impl Projection {
    /// Adds the events of a spike to the ring, or notes when they are due.
    #[inline]
    pub(super) fn enqueue(&mut self, spike: Spike, ring: &mut Ring) {
        if !self.pre.contains(&spike.gid) {
            return;
        }
        let source = (spike.gid - self.pre.start) as u32;
        let Some((source, runs)) = self.synapses.runs_of(source) else { return };
        let factor = match &mut self.plasticity {
            Plasticity::None => self.factor,
            Plasticity::ShortTerm(rule) => rule.transmit(source, spike.step),
            Plasticity::SpikeTiming(rule) => {
                for run in runs {
                    let (delay, _) = self.synapses.run(run);
                    rule.expect(run, spike.step + u64::from(delay));
                }
                return;
            }
        };
        for run in runs {
            let (delay, range) = self.synapses.run(run);
            let row = ring.row(spike.step + u64::from(delay));
            let targets = &self.synapses.targets[range.clone()];
            match &self.synapses.weights {
                Weights::Same(weight) => add_same(row, targets, weight * factor),
                Weights::Each(weights) => add_each(row, targets, &weights[range], factor),
            }
        }
    }

    /// Asks for the targets of a spike that is to come soon.
    #[inline]
    pub(super) fn prefetch(&self, spike: Spike) {
        if self.pre.contains(&spike.gid) {
            self.synapses.prefetch((spike.gid - self.pre.start) as u32);
        }
    }

    /// Source among those that have synapses here, run and place of a synapse: of the `nth` with this
    /// source, neuron and delay.
    pub(super) fn find(
        &self,
        source: u32,
        neuron: u32,
        (delay_steps, nth): (u16, usize),
    ) -> Option<(usize, usize, usize)> {
        let (at, mut runs) = self.synapses.runs_of(source)?;
        let run = runs.find(|&run| self.synapses.run(run).0 == delay_steps)?;
        let (_, range) = self.synapses.run(run);
        // Targets of a run ascend.
        let first = self.synapses.targets[range.clone()].partition_point(|&to| to < neuron);
        let place = range.start + first + nth;
        let is_it = range.contains(&place) && self.synapses.targets[place] == neuron;
        is_it.then_some((at, run, place))
    }

    /// A variable of a synapse at `step`, by its source among those that have synapses here, run and
    /// place.
    pub(super) fn variable(
        &self,
        variable: SynapseVariable,
        (source, run, place): (usize, usize, usize),
        step: u64,
    ) -> f64 {
        let of_source = |rule: &ShortTerm| rule.of_synapse(source, self.synapses.run(run).0, step);
        let target = self.synapses.targets[place] as usize;
        match (&self.plasticity, variable) {
            (Plasticity::ShortTerm(rule), SynapseVariable::X) => of_source(rule)[0],
            (Plasticity::ShortTerm(rule), SynapseVariable::U) => of_source(rule)[1],
            (Plasticity::SpikeTiming(rule), SynapseVariable::X) => rule.x_at(run, step),
            (Plasticity::SpikeTiming(rule), SynapseVariable::Y) => rule.y_at(target, step),
            _ => self.weight(run, place),
        }
    }

    /// Keeps what is needed to record variables.
    pub(super) fn keep_past(&mut self) {
        let delays = (0..self.synapses.n_runs()).map(|run| self.synapses.run(run).0);
        let longest = delays.max().unwrap_or(0).into();
        if let Plasticity::ShortTerm(rule) = &mut self.plasticity {
            rule.keep_past(longest);
        }
    }

    /// The weight of a synapse, by its run and place, after all that it has to learn from.
    pub(super) fn weight(&self, run: usize, place: usize) -> f64 {
        let weight = match &self.synapses.weights {
            Weights::Same(same) => *same,
            Weights::Each(each) => each[place],
        };
        match &self.plasticity {
            Plasticity::SpikeTiming(rule) => {
                rule.learned(run, self.synapses.targets[place] as usize, weight)
            }
            _ => weight,
        }
    }

    /// Source, target and weight of all synapses, `gids` being those of the neurons.
    pub(super) fn weights(&self, gids: &[u64]) -> Vec<(u64, u64, f64)> {
        let mut all = Vec::with_capacity(self.synapses.targets.len());
        for (run, source) in self.synapses.sources_of_runs().enumerate() {
            for place in self.synapses.run(run).1 {
                let target = gids[self.synapses.targets[place] as usize];
                all.push((self.pre.start + u64::from(source), target, self.weight(run, place)));
            }
        }
        all
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let plastic = match &self.plasticity {
            Plasticity::None => 0,
            Plasticity::ShortTerm(rule) => rule.memory_bytes(),
            Plasticity::SpikeTiming(rule) => rule.memory_bytes(),
        };
        self.synapses.memory_bytes() + plastic
    }
}

/// Adds a weight to the sums of some neurons.
#[inline]
fn add_same(row: &mut [f64], targets: &[u32], weight: f64) {
    for &target in targets {
        row[target as usize] += weight;
    }
}

/// Adds their weights, times a factor, to the sums of some neurons.
#[inline]
fn add_each(row: &mut [f64], targets: &[u32], weights: &[f64], factor: f64) {
    for (&target, weight) in targets.iter().zip(weights) {
        row[target as usize] += weight * factor;
    }
}
