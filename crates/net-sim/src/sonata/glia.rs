//! What astrocytes hear: the release of synapses, as spikes of the synapses' own.
//!
//! A synapse that is heard makes a spike where its `Ustate` passes 0: at its first release (it goes back
//! only where a mechanism says so). It acts on the astrocyte's section and, once more, on its soma.

use std::collections::{BTreeMap, BTreeSet};

use net_core::{Gid, MAX_CELLS};
use net_sonata::Direction;
use net_sonata::cell::{CableCell, Cell, GLUTAMATE, GLUTAMATE_SOMA};
use net_sonata::config::EdgeKind;
use net_sonata::connect::TargetCell;
use net_sonata::{Circuit, EdgePopulation, Selection};

use super::synapses::Listing;
use crate::error::BoxError;
use crate::model::PointSource;

/// A variable of excitatory synapses: -1 before, 1 after a release.
const RELEASE: &str = "Ustate";
const RELEASE_THRESHOLD: f64 = 0.0;

/// Delay between release and astrocyte, and the weight of the connection, which nothing reads.
const DELAY_MS: f64 = 0.05;
const WEIGHT: f64 = 0.0;

/// Under which gid the release of a synapse is known, by its edge.
fn gid_of(edge: u64) -> Gid {
    MAX_CELLS + edge
}

/// Synapses on some cells that astrocytes hear.
#[derive(Default)]
pub(super) struct Heard(BTreeSet<u64>);

impl Heard {
    /// Those among a population of edges on these neurons.
    pub(super) fn among(
        circuit: &Circuit,
        edges: &EdgePopulation,
        targets: &[TargetCell],
    ) -> Result<Self, BoxError> {
        let own = circuit.edges().iter().position(|other| std::ptr::eq(other, edges));
        let neurons: Selection = targets.iter().map(|target| target.node).collect();
        let mut heard = BTreeSet::new();
        for links in links(circuit).filter(|links| circuit.heard_edges(links) == own) {
            let astrocytes = circuit.nodes()[links.source()].simulated();
            let all = links.heard_synapses(Direction::Afferent, &neurons)?;
            let all = all.into_iter().filter(|heard| astrocytes.contains(heard.astrocyte));
            heard.extend(all.map(|heard| heard.synapse));
        }
        Ok(Heard(heard))
    }

    /// The source that a synapse is, if it is heard; those of inhibitory synapses are not.
    pub(super) fn source(&self, edge: u64, is_inhibitory: bool) -> Option<PointSource> {
        let is_heard = !is_inhibitory && self.0.contains(&edge);
        is_heard.then(|| PointSource::Crossing {
            variable: RELEASE,
            threshold: RELEASE_THRESHOLD,
            gid: gid_of(edge),
        })
    }
}

/// Edges that lead from astrocytes to the synapses that they hear.
fn links(circuit: &Circuit) -> impl Iterator<Item = &EdgePopulation> {
    circuit.edges().iter().filter(|edges| edges.kind() == EdgeKind::SynapseAstrocyte)
}

/// Puts what hears on astrocytes: `population` is theirs, `places` are their numbers among the cells that
/// are listed.
pub(super) fn list(
    circuit: &Circuit,
    population: usize,
    (places, targets): (&[u32], &[TargetCell]),
    dt_ms: f64,
    into: &mut Listing,
) -> Result<(), BoxError> {
    let astrocytes: Selection = targets.iter().map(|target| target.node).collect();
    let mut heard: BTreeMap<u64, Vec<(u64, u32)>> = BTreeMap::new();
    for links in links(circuit).filter(|links| links.source() == population) {
        for own in links.heard_synapses(Direction::Efferent, &astrocytes)? {
            heard.entry(own.astrocyte).or_default().push((own.synapse, own.section));
        }
    }
    let parameters = BTreeMap::new();
    let [in_section, in_soma] = [GLUTAMATE, GLUTAMATE_SOMA].map(|m| into.kind(m, &parameters));
    let delay_ms = DELAY_MS.max(dt_ms);
    for (&place, target) in places.iter().zip(targets) {
        let Cell::Cable(cell) = target.cell else { continue };
        let soma = into.place_shared(place, segment_of(cell, target.node, 0)?, in_soma);
        let mut by_section: BTreeMap<u32, u32> = BTreeMap::new();
        for &(edge, section) in heard.get(&target.node).into_iter().flatten() {
            let point = match by_section.get(&section) {
                Some(point) => *point,
                None => {
                    let segment = segment_of(cell, target.node, section)?;
                    let point = into.place_shared(place, segment, in_section);
                    by_section.insert(section, point);
                    point
                }
            };
            let source = PointSource::Cell { gid: gid_of(edge), weight: WEIGHT, delay_ms };
            into.send_to(place, point, source);
            into.send_to(place, soma, source);
        }
    }
    Ok(())
}

/// The segment of a section, by SONATA's id; sections of astrocytes have one.
fn segment_of(cell: &CableCell, node: u64, section: u32) -> Result<u32, BoxError> {
    let ids = cell.section_ids();
    let found = ids.iter().position(|id| *id == section);
    let found = found.filter(|at| !cell.morphology.sections[*at].name.starts_with("endfoot"));
    found.map(|at| cell.morphology.sections[at].first_segment as u32).ok_or_else(|| {
        let n = cell.morphology.sections.len();
        format!("astrocyte_section_id {section} of astrocyte {node}, which has {n} sections").into()
    })
}
