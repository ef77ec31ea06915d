//! The linear system of a block: eight trees side by side.
//!
//! One step of the cable equation is (C/dt + g + G) x = C/dt v + ..., where G holds the axial
//! conductances (backward Euler: x = v(t+dt)); Hines (1984, Int. J. Biomed. Comput. 15:69)
//! eliminates it from the leaves to the roots in O(n). Slots are compartments in elimination
//! order, lanes are cells. Where all lanes have the same parent slot, a step of the elimination is
//! a few vector operations; where trees differ, what a child adds to its parent is scattered to
//! pairs (diagonal, right-hand side) that are collected when the parent's turn comes. Both ways do
//! the same arithmetic in the same order.

use super::rows::Row;
use crate::currents::Destination;
use crate::simd::{F8, LANES, Lanes, pair_offset};

/// Where the lanes of a slot have their parents.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Parents {
    /// Address of the pair of sums in `children`, in doubles.
    pair: [u32; LANES],
    /// Position of the potential, in doubles.
    position: [u32; LANES],
}

/// The slots of one row of cells: those with children, then those without.
#[derive(Debug, Clone, Copy)]
struct Range {
    first: usize,
    inner_end: usize,
    end: usize,
}

/// Marks slots whose lanes have different parents.
const MIXED: u32 = u32::MAX;

/// Matrix, right-hand side and unknowns of a block; `F8` vectors by slot, potentials also of forks
/// and, at the end, of a place that nobody reads.
#[derive(Debug)]
pub(super) struct Cable {
    n_slots: usize,
    n_forks: usize,
    ranges: Vec<Range>,
    /// Potential in mV.
    pub(super) v: Vec<F8>,
    /// Solution of the linear system when it is not v itself (second order).
    x: Vec<F8>,
    /// Capacitance over the time step, uS.
    capacitance: Vec<F8>,
    /// The same plus the axial conductances, uS.
    unexcited: Vec<F8>,
    /// Constant part of the diagonal, uS.
    pub(super) base_diagonal: Vec<F8>,
    /// Constant part of the right-hand side, nA.
    pub(super) base_rhs: Vec<F8>,
    /// Diagonal of this step, uS.
    pub(super) diagonal: Vec<F8>,
    /// Right-hand side of this step, nA.
    pub(super) rhs: Vec<F8>,
    /// Conductance to the parent, uS.
    to_parent: Vec<F8>,
    inverse: Vec<F8>,
    reduced: Vec<F8>,
    parents: Vec<Parents>,
    common_parent: Vec<u32>,
    /// Pairs of sums of what children add, zero between steps.
    children: Vec<F8>,
    fork_start: Vec<u32>,
    /// The slot that every fork is at the end of.
    fork_below: Vec<u32>,
    fork_to_parent: Vec<F8>,
    fork_diagonal: Vec<F8>,
    fork_inverse: Vec<F8>,
    fork_reduced: Vec<F8>,
    kernels: Kernels,
}

#[derive(Debug, Clone, Copy)]
struct Kernels {
    assemble: unsafe fn(&mut Cable),
    solve: unsafe fn(&mut Cable, bool, Option<&Destination<'_>>),
    inflow: unsafe fn(&Cable, &[F8], &mut [F8]),
}

impl Cable {
    /// The system of some rows of cells. `capacitance_per_step` turns (uF/cm2, um2) into uS.
    pub(super) fn new(rows: &[Row], capacitance_per_step: f64, second_order: bool) -> Self {
        let n_slots = rows.iter().map(|r| r.n_slots).sum();
        let mut fork_start = vec![0u32; n_slots + 1];
        for row in rows {
            for (slot, n) in row.forks_by_slot().into_iter().enumerate() {
                fork_start[row.first_slot + slot + 1] = n;
            }
        }
        for slot in 0..n_slots {
            fork_start[slot + 1] += fork_start[slot];
        }
        let forks_at = fork_start.windows(2).map(|pair| (pair[1] - pair[0]) as usize);
        let fork_below: Vec<u32> =
            (0..).zip(forks_at).flat_map(|(slot, n)| std::iter::repeat_n(slot, n)).collect();
        let n_forks = fork_below.len();
        let n_positions = n_slots + n_forks + 1;
        let sink = n_slots + n_forks;
        let mut cable = Cable {
            n_slots,
            n_forks,
            ranges: Vec::with_capacity(rows.len()),
            v: vec![F8::ZERO; n_positions],
            x: vec![F8::ZERO; if second_order { n_positions } else { 0 }],
            capacitance: vec![F8::splat(1.0); n_slots],
            unexcited: vec![F8::splat(1.0); n_slots],
            base_diagonal: vec![F8::ZERO; n_positions],
            base_rhs: vec![F8::ZERO; n_positions],
            diagonal: vec![F8::ZERO; n_positions],
            rhs: vec![F8::ZERO; n_positions],
            to_parent: vec![F8::ZERO; n_slots],
            inverse: vec![F8::ZERO; n_slots],
            reduced: vec![F8::ZERO; n_slots],
            parents: vec![Parents { pair: [0; LANES], position: [0; LANES] }; n_slots],
            common_parent: vec![MIXED; n_slots],
            children: vec![F8::ZERO; 2 * n_positions],
            fork_start,
            fork_below,
            fork_to_parent: vec![F8::ZERO; n_forks],
            fork_diagonal: vec![F8::splat(1.0); n_forks],
            fork_inverse: vec![F8::ZERO; n_forks],
            fork_reduced: vec![F8::ZERO; n_forks],
            kernels: Kernels {
                assemble: assemble_kernel(),
                solve: solve_kernel(),
                inflow: inflow_kernel(),
            },
        };
        for row in rows {
            cable.add_row(row, sink, capacitance_per_step);
        }
        cable
    }

