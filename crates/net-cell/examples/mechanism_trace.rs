//! Compiles `.mod` files, and puts mechanisms into a single compartment to see what they do.
//!
//! ```text
//! mechanism_trace check FILE.mod ...      what would be refused: a line of JSON a file
//! mechanism_trace build FILE.mod ...      the path of a library, built as NEURON would compute
//! mechanism_trace run LIBRARY < JOBS      traces: a line of JSON a line of JOBS
//! ```
//!
//! A job is `NAME [key=value ...]` with the keys `dt`, `celsius`, `v`, `stop` (ms),
//! `clamp=dur1,amp1,dur2,amp2,dur3,amp3` (a `SEClamp` with rs 0.01), `current=amp,delay,dur` (an
//! `IClamp`), `events=t1,t2...` with `weight`, `insert=NAME` (another mechanism), `set.P=x` (a
//! parameter), `tables=1`. `scripts/nmodl-corpus` compares the traces with NEURON's.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use net_cell::mechanism::{self, MechanismKind, Role};
use net_cell::morphology::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};
use net_cell::{
    CellSpec, CellTemplate, Cells, PointKind, PointSpec, Quantity, Region, Samples, Schedule,
    SourceKey, SpikeSource, StepSettings,
};
use net_nmodl::compile::{Settings, compile};
use net_nmodl::library::{BuildOptions, build};
use net_nmodl::source::Severity;

/// What was asked for.
#[derive(Default)]
struct Request {
    name: String,
    settings: StepSettings,
    stop_ms: f64,
    clamp: Vec<f64>,
    current: Vec<f64>,
    events: Vec<f64>,
    weight: f64,
    insert: Vec<String>,
    parameters: Vec<(String, f64)>,
}

fn numbers(text: &str) -> Result<Vec<f64>, std::num::ParseFloatError> {
    text.split(',').map(str::parse).collect()
}

fn request(line: &str) -> Result<Request, Box<dyn Error>> {
    let mut words = line.split_whitespace();
    let name = words.next().ok_or("the name of a mechanism is missing")?.to_string();
    let mut request = Request { name, stop_ms: 10.0, weight: 1.0, ..Request::default() };
    for word in words {
        let (key, value) = word.split_once('=').ok_or(format!("'{word}' is not key=value"))?;
        match key {
            "dt" => request.settings.dt_ms = value.parse()?,
            "celsius" => request.settings.celsius = value.parse()?,
            "v" => request.settings.v_init_mv = value.parse()?,
            "tables" => request.settings.tables = value == "1",
            "stop" => request.stop_ms = value.parse()?,
            "clamp" => request.clamp = numbers(value)?,
            "current" => request.current = numbers(value)?,
            "events" => request.events = numbers(value)?,
            "weight" => request.weight = value.parse()?,
            "insert" => request.insert.push(value.to_string()),
            _ => {
                let parameter = key.strip_prefix("set.").ok_or(format!("unknown key {key}"))?;
                request.parameters.push((parameter.to_string(), value.parse()?));
            }
        }
    }
    Ok(request)
}

/// What compares with NEURON.
fn settings() -> Settings {
    Settings {
        neuron_defaults: true,
        numeric_conductance: true,
        neuron_iteration: true,
        ..Settings::default()
    }
}

