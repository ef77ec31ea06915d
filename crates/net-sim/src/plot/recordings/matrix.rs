//! Cells x time in colors.

use super::super::draw::{Align, Axis, Frame, INK, Rgb, Sheet};
use super::Shown;
use super::panels::{Values, range};

/// Size of a spot in pixels.
const SPOT: f64 = 2.0;

/// From dark to bright: anchors of matplotlib's viridis, readable with any color vision and in gray.
const COLORS: [[f64; 3]; 6] = [
    [68.0, 1.0, 84.0],
    [65.0, 68.0, 135.0],
    [42.0, 120.0, 142.0],
    [34.0, 168.0, 132.0],
    [122.0, 209.0, 81.0],
    [253.0, 231.0, 37.0],
];

/// The matrix, its scale of colors and the numbers of the cells.
pub(super) fn draw(sheet: &mut Sheet, shown: &Shown<'_>, own: &Values, heading: &str, unit: &str) {
    let frame = &shown.frame;
    let Some((low, high)) = range(own.values.iter()) else {
        frame.nothing(sheet, "no samples in this time");
        return frame.edge(sheet, heading);
    };
    let scale =
        Axis::new(if low < high { (low, high) } else { (low - 0.5, low + 0.5) }, (0.0, 1.0));
    spots(sheet, frame, own, &scale);
    let n_cells = own.values.ncols();
    color_bar(sheet, frame, &scale, unit);
    if n_cells == 1 {
        return frame.edge(sheet, heading);
    }
    let cells = Axis::new((-0.5, n_cells as f64 - 0.5), (frame.bottom, frame.top));
    for (cell, label) in whole_ticks(&cells, (frame.height() / 40.0) as usize) {
        frame.tick(sheet, cells.at(cell), &label);
    }
    frame.edge(sheet, &format!("{heading}, by number"));
}

/// The samples around whose time a pixel lies; a sample stands for half a period before and after.
fn spots(sheet: &mut Sheet, frame: &Frame, own: &Values, scale: &Axis) {
    let (n_samples, n_cells) = own.values.dim();
    let (mut corners, mut colors) = (Vec::new(), Vec::new());
    let (width, height) = (frame.right() - frame.left(), frame.height());
    let (start_ms, end_ms) = frame.time.values;
    let (n_x, n_y) = ((width / SPOT).ceil() as usize, (height / SPOT).ceil() as usize);
    for i in 0..n_x {
        let t_ms = start_ms + (i as f64 + 0.5) * SPOT / width * (end_ms - start_ms);
        let after = own.times_ms.partition_point(|&time| time < t_ms - 0.5 * own.period_ms);
        let near = own.times_ms.get(after).is_some_and(|&time| time <= t_ms + 0.5 * own.period_ms);
        if after == n_samples || !near {
            continue;
        }
        for j in 0..n_y {
            let share = 1.0 - (j as f64 + 0.5) * SPOT / height;
            let cell = ((share * n_cells as f64).max(0.0) as usize).min(n_cells - 1);
            let value = own.values[[after, cell]];
            if value.is_finite() {
                // On whole pixels, so that neighbors leave no seam.
                corners.push((
                    frame.left().round() + i as f64 * SPOT,
                    frame.top.round() + j as f64 * SPOT,
                ));
                colors.push(color(scale.at(value)));
            }
        }
    }
    sheet.spots(&corners, (SPOT, SPOT), &colors);
}

/// The colors and their values, in the right margin.
fn color_bar(sheet: &mut Sheet, frame: &Frame, scale: &Axis, unit: &str) {
    let (left, width) = (frame.right().round() + 12.0, 14.0);
    let n = (frame.height() / SPOT) as usize;
    let corners: Vec<_> = (0..n).map(|i| (left, frame.top.round() + SPOT * i as f64)).collect();
    let colors: Vec<_> = (0..n).map(|i| color(1.0 - (i as f64 + 0.5) / n as f64)).collect();
    sheet.spots(&corners, (width, SPOT), &colors);
    sheet.text(left, frame.top - 9.0, 13, Align::Left, INK, unit);
    let values = Axis::new(scale.values, (frame.bottom, frame.top));
    for (value, label) in values.ticks(6) {
        sheet.text(left + width + 6.0, values.at(value) + 4.5, 13, Align::Left, INK, &label);
    }
}

/// Ticks at whole numbers.
pub(super) fn whole_ticks(axis: &Axis, count: usize) -> Vec<(f64, String)> {
    let ticks = axis.ticks(count).into_iter();
    ticks
        .filter(|(value, _)| value.fract() == 0.0)
        .map(|(value, _)| (value, format!("{value:.0}")))
        .collect()
}

/// From dark to bright, for 0 to 1.
fn color(share: f64) -> Rgb {
    let at = share.clamp(0.0, 1.0) * (COLORS.len() - 1) as f64;
    let low = (at as usize).min(COLORS.len() - 2);
    let (from, to, rest) = (COLORS[low], COLORS[low + 1], at - low as f64);
    std::array::from_fn(|i| (from[i] + rest * (to[i] - from[i])).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_go_from_dark_to_bright() {
        assert_eq!((color(0.0), color(1.0)), ([68, 1, 84], [253, 231, 37]));
        assert_eq!((color(-1.0), color(0.2)), ([68, 1, 84], [65, 68, 135]));
    }

    #[test]
    fn cells_are_counted_in_whole_numbers() {
        let labels = |n: f64| {
            let axis = Axis::new((-0.5, n - 0.5), (0.0, 1.0));
            whole_ticks(&axis, 8).into_iter().map(|tick| tick.1).collect::<Vec<_>>()
        };
        assert_eq!(labels(1.0), ["0"]);
        assert_eq!(labels(3.0), ["0", "1", "2"]);
    }
}
