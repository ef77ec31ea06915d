//! Ions of a block: reversal potentials, concentrations and currents by compartment.
//!
//! A reversal potential that is only read is what the user says. Where a mechanism reads or writes a
//! concentration, it is computed from the concentrations at the start of the run, and where one
//! writes a concentration, at the start of every step too. The rules are NEURON's.

use std::collections::BTreeMap;

use super::instances::Instances;
use super::rows::{CellSpec, Row};
use crate::cell::Values;
use crate::mechanism::IonVariable;
use crate::mechanism::ion::{FARADAY, GAS_CONSTANT, IonDefaults};
use crate::mechanism::kernel::Column;
use crate::simd::{F8, LANES, Lanes, log};

/// All ions that mechanisms of the block use.
#[derive(Debug, Default)]
pub(super) struct Ions {
    species: Vec<Species>,
    n_slots: usize,
    pub(super) arena: Vec<F8>,
    /// What concentrations and reversal potentials start from.
    initial: Vec<F8>,
}

#[derive(Debug)]
struct Species {
    ion: &'static str,
    valence: f64,
    /// By [`IonVariable`].
    columns: [Column; 4],
    /// Where the reversal potential is computed at the start of the run.
    computed: Vec<Marked>,
    /// Where it is computed in every step.
    follows: Vec<Marked>,
}

/// A slot of which some lanes are meant: those where the mask is 1.
#[derive(Debug)]
struct Marked {
    slot: usize,
    mask: F8,
}

impl Ions {
    /// Lays out the ions of the mechanisms and tells these where.
    pub(super) fn new(rows: &[Row], n_slots: usize, instances: &mut [Instances]) -> Self {
        let mut ions = Ions { n_slots, ..Ions::default() };
        for at in 0..instances.len() {
            for used in &instances[at].mechanism.ions {
                if !ions.species.iter().any(|s| s.ion == used.ion) {
                    ions.add(used.ion, rows, instances);
                }
            }
        }
        for instances in instances.iter_mut() {
            let column = |used: &crate::mechanism::IonUse| {
                let species = ions.species.iter().find(|s| s.ion == used.ion);
                species
                    .map_or(Column { offset: 0, stride: 0 }, |s| s.columns[used.variable as usize])
            };
            let columns = instances.mechanism.ions.iter().map(column).collect();
            instances.set_ions(columns);
        }
        ions.initial = ions.arena.clone();
        ions
    }

    fn add(&mut self, ion: &'static str, rows: &[Row], instances: &[Instances]) {
        let mut valence = IonDefaults::of(ion).valence;
        let (mut computed, mut follows) = (BTreeMap::new(), BTreeMap::new());
        let (mut current_read, mut written) = (false, [false; 4]);
        for instances in instances {
            let uses = || instances.mechanism.ions.iter().filter(|used| used.ion == ion);
            let concentrations = || uses().filter(|used| used.variable.is_concentration());
            valence = uses().find_map(|used| used.valence).unwrap_or(valence);
            current_read |= uses().any(|u| u.variable == IonVariable::Current && u.read);
            uses().filter(|u| u.write).for_each(|u| written[u.variable as usize] = true);
            if concentrations().next().is_some() {
                mark(&mut computed, instances);
            }
            if concentrations().any(|used| used.write) {
                mark(&mut follows, instances);
            }
        }
        let defaults = IonDefaults::of(ion);
        let reversal = |c: &CellSpec| c.template.reversal(ion, defaults.reversal_mv);
        let inside = |c: &CellSpec| Values::Uniform(c.template.concentrations(ion, &defaults).0);
        let outside = |c: &CellSpec| Values::Uniform(c.template.concentrations(ion, &defaults).1);
        let is_written = |variable: IonVariable| written[variable as usize];
        let columns = [
            self.column(rows, !computed.is_empty() || is_written(IonVariable::Reversal), reversal),
            self.column(rows, current_read, |_| Values::Uniform(0.0)),
            self.column(rows, is_written(IonVariable::Inside), inside),
            self.column(rows, is_written(IonVariable::Outside), outside),
        ];
        let [computed, follows] = [computed, follows]
            .map(|marked| marked.into_iter().map(|(slot, mask)| Marked { slot, mask }).collect());
        self.species.push(Species { ion, valence, columns, computed, follows });
    }

    /// A column of the arena: one value for the block where all cells agree and nobody writes, else
    /// one a slot.
    fn column(&mut self, rows: &[Row], stored: bool, of: impl Fn(&CellSpec) -> Values) -> Column {
        let offset = self.arena.len() * LANES;
        let mut first = None;
        let agrees = |values: &Values, first: f64| match values {
            Values::Uniform(value) => value.to_bits() == first.to_bits(),
            Values::PerSegment(list) => list.iter().all(|v| v.to_bits() == first.to_bits()),
        };
        let uniform = rows.iter().flat_map(|row| row.cells()).all(|(_, cell)| {
            let values = of(cell);
            let first = *first.get_or_insert_with(|| values.at(0));
            agrees(&values, first)
        });
        let first = first.unwrap_or(0.0);
        if !stored && uniform {
            self.arena.push(F8::splat(first));
            return Column { offset, stride: 0 };
        }
        self.arena.resize(offset / LANES + self.n_slots, F8::splat(first));
        for row in rows {
            for (lane, cell) in row.cells() {
                let (values, tree) = (of(cell), cell.template.tree());
                for slot in 0..row.n_slots {
                    // Slots beyond the cell's compartments belong to longer cells beside it.
                    let segment = tree.segment.get(slot).map_or(0, |segment| *segment as usize);
                    self.arena[offset / LANES + row.first_slot + slot].0[lane] = values.at(segment);
                }
            }
        }
        Column { offset, stride: LANES }
    }

