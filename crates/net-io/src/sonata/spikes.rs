//! Spike trains of a file, of any layout in use.

use std::path::{Path, PathBuf};

use hdf5::Group;

use super::column::ColumnReader;
use super::{is_group, members};
use crate::error::{Error, Result};
use crate::h5;

/// The spikes of one population, in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeTable {
    /// Population; `None` in the old layout that does not name it (`/spikes/gids`).
    pub population: Option<String>,
    /// Node of each spike, in its population.
    pub node_ids: Vec<u64>,
    /// Times, in ms.
    pub timestamps_ms: Vec<f64>,
}

/// Reads all spikes of an HDF5 file: `/spikes/<population>/{node_ids, timestamps}`, or the old
/// `/spikes/{gids, timestamps}`.
///
/// # Errors
/// [`Error::MissingObject`], [`Error::WrongType`] where lengths differ or times are not in ms,
/// [`Error::BadValue`] for negative nodes and times that are not numbers.
pub fn read_spikes(path: &Path) -> Result<Vec<SpikeTable>> {
    let file = h5::open(path)?;
    let spikes = h5::group(path, &file, "spikes", "a group with one group a population")?;
    let mut tables = Vec::new();
    for name in members(path, &spikes)? {
        if is_group(&spikes, &name) {
            let group = h5::group(path, &spikes, &name, "spikes of a population")?;
            tables.push(read_table(path, &group, "node_ids", Some(name))?);
        }
    }
    if h5::link_exists(&spikes, "timestamps") {
        let ids = if h5::link_exists(&spikes, "gids") { "gids" } else { "node_ids" };
        tables.push(read_table(path, &spikes, ids, None)?);
    }
    Ok(tables)
}

/// Reads the spikes of a trial of an NWB file (version 1 of the format, as BMTK reads it):
/// `/processing/<trial>/spike_train/<node>/data`, in ms. Without a name the file must have one trial.
///
/// # Errors
/// [`Error::MissingObject`], [`Error::WrongType`], [`Error::BadValue`] for several trials, for names of
/// groups that are no nodes, and for times that are not numbers.
pub fn read_nwb_spikes(path: &Path, trial: Option<&str>) -> Result<SpikeTable> {
    let file = h5::open(path)?;
    let trials = h5::group(path, &file, "processing", "a group with one group a trial")?;
    let bad = |object: String, column: &str, found: String, expected: &str| Error::BadValue {
        path: PathBuf::from(path),
        object,
        row: 0,
        column: column.into(),
        found,
        expected: expected.to_owned(),
    };
    let trial = match (trial, &members(path, &trials)?[..]) {
        (Some(trial), _) => trial.to_owned(),
        (None, [only]) => only.clone(),
        (None, all) => {
            let expected = "one trial, or the key `trial`, which names one";
            return Err(bad(trials.name(), "trial", all.join(", "), expected));
        }
    };
    let trial = h5::group(path, &trials, &trial, "the trial")?;
    let trains = h5::group(path, &trial, "spike_train", "a group with one group a node")?;
    let mut table =
        SpikeTable { population: None, node_ids: Vec::new(), timestamps_ms: Vec::new() };
    for name in members(path, &trains)? {
        let Ok(node) = name.parse::<u64>() else {
            return Err(bad(trains.name(), "node", name, "names of groups that are node ids"));
        };
        let group = h5::group(path, &trains, &name, "spikes of a node")?;
        let times_ms = h5::numbers::<f64>(path, &group, "data")?;
        if let Some(time) = times_ms.iter().find(|time| !time.is_finite()) {
            return Err(bad(group.name(), "data", time.to_string(), "finite times in ms"));
        }
        table.node_ids.extend(std::iter::repeat_n(node, times_ms.len()));
        table.timestamps_ms.extend(times_ms);
    }
    Ok(table)
}

fn read_table(
    path: &Path,
    group: &Group,
    ids: &str,
    population: Option<String>,
) -> Result<SpikeTable> {
    let ids = ColumnReader::open(path, group, ids)?;
    let times = ColumnReader::open(path, group, "timestamps")?;
    let wrong = |object: &str, found: String, expected: &str| Error::WrongType {
        path: PathBuf::from(path),
        object: object.to_owned(),
        found,
        expected: expected.to_owned(),
    };
    if ids.len() != times.len() {
        let expected = format!("{} rows, as many as `{}`", ids.len(), ids.object());
        return Err(wrong(times.object(), format!("{} rows", times.len()), &expected));
    }
    let at = h5::dataset(path, group, "timestamps", "times of spikes")?;
    if let Some(units) = h5::text_attribute(path, &at, "units")?
        && units != "ms"
    {
        return Err(wrong(times.object(), format!("in {units}"), "in ms"));
    }
    let rows = 0..ids.len();
    let rows = std::slice::from_ref(&rows);
    let bad = |object: &str, row: usize, found: String, expected: &str| Error::BadValue {
        path: PathBuf::from(path),
        object: object.to_owned(),
        row: row as u64,
        column: "spike".into(),
        found,
        expected: expected.to_owned(),
    };
    let node_ids = ids
        .integers(rows)?
        .into_iter()
        .enumerate()
        .map(|(row, id)| {
            u64::try_from(id)
                .map_err(|_| bad(ids.object(), row, id.to_string(), "a node id, 0 or more"))
        })
        .collect::<Result<_>>()?;
    let timestamps_ms = times.numbers(rows)?;
    if let Some(row) = timestamps_ms.iter().position(|time| !time.is_finite()) {
        let found = timestamps_ms[row].to_string();
        return Err(bad(times.object(), row, found, "a finite time in ms"));
    }
    Ok(SpikeTable { population, node_ids, timestamps_ms })
}
