//! Networks with gap junctions that are described in code.

use net_cell::morphology::*;
use net_cell::{CellTemplate, Region};
use net_core::{Network, Population};
use net_sim::*;

use super::{connected, in_memory};

/// Cells that spike and send each other spikes, in a ring of gap junctions, some on one cell.
pub(crate) fn ring(seed: u64) -> Model {
    let (n_cells, model) = (16, connected(seed, [12, 4], 0.5));
    let junction = |gid: u64| GapJunction {
        sides: [(gid, 2), ((gid + 1) % n_cells, (gid % 3) as u32)],
        conductance_us: 1e-3 * (1 + gid % 4) as f64,
    };
    let on_one = GapJunction { sides: [(5, 0), (5, 3)], conductance_us: 2e-4 };
    model.with_gap_junctions((0..n_cells).map(junction)).with_gap_junctions([on_one])
}

/// Two passive cells of one compartment that are coupled; a current flows into the first.
///
/// In units of their leak g, capacitance C and rest: the sum of the potentials goes to I / g with C / g, their
/// difference to I / (g + 2 g_gap) with C / (g + 2 g_gap).
pub(crate) fn two_cells_are_as_computed() {
    let (diameter_um, length_um, cm_uf_cm2, g_s_cm2, e_mv) = (10.0, 10.0, 1.0, 1e-4, -65.0);
    let (current_na, conductance_us) = (0.005, 1e-4);
    let mut builder = MorphologyBuilder::new();
    builder.cylinder("soma", SectionKind::Soma, None, length_um, diameter_um).unwrap();
    let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2 });
    let one = Discretization::FixedPerSection(1);
    let morphology =
        builder.build().unwrap().segmented(&one, &cable, SegmentPoints::Exact).unwrap();
    let area_um2 = morphology.segments.area_um2[0];
    let cell = |current_na: f64| {
        let mut cell = CellTemplate::new(morphology.clone()).unwrap();
        cell.insert("pas", &Region::All, &[("g", g_s_cm2), ("e", e_mv)]).unwrap();
        let clamp = [("delay", 0.0), ("dur", 1e9), ("amp", current_na)];
        cell.insert_point("IClamp", 0, &clamp).unwrap();
        cell
    };
    let mut network = Network::new(1);
    network.add_population(Population::new("driven", 1, "driven")).unwrap();
    network.add_population(Population::new("other", 1, "other")).unwrap();
    let model = Model::new(network)
        .with_cells("driven", CellKind::shared(cell(current_na)))
        .with_cells("other", CellKind::shared(cell(0.0)))
        .with_gap_junctions([GapJunction { sides: [(0, 0), (1, 0)], conductance_us }])
        .with_recording(Recording {
            sample_type: SampleType::F64,
            interval_ms: Some(1.0),
            ..Recording::new("v", Targets::All, Quantity::Voltage)
        });
    // uS; nF, so that C / g is in ms.
    let (leak_us, c_nf) = (1e-2 * g_s_cm2 * area_um2, 1e-5 * cm_uf_cm2 * area_um2);
    let of_difference_us = leak_us + 2.0 * conductance_us;
    let expected = |t_ms: f64| {
        let approach = |g_us: f64| current_na / g_us * (1.0 - (-t_ms * g_us / c_nf).exp());
        let (sum, difference) = (approach(leak_us), approach(of_difference_us));
        [e_mv + 0.5 * (sum + difference), e_mv + 0.5 * (sum - difference)]
    };
    let error_at = |dt_ms: f64, t_ms: f64| {
        let mut options = in_memory(400.0, 1);
        options.settings.dt_ms = dt_ms;
        let comm = net_mpi::Communicator::solo();
        let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
        let v = |cell: usize| outcome.traces[cell].values[t_ms as usize];
        let expected = expected(t_ms);
        (0..2).map(|cell| (v(cell) - expected[cell]).abs()).fold(0.0, f64::max)
    };
    // After 40 time constants only rounding is left; before, errors halve with the step.
    let size_mv = current_na / leak_us;
    assert!(error_at(0.025, 400.0) < 1e-12 * size_mv, "at rest: {} mV", error_at(0.025, 400.0));
    let [coarse, fine] = [0.025, 0.0125].map(|dt_ms| error_at(dt_ms, 3.0));
    assert!((0.49..0.51).contains(&(fine / coarse)), "errors {coarse} and {fine} mV");
    assert!(coarse < 0.025 * of_difference_us / c_nf * size_mv, "error {coarse} mV");

    // What cannot be is refused before the run.
    let refused = |sides, conductance_us: f64| {
        let model = model.clone().with_gap_junctions([GapJunction { sides, conductance_us }]);
        let (comm, options) = (net_mpi::Communicator::solo(), in_memory(1.0, 1));
        Simulation::build(&comm, &model, &options).err().unwrap().to_string()
    };
    for (sides, conductance_us, words) in [
        ([(0, 0), (2, 0)], 1.0, "gap junction 1: gid"),
        ([(0, 0), (0, 0)], 1.0, "two different segments"),
        ([(0, 0), (1, 0)], -1.0, "conductance (uS)"),
        ([(0, 0), (1, 9)], 1.0, "segment"),
    ] {
        let message = refused(sides, conductance_us);
        assert!(message.contains(words), "{message}");
    }
}
