//! The step clock: time is a whole number of steps, milliseconds are derived.
//!
//! NEURON advances `t` by two half steps and applies, in the step that starts at `t`, every event
//! with `te <= t + dt/2`. An event is thereby rounded to the nearest step boundary, ties to the
//! earlier one: it is applied at the smallest step `k` with `te <= (k + 1/2) dt`, that is
//! `k = ceil(te/dt - 1/2)`.
//!
//! A cell that is above threshold at step `s` fires at `s dt + 1e-10` ms, so its spike arrives
//! through a connection of delay `d` at step `ceil((s dt + 1e-10 + d)/dt - 1/2)`. As `s` is a whole
//! number it leaves the ceiling, and what remains, `ceil((d + 1e-10)/dt - 1/2)`, depends on the
//! delay alone: a delay is a whole number of steps, found once when the network is built.
//! The 1e-10 ms decide the ties: a delay of exactly 1.5 steps takes 2 steps, as in NEURON.

use crate::Error;

/// What NEURON adds to the time of a threshold crossing, in ms.
pub const SPIKE_OFFSET_MS: f64 = 1e-10;

/// Two times closer than this (ms) are one time written in two ways. A tenth of
/// [`SPIKE_OFFSET_MS`], which therefore keeps its effect.
const TIME_TOLERANCE_MS: f64 = 1e-11;

/// Relative slack for the question whether a delay reaches one step.
const STEP_TOLERANCE: f64 = 1e-9;

/// Fixed-step clock.
///
/// ```
/// let clock = net_core::StepClock::new(0.1)?;
/// assert_eq!(clock.n_steps(50.0), 500);
/// assert_eq!(clock.delivery_step(0.15), 1); // a tie goes to the earlier step
/// assert_eq!(clock.delay_steps("E:I", 0.15)?, 2); // but a spike is 1e-10 ms late
/// # Ok::<(), net_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepClock {
    dt_ms: f64,
}

impl StepClock {
    /// A clock of step `dt_ms` (ms), which must be positive and finite.
    pub fn new(dt_ms: f64) -> Result<Self, Error> {
        if dt_ms > 0.0 && dt_ms.is_finite() {
            Ok(Self { dt_ms })
        } else {
            Err(Error::StepNotPositive { dt_ms })
        }
    }

    /// Length of a step in ms.
    pub fn dt_ms(&self) -> f64 {
        self.dt_ms
    }

    /// Number of whole steps in `tstop_ms`: `floor(tstop/dt + 1e-9)`; 0 for negative times.
    pub fn n_steps(&self, tstop_ms: f64) -> u64 {
        libm::floor(tstop_ms / self.dt_ms + STEP_TOLERANCE) as u64
    }

    /// Time at the start of step `step`, in ms.
    pub fn time_ms(&self, step: u64) -> f64 {
        step as f64 * self.dt_ms
    }

    /// Step at which an event of time `te_ms` is applied: the smallest `k` with
    /// `te <= (k + 1/2) dt`; 0 for times before the start.
    ///
    /// Ties count to the earlier step. Since neither `te` nor `dt` is exact in binary, a time that
    /// lies past a tie by no more than 1e-11 ms, or by the rounding of a double of that size, is a
    /// tie.
    pub fn delivery_step(&self, te_ms: f64) -> u64 {
        let tolerance_ms = TIME_TOLERANCE_MS + 2.0 * f64::EPSILON * te_ms.abs();
        libm::ceil((te_ms - tolerance_ms) / self.dt_ms - 0.5).max(0.0) as u64
    }

    /// Steps between a spike's step and its arrival through a connection of `projection` with
    /// delay `delay_ms`: `ceil((d + 1e-10)/dt - 1/2)`, at least 1.
    ///
    /// # Errors
    /// A delay below one step (or not a number), and one above 65535 steps; both name the projection.
    pub fn delay_steps(&self, projection: &str, delay_ms: f64) -> Result<u16, Error> {
        if self.is_below_step(delay_ms) || delay_ms.is_nan() {
            let (projection, dt_ms) = (projection.to_owned(), self.dt_ms);
            return Err(Error::DelayBelowStep { projection, delay_ms, dt_ms });
        }
        let steps = self.delivery_step(delay_ms + SPIKE_OFFSET_MS);
        u16::try_from(steps).map_err(|_| Error::DelayTooLong {
            projection: projection.to_owned(),
            delay_ms,
            max_ms: self.time_ms(u64::from(u16::MAX)),
        })
    }

    /// Whether a delay is shorter than a step by more than its representation can explain.
    pub(crate) fn is_below_step(&self, delay_ms: f64) -> bool {
        delay_ms < self.shortest_delay_ms()
    }

    /// The shortest delay that counts as one step, in ms.
    pub(crate) fn shortest_delay_ms(&self) -> f64 {
        self.dt_ms * (1.0 - STEP_TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_whole_steps() {
        let clock = StepClock::new(0.1).unwrap();
        assert_eq!(clock.n_steps(100.0), 1000);
        assert_eq!(clock.n_steps(50.3), 503);
        assert_eq!(StepClock::new(0.2).unwrap().n_steps(50.3), 251);
        assert_eq!(StepClock::new(0.025).unwrap().n_steps(50.3), 2012);
        assert_eq!(clock.n_steps(-5.0), 0);
    }

    #[test]
    fn ties_are_early_for_events_and_late_for_spikes() {
        for dt in [0.1, 0.025, 0.0625, 0.2, 1.0] {
            let clock = StepClock::new(dt).unwrap();
            for k in [1_u16, 2, 3, 10, 999, 60_000] {
                let tie_ms = (f64::from(k) + 0.5) * dt;
                assert_eq!(clock.delivery_step(tie_ms), u64::from(k), "dt {dt}, tie {k}");
                assert_eq!(clock.delay_steps("p", tie_ms).unwrap(), k + 1, "dt {dt}, tie {k}");
                assert_eq!(clock.delay_steps("p", f64::from(k) * dt).unwrap(), k);
            }
        }
    }

    #[test]
    fn delays_outside_the_range_name_the_projection() {
        let clock = StepClock::new(0.1).unwrap();
        let below = clock.delay_steps("E:I", 0.05).unwrap_err().to_string();
        assert!(below.contains("\"E:I\"") && below.contains("0.05") && below.contains("0.1"));
        let above = clock.delay_steps("E:I", 1e4).unwrap_err().to_string();
        assert!(above.contains("\"E:I\"") && above.contains("6553.5"), "{above}");
        assert!(clock.delay_steps("E:I", f64::NAN).is_err());
        assert!(StepClock::new(0.0).is_err() && StepClock::new(f64::NAN).is_err());
    }

    proptest! {
        /// The number of steps of a delay must not depend on when the spike was.
        #[test]
        fn delivery_is_shift_invariant(s in 0_u64..200_000, delay_ms in 0.1_f64..20.0) {
            let clock = StepClock::new(0.1).unwrap();
            let te_ms = clock.time_ms(s) + SPIKE_OFFSET_MS + delay_ms;
            let steps = u64::from(clock.delay_steps("p", delay_ms).unwrap());
            prop_assert_eq!(clock.delivery_step(te_ms), s + steps);
        }
    }
}
