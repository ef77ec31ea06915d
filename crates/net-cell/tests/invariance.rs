//! Results do not depend on how cells are laid out, on the instruction set, or on what is
//! recorded; and currents balance.

mod harness;

use std::process::Command;
use std::sync::Arc;

use harness::{Connection, Input, Model, Run, cable, rc, step};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, PointKind, Quantity, Region, SpikeSource};

const PROPERTIES: CableProperties = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };

/// A soma with `n_branches` dendrites at its end and a fork on each of them; `n` segments a section.
fn branched(n_branches: usize, n: usize) -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    let soma = builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    for branch in 0..n_branches {
        let mut add = |part: &str, parent, length, diam| {
            let name = format!("dend[{branch}]{part}");
            builder.cylinder(&name, SectionKind::Basal, Some(parent), length, diam).unwrap()
        };
        let trunk = add("", (soma, if branch % 2 == 0 { 1.0 } else { 0.5 }), 80.0, 2.0);
        add("left", (trunk, 1.0), 60.0 + 10.0 * branch as f64, 1.0);
        add("right", (trunk, 1.0), 40.0, 1.3);
    }
    let rule = Discretization::FixedPerSection(n);
    let morphology = builder.build().unwrap();
    let cable = Cable::Uniform(PROPERTIES);
    let mut cell =
        CellTemplate::new(morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap())
            .unwrap();
    cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[]).unwrap();
    let leak = [("g", 1e-4 * (1 + n_branches) as f64), ("e", -65.0)];
    cell.insert("pas", &Region::AllBut(vec![SectionKind::Soma]), &leak).unwrap();
    cell
}

/// Fourteen cells of five kinds in a ring, each with three or four synapses and a Poisson source.
fn network(second_order: bool) -> Model {
    let mut model = Model::new(step(0.025, second_order));
    model.kinds = vec![
        PointKind::new("ExpSyn", &[("tau", 1.7)]).unwrap(),
        PointKind::new("Exp2Syn", &[("tau1", 0.4), ("tau2", 3.0)]).unwrap(),
        PointKind::new("ExpSynI", &[("tau", 0.9)]).unwrap(),
    ];
    let mut axon = CellTemplate::new(cable(300.0, 2.0, 31, PROPERTIES)).unwrap();
    axon.insert("hh", &Region::All, &[("gnabar", 0.13)]).unwrap();
    axon.set_reversal("na", 55.0);
    let mut clamped = branched(2, 3);
    let levels = [("dur1", 2.0), ("amp1", -65.0), ("dur2", 10.0), ("amp2", -55.0)];
    clamped.insert_point("SEClamp", 4, &levels).unwrap();
    let mut two_clamps = branched(1, 1);
    let pulse = [("amp", 0.2), ("delay", 3.0), ("dur", 10.0)];
    two_clamps.insert_point("IClamp", 0, &pulse).unwrap();
    two_clamps.insert_point("VClamp", 2, &levels).unwrap();
    let templates = [branched(3, 5), axon, branched(5, 1), clamped, two_clamps].map(Arc::new);
    for cell in 0..14 {
        // Nine of the first kind fill a vector and leave one over.
        let kind = [0, 0, 1, 0, 2, 0, 0, 3, 0, 4, 0, 0, 0, 2][cell];
        let n = templates[kind].n_segments() as u32;
        let points = [(n / 2, 1), (0, 0), (n - 1, 2), (n / 2, 1)];
        model.cell(&templates[kind], &points[..3 + cell % 2]);
        let source = SpikeSource::Poisson { rate_hz: 150.0, start_ms: 1.0, stop_ms: 15.0 };
        model.inputs.push(Input {
            cell,
            point: 1,
            source,
            weight: 0.01,
            further: vec![],
            delay_ms: 0.3,
        });
        let delay_steps = 40 + cell as u16;
        for (point, weight) in [(0, 0.004), (2, 0.05)] {
            let source_gid = (cell as u64 + 13) % 14;
            let to = Connection { source_gid, cell, point, delay_steps, weight };
            model.connections.push(to);
        }
        model.voltage(cell as u64, 0);
        model.voltage(cell as u64, n as usize - 1);
        model.record.push((cell as u64, n as usize / 2, Quantity::MembraneCurrent));
        model.variable(cell as u64, 0, "ExpSyn", "i");
    }
    model
}

