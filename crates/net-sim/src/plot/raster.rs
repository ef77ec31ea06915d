//! The spike raster and the population rates.

use super::draw::{Axis, EDGE, Frame, Rgb, Sheet, population_color, round_up};
use super::{PlotError, SpikeRaster};

/// The spikes of the window, each in its row: cells stand below each other in the order of the
/// populations.
pub(super) struct Rows {
    bands: Vec<Band>,
    /// (row, time in ms), sorted.
    spikes: Vec<(u64, f64)>,
    window_ms: (f64, f64),
}

/// The rows of one population.
struct Band {
    name: String,
    first_gid: u64,
    first_row: u64,
    size: u64,
    color: Rgb,
}

impl Rows {
    pub(super) fn new(raster: &SpikeRaster, window_ms: (f64, f64)) -> Result<Self, PlotError> {
        let mut first_row = 0;
        let mut bands = Vec::with_capacity(raster.populations.len());
        for (index, population) in raster.populations.iter().enumerate() {
            bands.push(Band {
                name: population.name.clone(),
                first_gid: population.first_gid,
                first_row,
                size: population.size,
                color: population_color(index),
            });
            first_row += population.size;
        }
        let mut rows = Self { bands, spikes: Vec::new(), window_ms };
        for &(gid, t_ms) in &raster.spikes {
            let unknown = PlotError::UnknownGid { gid, populations: raster.populations.len() };
            let band = rows.band_of(gid).ok_or(unknown)?;
            let row = band.first_row + (gid - band.first_gid);
            if window_ms.0 <= t_ms && t_ms <= window_ms.1 {
                rows.spikes.push((row, t_ms));
            }
        }
        rows.spikes.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Ok(rows)
    }

    /// Color of the population that `gid` belongs to.
    pub(super) fn color_of(&self, gid: u64) -> Option<Rgb> {
        self.band_of(gid).map(|band| band.color)
    }

    /// Numbers of cells and spikes and the mean rate, in words.
    pub(super) fn summary(&self) -> String {
        let spikes = self.spikes.len() as u64;
        let mut words = format!(
            "{}, {}",
            counted(self.cells(), "cell", "cells"),
            counted(spikes, "spike", "spikes")
        );
        if 0 < self.cells() {
            words += &format!(", {:.1} Hz on average", self.rate_hz(spikes, self.cells()));
        }
        words
    }

    fn cells(&self) -> u64 {
        self.bands.iter().map(|band| band.size).sum()
    }

    fn band_of(&self, gid: u64) -> Option<&Band> {
        self.bands
            .iter()
            .find(|band| gid.checked_sub(band.first_gid).is_some_and(|i| i < band.size))
    }

    /// The spikes of one band.
    fn spikes_of(&self, band: &Band) -> &[(u64, f64)] {
        let start = self.spikes.partition_point(|spike| spike.0 < band.first_row);
        let end = self.spikes.partition_point(|spike| spike.0 < band.first_row + band.size);
        &self.spikes[start..end]
    }

    /// Mean rate of `cells` cells that spiked `spikes` times in the window.
    fn rate_hz(&self, spikes: u64, cells: u64) -> f64 {
        spikes as f64 / cells as f64 / (self.window_ms.1 - self.window_ms.0) * 1e3
    }
}

/// One mark a spike; marks that fall on the same pixel are drawn once.
pub(super) fn draw_spikes(sheet: &mut Sheet, frame: &Frame, rows: &Rows) {
    frame.grid(sheet);
    let cells = rows.cells();
    if cells == 0 {
        frame.nothing(sheet, "no cells");
        return frame.edge(sheet, "spikes of cells (by gid)");
    }
    let row_height = frame.height() / cells as f64;
    let row_top = |row: u64| row_pixel(frame, rows, row as f64);
    let size = (2.2, (0.8 * row_height).clamp(2.4, 12.0));
    for band in &rows.bands {
        let mut corners: Vec<(f64, f64)> = rows
            .spikes_of(band)
            .iter()
            .map(|&(row, t_ms)| {
                let x = frame.time.at(t_ms) - size.0 / 2.0;
                let y = row_top(row) + (row_height - size.1) / 2.0;
                (half_pixel(x), half_pixel(y))
            })
            .collect();
        corners.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
        corners.dedup();
        sheet.marks(&corners, size, band.color);
    }
    if rows.spikes.is_empty() {
        frame.nothing(sheet, "no spikes");
    }
    for band in rows.bands.iter().skip(1).filter(|band| 0 < band.size) {
        let y = row_top(band.first_row).round() + 0.5;
        sheet.line((frame.left(), y), (frame.right(), y), 1.0, EDGE);
    }
    draw_gids(sheet, frame, rows);
    draw_names(sheet, frame, rows);
    frame.edge(sheet, "spikes of cells (by gid)");
}

