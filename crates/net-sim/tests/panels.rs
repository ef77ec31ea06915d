//! Panels of recordings: every format, complete, and clear about what does not fit.

use ndarray::Array2;
use net_sim::monitor::{RecordedPart, Recordings};
use net_sim::plot::{Format, Panel, PlotError, RecordingsPlot};

/// Random numbers enough for a picture: Knuth's MMIX generator, upper half.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as f64 / f64::from(u32::MAX)
    }
}

/// A population E whose cells spike at a rate that swings, with potentials every ms and a pause from
/// 200 to 300 ms, and a silent I.
fn recordings(n_cells: usize) -> Recordings {
    let mut dice = Dice(5);
    let periods = vec![(0_u64, 2000), (3000, 6000)];
    let is_recorded = |step: u64| periods.iter().any(|&(start, end)| start <= step && step < end);
    let mut spikes = vec![Vec::new(); n_cells];
    for steps in &mut spikes {
        let mut t_ms = 0.0;
        while t_ms < 600.0 {
            t_ms -= dice.roll().max(1e-9).ln() * 1e3 / 60.0;
            let step = (t_ms * 10.0) as u64;
            let swing = (t_ms * std::f64::consts::TAU / 150.0).sin();
            if dice.roll() < 0.5 + 0.45 * swing && is_recorded(step) {
                steps.push(step);
            }
        }
    }
    let times: Vec<u64> = (0..6000).step_by(10).filter(|&step| is_recorded(step)).collect();
    let potential = |(row, cell): (usize, usize)| {
        let t_ms = times[row] as f64 / 10.0;
        let last = spikes[cell].iter().rev().find(|&&step| step as f64 / 10.0 <= t_ms);
        let since_ms = last.map_or(100.0, |&step| t_ms - step as f64 / 10.0);
        let wave = 3.0 * (t_ms * std::f64::consts::TAU / 150.0 + cell as f64).sin();
        -65.0 + wave + 90.0 * (-since_ms / 2.0).exp() - 12.0 * (-since_ms / 20.0).exp()
    };
    let v = Array2::from_shape_fn((times.len(), n_cells), potential);
    let m = v.mapv(|v: f64| 1.0 / (1.0 + (-(v + 40.0) / 9.0).exp()));
    let part = |compartment: &str, arrays, spikes| RecordedPart {
        compartment: compartment.to_owned(),
        interval_steps: 10,
        offset_steps: 0,
        periods: periods.clone(),
        arrays,
        spikes: Some(spikes),
    };
    let named = |name: &str, unit: &str, values| (name.to_owned(), unit.to_owned(), values);
    let of_e = vec![named("v", "mV", v), named("hh.m", "", m)];
    Recordings::from_parts(0.1, vec![part("E", of_e, spikes), part("I", vec![], vec![vec![]; 3])])
        .unwrap()
}

fn all_formats(recordings: &Recordings) -> RecordingsPlot<'_> {
    let mut plot = RecordingsPlot::new(recordings, (5, 2)).title("A population and a silent one");
    let panels = [
        ("E", "v", Format::Line),
        ("E", "v", Format::LineMean),
        ("E", "v", Format::Matrix),
        ("E", "v", Format::MatrixMean),
        ("E", "spike", Format::Raster),
        ("E", "spike", Format::Mean),
        ("E", "spike", Format::Hybrid),
        ("E", "spike", Format::Interspike),
        ("E", "spike", Format::Cv),
        ("I", "spike", Format::Raster),
    ];
    for (at, (compartment, variable, format)) in panels.into_iter().enumerate() {
        plot = plot.panel(Panel::new(at + 1, compartment, variable, format));
    }
    plot
}

#[test]
fn every_format_says_what_it_shows() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let recordings = recordings(20);
    let plot = all_formats(&recordings);
    for name in ["panels.png", "panels.svg"] {
        let remarks = plot.write(&folder.join(name)).unwrap();
        assert_eq!(remarks, ["I does not contain any spikes in the given time interval."]);
    }
    let svg = std::fs::read_to_string(folder.join("panels.svg")).unwrap();
    for text in [
        "A population and a silent one",
        "v of E (mV), 20 cells",
        "v of E (mV), mean of 20 cells",
        "v of E (mV), 20 cells, by number",
        "spikes of E, 20 cells",
        "rate (Hz) of E, 20 cells",
        "intervals of E, density (1/ms)",
        "variation of intervals of E",
        "no spikes in this time",
        "time (ms)",
        "interval (ms)",
        "coefficient of variation",
    ] {
        assert!(svg.contains(&format!(">{text}")), "{text} is missing");
    }
    assert!(!svg.contains("NaN"));
    println!("see {}", folder.join("panels.png").display());
}

#[test]
fn a_single_cell_and_an_expression_in_a_part_of_the_time() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let recordings = recordings(1);
    let plot = RecordingsPlot::new(&recordings, (2, 2))
        .panel(Panel::new(1, "E", "v", Format::Line))
        .panel(Panel::new(2, "E", "hh.m * hh.m * (v - 50)", Format::Line))
        .panel(Panel::new(3, "E", "spike", Format::Hybrid))
        .panel(Panel::new(4, "E", "v", Format::Matrix))
        .limits_ms(150.0, 450.0);
    assert_eq!(plot.write(&folder.join("single.png")).unwrap(), Vec::<String>::new());
    assert!(plot.to_svg().unwrap().contains("hh.m * hh.m * (v - 50) of E, 1 cell"));
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let recordings = recordings(2);
    let plot = |position, compartment, variable, format| {
        RecordingsPlot::new(&recordings, (1, 2)).panel(Panel::new(
            position,
            compartment,
            variable,
            format,
        ))
    };
    let good = || plot(1, "E", "v", Format::Line);
    assert!(good().to_svg().is_ok());
    for (bad, part) in [
        (plot(3, "E", "v", Format::Line), "position 3 is not on the grid of 1 x 2"),
        (plot(0, "E", "v", Format::Line), "position 0"),
        (good().panel(Panel::new(1, "E", "v", Format::Line)), "position 1 has two panels"),
        (plot(1, "E", "v", Format::Raster), "raster does not fit 'E;v'"),
        (plot(1, "E", "spike", Format::Line), "line does not fit 'E;spike'"),
        (plot(1, "X", "v", Format::Line), "'X'; recorded are: E, I"),
        (plot(1, "E", "u", Format::Line), "E;u"),
        (plot(1, "I", "v", Format::Matrix), "I;v"),
        (good().chunk(1), "no chunk 1"),
        (RecordingsPlot::new(&recordings, (1, 2)), "0 panels"),
        (RecordingsPlot::new(&recordings, (0, 2)), "0 x 2"),
        (good().limits_ms(0.0, 900.0), "not within the chunk, which was recorded from 0 to 599 ms"),
        (good().limits_ms(300.0, 100.0), "must end after it starts"),
    ] {
        let error = bad.to_svg().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = good().write(std::path::Path::new("picture.pdf")).unwrap_err();
    assert!(matches!(error, PlotError::Format { .. }));
}
