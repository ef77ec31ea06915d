//! The neurons of one population that a thread advances: state as arrays, a chunk of neurons through
//! a whole epoch before the next is touched.

mod state;

use std::ops::Range;
use std::sync::Arc;

use net_core::{Purpose, StepClock, StreamFamily};
use net_kernel::kernel::Column;

use super::input::{PoissonCounts, PoissonDrive, Ring};
use super::model::PointRole;
use super::neuron::{Place, PointNeuron, Resolved};
use super::noise::fill_uniforms;
use super::projection::{Plasticity, Projection, plasticity_of};
use super::recorder::Recorder;
use super::step::StepArgs;
use super::synapse::{PointSynapse, SynapseModel, SynapseVariable};
use super::table::{PointSynapses, SynapseRuns};
use super::weights::WeightRecorder;
use crate::block::Spike;
use crate::error::{CellError, NotFinite};
use crate::record::{Quantity, Samples, Schedule};
use crate::simd::{F8, LANES};

/// Neurons of a chunk: few enough that their state stays in the cache nearest to the core, enough
/// to make the fixed cost of a step small.
const CHUNK: usize = 512;

/// A parameter that changes.
#[derive(Debug)]
struct Change {
    step: u64,
    column: usize,
    /// One for all, or one a neuron.
    values: Vec<f64>,
}

/// The neurons of one population that belong to one group of cells.
#[derive(Debug)]
pub struct PointPopulation {
    neuron: Arc<PointNeuron>,
    place: Place,
    clock: StepClock,
    gids: Vec<u64>,
    /// Neurons with those that fill the last vector.
    n_padded: usize,
    arena: Vec<F8>,
    /// The arena at the start.
    initial: Vec<F8>,
    columns: Vec<Column>,
    rings: Vec<Ring>,
    projections: Vec<Projection>,
    drives: Vec<PoissonDrive>,
    changes: Vec<Change>,
    noise: Option<StreamFamily>,
    recorders: Vec<Recorder>,
    weight_recorders: Vec<WeightRecorder>,
    /// Neurons that fire in a step.
    fired: Vec<u32>,
    uniforms: Vec<f64>,
    /// What is still to be restored, while it is.
    restoring: Option<Box<state::Restoring>>,
}

impl PointPopulation {
    /// Neurons of a kind with these gids, ascending, of the population at `place`.
    ///
    /// # Errors
    /// Values that are not allowed, or not as many as needed.
    pub fn new(
        neuron: Arc<PointNeuron>,
        place: Place,
        gids: Vec<u64>,
        clock: StepClock,
    ) -> Result<Self, CellError> {
        let model = neuron.model();
        let n_vectors = gids.len().div_ceil(LANES);
        let n_padded = n_vectors * LANES;
        let changes = neuron.changes(&clock);
        let mut arena: Vec<F8> = Vec::new();
        let mut columns = Vec::with_capacity(model.columns.len());
        let mut all_silent = !model.noise.is_empty();
        for (column, variable) in model.columns.iter().enumerate() {
            let values = neuron.resolve(column, &neuron.initial(column), &place, &gids)?;
            let changes = changes.iter().any(|(_, change)| change.column == column);
            if model.noise.contains(&variable.name) {
                all_silent &=
                    matches!(values, Resolved::Uniform(value) if value == 0.0) && !changes;
            }
            let is_parameter = variable.role == PointRole::Parameter;
            let offset = arena.len() * LANES;
            let stride = match values {
                Resolved::Uniform(value) if is_parameter && !changes => {
                    arena.push(F8::splat(value));
                    0
                }
                Resolved::Uniform(value) => {
                    arena.resize(arena.len() + n_vectors, F8::splat(value));
                    LANES
                }
                Resolved::Each(each) => {
                    for own in each.chunks(LANES) {
                        // Lanes without a neuron get the last one's values.
                        let last = own[own.len() - 1];
                        let lane = |i| own.get(i).copied().unwrap_or(last);
                        arena.push(F8(std::array::from_fn(lane)));
                    }
                    LANES
                }
            };
            columns.push(Column { offset, stride });
        }
        let resolve_change = |(step, change): &(u64, super::neuron::Change)| {
            let values = neuron.resolve(change.column, &change.values, &place, &gids)?;
            let values = match values {
                Resolved::Uniform(value) => vec![value],
                Resolved::Each(each) => each,
            };
            Ok(Change { step: *step, column: change.column, values })
        };
        let changes = changes.iter().map(resolve_change).collect::<Result<_, CellError>>()?;
        let noise = (model.n_uniforms > 0 && !all_silent)
            .then(|| StreamFamily::new(place.seed, Purpose::Mechanism, place.population));
        Ok(PointPopulation {
            neuron,
            place,
            clock,
            gids,
            n_padded,
            initial: arena.clone(),
            arena,
            columns,
            rings: Vec::new(),
            projections: Vec::new(),
            drives: Vec::new(),
            changes,
            noise,
            recorders: Vec::new(),
            weight_recorders: Vec::new(),
            fired: Vec::new(),
            uniforms: Vec::new(),
            restoring: None,
        })
    }

