//! When something was recorded: by chunk, compartment and period, in ms and as indices.

use serde::{Deserialize, Serialize};

use super::error::MonitorError;

/// A time of recording between a start and a pause, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    pub(crate) start: u64,
    pub(crate) stop: u64,
}

/// The recording times of a compartment in a chunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CompartmentTimes {
    pub(crate) name: String,
    /// Steps between samples.
    pub(crate) interval: u64,
    /// Step of the label 0; that of monitors is 0.
    pub(crate) offset: u64,
    pub(crate) periods: Vec<Period>,
}

/// Recording times of a chunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChunkTimes {
    /// In the order of the monitors.
    pub(crate) compartments: Vec<CompartmentTimes>,
    /// Simulated steps before the step 0 that this chunk counts from.
    pub(crate) origin: u64,
}

/// When samples were taken; counts of steps, from which ms are derived.
///
/// A period that starts at step a and pauses at step b has the labels k P with a <= k P < b, where P is
/// the monitor's period in steps: `ceil(a / P) P` is the first, `(ceil(b / P) - 1) P` the last.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingTimes {
    pub(crate) dt_ms: f64,
    pub(crate) chunks: Vec<ChunkTimes>,
}

/// First and last sample of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeriodLimits {
    /// Label of the first sample in ms.
    pub start_ms: f64,
    /// Label of the last sample in ms.
    pub stop_ms: f64,
    /// Index of the first sample in the chunk's array.
    pub start_index: usize,
    /// Index of the last sample.
    pub stop_index: usize,
}

/// Labels of the samples of a period: number of the first, in units of the interval, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) first: u64,
    pub(crate) n: u64,
}

impl CompartmentTimes {
    /// The samples of a period.
    pub(crate) fn labels(&self, period: Period) -> Labels {
        let number = |step: u64| step.saturating_sub(self.offset).div_ceil(self.interval);
        let first = number(period.start);
        Labels { first, n: number(period.stop).saturating_sub(first) }
    }

    /// Samples of all periods.
    pub(crate) fn n_samples(&self) -> u64 {
        self.periods.iter().map(|&period| self.labels(period).n).sum()
    }

    /// The step of a label.
    fn step(&self, label: u64) -> u64 {
        self.offset + label * self.interval
    }

    /// The steps of all labels.
    pub(crate) fn steps(&self) -> impl Iterator<Item = u64> + '_ {
        self.periods.iter().flat_map(|&period| {
            let Labels { first, n } = self.labels(period);
            (first..first + n).map(|label| self.step(label))
        })
    }
}

impl RecordingTimes {
    /// Number of chunks.
    pub fn n_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The compartments, in the order of the monitors.
    pub fn compartments(&self, chunk: usize) -> Result<Vec<&str>, MonitorError> {
        Ok(self.chunk(chunk)?.compartments.iter().map(|own| own.name.as_str()).collect())
    }

    /// Number of periods from a start to a pause of a compartment.
    ///
    /// # Errors
    /// There is no such chunk or compartment.
    pub fn n_periods(&self, chunk: usize, compartment: &str) -> Result<usize, MonitorError> {
        Ok(self.find(chunk, compartment)?.periods.len())
    }

    /// Labels in ms of the first and last sample of a period, or of all: without `period`.
    ///
    /// # Errors
    /// There is no such chunk, compartment or period, or it has no sample.
    pub fn time_limits(
        &self,
        chunk: usize,
        compartment: &str,
        period: Option<usize>,
    ) -> Result<(f64, f64), MonitorError> {
        let limits = self.limits(chunk, compartment, period)?;
        Ok((limits.start_ms, limits.stop_ms))
    }

    /// Indices of the first and last sample of a period, or of all, in the array of the chunk.
    ///
    /// # Errors
    /// As [`time_limits`](Self::time_limits).
    pub fn index_limits(
        &self,
        chunk: usize,
        compartment: &str,
        period: Option<usize>,
    ) -> Result<(usize, usize), MonitorError> {
        let limits = self.limits(chunk, compartment, period)?;
        Ok((limits.start_index, limits.stop_index))
    }

