//! Stimulation of this rank's cells: potentials outside, block by block.

use net_cell::CellGroup;
use net_cell::currents::BlockLayout;
use net_cell::extracellular::ExtracellularPotential;
use net_cell::simd::F8;
use net_cell::state::Fingerprint;
use net_io::store::Ranges;
use net_lfp::TimeCourse;

use std::sync::Arc;

use crate::build::{LocalCell, PlacedCell};
use crate::error::{Error, Result};
use crate::model::{Model, Potential, PotentialFunction, StimulatedSegment, StrengthFunction};

/// Times (ms) at which functions are asked what they are, to tell one from another.
const PROBED_MS: [f64; 6] = [0.0, 0.7, 3.1, 17.3, 101.9, 1003.7];

/// Imposes the potentials of all stimulations of the model on the cells of these groups. Blocks that
/// none of them reaches are left as they are. Gives a hash of what acts on these cells; those of all
/// ranks add up, modulo 2^64, to one that does not depend on the layout.
pub(crate) fn stimulate(
    model: &Model,
    groups: &mut [CellGroup],
    own_cells: &[LocalCell],
) -> Result<u64> {
    if model.stimulations().is_empty() {
        return Ok(0);
    }
    let mut by_gid: Vec<&LocalCell> = own_cells.iter().collect();
    by_gid.sort_unstable_by_key(|cell| cell.gid);
    let targets = model.stimulations().iter().map(|s| model.gids_of(&s.targets));
    let targets = targets.collect::<Result<_>>()?;
    let (placed, fingerprint) = (PlacedCell::default(), 0);
    let mut builder = Builder { model, by_gid, targets, placed, fingerprint };
    for group in groups {
        for (block, layout) in group.layouts().iter().enumerate() {
            if let Some(potential) = builder.of_block(layout)? {
                group.impose_potential(block, Box::new(potential));
            }
        }
    }
    Ok(builder.fingerprint)
}

struct Builder<'a> {
    model: &'a Model,
    by_gid: Vec<&'a LocalCell>,
    /// The cells that each stimulation acts on.
    targets: Vec<Ranges>,
    placed: PlacedCell,
    /// Of what has been built.
    fingerprint: u64,
}

/// The potential outside of the cells of a block.
struct OfBlock {
    patterns: Vec<Pattern>,
    functions: Vec<Function>,
    /// Values of the time courses when the potential was written last.
    last: Vec<f64>,
}

struct Pattern {
    /// By slot, mV.
    potential: Vec<F8>,
    strength: Strength,
}

/// How strong a pattern is when.
enum Strength {
    Known(TimeCourse),
    Function(Arc<StrengthFunction>),
}

impl Strength {
    fn at(&self, t_ms: f64) -> f64 {
        match self {
            Strength::Known(time_course) => time_course.at(t_ms),
            Strength::Function(function) => function(t_ms),
        }
    }
}

struct Function {
    potential: Arc<PotentialFunction>,
    places: Vec<(usize, usize, StimulatedSegment)>,
}

