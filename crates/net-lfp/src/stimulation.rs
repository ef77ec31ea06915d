//! Fields that act on cells: potentials of stimulating electrodes, uniform fields, time courses.
//!
//! A potential outside of cells is a pattern in space times a time course. Electrodes are points in
//! a resistive medium (LFPy's `enable_extracellular_stimulation`), `V = I / (4 pi sigma r)`; in half a
//! space above an insulator, `I / (2 pi sigma r)`.

use std::f64::consts::PI;

use crate::contacts::Contacts;
use crate::error::{LfpError, Result};
use crate::geometry::check_length;
use crate::potential::{Conductivity, check_positive, weights};
use crate::vector::{Point, dot, is_finite, norm, subtract};

/// A pattern of potentials in space.
pub trait ElectricField: Send + Sync + std::fmt::Debug {
    /// The potential in mV at a point (um) when the time course is 1.
    fn potential_mv(&self, point_um: [f64; 3]) -> f64;

    /// Checks the parameters, before anything is simulated.
    ///
    /// # Errors
    /// The first parameter that is not allowed.
    fn validate(&self) -> Result<()>;
}

/// What the current of a stimulating electrode flows into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// All of space: `I / (4 pi sigma r)`.
    #[default]
    Infinite,
    /// Half of space, with the electrode on the insulator that bounds it: `I / (2 pi sigma r)`.
    SemiInfinite,
}

/// Contacts that inject current into the medium.
///
/// ```
/// use net_lfp::{Contacts, ElectricField, StimulatingElectrode};
/// let electrode = StimulatingElectrode::new(Contacts::new(vec![[0.0, 0.0, 0.0]])?);
/// // 1 nA at 100 um in a medium of 0.3 S/m.
/// let expected_mv = 1.0 / (4.0 * std::f64::consts::PI * 0.3 * 100.0);
/// assert!((electrode.potential_mv([100.0, 0.0, 0.0]) - expected_mv).abs() < 1e-18);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StimulatingElectrode {
    /// Where current is injected; that of a contact with a surface is divided over its points.
    pub contacts: Contacts,
    /// Current of each contact in nA when the time course is 1, positive into the medium.
    pub currents_na: Vec<f64>,
    /// Conductivity of the medium in S/m; an anisotropic one as for
    /// [`RecExtElectrode`](crate::RecExtElectrode).
    pub conductivity: Conductivity,
    /// What the current flows into.
    pub medium: Medium,
    /// Smaller distances in um count as this: contacts are no points.
    pub least_distance_um: f64,
}

impl StimulatingElectrode {
    /// 1 nA from each contact into an infinite medium of 0.3 S/m, distances of 2 um at least: LFPy's
    /// values.
    pub fn new(contacts: Contacts) -> Self {
        StimulatingElectrode {
            currents_na: vec![1.0; contacts.len()],
            contacts,
            conductivity: Conductivity::default(),
            medium: Medium::default(),
            least_distance_um: 2.0,
        }
    }

    /// The resistance in mV/nA between a point of a contact and another point, times the solid angle.
    fn resistance(&self, from: Point, to: Point) -> f64 {
        let apart = subtract(to, from);
        let r = norm(apart);
        let least = self.least_distance_um;
        match self.conductivity {
            Conductivity::Isotropic(sigma) => 1.0 / (sigma * r.max(least)),
            Conductivity::Anisotropic(sigma) => {
                // What is too near is moved out radially, or along x.
                let apart = match r {
                    0.0 => [least, 0.0, 0.0],
                    r if r < least => apart.map(|part| part * (least / r)),
                    _ => apart,
                };
                1.0 / dot(apart.map(|part| part * part), weights(sigma)).sqrt()
            }
        }
    }
}

impl ElectricField for StimulatingElectrode {
    fn potential_mv(&self, point_um: [f64; 3]) -> f64 {
        let angle = match self.medium {
            Medium::Infinite => 4.0 * PI,
            Medium::SemiInfinite => 2.0 * PI,
        };
        let of_contact = |(contact, current): (usize, &f64)| {
            let points = self.contacts.points_um(contact);
            let sum: f64 = points.iter().map(|&from| self.resistance(from, point_um)).sum();
            current * sum / (angle * points.len() as f64)
        };
        self.currents_na.iter().enumerate().map(of_contact).sum()
    }

    fn validate(&self) -> Result<()> {
        self.conductivity.validate()?;
        check_length("currents of contacts", self.currents_na.len(), self.contacts.len())?;
        check_positive("least_distance_um", self.least_distance_um)?;
        self.currents_na.iter().try_for_each(|&current| check_finite("currents_na", current))
    }
}

