//! The manifest of a run: what was simulated and what is recorded, known to all ranks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::nix::Uuid;
use crate::store::Ranges;

/// A population: its name and its contiguous gids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// Unique name.
    pub name: String,
    /// The gid of its first cell.
    pub first_gid: u64,
    /// Number of cells.
    pub size: u64,
}

impl Population {
    /// Whether the population has a cell with this gid.
    pub fn contains(&self, gid: u64) -> bool {
        gid >= self.first_gid && gid - self.first_gid < self.size
    }
}

/// The steps at which a signal is sampled: `offset_steps + k * interval_steps`, k = 0, 1, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleGrid {
    /// Steps between samples, at least 1.
    pub interval_steps: u64,
    /// The step of the first sample.
    pub offset_steps: u64,
}

impl SampleGrid {
    /// A sample at every step, from step 0.
    pub const EVERY_STEP: SampleGrid = SampleGrid { interval_steps: 1, offset_steps: 0 };

    /// Number of samples at steps before `step`.
    pub fn samples_before(&self, step: u64) -> u64 {
        match step.checked_sub(self.offset_steps + 1) {
            Some(steps) => steps / self.interval_steps + 1,
            None => 0,
        }
    }

    /// Whether a sample is due at `step`.
    pub fn is_due(&self, step: u64) -> bool {
        step >= self.offset_steps && (step - self.offset_steps).is_multiple_of(self.interval_steps)
    }

    /// Number of samples in some windows at steps before `step`.
    pub fn samples_in(&self, windows: &Ranges, step: u64) -> u64 {
        let in_window = |window: std::ops::Range<u64>| {
            let before = |limit: u64| self.samples_before(limit.min(step));
            before(window.end) - before(window.start)
        };
        windows.iter().map(in_window).sum()
    }

    /// The step of a sample, counted from 0 over some windows; none if there are not so many.
    pub fn step_of(&self, windows: &Ranges, sample: u64) -> Option<u64> {
        let mut rest = sample;
        windows.iter().find_map(|window| {
            let first = self.samples_before(window.start);
            let n = self.samples_before(window.end) - first;
            if rest < n {
                return Some(self.offset_steps + (first + rest) * self.interval_steps);
            }
            rest -= n;
            None
        })
    }
}

impl Default for SampleGrid {
    fn default() -> Self {
        SampleGrid::EVERY_STEP
    }
}

/// How samples are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleType {
    /// Four bytes a sample.
    #[default]
    F32,
    /// Eight bytes a sample.
    F64,
}

impl SampleType {
    /// Bytes of one sample.
    pub fn bytes(self) -> usize {
        match self {
            SampleType::F32 => 4,
            SampleType::F64 => 8,
        }
    }
}

/// The device that made a recording.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its kind, as `spike_recorder`.
    pub kind: String,
    /// Whether it records what cells do, or what it does to them.
    #[serde(default)]
    pub direction: Direction,
}

impl Device {
    /// A device that records.
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Device { name: name.into(), kind: kind.into(), direction: Direction::Record }
    }
}

/// Where what a device records comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The cells.
    #[default]
    Record,
    /// The device itself, which stimulates them.
    Stimulate,
}

/// How the columns of all ranks become those of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// Each column is on one rank.
    #[default]
    Distinct,
    /// A column is the sum over ranks, times a factor. Samples are whole numbers, so that the sum
    /// does not depend on how they were shared among ranks.
    Sum {
        /// The factor.
        scale: f64,
    },
}

