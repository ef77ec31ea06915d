//! Currents from files.

use std::path::Path;

use net_cell::Waveform;
use net_io::sonata::{self, Signal};

use crate::config::{Sweep, WaveformFormat};
use crate::finding::{Error, Problem, Report, Result};

/// Names of the columns that BMTK reads.
const TIME: &str = "timestamps";
const AMPLITUDE: &str = "amps";

/// The currents (nA) of a file, with the gid that each is for; none for all cells. They begin at
/// `delay_ms`.
///
/// # Errors
/// [`Error::Invalid`] for a table that is none, [`Error::File`] for other files that cannot be
/// understood.
pub fn read_currents(
    path: &Path,
    format: WaveformFormat,
    sweep: Option<&Sweep>,
    delay_ms: f64,
) -> Result<Vec<(Option<u64>, Waveform)>> {
    match (format, sweep) {
        (WaveformFormat::Csv, _) => Ok(vec![(None, read_table(path)?)]),
        (WaveformFormat::Nwb, Some(sweep)) => {
            let signal = sonata::read_sweep(path, &sweep.name)?;
            Ok(vec![(None, sampled(&part_of(signal, sweep), delay_ms, false))])
        }
        _ => {
            let currents = sonata::read_amplitudes(path)?.into_iter();
            Ok(currents.map(|(gid, signal)| (gid, sampled(&signal, delay_ms, false))).collect())
        }
    }
}

/// The currents (nA) that the samples of a report are, for the first element of each node of a
/// population: node id and current. The first sample stands at `delay_ms`; between samples is the one
/// before, or, interpolated, the straight line. They last `duration_ms` at most.
///
/// # Errors
/// [`Error::File`]
pub fn read_report_currents(
    path: &Path,
    population: &str,
    (delay_ms, duration_ms): (f64, f64),
    interpolate: bool,
) -> Result<Vec<(u64, Waveform)>> {
    let signals = sonata::read_first_elements(path, population)?.into_iter();
    let current = |(node, mut signal): (u64, Signal)| {
        let n = (duration_ms / signal.interval_ms - 1e-9).ceil().max(0.0);
        if n < signal.values.len() as f64 {
            signal.values.truncate(n as usize);
        }
        (node, sampled(&signal, delay_ms, interpolate))
    };
    Ok(signals.map(current).collect())
}

/// The samples of a sweep that are asked for.
fn part_of(signal: Signal, sweep: &Sweep) -> Signal {
    let Signal { mut interval_ms, mut values } = signal;
    if let Some(asked_ms) = sweep.downsample_ms.filter(|asked| *asked > interval_ms) {
        let stride = (asked_ms / interval_ms).round() as usize;
        values = values.into_iter().step_by(stride).collect();
        interval_ms = asked_ms;
    }
    if let Some((start_ms, stop_ms)) = sweep.window_ms {
        let within = |at: usize| (start_ms..=stop_ms).contains(&(at as f64 * interval_ms));
        let kept = values.into_iter().enumerate().filter(|(at, _)| within(*at));
        values = kept.map(|(_, value)| value).collect();
    }
    Signal { interval_ms, values }
}

/// A waveform of samples from a time on, 0 before and after.
fn sampled(signal: &Signal, start_ms: f64, interpolate: bool) -> Waveform {
    let mut points = if start_ms > 0.0 { vec![(0.0, 0.0), (start_ms, 0.0)] } else { Vec::new() };
    for (k, &value) in signal.values.iter().enumerate() {
        let from_ms = start_ms + k as f64 * signal.interval_ms;
        points.push((from_ms, value));
        if !interpolate {
            points.push((start_ms + (k + 1) as f64 * signal.interval_ms, value));
        }
    }
    let end_ms = points.last().map_or(start_ms, |last| last.0);
    points.push((end_ms, 0.0));
    Waveform::new(points)
}

