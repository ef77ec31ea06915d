//! Records as much as a large run does, and says what memory and time that takes.
//!
//! ```text
//! cargo run --release -p net-io --example recording_load -- SECONDS DIRECTORY
//! ```
//!
//! A million spikes and a thousand traces of a simulated second at 0.1 ms, sealed and merged; the last line is
//! `peak_kib=N seal_s=T merge_s=T`.

use std::time::Instant;

use net_io::merge::{MergeOptions, merge_recordings};
use net_io::store::*;

const N_TRACES: u64 = 1000;
const STEPS_PER_S: u64 = 10_000;
const SPIKES_PER_STEP: u64 = 100;
const EPOCH_STEPS: u64 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, directory] = &arguments[..] else {
        return Err("usage: recording_load SECONDS DIRECTORY".into());
    };
    let n_steps = seconds.parse::<u64>()? * STEPS_PER_S;
    let run = RunDirectory::create(directory, Overwrite::Yes)?;
    let mut manifest = Manifest::new(0.1, 1, 1);
    manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 100_000 });
    let signal = Signal {
        name: "v".to_owned(),
        variable: "v".to_owned(),
        units: "mV".to_owned(),
        ..Signal::default()
    };
    manifest.signals = vec![signal.clone()];
    run.write_manifest(&manifest)?;
    let column = |gid| Column { gid, segment: 0, label: 0 };
    let columns = (0..N_TRACES).map(column).collect::<Vec<_>>();

    let started = Instant::now();
    let mut part =
        PartWriter::create(&run, 0, vec![(signal, columns.into())], DEFAULT_CHUNK_BYTES)?;
    let samples = [-65.0; EPOCH_STEPS as usize];
    for first in (0..n_steps).step_by(EPOCH_STEPS as usize) {
        for step in first..first + EPOCH_STEPS {
            for number in 0..SPIKES_PER_STEP {
                part.push_spike(Spike { step, gid: (step * 977 + number * 811) % 100_000 })?;
            }
        }
        for column in 0..N_TRACES as usize {
            part.push_column(0, column, &samples)?;
        }
        if part.is_full() {
            part.seal(first + EPOCH_STEPS)?;
        }
    }
    part.finish(n_steps)?;
    let seal_s = started.elapsed().as_secs_f64();

    let started = Instant::now();
    merge_recordings(&run, &MergeOptions::default())?;
    let merge_s = started.elapsed().as_secs_f64();
    println!("peak_kib={} seal_s={seal_s:.2} merge_s={merge_s:.2}", peak_kib()?);
    Ok(())
}

/// The largest resident memory of this process so far, KiB.
fn peak_kib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmHWM in /proc/self/status")?.parse()?)
}
