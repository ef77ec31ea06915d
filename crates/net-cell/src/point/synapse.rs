//! What synapses on point neurons do.

use std::collections::BTreeMap;

use crate::error::CellError;

/// A target with what happens to a weight on its way to it.
///
/// A projection names both as its mechanism: `ampa` for synapses that add their weight to `g_ampa`,
/// `STDP:ampa` for a model of synapses in front of it.
///
/// ```
/// use net_cell::point::{PointSynapse, SynapseModel};
/// let synapse = PointSynapse::new("STP:exc", &[("U", 0.2)])?;
/// assert_eq!(synapse.target, "exc");
/// let expected = SynapseModel::ShortTerm { u: 0.2, tau_rec_ms: 100.0, tau_facil_ms: 0.01 };
/// assert_eq!(synapse.model, expected);
/// # Ok::<(), net_cell::CellError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PointSynapse {
    /// Name of the target.
    pub target: String,
    /// What happens to a weight.
    pub model: SynapseModel,
}

/// Models of synapses, all of them ANNarchy's or CompNeuroPy's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SynapseModel {
    /// `g += w`.
    Static,
    /// `FactorSynapse`: `g += w mod_factor`, and then, if there is a `max_trans`, `g <= max_trans`.
    Factor {
        /// Factor of all weights.
        mod_factor: f64,
        /// Largest value of the whole target variable when an event has arrived.
        max_trans: Option<f64>,
    },
    /// `STP`: short-term plasticity (Tsodyks and Markram 1997): `g += w u x`, `x *= 1 - u`,
    /// `u += U (1 - u)`; between events `x' = (1 - x) / tau_rec`, `u' = (U - u) / tau_facil`.
    ShortTerm {
        /// Utilization of resources at rest, U.
        u: f64,
        /// Time constant of recovery.
        tau_rec_ms: f64,
        /// Time constant of facilitation.
        tau_facil_ms: f64,
    },
    /// `STDP`: spike-timing dependent plasticity (Song, Miller and Abbott 2000) with traces of all
    /// spikes. A presynaptic event: `g += w`, `x += A_plus w_max`, `w += y`; a postsynaptic spike:
    /// `y -= A_minus w_max`, `w += x`; weights stay from `w_min` to `w_max`.
    SpikeTiming {
        /// Time constant of x.
        tau_plus_ms: f64,
        /// Time constant of y.
        tau_minus_ms: f64,
        /// Increment of x, relative to `w_max`.
        a_plus: f64,
        /// Decrement of y, relative to `w_max`.
        a_minus: f64,
        /// Smallest weight.
        w_min: f64,
        /// Largest weight.
        w_max: f64,
    },
}

/// A variable of a plastic synapse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynapseVariable {
    /// The weight.
    Weight,
    /// Of `STP` the resources, of `STDP` the presynaptic trace.
    X,
    /// Of `STP`, the utilization of resources.
    U,
    /// Of `STDP`, the postsynaptic trace.
    Y,
}

impl SynapseVariable {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            SynapseVariable::Weight => "w",
            SynapseVariable::X => "x",
            SynapseVariable::U => "u",
            SynapseVariable::Y => "y",
        }
    }
}

const MODELS: &str = "FactorSynapse, STP, STDP";

impl PointSynapse {
    /// From the name of a mechanism and its parameters.
    ///
    /// # Errors
    /// No such model or parameter, or a value that is not allowed.
    pub fn new(mechanism: &str, parameters: &[(&str, f64)]) -> Result<Self, CellError> {
        let (model, target) = mechanism.split_once(':').unwrap_or(("", mechanism));
        let mut given: Given<'_> =
            Given { model, parameters: parameters.iter().copied().collect() };
        let model = match model {
            "" => SynapseModel::Static,
            "FactorSynapse" => {
                let mod_factor = given.take("mod_factor", 1.0, FINITE)?;
                let max_trans = given.parameters.contains_key("max_trans");
                let limit = given.take("max_trans", 0.0, FINITE)?;
                SynapseModel::Factor { mod_factor, max_trans: max_trans.then_some(limit) }
            }
            "STP" => SynapseModel::ShortTerm {
                u: given.take("U", 0.5, FRACTION)?,
                tau_rec_ms: given.take("tau_rec", 100.0, POSITIVE)?,
                tau_facil_ms: given.take("tau_facil", 0.01, POSITIVE)?,
            },
            "STDP" => SynapseModel::SpikeTiming {
                tau_plus_ms: given.take("tau_plus", 20.0, POSITIVE)?,
                tau_minus_ms: given.take("tau_minus", 20.0, POSITIVE)?,
                a_plus: given.take("A_plus", 0.01, FINITE)?,
                a_minus: given.take("A_minus", 0.01, FINITE)?,
                w_min: given.take("w_min", 0.0, FINITE)?,
                w_max: given.take("w_max", 1.0, FINITE)?,
            },
            _ => {
                let (name, known) = (model.to_owned(), MODELS.to_owned());
                return Err(CellError::UnknownSynapseModel { name, known });
            }
        };
        given.require_nothing_left(&model)?;
        Ok(PointSynapse { target: target.to_owned(), model })
    }

    /// The variables that can be recorded, of every connection.
    pub fn variables(&self) -> &'static [SynapseVariable] {
        use SynapseVariable::{U, Weight, X, Y};
        match self.model {
            SynapseModel::Static | SynapseModel::Factor { .. } => &[Weight],
            SynapseModel::ShortTerm { .. } => &[Weight, X, U],
            SynapseModel::SpikeTiming { .. } => &[Weight, X, Y],
        }
    }

    /// Whether a variable is a weight, or what changes it, with the unit of weights; else it has none.
    pub fn is_weight(&self, variable: SynapseVariable) -> bool {
        let is_timing = matches!(self.model, SynapseModel::SpikeTiming { .. });
        is_timing || variable == SynapseVariable::Weight
    }
}

struct Given<'a> {
    model: &'a str,
    parameters: BTreeMap<&'a str, f64>,
}

/// What is allowed, in words and as bounds.
type Allowed = (&'static str, fn(f64) -> bool);
const FINITE: Allowed = ("a finite number", |_| true);
const POSITIVE: Allowed = ("a finite number > 0", |value| value > 0.0);
const FRACTION: Allowed = ("a number from 0 to 1", |value| (0.0..=1.0).contains(&value));

impl Given<'_> {
    fn take(&mut self, name: &str, default: f64, allowed: Allowed) -> Result<f64, CellError> {
        let value = self.parameters.remove(name).unwrap_or(default);
        let (expected, is_allowed) = allowed;
        if value.is_finite() && is_allowed(value) {
            return Ok(value);
        }
        Err(CellError::BadParameter {
            mechanism: self.model.to_owned(),
            parameter: name.to_owned(),
            value,
            expected,
        })
    }

    fn require_nothing_left(&self, model: &SynapseModel) -> Result<(), CellError> {
        let Some(parameter) = self.parameters.keys().next() else { return Ok(()) };
        let known = match model {
            SynapseModel::Static => "none",
            SynapseModel::Factor { .. } => "mod_factor, max_trans",
            SynapseModel::ShortTerm { .. } => "U, tau_rec, tau_facil",
            SynapseModel::SpikeTiming { .. } => {
                "tau_plus, tau_minus, A_plus, A_minus, w_min, w_max"
            }
        };
        Err(CellError::UnknownParameter {
            mechanism: if self.model.is_empty() { "a plain target" } else { self.model }.to_owned(),
            parameter: (*parameter).to_owned(),
            known: known.to_owned(),
        })
    }
}
