//! Fields of a network: the spikes, potentials by depth as a map of colors, and single signals with
//! the contributions of the populations.

use super::draw::{Align, Axis, Frame, INK, MUTED, Rgb, Sheet, population_color};
use super::{BOTTOM, GAP, HEIGHT, LEFT, PlotError, RIGHT, SpikeRaster, TOP, WIDTH, raster};

/// Size of a spot of the map in pixels.
const SPOT: (f64, f64) = (2.0, 2.0);

/// A figure of what probes measure of a network's activity.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields {
    /// Title above the figure.
    pub title: String,
    /// First and last time shown, in ms.
    pub window_ms: (f64, f64),
    /// The spikes; without populations there is no raster.
    pub raster: SpikeRaster,
    /// Signals of a laminar electrode, if there is one.
    pub map: Option<DepthMap>,
    /// Further panels, from top to bottom.
    pub panels: Vec<SignalPanel>,
}

/// Signals along an axis, such as the contacts of a laminar electrode.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthMap {
    /// What is shown, with unit.
    pub heading: String,
    /// Unit of the values.
    pub unit: String,
    /// Positions in um, ascending.
    pub depths_um: Vec<f64>,
    /// Time of the first sample in ms.
    pub t0_ms: f64,
    /// Time between samples in ms.
    pub dt_ms: f64,
    /// Values, positions x samples.
    pub values: Vec<f64>,
}

/// Some signals on one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalPanel {
    /// What is shown, with unit.
    pub heading: String,
    /// Time of the first sample in ms.
    pub t0_ms: f64,
    /// Time between samples in ms.
    pub dt_ms: f64,
    /// Name and values of each signal; the first is drawn in black, the others in the colors of the
    /// populations.
    pub curves: Vec<(String, Vec<f64>)>,
}

impl Fields {
    /// The figure as PNG, 1400 x 1000 pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        self.draw()?.to_png().map_err(|reason| PlotError::Encode { reason })
    }

    /// Writes the figure to `path`; its ending, `.png` or `.svg`, is the format.
    ///
    /// # Errors
    /// As [`to_png`](Self::to_png); a file of another ending or that cannot be written.
    pub fn write(&self, path: &std::path::Path) -> Result<(), PlotError> {
        super::write_picture(path, &self.draw()?)
    }

    fn draw(&self) -> Result<Sheet, PlotError> {
        self.check()?;
        let rows = raster::Rows::new(&self.raster, self.window_ms)?;
        let mut sheet = Sheet::new(WIDTH, HEIGHT);
        sheet.text(LEFT, 36.0, 20, Align::Left, INK, &self.title);
        let time = Axis::new(self.window_ms, (LEFT, RIGHT));
        let mut above: Option<Frame> = None;
        let has_raster = !self.raster.populations.is_empty();
        let below = |above: &Option<Frame>| above.map_or(TOP, |frame| frame.bottom + GAP);
        if has_raster {
            sheet.text(RIGHT, 36.0, 15, Align::Right, MUTED, &rows.summary());
            let is_alone = self.map.is_none() && self.panels.is_empty();
            let share = if is_alone { 1.0 } else { 0.2 };
            let frame = Frame { time, top: TOP, bottom: TOP + share * (BOTTOM - TOP) };
            raster::draw_spikes(&mut sheet, &frame, &rows);
            above = Some(frame);
        }
        if let Some(map) = &self.map {
            // Three times as high as a panel, but no more than beside two of them.
            let share = match self.panels.len() {
                0 => 1.0,
                n_panels => 3.0 / (3 + n_panels.max(2)) as f64,
            };
            let top = below(&above);
            let frame = Frame { time, top, bottom: top + share * (BOTTOM - top) };
            map.draw(&mut sheet, &frame);
            above = Some(frame);
        }
        let n_panels = self.panels.len() as f64;
        let room = BOTTOM - below(&above) - (n_panels - 1.0) * GAP;
        for panel in &self.panels {
            let top = below(&above);
            let frame = Frame { time, top, bottom: top + room / n_panels };
            panel.draw(&mut sheet, &frame);
            above = Some(frame);
        }
        if let Some(lowest) = above {
            lowest.time_axis(&mut sheet);
        }
        Ok(sheet)
    }

    fn check(&self) -> Result<(), PlotError> {
        let (start_ms, end_ms) = self.window_ms;
        if !(start_ms.is_finite() && end_ms.is_finite() && start_ms < end_ms) {
            return Err(PlotError::Window { start_ms, end_ms });
        }
        let panels = self.panels.iter().map(|panel| (panel.t0_ms, panel.dt_ms));
        let map = self.map.iter().map(|map| (map.t0_ms, map.dt_ms));
        for (t0_ms, dt_ms) in panels.chain(map) {
            if !(t0_ms.is_finite() && dt_ms.is_finite() && 0.0 < dt_ms) {
                return Err(PlotError::Clock { t0_ms, dt_ms });
            }
        }
        Ok(())
    }
}

