//! The drawing vocabulary of the figures: a sheet to draw on, axes that map numbers to pixels,
//! frames with ticks.

use kuva::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::color::Color;
use kuva::render::render::{Primitive, Scene, TextAnchor};

/// An RGB color.
pub(in crate::plot) type Rgb = [u8; 3];

/// Text and ticks.
pub(in crate::plot) const INK: Rgb = [38, 38, 38];
/// Secondary text.
pub(in crate::plot) const MUTED: Rgb = [115, 115, 115];
/// Grid lines.
const GRID: Rgb = [230, 230, 230];
/// The line around a frame, and between the populations of a raster.
pub(in crate::plot) const EDGE: Rgb = [170, 170, 170];

/// Colors of the populations, distinguishable with any color vision (Okabe and Ito 2008, without
/// its yellow).
const PALETTE: [Rgb; 7] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [230, 159, 0],
    [90, 90, 90],
];

/// The color of population `index`; colors repeat after seven.
pub(in crate::plot) fn population_color(index: usize) -> Rgb {
    PALETTE[index % PALETTE.len()]
}

/// Size of axis labels and tick labels, in pixels.
const LABEL_PX: u32 = 15;
const TICK_PX: u32 = 13;

/// Which end of a text its position is.
#[derive(Debug, Clone, Copy)]
pub(in crate::plot) enum Align {
    Left,
    Middle,
    Right,
}

/// A white sheet; positions are pixels from its upper left corner.
pub(in crate::plot) struct Sheet(Scene);

impl Sheet {
    pub(in crate::plot) fn new(width: f64, height: f64) -> Self {
        let mut scene = Scene::new(width, height);
        scene.font_family = Some("DejaVu Sans, Helvetica, Arial, sans-serif".to_owned());
        Self(scene)
    }

    pub(in crate::plot) fn to_png(&self) -> Result<Vec<u8>, String> {
        RasterBackend::new().with_scale(1.0).render_scene(&self.0)
    }

    pub(in crate::plot) fn to_svg(&self) -> String {
        SvgBackend::default().render_scene(&self.0)
    }

    /// A line of text; `y` is its baseline.
    pub(in crate::plot) fn text(
        &mut self,
        x: f64,
        y: f64,
        size: u32,
        align: Align,
        color: Rgb,
        text: &str,
    ) {
        let anchor = match align {
            Align::Left => TextAnchor::Start,
            Align::Middle => TextAnchor::Middle,
            Align::Right => TextAnchor::End,
        };
        self.0.add(Primitive::Text {
            x,
            y,
            // A dollar sign would start a formula.
            content: text.replace('$', "\\$"),
            size,
            anchor,
            rotate: None,
            bold: false,
            color: Some(paint(color)),
        });
    }

    pub(in crate::plot) fn line(
        &mut self,
        from: (f64, f64),
        to: (f64, f64),
        width: f64,
        color: Rgb,
    ) {
        self.0.add(Primitive::Line {
            x1: from.0,
            y1: from.1,
            x2: to.0,
            y2: to.1,
            stroke: paint(color),
            stroke_width: width,
            stroke_dasharray: None,
        });
    }

    pub(in crate::plot) fn polyline(&mut self, points: Vec<(f64, f64)>, width: f64, color: Rgb) {
        self.0.add(Primitive::PolyLine {
            points,
            stroke: paint(color),
            stroke_width: width,
            stroke_dasharray: None,
        });
    }

    /// Equal rectangles of `size` (width, height) with their upper left corners at `corners`.
    pub(in crate::plot) fn marks(&mut self, corners: &[(f64, f64)], size: (f64, f64), color: Rgb) {
        self.0.add(Primitive::RectBatch {
            x: corners.iter().map(|corner| corner.0).collect(),
            y: corners.iter().map(|corner| corner.1).collect(),
            w: vec![size.0; corners.len()],
            h: vec![size.1; corners.len()],
            fills: vec![paint(color); corners.len()],
        });
    }
}

impl Sheet {
    /// Equal rectangles, each in a color of its own.
    pub(in crate::plot) fn spots(
        &mut self,
        corners: &[(f64, f64)],
        size: (f64, f64),
        colors: &[Rgb],
    ) {
        self.0.add(Primitive::RectBatch {
            x: corners.iter().map(|corner| corner.0).collect(),
            y: corners.iter().map(|corner| corner.1).collect(),
            w: vec![size.0; corners.len()],
            h: vec![size.1; corners.len()],
            fills: colors.iter().map(|&color| paint(color)).collect(),
        });
    }
}

