//! What monitors look at.

use std::ops::Range;

use net_core::{Gid, StepClock};

use super::Recording;
use crate::error::{Error, Result};
use crate::monitor::MonitorError;

/// Variables and spikes for monitors, which are recorded beside the recordings of the model and go
/// into no file.
#[derive(Clone, Default)]
pub(crate) struct Monitored {
    /// One a variable, in the order of the monitors.
    pub(crate) recordings: Vec<Recording>,
    /// Steps between samples of those without an interval, one a variable.
    pub(crate) usual_steps: Vec<u64>,
    /// Gids of the populations whose spikes are wanted.
    pub(crate) spikes: Vec<Range<Gid>>,
    /// Steps that samples are taken after the step of their label: 0 or 1.
    pub(crate) shift: u64,
}

impl Monitored {
    /// What is recorded and when, for a comparison.
    pub(crate) fn describe(&self) -> serde_json::Value {
        let each = self.recordings.iter().zip(&self.usual_steps).map(|(own, steps)| {
            (&own.name, own.interval_ms.map(f64::to_bits), format!("{:?}", own.quantity), steps)
        });
        let spikes = self.spikes.iter().map(|gids| (gids.start, gids.end));
        serde_json::json!([self.shift, each.collect::<Vec<_>>(), spikes.collect::<Vec<_>>()])
    }

    /// Checks periods and variables.
    pub(super) fn validate(&self, model: &super::Model, clock: &StepClock) -> Result<()> {
        for recording in &self.recordings {
            if recording.schedule(clock).is_err() {
                return Err(Error::Monitor(Box::new(MonitorError::Period {
                    compartment: recording.name.split(';').next().unwrap_or_default().to_owned(),
                    period_ms: recording.interval_ms.unwrap_or(f64::NAN),
                    dt_ms: clock.dt_ms(),
                })));
            }
            recording.validate(model, clock)?;
        }
        Ok(())
    }

    /// The schedule of a variable.
    pub(crate) fn schedule(&self, at: usize, clock: &StepClock) -> Result<net_cell::Schedule> {
        let recording = &self.recordings[at];
        let schedule = recording.schedule(clock)?;
        let interval = match recording.interval_ms {
            Some(_) => schedule.interval,
            None => self.usual_steps[at],
        };
        Ok(net_cell::Schedule { offset: schedule.offset + self.shift, interval })
    }
}
