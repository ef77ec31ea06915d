//! The elements of a report, and its file.

use std::collections::BTreeMap;
use std::path::Path;

use net_core::Gid;
use net_io::provenance::Provenance;
use net_io::sonata::{Layout, ReportPopulation, write_report};
use net_sonata::Flavor;
use net_sonata::cell::{CableCell, Cell};

use super::variables::Factor;
use super::{Elements, Report};
use crate::error::BoxError;
use crate::run::Trace;
use crate::sonata::cells::CellTable;

/// Ids of synapses of all ranks, by gid, index of the mechanism and segment.
#[derive(Debug, Default)]
pub(in crate::sonata) struct ReportedIds {
    ids: BTreeMap<(Gid, u64, u64), Vec<u32>>,
}

impl ReportedIds {
    /// From rows of gid, index of the mechanism, segment and id.
    pub(in crate::sonata) fn new(rows: impl Iterator<Item = [u64; 4]>) -> Self {
        let mut ids: BTreeMap<_, Vec<u32>> = BTreeMap::new();
        for [gid, mechanism, segment, id] in rows {
            ids.entry((gid, mechanism, segment)).or_default().push(id as u32);
        }
        ReportedIds { ids }
    }
}

/// An element: a weighted sum of traces.
struct Element<'a> {
    id: u32,
    position: f64,
    parts: Vec<(f64, &'a Trace)>,
}

/// What is in the file where nothing is recorded, as in a cell without the mechanism.
const NOTHING: f64 = 0.0;

impl Report {
    /// Number of recordings that it is made from.
    pub(in crate::sonata) fn n_recordings(&self) -> usize {
        self.variables.len()
    }

    /// Writes the file from the samples of all ranks, sorted by recording, gid, segment and label.
    /// `first` is the index of the report's first recording; `ids` are those of the synapses of the
    /// report's mechanism, which has the index `mechanism` there.
    pub(in crate::sonata) fn write(
        &self,
        (folder, flavor): (&Path, Flavor),
        cells: &CellTable,
        (traces, first): (&[Trace], usize),
        (ids, mechanism): (&ReportedIds, Option<u32>),
        provenance: &Provenance,
    ) -> std::result::Result<(), BoxError> {
        let n_rows = traces.iter().map(|t| t.values.len()).min().unwrap_or(self.n_rows);
        let n_rows = n_rows.min(self.n_rows);
        let mut populations = Vec::new();
        for population in cells.populations() {
            let mut part = ReportPopulation {
                name: population.name.clone(),
                node_ids: Vec::new(),
                index_pointers: vec![0],
                element_ids: Vec::new(),
                element_pos: Vec::new(),
                data: Vec::new(),
            };
            let gids = population.first_gid..population.first_gid + population.nodes.len();
            let mut columns: Vec<Vec<(f64, &Trace)>> = Vec::new();
            for &gid in self.gids.iter().filter(|gid| gids.contains(gid)) {
                let (cell, _) = cells.cell(gid)?;
                let Cell::Cable(cell) = &*cell else { continue };
                let elements = self.elements_of(cells, gid, cell, (traces, first))?;
                let elements = match mechanism {
                    Some(mechanism) => self.with_ids(elements, gid, (ids, mechanism))?,
                    None => elements,
                };
                if elements.is_empty() {
                    continue;
                }
                for element in elements {
                    let id = match (flavor, &self.elements) {
                        (Flavor::Obi, Elements::Synapses(..) | Elements::Electrodes(_))
                        | (Flavor::Allen, _) => element.id,
                        (Flavor::Obi, _) => cell.section_ids()[element.id as usize],
                    };
                    part.element_ids.push(id);
                    part.element_pos.push(element.position);
                    columns.push(element.parts);
                }
                part.node_ids.extend(population.nodes.nth(gid - population.first_gid));
                part.index_pointers.push(part.element_ids.len() as u64);
            }
            if part.node_ids.is_empty() {
                continue;
            }
            for row in 0..n_rows {
                part.data.extend(columns.iter().map(|parts| {
                    let sample = |(factor, trace): &(f64, &Trace)| {
                        factor * self.sample(trace, row, (first, flavor))
                    };
                    parts.iter().map(sample).fold(NOTHING, |sum, sample| sum + sample)
                }));
            }
            populations.push(part);
        }
        let (layout, start) = match flavor {
            Flavor::Obi => (Layout::Obi, self.start_ms),
            Flavor::Allen => (Layout::Allen, self.config.start_time_ms),
        };
        let end = self.config.end_time_ms.min(start + self.n_rows as f64 * self.config.dt_ms);
        let time_ms = [start, end, self.config.dt_ms];
        let variable = self.config.variables.first().map_or("", String::as_str);
        let names = (variable, self.config.unit.as_str());
        let path = folder.join(&self.config.file_name);
        Ok(write_report(&path, &populations, time_ms, names, layout, provenance)?)
    }

