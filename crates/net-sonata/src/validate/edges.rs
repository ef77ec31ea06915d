//! Edges: attributes, types, ends, and indices against the edges themselves.

use std::collections::BTreeMap;

use net_io::sonata::Direction;

use crate::circuit::Circuit;
use crate::config::EdgeKind;
use crate::edges::EdgePopulation;
use crate::finding::{Error, Problem, Report, Result};
use crate::selection::Selection;
use crate::types::TypeTable;

/// Edges read at once.
const BATCH_EDGES: usize = 1 << 18;

pub(super) fn check_population(
    population: &EdgePopulation,
    circuit: &Circuit,
    report: &mut Report,
) {
    let file = population.reader().path().to_owned();
    let at = format!("edges.{}", population.name());
    if matches!(population.kind(), EdgeKind::Glialglial | EdgeKind::TsodyksMarkram) {
        let what = "this type of edges; they are ignored, as by Neurodamus, and";
        report.warning(&file, &at, Problem::Unsupported { what: what.to_owned() });
        return;
    }
    for attribute in population.missing_attributes() {
        let path = file.clone();
        let (population, attribute) = (population.name().to_owned(), attribute.to_owned());
        report.failure(&file, &at, &Error::MissingAttribute { path, population, attribute });
    }
    let checked = check_rows(population, report).and_then(|()| check_glia(population, circuit));
    if let Err(error) = checked {
        report.failure(&file, &at, &error);
    }
    let direction = Direction::Afferent;
    if !population.reader().has_index(direction) {
        if population.kind() == EdgeKind::SynapseAstrocyte {
            // They belong to astrocytes, whose edges are the other way round.
            return;
        }
        let problem = Problem::NoIndex { index: direction.index_name() };
        report.warning(&file, format!("{at}.indices"), problem);
    } else if let Err(error) = check_index(population, circuit) {
        report.failure(&file, format!("{at}.indices"), &error);
    }
}

/// Ends within their populations, types in the table, and values for all that the type needs.
fn check_rows(population: &EdgePopulation, report: &mut Report) -> Result<()> {
    let reader = population.reader();
    let complete = population.missing_attributes().is_empty();
    let known: Option<Vec<i64>> = population.types().map(|types| types.ids().collect());
    let mut unknown: BTreeMap<i64, u64> = BTreeMap::new();
    for slab in Selection::all(population.len()).pieces(BATCH_EDGES as u64) {
        let range = std::slice::from_ref(&slab);
        for (nodes, source, len) in [
            (reader.sources(range)?, true, population.n_sources),
            (reader.targets(range)?, false, population.n_targets),
        ] {
            let beyond = |node: &i64| u64::try_from(*node).map_or(true, |node| node >= len);
            if let Some(index) = nodes.iter().position(beyond) {
                let edge = slab.start + index as u64;
                return Err(population.no_such_node(edge, nodes[index], source));
            }
        }
        // What is missing altogether is reported already.
        if complete {
            population.check_values(range)?;
        }
        if let Some(known) = &known {
            for id in reader.attributes().type_ids(range)? {
                if known.binary_search(&id).is_err() {
                    *unknown.entry(id).or_default() += 1;
                }
            }
        }
    }
    let at = format!("edges.{}.edge_type_id", population.name());
    let types_file = population.types().map(TypeTable::path).unwrap_or(reader.path()).to_owned();
    for (type_id, rows) in unknown {
        let types_file = types_file.clone();
        report.error(reader.path(), &at, Problem::NoSuchType { type_id, rows, types_file });
    }
    Ok(())
}

/// Sections, sizes and vessels of endfeet; synapses that are heard.
fn check_glia(population: &EdgePopulation, circuit: &Circuit) -> Result<()> {
    if !population.missing_attributes().is_empty() {
        return Ok(());
    }
    match population.kind() {
        EdgeKind::Endfoot => {
            let astrocytes = Selection::all(circuit.nodes()[population.target()].len());
            let mut slabs = astrocytes.pieces(BATCH_EDGES as u64);
            slabs.try_for_each(|slab| circuit.endfeet(population.target(), &slab).map(drop))
        }
        EdgeKind::SynapseAstrocyte => {
            let heard = circuit.heard_edges(population).map(|at| circuit.edges()[at].len());
            let edges = Selection::all(population.len());
            let mut slabs = edges.pieces(BATCH_EDGES as u64);
            slabs.try_for_each(|slab| population.check_heard(slab, heard.unwrap_or(0)))
        }
        _ => Ok(()),
    }
}

/// Every edge is in the index once, at its own target.
fn check_index(population: &EdgePopulation, circuit: &Circuit) -> Result<()> {
    let n_targets = circuit.nodes()[population.target()].len();
    let mut n_edges = 0;
    for batch in population.ends(&Selection::all(n_targets), BATCH_EDGES)? {
        let batch = batch?;
        n_edges += batch.len() as u64;
        // Ranges of one node that overlap would give an edge twice.
        let mut edges: Vec<u64> = batch.edges;
        edges.sort_unstable();
        if let Some(pair) = edges.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(wrong_count(population, format!("edge {} is in it twice", pair[0])));
        }
    }
    if n_edges != population.len() {
        let found = format!("it has {n_edges} of {} edges", population.len());
        return Err(wrong_count(population, found));
    }
    Ok(())
}

fn wrong_count(population: &EdgePopulation, found: String) -> Error {
    let mut report = Report::default();
    let at = format!("edges.{}.indices.{}", population.name(), Direction::Afferent.index_name());
    let expected = "every edge once; write the index anew".to_owned();
    report.error(population.reader().path(), at, Problem::Value { found, expected });
    Error::Invalid(report)
}
