//! `connection_overrides`: which pairs exist, and what is changed.

use crate::circuit::Circuit;
use crate::config::{NodeSelector, SimulationConfig};
use crate::edges::EdgePopulation;
use crate::finding::{Error, Problem, Report, Result};
use crate::selection::Selection;

/// What overrides leave of an edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change<'a> {
    /// Factor on the weight.
    pub(super) weight: f64,
    /// Delay instead of the edge's own, in ms.
    pub(super) delay_ms: Option<f64>,
    /// Another synapse model.
    pub(super) modoverride: Option<&'a str>,
    /// Rate of spontaneous release instead of the node's, in Hz.
    pub(super) minis_hz: Option<f64>,
    /// Strength and decay time (ms) of neuromodulators instead of the edge's.
    pub(super) neuromodulation: [Option<f64>; 2],
}

impl Change<'_> {
    /// Everything as the edge has it.
    pub(super) const NONE: Self = Change {
        weight: 1.0,
        delay_ms: None,
        modoverride: None,
        minis_hz: None,
        neuromodulation: [None; 2],
    };
}

/// A block with its node sets, by population.
#[derive(Debug)]
struct Block {
    sources: Vec<Selection>,
    targets: Vec<Selection>,
    weight: Option<f64>,
    delay_ms: Option<f64>,
    modoverride: Option<String>,
    minis_hz: Option<f64>,
    neuromodulation: [Option<f64>; 2],
    /// When its weight begins; other things of such a block do not count.
    begin_ms: f64,
    /// Statements on the synapse: parameter and value.
    configure: Vec<(String, f64)>,
}

/// All blocks, in the file's order.
#[derive(Debug, Default)]
pub(super) struct Overrides {
    blocks: Vec<Block>,
}

impl Overrides {
    pub(super) fn new(config: &SimulationConfig, circuit: &Circuit) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut report = Report::default();
        for entry in &config.connection_overrides {
            let at = |key: &str| format!("connection_overrides[{}].{key}", entry.position);
            let select = |name: &String| circuit.select(&NodeSelector::Named(name.clone()));
            let mut configure = Vec::new();
            if let Some(text) = &entry.synapse_configure {
                match statements(text) {
                    Ok(statements) => configure = statements,
                    Err(found) => {
                        let expected = "statements `%s.name = number`".to_owned();
                        let problem = Problem::Value { found, expected };
                        report.error(&config.path, at("synapse_configure"), problem);
                    }
                }
            }
            blocks.push(Block {
                sources: select(&entry.source)?,
                targets: select(&entry.target)?,
                weight: entry.weight,
                delay_ms: entry.synapse_delay_ms,
                modoverride: entry.modoverride.clone(),
                minis_hz: entry.spont_minis_hz,
                neuromodulation: [entry.neuromodulation_strength, entry.neuromodulation_dtc_ms],
                begin_ms: entry.delay_ms,
                configure,
            });
        }
        if report.is_ok() { Ok(Overrides { blocks }) } else { Err(Error::Invalid(report)) }
    }

    /// The blocks that concern a population of edges.
    pub(super) fn of<'a>(&'a self, edges: &EdgePopulation) -> OverridesOf<'a> {
        let (source, target) = (edges.source(), edges.target());
        let blocks = self
            .blocks
            .iter()
            .filter(|block| !block.sources[source].is_empty() && !block.targets[target].is_empty());
        OverridesOf { blocks: blocks.collect(), source, target }
    }
}

/// Blocks that concern one population of edges.
pub(super) struct OverridesOf<'a> {
    blocks: Vec<&'a Block>,
    source: usize,
    target: usize,
}