/// A recorded signal: one variable of many targets, sampled on one grid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Unique name, which becomes the group `/traces/<name>`.
    pub name: String,
    /// The variable, as `v` or `i_membrane`.
    pub variable: String,
    /// Its unit, as `mV` or `nA`.
    pub units: String,
    /// The steps at which it is sampled.
    pub grid: SampleGrid,
    /// How samples are stored.
    pub sample_type: SampleType,
    /// What [`Column::label`](crate::store::Column::label) counts: names of variables, synapses
    /// or contacts. Empty if each segment has one column.
    #[serde(default)]
    pub labels: Vec<String>,
    /// How columns of several ranks become one.
    #[serde(default)]
    pub combine: Combine,
    /// Who recorded it; a voltage recorder or multimeter of the signal's name if nothing is said.
    #[serde(default)]
    pub device: Option<Device>,
    /// What is recorded of: `cell`, `compartment`, `synapse`, `population`, ...; from the columns if
    /// nothing is said.
    #[serde(default)]
    pub recording_kind: Option<String>,
}

/// Records spikes of some cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpikeRecorder {
    /// Unique name and kind.
    pub device: Device,
    /// Gids of the cells whose spikes are recorded, so that one that is silent differs from one
    /// that is not recorded.
    pub roster: Ranges,
}

impl Signal {
    /// The device that recorded it.
    pub fn device(&self) -> Device {
        let kind = if self.variable == "v" { "voltage_recorder" } else { "multimeter" };
        self.device.clone().unwrap_or_else(|| Device::new(&self.name, kind))
    }

    /// Checks that the grid can be counted on.
    pub(crate) fn validate(&self) -> Result<()> {
        let SampleGrid { interval_steps, offset_steps } = self.grid;
        let key = format!("signals.{}.grid.interval_steps", self.name);
        check(interval_steps > 0, key, interval_steps, "at least 1 step")?;
        let key = format!("signals.{}.grid.offset_steps", self.name);
        check(offset_steps < u64::MAX, key, offset_steps, "a step of the run")
    }
}

/// A parameter with its value and unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Name, as `tau1`.
    pub name: String,
    /// Value in `units`.
    pub value: f64,
    /// Unit, as `ms`; empty if it is not known.
    #[serde(default)]
    pub units: String,
}

/// A projection: synapses of one kind from one population to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// Unique name and name of its dataset, `<pre>:<post>` in LFPy's files.
    pub name: String,
    /// The source population.
    pub pre: String,
    /// The target population.
    pub post: String,
    /// The synapse mechanism, as `Exp2Syn`.
    pub mechanism: String,
    /// The unit of the weights, which is the mechanism's: `uS` for conductances, `nA` for currents.
    pub weight_units: String,
    /// Parameters of the mechanism, the same for all synapses.
    pub parameters: Vec<Parameter>,
}

/// What was recorded since a run was resumed from a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// The step of the checkpoint.
    pub first_step: u64,
    /// Number of ranks that write parts.
    pub n_ranks: u32,
}

/// What a run directory holds, written by rank 0 before the first step and when
/// the run is resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout of the run directory; [`Manifest::FORMAT_VERSION`].
    pub format_version: u32,
    /// The run; every chunk has it.
    pub run_id: Uuid,
    /// Step of the clock in ms; time is a number of steps.
    pub dt_ms: f64,
    /// Seed of all random streams.
    pub seed: u64,
    /// Number of ranks that write parts; of the first leg, if there are more.
    pub n_ranks: u32,
    /// Where the run was resumed from a checkpoint, in the order in which it was. What earlier legs
    /// recorded from the first step of a later one on is superseded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<Leg>,
    /// Populations in order of creation.
    pub populations: Vec<Population>,
    /// Who records spikes; a chunk has every spike that one of them records.
    pub spike_recorders: Vec<SpikeRecorder>,
    /// Recorded signals; a part has columns for each, in this order.
    pub signals: Vec<Signal>,
    /// Projections whose synapses are saved; a part has a table for each, in this order.
    pub projections: Vec<Projection>,
    /// Anything else worth keeping: program version, command line, parameters.
    pub attributes: BTreeMap<String, String>,
}

impl Manifest {
    /// The version of the layout that this program reads and writes.
    ///
    /// Version 2 had no [legs](Self::legs), and is read too.
    pub const FORMAT_VERSION: u32 = 3;