impl Builder<'_> {
    fn of_block(&mut self, layout: &BlockLayout) -> Result<Option<OfBlock>> {
        let n_cells: usize = layout.rows.iter().map(|row| row.cells.len()).sum();
        let mut segments = Vec::with_capacity(n_cells);
        for row in &layout.rows {
            for (lane, cell) in row.cells.iter().enumerate() {
                let at = self.by_gid.partition_point(|own| own.gid < cell.gid);
                self.placed.place(self.model.network(), self.by_gid[at])?;
                let given = self.model.given_points().map(|points| points.of(cell.gid)).transpose();
                let given = given.map_err(|source| self.model.cell_error(cell.gid, source))?;
                segments.extend(cell.slots.iter().enumerate().map(|(segment, &slot)| {
                    let segment = segment as u32;
                    let midpoint_um = match &given {
                        Some(points) => points.midpoint(segment),
                        None => self.placed.midpoint(segment),
                    };
                    let segment = StimulatedSegment { gid: cell.gid, segment, midpoint_um };
                    (row.first_slot + slot as usize, lane, segment)
                }));
            }
        }
        let mut block = OfBlock { patterns: Vec::new(), functions: Vec::new(), last: Vec::new() };
        let stimulations = self.model.stimulations().iter().zip(&self.targets);
        for (number, (stimulation, targets)) in stimulations.enumerate() {
            let mut what = Fingerprint::new(9);
            what.add(number as u64);
            what.add_text(&stimulation.name);
            let mut sum = 0_u64;
            let mut note = |mut of: Fingerprint, segment: &StimulatedSegment, values: &[f64]| {
                of.add_all([segment.gid, segment.segment.into()]);
                of.add_all(values.iter().map(|value| value.to_bits()));
                sum = sum.wrapping_add(of.value());
            };
            let places = || segments.iter().filter(|(.., segment)| targets.contains(segment.gid));
            if places().next().is_none() {
                continue;
            }
            match &stimulation.potential {
                Potential::Pattern { field, time_course } => {
                    what.add_text(&format!("{time_course:?}"));
                    let mut potential = vec![F8::ZERO; layout.n_slots];
                    for (slot, lane, segment) in places() {
                        let found = field.potential_mv(segment.midpoint_um);
                        if !found.is_finite() {
                            let &StimulatedSegment { gid, segment, .. } = segment;
                            let stimulation = stimulation.name.clone();
                            return Err(Error::StimulusValue { stimulation, gid, segment, found });
                        }
                        note(what, segment, &[found]);
                        potential[*slot].0[*lane] = found;
                    }
                    let strength = Strength::Known(time_course.clone());
                    block.patterns.push(Pattern { potential, strength });
                }
                Potential::PerCell { pattern, strength } => {
                    what.add_all(PROBED_MS.map(|t_ms| strength(t_ms).to_bits()));
                    let mut potential = vec![F8::ZERO; layout.n_slots];
                    let mut known: Option<(u64, Vec<f64>)> = None;
                    for (slot, lane, place) in places() {
                        let &StimulatedSegment { gid, segment, .. } = place;
                        let of_cell = match known.take_if(|(other, _)| *other == gid) {
                            Some((_, of_cell)) => of_cell,
                            None => pattern(gid).map_err(|source| Error::Listed { source })?,
                        };
                        let found = of_cell.get(segment as usize).copied().unwrap_or(f64::NAN);
                        if !found.is_finite() {
                            let stimulation = stimulation.name.clone();
                            return Err(Error::StimulusValue { stimulation, gid, segment, found });
                        }
                        note(what, place, &[found]);
                        potential[*slot].0[*lane] = found;
                        known = Some((gid, of_cell));
                    }
                    let strength = Strength::Function(Arc::clone(strength));
                    block.patterns.push(Pattern { potential, strength });
                }
                Potential::Function(potential) => {
                    for (.., segment) in places() {
                        note(what, segment, &PROBED_MS.map(|t_ms| potential(segment, t_ms)));
                    }
                    let (potential, places) = (Arc::clone(potential), places().copied().collect());
                    block.functions.push(Function { potential, places });
                }
                Potential::FunctionPerCell(of_cell) => {
                    let places: Vec<_> = places().copied().collect();
                    for own in places.chunk_by(|a, b| a.2.gid == b.2.gid) {
                        let function = of_cell(own[0].2.gid);
                        let function = function.map_err(|source| Error::Listed { source })?;
                        for (.., segment) in own {
                            let at = |t_ms| function(segment.segment, t_ms);
                            note(what, segment, &PROBED_MS.map(at));
                        }
                        let potential: Arc<PotentialFunction> =
                            Arc::new(move |segment, t_ms| function(segment.segment, t_ms));
                        block.functions.push(Function { potential, places: own.to_vec() });
                    }
                }
            }
            self.fingerprint = self.fingerprint.wrapping_add(sum);
        }
        let is_reached = !(block.patterns.is_empty() && block.functions.is_empty());
        Ok(is_reached.then_some(block))
    }
}

impl std::fmt::Debug for OfBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stimulation")
    }
}

impl ExtracellularPotential for OfBlock {
    fn potential_at(&mut self, t_ms: f64, potential_mv: &mut [F8]) {
        // Mostly nothing changes from step to step: pulses are short.
        let has_changed = |(at, pattern): (usize, &Pattern)| {
            self.last.get(at) != Some(&pattern.strength.at(t_ms))
        };
        if self.functions.is_empty() && !self.patterns.iter().enumerate().any(has_changed) {
            return;
        }
        self.last.clear();
        potential_mv.fill(F8::ZERO);
        for Pattern { potential, strength } in &self.patterns {
            let strength = strength.at(t_ms);
            self.last.push(strength);
            for (to, from) in potential_mv.iter_mut().zip(potential) {
                for (to, from) in to.0.iter_mut().zip(from.0) {
                    *to += strength * from;
                }
            }
        }
        for Function { potential, places } in &self.functions {
            for (slot, lane, segment) in places {
                potential_mv[*slot].0[*lane] += potential(segment, t_ms);
            }
        }
    }
}
