//! How instances are collected from the cells of a block and laid out in columns.

use std::sync::Arc;

use super::{Built, Instances, Located, Place, Trains};
use crate::block::PointKind;
use crate::block::pointers::Links;
use crate::block::rows::Row;
use crate::cell::{Insertion, Values};
use crate::mechanism::kernel::{Column, Train};
use crate::mechanism::{GivenFunctions, Mechanism, MechanismKind, Role};
use crate::simd::{F8, LANES};

/// One instance on its way into columns.
#[derive(Debug, Clone, Copy)]
struct Instance<'a> {
    slot: u32,
    segment: u32,
    source: Source<'a>,
    area_um2: f64,
    diam_um: f64,
    /// Its cell.
    gid: u64,
    /// Its number among the instances of its mechanism on the cell, in the order of making.
    number: u32,
}

/// Where an instance's parameters come from.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Template(&'a Insertion),
    /// With the row of the kind.
    Kind(&'a PointKind, u32),
}

impl Instance<'_> {
    fn value(&self, column: usize) -> f64 {
        match self.source {
            Source::Kind(kind, row) => kind.value(row, column),
            Source::Template(insertion) => match &insertion.columns[column] {
                Values::Uniform(value) => *value,
                Values::PerSegment(values) => values[self.segment as usize],
            },
        }
    }

    /// One of the ids of a random stream: what the user says, else from gid, number, and the names
    /// of mechanism and stream.
    fn stream_id(&self, column: usize, which: u32, mechanism: &Mechanism) -> f64 {
        let given = self.value(column);
        if given.is_finite() {
            return given;
        }
        let id = match which {
            1 => self.gid as u32,
            2 => self.number,
            _ => {
                let stream = mechanism.columns[column].name;
                let stream = stream.rsplit_once('.').map_or(stream, |(stream, _)| stream);
                let name = mechanism.name.bytes().chain([b'.']).chain(stream.bytes());
                // FNV-1a; gids beyond 32 bits change it.
                let hash = name.fold(0x811c_9dc5u32, |hash, byte| {
                    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
                });
                hash ^ (self.gid >> 32) as u32
            }
        };
        f64::from(id)
    }

    /// The spike times that the user gives to it.
    fn train(&self) -> Option<&Arc<[f64]>> {
        match self.source {
            Source::Template(insertion) => insertion.spike_train_ms.as_ref(),
            Source::Kind(..) => None,
        }
    }
}

/// Lanes may stay empty in up to this part of the vectors before instances are scattered.
const MAX_PADDING: f64 = 1.5;

