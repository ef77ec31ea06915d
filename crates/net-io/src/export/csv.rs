//! Comma-separated text. Numbers are written in the shortest form that reads back to the same bits.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::export::{Chosen, ChosenSignal};
use crate::fsio;

/// A file that gets its name when it is complete.
pub(super) struct TextFile {
    writer: BufWriter<File>,
    path: PathBuf,
}

impl TextFile {
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let temporary = fsio::temporary_name(&path);
        let file = File::create(&temporary).map_err(|e| Error::io(&path, "create", e))?;
        Ok(Self { writer: BufWriter::new(file), path })
    }

    pub(super) fn write(&mut self, text: std::fmt::Arguments) -> Result<()> {
        self.writer.write_fmt(text).map_err(|e| Error::io(&self.path, "write", e))
    }

    pub(super) fn seal(self) -> Result<PathBuf> {
        let Self { writer, path } = self;
        let file = writer.into_inner().map_err(|e| Error::io(&path, "write", e.into_error()))?;
        file.sync_all().map_err(|e| Error::io(&path, "sync", e))?;
        fsio::publish(&fsio::temporary_name(&path), &path)?;
        Ok(path)
    }
}

/// Text in a field: quoted where it has to be.
pub(super) fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

pub(super) fn spikes(chosen: &Chosen, directory: &Path) -> Result<PathBuf> {
    let mut file = TextFile::create(directory.join("spikes.csv"))?;
    file.write(format_args!("time_ms,population,node_id,gid\n"))?;
    for &population in &chosen.populations {
        chosen.spikes(population, |population, spike| {
            let (time_ms, gid) = (chosen.time_ms(spike.step), spike.gid);
            let (name, node) = (field(&population.name), gid - population.first_gid);
            file.write(format_args!("{time_ms},{name},{node},{gid}\n"))
        })?;
    }
    file.seal()
}

/// A row a sample, in its unit.
pub(super) fn signal(signal: &ChosenSignal, directory: &Path) -> Result<PathBuf> {
    let mut file = TextFile::create(directory.join(format!("{}.csv", signal.name())))?;
    file.write(format_args!("time_ms"))?;
    for &row in &signal.rows {
        file.write(format_args!(",{}", field(&signal.label(row))))?;
    }
    file.write(format_args!("\n"))?;
    if signal.rows.is_empty() {
        return file.seal();
    }
    signal.by_sample(&signal.rows, signal.samples.clone(), |first, values| {
        for (at, row) in values.chunks_exact(signal.rows.len()).enumerate() {
            file.write(format_args!("{}", signal.time_ms(first + at)))?;
            row.iter().try_for_each(|value| file.write(format_args!(",{value}")))?;
            file.write(format_args!("\n"))?;
        }
        Ok(())
    })?;
    file.seal()
}
