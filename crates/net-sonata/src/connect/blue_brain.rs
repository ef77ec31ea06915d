//! Synapses as Neurodamus makes them.

use std::collections::HashMap;

use net_core::Gid;
use net_core::random::{PolarNormal, Random123};

use super::location::{Locations, NoSegment};
use super::overrides::Change;
use super::plasticity::{self, Plastic};
use super::{Connector, Sharing, Synapse, Synapses, TargetCell};
use crate::config::EdgeKind;
use crate::edges::{EdgeBatch, EdgePopulation};
use crate::finding::{Problem, Result};
use crate::selection::Selection;

/// Types from here on are excitatory.
const EXCITATORY: f64 = 100.0;

impl Connector<'_> {
    pub(super) fn add_blue_brain(
        &mut self,
        edges: &EdgePopulation,
        batch: &EdgeBatch,
        targets: &[TargetCell],
        into: &mut Synapses,
    ) -> Result<()> {
        let columns = Columns::new(edges.kind(), batch);
        let plastic = Plastic::new(batch);
        let locations = Locations::new(batch);
        let rules = self.rules.clone();
        let overrides = rules.0.of(edges);
        let node_minis = self.node_minis(edges, batch)?;
        let mut parameters: Vec<(&str, f64)> = Vec::new();
        let mut at = 0;
        for edge in 0..batch.len() {
            let (source, node) = (batch.sources[edge], batch.targets[edge]);
            at = Self::target(targets, node, at);
            let target = &targets[at];
            let change = match edges.kind() {
                // Overrides do not concern gap junctions, and both halves must be there.
                EdgeKind::Electrical => {
                    let sources = &self.circuit.nodes()[edges.source()];
                    sources.simulated().contains(source).then_some(Change::NONE)
                }
                _ => overrides.change(source, node),
            };
            let Some(change) = change else { continue };
            let forced = match (change.modoverride, edges.kind()) {
                (Some("AMPANMDA"), EdgeKind::Chemical) => Some(true),
                (Some("GABAAB"), EdgeKind::Chemical) => Some(false),
                (Some(plasticity::OVERRIDE), EdgeKind::Chemical) => None,
                (None, _) | (Some("Exp2Syn"), EdgeKind::Exp2Syn) => None,
                (Some(name), _) => {
                    let what = format!("modoverride {name} here");
                    return Err(self.invalid(edges, "modoverride", Problem::Unsupported { what }));
                }
            };
            let mut synapse = Synapse {
                edge: batch.edges[edge],
                source,
                target: at as u32,
                segment: 0,
                model: Synapses::ARTIFICIAL,
                row: 0,
                synapse_id: batch.synapse_ids[edge],
                weight: columns.weight(edge) * change.weight,
                delay_ms: change.delay_ms.unwrap_or_else(|| self.snapped(columns.delay(edge))),
                minis_hz: 0.0,
                place: (0, f64::NAN),
            };
            if edges.kind() != EdgeKind::PointProcess {
                let Some(locations) = &locations else { continue };
                match locations.segment(target, edge) {
                    Ok((segment, place)) => (synapse.segment, synapse.place) = (segment, place),
                    Err(NoSegment::Removed) => {
                        into.n_skipped += 1;
                        continue;
                    }
                    Err(NoSegment::NoSuchSection) => {
                        let found = format!(
                            "edge {} on a section that node {node} lacks",
                            batch.edges[edge]
                        );
                        let expected = "sections of the morphology".to_owned();
                        let problem = Problem::Value { found, expected };
                        return Err(self.invalid(edges, "afferent_section_id", problem));
                    }
                }
                if let Columns::Neuromodulatory(columns) = &columns {
                    synapse.model = Synapses::NEAREST;
                    synapse.weight = if change.weight > 0.0 { 1.0 } else { 0.0 };
                    let [strength, decay] = change.neuromodulation;
                    into.neuromodulation.push([
                        strength.unwrap_or(columns.strength[edge]),
                        decay.unwrap_or(columns.decay[edge]),
                    ]);
                    into.synapses.push(synapse);
                    continue;
                }
                parameters.clear();
                let mechanism = match &columns {
                    Columns::Electrical(columns) => {
                        parameters.push(("g", columns.conductance[edge]));
                        into.junctions.push([columns.own[edge] as u64, columns.other[edge] as u64]);
                        "Gap"
                    }
                    Columns::Exp2Syn(columns) => columns.parameters(edge, &mut parameters),
                    Columns::Chemical(columns) => {
                        let calcium = self.config.conditions.extracellular_calcium_mm;
                        let asks = change.modoverride == Some(plasticity::OVERRIDE);
                        let mechanism = match plastic.as_ref().filter(|_| asks) {
                            Some(plastic) => {
                                plastic.parameters(edge, calcium, self.rho_star(), &mut parameters)
                            }
                            None => columns.parameters(edge, forced, calcium, &mut parameters),
                        };
                        if mechanism == INHIBITORY
                            && self.config.conditions.randomize_gaba_rise_time
                        {
                            let tau = self.rise_time(edges, node, batch.synapse_ids[edge]);
                            parameters.push(("tau_r_GABAA", tau));
                        }
                        mechanism
                    }
                    Columns::Point { .. } | Columns::Neuromodulatory(_) => continue,
                };
                if let Columns::Chemical(columns) = &columns {
                    let inhibitory = columns.syn_type[edge] < EXCITATORY;
                    synapse.minis_hz =
                        change.minis_hz.unwrap_or_else(|| node_minis.of(node, inhibitory));
                }
                if overrides.has_statements() && edges.kind() != EdgeKind::Electrical {
                    for (name, value) in overrides.configure(source, node) {
                        match parameters.iter_mut().find(|(known, _)| known == name) {
                            Some(known) => known.1 = *value,
                            None => parameters.push((name, *value)),
                        }
                    }
                }
                // Chemical synapses have times and probabilities of their own.
                let sharing = match edges.kind() {
                    EdgeKind::Chemical => Sharing::Unlikely,
                    _ => Sharing::Likely,
                };
                (synapse.model, synapse.row) = into.model(mechanism, &parameters, sharing);
            }
            if overrides.has_later() && edges.kind() != EdgeKind::Electrical {
                let at = into.synapses.len() as u32;
                for (t_ms, factor) in overrides.later(source, node) {
                    if edges.kind() != EdgeKind::Chemical {
                        let what = format!("a later weight of {} edges", edges.kind().name());
                        return Err(self.invalid(edges, "delay", Problem::Unsupported { what }));
                    }
                    into.later.push((at, t_ms, columns.weight(edge) * factor));
                }
            }
            into.synapses.push(synapse);
        }
        Ok(())
    }

    /// A delay in whole steps, as Neurodamus cuts it.
    fn snapped(&self, delay_ms: f64) -> f64 {
        let dt_ms = self.config.run.dt_ms;
        (delay_ms / dt_ms + 1e-5).trunc() * dt_ms
    }

    /// The rise time of a GABAA conductance, drawn for the synapse.
    fn rise_time(&self, edges: &EdgePopulation, node: u64, synapse_id: u32) -> f64 {
        let ids = self.common_stream(edges, node, synapse_id);
        let ids = [ids[0], ids[1], ids[2].wrapping_add(150)];
        second_lognormal(&mut Random123::new(self.config.run.random_seed, ids), 0.2, 0.1)
    }

    /// Ids of the stream that times of spontaneous release are drawn from, with the run's seed.
    pub fn minis_stream(&self, edges: &EdgePopulation, node: u64, synapse_id: u32) -> [u32; 3] {
        let [gid, _, third] = self.common_stream(edges, node, synapse_id);
        let run = &self.config.run;
        let third = third.wrapping_sub(run.synapse_seed).wrapping_add(run.minis_seed);
        [synapse_id.wrapping_add(200), gid, third]
    }

    /// Rates of spontaneous release that the targets of a batch have.
    fn node_minis(&self, edges: &EdgePopulation, batch: &EdgeBatch) -> Result<NodeMinis> {
        let mut minis = NodeMinis::default();
        let population = &self.circuit.nodes()[edges.target()];
        for (name, rates) in [
            ("exc-mini_frequency", &mut minis.excitatory),
            ("inh-mini_frequency", &mut minis.inhibitory),
        ] {
            if edges.kind() == EdgeKind::Chemical && population.has_attribute(name) {
                let nodes: Selection = batch.targets.iter().copied().collect();
                let values = population.numbers(name, nodes.ranges())?;
                let found = nodes.iter().zip(values).filter(|(_, rate)| *rate > 0.0);
                rates.extend(found);
            }
        }
        Ok(minis)
    }

    /// Ids of the stream that the release of a synapse of this mechanism draws from, with the run's
    /// seed.
    pub fn release_stream(
        &self,
        edges: &EdgePopulation,
        (node, synapse_id): (u64, u32),
        mechanism: &str,
    ) -> [u32; 3] {
        if mechanism == plasticity::OVERRIDE {
            let gid: Gid = self.circuit.nodes()[edges.target()].first_gid() + node;
            let third = self.config.run.synapse_seed.wrapping_add(200);
            return [(gid + 1) as u32, synapse_id.wrapping_add(100_000), third];
        }
        self.common_stream(edges, node, synapse_id)
    }

    fn common_stream(&self, edges: &EdgePopulation, node: u64, synapse_id: u32) -> [u32; 3] {
        let [source, target] =
            [edges.source(), edges.target()].map(|index| &self.circuit.nodes()[index]);
        let gid: Gid = target.first_gid() + node;
        let populations = source.stream_id() * 65536 + target.stream_id();
        let third = populations.wrapping_add(self.config.run.synapse_seed).wrapping_add(300);
        [(gid + 1 + 250) as u32, synapse_id.wrapping_add(100), third]
    }
}

