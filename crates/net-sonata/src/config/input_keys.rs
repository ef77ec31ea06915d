//! `inputs`: reading and checking the keys of each module.

use std::cell::RefCell;
use std::path::PathBuf;

use super::Manifest;
use super::inputs::{
    ElectricField, Input, InputKind, InputTarget, InputType, Level, Moments, Scale, SectionPlace,
    ShotShape, Sweep, WaveformFormat,
};
use super::simulation::{Flavor, NodeSelector, Run, read_selector};
use crate::finding::{Problem, Report};
use crate::json::{self, Context, Json, Object};
use crate::stimulus::{XstimCourse, XstimWaveform};

/// Modules and the ways they can act.
const MODULES: [(&str, &[InputType]); 32] = {
    use InputType::{Conductance, CurrentClamp, Extracellular, Spikes, VoltageClamp};
    [
        ("linear", &[CurrentClamp]),
        ("relative_linear", &[CurrentClamp]),
        ("pulse", &[CurrentClamp]),
        ("sinusoidal", &[CurrentClamp]),
        ("subthreshold", &[CurrentClamp]),
        ("hyperpolarizing", &[CurrentClamp]),
        ("noise", &[CurrentClamp]),
        ("shot_noise", &[CurrentClamp, Conductance]),
        ("absolute_shot_noise", &[CurrentClamp, Conductance]),
        ("relative_shot_noise", &[CurrentClamp, Conductance]),
        ("ornstein_uhlenbeck", &[CurrentClamp, Conductance]),
        ("relative_ornstein_uhlenbeck", &[CurrentClamp, Conductance]),
        ("seclamp", &[VoltageClamp]),
        ("synapse_replay", &[Spikes]),
        ("poisson", &[Spikes]),
        ("spatially_uniform_e_field", &[Extracellular]),
        ("replay", &[CurrentClamp, Spikes]),
        ("IClamp", &[CurrentClamp]),
        ("SEClamp", &[VoltageClamp]),
        ("csv", &[CurrentClamp, Spikes]),
        ("h5", &[CurrentClamp, Spikes]),
        ("hdf5", &[CurrentClamp, Spikes]),
        ("nwb", &[CurrentClamp, Spikes]),
        ("sonata", &[Spikes]),
        ("syn_activity", &[Spikes]),
        ("xstim", &[Extracellular]),
        ("comsol", &[Extracellular]),
        ("FileIClamp", &[CurrentClamp]),
        ("ecephys_probe", &[Spikes]),
        ("function", &[Spikes]),
        ("movie", &[Spikes]),
        ("dynamic", &[Spikes]),
    ]
};

/// Modules that BMTK has and this program has not.
const UNSUPPORTED: [&str; 4] = ["ecephys_probe", "function", "movie", "dynamic"];

const INPUT_TYPES: [(&str, InputType); 14] = [
    ("current_clamp", InputType::CurrentClamp),
    ("conductance", InputType::Conductance),
    ("voltage_clamp", InputType::VoltageClamp),
    ("spikes", InputType::Spikes),
    ("extracellular_stimulation", InputType::Extracellular),
    ("syn_activity", InputType::Spikes),
    ("extracellular", InputType::Extracellular),
    ("lfp", InputType::Extracellular),
    ("file_current_clamp", InputType::CurrentClamp),
    ("csv", InputType::CurrentClamp),
    ("file", InputType::CurrentClamp),
    ("nwb", InputType::CurrentClamp),
    ("allen", InputType::CurrentClamp),
    ("replay_spikes", InputType::Spikes),
];

/// The first of them say how any module acts; the others belong to `IClamp`, the last to `replay`.
const N_GENERAL: usize = 9;

impl Input {
    pub(super) fn read_all(object: &Object, flavor: Flavor, run: &Run) -> Vec<Self> {
        object
            .named("inputs")
            .into_iter()
            .filter_map(|(name, entry)| {
                if flavor == Flavor::Allen && !entry.boolean("enabled", true) {
                    entry.entries().for_each(drop);
                    return None;
                }
                let input = read_input(name, &entry, flavor, run);
                entry.finish();
                input
            })
            .collect()
    }
}

