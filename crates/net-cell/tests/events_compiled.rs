//! Events that mechanisms send, conditions that they watch, random numbers that they draw: compiled
//! from `.mod` files.

mod constructs;
mod harness;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use harness::{Connection, Input, Model, rc, step};
use net_cell::mechanism::{find, load_library};
use net_cell::morphology::CableProperties;
use net_cell::{
    CellTemplate, PointKind, PointerTarget, Quantity, Region, SpikeSource, StepSettings,
};
use net_nmodl::library::{BuildOptions, build};

/// Compiles and loads the mechanisms of `tests/mod`, once.
fn load() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mod");
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let cache = tempfile::tempdir().unwrap();
        let options = BuildOptions { cache: Some(cache.path().into()), ..BuildOptions::default() };
        let library = build(&files, &options).unwrap_or_else(|error| panic!("{error}"));
        load_library(&library.path).unwrap();
    });
}

fn artificial(mechanism: &str, parameters: &[(&str, f64)]) -> Arc<CellTemplate> {
    load();
    Arc::new(CellTemplate::artificial(mechanism, parameters).unwrap())
}

/// Times of the spikes of a cell, ms.
fn times(spikes: &[net_cell::Spike], gid: u64, dt_ms: f64) -> Vec<f64> {
    spikes.iter().filter(|s| s.gid == gid).map(|s| s.time_ms(dt_ms)).collect()
}

fn assert_times(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?}, expected {expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
    }
}

#[test]
fn an_artificial_cell_fires_between_steps() {
    for dt_ms in [0.025, 0.1] {
        let mut model = Model::new(step(dt_ms, false));
        let beat = artificial("Beat", &[("interval", 3.217_71), ("start", 0.777)]);
        model.cell(&beat, &[]);
        let run = model.run((20.0 / dt_ms) as u64).unwrap();
        let expected: Vec<f64> = (0..6).map(|k| 0.777 + 3.217_71 * f64::from(k)).collect();
        assert_times(&times(&run.spikes, 0, dt_ms), &expected);
    }
}

#[test]
fn an_integrator_decays_exactly_between_events_and_is_refractory() {
    let mut model = Model::new(step(0.025, false));
    model.cell(&artificial("Leaky", &[("tau", 7.0), ("refrac", 3.0)]), &[]);
    // 0.6, 0.6 exp(-1/7) + 0.6 > 1 at 2.013; refractory until 5.013; then nothing, 0.6, 1.2.
    model.drive(0, &[1.013, 2.013, 4.0, 5.0, 6.0, 6.5], 0.6);
    model.variable(0, 0, "Leaky", "m");
    let run = model.run(400).unwrap();
    assert_times(&times(&run.spikes, 0, 0.025), &[2.013, 6.5]);
    // 1.013 acts at 1.025: the step that ends at 1.05 shows it.
    let m = &run.traces[0];
    assert_eq!((m[41], m[42]), (0.0, 0.6));
    // The step nearest to 5.013 ends the refractory time.
    assert_eq!((m[200], m[202]), (2.0, 0.0));
}

#[test]
fn an_event_to_itself_is_moved() {
    let mut model = Model::new(step(0.1, false));
    model.cell(&artificial("Mover", &[("delay", 20.0)]), &[]);
    model.drive(0, &[10.0, 12.0], 0.5);
    let run = model.run(500).unwrap();
    // 20, then 10 + 5, then 12 + 1.5; then 20 later.
    assert_times(&times(&run.spikes, 0, 0.1), &[13.5, 33.5]);
}

#[test]
fn artificial_cells_drive_each_other_and_compartments() {
    let mut model = Model::new(step(0.1, false));
    model.kinds = vec![PointKind::new("ExpSyn", &[("tau", 2.0)]).unwrap()];
    model.cell(&artificial("Beat", &[("interval", 10.0), ("start", 1.04)]), &[]);
    model.cell(&artificial("Leaky", &[("refrac", 1.0)]), &[]);
    model.cell(&Arc::new(rc()), &[(0, 0)]);
    for (source_gid, cell, weight) in [(0, 1, 1.5), (1, 2, 1e-3)] {
        let delay_steps = 7;
        model.connections.push(Connection { source_gid, cell, point: 0, delay_steps, weight });
    }
    model.variable(2, 0, "ExpSyn", "g");
    let run = model.run(300).unwrap();
    assert_times(&times(&run.spikes, 1, 0.1), &[1.74, 11.74, 21.74]);
    // 1.04 + 2 0.7 = 2.44 acts at 2.4, and is first seen a step later.
    let first = run.traces[0].iter().position(|&g| g > 0.0).unwrap();
    assert_eq!(first, 25);
}

