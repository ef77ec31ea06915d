//! The manifest of a run: what was simulated and what is recorded, known to all ranks.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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
}

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleType {
    /// Four bytes a sample.
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

/// A recorded signal: one variable of many targets, sampled on one grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

impl Signal {
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

/// What a run directory holds, written once by rank 0 before the first step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout of the run directory; [`Manifest::FORMAT_VERSION`].
    pub format_version: u32,
    /// Step of the clock in ms; time is a number of steps.
    pub dt_ms: f64,
    /// Seed of all random streams.
    pub seed: u64,
    /// Number of ranks that write parts.
    pub n_ranks: u32,
    /// Populations in order of creation.
    pub populations: Vec<Population>,
    /// Recorded signals; a part has columns for each, in this order.
    pub signals: Vec<Signal>,
    /// Projections whose synapses are saved; a part has a table for each, in this order.
    pub projections: Vec<Projection>,
    /// Anything else worth keeping: program version, command line, parameters.
    pub attributes: BTreeMap<String, String>,
}

impl Manifest {
    /// The version of the layout that this program reads and writes.
    pub const FORMAT_VERSION: u32 = 1;

    /// A manifest of a run with nothing declared yet.
    pub fn new(dt_ms: f64, seed: u64, n_ranks: u32) -> Self {
        Self {
            format_version: Self::FORMAT_VERSION,
            dt_ms,
            seed,
            n_ranks,
            populations: Vec::new(),
            signals: Vec::new(),
            projections: Vec::new(),
            attributes: BTreeMap::new(),
        }
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
            self.format_version == Self::FORMAT_VERSION,
            "format_version",
            self.format_version,
            "1",
        )?;
        check(
            self.dt_ms.is_finite() && self.dt_ms > 0.0,
            "dt_ms",
            self.dt_ms,
            "a positive number of ms",
        )?;
        check(self.n_ranks > 0, "n_ranks", self.n_ranks, "at least 1")?;
        unique_names("populations", self.populations.iter().map(|p| &p.name))?;
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
