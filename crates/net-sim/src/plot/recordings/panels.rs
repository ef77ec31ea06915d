//! Panels of sampled variables.

use super::super::PlotError;
use super::super::draw::{Axis, INK, polylines, population_color};
use super::{Format, Shown, expression, matrix};
use crate::plot::draw::Sheet;

/// Values of a variable within the window: samples x cells, pauses as NaN.
pub(super) struct Values {
    pub(super) times_ms: Vec<f64>,
    /// Time between samples in ms.
    pub(super) period_ms: f64,
    pub(super) values: ndarray::Array2<f64>,
}

pub(super) fn draw(sheet: &mut Sheet, shown: &Shown<'_>) -> Result<(), PlotError> {
    let mut own = values(shown)?;
    let n_cells = own.values.ncols();
    let is_mean = matches!(shown.panel.format, Format::LineMean | Format::MatrixMean);
    if is_mean {
        let mean = |row: ndarray::ArrayView1<'_, f64>| row.sum() / n_cells.max(1) as f64;
        let means = own.values.rows().into_iter().map(mean).collect::<Vec<_>>();
        own.values = ndarray::Array1::from(means).insert_axis(ndarray::Axis(1));
    }
    let unit = shown.recordings.unit(&shown.panel.compartment, &shown.panel.variable);
    let heading = heading(shown, n_cells, is_mean, unit);
    shown.shade_pauses(sheet)?;
    match shown.panel.format {
        Format::Matrix | Format::MatrixMean => matrix::draw(sheet, shown, &own, &heading, unit),
        _ => lines(sheet, shown, &own, &heading),
    }
    shown.frame.time_axis(sheet);
    Ok(())
}

/// `v of E (mV), mean of 3 cells`
fn heading(shown: &Shown<'_>, n_cells: usize, is_mean: bool, unit: &str) -> String {
    let panel = shown.panel;
    let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
    let cells = match (is_mean, n_cells) {
        (_, 1) => "1 cell".to_owned(),
        (true, n) => format!("mean of {n} cells"),
        (false, n) => format!("{n} cells"),
    };
    format!("{} of {}{unit}, {cells}", panel.variable, panel.compartment)
}

/// The values of the panel's variable or expression.
fn values(shown: &Shown<'_>) -> Result<Values, PlotError> {
    let Shown { recordings, chunk, panel, frame } = shown;
    let combined = expression::evaluate(recordings, *chunk, &panel.compartment, &panel.variable)?;
    let (from_ms, to_ms) = frame.time.values;
    let start = combined.times_ms.partition_point(|&t| t < from_ms);
    let end = combined.times_ms.partition_point(|&t| t <= to_ms);
    Ok(Values {
        times_ms: combined.times_ms[start..end].to_vec(),
        period_ms: recordings.times().period_ms(*chunk, &panel.compartment)?,
        values: combined.values.slice_move(ndarray::s![start..end, ..]),
    })
}

/// A line a cell.
fn lines(sheet: &mut Sheet, shown: &Shown<'_>, own: &Values, heading: &str) {
    let frame = &shown.frame;
    frame.grid(sheet);
    let Some((low, high)) = range(own.values.iter()) else {
        frame.nothing(sheet, "no samples in this time");
        return frame.edge(sheet, heading);
    };
    let axis = Axis::new(padded(low, high), (frame.bottom, frame.top));
    let n_cells = own.values.ncols();
    for (cell, values) in own.values.columns().into_iter().enumerate() {
        let points = own.times_ms.iter().zip(values);
        let pixels = points.map(|(&t, &value)| (frame.time.at(t), axis.at(value)));
        let color = if n_cells == 1 { INK } else { population_color(cell) };
        for line in polylines(pixels) {
            sheet.polyline(line, 1.4, color);
        }
    }
    for (value, label) in axis.ticks((frame.height() / 40.0) as usize) {
        frame.tick(sheet, axis.at(value), &label);
    }
    frame.edge(sheet, heading);
}

/// Lowest and highest finite value.
pub(super) fn range<'v>(values: impl Iterator<Item = &'v f64>) -> Option<(f64, f64)> {
    let range = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| {
            (low.min(value), high.max(value))
        });
    (range.0 <= range.1).then_some(range)
}

/// A range with some air above and below, also where all values are equal.
fn padded(low: f64, high: f64) -> (f64, f64) {
    let least = 1e-6 * low.abs().max(high.abs()).max(1e-9);
    let air = (0.06 * (high - low)).max(least);
    (low - air, high + air)
}
