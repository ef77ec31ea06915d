//! Rust source of compiled mechanisms, against the crate `net_kernel`.

mod kernel;
mod values;

use std::fmt::Write;

use crate::Parsed;
use crate::ast::{Item, MechanismKind, Text};
use crate::lower::graph::Input;
use crate::lower::storage::{ColumnRole, DiffusingColumns, Placed};
use crate::lower::{Lowered, Settings};
use crate::symbols::IonQuantity;
use kernel::{KernelKind, KernelWriter, table_builder, table_offset};
use values::number;

/// The text of a module with one function, `pub fn table() -> MechanismTable`.
pub(crate) fn module(
    parsed: &Parsed,
    lowered: &Lowered,
    placed: &Placed,
    settings: &Settings,
) -> String {
    let mut text = String::new();
    let mechanism = parsed.symbols.mechanism.as_ref();
    let name = mechanism.map_or("", |m| m.name.text.as_str());
    text.push_str(
        "use net_kernel::{event_kernel, mechanism_kernel};\n\
         use net_kernel::kernel::{Access, KernelArgs, NetEvent, look_up, post, start_table};\n\
         use net_kernel::random::*;\n\
         use net_kernel::simd::*;\n\
         use net_kernel::table::*;\n\n",
    );
    let mut kernels = Vec::new();
    let mut vector = |field: &'static str, kind, stores: Option<&_>| {
        let Some(stores) = stores else { return kernels.push((field, false)) };
        let is_state = ["init", "state", "derive"].iter().any(|end| field.ends_with(end));
        let body = format!("{field}_body");
        text.push_str(&KernelWriter::write(&lowered.graph, placed, kind, settings, &body, stores));
        let macro_name =
            if kind == KernelKind::Event { "event_kernel" } else { "mechanism_kernel" };
        let on = settings.only_isa.map_or(String::new(), |isa| format!(" on {}", isa.vector()));
        // Only where little else is done, two ways of access are worth two copies.
        let at = if is_state && kind != KernelKind::Event { " at Anywhere" } else { "" };
        let _ = writeln!(text, "{macro_name}!({field}_kernel = {body}{on}{at});\n");
        kernels.push((field, true));
    };
    vector("init", KernelKind::Init, Some(&placed.init));
    vector("current", KernelKind::Running, placed.current.as_ref());
    vector("state", KernelKind::Running, placed.state.as_ref());
    vector("net_receive", KernelKind::Event, placed.receive.as_ref());
    vector("net_init", KernelKind::Event, placed.net_init.as_ref());
    vector("watch", KernelKind::Running, placed.watch.as_ref());
    vector("after_solve", KernelKind::Running, placed.after_solve.as_ref());
    vector("before_step", KernelKind::Running, placed.before_step.as_ref());
    vector("derive", KernelKind::Init, placed.derive.as_ref());
    let tabled = placed.tabled.as_ref();
    vector("tabled_init", KernelKind::Init, tabled.map(|tabled| &tabled.init));
    vector("tabled_current", KernelKind::Running, tabled.and_then(|t| t.current.as_ref()));
    vector("tabled_state", KernelKind::Running, tabled.and_then(|t| t.state.as_ref()));
    if tabled.is_some() {
        text.push_str(&table_builder(&lowered.graph, placed));
    }
    variables(&mut text, placed);
    ions(&mut text, lowered);
    let kind = match mechanism.map(|m| m.kind) {
        _ if placed.electrode.is_some() => "ELECTRODE",
        Some(MechanismKind::Point) => "POINT",
        Some(MechanismKind::ArtificialCell) => "ARTIFICIAL_CELL",
        _ => "DENSITY",
    };
    let flags: Vec<&str> = [
        (placed.constant_linear, "CONSTANT_LINEAR"),
        (placed.linear, "LINEAR"),
        (placed.keeps_weights, "KEEPS_WEIGHTS"),
        (lowered.is_timed(), "TIMED"),
        (lowered.uses_netcons(), "FOR_NETCONS"),
        (lowered.uses_train(), "SPIKE_TRAIN"),
    ]
    .into_iter()
    .filter_map(|(is_set, flag)| is_set.then_some(flag))
    .collect();
    let flags = if flags.is_empty() { "0".to_string() } else { flags.join(" | ") };
    let (current, slope) = match placed.electrode {
        Some((current, slope)) => (current.to_string(), slope.to_string()),
        None => ("NONE".to_string(), "NONE".to_string()),
    };
    let n_weights = lowered.weights.len();
    let item = |of: fn(&Item) -> Option<&Text>| {
        parsed.program.items.iter().find_map(of).map_or("", |text| text.text.trim())
    };
    let title = item(|item| if let Item::Title(text) = item { Some(text) } else { None });
    let about = item(|item| if let Item::Comment(text) = item { Some(text) } else { None });
    let diffusing: Vec<String> = placed
        .diffusing
        .iter()
        .map(|DiffusingColumns { state, ion, volume, coefficient }| {
            let index = |at: &Option<u32>| at.map_or("NONE".to_string(), |at| at.to_string());
            format!(
                "DiffusingTable {{ state: {}, ion: {}, volume: {volume}, \
                 coefficient: {coefficient} }}",
                index(state),
                index(ion),
            )
        })
        .collect();
    let pointer = |&slot: &u32| format!("Text::new({:?})", lowered.slots.slots[slot as usize].name);
    let pointers: Vec<String> = lowered.slots.pointers.iter().map(pointer).collect();
    let is_optional = |k: usize| lowered.graph.has_input(Input::Pointing(k as u32));
    let optional = lowered.slots.pointers.iter().enumerate().filter(|(k, _)| is_optional(*k));
    let optional: Vec<String> = optional.map(|(_, slot)| pointer(slot)).collect();
    let functions: Vec<String> = lowered
        .graph
        .functions
        .iter()
        .map(|function| {
            let (name, n) = (&function.name, function.n_arguments);
            format!("FunctionUse {{ name: Text::new({name:?}), n_arguments: {n} }}")
        })
        .collect();
    let _ = writeln!(
        text,
        "static FUNCTIONS: [FunctionUse; {}] = [{}];",
        functions.len(),
        functions.join(", ")
    );
    let _ =
        writeln!(text, "static POINTERS: [Text; {}] = [{}];", pointers.len(), pointers.join(", "));
    let _ = writeln!(
        text,
        "static OPTIONAL_POINTERS: [Text; {}] = [{}];",
        optional.len(),
        optional.join(", ")
    );
    let _ = writeln!(
        text,
        "pub fn table() -> MechanismTable {{\n    MechanismTable {{\n        \
         name: Text::new({name:?}),\n        title: Text::new({title:?}),\n        \
         about: Text::new({about:?}),\n        kind: kind::{kind},\n        flags: {flags},\n        \
         variables: List::new(&VARIABLES),\n        ions: List::new(&IONS),\n        \
         pointers: List::new(&POINTERS),\n        \
         optional_pointers: List::new(&OPTIONAL_POINTERS),\n        \
         functions: List::new(&FUNCTIONS),\n        \
         n_weights: {n_weights},\n        electrode_current: {current},\n        \
         electrode_slope: {slope},",
    );
    let (of_tables, others): (Vec<_>, Vec<_>) =
        kernels.into_iter().partition(|(field, _)| field.starts_with("tabled_"));
    let write = |text: &mut String, kernels: Vec<(&str, bool)>| {
        for (field, exists) in kernels {
            let value = if exists { format!("Some({field}_kernel())") } else { "None".to_string() };
            let _ = writeln!(text, "        {}: {value},", field.trim_start_matches("tabled_"));
        }
    };
    write(&mut text, others);
    let n = lowered.graph.tables.len() as u32;
    let n_values = tabled.map_or(0, |_| table_offset(&lowered.graph, n));
    let build = tabled.map_or("None", |_| "Some(build_tables)");
    let depends_on: Vec<String> = placed.table_globals.iter().map(u32::to_string).collect();
    let _ = writeln!(text, "        diffusing: List::new(&[{}]),", diffusing.join(", "));
    let _ = writeln!(
        text,
        "        tabled: TabledKernels {{\n        n_values: {n_values},\n        \
         build: {build},\n        depends_on: List::new(&[{}]),",
        depends_on.join(", "),
    );
    write(&mut text, of_tables);
    text.push_str("        },\n    }\n}\n");
    text
}

