//! How far a run is, shown by rank 0.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::options::Progress;

/// Time between two updates of the bar.
const REFRESH: Duration = Duration::from_millis(100);

/// Shows simulated time, real-time factor and remaining time.
pub(crate) struct Meter {
    display: Display,
    tstop_ms: f64,
    started: Instant,
    updated: Instant,
}

enum Display {
    None,
    Bar(ProgressBar),
    /// Tenths of the run that were reported.
    Lines(u32),
}

impl Meter {
    pub(crate) fn new(progress: Progress, is_root: bool, tstop_ms: f64) -> Self {
        let display = match progress {
            Progress::Auto if is_root && std::io::stderr().is_terminal() => {
                let bar = ProgressBar::new(1000);
                let style = ProgressStyle::with_template("{bar:40} {msg}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                Display::Bar(bar)
            }
            Progress::Lines if is_root => Display::Lines(0),
            _ => Display::None,
        };
        let now = Instant::now();
        Meter { display, tstop_ms, started: now, updated: now }
    }

    /// Shows that the run has come to `time_ms`.
    pub(crate) fn update(&mut self, time_ms: f64) {
        if matches!(self.display, Display::None) {
            return;
        }
        let fraction = if self.tstop_ms > 0.0 { (time_ms / self.tstop_ms).min(1.0) } else { 1.0 };
        let now = Instant::now();
        let elapsed_s = (now - self.started).as_secs_f64();
        match &mut self.display {
            Display::None => {}
            Display::Bar(bar) => {
                if now - self.updated < REFRESH && fraction < 1.0 {
                    return;
                }
                self.updated = now;
                bar.set_position((1000.0 * fraction) as u64);
                bar.set_message(describe(time_ms, self.tstop_ms, elapsed_s));
                if fraction >= 1.0 {
                    bar.finish();
                }
            }
            Display::Lines(reported) => {
                let tenths = (10.0 * fraction + 1e-9) as u32;
                if *reported < tenths {
                    *reported = tenths;
                    let text = describe(time_ms, self.tstop_ms, elapsed_s);
                    // A closed standard error is no reason to end a simulation.
                    let _ = writeln!(std::io::stderr(), "{:3} % {text}", 10 * tenths);
                }
            }
        }
    }
}

/// `120.0 of 200.0 ms, 0.5 x real time, 3.2 s left`
fn describe(time_ms: f64, tstop_ms: f64, elapsed_s: f64) -> String {
    let factor = if elapsed_s > 0.0 { 1e-3 * time_ms / elapsed_s } else { 0.0 };
    let left_s =
        if time_ms > 0.0 { elapsed_s * (tstop_ms - time_ms).max(0.0) / time_ms } else { 0.0 };
    format!("{time_ms:.1} of {tstop_ms:.1} ms, {factor:.3} x real time, {} left", duration(left_s))
}

/// Hours, minutes and seconds, as far as they are needed.
fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) => format!("{seconds:.1} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        assert_eq!(duration(3.21), "3.2 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(7322.0), "2 h 02 min");
        assert_eq!(describe(50.0, 200.0, 0.1), "50.0 of 200.0 ms, 0.500 x real time, 0.3 s left");
    }
}