impl DepthMap {
    fn draw(&self, sheet: &mut Sheet, frame: &Frame) {
        let n_samples = self.values.len() / self.depths_um.len().max(1);
        let (Some(&low), Some(&high)) = (self.depths_um.first(), self.depths_um.last()) else {
            frame.nothing(sheet, "no contacts");
            return frame.edge(sheet, &self.heading);
        };
        // Half a spacing above the highest contact and below the lowest.
        let margin = 0.5 * (high - low).max(1.0) / (self.depths_um.len().max(2) - 1) as f64;
        let depth = Axis::new((low - margin, high + margin), (frame.bottom, frame.top));
        let largest = self.scale();
        let (mut corners, mut colors) = (Vec::new(), Vec::new());
        // On whole pixels, so that neighbors leave no seam.
        let mut y = frame.top.round();
        while y + SPOT.1 <= frame.bottom.round() + 1.0 {
            let fraction = (y + 0.5 * SPOT.1 - frame.bottom) / (frame.top - frame.bottom);
            let at_um = depth.values.0 + fraction * (depth.values.1 - depth.values.0);
            let mut x = frame.left().round();
            while x < frame.right() && 0 < n_samples {
                let (start, end) = frame.time.values;
                let share = (x + 0.5 * SPOT.0 - frame.left()) / (frame.right() - frame.left());
                let sample = (start + share * (end - start) - self.t0_ms) / self.dt_ms;
                if -0.5 < sample && sample < n_samples as f64 - 0.5 {
                    let value = self.at(at_um, sample.round().max(0.0) as usize, n_samples);
                    corners.push((x, y));
                    colors.push(diverging(value / largest));
                }
                x += SPOT.0;
            }
            y += SPOT.1;
        }
        sheet.spots(&corners, SPOT, &colors);
        for (um, label) in depth.ticks((frame.height() / 40.0) as usize) {
            frame.tick(sheet, depth.at(um), &label);
        }
        self.color_bar(sheet, frame, largest);
        frame.edge(sheet, &self.heading);
    }

