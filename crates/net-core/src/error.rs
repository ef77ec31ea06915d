//! What can go wrong in the description of a network.

use crate::connection::RuleError;
use crate::distribution::DistributionError;
use crate::ids::{Gid, MAX_CELLS};
use crate::placement::PlacementError;
use crate::sites::SiteError;

/// An error in the description of a network, with the object it belongs to.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The step of the clock is not a positive number.
    #[error("dt is {dt_ms} ms, but must be positive and finite")]
    StepNotPositive {
        /// The step found.
        dt_ms: f64,
    },
    /// A delay is shorter than a step.
    #[error(
        "projection {projection:?}: a delay of {delay_ms} ms is below the time step of {dt_ms} ms; \
         lengthen the delay or shorten the step"
    )]
    DelayBelowStep {
        /// Name of the projection.
        projection: String,
        /// The delay found.
        delay_ms: f64,
        /// The step of the clock.
        dt_ms: f64,
    },
    /// A delay has more steps than a connection can hold.
    #[error(
        "projection {projection:?}: a delay of {delay_ms} ms is above {max_ms} ms, the longest at \
         this time step; shorten the delay or lengthen the step"
    )]
    DelayTooLong {
        /// Name of the projection.
        projection: String,
        /// The delay found.
        delay_ms: f64,
        /// The longest delay at this step.
        max_ms: f64,
    },
    /// A law of delays may give delays below the step.
    #[error(
        "projection {projection:?}: its law of delays is below the time step of {dt_ms} ms with \
         probability {probability:e}; set min_delay_ms to {dt_ms} or more"
    )]
    DelayLawBelowStep {
        /// Name of the projection.
        projection: String,
        /// Probability of a delay below the step.
        probability: f64,
        /// The step of the clock.
        dt_ms: f64,
    },
    /// A name is empty.
    #[error("{kind} number {index} has an empty name; give it one")]
    EmptyName {
        /// `population` or `projection`.
        kind: &'static str,
        /// Number in order of creation.
        index: usize,
    },
    /// A name is used twice.
    #[error("there is already a {kind} of the name {name:?}; names must be unique")]
    DuplicateName {
        /// `population` or `projection`.
        kind: &'static str,
        /// The name found twice.
        name: String,
    },
    /// A name is not known.
    #[error("{user}: there is no population {name:?}; the network has {known:?}")]
    UnknownPopulation {
        /// Who asked for it.
        user: String,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A projection's name is not known.
    #[error("there is no projection {name:?}; the network has {known:?}")]
    UnknownProjection {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A gid belongs to no population.
    #[error("there is no cell of gid {gid}; gids are below {n_cells}")]
    UnknownGid {
        /// The gid asked for.
        gid: Gid,
        /// Number of cells of the network.
        n_cells: u64,
    },
    /// The network has too many cells.
    #[error("population {population:?} makes {n_cells} cells; a network has at most {MAX_CELLS}")]
    TooManyCells {
        /// The population added last.
        population: String,
        /// Number of cells with it.
        n_cells: u128,
    },
    /// Positions or rotations of a population are not possible.
    #[error("population {population:?}: {error}")]
    Placement {
        /// Name of the population.
        population: String,
        /// What is wrong.
        error: PlacementError,
    },
    /// A law of a projection is not possible.
    #[error("projection {projection:?}, {key}: {error}")]
    Law {
        /// Name of the projection.
        projection: String,
        /// Which law, by its key.
        key: &'static str,
        /// What is wrong.
        error: DistributionError,
    },
    /// A number of a projection is out of its range.
    #[error("projection {projection:?}: {key} is {value}, but must be {expected}")]
    ProjectionValue {
        /// Name of the projection.
        projection: String,
        /// The key.
        key: String,
        /// The value found.
        value: f64,
        /// The values allowed.
        expected: &'static str,
    },
    /// The connection rule of a projection is not possible.
    #[error("projection {projection:?}: {error}")]
    Rule {
        /// Name of the projection.
        projection: String,
        /// What is wrong.
        error: RuleError,
    },
    /// The sites of synapses of a projection are described wrongly.
    #[error("projection {projection:?}, placement: {error}")]
    SynapsePlacement {
        /// Name of the projection.
        projection: String,
        /// What is wrong.
        error: SiteError,
    },
    /// A target cell has no place for the synapses of a projection.
    #[error("projection {projection:?}, target gid {target}: {error}")]
    Sites {
        /// Name of the projection.
        projection: String,
        /// Gid of the target cell.
        target: Gid,
        /// What is wrong.
        error: SiteError,
    },
    /// Synapses were asked for a cell that is not prepared as a target.
    #[error("projection {projection:?}: gid {target} is none of the targets it was prepared for")]
    NotATarget {
        /// Name of the projection.
        projection: String,
        /// The gid asked for.
        target: Gid,
    },
    /// A partition has no ranks.
    #[error("a partition needs at least one rank")]
    NoRanks,
    /// A cell's cost is no cost.
    #[error("gid {gid}: the cost {cost} must be finite and not negative")]
    Cost {
        /// The cell.
        gid: Gid,
        /// The cost found.
        cost: f64,
    },
    /// A rank holds more connections than can be counted.
    #[error("{n_connections} connections on one rank are more than 2^32; use more ranks")]
    TooManyConnections {
        /// Number of connections.
        n_connections: usize,
    },
}
