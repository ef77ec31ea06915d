//! Currents from files.

use std::path::Path;

use net_cell::Waveform;

use crate::config::WaveformFormat;
use crate::finding::{Error, Problem, Report, Result};

/// Names of the columns that BMTK reads.
const TIME: &str = "timestamps";
const AMPLITUDE: &str = "amps";

/// The current (nA) of a table as BMTK has it: columns `timestamps` (ms) and `amps`, separated by
/// spaces or commas. Each value is held until the next time; the last one for as long as the one
/// before, if it is not 0.
///
/// # Errors
/// [`Error::Invalid`] for a file that is no such table, and for HDF5 and NWB, which are not supported.
pub fn read_current(path: &Path, format: WaveformFormat) -> Result<Waveform> {
    let invalid = |at: &str, problem: Problem| {
        let mut report = Report::default();
        report.error(path, at, problem);
        Error::Invalid(report)
    };
    let what = match format {
        WaveformFormat::Csv => None,
        WaveformFormat::H5 => Some("currents in HDF5 files"),
        WaveformFormat::Nwb => Some("NWB"),
    };
    if let Some(what) = what {
        return Err(invalid("", Problem::Unsupported { what: what.to_owned() }));
    }
    let wrong = |at: &str, found: String, expected: &str| {
        invalid(at, Problem::Value { found, expected: expected.to_owned() })
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong("", error.to_string(), "a text file that can be read"))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> = lines.next().map_or_else(Vec::new, |(_, line)| fields(line));
    let column = |name: &str| header.iter().position(|field| *field == name);
    let (Some(time), Some(amplitude)) = (column(TIME), column(AMPLITUDE)) else {
        let found = format!("columns {}", header.join(", "));
        return Err(wrong("line 1", found, "columns timestamps and amps"));
    };
    let mut samples: Vec<(f64, f64)> = Vec::new();
    for (number, line) in lines {
        let (at, fields) = (format!("line {}", number + 1), fields(line));
        let value = |column: usize| {
            let found = fields.get(column).copied().unwrap_or_default();
            let value = found.parse::<f64>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| wrong(&at, format!("`{found}`"), "a finite number"))
        };
        let (t_ms, amp_na) = (value(time)?, value(amplitude)?);
        let earliest = samples.last().map_or(0.0, |last| last.0);
        if t_ms < earliest {
            let expected = format!("a time of at least {earliest} ms");
            return Err(wrong(&at, format!("{t_ms} ms"), &expected));
        }
        samples.push((t_ms, amp_na));
    }
    Ok(held(&samples))
}

fn fields(line: &str) -> Vec<&str> {
    line.split([' ', ',', '\t']).filter(|field| !field.is_empty()).collect()
}

/// Each value from its time to the next, 0 before and after.
fn held(samples: &[(f64, f64)]) -> Waveform {
    let mut points = vec![(0.0, 0.0)];
    let mut level = 0.0;
    for &(t_ms, value) in samples {
        points.extend([(t_ms, level), (t_ms, value)]);
        level = value;
    }
    if level != 0.0
        && let [.., before, last] = samples
    {
        let end_ms = last.0 + (last.0 - before.0);
        points.extend([(end_ms, level), (end_ms, 0.0)]);
    }
    Waveform::new(points)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{WaveformFormat, read_current};

    #[test]
    fn values_are_held() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "timestamps amps\n200 0.1\n400 0.2\n600 0.3\n").unwrap();
        let wave = read_current(file.path(), WaveformFormat::Csv).unwrap();
        let at = [100.0, 250.0, 450.0, 700.0, 900.0].map(|t_ms| wave.at(t_ms));
        assert_eq!(at, [0.0, 0.1, 0.2, 0.3, 0.0]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "timestamps,amps\n1,0.1\n0.5,x\n").unwrap();
        let error = read_current(file.path(), WaveformFormat::Csv).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("`x`"), "{error}");
        let error = read_current(file.path(), WaveformFormat::Nwb).unwrap_err().to_string();
        assert!(error.contains("NWB"), "{error}");
    }
}
