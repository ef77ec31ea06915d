//! Potentials over an electrode array: maps at some times, like pictures of a film, and below them
//! the spikes and single signals.

use super::draw::{Align, Axis, EDGE, Frame, INK, MUTED, Sheet, population_color};
use super::fields::{SignalPanel, diverging};
use super::{BOTTOM, GAP, HEIGHT, LEFT, PlotError, RIGHT, SpikeRaster, TOP, WIDTH, raster};

/// Maps side by side.
const COLUMNS: usize = 6;
/// Between two maps, and above each for its time.
const GUTTER: f64 = 12.0;
const CAPTION: f64 = 24.0;
/// Size of a spot of a map in pixels.
const SPOT: f64 = 2.0;
/// Share of the sheet that maps may fill.
const MAPS_SHARE: f64 = 0.62;

/// A figure of what an array measures of a network's activity.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrayFilm {
    /// Title above the figure.
    pub title: String,
    /// First and last time shown, in ms.
    pub window_ms: (f64, f64),
    /// The spikes.
    pub raster: SpikeRaster,
    /// Signals of the array.
    pub array: ArraySignal,
    /// Times of the maps in ms.
    pub times_ms: Vec<f64>,
    /// Somata of each population, x and y in um.
    pub somata_um: Vec<Vec<[f64; 2]>>,
    /// Places with a name, such as a stimulating electrode, x and y in um.
    pub marks_um: Vec<[f64; 2]>,
    /// Further panels, from top to bottom.
    pub panels: Vec<SignalPanel>,
}

/// Signals of the contacts of a rectangular grid in the xy plane.
#[derive(Debug, Clone, PartialEq)]
pub struct ArraySignal {
    /// Unit of the values.
    pub unit: String,
    /// Contacts along x and y; x runs fastest.
    pub n_contacts: [usize; 2],
    /// Position of the first contact, x and y in um.
    pub first_um: [f64; 2],
    /// Distance between neighbors in um.
    pub pitch_um: f64,
    /// Time of the first sample in ms.
    pub t0_ms: f64,
    /// Time between samples in ms.
    pub dt_ms: f64,
    /// Values, contacts x samples.
    pub values: Vec<f64>,
}

/// A square of the sheet with coordinates in um.
#[derive(Clone, Copy)]
struct Map {
    x: Axis,
    y: Axis,
}

