//! Figures drawn from made-up activity: reproducible, complete, and graceful about what is missing.

use net_sim::plot::{Activity, PlotError, Population, SpikeRaster, Trace, Traces};

/// Random numbers enough for a picture: Knuth's MMIX generator, upper half.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as f64 / f64::from(u32::MAX)
    }
}

/// Two populations of `cells` cells that oscillate at 40 Hz, and the potentials of five cells.
fn activity(cells: u64, stop_ms: f64) -> Activity {
    let mut dice = Dice(7);
    let excitatory = cells * 4 / 5;
    let mut spikes = Vec::new();
    for gid in 0..cells {
        let rate_hz = if gid < excitatory { 8.0 } else { 22.0 };
        let mut t_ms = 0.0;
        while t_ms < stop_ms {
            t_ms -= dice.roll().max(1e-9).ln() * 1e3 / rate_hz / 2.0;
            if dice.roll() < (t_ms * 0.04 * std::f64::consts::PI).sin().powi(2) {
                spikes.push((gid, t_ms));
            }
        }
    }
    let dt_ms = 0.1;
    let trace = |gid: u64| {
        let own = spikes.iter().filter(|spike| spike.0 == gid);
        let own: Vec<f64> = own.map(|spike| spike.1).collect();
        let mut noise = Dice(gid + 1);
        let values_mv = (0..(stop_ms / dt_ms) as usize).map(|i| {
            let since = |spike: &f64| i as f64 * dt_ms - spike;
            let shape = |dt: f64| {
                100.0 * (-(dt / 0.5).powi(2)).exp()
                    - if dt > 0.0 { 12.0 * (-dt / 8.0).exp() } else { 0.0 }
            };
            -65.0 + noise.roll() + own.iter().map(|spike| shape(since(spike))).sum::<f64>()
        });
        Trace {
            label: format!("{} {gid}", if gid < excitatory { "E" } else { "I" }),
            gid,
            values_mv: values_mv.collect(),
        }
    };
    let cells_shown = [0, 1, 2, excitatory, excitatory + 1].map(trace).to_vec();
    let population =
        |name: &str, first_gid, size| Population { name: name.to_owned(), first_gid, size };
    Activity {
        title: "Network of excitatory and inhibitory cells".to_owned(),
        window_ms: (0.0, stop_ms),
        raster: SpikeRaster {
            populations: vec![
                population("E", 0, excitatory),
                population("I", excitatory, cells - excitatory),
            ],
            spikes,
        },
        traces: Traces { t0_ms: 0.0, dt_ms, cells: cells_shown },
    }
}

#[test]
fn the_picture_does_not_depend_on_the_order_of_the_spikes() {
    let first = activity(200, 500.0);
    let mut second = first.clone();
    second.raster.spikes.reverse();
    assert!(first.to_png().unwrap() == second.to_png().unwrap());
    assert_eq!(first.to_svg().unwrap(), second.to_svg().unwrap());
}

#[test]
fn the_picture_names_what_it_shows() {
    let mut shown = activity(200, 500.0);
    shown.raster.populations[0].name = "L4 <E> & $x".to_owned();
    let svg = shown.to_svg().unwrap();
    for text in [
        "Network of",
        "time (ms)",
        "population rate (Hz), in bins of 5 ms",
        "spikes of cells (by gid)",
        "membrane potential (mV)",
        "L4 &lt;E&gt; &amp; $x",
        "160 cells",
        "E 2",
        "I 161",
    ] {
        assert!(svg.contains(&format!(">{text}")), "{text} is missing");
    }
}

#[test]
fn millions_of_spikes_make_a_picture_of_bounded_size() {
    let mut shown = activity(2000, 10.0);
    let mut dice = Dice(3);
    shown.raster.spikes = (0..2_000_000).map(|i| (i % 2000, 10.0 * dice.roll())).collect();
    assert!(shown.to_png().unwrap().len() < 2_000_000);
}

#[test]
fn what_is_missing_leaves_an_empty_panel() {
    let full = activity(50, 100.0);
    let mut silent = full.clone();
    silent.raster.spikes.clear();
    assert!(silent.to_svg().unwrap().contains("no spikes"));
    let untraced = Activity { traces: Traces::default(), ..full };
    assert!(!untraced.to_svg().unwrap().contains("mV"));
    let nothing = Activity { raster: SpikeRaster::default(), ..untraced };
    assert!(nothing.to_svg().unwrap().contains("no cells"));
    assert!(nothing.to_png().is_ok());
}

#[test]
fn many_populations_and_traces_stay_inside_their_panels() {
    let mut shown = activity(400, 100.0);
    shown.raster.populations = (0..40)
        .map(|i| Population { name: format!("P{i}"), first_gid: 10 * i, size: 10 })
        .chain([Population { name: "nobody".to_owned(), first_gid: 400, size: 0 }])
        .collect();
    shown.traces.cells = shown.traces.cells.iter().cycle().take(100).cloned().collect();
    let svg = shown.to_svg().unwrap();
    assert!(svg.contains("more not shown"));
    assert!(!svg.contains("NaN") && !svg.contains("nobody"));
}

#[test]
fn files_are_written_by_their_ending_and_errors_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let shown = activity(20, 50.0);
    for name in ["activity.png", "activity.svg"] {
        shown.write(&folder.path().join(name)).unwrap();
    }
    let svg = std::fs::read_to_string(folder.path().join("activity.svg")).unwrap();
    assert!(svg.starts_with("<svg"));
    let error = shown.write(&folder.path().join("activity.pdf")).unwrap_err();
    assert!(
        matches!(error, PlotError::Format { .. }) && error.to_string().contains("activity.pdf")
    );
    let error = shown.write(&folder.path().join("nowhere/activity.png")).unwrap_err();
    assert!(matches!(error, PlotError::Write { .. }) && error.to_string().contains("nowhere"));
}

#[test]
fn windows_and_clocks_that_do_not_run_are_errors() {
    let shown = activity(20, 50.0);
    for window_ms in [(10.0, 10.0), (10.0, 0.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
        let error = Activity { window_ms, ..shown.clone() }.to_svg().unwrap_err();
        assert!(matches!(error, PlotError::Window { .. }), "{error}");
    }
    let mut still = shown;
    still.traces.dt_ms = 0.0;
    assert!(matches!(still.to_svg().unwrap_err(), PlotError::Clock { .. }));
}
