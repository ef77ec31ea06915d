//! Currents, conductances and voltages that inputs impose: `enable_stimulus`.
//!
//! Each input becomes clamps on its cells, listed as points: what BioNet's clamps are is in their
//! parameters, what Neurodamus plays is a waveform that a parameter follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use net_cell::Waveform;
use net_sonata::cell::{CableCell, Cell};
use net_sonata::config::{Input, InputKind, InputTarget, NodeKind, SectionPlace};
use net_sonata::stimulus::{
    CellProperties, Element, Stimuli, Stimulus as Signal, read_currents, read_report_currents,
};
use net_sonata::{Circuit, CompartmentSets, NodePopulation, Selection, SimulationConfig};

use super::cells::CellTable;
use super::synapses::Listing;
use crate::error::{BoxError, Error, Result};
use crate::model::{ListedCell, PointSource};

/// What an input does, and where.
#[derive(Debug, Clone)]
pub(super) struct Stimulus {
    name: String,
    places: Places,
    action: Action,
}

/// Where an input acts.
#[derive(Debug, Clone)]
enum Places {
    /// One place on each of these nodes, by population.
    Nodes(Vec<Selection>, SectionPlace),
    /// Places on nodes of one population: (node, section id, position), sorted.
    Compartments(usize, Vec<(u64, u64, f64)>),
}