impl ArrayFilm {
    /// The figure as PNG, 1400 x 1000 pixels.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        self.draw()?.to_png().map_err(|reason| PlotError::Encode { reason })
    }

    fn draw(&self) -> Result<Sheet, PlotError> {
        let (start_ms, end_ms) = self.window_ms;
        if !(start_ms.is_finite() && end_ms.is_finite() && start_ms < end_ms) {
            return Err(PlotError::Window { start_ms, end_ms });
        }
        let clocks = self.panels.iter().map(|panel| (panel.t0_ms, panel.dt_ms));
        for (t0_ms, dt_ms) in clocks.chain([(self.array.t0_ms, self.array.dt_ms)]) {
            if !(t0_ms.is_finite() && dt_ms.is_finite() && 0.0 < dt_ms) {
                return Err(PlotError::Clock { t0_ms, dt_ms });
            }
        }
        let rows = raster::Rows::new(&self.raster, self.window_ms)?;
        let mut sheet = Sheet::new(WIDTH, HEIGHT);
        sheet.text(LEFT, 36.0, 20, Align::Left, INK, &self.title);
        sheet.text(RIGHT, 36.0, 15, Align::Right, MUTED, &rows.summary());
        let maps_bottom = self.draw_maps(&mut sheet);
        let time = Axis::new(self.window_ms, (LEFT, RIGHT));
        let n_panels = self.panels.len() as f64;
        let room = (BOTTOM - maps_bottom - (1.0 + n_panels) * GAP) / (1.0 + n_panels);
        let mut frame = Frame { time, top: maps_bottom + GAP, bottom: maps_bottom + GAP + room };
        raster::draw_spikes(&mut sheet, &frame, &rows);
        for &t_ms in &self.times_ms {
            // Where the maps are in time.
            let x = time.at(t_ms).round() + 0.5;
            sheet.line((x, frame.top - 7.0), (x, frame.top), 2.0, INK);
        }
        for panel in &self.panels {
            let top = frame.bottom + GAP;
            frame = Frame { time, top, bottom: top + room };
            panel.draw(&mut sheet, &frame);
        }
        frame.time_axis(&mut sheet);
        Ok(sheet)
    }

    /// Draws all maps; returns where they end.
    fn draw_maps(&self, sheet: &mut Sheet) -> f64 {
        let n_rows = self.times_ms.len().div_ceil(COLUMNS).max(1) as f64;
        let columns = COLUMNS as f64;
        let widest = (RIGHT - LEFT - (columns - 1.0) * GUTTER) / columns;
        let highest = (MAPS_SHARE * (BOTTOM - TOP) - n_rows * (CAPTION + GUTTER)) / n_rows;
        let [width_um, height_um] = self.array.extent_um();
        let per_um = (widest / width_um).min(highest / height_um);
        // On whole spots, so that neighbors leave no seam.
        let whole = |length: f64| (length / SPOT).floor().max(1.0) * SPOT;
        let (width, height) = (whole(per_um * width_um), whole(per_um * height_um));
        let largest = self.scale();
        let spread = (RIGHT - LEFT - columns * width) / (columns - 1.0);
        let mut bottom = TOP;
        for (number, &t_ms) in self.times_ms.iter().enumerate() {
            let (row, column) = (number / COLUMNS, number % COLUMNS);
            let left = (LEFT + column as f64 * (width + spread)).round();
            let top = (TOP + row as f64 * (height + CAPTION + GUTTER) + CAPTION - 18.0).round();
            bottom = top + height;
            let [x0, y0] = self.array.lowest_um();
            let map = Map {
                x: Axis::new((x0, x0 + width_um), (left, left + width)),
                y: Axis::new((y0, y0 + height_um), (bottom, top)),
            };
            self.draw_map(sheet, &map, t_ms, largest);
            let caption = format!("{t_ms:.2} ms");
            sheet.text(left, top - 6.0, 13, Align::Left, INK, &caption);
            if number == 0 {
                scale_bar(sheet, &map, width_um);
            }
        }
        self.color_bar(sheet, bottom, largest);
        bottom
    }

    fn draw_map(&self, sheet: &mut Sheet, map: &Map, t_ms: f64, largest: f64) {
        let (left, right) = map.x.pixels;
        let (bottom, top) = map.y.pixels;
        let frame = self.array.at_time(t_ms);
        let (mut corners, mut colors) = (Vec::new(), Vec::new());
        let (n_x, n_y) = ((right - left) / SPOT, (bottom - top) / SPOT);
        for j in 0..n_y as usize {
            for i in 0..n_x as usize {
                let (x, y) = (left + SPOT * i as f64, top + SPOT * j as f64);
                let place = [map.um_x(x + 0.5 * SPOT), map.um_y(y + 0.5 * SPOT)];
                corners.push((x, y));
                colors.push(diverging(self.array.between(&frame, place) / largest));
            }
        }
        sheet.spots(&corners, (SPOT, SPOT), &colors);
        for (population, somata) in self.somata_um.iter().enumerate() {
            let spots: Vec<_> = somata
                .iter()
                .map(|&[x, y]| (map.x.at(x) - 1.0, map.y.at(y) - 1.0))
                .filter(|&(x, y)| {
                    (left..right - 2.0).contains(&x) && (top..bottom - 2.0).contains(&y)
                })
                .collect();
            sheet.marks(&spots, (2.0, 2.0), population_color(population));
        }
        for &[x, y] in &self.marks_um {
            let (x, y) = (map.x.at(x).round() + 0.5, map.y.at(y).round() + 0.5);
            sheet.line((x - 5.0, y - 5.0), (x + 5.0, y + 5.0), 2.0, INK);
            sheet.line((x - 5.0, y + 5.0), (x + 5.0, y - 5.0), 2.0, INK);
        }
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        sheet.polyline(corners.to_vec(), 1.0, EDGE);
    }

    /// The value with the strongest color: all but a few in a thousand of those shown are below it.
    fn scale(&self) -> f64 {
        let frames = self.times_ms.iter().flat_map(|&t_ms| self.array.at_time(t_ms));
        let mut sizes: Vec<f64> = frames.map(f64::abs).filter(|size| size.is_finite()).collect();
        sizes.sort_unstable_by(f64::total_cmp);
        let at = (sizes.len() as f64 * 0.995) as usize;
        sizes.get(at.min(sizes.len().saturating_sub(1))).copied().unwrap_or(0.0).max(1e-300)
    }

    /// The colors and their values, in the right margin.
    fn color_bar(&self, sheet: &mut Sheet, bottom: f64, largest: f64) {
        let (left, width) = (RIGHT + 34.0, 16.0);
        let top = TOP + 24.0;
        let n = ((bottom - top) / SPOT).max(1.0) as usize;
        let bottom = top + SPOT * n as f64;
        let corners: Vec<_> = (0..n).map(|i| (left, top + SPOT * i as f64)).collect();
        let colors: Vec<_> =
            (0..n).map(|i| diverging(1.0 - 2.0 * (i as f64 + 0.5) / n as f64)).collect();
        sheet.spots(&corners, (width, SPOT), &colors);
        sheet.text(left, top - 10.0, 13, Align::Left, INK, &self.array.unit);
        let axis = Axis::new((-largest, largest), (bottom, top));
        for (value, label) in axis.ticks(8) {
            sheet.text(left + width + 8.0, axis.at(value) + 4.5, 13, Align::Left, INK, &label);
        }
    }
}

