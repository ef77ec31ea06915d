//! Volume conductors for current dipoles.

mod four_sphere;
mod infinite;
mod meg;
mod new_york;

pub use four_sphere::FourSphereVolumeConductor;
pub use infinite::InfiniteVolumeConductor;
pub use meg::{InfiniteHomogeneousVolCondMeg, MagneticQuantity, SphericallySymmetricVolCondMeg};
pub use new_york::{NewYorkHead, NewYorkSite};

use ndarray::Array2;

use crate::error::{LfpError, Result};
use crate::geometry::check_finite;
use crate::vector::Point;

fn check_positions(what: &'static str, positions_um: &[Point]) -> Result<()> {
    if positions_um.is_empty() {
        return Err(LfpError::NoContacts);
    }
    check_finite(what, positions_um)
}

/// A matrix with one row of three a position.
fn rows_of(
    positions_um: &[Point],
    mut row: impl FnMut(usize, Point) -> Result<Point>,
) -> Result<Array2<f64>> {
    let mut matrix = Array2::zeros((positions_um.len(), 3));
    for (index, &position) in positions_um.iter().enumerate() {
        for (value, part) in matrix.row_mut(index).iter_mut().zip(row(index, position)?) {
            *value = part;
        }
    }
    Ok(matrix)
}
