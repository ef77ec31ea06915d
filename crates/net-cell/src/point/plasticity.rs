//! Plastic synapses.

use std::collections::VecDeque;

use super::table::{SynapseRuns, Weights};
use crate::state::Fingerprint;

/// `exp(-k dt / tau)` for whole steps k.
#[derive(Debug, Clone, PartialEq)]
struct Decay {
    dt_by_tau: f64,
    table: Vec<f64>,
}

impl Decay {
    fn new(dt_ms: f64, tau_ms: f64) -> Self {
        let dt_by_tau = dt_ms / tau_ms;
        let table = (0..4096).map(|k| libm::exp(-f64::from(k) * dt_by_tau)).collect();
        Decay { dt_by_tau, table }
    }

    #[inline]
    fn over(&self, n_steps: u64) -> f64 {
        let known = self.table.get(n_steps as usize);
        known.copied().unwrap_or_else(|| libm::exp(-(n_steps as f64) * self.dt_by_tau))
    }
}

/// Short-term plasticity. All synapses of a source have the same history, so their state is kept
/// once a source.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ShortTerm {
    u_rest: f64,
    recovery: Decay,
    facilitation: Decay,
    /// Of each source.
    x: Vec<f64>,
    u: Vec<f64>,
    last_step: Vec<u64>,
    /// Of each source, what its events left until they have arrived everywhere, if somebody asks for it.
    past: Option<Past>,
}

/// After an event of a source: its step, x and u.
pub(super) type AfterEvent = (u64, [f64; 2]);

/// What events left.
#[derive(Debug, Clone, PartialEq)]
struct Past {
    longest_delay: u64,
    of_source: Vec<VecDeque<AfterEvent>>,
}

impl ShortTerm {
    pub(super) fn new(
        u_rest: f64,
        tau_rec_ms: f64,
        tau_facil_ms: f64,
        dt_ms: f64,
        n: usize,
    ) -> Self {
        ShortTerm {
            u_rest,
            recovery: Decay::new(dt_ms, tau_rec_ms),
            facilitation: Decay::new(dt_ms, tau_facil_ms),
            x: vec![1.0; n],
            u: vec![u_rest; n],
            last_step: vec![0; n],
            past: None,
        }
    }

    /// Keeps what events leave, for [`of_synapse`](Self::of_synapse).
    pub(super) fn keep_past(&mut self, longest_delay: u64) {
        let of_source = vec![VecDeque::new(); self.x.len()];
        self.past.get_or_insert(Past { longest_delay, of_source });
    }

    /// x and u of the synapses of a source with a delay at `step`: after the last event that has arrived
    /// before, and the time since.
    pub(super) fn of_synapse(&self, source: usize, delay_steps: u16, step: u64) -> [f64; 2] {
        let past = self.past.as_ref().and_then(|past| past.of_source.get(source));
        let arrival = |after: &AfterEvent| after.0 + u64::from(delay_steps);
        let mut arrived = past.into_iter().flatten().rev().filter(|after| arrival(after) < step);
        let Some(after) = arrived.next() else { return [1.0, self.u_rest] };
        let n_steps = step - arrival(after);
        let [x, u] = after.1;
        [
            1.0 + (x - 1.0) * self.recovery.over(n_steps),
            self.u_rest + (u - self.u_rest) * self.facilitation.over(n_steps),
        ]
    }

    /// What events of a source left until they have arrived everywhere.
    pub(super) fn past_of(&self, source: usize) -> Vec<AfterEvent> {
        let past = self.past.as_ref().map(|past| past.of_source[source].iter().copied());
        past.into_iter().flatten().collect()
    }

    /// Sets what [`past_of`](Self::past_of) gives.
    pub(super) fn set_past(&mut self, source: usize, events: &[AfterEvent]) {
        if let Some(past) = &mut self.past {
            past.of_source[source] = events.iter().copied().collect();
        }
    }

    /// The factor of all weights of a source for a spike.
    pub(super) fn transmit(&mut self, source: usize, step: u64) -> f64 {
        let n_steps = step - self.last_step[source];
        self.last_step[source] = step;
        let x = 1.0 + (self.x[source] - 1.0) * self.recovery.over(n_steps);
        let u = self.u_rest + (self.u[source] - self.u_rest) * self.facilitation.over(n_steps);
        self.x[source] = x * (1.0 - u);
        self.u[source] = u + self.u_rest * (1.0 - u);
        if let Some(Past { longest_delay, of_source }) = &mut self.past {
            let past = &mut of_source[source];
            past.push_back((step, [self.x[source], self.u[source]]));
            // Those before the last one that has arrived everywhere are of no use.
            while past.len() > 1 && past[1].0 + *longest_delay <= step {
                past.pop_front();
            }
        }
        u * x
    }