fn paint([r, g, b]: Rgb) -> Color {
    Color::Rgb(r, g, b)
}

/// A linear map from a range of values to a range of pixels.
#[derive(Debug, Clone, Copy)]
pub(in crate::plot) struct Axis {
    /// First and last value.
    pub(in crate::plot) values: (f64, f64),
    /// Their pixels.
    pub(in crate::plot) pixels: (f64, f64),
}

impl Axis {
    pub(in crate::plot) fn new(values: (f64, f64), pixels: (f64, f64)) -> Self {
        Self { values, pixels }
    }

    /// Pixel of `value`.
    pub(in crate::plot) fn at(&self, value: f64) -> f64 {
        let fraction = (value - self.values.0) / (self.values.1 - self.values.0);
        self.pixels.0 + fraction * (self.pixels.1 - self.pixels.0)
    }

    /// Round values for at most about `count` ticks, each with its label.
    pub(in crate::plot) fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        let (low, high) = self.values;
        let step = round_up((high - low) / count.max(1) as f64);
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (low / step - 1e-9).ceil();
        let last = (high / step + 1e-9).floor();
        let ticks = (last - first).max(0.0) as usize;
        (0..=ticks)
            .map(|i| first + i as f64)
            .filter(|multiple| *multiple <= last)
            // Adding zero turns -0 into 0.
            .map(|multiple| multiple * step + 0.0)
            .map(|value| (value, format!("{value:.decimals$}")))
            .collect()
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `x`; 1 unless `x` is positive.
pub(in crate::plot) fn round_up(x: f64) -> f64 {
    if !(x > 0.0 && x.is_finite()) {
        return 1.0;
    }
    let power = 10f64.powf(x.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| x <= digit * power * (1.0 + 1e-9));
    digit.unwrap_or(10.0) * power
}

/// The rectangle of one panel: its time axis and its top and bottom pixel.
#[derive(Debug, Clone, Copy)]
pub(in crate::plot) struct Frame {
    pub(in crate::plot) time: Axis,
    pub(in crate::plot) top: f64,
    pub(in crate::plot) bottom: f64,
}

impl Frame {
    pub(in crate::plot) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(in crate::plot) fn left(&self) -> f64 {
        self.time.pixels.0
    }

    pub(in crate::plot) fn right(&self) -> f64 {
        self.time.pixels.1
    }

    /// Vertical grid lines at the ticks of the time axis; the first thing to draw.
    pub(in crate::plot) fn grid(&self, sheet: &mut Sheet) {
        for (t_ms, _) in self.time_ticks() {
            let x = self.time.at(t_ms).round() + 0.5;
            sheet.line((x, self.top), (x, self.bottom), 1.0, GRID);
        }
    }

    /// The heading, which says what the vertical axis is, and the line around the panel.
    pub(in crate::plot) fn edge(&self, sheet: &mut Sheet, heading: &str) {
        sheet.text(self.left(), self.top - 9.0, LABEL_PX, Align::Left, INK, heading);
        let (left, right) = (self.left().round() + 0.5, self.right().round() + 0.5);
        let (top, bottom) = (self.top.round() + 0.5, self.bottom.round() + 0.5);
        for (from, to) in [
            ((left, top), (right, top)),
            ((left, bottom), (right, bottom)),
            ((left, top), (left, bottom)),
            ((right, top), (right, bottom)),
        ] {
            sheet.line(from, to, 1.0, EDGE);
        }
    }

    /// A tick on the left edge at pixel `y`.
    pub(in crate::plot) fn tick(&self, sheet: &mut Sheet, y: f64, label: &str) {
        let line = y.round() + 0.5;
        sheet.line((self.left() - 5.0, line), (self.left(), line), 1.0, EDGE);
        sheet.text(self.left() - 9.0, y + 4.5, TICK_PX, Align::Right, INK, label);
    }

    /// A name in the right margin, centered on pixel `y`.
    pub(in crate::plot) fn name(&self, sheet: &mut Sheet, y: f64, color: Rgb, name: &str) {
        sheet.text(self.right() + 14.0, y + 5.0, LABEL_PX, Align::Left, color, &shortened(name));
    }

    /// A remark in the right margin, centered on pixel `y`.
    pub(in crate::plot) fn remark(&self, sheet: &mut Sheet, y: f64, remark: &str) {
        sheet.text(self.right() + 14.0, y + 4.5, TICK_PX, Align::Left, MUTED, remark);
    }

