//! Sampling of recorded quantities, block by block.

use std::ops::Range;

use super::instances::{Located, Place};
use super::membrane::electrodes;
use super::observation::Observation;
use super::{Block, Member};
use crate::currents::{BlockLayout, CellLayout, CurrentType, RowLayout};
use crate::error::CellError;
use crate::mechanism::kernel::Column;
use crate::mechanism::{IonUse, IonVariable, Role};
use crate::record::{Quantity, Samples, Schedule, Timetable};
use crate::simd::{F8, LANES};

/// What is sampled together.
#[derive(Debug)]
pub(super) struct Recorder {
    recording: usize,
    times: Timetable,
    sources: Vec<Source>,
    columns: Vec<u32>,
    samples: Vec<f64>,
    steps: Vec<u64>,
}

/// Where a recorded value stands.
#[derive(Debug, Clone, Copy)]
enum Source {
    Voltage(u32),
    MembraneCurrent(u32),
    Extracellular(u32),
    Column {
        instances: u32,
        column: u32,
        place: Place,
    },
    Ion {
        column: Column,
        position: u32,
    },
    /// A weight that nothing changes.
    Weight(f64),
    KeptWeight(u32),
}

/// A weight among what a block samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordedWeight {
    recorder: u32,
    source: u32,
}

impl Recorder {
    /// Forgets all samples.
    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.steps.clear();
    }
}

impl Block {
    /// Takes the samples that are due at `step`.
    pub(super) fn sample(&mut self, step: u64) {
        self.sample_some(step, |_| true);
    }

    fn sample_some(&mut self, step: u64, which: impl Fn(usize) -> bool) {
        let Block { recorders, cable, membrane, instances, ions, kept_weights, field, .. } = self;
        for recorder in recorders.iter_mut().filter(|r| which(r.recording) && r.times.is_due(step))
        {
            recorder.steps.push(step);
            let values = recorder.sources.iter().map(|source| match *source {
                Source::Voltage(p) => cable.v[p as usize / LANES].0[p as usize % LANES],
                Source::MembraneCurrent(p) => membrane[p as usize / LANES].0[p as usize % LANES],
                Source::Extracellular(p) => field
                    .as_ref()
                    .map_or(0.0, |field| field.outside[p as usize / LANES].0[p as usize % LANES]),
                Source::Column { instances: at, column, place } => {
                    instances[at as usize].value(column as usize, place)
                }
                Source::Ion { column, position } => ions.value(column, position as usize),
                Source::Weight(weight) => weight,
                Source::KeptWeight(at) => kept_weights[at as usize],
            });
            recorder.samples.extend(values);
        }
    }

    /// Records a quantity of one of this block's cells as column `column` of recording `recording`.
    pub(crate) fn record(
        &mut self,
        (recording, schedule): (usize, Schedule),
        column: u32,
        member: usize,
        segment: usize,
        quantity: &Quantity,
    ) -> Result<(), CellError> {
        let source = self.source(member, segment, quantity)?;
        self.add_source((recording, schedule), column, source);
        Ok(())
    }

    fn add_source(
        &mut self,
        (recording, schedule): (usize, Schedule),
        column: u32,
        source: Source,
    ) -> RecordedWeight {
        let at = self.recorders.iter().position(|r| r.recording == recording);
        let at = at.unwrap_or_else(|| {
            self.recorders.push(Recorder {
                recording,
                times: Timetable::new(schedule),
                sources: Vec::new(),
                columns: Vec::new(),
                samples: Vec::new(),
                steps: Vec::new(),
            });
            self.recorders.len() - 1
        });
        let recorder = &mut self.recorders[at];
        recorder.sources.push(source);
        recorder.columns.push(column);
        RecordedWeight { recorder: at as u32, source: recorder.sources.len() as u32 - 1 }
    }

    /// Records a weight of a connection, which is `weight` as long as it is not
    /// [kept](Self::sample_kept).
    pub(crate) fn record_weight(
        &mut self,
        recording: (usize, Schedule),
        column: u32,
        weight: f64,
    ) -> RecordedWeight {
        self.add_source(recording, column, Source::Weight(weight))
    }

    /// Says where a recorded weight is kept.
    pub(crate) fn sample_kept(&mut self, weight: RecordedWeight, at: u32) {
        let RecordedWeight { recorder, source } = weight;
        self.recorders[recorder as usize].sources[source as usize] = Source::KeptWeight(at);
    }