/// The current (nA) of a table as BMTK has it: columns `timestamps` (ms) and `amps`, separated by
/// spaces or commas. Each value is held until the next time; the last one for as long as the one
/// before, if it is not 0.
fn read_table(path: &Path) -> Result<Waveform> {
    let invalid = |at: &str, problem: Problem| {
        let mut report = Report::default();
        report.error(path, at, problem);
        Error::Invalid(report)
    };
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

    use super::{Signal, Sweep, WaveformFormat, read_currents, read_table, sampled};

    #[test]
    fn values_are_held() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "timestamps amps\n200 0.1\n400 0.2\n600 0.3\n").unwrap();
        let wave = read_table(file.path()).unwrap();
        let at = [100.0, 250.0, 450.0, 700.0, 900.0].map(|t_ms| wave.at(t_ms));
        assert_eq!(at, [0.0, 0.1, 0.2, 0.3, 0.0]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "timestamps,amps\n1,0.1\n0.5,x\n").unwrap();
        let error = read_table(file.path()).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("`x`"), "{error}");
        let error = read_currents(file.path(), WaveformFormat::H5, None, 0.0);
        assert!(error.unwrap_err().to_string().contains("HDF5"));
    }

    #[test]
    fn currents_of_hdf5_files_have_cells() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("currents.h5");
        let file = hdf5::File::create(&path).unwrap();
        let amplitudes = file.new_dataset::<f64>().shape((2, 3)).create("amplitudes").unwrap();
        amplitudes.write_raw(&[0.1, 0.2, 0.3, 1.0, 2.0, 3.0]).unwrap();
        file.new_dataset_builder().with_data(&[0.5, 1.0]).create("dts").unwrap();
        file.new_dataset_builder().with_data(&[7_u64, 9]).create("gids").unwrap();
        drop(file);
        let currents = read_currents(&path, WaveformFormat::H5, None, 10.0).unwrap();
        assert_eq!(currents.iter().map(|(gid, _)| *gid).collect::<Vec<_>>(), [Some(7), Some(9)]);
        assert_eq!([9.9, 10.2, 11.4, 11.6].map(|t| currents[0].1.at(t)), [0.0, 0.1, 0.3, 0.0]);
        assert_eq!([9.9, 10.9, 12.9, 13.1].map(|t| currents[1].1.at(t)), [0.0, 1.0, 3.0, 0.0]);
    }

    #[test]
    fn sweeps_of_nwb_files_are_cut_and_thinned() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sweep.nwb");
        let file = hdf5::File::create(&path).unwrap();
        let group = file.create_group("epochs/Sweep_55/stimulus/timeseries").unwrap();
        let start = group.new_dataset::<f64>().create("starting_time").unwrap();
        start.new_attr::<f64>().create("rate").unwrap().write_scalar(&10_000.0).unwrap();
        let ampere: Vec<f64> = (0..8).map(|k| 1e-9 * f64::from(k)).collect();
        group.new_dataset_builder().with_data(&ampere).create("data").unwrap();
        drop((file, group, start));
        let name = "Sweep_55".to_owned();
        let all = Sweep { name, downsample_ms: None, window_ms: None };
        let read = |sweep: &Sweep| {
            let currents = read_currents(&path, WaveformFormat::Nwb, Some(sweep), 0.0).unwrap();
            [0.05, 0.25, 0.45, 0.75, 0.85].map(|t| (currents[0].1.at(t) * 1e9).round() * 1e-9)
        };
        assert_eq!(read(&all), [0.0, 2.0, 4.0, 7.0, 0.0]);
        let thin = Sweep { downsample_ms: Some(0.2), ..all.clone() };
        assert_eq!(read(&thin), [0.0, 2.0, 4.0, 6.0, 0.0]);
        let cut = Sweep { window_ms: Some((0.25, 0.55)), ..all.clone() };
        assert_eq!(read(&cut), [3.0, 5.0, 0.0, 0.0, 0.0]);
        let other = Sweep { name: "Sweep_1".to_owned(), ..all };
        let error = read_currents(&path, WaveformFormat::Nwb, Some(&other), 0.0).unwrap_err();
        assert!(error.to_string().contains("Sweep_1"), "{error}");
    }

    #[test]
    fn samples_are_held_or_joined() {
        let signal = Signal { interval_ms: 1.0, values: vec![1.0, 3.0] };
        let held = sampled(&signal, 5.0, false);
        assert_eq!([4.9, 5.5, 6.5, 7.5].map(|t| held.at(t)), [0.0, 1.0, 3.0, 0.0]);
        let joined = sampled(&signal, 5.0, true);
        assert_eq!([4.9, 5.5, 6.5].map(|t| joined.at(t)), [0.0, 2.0, 0.0]);
    }
}
