//! Potentials outside of cells that inputs impose: uniform fields, and electrodes.
//!
//! Each becomes a stimulation of the model: a potential for every segment of a cell, from where the
//! node stands in the circuit, times a time course.

use std::f64::consts::PI;
use std::path::Path;
use std::sync::Arc;

use net_cell::morphology::SectionKind;
use net_core::Gid;
use net_sonata::cell::{CableCell, Cell};
use net_sonata::config::{ElectricField, Input, InputKind, InputTarget};
use net_sonata::stimulus::{
    ComsolStudy, Electrode, NearestNode, Tessellation, XstimCourse, XstimWaveform, read_electrodes,
    repeated,
};
use net_sonata::{Circuit, NodePopulation, SimulationConfig};

use super::cells::CellTable;
use super::placement::{Place, apply, dot, midpoint, orientation, soma_of, sub};
use crate::error::{BoxError, Error, Result};
use crate::model::{Potential, Stimulation, StrengthFunction, Targets};

/// A potential outside, and the cells that it acts on.
#[derive(Clone)]
pub(super) struct Field {
    name: String,
    gids: Vec<Gid>,
    source: Source,
    strength: Arc<StrengthFunction>,
}

/// Where a potential comes from; values hold when the time course is 1.
#[derive(Clone)]
enum Source {
    /// Field along x, y, z in V/m.
    Uniform([f64; 3]),
    /// Electrodes of 1 mA each in a medium of this resistivity, Ohm cm.
    Electrodes { electrodes: Arc<Vec<Electrode>>, resistivity_ohm_cm: f64 },
    /// Potentials at the nodes of a mesh, interpolated in its tessellation; 0 outside.
    Mesh { study: Arc<ComsolStudy>, tessellation: Arc<Tessellation> },
    /// Potentials at the nodes of a mesh that change with time: each segment has those of the nearest.
    MeshInTime { study: Arc<ComsolStudy>, nearest: Arc<NearestNode>, half_ms: f64 },
}

/// The inputs that act from outside of cells.
///
/// # Errors
/// Targets that do not exist, and files that cannot be read.
pub(super) fn read(
    config: &SimulationConfig,
    circuit: &Circuit,
    cells: &CellTable,
) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    for input in &config.inputs {
        let parts: Vec<(Source, Arc<StrengthFunction>)> = match &input.kind {
            InputKind::ElectricField { fields, ramp_up_ms, ramp_down_ms } => {
                let ramps = (*ramp_up_ms, *ramp_down_ms);
                let part = |field: &ElectricField| {
                    let source = Source::Uniform(field.amplitude_v_per_m);
                    (source, ramped_cosine(input, *field, ramps))
                };
                fields.iter().map(part).collect()
            }
            InputKind::Xstim { positions_file, mesh_files_dir, waveform, resistivity_ohm_cm } => {
                let electrodes = read_electrodes(positions_file, mesh_files_dir.as_deref());
                let electrodes = Arc::new(electrodes.map_err(Error::circuit)?);
                let source =
                    Source::Electrodes { electrodes, resistivity_ohm_cm: *resistivity_ohm_cm };
                let waveform = waveform.course().map_err(Error::circuit)?;
                // BioNet imposes what holds at the end of a step; a step asks for its middle.
                let half_ms = 0.5 * config.run.dt_ms;
                vec![(source, Arc::new(move |t_ms| waveform.at(t_ms + half_ms)))]
            }
            InputKind::Comsol { files, amplitudes, waveforms } => {
                let half_ms = 0.5 * config.run.dt_ms;
                let (files, waveforms) = (files.iter().zip(amplitudes), waveforms.iter());
                let mut waveforms = waveforms.map(XstimWaveform::course);
                let mut parts = Vec::new();
                for (file, &amplitude) in files {
                    let waveform = waveforms.next().transpose().map_err(Error::circuit)?;
                    let mesh = mesh(file, waveform.is_none(), half_ms).map_err(Error::circuit)?;
                    let dt_ms = config.run.dt_ms;
                    parts.push((mesh, course_of_mesh(waveform, amplitude, dt_ms)));
                }
                parts
            }
            _ => continue,
        };
        let InputTarget::NodeSet(set) = &input.target else {
            let what = format!("inputs.{}: fields on compartment sets", input.name);
            return Err(Error::Unsupported { what });
        };
        let selected = circuit.select(set).map_err(Error::circuit)?;
        let mut gids = Vec::new();
        for population in cells.populations() {
            let nodes = population.nodes.intersection(&selected[population.index]);
            gids.extend(nodes.iter().filter_map(|node| population.gid(node)));
        }
        for (number, (source, strength)) in parts.into_iter().enumerate() {
            let name = format!("{} {number}", input.name);
            fields.push(Field { name, gids: gids.clone(), source, strength });
        }
    }
    Ok(fields)
}

