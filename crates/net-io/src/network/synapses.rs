//! External synapses with their events, and synapses between cells.

use std::collections::HashMap;
use std::path::Path;

use hdf5::Group;
use hdf5::types::TypeDescriptor;

use crate::error::{Error, Result};
use crate::h5::{self, Kind, Rows, Table};
use crate::network::NetworkTables;

/// Rows read at once.
const READ_ROWS: usize = 1 << 16;

/// A synapse whose events are given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExternalSynapse {
    /// Number that events refer to.
    pub id: u64,
    /// The target cell.
    pub gid: u64,
    /// The target segment.
    pub segment: u32,
    /// Weight in the mechanism's unit (uS for `Exp2Syn`).
    pub weight: f64,
}

/// An event of an external synapse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExternalEvent {
    /// The synapse's id.
    pub synapse: u64,
    /// Time of delivery at the synapse in ms; no delay is added.
    pub t_ms: f64,
}

/// Synapses between cells of the network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecurrentSynapses {
    /// Names of the projections, as `E:I`.
    pub projections: Vec<String>,
    /// The mechanism of all synapses.
    pub mechanism: String,
    /// Names of the mechanism's parameters.
    pub parameter_names: Vec<String>,
    /// All different sets of parameters, in order of first use, in NEURON's units.
    pub parameter_sets: Vec<Vec<f64>>,
    /// The synapses in the order of the file.
    pub synapses: Vec<RecurrentSynapse>,
}

/// A synapse from one cell to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecurrentSynapse {
    /// The source cell.
    pub pre_gid: u64,
    /// The target cell.
    pub gid: u64,
    /// Index of the projection.
    pub projection: u32,
    /// The target segment.
    pub segment: u32,
    /// Weight in the mechanism's unit (uS for `Exp2Syn`).
    pub weight: f64,
    /// Delay in ms.
    pub delay_ms: f64,
    /// Index of the set of parameters.
    pub parameter_set: u32,
}

pub(super) fn read_external(
    path: &Path,
    file: &Group,
    network: &NetworkTables,
) -> Result<Vec<ExternalSynapse>> {
    if network.parameters.external.is_none() {
        return Ok(Vec::new());
    }
    let columns = [
        ("id", Kind::Integer),
        ("gid", Kind::Integer),
        ("segment", Kind::Integer),
        ("weight", Kind::Float),
    ];
    let name = "external/synapses";
    let table = Table::open(path, file, name, "a table of external synapses", &columns)?;
    let mut synapses = Vec::with_capacity(table.len());
    for_each_row(&table, |rows, row| {
        let (gid, segment) = target(network, &table, rows, row, 1, 2)?;
        let synapse =
            ExternalSynapse { id: rows.id(row, 0)?, gid, segment, weight: rows.float(row, 3)? };
        synapses.push((row, synapse));
        Ok(())
    })?;
    synapses.sort_by_key(|(_, synapse)| synapse.id);
    if let Some(pair) = synapses.windows(2).find(|pair| pair[0].1.id == pair[1].1.id) {
        let (row, synapse) = pair[1];
        return Err(table.bad_value(row, "id", synapse.id, "each id once"));
    }
    Ok(synapses.into_iter().map(|(_, synapse)| synapse).collect())
}

pub(super) fn read_events(
    path: &Path,
    file: &Group,
    network: &NetworkTables,
) -> Result<Vec<ExternalEvent>> {
    if network.parameters.external.is_none() {
        return Ok(Vec::new());
    }
    let columns = [("synapse", Kind::Integer), ("t", Kind::Float)];
    let table = Table::open(path, file, "external/events", "a table of events", &columns)?;
    let mut events = Vec::with_capacity(table.len());
    for_each_row(&table, |rows, row| {
        let synapse = rows.id(row, 0)?;
        if network.external_synapses.binary_search_by_key(&synapse, |s| s.id).is_err() {
            return Err(rows.bad(row, 0, synapse, "the id of an external synapse"));
        }
        let t_ms = rows.float(row, 1)?;
        if t_ms < 0.0 {
            return Err(rows.bad(row, 1, t_ms, "0 ms or more"));
        }
        events.push(ExternalEvent { synapse, t_ms });
        Ok(())
    })?;
    events.sort_by(|a, b| a.t_ms.total_cmp(&b.t_ms).then(a.synapse.cmp(&b.synapse)));
    Ok(events)
}

/// Columns that every synapse has; others with numbers are parameters of the mechanism.
const RECURRENT_COLUMNS: [(&str, Kind); 6] = [
    ("gid_pre", Kind::Integer),
    ("gid_post", Kind::Integer),
    ("projection", Kind::Integer),
    ("segment", Kind::Integer),
    ("weight", Kind::Float),
    ("delay", Kind::Float),
];
/// Place in the section, for people; the segment says the same.
const UNUSED_COLUMN: &str = "sec_x";

