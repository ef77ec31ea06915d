//! `connection_overrides`

use crate::finding::Problem;
use crate::json::Object;

/// Changes to the connections between two node sets, in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionOverride {
    /// Place in the list, from 0.
    pub position: usize,
    /// Its name.
    pub name: String,
    /// Node set of the sources.
    pub source: String,
    /// Node set of the targets.
    pub target: String,
    /// Factor on the conductance; none leaves it.
    pub weight: Option<f64>,
    /// Rate of miniatures; none takes the nodes' rates.
    pub spont_minis_hz: Option<f64>,
    /// Statements, with `%s` for the synapse.
    pub synapse_configure: Option<String>,
    /// Another synapse model.
    pub modoverride: Option<String>,
    /// Delay of the connections instead of the edges' own.
    pub synapse_delay_ms: Option<f64>,
    /// Time at which the override begins; 0.
    pub delay_ms: f64,
    /// Decay time constant of neuromodulators instead of the edges'.
    pub neuromodulation_dtc_ms: Option<f64>,
    /// Strength of neuromodulators instead of the edges'.
    pub neuromodulation_strength: Option<f64>,
}

impl ConnectionOverride {
    pub(super) fn read_all(object: &Object) -> Vec<Self> {
        let mut result: Vec<Self> = Vec::new();
        for (position, entry) in object.objects("connection_overrides").into_iter().enumerate() {
            let name = entry.require("name", entry.text("name"), "a name");
            let source = entry.require("source", entry.text("source"), "a node set");
            let target = entry.require("target", entry.text("target"), "a node set");
            let weight = entry.not_negative("weight");
            let spont_minis_hz = entry.not_negative("spont_minis");
            let synapse_configure = entry.text("synapse_configure");
            let modoverride = entry.text("modoverride");
            let synapse_delay_ms = entry.not_negative("synapse_delay_override");
            let delay_ms = entry.not_negative("delay").unwrap_or(0.0);
            let neuromodulation_dtc_ms = entry.not_negative("neuromodulation_dtc");
            let neuromodulation_strength = entry.any("neuromodulation_strength");
            if let Some(text) = &synapse_configure
                && !text.contains("%s")
            {
                let expected = "statements with `%s` for the synapse".to_owned();
                let found = format!("{text:?}");
                entry.error("synapse_configure", Problem::Value { found, expected });
            }
            entry.finish();
            if let (Some(name), Some(source), Some(target)) = (name, source, target) {
                result.push(Self {
                    position,
                    name,
                    source,
                    target,
                    weight,
                    spont_minis_hz,
                    synapse_configure,
                    modoverride,
                    synapse_delay_ms,
                    delay_ms,
                    neuromodulation_dtc_ms,
                    neuromodulation_strength,
                });
            }
        }
        result
    }
}
