//! A probe on its way to the file: what it is made from, and when.

use std::sync::Arc;

use net_cell::currents::CurrentType;
use net_core::StepClock;
use net_io::probes::{Attribute, ProbeDataset};
use net_lfp::{Description, ExactSums, SAMPLES_AT_ONCE, Sampling, Skeleton};
use net_mpi::Communicator;

use super::collector::ProbeSignal;
use super::matrices::Matrices;
use super::memory::{self, Need};
use super::terms::Terms;
use crate::error::{Error, Result};
use crate::model::{Model, ProbeRecording, Samples};
use crate::run::machine_memory_bytes;

/// Values of a sum, rows x samples, that come together unless the user says otherwise.
const CHUNK_VALUES: usize = 1 << 18;
/// Least and largest number of samples of a chunk, unless the user says otherwise.
const CHUNK_SAMPLES: (usize, usize) = (SAMPLES_AT_ONCE, 14 * SAMPLES_AT_ONCE);

/// Samples of a chunk, unless the user says otherwise: whole epochs, since chunks end with one, and as
/// few passes over the matrices as many samples take.
fn usual_chunk(n_rows: usize, samples_of_epoch: usize) -> usize {
    let usual = CHUNK_VALUES / n_rows.max(1);
    let usual = usual.next_multiple_of(SAMPLES_AT_ONCE).clamp(CHUNK_SAMPLES.0, CHUNK_SAMPLES.1);
    let epoch = samples_of_epoch.clamp(1, usual);
    usual / epoch * epoch
}

/// Samples of a chunk, and those that there must be room for.
fn chunk_of(recording: &ProbeRecording, n_samples: u64, samples_of_epoch: u64) -> (u64, usize) {
    let usual = usual_chunk(recording.probe.n_rows(), samples_of_epoch as usize);
    let asked = recording.chunk_samples.unwrap_or(usual) as u64;
    let chunk = asked.min(n_samples.max(1));
    // What an epoch adds to a chunk that is not full, and the sample at the start.
    (chunk, (chunk + samples_of_epoch + 2).min(n_samples) as usize)
}

/// A probe on its way to the file.
pub(super) struct Collected {
    pub(super) name: String,
    pub(super) recording: ProbeRecording,
    pub(super) terms: Terms,
    /// If only some rows of its matrices are there, how the others follow.
    pub(super) skeleton: Option<Skeleton>,
    pub(super) samples: Samples,
    /// Of the whole run.
    n_samples: u64,
    pub(super) n_collected: u64,
    chunk: u64,
    /// The probe whose sums it is made from: itself, or an earlier one with the same matrices, as that of
    /// the dipole moment of an EEG.
    pub(super) sums_of: usize,
    /// Zero sums with the units and the number of samples of all sums of this probe: of those of the
    /// membrane, and of those of other currents.
    zero: Arc<[ExactSums; 2]>,
    pub(super) n_raised: u64,
}

impl Collected {
    /// All probes of a model, for so many groups of cells on this rank. Matrices that are not needed are given
    /// up. Collective.
    pub(super) fn of_model(
        comm: &Communicator,
        model: &Model,
        (clock, n_steps, epoch_steps): (&StepClock, u64, u64),
        (matrices, pool): (&mut Matrices, &rayon::ThreadPool),
        n_groups: usize,
    ) -> Result<Vec<Self>> {
        let mut all: Vec<Self> = Vec::with_capacity(model.probes().len());
        let names = model.probe_names();
        let mut needs = Vec::new();
        for (at, (recording, name)) in model.probes().iter().zip(&names).enumerate() {
            let terms = Terms::new(recording, model.network());
            let skeleton = matrices.keep_skeleton(comm, pool, at, terms.fields.len())?;
            let n_rows = skeleton
                .as_ref()
                .map_or(recording.probe.n_rows(), |skeleton| skeleton.rows().len());
            let n_raised = comm.sum(matrices.n_raised[at])?;
            let samples = recording.samples(name, clock, n_steps)?;
            let n_samples = samples.n_before(n_steps + 1);
            let mut sums_of = at;
            for (first, probe) in all.iter().enumerate() {
                let is_alike = probe.is_alike(recording, (n_rows, &terms, &samples));
                if is_alike && probe.sums_of == first && matrices.share(comm, [first, at])? {
                    sums_of = first;
                    break;
                }
            }
            let (chunk, zero) = match all.get(sums_of) {
                Some(first) => (first.chunk, Arc::clone(&first.zero)),
                None => {
                    let samples_of_epoch = epoch_steps / samples.interval;
                    let (chunk, room) = chunk_of(recording, n_samples, samples_of_epoch);
                    let n_sums = terms.sums.len() * n_groups.max(1);
                    needs.push(Need::of_sums(name, n_sums, n_rows, room));
                    comm.agree(memory::check_sums(&needs, machine_memory_bytes()))?;
                    let mut bounds = matrices.bounds(at, n_rows);
                    bounds.iter_mut().try_for_each(|bounds| comm.max_slice(bounds))?;
                    let [membrane, currents] = bounds.map(|bounds| ExactSums::new(&bounds, room));
                    let error =
                        |source| Error::Probe { probe: name.clone(), source: Box::new(source) };
                    (chunk, Arc::new([membrane.map_err(error)?, currents.map_err(error)?]))
                }
            };
            all.push(Collected {
                name: name.clone(),
                recording: recording.clone(),
                terms,
                skeleton,
                samples,
                n_samples,
                n_collected: 0,
                chunk,
                sums_of,
                zero,
                n_raised,
            });
        }
        Ok(all)
    }

