//! The elements of a report, and its file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use net_core::Gid;
use net_io::merge::{RunReader, SignalReader};
use net_io::provenance::Provenance;
use net_io::sonata::{Layout, ReportPopulation, ReportWriter};
use net_io::store::Column;
use net_sonata::Flavor;
use net_sonata::cell::{CableCell, Cell};

use super::variables::Factor;
use super::{Elements, Report};
use crate::error::BoxError;
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

/// An element: a weighted sum of columns of recordings.
struct Element {
    id: u32,
    position: f64,
    parts: Vec<Part>,
}

/// A column that is added up with a factor.
#[derive(Clone, Copy)]
struct Part {
    factor: f64,
    /// Index of the recording, counted from the first of the report.
    recording: u32,
    row: u32,
}

/// The columns of the recordings that a report is made from.
struct Columns<'a> {
    signals: &'a [SignalReader],
}

impl Columns<'_> {
    /// The columns of a cell in a recording, and the row of the first.
    fn of(&self, recording: usize, gid: Gid) -> (usize, &[Column]) {
        let rows = self.signals[recording].rows_of(gid);
        (rows.start, &self.signals[recording].columns()[rows])
    }

    /// A column by its place.
    fn column(&self, part: &Part) -> Column {
        self.signals[part.recording as usize].columns()[part.row as usize]
    }
}

/// What is in the file where nothing is recorded, as in a cell without the mechanism.
const NOTHING: f64 = 0.0;

/// Samples of recordings that are held in memory.
const BLOCK_SAMPLES: usize = 1 << 20;

impl Report {
    /// Number of recordings that it is made from.
    pub(in crate::sonata) fn n_recordings(&self) -> usize {
        self.variables.len()
    }

    /// Writes the file from what was recorded, block by block: all rows, or as many as there are of a
    /// run that was interrupted. `first` is the index of the report's first recording; `ids` are
    /// those of the synapses of the report's mechanism, which has the index `mechanism` there.
    pub(in crate::sonata) fn write(
        &self,
        (folder, flavor): (&Path, Flavor),
        cells: &CellTable,
        (recorded, first): (&RunReader, usize),
        (ids, mechanism): (&ReportedIds, Option<u32>),
        provenance: &Provenance,
    ) -> std::result::Result<(), BoxError> {
        let own = first..first + self.n_recordings();
        let signals = own.map(|at| recorded.signal(at)).collect::<net_io::Result<Vec<_>>>()?;
        let columns = Columns { signals: &signals };
        let n_rows = signals.iter().map(SignalReader::n_samples).min().unwrap_or(0);
        let n_rows = n_rows.min(self.n_rows);
        let (mut populations, mut elements_of) = (Vec::new(), Vec::new());
        for population in cells.populations() {
            let mut part = ReportPopulation {
                name: population.name.clone(),
                node_ids: Vec::new(),
                index_pointers: vec![0],
                element_ids: Vec::new(),
                element_pos: Vec::new(),
            };
            let gids = population.first_gid..population.first_gid + population.nodes.len();
            let mut parts: Vec<Vec<Part>> = Vec::new();
            for &gid in self.gids.iter().filter(|gid| gids.contains(gid)) {
                let (cell, _) = cells.cell(gid)?;
                let Cell::Cable(cell) = &*cell else { continue };
                let elements = self.elements_of(cells, gid, cell, &columns)?;
                let elements = match mechanism {
                    Some(mechanism) => self.with_ids(elements, gid, &columns, (ids, mechanism))?,
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
                    parts.push(element.parts);
                }
                part.node_ids.extend(population.nodes.nth(gid - population.first_gid));
                part.index_pointers.push(part.element_ids.len() as u64);
            }
            if !part.node_ids.is_empty() {
                populations.push(part);
                elements_of.push(parts);
            }
        }
        let (layout, start) = match flavor {
            Flavor::Obi => (Layout::Obi, self.start_ms),
            Flavor::Allen => (Layout::Allen, self.config.start_time_ms),
        };
        let end = self.config.end_time_ms.min(start + n_rows as f64 * self.config.dt_ms);
        let time_ms = [start, end, self.config.dt_ms];
        let variable = self.config.variables.first().map_or("", String::as_str);
        let names = (variable, self.config.unit.as_str());
        let path = folder.join(&self.config.file_name);
        let shape = (&populations[..], n_rows);
        let file = ReportWriter::create(&path, shape, time_ms, names, layout, provenance)?;
        for (population, parts) in elements_of.iter().enumerate() {
            self.write_rows(&file, (population, parts), &signals, (n_rows, flavor))?;
        }
        Ok(file.seal()?)
    }