    /// A sample. Neurodamus takes those of the start before the first currents are computed.
    fn sample(&self, trace: &Trace, row: usize, (first, flavor): (usize, Flavor)) -> f64 {
        let is_start = row == 0 && self.start_ms == 0.0 && flavor == Flavor::Obi;
        let variable = &self.variables[trace.recording - first];
        if is_start && variable.is_current { NOTHING } else { trace.values[row] }
    }

    /// The elements of a cell; the id of a segment's is the index of its section, that of a synapse
    /// its number on its segment.
    fn elements_of<'a>(
        &self,
        cells: &CellTable,
        gid: Gid,
        cell: &CableCell,
        (traces, first): (&'a [Trace], usize),
    ) -> std::result::Result<Vec<Element<'a>>, BoxError> {
        let own: Vec<&[Trace]> = (first..first + self.variables.len())
            .map(|recording| {
                let from = traces.partition_point(|t| (t.recording, t.gid) < (recording, gid));
                let to = traces.partition_point(|t| (t.recording, t.gid) <= (recording, gid));
                &traces[from..to]
            })
            .collect();
        let segments = &cell.morphology.segments;
        let all = || {
            self.variables.iter().zip(&own).flat_map(|(variable, own)| {
                own.iter().map(|trace| {
                    let factor = match variable.factor {
                        Factor::One => 1.0,
                        Factor::MinusOne => -1.0,
                        Factor::Area => segments.area_um2[trace.segment as usize] / 100.0,
                    };
                    (factor, trace)
                })
            })
        };
        let section = |segment: u32| segments.section[segment as usize];
        let position = |segment: u32| segments.x[segment as usize];
        Ok(match &self.elements {
            Elements::Cell => {
                let id = cell.morphology.section_index("soma[0]").unwrap_or(0) as u32;
                vec![Element { id, position: 0.5, parts: all().collect() }]
            }
            Elements::Segments(..) | Elements::Places(_) => {
                let mut on: BTreeMap<u32, Vec<(f64, &Trace)>> = BTreeMap::new();
                all().for_each(|part| on.entry(part.1.segment).or_default().push(part));
                let element = |segment: u32| Element {
                    id: section(segment),
                    position: position(segment),
                    parts: on.get(&segment).cloned().unwrap_or_default(),
                };
                self.segments(cells, gid, cell)?.into_iter().map(element).collect()
            }
            Elements::Synapses(..) => {
                let element = |(factor, trace): (f64, &'a Trace)| Element {
                    id: trace.label,
                    position: position(trace.segment),
                    parts: vec![(factor, trace)],
                };
                all().map(element).collect()
            }
            Elements::Electrodes(weights) => {
                let (population, node) = self.node(cells, gid)?;
                let (factors, n) = self.factors(weights, population, node)?;
                let element = |electrode: usize| Element {
                    id: electrode as u32,
                    position: 0.0,
                    parts: all()
                        .map(|(_, t)| (factors[t.segment as usize * n + electrode], t))
                        .collect(),
                };
                (0..n).map(element).collect()
            }
        })
    }

    /// Gives synapses their ids.
    fn with_ids<'a>(
        &self,
        elements: Vec<Element<'a>>,
        gid: Gid,
        (ids, mechanism): (&ReportedIds, u32),
    ) -> std::result::Result<Vec<Element<'a>>, BoxError> {
        let with_id = |element: Element<'a>| {
            let segment = element.parts[0].1.segment;
            let own = ids.ids.get(&(gid, u64::from(mechanism), u64::from(segment)));
            let id = own.and_then(|own| own.get(element.id as usize));
            let id = *id.ok_or_else(|| self.wrong(&format!("gid {gid} has more synapses")))?;
            Ok(Element { id, ..element })
        };
        elements.into_iter().map(with_id).collect()
    }
}
