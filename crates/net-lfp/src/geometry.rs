//! Where the segments of a cell are: all that a probe needs to know of it.

use crate::error::{LfpError, Result};
use crate::vector::{Point, is_finite, middle};

/// Start and end points and diameters of the segments of one cell (or of any group of segments),
/// borrowed from whoever has them.
///
/// A segment is a straight line between its points for every probe; what its length along the
/// fiber is does not matter. Its radius, half its diameter, is the distance that contacts keep.
///
/// ```
/// use net_lfp::Geometry;
/// let (start, end) = ([[0.0, 0.0, -10.0]], [[0.0, 0.0, 10.0]]);
/// let geometry = Geometry::new(&start, &end, &[20.0])?;
/// assert_eq!(geometry.n_segments(), 1);
/// assert_eq!(geometry.midpoint_um(0), [0.0; 3]);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Geometry<'a> {
    start_um: &'a [Point],
    end_um: &'a [Point],
    diam_um: &'a [f64],
    end_diam_um: Option<&'a [f64]>,
    parents: Option<&'a [Option<u32>]>,
    cell: Option<u64>,
}

impl<'a> Geometry<'a> {
    /// Cylinders: points x, y, z in um and diameters in um, one entry a segment.
    ///
    /// # Errors
    /// No segments, lists of different lengths, a point that is not finite, or a diameter that is
    /// not a positive number.
    pub fn new(start_um: &'a [Point], end_um: &'a [Point], diam_um: &'a [f64]) -> Result<Self> {
        let geometry =
            Self { start_um, end_um, diam_um, end_diam_um: None, parents: None, cell: None };
        geometry.check_points()?;
        check_diameters(diam_um)?;
        Ok(geometry)
    }

    /// Frusta, with a diameter in um at each end; probes use the mean of the two.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn frusta(
        start_um: &'a [Point],
        end_um: &'a [Point],
        start_diam_um: &'a [f64],
        end_diam_um: &'a [f64],
    ) -> Result<Self> {
        let cylinders = Self::new(start_um, end_um, start_diam_um)?;
        check_length("diameters at the end", end_diam_um.len(), start_um.len())?;
        check_diameters(end_diam_um)?;
        Ok(Self { end_diam_um: Some(end_diam_um), ..cylinders })
    }

    /// Adds the tree: for every segment the one that its axial current flows to, `None` for the
    /// root. Only sources that are [a dipole a segment](crate::DipoleSource::Segments) need it.
    ///
    /// # Errors
    /// A list of another length, or a parent that does not precede its child.
    pub fn with_parents(self, parents: &'a [Option<u32>]) -> Result<Self> {
        check_length("parents", parents.len(), self.n_segments())?;
        for (segment, &parent) in parents.iter().enumerate() {
            if let Some(parent) = parent.filter(|&parent| parent as usize >= segment) {
                return Err(LfpError::ParentOrder { segment, parent: parent as usize });
            }
        }
        Ok(Self { parents: Some(parents), ..self })
    }

    /// Says which cell of the network it is, by its gid. Only probes that are
    /// [a matrix a cell](crate::UserMatrices) need it.
    pub fn with_cell(self, gid: u64) -> Self {
        Self { cell: Some(gid), ..self }
    }

    /// Number of segments, at least 1.
    pub fn n_segments(&self) -> usize {
        self.start_um.len()
    }

    /// Start point of a segment in um.
    pub fn start_um(&self, segment: usize) -> [f64; 3] {
        self.start_um[segment]
    }

    /// End point of a segment in um.
    pub fn end_um(&self, segment: usize) -> [f64; 3] {
        self.end_um[segment]
    }

    /// Middle of a segment in um.
    pub fn midpoint_um(&self, segment: usize) -> [f64; 3] {
        middle(self.start_um[segment], self.end_um[segment])
    }

    /// Half the (mean) diameter of a segment in um: the least distance at which potentials are
    /// evaluated.
    pub fn radius_um(&self, segment: usize) -> f64 {
        let start = self.diam_um[segment];
        let end = self.end_diam_um.map_or(start, |diam| diam[segment]);
        0.25 * (start + end)
    }

    /// The tree, if it was given.
    pub fn parents(&self) -> Option<&'a [Option<u32>]> {
        self.parents
    }

    /// The cell's gid, if it was given.
    pub fn cell(&self) -> Option<u64> {
        self.cell
    }

    fn check_points(&self) -> Result<()> {
        let n_segments = self.start_um.len();
        if n_segments == 0 {
            return Err(LfpError::NoSegments);
        }
        check_length("end points", self.end_um.len(), n_segments)?;
        check_length("diameters", self.diam_um.len(), n_segments)?;
        for (what, points) in [("start of segment", self.start_um), ("end of segment", self.end_um)]
        {
            check_finite(what, points)?;
        }
        Ok(())
    }
}

/// Refuses points with NaN or infinite coordinates.
pub(crate) fn check_finite(what: &'static str, points: &[Point]) -> Result<()> {
    match points.iter().position(|&point| !is_finite(point)) {
        None => Ok(()),
        Some(index) => Err(LfpError::NotFinite { what, index, found: points[index] }),
    }
}

pub(crate) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(LfpError::Length { what, found, expected }) }
}

fn check_diameters(diam_um: &[f64]) -> Result<()> {
    let is_good = |&diam: &f64| diam > 0.0 && diam.is_finite();
    match diam_um.iter().position(|diam| !is_good(diam)) {
        None => Ok(()),
        Some(segment) => Err(LfpError::Diameter { segment, found: diam_um[segment] }),
    }
}