    /// Gives a parameter another value for all neurons from the next step on. Between epochs; changes
    /// that the neurons were made with go on.
    ///
    /// # Errors
    /// The model has no such parameter, or the value is not allowed.
    pub fn set_parameter(&mut self, parameter: &str, value: f64) -> Result<(), CellError> {
        let (column, _) = self.neuron.checked_parameter(parameter, value.into())?;
        let Column { offset, stride } = self.columns[column];
        let n_vectors = if stride == 0 { 1 } else { self.n_padded / LANES };
        self.arena[offset / LANES..][..n_vectors].fill(F8::splat(value));
        let model = self.neuron.model();
        if model.n_uniforms > 0 && model.noise.contains(&parameter) && value != 0.0 {
            self.let_noise_in();
        }
        Ok(())
    }

    /// Has noise drawn from now on.
    fn let_noise_in(&mut self) {
        let Place { seed, population, .. } = self.place;
        let family = || StreamFamily::new(seed, Purpose::Mechanism, population);
        self.noise.get_or_insert_with(family);
    }

    /// The gids, ascending.
    pub fn gids(&self) -> &[u64] {
        &self.gids
    }

    /// Adds the synapses of a projection whose sources are the cells `pre`. Events of several
    /// projections on one neuron in one step are added in the order of their spikes' (step, gid), and
    /// for one spike in the order of the projections.
    ///
    /// # Errors
    /// The model has no such target, or there are too many synapses.
    pub fn connect(
        &mut self,
        pre: Range<u64>,
        synapse: &PointSynapse,
        drawn: PointSynapses,
    ) -> Result<(), CellError> {
        let column = self.neuron.model().target(&synapse.target)?;
        let n_synapses = drawn.len();
        let mut synapses = SynapseRuns::new(drawn, pre.end - pre.start)
            .ok_or(CellError::TooManySynapses { n_synapses })?;
        let (plasticity, factor, limit) =
            plasticity_of(synapse, &mut synapses, (self.clock.dt_ms(), self.n_padded));
        let ring = self.ring(column, limit);
        self.projections.push(Projection { pre, ring, synapses, factor, plasticity });
        Ok(())
    }

    /// The ring for events to a target; those that are limited have one of their own, which is
    /// added after those before it.
    fn ring(&mut self, column: usize, limit: Option<f64>) -> usize {
        let last = self.rings.iter().rposition(|ring| ring.column == column);
        if let Some(last) = last
            && limit.is_none()
            && self.rings[last].limit.is_none()
        {
            return last;
        }
        self.rings.push(Ring::new(column, limit, self.n_padded));
        self.rings.len() - 1
    }

    /// The ring that takes events from outside for a target.
    ///
    /// # Errors
    /// The model has no such target.
    pub fn input_ring(&mut self, synapse: &PointSynapse) -> Result<usize, CellError> {
        let column = self.neuron.model().target(&synapse.target)?;
        let limit = match synapse.model {
            SynapseModel::Factor { max_trans, .. } => max_trans,
            _ => None,
        };
        Ok(self.ring(column, limit))
    }

    /// Drives every neuron with a Poisson process of its own of `rate_hz`, whose events arrive during
    /// `steps` with `weights` (one for all, or one a neuron). `stream` says which random numbers it
    /// takes: those of `[gid, number]`.
    ///
    /// # Errors
    /// The model has no such target, or there are more than 1e6 events a step.
    pub fn drive(
        &mut self,
        target: &str,
        rate_hz: f64,
        weights: Vec<f64>,
        stream: (StreamFamily, u64),
        steps: Range<u64>,
    ) -> Result<(), CellError> {
        let column = self.neuron.model().target(target)?;
        let mean = rate_hz * self.clock.dt_ms() / 1000.0;
        if !(0.0..=PoissonCounts::MAX_MEAN).contains(&mean) {
            return Err(CellError::BadValue {
                quantity: "rate of all sources of a neuron (Hz)",
                value: rate_hz,
                expected: "at most 1e6 events a step",
            });
        }
        self.drives.push(PoissonDrive::new(column, mean, weights, stream, steps));
        Ok(())
    }

