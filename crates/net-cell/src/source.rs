//! Spike sources: events that come from outside of the network.

use net_core::StepClock;
use net_core::random::{Purpose, Random123, Stream};

use crate::error::CellError;
use crate::state::{Fingerprint, SourceState};

/// When a source fires.
#[derive(Debug, Clone, PartialEq)]
pub enum SpikeSource {
    /// At these times in ms, in any order.
    Times(Vec<f64>),
    /// NEURON's NetStim: `number` spikes, the first at `start_ms` plus a random part, then at
    /// intervals of `(1 - noise) interval_ms` plus an exponential part of mean `noise interval_ms`.
    NetStim {
        /// Earliest time of the first spike.
        start_ms: f64,
        /// Mean interval.
        interval_ms: f64,
        /// Number of spikes.
        number: u64,
        /// 0 regular to 1 Poisson.
        noise: f64,
    },
    /// A Poisson process.
    Poisson {
        /// Rate in spikes per second.
        rate_hz: f64,
        /// Start in ms.
        start_ms: f64,
        /// End in ms; may be infinite.
        stop_ms: f64,
    },
    /// A Poisson process from 0 ms on, with intervals from a Random123 stream of its own; its first
    /// number is left out.
    Random123Poisson {
        /// Rate in spikes per second.
        rate_hz: f64,
        /// Key of the stream, Random123's global index in NEURON.
        key: u32,
        /// Ids of the stream.
        ids: [u32; 3],
    },
}

impl SpikeSource {
    /// Checks the parameters.
    ///
    /// # Errors
    /// When a time, rate or interval is no allowed number.
    pub fn validate(&self) -> Result<(), CellError> {
        let check = |quantity, value: f64, ok: bool, expected| {
            if ok { Ok(()) } else { Err(CellError::BadValue { quantity, value, expected }) }
        };
        match self {
            SpikeSource::Times(times) => times.iter().try_for_each(|&t| {
                check("spike time (ms)", t, t.is_finite() && t >= 0.0, "a finite number >= 0")
            }),
            SpikeSource::NetStim { start_ms, interval_ms, noise, .. } => {
                let start_ok = start_ms.is_finite() && *start_ms >= 0.0;
                check("start (ms)", *start_ms, start_ok, "a finite number >= 0")?;
                let interval_ok = interval_ms.is_finite() && *interval_ms > 0.0;
                check("interval (ms)", *interval_ms, interval_ok, "a finite number > 0")?;
                check("noise", *noise, (0.0..=1.0).contains(noise), "a number from 0 to 1")
            }
            SpikeSource::Random123Poisson { rate_hz, .. } => {
                let rate_ok = rate_hz.is_finite() && *rate_hz >= 0.0;
                check("rate (Hz)", *rate_hz, rate_ok, "a finite number >= 0")
            }
            SpikeSource::Poisson { rate_hz, start_ms, stop_ms } => {
                let rate_ok = rate_hz.is_finite() && *rate_hz >= 0.0;
                check("rate (Hz)", *rate_hz, rate_ok, "a finite number >= 0")?;
                let start_ok = start_ms.is_finite() && *start_ms >= 0.0;
                check("start (ms)", *start_ms, start_ok, "a finite number >= 0")?;
                check("stop (ms)", *stop_ms, !stop_ms.is_nan(), "a number")
            }
        }
    }
}

/// Where a source's random numbers come from: the seed of the network, the cell it drives, and a
/// number that is different for each source of that cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceKey {
    /// Seed of the network.
    pub seed: u64,
    /// Gid of the target cell.
    pub gid: u64,
    /// Number of the source.
    pub number: u64,
}

/// A source while it runs: gives its events in order of time.
#[derive(Debug)]
pub(crate) struct RunningSource {
    law: Law,
    delay_ms: f64,
    /// Next event at the target in ms, before rounding to a step.
    next_ms: Option<f64>,
}

#[derive(Debug)]
enum Law {
    Times {
        times: Vec<f64>,
        at: usize,
    },
    Random123 {
        key: u32,
        ids: [u32; 3],
        stream: Random123,
        /// Numbers taken from the stream.
        n_drawn: u64,
        mean_ms: f64,
        last_ms: f64,
    },
    Renewal {
        stream: Stream,
        fixed_ms: f64,
        random_ms: f64,
        left: u64,
        last_ms: f64,
        stop_ms: f64,
    },
}

