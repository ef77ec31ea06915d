//! Probes on their way, saved cell by cell.

use std::collections::HashMap;
use std::path::Path;

use net_cell::CellGroup;
use net_cell::currents::LinearLayout;
use net_cell::simd::{F8, LANES};
use net_core::{Gid, StepClock};
use net_io::probes::ProbeFile;
use net_lfp::ExactSums;
use serde::{Deserialize, Serialize};

use super::collector::{Collector, lock};
use super::matrices::MEMBRANE;
use super::observer::Observed;
use crate::error::{Result, bad_value};
use crate::model::Model;

/// A mean of currents under way, of one cell: the sum over so many steps of what the currents of a type are
/// a linear function of, the type being one of those of probes that are sampled at the same times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Partial {
    schedule: u32,
    kind: u32,
    is_membrane: bool,
    n_steps: u64,
    sum: Vec<f64>,
}

/// What is kept in memory of a probe: for each field, rows of so many samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptProbe {
    n_samples: u64,
    fields: Vec<Vec<f64>>,
}

impl Collector {
    /// Waits until all that was collected is on the disk.
    pub(crate) fn sync(&self) -> Result<()> {
        self.files.iter().flatten().try_for_each(|file| Ok(file.sync()?))
    }

    /// What is kept of each probe that this rank has.
    pub(crate) fn kept(&self) -> Vec<Option<KeptProbe>> {
        let Some(kept) = &self.kept else { return vec![None; self.probes.len()] };
        let of_probe =
            |(signal, probe): (&Option<super::ProbeSignal>, &super::collected::Collected)| {
                let signal = signal.as_ref()?;
                let n = probe.n_collected as usize;
                let cut = |(_, values): &(String, Vec<f64>)| {
                    let rows = values.chunks(signal.n_samples.max(1));
                    rows.flat_map(|row| &row[..n]).copied().collect()
                };
                let fields = signal.fields.iter().map(cut).collect();
                Some(KeptProbe { n_samples: n as u64, fields })
            };
        kept.iter().zip(&self.probes).map(of_probe).collect()
    }

    /// Takes what the rank of the same number kept.
    pub(crate) fn keep(&mut self, kept: Vec<Option<KeptProbe>>) {
        let Some(own) = &mut self.kept else { return };
        for (own, saved) in own.iter_mut().zip(kept) {
            let (Some(signal), Some(saved)) = (own, saved) else { continue };
            let n = (saved.n_samples as usize).min(signal.n_samples);
            let all = signal.n_samples.max(1);
            for ((_, to), from) in signal.fields.iter_mut().zip(&saved.fields) {
                let rows = to.chunks_mut(all).zip(from.chunks(saved.n_samples.max(1) as usize));
                rows.for_each(|(to, from)| to[..n].copy_from_slice(&from[..n]));
            }
        }
    }

    /// Signals that stay per rank can only go on on the same ranks.
    pub(crate) fn check_ranks(&self, found: usize, n_ranks: usize) -> Result<()> {
        let stays = self.probes.iter().find(|probe| probe.recording.per_rank);
        match stays.filter(|_| found != n_ranks) {
            Some(probe) => {
                let key = format!("ranks, as the signal of probe '{}' stays per rank", probe.name);
                Err(bad_value(key, n_ranks, "as many ranks as before"))
            }
            None => Ok(()),
        }
    }

    /// Opens the files of a run that goes on at `step`; as
    /// [`create_files`](Self::create_files).
    pub(crate) fn open_files(
        &mut self,
        (of_all, of_rank): (&Path, &Path),
        model: &Model,
        clock: &StepClock,
        step: u64,
    ) -> Result<()> {
        for (per_rank, path) in [(false, of_all), (true, of_rank)] {
            let of_file = self.probes.iter().filter(|probe| probe.recording.per_rank == per_rank);
            let of_file: Vec<_> = of_file.filter(|probe| probe.is_here(self.is_root)).collect();
            let datasets: Vec<_> = of_file.iter().map(|p| p.dataset(model, clock)).collect();
            let written = of_file.iter().map(|p| p.samples.n_before(step + 1) as usize);
            let written: Vec<usize> = written.collect();
            if !datasets.is_empty() {
                let file = ProbeFile::open(path, &datasets, &written)?;
                self.files[usize::from(per_rank)] = Some(file);
            }
        }
        Ok(())
    }

