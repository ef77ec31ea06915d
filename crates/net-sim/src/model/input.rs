//! What drives the network from outside.

use std::sync::Arc;

use net_cell::SpikeSource;
use net_core::{Distribution, Gid, Network, Sampler, SynapseKind, SynapsePlacement};

use super::{require_gid, require_population};
use crate::error::{Error, Result, bad_value};

/// Synapses that get their events from outside of the network.
///
/// ```
/// use net_core::{Distribution, SynapseKind, SynapsePlacement};
/// use net_sim::{Input, InputSynapses, SpikeSource};
///
/// let background = Input {
///     name: "background".into(),
///     synapse: SynapseKind { mechanism: "ExpSyn".into(), parameters: [("tau".into(), 2.0)].into() },
///     delay_ms: 1.0,
///     synapses: InputSynapses::Drawn {
///         population: "E".into(),
///         n_per_cell: 64,
///         placement: SynapsePlacement::default(),
///         weight: Distribution::Constant(0.0012),
///         source: SpikeSource::Poisson { rate_hz: 25.0, start_ms: 0.0, stop_ms: f64::INFINITY },
///     },
/// };
/// # assert_eq!(background.delay_ms, 1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Name, unique among the inputs.
    pub name: String,
    /// Mechanism and parameters of the synapses.
    pub synapse: SynapseKind,
    /// Time from a source's spike to its event at the synapse, in ms; may be 0.
    pub delay_ms: f64,
    /// The synapses and their sources.
    pub synapses: InputSynapses,
}

/// Which synapses an input has.
#[derive(Clone, Debug, PartialEq)]
pub enum InputSynapses {
    /// On every cell of a population the same number, placed at random, each with its own source.
    Drawn {
        /// Name of the population.
        population: String,
        /// Synapses of a cell.
        n_per_cell: u32,
        /// Their segments.
        placement: SynapsePlacement,
        /// Law of their weights, in the unit of the mechanism.
        weight: Distribution,
        /// What drives each of them; sources that draw have a random stream each.
        source: SpikeSource,
    },
    /// Given one by one.
    Table(Arc<InputTable>),
}

/// One synapse of an [`InputTable`].
#[derive(Clone, Debug, PartialEq)]
pub struct InputRow {
    /// The target cell.
    pub gid: Gid,
    /// Its segment.
    pub segment: u32,
    /// Weight in the unit of the mechanism.
    pub weight: f64,
    /// What drives it.
    pub source: SpikeSource,
}

/// Synapses of an input, given one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InputTable {
    rows: Vec<InputRow>,
}

impl InputTable {
    /// Sorts the rows by gid; rows of one cell keep their order.
    pub fn new(mut rows: Vec<InputRow>) -> Self {
        rows.sort_by_key(|row| row.gid);
        InputTable { rows }
    }

    /// All rows, by gid.
    pub fn rows(&self) -> &[InputRow] {
        &self.rows
    }

    /// The rows of one cell.
    pub fn rows_of(&self, gid: Gid) -> &[InputRow] {
        let start = self.rows.partition_point(|row| row.gid < gid);
        let end = self.rows.partition_point(|row| row.gid <= gid);
        &self.rows[start..end]
    }
}

impl Input {
    /// `n_per_cell` synapses of `mechanism`, with its default parameters, on every cell of
    /// `population`, anywhere on it, each driven by a source of its own that acts with `weight`
    /// without delay.
    pub fn drawn(
        name: &str,
        population: &str,
        mechanism: &str,
        n_per_cell: u32,
        weight: f64,
        source: SpikeSource,
    ) -> Self {
        Input {
            name: name.to_owned(),
            synapse: SynapseKind { mechanism: mechanism.to_owned(), parameters: [].into() },
            delay_ms: 0.0,
            synapses: InputSynapses::Drawn {
                population: population.to_owned(),
                n_per_cell,
                placement: SynapsePlacement::default(),
                weight: Distribution::Constant(weight),
                source,
            },
        }
    }

    pub(super) fn validate(&self, network: &Network) -> Result<()> {
        let user = || format!("input '{}'", self.name);
        if !(self.delay_ms.is_finite() && self.delay_ms >= 0.0) {
            let key = format!("{}: delay_ms", user());
            return Err(bad_value(key, self.delay_ms, "a finite number of ms >= 0"));
        }
        let bad_source =
            |source| Error::InputSource { input: self.name.clone(), source: Box::new(source) };
        match &self.synapses {
            InputSynapses::Drawn { population, placement, weight, source, .. } => {
                require_population(network, user, population)?;
                placement.validate().map_err(|source| Error::InputPlacement {
                    input: self.name.clone(),
                    source: Box::new(source),
                })?;
                self.weight_sampler(weight)?;
                source.validate().map_err(bad_source)
            }
            InputSynapses::Table(table) => table.rows().iter().try_for_each(|row| {
                require_gid(network, user, row.gid)?;
                if !row.weight.is_finite() {
                    let key = format!("{}: weight of a synapse of gid {}", user(), row.gid);
                    return Err(bad_value(key, row.weight, "a finite number"));
                }
                row.source.validate().map_err(bad_source)
            }),
        }
    }

    pub(crate) fn weight_sampler(&self, weight: &Distribution) -> Result<Sampler> {
        Sampler::new(weight, None, None).map_err(|source| Error::InputWeight {
            input: self.name.clone(),
            source: Box::new(source),
        })
    }
}