impl Map {
    fn um_x(&self, pixel: f64) -> f64 {
        Axis::new(self.x.pixels, self.x.values).at(pixel)
    }

    fn um_y(&self, pixel: f64) -> f64 {
        Axis::new(self.y.pixels, self.y.values).at(pixel)
    }
}

/// A length of the array, in its lower right corner.
fn scale_bar(sheet: &mut Sheet, map: &Map, width_um: f64) {
    let length_um = super::draw::round_up(0.15 * width_um);
    let (right, y) = (map.x.pixels.1 - 8.0, map.y.pixels.0 - 10.0);
    let left = right - (map.x.at(length_um) - map.x.at(0.0));
    sheet.line((left, y), (right, y), 3.0, INK);
    let label = format!("{length_um:.0} um");
    sheet.text(right, y - 6.0, 12, Align::Right, INK, &label);
}

impl ArraySignal {
    fn lowest_um(&self) -> [f64; 2] {
        self.first_um.map(|first| first - 0.5 * self.pitch_um)
    }

    /// Width and height of the array, half a pitch around it included.
    fn extent_um(&self) -> [f64; 2] {
        self.n_contacts.map(|n| n.max(1) as f64 * self.pitch_um)
    }

    /// Values of all contacts at the sample nearest to a time; none outside of the samples.
    fn at_time(&self, t_ms: f64) -> Vec<f64> {
        let n_contacts = self.n_contacts[0] * self.n_contacts[1];
        let n_samples = self.values.len() / n_contacts.max(1);
        let sample = ((t_ms - self.t0_ms) / self.dt_ms).round();
        if !(0.0..n_samples as f64).contains(&sample) {
            return vec![f64::NAN; n_contacts];
        }
        let at = |contact| self.values[contact * n_samples + sample as usize];
        (0..n_contacts).map(at).collect()
    }

    /// The value of a frame at a place, bilinear between contacts.
    fn between(&self, frame: &[f64], place_um: [f64; 2]) -> f64 {
        let along = |axis: usize| {
            let last = self.n_contacts[axis].saturating_sub(1);
            let at = (place_um[axis] - self.first_um[axis]) / self.pitch_um;
            let at = at.clamp(0.0, last as f64);
            let low = (at.floor() as usize).min(last.saturating_sub(1));
            (low, (low + 1).min(last), at - low as f64)
        };
        let ((x0, x1, x), (y0, y1, y)) = (along(0), along(1));
        let value = |i: usize, j: usize| frame.get(j * self.n_contacts[0] + i).copied();
        let value = |i, j| value(i, j).unwrap_or(f64::NAN);
        let lower = (1.0 - x) * value(x0, y0) + x * value(x1, y0);
        let upper = (1.0 - x) * value(x0, y1) + x * value(x1, y1);
        (1.0 - y) * lower + y * upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal() -> ArraySignal {
        ArraySignal {
            unit: "uV".to_owned(),
            n_contacts: [2, 2],
            first_um: [0.0, 0.0],
            pitch_um: 10.0,
            t0_ms: 0.0,
            dt_ms: 1.0,
            // The second sample is ten times the first.
            values: vec![0.0, 0.0, 1.0, 10.0, 2.0, 20.0, 3.0, 30.0],
        }
    }

    #[test]
    fn places_between_contacts_are_interpolated() {
        let frame = signal().at_time(1.2);
        assert_eq!(frame, [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(signal().between(&frame, [5.0, 5.0]), 15.0);
        assert_eq!(signal().between(&frame, [-5.0, 99.0]), 20.0);
        assert!(signal().at_time(7.0).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn a_film_is_drawn() {
        let film = ArrayFilm {
            title: "film".to_owned(),
            window_ms: (0.0, 2.0),
            raster: SpikeRaster::default(),
            array: signal(),
            times_ms: vec![0.0, 1.0],
            somata_um: vec![vec![[5.0, 5.0], [500.0, 0.0]]],
            marks_um: vec![[0.0, 0.0]],
            panels: Vec::new(),
        };
        assert_eq!(&film.to_png().unwrap()[1..4], b"PNG");
        assert_eq!(film.to_png().unwrap(), film.to_png().unwrap());
        let film = ArrayFilm { window_ms: (2.0, 2.0), ..film };
        assert!(matches!(film.to_png(), Err(PlotError::Window { .. })));
    }
}