/// Gids at the left edge: where populations begin and end, then round ones where there is room.
fn draw_gids(sheet: &mut Sheet, frame: &Frame, rows: &Rows) {
    const ROOM: f64 = 20.0;
    let filled = || rows.bands.iter().filter(|band| 0 < band.size);
    let firsts = filled().map(|band| (band, 0));
    let last = filled().next_back().map(|band| (band, band.size - 1));
    let between = filled().flat_map(|band| {
        let share = frame.height() * band.size as f64 / rows.cells() as f64;
        let step = round_up(band.size as f64 / (share / 60.0)).max(1.0) as u64;
        // The first gid of the band that is a multiple of the step, and so on.
        let first = band.first_gid.next_multiple_of(step) - band.first_gid;
        (first..band.size).step_by(step as usize).map(move |offset| (band, offset))
    });
    let mut taken: Vec<f64> = Vec::new();
    for (band, offset) in firsts.chain(last).chain(between) {
        let y = row_pixel(frame, rows, (band.first_row + offset) as f64 + 0.5);
        if taken.iter().all(|other| ROOM <= (y - other).abs()) {
            frame.tick(sheet, y, &(band.first_gid + offset).to_string());
            taken.push(y);
        }
    }
}

/// Names, sizes and mean rates of the populations in the right margin.
fn draw_names(sheet: &mut Sheet, frame: &Frame, rows: &Rows) {
    let filled: Vec<&Band> = rows.bands.iter().filter(|band| 0 < band.size).collect();
    let edge = |row: u64| row_pixel(frame, rows, row as f64);
    let edges: Vec<_> = filled
        .iter()
        .map(|band| (edge(band.first_row), edge(band.first_row + band.size)))
        .collect();
    for (at, top, n_lines) in label_places(&edges, (frame.top, frame.bottom)) {
        let band = filled[at];
        let line = |number: f64| top + (number + 0.5) * LINE;
        frame.name(sheet, line(0.0), band.color, &band.name);
        if n_lines == FULL {
            let rate_hz = rows.rate_hz(rows.spikes_of(band).len() as u64, band.size);
            frame.remark(sheet, line(1.0), &counted(band.size, "cell", "cells"));
            frame.remark(sheet, line(2.0), &format!("{rate_hz:.1} Hz"));
        }
    }
}

/// Height of a line of a label in pixels, and lines of one that tells name, size and rate.
const LINE: f64 = 19.0;
const FULL: usize = 3;

/// Labels of bands between these edges, top and bottom in pixels, within `room`: index of the band, top
/// and number of lines of its label.
///
/// All are full if there is room for all. Else those are whose bands are high enough, others have a
/// name alone, and those without room for one none. Each is beside the middle of its band, or as
/// near to it as the labels above and below let it.
fn label_places(edges: &[(f64, f64)], room: (f64, f64)) -> Vec<(usize, f64, usize)> {
    let height = |n_lines: usize| n_lines as f64 * LINE;
    let all_fit = edges.len() as f64 * height(FULL) <= room.1 - room.0;
    let mut labels: Vec<(usize, f64, usize)> = Vec::new();
    let mut free_from = room.0;
    for (at, &(top, bottom)) in edges.iter().enumerate() {
        let is_full = all_fit || height(FULL) <= bottom - top;
        let n_lines = if is_full { FULL } else { 1 };
        let wanted = (top + bottom - height(n_lines)) / 2.0;
        if !is_full && wanted < free_from {
            continue;
        }
        let place = wanted.max(free_from);
        free_from = place + height(n_lines);
        labels.push((at, place, n_lines));
    }
    let mut free_to = room.1;
    for (_, top, n_lines) in labels.iter_mut().rev() {
        *top = top.min(free_to - height(*n_lines));
        free_to = *top;
    }
    labels
}

/// The pixel of row `row`; whole numbers are upper edges of rows.
fn row_pixel(frame: &Frame, rows: &Rows, row: f64) -> f64 {
    frame.top + row / rows.cells() as f64 * frame.height()
}

/// The rate of each population over time: spikes per cell and second, in bins.
pub(super) fn draw_rates(sheet: &mut Sheet, frame: &Frame, rows: &Rows) {
    frame.grid(sheet);
    let (start_ms, end_ms) = rows.window_ms;
    let width_ms = round_up((end_ms - start_ms) / MAX_BINS).max(MIN_BIN_MS);
    let edges_ms: Vec<f64> = bin_edges(start_ms, end_ms, width_ms);
    let curves: Vec<(Rgb, Vec<f64>)> = rows
        .bands
        .iter()
        .filter(|band| 0 < band.size)
        .map(|band| (band.color, rates_hz(rows.spikes_of(band), band.size, &edges_ms)))
        .collect();
    let peak_hz = curves.iter().flat_map(|curve| &curve.1).fold(0.0, |a: f64, &b| a.max(b));
    let top_hz = if 0.0 < peak_hz { 1.08 * peak_hz } else { 1.0 };
    let axis = Axis::new((0.0, top_hz), (frame.bottom, frame.top));
    for (color, rates) in curves {
        let mut outline = Vec::with_capacity(2 * rates.len());
        for (edges, rate) in edges_ms.windows(2).zip(rates) {
            outline.extend(edges.iter().map(|&t_ms| (frame.time.at(t_ms), axis.at(rate))));
        }
        sheet.polyline(outline, 1.6, color);
    }
    for (rate, label) in axis.ticks((frame.height() / 25.0) as usize) {
        frame.tick(sheet, axis.at(rate), &label);
    }
    frame.edge(sheet, &format!("population rate (Hz), in bins of {width_ms} ms"));
}

