//! A potential outside of the cells of a block.
//!
//! With e outside, y = x + e is the potential inside against ground, and axial currents are G y. The
//! system (C/dt + g + G) x + G e = r, with all conductances of the membrane in C/dt + g, is
//! (C/dt + g + G) y = r + (C/dt + g) e: the matrix stays, so that it is solved for y. Forks have no
//! membrane, and their y is what the elimination gives.

use super::cable::Cable;
use crate::extracellular::ExtracellularPotential;
use crate::simd::F8;

/// What is imposed on a block from outside.
#[derive(Debug)]
pub(super) struct Field {
    source: Box<dyn ExtracellularPotential>,
    /// By slot, mV.
    pub(super) outside: Vec<F8>,
    /// Inside against ground, by position like the potentials of the cable, mV.
    pub(super) inside: Vec<F8>,
}

impl Field {
    pub(super) fn new(source: Box<dyn ExtracellularPotential>, cable: &Cable) -> Self {
        let outside = vec![F8::ZERO; cable.n_slots()];
        Field { source, outside, inside: vec![F8::ZERO; cable.v.len()] }
    }

    /// Sets the potential outside to that of a time, and the one inside to what follows from v.
    pub(super) fn impose(&mut self, cable: &Cable, t_ms: f64) {
        self.source.potential_at(t_ms, &mut self.outside);
        self.follow(cable);
    }

    /// The potential inside after v has changed.
    pub(super) fn follow(&mut self, cable: &Cable) {
        self.inside.copy_from_slice(&cable.v);
        let here = self.inside.iter_mut().zip(&cable.v).zip(&self.outside);
        for ((inside, v), outside) in here {
            *inside = F8(std::array::from_fn(|lane| v.0[lane] + outside.0[lane]));
        }
    }

    /// The potential inside at the start, forks included.
    pub(super) fn start(&mut self, cable: &Cable) {
        self.impose(cable, 0.0);
        let at_forks = cable.means_at_forks(&self.outside);
        for (inside, mean) in self.inside[cable.n_slots()..].iter_mut().zip(at_forks) {
            *inside = F8(std::array::from_fn(|lane| inside.0[lane] + mean.0[lane]));
        }
    }

    /// Turns the system of a step into one for the potential inside; all currents through the
    /// membrane are in it, those of electrodes are not yet.
    pub(super) fn add_to(&self, cable: &mut Cable) {
        cable.shift_by(&self.outside);
    }

    /// After the solution: keeps the potential inside, and gives the cable the transmembrane one.
    pub(super) fn take_from(&mut self, cable: &mut Cable, second_order: bool) {
        self.inside.copy_from_slice(cable.solution(second_order));
        cable.shift_back_by(&self.outside, second_order);
    }
}