    fn add_row(&mut self, row: &Row, sink: usize, capacitance_per_step: f64) {
        let first = row.first_slot;
        self.ranges.push(Range { first, inner_end: first + row.n_inner, end: first + row.n_slots });
        // Slot of the parent (compartment, fork or sink) of every lane, None for empty lanes.
        let mut parent_slots = vec![[None; LANES]; row.n_slots];
        for (lane, cell) in row.cells() {
            let tree = cell.template.tree();
            let morphology = cell.template.morphology();
            let mut n_forks_at = vec![0u32; row.n_slots];
            let fork_slots: Vec<usize> = tree
                .forks
                .iter()
                .map(|fork| {
                    let below = fork.below as usize;
                    let at = (self.fork_start[first + below] + n_forks_at[below]) as usize;
                    n_forks_at[below] += 1;
                    self.fork_to_parent[at].0[lane] = fork.conductance_us;
                    self.fork_diagonal[at].0[lane] = fork.diagonal_us;
                    self.n_slots + at
                })
                .collect();
            for (compartment, parent_slots) in
                parent_slots.iter_mut().enumerate().take(tree.n_compartments())
            {
                let slot = first + compartment;
                let segment = tree.segment[compartment] as usize;
                let capacitance = capacitance_per_step
                    * morphology.cm_uf_cm2(segment)
                    * morphology.segments.area_um2[segment];
                self.capacitance[slot].0[lane] = capacitance;
                self.unexcited[slot].0[lane] = capacitance + tree.diagonal_us[compartment];
                self.to_parent[slot].0[lane] = tree.conductance_us[compartment];
                parent_slots[lane] = Some(match tree.parent[compartment] {
                    crate::cell::Parent::None => sink,
                    crate::cell::Parent::Compartment(p) => first + p as usize,
                    crate::cell::Parent::Fork(f) => fork_slots[f as usize],
                });
            }
        }
        for (k, lanes) in parent_slots.into_iter().enumerate() {
            self.set_parents(first + k, lanes);
        }
    }

    fn set_parents(&mut self, slot: usize, lanes: [Option<usize>; LANES]) {
        // An empty lane has conductance 0 to its parent: any parent will do.
        let some = lanes.iter().flatten().next().copied().unwrap_or(self.n_slots + self.n_forks);
        let lanes = lanes.map(|p| p.unwrap_or(some));
        self.parents[slot] = Parents {
            pair: std::array::from_fn(|l| pair_offset(lanes[l], l) as u32),
            position: std::array::from_fn(|l| (lanes[l] * LANES + l) as u32),
        };
        self.common_parent[slot] =
            if lanes.iter().all(|&p| p == some) { some as u32 } else { MIXED };
    }

    /// Number of slots.
    pub(super) fn n_slots(&self) -> usize {
        self.n_slots
    }

    /// The slot that nobody reads.
    pub(super) fn sink_slot(&self) -> usize {
        self.n_slots + self.n_forks
    }