/// A cylinder of 20 um length and diameter.
fn compartment() -> SegmentedMorphology {
    let area_um2 = std::f64::consts::PI * 20.0 * 20.0;
    let half_mohm = 1e-2 * 100.0 * 10.0 / (std::f64::consts::PI * 100.0);
    SegmentedMorphology {
        sections: vec![SegmentedSection {
            name: "soma".into(),
            kind: SectionKind::Soma,
            parent: None,
            length_um: 20.0,
            n_segments: 1,
            first_segment: 0,
            ra_ohm_cm: 100.0,
            cm_uf_cm2: 1.0,
            ri_end_mohm: half_mohm,
        }],
        segments: Segments {
            section: vec![0],
            x: vec![0.5],
            area_um2: vec![area_um2],
            ri_mohm: vec![half_mohm],
            diam_um: vec![20.0],
            length_um: vec![20.0],
            start_um: vec![[0.0; 3]],
            end_um: vec![[20.0, 0.0, 0.0]],
            ..Segments::default()
        },
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let files: Vec<PathBuf> = arguments.map(Into::into).collect();
    match command.as_str() {
        "check" => check(&files),
        "build" => {
            let options = BuildOptions { settings: settings(), ..BuildOptions::default() };
            println!("{}", build(&files, &options)?.path.display());
        }
        "run" => {
            for library in &files {
                mechanism::load_library(library)?;
            }
            for line in std::io::stdin().lines() {
                let answer = match request(&line?).and_then(|request| trace(&request)) {
                    Ok(traces) => serde_json::json!({ "traces": traces }),
                    Err(error) => serde_json::json!({ "error": error.to_string() }),
                };
                println!("{answer}");
            }
        }
        _ => return Err("expected check, build or run".into()),
    }
    Ok(())
}

/// The first error of every file, if it has one.
fn check(files: &[PathBuf]) {
    for path in files {
        let compiled = net_nmodl::parse_file(path, &net_nmodl::Options::default())
            .and_then(|parsed| compile(&parsed, &settings()));
        let answer = match compiled {
            Ok(_) => serde_json::json!({}),
            Err(messages) => {
                let first = messages.iter().find(|m| m.severity == Severity::Error);
                let first = first.map_or(String::new(), |m| format!("{}: {}", m.line, m.message));
                serde_json::json!({ "refused": first })
            }
        };
        println!("{answer}");
    }
}

/// The potential and all variables of the mechanism, by name.
fn trace(request: &Request) -> Result<BTreeMap<String, Vec<f64>>, Box<dyn Error>> {
    let (_, mechanism) = mechanism::find(&request.name)?;
    let parameters: Vec<(&str, f64)> =
        request.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let mut template = CellTemplate::new(compartment())?;
    for other in &request.insert {
        template.insert(other, &Region::All, &[])?;
    }
    let mut kinds = Vec::new();
    let mut points = Vec::new();
    match mechanism.kind {
        MechanismKind::Density => template.insert(&request.name, &Region::All, &parameters)?,
        MechanismKind::Electrode => template.insert_point(&request.name, 0, &parameters)?,
        MechanismKind::Point => {
            kinds.push(PointKind::new(&request.name, &parameters)?);
            points.push(PointSpec { segment: 0, kind: 0, row: 0 });
        }
        MechanismKind::ArtificialCell => {
            return Err(format!("{} is an artificial cell; see events_neuron", request.name).into());
        }
    }
    if let [dur1, amp1, dur2, amp2, dur3, amp3] = request.clamp[..] {
        let levels = [
            ("rs", 0.01),
            ("dur1", dur1),
            ("amp1", amp1),
            ("dur2", dur2),
            ("amp2", amp2),
            ("dur3", dur3),
            ("amp3", amp3),
        ];
        template.insert_point("SEClamp", 0, &levels)?;
    }
    if let [amp, delay, dur] = request.current[..] {
        template.insert_point("IClamp", 0, &[("amp", amp), ("delay", delay), ("dur", dur)])?;
    }
    let cell = CellSpec { gid: 0, template: Arc::new(template), points };
    let mut cells = Cells::new(&[cell], &kinds, request.settings, 1)?;
    let schedule = (0, Schedule::default());
    cells.record(schedule, 0, 0, 0, &Quantity::Voltage)?;
    let mut names = vec!["v"];
    for column in &mechanism.columns {
        if matches!(column.role, Role::State | Role::Output | Role::Assigned) {
            let quantity = Quantity::Variable {
                mechanism: request.name.clone(),
                variable: column.name.to_string(),
                nth: 0,
            };
            cells.record(schedule, names.len() as u32, 0, 0, &quantity)?;
            names.push(column.name);
        }
    }
    let target = (!kinds.is_empty()).then(|| cells.target(0, 0));
    let group = &mut cells.groups_mut()[0];
    if let (Some(target), false) = (target, request.events.is_empty()) {
        let key = SourceKey { seed: 1, gid: 0, number: 0 };
        let source = SpikeSource::Times(request.events.clone());
        group.add_input(target.endpoint, &source, request.weight, 0.0, key)?;
    }
    let n_steps = (request.stop_ms / request.settings.dt_ms).round() as u64;
    group.initialize(0, n_steps);
    group.advance(0..n_steps, || ())?;
    let mut samples = Samples::new(names.len());
    group.take_samples(0, &mut samples);
    let n = names.len();
    let column = |k: usize| samples.values.iter().skip(k).step_by(n).copied().collect();
    Ok(names.iter().enumerate().map(|(k, name)| (name.to_string(), column(k))).collect())
}
