//! Small models made in code, run as a network would run them.
#![allow(dead_code)] // Each test binary uses its own part of this.

use std::f64::consts::PI;
use std::sync::Arc;

use net_cell::cell::Coupling;
use net_cell::currents::RowLayout;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
    SegmentedMorphology,
};
use net_cell::simd::F8;
use net_cell::{
    CellSpec, CellTemplate, Cells, NotFinite, PointKind, PointSpec, Quantity, Region, Samples,
    Schedule, SourceKey, Spike, SpikeSource, StepSettings,
};
use net_core::{ConnectionPart, ConnectionTable};

/// A source outside of the network that drives point `point` of cell `cell`.
pub(crate) struct Input {
    pub(crate) cell: usize,
    pub(crate) point: usize,
    pub(crate) source: SpikeSource,
    pub(crate) weight: f64,
    /// Weights of the connection after the first.
    pub(crate) further: Vec<f64>,
    pub(crate) delay_ms: f64,
}

/// A connection from the cell `source_gid` to point `point` of cell `cell`.
pub(crate) struct Connection {
    pub(crate) source_gid: u64,
    pub(crate) cell: usize,
    pub(crate) point: usize,
    pub(crate) delay_steps: u16,
    pub(crate) weight: f64,
}

/// Cells with what drives and what records them.
pub(crate) struct Model {
    pub(crate) settings: StepSettings,
    pub(crate) kinds: Vec<PointKind>,
    pub(crate) cells: Vec<CellSpec>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) connections: Vec<Connection>,
    /// Gid, segment, quantity.
    pub(crate) record: Vec<(u64, usize, Quantity)>,
    /// Steps from sample to sample.
    pub(crate) interval: u64,
    pub(crate) n_groups: usize,
}

/// The current through the membrane of every segment of the `lane`-th cell of a row in nA, from what
/// it is a linear function of.
pub(crate) fn membrane_currents(
    row: &RowLayout,
    lane: usize,
    template: &CellTemplate,
    linear: &[F8],
) -> Vec<f64> {
    let cell = &row.cells[lane];
    let v = |segment: u32| linear[row.first_slot + cell.slots[segment as usize] as usize].0[lane];
    let mut currents = vec![0.0; cell.slots.len()];
    for Coupling { segments: [a, b], conductance_us } in template.tree().couplings() {
        let flow = conductance_us * (v(b) - v(a));
        currents[a as usize] += flow;
        currents[b as usize] -= flow;
    }
    for (&segment, electrode) in cell.electrodes.iter().zip(row.electrodes()) {
        currents[segment as usize] += linear[electrode].0[lane];
    }
    currents
}

/// What a run gave.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    /// Step of every sample.
    pub(crate) steps: Vec<u64>,
    /// One trace a recorded quantity.
    pub(crate) traces: Vec<Vec<f64>>,
    /// Sorted by step and gid.
    pub(crate) spikes: Vec<Spike>,
}

impl Model {
    pub(crate) fn new(settings: StepSettings) -> Self {
        Model {
            settings,
            kinds: Vec::new(),
            cells: Vec::new(),
            inputs: Vec::new(),
            connections: Vec::new(),
            record: Vec::new(),
            interval: 1,
            n_groups: 1,
        }
    }

    /// Adds a cell whose gid is its number, and returns it.
    pub(crate) fn cell(&mut self, template: &Arc<CellTemplate>, points: &[(u32, u32)]) -> usize {
        let gid = self.cells.len();
        let points =
            points.iter().map(|&(segment, kind)| PointSpec { segment, kind, row: 0 }).collect();
        self.cells.push(CellSpec { gid: gid as u64, template: template.clone(), points });
        gid
    }

    /// Drives the first point of a cell at these times (ms), without delay.
    pub(crate) fn drive(&mut self, cell: usize, times_ms: &[f64], weight: f64) {
        let source = SpikeSource::Times(times_ms.to_vec());
        self.inputs.push(Input { cell, point: 0, source, weight, further: vec![], delay_ms: 0.0 });
    }

    pub(crate) fn voltage(&mut self, gid: u64, segment: usize) {
        self.record.push((gid, segment, Quantity::Voltage));
    }

    pub(crate) fn variable(&mut self, gid: u64, segment: usize, mechanism: &str, variable: &str) {
        let (mechanism, variable) = (mechanism.to_string(), variable.to_string());
        self.record.push((gid, segment, Quantity::Variable { mechanism, variable, nth: 0 }));
    }

    /// The cells, laid out.
    pub(crate) fn try_cells(&self) -> Result<Cells, net_cell::CellError> {
        Cells::new(&self.cells, &self.kinds, self.settings, self.n_groups)
    }

