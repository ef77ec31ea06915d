//! Inputs as signals: what an input does at one place of one cell.
//!
//! [`Stimuli`] are the inputs of a simulation that inject a current, a conductance or a voltage, in
//! the order of the configuration, which numbers their random streams. [`Stimulus::element`] gives
//! what stands at one place: an electrode or a membrane current with its [`Waveform`].
//!
//! Times, formulas and random streams are those of Neurodamus, number for number; a conductance
//! keeps its habit that the signal is the reversal potential, in place of 0, before and after.

mod comsol;
mod electrodes;
mod file;
mod noise;
mod tessellation;
mod waveform;

use crate::config::{Input, InputKind, InputType, Run, Scale, SimulationConfig};

pub use comsol::{ComsolStudy, NearestNode, repeated};
pub use electrodes::{
    Electrode, XstimCourse, XstimWaveform, read_channels, read_electrodes, rotation,
};
pub use file::{read_currents, read_report_currents};
pub use tessellation::Tessellation;
pub use waveform::Waveform;

/// Most samples, pulses or events of one signal: 2^25, of which the samples take half a gigabyte.
const MOST_NUMBERS: f64 = 33_554_432.0;

/// Interval of the independent values of `noise`.
const NOISE_DT_MS: f64 = 0.5;

/// What an input needs to know of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CellProperties {
    /// Its gid in the simulation.
    pub gid: u64,
    /// Current at which it begins to spike, `threshold_current` (nA).
    pub threshold_current_na: Option<f64>,
    /// Current that holds it, `holding_current` (nA).
    pub holding_current_na: Option<f64>,
    /// Input resistance (MOhm).
    pub input_resistance_mohm: Option<f64>,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// A current in nA.
    Current {
        /// Positive currents depolarize.
        waveform: Waveform,
        /// Whether it comes from an electrode and so is no membrane current.
        from_electrode: bool,
    },
    /// A conductance in series with a battery.
    Conductance {
        /// Resistance in MOhm.
        resistance_mohm: Waveform,
        /// Potential of the battery in mV.
        reversal_mv: f64,
        /// Whether it comes from an electrode and so is no membrane current.
        from_electrode: bool,
    },
    /// A voltage clamp.
    Voltage {
        /// Potential of the electrode in mV, in steps; it acts until the end of the waveform.
        voltage_mv: Waveform,
        /// End in ms.
        end_ms: f64,
        /// Series resistance in MOhm.
        series_resistance_mohm: f64,
    },
}

/// Why an input cannot act on a cell.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StimulusError {
    /// The cell has no value that the input is relative to.
    #[error(
        "input `{input}`: cell {gid} has no `{property}`, which module {module} is relative to; \
         give the nodes dynamics_params/{property}"
    )]
    NoProperty {
        /// Name of the input.
        input: String,
        /// Kind of the input.
        module: &'static str,
        /// The cell's gid.
        gid: u64,
        /// What is missing.
        property: &'static str,
    },
    /// Moments that no shot noise has, or a signal of too many samples.
    #[error("input `{input}`, cell {gid}: {what} is {value}, expected {expected}")]
    Value {
        /// Name of the input.
        input: String,
        /// The cell's gid.
        gid: u64,
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
}

/// An input that injects a current, conductance or voltage.
#[derive(Debug, Clone)]
pub struct Stimulus {
    input: Input,
    run: Run,
    /// Number among the inputs that share its counter of random streams.
    number: u32,
}

/// The inputs of a simulation that inject something, numbered.
#[derive(Debug, Clone, Default)]
pub struct Stimuli {
    stimuli: Vec<Stimulus>,
}

impl Stimuli {
    /// The currents, conductances and voltages among the inputs of a simulation.
    pub fn new(config: &SimulationConfig) -> Self {
        let (mut noises, mut shots, mut diffusions) = (0, 0, 0);
        let next = |counter: &mut u32| {
            *counter += 1;
            *counter - 1
        };
        let mut stimuli = Vec::new();
        for input in &config.inputs {
            let number = match input.kind {
                InputKind::Noise { .. } => next(&mut noises),
                InputKind::ShotNoise { .. } | InputKind::MomentShotNoise { .. } => next(&mut shots),
                InputKind::OrnsteinUhlenbeck { .. } => next(&mut diffusions),
                InputKind::Linear { .. }
                | InputKind::Pulse { .. }
                | InputKind::Sinusoidal { .. }
                | InputKind::Subthreshold { .. }
                | InputKind::Hyperpolarizing
                | InputKind::Seclamp { .. } => 0,
                _ => continue,
            };
            stimuli.push(Stimulus { input: input.clone(), run: config.run.clone(), number });
        }
        Stimuli { stimuli }
    }

    /// The inputs in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &Stimulus> {
        self.stimuli.iter()
    }
}

impl Stimulus {
    /// The input as configured, with its targets.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// What stands at a place of a cell. `None` if it does nothing there.
    ///
    /// # Errors
    /// When the cell lacks a value that the input is relative to, or with it no such signal exists.
    pub fn element(&self, cell: &CellProperties) -> Result<Option<Element>, StimulusError> {
        if let InputKind::Seclamp { voltage_mv, series_resistance_mohm, levels } = &self.input.kind
        {
            let levels = levels.iter().map(|level| (level.duration_ms, level.voltage_mv));
            return Ok(Some(Element::Voltage {
                voltage_mv: waveform::levels(*voltage_mv, levels, self.input.duration_ms),
                end_ms: self.input.duration_ms,
                series_resistance_mohm: *series_resistance_mohm,
            }));
        }
        let Some(waveform) = self.waveform(cell)? else { return Ok(None) };
        let from_electrode = self.input.represents_physical_electrode;
        Ok(Some(match self.input.input_type {
            InputType::Conductance => Element::Conductance {
                resistance_mohm: waveform.map(resistance_mohm),
                reversal_mv: self.reversal_mv(),
                from_electrode,
            },
            _ => Element::Current { waveform, from_electrode },
        }))
    }