/// Rates of spontaneous release in Hz, by node.
#[derive(Default)]
struct NodeMinis {
    excitatory: HashMap<u64, f64>,
    inhibitory: HashMap<u64, f64>,
}

impl NodeMinis {
    fn of(&self, node: u64, inhibitory: bool) -> f64 {
        let rates = if inhibitory { &self.inhibitory } else { &self.excitatory };
        rates.get(&node).copied().unwrap_or(0.0)
    }
}

/// The mechanism of inhibitory synapses.
pub const INHIBITORY: &str = "ProbGABAAB_EMS";
const EXCITATORY_MODEL: &str = "ProbAMPANMDA_EMS";

/// Columns of a batch, by the kind of edges.
enum Columns<'b> {
    Chemical(Chemical<'b>),
    Exp2Syn(Exp2Syn<'b>),
    Electrical(Electrical<'b>),
    Neuromodulatory(Neuromodulatory<'b>),
    Point { weight: &'b [f64], delay: &'b [f64] },
}

struct Chemical<'b> {
    conductance: &'b [f64],
    delay: &'b [f64],
    u_syn: &'b [f64],
    depression: &'b [f64],
    facilitation: &'b [f64],
    decay: &'b [f64],
    syn_type: &'b [f64],
    vesicles: &'b [f64],
    scale: &'b [f64],
    hill: &'b [f64],
}

struct Electrical<'b> {
    conductance: &'b [f64],
    own: &'b [f64],
    other: &'b [f64],
}

struct Neuromodulatory<'b> {
    delay: &'b [f64],
    strength: &'b [f64],
    decay: &'b [f64],
}