fn read_input(name: &str, entry: &Object, flavor: Flavor, run: &Run) -> Option<Input> {
    let modules = MODULES.map(|module| (module.0, module));
    let module = entry.require("module", entry.choice("module", &modules), "the kind of input");
    let input_type =
        entry.require("input_type", entry.choice("input_type", &INPUT_TYPES), "how it acts");
    let (delay_ms, duration_ms) = read_times(entry, flavor, module.map(|(name, _)| name));
    let replays = input_type == Some(InputType::Spikes) && module.is_some_and(|m| m.0 == "replay");
    if replays && flavor == Flavor::Obi {
        let expected = "current_clamp with module replay".to_owned();
        let found = entry.get("input_type").map_or_else(String::new, Json::describe);
        entry.error("input_type", Problem::Value { found, expected });
    }
    let target = match replays {
        // It has sets of its own; BioNet takes no notice of this one.
        true => {
            entry.ignore(&["node_set"]);
            Some(InputTarget::NodeSet(NodeSelector::Named("all".to_owned())))
        }
        false => read_target(entry, flavor),
    };
    let electrode = entry.boolean("represents_physical_electrode", false);
    let (Some((module, types)), Some(input_type)) = (module, input_type) else {
        // What else the entry says cannot be judged.
        entry.entries().for_each(drop);
        return None;
    };
    if !types.contains(&input_type) {
        let words: Vec<&str> = INPUT_TYPES
            .iter()
            .take(N_GENERAL)
            .filter(|(_, kind)| types.contains(kind))
            .map(|(word, _)| *word)
            .collect();
        let found = entry.get("input_type").map_or_else(String::new, Json::describe);
        let expected = format!("{} with module {module}", words.join(" or "));
        entry.error("input_type", Problem::Value { found, expected });
    }
    let kind = read_kind(entry, module, input_type, run);
    if let Some(InputKind::Seclamp { levels, .. }) = &kind {
        let total: f64 = levels.iter().map(|level| level.duration_ms).sum();
        if delay_ms.is_some_and(|delay| delay != 0.0) {
            let found = delay_ms.unwrap_or_default().to_string();
            let expected = "0 for seclamp".to_owned();
            entry.error("delay", Problem::Value { found, expected });
        }
        if duration_ms.is_some_and(|duration| total > duration) {
            let expected = format!("at most the duration, {} ms", duration_ms.unwrap_or_default());
            let found = format!("{total} ms in all");
            entry.error("duration_levels", Problem::Value { found, expected });
        }
    }
    Some(Input {
        name: name.to_owned(),
        input_type,
        target: target?,
        delay_ms: delay_ms?,
        duration_ms: duration_ms?,
        represents_physical_electrode: electrode,
        kind: kind?,
    })
}

/// Delay and duration, which Allen's inputs need not have, and whose clamps have lists of them.
fn read_times(entry: &Object, flavor: Flavor, module: Option<&str>) -> (Option<f64>, Option<f64>) {
    let of_file = matches!(
        entry.get("input_type").and_then(Json::text),
        Some("csv" | "file" | "nwb" | "allen")
    );
    if matches!(module, Some("IClamp" | "SEClamp")) && !of_file {
        return (Some(0.0), Some(f64::INFINITY));
    }
    let (delay, duration) = (entry.not_negative("delay"), entry.not_negative("duration"));
    match flavor {
        Flavor::Obi => (
            entry.require("delay", delay, "the time of the beginning in ms"),
            entry.require("duration", duration, "a time in ms"),
        ),
        Flavor::Allen => (Some(delay.unwrap_or(0.0)), Some(duration.unwrap_or(f64::INFINITY))),
    }
}