    /// Sets all potentials and the constant part of the system to what capacitance and axial
    /// conductances make it.
    pub(super) fn initialize(&mut self, v_init_mv: f64) {
        self.v = self.at_rest(v_init_mv);
        self.clear_constant_currents();
        self.children.fill(F8::ZERO);
    }

    /// All potentials at the start of a run.
    pub(super) fn at_rest(&self, v_init_mv: f64) -> Vec<F8> {
        let mut v = vec![F8::splat(v_init_mv); self.v.len()];
        v[self.sink_slot()] = F8::ZERO;
        v
    }

    /// Sets the constant part of the system to what capacitance and axial conductances make it.
    pub(super) fn clear_constant_currents(&mut self) {
        self.base_rhs.fill(F8::ZERO);
        self.base_diagonal.fill(F8::ZERO);
        self.base_diagonal[..self.n_slots].copy_from_slice(&self.unexcited);
    }

    /// Starts the system of a step: its constant part and the capacitive current.
    pub(super) fn assemble(&mut self) {
        // SAFETY: the kernel was chosen for this CPU; all vectors have the lengths set in `new`.
        unsafe { (self.kernels.assemble)(self) }
    }

    /// Solves the system and moves v to the end of the step. The solution of all slots, in which the
    /// currents of the step balance, goes to `wanted`, too.
    pub(super) fn solve(&mut self, second_order: bool, wanted: Option<Destination<'_>>) {
        assert!(wanted.as_ref().is_none_or(|wanted| wanted.n_vectors() == self.n_slots));
        // SAFETY: as in `assemble`; parents and forks point into the vectors of this block.
        unsafe { (self.kernels.solve)(self, second_order, wanted.as_ref()) }
    }

    /// The current that flows into every slot through its neighbors where the potentials inside are
    /// these, in nA; by position. It leaves through the membrane, less what electrodes inject.
    pub(super) fn axial_inflow(&self, inside: &[F8], current: &mut [F8]) {
        assert!(current.len() > self.sink_slot() && inside.len() == self.v.len());
        // SAFETY: as in `assemble`; the lengths were checked.
        unsafe { (self.kernels.inflow)(self, inside, current) }
    }

    /// The potentials at which the last step's currents balance, by position.
    pub(super) fn solution(&self, second_order: bool) -> &[F8] {
        if second_order { &self.x } else { &self.v }
    }

    /// Capacitance over the time step of every slot, uS.
    pub(super) fn capacitance(&self) -> &[F8] {
        &self.capacitance
    }

    /// What is constant of a slot: capacitance over the time step, that and the axial conductances, and
    /// the conductance to the parent, uS.
    pub(super) fn constants(&self, slot: usize) -> [F8; 3] {
        [self.capacitance[slot], self.unexcited[slot], self.to_parent[slot]]
    }

    /// What the mechanisms in the system of a step carry at v(t) in nA, by slot.
    pub(super) fn conducted(&self) -> impl Iterator<Item = F8> + '_ {
        (0..self.n_slots).map(|slot| {
            F8(std::array::from_fn(|lane| {
                let conductance = self.diagonal[slot].0[lane] - self.unexcited[slot].0[lane];
                let v = self.v[slot].0[lane];
                conductance * v - (self.rhs[slot].0[lane] - self.capacitance[slot].0[lane] * v)
            }))
        })
    }

    /// Adds what a potential outside makes of the system: the conductances of the membrane times
    /// it.
    pub(super) fn shift_by(&mut self, outside: &[F8]) {
        assert_eq!(outside.len(), self.n_slots);
        // SAFETY: as in `assemble`; the length was checked.
        unsafe { shift_kernel()(self, outside) }
    }

    /// Subtracts a potential outside from the solution of a step.
    pub(super) fn shift_back_by(&mut self, outside: &[F8], second_order: bool) {
        let subtract = |from: &mut [F8], factor: f64| {
            for (from, outside) in from.iter_mut().zip(outside) {
                for (from, outside) in from.0.iter_mut().zip(outside.0) {
                    *from -= factor * outside;
                }
            }
        };
        // v(t+dt) is twice the middle of the step less v(t).
        subtract(&mut self.v, if second_order { 2.0 } else { 1.0 });
        subtract(&mut self.x, 1.0);
    }

