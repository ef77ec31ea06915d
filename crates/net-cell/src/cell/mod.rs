//! What a cell is: a discretized morphology, mechanisms inserted in it, and its electrical tree.

mod template;
mod tree;

pub use template::{CellTemplate, Region, Values};
pub use tree::{CableTree, Fork, Parent};