const N_STEPS: u64 = 800;

fn bits(run: &Run) -> Vec<u64> {
    run.traces.iter().flatten().map(|x| x.to_bits()).collect()
}

#[test]
fn groups_do_not_matter() {
    for second_order in [false, true] {
        let mut model = network(second_order);
        let one = model.run(N_STEPS).unwrap();
        assert!(one.spikes.len() >= 14, "{} spikes", one.spikes.len());
        for n_groups in [2, 3, 16] {
            model.n_groups = n_groups;
            let run = model.run(N_STEPS).unwrap();
            assert_eq!(run.spikes, one.spikes, "{n_groups} groups");
            assert_eq!(bits(&run), bits(&one), "{n_groups} groups");
        }
    }
}

#[test]
fn the_order_of_cells_does_not_matter() {
    let model = network(false);
    let mut turned = network(false);
    turned.cells.reverse();
    let at = |cell: usize| model.cells.len() - 1 - cell;
    turned.connections.iter_mut().for_each(|c| c.cell = at(c.cell));
    turned.inputs.iter_mut().for_each(|i| i.cell = at(i.cell));
    let (run, turned) = (model.run(N_STEPS).unwrap(), turned.run(N_STEPS).unwrap());
    assert_eq!(run.spikes, turned.spikes);
    assert_eq!(bits(&run), bits(&turned));
}

/// Each cell by itself, fed with the spikes that reached it in the network.
#[test]
fn company_does_not_matter() {
    let mut model = network(false);
    model.inputs.clear();
    for cell in 0..14 {
        let times: Vec<f64> = (0..5).map(|k| 1.3 + 0.37 * cell as f64 + 2.9 * k as f64).collect();
        let source = SpikeSource::Times(times);
        model.inputs.push(Input {
            cell,
            point: 1,
            source,
            weight: 0.01,
            further: vec![],
            delay_ms: 0.0,
        });
    }
    let together = model.run(N_STEPS).unwrap();
    for cell in 0..14 {
        let mut alone = network(false);
        let gid = cell as u64;
        alone.cells = vec![model.cells[cell].clone()];
        alone.inputs.retain(|_| false);
        alone.connections.clear();
        alone.record.retain(|r| r.0 == gid);
        let mut drive = |point, weight, times| {
            let source = SpikeSource::Times(times);
            alone.inputs.push(Input {
                cell: 0,
                point,
                source,
                weight,
                further: vec![],
                delay_ms: 0.0,
            });
        };
        if let SpikeSource::Times(times) = &model.inputs[cell].source {
            drive(1, 0.01, times.clone());
        }
        for c in model.connections.iter().filter(|c| c.cell == cell) {
            let from = together.spikes.iter().filter(|s| s.gid == c.source_gid);
            let arrival = from.map(|s| (s.step + u64::from(c.delay_steps)) as f64 * 0.025);
            drive(c.point, c.weight, arrival.collect());
        }
        let run = alone.run(N_STEPS).unwrap();
        for (k, trace) in run.traces.iter().enumerate() {
            assert_eq!(trace, &together.traces[cell * 4 + k], "cell {cell}, trace {k}");
        }
    }
}

#[test]
fn recording_does_not_matter() {
    for second_order in [false, true] {
        let mut model = network(second_order);
        let all = model.run(N_STEPS).unwrap();
        model.record.truncate(1);
        model.interval = 7;
        let one = model.run(N_STEPS).unwrap();
        assert_eq!(all.spikes, one.spikes);
        let thinned: Vec<f64> = all.traces[0].iter().copied().step_by(7).collect();
        assert_eq!(one.traces[0], thinned);
    }
}

/// What a child process prints after this.
const DIGEST: &str = "digest of all bits: ";

