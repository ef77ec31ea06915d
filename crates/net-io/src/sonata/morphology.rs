//! Morphologies in HDF5, format version 1 of MorphIO: one a file, or many in a container.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::h5;

/// A row of `structure`: where the points of a section start, its type in the numbers of SWC, and its
/// parent, -1 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MorphologySection {
    /// The first point.
    pub first_point: usize,
    /// 1 soma, 2 axon, 3 basal dendrite, 4 apical dendrite.
    pub kind: i64,
    /// Another, earlier section.
    pub parent: Option<usize>,
}

/// Points and sections of a morphology, as the file has them.
#[derive(Debug, Clone, PartialEq)]
pub struct MorphologyTable {
    /// x, y, z and diameter in um.
    pub points_um: Vec<[f64; 4]>,
    /// Sections, parents first; a section ends where the next one begins.
    pub sections: Vec<MorphologySection>,
}

impl MorphologyTable {
    /// Reads `points` and `structure` of a file, or, where `path` goes on behind a file as
    /// `container.h5/name`, of the group of that name; `.h5` at the end of the name may be left out.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotHdf5`]; [`Error::MissingObject`] or [`Error::WrongType`] for what is
    /// no morphology, such as a section that starts before the one ahead of it, has no point, or whose
    /// parent comes later.
    pub fn read(path: &Path) -> Result<Self> {
        let (path, name) = in_container(path);
        let file = h5::open(&path)?;
        let group = match &name {
            Some(name) => h5::group(&path, &file, name, "a morphology, a group of the container")?,
            None => file.group("/").map_err(|e| Error::hdf5(&path, "/", "open group", e))?,
        };
        let expected = "points, rows of x, y, z and diameter in um";
        let dataset = h5::dataset(&path, &group, "points", expected)?;
        h5::check_numbers::<f64>(&path, &dataset, 2)?;
        let points: Vec<f64> =
            dataset.read_raw().map_err(|e| Error::hdf5(&path, dataset.name(), "read", e))?;
        let wrong = |object: &str, found: String, expected: &str| Error::WrongType {
            path: path.clone(),
            object: h5::child_name(&group, object),
            found,
            expected: expected.to_owned(),
        };
        if dataset.shape()[1] != 4 {
            return Err(wrong("points", format!("{} columns", dataset.shape()[1]), "4 columns"));
        }
        let rows = points.chunks_exact(4);
        let points_um: Vec<[f64; 4]> = rows.map(|row| [row[0], row[1], row[2], row[3]]).collect();
        if let Some(at) = points_um.iter().position(|row| !row.iter().all(|x| x.is_finite())) {
            let found = format!("{:?} in row {at}", points_um[at]);
            return Err(wrong("points", found, "finite numbers"));
        }

        let expected = "sections, rows of first point, type and parent";
        let dataset = h5::dataset(&path, &group, "structure", expected)?;
        h5::check_numbers::<i64>(&path, &dataset, 2)?;
        if dataset.shape()[1] != 3 {
            return Err(wrong("structure", format!("{} columns", dataset.shape()[1]), "3 columns"));
        }
        let structure: Vec<i64> =
            dataset.read_raw().map_err(|e| Error::hdf5(&path, dataset.name(), "read", e))?;
        let mut sections = Vec::with_capacity(structure.len() / 3);
        let mut first_free = 0;
        for (at, row) in structure.chunks_exact(3).enumerate() {
            let &[first, kind, parent] = row else { continue };
            let first_point = usize::try_from(first).ok();
            let first_point = first_point.filter(|&p| p >= first_free && p < points_um.len());
            let parent_is_there = parent == -1 || (0..at as i64).contains(&parent);
            let (Some(first_point), true) = (first_point, parent_is_there) else {
                let found = format!("{row:?} in row {at}");
                let expected = "points of its own behind those of the section before, and an earlier \
                                parent or -1";
                return Err(wrong("structure", found, expected));
            };
            first_free = first_point + 1;
            let parent = usize::try_from(parent).ok();
            sections.push(MorphologySection { first_point, kind, parent });
        }
        Ok(Self { points_um, sections })
    }

    /// The points of a section.
    pub fn points_of(&self, section: usize) -> &[[f64; 4]] {
        let end = self.sections.get(section + 1).map_or(self.points_um.len(), |s| s.first_point);
        &self.points_um[self.sections[section].first_point..end]
    }

    /// Whether a path names a file, or a morphology in a container.
    pub fn is_there(path: &Path) -> bool {
        match in_container(path) {
            (file, None) => file.exists(),
            (file, Some(name)) => h5::open(&file).is_ok_and(|file| h5::link_exists(&file, &name)),
        }
    }

    /// The file of a morphology: `path`, or the container that it is in.
    pub fn file_of(path: &Path) -> PathBuf {
        in_container(path).0
    }
}

/// Divides `container.h5/name.h5` into container and name.
fn in_container(path: &Path) -> (PathBuf, Option<String>) {
    let is_container = |parent: &&Path| parent.extension().is_some_and(|e| e == "h5");
    let Some(container) = path.ancestors().skip(1).find(is_container).filter(|c| c.is_file())
    else {
        return (path.to_owned(), None);
    };
    let name = path.strip_prefix(container).unwrap_or(path).to_string_lossy().into_owned();
    let name = name.strip_suffix(".h5").map_or(name.clone(), str::to_owned);
    (container.to_owned(), Some(name))
}