/// The same field everywhere, `V = -E r`.
///
/// ```
/// use net_lfp::{ElectricField, UniformField};
/// // 1 V/m along z when the time course is 1: the potential falls by 1 mV per mm.
/// let field = UniformField { field_v_m: [0.0, 0.0, 1.0] };
/// assert_eq!(field.potential_mv([0.0, 0.0, 1000.0]), -1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct UniformField {
    /// Field along x, y, z in V/m, which is mV/mm, when the time course is 1.
    pub field_v_m: [f64; 3],
}

impl ElectricField for UniformField {
    fn potential_mv(&self, point_um: [f64; 3]) -> f64 {
        -1e-3 * dot(self.field_v_m, point_um)
    }

    fn validate(&self) -> Result<()> {
        match is_finite(self.field_v_m) {
            true => Ok(()),
            false => {
                Err(LfpError::NotFinite { what: "field (V/m)", index: 0, found: self.field_v_m })
            }
        }
    }
}

/// A pattern that the user brings: any function of a point in um, in mV.
///
/// ```
/// use net_lfp::{ElectricField, UserField};
/// let field = UserField(|[x, _, _]: [f64; 3]| x.tanh());
/// assert_eq!(field.potential_mv([0.0; 3]), 0.0);
/// ```
#[derive(Clone, Copy)]
pub struct UserField<F>(pub F);

impl<F> std::fmt::Debug for UserField<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserField")
    }
}

