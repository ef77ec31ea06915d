//! Weights of the connections of a projection, as they are recorded.

use net_cell::CellError;
use net_cell::point::PointSynapse;
use net_core::{Network, Projection};

use super::{Instances, Model, Recording};
use crate::error::Result;

impl Model {
    /// The unit of the `argument`-th weight of a projection's connections: the one that they are made
    /// with, or a further one of the mechanism's `NET_RECEIVE`.
    ///
    /// # Errors
    /// An unknown mechanism, target or weight.
    pub(crate) fn unit_of_weight(
        &self,
        projection: &Projection,
        argument: usize,
    ) -> std::result::Result<&'static str, CellError> {
        let id = self.network().find_population(&projection.post).ok();
        let synapse = &projection.synapse;
        let require = |n_weights: usize| match argument < n_weights {
            true => Ok(()),
            false => Err(CellError::NoSuchWeight { argument, n_weights }),
        };
        if let Some(neuron) = id.and_then(|id| self.points_of(self.network().population(id))) {
            require(1)?;
            let parameters: Vec<(&str, f64)> =
                synapse.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let synapse = PointSynapse::new(&synapse.mechanism, &parameters)?;
            return neuron.model().unit_of_target(&synapse.target);
        }
        let (_, mechanism) = net_cell::mechanism::find(&synapse.mechanism)?;
        require(mechanism.n_weights.max(1))?;
        Ok(match argument {
            // What has a reversal potential has conductances for weights, else currents.
            0 if mechanism.column("e").is_some() => "uS",
            0 => "nA",
            _ => "1",
        })
    }
}

impl Recording {
    /// The projection whose synapses are recorded.
    pub(crate) fn projection<'n>(&self, network: &'n Network) -> Option<&'n Projection> {
        let Instances::Projection(name) = &self.instances else { return None };
        network.projections().iter().find(|projection| projection.name == *name)
    }

    /// The unit of a recorded weight, which must exist.
    pub(super) fn unit_of_weight(&self, model: &Model, argument: usize) -> Result<&'static str> {
        // That there is such a projection has been told before.
        let Some(projection) = self.projection(model.network()) else { return Ok("1") };
        model.unit_of_weight(projection, argument).map_err(|source| self.error(source))
    }
}