    /// Runs `n_steps` from the initial state, epoch by epoch of the shortest delay.
    pub(crate) fn run(&self, n_steps: u64) -> Result<Run, NotFinite> {
        let mut cells = Cells::new(&self.cells, &self.kinds, self.settings, self.n_groups).unwrap();
        let schedule = Schedule { interval: self.interval, offset: 0 };
        for (column, (gid, segment, quantity)) in self.record.iter().enumerate() {
            cells.record((0, schedule), column as u32, *gid, *segment, quantity).unwrap();
        }
        for (number, input) in self.inputs.iter().enumerate() {
            let target = cells.target(input.cell, input.point);
            let gid = self.cells[input.cell].gid;
            let key = SourceKey { seed: 5, gid, number: number as u64 };
            let group = &mut cells.groups_mut()[target.group as usize];
            let Input { source, weight, delay_ms, .. } = input;
            let added = group.add_input(target.endpoint, source, *weight, *delay_ms, key).unwrap();
            group.set_further_weights(added, &input.further);
        }
        let mut parts: Vec<_> = (0..self.n_groups).map(|_| ConnectionPart::new()).collect();
        for c in &self.connections {
            let target = cells.target(c.cell, c.point);
            let part = &mut parts[target.group as usize];
            part.push(c.source_gid, target.endpoint, c.delay_steps, c.weight);
        }
        let mut groups = cells.into_groups();
        let delays = self.connections.iter().map(|c| u64::from(c.delay_steps));
        let epoch = delays.clone().min().unwrap_or(n_steps).max(1);
        for (group, part) in groups.iter_mut().zip(parts) {
            group.set_connections(ConnectionTable::from_parts(vec![part]).unwrap());
            group.initialize(delays.clone().max().unwrap_or(1), epoch);
        }
        let mut spikes = Vec::new();
        let mut start = 0;
        while start < n_steps {
            let end = (start + epoch).min(n_steps);
            let mut new = Vec::new();
            for group in &mut groups {
                new.extend_from_slice(group.advance(start..end, || ())?);
            }
            new.sort_unstable();
            for group in &mut groups {
                group.enqueue(new.iter().copied());
            }
            spikes.extend(new);
            start = end;
        }
        let mut samples = Samples::new(self.record.len());
        for group in &mut groups {
            group.take_samples(0, &mut samples);
        }
        let n = samples.n_columns.max(1);
        let trace = |k: usize| samples.values.iter().skip(k).step_by(n).copied().collect();
        let traces = (0..self.record.len()).map(trace).collect();
        Ok(Run { steps: samples.steps, traces, spikes })
    }
}

/// The step settings of this step (ms) and order, else the defaults.
pub(crate) fn step(dt_ms: f64, second_order: bool) -> StepSettings {
    StepSettings { dt_ms, second_order, ..StepSettings::default() }
}

/// A straight cable of equal segments.
pub(crate) fn cable(
    length_um: f64,
    diam_um: f64,
    n_segments: usize,
    properties: CableProperties,
) -> SegmentedMorphology {
    let mut builder = MorphologyBuilder::new();
    builder.cylinder("cable", SectionKind::Soma, None, length_um, diam_um).unwrap();
    let rule = Discretization::FixedPerSection(n_segments);
    let morphology = builder.build().unwrap();
    morphology.segmented(&rule, &Cable::Uniform(properties), SegmentPoints::Exact).unwrap()
}

/// A compartment of 1000 um2: 0.01 nF at 1 uF/cm2.
pub(crate) fn compartment() -> SegmentedMorphology {
    let side = (1000.0 / PI).sqrt();
    cable(side, side, 1, CableProperties::default())
}

/// A passive compartment of 0.01 nF, 100 MOhm, resting at -65 mV: time constant 1 ms.
pub(crate) fn rc() -> CellTemplate {
    let mut cell = CellTemplate::new(compartment()).unwrap();
    // 0.01 uS over 1000 um2.
    cell.insert("pas", &Region::All, &[("g", 0.01e-6 / 1000e-8), ("e", -65.0)]).unwrap();
    cell
}

/// Root mean square of the differences, in percent of the range of the reference.
pub(crate) fn rms_percent(trace: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(trace.len(), reference.len());
    let squares: f64 = trace.iter().zip(reference).map(|(a, b)| (a - b).powi(2)).sum();
    100.0 * (squares / trace.len() as f64).sqrt() / range(reference)
}

/// Largest minus smallest value.
pub(crate) fn range(values: &[f64]) -> f64 {
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    values.iter().fold(high, |m, &x| m.max(x)) - values.iter().fold(low, |m, &x| m.min(x))
}

/// Times at which a trace sampled every `interval_ms` passes `level_mv` upwards, interpolated.
pub(crate) fn crossings(trace: &[f64], interval_ms: f64, level_mv: f64) -> Vec<f64> {
    let pairs = trace.windows(2).enumerate();
    let up = pairs.filter(|(_, w)| w[0] < level_mv && w[1] >= level_mv);
    up.map(|(k, w)| (k as f64 + (level_mv - w[0]) / (w[1] - w[0])) * interval_ms).collect()
}
