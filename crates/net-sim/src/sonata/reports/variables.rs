//! Variables of reports.

use net_cell::Quantity;
use net_cell::mechanism::{IonUse, IonVariable, Mechanism, MechanismKind, Role, catalogue, find};
use net_sonata::cell::CableCell;

use crate::error::BoxError;
use crate::model::Instances;

/// A variable of a report, or a part of one that is a sum over mechanisms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Variable {
    /// As the report says it, or of which mechanism it is a part.
    pub(super) name: String,
    pub(super) quantity: Quantity,
    /// What a sample is multiplied by.
    pub(super) factor: Factor,
    /// Whether it is computed with the currents of a step, and so is nothing yet at the start.
    pub(super) is_current: bool,
    /// The ion that it is about.
    ion: Option<String>,
}

/// What samples are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Factor {
    One,
    /// Electrodes count as what they draw, so that they and the membrane add up to nothing.
    MinusOne,
    /// um2 / 100: mA/cm2 become nA.
    Area,
}

impl Variable {
    /// What is recorded for a variable: `v`, `i_membrane`, `extracellular.e`, `hh.m`, a mechanism for
    /// its `i`, `cai`, `ina`. `is_sum` if it is added up, `is_scaled` if with areas then.
    pub(super) fn read(name: &str, is_sum: bool, is_scaled: bool) -> Result<Vec<Self>, String> {
        let density = if is_scaled { Factor::Area } else { Factor::One };
        let one = |quantity, factor, is_current, ion| {
            vec![Variable { name: name.to_owned(), quantity, factor, is_current, ion }]
        };
        match name {
            "v" => return Ok(one(Quantity::Voltage, density, false, None)),
            "i_membrane" | "i_membrane_" => {
                return Ok(one(Quantity::MembraneCurrent, Factor::One, true, None));
            }
            "extracellular.e" | "e_extracellular" | "vext" => {
                return Ok(one(Quantity::Extracellular, density, false, None));
            }
            _ => {}
        }
        let (mechanism, variable) = name.split_once('.').unwrap_or((name, "i"));
        if let Ok((_, mechanism)) = find(mechanism) {
            let factor = match mechanism.kind {
                MechanismKind::Density => density,
                MechanismKind::Electrode if is_sum => Factor::MinusOne,
                _ => Factor::One,
            };
            return Self::of_mechanism(name, mechanism, variable, factor).map(|part| vec![part]);
        }
        let Some((ion, variable)) = ion_variable(name) else {
            return Err(format!("there is no variable and no mechanism {name}"));
        };
        if variable != IonVariable::Current {
            let quantity = Quantity::Ion { ion: ion.clone(), variable };
            return Ok(one(quantity, density, false, Some(ion)));
        }
        // The current of an ion is that of all mechanisms that it flows through.
        let carries =
            |used: &IonUse| used.ion == ion && used.variable == IonVariable::Current && used.write;
        let carriers = catalogue().iter().filter(|mechanism| mechanism.ions.iter().any(carries));
        let parts = carriers.filter(|mechanism| mechanism.column(name).is_some());
        let part = |mechanism: &Mechanism| {
            let part = format!("{name} of {}", mechanism.name);
            let part = Self::of_mechanism(&part, mechanism, name, density)?;
            Ok(Variable { ion: Some(ion.clone()), ..part })
        };
        let parts: Vec<Variable> = parts.map(part).collect::<Result<_, String>>()?;
        if parts.is_empty() {
            return Err(format!("no mechanism has {name} among its variables"));
        }
        Ok(parts)
    }

    fn of_mechanism(
        name: &str,
        mechanism: &Mechanism,
        variable: &str,
        factor: Factor,
    ) -> Result<Self, String> {
        let Some(column) = mechanism.column(variable) else {
            let known: Vec<&str> = mechanism.columns.iter().map(|column| column.name).collect();
            let (mechanism, known) = (mechanism.name, known.join(", "));
            return Err(format!("{mechanism} has no variable {variable}; it has {known}"));
        };
        let is_current = mechanism.columns[column].role == Role::Output || variable == "i";
        let (mechanism, variable) = (mechanism.name.to_owned(), variable.to_owned());
        let quantity = Quantity::Variable { mechanism, variable, nth: 0 };
        Ok(Variable { name: name.to_owned(), quantity, factor, is_current, ion: None })
    }

