//! Modules of extracellular fields: uniform ones, stimulating electrodes, tables of potentials.

use std::cell::RefCell;
use std::path::PathBuf;

use super::required;
use crate::config::Manifest;
use crate::config::inputs::{ElectricField, InputKind};
use crate::config::simulation::Run;
use crate::finding::{Problem, Report};
use crate::json::{self, Context, Json, Object};
use crate::stimulus::{XstimCourse, XstimWaveform};

pub(super) fn read_field(entry: &Object, run: &Run) -> Option<InputKind> {
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

pub(super) fn read_xstim(entry: &Object) -> Option<InputKind> {
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

pub(super) fn read_comsol(entry: &Object) -> Option<InputKind> {
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
