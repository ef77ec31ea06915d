//! What a cell is: a discretized morphology, mechanisms inserted in it, and its electrical tree.

mod change;
mod template;
mod tree;

pub use change::ParameterChange;
pub(crate) use template::Insertion;
pub use template::{CellTemplate, PointerTarget, Region, Values};
pub use tree::{CableTree, Coupling, Fork, Parent};
