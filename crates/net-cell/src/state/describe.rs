//! The state of a cell for people and programs that look at it: everything by its name.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{CellState, InstanceOfCell, SourceState};
use crate::mechanism::{self, IonVariable};
use crate::morphology::SegmentedMorphology;

/// The whole state of a cable cell or an artificial cell between two steps, by names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellDescription {
    /// The cell.
    pub gid: u64,
    /// Whether the potential was above the threshold of spikes.
    pub is_above_threshold: bool,
    /// Its segments; none of an artificial cell.
    pub segments: Vec<SegmentDescription>,
    /// Its mechanisms, in their order on the cell.
    pub mechanisms: Vec<MechanismDescription>,
    /// Its ions.
    pub ions: Vec<IonDescription>,
    /// Weights that mechanisms keep, connection by connection: inputs, then those of cells by source.
    pub weights: Vec<f64>,
    /// What mechanisms have sent to themselves, in the order in which it is due.
    pub self_events: Vec<SelfEventDescription>,
    /// Events of connections that are not due yet, in the order in which they act.
    pub events: Vec<EventDescription>,
    /// How far each input has come, in the order in which they were connected.
    pub inputs: Vec<SourceState>,
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentDescription {
    /// Its section.
    pub section: String,
    /// Its middle in the section, 0 to 1.
    pub x: f64,
    /// Membrane area, um2.
    pub area_um2: f64,
    /// Potential, mV.
    pub v_mv: f64,
    /// Membrane current, nA, where it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub i_membrane_na: Option<f64>,
}

/// The instances of a mechanism.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MechanismDescription {
    /// Its name.
    pub name: String,
    /// Number of instances.
    pub n_instances: u32,
    /// Variables by name: a value for each instance.
    pub variables: BTreeMap<String, Vec<f64>>,
}

/// A variable of an ion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IonDescription {
    /// The ion.
    pub ion: String,
    /// What it is.
    pub variable: String,
    /// A value for each segment: mV, mA/cm2 or mM.
    pub values: Vec<f64>,
}

/// What a mechanism has sent to itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SelfEventDescription {
    /// When it is due, ms.
    pub t_ms: f64,
    /// The mechanism.
    pub mechanism: String,
    /// Number of the instance.
    pub instance: u32,
    /// Its flag.
    pub flag: f64,
    /// Weight of the connection that it goes with.
    pub weight: f64,
}

/// An event of a connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventDescription {
    /// Step in which it acts.
    pub step: u64,
    /// Its exact time in ms, where that matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub t_ms: Option<f64>,
    /// The mechanism.
    pub mechanism: String,
    /// Number of the instance.
    pub instance: u32,
    /// Its weight.
    pub weight: f64,
}

impl CellState {
    /// The state by names; `morphology` is that of the cell.
    pub fn describe(&self, morphology: &SegmentedMorphology) -> CellDescription {
        let segment = |(at, &v_mv): (usize, &f64)| {
            let of = &morphology.segments;
            SegmentDescription {
                section: morphology.sections[of.section[at] as usize].name.clone(),
                x: of.x[at],
                area_um2: of.area_um2[at],
                v_mv,
                i_membrane_na: self.membrane_na.get(at).copied(),
            }
        };
        // An artificial cell has a potential that nothing drives.
        let n_segments = morphology.n_segments();
        let segments = self.v_mv.iter().take(n_segments).enumerate().map(segment).collect();
        let weight = |of: &super::WeightsOfCell| match of.kept {
            Some(kept) => self.kept_weights.get(kept as usize).copied().unwrap_or(f64::NAN),
            None => of.weight,
        };
        let self_event = |event: &super::SentState| SelfEventDescription {
            t_ms: event.t_ms,
            mechanism: self.mechanism_name(event.to),
            instance: event.to.nth,
            flag: event.flag,
            weight: weight(&event.weights),
        };
        let event = |event: &super::EventState| EventDescription {
            step: event.step,
            t_ms: event.t_ms,
            mechanism: self.mechanism_name(event.to),
            instance: event.to.nth,
            weight: weight(&event.weights),
        };
        let ion = |state: &super::IonState| IonDescription {
            ion: state.ion.clone(),
            variable: IonVariable::ALL
                .get(usize::from(state.variable))
                .map_or_else(|| state.variable.to_string(), |v| v.describe().to_owned()),
            values: state.values.clone(),
        };
        CellDescription {
            gid: self.gid,
            is_above_threshold: self.above,
            segments,
            mechanisms: self.mechanisms.iter().map(super::MechanismState::describe).collect(),
            ions: self.ions.iter().map(ion).collect(),
            weights: self.kept_weights.clone(),
            self_events: self.sent.iter().map(self_event).collect(),
            events: self.events.iter().map(event).collect(),
            inputs: self.sources.clone(),
        }
    }

    fn mechanism_name(&self, of: InstanceOfCell) -> String {
        let mechanism = self.mechanisms.get(of.mechanism as usize);
        mechanism.map_or_else(|| of.mechanism.to_string(), |mechanism| mechanism.name.clone())
    }
}

impl super::MechanismState {
    fn describe(&self) -> MechanismDescription {
        let known = mechanism::find(&self.name).ok().map(|(_, known)| known);
        let name = |column: u32| {
            let column_of = known.and_then(|known| known.columns.get(column as usize));
            column_of.map_or_else(|| column.to_string(), |column| column.name.to_owned())
        };
        let variables = self.columns.iter().map(|(at, values)| (name(*at), values.clone()));
        MechanismDescription {
            name: self.name.clone(),
            n_instances: self.n_instances,
            variables: variables.collect(),
        }
    }
}
