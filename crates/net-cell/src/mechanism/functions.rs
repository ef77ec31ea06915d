//! Functions that users give to mechanisms as tables (`FUNCTION_TABLE`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use net_kernel::kernel::{self, MAX_AXES};

use super::{Mechanism, find};
use crate::error::CellError;

/// A function by its values at the points of a grid; linear between them, outside as at the nearest
/// one.
///
/// ```
/// use net_cell::mechanism::FunctionTable;
/// // A time constant (ms) at four potentials (mV).
/// let tau = FunctionTable::new(&[&[-80.0, -60.0, -40.0, 0.0]], &[5.0, 3.0, 1.0, 0.5]);
/// // A function of two arguments: for each of the first, its values at all of the second.
/// let rate = FunctionTable::new(&[&[0.0, 1.0], &[-80.0, 0.0, 80.0]], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionTable {
    sizes: Vec<usize>,
    points: Vec<f64>,
    values: Vec<f64>,
}

impl FunctionTable {
    /// A table with these points on each axis, ascending, in the units of the function's arguments,
    /// and a value for each combination, those of the last axis side by side.
    pub fn new(axes: &[&[f64]], values: &[f64]) -> Self {
        FunctionTable {
            sizes: axes.iter().map(|axis| axis.len()).collect(),
            points: axes.concat(),
            values: values.to_vec(),
        }
    }

    /// What is wrong with it for a function of so many arguments: what was found and what is expected.
    fn fault(&self, n_arguments: usize) -> Option<(String, String)> {
        let n_values: usize = self.sizes.iter().product();
        let mut points = self.points.as_slice();
        let is_ascending = self.sizes.iter().all(|&size| {
            let (axis, rest) = points.split_at(size);
            points = rest;
            axis.windows(2).all(|pair| pair[0] < pair[1])
        });
        if self.sizes.len() != n_arguments {
            let expected = format!("{n_arguments}, one for each argument");
            return Some((format!("has {} axes", self.sizes.len()), expected));
        }
        if self.sizes.contains(&0) {
            return Some(("has an axis without points".into(), "at least one point".into()));
        }
        if self.values.len() != n_values {
            let found = format!("has {} values", self.values.len());
            return Some((found, format!("{n_values}, the product of the points on its axes")));
        }
        if !self.points.iter().chain(&self.values).all(|x| x.is_finite()) {
            return Some(("has a number that is not finite".into(), "finite numbers".into()));
        }
        if !is_ascending {
            return Some(("has an axis that does not ascend".into(), "ascending points".into()));
        }
        None
    }
}

/// By mechanism and function.
static TABLES: Mutex<BTreeMap<(&'static str, &'static str), Arc<FunctionTable>>> =
    Mutex::new(BTreeMap::new());

/// Gives a mechanism the table of one of its functions: what it declares as `FUNCTION_TABLE`. It
/// holds for all cells that are laid out afterwards; another table takes its place. All ranks of a
/// run give the same tables.
///
/// # Errors
/// When there is no such mechanism or function, or the table does not fit: wrong number of axes or
/// values, points that do not ascend, numbers that are not finite.
pub fn set_function_table(
    mechanism: &str,
    function: &str,
    table: FunctionTable,
) -> Result<(), CellError> {
    let (_, mechanism) = find(mechanism)?;
    let Some(&(name, n_arguments)) = mechanism.functions.iter().find(|(name, _)| *name == function)
    else {
        let known: Vec<&str> = mechanism.functions.iter().map(|(name, _)| *name).collect();
        return Err(CellError::UnknownFunction {
            mechanism: mechanism.name.to_string(),
            function: function.to_string(),
            known: if known.is_empty() { "none".to_string() } else { known.join(", ") },
        });
    };
    if let Some((found, expected)) = table.fault(n_arguments) {
        return Err(CellError::BadFunctionTable {
            mechanism: mechanism.name.to_string(),
            function: function.to_string(),
            found,
            expected,
        });
    }
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    tables.insert((mechanism.name, name), Arc::new(table));
    Ok(())
}

/// Checks that a mechanism that is used has all its tables.
///
/// # Errors
/// Names the first function without one.
pub(crate) fn check_functions(mechanism: &Mechanism) -> Result<(), CellError> {
    let tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    let missing =
        |(name, _): &&(&'static str, usize)| !tables.contains_key(&(mechanism.name, *name));
    match mechanism.functions.iter().find(missing) {
        None => Ok(()),
        Some((function, _)) => Err(CellError::NoFunctionTable {
            mechanism: mechanism.name.to_string(),
            function: function.to_string(),
        }),
    }
}

/// The tables of a mechanism as its kernels see them.
#[derive(Debug, Default)]
pub(crate) struct GivenFunctions {
    /// Keeps what the views point to.
    _tables: Vec<Arc<FunctionTable>>,
    views: Vec<kernel::FunctionTable>,
}

// SAFETY: the views point to tables that are never changed and that are kept beside them.
unsafe impl Send for GivenFunctions {}
// SAFETY: as above.
unsafe impl Sync for GivenFunctions {}

impl GivenFunctions {
    /// The tables of a mechanism that has all of them; see [`check_functions`].
    pub(crate) fn of(mechanism: &Mechanism) -> Self {
        let known = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        let tables: Vec<Arc<FunctionTable>> = mechanism
            .functions
            .iter()
            .filter_map(|(name, _)| known.get(&(mechanism.name, *name)).cloned())
            .collect();
        let view = |table: &Arc<FunctionTable>| {
            let mut sizes = [1; MAX_AXES];
            sizes.iter_mut().zip(&table.sizes).for_each(|(to, from)| *to = *from);
            let (points, values) = (table.points.as_ptr(), table.values.as_ptr());
            kernel::FunctionTable { sizes, points, values }
        };
        let views = tables.iter().map(view).collect();
        GivenFunctions { _tables: tables, views }
    }

    /// Address of the first of them.
    pub(crate) fn views(&self) -> *const kernel::FunctionTable {
        self.views.as_ptr()
    }
}
