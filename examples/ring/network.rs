//! The network file (its format is described in `benches/README.md`), and cells made from it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region};
use serde::Deserialize;

/// A network as the file has it.
#[derive(Debug, Deserialize)]
pub(crate) struct NetworkFile {
    format: String,
    version: u32,
    pub(crate) name: String,
    pub(crate) dt_ms: f64,
    pub(crate) tstop_ms: f64,
    pub(crate) v_init_mv: f64,
    pub(crate) celsius: f64,
    #[serde(flatten)]
    pub(crate) biophysics: Biophysics,
    pub(crate) cells: Vec<Cell>,
    /// Source, target, synapse of the target, weight in uS, delay in ms.
    pub(crate) connections: Vec<(u64, u64, usize, f64, f64)>,
    pub(crate) kick: Kick,
}

/// What all cells have in common.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Biophysics {
    pub(crate) threshold_mv: f64,
    pub(crate) membranes: BTreeMap<String, Membrane>,
    pub(crate) synapse: Synapse,
}

/// A kind of membrane.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Membrane {
    pub(crate) ra_ohm_cm: f64,
    pub(crate) cm_uf_per_cm2: f64,
    pub(crate) hh: Hh,
    pub(crate) pas: Option<Pas>,
}

/// Hodgkin-Huxley channels.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Hh {
    pub(crate) gnabar_s_per_cm2: f64,
    pub(crate) gkbar_s_per_cm2: f64,
    pub(crate) gl_s_per_cm2: f64,
    pub(crate) el_mv: f64,
    pub(crate) ena_mv: f64,
    pub(crate) ek_mv: f64,
}

/// A leak.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Pas {
    pub(crate) g_s_per_cm2: f64,
    pub(crate) e_mv: f64,
}

/// The synapses.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Synapse {
    pub(crate) tau_ms: f64,
    pub(crate) e_mv: f64,
}

/// A cell.
#[derive(Debug, Deserialize)]
pub(crate) struct Cell {
    pub(crate) sections: Vec<Section>,
    /// Section and place on it.
    pub(crate) synapses: Vec<(usize, f64)>,
}

/// A cylinder, attached with its start to the end of its parent.
#[derive(Debug, Deserialize)]
pub(crate) struct Section {
    /// -1 for the first.
    pub(crate) parent: i64,
    pub(crate) length_um: f64,
    pub(crate) diam_um: f64,
    pub(crate) n_segments: usize,
    pub(crate) kind: String,
    /// Where it is, if that matters: start and end.
    #[serde(default)]
    pub(crate) points_um: Option<[[f64; 3]; 2]>,
}

/// One event that starts each ring.
#[derive(Debug, Deserialize)]
pub(crate) struct Kick {
    pub(crate) gids: Vec<u64>,
    pub(crate) synapse: usize,
    pub(crate) weight_us: f64,
    pub(crate) time_ms: f64,
}

impl NetworkFile {
    /// Reads the file, and checks what connections and kick refer to.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let network: Self = serde_json::from_reader(BufReader::new(file))
            .with_context(|| format!("{name}: not a network file"))?;
        ensure!(
            network.format == "peer-benchmark-network" && network.version == 1,
            "{name}: found format '{}', version {}; expected 'peer-benchmark-network', version 1",
            network.format,
            network.version
        );
        let n_cells = network.cells.len() as u64;
        for (row, &(source, target, synapse, ..)) in network.connections.iter().enumerate() {
            let ends = [source, target];
            ensure!(
                ends.iter().all(|gid| *gid < n_cells),
                "{name}: connections[{row}]: found gids {ends:?}, expected gids below {n_cells}"
            );
            network
                .segment_of(target, synapse)
                .with_context(|| format!("{name}: connections[{row}]"))?;
        }
        for &gid in &network.kick.gids {
            ensure!(gid < n_cells, "{name}: kick.gids: found {gid}, expected less than {n_cells}");
            network
                .segment_of(gid, network.kick.synapse)
                .with_context(|| format!("{name}: kick.synapse"))?;
        }
        Ok(network)
    }

    /// The segment of a synapse of a cell.
    pub(crate) fn segment_of(&self, gid: u64, synapse: usize) -> anyhow::Result<u32> {
        let cell = &self.cells[gid as usize];
        let n_synapses = cell.synapses.len();
        let Some(&(section, x)) = cell.synapses.get(synapse) else {
            bail!("cell {gid} has no synapse {synapse}; it has {n_synapses}");
        };
        let Some(home) = cell.sections.get(section) else {
            bail!("synapse {synapse} of cell {gid} is on section {section}, which is not there");
        };
        ensure!((0.0..=1.0).contains(&x), "synapse {synapse} of cell {gid} is at {x}, not 0 to 1");
        let before: usize = cell.sections[..section].iter().map(|section| section.n_segments).sum();
        let within = ((x * home.n_segments as f64) as usize).min(home.n_segments.max(1) - 1);
        Ok((before + within) as u32)
    }
}

