//! What a run with rate tables asks of its cells.

use super::{CellSpec, PointKind};
use crate::cell::Values;
use crate::error::CellError;
use crate::mechanism;

/// Tables are one for all instances of a mechanism: the parameters that they depend on must be
/// equal in all cells.
///
/// # Errors
/// Names the parameter that is not.
pub(crate) fn check_tables(cells: &[CellSpec], kinds: &[PointKind]) -> Result<(), CellError> {
    for (index, mechanism) in mechanism::catalogue().iter().enumerate() {
        let Some(tables) = &mechanism.tables else { continue };
        for &column in tables.depends_on {
            let column = column as usize;
            let mut first = None;
            let mut check = |value: f64| {
                let first = *first.get_or_insert(value);
                if value.to_bits() == first.to_bits() {
                    return Ok(());
                }
                Err(CellError::TablesDiffer {
                    mechanism: mechanism.name.to_string(),
                    parameter: mechanism.columns[column].name.to_string(),
                    values: (first, value),
                })
            };
            for kind in kinds.iter().filter(|kind| kind.mechanism == index) {
                check(kind.columns[column])?;
            }
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
        }
    }
    Ok(())
}