fn read_target(entry: &Object, flavor: Flavor) -> Option<InputTarget> {
    if entry.has("node_set") && entry.has("compartment_set") {
        entry.error("compartment_set", Problem::Conflict { other: "node_set" });
    }
    if let Some(name) = entry.text("compartment_set") {
        entry.ignore(&["node_set"]);
        return Some(InputTarget::CompartmentSet(name));
    }
    let selector = read_selector(entry, "node_set", flavor);
    entry.require("node_set", selector, "a node set or a compartment_set").map(InputTarget::NodeSet)
}

fn read_kind(entry: &Object, module: &str, input_type: InputType, run: &Run) -> Option<InputKind> {
    match module {
        "linear" => {
            let start = required(entry, "amp_start", "a current in nA");
            let end = entry.any("amp_end");
            let start = start?;
            Some(InputKind::Linear { scale: Scale::Absolute, start, end: end.unwrap_or(start) })
        }
        "relative_linear" => {
            let start = required(entry, "percent_start", "percent of the threshold current");
            let end = entry.any("percent_end");
            let start = start?;
            Some(InputKind::Linear { scale: Scale::Percent, start, end: end.unwrap_or(start) })
        }
        "pulse" => read_pulse(entry),
        "sinusoidal" => {
            let amp = required(entry, "amp_start", "a current in nA");
            let frequency =
                entry.require("frequency", entry.not_negative("frequency"), "a frequency in Hz");
            let dt_ms = entry.positive("dt").unwrap_or(0.025);
            Some(InputKind::Sinusoidal { amp_na: amp?, frequency_hz: frequency?, dt_ms })
        }
        "subthreshold" => {
            let percent_less = required(entry, "percent_less", "percent of the threshold current");
            Some(InputKind::Subthreshold { percent_less: percent_less? })
        }
        "hyperpolarizing" => Some(InputKind::Hyperpolarizing),
        "noise" => read_noise(entry),
        "shot_noise" => {
            let shape = read_shape(entry);
            let rate = entry.require("rate", entry.not_negative("rate"), "events in Hz");
            let mean = required(entry, "amp_mean", "the mean amplitude");
            let var = entry.require("amp_var", entry.positive("amp_var"), "a variance");
            let (dt_ms, reversal_mv, random_seed) = read_sampling(entry);
            Some(InputKind::ShotNoise {
                shape: shape?,
                rate_hz: rate?,
                amp_mean: mean?,
                amp_var: var?,
                dt_ms,
                reversal_mv,
                random_seed,
            })
        }
        "absolute_shot_noise" | "relative_shot_noise" => {
            let shape = read_shape(entry);
            let moments = read_moments(entry, module.starts_with("relative"));
            let within = |value: f64| (0.0..=1.0).contains(&value);
            let relative_skew =
                entry.number("relative_skew", within, "a number, 0..1").unwrap_or(0.5);
            let (dt_ms, reversal_mv, random_seed) = read_sampling(entry);
            Some(InputKind::MomentShotNoise {
                shape: shape?,
                moments: moments?,
                relative_skew,
                dt_ms,
                reversal_mv,
                random_seed,
            })
        }
        "ornstein_uhlenbeck" | "relative_ornstein_uhlenbeck" => {
            let tau = entry.require("tau", entry.not_negative("tau"), "a time in ms");
            let moments = read_moments(entry, module.starts_with("relative"));
            let (dt_ms, reversal_mv, random_seed) = read_sampling(entry);
            Some(InputKind::OrnsteinUhlenbeck {
                tau_ms: tau?,
                moments: moments?,
                dt_ms,
                reversal_mv,
                random_seed,
            })
        }
        "seclamp" => read_seclamp(entry),
        "synapse_replay" => {
            let file = entry.require("spike_file", entry.path("spike_file"), "a spike file");
            Some(InputKind::SynapseReplay { spike_file: file? })
        }
        "poisson" => {
            let rate = entry.require("rate", entry.not_negative("rate"), "spikes in Hz");
            let weight = required(entry, "weight", "a weight");
            Some(InputKind::Poisson { rate_hz: rate?, weight: weight? })
        }
        "spatially_uniform_e_field" => read_field(entry, run),
        "replay" if input_type == InputType::Spikes => {
            let spikes = entry.path("spikes_file");
            let spikes = entry.require("spikes_file", spikes, "a spike file");
            let edges = entry.object("edges");
            let edges = entry.require("edges", edges, "an object with `edges_file`")?;
            let file = edges.require("edges_file", edges.path("edges_file"), "a path");
            let edge_types_file = edges.path("edge_types_file");
            edges.finish();
            Some(InputKind::EdgeReplay {
                spikes_file: spikes?,
                edges_file: file?,
                edge_types_file,
                sources: read_selector(entry, "source_node_set", Flavor::Allen),
                targets: read_selector(entry, "target_node_set", Flavor::Allen),
            })
        }
        "replay" => {
            let path = entry.path("path").or_else(|| entry.path("report_file"));
            let interpolate = entry.boolean("interpolate", false);
            let report_file = entry.require("path", path, "a compartment report")?;
            Some(InputKind::ReportReplay { report_file, interpolate })
        }
        "IClamp" => match entry.get("input_type").and_then(Json::text) {
            Some("csv" | "file") => read_file_current(entry, WaveformFormat::Csv),
            Some("nwb" | "allen") => read_file_current(entry, WaveformFormat::Nwb),
            _ => read_iclamp(entry),
        },
        "SEClamp" => {
            let amps = entry.require("amps", entry.numbers("amps"), "voltages in mV");
            let durations = entry.require("durations", entry.numbers("durations"), "times in ms");
            let resistance = entry.positive("rs").unwrap_or(0.01);
            let section = read_place(entry);
            let (amps_mv, durations_ms) = (amps?, durations?);
            same_length(entry, "durations", durations_ms.len(), "amps", amps_mv.len());
            Some(InputKind::SeClamp {
                amps_mv,
                durations_ms,
                series_resistance_mohm: resistance,
                section,
            })
        }
        "syn_activity" => {
            let precell_filter = read_selector(entry, "precell_filter", Flavor::Allen);
            let times = entry.numbers("timestamps");
            Some(InputKind::SynapseActivity {
                precell_filter,
                timestamps_ms: entry.require("timestamps", times, "times of spikes in ms")?,
            })
        }
        "xstim" => {
            let positions = entry.path("positions_file");
            let positions = entry.require("positions_file", positions, "a table of positions");
            let mesh_files_dir = entry.path("mesh_files_dir");
            let waveform = read_xstim_waveform(entry);
            let resistivity_ohm_cm = entry.positive("resistance").unwrap_or(300.0);
            Some(InputKind::Xstim {
                positions_file: positions?,
                mesh_files_dir,
                waveform: waveform?,
                resistivity_ohm_cm,
            })
        }
        "comsol" => {
            let files = entry.texts("comsol_files");
            let files = entry.require("comsol_files", files, "files of potentials")?;
            entry.ignore(&["ip_method", "set_nrn_mechanisms"]);
            let paths = files.iter().filter_map(|file| entry.resolve("comsol_files", file));
            let files: Vec<PathBuf> = paths.collect();
            let mut waveforms = Vec::new();
            if entry.has("waveforms") {
                for file in entry.texts("waveforms")? {
                    let path = entry.resolve("waveforms", &file)?;
                    waveforms.push(read_waveform_file(entry, path)?);
                }
            }
            let is_timed = !entry.has("waveforms");
            let n_files = if is_timed { 1 } else { waveforms.len() };
            if files.len() != n_files {
                let found = format!("{} files", files.len());
                let expected = match is_timed {
                    true => "one file with times, or as many waveforms".to_owned(),
                    false => format!("a file for each of {n_files} waveforms"),
                };
                entry.error("comsol_files", Problem::Value { found, expected });
            }
            let mut amplitudes = entry.numbers("amplitudes").unwrap_or_else(|| vec![1.0]);
            if amplitudes.len() == 1 {
                amplitudes.resize(n_files, amplitudes[0]);
            }
            if amplitudes.len() != n_files {
                let found = format!("{} numbers", amplitudes.len());
                let expected = format!("one number, or {n_files}");
                entry.error("amplitudes", Problem::Value { found, expected });
            }
            Some(InputKind::Comsol { files, amplitudes, waveforms })
        }
        _ if UNSUPPORTED.contains(&module) => {
            entry.entries().for_each(drop);
            entry.error("module", Problem::Unsupported { what: format!("module {module}") });
            None
        }
        _ => read_file_input(entry, module, input_type),
    }
}