    /// Records a variable of a neuron as column `column` of recording `recording`.
    ///
    /// # Errors
    /// The neuron is not here, or has no such variable.
    pub fn record(
        &mut self,
        (recording, schedule): (usize, Schedule),
        column: u32,
        gid: u64,
        quantity: &Quantity,
    ) -> Result<(), CellError> {
        let neuron = self.gids.binary_search(&gid).map_err(|_| CellError::NoSuchCell { gid })?;
        let at = self.recorders.iter().position(|r| r.recording == recording);
        let at = match at {
            Some(at) => at,
            None => {
                let (variable, delivered) =
                    super::recorder::recorded_column(self.neuron.model(), quantity)?;
                self.recorders.push(Recorder::new(recording, schedule, variable, delivered));
                self.recorders.len() - 1
            }
        };
        self.recorders[at].add(neuron as u32, column);
        Ok(())
    }

    /// Has what happens to synapses of the `projection`-th that was connected kept as long as
    /// [`record_synapse`](Self::record_synapse) needs it; to be called wherever there are such synapses,
    /// recorded or not, so that any rank can go on with those of another.
    pub fn keep_variables(&mut self, projection: usize) {
        if let Some(own) = self.projections.get_mut(projection) {
            own.keep_past();
        }
    }

    /// Records a variable of a synapse as column `column` of recording `recording`: of the
    /// `projection`-th that was connected, from the `source`-th cell of its population to neuron `gid`
    /// with this delay, and of several such synapses the `nth` in the order in which they were drawn.
    ///
    /// # Errors
    /// There is no such neuron or synapse.
    pub fn record_synapse(
        &mut self,
        (recording, schedule): (usize, Schedule),
        column: u32,
        (projection, source, gid): (usize, u32, u64),
        (delay_steps, nth): (u16, usize),
        variable: SynapseVariable,
    ) -> Result<(), CellError> {
        let neuron = self.gids.binary_search(&gid).map_err(|_| CellError::NoSuchCell { gid })?;
        let of = self.projections.get(projection);
        let synapse = of.and_then(|of| of.find(source, neuron as u32, (delay_steps, nth)));
        let Some(synapse) = synapse else {
            let gid = of.map_or(0, |of| of.pre.start) + u64::from(source);
            return Err(CellError::NoSuchConnection { gid, nth });
        };
        let is_it = |r: &WeightRecorder| r.recording == recording && r.projection == projection;
        let at = self.weight_recorders.iter().position(is_it).unwrap_or_else(|| {
            self.weight_recorders.push(WeightRecorder::new(
                (recording, schedule),
                projection,
                variable,
            ));
            self.weight_recorders.len() - 1
        });
        self.weight_recorders[at].add(synapse, column);
        Ok(())
    }

    /// Sets the initial state and takes the first sample; `max_delay_steps` and `epoch_steps` decide
    /// how far ahead events are kept.
    pub(crate) fn initialize(&mut self, max_delay_steps: u64, epoch_steps: u64) {
        self.arena.copy_from_slice(&self.initial);
        for ring in &mut self.rings {
            ring.reserve(max_delay_steps.max(epoch_steps));
        }
        for projection in &mut self.projections {
            if let Plasticity::SpikeTiming(rule) = &mut projection.plasticity {
                rule.reserve(max_delay_steps + epoch_steps);
            }
        }
        self.uniforms.reserve(self.neuron.model().n_uniforms * self.chunk());
        self.fired.reserve(self.chunk());
        let all = 0..self.n_padded;
        for recorder in &mut self.recorders {
            recorder.begin(0..1);
            recorder.sample(0, &all, |neuron, column| {
                value(&self.arena, &self.columns, column, neuron)
            });
        }
        self.sample_weights(0, |_| true);
    }

    fn sample_weights(&mut self, step: u64, which: impl Fn(usize) -> bool) {
        for recorder in self.weight_recorders.iter_mut().filter(|r| which(r.recording)) {
            recorder.sample(step, &self.projections);
        }
    }

    /// Neurons that go through an epoch together. Where synapses learn from postsynaptic spikes, all
    /// neurons take a step before the next.
    fn chunk(&self) -> usize {
        let learns = |p: &Projection| matches!(p.plasticity, Plasticity::SpikeTiming(_));
        if self.projections.iter().any(learns) { self.n_padded.max(1) } else { CHUNK }
    }

