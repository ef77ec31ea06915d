//! Consistency of units, as warnings.

use super::UnitTable;
use crate::ast::Program;
use crate::source::Reporter;
use crate::symbols::Symbols;

pub(crate) fn lint(_: &Program, _: &Symbols, _: &UnitTable, _: &mut Reporter<'_>) {}