    /// A manifest of a run with a new identifier, with nothing declared yet.
    pub fn new(dt_ms: f64, seed: u64, n_ranks: u32) -> Self {
        Self {
            format_version: Self::FORMAT_VERSION,
            run_id: Uuid::random(),
            dt_ms,
            seed,
            n_ranks,
            legs: Vec::new(),
            populations: Vec::new(),
            spike_recorders: Vec::new(),
            signals: Vec::new(),
            projections: Vec::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// The steps that each leg's recordings are valid for, the first one's first; the last one has no
    /// end yet.
    pub fn leg_steps(&self) -> Vec<Range<u64>> {
        let starts = std::iter::once(0).chain(self.legs.iter().map(|leg| leg.first_step));
        let starts: Vec<u64> = starts.collect();
        let end = |leg: usize| starts[leg + 1..].iter().copied().min().unwrap_or(u64::MAX);
        (0..starts.len()).map(|leg| starts[leg]..end(leg)).collect()
    }

    /// Number of ranks of a leg.
    pub fn ranks_of_leg(&self, leg: usize) -> u32 {
        match leg {
            0 => self.n_ranks,
            _ => self.legs.get(leg - 1).map_or(0, |leg| leg.n_ranks),
        }
    }

    /// Who records spikes: if nobody is declared, one device that records those of all cells.
    pub fn spike_devices(&self) -> Vec<SpikeRecorder> {
        if !self.spike_recorders.is_empty() || self.populations.is_empty() {
            return self.spike_recorders.clone();
        }
        let gids = self.populations.iter().map(|p| p.first_gid..p.first_gid + p.size);
        let device = Device::new("spikes", "spike_recorder");
        vec![SpikeRecorder { device, roster: gids.collect() }]
    }

    /// The population of a gid.
    pub fn population_of(&self, gid: u64) -> Option<(usize, &Population)> {
        // Populations are in order of their gids (checked by `validate`).
        let index = self.populations.partition_point(|p| p.first_gid + p.size <= gid);
        self.populations.get(index).filter(|p| p.contains(gid)).map(|p| (index, p))
    }

    /// The gids of all populations, as text for messages.
    pub(crate) fn describe_gids(&self) -> String {
        let ranges: Vec<String> = self
            .populations
            .iter()
            .map(|p| format!("{}..{} ({})", p.first_gid, p.first_gid + p.size, p.name))
            .collect();
        if ranges.is_empty() { "no gid at all".to_owned() } else { ranges.join(", ") }
    }

    /// Checks what later stages rely on: finite numbers, unique usable names, disjoint gids.
    ///
    /// # Errors
    /// [`Error::Declaration`] with the key of the first offender.
    pub fn validate(&self) -> Result<()> {
        check(
            (2..=Self::FORMAT_VERSION).contains(&self.format_version),
            "format_version",
            self.format_version,
            "2 or 3",
        )?;
        check(
            self.dt_ms.is_finite() && self.dt_ms > 0.0,
            "dt_ms",
            self.dt_ms,
            "a positive number of ms",
        )?;
        check(self.n_ranks > 0, "n_ranks", self.n_ranks, "at least 1")?;
        for leg in &self.legs {
            check(leg.n_ranks > 0, "legs.n_ranks", leg.n_ranks, "at least 1")?;
        }
        unique_names("populations", self.populations.iter().map(|p| &p.name))?;
        unique_names("spike_recorders", self.spike_recorders.iter().map(|r| &r.device.name))?;
        for SpikeRecorder { device, roster } in &self.spike_recorders {
            let key = format!("spike_recorders.{}.roster", device.name);
            check(roster.are_ordered(), &key, "disorder", "ranges that ascend and do not touch")?;
        }
        unique_names("signals", self.signals.iter().map(|s| &s.name))?;
        unique_names("projections", self.projections.iter().map(|p| &p.name))?;
        let mut next_gid = 0;
        for p in &self.populations {
            let key = format!("populations.{}", p.name);
            check(
                p.first_gid >= next_gid,
                format!("{key}.first_gid"),
                p.first_gid,
                "a gid after those of the population before",
            )?;
            let end = p.first_gid.checked_add(p.size).filter(|&end| end <= i64::MAX as u64);
            check(end.is_some(), format!("{key}.size"), p.size, "gids below 2^63")?;
            next_gid = end.unwrap_or(next_gid);
        }
        for signal in &self.signals {
            signal.validate()?;
        }
        for p in &self.projections {
            let key = format!("projections.{}.name", p.name);
            check(
                p.name != "synparams",
                key,
                &p.name,
                "another name: LFPy's layout keeps this one",
            )?;
            for (key, population) in [("pre", &p.pre), ("post", &p.post)] {
                let known = self.populations.iter().any(|q| q.name == *population);
                let key = format!("projections.{}.{key}", p.name);
                check(known, key, population, "the name of a population")?;
            }
            let parameters = format!("projections.{}.parameters", p.name);
            unique_names(&parameters, p.parameters.iter().map(|q| &q.name))?;
            for q in &p.parameters {
                let key = format!("{parameters}.{}", q.name);
                check(q.value.is_finite(), key, q.value, "a finite number")?;
                check(
                    q.name != "mechanism",
                    &parameters,
                    &q.name,
                    "another name: LFPy's layout keeps this one for the mechanism",
                )?;
            }
        }
        Ok(())
    }
}

fn check(
    holds: bool,
    key: impl Into<String>,
    found: impl ToString,
    expected: &'static str,
) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(Error::Declaration { key: key.into(), found: format!("`{}`", found.to_string()), expected })
}

/// Names become names of HDF5 objects, in which `/` separates groups and `.` is the group itself.
fn unique_names<'a>(key: &str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        let usable = !name.is_empty() && name != "." && !name.contains(['/', '\0']);
        check(usable, key, name, "a name that is not empty, not `.`, without `/`")?;
        check(seen.insert(name), key, name, "unique names, this one is there twice")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let mut manifest = Manifest::new(0.1, 1, 1);
        manifest.populations = vec![
            Population { name: "E".to_owned(), first_gid: 0, size: 4 },
            Population { name: "none".to_owned(), first_gid: 4, size: 0 },
            Population { name: "I".to_owned(), first_gid: 4, size: 1 },
        ];
        manifest
    }

    #[test]
    fn samples_are_counted_on_the_grid() {
        let grid = SampleGrid { interval_steps: 4, offset_steps: 3 };
        for step in 0..40 {
            let expected = (0..step).filter(|&s| grid.is_due(s)).count() as u64;
            assert_eq!(grid.samples_before(step), expected, "step {step}");
        }
        assert_eq!(SampleGrid::EVERY_STEP.samples_before(17), 17);
    }

    #[test]
    fn gids_find_their_population() {
        let manifest = manifest();
        manifest.validate().unwrap();
        let name = |gid| manifest.population_of(gid).map(|(_, p)| p.name.as_str());
        assert_eq!(name(0), Some("E"));
        assert_eq!(name(3), Some("E"));
        assert_eq!(name(4), Some("I"));
        assert_eq!(name(5), None);
    }

    #[test]
    fn nonsense_is_named_by_its_key() {
        let check = |change: fn(&mut Manifest), key: &str| {
            let mut manifest = manifest();
            change(&mut manifest);
            match manifest.validate() {
                Err(Error::Declaration { key: found, .. }) => assert_eq!(found, key),
                other => panic!("{key}: {other:?}"),
            }
        };
        check(|m| m.dt_ms = f64::NAN, "dt_ms");
        check(|m| m.n_ranks = 0, "n_ranks");
        check(|m| m.populations[1].name = "E".to_owned(), "populations");
        check(|m| m.populations[1].name = "a/b".to_owned(), "populations");
        check(|m| m.populations[1].first_gid = 3, "populations.none.first_gid");
        check(|m| m.populations[2].size = u64::MAX, "populations.I.size");
    }
}
