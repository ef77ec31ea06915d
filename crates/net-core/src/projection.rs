//! Projections: synapses of one kind from one population to another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::StepClock;
use crate::connection::ConnectionRule;
use crate::distribution::{Distribution, IntegerSampler, Sampler};
use crate::error::Error;
use crate::sites::SynapsePlacement;

/// Synapses of one kind from population `pre` to population `post`.
///
/// ```
/// use net_core::Projection;
/// let text = r#"{
///     "name": "E:I", "pre": "E", "post": "I",
///     "rule": {"fixed_probability": {"probability": 0.1}},
///     "multapses": {"pdf_at_integers": {"truncnorm": {"a": -3, "b": 6, "loc": 4, "scale": 1}}},
///     "weight": {"normal": {"mean": 0.001, "std": 0.0002}}, "min_weight": 0.0,
///     "delay": {"truncnorm": {"a": 0.3, "loc": 2.0, "scale": 0.2}},
///     "synapse": {"mechanism": "Exp2Syn", "parameters": {"tau1": 0.2, "tau2": 1.8, "e": 0.0}}
/// }"#;
/// let projection: Projection = serde_json::from_str(text)?;
/// assert!(!projection.allow_autapses);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Projection {
    /// Name, unique among the network's projections.
    pub name: String,
    /// Name of the presynaptic population.
    pub pre: String,
    /// Name of the postsynaptic population.
    pub post: String,
    /// Which pairs are connected.
    pub rule: ConnectionRule,
    /// Law of the number of synapses of a connection, at least 1; default 1.
    #[serde(default = "one")]
    pub multapses: Distribution,
    /// Law of the weight of a synapse, in the unit of its mechanism (uS for ExpSyn and Exp2Syn).
    pub weight: Distribution,
    /// The law of weights is truncated below this.
    #[serde(default)]
    pub min_weight: Option<f64>,
    /// Law of the delay of a synapse, in ms.
    pub delay: Distribution,
    /// The law of delays is truncated below this, in ms.
    #[serde(default)]
    pub min_delay_ms: Option<f64>,
    /// Mechanism and parameters of the synapses.
    pub synapse: SynapseKind,
    /// Segments of the synapses on the target cell; default: all, by area.
    #[serde(default)]
    pub placement: SynapsePlacement,
    /// Whether a cell may project to itself.
    #[serde(default)]
    pub allow_autapses: bool,
}

/// A synapse mechanism with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SynapseKind {
    /// Name of the mechanism.
    pub mechanism: String,
    /// Parameters by name, in the mechanism's units; the others keep their defaults.
    #[serde(default)]
    pub parameters: BTreeMap<String, f64>,
}

fn one() -> Distribution {
    Distribution::Constant(1.0)
}

impl Projection {
    /// Synapses of `mechanism`, with its default parameters, from every cell of `pre` to every cell
    /// of `post`: one a pair, weight 0, delay 1 ms, anywhere on the target. A start for what is
    /// meant:
    ///
    /// ```
    /// use net_core::*;
    /// let projection = Projection {
    ///     rule: ConnectionRule::FixedInDegree { n_sources: 20 },
    ///     weight: Distribution::Constant(0.001),
    ///     ..Projection::new("E", "I", "ExpSyn")
    /// };
    /// assert_eq!(projection.name, "E:I");
    /// ```
    pub fn new(pre: &str, post: &str, mechanism: &str) -> Self {
        Projection {
            name: format!("{pre}:{post}"),
            pre: pre.to_owned(),
            post: post.to_owned(),
            rule: ConnectionRule::AllToAll,
            multapses: one(),
            weight: Distribution::Constant(0.0),
            min_weight: None,
            delay: Distribution::Constant(1.0),
            min_delay_ms: None,
            synapse: SynapseKind { mechanism: mechanism.to_owned(), parameters: BTreeMap::new() },
            placement: SynapsePlacement::default(),
            allow_autapses: false,
        }
    }

    /// Checks laws and placement; rule and populations are checked by the network.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        self.multapses_sampler()?;
        self.weight_sampler()?;
        self.delay_sampler()?;
        self.placement
            .validate()
            .map_err(|error| Error::SynapsePlacement { projection: self.name.clone(), error })?;
        for (parameter, &value) in &self.synapse.parameters {
            self.require_finite(&format!("synapse.parameters.{parameter}"), value)?;
        }
        Ok(())
    }

    /// Whether the law of delays can be relied on to give a step or more.
    pub(crate) fn validate_delay(&self, clock: &StepClock) -> Result<(), Error> {
        let shortest = clock.shortest_delay_ms();
        if let ConnectionRule::SynapseTable(table) = &self.rule {
            let mut delays = table.rows().iter().map(|row| row.delay_ms);
            return delays.try_for_each(|delay| clock.delay_steps(&self.name, delay).map(|_| ()));
        }
        if let Distribution::Constant(delay_ms) = self.delay {
            return clock.delay_steps(&self.name, delay_ms).map(|_| ());
        }
        let min = self.min_delay_ms.unwrap_or(f64::NEG_INFINITY);
        let below = self.delay.probability(min, shortest.next_down());
        let probability = below / self.delay.probability(min, f64::INFINITY);
        if probability < crate::distribution::MIN_MASS {
            return Ok(());
        }
        let (projection, dt_ms) = (self.name.clone(), clock.dt_ms());
        Err(Error::DelayLawBelowStep { projection, probability, dt_ms })
    }

    pub(crate) fn multapses_sampler(&self) -> Result<IntegerSampler, Error> {
        IntegerSampler::new(&self.multapses, 1).map_err(|error| self.law_error("multapses", error))
    }

    pub(crate) fn weight_sampler(&self) -> Result<Sampler, Error> {
        self.require_number("min_weight", self.min_weight)?;
        Sampler::new(&self.weight, self.min_weight, None)
            .map_err(|error| self.law_error("weight", error))
    }

    pub(crate) fn delay_sampler(&self) -> Result<Sampler, Error> {
        self.require_number("min_delay_ms", self.min_delay_ms)?;
        Sampler::new(&self.delay, self.min_delay_ms, None)
            .map_err(|error| self.law_error("delay", error))
    }

    fn law_error(&self, key: &'static str, error: crate::DistributionError) -> Error {
        Error::Law { projection: self.name.clone(), key, error }
    }

    fn require_number(&self, key: &str, value: Option<f64>) -> Result<(), Error> {
        self.require_finite(key, value.unwrap_or(0.0))
    }

    fn require_finite(&self, key: &str, value: f64) -> Result<(), Error> {
        if value.is_finite() {
            return Ok(());
        }
        let (projection, key) = (self.name.clone(), key.to_owned());
        Err(Error::ProjectionValue { projection, key, value, expected: "a finite number" })
    }
}
