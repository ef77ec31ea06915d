//! What a run with rate tables asks of its cells.

use std::collections::HashMap;

use super::{CellSpec, PointKind};
use crate::cell::Values;
use crate::error::CellError;
use crate::mechanism::{self, Mechanism};

/// The parameters that tables depend on: a table is one for all instances of a mechanism, so they must
/// be equal in all cells.
#[derive(Debug, Default)]
pub(crate) struct TableValues {
    /// By mechanism and column.
    first: HashMap<(usize, usize), f64>,
}

impl TableValues {
    /// Looks at what templates insert.
    ///
    /// # Errors
    /// Names the parameter that is not equal.
    pub(crate) fn check_cells(&mut self, cells: &[CellSpec]) -> Result<(), CellError> {
        self.check_columns(|index, column, check| {
            for cell in cells {
                let insertions = cell.template.insertions().iter();
                for insertion in insertions.filter(|insertion| insertion.mechanism == index) {
                    match &insertion.columns[column] {
                        Values::Uniform(value) => check(*value)?,
                        Values::PerSegment(values) => insertion
                            .segments
                            .iter()
                            .try_for_each(|&segment| check(values[segment as usize]))?,
                    }
                }
            }
            Ok(())
        })
    }

    /// Looks at kinds of point processes.
    ///
    /// # Errors
    /// As of [`check_cells`](Self::check_cells).
    pub(crate) fn check_kinds(&mut self, kinds: &[PointKind]) -> Result<(), CellError> {
        self.check_columns(|index, column, check| {
            let mut own = kinds.iter().filter(|kind| kind.mechanism == index);
            own.try_for_each(|kind| kind.values(column).try_for_each(&mut *check))
        })
    }

    /// Has `values_of` give all values of every column that a table depends on.
    fn check_columns(
        &mut self,
        values_of: impl Fn(
            usize,
            usize,
            &mut dyn FnMut(f64) -> Result<(), CellError>,
        ) -> Result<(), CellError>,
    ) -> Result<(), CellError> {
        for (index, mechanism) in mechanism::catalogue().iter().enumerate() {
            let Some(tables) = &mechanism.tables else { continue };
            for &column in tables.depends_on {
                let column = column as usize;
                let first = &mut self.first;
                values_of(index, column, &mut |value: f64| {
                    let first = *first.entry((index, column)).or_insert(value);
                    let is_equal = value.to_bits() == first.to_bits();
                    if is_equal { Ok(()) } else { Err(differ(mechanism, column, (first, value))) }
                })?;
            }
        }
        Ok(())
    }
}

fn differ(mechanism: &Mechanism, column: usize, values: (f64, f64)) -> CellError {
    CellError::TablesDiffer {
        mechanism: mechanism.name.to_string(),
        parameter: mechanism.columns[column].name.to_string(),
        values,
    }
}