fn required(entry: &Object, key: &'static str, expected: &'static str) -> Option<f64> {
    entry.require(key, entry.any(key), expected)
}

fn read_pulse(entry: &Object) -> Option<InputKind> {
    let amp = required(entry, "amp_start", "a current in nA");
    let width = entry.require("width", entry.not_negative("width"), "a time in ms");
    let frequency = entry.require("frequency", entry.positive("frequency"), "a frequency in Hz");
    // Written by older tools, without effect.
    entry.ignore(&["amp_end"]);
    if let (Some(width), Some(frequency)) = (width, frequency)
        && width > 1000.0 / frequency
    {
        let expected = format!("at most the period, {} ms", 1000.0 / frequency);
        entry.error("width", Problem::Value { found: width.to_string(), expected });
    }
    Some(InputKind::Pulse { amp_na: amp?, width_ms: width?, frequency_hz: frequency? })
}

fn read_noise(entry: &Object) -> Option<InputKind> {
    let (mean, percent) = (entry.any("mean"), entry.any("mean_percent"));
    let variance = entry.require("variance", entry.not_negative("variance"), "a variance");
    if entry.has("mean") && entry.has("mean_percent") {
        entry.error("mean_percent", Problem::Conflict { other: "mean" });
    }
    let (scale, mean) = match (mean, percent) {
        (Some(mean), _) => (Scale::Absolute, mean),
        (None, Some(percent)) => (Scale::Percent, percent),
        (None, None) => {
            if !entry.has("mean_percent") {
                entry.require("mean", None::<f64>, "a current in nA, or `mean_percent`");
            }
            return None;
        }
    };
    Some(InputKind::Noise { scale, mean, variance: variance? })
}

