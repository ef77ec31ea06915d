//! Currents that are injected: `enable_stimulus`.
//!
//! Each input becomes clamps on its cells, listed as points. A new module of input is a new arm of
//! [`clamps`].

use std::collections::BTreeMap;

use net_sonata::cell::Cell;
use net_sonata::config::{Input, InputKind, InputTarget, Scale, SectionPlace};
use net_sonata::{Circuit, Selection, SimulationConfig};

use super::cells::CellTable;
use super::synapses::Listing;
use crate::error::{BoxError, Error, Result};
use crate::model::{ListedCell, ListedPoint, PointPlace, PointSource};

/// A constant current for some time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Clamp {
    delay_ms: f64,
    duration_ms: f64,
    amp_na: f64,
}

/// Clamps on some nodes.
#[derive(Debug, Clone)]
pub(super) struct Stimulus {
    name: String,
    targets: Vec<Selection>,
    section: SectionPlace,
    clamps: Vec<Clamp>,
}

/// What an input does, if it injects a current that is made of constant pieces.
///
/// # Errors
/// Inputs that are not supported yet.
pub(super) fn read(config: &SimulationConfig, circuit: &Circuit) -> Result<Vec<Stimulus>> {
    let mut stimuli = Vec::new();
    for input in &config.inputs {
        // Spikes are replayed through edges.
        if matches!(input.kind, InputKind::SynapseReplay { .. } | InputKind::SpikeFile { .. }) {
            continue;
        }
        let InputTarget::NodeSet(set) = &input.target else {
            return Err(unsupported(config, input, "inputs on compartment sets"));
        };
        let targets = circuit.select(set).map_err(Error::circuit)?;
        let (section, clamps) = clamps(config, input)?;
        stimuli.push(Stimulus { name: input.name.clone(), targets, section, clamps });
    }
    Ok(stimuli)
}

fn unsupported(config: &SimulationConfig, input: &Input, what: &str) -> Error {
    let path = config.path.display();
    Error::Unsupported { what: format!("{path}: inputs.{}: {what}", input.name) }
}

/// The constant pieces of a current, and where it is injected.
fn clamps(config: &SimulationConfig, input: &Input) -> Result<(SectionPlace, Vec<Clamp>)> {
    let soma =
        SectionPlace { section_name: "soma".to_owned(), section_index: 0, section_dist: 0.5 };
    let (delay_ms, duration_ms) = (input.delay_ms, input.duration_ms);
    match &input.kind {
        InputKind::Linear { scale: Scale::Absolute, start, end } if start == end => {
            Ok((soma, vec![Clamp { delay_ms, duration_ms, amp_na: *start }]))
        }
        InputKind::Pulse { amp_na, width_ms, frequency_hz } => {
            let period_ms = 1000.0 / frequency_hz;
            let n_full = (duration_ms / period_ms) as u64;
            let pulse = |k: u64| {
                let from = k as f64 * period_ms;
                let width = width_ms.min(duration_ms - from);
                Clamp { delay_ms: delay_ms + from, duration_ms: width, amp_na: *amp_na }
            };
            let pulses = (0..=n_full).map(pulse).filter(|clamp| clamp.duration_ms > 0.0);
            Ok((soma, pulses.collect()))
        }
        InputKind::IClamp { amps_na, delays_ms, durations_ms, section } => {
            let all = amps_na.iter().zip(delays_ms).zip(durations_ms);
            let clamp = |((amp_na, delay_ms), duration_ms): ((&f64, &f64), &f64)| Clamp {
                delay_ms: *delay_ms,
                duration_ms: duration_ms.min(config.run.tstop_ms),
                amp_na: *amp_na,
            };
            Ok((section.clone(), all.map(clamp).collect()))
        }
        _ => Err(unsupported(config, input, "inputs of this module")),
    }
}

impl Stimulus {
    /// Adds the clamps on these cells.
    pub(super) fn list(
        &self,
        table: &CellTable,
        cells: &[ListedCell],
        into: &mut Listing,
    ) -> std::result::Result<(), BoxError> {
        let kinds: Vec<u32> = self
            .clamps
            .iter()
            .map(|clamp| {
                let parameters = BTreeMap::from([
                    ("delay".to_owned(), clamp.delay_ms),
                    ("dur".to_owned(), clamp.duration_ms),
                    ("amp".to_owned(), clamp.amp_na),
                ]);
                into.kind("IClamp", &parameters)
            })
            .collect();
        for (at, listed) in cells.iter().enumerate() {
            let Some((population, node)) = table.node_of(listed.gid) else { continue };
            let index = table.populations()[population].index;
            if !self.targets[index].contains(node) {
                continue;
            }
            let (cell, _) = table.cell(listed.gid)?;
            let Cell::Cable(cell) = &*cell else {
                return Err(format!(
                    "input {}: node {node} has no membrane for a current",
                    self.name
                )
                .into());
            };
            let SectionPlace { section_name, section_index, section_dist } = &self.section;
            let name = format!("{section_name}[{section_index}]");
            let section = cell
                .morphology
                .section_index(&name)
                .ok_or_else(|| format!("input {}: node {node} has no section {name}", self.name))?;
            let segment = cell.morphology.segment_at(section, *section_dist) as u32;
            for kind in &kinds {
                into.points.points.push(ListedPoint {
                    cell: at as u32,
                    segment,
                    point: PointPlace::Kind(*kind),
                    source: PointSource::None,
                });
            }
        }
        Ok(())
    }
}
