//! `inputs`: what each kind of input says.

use std::path::PathBuf;

use super::simulation::NodeSelector;
use crate::stimulus::XstimWaveform;

/// How an input acts on its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputType {
    /// A current.
    CurrentClamp,
    /// A conductance.
    Conductance,
    /// A voltage.
    VoltageClamp,
    /// Spikes.
    Spikes,
    /// A field outside of the cells.
    Extracellular,
}

/// Where an input acts.
#[derive(Debug, Clone, PartialEq)]
pub enum InputTarget {
    /// The soma of each cell, or (spikes) the cells.
    NodeSet(NodeSelector),
    /// Each place of a compartment set.
    CompartmentSet(String),
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its key.
    pub name: String,
    /// How it acts.
    pub input_type: InputType,
    /// Where it acts.
    pub target: InputTarget,
    /// When it begins; Allen: 0.
    pub delay_ms: f64,
    /// How long it lasts; infinite where Allen's inputs do not say.
    pub duration_ms: f64,
    /// Whether the current comes from an electrode, and so is no membrane current; false.
    pub represents_physical_electrode: bool,
    /// What it does.
    pub kind: InputKind,
}

/// A quantity given as such, or relative to the cell's threshold current (currents) or input
/// conductance (conductances).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// In nA or uS.
    Absolute,
    /// In percent of the cell's own value.
    Percent,
}

/// Mean and spread of a noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// How the two are given.
    pub scale: Scale,
    /// Mean: nA, uS, or percent.
    pub mean: f64,
    /// Standard deviation, in the unit of the mean.
    pub sigma: f64,
}

/// Shape of the events of a shot noise: difference of exponentials with peak 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShotShape {
    /// Rise time.
    pub rise_time_ms: f64,
    /// Decay time, longer.
    pub decay_time_ms: f64,
}

/// A level of a voltage clamp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// How long it is held.
    pub duration_ms: f64,
    /// What is held.
    pub voltage_mv: f64,
}

/// A uniform electric field, constant or a cosine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ElectricField {
    /// Amplitude along x, y and z.
    pub amplitude_v_per_m: [f64; 3],
    /// Frequency; 0 for a constant field.
    pub frequency_hz: f64,
    /// Phase; 0.
    pub phase_rad: f64,
}

/// File format of a waveform or of spikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaveformFormat {
    /// Text.
    Csv,
    /// HDF5 (spikes: SONATA).
    H5,
    /// Neurodata Without Borders.
    Nwb,
}

/// A sweep of an NWB file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Its name; a number n is `Sweep_n`.
    pub name: String,
    /// Samples are taken at this interval; absent: all.
    pub downsample_ms: Option<f64>,
    /// Only what is between these times of the sweep, which then begins there; absent: all.
    pub window_ms: Option<(f64, f64)>,
}

