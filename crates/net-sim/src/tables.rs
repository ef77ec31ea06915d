//! A network given as explicit tables, made a model.

use std::path::Path;
use std::sync::Arc;

use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region, SpikeSource, StepSettings};
use net_core::{Network, Placement, Population, Rotation, SynapseKind, SynapseRow};
use net_io::network::{MorphologyTable, NetworkParameters, NetworkTables, SectionMechanism};
use net_io::probes::{ProbeShape, ProbeTable, read_probe_tables, read_segment_points};
use net_lfp::{
    Conductivity, Contacts, CurrentDipoleMoment, LaminarCurrentSourceDensity, Probe,
    RecExtElectrode, SourceModel,
};

use crate::error::{BoxError, Error, Result};
use crate::model::{
    CellKind, GivenPoints, Input, InputRow, InputSynapses, InputTable, Model, ProbeRecording,
    table_projection,
};

/// The model of a network that is given as tables. External synapses are an input named
/// `external`.
///
/// # Errors
/// [`Error::Tables`] for a cell that cannot be built as described, and what
/// [`Network`] refuses.
pub fn model_of_tables(path: &Path, tables: &NetworkTables) -> Result<Model> {
    let mut network = Network::new(0);
    let parameters = &tables.parameters;
    for (index, (name, size)) in parameters.populations.iter().enumerate() {
        let gids = tables.gids_of(index);
        let cells = &tables.cells[gids.start as usize..gids.end as usize];
        network.add_population(
            Population::new(name, *size, "table")
                .placed(Placement::Table(cells.iter().map(|c| c.position_um).collect()))
                .rotated(Rotation::Table(cells.iter().map(|c| c.rotation_rad).collect())),
        )?;
    }
    add_projections(path, tables, &mut network)?;

    let template = |morphology: &MorphologyTable| {
        template(morphology, parameters).map_err(|source| Error::Tables {
            path: path.display().to_string(),
            what: format!("/morphology_gid{}", morphology.first_gid),
            source,
        })
    };
    let templates: Vec<_> =
        tables.morphologies.iter().map(|m| template(m).map(Arc::new)).collect::<Result<_>>()?;
    let kind = match &templates[..] {
        [only] => CellKind::Shared(only.clone()),
        _ => {
            let first_gids: Vec<u64> = tables.morphologies.iter().map(|m| m.first_gid).collect();
            CellKind::PerCell(Arc::new(move |gid| {
                let at = first_gids.partition_point(|&first| first <= gid).saturating_sub(1);
                Ok(templates[at].clone())
            }))
        }
    };
    let mut model = Model::new(network).with_cells("table", kind);
    if let Some(external) = &parameters.external {
        let synapse = SynapseKind {
            mechanism: external.mechanism.clone(),
            parameters: external.parameters.iter().cloned().collect(),
        };
        let synapses = InputSynapses::Table(Arc::new(external_rows(tables)));
        // The events of the table are those at the synapse.
        let name = "external".to_owned();
        model = model.with_input(Input { name, synapse, delay_ms: 0.0, synapses });
    }
    Ok(model)
}

/// Step, temperature and initial potential of the tables, with rate tables as NEURON has them.
pub fn settings_of_tables(parameters: &NetworkParameters) -> StepSettings {
    StepSettings {
        dt_ms: parameters.dt_ms,
        second_order: false,
        celsius: parameters.celsius,
        v_init_mv: parameters.v_init_mv,
        tables: true,
        random_key: 0,
    }
}