fn read_shape(entry: &Object) -> Option<ShotShape> {
    let rise = entry.require("rise_time", entry.positive("rise_time"), "a time in ms");
    let decay = entry.require("decay_time", entry.positive("decay_time"), "a time in ms");
    let (rise_time_ms, decay_time_ms) = (rise?, decay?);
    if rise_time_ms >= decay_time_ms {
        let expected = format!("less than decay_time, {decay_time_ms} ms");
        entry.error("rise_time", Problem::Value { found: rise_time_ms.to_string(), expected });
        return None;
    }
    Some(ShotShape { rise_time_ms, decay_time_ms })
}

fn read_moments(entry: &Object, relative: bool) -> Option<Moments> {
    let (mean_key, sigma_key, scale) = if relative {
        ("mean_percent", "sd_percent", Scale::Percent)
    } else {
        ("mean", "sigma", Scale::Absolute)
    };
    let mean = required(entry, mean_key, "the mean");
    let sigma = entry.require(sigma_key, entry.positive(sigma_key), "the standard deviation");
    Some(Moments { scale, mean: mean?, sigma: sigma? })
}

fn read_sampling(entry: &Object) -> (f64, f64, Option<u32>) {
    let dt_ms = entry.positive("dt").unwrap_or(0.25);
    (dt_ms, entry.any_or("reversal", 0.0), entry.unsigned("random_seed"))
}

