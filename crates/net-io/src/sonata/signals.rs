//! Signals of files that inputs play: the samples of a report, currents in HDF5, sweeps of NWB files.

use std::path::Path;

use ndarray::s;

use super::column::ColumnReader;
use crate::error::{Error, Result};
use crate::h5;

/// Samples at equal intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Interval in ms.
    pub interval_ms: f64,
    /// Values, in the unit of the file.
    pub values: Vec<f64>,
}

/// The first element of every node of a report of `population`: node ids, and their samples.
///
/// # Errors
/// [`Error::MissingObject`], [`Error::WrongType`], [`Error::BadValue`] for an index that does not fit.
pub fn read_first_elements(path: &Path, population: &str) -> Result<Vec<(u64, Signal)>> {
    let file = h5::open(path)?;
    let report = h5::group(path, &file, "report", "a group with one group a population")?;
    let group = h5::group(path, &report, population, "a report of the population")?;
    let mapping = h5::group(path, &group, "mapping", "what the columns are")?;
    let column = |name: &str| {
        let column = ColumnReader::open(path, &mapping, name)?;
        let all = 0..column.len();
        column.numbers(std::slice::from_ref(&all))
    };
    let nodes = column("node_ids")?;
    // Blue Brain and the Allen Institute have different names.
    let pointers = if h5::link_exists(&mapping, "index_pointers") {
        column("index_pointers")?
    } else {
        column("index_pointer")?
    };
    let time = column("time")?;
    let data = h5::dataset(path, &group, "data", "samples by row, elements by column")?;
    h5::check_numbers::<f64>(path, &data, 2)?;
    let bad = |what: &str, found: String, expected: String| Error::BadValue {
        path: path.to_owned(),
        object: format!("{}/{what}", mapping.name()),
        row: 0,
        column: what.into(),
        found,
        expected,
    };
    let interval_ms = time.get(2).copied().unwrap_or(f64::NAN);
    if !(interval_ms.is_finite() && interval_ms > 0.0) {
        let expected = "start, stop and interval in ms".to_owned();
        return Err(bad("time", format!("{time:?}"), expected));
    }
    let n_columns = data.shape()[1];
    let mut signals = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let first = pointers.get(at).copied().unwrap_or(f64::NAN);
        if !(0.0..n_columns as f64).contains(&first) {
            let expected = format!("a column for each node, 0 to {n_columns}");
            return Err(bad("index_pointers", first.to_string(), expected));
        }
        let values = data
            .read_slice_1d::<f64, _>(s![.., first as usize])
            .map_err(|e| Error::hdf5(path, data.name(), "read", e))?;
        signals.push((*node as u64, Signal { interval_ms, values: values.to_vec() }));
    }
    Ok(signals)
}

/// Currents of a file with datasets `amplitudes` (nA; a list, or a row for each of `gids`) and `dts`
/// (ms; one for all, or one a row): the gid that a current is for, none for all cells.
///
/// # Errors
/// [`Error::MissingObject`], [`Error::WrongType`], [`Error::BadValue`] for an interval that is none.
pub fn read_amplitudes(path: &Path) -> Result<Vec<(Option<u64>, Signal)>> {
    let file = h5::open(path)?;
    let amplitudes = h5::dataset(path, &file, "amplitudes", "currents in nA")?;
    let n_dimensions = amplitudes.ndim().clamp(1, 2);
    h5::check_numbers::<f64>(path, &amplitudes, n_dimensions)?;
    let n_rows = if n_dimensions == 1 { 1 } else { amplitudes.shape()[0] };
    let values: Vec<f64> =
        amplitudes.read_raw().map_err(|e| Error::hdf5(path, "amplitudes", "read", e))?;
    let dts = h5::numbers::<f64>(path, &file, "dts")?;
    let has_gids = h5::link_exists(&file, "gids");
    let gids: Vec<Option<u64>> = match has_gids {
        true => {
            let gids = h5::numbers::<i64>(path, &file, "gids")?;
            gids.into_iter().map(|gid| u64::try_from(gid).ok()).collect()
        }
        false => vec![None; n_rows],
    };
    let bad = |object: &str, found: String, expected: String| Error::BadValue {
        path: path.to_owned(),
        object: object.to_owned(),
        row: 0,
        column: object.into(),
        found,
        expected,
    };
    if gids.len() != n_rows || ((n_rows > 1 || has_gids) && gids.contains(&None)) {
        let expected = format!("{n_rows} gids, as many as `amplitudes` has rows");
        return Err(bad("gids", format!("{} gids", gids.iter().flatten().count()), expected));
    }
    let width = values.len() / n_rows.max(1);
    let mut signals = Vec::with_capacity(n_rows);
    for (at, gid) in gids.into_iter().enumerate() {
        let interval_ms = dts.get(at).or(dts.first()).copied().unwrap_or(f64::NAN);
        if !(interval_ms.is_finite() && interval_ms > 0.0) {
            return Err(bad("dts", interval_ms.to_string(), "intervals in ms".to_owned()));
        }
        let values = values[at * width..(at + 1) * width].to_vec();
        signals.push((gid, Signal { interval_ms, values }));
    }
    Ok(signals)
}

/// The stimulus of a sweep of an NWB file of the Allen Cell Types Database (version 1 of the format):
/// `/epochs/<sweep>/stimulus/timeseries`, in nA.
///
/// # Errors
/// [`Error::MissingObject`], [`Error::WrongType`], [`Error::BadValue`] for a rate that is none.
pub fn read_sweep(path: &Path, sweep: &str) -> Result<Signal> {
    let file = h5::open(path)?;
    let mut group = h5::group(path, &file, "epochs", "a group with one group a sweep")?;
    for (name, expected) in
        [(sweep, "the sweep"), ("stimulus", "its stimulus"), ("timeseries", "its samples")]
    {
        group = h5::group(path, &group, name, expected)?;
    }
    let start = h5::dataset(path, &group, "starting_time", "a time with the attribute `rate`")?;
    let rate_hz: f64 = start
        .attr("rate")
        .and_then(|rate| rate.read_scalar())
        .map_err(|e| Error::hdf5(path, format!("{}@rate", start.name()), "read", e))?;
    if !(rate_hz.is_finite() && rate_hz > 0.0) {
        return Err(Error::BadValue {
            path: path.to_owned(),
            object: format!("{}@rate", start.name()),
            row: 0,
            column: "rate".into(),
            found: rate_hz.to_string(),
            expected: "samples in a second".to_owned(),
        });
    }
    // Stored in A.
    let values = h5::numbers::<f64>(path, &group, "data")?;
    let values = values.into_iter().map(|ampere| 1e9 * ampere).collect();
    Ok(Signal { interval_ms: 1000.0 / rate_hz, values })
}
