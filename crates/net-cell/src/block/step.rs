//! A step: events, currents at v(t), the linear system, states.

use std::ops::Range;

use super::instances::BlockAddresses;
use super::{Block, Due, Spike};
use crate::currents::BlockObserver;
use crate::mechanism::Kernels;
use crate::mechanism::kernel::Kernel;
use crate::simd::LANES;

impl Block {
    /// Advances through the steps, delivering `events(step)` at the start of each.
    pub(crate) fn advance<'e>(
        &mut self,
        steps: Range<u64>,
        mut events: impl FnMut(u64) -> Due<'e>,
        spikes: &mut Vec<Spike>,
        mut observer: Option<&mut (dyn BlockObserver + '_)>,
    ) {
        let dt_ms = self.settings.dt_ms;
        let second_order = self.settings.second_order;
        spikes.append(&mut self.events.early_spikes);
        for step in steps {
            let t_ms = step as f64 * dt_ms;
            let Due { plain, timed } = events(step);
            self.arrive(timed);
            self.detect_crossings(step, spikes);
            self.deliver_timed(t_ms, step, spikes);
            self.detect(step, spikes);
            self.watch(t_ms);
            for list in plain {
                self.deliver(list, t_ms);
            }
            self.deliver_timed(t_ms + 0.5 * dt_ms, step, spikes);
            self.cable.assemble();
            let middle_ms = t_ms + 0.5 * dt_ms;
            self.set_played(middle_ms);
            if let Some(field) = &mut self.field {
                field.impose(&self.cable, middle_ms);
            }
            self.currents(middle_ms);
            let is_watched = observer.as_mut().is_some_and(|observer| observer.wants(step + 1));
            let mut watch = observer.as_deref_mut().filter(|_| is_watched);
            self.before_currents(middle_ms, is_watched);
            let wanted = watch.as_deref_mut().and_then(|observer| self.wanted(observer));
            self.cable.solve(second_order, wanted);
            if let Some(field) = &mut self.field {
                field.take_from(&mut self.cable, second_order);
            }
            self.take_currents(step + 1, watch);
            if let Some(field) = &mut self.field {
                field.follow(&self.cable);
            }
            self.states(t_ms + dt_ms);
            self.hook(t_ms + dt_ms, |kernels| kernels.after_solve);
            self.hook(t_ms + dt_ms, |kernels| kernels.before_step);
            self.sample(step + 1);
        }
    }

    fn detect(&mut self, step: u64, spikes: &mut Vec<Spike>) {
        let v = &self.cable.v;
        for detector in &mut self.detectors {
            let at = |position: u32| v[position as usize / LANES].0[position as usize % LANES];
            let seen = match &*detector.mean_of {
                [] => at(detector.position),
                mean_of => mean_of.iter().map(|&(position, weight)| weight * at(position)).sum(),
            };
            let above = seen > detector.threshold_mv;
            if above && !detector.above {
                spikes.push(Spike::new(step, detector.gid));
            }
            detector.above = above;
        }
    }

    /// Adds the currents at v(t) to the system; `t_ms` is the time electrodes see.
    pub(super) fn currents(&mut self, t_ms: f64) {
        self.ions.before_currents(self.settings.celsius);
        let [membrane, electrodes] = self.addresses();
        let n = self.first_electrode();
        self.currents_of(0..n, &membrane, t_ms);
        if let Some(field) = &mut self.field {
            field.add_to(&mut self.cable);
        }
        self.currents_of(n..self.instances.len(), &electrodes, t_ms);
    }

    /// Electrodes are last.
    pub(super) fn first_electrode(&self) -> usize {
        self.instances.partition_point(|instances| !instances.is_electrode())
    }

    pub(super) fn currents_of(
        &mut self,
        which: Range<usize>,
        addresses: &BlockAddresses,
        t_ms: f64,
    ) {
        for at in which {
            let instances = &mut self.instances[at];
            let Some(current) = instances.current else { continue };
            let mut args = instances.args(addresses);
            args.t_ms = t_ms;
            if instances.mechanism.constant_linear {
                if !instances.record {
                    continue;
                }
                // Only the outputs are wanted.
                args.diagonal = self.scratch.as_mut_ptr().cast();
                args.rhs = self.scratch.as_mut_ptr().cast();
            }
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { current(&args) };
            self.send_posts(at);
        }
    }

    fn states(&mut self, t_ms: f64) {
        let [membrane, electrodes] = self.addresses();
        for at in 0..self.instances.len() {
            let instances = &mut self.instances[at];
            if let Some(state) = instances.state() {
                let is_electrode = instances.is_electrode();
                let mut args = instances.args(if is_electrode { &electrodes } else { &membrane });
                args.t_ms = t_ms;
                // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
                unsafe { state(&args) };
                self.send_posts(at);
            }
        }
        for diffusion in &mut self.diffusion {
            diffusion.advance(&mut self.instances, &mut self.ions, self.settings.dt_ms);
        }
    }

    /// Runs the kernels that mechanisms have beside currents and states.
    pub(super) fn hook(&mut self, t_ms: f64, kernel: impl Fn(&Kernels) -> Option<Kernel>) {
        for at in 0..self.instances.len() {
            let Some(kernel) = kernel(&self.instances[at].mechanism.kernels) else { continue };
            let addresses = self.addresses_of(at);
            let mut args = self.instances[at].args(&addresses);
            args.t_ms = t_ms;
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { kernel(&args) };
            self.send_posts(at);
        }
    }
}