    /// The signal at a place of a cell: nA, or uS for a conductance. `None` if it does nothing.
    ///
    /// # Errors
    /// As [`element`](Self::element).
    pub fn waveform(&self, cell: &CellProperties) -> Result<Option<Waveform>, StimulusError> {
        self.check_length(cell)?;
        let (start, duration) = (self.input.delay_ms, self.input.duration_ms);
        let base =
            if self.input.input_type == InputType::Conductance { self.reversal_mv() } else { 0.0 };
        let ramp = |from, to| waveform::ramp(base, start, duration, from, to);
        Ok(Some(match &self.input.kind {
            InputKind::Linear { scale, start, end } => {
                let unit = self.unit(*scale, cell, "linear")?;
                ramp(start * unit, end * unit)
            }
            InputKind::Subthreshold { percent_less } => {
                let unit = self.unit(Scale::Percent, cell, "subthreshold")?;
                let level = (100.0 - percent_less) * unit;
                ramp(level, level)
            }
            InputKind::Hyperpolarizing => {
                let held = self.property(
                    cell.holding_current_na,
                    cell,
                    "hyperpolarizing",
                    "holding_current",
                )?;
                ramp(held, held)
            }
            InputKind::Pulse { amp_na, width_ms, frequency_hz } => {
                let period = 1000.0 / frequency_hz;
                waveform::pulses(start, self.shown_ms(period), *amp_na, *width_ms, period)
            }
            InputKind::Sinusoidal { frequency_hz: 0.0, .. } => return Ok(None),
            InputKind::Sinusoidal { amp_na, frequency_hz, dt_ms } => {
                waveform::sine(start, self.shown_ms(*dt_ms), *amp_na, *frequency_hz, *dt_ms)
            }
            _ => return self.random_waveform(cell, base).map(Some),
        }))
    }

    /// That the numbers that are drawn and kept for a signal fit into memory and time.
    fn check_length(&self, cell: &CellProperties) -> Result<(), StimulusError> {
        let shown = self.shown_ms(NOISE_DT_MS);
        let (what, n) = match &self.input.kind {
            InputKind::Pulse { frequency_hz, .. } => {
                let period = 1000.0 / frequency_hz;
                ("the number of pulses", self.shown_ms(period) / period)
            }
            InputKind::Sinusoidal { frequency_hz, dt_ms, .. } if *frequency_hz != 0.0 => {
                ("the number of samples", self.shown_ms(*dt_ms) / dt_ms)
            }
            InputKind::Noise { .. } => {
                ("the number of samples", (self.input.delay_ms + shown) / NOISE_DT_MS)
            }
            InputKind::OrnsteinUhlenbeck { dt_ms, .. }
            | InputKind::ShotNoise { dt_ms, .. }
            | InputKind::MomentShotNoise { dt_ms, .. } => ("the number of samples", shown / dt_ms),
            _ => return Ok(()),
        };
        self.check_number(cell, what, n)
    }

    fn check_number(
        &self,
        cell: &CellProperties,
        what: &'static str,
        value: f64,
    ) -> Result<(), StimulusError> {
        if value <= MOST_NUMBERS {
            return Ok(());
        }
        let expected = "at most 2^25; check delay, duration, dt and frequency or rate";
        let (input, gid) = (self.input.name.clone(), cell.gid);
        Err(StimulusError::Value { input, gid, what, value, expected })
    }

    /// How long a signal is there that is made from moment to moment, so far apart: not after the first
    /// one after the run, ms.
    fn shown_ms(&self, apart_ms: f64) -> f64 {
        let Input { delay_ms, duration_ms, .. } = self.input;
        duration_ms.min((self.run.tstop_ms - delay_ms).max(0.0) + apart_ms)
    }

    /// The reversal potential of a conductance.
    fn reversal_mv(&self) -> f64 {
        match self.input.kind {
            InputKind::ShotNoise { reversal_mv, .. }
            | InputKind::MomentShotNoise { reversal_mv, .. }
            | InputKind::OrnsteinUhlenbeck { reversal_mv, .. } => reversal_mv,
            _ => 0.0,
        }
    }

    /// What a number of the configuration is multiplied by: 1, or a hundredth of the cell's threshold
    /// current or input conductance.
    fn unit(
        &self,
        scale: Scale,
        cell: &CellProperties,
        module: &'static str,
    ) -> Result<f64, StimulusError> {
        match (scale, self.input.input_type) {
            (Scale::Absolute, _) => Ok(1.0),
            (Scale::Percent, InputType::Conductance) => {
                let resistance = cell.input_resistance_mohm;
                Ok(0.01 / self.property(resistance, cell, module, "input_resistance")?)
            }
            (Scale::Percent, _) => {
                let current = cell.threshold_current_na;
                Ok(0.01 * self.property(current, cell, module, "threshold_current")?)
            }
        }
    }

    fn property(
        &self,
        value: Option<f64>,
        cell: &CellProperties,
        module: &'static str,
        property: &'static str,
    ) -> Result<f64, StimulusError> {
        value.filter(|value| value.is_finite()).ok_or_else(|| StimulusError::NoProperty {
            input: self.input.name.clone(),
            module,
            gid: cell.gid,
            property,
        })
    }
}

/// Resistance of a conductance; next to none where it is not between 1e-9 and 1e9 uS.
fn resistance_mohm(conductance_us: f64) -> f64 {
    if (1e-9..=1e9).contains(&conductance_us) { 1.0 / conductance_us } else { 1e9 }
}
