//! Currents of a block by type, in one step, for who observes them.
//!
//! What a mechanism's kernel adds to the linear system of a step, a conductance g and a current r,
//! says what it carries in that step: g x - r at the solution x. So kernels whose currents are told
//! apart are called once more, into vectors of their own. Capacitive current, all mechanisms' and
//! what electrodes inject then balance the axial current, whatever the scheme.

use super::cable::Cable;
use super::instances::{BlockAddresses, Instances};
use super::membrane::electrodes;
use crate::currents::{BlockLayout, BlockObserver, CurrentType, StepCurrents};
use crate::mechanism::MechanismKind;
use crate::mechanism::kernel::KernelArgs;
use crate::simd::{F8, LANES};

/// Synapses with a reversal potential above this (mV) are excitatory; LFPy's rule.
const EXCITATORY_ABOVE_MV: f64 = -50.0;

/// All currents of a block that are observed.
#[derive(Debug)]
pub(super) struct Observation {
    parts: Vec<Part>,
    /// For each part what its currents are a linear function of: a vector a slot, the currents; of the
    /// membrane the potentials, then what electrodes inject.
    linear: Vec<Vec<F8>>,
    /// Where electrodes are, and which number of the membrane's is what they inject.
    electrodes: Vec<(usize, usize)>,
    /// v at the start of the step, if there is a capacitive part.
    v_before: Vec<F8>,
    /// What all mechanisms carry at the start.
    at_start: Vec<F8>,
}

#[derive(Debug)]
enum Part {
    Membrane,
    Capacitive,
    Carried(Box<OfInstances>),
}

/// What some instances carry; of synapses without reversal potential what has one sign only.
#[derive(Debug)]
struct OfInstances {
    all: Carried,
    signed: Option<(Carried, Sign)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sign {
    Inward,
    Outward,
}

/// What kernels add to the system.
#[derive(Debug, Default)]
struct Carried {
    /// Instances and, if not all of them count, the column of weights that says which.
    kernels: Vec<(usize, Option<usize>)>,
    /// Those whose g and r never change were added once.
    constant: Vec<(usize, Option<usize>)>,
    /// Conductances, then currents, by position: of the constant ones, and of all in this step.
    base: [Vec<F8>; 2],
    step: [Vec<F8>; 2],
}

impl Observation {
    /// Of these types of current. Mechanisms that the block does not have carry nothing.
    pub(super) fn new(
        types: &[CurrentType],
        instances: &mut [Instances],
        cable: &Cable,
        layout: &BlockLayout,
    ) -> Self {
        let parts: Vec<Part> = types.iter().map(|kind| Part::new(kind, instances, cable)).collect();
        let is_capacitive = parts.iter().any(|part| matches!(part, Part::Capacitive));
        let v_before = vec![F8::ZERO; if is_capacitive { cable.n_slots() } else { 0 }];
        let electrodes = places_of_electrodes(instances, layout);
        let linear = parts.iter().map(|part| match part {
            Part::Membrane => layout.n_membrane(),
            _ => cable.n_slots(),
        });
        let linear = linear.map(|n| vec![F8::ZERO; n]).collect();
        Observation { parts, linear, electrodes, v_before, at_start: Vec::new() }
    }

    /// Adds what is constant, once the instances are initialized. The cable's system is that at the
    /// start, without electrodes.
    pub(super) fn initialize(
        &mut self,
        instances: &mut [Instances],
        cable: &Cable,
        addresses: &BlockAddresses,
    ) {
        self.at_start = cable.conducted().collect();
        self.take_constant(instances, addresses);
    }

    /// Whether the currents of a mechanism are divided by the reversal potentials at the start.
    pub(super) fn divides(&self, at: usize) -> bool {
        let by_reversal = |part: &Part| match part {
            Part::Carried(of_instances) => {
                let kernels = &of_instances.all.kernels;
                kernels.iter().any(|&(of, weight)| of == at && weight.is_some())
            }
            _ => false,
        };
        self.parts.iter().any(by_reversal)
    }

    /// Has the kernels of constant currents say what they add.
    pub(super) fn take_constant(
        &mut self,
        instances: &mut [Instances],
        addresses: &BlockAddresses,
    ) {
        for carried in self.parts.iter_mut().flat_map(Part::carried) {
            let Carried { constant, base, .. } = carried;
            base.iter_mut().for_each(|values| values.fill(F8::ZERO));
            for &(at, weight) in &*constant {
                call(&mut instances[at], weight, addresses, 0.0, base);
            }
        }
    }

