//! NumPy's arrays, format 1.0: a header of fixed length, then the numbers in row-major order.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::error::{Error, Result};
use crate::export::csv::{TextFile, field};
use crate::export::{Chosen, ChosenSignal, TILE_SAMPLES};
use crate::fsio;
use crate::store::{Column, SampleType};

/// Bytes of the header, so many that any shape fits.
const HEADER_BYTES: usize = 128;

/// An array that gets its name when it is complete.
struct ArrayFile {
    writer: BufWriter<File>,
    path: PathBuf,
}

impl ArrayFile {
    fn create(path: PathBuf) -> Result<Self> {
        let temporary = fsio::temporary_name(&path);
        let file = File::create(&temporary).map_err(|e| Error::io(&path, "create", e))?;
        let mut array = Self { writer: BufWriter::new(file), path };
        // The shape is written in the end.
        array.put(&[0_u8; HEADER_BYTES])?;
        Ok(array)
    }

    fn put<T: Pod>(&mut self, values: &[T]) -> Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        self.writer.write_all(bytes).map_err(|e| Error::io(&self.path, "write", e))
    }

    /// Writes values from the `at`-th on.
    fn put_at<T: Pod>(&mut self, at: usize, values: &[T]) -> Result<()> {
        let offset = SeekFrom::Start((HEADER_BYTES + at * size_of::<T>()) as u64);
        self.writer.seek(offset).map_err(|e| Error::io(&self.path, "seek in", e))?;
        self.put(values)
    }

    /// `kind` is NumPy's name of the type, as `<f8`.
    fn seal(mut self, kind: &str, shape: &[usize]) -> Result<PathBuf> {
        let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
        let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
        let length = HEADER_BYTES - 10;
        let mut header = b"\x93NUMPY\x01\x00".to_vec();
        header.extend((length as u16).to_le_bytes());
        header.extend(format!("{text:<width$}\n", width = length - 1).bytes());
        self.writer.rewind().map_err(|e| Error::io(&self.path, "seek in", e))?;
        self.put(&header)?;
        let Self { writer, path } = self;
        let file = writer.into_inner().map_err(|e| Error::io(&path, "write", e.into_error()))?;
        file.sync_all().map_err(|e| Error::io(&path, "sync", e))?;
        fsio::publish(&fsio::temporary_name(&path), &path)?;
        Ok(path)
    }
}

pub(super) fn spikes(chosen: &Chosen, directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for &population in &chosen.populations {
        let name = &chosen.reader.manifest().populations[population].name;
        let path = |what: &str| directory.join(format!("spikes.{name}.{what}.npy"));
        let mut times = ArrayFile::create(path("times_ms"))?;
        let mut nodes = ArrayFile::create(path("node_ids"))?;
        let mut n = 0;
        chosen.spikes(population, |population, spike| {
            n += 1;
            times.put(&[chosen.time_ms(spike.step)])?;
            nodes.put(&[spike.gid - population.first_gid])
        })?;
        files.push(times.seal("<f8", &[n])?);
        files.push(nodes.seal("<u8", &[n])?);
    }
    Ok(files)
}

pub(super) fn signal(signal: &ChosenSignal, directory: &Path) -> Result<Vec<PathBuf>> {
    let path = |ending: &str| directory.join(format!("{}.{ending}", signal.name()));
    let values = ArrayFile::create(path("npy"))?;
    let values = match signal.reader.signal().sample_type {
        SampleType::F32 => matrix(signal, values, "<f4", |value| value as f32)?,
        SampleType::F64 => matrix(signal, values, "<f8", |value| value)?,
    };
    let mut times = ArrayFile::create(path("times_ms.npy"))?;
    for sample in signal.samples.clone() {
        times.put(&[signal.time_ms(sample)])?;
    }
    let times = times.seal("<f8", &[signal.samples.len()])?;
    Ok(vec![values, times, columns(signal, path("columns.csv"))?])
}

/// Row by row, in pieces.
fn matrix<T: Pod>(
    signal: &ChosenSignal,
    mut file: ArrayFile,
    kind: &str,
    convert: impl Fn(f64) -> T,
) -> Result<PathBuf> {
    let n_samples = signal.samples.len();
    signal.each_run(&signal.rows, |at, run| {
        let piece_samples = n_samples.clamp(1, TILE_SAMPLES);
        let piece_rows = (TILE_SAMPLES / piece_samples).max(1);
        for row in run.clone().step_by(piece_rows) {
            let rows = row..(row + piece_rows).min(run.end);
            for sample in signal.samples.clone().step_by(piece_samples) {
                let samples = sample..(sample + piece_samples).min(signal.samples.end);
                let tile: Vec<f64> = signal.reader.read(rows.clone(), samples.clone())?;
                for (number, values) in tile.chunks_exact(samples.len()).enumerate() {
                    let values: Vec<T> = values.iter().map(|&value| convert(value)).collect();
                    let row = at + row - run.start + number;
                    file.put_at(row * n_samples + sample - signal.samples.start, &values)?;
                }
            }
        }
        Ok(())
    })?;
    file.seal(kind, &[signal.rows.len(), n_samples])
}

/// Whose samples the rows are.
fn columns(signal: &ChosenSignal, path: PathBuf) -> Result<PathBuf> {
    let mut file = TextFile::create(path)?;
    file.write(format_args!("population,node_id,gid,segment,label,section,arc,source_gid\n"))?;
    for &row in &signal.rows {
        let Column { gid, segment, label } = signal.reader.columns()[row];
        match signal.chosen.reader.manifest().population_of(gid) {
            Some((_, population)) => {
                let (name, node) = (field(&population.name), gid - population.first_gid);
                file.write(format_args!("{name},{node},{gid},{segment},{label},"))?;
            }
            None => file.write(format_args!(",,,,{label},"))?,
        }
        match signal.reader.place(row) {
            Some(place) => file.write(format_args!("{},{},", field(&place.section), place.arc))?,
            None => file.write(format_args!(",,"))?,
        }
        match signal.reader.source(row) {
            Some(gid) => file.write(format_args!("{gid}\n"))?,
            None => file.write(format_args!("\n"))?,
        }
    }
    file.seal()
}