    fn source(
        &mut self,
        member: usize,
        segment: usize,
        quantity: &Quantity,
    ) -> Result<Source, CellError> {
        let slots = self.slot_start[member] as usize..self.slot_start[member + 1] as usize;
        let n_segments = slots.len();
        let is_artificial = n_segments == 0 && matches!(quantity, Quantity::Variable { .. });
        if segment >= n_segments && !(is_artificial && segment == 0) {
            return Err(CellError::NoSuchSegment { segment, n_segments });
        }
        let Member { gid, index, lane, .. } = self.members[member];
        let position = self.slots[slots].get(segment).map_or(0, |slot| slot * LANES as u32 + lane);
        match quantity {
            Quantity::Weight { .. } => Err(CellError::WeightOfSegment),
            Quantity::Voltage => Ok(Source::Voltage(position)),
            Quantity::MembraneCurrent => {
                self.membrane.resize(self.cable.sink_slot() + 1, F8::ZERO);
                Ok(Source::MembraneCurrent(position))
            }
            Quantity::Extracellular => Ok(Source::Extracellular(position)),
            Quantity::Ion { ion, variable } => {
                let mut own = self.ions_at(index, segment);
                let is_kept = |used: &IonUse| {
                    *variable != IonVariable::Current || used.variable == *variable && used.read
                };
                let is_here = own.any(|used| used.ion == ion && is_kept(used));
                let column = self.ions.stored(ion, *variable).filter(|_| is_here);
                let column = column.ok_or_else(|| {
                    let mut known: Vec<&str> = Vec::new();
                    for used in self.ions_at(index, segment) {
                        if !known.contains(&used.ion) {
                            known.push(used.ion);
                        }
                    }
                    let known = known.join(", ");
                    CellError::NoIonVariable { ion: ion.clone(), variable: *variable, known }
                })?;
                Ok(Source::Ion { column, position })
            }
            Quantity::Variable { mechanism: name, variable, nth } => {
                let not_inserted =
                    || CellError::NotInserted { mechanism: name.clone(), segment, gid };
                let at = self.instances.iter().position(|i| i.mechanism.name == name.as_str());
                let at = at.ok_or_else(not_inserted)?;
                let here = |l: &&Located| l.cell == index && l.segment as usize == segment;
                let located = self.located[at].iter().filter(here).nth(*nth);
                let place = located.ok_or_else(not_inserted)?.place;
                let mechanism = self.instances[at].mechanism;
                let Some(column) = mechanism.present_column(variable) else {
                    return Err(CellError::UnknownVariable {
                        mechanism: name.clone(),
                        variable: variable.clone(),
                        known: mechanism.names(|role| !matches!(role, Role::Derived { .. })),
                    });
                };
                if mechanism.columns[column].role == Role::Output {
                    self.record_outputs(at);
                }
                Ok(Source::Column { instances: at as u32, column: column as u32, place })
            }
        }
    }

    /// What the mechanisms of a cell's segment use of ions. Other cells of the block may have more, which
    /// is not to be seen: blocks depend on the layout.
    fn ions_at(&self, cell: u32, segment: usize) -> impl Iterator<Item = &'static IonUse> {
        let here = move |l: &Located| l.cell == cell && l.segment as usize == segment;
        let all = self.instances.iter().zip(&self.located);
        let of_segment = all.filter(move |(_, located)| located.iter().any(here));
        of_segment.flat_map(|(own, _)| &own.mechanism.ions)
    }

    /// Makes the currents of these types ready for an observer.
    pub(crate) fn observe(&mut self, types: &[CurrentType]) {
        let layout = self.layout();
        self.observation = Some(Observation::new(types, &mut self.instances, &self.cable, &layout));
    }

    /// Where the cells stand.
    pub(crate) fn layout(&self) -> BlockLayout {
        let mut rows: Vec<RowLayout> = Vec::new();
        let slots_of =
            |at: usize| &self.slots[self.slot_start[at] as usize..self.slot_start[at + 1] as usize];
        for (at, member) in self.members.iter().enumerate() {
            let slots = slots_of(at);
            // Artificial cells have no currents.
            if slots.is_empty() {
                continue;
            }
            if member.lane == 0 {
                let first_slot = rows.last().map_or(0, |row| row.first_slot + row.n_slots);
                let (n_slots, first_electrode, cells) = (0, 0, Vec::new());
                rows.push(RowLayout { first_slot, n_slots, first_electrode, cells });
            }
            if let Some(row) = rows.last_mut() {
                let slots = slots.iter().map(|slot| slot - row.first_slot as u32).collect();
                row.cells.push(CellLayout { gid: member.gid, slots, electrodes: Vec::new() });
                row.n_slots = row.n_slots.max(slots_of(at).len());
            }
        }
        for (position, _) in electrodes(&self.instances) {
            let (slot, lane) = (position / LANES, position % LANES);
            let row = rows.iter_mut().find(|row| row.slots().contains(&slot));
            if let Some((cell, slot)) = row.map(|row| (&mut row.cells[lane], slot - row.first_slot))
            {
                let segment = cell.slots.iter().position(|&own| own as usize == slot);
                cell.electrodes.extend(segment.map(|segment| segment as u32));
            }
        }
        let mut first_electrode = self.cable.n_slots();
        for row in &mut rows {
            row.first_electrode = first_electrode;
            first_electrode = row.electrodes().end;
        }
        BlockLayout { n_slots: self.cable.n_slots(), rows }
    }

    /// The instances of a mechanism on a segment, in the order of their creation: the number of the
    /// network's point process, or none for one of the template.
    pub(crate) fn instances_on(
        &self,
        member: usize,
        segment: usize,
        mechanism: &str,
    ) -> Vec<Option<u32>> {
        let cell = self.members[member].index;
        let is_here = |l: &&Located| l.cell == cell && l.segment as usize == segment;
        let at = self.instances.iter().position(|i| i.mechanism.name == mechanism);
        let located = at.map_or(&[][..], |at| &self.located[at]);
        located.iter().filter(is_here).map(|l| l.point).collect()
    }

    /// Takes samples of a recording in these steps only.
    pub(crate) fn set_windows(&mut self, recording: usize, windows: &[Range<u64>]) {
        for recorder in self.recorders.iter_mut().filter(|r| r.recording == recording) {
            recorder.times.set_windows(windows);
        }
    }

    /// Takes the sample of a recording at `step`, the state being that of this step, if it is due.
    pub(crate) fn sample_now(&mut self, recording: usize, step: u64) {
        self.sample_some(step, |of| of == recording);
    }

    /// Hands over the samples of a recording taken since the last call.
    pub(crate) fn take_samples(&mut self, recording: usize, into: &mut Samples) {
        for recorder in self.recorders.iter_mut().filter(|r| r.recording == recording) {
            into.add(&recorder.steps, &recorder.columns, &recorder.samples);
            recorder.steps.clear();
            recorder.samples.clear();
        }
    }
}
