//! Populations: cells of one kind.

use serde::{Deserialize, Serialize};

use crate::ids::Gid;
use crate::placement::{Placement, Rotation};

/// Cells of one kind with contiguous gids, in the order in which populations were added.
///
/// ```
/// use net_core::{Network, Placement, Population};
/// let mut network = Network::new(1);
/// let grid = Placement::Grid { origin_um: [0.0; 3], spacing_um: [20.0; 3], shape: [10, 8, 1] };
/// let id = network.add_population(Population::new("E", 80, "ball_and_stick").placed(grid))?;
/// assert_eq!(network.population(id).gids(), 0..80);
/// assert_eq!(network.position(11)?, [20.0, 20.0, 0.0]);
/// # Ok::<(), net_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) cell: String,
    #[serde(default)]
    pub(crate) placement: Placement,
    #[serde(default)]
    pub(crate) rotation: Rotation,
    #[serde(skip)]
    pub(crate) first_gid: Gid,
}

impl Population {
    /// `size` cells made from the cell template `cell`, all at the origin and not rotated.
    pub fn new(name: impl Into<String>, size: u64, cell: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            size,
            cell: cell.into(),
            placement: Placement::default(),
            rotation: Rotation::default(),
            first_gid: 0,
        }
    }

    /// Sets the positions.
    pub fn placed(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// Sets the rotations.
    pub fn rotated(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Name, unique in the network.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of cells.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Key of the cell template.
    pub fn cell(&self) -> &str {
        &self.cell
    }

    /// Positions as described.
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Rotations as described.
    pub fn rotation(&self) -> &Rotation {
        &self.rotation
    }

    /// First gid; 0 until the population is added to a network.
    pub fn first_gid(&self) -> Gid {
        self.first_gid
    }

    /// The gids of the cells.
    pub fn gids(&self) -> std::ops::Range<Gid> {
        self.first_gid..self.first_gid + self.size
    }
}
