//! Recordings put together from elsewhere.

use super::error::MonitorError;
use super::recordings::{ChunkRecordings, RecordedPart, Recordings};
use super::times::{ChunkTimes, CompartmentTimes, Period, RecordingTimes};

/// One chunk of recordings.
pub(super) fn recordings_of_parts(
    dt_ms: f64,
    parts: Vec<RecordedPart>,
) -> Result<Recordings, MonitorError> {
    let mut chunk = ChunkRecordings::default();
    let mut compartments = Vec::with_capacity(parts.len());
    for part in parts {
        let period = |&(start, stop): &(u64, u64)| Period { start, stop };
        let times = CompartmentTimes {
            name: part.compartment.clone(),
            interval: part.interval_steps,
            offset: part.offset_steps,
            periods: part.periods.iter().map(period).collect(),
        };
        let problem = |problem: String| {
            Err(MonitorError::Variables { compartment: part.compartment.clone(), problem })
        };
        if part.offset_steps >= part.interval_steps {
            return problem(format!(
                "samples are {} steps apart, beginning at step {}",
                part.interval_steps, part.offset_steps
            ));
        }
        let n_samples = times.n_samples();
        for (variable, unit, array) in part.arrays {
            let found = array.nrows();
            if found as u64 != n_samples {
                return problem(format!("'{variable}' has {found} samples, its times {n_samples}"));
            }
            chunk.arrays.push((format!("{};{variable}", part.compartment), unit, array));
        }
        chunk.spikes.extend(part.spikes.map(|spikes| (part.compartment.clone(), spikes)));
        compartments.push(times);
    }
    let chunks = vec![ChunkTimes { compartments, origin: 0 }];
    Ok(Recordings { chunks: vec![chunk], times: RecordingTimes { dt_ms, chunks } })
}
