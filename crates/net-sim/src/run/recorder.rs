//! What was recorded, on its way from the cells to this rank's part of the files.

use net_cell::{Samples, Spike};
use net_core::Gid;
use net_io::store::{Column, Columns, PartWriter};

use crate::error::Result;

/// Fetches the samples of a recording, by its index, from all groups of cells.
pub(crate) type TakeSamples<'a> = &'a mut dyn FnMut(usize, &mut Samples);

/// Collects the spikes and samples of this rank, epoch by epoch.
pub(crate) struct Recorder {
    writer: Option<PartWriter>,
    signals: Vec<Signal>,
    kept_spikes: Option<Vec<Spike>>,
    seal_steps: u64,
    n_spikes: u64,
    column: Vec<f64>,
}

/// One recording.
struct Signal {
    columns: Vec<(Gid, u32)>,
    samples: Samples,
    /// The sample at the end of the last epoch: it belongs to the next range of steps.
    held: Vec<f64>,
    /// All samples, a vector a column.
    kept: Option<Vec<Vec<f64>>>,
}

impl Recorder {
    /// Records `columns`, the (gid, segment)s of every recording, and seals them every `seal_steps`.
    pub(crate) fn new(
        writer: Option<PartWriter>,
        columns: Vec<Vec<(Gid, u32)>>,
        seal_steps: u64,
        keep: bool,
    ) -> Self {
        let signal = |columns: Vec<(Gid, u32)>| Signal {
            samples: Samples::new(columns.len()),
            held: Vec::new(),
            kept: keep.then(|| vec![Vec::new(); columns.len()]),
            columns,
        };
        Recorder {
            writer,
            signals: columns.into_iter().map(signal).collect(),
            kept_spikes: keep.then(Vec::new),
            seal_steps: seal_steps.max(1),
            n_spikes: 0,
            column: Vec::new(),
        }
    }

    /// Takes what was recorded in the epoch that ended at `end_step`.
    pub(crate) fn take(
        &mut self,
        take: TakeSamples,
        spikes: &[Spike],
        end_step: u64,
    ) -> Result<()> {
        self.n_spikes += spikes.len() as u64;
        if let Some(kept) = &mut self.kept_spikes {
            kept.extend_from_slice(spikes);
        }
        if let Some(writer) = &mut self.writer {
            for &Spike { step, gid } in spikes {
                writer.push_spike(net_io::store::Spike { step, gid })?;
            }
        }
        self.take_samples(take, Some(end_step))?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if writer.is_full() || end_step - writer.sealed_until() >= self.seal_steps {
            writer.seal(end_step)?;
        }
        Ok(())
    }

    /// Takes new samples, except those at `end_step` or later.
    fn take_samples(&mut self, take: TakeSamples, end_step: Option<u64>) -> Result<()> {
        for (index, signal) in self.signals.iter_mut().enumerate() {
            let Signal { columns, samples, held, kept } = signal;
            samples.steps.clear();
            samples.values.clear();
            take(index, samples);
            let n_columns = columns.len();
            let is_early = |&step: &u64| end_step.is_none_or(|end_step| step < end_step);
            let n_rows = samples.steps.iter().take_while(|step| is_early(step)).count();
            let (now, later) = samples.values.split_at(n_rows * n_columns);
            for at in 0..n_columns {
                self.column.clear();
                self.column.extend(held.get(at));
                self.column.extend(now.iter().skip(at).step_by(n_columns));
                if let Some(writer) = &mut self.writer {
                    writer.push_column(index, at, &self.column)?;
                }
                if let Some(kept) = kept {
                    kept[at].extend_from_slice(&self.column);
                }
            }
            held.clear();
            held.extend_from_slice(later);
        }
        Ok(())
    }

    /// Seals all that was taken so far, of a run that ends early at `end_step`.
    pub(crate) fn seal(&mut self, end_step: u64) -> Result<()> {
        match &mut self.writer {
            Some(writer) => Ok(writer.seal(end_step)?),
            None => Ok(()),
        }
    }

    /// Takes the last samples and seals the part of a run of `n_steps`.
    pub(crate) fn finish(mut self, take: TakeSamples, n_steps: u64) -> Result<Kept> {
        self.take_samples(take, None)?;
        if let Some(writer) = self.writer.take() {
            // The state after the last step is a sample, too.
            writer.finish(n_steps + 1)?;
        }
        let traces = self.signals.into_iter().enumerate().flat_map(|(recording, signal)| {
            let kept = signal.kept.unwrap_or_default();
            signal.columns.into_iter().zip(kept).map(move |((gid, segment), values)| Trace {
                recording,
                gid,
                segment,
                values,
            })
        });
        Ok(Kept {
            n_spikes: self.n_spikes,
            traces: traces.collect(),
            spikes: self.kept_spikes.unwrap_or_default(),
        })
    }
}

/// Samples of one recorded column.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Index of the recording in the model.
    pub recording: usize,
    /// The cell.
    pub gid: Gid,
    /// Its segment.
    pub segment: u32,
    /// Samples in the quantity's unit, in order of time.
    pub values: Vec<f64>,
}

/// What was recorded on this rank.
pub(crate) struct Kept {
    pub(crate) n_spikes: u64,
    pub(crate) spikes: Vec<Spike>,
    pub(crate) traces: Vec<Trace>,
}

/// What the part of a rank has of a recording.
pub(crate) fn columns_of_part(columns: &[(Gid, u32)]) -> Columns {
    let column = |&(gid, segment): &(Gid, u32)| Column { gid, segment, label: 0 };
    columns.iter().map(column).collect::<Vec<_>>().into()
}
