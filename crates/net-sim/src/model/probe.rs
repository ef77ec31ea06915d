//! What probes measure while the network runs.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use net_cell::currents::CurrentType;
use net_core::{Network, StepClock};
use net_io::probes::{n_fields_that_fit, name_beside};
use net_lfp::{Probe, Sampling};

use super::Targets;
use super::targets::Groups;
use crate::error::{BoxError, Error, Result, bad_value};
use crate::probes::Terms;

/// A probe, with the types of current and the groups of cells whose contributions are told apart and
/// the times of its samples.
///
/// The signal is that of the membrane currents of all cells, `imem`. What an electrode in a cell
/// injects is no part of them: it comes from outside, and returns at infinity. So the currents of a
/// cell with a current clamp add up to the injected current, and its field has a monopole. The
/// current of the electrode as a type of its own, `CurrentType::Mechanism("IClamp")`, is the
/// opposite one: with it the sum is zero, and the current returns where it was injected.
///
/// ```
/// use std::sync::Arc;
/// use net_lfp::{CurrentDipoleMoment, Sampling};
/// use net_sim::ProbeRecording;
/// let dipole = ProbeRecording {
///     by_population: true,
///     interval_ms: Some(0.5),
///     sampling: Sampling::Average,
///     ..ProbeRecording::new(CurrentDipoleMoment)
/// };
/// assert_eq!(dipole.name, None); // `CurrentDipoleMoment0`
/// ```
#[derive(Clone, Debug)]
pub struct ProbeRecording {
    /// Name of the dataset; absent: the probe's class and how many of that class there are before,
    /// as in `RecExtElectrode0`.
    pub name: Option<String>,
    /// What measures.
    pub probe: Arc<dyn Probe>,
    /// Whether the contribution of every population is a field of its own, with its name.
    pub by_population: bool,
    /// Further fields: signals of parts of the current of all cells, with their names
    /// ([`CurrentType::name`]).
    pub currents: Vec<CurrentType>,
    /// Whether `currents` are told apart, too, by population if the membrane current is, and by group:
    /// fields `isyn_e.E`, the name of the type and that of the population or group.
    pub split_currents: bool,
    /// Further fields: named groups of cells, single cells among them. Groups may overlap.
    pub groups: Vec<(String, Targets)>,
    /// Time between samples in ms, a whole number of steps; absent: every step.
    pub interval_ms: Option<f64>,
    /// Whether a sample is the signal at its time or the mean over the interval that ends there.
    pub sampling: Sampling,
    /// Time of the first sample in ms, a whole number of steps.
    pub start_ms: f64,
    /// No sample is later than this; absent: the end of the run.
    pub stop_ms: Option<f64>,
    /// Whether the signal of each rank's cells stays on that rank, in a file of its own, instead of being
    /// added up on rank 0. This signal depends on the layout.
    pub per_rank: bool,
    /// Samples that come together in memory before they are written; absent: as many as fit into some
    /// MB. Changes no result.
    pub chunk_samples: Option<usize>,
    /// Whether rows that follow from others to nearly all digits of a double are made from them, so that
    /// dense contacts cost little; see [`Skeleton`](net_lfp::Skeleton). Changes the last digits: a value by some
    /// 1e-14 of the largest one.
    pub interpolate: bool,
}

impl ProbeRecording {
    /// The signal of all cells at every step.
    pub fn new(probe: impl Probe + 'static) -> Self {
        ProbeRecording {
            name: None,
            probe: Arc::new(probe),
            by_population: false,
            currents: Vec::new(),
            split_currents: false,
            groups: Vec::new(),
            interval_ms: None,
            sampling: Sampling::Point,
            start_ms: 0.0,
            stop_ms: None,
            per_rank: false,
            chunk_samples: None,
            interpolate: true,
        }
    }

    pub(super) fn validate(
        &self,
        name: &str,
        network: &Network,
        known_groups: &Groups,
        clock: &StepClock,
    ) -> Result<()> {
        let user = || format!("probe '{name}'");
        self.probe
            .validate()
            .map_err(|source| Error::Probe { probe: name.to_owned(), source: Box::new(source) })?;
        self.samples(name, clock, 0)?;
        if self.chunk_samples == Some(0) {
            return Err(bad_value(format!("{}: chunk_samples", user()), 0, "at least 1"));
        }
        for kind in &self.currents {
            kind.validate().map_err(|source| Error::ProbeCurrent {
                probe: name.to_owned(),
                current: kind.name(),
                source: Box::new(source),
            })?;
        }
        for (_, targets) in &self.groups {
            targets.validate(network, known_groups, user)?;
        }
        let terms = Terms::new(self, network);
        super::check_names("field of a probe", terms.names())?;
        let (n_fields, n_most) = (terms.fields.len(), n_fields_that_fit(terms.names()));
        if n_fields > n_most {
            return Err(Error::ProbeFields { probe: name.to_owned(), n_fields, n_most });
        }
        Ok(())
    }