impl Instances {
    /// Collects the instances of catalogue entry `index` from all cells of a block, or `None` when
    /// there are none. `sink_slot` is where empty lanes point to.
    pub(in crate::block) fn build(
        (index, mechanism): (usize, &'static Mechanism),
        rows: &[Row],
        kinds: &[PointKind],
        sink_slot: usize,
        tables: bool,
    ) -> Option<Built> {
        let mut lanes: [Vec<(Instance, u32, Option<u32>)>; LANES] = Default::default();
        for row in rows {
            for (lane, &(cell_index, cell)) in row.lanes.iter().enumerate() {
                let tree = cell.template.tree();
                let segments = &cell.template.morphology().segments;
                let from = lanes[lane].len();
                // Artificial cells have no compartment; events go to the cell itself.
                let is_artificial = cell.template.is_artificial();
                let mut number = 0;
                let mut add = |segment: u32, source, point| {
                    let at = segment as usize;
                    let (slot, area_um2, diam_um) = if is_artificial {
                        (sink_slot as u32, 1.0, 1.0)
                    } else {
                        let slot = row.first_slot as u32 + tree.compartment[at];
                        (slot, segments.area_um2[at], segments.diam_um[at])
                    };
                    let gid = cell.gid;
                    let instance =
                        Instance { slot, segment, source, area_um2, diam_um, gid, number };
                    number += 1;
                    lanes[lane].push((instance, cell_index as u32, point));
                };
                for insertion in cell.template.insertions() {
                    if insertion.mechanism == index {
                        for &segment in &insertion.segments {
                            add(segment, Source::Template(insertion), is_artificial.then_some(0));
                        }
                    }
                }
                for (point, spec) in cell.points.iter().enumerate() {
                    let kind = &kinds[spec.kind as usize];
                    if kind.mechanism == index {
                        add(spec.segment, Source::Kind(kind, spec.row), Some(point as u32));
                    }
                }
                // Stable: instances on one segment keep their order whatever the layout.
                lanes[lane][from..].sort_by_key(|(instance, ..)| instance.slot);
            }
        }
        if lanes.iter().all(Vec::is_empty) {
            return None;
        }
        Some(Self::lay_out(mechanism, &lanes, sink_slot, tables))
    }

    fn lay_out(
        mechanism: &'static Mechanism,
        lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES],
        sink_slot: usize,
        tables: bool,
    ) -> Built {
        let scattered = lanes.iter().map(Vec::len).max().unwrap_or(0);
        let slots = aligned_slots(lanes);
        let aligned = slots.len() as f64 <= MAX_PADDING * scattered as f64;
        let n_vectors = if aligned { slots.len() } else { scattered };

        // Which instance stands in each lane of each vector.
        let mut grid: Vec<[Option<usize>; LANES]> = vec![[None; LANES]; n_vectors];
        for (lane, instances) in lanes.iter().enumerate() {
            let mut vector = 0;
            for (at, (instance, ..)) in instances.iter().enumerate() {
                if aligned {
                    while slots[vector] != instance.slot {
                        vector += 1;
                    }
                }
                grid[vector][lane] = Some(at);
                vector += 1;
            }
        }
        let places = if aligned {
            slots
        } else {
            let position = |vector: usize, lane: usize| {
                let slot = grid[vector][lane].map_or(sink_slot as u32, |at| lanes[lane][at].0.slot);
                slot * LANES as u32 + lane as u32
            };
            (0..n_vectors)
                .flat_map(|v| (0..LANES).map(move |l| (v, l)))
                .map(|(v, l)| position(v, l))
                .collect()
        };
        let mut located = Vec::new();
        for (vector, row) in grid.iter().enumerate() {
            for (lane, at) in row.iter().enumerate() {
                if let Some(at) = *at {
                    let (instance, cell, point) = lanes[lane][at];
                    let place = Place { vector: vector as u32, lane: lane as u32 };
                    located.push(Located { cell, point, segment: instance.segment, place });
                }
            }
        }
        let tabled = mechanism.tables.filter(|_| tables);
        let mut instances = Instances {
            mechanism,
            n_vectors,
            aligned,
            places,
            arena: Vec::new(),
            columns: Vec::new(),
            weight: Column { offset: 0, stride: 0 },
            to_density: Column { offset: 0, stride: 0 },
            ions: Vec::new(),
            ions_unwritten: Vec::new(),
            record: false,
            current: tabled.map_or(mechanism.kernels.current, |t| t.current),
            init: tabled.map_or(mechanism.kernels.init, |t| t.init),
            state: tabled.map_or(mechanism.kernels.state, |t| t.state),
            table: vec![0.0; tabled.map_or(0, |t| t.n_values)],
            build_tables: tabled.map(|t| t.build),
            trains: Trains::default(),
            links: Links::default(),
            functions: GivenFunctions::of(mechanism),
            endpoints: Vec::new(),
        };
        instances.fill(&grid, lanes);
        if mechanism.has_spike_train {
            instances.take_trains(&grid, lanes);
        }
        // Columns came one by one: up to half of the storage would stay empty.
        instances.arena.shrink_to_fit();
        located.shrink_to_fit();
        Built { instances, located }
    }