    /// Means under way of the cells of a group, all finished samples being collected.
    pub(crate) fn partials(&self, at: usize, group: &CellGroup) -> Vec<(Gid, Vec<Partial>)> {
        match self.groups.get(at) {
            Some(observed) => lock(observed).partials(group),
            None => Vec::new(),
        }
    }

    /// Goes on at `step` with what the cells of a group had under way; gives the first cell that it does
    /// not fit.
    pub(crate) fn restore(
        &mut self,
        at: usize,
        group: &CellGroup,
        step: u64,
        partials: &mut HashMap<Gid, Vec<Partial>>,
    ) -> std::result::Result<(), Gid> {
        for probe in &mut self.probes {
            probe.n_collected = probe.samples.n_before(step + 1);
        }
        let Some(observed) = self.groups.get(at) else { return Ok(()) };
        let mut observed = lock(observed);
        for (of_group, probe) in observed.probes.iter_mut().zip(&self.probes) {
            of_group.first_sample = probe.n_collected;
        }
        observed.restore(group, step, partials)
    }
}

impl Observed {
    fn partials(&self, group: &CellGroup) -> Vec<(Gid, Vec<Partial>)> {
        let mut all = Vec::new();
        for block in 0..self.n_blocks() {
            let LinearLayout { cells, .. } = group.linear_layout(block);
            for cell in cells {
                let mut own = Vec::new();
                for (schedule, of_schedule) in (0..).zip(&self.schedules) {
                    for (kind, sampler) in (0..).zip(&of_schedule.samplers[block]) {
                        let Some((sum, n_steps)) = sampler.under_way() else { continue };
                        // Of the membrane there may be more than a number a segment.
                        let is_membrane = of_schedule.types[kind as usize] == MEMBRANE;
                        let places = cell.places(is_membrane).iter();
                        let sum = places.map(|&p| sum[p / LANES].0[p % LANES]).collect();
                        own.push(Partial { schedule, kind, is_membrane, n_steps, sum });
                    }
                }
                if !own.is_empty() {
                    all.push((cell.gid, own));
                }
            }
        }
        all
    }

    fn n_blocks(&self) -> usize {
        self.schedules.first().map_or(0, |schedule| schedule.samplers.len())
    }

    /// As [`Collector::restore`].
    fn restore(
        &mut self,
        group: &CellGroup,
        step: u64,
        partials: &mut HashMap<Gid, Vec<Partial>>,
    ) -> std::result::Result<(), Gid> {
        // What the start of the run has left behind goes.
        for probe in &mut self.probes {
            probe.sums.iter_mut().for_each(ExactSums::clear);
        }
        for schedule in &mut self.schedules {
            let n_before = schedule.samples.n_before(step + 1);
            schedule.next.fill(n_before);
            schedule.samplers.iter_mut().flatten().for_each(|sampler| sampler.go_on(Vec::new(), 0));
        }
        for block in 0..self.n_blocks() {
            let LinearLayout { n_slots, n_membrane, cells } = group.linear_layout(block);
            let mut sums: HashMap<(u32, u32), (u64, Vec<F8>)> = HashMap::new();
            let mut n_of_first = None;
            for cell in cells {
                let own = partials.remove(&cell.gid).unwrap_or_default();
                if *n_of_first.get_or_insert(own.len()) != own.len() {
                    return Err(cell.gid);
                }
                for Partial { schedule, kind, is_membrane, n_steps, sum } in own {
                    let n = if is_membrane { n_membrane } else { n_slots };
                    let none = || (n_steps, vec![F8::ZERO; n]);
                    let (n_before, to) = sums.entry((schedule, kind)).or_insert_with(none);
                    let places = cell.places(is_membrane);
                    if *n_before != n_steps || to.len() != n || sum.len() != places.len() {
                        return Err(cell.gid);
                    }
                    for (&p, value) in places.iter().zip(sum) {
                        to[p / LANES].0[p % LANES] = value;
                    }
                }
            }
            for ((schedule, kind), (n_steps, sum)) in sums {
                let schedule = self.schedules.get_mut(schedule as usize);
                let samplers = schedule.map(|schedule| &mut schedule.samplers[block]);
                if let Some(sampler) = samplers.and_then(|all| all.get_mut(kind as usize)) {
                    sampler.go_on(sum, n_steps);
                }
            }
        }
        Ok(())
    }
}
