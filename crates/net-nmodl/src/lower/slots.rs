//! Where the values of variables of the file's scope stand: a slot for every scalar and for every
//! element of an array.

use std::collections::BTreeMap;

use crate::symbols::{IonQuantity, Role, Symbols, Variable};

/// One number of the file's scope.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Name; `x[2]` for an element.
    pub(crate) name: String,
    /// Index in [`Symbols::variables`].
    pub(crate) variable: usize,
}

/// One ion variable, as kernels number them.
#[derive(Clone, Debug)]
pub(crate) struct IonSlot {
    pub(crate) ion: String,
    pub(crate) quantity: IonQuantity,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) valence: Option<f64>,
    /// The variable's slot.
    pub(crate) slot: u32,
}

/// All slots of a file.
#[derive(Debug)]
pub(crate) struct Slots {
    pub(crate) slots: Vec<Slot>,
    pub(crate) ions: Vec<IonSlot>,
    /// Slots of pointers, as kernels number them.
    pub(crate) pointers: Vec<u32>,
    /// First slot of a variable, by name.
    first: BTreeMap<String, u32>,
}

impl Slots {
    pub(crate) fn new(symbols: &Symbols) -> Self {
        let mut slots = Slots {
            slots: Vec::new(),
            ions: Vec::new(),
            pointers: Vec::new(),
            first: BTreeMap::new(),
        };
        for (index, variable) in symbols.variables.iter().enumerate() {
            if matches!(variable.role, Role::Builtin(_) | Role::Constant | Role::Define) {
                continue;
            }
            let first = slots.slots.len() as u32;
            slots.first.insert(variable.name.clone(), first);
            if let Role::Ion { ion, quantity, read, write } = variable.role {
                let of = &symbols.ions[ion];
                slots.ions.push(IonSlot {
                    ion: of.name.clone(),
                    quantity,
                    read,
                    write,
                    valence: of.valence,
                    slot: first,
                });
            }
            if variable.role == Role::Pointer {
                slots.pointers.push(first);
            }
            let mut add = |name: String| slots.slots.push(Slot { name, variable: index });
            match variable.length {
                None => add(variable.name.clone()),
                Some(n) => (0..n).for_each(|k| add(format!("{}[{k}]", variable.name))),
            }
        }
        slots
    }

    /// First slot and length of a variable.
    pub(crate) fn of<'s>(&self, symbols: &'s Symbols, name: &str) -> Option<(u32, &'s Variable)> {
        let first = *self.first.get(name)?;
        Some((first, symbols.variable(name)?))
    }

    /// The ion variable that stands in a slot.
    pub(crate) fn ion(&self, slot: u32) -> Option<(u32, &IonSlot)> {
        let at = self.ions.iter().position(|ion| ion.slot == slot)?;
        Some((at as u32, &self.ions[at]))
    }

    /// The pointer that stands in a slot.
    pub(crate) fn pointer(&self, slot: u32) -> Option<u32> {
        self.pointers.iter().position(|&at| at == slot).map(|at| at as u32)
    }

    /// The variable of a slot.
    pub(crate) fn variable<'s>(&self, symbols: &'s Symbols, slot: u32) -> &'s Variable {
        &symbols.variables[self.slots[slot as usize].variable]
    }
}