pub(super) fn read_recurrent(
    path: &Path,
    file: &Group,
    network: &NetworkTables,
) -> Result<RecurrentSynapses> {
    let name = "recurrent/synapses";
    let expected = "a table of synapses, possibly empty";
    let dataset = h5::dataset(path, file, name, expected)?;
    let parameter_names: Vec<String> = h5::column_types(path, &dataset, "/recurrent/synapses")?
        .into_iter()
        .filter(|(name, ty)| {
            let known = RECURRENT_COLUMNS.iter().any(|(column, _)| column == name);
            matches!(ty, TypeDescriptor::Float(_)) && !known && name != UNUSED_COLUMN
        })
        .map(|(name, _)| name)
        .collect();
    let mut columns = RECURRENT_COLUMNS.to_vec();
    columns.extend(parameter_names.iter().map(|name| (name.as_str(), Kind::Float)));
    let table = Table::open(path, file, name, expected, &columns)?;

    let mut recurrent = RecurrentSynapses {
        projections: read_projections(path, &table)?,
        mechanism: h5::text_attribute(path, table.dataset(), "mechanism")?
            .unwrap_or_else(|| "Exp2Syn".to_owned()),
        parameter_names: parameter_names.clone(),
        parameter_sets: Vec::new(),
        synapses: Vec::with_capacity(table.len()),
    };
    let mut set_of_bits: HashMap<Vec<u64>, u32> = HashMap::new();
    for_each_row(&table, |rows, row| {
        let pre = rows.integer(row, 0);
        let pre_gid = network
            .cell(pre)
            .ok_or_else(|| table.unknown_gid(row, pre, network.expected_gids()))?
            .gid;
        let (gid, segment) = target(network, &table, rows, row, 1, 3)?;
        let projection = rows.index(row, 2)?;
        if projection as usize >= recurrent.projections.len() {
            let expected =
                format!("0..{}, an index into `projections`", recurrent.projections.len());
            return Err(rows.bad(row, 2, projection, expected));
        }
        let delay_ms = rows.float(row, 5)?;
        if delay_ms < 0.0 {
            return Err(rows.bad(row, 5, delay_ms, "0 ms or more"));
        }
        let set =
            (6..columns.len()).map(|column| rows.float(row, column)).collect::<Result<Vec<_>>>()?;
        let bits = set.iter().map(|value| value.to_bits()).collect();
        let parameter_set = *set_of_bits.entry(bits).or_insert_with(|| {
            recurrent.parameter_sets.push(set);
            recurrent.parameter_sets.len() as u32 - 1
        });
        let weight = rows.float(row, 4)?;
        recurrent.synapses.push(RecurrentSynapse {
            pre_gid,
            gid,
            projection,
            segment,
            weight,
            delay_ms,
            parameter_set,
        });
        Ok(())
    })?;
    Ok(recurrent)
}

fn read_projections(path: &Path, table: &Table) -> Result<Vec<String>> {
    let object = "/recurrent/synapses@projections";
    let text = h5::text_attribute(path, table.dataset(), "projections")?;
    let text = text.ok_or_else(|| Error::MissingObject {
        path: path.to_owned(),
        object: object.to_owned(),
        expected: "a JSON list of names, as [\"E:E\", \"E:I\"]",
    })?;
    serde_json::from_str(&text).map_err(|source| Error::Json {
        path: path.to_owned(),
        object: object.to_owned(),
        source,
    })
}

/// The target cell and segment of a row, which must exist.
fn target(
    network: &NetworkTables,
    table: &Table,
    rows: &Rows,
    row: usize,
    gid_column: usize,
    segment_column: usize,
) -> Result<(u64, u32)> {
    let gid = rows.integer(row, gid_column);
    let cell =
        network.cell(gid).ok_or_else(|| table.unknown_gid(row, gid, network.expected_gids()))?;
    let n_segments = network.morphology_of(cell.gid).map_or(0, |m| m.n_segments());
    let segment = rows.index(row, segment_column)?;
    if segment as usize >= n_segments {
        let expected = format!("0..{n_segments}, a segment of gid {gid}");
        return Err(rows.bad(row, segment_column, segment, expected));
    }
    Ok((cell.gid, segment))
}

fn for_each_row(table: &Table, mut take: impl FnMut(&Rows, usize) -> Result<()>) -> Result<()> {
    for start in (0..table.len()).step_by(READ_ROWS) {
        let rows = table.read(start, READ_ROWS)?;
        for row in rows.numbers() {
            take(&rows, row)?;
        }
    }
    Ok(())
}