    /// Makes the columns: parameters that are equal for all instances are stored once.
    fn fill(
        &mut self,
        grid: &[[Option<usize>; LANES]],
        lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES],
    ) {
        let n_vectors = self.n_vectors;
        let filler = lanes.iter().flatten().next().map(|(instance, ..)| *instance);
        let value = |vector: usize, lane: usize, of: &dyn Fn(&Instance) -> f64| {
            let instance = grid[vector][lane].map(|at| lanes[lane][at].0).or(filler);
            instance.as_ref().map_or(0.0, of)
        };
        let gather = |arena: &mut Vec<F8>, of: &dyn Fn(&Instance) -> f64| {
            let offset = arena.len() * LANES;
            let vectors = (0..n_vectors).map(|v| F8(std::array::from_fn(|l| value(v, l, of))));
            arena.extend(vectors);
            let first = arena[offset / LANES].0[0];
            let same = |v: &F8| v.0.iter().all(|x| x.to_bits() == first.to_bits());
            if arena[offset / LANES..].iter().all(same) {
                arena.truncate(offset / LANES + 1);
                return Column { offset, stride: 0 };
            }
            Column { offset, stride: LANES }
        };
        let columns: Vec<Option<Column>> = self
            .mechanism
            .columns
            .iter()
            .enumerate()
            .map(|(at, spec)| match spec.role {
                Role::Parameter { .. } => {
                    Some(gather(&mut self.arena, &|instance| instance.value(at)))
                }
                Role::StreamId { which } => Some(gather(&mut self.arena, &|instance| {
                    instance.stream_id(at, which, self.mechanism)
                })),
                Role::Area => Some(gather(&mut self.arena, &|instance| instance.area_um2)),
                Role::Diam => Some(gather(&mut self.arena, &|instance| instance.diam_um)),
                _ => None,
            })
            .collect();
        let is_uniform = |at: &u32| columns[*at as usize].is_some_and(|column| column.stride == 0);
        for (spec, column) in self.mechanism.columns.iter().zip(&columns) {
            let uniform = match spec.role {
                Role::Derived { depends_on } => depends_on.iter().all(is_uniform),
                // Outputs have no storage of their own until somebody records them.
                Role::Output => true,
                _ => false,
            };
            let column = column.unwrap_or_else(|| self.add_column(uniform));
            self.columns.push(column);
        }
        let density = self.mechanism.kind == MechanismKind::Density;
        let offset = self.arena.len() * LANES;
        for row in grid {
            let weight =
                |lane: usize| {
                    row[lane].map_or(0.0, |at| {
                        if density { lanes[lane][at].0.area_um2 * 1e-2 } else { 1.0 }
                    })
                };
            self.arena.push(F8(std::array::from_fn(weight)));
        }
        self.weight = Column { offset, stride: LANES };
        // Read only where ion variables are written.
        self.to_density = self.weight;
        if self.mechanism.ions.iter().any(|ion| ion.write) {
            let offset = self.arena.len() * LANES;
            for row in grid {
                let factor = |lane: usize| {
                    row[lane].map_or(0.0, |at| {
                        if density { 1.0 } else { 1e2 / lanes[lane][at].0.area_um2 }
                    })
                };
                self.arena.push(F8(std::array::from_fn(factor)));
            }
            self.to_density = Column { offset, stride: LANES };
        }
    }

    /// Keeps the spike times of all instances.
    fn take_trains(
        &mut self,
        grid: &[[Option<usize>; LANES]],
        lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES],
    ) {
        for row in grid {
            for (lane, at) in row.iter().enumerate() {
                let train = at.and_then(|at| lanes[lane][at].0.train().cloned());
                let times: &[f64] = train.as_deref().unwrap_or(&[]);
                self.trains.views.push(Train { times_ms: times.as_ptr(), len: times.len() });
                self.trains.times_ms.push(train);
            }
        }
    }
}

/// The slots of aligned vectors: each as often as the lane that has most instances on it needs.
fn aligned_slots(lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES]) -> Vec<u32> {
    let n_slots = lanes.iter().flatten().map(|(i, ..)| i.slot as usize + 1).max().unwrap_or(0);
    let mut most = vec![0u32; n_slots];
    let mut here = vec![0u32; n_slots];
    for lane in lanes {
        here.fill(0);
        for (instance, ..) in lane {
            here[instance.slot as usize] += 1;
        }
        for (most, here) in most.iter_mut().zip(&here) {
            *most = (*most).max(*here);
        }
    }
    let repeated = most.iter().enumerate().map(|(slot, &n)| (slot as u32, n));
    repeated.flat_map(|(slot, n)| std::iter::repeat_n(slot, n as usize)).collect()
}