    /// Writes all rows of a population, whose elements are sums of these parts.
    fn write_rows(
        &self,
        file: &ReportWriter,
        (population, elements): (usize, &[Vec<Part>]),
        signals: &[SignalReader],
        (n_rows, flavor): (usize, Flavor),
    ) -> net_io::Result<()> {
        // The rows of each recording that the elements need, from the first to the last.
        let mut needed: Vec<Range<usize>> = vec![0..0; signals.len()];
        for part in elements.iter().flatten() {
            let (rows, row) = (&mut needed[part.recording as usize], part.row as usize);
            let start = if rows.end == 0 { row } else { rows.start.min(row) };
            *rows = start..rows.end.max(row + 1);
        }
        let n_columns: usize = needed.iter().map(|rows| rows.len()).sum();
        let n_block = (BLOCK_SAMPLES / n_columns.max(elements.len()).max(1)).max(1);
        for from in (0..n_rows).step_by(n_block) {
            let samples = from..(from + n_block).min(n_rows);
            let read = |(signal, rows): (&SignalReader, &Range<usize>)| match rows.is_empty() {
                true => Ok(Vec::new()),
                false => signal.read::<f64>(rows.clone(), samples.clone()),
            };
            let tiles: Vec<Vec<f64>> =
                signals.iter().zip(&needed).map(read).collect::<net_io::Result<_>>()?;
            let mut values = Vec::with_capacity(samples.len() * elements.len());
            for row in samples.clone() {
                // Neurodamus takes samples of the start before the first currents are computed.
                let is_start = row == 0 && self.start_ms == 0.0 && flavor == Flavor::Obi;
                let sample = |part: &Part| {
                    let recording = part.recording as usize;
                    let at = (part.row as usize - needed[recording].start) * samples.len();
                    let is_nothing = is_start && self.variables[recording].is_current;
                    let sample =
                        if is_nothing { NOTHING } else { tiles[recording][at + row - from] };
                    part.factor * sample
                };
                let sum =
                    |parts: &Vec<Part>| parts.iter().map(sample).fold(NOTHING, |sum, x| sum + x);
                values.extend(elements.iter().map(sum));
            }
            file.write_rows(population, from, &values)?;
        }
        Ok(())
    }

    /// The elements of a cell; the id of a segment's is the index of its section, that of a synapse
    /// its number on its segment.
    fn elements_of(
        &self,
        cells: &CellTable,
        gid: Gid,
        cell: &CableCell,
        columns: &Columns,
    ) -> std::result::Result<Vec<Element>, BoxError> {
        let segments = &cell.morphology.segments;
        let all = || {
            self.variables.iter().enumerate().flat_map(move |(recording, variable)| {
                let (first, own) = columns.of(recording, gid);
                own.iter().enumerate().map(move |(at, column)| {
                    let factor = match variable.factor {
                        Factor::One => 1.0,
                        Factor::MinusOne => -1.0,
                        Factor::Area => segments.area_um2[column.segment as usize] / 100.0,
                    };
                    let (recording, row) = (recording as u32, (first + at) as u32);
                    (column, Part { factor, recording, row })
                })
            })
        };
        let section = |segment: u32| segments.section[segment as usize];
        let position = |segment: u32| segments.x[segment as usize];
        Ok(match &self.elements {
            Elements::Cell => {
                let id = cell.morphology.section_index("soma[0]").unwrap_or(0) as u32;
                vec![Element { id, position: 0.5, parts: all().map(|(_, part)| part).collect() }]
            }
            Elements::Segments(..) | Elements::Places(_) => {
                let mut on: BTreeMap<u32, Vec<Part>> = BTreeMap::new();
                all().for_each(|(column, part)| on.entry(column.segment).or_default().push(part));
                let element = |segment: u32| Element {
                    id: section(segment),
                    position: position(segment),
                    parts: on.get(&segment).cloned().unwrap_or_default(),
                };
                self.segments(cells, gid, cell)?.into_iter().map(element).collect()
            }
            Elements::Synapses(..) => {
                let element = |(column, part): (&Column, Part)| Element {
                    id: column.label,
                    position: position(column.segment),
                    parts: vec![part],
                };
                all().map(element).collect()
            }
            Elements::Electrodes(weights) => {
                let (factors, n) = self.factors(weights, cells, gid)?;
                let element = |electrode: usize| Element {
                    id: electrode as u32,
                    position: 0.0,
                    parts: all()
                        .map(|(column, part)| {
                            let factor = factors[column.segment as usize * n + electrode];
                            Part { factor, ..part }
                        })
                        .collect(),
                };
                (0..n).map(element).collect()
            }
        })
    }

    /// Gives synapses their ids.
    fn with_ids(
        &self,
        elements: Vec<Element>,
        gid: Gid,
        columns: &Columns,
        (ids, mechanism): (&ReportedIds, u32),
    ) -> std::result::Result<Vec<Element>, BoxError> {
        let with_id = |element: Element| {
            let segment = columns.column(&element.parts[0]).segment;
            let own = ids.ids.get(&(gid, u64::from(mechanism), u64::from(segment)));
            let id = own.and_then(|own| own.get(element.id as usize));
            let id = *id.ok_or_else(|| self.wrong(&format!("gid {gid} has more synapses")))?;
            Ok(Element { id, ..element })
        };
        elements.into_iter().map(with_id).collect()
    }
}
