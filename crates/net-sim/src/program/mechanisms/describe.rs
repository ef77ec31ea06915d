//! A mechanism in words.

use std::fmt::Write;

use net_cell::mechanism::{ColumnSpec, IonVariable, Mechanism, Role};

/// Name, kind, origin and title.
pub(super) fn in_a_line(mechanism: &Mechanism) -> String {
    let Mechanism { name, kind, origin, title, .. } = mechanism;
    format!("{name:24} {:18} {origin}: {title}", kind.describe())
}

/// All that is known.
pub(super) fn in_full(mechanism: &Mechanism) -> String {
    let mut text = in_a_line(mechanism);
    text.push('\n');
    let columns = |keep: fn(Role) -> bool| mechanism.columns.iter().filter(move |c| keep(c.role));
    for column in columns(|role| matches!(role, Role::Parameter { .. })) {
        let Role::Parameter { default, .. } = column.role else { continue };
        let _ = writeln!(text, "  parameter   {} = {default}{}", column.name, unit(column));
    }
    for column in columns(|role| role == Role::State) {
        let _ = writeln!(text, "  state       {}{}", column.name, unit(column));
    }
    for column in columns(|role| matches!(role, Role::Output | Role::Assigned)) {
        let _ = writeln!(text, "  computed    {}{}", column.name, unit(column));
    }
    for used in &mechanism.ions {
        let quantity = match used.variable {
            IonVariable::Reversal => "reversal potential (mV)",
            IonVariable::Current => "current (mA/cm2)",
            IonVariable::Inside => "concentration inside (mM)",
            IonVariable::Outside => "concentration outside (mM)",
        };
        let does = match (used.read, used.write) {
            (true, true) => "reads and writes",
            (false, true) => "writes",
            _ => "reads",
        };
        let _ = writeln!(text, "  ion         {does} the {quantity} of {}", used.ion);
    }
    if mechanism.kernels.net_receive.is_some() {
        let kept = if mechanism.keeps_weights { ", kept with each connection" } else { "" };
        let _ = writeln!(text, "  events      {} weights{kept}", mechanism.n_weights);
    }
    for line in mechanism.about.trim().lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn unit(column: &ColumnSpec) -> String {
    if column.unit.is_empty() { String::new() } else { format!(" ({})", column.unit) }
}