impl Cell {
    /// The template of this cell; spikes are detected in the middle of section 0.
    pub(crate) fn template(&self, biophysics: &Biophysics) -> anyhow::Result<CellTemplate> {
        let mut builder = MorphologyBuilder::new();
        let (mut counts, mut cable) = (Vec::new(), Vec::new());
        for (index, section) in self.sections.iter().enumerate() {
            let kind = if section.kind == "soma" { SectionKind::Soma } else { SectionKind::Basal };
            let parent = usize::try_from(section.parent).ok().map(|parent| (parent, 1.0));
            let name = format!("{}[{index}]", section.kind);
            match section.points_um {
                None => {
                    builder.cylinder(&name, kind, parent, section.length_um, section.diam_um)?
                }
                Some(ends) => {
                    let points = ends.map(|[x, y, z]| [x, y, z, section.diam_um]);
                    builder.points(&name, kind, parent, &points)?
                }
            };
            counts.push(section.n_segments);
            let membrane = biophysics.membrane(&section.kind)?;
            let (ra_ohm_cm, cm_uf_cm2) = (membrane.ra_ohm_cm, membrane.cm_uf_per_cm2);
            cable.push(CableProperties { ra_ohm_cm, cm_uf_cm2 });
        }
        let morphology = builder.build()?.segmented(
            &Discretization::PerSection(counts),
            &Cable::PerSection(cable),
            SegmentPoints::Exact,
        )?;
        let middle = morphology.segment_at(0, 0.5);
        let mut cell = CellTemplate::new(morphology)?;
        cell.detect_spikes(middle, biophysics.threshold_mv)?;
        for (kind, membrane) in &biophysics.membranes {
            let is_kind =
                |(index, section): (usize, &Section)| (section.kind == *kind).then_some(index);
            let sections: Vec<usize> =
                self.sections.iter().enumerate().filter_map(is_kind).collect();
            if !sections.is_empty() {
                membrane.insert(&mut cell, &Region::Sections(sections))?;
            }
        }
        Ok(cell)
    }
}

impl Biophysics {
    fn membrane(&self, kind: &str) -> anyhow::Result<&Membrane> {
        self.membranes.get(kind).with_context(|| {
            let known: Vec<_> = self.membranes.keys().collect();
            format!("a section is of kind '{kind}'; there are membranes {known:?}")
        })
    }
}

impl Membrane {
    fn insert(&self, cell: &mut CellTemplate, region: &Region) -> anyhow::Result<()> {
        let hh = &self.hh;
        let channels = [
            ("gnabar", hh.gnabar_s_per_cm2),
            ("gkbar", hh.gkbar_s_per_cm2),
            ("gl", hh.gl_s_per_cm2),
            ("el", hh.el_mv),
        ];
        cell.insert("hh", region, &channels)?;
        cell.set_reversal("na", hh.ena_mv);
        cell.set_reversal("k", hh.ek_mv);
        if let Some(pas) = &self.pas {
            cell.insert("pas", region, &[("g", pas.g_s_per_cm2), ("e", pas.e_mv)])?;
        }
        Ok(())
    }
}
