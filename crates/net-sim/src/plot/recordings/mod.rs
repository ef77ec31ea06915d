//! Figures of what monitors recorded: panels on a grid, each with a format, as CompNeuroPy's
//! `PlotRecordings`.
//!
//! ```
//! use net_sim::monitor::{RecordedPart, Recordings};
//! use net_sim::plot::{Format, Panel, RecordingsPlot};
//!
//! let recordings = Recordings::from_parts(0.1, vec![RecordedPart {
//!     compartment: "E".to_owned(),
//!     interval_steps: 10,
//!     periods: vec![(0, 1000)],
//!     arrays: vec![("v".to_owned(), "mV".to_owned(), ndarray::Array2::from_elem((100, 3), -65.0))],
//!     spikes: Some(vec![vec![120, 480], vec![], vec![333]]),
//!     ..RecordedPart::default()
//! }])?;
//! let plot = RecordingsPlot::new(&recordings, (1, 2))
//!     .panel(Panel::new(1, "E", "v", Format::Line))
//!     .panel(Panel::new(2, "E", "spike", Format::Raster));
//! let svg = plot.to_svg()?;
//! assert!(svg.contains("time (ms)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod expression;
mod matrix;
mod panels;
mod spikes;

use std::path::Path;

use super::draw::{Align, Axis, Frame, INK, Rgb, Sheet};
use super::{PlotError, write_picture};
use crate::monitor::Recordings;

/// Size of a cell of the grid in pixels.
const CELL: (f64, f64) = (640.0, 440.0);
/// Where the frame of a panel is in its cell: left, top, right, bottom.
const MARGINS: (f64, f64, f64, f64) = (82.0, 56.0, 92.0, 62.0);
/// Times without recording.
const PAUSE: Rgb = [244, 244, 244];
/// Height of the title above the grid.
const TITLE: f64 = 44.0;

/// What a panel shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line a cell.
    Line,
    /// The mean over cells.
    LineMean,
    /// Cells x time in colors.
    Matrix,
    /// The mean over cells x time in colors.
    MatrixMean,
    /// Of spikes: a mark a spike, a row a cell.
    Raster,
    /// Of spikes: the rate of the population, smoothed over a window that fits the spikes
    /// ([`optimal_bin_ms`](net_analysis::optimal_bin_ms)).
    Mean,
    /// Of spikes: raster and rate.
    Hybrid,
    /// Of spikes: histogram of the intervals between a cell's spikes, 100 bins to 200 ms.
    Interspike,
    /// Of spikes: histogram of the cells' coefficients of variation, 100 bins from 0 to 2.
    Cv,
}

impl Format {
    /// All, by name.
    pub const ALL: [(&str, Format); 9] = [
        ("line", Format::Line),
        ("line_mean", Format::LineMean),
        ("matrix", Format::Matrix),
        ("matrix_mean", Format::MatrixMean),
        ("raster", Format::Raster),
        ("mean", Format::Mean),
        ("hybrid", Format::Hybrid),
        ("interspike", Format::Interspike),
        ("cv", Format::Cv),
    ];

    /// The name of a format.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    fn is_of_spikes(self) -> bool {
        use Format::{Cv, Hybrid, Interspike, Mean, Raster};
        matches!(self, Raster | Mean | Hybrid | Interspike | Cv)
    }
}

/// One panel of the grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// Place on the grid, from 1, row by row.
    pub position: usize,
    /// The compartment.
    pub compartment: String,
    /// A recorded variable, `spike`, or an expression of recorded variables with `+ - * /` and
    /// parentheses.
    pub variable: String,
    /// What is shown of it.
    pub format: Format,
}

impl Panel {
    /// A panel.
    pub fn new(position: usize, compartment: &str, variable: &str, format: Format) -> Self {
        let (compartment, variable) = (compartment.to_owned(), variable.to_owned());
        Panel { position, compartment, variable, format }
    }
}

/// A figure of one chunk of recordings.
#[derive(Clone, Debug)]
pub struct RecordingsPlot<'r> {
    recordings: &'r Recordings,
    shape: (usize, usize),
    plan: Vec<Panel>,
    chunk: usize,
    limits_ms: Option<(f64, f64)>,
    title: Option<String>,
}

impl<'r> RecordingsPlot<'r> {
    /// An empty grid of rows x columns for the first chunk.
    pub fn new(recordings: &'r Recordings, shape: (usize, usize)) -> Self {
        let (plan, chunk, limits_ms, title) = (Vec::new(), 0, None, None);
        RecordingsPlot { recordings, shape, plan, chunk, limits_ms, title }
    }

    /// Adds a panel.
    pub fn panel(mut self, panel: Panel) -> Self {
        self.plan.push(panel);
        self
    }

    /// Shows another chunk.
    pub fn chunk(mut self, chunk: usize) -> Self {
        self.chunk = chunk;
        self
    }

    /// Shows a part of the chunk, from and to a time in ms within it. Without this, from the first to
    /// the last sample of all compartments of the plan.
    pub fn limits_ms(mut self, start_ms: f64, stop_ms: f64) -> Self {
        self.limits_ms = Some((start_ms, stop_ms));
        self
    }

    /// A title above the figure.
    pub fn title(mut self, title: &str) -> Self {
        self.title = Some(title.to_owned());
        self
    }

