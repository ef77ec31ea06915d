//! Panels of spikes.

use net_analysis::{
    Smoothing, coefficient_of_variation, histogram, intervals_ms, optimal_bin_ms, population_rate,
};

use super::super::PlotError;
use super::super::draw::{Align, Axis, Frame, INK, Rgb, Sheet};
use super::matrix::whole_ticks;
use super::{Format, Shown};

/// The rate beside a raster.
const RATE: Rgb = [213, 94, 0];
/// Bins of histograms, and their ranges.
const BINS: usize = 100;
const INTERVALS_MS: (f64, f64) = (0.0, 200.0);
const CVS: (f64, f64) = (0.0, 2.0);

/// Spikes of a time in which they were recorded.
struct Stretch {
    window_ms: (f64, f64),
    /// Times of each cell's spikes.
    cells: Vec<Vec<f64>>,
}

/// The spikes within the window, period by period: nothing is known of pauses.
fn stretches(shown: &Shown<'_>) -> Result<Vec<Stretch>, PlotError> {
    let (start_ms, end_ms) = shown.frame.time.values;
    let compartment = &shown.panel.compartment;
    let cells = shown.recordings.spike_times_ms(shown.chunk, compartment)?;
    let periods = shown.recordings.times().periods_ms(shown.chunk, compartment)?;
    let within = periods.into_iter().map(|(from, to)| (from.max(start_ms), to.min(end_ms)));
    let stretch = |window_ms: (f64, f64)| {
        let is_own = |t: &&f64| window_ms.0 <= **t && **t <= window_ms.1;
        let own = |times: &Vec<f64>| times.iter().filter(is_own).copied().collect();
        Stretch { window_ms, cells: cells.iter().map(own).collect() }
    };
    Ok(within.filter(|(from, to)| from < to).map(stretch).collect())
}

/// Intervals of each cell; none spans a pause.
fn intervals(stretches: &[Stretch], n_cells: usize) -> Vec<Vec<f64>> {
    let of_cell =
        |cell: usize| stretches.iter().flat_map(|own| intervals_ms(&own.cells[cell])).collect();
    (0..n_cells).map(of_cell).collect()
}

/// Draws the spikes within the window; says if there are none.
pub(super) fn draw(sheet: &mut Sheet, shown: &Shown<'_>) -> Result<Option<String>, PlotError> {
    let (compartment, frame) = (&shown.panel.compartment, &shown.frame);
    let stretches = stretches(shown)?;
    let n_cells = shown.recordings.spike_steps(shown.chunk, compartment)?.len();
    let n_spikes = stretches.iter().flat_map(|own| &own.cells).map(Vec::len).sum::<usize>();
    let plural = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let counts = format!("{}, {}", plural(n_cells, "cell"), plural(n_spikes, "spike"));
    match shown.panel.format {
        Format::Interspike => {
            let intervals = intervals(&stretches, n_cells).concat();
            let heading = format!("intervals of {compartment}, density (1/ms), {counts}");
            bars(sheet, frame, &intervals, INTERVALS_MS, &heading, "interval (ms)")?;
        }
        Format::Cv => {
            let intervals = intervals(&stretches, n_cells);
            let cvs = intervals.iter().filter_map(|own| coefficient_of_variation(own));
            let heading = format!("variation of intervals of {compartment}, density, {counts}");
            let cvs: Vec<f64> = cvs.collect();
            bars(sheet, frame, &cvs, CVS, &heading, "coefficient of variation")?;
        }
        format => {
            let rate_only = format == Format::Mean;
            let what = if rate_only { "rate (Hz) of" } else { "spikes of" };
            shown.shade_pauses(sheet)?;
            frame.grid(sheet);
            if !rate_only {
                raster(sheet, frame, &stretches, n_cells);
            }
            if format != Format::Raster {
                rate(sheet, frame, &stretches, n_cells, !rate_only)?;
            }
            if n_spikes == 0 {
                frame.nothing(sheet, "no spikes in this time");
            }
            frame.edge(sheet, &format!("{what} {compartment}, {counts}"));
            frame.time_axis(sheet);
        }
    }
    Ok((n_spikes == 0)
        .then(|| format!("{compartment} does not contain any spikes in the given time interval.")))
}

