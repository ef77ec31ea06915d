//! When a simulation records, as it goes on.

use net_io::store::Ranges;

use super::Simulation;
use crate::error::{Error, Result};
use crate::model;

impl Simulation<'_> {
    /// From now on, records in these windows only: start and stop in ms, without the stop. A sample at
    /// the present time belongs to what follows. To be called on all ranks alike.
    ///
    /// # Errors
    /// When there is no such recording of samples or spikes, or a window is not possible; errors of
    /// writing.
    pub fn set_windows(&mut self, recording: &str, windows_ms: &[(f64, f64)]) -> Result<()> {
        let user = format!("recording '{recording}'");
        let windows = match windows_ms.is_empty() {
            true => Ranges::default(),
            false => model::windows(&self.clock, &user, windows_ms)?,
        };
        self.set_step_windows(recording, &windows)
    }

    /// Stops recording now. Doing so twice changes nothing.
    ///
    /// # Errors
    /// As [`set_windows`](Self::set_windows).
    pub fn pause_recording(&mut self, recording: &str) -> Result<()> {
        self.set_step_windows(recording, &Ranges::default())
    }

    /// Records from now on. Doing so twice changes nothing.
    ///
    /// # Errors
    /// As [`set_windows`](Self::set_windows).
    pub fn resume_recording(&mut self, recording: &str) -> Result<()> {
        self.set_step_windows(recording, &Ranges::all())
    }

    fn set_step_windows(&mut self, recording: &str, windows: &Ranges) -> Result<()> {
        let recorders = &self.manifest.spike_devices();
        if let Some(at) = recorders.iter().position(|r| r.device.name == recording) {
            return self.run.set_spike_windows(at, windows);
        }
        let at = self.recording(recording)?;
        self.run.set_windows(at, windows)
    }

    /// Index of a recording of samples.
    pub(super) fn recording(&self, name: &str) -> Result<usize> {
        let signals = &self.manifest.signals[..self.run.recorder().n_signals()];
        signals.iter().position(|signal| signal.name == name).ok_or_else(|| {
            let spikes = self.manifest.spike_devices();
            let known = signals.iter().map(|signal| signal.name.clone());
            let known = known.chain(spikes.into_iter().map(|recorder| recorder.device.name));
            let known = known.collect::<Vec<_>>().join(", ");
            Error::UnknownRecording { name: name.to_owned(), known }
        })
    }
}