/// One projection for each pair of populations, name and set of parameters in the table.
fn add_projections(path: &Path, tables: &NetworkTables, network: &mut Network) -> Result<()> {
    let recurrent = &tables.recurrent;
    let mut groups: Vec<([u32; 2], [usize; 2], Vec<SynapseRow>)> = Vec::new();
    for synapse in &recurrent.synapses {
        let kind = [synapse.projection, synapse.parameter_set];
        let ends = [network.population_of(synapse.pre_gid)?, network.population_of(synapse.gid)?];
        let ends = ends.map(net_core::PopulationId::index);
        let found = groups.iter().position(|group| group.0 == kind && group.1 == ends);
        let at = found.unwrap_or_else(|| {
            groups.push((kind, ends, Vec::new()));
            groups.len() - 1
        });
        groups[at].2.push(SynapseRow {
            source: synapse.pre_gid,
            target: synapse.gid,
            segment: synapse.segment,
            weight: synapse.weight,
            delay_ms: synapse.delay_ms,
        });
    }
    for ([projection, set], ends, rows) in groups {
        let base = &recurrent.projections[projection as usize];
        let is_taken = |name: &str| network.projections().iter().any(|p| p.name == name);
        let numbered = (1..).map(|number| format!("{base}.{number}"));
        let mut names = std::iter::once(base.clone()).chain(numbered);
        let name = names.find(|name| !is_taken(name)).unwrap_or_default();
        let values = &recurrent.parameter_sets[set as usize];
        let names = recurrent.parameter_names.iter().cloned();
        let synapse = SynapseKind {
            mechanism: recurrent.mechanism.clone(),
            parameters: names.zip(values.iter().copied()).collect(),
        };
        let [pre, post] = ends.map(|end| network.populations()[end].name().to_owned());
        network.add_projection(table_projection(&name, [&pre, &post], synapse, rows)).map_err(
            |error| Error::Tables {
                path: path.display().to_string(),
                what: format!("/recurrent/synapses, projection `{base}`"),
                source: error.into(),
            },
        )?;
    }
    Ok(())
}

fn external_rows(tables: &NetworkTables) -> InputTable {
    let synapses = &tables.external_synapses;
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); synapses.len()];
    for event in &tables.external_events {
        if let Ok(at) = synapses.binary_search_by_key(&event.synapse, |synapse| synapse.id) {
            times[at].push(event.t_ms);
        }
    }
    let row = |(synapse, times): (&net_io::network::ExternalSynapse, Vec<f64>)| InputRow {
        gid: synapse.gid,
        segment: synapse.segment,
        weight: synapse.weight,
        source: SpikeSource::Times(times),
    };
    InputTable::new(synapses.iter().zip(times).map(row).collect())
}

/// The cell that a table describes.
fn template(
    table: &MorphologyTable,
    parameters: &NetworkParameters,
) -> std::result::Result<CellTemplate, BoxError> {
    let mut builder = MorphologyBuilder::new();
    let (mut counts, mut cable) = (Vec::new(), Vec::new());
    let mut first_segment = 0;
    for section in &table.sections {
        let kind = match section.base_name() {
            "soma" => SectionKind::Soma,
            "axon" => SectionKind::Axon,
            "dend" => SectionKind::Basal,
            "apic" => SectionKind::Apical,
            _ => SectionKind::Other,
        };
        let parent = section.parent.map(|parent| (parent, section.parent_x));
        builder.points(&section.name, kind, parent, &section.points_um)?;
        let end = first_segment + section.n_segments;
        let cm = &table.segment_cm_uf_cm2[first_segment..end];
        if cm.iter().any(|other| *other != cm[0]) {
            let text = format!(
                "section '{}' has segments of different capacitance; expected one value a section",
                section.name
            );
            return Err(text.into());
        }
        counts.push(section.n_segments);
        cable.push(CableProperties { ra_ohm_cm: section.ra_ohm_cm, cm_uf_cm2: cm[0] });
        first_segment = end;
    }
    let morphology = builder.build()?.segmented(
        &Discretization::PerSection(counts),
        &Cable::PerSection(cable),
        SegmentPoints::Exact,
    )?;
    let mut cell = CellTemplate::new(morphology)?;
    let segment = cell.detector().map_or(0, |(segment, _)| segment);
    cell.detect_spikes(segment, parameters.spike_threshold_mv)?;
    for (name, mechanisms) in &parameters.sections {
        let with_name =
            |(_, section): &(usize, &net_io::network::SectionTable)| section.base_name() == name;
        let sections = table.sections.iter().enumerate().filter(with_name).map(|(at, _)| at);
        let region = Region::Sections(sections.collect());
        for mechanism in mechanisms {
            insert(&mut cell, &region, mechanism)?;
        }
    }
    Ok(cell)
}