    /// What forks add to potentials outside of the slots so that no current is left over in them: the
    /// means over their neighbors, weighted with the conductances.
    pub(super) fn means_at_forks(&self, outside: &[F8]) -> Vec<F8> {
        let mut means = vec![F8::ZERO; self.n_forks];
        for (slot, outside) in outside.iter().enumerate() {
            for (lane, &position) in self.parents[slot].position.iter().enumerate() {
                let parent = (position as usize / LANES).checked_sub(self.n_slots);
                if let Some(mean) = parent.and_then(|fork| means.get_mut(fork)) {
                    mean.0[lane] += self.to_parent[slot].0[lane] * outside.0[lane];
                }
            }
        }
        for (slot, outside) in outside.iter().enumerate() {
            let forks = self.fork_start[slot] as usize..self.fork_start[slot + 1] as usize;
            for (mean, fork) in means[forks.clone()].iter_mut().zip(forks) {
                for (lane, mean) in mean.0.iter_mut().enumerate() {
                    let below = self.fork_to_parent[fork].0[lane] * outside.0[lane];
                    *mean = (*mean + below) / self.fork_diagonal[fork].0[lane];
                }
            }
        }
        means
    }

    /// Bytes of all vectors.
    pub(super) fn memory_bytes(&self) -> usize {
        let vectors = self.v.len() * 5 + self.x.len() + self.n_slots * 5 + self.children.len();
        vectors * size_of::<F8>()
            + self.n_forks * 4 * size_of::<F8>()
            + self.n_slots * (size_of::<Parents>() + 8)
    }
}

#[inline(always)]
unsafe fn assemble<V: Lanes>(cable: &mut Cable) {
    let base_diagonal = cable.base_diagonal.as_ptr().cast::<f64>();
    let base_rhs = cable.base_rhs.as_ptr().cast::<f64>();
    let capacitance = cable.capacitance.as_ptr().cast::<f64>();
    let v = cable.v.as_ptr().cast::<f64>();
    let diagonal = cable.diagonal.as_mut_ptr().cast::<f64>();
    let rhs = cable.rhs.as_mut_ptr().cast::<f64>();
    for slot in 0..cable.n_slots {
        let at = slot * LANES;
        // SAFETY: all vectors have at least n_slots entries.
        unsafe {
            V::load(base_diagonal.add(at)).store(diagonal.add(at));
            let capacitive = V::load(capacitance.add(at));
            capacitive.mul_add(V::load(v.add(at)), V::load(base_rhs.add(at))).store(rhs.add(at));
        }
    }
}
isa_kernel!(fn assemble_kernel = assemble as unsafe fn(&mut Cable), (cable: &mut Cable));

#[inline(always)]
unsafe fn shift<V: Lanes>(cable: &mut Cable, outside: &[F8]) {
    let diagonal = cable.diagonal.as_ptr().cast::<f64>();
    let unexcited = cable.unexcited.as_ptr().cast::<f64>();
    let capacitance = cable.capacitance.as_ptr().cast::<f64>();
    let rhs = cable.rhs.as_mut_ptr().cast::<f64>();
    for (slot, outside) in outside.iter().enumerate() {
        let at = slot * LANES;
        // SAFETY: the caller's promise: one potential a slot.
        unsafe {
            let ionic = V::load(diagonal.add(at)) - V::load(unexcited.add(at));
            let membrane = ionic + V::load(capacitance.add(at));
            let e = V::load(outside.0.as_ptr());
            membrane.mul_add(e, V::load(rhs.add(at))).store(rhs.add(at));
        }
    }
}
isa_kernel!(
    fn shift_kernel = shift as unsafe fn(&mut Cable, &[F8]),
    (cable: &mut Cable, outside: &[F8])
);