fn read_seclamp(entry: &Object) -> Option<InputKind> {
    let voltage = required(entry, "voltage", "a voltage in mV");
    let resistance = entry.positive("series_resistance").unwrap_or(0.01);
    let durations = entry.numbers("duration_levels").unwrap_or_default();
    let voltages = entry.numbers("voltage_levels").unwrap_or_default();
    same_length(entry, "duration_levels", durations.len(), "voltage_levels", voltages.len());
    if let Some(duration) = durations.iter().find(|duration| **duration < 0.0) {
        let expected = "times in ms, 0 or more".to_owned();
        entry.error("duration_levels", Problem::Value { found: duration.to_string(), expected });
    }
    let levels = durations
        .into_iter()
        .zip(voltages)
        .map(|(duration_ms, voltage_mv)| Level { duration_ms, voltage_mv })
        .collect();
    Some(InputKind::Seclamp { voltage_mv: voltage?, series_resistance_mohm: resistance, levels })
}

fn read_field(entry: &Object, run: &Run) -> Option<InputKind> {
    let ramp_up_ms = entry.not_negative("ramp_up_time").unwrap_or(0.0);
    let ramp_down_ms = entry.not_negative("ramp_down_time").unwrap_or(0.0);
    entry.require("fields", entry.list("fields"), "a list of fields");
    // The highest frequency that the run's step can show.
    let nyquist_hz = if run.dt_ms > 0.0 { 500.0 / run.dt_ms } else { f64::INFINITY };
    let mut fields = Vec::new();
    for field in entry.objects("fields") {
        let axis = |key| required(&field, key, "a field in V/m");
        let amplitude = (axis("Ex"), axis("Ey"), axis("Ez"));
        let below = |value: f64| (0.0..nyquist_hz).contains(&value);
        let expected = format!("a frequency, 0 to half the sampling rate, {nyquist_hz} Hz");
        let frequency_hz = field.number("frequency", below, &expected).unwrap_or(0.0);
        let phase_rad = field.any_or("phase", 0.0);
        if let (Some(x), Some(y), Some(z)) = amplitude {
            fields.push(ElectricField { amplitude_v_per_m: [x, y, z], frequency_hz, phase_rad });
        }
        field.finish();
    }
    Some(InputKind::ElectricField { fields, ramp_up_ms, ramp_down_ms })
}

/// A waveform by its parameters, or a file of either.
fn read_xstim_waveform(entry: &Object) -> Option<XstimWaveform> {
    let expected = "a waveform, or a file of one";
    if !matches!(entry.get("waveform"), Some(Json::Text(_))) {
        entry.require("waveform", entry.get("waveform"), expected)?;
        let object = entry.object("waveform")?;
        let course = read_xstim_course(&object);
        object.finish();
        return course.map(XstimWaveform::Course);
    }
    let path = entry.require("waveform", entry.path("waveform"), expected)?;
    read_waveform_file(entry, path)
}

/// A table, or a formula in JSON.
fn read_waveform_file(entry: &Object, path: PathBuf) -> Option<XstimWaveform> {
    if path.extension().is_none_or(|end| end != "json") {
        return Some(XstimWaveform::File(path));
    }
    let mut report = Report::default();
    let json = json::read(&path, &mut report);
    let report = RefCell::new(report);
    let context = Context { file: &path, report: &report, manifest: &Manifest::default() };
    let object = json.as_ref().and_then(|json| Object::new(&context, String::new(), json));
    let course = object.and_then(|object| {
        let course = read_xstim_course(&object);
        object.finish();
        course
    });
    entry.merge(report.into_inner());
    course.map(XstimWaveform::Course)
}

fn read_xstim_course(waveform: &Object) -> Option<XstimCourse> {
    let shapes = [("dc", true), ("DC", true), ("sin", false)];
    let is_constant = waveform.require("shape", waveform.choice("shape", &shapes), "a shape")?;
    let amp_ma = required(waveform, "amp", "a current in mA");
    let delay_ms = required(waveform, "del", "a time in ms");
    let duration_ms = required(waveform, "dur", "a time in ms");
    if is_constant {
        return Some(XstimCourse::Constant {
            amp_ma: amp_ma?,
            delay_ms: delay_ms?,
            duration_ms: duration_ms?,
        });
    }
    let frequency_hz = required(waveform, "freq", "a frequency in Hz");
    Some(XstimCourse::Sine {
        amp_ma: amp_ma?,
        delay_ms: delay_ms?,
        duration_ms: duration_ms?,
        frequency_hz: frequency_hz?,
        phase_rad: waveform.any_or("phase", std::f64::consts::PI),
        offset_ma: waveform.any_or("offset", 0.0),
    })
}