    /// Zero sums with the units of a sum.
    pub(super) fn zero(&self, sum: usize) -> &ExactSums {
        &self.zero[usize::from(!self.terms.sums[sum].is_membrane())]
    }

    /// The number of sums that this probe, the one of this number, has of its own.
    pub(super) fn n_sums(&self, at: usize) -> usize {
        if self.sums_of == at { self.terms.sums.len() } else { 0 }
    }

    /// Whether another probe, if it has the same matrices, has the same sums at the same times.
    fn is_alike(
        &self,
        other: &ProbeRecording,
        (n_rows, terms, samples): (usize, &Terms, &Samples),
    ) -> bool {
        let own = &self.recording;
        self.zero[0].n_rows() == n_rows
            && self.terms.sums == terms.sums
            && self.samples == *samples
            && own.sampling == other.sampling
            && own.per_rank == other.per_rank
            && own.chunk_samples == other.chunk_samples
    }

    /// Whether a rank has the signal in the end.
    pub(super) fn is_here(&self, is_root: bool) -> bool {
        is_root || self.recording.per_rank
    }

    /// Samples up to `step` that were not collected.
    pub(super) fn n_new(&self, step: u64) -> u64 {
        self.samples.n_before(step + 1) - self.n_collected
    }

    pub(super) fn is_due(&self, step: u64, is_end: bool) -> bool {
        let n_new = self.n_new(step);
        n_new > 0 && (is_end || n_new >= self.chunk)
    }

    /// Times of first sample and between samples in ms.
    fn times_ms(&self, clock: &StepClock) -> (f64, f64) {
        (clock.time_ms(self.samples.window.start), clock.time_ms(self.samples.interval))
    }

    /// The signal with zeros.
    pub(super) fn signal(&self, clock: &StepClock) -> ProbeSignal {
        let (n_rows, n_samples) = (self.recording.probe.n_signals(), self.n_samples as usize);
        let (start_ms, interval_ms) = self.times_ms(clock);
        let field = |name: &str| (name.to_owned(), vec![0.0; n_rows * n_samples]);
        ProbeSignal {
            name: self.name.clone(),
            unit: self.recording.probe.unit(),
            start_ms,
            interval_ms,
            n_rows,
            n_samples,
            distances_raised: self.n_raised,
            fields: self.terms.names().map(field).collect(),
        }
    }

    /// What the file says of it.
    pub(super) fn dataset(&self, model: &Model, clock: &StepClock) -> ProbeDataset {
        let probe = &*self.recording.probe;
        let (start_ms, interval_ms) = self.times_ms(clock);
        let sampling = match self.recording.sampling {
            Sampling::Point => "point",
            Sampling::Average => "average",
        };
        let populations = model.network().populations().iter().map(|p| p.name().to_owned());
        let groups = self.recording.groups.iter().map(|(name, _)| name.clone());
        let currents = self.recording.currents.iter().map(CurrentType::name);
        let attributes = [
            ("class", Attribute::Text(probe.class().to_owned())),
            ("units", Attribute::Text(probe.unit().to_owned())),
            ("dt_ms", Attribute::Number(clock.dt_ms())),
            ("start_ms", Attribute::Number(start_ms)),
            ("interval_ms", Attribute::Number(interval_ms)),
            ("sampling", Attribute::Text(sampling.to_owned())),
            ("currents", Attribute::Texts(currents.collect())),
            ("populations", Attribute::Texts(populations.collect())),
            ("groups", Attribute::Texts(groups.collect())),
            ("distances_raised", Attribute::Count(self.n_raised)),
            ("rows_summed", Attribute::Count(self.zero[0].n_rows() as u64)),
        ];
        let described = probe.describe().into_iter().map(|(name, value)| match value {
            Description::Text(text) => (name, Attribute::Text(text)),
            Description::Numbers(numbers) => (name, Attribute::Numbers(numbers)),
            Description::Points(points) => (name, Attribute::Table(3, points.concat())),
            Description::Lists(unit, lists) => (name, Attribute::Lists(unit, lists)),
        });
        let attributes = attributes.into_iter().chain(described);
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value)).collect();
        ProbeDataset {
            name: self.name.clone(),
            fields: self.terms.names().map(str::to_owned).collect(),
            n_rows: probe.n_signals(),
            n_samples: self.n_samples as usize,
            attributes,
        }
    }
}