    /// x, u and the step of the last event of a source.
    pub(super) fn of_source(&self, source: usize) -> ([f64; 2], u64) {
        ([self.x[source], self.u[source]], self.last_step[source])
    }

    /// Sets what [`of_source`](Self::of_source) gives.
    pub(super) fn set_source(&mut self, source: usize, [x, u]: [f64; 2], last_step: u64) {
        (self.x[source], self.u[source], self.last_step[source]) = (x, u, last_step);
    }

    /// Adds what the rule is.
    pub(super) fn fingerprint(&self, of: &mut Fingerprint) {
        let numbers = [self.u_rest, self.recovery.dt_by_tau, self.facilitation.dt_by_tau];
        of.add_all(numbers.map(f64::to_bits));
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.x.len() * 24
    }
}

/// Spikes of a neuron that its incoming synapses have not all learned from yet.
const HISTORY: usize = 8;

/// Spike-timing dependent plasticity with traces of all spikes.
///
/// The presynaptic trace x is the same for all synapses of a source with one delay, and is kept once
/// a run; the postsynaptic trace y once a neuron. A synapse learns from postsynaptic spikes when the
/// next presynaptic event arrives, in the order in which they were, or when some neuron's history is
/// full: what comes out does not depend on when.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SpikeTiming {
    plus: Decay,
    minus: Decay,
    x_increment: f64,
    y_decrement: f64,
    bounds: [f64; 2],
    /// Of each run: x after its last event, and when that was.
    x: Vec<f64>,
    last_event: Vec<u64>,
    /// Of each neuron: y after its last spike, and when that was.
    y: Vec<f64>,
    last_spike: Vec<u64>,
    history: Vec<[u64; HISTORY]>,
    n_history: Vec<u8>,
    /// Runs whose events arrive, by step: a ring.
    arrivals: Vec<Vec<u32>>,
}

/// What [`SpikeTiming`] is made from; times in ms.
pub(super) struct SpikeTimingRule {
    pub(super) tau_plus_ms: f64,
    pub(super) tau_minus_ms: f64,
    pub(super) a_plus: f64,
    pub(super) a_minus: f64,
    pub(super) bounds: [f64; 2],
}

impl SpikeTiming {
    pub(super) fn new(rule: &SpikeTimingRule, dt_ms: f64, n_runs: usize, n_neurons: usize) -> Self {
        SpikeTiming {
            plus: Decay::new(dt_ms, rule.tau_plus_ms),
            minus: Decay::new(dt_ms, rule.tau_minus_ms),
            x_increment: rule.a_plus * rule.bounds[1],
            y_decrement: rule.a_minus * rule.bounds[1],
            bounds: rule.bounds,
            x: vec![0.0; n_runs],
            last_event: vec![0; n_runs],
            y: vec![0.0; n_neurons],
            last_spike: vec![0; n_neurons],
            history: vec![[0; HISTORY]; n_neurons],
            n_history: vec![0; n_neurons],
            arrivals: Vec::new(),
        }
    }

    /// Makes room for events up to `n_steps` ahead.
    pub(super) fn reserve(&mut self, n_steps: u64) {
        self.arrivals.resize_with((n_steps as usize + 1).next_power_of_two(), Vec::new);
    }

    /// Notes that events of a run arrive at a step.
    pub(super) fn expect(&mut self, run: usize, step: u64) {
        let at = step as usize & (self.arrivals.len() - 1);
        self.arrivals[at].push(run as u32);
    }

    /// Adds the events that arrive at a step to `row`, and has their synapses learn.
    pub(super) fn deliver(&mut self, synapses: &mut SynapseRuns, step: u64, row: &mut [f64]) {
        let at = step as usize & (self.arrivals.len() - 1);
        let mut due = std::mem::take(&mut self.arrivals[at]);
        for &run in &due {
            let run = run as usize;
            let (_, range) = synapses.run(run);
            let Weights::Each(weights) = &mut synapses.weights else { continue };
            let synapses_of_run = synapses.targets[range.clone()].iter().zip(&mut weights[range]);
            for (&target, weight) in synapses_of_run {
                let target = target as usize;
                *weight = self.learned(run, target, *weight);
                row[target] += *weight;
                let y = self.y[target] * self.minus.over(step - self.last_spike[target]);
                *weight = self.clip(*weight + y);
            }
            let x = self.x[run] * self.plus.over(step - self.last_event[run]);
            self.x[run] = x + self.x_increment;
            self.last_event[run] = step;
        }
        due.clear();
        self.arrivals[at] = due;
    }

