//! Pictures of a run: a spike raster, population rates and membrane potentials in one figure.
//!
//! An [`Activity`] holds what was recorded, in plain numbers; it draws itself as PNG or SVG. The
//! panels stand above each other and share the time axis. The bytes depend on the data alone:
//! neither on the order of the spikes nor on fonts or clocks of the machine.
//!
//! ```
//! use net_sim::plot::{Activity, Population, SpikeRaster, Trace, Traces};
//!
//! let activity = Activity {
//!     title: "two cells".to_owned(),
//!     window_ms: (0.0, 100.0),
//!     raster: SpikeRaster {
//!         populations: vec![Population { name: "E".to_owned(), first_gid: 0, size: 2 }],
//!         spikes: vec![(0, 12.5), (1, 80.0)],
//!     },
//!     traces: Traces {
//!         t0_ms: 0.0,
//!         dt_ms: 50.0,
//!         cells: vec![Trace { label: "E 0".to_owned(), gid: 0, values_mv: vec![-65.0, -60.0, -64.0] }],
//!     },
//! };
//! let png = activity.to_png()?;
//! assert_eq!(&png[1..4], b"PNG");
//! # Ok::<(), net_sim::plot::PlotError>(())
//! ```

mod array;
mod draw;
mod fields;
mod raster;
mod recordings;
mod traces;

use std::path::{Path, PathBuf};

use crate::monitor::MonitorError;
pub use array::{ArrayFilm, ArraySignal};
use draw::{Align, Axis, Frame, INK, MUTED, Sheet};
pub use fields::{DepthMap, Fields, SignalPanel};
pub use recordings::{Format, Panel, RecordingsPlot};

/// Width of the picture in pixels.
const WIDTH: f64 = 1400.0;
/// Height of the picture in pixels.
const HEIGHT: f64 = 1000.0;
/// Where the panels begin and end: the margins hold axes on the left, names on the right.
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 190.0;
const TOP: f64 = 82.0;
const BOTTOM: f64 = HEIGHT - 66.0;
/// Vertical distance between two panels.
const GAP: f64 = 42.0;

/// One population of the raster: the cells `first_gid .. first_gid + size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// Name, written beside the population's rows.
    pub name: String,
    /// Gid of the first cell.
    pub first_gid: u64,
    /// Number of cells.
    pub size: u64,
}

/// Who spiked when. Populations are drawn from top to bottom in the order given, each in its own
/// color.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpikeRaster {
    /// The populations; their gid ranges must not overlap.
    pub populations: Vec<Population>,
    /// (gid, time in ms), in any order. Spikes outside the window are left out.
    pub spikes: Vec<(u64, f64)>,
}

/// The membrane potential of one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Name, written beside the trace.
    pub label: String,
    /// The cell; its population gives the color.
    pub gid: u64,
    /// Potential in mV, one value a sample. A value that is not finite leaves a hole in the line.
    pub values_mv: Vec<f64>,
}

/// Membrane potentials sampled on one clock.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traces {
    /// Time of the first sample in ms.
    pub t0_ms: f64,
    /// Time between samples in ms.
    pub dt_ms: f64,
    /// The traces, drawn above each other from top to bottom.
    pub cells: Vec<Trace>,
}

/// A figure of network activity: raster, rates, and below them the traces, if there are any.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Title above the figure.
    pub title: String,
    /// First and last time shown, in ms.
    pub window_ms: (f64, f64),
    /// The spikes.
    pub raster: SpikeRaster,
    /// The membrane potentials; without any, the raster takes their room.
    pub traces: Traces,
}

