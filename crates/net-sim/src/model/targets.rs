//! Which cells something is done with, and where on them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use net_cell::{CellTemplate, morphology::SectionKind};
use net_core::{Gid, Network, Purpose, StreamFamily};
use net_io::store::{Place, Ranges};
use serde::{Deserialize, Serialize};

use super::{require_gid, require_population};
use crate::error::{BoxError, Error, Result, bad_value};

/// Cells of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Targets {
    /// All.
    All,
    /// Those of a population.
    Population(String),
    /// The first of every population, as many as there are up to this number.
    FirstOfEach(u64),
    /// Every `step`-th of a population's cells `start..stop`, counted from 0 in the population.
    Slice {
        /// The population.
        population: String,
        /// The first cell.
        start: u64,
        /// The cell after the last one.
        stop: u64,
        /// From cell to cell, at least 1.
        step: u64,
    },
    /// A random part of a population, rounded to whole cells; the same from any number of ranks.
    Fraction {
        /// The population.
        population: String,
        /// The part, 0 to 1.
        fraction: f64,
        /// Another seed gives another choice.
        seed: u64,
    },
    /// Those of a group of the model ([`Model::with_group`](crate::Model::with_group)).
    Group(String),
    /// These.
    Gids(Vec<Gid>),
}

/// Segments of a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Segments {
    /// The middle of the soma; segment 0 of cells without one.
    Soma,
    /// All.
    All,
    /// These, in every cell of the recording.
    Indices(Vec<u32>),
    /// Those of a section, by its name.
    Section(String),
    /// Those that contain these places: sections by name, and fractions of their lengths, 0 to 1.
    Locations(Vec<(String, f64)>),
    /// What is said of each cell, by the rank that has it.
    PerCell(SegmentChoice),
}

/// What chooses segments of a cell.
type Chooser = dyn Fn(Gid) -> std::result::Result<Vec<u32>, BoxError> + Send + Sync;

/// A choice of segments, cell by cell, that is made where the cell is.
#[derive(Clone)]
pub struct SegmentChoice(Arc<Chooser>);

impl SegmentChoice {
    /// Of a function that gives the segments of a gid, each once.
    pub fn new(
        choose: impl Fn(Gid) -> std::result::Result<Vec<u32>, BoxError> + Send + Sync + 'static,
    ) -> Self {
        SegmentChoice(Arc::new(choose))
    }
}

impl fmt::Debug for SegmentChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SegmentChoice")
    }
}

/// Choices are equal if they are the same.
impl PartialEq for SegmentChoice {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Groups of a model, by name.
pub(crate) type Groups = BTreeMap<String, Targets>;

impl Targets {
    /// Checks that what they name is there.
    pub(super) fn validate(
        &self,
        network: &Network,
        groups: &Groups,
        user: impl Fn() -> String,
    ) -> Result<()> {
        match self {
            Targets::All | Targets::FirstOfEach(_) => Ok(()),
            Targets::Population(name) => require_population(network, user, name),
            Targets::Slice { population, start, stop, step } => {
                require_population(network, &user, population)?;
                let size = network.population(network.find_population(population)?).size();
                if *step == 0 || stop < start || size < *stop {
                    let found = format!("{start}..{stop}, every {step}");
                    let key = format!("{}: slice of '{population}' ({size} cells)", user());
                    return Err(bad_value(key, found, "start <= stop <= cells, every 1 or more"));
                }
                Ok(())
            }
            Targets::Fraction { population, fraction, .. } => {
                require_population(network, &user, population)?;
                match (0.0..=1.0).contains(fraction) {
                    true => Ok(()),
                    false => Err(bad_value(format!("{}: fraction", user()), fraction, "0 to 1")),
                }
            }
            Targets::Gids(gids) => {
                gids.iter().try_for_each(|&gid| require_gid(network, &user, gid))
            }
            Targets::Group(name) => match groups.get(name) {
                Some(Targets::Group(_)) | None => Err(Error::UnknownGroup {
                    user: user(),
                    group: name.clone(),
                    known: groups.keys().cloned().collect::<Vec<_>>().join(", "),
                }),
                Some(targets) => targets.validate(network, groups, user),
            },
        }
    }