    /// First and last sample of a period, or of all.
    ///
    /// # Errors
    /// As [`time_limits`](Self::time_limits).
    pub fn limits(
        &self,
        chunk: usize,
        compartment: &str,
        period: Option<usize>,
    ) -> Result<PeriodLimits, MonitorError> {
        let all = self.all(chunk, compartment)?;
        let found = match period {
            Some(period) => {
                let n_periods = all.len();
                let missing = || MonitorError::NoPeriod {
                    compartment: compartment.to_owned(),
                    period,
                    n_periods,
                };
                *all.get(period).ok_or_else(missing)?
            }
            None => {
                let mut filled = all.iter().flatten();
                let first = filled.next().copied();
                let last = filled.next_back().copied().or(first);
                first.zip(last).map(|(first, last)| PeriodLimits {
                    stop_ms: last.stop_ms,
                    stop_index: last.stop_index,
                    ..first
                })
            }
        };
        found.ok_or_else(|| MonitorError::NoSample { compartment: compartment.to_owned(), period })
    }

    /// First and last sample of every period; None for a period that was so short, or so placed, that
    /// no sample fell into it.
    ///
    /// # Errors
    /// There is no such chunk or compartment.
    pub fn all(
        &self,
        chunk: usize,
        compartment: &str,
    ) -> Result<Vec<Option<PeriodLimits>>, MonitorError> {
        let own = self.find(chunk, compartment)?;
        let mut before = 0;
        let mut limits = |&period: &Period| {
            let Labels { first, n } = own.labels(period);
            let start_index = before as usize;
            before += n;
            (n > 0).then(|| PeriodLimits {
                start_ms: self.ms(own.step(first)),
                stop_ms: self.ms(own.step(first + n - 1)),
                start_index,
                stop_index: before as usize - 1,
            })
        };
        Ok(own.periods.iter().map(&mut limits).collect())
    }

    /// The labels of all samples of a chunk in ms.
    ///
    /// # Errors
    /// There is no such chunk or compartment.
    pub fn times_ms(&self, chunk: usize, compartment: &str) -> Result<Vec<f64>, MonitorError> {
        let own = self.find(chunk, compartment)?;
        Ok(own.steps().map(|step| self.ms(step)).collect())
    }

    /// From start to pause of every period in ms, whether samples fell into it or not.
    ///
    /// # Errors
    /// There is no such chunk or compartment.
    pub fn periods_ms(
        &self,
        chunk: usize,
        compartment: &str,
    ) -> Result<Vec<(f64, f64)>, MonitorError> {
        let periods = self.find(chunk, compartment)?.periods.iter();
        Ok(periods.map(|period| (self.ms(period.start), self.ms(period.stop))).collect())
    }

    /// Time between samples of a compartment in ms.
    ///
    /// # Errors
    /// There is no such chunk or compartment.
    pub fn period_ms(&self, chunk: usize, compartment: &str) -> Result<f64, MonitorError> {
        Ok(self.ms(self.find(chunk, compartment)?.interval))
    }

    /// Time step in ms.
    pub fn dt_ms(&self) -> f64 {
        self.dt_ms
    }

    pub(crate) fn chunk(&self, chunk: usize) -> Result<&ChunkTimes, MonitorError> {
        let n_chunks = self.chunks.len();
        self.chunks.get(chunk).ok_or(MonitorError::NoChunk { chunk, n_chunks })
    }

    pub(crate) fn find(
        &self,
        chunk: usize,
        compartment: &str,
    ) -> Result<&CompartmentTimes, MonitorError> {
        let compartments = &self.chunk(chunk)?.compartments;
        let found = compartments.iter().find(|own| own.name == compartment);
        found.ok_or_else(|| MonitorError::NoCompartment {
            compartment: compartment.to_owned(),
            known: compartments.iter().map(|own| own.name.clone()).collect::<Vec<_>>().join(", "),
        })
    }

