//! What is recorded.

use std::collections::BTreeSet;

use net_cell::{CellTemplate, Quantity, Schedule, morphology::SectionKind};
use net_core::{Gid, Network, StepClock};
use net_io::store::SampleType;

use super::{require_targets, whole_steps};
use crate::error::{Error, Result, bad_value};

/// One quantity of some segments of some cells, sampled on one grid.
///
/// ```
/// use net_sim::{Quantity, Recording, SampleType, Segments, Targets};
/// let traces = Recording {
///     interval_ms: Some(0.5),
///     ..Recording::new("soma_v", Targets::Population("E".into()), Quantity::Voltage)
/// };
/// assert_eq!((traces.segments, traces.sample_type), (Segments::Soma, SampleType::F32));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Name, unique among the recordings; the group in `traces.h5`.
    pub name: String,
    /// The cells.
    pub targets: Targets,
    /// Their segments.
    pub segments: Segments,
    /// What is recorded.
    pub quantity: Quantity,
    /// Time between samples in ms, a whole number of steps; absent: every step.
    pub interval_ms: Option<f64>,
    /// Time of the first sample in ms, a whole number of steps.
    pub start_ms: f64,
    /// How samples are stored.
    pub sample_type: SampleType,
}

/// Cells of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// All.
    All,
    /// Those of a population.
    Population(String),
    /// The first of every population, as many as there are up to this number.
    FirstOfEach(u64),
    /// These.
    Gids(Vec<Gid>),
}

/// Segments of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segments {
    /// The middle of the soma; segment 0 of cells without one.
    Soma,
    /// All.
    All,
    /// These, in every cell of the recording.
    Indices(Vec<u32>),
}

impl Targets {
    /// Tells whether a cell is among them.
    pub(crate) fn filter<'a>(&'a self, network: &'a Network) -> Box<dyn Fn(Gid) -> bool + 'a> {
        let population = |gid| network.population_of(gid).ok().map(|id| network.population(id));
        match self {
            Targets::All => Box::new(|_| true),
            Targets::Population(name) => {
                Box::new(move |gid| population(gid).is_some_and(|p| p.name() == name))
            }
            Targets::FirstOfEach(n) => {
                Box::new(move |gid| population(gid).is_some_and(|p| gid - p.first_gid() < *n))
            }
            Targets::Gids(gids) => {
                let gids: BTreeSet<Gid> = gids.iter().copied().collect();
                Box::new(move |gid| gids.contains(&gid))
            }
        }
    }
}

impl Recording {
    /// Somatic samples of every step in single precision.
    pub fn new(name: impl Into<String>, targets: Targets, quantity: Quantity) -> Self {
        Recording {
            name: name.into(),
            targets,
            segments: Segments::Soma,
            quantity,
            interval_ms: None,
            start_ms: 0.0,
            sample_type: SampleType::F32,
        }
    }

    pub(super) fn validate(&self, network: &Network, clock: &StepClock) -> Result<()> {
        let user = || format!("recording '{}'", self.name);
        self.schedule(clock)?;
        self.unit()?;
        if let Segments::Indices(list) = &self.segments {
            let mut seen = BTreeSet::new();
            if let Some(twice) = list.iter().find(|&&segment| !seen.insert(segment)) {
                return Err(bad_value(format!("{}: segment", user()), twice, "each segment once"));
            }
        }
        require_targets(network, user, &self.targets)
    }

    /// The samples' grid in steps.
    pub(crate) fn schedule(&self, clock: &StepClock) -> Result<Schedule> {
        let steps = |key: &str, time_ms: f64, least: u64| {
            whole_steps(clock, format!("recording '{}': {key}", self.name), time_ms, least)
        };
        Ok(Schedule {
            interval: self.interval_ms.map_or(Ok(1), |ms| steps("interval_ms", ms, 1))?,
            offset: steps("start_ms", self.start_ms, 0)?,
        })
    }

    /// The recorded segments of a cell.
    pub(crate) fn segments_of(&self, cell: &CellTemplate) -> Vec<u32> {
        match &self.segments {
            Segments::Soma => vec![soma_segment(cell)],
            Segments::All => (0..cell.n_segments() as u32).collect(),
            Segments::Indices(list) => list.clone(),
        }
    }

    /// Name of the variable in files.
    pub(crate) fn variable(&self) -> String {
        match &self.quantity {
            Quantity::Voltage => "v".to_owned(),
            Quantity::MembraneCurrent => "i_membrane".to_owned(),
            Quantity::Variable { mechanism, variable, .. } => format!("{mechanism}.{variable}"),
        }
    }

    /// Its unit.
    pub(crate) fn unit(&self) -> Result<&'static str> {
        let Quantity::Variable { mechanism, variable, .. } = &self.quantity else {
            return Ok(if self.quantity == Quantity::Voltage { "mV" } else { "nA" });
        };
        let (_, found) =
            net_cell::mechanism::find(mechanism).map_err(|source| self.error(source))?;
        match found.column(variable) {
            Some(column) => Ok(found.columns[column].unit),
            None => Err(self.error(net_cell::CellError::UnknownVariable {
                mechanism: mechanism.clone(),
                variable: variable.clone(),
                known: found.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", "),
            })),
        }
    }

    fn error(&self, source: net_cell::CellError) -> Error {
        Error::Synapse { user: format!("recording '{}'", self.name), source: Box::new(source) }
    }
}

/// The segment in the middle of the soma; 0 where there is none.
fn soma_segment(cell: &CellTemplate) -> u32 {
    let morphology = cell.morphology();
    let soma = morphology.sections.iter().position(|s| s.kind == SectionKind::Soma);
    soma.map_or(0, |section| morphology.segment_at(section, 0.5)) as u32
}
