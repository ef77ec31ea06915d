//! What a network is: identifiers, populations, random streams, wiring, partition, the step clock.
//!
//! A [`Network`] is a description, the same on every rank and small: [`Population`]s of cells with
//! [`Placement`] and [`Rotation`], and [`Projection`]s between them with a [`ConnectionRule`], laws
//! ([`Distribution`]) of multapses, weights and delays, and a [`SynapsePlacement`]. A [`Partition`]
//! gives every gid a rank. Each rank then prepares a [`ProjectionSampler`] for its own cells and
//! draws, cell by cell, the synapses that end there; the [`StepClock`] turns their delays into
//! steps, and a [`ConnectionTable`] packs them by source for delivery. What is drawn comes from
//! keyed [`Stream`]s and depends on seed, projection and gids, never on ranks or threads.
//!
//! This crate reads and writes no files, knows no communicator and nothing of a cell's insides.
//! Units are those of NEURON: ms, um, radians for angles, and for weights the unit of the synapse
//! mechanism (uS for conductances, nA for currents).
//!
//! ```
//! use net_core::*;
//!
//! let mut network = Network::new(1234);
//! let disc = Placement::Disc { radius_um: 100.0, loc_um: 0.0, scale_um: 75.0, cap_um: None };
//! let turned = Rotation::RandomZ { x_rad: 0.0, y_rad: 0.0 };
//! network.add_population(Population::new("E", 80, "pyramidal").placed(disc.clone()).rotated(turned))?;
//! network.add_population(Population::new("I", 20, "basket").placed(disc))?;
//! let projection = network.add_projection(Projection {
//!     name: "E:I".into(),
//!     pre: "E".into(),
//!     post: "I".into(),
//!     rule: ConnectionRule::FixedProbability { probability: 0.2 },
//!     multapses: Distribution::Constant(2.0),
//!     weight: Distribution::Normal { mean: 0.001, std: 0.0002 },
//!     min_weight: Some(0.0),
//!     delay: Distribution::Truncnorm { a: Some(0.3), b: None, loc: 2.0, scale: 0.2 },
//!     min_delay_ms: None,
//!     synapse: SynapseKind { mechanism: "ExpSyn".into(), parameters: Default::default() },
//!     placement: SynapsePlacement::default(),
//!     allow_autapses: false,
//! })?;
//! let clock = StepClock::new(0.1)?;
//! network.validate(&clock)?;
//!
//! // One of two ranks draws the synapses of its own cells.
//! let partition = Partition::round_robin(network.n_cells(), 2)?;
//! let sampler = network.projection_sampler(projection, &partition.gids_of(0))?;
//! let names = ["soma".to_owned()];
//! let cell = CellSites {
//!     area_um2: &[500.0], z_mid_um: &[0.0], section_of_segment: &[0], section_names: &names,
//! };
//! let mut counts = ConnectionCounts::default();
//! let mut part = ConnectionPart::new();
//! let mut synapses = Vec::new();
//! for (local_cell, &target) in sampler.targets().iter().enumerate() {
//!     synapses.clear();
//!     counts += sampler.draw_into(target, &cell, &mut synapses)?;
//!     for synapse in &synapses {
//!         let steps = clock.delay_steps("E:I", synapse.delay_ms)?;
//!         part.push(synapse.source, local_cell as u32, steps, synapse.weight);
//!     }
//! }
//! let table = ConnectionTable::from_parts(vec![part])?;
//! assert_eq!(table.n_connections() as u64, counts.synapses);
//! # Ok::<(), net_core::Error>(())
//! ```

// `!(a < b)` is how bounds are checked here: it refuses NaN together with the wrong order.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

mod clock;
mod connection;
mod connection_table;
pub mod distribution;
mod error;
mod ids;
mod network;
mod partition;
mod placement;
mod population;
mod projection;
pub mod random;
mod sites;

pub use clock::{SPIKE_OFFSET_MS, StepClock};
pub use connection::{
    ConnectionCounts, ConnectionRule, DistanceKind, DistanceProfile, DrawnSynapse, MatrixValues,
    ProjectionSampler, RuleError, SynapseRow, SynapseTable,
};
pub use connection_table::{ConnectionPart, ConnectionSlice, ConnectionTable};
pub use distribution::{Distribution, DistributionError, IntegerSampler, Sampler};
pub use error::Error;
pub use ids::{Gid, MAX_CELLS, PopulationId, ProjectionId};
pub use network::Network;
pub use partition::Partition;
pub use placement::{Cap, Placement, PlacementError, Rotation};
pub use population::Population;
pub use projection::{Projection, SynapseKind};
pub use random::{Purpose, Stream, StreamFamily, WeightedIndex};
pub use sites::{CellSites, DepthTerm, RandomSites, SiteError, SiteSampler, SynapsePlacement};