    /// The figure as PNG.
    ///
    /// # Errors
    /// A plan that does not fit the grid or the recordings, limits outside of the chunk.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        self.draw()?.0.to_png().map_err(|reason| PlotError::Encode { reason })
    }

    /// The figure as SVG.
    ///
    /// # Errors
    /// As [`to_png`](Self::to_png).
    pub fn to_svg(&self) -> Result<String, PlotError> {
        Ok(self.draw()?.0.to_svg())
    }

    /// Writes the figure to `path`; its ending, `.png` or `.svg`, is the format. Gives what the figure
    /// cannot show, such as compartments without a spike.
    ///
    /// # Errors
    /// As [`to_png`](Self::to_png), and those of writing.
    pub fn write(&self, path: &Path) -> Result<Vec<String>, PlotError> {
        let (sheet, remarks) = self.draw()?;
        write_picture(path, &sheet)?;
        Ok(remarks)
    }

    fn draw(&self) -> Result<(Sheet, Vec<String>), PlotError> {
        self.check()?;
        let window_ms = self.window_ms()?;
        let (rows, columns) = self.shape;
        let top = if self.title.is_some() { TITLE } else { 0.0 };
        let (width, height) = (columns as f64 * CELL.0, top + rows as f64 * CELL.1);
        let mut sheet = Sheet::new(width, height);
        if let Some(title) = &self.title {
            sheet.text(MARGINS.0, 34.0, 20, Align::Left, INK, title);
        }
        let mut remarks = Vec::new();
        for panel in &self.plan {
            let (row, column) = ((panel.position - 1) / columns, (panel.position - 1) % columns);
            let (x, y) = (column as f64 * CELL.0, top + row as f64 * CELL.1);
            let frame = Frame {
                time: Axis::new(window_ms, (x + MARGINS.0, x + CELL.0 - MARGINS.2)),
                top: y + MARGINS.1,
                bottom: y + CELL.1 - MARGINS.3,
            };
            let shown = Shown { recordings: self.recordings, chunk: self.chunk, panel, frame };
            if panel.format.is_of_spikes() {
                remarks.extend(spikes::draw(&mut sheet, &shown)?);
            } else {
                panels::draw(&mut sheet, &shown)?;
            }
        }
        Ok((sheet, remarks))
    }

    fn check(&self) -> Result<(), PlotError> {
        let plan = |problem: String| Err(PlotError::Plan { problem });
        let (rows, columns) = self.shape;
        if rows == 0 || columns == 0 || self.plan.is_empty() {
            return plan(format!("a grid of {rows} x {columns} with {} panels", self.plan.len()));
        }
        for (at, panel) in self.plan.iter().enumerate() {
            let Panel { position, compartment, variable, format } = panel;
            if !(1..=rows * columns).contains(position) {
                return plan(format!(
                    "position {position} is not on the grid of {rows} x {columns}"
                ));
            }
            if self.plan[..at].iter().any(|other| other.position == *position) {
                return plan(format!("position {position} has two panels"));
            }
            if format.is_of_spikes() != (variable == "spike") {
                let name = format.name();
                return plan(format!("the format {name} does not fit '{compartment};{variable}'"));
            }
        }
        Ok(())
    }

    /// First and last time shown in ms.
    fn window_ms(&self) -> Result<(f64, f64), PlotError> {
        let times = self.recordings.times();
        let (mut start_ms, mut end_ms) = (f64::INFINITY, f64::NEG_INFINITY);
        for panel in &self.plan {
            let (first, last) = times.time_limits(self.chunk, &panel.compartment, None)?;
            start_ms = start_ms.min(first);
            // One sample alone is shown for as long as a period.
            let alone =
                if first == last { times.period_ms(self.chunk, &panel.compartment)? } else { 0.0 };
            end_ms = end_ms.max(last + alone);
        }
        let Some((from_ms, to_ms)) = self.limits_ms else { return Ok((start_ms, end_ms)) };
        if !(from_ms.is_finite() && to_ms.is_finite() && from_ms < to_ms) {
            return Err(PlotError::Window { start_ms: from_ms, end_ms: to_ms });
        }
        if from_ms < start_ms || end_ms < to_ms {
            return Err(PlotError::Outside { from_ms, to_ms, start_ms, end_ms });
        }
        Ok((from_ms, to_ms))
    }
}

impl Shown<'_> {
    /// Marks the times in which the compartment was not recorded.
    fn shade_pauses(&self, sheet: &mut Sheet) -> Result<(), PlotError> {
        let times = self.recordings.times();
        let periods = times.periods_ms(self.chunk, &self.panel.compartment)?;
        let (start_ms, end_ms) = self.frame.time.values;
        // From the last sample, whose place is a point, to the next.
        let period_ms = times.period_ms(self.chunk, &self.panel.compartment)?;
        let starts = periods.iter().map(|period| period.0).chain([end_ms + period_ms]);
        let ends = std::iter::once(start_ms).chain(periods.iter().map(|period| period.1));
        for (from_ms, to_ms) in ends.zip(starts) {
            let (from_ms, to_ms) = (from_ms.max(start_ms), to_ms.min(end_ms));
            if to_ms - from_ms > period_ms {
                let (left, right) = (self.frame.time.at(from_ms), self.frame.time.at(to_ms));
                sheet.marks(&[(left, self.frame.top)], (right - left, self.frame.height()), PAUSE);
            }
        }
        Ok(())
    }
}

/// A panel, what it shows and where.
struct Shown<'p> {
    recordings: &'p Recordings,
    chunk: usize,
    panel: &'p Panel,
    /// The window is that of its time axis.
    frame: Frame,
}
