//! How a block is built from rows of cells.

use std::collections::HashMap;

use super::diffusion::Diffusion;
use super::events::{Events, NO_GID};
use super::instances::{self, Instances};
use super::ions::Ions;
use super::rows::Row;
use super::{Block, Built, Cable, Detector, Endpoint, Member, PointKind, StepSettings};
use crate::error::CellError;
use crate::mechanism;
use crate::simd::LANES;

impl Block {
    /// Builds a block and says, for every point of every cell in it, (cell, point, endpoint).
    pub(crate) fn new(
        rows: &[Row],
        kinds: &[PointKind],
        settings: StepSettings,
    ) -> Result<Built, CellError> {
        // uF/cm2 over ms times um2 is 1e-5 uS; Crank-Nicolson solves for the middle of the step.
        let per_step = 1e-5 / settings.dt_ms * if settings.second_order { 2.0 } else { 1.0 };
        let cable = Cable::new(rows, per_step, settings.second_order);
        let mut block = Block {
            settings,
            membrane: Vec::new(),
            electrode_mv: Vec::new(),
            injected_na: Vec::new(),
            observation: None,
            field: None,
            scratch: Vec::new(),
            instances: Vec::new(),
            ions: Ions::default(),
            diffusion: Vec::new(),
            endpoints: Vec::new(),
            kept_weights: Vec::new(),
            detectors: Vec::new(),
            crossings: Vec::new(),
            played: Vec::new(),
            derived_anew: Vec::new(),
            received: Vec::new(),
            events: Events::default(),
            members: Vec::new(),
            located: Vec::new(),
            slot_start: vec![0],
            slots: Vec::new(),
            recorders: Vec::new(),
            n_compartments: 0,
            cost: rows.iter().map(Row::cost).sum(),
            cable,
        };
        for row in rows {
            for (lane, &(index, cell)) in row.lanes.iter().enumerate() {
                let tree = cell.template.tree();
                let slots = tree.compartment.iter().map(|c| c + row.first_slot as u32);
                block.slots.extend(slots);
                block.slot_start.push(block.slots.len() as u32);
                block.n_compartments += tree.n_compartments();
                let gid = cell.gid;
                if let Some((segment, threshold_mv)) = cell.template.detector() {
                    let slot = row.first_slot as u32 + tree.compartment[segment];
                    let position = slot * LANES as u32 + lane as u32;
                    let weights = cell.template.detector_weights().iter();
                    let weights = weights.map(|&(segment, weight)| {
                        let slot = row.first_slot as u32 + tree.compartment[segment];
                        (slot * LANES as u32 + lane as u32, weight)
                    });
                    let mean_of = weights.collect();
                    let above = false;
                    block.detectors.push(Detector { position, mean_of, above, threshold_mv, gid });
                }
                block.members.push(Member { gid, index: index as u32, lane: lane as u32 });
            }
        }
        let endpoints = block.add_mechanisms(rows, kinds)?;
        block.ions = Ions::new(rows, block.cable.sink_slot() + 1, &mut block.instances);
        let instances = block.instances.iter().zip(&block.located).enumerate();
        block.diffusion = instances
            .filter_map(|(at, (instances, located))| Diffusion::new(at, instances, located, rows))
            .collect();
        block.find_pointers(rows)?;
        Ok((block, endpoints))
    }

    fn add_mechanisms(
        &mut self,
        rows: &[Row],
        kinds: &[PointKind],
    ) -> Result<Vec<(u32, u32, u32)>, CellError> {
        let mut endpoints = Vec::new();
        let sink = self.cable.sink_slot();
        for entry in mechanism::in_order() {
            let Some(built) = Instances::build(entry, rows, kinds, sink, self.settings.tables)
            else {
                continue;
            };
            mechanism::check_functions(entry.1)?;
            let instances = self.instances.len() as u32;
            let mut built = built;
            for located in &built.located {
                if let Some(point) = located.point {
                    let endpoint = self.endpoints.len() as u32;
                    endpoints.push((located.cell, point, endpoint));
                    self.endpoints.push(Endpoint { instances, place: located.place });
                    if built.instances.mechanism.uses_netcons {
                        built.instances.set_endpoint(located.place, endpoint);
                    }
                }
            }
            let emitters = self.emitters(entry.0, &built, rows);
            self.events.emitters.push(emitters);
            self.instances.push(built.instances);
            built.located.shrink_to_fit();
            self.located.push(built.located);
        }
        self.endpoints.shrink_to_fit();
        Ok(endpoints)
    }

    /// Whose spikes the instances of a mechanism make: those of their cells, if the cells say so.
    fn emitters(&self, mechanism: usize, built: &instances::Built, rows: &[Row]) -> Vec<u64> {
        let makes_spikes: HashMap<u32, u64> = rows
            .iter()
            .flat_map(|row| &row.lanes)
            .filter(|(_, cell)| cell.template.spiking_mechanism() == Some(mechanism))
            .map(|&(index, cell)| (index as u32, cell.gid))
            .collect();
        if makes_spikes.is_empty() {
            return Vec::new();
        }
        let mut gids = vec![NO_GID; built.instances.n_places()];
        for located in &built.located {
            if let Some(&gid) = makes_spikes.get(&located.cell) {
                gids[located.place.index()] = gid;
            }
        }
        gids
    }
}
