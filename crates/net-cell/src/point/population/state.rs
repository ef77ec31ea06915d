//! The state of point neurons and of what ends on them, saved and restored neuron by neuron.
//!
//! Plastic synapses remember something of their sources, which every thread that has synapses of a
//! source keeps for itself, all with the same values. It is saved by all and read from the first.

use super::{PointPopulation, neurons, value};
use crate::error::CellError;
use crate::point::input::Ring;
use crate::point::model::PointRole;
use crate::point::projection::{Plasticity, Projection};
use crate::point::table::{SynapseRuns, Weights};
use crate::state::{Fingerprint, HistoryState, NetworkFingerprint, PointsState, ProjectionState};

/// What is still to be restored.
#[derive(Debug)]
pub(super) struct Restoring {
    /// By neuron, whether it has its state.
    neurons: Vec<bool>,
    /// By projection and source, or source and delay, whether they have theirs.
    histories: Vec<Vec<bool>>,
    /// By projection, runs whose events arrive: step of the spike, step, run.
    arrivals: Vec<Vec<(u64, u64, usize)>>,
}

impl PointPopulation {
    /// Number of the population.
    pub(crate) fn number(&self) -> u32 {
        self.place.population
    }

    /// Columns that change while a model runs.
    fn changing(&self) -> impl Iterator<Item = usize> + '_ {
        let variables = self.neuron.model().columns.iter().enumerate();
        let changes = |column: usize| self.changes.iter().any(|change| change.column == column);
        variables
            .filter(move |(column, variable)| {
                variable.role != PointRole::Parameter || changes(*column)
            })
            .map(|(column, _)| column)
            .filter(|&column| self.columns[column].stride > 0)
    }

    /// The state at `step`, without inputs. Weights that learn are brought up to date, which changes
    /// nothing.
    pub(crate) fn save(&mut self, step: u64) -> PointsState {
        let n = self.gids.len();
        let (arena, columns) = (&self.arena, &self.columns);
        let values = |column| (0..n).map(|i| value(arena, columns, column, i)).collect();
        let columns = self.changing().map(|column| (column as u32, values(column))).collect();
        let projections = self.projections.iter_mut().map(|p| p.save(step, n)).collect();
        PointsState {
            population: self.place.population,
            gids: self.gids.clone(),
            has_noise: self.noise.is_some(),
            columns,
            arriving: self.rings.iter().map(|ring| ring.arriving(step)).collect(),
            projections,
            sources: vec![Vec::new(); n],
            delivered: (self.recorders.iter())
                .map(|recorder| (recorder.recording as u64, recorder.delivered().collect()))
                .filter(|(_, values): &(u64, Vec<_>)| !values.is_empty())
                .collect(),
        }
    }

    /// Forgets what the start of a run left behind, before neurons are restored.
    pub(crate) fn begin_restore(&mut self) {
        self.recorders.iter_mut().for_each(|recorder| recorder.clear());
        self.weight_recorders.iter_mut().for_each(|recorder| recorder.clear());
        self.rings.iter_mut().for_each(|ring| ring.clear());
        let histories = |p: &Projection| match &p.plasticity {
            Plasticity::None => 0,
            Plasticity::ShortTerm(_) => p.synapses.n_sources(),
            Plasticity::SpikeTiming(_) => p.synapses.n_runs(),
        };
        self.restoring = Some(Box::new(Restoring {
            neurons: vec![false; self.gids.len()],
            histories: self.projections.iter().map(|p| vec![false; histories(p)]).collect(),
            arrivals: vec![Vec::new(); self.projections.len()],
        }));
    }

    /// Takes the state of those neurons that are here; gives their numbers here and there.
    ///
    /// # Errors
    /// [`CellError::State`] if these were other neurons.
    pub(crate) fn restore(
        &mut self,
        state: &PointsState,
    ) -> Result<Vec<(usize, usize)>, CellError> {
        let Some(mut restoring) = self.restoring.take() else { return Ok(Vec::new()) };
        let restored = self.restore_some(state, &mut restoring);
        self.restoring = Some(restoring);
        restored
    }

    fn restore_some(
        &mut self,
        state: &PointsState,
        restoring: &mut Restoring,
    ) -> Result<Vec<(usize, usize)>, CellError> {
        self.check(state)?;
        let here = state.gids.iter().enumerate().filter_map(|(there, gid)| {
            let own = self.gids.binary_search(gid).ok()?;
            (!restoring.neurons[own]).then_some((own, there))
        });
        let here: Vec<(usize, usize)> = here.collect();
        for &(own, _) in &here {
            restoring.neurons[own] = true;
        }
        if state.has_noise && !here.is_empty() {
            self.let_noise_in();
        }
        let all = 0..self.n_padded;
        for (column, values) in &state.columns {
            let to = neurons(&mut self.arena, self.columns[*column as usize], &all);
            here.iter().for_each(|&(own, there)| to[own] = values[there]);
        }
        let mut own_of = vec![None; state.gids.len()];
        here.iter().for_each(|&(own, there)| own_of[there] = Some(own));
        for (recording, values) in &state.delivered {
            let own = self.recorders.iter_mut().filter(|r| r.recording as u64 == *recording);
            for recorder in own {
                for &(there, value) in values {
                    if let Some(Some(own)) = own_of.get(there as usize) {
                        recorder.set_delivered(*own as u32, value);
                    }
                }
            }
        }
        for (ring, arriving) in self.rings.iter_mut().zip(&state.arriving) {
            for &(there, step, sum) in arriving {
                if let Some(own) = own_of[there as usize] {
                    ring.row(step)[own] = sum;
                }
            }
        }
        for (at, (projection, saved)) in
            self.projections.iter_mut().zip(&state.projections).enumerate()
        {
            let found = &mut restoring.histories[at];
            projection.restore_histories(saved, found, &mut restoring.arrivals[at]);
            projection.restore_weights(saved, &here, &self.gids)?;
        }
        Ok(here)
    }

    /// Whether numbers and sizes are those of this population.
    fn check(&self, state: &PointsState) -> Result<(), CellError> {
        let gid = state.gids.first().copied().unwrap_or_default();
        let wrong = |what: &str, found: usize, expected: usize| {
            let (found, expected) = (found.to_string(), expected.to_string());
            CellError::State { gid, what: what.to_owned(), found, expected }
        };
        let require = |what: &str, found: usize, expected: usize| match found == expected {
            true => Ok(()),
            false => Err(wrong(what, found, expected)),
        };
        let n = state.gids.len();
        let expected: Vec<usize> = self.changing().collect();
        let found: Vec<usize> = state.columns.iter().map(|(column, _)| *column as usize).collect();
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            return Err(CellError::State { gid, what: "variables".to_owned(), found, expected });
        }
        for (_, values) in &state.columns {
            require("values of a variable", values.len(), n)?;
        }
        require("targets of events", state.arriving.len(), self.rings.len())?;
        for (ring, arriving) in self.rings.iter().zip(&state.arriving) {
            let beyond = |&&(there, ..): &&(u32, u64, f64)| there as usize >= n;
            if let Some(&(there, ..)) = arriving.iter().find(beyond) {
                return Err(wrong("neuron of an event", there as usize, n));
            }
            let steps = arriving.iter().map(|&(_, step, _)| step);
            let span = steps.clone().max().unwrap_or(0) - steps.min().unwrap_or(0);
            if span >= ring.n_steps() {
                return Err(wrong("steps of events", span as usize, ring.n_steps() as usize));
            }
        }
        require("inputs", state.sources.len(), n)?;
        require("projections", state.projections.len(), self.projections.len())?;
        for (projection, saved) in self.projections.iter().zip(&state.projections) {
            let n = match projection.plasticity {
                Plasticity::SpikeTiming(_) => n,
                _ => 0,
            };
            require("neurons of a projection", saved.neurons.len(), n)?;
            require("neurons of a projection", saved.n_synapses.len(), n)?;
            let n_synapses: u64 = saved.n_synapses.iter().copied().map(u64::from).sum();
            require("weights of a projection", saved.weights.len(), n_synapses as usize)?;
        }
        Ok(())
    }

    /// A neuron that has no state yet, or whose synapses have none.
    pub(crate) fn missing(&self) -> Option<u64> {
        let restoring = self.restoring.as_ref()?;
        let neuron = restoring.neurons.iter().position(|found| !found);
        let is_known = restoring.histories.iter().flatten().all(|found| *found);
        match neuron {
            Some(neuron) => Some(self.gids[neuron]),
            None => self.gids.first().copied().filter(|_| !is_known),
        }
    }

    /// Ends [`restore`](Self::restore): notes the events of plastic synapses in their order.
    pub(crate) fn finish_restore(&mut self) {
        let Some(restoring) = self.restoring.take() else { return };
        for (projection, mut arrivals) in self.projections.iter_mut().zip(restoring.arrivals) {
            // By spike, then by source and delay, as runs are: the order of enqueueing.
            arrivals.sort_unstable_by_key(|&(spike, _, run)| (spike, run));
            if let Plasticity::SpikeTiming(rule) = &mut projection.plasticity {
                rule.clear_arrivals();
                arrivals.into_iter().for_each(|(_, step, run)| rule.expect(run, step));
            }
        }
    }

    /// Hashes of the neurons and of what ends on them, as they are before the first step.
    pub(crate) fn fingerprint(&self) -> NetworkFingerprint {
        let mut all = NetworkFingerprint::default();
        let model = self.neuron.model();
        for (neuron, &gid) in self.gids.iter().enumerate() {
            let mut of = Fingerprint::new(6);
            of.add_text(model.name);
            of.add(self.neuron.integrator() as u64);
            of.add(gid);
            for column in 0..self.columns.len() {
                of.add(value(&self.initial, &self.columns, column, neuron).to_bits());
            }
            for change in &self.changes {
                of.add(change.step);
                of.add(change.column as u64);
                let own = change.values.get(neuron).or(change.values.first());
                of.add(own.map_or(0, |value| value.to_bits()));
            }
            all.cells = all.cells.wrapping_add(of.value());
            for drive in &self.drives {
                let mut of = Fingerprint::new(7);
                of.add_all([gid, drive.column as u64, drive.number]);
                of.add_all([drive.steps.start, drive.steps.end]);
                let own = drive.weights.get(neuron).or(drive.weights.first());
                of.add(own.map_or(0, |weight| weight.to_bits()));
                drive.counts.fingerprint(&mut of);
                all.inputs = all.inputs.wrapping_add(of.value());
            }
        }
        for (number, projection) in self.projections.iter().enumerate() {
            let of = projection.fingerprint(number, &self.rings[projection.ring], &self.gids);
            all.connections = all.connections.wrapping_add(of);
        }
        all
    }
}