/// What an input does. Currents are in nA and conductances in uS; `dt_ms` is the interval at which
/// a signal is sampled, `reversal_mv` matters for conductances only.
#[derive(Debug, Clone, PartialEq)]
pub enum InputKind {
    /// `linear`, `relative_linear`: a ramp.
    Linear {
        /// How start and end are given.
        scale: Scale,
        /// At the start.
        start: f64,
        /// At the end; as at the start.
        end: f64,
    },
    /// `pulse`: a train of pulses.
    Pulse {
        /// Height.
        amp_na: f64,
        /// Width, at most the period.
        width_ms: f64,
        /// Pulses a second.
        frequency_hz: f64,
    },
    /// `sinusoidal`
    Sinusoidal {
        /// Amplitude.
        amp_na: f64,
        /// Frequency.
        frequency_hz: f64,
        /// Sampling; 0.025.
        dt_ms: f64,
    },
    /// `subthreshold`: a constant below the threshold current.
    Subthreshold {
        /// By how many percent less.
        percent_less: f64,
    },
    /// `hyperpolarizing`: the cell's holding current.
    Hyperpolarizing,
    /// `noise`: independent normal values every 0.5 ms.
    Noise {
        /// How mean and variance are given; percent scales both by the threshold current.
        scale: Scale,
        /// Mean, nA or percent.
        mean: f64,
        /// Variance, nA2.
        variance: f64,
    },
    /// `shot_noise`: Poisson events with gamma distributed amplitudes.
    ShotNoise {
        /// Shape of an event.
        shape: ShotShape,
        /// Events a second.
        rate_hz: f64,
        /// Mean amplitude.
        amp_mean: f64,
        /// Variance of amplitudes.
        amp_var: f64,
        /// Sampling; 0.25.
        dt_ms: f64,
        /// Reversal potential; 0.
        reversal_mv: f64,
        /// Seed of its own.
        random_seed: Option<u32>,
    },
    /// `absolute_shot_noise`, `relative_shot_noise`: the same by its moments.
    MomentShotNoise {
        /// Shape of an event.
        shape: ShotShape,
        /// Mean and standard deviation.
        moments: Moments,
        /// Skewness between its least (0) and largest (1); 0.5.
        relative_skew: f64,
        /// Sampling; 0.25.
        dt_ms: f64,
        /// Reversal potential; 0.
        reversal_mv: f64,
        /// Seed of its own.
        random_seed: Option<u32>,
    },
    /// `ornstein_uhlenbeck`, `relative_ornstein_uhlenbeck`
    OrnsteinUhlenbeck {
        /// Relaxation time.
        tau_ms: f64,
        /// Mean and standard deviation.
        moments: Moments,
        /// Sampling; 0.25.
        dt_ms: f64,
        /// Reversal potential; 0.
        reversal_mv: f64,
        /// Seed of its own.
        random_seed: Option<u32>,
    },
    /// `seclamp`: a voltage clamp through a resistance.
    Seclamp {
        /// First voltage.
        voltage_mv: f64,
        /// Series resistance; 0.01.
        series_resistance_mohm: f64,
        /// The voltages after it; durations belong to the voltage before.
        levels: Vec<Level>,
    },
    /// `synapse_replay`: spikes of a file onto the synapses of the cells.
    SynapseReplay {
        /// SONATA spikes.
        spike_file: PathBuf,
    },
    /// `poisson`: Poisson spikes.
    Poisson {
        /// Spikes a second.
        rate_hz: f64,
        /// Weight.
        weight: f64,
    },
    /// `spatially_uniform_e_field`
    ElectricField {
        /// Fields, added.
        fields: Vec<ElectricField>,
        /// Ramp before the duration; 0.
        ramp_up_ms: f64,
        /// Ramp after the duration; 0.
        ramp_down_ms: f64,
    },
    /// `replay` (current clamp): values of a report as a current.
    ReportReplay {
        /// SONATA compartment report.
        report_file: PathBuf,
        /// Whether values between samples are interpolated; false.
        interpolate: bool,
    },
    /// `IClamp` (Allen): pulses of current at one place.
    IClamp {
        /// Heights, nA.
        amps_na: Vec<f64>,
        /// Beginnings.
        delays_ms: Vec<f64>,
        /// Lengths.
        durations_ms: Vec<f64>,
        /// The place.
        section: SectionPlace,
    },
    /// `SEClamp` (Allen): up to three levels of voltage.
    SeClamp {
        /// Voltages.
        amps_mv: Vec<f64>,
        /// Lengths.
        durations_ms: Vec<f64>,
        /// Series resistance; 0.01.
        series_resistance_mohm: f64,
        /// The place.
        section: SectionPlace,
    },
    /// `csv`, `h5`, `nwb` as a current (Allen): a waveform of a file.
    FileCurrent {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: WaveformFormat,
        /// Which part of an NWB file.
        sweep: Option<Sweep>,
        /// The place.
        section: SectionPlace,
    },
    /// `sonata`, `h5`, `csv`, `nwb` as spikes (Allen): spikes of virtual cells.
    SpikeFile {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: WaveformFormat,
        /// Trial of an NWB file; its only one if absent.
        trial: Option<String>,
    },
    /// `replay` (Allen): spikes onto synapses of a file of edges of its own, beside those of the circuit.
    EdgeReplay {
        /// Spikes, as of `sonata`.
        spikes_file: PathBuf,
        /// HDF5 file of edges.
        edges_file: PathBuf,
        /// Types table of the edges, CSV.
        edge_types_file: Option<PathBuf>,
        /// Cells that spikes come from; all.
        sources: Option<NodeSelector>,
        /// Cells that synapses are made on; all.
        targets: Option<NodeSelector>,
    },
    /// `syn_activity` (Allen): spikes forced on synapses.
    SynapseActivity {
        /// Attributes of the sources.
        precell_filter: Option<NodeSelector>,
        /// Times of spikes.
        timestamps_ms: Vec<f64>,
    },
    /// `xstim` (Allen): extracellular electrodes.
    Xstim {
        /// Positions, CSV.
        positions_file: PathBuf,
        /// Meshes, CSV; absent: beside the positions.
        mesh_files_dir: Option<PathBuf>,
        /// What flows.
        waveform: XstimWaveform,
        /// Resistivity of the medium; 300.
        resistivity_ohm_cm: f64,
    },
    /// `comsol` (Allen): potentials computed elsewhere.
    Comsol {
        /// The files: one with times, or one for each waveform.
        files: Vec<PathBuf>,
        /// What each file is multiplied by; 1.
        amplitudes: Vec<f64>,
        /// Time courses of files without times; empty for one with times.
        waveforms: Vec<XstimWaveform>,
    },
}

/// A place on a cell, by section and position.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionPlace {
    /// List of sections; `soma`.
    pub section_name: String,
    /// Number in the list; 0.
    pub section_index: u32,
    /// Position, 0 to 1; 0.5.
    pub section_dist: f64,
}