/// Why a figure could not be drawn or written.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The window is empty, reversed or not finite.
    #[error(
        "the time window of the figure is {start_ms} to {end_ms} ms; it must end after it starts"
    )]
    Window {
        /// First time in ms.
        start_ms: f64,
        /// Last time in ms.
        end_ms: f64,
    },
    /// A spike of a cell that is in none of the populations.
    #[error("a spike of gid {gid} belongs to none of the {populations} populations of the raster")]
    UnknownGid {
        /// The cell.
        gid: u64,
        /// How many populations the raster has.
        populations: usize,
    },
    /// Traces whose clock does not advance.
    #[error(
        "the traces start at {t0_ms} ms with a step of {dt_ms} ms; the step must be above zero"
    )]
    Clock {
        /// Time of the first sample in ms.
        t0_ms: f64,
        /// Time between samples in ms.
        dt_ms: f64,
    },
    /// A plan of panels that does not fit the grid or the recordings.
    #[error("the plan of the figure: {problem}")]
    Plan {
        /// What is wrong.
        problem: String,
    },
    /// Time limits outside of what was recorded.
    #[error(
        "the time limits of {from_ms} to {to_ms} ms are not within the chunk, which was recorded from \
         {start_ms} to {end_ms} ms"
    )]
    Outside {
        /// First time asked for in ms.
        from_ms: f64,
        /// Last time asked for in ms.
        to_ms: f64,
        /// First time recorded in ms.
        start_ms: f64,
        /// Last time recorded in ms.
        end_ms: f64,
    },
    /// Recordings that are not there.
    #[error(transparent)]
    Recordings(#[from] MonitorError),
    /// What cannot be analyzed.
    #[error(transparent)]
    Analysis(#[from] net_analysis::AnalysisError),
    /// A file name that says neither PNG nor SVG.
    #[error("cannot tell the format of the picture {}: its name must end in .png or .svg", path.display())]
    Format {
        /// The file asked for.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("cannot write the picture {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The picture could not be encoded.
    #[error("cannot encode the picture as PNG: {reason}")]
    Encode {
        /// What the encoder said.
        reason: String,
    },
}

impl Activity {
    /// The figure as PNG, 1400 x 1000 pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        self.draw()?.to_png().map_err(|reason| PlotError::Encode { reason })
    }

    /// The figure as SVG.
    pub fn to_svg(&self) -> Result<String, PlotError> {
        Ok(self.draw()?.to_svg())
    }

    /// Write the figure to `path`; its ending, `.png` or `.svg`, is the format.
    pub fn write(&self, path: &Path) -> Result<(), PlotError> {
        write_picture(path, &self.draw()?)
    }

    fn draw(&self) -> Result<Sheet, PlotError> {
        self.check()?;
        let rows = raster::Rows::new(&self.raster, self.window_ms)?;
        let mut sheet = Sheet::new(WIDTH, HEIGHT);
        sheet.text(LEFT, 36.0, 20, Align::Left, INK, &self.title);
        sheet.text(RIGHT, 36.0, 15, Align::Right, MUTED, &rows.summary());

        let time = Axis::new(self.window_ms, (LEFT, RIGHT));
        let (above, middle, below) = self.panels(time);
        raster::draw_spikes(&mut sheet, &above, &rows);
        raster::draw_rates(&mut sheet, &middle, &rows);
        if let Some(frame) = &below {
            traces::draw(&mut sheet, frame, &self.traces, &rows);
        }
        below.as_ref().unwrap_or(&middle).time_axis(&mut sheet);
        Ok(sheet)
    }
}

/// Writes a sheet in the format that the ending of the file's name says.
fn write_picture(path: &Path, sheet: &Sheet) -> Result<(), PlotError> {
    let bytes = match path.extension().and_then(|ending| ending.to_str()) {
        Some("png") => sheet.to_png().map_err(|reason| PlotError::Encode { reason })?,
        Some("svg") => sheet.to_svg().into_bytes(),
        _ => return Err(PlotError::Format { path: path.to_owned() }),
    };
    std::fs::write(path, bytes).map_err(|source| PlotError::Write { path: path.to_owned(), source })
}

impl Activity {
    fn check(&self) -> Result<(), PlotError> {
        let (start_ms, end_ms) = self.window_ms;
        if !(start_ms.is_finite() && end_ms.is_finite() && start_ms < end_ms) {
            return Err(PlotError::Window { start_ms, end_ms });
        }
        let Traces { t0_ms, dt_ms, .. } = self.traces;
        let clock_runs = t0_ms.is_finite() && dt_ms.is_finite() && 0.0 < dt_ms;
        if !self.traces.cells.is_empty() && !clock_runs {
            return Err(PlotError::Clock { t0_ms, dt_ms });
        }
        Ok(())
    }

    /// The frames of raster, rates and, if there are any, traces.
    fn panels(&self, time: Axis) -> (Frame, Frame, Option<Frame>) {
        let frame = |top, bottom| Frame { time, top, bottom };
        let height = BOTTOM - TOP;
        let (raster_share, rates_share) =
            if self.traces.cells.is_empty() { (0.74, 0.26) } else { (0.45, 0.16) };
        let raster = frame(TOP, TOP + raster_share * height);
        let rates_bottom = raster.bottom + rates_share * height;
        if self.traces.cells.is_empty() {
            return (raster, frame(raster.bottom + GAP, BOTTOM), None);
        }
        let rates = frame(raster.bottom + GAP, rates_bottom);
        (raster, rates, Some(frame(rates.bottom + GAP, BOTTOM)))
    }
}
