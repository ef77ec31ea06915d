//! A network of cells with mechanisms of net-cell's tests, which users' files could be: functions given as
//! tables, loops that only a run knows, reactions and equations in loops, reversal potentials that are
//! written, currents from linear systems, random streams.

use net_cell::Values;
use net_cell::mechanism::{FunctionTable, set_function_table};

use super::*;

/// Gives the tables of `Given`; all ranks must, before they lay out cells.
pub(crate) fn set_tables() -> Result<(), CellError> {
    let (v_axis, m_axis) = ([-80.0, -55.0, 0.0, 40.0], [0.0, 0.4, 1.0]);
    let rate = FunctionTable::new(&[&v_axis], &[0.1, 0.3, 2.0, 2.5]);
    set_function_table("Given", "rate", rate)?;
    let heights: Vec<f64> =
        v_axis.iter().flat_map(|v| m_axis.map(|m| 1.0 + 0.01 * v * m)).collect();
    set_function_table("Given", "surface", FunctionTable::new(&[&v_axis, &m_axis], &heights))
}

/// Cells whose trees and rounds of loops differ, connected by synapses with a current of their own solver.
pub(crate) fn constructs(seed: u64) -> Model {
    let mut network = populations(seed, [19, 6]);
    for (pre, post, weight) in [("E", "I", 0.003), ("E", "E", 0.002), ("I", "E", 0.001)] {
        let synapse = SynapseKind {
            mechanism: "Fresh".into(),
            parameters: [("resistance".to_owned(), 20.0)].into(),
        };
        let weight = Distribution::Normal { mean: weight, std: 0.2 * weight };
        let name = format!("{pre}:{post} fresh");
        let projection = Projection { name, weight, synapse, ..projection(pre, post, 0.5) };
        network.add_projection(projection).unwrap();
    }
    let cell = |gid: u64| -> Result<CellTemplate, CellError> {
        let mut cell = stick(2 + gid as usize % 5);
        let n_segments = cell.n_segments();
        let along = |first: f64, step: f64| -> Vec<f64> {
            (0..n_segments).map(|k| first + step * k as f64).collect()
        };
        cell.insert("Given", &Region::All, &[])?;
        let counts = along((gid % 3) as f64, 0.7);
        cell.insert_with("Counted", &Region::All, &[("n", Values::PerSegment(counts))])?;
        cell.insert("Chain", &Region::All, &[("n", (2 + gid % 3) as f64)])?;
        cell.insert("Rounds", &Region::All, &[("order", (1 + gid % 4) as f64)])?;
        let base = along(-80.0 - gid as f64, 1.5);
        cell.insert_with("Reversal", &Region::All, &[("base", Values::PerSegment(base))])?;
        cell.insert("KLeak", &Region::Kinds(vec![SectionKind::Basal]), &[("g", 2e-5)])?;
        cell.insert("gate", &Region::All, &[("n", (3 + gid % 4) as f64)])?;
        Ok(cell)
    };
    let mut model = Model::new(network)
        .with_cells("E", CellKind::per_cell(cell))
        .with_cells("I", CellKind::per_cell(cell))
        .with_input(background("E"))
        .with_recording(Recording::new("v", Targets::All, Quantity::Voltage));
    for (mechanism, variable) in [
        ("Given", "m"),
        ("Given", "height"),
        ("Counted", "sum"),
        ("Counted", "y"),
        ("Chain", "c[1]"),
        ("Rounds", "x"),
        ("gate", "open"),
        ("gate", "noise"),
    ] {
        let (mechanism, name) = (mechanism.to_owned(), format!("{mechanism}.{variable}"));
        let quantity = Quantity::Variable { mechanism, variable: variable.into(), nth: 0 };
        model = model.with_recording(Recording {
            sample_type: SampleType::F64,
            segments: Segments::All,
            ..Recording::new(&name, Targets::All, quantity)
        });
    }
    model
}