#[inline(always)]
unsafe fn solve<V: Lanes>(cable: &mut Cable, second_order: bool, wanted: Option<&Destination<'_>>) {
    // SAFETY: parents precede children, and all addresses were made in `new` for these vectors.
    unsafe {
        for at in (0..cable.ranges.len()).rev() {
            eliminate::<V>(cable, cable.ranges[at]);
        }
        let x = if second_order { &mut cable.x } else { &mut cable.v };
        let x = x.as_mut_ptr().cast::<f64>();
        let nowhere = &Destination::copy(&mut []);
        for at in 0..cable.ranges.len() {
            match wanted {
                None => substitute::<V, false>(cable, cable.ranges[at], x, nowhere),
                Some(wanted) => substitute::<V, true>(cable, cable.ranges[at], x, wanted),
            }
        }
        if second_order {
            // Crank-Nicolson: x is the potential in the middle of the step.
            let v = cable.v.as_mut_ptr().cast::<f64>();
            for slot in 0..cable.n_slots {
                let at = slot * LANES;
                let new = V::load(x.add(at)).mul_add(V::splat(2.0), -V::load(v.add(at)));
                new.store(v.add(at));
            }
        }
    }
}
isa_kernel!(
    fn solve_kernel = solve as unsafe fn(&mut Cable, bool, Option<&Destination<'_>>),
    (cable: &mut Cable, second_order: bool, wanted: Option<&Destination<'_>>)
);

/// Addresses of what the elimination touches.
#[derive(Clone, Copy)]
struct Sweep {
    to_parent: *const f64,
    inverse: *mut f64,
    reduced: *mut f64,
    children: *mut f64,
    parents: *const Parents,
    common_parent: *const u32,
}

impl Sweep {
    /// Eliminates a slot with diagonal `d` and right-hand side `r`: what remains goes to its parent.
    #[inline(always)]
    unsafe fn pass_on<V: Lanes>(self, slot: usize, d: V, r: V) {
        let at = slot * LANES;
        // SAFETY: the caller's promise.
        unsafe {
            let inv = V::splat(1.0) / d;
            inv.store(self.inverse.add(at));
            r.store(self.reduced.add(at));
            let u = V::load(self.to_parent.add(at));
            let f = u * inv;
            let (to_diagonal, to_rhs) = (-(f * u), f * r);
            let common = *self.common_parent.add(slot);
            if common == MIXED {
                let pairs = &(*self.parents.add(slot)).pair;
                V::scatter_add_pairs(self.children, pairs, to_diagonal, to_rhs);
            } else {
                let pair = self.children.add(common as usize * 2 * LANES);
                let (low, high) = V::to_pairs(to_diagonal, to_rhs);
                (V::load(pair) + low).store(pair);
                (V::load(pair.add(LANES)) + high).store(pair.add(LANES));
            }
        }
    }

    /// What children have added to a place, which is cleared for the next step.
    #[inline(always)]
    unsafe fn collect<V: Lanes>(self, place: usize) -> (V, V) {
        // SAFETY: the caller's promise.
        unsafe {
            let pair = self.children.add(place * 2 * LANES);
            let sums = V::from_pairs(V::load(pair), V::load(pair.add(LANES)));
            let zero = V::splat(0.0);
            zero.store(pair);
            zero.store(pair.add(LANES));
            sums
        }
    }
}

/// From the leaves to the roots of one row.
#[inline(always)]
unsafe fn eliminate<V: Lanes>(cable: &mut Cable, range: Range) {
    let diagonal = cable.diagonal.as_ptr().cast::<f64>();
    let rhs = cable.rhs.as_ptr().cast::<f64>();
    let fork_start = cable.fork_start.as_ptr();
    let fork_diagonal = cable.fork_diagonal.as_ptr().cast::<f64>();
    let fork_to_parent = cable.fork_to_parent.as_ptr().cast::<f64>();
    let fork_inverse = cable.fork_inverse.as_mut_ptr().cast::<f64>();
    let fork_reduced = cable.fork_reduced.as_mut_ptr().cast::<f64>();
    let sweep = Sweep {
        to_parent: cable.to_parent.as_ptr().cast(),
        inverse: cable.inverse.as_mut_ptr().cast(),
        reduced: cable.reduced.as_mut_ptr().cast(),
        children: cable.children.as_mut_ptr().cast(),
        parents: cable.parents.as_ptr(),
        common_parent: cable.common_parent.as_ptr(),
    };
    // SAFETY: the caller's promise.
    unsafe {
        for slot in (range.inner_end..range.end).rev() {
            let (d, r) = (V::load(diagonal.add(slot * LANES)), V::load(rhs.add(slot * LANES)));
            sweep.pass_on(slot, d, r);
        }
        for slot in (range.first..range.inner_end).rev() {
            let (child_d, child_r) = sweep.collect::<V>(slot);
            let mut d = V::load(diagonal.add(slot * LANES)) + child_d;
            let mut r = V::load(rhs.add(slot * LANES)) + child_r;
            for fork in *fork_start.add(slot)..*fork_start.add(slot + 1) {
                let at = fork as usize * LANES;
                let (child_d, child_r) = sweep.collect::<V>(cable.n_slots + fork as usize);
                let inv = V::splat(1.0) / (V::load(fork_diagonal.add(at)) + child_d);
                inv.store(fork_inverse.add(at));
                child_r.store(fork_reduced.add(at));
                let u = V::load(fork_to_parent.add(at));
                let f = u * inv;
                d = f.neg_mul_add(u, d);
                r = f.mul_add(child_r, r);
            }
            sweep.pass_on(slot, d, r);
        }
    }
}

/// From the roots of one row to the leaves.
#[inline(always)]
unsafe fn substitute<V: Lanes, const IS_WANTED: bool>(
    cable: &Cable,
    range: Range,
    x: *mut f64,
    wanted: &Destination<'_>,
) {
    let to_parent = cable.to_parent.as_ptr().cast::<f64>();
    let inverse = cable.inverse.as_ptr().cast::<f64>();
    let reduced = cable.reduced.as_ptr().cast::<f64>();
    let fork_to_parent = cable.fork_to_parent.as_ptr().cast::<f64>();
    let fork_inverse = cable.fork_inverse.as_ptr().cast::<f64>();
    let fork_reduced = cable.fork_reduced.as_ptr().cast::<f64>();
    let parents = cable.parents.as_ptr();
    let common = cable.common_parent.as_ptr();
    let forks = cable.fork_start.as_ptr();
    // SAFETY: the caller's promise.
    unsafe {
        for slot in range.first..range.end {
            let at = slot * LANES;
            let common = *common.add(slot);
            let parent = if common == MIXED {
                V::gather(x, &(*parents.add(slot)).position)
            } else {
                V::load(x.add(common as usize * LANES))
            };
            let u = V::load(to_parent.add(at));
            let here = u.mul_add(parent, V::load(reduced.add(at))) * V::load(inverse.add(at));
            here.store(x.add(at));
            if IS_WANTED {
                wanted.put(slot, here);
            }
            if slot < range.inner_end {
                for fork in *forks.add(slot)..*forks.add(slot + 1) {
                    let at = fork as usize * LANES;
                    let u = V::load(fork_to_parent.add(at));
                    let there = u.mul_add(here, V::load(fork_reduced.add(at)))
                        * V::load(fork_inverse.add(at));
                    there.store(x.add((cable.n_slots + fork as usize) * LANES));
                }
            }
        }
    }
}

/// The axial inflow of every slot, edge by edge: what leaves one compartment enters another, so that
/// the currents of a cell add up to nothing. What flows into a fork is what flows out of it.
///
/// Parents come before their children, so that a slot is set before anything is taken from it.
#[inline(always)]
unsafe fn axial_inflow<V: Lanes>(cable: &Cable, inside: &[F8], inflow: &mut [F8]) {
    let n_slots = cable.n_slots;
    inflow[n_slots..].fill(F8::ZERO);
    let x = inside.as_ptr().cast::<f64>();
    let to_parent = cable.to_parent.as_ptr().cast::<f64>();
    let inflow = inflow.as_mut_ptr().cast::<f64>();
    let common = cable.common_parent.as_ptr();
    // SAFETY: `inflow` has a place for every position; parents were set in `new`.
    unsafe {
        for slot in 0..n_slots {
            let at = slot * LANES;
            let (here, u) = (V::load(x.add(at)), V::load(to_parent.add(at)));
            let common = *common.add(slot);
            if common == MIXED {
                let positions = &(*cable.parents.as_ptr().add(slot)).position;
                let flow = u * (V::gather(x, positions) - here);
                flow.store(inflow.add(at));
                (-flow).scatter_add(inflow, positions);
            } else {
                let parent = common as usize * LANES;
                let flow = u * (V::load(x.add(parent)) - here);
                flow.store(inflow.add(at));
                (V::load(inflow.add(parent)) - flow).store(inflow.add(parent));
            }
        }
        for (fork, &below) in cable.fork_below.iter().enumerate() {
            let (from, to) =
                (inflow.add((n_slots + fork) * LANES), inflow.add(below as usize * LANES));
            (V::load(to) + V::load(from)).store(to);
        }
    }
}
isa_kernel!(
    fn inflow_kernel = axial_inflow as unsafe fn(&Cable, &[F8], &mut [F8]),
    (cable: &Cable, inside: &[F8], inflow: &mut [F8])
);
