//! Groups `morphology_gid<k>`: the shape of cells as NEURON has it.

use std::path::Path;

use hdf5::Group;
use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};

use crate::error::{Error, Result};
use crate::h5::{self, Number};

/// The shape of a cell, and of all with larger gids up to the next shape.
#[derive(Debug, Clone, PartialEq)]
pub struct MorphologyTable {
    /// The first cell with this shape.
    pub first_gid: u64,
    /// Sections, parents before children; the first is the root.
    pub sections: Vec<SectionTable>,
    /// Specific capacitance of each segment, in order of sections, in uF/cm2.
    pub segment_cm_uf_cm2: Vec<f64>,
    /// What another program computed from the shape, to compare with.
    pub reference: Option<SegmentGeometry>,
}

/// A section.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionTable {
    /// Name, as `Template[0].apic[3]`.
    pub name: String,
    /// Index of the parent; none for the root.
    pub parent: Option<usize>,
    /// Place on the parent, 0 to 1.
    pub parent_x: f64,
    /// Number of segments.
    pub n_segments: usize,
    /// Axial resistivity in Ohm cm.
    pub ra_ohm_cm: f64,
    /// Points of the center line and diameters there, in um: x, y, z, diameter.
    pub points_um: Vec<[f64; 4]>,
}

impl SectionTable {
    /// The name without template and index: `apic` of `Template[0].apic[3]`.
    pub fn base_name(&self) -> &str {
        let name = self.name.rsplit('.').next().unwrap_or(&self.name);
        name.split('[').next().unwrap_or(name)
    }
}

/// Geometry of segments, one number a segment in order of sections.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentGeometry {
    /// Areas in um2.
    pub area_um2: Vec<f64>,
    /// Axial resistances in MOhm to the middle of the segment before, or to the end node of the
    /// parent section for the first segment of a section.
    pub ri_mohm: Vec<f64>,
}

impl MorphologyTable {
    /// Number of segments of all sections.
    pub fn n_segments(&self) -> usize {
        self.segment_cm_uf_cm2.len()
    }
}

const PREFIX: &str = "morphology_gid";

/// All shapes of a file in ascending order of their first gids.
pub(super) fn read_all(path: &Path, file: &Group) -> Result<Vec<MorphologyTable>> {
    let names = file.member_names().map_err(|e| Error::hdf5(path, "/", "list", e))?;
    let mut morphologies = Vec::new();
    for name in names.iter().filter(|name| name.starts_with(PREFIX)) {
        let Ok(first_gid) = name[PREFIX.len()..].parse() else {
            return Err(Error::WrongType {
                path: path.to_owned(),
                object: format!("/{name}"),
                found: format!("the name `{name}`"),
                expected: "morphology_gid<k> with the number of a cell".to_owned(),
            });
        };
        morphologies.push(MorphologyReader::new(path, file, name)?.read(first_gid)?);
    }
    morphologies.sort_by_key(|morphology| morphology.first_gid);
    Ok(morphologies)
}

struct MorphologyReader<'a> {
    path: &'a Path,
    sections: Group,
    segments: Group,
}

impl<'a> MorphologyReader<'a> {
    fn new(path: &'a Path, file: &Group, name: &str) -> Result<Self> {
        let group = h5::group(path, file, name, "the shape of a cell")?;
        Ok(Self {
            path,
            sections: h5::group(
                path,
                &group,
                "sections",
                "a group of datasets, one row a section",
            )?,
            segments: h5::group(
                path,
                &group,
                "segments",
                "a group of datasets, one row a segment",
            )?,
        })
    }

    fn read(&self, first_gid: u64) -> Result<MorphologyTable> {
        let sections = self.read_sections()?;
        let n_segments: usize = sections.iter().map(|section| section.n_segments).sum();
        let segment_cm_uf_cm2 = self.positive(&self.segments, "cm", n_segments)?;
        let has_reference = ["area", "ri"].iter().all(|name| h5::link_exists(&self.segments, name));
        let reference = match has_reference {
            true => Some(SegmentGeometry {
                area_um2: self.positive(&self.segments, "area", n_segments)?,
                ri_mohm: self.column(&self.segments, "ri", n_segments)?,
            }),
            false => None,
        };
        Ok(MorphologyTable { first_gid, sections, segment_cm_uf_cm2, reference })
    }