    /// The value at a depth, linear between contacts.
    fn at(&self, at_um: f64, sample: usize, n_samples: usize) -> f64 {
        let last = self.depths_um.len() - 1;
        let above = self.depths_um.partition_point(|&depth| depth < at_um).clamp(1, last.max(1));
        let value = |contact: usize| self.values[contact.min(last) * n_samples + sample];
        let (low, high) = (self.depths_um[above - 1], self.depths_um[above.min(last)]);
        let share = if low < high { ((at_um - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        (1.0 - share) * value(above - 1) + share * value(above)
    }

    /// The value with the strongest color: all but a few in a thousand are below it.
    fn scale(&self) -> f64 {
        let mut sizes: Vec<f64> =
            self.values.iter().map(|value| value.abs()).filter(|size| size.is_finite()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let at = (sizes.len() as f64 * 0.995) as usize;
        sizes.get(at.min(sizes.len().saturating_sub(1))).copied().unwrap_or(0.0).max(1e-300)
    }

    /// The colors and their values, in the right margin.
    fn color_bar(&self, sheet: &mut Sheet, frame: &Frame, largest: f64) {
        let (left, width) = (frame.right() + 22.0, 16.0);
        let top = (frame.top + 24.0).round();
        let n = ((frame.bottom - 6.0 - top) / SPOT.1).max(1.0) as usize;
        let (bottom, at) = (top + SPOT.1 * n as f64, |i: usize| top + SPOT.1 * i as f64);
        let corners: Vec<_> = (0..n).map(|i| (left, at(i))).collect();
        let colors: Vec<_> =
            (0..n).map(|i| diverging(1.0 - 2.0 * (i as f64 + 0.5) / n as f64)).collect();
        sheet.spots(&corners, (width, SPOT.1), &colors);
        sheet.text(left, frame.top + 10.0, 13, Align::Left, INK, &self.unit);
        let axis = Axis::new((-largest, largest), (bottom, top));
        for (value, label) in axis.ticks(6) {
            sheet.text(left + width + 8.0, axis.at(value) + 4.5, 13, Align::Left, INK, &label);
        }
    }
}

impl SignalPanel {
    pub(super) fn draw(&self, sheet: &mut Sheet, frame: &Frame) {
        frame.grid(sheet);
        let values = self.curves.iter().flat_map(|curve| &curve.1).filter(|v| v.is_finite());
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |range, &value| {
            (range.0.min(value), range.1.max(value))
        });
        if high < low {
            frame.nothing(sheet, "no samples");
            return frame.edge(sheet, &self.heading);
        }
        let margin = (0.06 * (high - low)).max(1e-300);
        let axis = Axis::new((low - margin, high + margin), (frame.bottom, frame.top));
        for (value, label) in axis.ticks((frame.height() / 20.0) as usize) {
            frame.tick(sheet, axis.at(value), &label);
        }
        // The sum of all is drawn last, over its parts.
        for (index, (name, values)) in self.curves.iter().enumerate().rev() {
            let color: Rgb = if index == 0 { INK } else { population_color(index - 1) };
            let width = if index == 0 { 1.2 } else { 1.6 };
            let point = |(at, value): (usize, &f64)| {
                (frame.time.at(self.t0_ms + at as f64 * self.dt_ms), axis.at(*value))
            };
            let shown = values.iter().enumerate().filter(|(_, value)| value.is_finite());
            let within = |point: &(f64, f64)| frame.left() <= point.0 && point.0 <= frame.right();
            sheet.polyline(shown.map(point).filter(within).collect(), width, color);
            let y = frame.top + 14.0 + 20.0 * index as f64;
            frame.name(sheet, y, color, name);
        }
        frame.edge(sheet, &self.heading);
    }
}

/// From blue over white to red, for -1 to 1.
pub(super) fn diverging(value: f64) -> Rgb {
    const BLUE: [f64; 3] = [33.0, 102.0, 172.0];
    const WHITE: [f64; 3] = [250.0, 250.0, 250.0];
    const RED: [f64; 3] = [178.0, 24.0, 43.0];
    let end = if value < 0.0 { BLUE } else { RED };
    // The root shows small values, too.
    let share = if value.is_finite() { value.abs().min(1.0).sqrt() } else { 0.0 };
    std::array::from_fn(|i| (WHITE[i] + share * (end[i] - WHITE[i])).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_between_contacts_are_interpolated() {
        let map = DepthMap {
            heading: String::new(),
            unit: "uV".to_owned(),
            depths_um: vec![0.0, 100.0],
            t0_ms: 0.0,
            dt_ms: 1.0,
            values: vec![1.0, 2.0, 3.0, 6.0],
        };
        assert_eq!(map.at(50.0, 0, 2), 2.0);
        assert_eq!((map.at(-10.0, 1, 2), map.at(500.0, 1, 2)), (2.0, 6.0));
        assert_eq!(map.scale(), 6.0);
    }

    #[test]
    fn no_value_is_white() {
        assert_eq!(diverging(0.0), [250; 3]);
        assert_eq!(diverging(f64::NAN), [250; 3]);
        assert_eq!((diverging(2.0), diverging(-1.0)), ([178, 24, 43], [33, 102, 172]));
    }
}