/// What stands at a place.
#[derive(Debug, Clone)]
enum Action {
    /// Electrodes with these parameters.
    Fixed(&'static str, Vec<BTreeMap<String, f64>>),
    /// An element that follows the signal.
    Signal(Box<Signal>),
    /// An electrode whose current follows a waveform of a file.
    Current(Arc<Waveform>),
    /// The same with a waveform for each of some cells, by the circuit's gid.
    Currents(Arc<BTreeMap<u64, Arc<Waveform>>>),
}

/// Attributes of nodes that inputs are relative to.
const PROPERTIES: [&str; 3] = ["threshold_current", "holding_current", "input_resistance"];

/// What the inputs of a simulation impose on cells, in their order.
///
/// # Errors
/// Inputs that are not supported, and targets that do not exist.
pub(super) fn read(config: &SimulationConfig, circuit: &Circuit) -> Result<Vec<Stimulus>> {
    let signals = Stimuli::new(config);
    let mut signals = signals.iter().peekable();
    let sets = match &config.compartment_sets_file {
        Some(path) => CompartmentSets::load(path).map_err(Error::circuit)?,
        None => CompartmentSets::default(),
    };
    let mut stimuli = Vec::new();
    for input in &config.inputs {
        let signal = signals.next_if(|signal| signal.input().name == input.name);
        let Some((section, action)) = action((config, circuit), input, signal)? else { continue };
        let places = match &input.target {
            InputTarget::NodeSet(set) => {
                Places::Nodes(circuit.select(set).map_err(Error::circuit)?, section)
            }
            InputTarget::CompartmentSet(name) => {
                let set = sets.get(name).map_err(Error::circuit)?;
                let is_it = |p: &NodePopulation| p.name() == set.population;
                // Validation warns of populations that are not there.
                let Some(index) = circuit.nodes().iter().position(is_it) else { continue };
                let places = set.locations.iter().map(|l| (l.node_id, l.section_id, l.offset));
                Places::Compartments(index, places.collect())
            }
        };
        stimuli.push(Stimulus { name: input.name.clone(), places, action });
    }
    Ok(stimuli)
}

/// What an input does at a place; `None` where it sends spikes or imposes a field.
fn action(
    (config, circuit): (&SimulationConfig, &Circuit),
    input: &Input,
    signal: Option<&Signal>,
) -> Result<Option<(SectionPlace, Action)>> {
    let soma =
        SectionPlace { section_name: "soma".to_owned(), section_index: 0, section_dist: 0.5 };
    if let Some(signal) = signal {
        return Ok(Some((soma, Action::Signal(Box::new(signal.clone())))));
    }
    let tstop_ms = config.run.tstop_ms;
    Ok(Some(match &input.kind {
        InputKind::SynapseReplay { .. }
        | InputKind::SpikeFile { .. }
        | InputKind::EdgeReplay { .. }
        | InputKind::SynapseActivity { .. }
        | InputKind::ElectricField { .. }
        | InputKind::Xstim { .. }
        | InputKind::Comsol { .. } => return Ok(None),
        InputKind::IClamp { amps_na, delays_ms, durations_ms, section } => {
            let all = amps_na.iter().zip(delays_ms).zip(durations_ms);
            let clamp = |((amp, delay), duration): ((&f64, &f64), &f64)| {
                numbers([("delay", *delay), ("dur", duration.min(tstop_ms)), ("amp", *amp)])
            };
            (section.clone(), Action::Fixed("IClamp", all.map(clamp).collect()))
        }
        InputKind::SeClamp { amps_mv, durations_ms, series_resistance_mohm, section } => {
            let mut clamp = numbers([("rs", *series_resistance_mohm)]);
            for (k, (amp, duration)) in amps_mv.iter().zip(durations_ms).enumerate() {
                clamp.insert(format!("amp{}", k + 1), *amp);
                clamp.insert(format!("dur{}", k + 1), duration.min(tstop_ms));
            }
            (section.clone(), Action::Fixed("SEClamp", vec![clamp]))
        }
        InputKind::FileCurrent { file, format, sweep, section } => {
            let currents = read_currents(file, *format, sweep.as_ref(), input.delay_ms);
            let mut currents = currents.map_err(Error::circuit)?;
            let action = match &mut currents[..] {
                [(None, waveform)] => Action::Current(Arc::new(std::mem::take(waveform))),
                _ => {
                    let of_gid =
                        |(gid, waveform): (Option<u64>, Waveform)| Some((gid?, Arc::new(waveform)));
                    Action::Currents(Arc::new(currents.into_iter().filter_map(of_gid).collect()))
                }
            };
            (section.clone(), action)
        }
        InputKind::ReportReplay { report_file, interpolate } => {
            let InputTarget::NodeSet(set) = &input.target else {
                let what = format!("inputs.{}: replay on compartment sets", input.name);
                return Err(Error::Unsupported { what });
            };
            let selected = circuit.select(set).map_err(Error::circuit)?;
            let mut currents = BTreeMap::new();
            let times_ms = (input.delay_ms, input.duration_ms);
            for (population, selected) in circuit.nodes().iter().zip(selected) {
                if selected.is_empty() {
                    continue;
                }
                let name = population.name();
                let found = read_report_currents(report_file, name, times_ms, *interpolate);
                for (node, waveform) in found.map_err(Error::circuit)? {
                    currents.insert(population.first_gid() + node, Arc::new(waveform));
                }
            }
            (soma, Action::Currents(Arc::new(currents)))
        }
        _ => {
            let path = config.path.display();
            let what = format!("{path}: inputs.{}: inputs of this module", input.name);
            return Err(Error::Unsupported { what });
        }
    }))
}

fn numbers<const N: usize>(values: [(&str, f64); N]) -> BTreeMap<String, f64> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The threshold current of astrocytes in Neurodamus.
const ASTROCYTE_THRESHOLD_NA: f64 = 0.114648;

/// Properties of the nodes that cells are, in their order.
pub(super) fn properties(
    circuit: &Circuit,
    table: &CellTable,
    cells: &[ListedCell],
) -> std::result::Result<Vec<CellProperties>, BoxError> {
    let mut result = vec![CellProperties::default(); cells.len()];
    for own in table.populations() {
        let population = &circuit.nodes()[own.index];
        let gids = own.first_gid..own.first_gid + own.nodes.len();
        // Cells come by gid, so those of one population stand together, by node.
        let from = cells.partition_point(|cell| cell.gid < gids.start);
        let to = cells.partition_point(|cell| cell.gid < gids.end);
        let nodes = cells[from..to].iter();
        let nodes: Vec<u64> =
            nodes.filter_map(|cell| own.nodes.nth(cell.gid - gids.start)).collect();
        for (result, node) in result[from..to].iter_mut().zip(&nodes) {
            result.gid = population.first_gid() + node;
            if population.kind() == NodeKind::Astrocyte {
                result.threshold_current_na = Some(ASTROCYTE_THRESHOLD_NA);
            }
        }
        let nodes = Selection::from_ids(nodes);
        for (which, name) in PROPERTIES.into_iter().enumerate() {
            let attribute = format!("dynamics_params/{name}");
            if !population.has_attribute(&attribute) {
                continue;
            }
            let values = population.numbers(&attribute, nodes.ranges())?;
            for (result, value) in result[from..to].iter_mut().zip(values) {
                let value = value.is_finite().then_some(value);
                match which {
                    0 => result.threshold_current_na = value,
                    1 => result.holding_current_na = value,
                    _ => result.input_resistance_mohm = value,
                }
            }
        }
    }
    Ok(result)
}

impl Stimulus {
    /// Adds what stands on these cells, whose properties are given.
    pub(super) fn list(
        &self,
        table: &CellTable,
        (cells, properties): (&[ListedCell], &[CellProperties]),
        into: &mut Listing,
    ) -> std::result::Result<(), BoxError> {
        for (at, listed) in cells.iter().enumerate() {
            let Some((population, node)) = table.node_of(listed.gid) else { continue };
            let index = table.populations()[population].index;
            let places = self.places.of(index, node);
            if places.is_empty() {
                continue;
            }
            let (cell, _) = table.cell(listed.gid)?;
            let Cell::Cable(cell) = &*cell else {
                return Err(self.wrong(node, "has no membrane for a current"));
            };
            for place in places {
                let segment = self.segment(node, cell, place)?;
                self.add(&properties[at], at as u32, segment, into)?;
            }
        }
        Ok(())
    }

