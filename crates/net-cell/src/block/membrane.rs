//! The currents of a step through the membrane and from electrodes, for recorders and observers.
//!
//! A compartment's membrane current is what flows in along the cable and from electrodes, at the
//! potentials at which the step's currents balance. It is computed where it is wanted alone.

use super::Block;
use super::instances::Instances;
use super::observation::Observation;
use crate::currents::{BlockObserver, Destination};
use crate::simd::{F8, LANES};

impl Block {
    /// Before the system is solved: notes what depends on v(t), if currents are to be taken; `t_ms` is
    /// the time electrodes see.
    pub(super) fn before_currents(&mut self, t_ms: f64, is_observed: bool) {
        let [membrane, on_ground] = self.addresses();
        if let Some(observation) = self.observation.as_mut().filter(|_| is_observed) {
            let addresses = |instances: &Instances| match instances.is_electrode() {
                true => on_ground,
                false => membrane,
            };
            observation.before_solution(&mut self.instances, &self.cable, addresses, t_ms);
        }
        self.electrode_mv.clear();
        if is_observed || !self.membrane.is_empty() {
            let inside = self.field.as_ref().map_or(&self.cable.v, |field| &field.inside);
            let positions = electrodes(&self.instances).map(|(position, _)| position);
            self.electrode_mv.extend(positions.map(|p| inside[p / LANES].0[p % LANES]));
        }
    }

    /// Where the solution is wanted by who observes the step, if the membrane current follows from it.
    pub(super) fn wanted<'a>(
        &self,
        observer: &'a mut (dyn BlockObserver + '_),
    ) -> Option<Destination<'a>> {
        let is_inside = self.field.is_none();
        let follows = self.observation.as_ref().is_some_and(Observation::shows_solution);
        if is_inside && follows { observer.destination(self.cable.n_slots()) } else { None }
    }

    /// After the solution: the currents of the step that ends at `step`, where they are wanted.
    pub(super) fn take_currents(
        &mut self,
        step: u64,
        observer: Option<&mut (dyn BlockObserver + '_)>,
    ) {
        if observer.is_none() && self.membrane.is_empty() {
            return;
        }
        self.injected(true);
        self.record_membrane(true);
        if let Some(observer) = observer
            && let Some(mut observation) = self.observation.take()
        {
            let currents = (&*self.injected_na, self.inside(true));
            let second_order = self.settings.second_order;
            observation.take(&self.instances, &self.cable, currents, second_order);
            observation.show(self.inside(true), step, observer);
            self.observation = Some(observation);
        }
    }

    /// The currents at the start, at the potentials that are given.
    pub(super) fn take_start(&mut self, observer: Option<&mut (dyn BlockObserver + '_)>) {
        self.injected(false);
        self.record_membrane(false);
        if let Some(observer) = observer
            && let Some(mut observation) = self.observation.take()
        {
            let currents = (&*self.injected_na, self.inside(false));
            observation.take_start(&self.instances, &self.cable, currents);
            observation.show(self.inside(false), 0, observer);
            self.observation = Some(observation);
        }
    }

    /// The potentials inside at which the currents of a step balance, or those at the start.
    fn inside(&self, at_solution: bool) -> &[F8] {
        let second_order = at_solution && self.settings.second_order;
        let solution = self.cable.solution(second_order);
        self.field.as_ref().map_or(solution, |field| &field.inside)
    }

    /// What every electrode injects, at v(t) or at the solution of the step.
    fn injected(&mut self, at_solution: bool) {
        let mut injected_na = std::mem::take(&mut self.injected_na);
        injected_na.clear();
        let inside = self.inside(at_solution);
        let before = self.electrode_mv.iter().map(|&before| at_solution.then_some(before));
        for ((position, at), before) in electrodes(&self.instances).zip(before) {
            let mut current = at.current_na;
            if let Some(before) = before {
                let change = inside[position / LANES].0[position % LANES] - before;
                current -= at.slope_us * change;
            }
            injected_na.push(current);
        }
        self.injected_na = injected_na;
    }

    /// Keeps the membrane currents, if some are recorded. What electrodes inject leaves through the
    /// membrane too.
    fn record_membrane(&mut self, at_solution: bool) {
        if self.membrane.is_empty() {
            return;
        }
        let mut membrane = std::mem::take(&mut self.membrane);
        self.cable.axial_inflow(self.inside(at_solution), &mut membrane);
        for ((position, _), injected) in electrodes(&self.instances).zip(&self.injected_na) {
            membrane[position / LANES].0[position % LANES] += injected;
        }
        self.membrane = membrane;
    }
}

/// What an electrode injects at v(t), and how that falls with the potential.
pub(super) struct Injection {
    current_na: f64,
    slope_us: f64,
}

/// The position of every electrode, and what it does.
pub(super) fn electrodes(instances: &[Instances]) -> impl Iterator<Item = (usize, Injection)> {
    instances.iter().filter(|instances| instances.is_electrode()).flat_map(|instances| {
        let columns = instances.mechanism.electrode;
        columns.into_iter().flat_map(move |(current, slope)| {
            instances.occupied().map(move |place| {
                let current_na = instances.value(current, place);
                let slope_us = instances.value(slope, place);
                (instances.position(place), Injection { current_na, slope_us })
            })
        })
    })
}
