//! Rings of branching cells as in NEURON's `ringtest`, of any size.

use std::collections::BTreeMap;

use net_core::{
    ConnectionRule, Distribution, Network, Population, Projection, Purpose, RandomSites, Stream,
    SynapseKind, SynapsePlacement, SynapseRow,
};
use net_sim::{CellKind, Model, table_projection};

use crate::network::{Biophysics, Cell, Hh, Membrane, Pas, Section, Synapse};

/// How many cells, and how they are connected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rings {
    pub(crate) n_cells: u64,
    pub(crate) ring_size: u64,
    /// Least and most dendrites of a cell.
    pub(crate) dendrites: [u64; 2],
    pub(crate) segments_per_section: usize,
    /// Further synapses of a cell, without weight.
    pub(crate) fan: u64,
    pub(crate) seed: u64,
}

const POPULATION: &str = "ring";
const WEIGHT_US: f64 = 0.01;
const DELAY_MS: f64 = 1.0;

/// The purposes of streams belong to the network; what a cell looks like is an object of its own.
const SHAPE: u32 = u32::MAX;

impl Rings {
    /// The rings with the fan, but not yet kicked.
    pub(crate) fn model(self, biophysics: Biophysics) -> anyhow::Result<Model> {
        let mut network = Network::new(self.seed);
        network.add_population(Population::new(POPULATION, self.n_cells, "branching"))?;
        let row = |target| SynapseRow {
            source: self.before(target),
            target,
            segment: self.synapse_segment(),
            weight: WEIGHT_US,
            delay_ms: DELAY_MS,
        };
        let rows = (0..self.n_cells).map(row).collect();
        let synapse = synapse(&biophysics.synapse);
        let ends = [POPULATION, POPULATION];
        network.add_projection(table_projection("ring", ends, synapse.clone(), rows))?;
        if self.fan > 0 {
            network.add_projection(self.fan(synapse))?;
        }
        let cell = move |gid| self.cell(gid).template(&biophysics);
        Ok(Model::new(network).with_cells("branching", CellKind::per_cell(cell)))
    }

    /// The first cell of every ring.
    pub(crate) fn kicked(self) -> impl Iterator<Item = u64> {
        (0..self.n_cells).step_by(self.ring_size as usize)
    }

    /// The segment of the synapse between cells of a ring: on the first dendrite, far out.
    pub(crate) fn synapse_segment(self) -> u32 {
        let within = (0.8 * self.segments_per_section as f64) as usize;
        (1 + within.min(self.segments_per_section - 1)) as u32
    }

    fn before(self, gid: u64) -> u64 {
        let first = gid / self.ring_size * self.ring_size;
        let last = (first + self.ring_size).min(self.n_cells) - 1;
        if gid == first { last } else { gid - 1 }
    }

    /// Synapses that cost time and memory, but change no potential.
    fn fan(self, synapse: SynapseKind) -> Projection {
        Projection {
            name: "fan".to_owned(),
            pre: POPULATION.to_owned(),
            post: POPULATION.to_owned(),
            rule: ConnectionRule::FixedTotalNumber { n_connections: self.fan * self.n_cells },
            multapses: Distribution::Constant(1.0),
            weight: Distribution::Constant(0.0),
            min_weight: None,
            delay: Distribution::Uniform { low: DELAY_MS, high: 3.0 * DELAY_MS },
            min_delay_ms: None,
            synapse,
            placement: SynapsePlacement::Random(RandomSites {
                sections: vec!["dend".to_owned()],
                ..RandomSites::default()
            }),
            allow_autapses: false,
        }
    }

    /// A soma, a dendrite of 200 um, and short ones in a random tree of at most two children each.
    fn cell(self, gid: u64) -> Cell {
        let mut stream = Stream::new(self.seed, Purpose::Connection, SHAPE, [gid, 0]);
        let [least, most] = self.dendrites;
        let n_dendrites = least + stream.below(most - least + 1);
        let section = |parent: i64, length_um, diam_um, n_segments, kind: &str| Section {
            parent,
            length_um,
            diam_um,
            n_segments,
            kind: kind.to_owned(),
            points_um: None,
        };
        let mut sections = vec![section(-1, SOMA_DIAM_UM, SOMA_DIAM_UM, 1, "soma")];
        sections.push(section(0, 200.0, 1.0, self.segments_per_section, "dend"));
        // Sections with fewer than two children, and how many they have.
        let mut free = vec![(1_usize, 0)];
        for index in 2..=n_dendrites as usize {
            let slot = stream.below(free.len() as u64) as usize;
            let (parent, n_children) = free[slot];
            sections.push(section(parent as i64, 10.0, 1.0, self.segments_per_section, "dend"));
            if n_children == 1 {
                free[slot] = (index, 0);
            } else {
                free[slot].1 += 1;
                free.push((index, 0));
            }
        }
        Cell { sections, synapses: Vec::new() }
    }
}

const SOMA_DIAM_UM: f64 = 12.6157;

/// Mechanism and parameters of the synapses.
pub(crate) fn synapse(synapse: &Synapse) -> SynapseKind {
    let parameters = [("tau".to_owned(), synapse.tau_ms), ("e".to_owned(), synapse.e_mv)];
    SynapseKind { mechanism: "ExpSyn".to_owned(), parameters: parameters.into() }
}

/// Hodgkin-Huxley channels everywhere, a leak in the dendrites.
pub(crate) fn biophysics() -> Biophysics {
    let membrane = |pas| Membrane {
        ra_ohm_cm: 100.0,
        cm_uf_per_cm2: 1.0,
        hh: Hh {
            gnabar_s_per_cm2: 0.12,
            gkbar_s_per_cm2: 0.036,
            gl_s_per_cm2: 0.0003,
            el_mv: -54.3,
            ena_mv: 50.0,
            ek_mv: -77.0,
        },
        pas,
    };
    let leak = Pas { g_s_per_cm2: 0.001, e_mv: -65.0 };
    Biophysics {
        threshold_mv: 10.0,
        membranes: BTreeMap::from([
            ("soma".to_owned(), membrane(None)),
            ("dend".to_owned(), membrane(Some(leak))),
        ]),
        synapse: Synapse { tau_ms: 2.0, e_mv: 0.0 },
    }
}