impl Projection {
    /// The state of what is plastic; `n` are the neurons.
    fn save(&mut self, step: u64, n: usize) -> ProjectionState {
        let Projection { synapses, plasticity, .. } = self;
        match plasticity {
            Plasticity::None => ProjectionState::default(),
            Plasticity::ShortTerm(rule) => {
                let history = |(at, &source): (usize, &u32)| {
                    let (variables, last_step) = rule.of_source(at);
                    let (delay_steps, due, past) = (0, Vec::new(), rule.past_of(at));
                    HistoryState { source, delay_steps, variables, last_step, due, past }
                };
                let sources = synapses.sources().iter().enumerate().map(history).collect();
                ProjectionState { sources, ..ProjectionState::default() }
            }
            Plasticity::SpikeTiming(rule) => {
                rule.learn_all(synapses);
                let due = rule.due(step);
                let runs = synapses.sources_of_runs().zip(due).enumerate();
                let history = |(run, (source, due))| {
                    let (x, last_step) = rule.of_run(run);
                    let (delay_steps, _) = synapses.run(run);
                    let (variables, past) = ([x, 0.0], Vec::new());
                    HistoryState { source, delay_steps, variables, last_step, due, past }
                };
                let sources = runs.map(history).collect();
                let places = places_by_neuron(synapses, n);
                let weight = |k: &u32| match &synapses.weights {
                    Weights::Same(same) => *same,
                    Weights::Each(each) => each[*k as usize],
                };
                ProjectionState {
                    n_synapses: places.iter().map(|own| own.len() as u32).collect(),
                    weights: places.iter().flatten().map(weight).collect(),
                    neurons: (0..n).map(|neuron| rule.of_neuron(neuron)).collect(),
                    sources,
                }
            }
        }
    }