    /// A variable of the synapses whose names begin so, of all mechanisms that have it.
    pub(super) fn of_synapses(beginning: &str, variable: &str) -> Result<Vec<Self>, String> {
        let named: Vec<&Mechanism> = synapses(beginning).collect();
        let Some(first) = named.first() else {
            return Err(format!("there is no synapse whose name begins with {beginning}"));
        };
        let with_it: Vec<&&Mechanism> =
            named.iter().filter(|mechanism| mechanism.column(variable).is_some()).collect();
        if with_it.is_empty() {
            return Self::of_mechanism(variable, first, variable, Factor::One).map(|v| vec![v]);
        }
        let one = |mechanism: &&&Mechanism| {
            let name = format!("{variable} of {}", mechanism.name);
            Self::of_mechanism(&name, mechanism, variable, Factor::One)
        };
        with_it.iter().map(one).collect()
    }

    /// Its unit, if it is a variable of a mechanism; else empty.
    pub(super) fn unit(&self) -> &'static str {
        let Quantity::Variable { mechanism, variable, .. } = &self.quantity else { return "" };
        let known = find(mechanism).ok();
        let column = known.and_then(|(_, m)| m.columns.iter().find(|c| c.name == variable));
        column.map_or("", |column| column.unit)
    }

    /// The mechanism whose variable it is.
    pub(super) fn mechanism(&self) -> Option<&str> {
        match &self.quantity {
            Quantity::Variable { mechanism, .. } => Some(mechanism),
            _ => None,
        }
    }

    /// As many columns of a segment as there are instances there.
    pub(super) fn instances(&self) -> Instances {
        if self.mechanism().is_some() { Instances::All } else { Instances::Nth }
    }

    /// Keeps the segments of a cell where the variable is.
    pub(super) fn keep(&self, cell: &CableCell, segments: &mut Vec<u32>) -> Result<(), BoxError> {
        let Some(ion) = &self.ion else { return Ok(()) };
        let mut uses = Vec::new();
        for inserted in &cell.mechanisms {
            let (_, mechanism) = find(&inserted.name)?;
            let own = || mechanism.ions.iter().filter(|used| used.ion == ion.as_str());
            if own().next().is_some() {
                uses.push(&inserted.segments);
            }
            let name = format!("i{ion}");
            let writes = own().any(|used| used.variable == IonVariable::Current && used.write);
            if self.is_current && writes && mechanism.column(&name).is_none() {
                let mechanism = &inserted.name;
                return Err(format!("{mechanism} does not say its part of {name}").into());
            }
        }
        segments.retain(|s| uses.iter().any(|all| all.binary_search(&(*s as usize)).is_ok()));
        Ok(())
    }
}

/// Point processes that receive events and whose names begin so.
pub(super) fn synapses(beginning: &str) -> impl Iterator<Item = &'static Mechanism> {
    let is_synapse = |mechanism: &&Mechanism| {
        mechanism.kind == MechanismKind::Point && mechanism.kernels.net_receive.is_some()
    };
    let all = catalogue().iter().filter(is_synapse);
    all.filter(move |mechanism| mechanism.name.starts_with(beginning))
}

/// `cai`, `cao`, `eca`, `ica` for an ion that a mechanism uses.
fn ion_variable(name: &str) -> Option<(String, IonVariable)> {
    let known = |ion: &str| {
        let mut all = catalogue().iter().flat_map(|m| &m.ions);
        all.any(|used| used.ion == ion)
    };
    let forms = [
        (name.strip_suffix('i'), IonVariable::Inside),
        (name.strip_suffix('o'), IonVariable::Outside),
        (name.strip_prefix('e'), IonVariable::Reversal),
        (name.strip_prefix('i'), IonVariable::Current),
    ];
    let mut fits = forms.into_iter().filter_map(|(ion, variable)| Some((ion?, variable)));
    fits.find(|(ion, _)| known(ion)).map(|(ion, variable)| (ion.to_owned(), variable))
}
