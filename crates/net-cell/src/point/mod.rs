//! Point neurons: populations as arrays, advanced eight neurons at a time.
//!
//! A [`PointNeuron`] is a [`PointModel`] of the [`catalogue`] with parameters; a
//! [`PointPopulation`] has the neurons of one population that one thread advances, with the
//! synapses that end on them. It belongs to a [`CellGroup`](crate::CellGroup) beside the blocks of
//! cable cells and goes through epochs with them.
//!
//! A step of a population:
//! 1. parameters change that are due,
//! 2. what arrives is added to the target variables `g_*`: the sums of the projections, events of
//!    inputs, Poisson input,
//! 3. the model's equations, in their order,
//! 4. spikes and resets; a spike carries the number of this step, and arrives its delay later,
//! 5. synapses that learn take note of the spikes.
//!
//! Units are those of each model's literature; `docs/point_neurons.md` lists them all.

mod input;
mod model;
mod models;
mod neuron;
mod noise;
mod plasticity;
mod population;
mod projection;
mod recorder;
mod step;
mod synapse;
mod table;
mod weights;

pub use model::{Allowed, PointModel, PointRole, PointVariable, catalogue};
pub use neuron::{Place, PointNeuron, PointValues};
pub use population::PointPopulation;
pub use step::Integrator;
pub use synapse::{PointSynapse, SynapseModel, SynapseVariable};
pub use table::PointSynapses;
