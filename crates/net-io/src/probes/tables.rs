//! Probes that a file of explicit tables describes (`docs/tables.md`).

use std::path::Path;

use hdf5::Group;

use crate::error::{Error, Result};
use crate::h5;

/// Where the probe of a table measures.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeShape {
    /// Potentials at points, x, y, z in um.
    Contacts(Vec<[f64; 3]>),
    /// Potentials of contacts that are the mean over points, in um.
    Surfaces(Vec<Vec<[f64; 3]>>),
    /// Current source density in cylinders about the z axis.
    Cylinders {
        /// Lower and upper z of each in um.
        z_um: Vec<[f64; 2]>,
        /// Their radius in um.
        radius_um: f64,
    },
    /// The current dipole moment.
    Dipole,
}

/// A probe of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeTable {
    /// Name of its group.
    pub name: String,
    /// What it is.
    pub shape: ProbeShape,
    /// Conductivity of the medium in S/m, if the file has it.
    pub sigma_s_m: Option<f64>,
}

/// Reads the probes in the groups `/probes/*`, in the order of their names; none without them.
///
/// # Errors
/// A file that cannot be read, or a group that describes none of the known probes.
pub fn read_probe_tables(path: &Path) -> Result<Vec<ProbeTable>> {
    let file = h5::open(path)?;
    if !h5::link_exists(&file, "probes") {
        return Ok(Vec::new());
    }
    let all = h5::group(path, &file, "probes", "a group a probe")?;
    let mut names = all.member_names().map_err(|e| Error::hdf5(path, "/probes", "list", e))?;
    names.sort_unstable();
    names.into_iter().map(|name| read(path, &all, name)).collect()
}

/// Where the segments of all cells are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SegmentPoints {
    /// Start points in um, of all cells in the order of their gids.
    pub start_um: Vec<[f64; 3]>,
    /// End points in um.
    pub end_um: Vec<[f64; 3]>,
    /// Diameters in um.
    pub diam_um: Vec<f64>,
}

/// Reads `/cells/segment_xyz` and `/cells/segment_d`, if they are there.
///
/// # Errors
/// A file that cannot be read, or tables of another shape.
pub fn read_segment_points(path: &Path) -> Result<Option<SegmentPoints>> {
    let file = h5::open(path)?;
    if !h5::link_exists(&file, "cells/segment_xyz") {
        return Ok(None);
    }
    let cells = h5::group(path, &file, "cells", "places of cells")?;
    let points = rows::<3>(path, &cells, "segment_xyz", 3)?;
    let diam_um: Vec<f64> = h5::numbers(path, &cells, "segment_d")?;
    if points.len() != 2 * diam_um.len() {
        return Err(Error::WrongType {
            path: path.to_owned(),
            object: "/cells/segment_xyz".to_owned(),
            found: format!("{} points for {} diameters", points.len(), diam_um.len()),
            expected: "the start and the end of every segment".to_owned(),
        });
    }
    let ends = points.as_chunks::<2>().0;
    let start_um = ends.iter().map(|[start, _]| *start).collect();
    let end_um = ends.iter().map(|[_, end]| *end).collect();
    Ok(Some(SegmentPoints { start_um, end_um, diam_um }))
}

