//! The elements of a report, and its file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use net_core::Gid;
use net_io::merge::{RunReader, SignalReader};
use net_io::provenance::Provenance;
use net_io::sonata::{Layout, ReportPopulation, ReportWriter};
use net_io::store::Column;
use net_sonata::cell::{CableCell, Cell};
use net_sonata::config::Compartments;
use net_sonata::{Circuit, Flavor};

use super::variables::{Factor, Variable};
use super::{Elements, Report, segments_of};
use crate::error::BoxError;
use crate::sonata::cells::CellTable;
use crate::sonata::reported::{GatheredSynapses, PlacedSynapse};

/// What the elements of reports are found from.
pub(in crate::sonata) struct Described<'a> {
    pub(in crate::sonata) circuit: &'a Circuit,
    pub(in crate::sonata) cells: &'a CellTable,
    pub(in crate::sonata) synapses: &'a GatheredSynapses<'a>,
}

/// An element: a weighted sum of columns of recordings.
struct Element {
    id: u32,
    position: f64,
    /// Source and target of a connection, as BMTK counts cells.
    ends: Option<[i64; 2]>,
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
}

/// What is in the file where nothing is recorded, as in a cell without the mechanism.
const NOTHING: f64 = 0.0;

/// Source of connections from virtual cells.
const VIRTUAL: i64 = -1;

/// Samples of recordings that are held in memory.
const BLOCK_SAMPLES: usize = 1 << 20;

impl Report {
    /// Number of recordings that it is made from.
    pub(in crate::sonata) fn n_recordings(&self) -> usize {
        self.variables.len()
    }

    /// Writes the file from what was recorded, block by block: all rows, or as many as there are of a
    /// run that was interrupted. `first` is the index of the report's first recording.
    pub(in crate::sonata) fn write(
        &self,
        (folder, flavor): (&Path, Flavor),
        from: &Described,
        (recorded, first): (&RunReader, usize),
        provenance: &Provenance,
    ) -> std::result::Result<(), BoxError> {
        let own = first..first + self.n_recordings();
        let signals = own.map(|at| recorded.signal(at)).collect::<net_io::Result<Vec<_>>>()?;
        let columns = Columns { signals: &signals };
        let n_rows = signals.iter().map(SignalReader::n_samples).min().unwrap_or(0);
        let n_rows = n_rows.min(self.n_rows);
        let (mut populations, mut elements_of) = (Vec::new(), Vec::new());
        let cells = from.cells;
        for population in cells.populations() {
            let mut part = ReportPopulation {
                name: population.name.clone(),
                node_ids: Vec::new(),
                index_pointers: vec![0],
                element_ids: Vec::new(),
                element_pos: Vec::new(),
                connections: Vec::new(),
            };
            let gids = population.first_gid..population.first_gid + population.nodes.len();
            let mut parts: Vec<Vec<Part>> = Vec::new();
            for &gid in self.gids.iter().filter(|gid| gids.contains(gid)) {
                let (cell, _) = cells.cell(gid)?;
                let Cell::Cable(cell) = &*cell else { continue };
                let elements = self.elements_of(from, gid, cell, &columns)?;
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
                    part.connections.extend(element.ends);
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
        let unit = match self.config.unit.as_str() {
            "" => self.variables.first().map_or("", Variable::unit),
            unit => unit,
        };
        let names = (variable, unit);
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

    /// The elements of a cell; the id of a segment's or a connection's is the index of its section.
    fn elements_of(
        &self,
        from: &Described,
        gid: Gid,
        cell: &CableCell,
        columns: &Columns,
    ) -> std::result::Result<Vec<Element>, BoxError> {
        let (cells, segments) = (from.cells, &cell.morphology.segments);
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
                let parts = all().map(|(_, part)| part).collect();
                vec![Element { id, position: 0.5, ends: None, parts }]
            }
            Elements::Segments(..) | Elements::Places(_) => {
                let mut on: BTreeMap<u32, Vec<Part>> = BTreeMap::new();
                all().for_each(|(column, part)| on.entry(column.segment).or_default().push(part));
                let element = |segment: u32| Element {
                    id: section(segment),
                    position: position(segment),
                    ends: None,
                    parts: on.get(&segment).cloned().unwrap_or_default(),
                };
                self.segments(cells, gid, cell)?.into_iter().map(element).collect()
            }
            Elements::Synapses(..) => {
                let element = |(column, part): (&Column, Part)| {
                    let mechanism = self.variables[part.recording as usize].mechanism();
                    let place = (gid, mechanism.unwrap_or_default(), column.segment);
                    let synapse = from.synapses.find(place, column.label as usize);
                    let more = || self.wrong(&format!("gid {gid} has more synapses"));
                    Ok(Element {
                        id: synapse.ok_or_else(more)?.id,
                        position: position(column.segment),
                        ends: None,
                        parts: vec![part],
                    })
                };
                all().map(element).collect::<std::result::Result<_, BoxError>>()?
            }
            Elements::Connections(sections) => {
                let place = |(column, part): (&Column, Part)| {
                    let mechanism = self.variables[part.recording as usize].mechanism();
                    ((mechanism, column.segment, column.label as usize), part)
                };
                let parts: BTreeMap<_, Part> = all().map(place).collect();
                let chosen = segments_of(cell, *sections, Compartments::All);
                let (population, node) = self.node(cells, gid)?;
                let population = cells.populations()[population].index;
                let target = (from.circuit.nodes()[population].first_gid() + node) as i64;
                let mut own = from.synapses.of_cell(gid);
                own.retain(|placed| {
                    let (name, segment) = (&placed.mechanism, &placed.segment);
                    self.mechanisms.contains(name) && chosen.binary_search(segment).is_ok()
                });
                let element = |placed: PlacedSynapse| {
                    let PlacedSynapse { mechanism, segment, nth, synapse } = placed;
                    let source = synapse.source.map_or(VIRTUAL, |source| source as i64);
                    Element {
                        id: section(segment),
                        position: position(segment),
                        ends: Some([source, target]),
                        // A mechanism without the variable has no part.
                        parts: parts
                            .get(&(Some(&*mechanism), segment, nth))
                            .copied()
                            .into_iter()
                            .collect(),
                    }
                };
                own.into_iter().map(element).collect()
            }
            Elements::Electrodes(weights) => {
                let (factors, n) = self.factors(weights, cells, gid)?;
                let element = |electrode: usize| Element {
                    id: electrode as u32,
                    position: 0.0,
                    ends: None,
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
}