    /// Where a variable of an ion is kept; none if no mechanism uses the ion, or nobody needs its
    /// current.
    pub(super) fn stored(&self, ion: &str, variable: IonVariable) -> Option<Column> {
        let column = self.species.iter().find(|s| s.ion == ion)?.columns[variable as usize];
        (variable != IonVariable::Current || column.stride > 0).then_some(column)
    }

    /// The value of a column at the position of a compartment.
    pub(super) fn value(&self, column: Column, position: usize) -> f64 {
        let Column { offset, stride } = column;
        let slot = position / LANES;
        self.arena[(offset + slot * stride) / LANES].0[position % LANES]
    }

    /// What the value of a column at a position starts from.
    pub(super) fn initial(&self, column: Column, position: usize) -> f64 {
        let Column { offset, stride } = column;
        self.initial[(offset + position / LANES * stride) / LANES].0[position % LANES]
    }

    /// Concentrations and reversal potentials at the start of a run.
    pub(super) fn initialize(&mut self, celsius: f64) {
        self.arena.copy_from_slice(&self.initial);
        for species in &self.species {
            species.set_reversal(&mut self.arena, &species.computed, celsius);
        }
    }

    /// What happens before the currents of a step: currents are summed up anew, and reversal
    /// potentials follow the concentrations.
    pub(super) fn before_currents(&mut self, celsius: f64) {
        for species in &self.species {
            let Column { offset, stride } = species.columns[IonVariable::Current as usize];
            if stride != 0 {
                let at = offset / LANES;
                self.arena[at..at + self.n_slots].fill(F8::ZERO);
            }
            species.set_reversal(&mut self.arena, &species.follows, celsius);
        }
    }

    /// A variable at a position; the column is stored for every compartment.
    pub(super) fn value_mut(&mut self, column: Column, position: usize) -> &mut f64 {
        &mut self.arena[column.offset / LANES + position / LANES].0[position % LANES]
    }

    /// Address of the value of a column at the position of a compartment.
    pub(super) fn address(&mut self, column: Column, position: usize) -> *mut f64 {
        let Column { offset, stride } = column;
        let slot = (offset + position / LANES * stride) / LANES;
        &raw mut self.arena[slot].0[position % LANES]
    }

    /// Bytes of all columns.
    pub(super) fn memory_bytes(&self) -> usize {
        let masks: usize = self.species.iter().map(|s| s.computed.len() + s.follows.len()).sum();
        (self.arena.len() + self.initial.len()) * size_of::<F8>() + masks * size_of::<Marked>()
    }
}

/// Marks the compartments in which a mechanism is.
fn mark(marked: &mut BTreeMap<usize, F8>, instances: &Instances) {
    for place in instances.occupied() {
        let position = instances.position(place);
        marked.entry(position / LANES).or_insert(F8::ZERO).0[position % LANES] = 1.0;
    }
}

impl Species {
    /// Nernst's equation in the marked compartments.
    fn set_reversal(&self, arena: &mut [F8], marked: &[Marked], celsius: f64) {
        let [reversal, _, inside, outside] = self.columns;
        let factor = if self.valence == 0.0 {
            0.0
        } else {
            1e3 * GAS_CONSTANT * (celsius + 273.15) / FARADAY / self.valence
        };
        let (inside, outside, reversal) = (at(inside), at(outside), at(reversal));
        // SAFETY: the kernel was chosen for this CPU.
        unsafe { nernst_kernel()(arena, marked, [reversal, inside, outside], factor) };
    }
}

/// First vector and vectors from slot to slot.
fn at(column: Column) -> (usize, usize) {
    (column.offset / LANES, column.stride / LANES)
}

type Nernst = unsafe fn(&mut [F8], &[Marked], [(usize, usize); 3], f64);

/// # Safety
/// The CPU must have the instructions of `V`.
#[inline(always)]
unsafe fn nernst<V: Lanes>(
    arena: &mut [F8],
    marked: &[Marked],
    [reversal, inside, outside]: [(usize, usize); 3],
    factor: f64,
) {
    let zero = V::splat(0.0);
    for &Marked { slot, mask } in marked {
        // SAFETY: vectors hold eight doubles.
        unsafe {
            let old = V::load(arena[reversal.0 + slot * reversal.1].0.as_ptr());
            let ci = V::load(arena[inside.0 + slot * inside.1].0.as_ptr());
            let co = V::load(arena[outside.0 + slot * outside.1].0.as_ptr());
            let e = V::splat(factor) * log(co / ci);
            let e = V::select(V::le(co, zero), V::splat(-1e6), e);
            let e = V::select(V::le(ci, zero), V::splat(1e6), e);
            let e = V::select_lt(zero, V::load(mask.0.as_ptr()), e, old);
            e.store(arena[reversal.0 + slot * reversal.1].0.as_mut_ptr());
        }
    }
}
isa_kernel!(fn nernst_kernel = nernst as Nernst, (arena: &mut [F8], marked: &[Marked], columns: [(usize, usize); 3], factor: f64));