    fn wrong(&self, node: u64, what: &str) -> BoxError {
        format!("input {}: node {node} {what}", self.name).into()
    }

    fn segment(
        &self,
        node: u64,
        cell: &CableCell,
        place: Place,
    ) -> std::result::Result<u32, BoxError> {
        let (section, position) = match place {
            Place::Named(place) => {
                let name = format!("{}[{}]", place.section_name, place.section_index);
                let section = cell.morphology.section_index(&name);
                let section =
                    section.ok_or_else(|| self.wrong(node, &format!("has no section {name}")))?;
                (section, place.section_dist)
            }
            Place::Numbered(id, position) => {
                let section = cell.section_ids().iter().position(|own| u64::from(*own) == id);
                let section =
                    section.ok_or_else(|| self.wrong(node, &format!("has no section {id}")))?;
                (section, position)
            }
        };
        Ok(cell.morphology.segment_at(section, position) as u32)
    }

    fn add(
        &self,
        cell: &CellProperties,
        at: u32,
        segment: u32,
        into: &mut Listing,
    ) -> std::result::Result<(), BoxError> {
        match &self.action {
            Action::Fixed(mechanism, clamps) => {
                for clamp in clamps {
                    let kind = into.kind(mechanism, clamp);
                    into.place(at, segment, kind, PointSource::None);
                }
            }
            Action::Current(waveform) => add_current(waveform, (at, segment), into),
            Action::Currents(all) => {
                if let Some(waveform) = all.get(&cell.gid) {
                    add_current(waveform, (at, segment), into);
                }
            }
            Action::Signal(signal) => {
                let Some(element) = signal.element(cell)? else { return Ok(()) };
                let (mechanism, parameters, followed, waveform) = parts(element);
                let kind = into.kind(mechanism, &parameters);
                let source = into.waveform(followed, &Arc::new(waveform));
                into.place(at, segment, kind, source);
            }
        }
        Ok(())
    }
}

/// An electrode that injects a waveform.
fn add_current(waveform: &Arc<Waveform>, (at, segment): (u32, u32), into: &mut Listing) {
    let (mechanism, parameters) = current_source(true, waveform.end_ms());
    let kind = into.kind(mechanism, &parameters);
    let source = into.waveform("amp", waveform);
    into.place(at, segment, kind, source);
}

/// The point process of a current that ends.
fn current_source(from_electrode: bool, end_ms: f64) -> (&'static str, BTreeMap<String, f64>) {
    match from_electrode {
        true => ("IClamp", numbers([("delay", 0.0), ("dur", end_ms)])),
        false => ("MembraneCurrentSource", numbers([("del", 0.0), ("dur", end_ms)])),
    }
}

/// The point process of an element, its parameters, and which one follows what.
fn parts(element: Element) -> (&'static str, BTreeMap<String, f64>, &'static str, Waveform) {
    match element {
        Element::Current { waveform, from_electrode } => {
            let (mechanism, parameters) = current_source(from_electrode, waveform.end_ms());
            (mechanism, parameters, "amp", waveform)
        }
        Element::Conductance { resistance_mohm, reversal_mv, from_electrode } => {
            let mechanism = if from_electrode { "SEClamp" } else { "ConductanceSource" };
            let parameters = numbers([("dur1", resistance_mohm.end_ms()), ("amp1", reversal_mv)]);
            (mechanism, parameters, "rs", resistance_mohm)
        }
        Element::Voltage { voltage_mv, end_ms, series_resistance_mohm } => {
            let parameters = numbers([("dur1", end_ms), ("rs", series_resistance_mohm)]);
            ("SEClamp", parameters, "amp1", voltage_mv)
        }
    }
}

/// A place on a cell.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    Named(&'a SectionPlace),
    /// SONATA's section id, and position.
    Numbered(u64, f64),
}

impl Places {
    /// The places on a node.
    fn of(&self, population: usize, node: u64) -> Vec<Place<'_>> {
        match self {
            Places::Nodes(nodes, place) if nodes[population].contains(node) => {
                vec![Place::Named(place)]
            }
            Places::Compartments(index, all) if *index == population => {
                let from = all.partition_point(|place| place.0 < node);
                let own = all[from..].iter().take_while(|place| place.0 == node);
                own.map(|(_, section, position)| Place::Numbered(*section, *position)).collect()
            }
            _ => Vec::new(),
        }
    }
}