/// A mark a spike, a row a cell from the bottom.
fn raster(sheet: &mut Sheet, frame: &Frame, stretches: &[Stretch], n_cells: usize) {
    let rows = Axis::new((-0.5, n_cells.max(1) as f64 - 0.5), (frame.bottom, frame.top));
    let row_height = frame.height() / n_cells.max(1) as f64;
    let size = (1.6, (0.7 * row_height).clamp(1.6, 60.0));
    let half_pixel = |x: f64| (2.0 * x).round() / 2.0;
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (cell, times) in stretches.iter().flat_map(|own| own.cells.iter().enumerate()) {
        let y = half_pixel(rows.at(cell as f64) - size.1 / 2.0);
        corners.extend(times.iter().map(|&t| (half_pixel(frame.time.at(t) - size.0 / 2.0), y)));
    }
    // What falls on the same pixel is drawn once.
    corners.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
    corners.dedup();
    sheet.marks(&corners, size, INK);
    for (cell, label) in whole_ticks(&rows, (frame.height() / 40.0) as usize) {
        frame.tick(sheet, rows.at(cell), &label);
    }
}

/// The rate of all cells, smoothed over the window that fits the longest time of recording; on an
/// axis at the right beside a raster.
fn rate(
    sheet: &mut Sheet,
    frame: &Frame,
    stretches: &[Stretch],
    n_cells: usize,
    beside_raster: bool,
) -> Result<(), PlotError> {
    let (start_ms, end_ms) = frame.time.values;
    // A value for every other pixel.
    let step_ms = (end_ms - start_ms) / (0.5 * (frame.right() - frame.left()));
    let duration_ms = |own: &Stretch| own.window_ms.1 - own.window_ms.0;
    let longest = stretches.iter().max_by(|a, b| duration_ms(a).total_cmp(&duration_ms(b)));
    let Some(longest) = longest else { return Ok(()) };
    let width_ms = optimal_bin_ms(&longest.cells.concat(), longest.window_ms, step_ms)?;
    let rates = stretches.iter().map(|own| {
        let smoothing = Smoothing::Window { width_ms };
        population_rate(&own.cells.concat(), n_cells as u64, own.window_ms, step_ms, smoothing)
    });
    let rates = rates.collect::<Result<Vec<_>, _>>()?;
    let peak_hz = rates.iter().flat_map(|rate| &rate.hz).copied().fold(0.0, f64::max);
    let top_hz = if peak_hz > 0.0 { 1.08 * peak_hz } else { 1.0 };
    let axis = Axis::new((0.0, top_hz), (frame.bottom, frame.top));
    let color = if beside_raster { RATE } else { INK };
    for (rate, own) in rates.iter().zip(stretches) {
        let right = frame.time.at(own.window_ms.1);
        let middles = rate.times_ms().into_iter().zip(&rate.hz);
        let line = middles.map(|(t, &hz)| (frame.time.at(t).min(right), axis.at(hz))).collect();
        sheet.polyline(line, 1.6, color);
    }
    for (hz, label) in axis.ticks((frame.height() / 40.0) as usize) {
        if beside_raster {
            frame.right_tick(sheet, axis.at(hz), color, &label);
        } else {
            frame.tick(sheet, axis.at(hz), &label);
        }
    }
    if beside_raster {
        let x = frame.right() + 60.0;
        sheet.text(x, frame.top - 9.0, 15, Align::Right, color, "rate (Hz)");
    }
    Ok(())
}

/// A histogram of values.
fn bars(
    sheet: &mut Sheet,
    frame: &Frame,
    values: &[f64],
    range: (f64, f64),
    heading: &str,
    label: &str,
) -> Result<(), PlotError> {
    let frame = Frame { time: Axis::new(range, frame.time.pixels), ..*frame };
    frame.grid(sheet);
    let found = histogram(values, BINS, range)?;
    let highest = found.density.iter().copied().fold(0.0, f64::max);
    let top = if highest > 0.0 { 1.08 * highest } else { 1.0 };
    let axis = Axis::new((0.0, top), (frame.bottom, frame.top));
    let width = (frame.right() - frame.left()) / BINS as f64;
    for (edge, &density) in found.edges.iter().zip(&found.density).filter(|bin| *bin.1 > 0.0) {
        let (x, y) = (frame.time.at(*edge), axis.at(density));
        sheet.marks(&[(x + 0.5, y)], (width - 1.0, frame.bottom - y), INK);
    }
    if highest == 0.0 {
        let message = match values.len() {
            0 => "too few spikes in this time",
            _ => "no value within this range",
        };
        frame.nothing(sheet, message);
    }
    for (density, label) in axis.ticks((frame.height() / 40.0) as usize) {
        frame.tick(sheet, axis.at(density), &label);
    }
    frame.edge(sheet, heading);
    frame.x_axis(sheet, label);
    Ok(())
}