    /// What is said in the middle of a panel that has nothing to show.
    pub(in crate::plot) fn nothing(&self, sheet: &mut Sheet, message: &str) {
        let (x, y) = ((self.left() + self.right()) / 2.0, (self.top + self.bottom) / 2.0);
        sheet.text(x, y + 5.0, LABEL_PX, Align::Middle, MUTED, message);
    }

    /// A tick on the right edge at pixel `y`, of a second axis in its own color.
    pub(in crate::plot) fn right_tick(&self, sheet: &mut Sheet, y: f64, color: Rgb, label: &str) {
        let line = y.round() + 0.5;
        sheet.line((self.right(), line), (self.right() + 5.0, line), 1.0, EDGE);
        sheet.text(self.right() + 9.0, y + 4.5, TICK_PX, Align::Left, color, label);
    }

    /// Ticks and label of the time axis, below the lowest panel.
    pub(in crate::plot) fn time_axis(&self, sheet: &mut Sheet) {
        self.x_axis(sheet, "time (ms)");
    }

    /// Ticks and label of an axis that may be of something else than time.
    pub(in crate::plot) fn x_axis(&self, sheet: &mut Sheet, what: &str) {
        for (t_ms, label) in self.time_ticks() {
            let x = self.time.at(t_ms).round() + 0.5;
            sheet.line((x, self.bottom), (x, self.bottom + 6.0), 1.0, EDGE);
            sheet.text(x, self.bottom + 22.0, TICK_PX, Align::Middle, INK, &label);
        }
        let middle = (self.left() + self.right()) / 2.0;
        sheet.text(middle, self.bottom + 46.0, LABEL_PX, Align::Middle, INK, what);
    }

    fn time_ticks(&self) -> Vec<(f64, String)> {
        // One for every hundred pixels, and in small panels a little closer.
        self.time.ticks(((self.right() - self.left()) / 100.0).max(6.0) as usize)
    }
}

/// Lines through points in pixels, in order of time, broken where a point is not finite. Of the points
/// that share a pixel column only the first, the lowest, the highest and the last are kept: what is
/// drawn stays the same, and the line has a bounded number of points.
pub(in crate::plot) fn polylines(points: impl Iterator<Item = (f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    let mut lines = Vec::new();
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut column: Vec<(f64, f64)> = Vec::new();
    for point in points {
        if !point.1.is_finite() {
            thin(&mut column, &mut line);
            lines.push(std::mem::take(&mut line));
            continue;
        }
        if column.last().is_some_and(|last| last.0.floor() != point.0.floor()) {
            thin(&mut column, &mut line);
        }
        column.push(point);
    }
    thin(&mut column, &mut line);
    lines.push(line);
    lines.retain(|line| !line.is_empty());
    lines
}

/// Moves the points of one pixel column to the line, at most four of them, in order.
fn thin(column: &mut Vec<(f64, f64)>, line: &mut Vec<(f64, f64)>) {
    let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
    let lowest = (0..column.len()).min_by(by_height);
    let highest = (0..column.len()).max_by(by_height);
    if let (Some(lowest), Some(highest)) = (lowest, highest) {
        let mut kept = [0, lowest, highest, column.len() - 1];
        kept.sort_unstable();
        line.extend(
            kept.iter()
                .enumerate()
                .filter(|(i, k)| *i == 0 || kept[i - 1] != **k)
                .map(|(_, &k)| column[k]),
        );
    }
    column.clear();
}

/// `name`, cut to what the right margin has room for.
fn shortened(name: &str) -> String {
    const ROOM: usize = 17;
    if name.chars().count() <= ROOM {
        return name.to_owned();
    }
    name.chars().take(ROOM - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, count: usize) -> Vec<String> {
        Axis::new((low, high), (0.0, 1.0)).ticks(count).into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(labels(0.0, 100.0, 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(-83.0, 41.0, 3), ["-50", "0"]);
        assert_eq!(labels(0.0, 0.3, 3), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(-0.4, 0.4, 2), ["0.0"]);
        assert_eq!(
            labels(100_000.0, 100_050.0, 5),
            ["100000", "100010", "100020", "100030", "100040", "100050"]
        );
    }

    #[test]
    fn rounding_up_keeps_round_numbers() {
        for (x, expected) in
            [(1.0, 1.0), (1.1, 2.0), (3.0, 5.0), (6.0, 10.0), (0.02, 0.02), (0.0, 1.0)]
        {
            approx::assert_relative_eq!(round_up(x), expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(shortened("L4 excitatory"), "L4 excitatory");
        assert_eq!(shortened("layer 4 excitatory neurons"), "layer 4 excitato…");
    }
}
