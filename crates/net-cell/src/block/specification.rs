//! What blocks are made from: kinds of point processes, and how time is discretized.

use crate::error::CellError;
use crate::mechanism::{self, MechanismKind};

/// A mechanism with parameters, of which point processes are made for the network.
#[derive(Debug, Clone, PartialEq)]
pub struct PointKind {
    /// Index in the catalogue.
    pub(crate) mechanism: usize,
    /// One value a column.
    columns: Vec<f64>,
    /// Place in a row of each column that rows have; [`COMMON`] for others. Empty without rows.
    place_in_row: Vec<u32>,
    /// Values, row after row.
    rows: Vec<f64>,
    row_len: usize,
}

/// Marks columns of which all point processes of a kind have one value.
const COMMON: u32 = u32::MAX;

impl PointKind {
    /// `mechanism` with `parameters`.
    ///
    /// # Errors
    /// When there is no such point process, electrode or parameter, or a value is not allowed.
    pub fn new(mechanism: &str, parameters: &[(&str, f64)]) -> Result<Self, CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if !matches!(
            description.kind,
            MechanismKind::Point | MechanismKind::Electrode | MechanismKind::ArtificialCell
        ) {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::Point.describe(),
            });
        }
        let columns = description.instance(parameters)?;
        let (place_in_row, rows, row_len) = (Vec::new(), Vec::new(), 0);
        Ok(PointKind { mechanism: index, columns, place_in_row, rows, row_len })
    }

    /// The same with further parameters that differ from one point process to the other: their names,
    /// and their values, row after row. [`PointSpec::row`](super::PointSpec::row) says which row counts.
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn with_rows(mut self, names: &[&str], rows: Vec<f64>) -> Result<Self, CellError> {
        let description = &mechanism::catalogue()[self.mechanism];
        let mut place_in_row = vec![COMMON; self.columns.len()];
        for (place, name) in names.iter().enumerate() {
            let values = || rows.iter().skip(place).step_by(names.len()).copied();
            let least = values().fold(f64::INFINITY, f64::min);
            let wrong = values().find(|value| !value.is_finite());
            // Without rows there is only the name to check.
            let value = wrong.unwrap_or(if least == f64::INFINITY { 1.0 } else { least });
            place_in_row[description.parameter(name, value)?] = place as u32;
        }
        (self.place_in_row, self.rows, self.row_len) = (place_in_row, rows, names.len());
        Ok(self)
    }

    /// The value of a column for a point process with this row.
    pub(crate) fn value(&self, row: u32, column: usize) -> f64 {
        match self.place_in_row.get(column) {
            None | Some(&COMMON) => self.columns[column],
            Some(&place) => self.rows[row as usize * self.row_len + place as usize],
        }
    }

    /// Whether there is such a row; without rows there is row 0.
    pub fn has_row(&self, row: u32) -> bool {
        (row as usize) < self.n_rows()
    }

    /// All values of a column.
    pub(crate) fn values(&self, column: usize) -> impl Iterator<Item = f64> {
        (0..self.n_rows() as u32).map(move |row| self.value(row, column))
    }

    fn n_rows(&self) -> usize {
        self.rows.len().checked_div(self.row_len).unwrap_or(1)
    }

    /// Whether these are artificial cells: connections go to the cell itself.
    pub fn is_artificial_cell(&self) -> bool {
        mechanism::catalogue()[self.mechanism].kind == MechanismKind::ArtificialCell
    }

    /// Name of the mechanism.
    pub fn mechanism(&self) -> &'static str {
        mechanism::catalogue()[self.mechanism].name
    }

    /// Whether synapses of this kind on one segment share one state.
    pub fn is_linear(&self) -> bool {
        mechanism::catalogue()[self.mechanism].linear
    }
}

/// How time is discretized, and what holds for all cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSettings {
    /// Step in ms.
    pub dt_ms: f64,
    /// Crank-Nicolson with staggered states instead of backward Euler.
    pub second_order: bool,
    /// Temperature in degrees Celsius.
    pub celsius: f64,
    /// Initial potential in mV.
    pub v_init_mv: f64,
    /// Use rate tables where a mechanism has them, as NEURON does by default.
    pub tables: bool,
    /// Key of the random streams of mechanisms: Random123's global index in NEURON.
    pub random_key: u32,
}

impl Default for StepSettings {
    fn default() -> Self {
        StepSettings {
            dt_ms: 0.025,
            second_order: false,
            celsius: 6.3,
            v_init_mv: -65.0,
            tables: false,
            random_key: 0,
        }
    }
}
