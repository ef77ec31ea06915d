//! Spike trains to replay.

use std::path::Path;

use net_io::sonata::{SpikeTable, read_nwb_spikes, read_spikes};

use crate::config::WaveformFormat;
use crate::finding::{Error, Problem, Report, Result};

/// Spike trains of one population: for each node that has spikes, its times, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeTrains {
    /// The population; `None` in old files that do not name it.
    pub population: Option<String>,
    node_ids: Vec<u64>,
    starts: Vec<usize>,
    times_ms: Vec<f64>,
}

impl SpikeTrains {
    /// Reads the spikes of a file, of either layout of HDF5, BMTK's CSV, or a trial of an NWB file,
    /// which must be named if there are several.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Invalid`] for text that is no table of spikes.
    pub fn load(path: &Path, format: WaveformFormat, trial: Option<&str>) -> Result<Vec<Self>> {
        let tables = match format {
            WaveformFormat::H5 => read_spikes(path)?,
            WaveformFormat::Csv => read_csv(path).map_err(Error::Invalid)?,
            WaveformFormat::Nwb => vec![read_nwb_spikes(path, trial)?],
        };
        Ok(tables.into_iter().map(Self::sort).collect())
    }

    /// Nodes that have spikes, ascending.
    pub fn node_ids(&self) -> &[u64] {
        &self.node_ids
    }

    /// Number of spikes.
    pub fn n_spikes(&self) -> usize {
        self.times_ms.len()
    }

    /// The times of a node, in ms, ascending; empty if it has none.
    pub fn times_ms(&self, node_id: u64) -> &[f64] {
        match self.node_ids.binary_search(&node_id) {
            Ok(index) => &self.times_ms[self.starts[index]..self.starts[index + 1]],
            Err(_) => &[],
        }
    }

    fn sort(table: SpikeTable) -> Self {
        let mut spikes: Vec<(u64, f64)> =
            table.node_ids.into_iter().zip(table.timestamps_ms).collect();
        spikes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (mut node_ids, mut starts) = (Vec::new(), Vec::new());
        for (index, (node, _)) in spikes.iter().enumerate() {
            if node_ids.last() != Some(node) {
                node_ids.push(*node);
                starts.push(index);
            }
        }
        starts.push(spikes.len());
        let times_ms = spikes.into_iter().map(|(_, time)| time).collect();
        Self { population: table.population, node_ids, starts, times_ms }
    }
}

/// Columns `timestamps`, `node_ids` (or `gids`) and, perhaps, `population`, separated by spaces.
fn read_csv(path: &Path) -> std::result::Result<Vec<SpikeTable>, Report> {
    let mut report = Report::default();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            report.error(path, "", Problem::Unreadable(error.to_string()));
            return Err(report);
        }
    };
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> =
        lines.next().map(|(_, line)| line.split_whitespace().collect()).unwrap_or_default();
    let column = |name: &str| header.iter().position(|column| *column == name);
    let (time, node) = (column("timestamps"), column("node_ids").or_else(|| column("gids")));
    let (Some(time), Some(node)) = (time, node) else {
        let found = format!("columns {}", header.join(", "));
        let expected = "timestamps and node_ids, separated by spaces".to_owned();
        report.error(path, "line 1", Problem::Value { found, expected });
        return Err(report);
    };
    let population = column("population");
    let mut tables: Vec<SpikeTable> = Vec::new();
    for (index, line) in lines {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let time_ms = field(time).parse::<f64>().ok().filter(|time_ms| time_ms.is_finite());
        let (Some(time_ms), Ok(node_id)) = (time_ms, field(node).parse::<u64>()) else {
            let expected = "a finite time in ms and a node id".to_owned();
            let problem = Problem::Value { found: format!("{line:?}"), expected };
            report.error(path, format!("line {}", index + 1), problem);
            continue;
        };
        let name = population.map(|at| field(at).to_owned());
        let table = match tables.iter_mut().find(|table| table.population == name) {
            Some(table) => table,
            None => {
                let (node_ids, timestamps_ms) = (Vec::new(), Vec::new());
                tables.push(SpikeTable { population: name, node_ids, timestamps_ms });
                let last = tables.len() - 1;
                &mut tables[last]
            }
        };
        table.node_ids.push(node_id);
        table.timestamps_ms.push(time_ms);
    }
    if report.is_ok() { Ok(tables) } else { Err(report) }
}