fn read_iclamp(entry: &Object) -> Option<InputKind> {
    let amps = entry.require("amp", entry.numbers("amp"), "currents in nA");
    let delays = entry.require("delay", entry.numbers("delay"), "times in ms");
    let durations = entry.require("duration", entry.numbers("duration"), "times in ms");
    let section = read_place(entry);
    let (amps_na, delays_ms, durations_ms) = (amps?, delays?, durations?);
    same_length(entry, "delay", delays_ms.len(), "amp", amps_na.len());
    same_length(entry, "duration", durations_ms.len(), "amp", amps_na.len());
    Some(InputKind::IClamp { amps_na, delays_ms, durations_ms, section })
}

fn same_length(entry: &Object, key: &str, found: usize, other: &str, expected: usize) {
    if found != expected {
        let expected = format!("{expected}, as many as `{other}` has");
        entry.error(key, Problem::Value { found: format!("{found} values"), expected });
    }
}

fn read_place(entry: &Object) -> SectionPlace {
    let within = |value: f64| (0.0..=1.0).contains(&value);
    SectionPlace {
        section_name: entry.text("section_name").unwrap_or_else(|| "soma".to_owned()),
        section_index: entry.unsigned("section_index").unwrap_or(0),
        section_dist: entry.number("section_dist", within, "a position, 0..1").unwrap_or(0.5),
    }
}

/// Spikes or a current from a file.
fn read_file_input(entry: &Object, module: &str, input_type: InputType) -> Option<InputKind> {
    let format = match module {
        "csv" => WaveformFormat::Csv,
        "nwb" => WaveformFormat::Nwb,
        _ => WaveformFormat::H5,
    };
    if input_type != InputType::Spikes {
        return read_file_current(entry, format);
    }
    let file = read_file(entry);
    let trial = match format {
        WaveformFormat::Nwb => entry.text("trial"),
        WaveformFormat::Csv | WaveformFormat::H5 => {
            entry.ignore(&["trial"]);
            None
        }
    };
    Some(InputKind::SpikeFile { file: file?, format, trial })
}

fn read_file(entry: &Object) -> Option<PathBuf> {
    let file = entry.path("input_file").or_else(|| entry.path("file"));
    entry.require("input_file", file, "a file")
}

/// A current from a file.
fn read_file_current(entry: &Object, format: WaveformFormat) -> Option<InputKind> {
    let file = read_file(entry);
    entry.ignore(&["trial", "electric_field", "separator"]);
    let sweep = match format {
        WaveformFormat::Nwb => Some(read_sweep(entry)?),
        WaveformFormat::Csv | WaveformFormat::H5 => {
            entry.ignore(&["sweep_id"]);
            None
        }
    };
    Some(InputKind::FileCurrent { file: file?, format, sweep, section: read_place(entry) })
}

fn read_sweep(entry: &Object) -> Option<Sweep> {
    let name = match entry.get("sweep_id") {
        Some(Json::Text(text)) => match text.parse::<u32>() {
            Ok(number) => format!("Sweep_{number}"),
            Err(_) => text.clone(),
        },
        Some(_) => format!("Sweep_{}", entry.unsigned("sweep_id")?),
        None => return entry.require("sweep_id", None, "the number or name of a sweep"),
    };
    let downsample_ms = entry.positive("downsample");
    let window_ms = match entry.numbers("sweep_window").as_deref() {
        Some([start, stop]) if 0.0 <= *start && start < stop => Some((*start, *stop)),
        Some(other) => {
            let expected = "start and stop in ms, ascending".to_owned();
            entry.error("sweep_window", Problem::Value { found: format!("{other:?}"), expected });
            None
        }
        None => None,
    };
    Some(Sweep { name, downsample_ms, window_ms })
}