    #[inline]
    fn clip(&self, weight: f64) -> f64 {
        weight.max(self.bounds[0]).min(self.bounds[1])
    }

    /// A weight after the spikes of its neuron since the last event of its run.
    #[inline]
    pub(super) fn learned(&self, run: usize, target: usize, weight: f64) -> f64 {
        let mut weight = weight;
        for &spike in &self.history[target][..usize::from(self.n_history[target])] {
            if spike >= self.last_event[run] {
                let x = self.x[run] * self.plus.over(spike - self.last_event[run]);
                weight = self.clip(weight + x);
            }
        }
        weight
    }

    /// Notes that neurons fired in a step.
    pub(super) fn note_fired(&mut self, synapses: &mut SynapseRuns, step: u64, fired: &[u32]) {
        if fired.iter().any(|&i| usize::from(self.n_history[i as usize]) == HISTORY) {
            self.learn_all(synapses);
        }
        for &neuron in fired {
            let i = neuron as usize;
            let n = usize::from(self.n_history[i]);
            self.history[i][n] = step;
            self.n_history[i] += 1;
            let y = self.y[i] * self.minus.over(step - self.last_spike[i]);
            self.y[i] = y - self.y_decrement;
            self.last_spike[i] = step;
        }
    }

    /// Brings all weights up to date.
    pub(super) fn learn_all(&mut self, synapses: &mut SynapseRuns) {
        for run in 0..self.x.len() {
            let (_, range) = synapses.run(run);
            let Weights::Each(weights) = &mut synapses.weights else { continue };
            for (&target, weight) in synapses.targets[range.clone()].iter().zip(&mut weights[range])
            {
                *weight = self.learned(run, target as usize, *weight);
            }
        }
        self.n_history.fill(0);
    }

    /// The trace x of a run at a step.
    pub(super) fn x_at(&self, run: usize, step: u64) -> f64 {
        self.x[run] * self.plus.over(step - self.last_event[run])
    }

    /// The trace y of a neuron at a step.
    pub(super) fn y_at(&self, neuron: usize, step: u64) -> f64 {
        self.y[neuron] * self.minus.over(step - self.last_spike[neuron])
    }

    /// x and the step of the last event of a run; all weights are up to date.
    pub(super) fn of_run(&self, run: usize) -> (f64, u64) {
        (self.x[run], self.last_event[run])
    }

    /// Sets what [`of_run`](Self::of_run) gives.
    pub(super) fn set_run(&mut self, run: usize, x: f64, last_event: u64) {
        (self.x[run], self.last_event[run]) = (x, last_event);
    }

    /// y and the step of the last spike of a neuron; all weights are up to date.
    pub(super) fn of_neuron(&self, neuron: usize) -> (f64, u64) {
        (self.y[neuron], self.last_spike[neuron])
    }

    /// Sets what [`of_neuron`](Self::of_neuron) gives.
    pub(super) fn set_neuron(&mut self, neuron: usize, (y, last_spike): (f64, u64)) {
        (self.y[neuron], self.last_spike[neuron]) = (y, last_spike);
    }

    /// Steps from `first` on in which events of runs arrive, by run.
    pub(super) fn due(&self, first: u64) -> Vec<Vec<u64>> {
        let mut due = vec![Vec::new(); self.x.len()];
        for step in first..first + self.arrivals.len() as u64 {
            for &run in &self.arrivals[step as usize & (self.arrivals.len() - 1)] {
                due[run as usize].push(step);
            }
        }
        due
    }

    /// Forgets the events that were expected.
    pub(super) fn clear_arrivals(&mut self) {
        self.arrivals.iter_mut().for_each(Vec::clear);
    }

    /// Adds what the rule is.
    pub(super) fn fingerprint(&self, of: &mut Fingerprint) {
        let numbers = [self.plus.dt_by_tau, self.minus.dt_by_tau, self.x_increment];
        let numbers = numbers.into_iter().chain([self.y_decrement]).chain(self.bounds);
        of.add_all(numbers.map(f64::to_bits));
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let per_neuron = 8 + 8 + HISTORY * 8 + 1;
        self.x.len() * 16 + self.y.len() * per_neuron
    }
}