    /// Has the kernels say what they add at v(t); `t_ms` is the time electrodes see. `addresses` says
    /// for every instance what potentials it sees.
    pub(super) fn before_solution(
        &mut self,
        instances: &mut [Instances],
        cable: &Cable,
        addresses: impl Fn(&Instances) -> BlockAddresses,
        t_ms: f64,
    ) {
        let n = self.v_before.len();
        self.v_before.copy_from_slice(&cable.v[..n]);
        for carried in self.parts.iter_mut().flat_map(Part::carried) {
            let Carried { kernels, base, step, .. } = carried;
            for (step, base) in step.iter_mut().zip(&*base) {
                step.copy_from_slice(base);
            }
            for &(at, weight) in &*kernels {
                let addresses = addresses(&instances[at]);
                call(&mut instances[at], weight, &addresses, t_ms, step);
            }
        }
    }

    /// Takes the currents of a step at its solution. `injected` are the currents of all electrodes, and
    /// `inside` the potentials inside against ground, which they see.
    pub(super) fn take(
        &mut self,
        instances: &[Instances],
        cable: &Cable,
        (injected, inside): (&[f64], &[F8]),
        second_order: bool,
    ) {
        let n = cable.n_slots();
        let x = &cable.solution(second_order)[..n];
        for (part, linear) in self.parts.iter().zip(&mut self.linear) {
            match part {
                Part::Membrane if self.electrodes.is_empty() => {}
                Part::Membrane => {
                    linear[..n].copy_from_slice(&inside[..n]);
                    for (&(_, place), &injected) in self.electrodes.iter().zip(injected) {
                        linear[place / LANES].0[place % LANES] = injected;
                    }
                }
                Part::Capacitive => {
                    let before = self.v_before.iter().zip(cable.capacitance());
                    for (i, (x, (before, capacitance))) in
                        linear.iter_mut().zip(x.iter().zip(before))
                    {
                        *i = F8(std::array::from_fn(|l| capacitance.0[l] * (x.0[l] - before.0[l])));
                    }
                }
                Part::Carried(of_instances) => {
                    let OfInstances { all, signed } = &**of_instances;
                    let x = if all.is_electrode(instances) { &inside[..n] } else { x };
                    all.set(x, linear);
                    if let Some((carried, sign)) = signed {
                        carried.add(x, *sign, linear);
                    }
                }
            }
        }
    }

    /// Takes the currents at the start: v is given, and the capacitive current balances all others.
    pub(super) fn take_start(
        &mut self,
        instances: &[Instances],
        cable: &Cable,
        currents: (&[f64], &[F8]),
    ) {
        self.take(instances, cable, currents, false);
        let (injected, inside) = currents;
        let mut membrane = vec![F8::ZERO; inside.len()];
        cable.axial_inflow(inside, &mut membrane);
        for (&(position, _), injected) in self.electrodes.iter().zip(injected) {
            membrane[position / LANES].0[position % LANES] += injected;
        }
        for (part, linear) in self.parts.iter().zip(&mut self.linear) {
            if matches!(part, Part::Capacitive) {
                for (i, (membrane, carried)) in
                    linear.iter_mut().zip(membrane.iter().zip(&self.at_start))
                {
                    *i = F8(std::array::from_fn(|l| membrane.0[l] - carried.0[l]));
                }
            }
        }
    }

    /// Whether potentials that are shown are those of the solution, and nothing beside them.
    pub(super) fn shows_solution(&self) -> bool {
        self.electrodes.is_empty() && self.parts.iter().any(|part| matches!(part, Part::Membrane))
    }

    /// Shows what was taken in a step of a block. Without electrodes the membrane current follows from the
    /// potentials `inside` alone, which are not copied then.
    pub(super) fn show(&self, inside: &[F8], step: u64, observer: &mut (dyn BlockObserver + '_)) {
        let linear = |kind: usize| match self.parts[kind] {
            Part::Membrane if self.electrodes.is_empty() => &inside[..self.linear[kind].len()],
            _ => &self.linear[kind],
        };
        observer.observe(&StepCurrents { step, linear: &linear });
    }

    /// Bytes of all vectors that stay.
    pub(super) fn memory_bytes(&self) -> usize {
        let vectors: usize = self.linear.iter().map(Vec::capacity).sum();
        vectors * size_of::<F8>()
    }
}

impl Part {
    fn new(kind: &CurrentType, instances: &mut [Instances], cable: &Cable) -> Self {
        let wanted = match kind {
            CurrentType::Membrane => return Part::Membrane,
            CurrentType::Capacitive => return Part::Capacitive,
            CurrentType::Mechanism(name) => {
                let mut all = Carried::new(cable);
                for (at, instances) in instances.iter().enumerate() {
                    if instances.mechanism.name == name.as_str() {
                        all.add_kernel(at, None, instances);
                    }
                }
                return Part::Carried(Box::new(OfInstances { all, signed: None }));
            }
            CurrentType::ExcitatorySynapses => Sign::Inward,
            CurrentType::InhibitorySynapses => Sign::Outward,
        };
        let (mut all, mut signed) = (Carried::new(cable), Carried::new(cable));
        for (at, instances) in instances.iter_mut().enumerate() {
            if !is_synapse(instances) {
                continue;
            }
            match instances.mechanism.reversal_column() {
                None => signed.add_kernel(at, None, instances),
                Some(column) => {
                    let is_excitatory = |value: f64| value > EXCITATORY_ABOVE_MV;
                    let weight = instances.add_weight(column, |reversal_mv| {
                        is_excitatory(reversal_mv) == (wanted == Sign::Inward)
                    });
                    all.add_kernel(at, Some(weight), instances);
                }
            }
        }
        let signed = (!signed.kernels.is_empty()).then_some((signed, wanted));
        Part::Carried(Box::new(OfInstances { all, signed }))
    }

