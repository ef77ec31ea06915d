//! SONATA's files: spikes by time, and reports.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::ArrayView2;

use crate::error::Result;
use crate::export::{Chosen, ChosenSignal};
use crate::h5::{Appender, NewFile};
use crate::merge::{Sorting, describe_spikes};
use crate::provenance;
use crate::store::{Column, Population, RunDirectory};

/// Values in a chunk of a report.
const CHUNK_VALUES: usize = 1 << 18;

pub(super) fn spikes(chosen: &Chosen, directory: &Path) -> Result<PathBuf> {
    let path = directory.join(RunDirectory::SPIKES);
    let file = NewFile::create(&path)?;
    provenance::stamp(&file, chosen.reader.run())?;
    {
        let group = describe_spikes(&file)?;
        for &at in &chosen.populations {
            let population = &chosen.reader.manifest().populations[at];
            let group = file.group(&group, &population.name)?;
            file.attribute(&group, "sorting", Sorting::ByTime)?;
            let mut timestamps = Appender::new(&group, "timestamps");
            let mut node_ids = Appender::new(&group, "node_ids");
            chosen.spikes(at, |population, spike| {
                timestamps.push(&file, chosen.time_ms(spike.step))?;
                node_ids.push(&file, spike.gid - population.first_gid)
            })?;
            let (timestamps, _) = timestamps.finish(&file)?;
            file.text(&timestamps, "units", "ms")?;
            node_ids.finish(&file)?;
        }
    }
    file.seal()?;
    Ok(path)
}

/// A report for each population and stretch of even times; columns of no cell have no place in one.
pub(super) fn signal(signal: &ChosenSignal, directory: &Path) -> Result<Vec<PathBuf>> {
    let stretches = signal.reader.stretches_of(signal.chosen.steps.clone());
    let mut files = Vec::new();
    for population in &signal.chosen.reader.manifest().populations {
        let is_own = |row: &&usize| population.contains(signal.reader.columns()[**row].gid);
        let rows: Vec<usize> = signal.rows.iter().filter(is_own).copied().collect();
        if rows.is_empty() {
            continue;
        }
        for (number, samples) in stretches.iter().enumerate() {
            let window = if stretches.len() > 1 { format!(".{number}") } else { String::new() };
            let name = format!("{}.{}{window}.h5", signal.name(), population.name);
            let path = directory.join(name);
            report(signal, population, &rows, samples.clone(), &path)?;
            files.push(path);
        }
    }
    Ok(files)
}

fn report(
    signal: &ChosenSignal,
    population: &Population,
    rows: &[usize],
    samples: Range<usize>,
    path: &Path,
) -> Result<()> {
    let file = NewFile::create(path)?;
    provenance::stamp(&file, signal.chosen.reader.run())?;
    {
        let reports = file.group(&file.root()?, "report")?;
        let group = file.group(&reports, &population.name)?;
        let mapping = file.group(&group, "mapping")?;
        // Rows are sorted by cell: those of one stand side by side.
        let columns: Vec<Column> = rows.iter().map(|&row| signal.reader.columns()[row]).collect();
        let (mut node_ids, mut pointers) = (Vec::new(), vec![0_u64]);
        for of_cell in columns.chunk_by(|a, b| a.gid == b.gid) {
            node_ids.push(of_cell[0].gid - population.first_gid);
            pointers.push(pointers[pointers.len() - 1] + of_cell.len() as u64);
        }
        let nodes = file.dataset(&mapping, "node_ids", &node_ids)?;
        file.attribute(&nodes, "sorted", 1_u8)?;
        file.dataset(&mapping, "index_pointers", &pointers)?;
        let elements: Vec<u32> = columns.iter().map(|column| column.segment).collect();
        file.dataset(&mapping, "element_ids", &elements)?;
        let grid = signal.reader.signal().grid;
        let start_ms = signal.time_ms(samples.start);
        let interval_ms = signal.chosen.time_ms(grid.interval_steps);
        let stop_ms = start_ms + interval_ms * samples.len() as f64;
        let time = file.dataset(&mapping, "time", &[start_ms, stop_ms, interval_ms])?;
        file.text(&time, "units", "ms")?;

        let chunk_rows = (CHUNK_VALUES / rows.len()).clamp(1, samples.len());
        let data = group
            .new_dataset::<f32>()
            .obj_track_times(false)
            .chunk((chunk_rows, rows.len()))
            .shape((samples.len(), rows.len()))
            .create("data")
            .map_err(|e| file.error("data", "create", e))?;
        file.text(&data, "units", &signal.reader.signal().units)?;
        signal.by_sample(rows, samples.clone(), |first, values| {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            let n = values.len() / rows.len();
            let view = ArrayView2::from_shape((n, rows.len()), &values)
                .map_err(|e| file.error("data", "shape", e.into()))?;
            let at = first - samples.start;
            data.write_slice(view, (at..at + n, ..)).map_err(|e| file.error("data", "write", e))
        })?;
    }
    file.seal()
}
