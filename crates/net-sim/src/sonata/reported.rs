//! Synapses that reports have one by one: which they are, in the order in which they are made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use net_core::Gid;

use crate::model::ListedCell;

/// A synapse of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reported {
    /// In Blue Brain's circuits its place among the edges of its target, in Allen's its number among
    /// the connections of its cell that are reported.
    pub(super) id: u32,
    /// Where its events come from, as BMTK counts cells; none for virtual ones.
    pub(super) source: Option<u64>,
}

/// In place of a source.
const NO_SOURCE: u64 = u64::MAX;

/// Synapses by cell, index of the mechanism and segment.
type Made = BTreeMap<(Gid, u32, u32), Vec<Reported>>;

/// The synapses of this rank's cells that are reported.
#[derive(Debug, Default)]
pub(super) struct ReportedSynapses {
    /// Mechanisms, with the cells whose synapses are reported.
    wanted: Vec<(String, BTreeSet<Gid>)>,
    made: Mutex<Made>,
}

impl ReportedSynapses {
    /// For the synapses of these mechanisms on these cells, report by report.
    pub(super) fn new<'a>(reports: impl Iterator<Item = (&'a str, &'a [Gid])>) -> Self {
        let mut wanted: BTreeMap<String, BTreeSet<Gid>> = BTreeMap::new();
        for (mechanism, gids) in reports {
            wanted.entry(mechanism.to_owned()).or_default().extend(gids);
        }
        ReportedSynapses { wanted: wanted.into_iter().collect(), made: Mutex::default() }
    }

    /// The index of a mechanism whose synapses are reported.
    fn mechanism(&self, name: &str) -> Option<u32> {
        self.wanted.iter().position(|(known, _)| known == name).map(|at| at as u32)
    }

    /// Whether the synapses of a mechanism on a cell are.
    pub(super) fn are_wanted(&self, gid: Gid, mechanism: &str) -> bool {
        let own = self.wanted.iter().find(|(known, _)| known == mechanism);
        own.is_some_and(|(_, gids)| gids.contains(&gid))
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets those of cells whose synapses are listed again.
    pub(super) fn forget(&self, cells: &[ListedCell]) {
        if !self.wanted.is_empty() {
            let is_listed = |gid: Gid| cells.binary_search_by_key(&gid, |cell| cell.gid).is_ok();
            self.made().retain(|(gid, ..), _| !is_listed(*gid));
        }
    }

    /// Notes a synapse that is made. Without an id it gets the number of those of its cell before.
    pub(super) fn add(
        &self,
        gid: Gid,
        (mechanism, segment): (&str, u32),
        id: Option<u32>,
        source: Option<u64>,
    ) {
        let Some(mechanism) = self.mechanism(mechanism) else { return };
        let mut made = self.made();
        let id = id.unwrap_or_else(|| {
            let before = made.range((gid, 0, 0)..(gid + 1, 0, 0));
            before.map(|(_, own)| own.len() as u32).sum()
        });
        made.entry((gid, mechanism, segment)).or_default().push(Reported { id, source });
    }

    /// All of this rank: gid, index of the mechanism, segment, id, source.
    pub(super) fn rows(&self) -> Vec<[u64; 5]> {
        let made = self.made();
        let rows = made.iter().flat_map(|((gid, mechanism, segment), own)| {
            own.iter().map(|synapse| {
                let Reported { id, source } = *synapse;
                let place = (u64::from(*mechanism), u64::from(*segment));
                [*gid, place.0, place.1, u64::from(id), source.unwrap_or(NO_SOURCE)]
            })
        });
        rows.collect()
    }

    /// Those of all ranks, from their rows.
    pub(super) fn gathered(&self, rows: Vec<Vec<[u64; 5]>>) -> GatheredSynapses<'_> {
        let mut made = Made::new();
        for own in rows {
            let mut of_rank = Made::new();
            for [gid, mechanism, segment, id, source] in own {
                let source = Some(source).filter(|source| *source != NO_SOURCE);
                let place = (gid, mechanism as u32, segment as u32);
                of_rank.entry(place).or_default().push(Reported { id: id as u32, source });
            }
            // What was listed on a rank to measure it is on another one too.
            for (place, own) in of_rank {
                made.entry(place).or_insert(own);
            }
        }
        GatheredSynapses { own: self, made }
    }
}

/// The synapses of all ranks that are reported.
pub(super) struct GatheredSynapses<'a> {
    own: &'a ReportedSynapses,
    made: Made,
}

/// A synapse of a cell, with the place by which its instance is found.
pub(super) struct PlacedSynapse {
    pub(super) mechanism: String,
    pub(super) segment: u32,
    /// Its number among the instances of the mechanism on the segment.
    pub(super) nth: usize,
    pub(super) synapse: Reported,
}

impl GatheredSynapses<'_> {
    /// The synapse of an instance of a mechanism on a segment of a cell.
    pub(super) fn find(
        &self,
        (gid, mechanism, segment): (Gid, &str, u32),
        nth: usize,
    ) -> Option<Reported> {
        let own = self.made.get(&(gid, self.own.mechanism(mechanism)?, segment))?;
        own.get(nth).copied()
    }

    /// The synapses of a cell by id.
    pub(super) fn of_cell(&self, gid: Gid) -> Vec<PlacedSynapse> {
        let made = self.made.range((gid, 0, 0)..(gid + 1, 0, 0));
        let mut all: Vec<PlacedSynapse> = made
            .flat_map(|((_, mechanism, segment), own)| {
                own.iter().enumerate().map(|(nth, synapse)| PlacedSynapse {
                    mechanism: self.own.wanted[*mechanism as usize].0.clone(),
                    segment: *segment,
                    nth,
                    synapse: *synapse,
                })
            })
            .collect();
        all.sort_by_key(|placed| placed.synapse.id);
        all
    }
}
