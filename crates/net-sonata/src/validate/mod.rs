//! Checks a simulation without running it.

mod cells;
mod edges;
mod uses;

use std::fmt;
use std::path::Path;

use crate::circuit::Circuit;
use crate::config::SimulationConfig;
use crate::finding::{Problem, Report, Severity};

/// What was found, and how large the simulation is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ValidationReport {
    /// Everything that is wrong or may not be as meant.
    pub report: Report,
    /// Node populations: name, kind, nodes, nodes to simulate.
    pub nodes: Vec<(String, &'static str, u64, u64)>,
    /// Edge populations: name, edges.
    pub edges: Vec<(String, u64)>,
}

impl ValidationReport {
    /// Whether the simulation can run.
    pub fn is_ok(&self) -> bool {
        self.report.is_ok()
    }
}

impl fmt::Display for ValidationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, kind, len, simulated) in &self.nodes {
            writeln!(f, "nodes {name}: {len} {kind}, {simulated} to simulate")?;
        }
        for (name, len) in &self.edges {
            writeln!(f, "edges {name}: {len}")?;
        }
        let count = |severity| {
            self.report.findings.iter().filter(|finding| finding.severity == severity).count()
        };
        if !self.report.findings.is_empty() {
            writeln!(f, "{}", self.report)?;
        }
        write!(f, "{} errors, {} warnings", count(Severity::Error), count(Severity::Warning))
    }
}

/// Checks a simulation: both configurations, node sets and compartment sets, that files are there
/// and agree with each other, that the nodes' morphologies and cell models exist, that indices of
/// edges give every edge to its node, and that inputs, reports and overrides refer to what is
/// there. All of it is checked whatever is found.
///
/// Each edge file is read once, in pieces. Mechanisms are not looked at.
pub fn validate(path: &Path) -> ValidationReport {
    let mut result = ValidationReport::default();
    let report = &mut result.report;
    let Some(config) = SimulationConfig::read(path, report) else { return result };
    let circuit = Circuit::read(&config, report);
    cells::check_components(&config, report);
    for population in circuit.nodes() {
        cells::check_population(population, report);
    }
    for population in circuit.edges() {
        edges::check_population(population, &circuit, report);
    }
    uses::check_uses(&config, &circuit, report);
    result.nodes = circuit
        .nodes()
        .iter()
        .map(|p| (p.name().to_owned(), p.kind().name(), p.len(), p.simulated().len()))
        .collect();
    result.edges = circuit.edges().iter().map(|p| (p.name().to_owned(), p.len())).collect();
    result
}

/// Reports a file or directory that is not there.
fn check_there(
    file: &Path,
    at: &str,
    what: &'static str,
    path: &Path,
    severity: Severity,
    report: &mut Report,
) {
    if path.exists() {
        return;
    }
    let problem = Problem::NotThere { what, path: path.to_owned() };
    match severity {
        Severity::Error => report.error(file, at, problem),
        Severity::Warning => report.warning(file, at, problem),
    }
}