    /// Takes what was saved of the sources that are here and were not `found` before.
    fn restore_histories(
        &mut self,
        saved: &ProjectionState,
        found: &mut [bool],
        arrivals: &mut Vec<(u64, u64, usize)>,
    ) {
        let Projection { synapses, plasticity, .. } = self;
        for history in &saved.sources {
            let Some((source, runs)) = synapses.runs_of(history.source) else { continue };
            let (variables, last_step) = (history.variables, history.last_step);
            match plasticity {
                Plasticity::None => {}
                Plasticity::ShortTerm(rule) => {
                    rule.set_source(source, variables, last_step);
                    rule.set_past(source, &history.past);
                    found[source] = true;
                }
                Plasticity::SpikeTiming(rule) => {
                    let delay = history.delay_steps;
                    let mut runs = runs.filter(|&run| synapses.run(run).0 == delay);
                    let Some(run) = runs.next().filter(|&run| !found[run]) else { continue };
                    rule.set_run(run, variables[0], last_step);
                    let spike = |step: u64| step.saturating_sub(u64::from(delay));
                    arrivals.extend(history.due.iter().map(|&step| (spike(step), step, run)));
                    found[run] = true;
                }
            }
        }
    }

    /// Takes weights and traces of neurons, by their numbers here and there.
    fn restore_weights(
        &mut self,
        saved: &ProjectionState,
        here: &[(usize, usize)],
        gids: &[u64],
    ) -> Result<(), CellError> {
        let Projection { synapses, plasticity, .. } = self;
        let Plasticity::SpikeTiming(rule) = plasticity else { return Ok(()) };
        let places = places_by_neuron(synapses, gids.len());
        let mut starts = vec![0; saved.n_synapses.len() + 1];
        for (at, &n) in saved.n_synapses.iter().enumerate() {
            starts[at + 1] = starts[at] + n as usize;
        }
        let Weights::Each(weights) = &mut synapses.weights else { return Ok(()) };
        for &(own, there) in here {
            rule.set_neuron(own, saved.neurons[there]);
            let from = &saved.weights[starts[there]..starts[there + 1]];
            if from.len() != places[own].len() {
                let (found, expected) = (from.len().to_string(), places[own].len().to_string());
                let (gid, what) = (gids[own], "plastic synapses".to_owned());
                return Err(CellError::State { gid, what, found, expected });
            }
            places[own].iter().zip(from).for_each(|(&k, &weight)| weights[k as usize] = weight);
        }
        Ok(())
    }

