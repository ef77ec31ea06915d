//! Which sums a probe needs, and which fields of its dataset they make.

use std::ops::Range;

use net_cell::currents::CurrentType;
use net_core::Network;

use crate::model::ProbeRecording;

/// Name of the signal of all cells.
const ALL_CELLS: &str = "imem";

/// Cells whose contributions are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cells {
    /// All of them.
    All,
    /// Those of a population.
    Population(usize),
    /// Those of one of the recording's groups.
    Group(usize),
}

/// What one sum adds up: a type of current of some cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    pub(crate) current: CurrentType,
    pub(crate) cells: Cells,
}

impl Term {
    /// Whether it is made from the membrane current.
    pub(crate) fn is_membrane(&self) -> bool {
        self.current == CurrentType::Membrane
    }
}

/// A field of the dataset, which is the total of some of the sums.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) sums: Range<usize>,
}

/// All sums of a probe and the fields made from them.
///
/// What is told apart by population is added up by population alone: the sums are exact, so that the field
/// of all cells is the total of theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) sums: Vec<Term>,
    pub(crate) fields: Vec<Field>,
}

impl Terms {
    pub(crate) fn new(recording: &ProbeRecording, network: &Network) -> Self {
        let mut terms = Terms::default();
        let populations = network.populations().iter().map(|population| population.name());
        let populations: Vec<&str> = populations.filter(|_| recording.by_population).collect();
        let by_population = terms.total(ALL_CELLS, CurrentType::Membrane, populations.len());
        let splits = populations.len() * usize::from(recording.split_currents);
        let by_population_of_types: Vec<Range<usize>> = (recording.currents.iter())
            .map(|kind| terms.total(&kind.name(), kind.clone(), splits))
            .collect();
        for (name, sum) in populations.iter().zip(by_population) {
            terms.field((*name).to_owned(), sum);
        }
        for (group, (name, _)) in recording.groups.iter().enumerate() {
            let sum = terms.sum(CurrentType::Membrane, Cells::Group(group));
            terms.field(name.clone(), sum);
        }
        for (kind, of_populations) in recording.currents.iter().zip(by_population_of_types) {
            if !recording.split_currents {
                break;
            }
            let of = |who: &str| format!("{}.{who}", kind.name());
            for (name, sum) in populations.iter().zip(of_populations) {
                terms.field(of(name), sum);
            }
            for (group, (name, _)) in recording.groups.iter().enumerate() {
                let sum = terms.sum(kind.clone(), Cells::Group(group));
                terms.field(of(name), sum);
            }
        }
        terms
    }

    /// A field of all cells, with a sum for each of the populations if there are any to be told apart; the
    /// numbers of these sums.
    fn total(&mut self, name: &str, current: CurrentType, n_populations: usize) -> Range<usize> {
        let first = self.sums.len();
        for population in 0..n_populations {
            self.sum(current.clone(), Cells::Population(population));
        }
        if n_populations == 0 {
            self.sum(current, Cells::All);
        }
        let sums = first..self.sums.len();
        self.fields.push(Field { name: name.to_owned(), sums: sums.clone() });
        sums
    }

    fn sum(&mut self, current: CurrentType, cells: Cells) -> usize {
        self.sums.push(Term { current, cells });
        self.sums.len() - 1
    }

    fn field(&mut self, name: String, sum: usize) {
        self.fields.push(Field { name, sums: sum..sum + 1 });
    }

    /// Names of the fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }
}
