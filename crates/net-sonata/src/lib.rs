//! SONATA circuits and simulations, as Blue Brain's, the Open Brain Institute's and the Allen
//! Institute's tools write them: what is in the files, and what it means.
//!
//! - [`SimulationConfig`] is what `simulation_config.json` and the circuit configuration say,
//!   checked key by key.
//! - [`Circuit`] opens the files of that circuit: its [`NodePopulation`]s with gids, types and
//!   attributes, and its [`EdgePopulation`]s, whose edges are read for chosen targets in
//!   [`EdgeBatch`]es.
//! - Node sets become one [`Selection`] a population by [`Circuit::select`];
//!   [`CompartmentSets`] are places on cells; [`SpikeTrains`] are spikes to replay.
//! - [`validate`] checks all of it without running and says everything that is wrong at once, as
//!   [`Finding`]s with file and place.
//! - [`stimulus`] makes the signals of inputs, number for number those of Neurodamus.
//! - [`cell`] makes the cells that nodes name: templates and parameter files applied to
//!   morphologies.
//!
//! What becomes of synapses, inputs and reports is for the crate that runs them. Units are in the
//! names.
//!
//! ```
//! # fn main() -> net_sonata::Result<()> {
//! use net_sonata::{Circuit, NodeSelector, SimulationConfig};
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/sonata/obi/simulation_config.json");
//! # let path = std::path::Path::new(path);
//!
//! let config = SimulationConfig::load(path)?;
//! let circuit = Circuit::open(&config)?;
//! let excitatory = circuit.select(&NodeSelector::Named("Excitatory".to_owned()))?;
//! for (population, nodes) in circuit.nodes().iter().zip(&excitatory) {
//!     println!("{}: {} of {} nodes", population.name(), nodes.len(), population.len());
//! }
//! for edges in circuit.edges() {
//!     let local = circuit.nodes()[edges.target()].simulated();
//!     for batch in edges.afferent(local, 100_000)? {
//!         let batch = batch?;
//!         let delays_ms = batch.column("delay").unwrap_or_default();
//!         println!("{} edges, {} delays", batch.len(), delays_ms.len());
//!     }
//! }
//! # Ok(())
//! # }
//! ```

pub mod cell;
mod circuit;
mod compartment_set;
pub mod config;
pub mod connect;
mod edges;
mod finding;
mod glia;
mod json;
mod md5;
mod node_set;
mod nodes;
mod selection;
mod spikes;
pub mod stimulus;
mod types;
mod validate;

pub use circuit::Circuit;
pub use compartment_set::{CompartmentLocation, CompartmentSet, CompartmentSets};
pub use config::{CircuitConfig, Flavor, NodeSelector, SimulationConfig};
pub use edges::{AfferentBatches, EdgeAttribute, EdgeBatch, EdgePopulation, LocationForm};
pub use finding::{Error, Finding, Problem, Report, Result, Severity};
pub use glia::HeardSynapse;
pub use json::Json;
pub use net_io::sonata::{Direction, Value};
pub use node_set::{NodeSet, NodeSets, Test};
pub use nodes::NodePopulation;
pub use selection::Selection;
pub use spikes::SpikeTrains;
pub use types::TypeTable;
pub use validate::{ValidationReport, validate};