#[test]
#[ignore = "run by instruction_sets_do_not_matter in child processes"]
fn print_digest() {
    for second_order in [false, true] {
        let run = network(second_order).run(N_STEPS).unwrap();
        // FNV-1a.
        let spikes = run.spikes.iter().flat_map(|s| [s.step, s.gid]);
        let digest = bits(&run)
            .into_iter()
            .chain(spikes)
            .flat_map(u64::to_le_bytes)
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
                (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
            });
        println!("\n{DIGEST}{digest:016x} {}", run.spikes.len());
    }
}

#[test]
fn instruction_sets_do_not_matter() {
    let digest = |isa: &str| {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "print_digest", "--ignored", "--nocapture"])
            .env("NET_ISA", isa)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<String> =
            text.lines().filter(|l| l.starts_with(DIGEST)).map(str::to_string).collect();
        assert_eq!(lines.len(), 2, "{text}");
        lines
    };
    let best = digest("avx512");
    assert_eq!(digest("avx2"), best);
    assert_eq!(digest("portable"), best);
}

/// The membrane currents of a cell sum up to what its electrodes inject, to the rounding of
/// conductance times potential: more so the shorter and thicker the compartments are.
#[test]
fn currents_balance() {
    for (n, bound, second_order) in
        [(1, 1e-12, false), (1, 1e-12, true), (5, 1e-12, false), (5, 1e-12, true)]
    {
        let mut cell = branched(4, n);
        let pulse = [("amp", 1.5), ("delay", 1.0), ("dur", 4.0)];
        cell.insert_point("IClamp", 0, &pulse).unwrap();
        let n_segments = cell.n_segments();
        let mut model = Model::new(step(0.025, second_order));
        model.kinds = vec![PointKind::new("ExpSyn", &[("tau", 2.0)]).unwrap()];
        model.cell(&Arc::new(cell), &[(n_segments as u32 - 1, 0)]);
        model.drive(0, &[7.0, 7.5], 0.05);
        for segment in 0..n_segments {
            model.record.push((0, segment, Quantity::MembraneCurrent));
        }
        model.variable(0, 0, "IClamp", "i");
        let run = model.run(400).unwrap();
        let largest = run.traces.iter().flatten().fold(0f64, |m, i| m.max(i.abs()));
        let mut worst = 0f64;
        for k in 0..=400 {
            let sum: f64 = run.traces[..n_segments].iter().map(|t| t[k]).sum();
            worst = worst.max((sum - run.traces[n_segments][k]).abs());
        }
        println!(
            "{n} segments a section: currents balance to {:.1e} of the largest",
            worst / largest
        );
        assert!(worst <= bound * largest, "{worst} of {largest} nA");
    }
}

/// A clamp of small resistance is balanced to the rounding of its conductance times potential.
#[test]
fn clamp_currents_balance() {
    let levels = [("dur1", 2.0), ("amp1", -65.0), ("dur2", 10.0), ("amp2", -20.0)];
    for (clamp, rounding_na) in [("SEClamp", 1e-12), ("VClamp", 1e-7)] {
        let mut cell = branched(2, 3);
        cell.insert_point(clamp, 0, &levels).unwrap();
        let n_segments = cell.n_segments();
        let mut model = Model::new(step(0.025, false));
        model.cell(&Arc::new(cell), &[]);
        for segment in 0..n_segments {
            model.record.push((0, segment, Quantity::MembraneCurrent));
        }
        model.variable(0, 0, clamp, "i");
        let run = model.run(300).unwrap();
        let mut largest = 0f64;
        for k in 1..=300 {
            let sum: f64 = run.traces[..n_segments].iter().map(|t| t[k]).sum();
            // Both are of the potential that the step leads to.
            let injected = run.traces[n_segments][k];
            largest = largest.max(injected.abs());
            assert!(
                (sum - injected).abs() <= rounding_na * largest.max(1.0),
                "{clamp} {k}: {sum} {injected}"
            );
        }
        assert!(largest > 10.0, "{largest}");
    }
}

/// A compartment without connections stays exactly where it rests.
#[test]
fn rest_is_exact() {
    let mut model = Model::new(step(0.025, false));
    model.cell(&Arc::new(rc()), &[]);
    model.voltage(0, 0);
    let run = model.run(4000).unwrap();
    assert!(run.traces[0].iter().all(|v| (v + 65.0).abs() < 1e-12));
}