impl<F: Fn([f64; 3]) -> f64 + Send + Sync> ElectricField for UserField<F> {
    fn potential_mv(&self, point_um: [f64; 3]) -> f64 {
        (self.0)(point_um)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

/// Between the times of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// The last value holds, as where NEURON plays a vector.
    #[default]
    Hold,
    /// Straight lines.
    Linear,
}

/// How strong a field is in time: a number that the pattern in space is multiplied with.
///
/// Steps of the simulation see it in their middle. What begins at t is there at t, what ends at t
/// is not.
///
/// ```
/// use net_lfp::TimeCourse;
/// let train = TimeCourse::BiphasicTrain {
///     start_ms: 1.0, width_ms: 0.2, gap_ms: 0.1, interval_ms: 10.0, n_pulses: 3, amplitude: 5.0,
/// };
/// assert_eq!([1.1, 1.25, 1.4, 1.6, 11.1].map(|t_ms| train.at(t_ms)), [5.0, 0.0, -5.0, 0.0, 5.0]);
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeCourse {
    /// `amplitude` from `start_ms` on.
    Step {
        /// Begin.
        start_ms: f64,
        /// Value from then on.
        amplitude: f64,
    },
    /// `amplitude` for `width_ms`.
    Pulse {
        /// Begin.
        start_ms: f64,
        /// Duration.
        width_ms: f64,
        /// Value meanwhile.
        amplitude: f64,
    },
    /// `amplitude sin(2 pi frequency (t - start) + phase)` between start and stop.
    Sine {
        /// Begin.
        start_ms: f64,
        /// End.
        stop_ms: f64,
        /// Frequency.
        frequency_hz: f64,
        /// Largest value.
        amplitude: f64,
        /// Phase at the begin.
        phase_rad: f64,
    },
    /// Pulses of `amplitude`, each followed after a gap by one of the opposite sign: no charge is
    /// left over.
    BiphasicTrain {
        /// Begin of the first pulse.
        start_ms: f64,
        /// Duration of each phase.
        width_ms: f64,
        /// Between the phases.
        gap_ms: f64,
        /// From pulse to pulse.
        interval_ms: f64,
        /// Number of pulses.
        n_pulses: u64,
        /// Value of the first phase.
        amplitude: f64,
    },
    /// Values at ascending times; 0 before the first, the last value after the last.
    Table {
        /// Times.
        times_ms: Vec<f64>,
        /// One value a time.
        values: Vec<f64>,
        /// What is between.
        #[serde(default)]
        interpolation: Interpolation,
    },
}

/// Times that rounding puts before the begin of something are meant to be there, in ms.
const ROUNDING_MS: f64 = 1e-9;

impl TimeCourse {
    /// The value at a time in ms.
    pub fn at(&self, t_ms: f64) -> f64 {
        let t = t_ms + ROUNDING_MS;
        let within = |start: f64, width: f64| (start..start + width).contains(&t);
        match self {
            Self::Step { start_ms, amplitude } => {
                if t >= *start_ms {
                    *amplitude
                } else {
                    0.0
                }
            }
            Self::Pulse { start_ms, width_ms, amplitude } => {
                if within(*start_ms, *width_ms) {
                    *amplitude
                } else {
                    0.0
                }
            }
            Self::Sine { start_ms, stop_ms, frequency_hz, amplitude, phase_rad } => {
                let angle = 2e-3 * PI * frequency_hz * (t_ms - start_ms) + phase_rad;
                let is_on = (*start_ms..*stop_ms).contains(&t);
                if is_on { amplitude * libm::sin(angle) } else { 0.0 }
            }
            Self::BiphasicTrain {
                start_ms,
                width_ms,
                gap_ms,
                interval_ms,
                n_pulses,
                amplitude,
            } => {
                let number = ((t - start_ms) / interval_ms).floor();
                if !(0.0..*n_pulses as f64).contains(&number) {
                    return 0.0;
                }
                let start = start_ms + number * interval_ms;
                match (within(start, *width_ms), within(start + width_ms + gap_ms, *width_ms)) {
                    (true, _) => *amplitude,
                    (_, true) => -amplitude,
                    _ => 0.0,
                }
            }
            Self::Table { times_ms, values, interpolation } => {
                let n = times_ms.partition_point(|&time| time <= t);
                match (n, interpolation) {
                    (0, _) => 0.0,
                    (n, Interpolation::Linear) if n < times_ms.len() => {
                        let [before, after] = [times_ms[n - 1], times_ms[n]];
                        let part = ((t_ms - before) / (after - before)).max(0.0);
                        values[n - 1] + part * (values[n] - values[n - 1])
                    }
                    (n, _) => values[n - 1],
                }
            }
        }
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// The first that is not allowed.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Step { start_ms, amplitude } => {
                check_finite("start_ms", *start_ms)?;
                check_finite("amplitude", *amplitude)
            }
            Self::Pulse { start_ms, width_ms, amplitude } => {
                check_finite("start_ms", *start_ms)?;
                check_positive("width_ms", *width_ms)?;
                check_finite("amplitude", *amplitude)
            }
            Self::Sine { start_ms, stop_ms, frequency_hz, amplitude, phase_rad } => {
                check_finite("start_ms", *start_ms)?;
                check_at_least("stop_ms", *stop_ms, *start_ms, "start_ms or later")?;
                check_positive("frequency_hz", *frequency_hz)?;
                check_finite("amplitude", *amplitude)?;
                check_finite("phase_rad", *phase_rad)
            }
            Self::BiphasicTrain { start_ms, width_ms, gap_ms, interval_ms, amplitude, .. } => {
                check_finite("start_ms", *start_ms)?;
                check_positive("width_ms", *width_ms)?;
                check_finite("gap_ms", *gap_ms)?;
                check_at_least("gap_ms", *gap_ms, 0.0, "0 or more")?;
                check_finite("interval_ms", *interval_ms)?;
                let least = 2.0 * width_ms + gap_ms;
                check_at_least("interval_ms", *interval_ms, least, "room for both phases and gap")?;
                check_finite("amplitude", *amplitude)
            }
            Self::Table { times_ms, values, .. } => {
                check_length("values of a time course", values.len(), times_ms.len())?;
                times_ms.iter().try_for_each(|&time| check_finite("times_ms", time))?;
                values.iter().try_for_each(|&value| check_finite("values", value))?;
                let falls = times_ms.windows(2).find(|pair| !(pair[0] < pair[1]));
                falls.map_or(Ok(()), |pair| {
                    let (name, allowed) = ("times_ms", "ascending times");
                    Err(LfpError::Parameter { name, found: pair[1], allowed })
                })
            }
        }
    }
}

fn check_finite(name: &'static str, found: f64) -> Result<()> {
    match found.is_finite() {
        true => Ok(()),
        false => Err(LfpError::Parameter { name, found, allowed: "a finite number" }),
    }
}