impl<'a> OverridesOf<'a> {
    fn covering(&self, source: u64, target: u64) -> impl Iterator<Item = &'a Block> {
        let (s, t) = (self.source, self.target);
        let covers = move |block: &&&Block| {
            block.sources[s].contains(source) && block.targets[t].contains(target)
        };
        self.blocks.iter().filter(covers).copied()
    }

    /// What becomes of an edge; `None` if it does not exist. Without a block all edges are as they
    /// are; else pairs that no block covers do not exist, nor any if their only block has weight 0.
    /// Later blocks win; what they do not set goes back to the edge's own, but for the model.
    pub(super) fn change(&self, source: u64, target: u64) -> Option<Change<'a>> {
        let mut change = Change::NONE;
        if self.blocks.is_empty() {
            return Some(change);
        }
        let mut n = 0;
        for block in self.covering(source, target).filter(|block| block.begin_ms <= 0.0) {
            change.weight = block.weight.unwrap_or(1.0);
            change.delay_ms = block.delay_ms.filter(|delay| *delay > 0.0);
            change.minis_hz = block.minis_hz;
            for (own, given) in change.neuromodulation.iter_mut().zip(block.neuromodulation) {
                // 0 counts as not given.
                *own = given.filter(|value| *value != 0.0).or(*own);
            }
            change.modoverride = block.modoverride.as_deref().or(change.modoverride);
            n += 1;
        }
        let only_off = self.blocks.len() == 1 && change.weight == 0.0;
        (n > 0 && !only_off).then_some(change)
    }

    /// Factors on the weight of an edge that begin later, by time (ms).
    pub(super) fn later(&self, source: u64, target: u64) -> Vec<(f64, f64)> {
        let later = self.covering(source, target).filter(|block| block.begin_ms > 0.0);
        let mut later: Vec<(f64, f64)> =
            later.map(|block| (block.begin_ms, block.weight.unwrap_or(1.0))).collect();
        later.sort_by(|a, b| a.0.total_cmp(&b.0));
        later
    }

    /// Statements on the synapse of an edge, those of all its blocks in order.
    pub(super) fn configure(
        &self,
        source: u64,
        target: u64,
    ) -> impl Iterator<Item = &'a (String, f64)> {
        let blocks = self.covering(source, target).filter(|block| block.begin_ms <= 0.0);
        blocks.flat_map(|block| &block.configure)
    }

    /// Whether weights begin later.
    pub(super) fn has_later(&self) -> bool {
        self.blocks.iter().any(|block| block.begin_ms > 0.0)
    }

    /// Whether any block asks for this synapse model.
    pub(super) fn asks_for(&self, model: &str) -> bool {
        self.blocks.iter().any(|block| block.modoverride.as_deref() == Some(model))
    }

    /// Whether any block has statements.
    pub(super) fn has_statements(&self) -> bool {
        self.blocks.iter().any(|block| !block.configure.is_empty())
    }
}

/// `%s.NMDA_ratio = 0.4 %s.mg = 1`
fn statements(text: &str) -> std::result::Result<Vec<(String, f64)>, String> {
    let mut parts = text.split("%s");
    let before = parts.next().unwrap_or_default();
    if !before.trim().is_empty() {
        return Err(format!("`{}`", before.trim()));
    }
    parts
        .map(|part| {
            let whole = part.trim().trim_end_matches(';').trim();
            let wrong = || format!("`%s{whole}`");
            let (name, value) = whole.split_once('=').ok_or_else(wrong)?;
            let name = name.trim().strip_prefix('.').ok_or_else(wrong)?;
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_name) {
                return Err(wrong());
            }
            let value: f64 = value.trim().parse().map_err(|_| wrong())?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[test]
    fn statements_of_synapse_configure() {
        let found = statements("%s.NMDA_ratio = 0.4 %s.mg = 1").unwrap();
        assert_eq!(found, [("NMDA_ratio".to_owned(), 0.4), ("mg".to_owned(), 1.0)]);
        assert_eq!(statements("%s.Use *= 2").unwrap_err(), "`%s.Use *= 2`");
        assert!(statements("x = 1 %s.mg = 1").is_err());
    }
}