    /// The samples of a run of `n_steps`.
    pub(crate) fn samples(&self, name: &str, clock: &StepClock, n_steps: u64) -> Result<Samples> {
        let steps = |key: &str, time_ms: f64, least: u64| {
            let key = format!("probe '{name}': {key}");
            super::whole_steps(clock, key, time_ms, least)
        };
        let interval = self.interval_ms.map_or(Ok(1), |ms| steps("interval_ms", ms, 1))?;
        let start = steps("start_ms", self.start_ms, 0)?;
        let stop = match self.stop_ms {
            Some(ms) if ms.is_nan() || ms < self.start_ms => {
                let key = format!("probe '{name}': stop_ms");
                return Err(bad_value(key, ms, "start_ms or later"));
            }
            // A sample that rounding puts behind the end is meant to be there.
            Some(ms) => (ms / clock.dt_ms() * (1.0 + 1e-12)).floor().min(n_steps as f64) as u64,
            None => n_steps,
        };
        Ok(Samples { interval, window: start..stop + 1 })
    }
}

/// Refuses names that cannot be those of the probes' datasets in `OUTPUT.h5`.
pub(super) fn check_dataset_names(probes: &[ProbeRecording], names: &[String]) -> Result<()> {
    super::check_names("probe", names.iter().map(String::as_str))?;
    let is_path = |name: &&String| name.contains(['/', '\0']) || *name == "." || *name == "..";
    if let Some(name) = names.iter().find(is_path) {
        return Err(Error::ProbeName { probe: name.clone() });
    }
    for (recording, other) in probes.iter().zip(names) {
        for (parameter, _) in recording.probe.describe() {
            let taken = name_beside(other, parameter);
            if names.contains(&taken) {
                return Err(Error::ProbeNameBeside { probe: taken, other: other.clone() });
            }
        }
    }
    Ok(())
}

/// Where the segments of all cells are for probes and stimulation, in place of what positions, rotations and shapes
/// of the model say.
#[derive(Clone)]
pub(crate) enum GivenPoints {
    /// The coordinates of another simulator, to the last bit; first segment of each gid, and the end.
    Listed(net_io::probes::SegmentPoints, Vec<usize>),
    /// What a function gives for a cell.
    PerCell(Arc<PointsFunction>),
}

/// The segments of a cell by its gid.
pub(crate) type PointsFunction =
    dyn Fn(net_core::Gid) -> std::result::Result<CellPoints<'static>, BoxError> + Send + Sync;

/// Where the segments of a cell are, um.
#[derive(Clone, Debug)]
pub(crate) struct CellPoints<'a> {
    pub(crate) start_um: Cow<'a, [[f64; 3]]>,
    pub(crate) end_um: Cow<'a, [[f64; 3]]>,
    pub(crate) diam_um: Cow<'a, [f64]>,
}

impl std::fmt::Debug for GivenPoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            GivenPoints::Listed(points, _) => write!(f, "Listed({})", points.diam_um.len()),
            GivenPoints::PerCell(_) => write!(f, "PerCell"),
        }
    }
}

impl GivenPoints {
    /// From the numbers of segments of all cells, in the order of their gids.
    pub(crate) fn new(points: net_io::probes::SegmentPoints, n_segments: &[usize]) -> Option<Self> {
        let mut first_segment = vec![0];
        let mut end = 0;
        for n in n_segments {
            end += n;
            first_segment.push(end);
        }
        (end == points.diam_um.len()).then_some(GivenPoints::Listed(points, first_segment))
    }

    /// The segments of a cell.
    ///
    /// # Errors
    /// Those of the function.
    pub(crate) fn of(&self, gid: net_core::Gid) -> std::result::Result<CellPoints<'_>, BoxError> {
        match self {
            GivenPoints::Listed(points, first_segment) => {
                let range = first_segment[gid as usize]..first_segment[gid as usize + 1];
                Ok(CellPoints {
                    start_um: points.start_um[range.clone()].into(),
                    end_um: points.end_um[range.clone()].into(),
                    diam_um: points.diam_um[range].into(),
                })
            }
            GivenPoints::PerCell(points) => points(gid),
        }
    }
}

impl CellPoints<'_> {
    /// Middle of a segment.
    pub(crate) fn midpoint(&self, segment: u32) -> [f64; 3] {
        let (start, end) = (self.start_um[segment as usize], self.end_um[segment as usize]);
        std::array::from_fn(|axis| 0.5 * (start[axis] + end[axis]))
    }
}

/// When a probe is sampled: every `interval` steps of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Samples {
    pub(crate) interval: u64,
    pub(crate) window: Range<u64>,
}

impl Samples {
    /// Samples at steps before `end`.
    pub(crate) fn n_before(&self, end: u64) -> u64 {
        end.min(self.window.end).saturating_sub(self.window.start).div_ceil(self.interval)
    }
}
