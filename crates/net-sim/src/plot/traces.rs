//! Membrane potentials, each in its own lane, all at one scale.

use super::draw::{Axis, Frame, INK, Sheet, polylines, round_up};
use super::raster::Rows;
use super::{Trace, Traces};

/// A lane is at least so many pixels high; traces that find no room are named as left out.
const MIN_LANE: f64 = 24.0;
/// A lane that is at least this high has ticks of its own; lower ones share a scale bar.
const TICK_LANE: f64 = 46.0;

/// Draw the traces; `rows` knows the colors of the cells.
pub(super) fn draw(sheet: &mut Sheet, frame: &Frame, traces: &Traces, rows: &Rows) {
    frame.grid(sheet);
    let room = (frame.height() / MIN_LANE) as usize;
    let hidden = traces.cells.len().saturating_sub(room);
    // The last lane makes room for the remark on what is left out.
    let shown = &traces.cells[..traces.cells.len() - if hidden == 0 { 0 } else { hidden + 1 }];
    let lanes = if hidden == 0 { shown.len() } else { shown.len() + 1 };
    let height = frame.height() / lanes as f64;
    let range_mv = range_mv(shown, traces, frame.time.values);

    for (i, trace) in shown.iter().enumerate() {
        let top = frame.top + i as f64 * height;
        // A little air above and below the highest and lowest value.
        let lane = Axis::new(range_mv, (top + 0.96 * height, top + 0.06 * height));
        let color = rows.color_of(trace.gid).unwrap_or(INK);
        for line in lines_of(trace, traces, &frame.time, &lane) {
            sheet.polyline(line, 1.4, color);
        }
        frame.name(sheet, top + height / 2.0, color, &trace.label);
        if TICK_LANE <= height {
            for (mv, label) in lane.ticks((height / 14.0) as usize) {
                frame.tick(sheet, lane.at(mv), &label);
            }
        } else if i == 0 {
            scale_bar(sheet, frame, &lane);
        }
    }
    if 0 < hidden {
        let remark = format!("{} more not shown", hidden + 1);
        frame.remark(sheet, frame.bottom - height / 2.0, &remark);
    }
    frame.edge(sheet, "membrane potential (mV)");
}

/// The scale of lanes too low for ticks: a bar of a round number of mV at the left edge.
fn scale_bar(sheet: &mut Sheet, frame: &Frame, lane: &Axis) {
    let span_mv = round_up((lane.values.1 - lane.values.0) / 2.0);
    let (x, bottom) = (frame.left() - 8.0, lane.at(lane.values.0));
    let top = lane.at(lane.values.0 + span_mv);
    sheet.line((x, bottom), (x, top), 2.0, INK);
    let middle = (top + bottom) / 2.0 + 4.5;
    sheet.text(x - 6.0, middle, 13, super::Align::Right, INK, &format!("{span_mv} mV"));
}

/// Lowest and highest value of all traces within the window, apart from each other.
fn range_mv(shown: &[Trace], traces: &Traces, window_ms: (f64, f64)) -> (f64, f64) {
    let visible = shown.iter().flat_map(|trace| samples(trace, traces, window_ms));
    let (low, high) = visible
        .filter(|sample| sample.1.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, mv)| {
            (low.min(mv), high.max(mv))
        });
    if high < low {
        return (-80.0, 40.0);
    }
    // A flat line is a flat line: noise of a few uV is not blown up to the height of a spike.
    let missing = (5.0 - (high - low)).max(0.0);
    (low - missing / 2.0, high + missing / 2.0)
}

/// (time in ms, potential in mV) of the samples of a trace within the window.
fn samples(
    trace: &Trace,
    traces: &Traces,
    window_ms: (f64, f64),
) -> impl Iterator<Item = (f64, f64)> {
    let (t0_ms, dt_ms) = (traces.t0_ms, traces.dt_ms);
    let times =
        trace.values_mv.iter().enumerate().map(move |(i, &mv)| (t0_ms + i as f64 * dt_ms, mv));
    times.filter(move |sample| window_ms.0 <= sample.0 && sample.0 <= window_ms.1)
}

/// The lines of a trace in pixels, broken where values are not finite.
fn lines_of(trace: &Trace, traces: &Traces, time: &Axis, lane: &Axis) -> Vec<Vec<(f64, f64)>> {
    let samples = samples(trace, traces, time.values);
    polylines(samples.map(|(t_ms, mv)| (time.at(t_ms), lane.at(mv))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(values_mv: Vec<f64>) -> Trace {
        Trace { label: "cell".to_owned(), gid: 0, values_mv }
    }

    /// The lines of a trace sampled every 0.1 ms on axes of one pixel per ms and per mV.
    fn lines(values_mv: Vec<f64>) -> Vec<Vec<(f64, f64)>> {
        let traces = Traces { t0_ms: 0.0, dt_ms: 0.1, cells: Vec::new() };
        let time = Axis::new((0.0, 100.0), (0.0, 100.0));
        let lane = Axis::new((0.0, 100.0), (0.0, 100.0));
        lines_of(&trace(values_mv), &traces, &time, &lane)
    }

    #[test]
    fn a_long_trace_keeps_its_extremes() {
        let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
        values[503] = 99.0;
        values[504] = -42.0;
        let lines = lines(values);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].len() <= 400);
        let heights = lines[0].iter().map(|point| point.1);
        approx::assert_relative_eq!(heights.clone().fold(f64::MIN, f64::max), 99.0);
        approx::assert_relative_eq!(heights.fold(f64::MAX, f64::min), -42.0);
        assert!(lines[0].is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_short_trace_is_kept_as_it_is() {
        let lines = lines(vec![1.0, 3.0, 2.0]);
        assert_eq!(lines[0].len(), 3);
    }

    #[test]
    fn values_that_are_not_finite_break_the_line() {
        let lines = lines(vec![f64::NAN, 1.0, 2.0, f64::INFINITY, 3.0, 4.0]);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    }

    #[test]
    fn the_range_ignores_what_is_outside_the_window() {
        let cells = vec![trace(vec![-65.0, -70.0, 30.0, f64::NAN])];
        let traces = Traces { t0_ms: 0.0, dt_ms: 1.0, cells };
        assert_eq!(range_mv(&traces.cells, &traces, (0.0, 10.0)), (-70.0, 30.0));
        assert_eq!(range_mv(&traces.cells, &traces, (0.0, 1.0)), (-70.0, -65.0));
        assert_eq!(range_mv(&traces.cells, &traces, (3.0, 9.0)), (-80.0, 40.0));
    }
}
