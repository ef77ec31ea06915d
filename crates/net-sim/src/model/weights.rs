//! Weights of the connections of a projection, as they are recorded.

use net_cell::CellError;
use net_cell::Quantity;
use net_cell::point::{PointSynapse, SynapseVariable};
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
            let target = match self.point_synapse(projection) {
                Some(synapse) => synapse?.target,
                None => String::new(),
            };
            return neuron.model().unit_of_target(&target);
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

impl Model {
    /// The synapses of a projection that ends on point neurons.
    pub(crate) fn point_synapse(
        &self,
        projection: &Projection,
    ) -> Option<std::result::Result<PointSynapse, CellError>> {
        let post = self.network().find_population(&projection.post).ok()?;
        self.points_of(self.network().population(post))?;
        let synapse = &projection.synapse;
        let parameters: Vec<(&str, f64)> =
            synapse.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        Some(PointSynapse::new(&synapse.mechanism, &parameters))
    }
}

impl Recording {
    /// The variable of synapses on point neurons that is recorded of every connection: the weight, or one
    /// of a plastic synapse; none if something else is recorded.
    ///
    /// # Errors
    /// A variable that these synapses do not have.
    pub(crate) fn synapse_variable(&self, model: &Model) -> Result<Option<SynapseVariable>> {
        let name = match &self.quantity {
            Quantity::Weight { .. } => return Ok(Some(SynapseVariable::Weight)),
            Quantity::Variable { variable, .. } => variable,
            _ => return Ok(None),
        };
        let projection = self.projection(model.network());
        let Some(synapse) = projection.and_then(|own| model.point_synapse(own)) else {
            return Ok(None);
        };
        let known = synapse.map_err(|source| self.error(source))?.variables();
        let found = known.iter().find(|own| own.name() == name);
        found.copied().map(Some).ok_or_else(|| {
            self.error(CellError::UnknownVariable {
                mechanism: projection.map_or("", |own| &own.synapse.mechanism).to_owned(),
                variable: name.clone(),
                known: known.iter().map(|own| own.name()).collect::<Vec<_>>().join(", "),
            })
        })
    }

    /// Whether every connection has a column.
    pub(crate) fn is_of_connections(&self, model: &Model) -> Result<bool> {
        Ok(matches!(self.quantity, Quantity::Weight { .. })
            || self.synapse_variable(model)?.is_some())
    }

    /// The unit of a variable of synapses on point neurons.
    pub(super) fn unit_of_synapse(
        &self,
        model: &Model,
        variable: SynapseVariable,
    ) -> Result<&'static str> {
        let projection = self.projection(model.network());
        let synapse = projection.and_then(|own| model.point_synapse(own)).transpose();
        match synapse.map_err(|source| self.error(source))? {
            Some(synapse) if synapse.is_weight(variable) => self.unit_of_weight(model, 0),
            _ => Ok("1"),
        }
    }

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