/// A file of potentials, with times or without.
fn mesh(file: &Path, is_timed: bool, half_ms: f64) -> net_sonata::Result<Source> {
    let study = Arc::new(ComsolStudy::read(file)?);
    study.check(is_timed)?;
    if is_timed {
        let nearest = Arc::new(NearestNode::new(&study.points_um));
        return Ok(Source::MeshInTime { study, nearest, half_ms });
    }
    let tessellation = Arc::new(study.tessellation()?);
    Ok(Source::Mesh { study, tessellation })
}

/// What the potentials of a mesh are multiplied by; a table begins again a step after its end.
fn course_of_mesh(
    waveform: Option<XstimCourse>,
    amplitude: f64,
    dt_ms: f64,
) -> Arc<StrengthFunction> {
    let Some(waveform) = waveform else { return Arc::new(move |_| amplitude) };
    let period_ms = waveform.duration_ms().map(|duration_ms| duration_ms + dt_ms);
    Arc::new(move |t_ms| {
        let end_ms = t_ms + 0.5 * dt_ms;
        let u_ms = period_ms.map_or(end_ms, |period_ms| repeated(end_ms, period_ms));
        amplitude * waveform.at(u_ms)
    })
}

/// `cos(2 pi f u + phase)` of the time u since the delay, times ramps outside of the duration.
fn ramped_cosine(
    input: &Input,
    field: ElectricField,
    (up_ms, down_ms): (f64, f64),
) -> Arc<StrengthFunction> {
    let (delay_ms, duration_ms) = (input.delay_ms, input.duration_ms);
    Arc::new(move |t_ms| {
        let u_ms = t_ms - delay_ms;
        let down_from_ms = up_ms + duration_ms;
        if u_ms <= 0.0 || u_ms >= down_from_ms + down_ms {
            return 0.0;
        }
        let ramp = if u_ms < up_ms {
            u_ms / up_ms
        } else if u_ms > down_from_ms {
            1.0 - (u_ms - down_from_ms) / down_ms
        } else {
            1.0
        };
        ramp * libm::cos(2.0 * PI * field.frequency_hz / 1000.0 * u_ms + field.phase_rad)
    })
}

impl Field {
    /// The stimulation of the model that it is.
    pub(super) fn stimulation(
        &self,
        circuit: &Arc<Circuit>,
        cells: &Arc<CellTable>,
    ) -> Stimulation {
        let (source, name) = (self.source.clone(), self.name.clone());
        let (circuit, cells) = (circuit.clone(), cells.clone());
        let wrong = move |error: BoxError| -> BoxError { format!("input {name}: {error}").into() };
        let strength = self.strength.clone();
        let potential = match source {
            Source::MeshInTime { study, nearest, half_ms } => {
                Potential::FunctionPerCell(Arc::new(move |gid| {
                    let nodes = nodes_of(&nearest, &circuit, &cells, gid).map_err(&wrong)?;
                    let (study, strength) = (study.clone(), strength.clone());
                    Ok(Arc::new(move |segment: u32, t_ms| {
                        let node = nodes[segment as usize] as usize;
                        strength(t_ms) * study.at(node, t_ms + half_ms)
                    }))
                }))
            }
            source => {
                let pattern = move |gid| source.of_cell(&circuit, &cells, gid).map_err(&wrong);
                Potential::PerCell { pattern: Arc::new(pattern), strength }
            }
        };
        Stimulation {
            name: self.name.clone(),
            potential,
            targets: Targets::Gids(self.gids.clone()),
        }
    }
}

