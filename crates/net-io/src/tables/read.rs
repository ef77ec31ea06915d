//! Reading `synapse_connections.h5`.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::h5::{self, Table};
use crate::store::{Parameter, Projection};
use crate::tables::connections::COLUMNS;
use crate::tables::{SectionName, Synapse};

/// Rows read at once.
const READ_ROWS: usize = 1 << 16;

/// A file of synapses, ours or LFPy's, open for reading.
pub struct ConnectionsFile {
    path: PathBuf,
    file: hdf5::File,
    projections: Vec<Projection>,
}

impl ConnectionsFile {
    /// Opens the file and reads what its projections are.
    ///
    /// In a file that LFPy wrote, source and target population are taken from the name
    /// `<pre>:<post>`, and units are not known (empty).
    ///
    /// # Errors
    /// [`Error::NotHdf5`] for a truncated file or another format, [`Error::MissingObject`] and
    /// [`Error::WrongType`] for another layout.
    pub fn open(path: &Path) -> Result<Self> {
        let file = h5::open(path)?;
        let names = file.member_names().map_err(|e| Error::hdf5(path, "/", "list", e))?;
        let projections = names
            .iter()
            .filter(|name| *name != "synparams")
            .map(|name| read_projection(path, &file, name))
            .collect::<Result<_>>()?;
        Ok(Self { path: path.to_owned(), file, projections })
    }

    /// The projections, in order of their names.
    pub fn projections(&self) -> &[Projection] {
        &self.projections
    }

    /// Number of synapses of a projection.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn n_synapses(&self, projection: &str) -> Result<usize> {
        Ok(self.table(projection)?.0.len())
    }

    /// Calls `take` for every synapse of a projection in the order of the file, with bounded memory.
    ///
    /// # Errors
    /// [`Error::MissingObject`] if there is no such projection, [`Error::MissingColumn`] and
    /// [`Error::WrongType`] for another layout, [`Error::BadValue`] for numbers that are not finite,
    /// negative gids or delays, and places outside the section; and errors of `take`.
    pub fn for_each(
        &self,
        projection: &str,
        mut take: impl FnMut(&Synapse) -> Result<()>,
    ) -> Result<()> {
        let (table, has_segment) = self.table(projection)?;
        for start in (0..table.len()).step_by(READ_ROWS) {
            let rows = table.read(start, READ_ROWS)?;
            for row in rows.numbers() {
                take(&read_synapse(&rows, row, has_segment)?)?;
            }
        }
        Ok(())
    }

    /// All synapses of a projection.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn read(&self, projection: &str) -> Result<Vec<Synapse>> {
        let mut synapses = Vec::with_capacity(self.n_synapses(projection)?);
        self.for_each(projection, |synapse| {
            synapses.push(*synapse);
            Ok(())
        })?;
        Ok(synapses)
    }

    /// The table of a projection, and whether it has the column `segment`.
    fn table(&self, projection: &str) -> Result<(Table, bool)> {
        let expected = "a table of synapses";
        let dataset = h5::dataset(&self.path, &self.file, projection, expected)?;
        let types = h5::column_types(&self.path, &dataset, projection)?;
        let has_segment = types.iter().any(|(name, _)| name == "segment");
        let columns = if has_segment { &COLUMNS[..] } else { &COLUMNS[..9] };
        let table = Table::open(&self.path, &self.file, projection, expected, columns)?;
        Ok((table, has_segment))
    }
}

fn read_synapse(rows: &h5::Rows, row: usize, has_segment: bool) -> Result<Synapse> {
    let delay_ms = rows.float(row, 3)?;
    if delay_ms < 0.0 {
        return Err(rows.bad(row, 3, delay_ms, "0 ms or more"));
    }
    let section = SectionName::from_padded(rows.text(row, 4))
        .ok_or_else(|| rows.bad(row, 4, "no ASCII text", "the name of a section"))?;
    let section_x = rows.float(row, 5)?;
    if !(0.0..=1.0).contains(&section_x) {
        return Err(rows.bad(row, 5, section_x, "0 to 1"));
    }
    let segment = match has_segment && rows.integer(row, 9) != -1 {
        true => Some(rows.index(row, 9)?),
        false => None,
    };
    Ok(Synapse {
        pre_gid: rows.id(row, 0)?,
        gid: rows.id(row, 1)?,
        weight: rows.float(row, 2)?,
        delay_ms,
        section,
        section_x,
        position_um: [rows.float(row, 6)?, rows.float(row, 7)?, rows.float(row, 8)?],
        segment,
    })
}

fn read_projection(path: &Path, file: &hdf5::File, name: &str) -> Result<Projection> {
    let dataset = h5::dataset(path, file, name, "a table of synapses")?;
    let split = name.split_once(':');
    let population = |attribute, from_name: Option<&str>| {
        let stored = h5::text_attribute(path, &dataset, attribute)?;
        stored.or(from_name.map(str::to_owned)).ok_or_else(|| Error::MissingObject {
            path: path.to_owned(),
            object: format!("{name}@{attribute}"),
            expected: "the name of a population, or a dataset named <pre>:<post>",
        })
    };
    let units = h5::texts_attribute(path, &dataset, "units")?;
    let mut projection = Projection {
        name: name.to_owned(),
        pre: population("pre", split.map(|(pre, _)| pre))?,
        post: population("post", split.map(|(_, post)| post))?,
        mechanism: String::new(),
        weight_units: units.and_then(|units| units.into_iter().nth(2)).unwrap_or_default(),
        parameters: Vec::new(),
    };
    let group = format!("synparams/{name}");
    let group = h5::group(path, file, &group, "the mechanism and its parameters")?;
    let members = group.member_names().map_err(|e| Error::hdf5(path, group.name(), "list", e))?;
    let mechanism = h5::dataset(path, &group, "mechanism", "the name of the mechanism")?;
    projection.mechanism = h5::read_text(path, &mechanism.name(), &mechanism)?;
    for member in members.iter().filter(|member| *member != "mechanism") {
        let dataset = h5::dataset(path, &group, member, "a parameter")?;
        projection.parameters.push(read_parameter(path, member, &dataset)?);
    }
    Ok(projection)
}

fn read_parameter(path: &Path, name: &str, dataset: &hdf5::Dataset) -> Result<Parameter> {
    // LFPy writes a parameter that is given as an integer as one.
    h5::check_numbers::<i64>(path, dataset, 0)
        .or_else(|_| h5::check_numbers::<f64>(path, dataset, 0))?;
    let value: f64 =
        dataset.read_scalar().map_err(|e| Error::hdf5(path, dataset.name(), "read", e))?;
    if !value.is_finite() {
        return Err(Error::BadValue {
            path: path.to_owned(),
            object: dataset.name(),
            row: 0,
            column: name.into(),
            found: value.to_string(),
            expected: "a finite number".to_owned(),
        });
    }
    let units = h5::text_attribute(path, dataset, "units")?.unwrap_or_default();
    Ok(Parameter { name: name.to_owned(), value, units })
}