    /// A time in ms, as the decimal number that is meant: 1999 steps of 0.1 ms are 199.9 ms.
    pub(crate) fn ms(&self, steps: u64) -> f64 {
        decimal(steps as f64 * self.dt_ms, self.dt_ms)
    }
}

/// `value` rounded to as many decimals as `dt` has.
pub(crate) fn decimal(value: f64, dt: f64) -> f64 {
    let text = format!("{dt}");
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    // What has more decimals than this has no short decimal form.
    if decimals > 9 {
        return value;
    }
    let power = 10_f64.powi(decimals as i32);
    (value * power).round() / power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(interval: u64, periods: &[(u64, u64)]) -> RecordingTimes {
        let periods = periods.iter().map(|&(start, stop)| Period { start, stop }).collect();
        let own = CompartmentTimes { name: "E".to_owned(), interval, offset: 0, periods };
        RecordingTimes {
            dt_ms: 0.1,
            chunks: vec![ChunkTimes { compartments: vec![own], origin: 0 }],
        }
    }

    #[test]
    fn limits_of_periods_in_ms_and_as_indices() {
        let times = times(20, &[(1000, 2000), (3000, 5000), (6000, 7000)]);
        let limits = |period| {
            let ((a, b), (i, j)) = (
                times.time_limits(0, "E", period).unwrap(),
                times.index_limits(0, "E", period).unwrap(),
            );
            (a, b, i, j)
        };
        assert_eq!(limits(Some(0)), (100.0, 198.0, 0, 49));
        assert_eq!(limits(Some(1)), (300.0, 498.0, 50, 149));
        assert_eq!(limits(Some(2)), (600.0, 698.0, 150, 199));
        assert_eq!(limits(None), (100.0, 698.0, 0, 199));
        assert_eq!(times.times_ms(0, "E").unwrap().len(), 200);
    }

    #[test]
    fn a_start_off_the_grid_waits_for_the_grid() {
        // Period 2 ms, from 0.5 to 10.5 ms.
        let times = times(20, &[(5, 105)]);
        assert_eq!(times.times_ms(0, "E").unwrap(), [2.0, 4.0, 6.0, 8.0, 10.0]);
    }

    #[test]
    fn a_period_between_two_samples_is_empty_and_counts_none() {
        // Period 10 ms, 1 to 4 and 10 to 40 ms.
        let times = times(100, &[(10, 40), (100, 400)]);
        assert_eq!(times.n_periods(0, "E"), Ok(2));
        assert_eq!(times.all(0, "E").unwrap()[0], None);
        assert_eq!(times.time_limits(0, "E", Some(1)), Ok((10.0, 30.0)));
        assert_eq!(times.index_limits(0, "E", Some(1)), Ok((0, 2)));
        assert_eq!(times.time_limits(0, "E", None), Ok((10.0, 30.0)));
        let error = times.time_limits(0, "E", Some(0)).unwrap_err().to_string();
        assert!(error.contains("period 0 of 'E' has no sample"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let times = times(1, &[(0, 10)]);
        let error = |found: Result<(f64, f64), MonitorError>| found.unwrap_err().to_string();
        assert!(error(times.time_limits(1, "E", None)).contains("chunk 1"));
        assert!(error(times.time_limits(0, "I", None)).contains("'I'; recorded are: E"));
        assert!(error(times.time_limits(0, "E", Some(1))).contains("1 period"));
    }

    #[test]
    fn times_are_the_decimals_that_are_meant() {
        assert_eq!(decimal(1999.0 * 0.1, 0.1), 199.9);
        assert_eq!(decimal(3.0 * 0.025, 0.025), 0.075);
        assert_eq!(decimal(5.0 * 2.0, 2.0), 10.0);
        assert_eq!(decimal(3.0 * (1.0 / 3.0), 1.0 / 3.0), 1.0);
    }
}