    fn carried(&mut self) -> impl Iterator<Item = &mut Carried> {
        let of_instances = match self {
            Part::Carried(of_instances) => Some(&mut **of_instances),
            _ => None,
        };
        of_instances.into_iter().flat_map(|OfInstances { all, signed }| {
            std::iter::once(all).chain(signed.as_mut().map(|(carried, _)| carried))
        })
    }
}

/// The position of every electrode, and its number in what the membrane current follows from.
fn places_of_electrodes(instances: &[Instances], layout: &BlockLayout) -> Vec<(usize, usize)> {
    let mut n_before = vec![[0; LANES]; layout.rows.len()];
    let place = |(position, _): (usize, _)| {
        let (slot, lane) = (position / LANES, position % LANES);
        let row = layout.rows.partition_point(|row| row.slots().end <= slot);
        let nth = n_before[row][lane];
        n_before[row][lane] += 1;
        (position, layout.electrode(row, lane, nth))
    };
    electrodes(instances).map(place).collect()
}

/// Whether these are point processes that take events.
fn is_synapse(instances: &Instances) -> bool {
    let mechanism = instances.mechanism;
    mechanism.kind == MechanismKind::Point && mechanism.kernels.net_receive.is_some()
}

impl Carried {
    fn new(cable: &Cable) -> Self {
        let zero = || vec![F8::ZERO; cable.sink_slot() + 1];
        Carried { base: [zero(), zero()], step: [zero(), zero()], ..Self::default() }
    }

    fn add_kernel(&mut self, at: usize, weight: Option<usize>, instances: &Instances) {
        let to = match instances.mechanism.constant_linear {
            true => &mut self.constant,
            false => &mut self.kernels,
        };
        to.push((at, weight));
    }

    fn is_electrode(&self, instances: &[Instances]) -> bool {
        self.kernels.first().is_some_and(|&(at, _)| instances[at].is_electrode())
    }

    /// Sets the current of every slot.
    fn set(&self, x: &[F8], to: &mut [F8]) {
        let [conductance, current] = &self.step;
        for (to, ((x, g), r)) in to.iter_mut().zip(x.iter().zip(conductance).zip(current)) {
            *to = F8(std::array::from_fn(|l| g.0[l] * x.0[l] - r.0[l]));
        }
    }

    /// Adds the currents of one sign.
    fn add(&self, x: &[F8], sign: Sign, to: &mut [F8]) {
        let [conductance, current] = &self.step;
        for (slot, to) in to.iter_mut().enumerate() {
            for (lane, to) in to.0.iter_mut().enumerate() {
                let i = conductance[slot].0[lane] * x[slot].0[lane] - current[slot].0[lane];
                *to += if (i < 0.0) == (sign == Sign::Inward) { i } else { 0.0 };
            }
        }
    }
}

/// Calls a current kernel again, into other vectors, with no trace left elsewhere.
fn call(
    instances: &mut Instances,
    weight: Option<usize>,
    addresses: &BlockAddresses,
    t_ms: f64,
    [diagonal, rhs]: &mut [Vec<F8>; 2],
) {
    let Some(current) = instances.current else { return };
    let mut args: KernelArgs = instances.args_unseen(addresses, weight);
    args.t_ms = t_ms;
    args.diagonal = diagonal.as_mut_ptr().cast();
    args.rhs = rhs.as_mut_ptr().cast();
    // SAFETY: the arguments describe this mechanism's columns; the vectors hold all positions.
    unsafe { current(&args) };
}