    fn read_sections(&self) -> Result<Vec<SectionTable>> {
        let group = &self.sections;
        let names = read_names(self.path, group)?;
        let n = names.len();
        let parents: Vec<i64> = self.column(group, "parent", n)?;
        let parent_x: Vec<f64> = self.column(group, "parent_x", n)?;
        let n_segments: Vec<i64> = self.column(group, "nseg", n)?;
        let ra = self.positive(group, "Ra", n)?;
        let first_points: Vec<i64> = self.column(group, "first_pt3d", n)?;
        let n_points: Vec<i64> = self.column(group, "n_pt3d", n)?;
        let points = self.read_points()?;

        let mut sections = Vec::with_capacity(n);
        for (index, name) in names.into_iter().enumerate() {
            let bad = |column: &str, found: String, expected: String| {
                self.bad(group, index, column, found, expected)
            };
            let parent = match parents[index] {
                -1 if index == 0 => None,
                parent if parent >= 0 && (parent as usize) < index => Some(parent as usize),
                parent => {
                    let expected = "-1 for the first section, an earlier section for others";
                    return Err(bad("parent", parent.to_string(), expected.to_owned()));
                }
            };
            if parent.is_some() && !(0.0..=1.0).contains(&parent_x[index]) {
                return Err(bad("parent_x", parent_x[index].to_string(), "0 to 1".to_owned()));
            }
            if n_segments[index] < 1 {
                return Err(bad("nseg", n_segments[index].to_string(), "1 or more".to_owned()));
            }
            let (first, count) = (first_points[index], n_points[index]);
            let range = (first >= 0 && count >= 2)
                .then(|| first as usize..first.saturating_add(count) as usize)
                .and_then(|range| points.get(range));
            let points_um = range.ok_or_else(|| {
                let expected = format!("2 or more points within the {} of pt3d", points.len());
                bad("n_pt3d", format!("{count} points from {first}"), expected)
            })?;
            sections.push(SectionTable {
                name,
                parent,
                parent_x: if parent.is_some() { parent_x[index] } else { 0.0 },
                n_segments: n_segments[index] as usize,
                ra_ohm_cm: ra[index],
                points_um: points_um.to_vec(),
            });
        }
        Ok(sections)
    }

    /// The points: x, y, z, diameter; further columns are not needed.
    fn read_points(&self) -> Result<Vec<[f64; 4]>> {
        let dataset = h5::dataset(self.path, &self.sections, "pt3d", "points: x y z diam")?;
        h5::check_numbers::<f64>(self.path, &dataset, 2)?;
        let points = dataset
            .read_2d::<f64>()
            .map_err(|e| Error::hdf5(self.path, dataset.name(), "read", e))?;
        if points.ncols() < 4 {
            return Err(Error::WrongType {
                path: self.path.to_owned(),
                object: dataset.name(),
                found: format!("{} columns", points.ncols()),
                expected: "4 columns or more: x y z diam".to_owned(),
            });
        }
        let row = |(index, row): (usize, ndarray::ArrayView1<f64>)| {
            let point = [row[0], row[1], row[2], row[3]];
            match point.iter().all(|value| value.is_finite()) && point[3] > 0.0 {
                true => Ok(point),
                false => {
                    let expected = "finite numbers, a positive diameter".to_owned();
                    Err(self.bad(&self.sections, index, "pt3d", format!("{point:?}"), expected))
                }
            }
        };
        points.outer_iter().enumerate().map(row).collect()
    }

    fn column<T: Number>(&self, group: &Group, name: &str, len: usize) -> Result<Vec<T>> {
        let values = h5::numbers::<T>(self.path, group, name)?;
        if values.len() != len {
            return Err(Error::WrongType {
                path: self.path.to_owned(),
                object: h5::child_name(group, name),
                found: format!("{} rows", values.len()),
                expected: format!("{len} rows"),
            });
        }
        Ok(values)
    }

    fn positive(&self, group: &Group, name: &str, len: usize) -> Result<Vec<f64>> {
        let values: Vec<f64> = self.column(group, name, len)?;
        match values.iter().position(|value| !(value.is_finite() && *value > 0.0)) {
            None => Ok(values),
            Some(row) => {
                let expected = "a positive number".to_owned();
                Err(self.bad(group, row, name, values[row].to_string(), expected))
            }
        }
    }

    fn bad(
        &self,
        group: &Group,
        row: usize,
        column: &str,
        found: String,
        expected: String,
    ) -> Error {
        Error::BadValue {
            path: self.path.to_owned(),
            object: group.name(),
            row: row as u64,
            column: column.into(),
            found,
            expected,
        }
    }
}

/// Names of sections, as texts of variable or fixed length (at most 256 bytes).
fn read_names(path: &Path, sections: &Group) -> Result<Vec<String>> {
    use TypeDescriptor as TD;
    let dataset = h5::dataset(path, sections, "name", "names of the sections")?;
    let object = h5::child_name(sections, "name");
    let error = |e| Error::hdf5(path, &object, "read", e);
    let descriptor = dataset.dtype().and_then(|dtype| dtype.to_descriptor()).map_err(error)?;
    fn strings<T: hdf5::H5Type + ToString>(dataset: &hdf5::Dataset) -> hdf5::Result<Vec<String>> {
        Ok(dataset.read_raw::<T>()?.iter().map(T::to_string).collect())
    }
    match descriptor {
        TD::VarLenUnicode => strings::<VarLenUnicode>(&dataset).map_err(error),
        TD::VarLenAscii => strings::<VarLenAscii>(&dataset).map_err(error),
        TD::FixedUnicode(n) if n <= 256 => strings::<FixedUnicode<256>>(&dataset).map_err(error),
        TD::FixedAscii(n) if n <= 256 => strings::<FixedAscii<256>>(&dataset).map_err(error),
        other => Err(Error::WrongType {
            path: path.to_owned(),
            object,
            found: other.to_string(),
            expected: "texts".to_owned(),
        }),
    }
}