struct Exp2Syn<'b> {
    conductance: &'b [f64],
    delay: &'b [f64],
    tau1: &'b [f64],
    tau2: &'b [f64],
    erev: &'b [f64],
}

impl<'b> Columns<'b> {
    fn new(kind: EdgeKind, batch: &'b EdgeBatch) -> Self {
        // All columns of a kind are in its batches.
        let column = |name| batch.column(name).unwrap_or_default();
        match kind {
            EdgeKind::Exp2Syn => Columns::Exp2Syn(Exp2Syn {
                conductance: column("conductance"),
                delay: column("delay"),
                tau1: column("tau1"),
                tau2: column("tau2"),
                erev: column("erev"),
            }),
            EdgeKind::Electrical => Columns::Electrical(Electrical {
                conductance: column("conductance"),
                own: column("afferent_junction_id"),
                other: column("efferent_junction_id"),
            }),
            EdgeKind::Neuromodulatory => Columns::Neuromodulatory(Neuromodulatory {
                delay: column("delay"),
                strength: column("neuromod_strength"),
                decay: column("neuromod_dtc"),
            }),
            EdgeKind::PointProcess => {
                Columns::Point { weight: column("weight"), delay: column("delay") }
            }
            _ => Columns::Chemical(Chemical {
                conductance: column("conductance"),
                delay: column("delay"),
                u_syn: column("u_syn"),
                depression: column("depression_time"),
                facilitation: column("facilitation_time"),
                decay: column("decay_time"),
                syn_type: column("syn_type_id"),
                vesicles: column("n_rrp_vesicles"),
                scale: column("conductance_scale_factor"),
                hill: column("u_hill_coefficient"),
            }),
        }
    }