impl Source {
    /// The potential in mV of every segment of a cell.
    fn of_cell(
        &self,
        circuit: &Circuit,
        cells: &CellTable,
        gid: Gid,
    ) -> Result<Vec<f64>, BoxError> {
        let (population, node) = cells.node_of(gid).ok_or("no such cell")?;
        let population = &circuit.nodes()[cells.populations()[population].index];
        let (cell, template) = cells.cell(gid)?;
        let Cell::Cable(cell) = &*cell else { return Ok(vec![0.0; template.n_segments()]) };
        let wrong = |what: &str| -> BoxError {
            format!("node {node} of population {}: {what}", population.name()).into()
        };
        match self {
            Source::Uniform(field_v_m) => {
                let rotation = orientation(population, node)?
                    .ok_or_else(|| wrong("has no orientation (orientation_w, _x, _y, _z)"))?;
                let from_soma = from_soma_um(cell).map_err(|what| wrong(&what))?;
                // 1 V/m is 1e-3 mV/um; the sign is that of Neurodamus, E times d.
                let potential = |d_um: &[f64; 3]| 1e-3 * dot(*field_v_m, apply(&rotation, *d_um));
                Ok(from_soma.iter().map(potential).collect())
            }
            Source::Electrodes { electrodes, resistivity_ohm_cm } => {
                let potential = |point| {
                    // Ohm cm mA/um: 1e4 um/cm and 1e0 mV/(mA Ohm).
                    let resistance = 1e4 * resistivity_ohm_cm / (4.0 * PI);
                    let of = |electrode: &Electrode| resistance * electrode.mean_inverse_um(point);
                    electrodes.iter().map(of).sum()
                };
                Ok(middles_um(population, node, cell)?.into_iter().map(potential).collect())
            }
            Source::Mesh { study, tessellation } => {
                let potential = |point| {
                    let of = |(node, part): (u32, f64)| part * study.potential_mv(node as usize);
                    tessellation.around(point).map_or(0.0, |nodes| nodes.into_iter().map(of).sum())
                };
                Ok(middles_um(population, node, cell)?.into_iter().map(potential).collect())
            }
            Source::MeshInTime { .. } => Err(wrong("potentials that change with time")),
        }
    }
}

/// The node that is nearest to each segment of a cell.
fn nodes_of(
    nearest: &NearestNode,
    circuit: &Circuit,
    cells: &CellTable,
    gid: Gid,
) -> Result<Vec<u32>, BoxError> {
    let (population, node) = cells.node_of(gid).ok_or("no such cell")?;
    let population = &circuit.nodes()[cells.populations()[population].index];
    let (cell, template) = cells.cell(gid)?;
    let Cell::Cable(cell) = &*cell else { return Ok(vec![0; template.n_segments()]) };
    let middles = middles_um(population, node, cell)?;
    Ok(middles.into_iter().map(|point| nearest.of(point).unwrap_or(0)).collect())
}

/// Where the middles of a cell's segments are, um, that of its soma where the node is.
fn middles_um(
    population: &NodePopulation,
    node: u64,
    cell: &CableCell,
) -> Result<Vec<[f64; 3]>, BoxError> {
    let (place, m) = (Place::of(population, node)?, &cell.morphology);
    let soma = soma_of(m).ok_or_else(|| -> BoxError {
        format!("node {node} of population {}: has no soma", population.name()).into()
    })?;
    let centre = midpoint(m, m.segment_at(soma, 0.5));
    let middle = |segment| place.point_um(sub(midpoint(m, segment), centre));
    Ok((0..m.n_segments()).map(middle).collect())
}

/// Where Neurodamus takes the segments of a cell to be, seen from its soma, in its own axes: the
/// soma in one point, the mean of the ends of its segments; other segments at their first end, where
/// the file has it and not where their section is moved to its parent; axons
/// that replace one of the file below the soma, 30 um each, and myelin on the next 1000 um.
fn from_soma_um(cell: &CableCell) -> Result<Vec<[f64; 3]>, String> {
    let m = &cell.morphology;
    let soma = soma_of(m).ok_or("has no soma")?;
    let own = m.sections[soma].first_segment
        ..m.sections[soma].first_segment + m.sections[soma].n_segments;
    let mut centre = [0.0; 3];
    for point in
        m.segments.start_um[own.clone()].iter().chain(&m.segments.end_um[own.end - 1..own.end])
    {
        (0..3).for_each(|k| centre[k] += point[k] / (own.len() + 1) as f64);
    }
    let mut all = vec![[0.0; 3]; m.n_segments()];
    let drawn = cell.point_arcs_um.iter().zip(&cell.moved_um);
    for (section, (arcs_um, moved_um)) in m.sections.iter().zip(drawn) {
        if section.kind == SectionKind::Soma {
            continue;
        }
        let index = |list: &str| {
            let number = section.name.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']')?;
            number.parse::<f64>().ok()
        };
        let own = section.first_segment..section.first_segment + section.n_segments;
        for (segment, place) in own.clone().zip(&mut all[own]) {
            let x = m.segments.x[segment];
            *place = match (arcs_um.is_empty(), index("axon"), index("myelin")) {
                (false, ..) => {
                    let start = sub(m.segments.start_um[segment], moved_um.map(f64::from));
                    sub(start, centre)
                }
                (true, Some(number), _) => [0.0, -30.0 * (number + x), 0.0],
                (true, _, Some(number)) => [0.0, -60.0 - 1000.0 * (number + x), 0.0],
                _ => return Err(format!("section {} has no 3-d points", section.name)),
            };
        }
    }
    Ok(all)
}