#[test]
fn given_times_are_played() {
    load();
    let mut template = CellTemplate::artificial("Train", &[]).unwrap();
    template.set_spike_train("Train", 0, &[7.03, 1.5, 1.5, 3.333]).unwrap();
    let mut model = Model::new(step(0.1, false));
    model.cell(&Arc::new(template), &[]);
    model.cell(&artificial("Train", &[]), &[]);
    let run = model.run(100).unwrap();
    assert_times(&times(&run.spikes, 0, 0.1), &[1.5, 1.5, 3.333, 7.03]);
    assert!(times(&run.spikes, 1, 0.1).is_empty());
    let mut beat = CellTemplate::artificial("Beat", &[]).unwrap();
    let error = beat.set_spike_train("Beat", 0, &[1.0]).unwrap_err();
    assert!(error.to_string().contains("'Beat' takes no spike times"), "{error}");
}

/// A cell that is pushed above and below the thresholds.
fn watched(points: &[(u32, u32)], start_mv: f64) -> Model {
    load();
    let mut cell = rc();
    for (delay, dur, amp) in [(2.0, 3.0, 0.1), (8.0, 3.0, -0.1), (14.0, 2.0, 0.1)] {
        let parameters = [("amp", amp), ("delay", delay), ("dur", dur)];
        cell.insert_point("IClamp", 0, &parameters).unwrap();
    }
    cell.detect_net_events("Watcher").unwrap();
    let settings = StepSettings { v_init_mv: start_mv, ..step(0.1, false) };
    let mut model = Model::new(settings);
    model.kinds = vec![PointKind::new("Watcher", &[]).unwrap()];
    model.cell(&Arc::new(cell), points);
    model.voltage(0, 0);
    for name in ["ups", "downs", "tup", "tdown", "armed", "first"] {
        model.variable(0, 0, "Watcher", name);
    }
    model
}

#[test]
fn conditions_fire_when_they_come_true() {
    let run = watched(&[(0, 0)], -65.0).run(200).unwrap();
    let v = &run.traces[0];
    let crossings = |upwards: bool, level: f64| -> Vec<usize> {
        let passes = |k: &usize| {
            let sign = if upwards { 1.0 } else { -1.0 };
            sign * (v[*k] - level) > 0.0 && sign * (v[*k - 1] - level) <= 0.0
        };
        (1..v.len() - 1).filter(passes).collect()
    };
    let (ups, downs) = (crossings(true, -60.0), crossings(false, -64.0));
    // It is below the lower one at the start, which does not count.
    assert_eq!((ups.len(), downs.len()), (2, 2));
    // Events act in the step at whose start the potential has passed, and are seen after it.
    for (k, &up) in ups.iter().enumerate() {
        assert_eq!(run.traces[1][up], k as f64);
        assert_eq!(run.traces[1][up + 1], k as f64 + 1.0);
        assert_eq!(run.traces[3][up + 1], up as f64 * 0.1);
    }
    assert_eq!(run.traces[2][downs[0] + 1], 1.0);
    assert_eq!(run.traces[4][200], downs[1] as f64 * 0.1);
    assert_eq!(run.traces[5][0], 1.0, "armed before the first sample");
    assert_eq!(run.traces[6][0], -65.0);
    // Its net_events are the spikes of the cell.
    let steps: Vec<usize> = run.spikes.iter().map(|spike| spike.step as usize).collect();
    assert_eq!(steps, ups);
}

#[test]
fn a_new_watch_replaces_those_before() {
    let mut model = watched(&[(0, 0)], -65.0);
    model.drive(0, &[7.0], 1.0);
    let run = model.run(200).unwrap();
    assert_eq!((run.traces[1][200], run.traces[2][200]), (2.0, 0.0));
}

#[test]
fn what_is_above_at_the_start_has_to_fall_first() {
    let run = watched(&[(0, 0)], -50.0).run(200).unwrap();
    assert_eq!(run.traces[1][200], 2.0);
}