    fn weight(&self, edge: usize) -> f64 {
        match self {
            Columns::Chemical(columns) => columns.conductance[edge],
            Columns::Exp2Syn(columns) => columns.conductance[edge],
            Columns::Neuromodulatory(_) => 1.0,
            Columns::Electrical(columns) => columns.conductance[edge],
            Columns::Point { weight, .. } => weight[edge],
        }
    }

    fn delay(&self, edge: usize) -> f64 {
        match self {
            Columns::Chemical(columns) => columns.delay[edge],
            Columns::Exp2Syn(columns) => columns.delay[edge],
            Columns::Neuromodulatory(columns) => columns.delay[edge],
            Columns::Electrical(_) => 0.0,
            Columns::Point { delay, .. } => delay[edge],
        }
    }
}

impl Exp2Syn<'_> {
    fn parameters(&self, edge: usize, into: &mut Vec<(&str, f64)>) -> &'static str {
        into.push(("tau1", self.tau1[edge]));
        into.push(("tau2", self.tau2[edge]));
        into.push(("e", self.erev[edge]));
        "Exp2Syn"
    }
}

impl Chemical<'_> {
    /// The mechanism and its parameters; `forced` says whether it is excitatory whatever its type.
    fn parameters(
        &self,
        edge: usize,
        forced: Option<bool>,
        calcium_mm: Option<f64>,
        into: &mut Vec<(&str, f64)>,
    ) -> &'static str {
        let excitatory = forced.unwrap_or(self.syn_type[edge] >= EXCITATORY);
        let mut u = self.u_syn[edge];
        if let Some(calcium) = calcium_mm {
            u *= hill(calcium, self.hill[edge]);
        }
        into.push((if excitatory { "tau_d_AMPA" } else { "tau_d_GABAA" }, self.decay[edge]));
        into.push(("Use", u.abs()));
        into.push(("Dep", self.depression[edge].abs()));
        into.push(("Fac", self.facilitation[edge].abs()));
        if self.vesicles[edge] >= 0.0 {
            into.push(("Nrrp", self.vesicles[edge]));
        }
        if self.scale[edge] >= 0.0 && forced.is_none() {
            into.push((if excitatory { "NMDA_ratio" } else { "GABAB_ratio" }, self.scale[edge]));
        }
        if excitatory { EXCITATORY_MODEL } else { INHIBITORY }
    }
}

/// How the release probability follows the calcium outside, relative to 2 mM.
pub(super) fn hill(calcium_mm: f64, coefficient_mm: f64) -> f64 {
    let (k, ca) = (coefficient_mm.powi(4), calcium_mm.powi(4));
    (k + 16.0) / 16.0 * ca / (k + ca)
}

/// The second draw of a log-normal law with this mean and variance: choosing the law in HOC takes
/// the first.
fn second_lognormal(stream: &mut Random123, mean: f64, variance: f64) -> f64 {
    let square = mean * mean;
    let mu = (square / (variance + square).sqrt()).ln();
    let sigma = ((variance + square) / square).ln().sqrt();
    let mut normal = PolarNormal::default();
    normal.draw(stream);
    (mu + sigma * normal.draw(stream)).exp()
}