fn check_at_least(name: &'static str, found: f64, least: f64, allowed: &'static str) -> Result<()> {
    match found >= least {
        true => Ok(()),
        false => Err(LfpError::Parameter { name, found, allowed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> StimulatingElectrode {
        let contacts = Contacts::new(vec![[0.0, 0.0, 0.0], [30.0, 0.0, 40.0]]).unwrap();
        StimulatingElectrode { currents_na: vec![2.0, -1.0], ..StimulatingElectrode::new(contacts) }
    }

    #[test]
    fn potentials_of_contacts_add_up() {
        let per_distance = 1.0 / (4.0 * PI * 0.3);
        let expected = per_distance * (2.0 / 100.0 - 1.0 / (70.0_f64.hypot(40.0)));
        assert!((two().potential_mv([100.0, 0.0, 0.0]) / expected - 1.0).abs() < 1e-14);
        let half = StimulatingElectrode { medium: Medium::SemiInfinite, ..two() };
        assert!((half.potential_mv([100.0, 0.0, 0.0]) / expected - 2.0).abs() < 1e-14);
        // Two micrometers at least.
        let near = per_distance * (2.0 / 2.0 - 1.0 / 50.0);
        assert!((two().potential_mv([0.0; 3]) / near - 1.0).abs() < 1e-14);
    }

    #[test]
    fn the_same_conductivity_in_all_directions_is_isotropic() {
        let conductivity = Conductivity::Anisotropic([0.3; 3]);
        let same = StimulatingElectrode { conductivity, ..two() };
        for point in [[100.0, 3.0, -7.0], [1.0, 0.0, 0.5], [0.0; 3], [30.0, 1.0, 40.0]] {
            let ratio = same.potential_mv(point) / two().potential_mv(point);
            assert!((ratio - 1.0).abs() < 1e-13, "{point:?}: {ratio}");
        }
        let conductivity = Conductivity::Anisotropic([0.6, 0.3, 0.45]);
        let one = StimulatingElectrode {
            conductivity,
            ..StimulatingElectrode::new(Contacts::new(vec![[0.0; 3]]).unwrap())
        };
        let expected = 1.0 / (4.0 * PI * (0.3 * 0.45 * 25.0_f64 + 0.6 * 0.3 * 64.0).sqrt());
        assert!((one.potential_mv([5.0, 0.0, 8.0]) / expected - 1.0).abs() < 1e-14);
    }

    #[test]
    fn time_courses_begin_and_end_when_they_say() {
        let step = TimeCourse::Step { start_ms: 2.0, amplitude: 3.0 };
        assert_eq!([1.99, 2.0, 1e6].map(|t| step.at(t)), [0.0, 3.0, 3.0]);
        let pulse = TimeCourse::Pulse { start_ms: 2.0, width_ms: 1.0, amplitude: -1.0 };
        assert_eq!([1.99, 2.0, 2.99, 3.0].map(|t| pulse.at(t)), [0.0, -1.0, -1.0, 0.0]);
        let (start_ms, stop_ms, frequency_hz) = (1.0, 9.0, 100.0);
        let (amplitude, phase_rad) = (2.0, 0.5 * PI);
        let sine = TimeCourse::Sine { start_ms, stop_ms, frequency_hz, amplitude, phase_rad };
        assert_eq!([0.5, 1.0, 9.0].map(|t| sine.at(t)), [0.0, 2.0, 0.0]);
        assert!((sine.at(6.0) + 2.0).abs() < 1e-14);
        let (times_ms, values) = (vec![1.0, 2.0, 4.0], vec![5.0, 7.0, 1.0]);
        let table = |interpolation| TimeCourse::Table {
            times_ms: times_ms.clone(),
            values: values.clone(),
            interpolation,
        };
        let hold = table(Interpolation::Hold);
        assert_eq!([0.9, 1.0, 3.9, 9.0].map(|t| hold.at(t)), [0.0, 5.0, 7.0, 1.0]);
        let linear = table(Interpolation::Linear);
        assert_eq!([0.9, 1.5, 3.0, 9.0].map(|t| linear.at(t)), [0.0, 6.0, 4.0, 1.0]);
    }

    #[test]
    fn bad_fields_and_time_courses_are_refused() {
        let refused = |error: Result<()>, name: &str| {
            let text = error.unwrap_err().to_string();
            assert!(text.contains(name), "{text}: {name}");
        };
        let conductivity = Conductivity::Isotropic(0.0);
        refused(StimulatingElectrode { conductivity, ..two() }.validate(), "sigma");
        let currents_na = vec![1.0];
        refused(StimulatingElectrode { currents_na, ..two() }.validate(), "currents of contacts");
        let currents_na = vec![1.0, f64::NAN];
        refused(StimulatingElectrode { currents_na, ..two() }.validate(), "currents_na");
        refused(UniformField { field_v_m: [0.0, f64::INFINITY, 0.0] }.validate(), "field");
        let pulse = TimeCourse::Pulse { start_ms: 0.0, width_ms: 0.0, amplitude: 1.0 };
        refused(pulse.validate(), "width_ms");
        let times_ms = vec![0.0, 0.0];
        let interpolation = Interpolation::Hold;
        let table = TimeCourse::Table { times_ms, values: vec![0.0; 2], interpolation };
        refused(table.validate(), "ascending");
        let (start_ms, width_ms, gap_ms, amplitude) = (0.0, 1.0, 0.0, 1.0);
        let (interval_ms, n_pulses) = (1.5, 2);
        let train = TimeCourse::BiphasicTrain {
            start_ms,
            width_ms,
            gap_ms,
            interval_ms,
            n_pulses,
            amplitude,
        };
        refused(train.validate(), "interval_ms");
    }
}
