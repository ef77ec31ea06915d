//! What a mechanism adds to the linear system: its current and how that changes with v.

use super::Settings;
use super::graph::{Graph, Id, Input};

/// Step in v of NEURON's numeric conductance, mV.
const NEURON_STEP_MV: f64 = 0.001;

/// Diagonal and right-hand side of the system for v(t+dt), per unit of area: with an outward current
/// i(v) linearized at v(t),
///
/// ```text
/// (... + g) v(t+dt) = ... + g v(t) - i(v(t)),   g = di/dv
/// ```
///
/// For a current g v + b by its form, the right-hand side is -b and does not need v.
pub(crate) fn system(
    graph: &mut Graph,
    membrane: Option<Id>,
    electrode: Option<Id>,
    settings: &Settings,
) -> Option<(Id, Id)> {
    let current = match (membrane, electrode) {
        (Some(out), Some(into)) => graph.subtract(out, into),
        (Some(out), None) => out,
        (None, Some(into)) => graph.negate(into),
        (None, None) => return None,
    };
    let v = graph.input(Input::Voltage);
    if !settings.numeric_conductance
        && let Some((slope, constant)) = graph.slope_and_constant(current, v)
    {
        return Some((slope, graph.negate(constant)));
    }
    let slope = slope(graph, current, settings);
    let driven = graph.multiply(slope, v);
    Some((slope, graph.subtract(driven, current)))
}

/// The electrode's current and what it loses per mV.
pub(crate) fn electrode(
    graph: &mut Graph,
    electrode: Option<Id>,
    settings: &Settings,
) -> Option<(Id, Id)> {
    let current = electrode?;
    let slope = slope(graph, current, settings);
    Some((current, graph.negate(slope)))
}

/// The derivative by v, or NEURON's quotient where that is asked for or there is no formula.
fn slope(graph: &mut Graph, current: Id, settings: &Settings) -> Id {
    let v = graph.input(Input::Voltage);
    if !settings.numeric_conductance
        && let Some(slope) = graph.derivative(current, v)
    {
        return slope;
    }
    let step = graph.number(NEURON_STEP_MV);
    let shifted = graph.add(v, step);
    let by = [(v, shifted)].into_iter().collect();
    let above = graph.substitute(&[current], &by)[0];
    let difference = graph.subtract(above, current);
    graph.divide(difference, step)
}