    /// The gids, which are known to exist.
    pub(crate) fn gids(&self, network: &Network, groups: &Groups) -> Result<Ranges> {
        let of =
            |name: &str| -> Result<_> { Ok(network.population(network.find_population(name)?)) };
        let first = |population: &net_core::Population, n: u64| {
            population.first_gid()..population.first_gid() + n.min(population.size())
        };
        Ok(match self {
            Targets::All => (0..network.n_cells()).into(),
            Targets::Population(name) => of(name)?.gids().into(),
            Targets::FirstOfEach(n) => {
                network.populations().iter().map(|population| first(population, *n)).collect()
            }
            Targets::Slice { population, start, stop, step } => {
                let from = of(population)?.first_gid();
                match step {
                    1 => (from + start..from + stop).into(),
                    _ => one_by_one((*start..*stop).step_by(*step as usize).map(|at| from + at)),
                }
            }
            Targets::Fraction { population, fraction, seed } => {
                let population = of(population)?;
                let n = (fraction * population.size() as f64).round() as usize;
                let streams = StreamFamily::new(*seed, Purpose::Selection, 0);
                let draw = |gid: Gid| (streams.stream([gid, 0]).uniform(), gid);
                let mut drawn: Vec<(f64, Gid)> = population.gids().map(draw).collect();
                drawn
                    .sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
                let mut gids: Vec<Gid> = drawn[..n].iter().map(|&(_, gid)| gid).collect();
                gids.sort_unstable();
                one_by_one(gids.into_iter())
            }
            Targets::Gids(gids) => {
                let mut gids = gids.clone();
                gids.sort_unstable();
                one_by_one(gids.into_iter())
            }
            Targets::Group(name) => match groups.get(name) {
                Some(targets) => targets.gids(network, groups)?,
                None => Ranges::default(),
            },
        })
    }
}

fn one_by_one(gids: impl Iterator<Item = Gid>) -> Ranges {
    gids.map(|gid| gid..gid + 1).collect()
}

impl Segments {
    pub(super) fn validate(&self, user: impl Fn() -> String) -> Result<()> {
        match self {
            Segments::Indices(list) => {
                let mut seen = std::collections::BTreeSet::new();
                match list.iter().find(|&&segment| !seen.insert(segment)) {
                    Some(twice) => {
                        Err(bad_value(format!("{}: segment", user()), twice, "each segment once"))
                    }
                    None => Ok(()),
                }
            }
            Segments::Locations(list) => {
                match list.iter().find(|(_, x)| !(0.0..=1.0).contains(x)) {
                    Some((section, x)) => {
                        Err(bad_value(format!("{}: x in '{section}'", user()), x, "0 to 1"))
                    }
                    None => Ok(()),
                }
            }
            Segments::Soma | Segments::All | Segments::Section(_) | Segments::PerCell(_) => Ok(()),
        }
    }

    /// The segments of a cell, each once, in ascending order unless they are listed.
    pub(crate) fn of(
        &self,
        cell: &CellTemplate,
        gid: Gid,
        user: impl Fn() -> String,
    ) -> Result<Vec<u32>> {
        let morphology = cell.morphology();
        let section = |name: &str| {
            let found = morphology.sections.iter().position(|section| section.name == name);
            found.ok_or_else(|| Error::NoSuchSection {
                user: user(),
                gid,
                section: name.to_owned(),
                known: first_names(morphology.sections.iter().map(|s| s.name.as_str())),
            })
        };
        Ok(match self {
            Segments::All if cell.is_artificial() => vec![0],
            Segments::Soma => vec![soma_segment(cell)],
            Segments::All => (0..cell.n_segments() as u32).collect(),
            Segments::Indices(list) => list.clone(),
            Segments::Section(name) => {
                let section = &morphology.sections[section(name)?];
                let first = section.first_segment as u32;
                (first..first + section.n_segments as u32).collect()
            }
            Segments::Locations(list) => {
                let mut segments = Vec::with_capacity(list.len());
                for (name, x) in list {
                    let segment = morphology.segment_at(section(name)?, *x) as u32;
                    if !segments.contains(&segment) {
                        segments.push(segment);
                    }
                }
                segments
            }
            Segments::PerCell(choice) => {
                let list = (choice.0)(gid).map_err(|source| Error::Listed { source })?;
                let n_segments = cell.n_segments() as u32;
                match list.iter().find(|segment| **segment >= n_segments) {
                    Some(segment) => {
                        let expected = "a segment of the cell";
                        return Err(bad_value(format!("{}: segment", user()), segment, expected));
                    }
                    None => list,
                }
            }
        })
    }
}

/// Where a segment is in its cell; the branch is the section, the point the segment in it.
pub(crate) fn place_of(cell: &CellTemplate, segment: u32) -> Option<Place> {
    let morphology = cell.morphology();
    let &branch = morphology.segments.section.get(segment as usize)?;
    let section = morphology.sections.get(branch as usize)?;
    Some(Place {
        section: section.name.clone(),
        arc: morphology.segments.x[segment as usize],
        branch,
        point: segment - section.first_segment as u32,
    })
}

/// The segment in the middle of the soma; 0 where there is none.
fn soma_segment(cell: &CellTemplate) -> u32 {
    let morphology = cell.morphology();
    let soma = morphology.sections.iter().position(|s| s.kind == SectionKind::Soma);
    soma.map_or(0, |section| morphology.segment_at(section, 0.5)) as u32
}

/// Names for a message, not all of many.
fn first_names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let mut shown: Vec<&str> = names.take(SHOWN).collect();
    if more > 0 {
        shown.push("...");
    }
    shown.join(", ")
}