impl RunningSource {
    /// Starts a source whose spikes arrive `delay_ms` later.
    pub(crate) fn new(source: &SpikeSource, delay_ms: f64, key: SourceKey) -> Self {
        let stream = || Stream::new(key.seed, Purpose::Input, 0, [key.gid, key.number]);
        let law = match *source {
            SpikeSource::Times(ref times) => {
                let mut times = times.clone();
                times.sort_unstable_by(f64::total_cmp);
                Law::Times { times, at: 0 }
            }
            SpikeSource::NetStim { start_ms, interval_ms, number, noise } => {
                let fixed_ms = (1.0 - noise) * interval_ms;
                // The first spike has the random part only.
                Law::Renewal {
                    stream: stream(),
                    fixed_ms,
                    random_ms: noise * interval_ms,
                    left: number,
                    last_ms: start_ms - fixed_ms,
                    stop_ms: f64::INFINITY,
                }
            }
            SpikeSource::Random123Poisson { rate_hz, key, ids } => {
                let mut stream = Random123::new(key, ids);
                stream.exponential();
                Law::Random123 {
                    key,
                    ids,
                    stream,
                    n_drawn: 1,
                    mean_ms: 1000.0 / rate_hz,
                    last_ms: 0.0,
                }
            }
            SpikeSource::Poisson { rate_hz, start_ms, stop_ms } => Law::Renewal {
                stream: stream(),
                fixed_ms: 0.0,
                random_ms: if rate_hz > 0.0 { 1000.0 / rate_hz } else { f64::INFINITY },
                left: if rate_hz > 0.0 { u64::MAX } else { 0 },
                last_ms: start_ms,
                stop_ms,
            },
        };
        let mut running = RunningSource { law, delay_ms, next_ms: None };
        running.draw();
        running
    }

    fn draw(&mut self) {
        let spike_ms = match &mut self.law {
            Law::Times { times, at } => {
                *at += 1;
                times.get(*at - 1).copied()
            }
            Law::Random123 { stream, n_drawn, mean_ms, last_ms, .. } => {
                *n_drawn += 1;
                *last_ms += *mean_ms * stream.exponential();
                Some(*last_ms).filter(|t| t.is_finite())
            }
            Law::Renewal { left: 0, .. } => None,
            Law::Renewal { stream, fixed_ms, random_ms, left, last_ms, stop_ms } => {
                *left -= 1;
                let random = if *random_ms > 0.0 { *random_ms * stream.exponential() } else { 0.0 };
                *last_ms += *fixed_ms + random;
                Some(*last_ms).filter(|t| t < stop_ms)
            }
        };
        self.next_ms = spike_ms.map(|t| t + self.delay_ms);
    }

    /// How far it has come.
    pub(crate) fn state(&self) -> SourceState {
        let next_ms = self.next_ms;
        match &self.law {
            Law::Times { at, .. } => SourceState::Times { at: *at as u64, next_ms },
            Law::Random123 { n_drawn, last_ms, .. } => {
                let (position, left, last_ms) = (*n_drawn, u64::MAX, *last_ms);
                SourceState::Renewal { position, left, last_ms, next_ms }
            }
            Law::Renewal { stream, left, last_ms, .. } => {
                let (position, left, last_ms) = (stream.position(), *left, *last_ms);
                SourceState::Renewal { position, left, last_ms, next_ms }
            }
        }
    }

    /// Goes on from where another one of the same source was; false if that was no such source.
    pub(crate) fn restore(&mut self, state: &SourceState) -> bool {
        match (&mut self.law, state) {
            (Law::Times { times, at }, &SourceState::Times { at: saved, next_ms })
                if saved <= times.len() as u64 + 1 =>
            {
                *at = saved as usize;
                self.next_ms = next_ms;
                true
            }
            (
                Law::Random123 { stream, n_drawn, last_ms, .. },
                &SourceState::Renewal { position, last_ms: last_then, next_ms, .. },
            ) => {
                // A word a number.
                stream.set_position(position);
                (*n_drawn, *last_ms, self.next_ms) = (position, last_then, next_ms);
                true
            }
            (
                Law::Renewal { stream, left, last_ms, .. },
                &SourceState::Renewal { position, left: left_then, last_ms: last_then, next_ms },
            ) => {
                stream.set_position(position);
                (*left, *last_ms, self.next_ms) = (left_then, last_then, next_ms);
                true
            }
            _ => false,
        }
    }

    /// Adds what its law is, and where it stands.
    pub(crate) fn fingerprint(&self, of: &mut Fingerprint) {
        of.add(self.delay_ms.to_bits());
        of.add(self.next_ms.map_or(u64::MAX, f64::to_bits));
        match &self.law {
            Law::Times { times, at } => {
                of.add(*at as u64);
                times.iter().for_each(|time| of.add(time.to_bits()));
            }
            Law::Random123 { key, ids, n_drawn, mean_ms, last_ms, .. } => {
                of.add(u64::from(*key));
                of.add_all(ids.map(u64::from));
                of.add(*n_drawn);
                of.add_all([mean_ms, last_ms].map(|ms| ms.to_bits()));
            }
            Law::Renewal { stream, fixed_ms, random_ms, left, last_ms, stop_ms } => {
                of.add(stream.position());
                of.add(stream.clone().bits64());
                of.add(*left);
                of.add_all([fixed_ms, random_ms, last_ms, stop_ms].map(|ms| ms.to_bits()));
            }
        }
    }

    /// Calls `deliver` with step and time (ms) of every event due before `end_step`; gives the step of the
    /// next one, [`u64::MAX`] without any.
    pub(crate) fn drain(
        &mut self,
        clock: &StepClock,
        end_step: u64,
        mut deliver: impl FnMut(u64, f64),
    ) -> u64 {
        while let Some(next_ms) = self.next_ms {
            let step = clock.delivery_step(next_ms);
            if step >= end_step {
                return step;
            }
            deliver(step, next_ms);
            self.draw();
        }
        u64::MAX
    }
}