/// Inserts a mechanism; `e<ion>` among its parameters is the reversal potential of an ion it uses.
fn insert(
    cell: &mut CellTemplate,
    region: &Region,
    mechanism: &SectionMechanism,
) -> std::result::Result<(), BoxError> {
    let (_, known) = net_cell::mechanism::find(&mechanism.name)?;
    let mut values = Vec::new();
    for (name, value) in &mechanism.parameters {
        let ion = name.strip_prefix('e').and_then(|ion| known.ions.iter().find(|i| i.ion == ion));
        match ion {
            Some(ion) => cell.set_reversal(ion.ion, *value),
            None => values.push((name.as_str(), *value)),
        }
    }
    Ok(cell.insert(&mechanism.name, region, &values)?)
}

/// Adds the probes that the tables describe to their model; each population's contribution is a
/// field of its own.
///
/// Electrodes are line sources in an infinite medium of 0.3 S/m, unless the file has another
/// conductivity. Segments are where `/cells/segment_xyz` says, if the file has it.
///
/// # Errors
/// Those of reading, probes that are not possible, and a number of segments that is not the cells'.
pub fn with_probes_of_tables(model: Model, path: &Path) -> Result<Model> {
    let mut model = model;
    for table in read_probe_tables(path)? {
        let name = table.name.clone();
        let probe = match probe(table) {
            Ok(probe) => probe,
            Err(source) => return Err(Error::Probe { probe: name, source: Box::new(source) }),
        };
        model = model.with_probe(ProbeRecording {
            name: Some(name),
            by_population: true,
            probe,
            ..ProbeRecording::new(CurrentDipoleMoment)
        });
    }
    let Some(points) = read_segment_points(path)? else { return Ok(model) };
    let mut n_segments = Vec::new();
    for population in model.network().populations() {
        let kind = model.kind_of(population)?;
        for gid in population.gids() {
            let population = population.name().to_owned();
            let template = kind.template(gid);
            let template = template.map_err(|source| Error::Cell { gid, population, source })?;
            n_segments.push(template.n_segments());
        }
    }
    let found = points.diam_um.len();
    let points = GivenPoints::new(points, &n_segments).ok_or_else(|| Error::Tables {
        path: path.display().to_string(),
        what: "/cells/segment_xyz".to_owned(),
        source: format!("{found} segments, cells have {}", n_segments.iter().sum::<usize>()).into(),
    })?;
    Ok(model.with_given_points(points))
}

fn probe(table: ProbeTable) -> net_lfp::Result<Arc<dyn Probe>> {
    let conductivity = Conductivity::Isotropic(table.sigma_s_m.unwrap_or(0.3));
    let electrode =
        |contacts| RecExtElectrode { contacts, conductivity, source: SourceModel::LineSource };
    Ok(match table.shape {
        ProbeShape::Contacts(positions) => Arc::new(electrode(Contacts::new(positions)?)),
        ProbeShape::Surfaces(points) => {
            let middle = |points: &Vec<[f64; 3]>| {
                let sum = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>();
                [0, 1, 2].map(|axis| sum(axis) / points.len() as f64)
            };
            let positions = points.iter().map(middle).collect();
            Arc::new(electrode(Contacts::new(positions)?.with_points(points)?))
        }
        ProbeShape::Cylinders { z_um, radius_um } => {
            let radius_um = vec![radius_um; z_um.len()];
            let axis_um = [0.0; 2];
            Arc::new(LaminarCurrentSourceDensity { z_um, radius_um, axis_um })
        }
        ProbeShape::Dipole => Arc::new(CurrentDipoleMoment),
    })
}
