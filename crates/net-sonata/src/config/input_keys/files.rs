//! Modules whose spikes or currents are in files.

use std::path::PathBuf;

use super::read_place;
use crate::config::inputs::{InputKind, InputType, Sweep, WaveformFormat};
use crate::finding::Problem;
use crate::json::{Json, Object};

/// Spikes or a current from a file.
pub(super) fn read_file_input(
    entry: &Object,
    module: &str,
    input_type: InputType,
) -> Option<InputKind> {
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
pub(super) fn read_file_current(entry: &Object, format: WaveformFormat) -> Option<InputKind> {
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