#[test]
fn all_connections_learn_from_a_spike() {
    load();
    let mut cell = rc();
    // Above -20 mV from 10 ms on, for half a millisecond.
    let parameters = [("amp", 5.0), ("delay", 10.0), ("dur", 0.5)];
    cell.insert_point("IClamp", 0, &parameters).unwrap();
    cell.detect_spikes(0, 1000.0).unwrap();
    let mut model = Model::new(step(0.1, false));
    model.kinds = vec![PointKind::new("PairSTDP", &[]).unwrap()];
    let target = model.cell(&Arc::new(cell), &[(0, 0), (0, 0)]);
    let (early, late) = (4.0, 9.0);
    let beats = [early, late].map(|start| {
        let beat = artificial("Beat", &[("start", start), ("interval", 16.0), ("number", 2.0)]);
        model.cell(&beat, &[]) as u64
    });
    for (source_gid, weight) in beats.into_iter().zip([1e-5, 2e-5]) {
        let to = Connection { source_gid, cell: target, point: 0, delay_steps: 1, weight };
        model.connections.push(to);
    }
    let source = SpikeSource::Times(vec![30.0]);
    model.inputs.push(Input {
        cell: target,
        point: 0,
        source,
        weight: 4e-5,
        further: vec![],
        delay_ms: 0.0,
    });
    for (variable, nth) in [("total", 0), ("tpost", 0), ("total", 1)] {
        let (mechanism, variable) = ("PairSTDP".to_string(), variable.to_string());
        model.record.push((target as u64, 0, Quantity::Variable { mechanism, variable, nth }));
    }
    let run = model.run(400).unwrap();
    let post = run.traces[1][200];
    assert!((10.0..10.5).contains(&post), "{post}");
    // w + A, A = w dplus exp((tpre - tpost) / tau); weight and A of a connection without an event
    // before hardly change.
    let learned = |w: f64, pre: f64| w * (1.0 + 0.1 * ((pre + 0.1 - post) / 20.0).exp());
    let total = &run.traces[0];
    let expected = [
        (19.0, 3e-5),
        (21.0, 3e-5 + learned(1e-5, early)),
        (27.0, 3e-5 + learned(1e-5, early) + learned(2e-5, late)),
        (39.0, 3e-5 + learned(1e-5, early) + learned(2e-5, late) + 4e-5),
    ];
    for (t_ms, expected) in expected {
        let found = total[(t_ms * 10.0) as usize];
        assert!((found / expected - 1.0).abs() < 1e-12, "{t_ms} ms: {found}, expected {expected}");
    }
    assert_eq!(run.traces[2][399], 0.0, "the other synapse has no connection");
}

#[test]
fn draws_in_a_loop_have_the_law_of_the_channels() {
    load();
    let mut cell = rc();
    cell.insert("gate", &net_cell::Region::All, &[]).unwrap();
    let cell = Arc::new(cell);
    let mut model = Model::new(step(0.1, false));
    let n_cells = 200;
    for gid in 0..n_cells {
        model.cell(&cell, &[]);
        for name in ["open", "noise", "number"] {
            model.variable(gid, 0, "gate", name);
        }
    }
    let run = model.run(1000).unwrap();
    let mean = |which: usize, from: usize| {
        let (mut sum, mut square, mut n) = (0.0, 0.0, 0.0);
        for gid in 0..n_cells as usize {
            // Far enough from each other to be independent.
            for step in (from..=1000).step_by(200) {
                let x = run.traces[3 * gid + which][step];
                sum += x;
                square += x * x;
                n += 1.0;
            }
        }
        (sum / n, square / n - (sum / n).powi(2), n)
    };
    // Binomial of 20 and 1/3; normal of mean 1 and deviation 2; exponential of mean 3.
    for (which, expected, variance) in [(0, 20.0 / 3.0, 40.0 / 9.0), (1, 1.0, 4.0), (2, 3.0, 9.0)] {
        let (found, spread, n) = mean(which, 400);
        assert!((found - expected).abs() < 4.0 * (variance / n).sqrt(), "{which}: {found}");
        assert!((spread / variance - 1.0).abs() < 0.35, "{which}: {spread}");
    }
    // No two cells have the same stream.
    let mut first: Vec<u64> =
        (0..n_cells as usize).map(|gid| run.traces[3 * gid + 1][0].to_bits()).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), n_cells as usize);
}