fn read(path: &Path, all: &Group, name: String) -> Result<ProbeTable> {
    let group = h5::group(path, all, &name, "a group a probe")?;
    check_known(path, &group)?;
    let shape = if h5::link_exists(&group, "points") {
        let dataset = h5::dataset(path, &group, "points", "contacts x points x 3 numbers")?;
        let per_contact = dataset.shape().get(1).copied().unwrap_or(0);
        let points = rows::<3>(path, &group, "points", 3)?;
        ProbeShape::Surfaces(points.chunks(per_contact.max(1)).map(<[_]>::to_vec).collect())
    } else if h5::link_exists(&group, "contacts") {
        ProbeShape::Contacts(rows::<3>(path, &group, "contacts", 2)?)
    } else if h5::link_exists(&group, "z_edges") {
        let radius_um = number(path, &group, "r")?.ok_or_else(|| Error::MissingObject {
            path: path.to_owned(),
            object: format!("{}@r", group.name()),
            expected: "the radius of the cylinders in um",
        })?;
        ProbeShape::Cylinders { z_um: rows::<2>(path, &group, "z_edges", 2)?, radius_um }
    } else if name.starts_with("CurrentDipoleMoment") {
        ProbeShape::Dipole
    } else {
        return Err(Error::MissingObject {
            path: path.to_owned(),
            object: h5::child_name(&group, "contacts"),
            expected: "contacts, points or z_edges, unless the name begins with \
                       CurrentDipoleMoment",
        });
    };
    Ok(ProbeTable { name, shape, sigma_s_m: number(path, &group, "sigma")? })
}

/// Reads a dataset of `ndim` dimensions, the last of which has `N` numbers.
fn rows<const N: usize>(
    path: &Path,
    group: &Group,
    name: &str,
    ndim: usize,
) -> Result<Vec<[f64; N]>> {
    let dataset = h5::dataset(path, group, name, "a table of numbers")?;
    h5::check_numbers::<f64>(path, &dataset, ndim)?;
    if dataset.shape().last() != Some(&N) {
        return Err(Error::WrongType {
            path: path.to_owned(),
            object: dataset.name(),
            found: format!("shape {:?}", dataset.shape()),
            expected: format!("{N} numbers in the last dimension"),
        });
    }
    let values: Vec<f64> =
        dataset.read_raw().map_err(|e| Error::hdf5(path, dataset.name(), "read", e))?;
    Ok(values.as_chunks::<N>().0.to_vec())
}

/// Attributes that a group of a probe may have.
const ATTRIBUTES: [&str; 2] = ["r", "sigma"];

/// Refuses attributes without meaning, which would be missed in the results only. Datasets may be
/// signals that the file's maker recorded.
fn check_known(path: &Path, group: &Group) -> Result<()> {
    let names = group.attr_names();
    let names = names.map_err(|e| Error::hdf5(path, group.name(), "list attributes", e))?;
    match names.into_iter().find(|name| !ATTRIBUTES.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Error::WrongType {
            path: path.to_owned(),
            object: format!("{}@{name}", group.name()),
            found: "an attribute without meaning".to_owned(),
            expected: ATTRIBUTES.join(", "),
        }),
    }
}

/// Reads a number in an attribute, if it is there.
fn number(path: &Path, group: &Group, name: &str) -> Result<Option<f64>> {
    let error = |e| Error::hdf5(path, format!("{}@{name}", group.name()), "read attribute", e);
    if !group.attr_names().map_err(error)?.iter().any(|other| other == name) {
        return Ok(None);
    }
    let value = group.attr(name).and_then(|attribute| attribute.read_scalar::<f64>());
    value.map(Some).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_attribute_is_refused_with_those_that_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.h5");
        let file = hdf5::File::create(&path).unwrap();
        let group = file.create_group("probes/electrode").unwrap();
        group
            .new_dataset_builder()
            .with_data(&ndarray::arr2(&[[0.0, 0.0, 50.0]]))
            .create("contacts")
            .unwrap();
        group.new_attr::<f64>().create("sigma").unwrap().write_scalar(&0.4).unwrap();
        assert_eq!(read_probe_tables(&path).unwrap()[0].sigma_s_m, Some(0.4));
        group.new_attr::<f64>().create("sigmas").unwrap().write_scalar(&0.4).unwrap();
        let message = read_probe_tables(&path).unwrap_err().to_string();
        let expected =
            "`/probes/electrode@sigmas` is an attribute without meaning, expected r, sigma";
        assert!(message.contains(expected), "{message}");
    }
}
