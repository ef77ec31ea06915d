//! What blocks are made from: kinds of point processes, and how time is discretized.

use crate::error::CellError;
use crate::mechanism::{self, MechanismKind};

/// A mechanism with parameters, of which point processes are made for the network.
#[derive(Debug, Clone, PartialEq)]
pub struct PointKind {
    /// Index in the catalogue.
    pub(crate) mechanism: usize,
    /// One value a column.
    pub(crate) columns: Vec<f64>,
}

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
        Ok(PointKind { mechanism: index, columns: description.instance(parameters)? })
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