    fn fingerprint(&self, number: usize, ring: &Ring, gids: &[u64]) -> u64 {
        let mut rule = Fingerprint::new(8);
        rule.add(number as u64);
        rule.add(ring.column as u64);
        rule.add(ring.limit.map_or(u64::MAX, f64::to_bits));
        rule.add(self.factor.to_bits());
        match &self.plasticity {
            Plasticity::None => {}
            Plasticity::ShortTerm(short) => short.fingerprint(&mut rule),
            Plasticity::SpikeTiming(timing) => timing.fingerprint(&mut rule),
        }
        let mut sum = 0_u64;
        for (run, source) in self.synapses.sources_of_runs().enumerate() {
            let (delay, range) = self.synapses.run(run);
            for k in range {
                let weight = match &self.synapses.weights {
                    Weights::Same(same) => *same,
                    Weights::Each(each) => each[k],
                };
                let mut of = rule;
                let gid = gids[self.synapses.targets[k] as usize];
                let source = self.pre.start + u64::from(source);
                of.add_all([source, u64::from(delay), gid, weight.to_bits()]);
                sum = sum.wrapping_add(of.value());
            }
        }
        sum
    }
}

/// Places of the synapses of each of `n` neurons, by source and delay.
fn places_by_neuron(synapses: &SynapseRuns, n: usize) -> Vec<Vec<u32>> {
    let mut places = vec![Vec::new(); n];
    for (&target, place) in synapses.targets.iter().zip(0..) {
        places[target as usize].push(place);
    }
    places
}
