//! `inputs`: reading and checking the keys of each module.

mod extracellular;
mod files;

use super::inputs::{
    Input, InputKind, InputTarget, InputType, Level, Moments, Scale, SectionPlace, ShotShape,
    WaveformFormat,
};
use super::simulation::{Flavor, NodeSelector, Run, read_selector};
use crate::finding::Problem;
use crate::json::{Json, Object};

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
        "spatially_uniform_e_field" => extracellular::read_field(entry, run),
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
            Some("csv" | "file") => files::read_file_current(entry, WaveformFormat::Csv),
            Some("nwb" | "allen") => files::read_file_current(entry, WaveformFormat::Nwb),
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
        "xstim" => extracellular::read_xstim(entry),
        "comsol" => extracellular::read_comsol(entry),
        _ if UNSUPPORTED.contains(&module) => {
            entry.entries().for_each(drop);
            entry.error("module", Problem::Unsupported { what: format!("module {module}") });
            None
        }
        _ => files::read_file_input(entry, module, input_type),
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