    /// Adds the events of spikes, sorted by (step, gid), to the sums of the steps in which they arrive.
    pub(crate) fn enqueue(&mut self, spikes: &[Spike]) {
        // One ring after the other, so that it stays in the cache.
        for (at, ring) in self.rings.iter_mut().enumerate() {
            let first = self.projections.iter().position(|p| p.ring == at);
            let Some(first) = first else { continue };
            for (k, spike) in spikes.iter().enumerate() {
                for projection in self.projections[first..].iter_mut().filter(|p| p.ring == at) {
                    // The targets of a source are far from those of the next.
                    if let Some(ahead) = spikes.get(k + 1) {
                        projection.prefetch(*ahead);
                    }
                    projection.enqueue(*spike, ring);
                }
            }
        }
    }

    /// Adds an event from outside.
    pub(crate) fn add_event(&mut self, ring: usize, neuron: usize, step: u64, weight: f64) {
        self.rings[ring].row(step)[neuron] += weight;
    }

    /// Advances all neurons through the steps of an epoch.
    pub(crate) fn advance(&mut self, steps: Range<u64>, spikes: &mut Vec<Spike>) {
        for recorder in &mut self.recorders {
            recorder.begin(steps.start + 1..steps.end + 1);
        }
        let chunk = self.chunk();
        for first in (0..self.n_padded).step_by(chunk) {
            let own = first..self.n_padded.min(first + chunk);
            for step in steps.clone() {
                self.step(step, own.clone(), spikes);
            }
        }
    }

    /// One step of the neurons `own`.
    fn step(&mut self, step: u64, own: Range<usize>, spikes: &mut Vec<Spike>) {
        self.deliver(step, &own);
        self.sample(step + 1, &own, true);
        self.draw_noise(step, &own);
        let dt_ms = self.clock.dt_ms();
        self.fired.clear();
        let mut args = StepArgs {
            first: own.start / LANES,
            end: own.end / LANES,
            arena: self.arena.as_mut_ptr().cast(),
            columns: self.columns.as_ptr(),
            uniforms: &self.uniforms,
            stages: self.neuron.integrator().stages(),
            n_iterations: self.neuron.integrator().n_iterations(),
            dt_ms,
            t_ms: step as f64 * dt_ms,
            fired: &mut self.fired,
        };
        // SAFETY: the columns were laid out for this model, with n_padded / LANES vectors.
        unsafe { (self.neuron.model().kernel)(&mut args) };
        // The last vector may have lanes without a neuron.
        while self.fired.last().is_some_and(|&i| i as usize >= self.gids.len()) {
            self.fired.pop();
        }
        spikes.extend(self.fired.iter().map(|&i| Spike::new(step, self.gids[i as usize])));
        for projection in &mut self.projections {
            if let Plasticity::SpikeTiming(rule) = &mut projection.plasticity {
                rule.note_fired(&mut projection.synapses, step, &self.fired);
            }
        }
        self.sample(step + 1, &own, false);
        // Where weights change, all neurons take the step together.
        if own.start == 0 {
            self.sample_weights(step + 1, |_| true);
        }
    }

    /// Changes parameters, and adds what arrives in this step to the target variables.
    fn deliver(&mut self, step: u64, own: &Range<usize>) {
        for change in self.changes.iter().filter(|change| change.step == step) {
            let to = neurons(&mut self.arena, self.columns[change.column], own);
            match change.values[..] {
                [value] if self.gids.len() != 1 => to.fill(value),
                _ => {
                    let values = &change.values[own.start..self.gids.len().min(own.end)];
                    to[..values.len()].copy_from_slice(values);
                }
            }
        }
        for (variable, &column) in self.neuron.model().columns.iter().zip(&self.columns) {
            if variable.role == (PointRole::Target { decays: false }) {
                neurons(&mut self.arena, column, own).fill(0.0);
            }
        }
        for projection in &mut self.projections {
            if let Plasticity::SpikeTiming(rule) = &mut projection.plasticity {
                let row = self.rings[projection.ring].row(step);
                rule.deliver(&mut projection.synapses, step, row);
            }
        }
        for ring in &mut self.rings {
            let to = neurons(&mut self.arena, self.columns[ring.column], own);
            let limit = ring.limit;
            let row = &mut ring.row(step)[own.clone()];
            if let Some(limit) = limit {
                for (to, sum) in to.iter_mut().zip(row.iter()).filter(|(_, sum)| **sum != 0.0) {
                    *to = (*to + sum).min(limit);
                }
                row.fill(0.0);
            } else {
                for (to, sum) in to.iter_mut().zip(row) {
                    *to += std::mem::take(sum);
                }
            }
        }
        for drive in &mut self.drives {
            let gids = &self.gids[own.start..self.gids.len().min(own.end)];
            let to = neurons(&mut self.arena, self.columns[drive.column], own);
            drive.deliver(own.start, gids, step, &mut to[..gids.len()]);
        }
    }