/// At most so many bins of the rates, and none narrower than so many ms.
const MAX_BINS: f64 = 100.0;
const MIN_BIN_MS: f64 = 1.0;

/// Bin edges from `start_ms` every `width_ms`; the last bin ends at `end_ms`.
fn bin_edges(start_ms: f64, end_ms: f64, width_ms: f64) -> Vec<f64> {
    let bins = ((end_ms - start_ms) / width_ms - 1e-9).ceil().max(1.0) as usize;
    (0..bins).map(|bin| start_ms + bin as f64 * width_ms).chain([end_ms]).collect()
}

/// Spikes per cell and second in each bin; the last bin includes its end.
fn rates_hz(spikes: &[(u64, f64)], cells: u64, edges_ms: &[f64]) -> Vec<f64> {
    let bins = edges_ms.len() - 1;
    let mut counts = vec![0_u64; bins];
    for &(_, t_ms) in spikes {
        let bin = edges_ms.partition_point(|&edge| edge <= t_ms).clamp(1, bins) - 1;
        counts[bin] += 1;
    }
    let widths_s = edges_ms.windows(2).map(|edges| (edges[1] - edges[0]) * 1e-3);
    counts.iter().zip(widths_s).map(|(&n, width)| n as f64 / cells as f64 / width).collect()
}

fn half_pixel(x: f64) -> f64 {
    (2.0 * x).round() / 2.0
}

/// `n` with thousands set apart, and the thing that is counted.
fn counted(n: u64, one: &str, many: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if 0 < i && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Population;

    fn population(name: &str, first_gid: u64, size: u64) -> Population {
        Population { name: name.to_owned(), first_gid, size }
    }

    #[test]
    fn rows_follow_the_populations_not_the_gids() {
        let raster = SpikeRaster {
            populations: vec![population("I", 10, 2), population("E", 0, 3)],
            spikes: vec![(2, 5.0), (10, 7.0), (10, 1.0), (0, 99.0)],
        };
        let rows = Rows::new(&raster, (0.0, 50.0)).unwrap();
        assert_eq!(rows.spikes, [(0, 1.0), (0, 7.0), (4, 5.0)]);
        assert_eq!(rows.spikes_of(&rows.bands[1]), [(4, 5.0)]);
        assert_eq!(rows.color_of(11), Some(population_color(0)));
        assert_eq!(rows.color_of(12), None);
    }

    #[test]
    fn a_spike_of_no_population_is_an_error() {
        let raster =
            SpikeRaster { populations: vec![population("E", 0, 3)], spikes: vec![(3, 1.0)] };
        let error = Rows::new(&raster, (0.0, 1.0)).err().unwrap();
        assert_eq!(
            error.to_string(),
            "a spike of gid 3 belongs to none of the 1 populations of the raster"
        );
    }

    #[test]
    fn rates_count_spikes_per_cell_and_second() {
        let edges = bin_edges(0.0, 25.0, 10.0);
        assert_eq!(edges, [0.0, 10.0, 20.0, 25.0]);
        // Two cells; one spike on an inner edge, one at the very end of the half bin.
        let spikes = [(0, 1.0), (0, 10.0), (1, 11.0), (1, 25.0)];
        let expected = [50.0, 100.0, 100.0];
        for (rate, expected) in rates_hz(&spikes, 2, &edges).into_iter().zip(expected) {
            approx::assert_relative_eq!(rate, expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn small_populations_have_whole_labels_where_there_is_room() {
        let full = 3.0 * LINE;
        // In their middles; moved up from the lower edge; moved apart.
        assert_eq!(
            label_places(&[(0.0, 100.0), (100.0, 200.0)], (0.0, 200.0)),
            [(0, 50.0 - full / 2.0, 3), (1, 150.0 - full / 2.0, 3)]
        );
        assert_eq!(
            label_places(&[(0.0, 136.0), (136.0, 170.0)], (0.0, 170.0)),
            [(0, 68.0 - full / 2.0, 3), (1, 170.0 - full, 3)]
        );
        assert_eq!(
            label_places(&[(0.0, 10.0), (10.0, 20.0), (20.0, 171.0)], (0.0, 171.0)),
            [(0, 0.0, 3), (1, full, 3), (2, 2.0 * full, 3)]
        );
        // No room for all: names of small ones, and none of the smallest.
        assert_eq!(
            label_places(&[(0.0, 60.0), (60.0, 80.0), (80.0, 82.0)], (0.0, 82.0)),
            [(0, 1.5, 3), (1, 60.5, 1)]
        );
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(counted(1, "cell", "cells"), "1 cell");
        assert_eq!(counted(1_234_567, "spike", "spikes"), "1,234,567 spikes");
        assert_eq!(counted(120, "spike", "spikes"), "120 spikes");
    }
}