#[test]
fn blocks_before_and_after_the_parts_of_a_step_run_there() {
    load();
    let mut cell = rc();
    cell.insert("stages", &net_cell::Region::All, &[]).unwrap();
    let mut model = Model::new(step(0.1, false));
    model.cell(&Arc::new(cell), &[]);
    let names = ["began", "x", "before", "tbefore", "solved", "tsolved", "stepped", "tstepped"];
    for name in names {
        model.variable(0, 0, "stages", name);
    }
    let run = model.run(10).unwrap();
    let at =
        |name: &str, step: usize| run.traces[names.iter().position(|n| *n == name).unwrap()][step];
    assert_eq!((at("began", 0), at("x", 0)), (4.0, 4.0));
    for step in 1..=10 {
        let (start, end) = ((step - 1) as f64 * 0.1, step as f64 * 0.1);
        assert!((at("x", step) - 4.0 * (-0.1 * end).exp()).abs() < 1e-14);
        assert_eq!(at("before", step), at("x", step - 1));
        assert!((at("tbefore", step) - start - 0.05).abs() < 1e-12);
        assert_eq!(at("solved", step), at("x", step));
        assert!((at("tsolved", step) - end).abs() < 1e-12);
        // Also before the first sample.
        assert_eq!(at("stepped", step), step as f64 + 1.0);
        assert!((at("tstepped", step) - end).abs() < 1e-12);
    }
}

#[test]
fn nothing_depends_on_who_shares_a_block() {
    load();
    let model = |n_groups: usize, reverse: bool| {
        let mut cell = rc();
        cell.insert("gate", &net_cell::Region::All, &[]).unwrap();
        let cell = Arc::new(cell);
        let mut model = Model::new(step(0.1, false));
        model.n_groups = n_groups;
        model.kinds = vec![
            PointKind::new("Watcher", &[]).unwrap(),
            PointKind::new("PairSTDP", &[("tau", 5.0)]).unwrap(),
        ];
        let beat = artificial("Beat", &[("noise", 1.0), ("interval", 2.0)]);
        let leaky = artificial("Leaky", &[("refrac", 1.0)]);
        for gid in 0..40_u64 {
            match gid % 4 {
                0 => model.cell(&beat, &[]),
                1 => model.cell(&leaky, &[]),
                2 => model.cell(&cell, &[(0, 1), (0, 0)]),
                _ => model.cell(&cell, &[(0, 1)]),
            };
        }
        if reverse {
            model.cells.reverse();
        }
        let places: Vec<u64> = model.cells.iter().map(|cell| cell.gid).collect();
        for (cell, gid) in places.iter().enumerate() {
            for k in 1..12 {
                let (source_gid, delay_steps) = ((gid * 7 + k * 5) % 40, 5 + k as u16);
                let weight = if gid % 4 == 1 { 0.4 } else { 1e-3 * k as f64 };
                model.connections.push(Connection {
                    source_gid,
                    cell,
                    point: 0,
                    delay_steps,
                    weight,
                });
            }
        }
        for gid in [2, 3, 6, 7] {
            model.voltage(gid, 0);
            model.variable(gid, 0, "gate", "open");
            model.variable(gid, 0, "PairSTDP", "total");
        }
        model.run(1000).unwrap()
    };
    let expected = model(1, false);
    assert!(expected.spikes.len() > 500, "{}", expected.spikes.len());
    for (n_groups, reverse) in [(1, true), (3, false), (5, true)] {
        let run = model(n_groups, reverse);
        assert_eq!(run.spikes, expected.spikes);
        assert_eq!(run.traces, expected.traces);
    }
}