fn variables(text: &mut String, placed: &Placed) {
    let n = placed.columns.len();
    let _ = writeln!(text, "static VARIABLES: [VariableTable; {n}] = [");
    for column in &placed.columns {
        let none = String::new();
        let (role, depends_on) = match &column.role {
            ColumnRole::Parameter { global: false } => ("PARAMETER", none),
            ColumnRole::Parameter { global: true } => ("GLOBAL", none),
            ColumnRole::State => ("STATE", none),
            ColumnRole::Assigned => ("ASSIGNED", none),
            ColumnRole::Output => ("OUTPUT", none),
            ColumnRole::Derived { depends_on } => {
                let list: Vec<String> = depends_on.iter().map(u32::to_string).collect();
                ("DERIVED", list.join(", "))
            }
            ColumnRole::StreamId => ("STREAM_ID", none),
            ColumnRole::Area => ("AREA", none),
            ColumnRole::Diameter => ("DIAM", none),
        };
        let _ = writeln!(
            text,
            "    VariableTable {{ name: Text::new({:?}), unit: Text::new({:?}), role: role::{role}, \
             default: {}, minimum: {}, maximum: {}, depends_on: List::new(&[{depends_on}]) }},",
            column.name,
            column.unit,
            number(column.default),
            number(column.limits.0),
            number(column.limits.1),
        );
    }
    text.push_str("];\n");
}

fn ions(text: &mut String, lowered: &Lowered) {
    let ions = &lowered.slots.ions;
    let _ = writeln!(text, "static IONS: [IonTable; {}] = [", ions.len());
    for ion in ions {
        let variable = match ion.quantity {
            IonQuantity::Reversal => "REVERSAL",
            IonQuantity::Current => "CURRENT",
            IonQuantity::Inside => "INSIDE",
            IonQuantity::Outside => "OUTSIDE",
        };
        let _ = writeln!(
            text,
            "    IonTable {{ ion: Text::new({:?}), variable: ion::{variable}, read: {}, write: {}, \
             valence: {} }},",
            ion.ion,
            ion.read,
            ion.write,
            number(ion.valence.unwrap_or(f64::NAN)),
        );
    }
    text.push_str("];\n");
}