    fn draw_noise(&mut self, step: u64, own: &Range<usize>) {
        let Some(family) = &self.noise else { return };
        let gids = &self.gids[own.start..self.gids.len().min(own.end)];
        let n_draws = self.neuron.model().n_uniforms;
        fill_uniforms(family, gids, own.len(), step, n_draws, &mut self.uniforms);
    }

    fn sample(&mut self, step: u64, own: &Range<usize>, delivered: bool) {
        let (arena, columns) = (&self.arena, &self.columns);
        for recorder in self.recorders.iter_mut().filter(|r| r.delivered == delivered) {
            recorder.sample(step, own, |neuron, column| value(arena, columns, column, neuron));
        }
    }

    /// Takes samples of a recording in these steps only.
    pub(crate) fn set_windows(&mut self, recording: usize, windows: &[Range<u64>]) {
        let own = self.recorders.iter_mut().filter(|r| r.recording == recording);
        own.for_each(|recorder| recorder.set_windows(windows));
        let own = self.weight_recorders.iter_mut().filter(|r| r.recording == recording);
        own.for_each(|recorder| recorder.set_windows(windows));
    }

    /// Takes the sample of a recording at `step`, the state being that of this step, if it is due.
    pub(crate) fn sample_now(&mut self, recording: usize, step: u64) {
        let (arena, columns) = (&self.arena, &self.columns);
        for recorder in self.recorders.iter_mut().filter(|r| r.recording == recording) {
            recorder.sample_now(step, |neuron, column| value(arena, columns, column, neuron));
        }
        self.sample_weights(step, |of| of == recording);
    }

    /// Looks for a value that is not finite and names it.
    pub(crate) fn check_finite(&self, end_step: u64) -> Result<(), NotFinite> {
        let is_bad = |v: &F8| !v.0.iter().all(|x| x.is_finite());
        if !self.arena.iter().any(is_bad) {
            return Ok(());
        }
        let model = self.neuron.model();
        for (at, variable) in model.columns.iter().enumerate() {
            for (neuron, &gid) in self.gids.iter().enumerate() {
                let value = value(&self.arena, &self.columns, at, neuron);
                if !value.is_finite() {
                    let variable = format!("{}.{}", model.name, variable.name);
                    let time_ms = end_step as f64 * self.clock.dt_ms();
                    return Err(NotFinite { variable, value, gid, segment: 0, time_ms });
                }
            }
        }
        Ok(())
    }

    /// Copies the samples of a recording taken since the last call.
    pub(crate) fn take_samples(&mut self, recording: usize, into: &mut Samples) {
        for recorder in self.recorders.iter_mut().filter(|r| r.recording == recording) {
            recorder.take(into);
        }
        for recorder in self.weight_recorders.iter_mut().filter(|r| r.recording == recording) {
            recorder.take(into);
        }
    }

    /// The weights of a projection, in the order in which projections were connected: gid of the
    /// source, gid of the target, weight; by source, delay and target.
    pub fn weights(&self, projection: usize) -> Vec<(u64, u64, f64)> {
        self.projections[projection].weights(&self.gids)
    }

    /// Relative cost of a step.
    pub fn cost(&self) -> f64 {
        self.neuron.cost() * self.gids.len() as f64
    }

    /// Bytes of neurons and of synapses.
    pub fn memory_bytes(&self) -> (usize, usize) {
        let rings: usize = self.rings.iter().map(Ring::memory_bytes).sum();
        let state = 2 * self.arena.len() * size_of::<F8>() + self.gids.len() * 8 + rings;
        (state, self.projections.iter().map(Projection::memory_bytes).sum())
    }
}

/// The values of a variable that has one a neuron, of the neurons `own`.
fn neurons<'a>(arena: &'a mut [F8], column: Column, own: &Range<usize>) -> &'a mut [f64] {
    let first = column.offset / LANES;
    let vectors = &mut arena[first + own.start / LANES..first + own.end / LANES];
    vectors.as_flattened_mut_f64()
}

/// Vectors as the doubles that they are.
trait Flattened {
    fn as_flattened_mut_f64(&mut self) -> &mut [f64];
}

impl Flattened for [F8] {
    fn as_flattened_mut_f64(&mut self) -> &mut [f64] {
        let n = self.len() * LANES;
        // SAFETY: an F8 is eight doubles and nothing else.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr().cast(), n) }
    }
}

fn value(arena: &[F8], columns: &[Column], column: usize, neuron: usize) -> f64 {
    let Column { offset, stride } = columns[column];
    arena[(offset + neuron / LANES * stride) / LANES].0[neuron % LANES]
}