#[test]
fn pointers_refer_to_what_the_cell_says() {
    load();
    let cell = |target: PointerTarget| {
        let mut cell = CellTemplate::new(harness::cable(
            100.0,
            2.0,
            3,
            CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 },
        ))
        .unwrap();
        cell.insert("pas", &Region::All, &[("e", -65.0)]).unwrap();
        cell.insert("stages", &Region::Segments(vec![2]), &[]).unwrap();
        cell.insert("follow", &Region::Segments(vec![0]), &[]).unwrap();
        let clamp = [("amp", 0.05), ("delay", 1.0), ("dur", 5.0)];
        cell.insert_point("IClamp", 2, &clamp).unwrap();
        cell.set_pointer("follow", "source", target).unwrap();
        cell
    };
    let counter = PointerTarget::Variable {
        mechanism: "stages".into(),
        variable: "began".into(),
        segment: Some(2),
        nth: 0,
    };
    let voltage = PointerTarget::Voltage { segment: Some(2) };
    let mut model = Model::new(step(0.1, false));
    let mut whole = cell(voltage.clone());
    whole.set_pointer("follow", "counter", counter).unwrap();
    // Several cells, so that lanes matter.
    let whole = Arc::new(whole);
    for gid in 0..3 {
        model.cell(&whole, &[]);
        model.variable(gid, 0, "follow", "y");
        model.voltage(gid, 2);
        model.variable(gid, 2, "stages", "began");
    }
    let run = model.run(100).unwrap();
    for traces in run.traces.chunks(3) {
        let mut y = -65.0;
        for (step, v) in traces[1].iter().enumerate().skip(1) {
            // The state follows the new potential.
            y = v + (y - v) * (-0.1_f64 / 2.0).exp();
            assert!((traces[0][step] - y).abs() < 1e-12, "{step}");
            assert_eq!(traces[2][step], 4.0 + step as f64);
        }
        assert!(traces[0][60] > -64.0);
    }
    // One that is not set, and one whose target is not there.
    let mut lonely = Model::new(step(0.1, false));
    lonely.cell(&Arc::new(cell(voltage)), &[]);
    let error = lonely.try_cells().unwrap_err();
    assert!(error.to_string().contains("pointer 'counter' of mechanism 'follow'"), "{error}");
    let absent = PointerTarget::Variable {
        mechanism: "stages".into(),
        variable: "began".into(),
        segment: Some(1),
        nth: 0,
    };
    let mut wrong = cell(absent.clone());
    wrong.set_pointer("follow", "counter", absent).unwrap();
    let mut lonely = Model::new(step(0.1, false));
    lonely.cell(&Arc::new(wrong), &[]);
    let error = lonely.try_cells().unwrap_err();
    assert!(error.to_string().contains("'stages' is not in segment 1"), "{error}");
    let unknown = rc().set_pointer("follow", "sauce", PointerTarget::Voltage { segment: None });
    assert!(unknown.unwrap_err().to_string().contains("source, counter"));
}

/// A parameter that events change is read and written through a pointer where there is one, and a
/// state of reactions stays at 0.
#[test]
fn pointers_may_refer_to_nothing() {
    load();
    let properties = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };
    let mut cell = CellTemplate::new(harness::cable(100.0, 2.0, 2, properties)).unwrap();
    cell.insert("taker", &Region::All, &[]).unwrap();
    let amount = PointerTarget::Variable {
        mechanism: "giver".into(),
        variable: "amount".into(),
        segment: None,
        nth: 0,
    };
    let unset = Arc::new(cell.clone());
    cell.set_pointer("taker", "p", amount).unwrap();
    let cell = Arc::new(cell);
    let mut model = Model::new(step(0.125, false));
    model.kinds = vec![PointKind::new("giver", &[]).unwrap()];
    model.cell(&unset, &[]);
    model.cell(&cell, &[(1, 0)]);
    model.cell(&cell, &[]);
    model.drive(1, &[1.0], 2.0);
    for (gid, segment) in [(0, 0), (1, 0), (1, 1), (2, 1)] {
        for name in ["has", "taken", "left"] {
            model.variable(gid, segment, "taker", name);
        }
    }
    model.variable(1, 1, "giver", "amount");
    let run = model.run(12).unwrap();
    let at = |k: usize| [0, 1, 2, 3, 9, 12].map(|step| run.traces[k][step]);
    for nothing in [0, 3, 9] {
        assert_eq!(at(nothing), [0.0; 6]);
        assert_eq!(at(nothing + 1), [0.0; 6]);
        assert_eq!(at(nothing + 2), [0.25, 0.125, 0.0, 0.0, 0.0, 0.0]);
    }
    // Currents are computed at the start, too.
    assert_eq!(at(6), [1.0; 6]);
    assert_eq!(at(7), [7.0, 7.0, 7.0, 7.0, 9.0, 9.0]);
    assert_eq!(at(8), [7.0, 6.875, 6.75, 6.625, 1.875, 1.5]);
    assert_eq!(at(12), [0.0; 6]);
}

#[test]
fn kinds_of_mechanisms_are_told_apart() {
    load();
    let error = CellTemplate::artificial("ExpSyn", &[]).unwrap_err();
    assert!(error.to_string().contains("'ExpSyn' is a point process"), "{error}");
    let error = rc().insert_point("Beat", 0, &[]).unwrap_err();
    assert!(error.to_string().contains("'Beat' is a artificial cell"), "{error}");
    assert!(PointKind::new("Leaky", &[]).unwrap().is_artificial_cell());
    let (_, gate) = find("gate").unwrap();
    assert!(!gate.timed && find("PairSTDP").unwrap().1.timed);
}
