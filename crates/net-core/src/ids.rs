//! Names of things by number.

/// Global identifier of a cell: unique in the network, contiguous within a population, the same
/// on every rank.
pub type Gid = u64;

/// One past the largest gid of a cell.
///
/// Random streams and spikes on their way hold 48 bits. Gids from here on are of sources that are no
/// cells: variables of mechanisms whose passing of a threshold is a spike.
pub const MAX_CELLS: u64 = 1 << 47;

/// A population of one [`Network`](crate::Network), by its number in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PopulationId(pub(crate) u32);

impl PopulationId {
    /// Position of the population in order of creation, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A projection of one [`Network`](crate::Network), by its number in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectionId(pub(crate) u32);

impl ProjectionId {
    /// Position of the projection in order of creation, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
