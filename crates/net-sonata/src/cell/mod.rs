//! Cells: models in the files of the field, applied to morphologies.
//!
//! A file of a cell model becomes a [`CellRecipe`]: how the morphology is divided, what becomes of
//! the axon, and rules that insert mechanisms and set parameters. Applied to a morphology it gives a
//! [`CableCell`], whose parameters are resolved segment by segment, and that gives the
//! [`CellTemplate`](net_cell::CellTemplate) that can be computed. Files are
//!
//! - e-model templates in HOC as BluePyOpt writes them ([`read_hoc`]),
//! - parameter files of the Allen Institute ([`read_allen_json`]) and their NeuroML ([`read_nml`]),
//! - cells in our own JSON ([`read_recipe`]), which says all that these can say.

mod allen;
mod astrocyte;
mod axon;
mod cable;
mod channels;
mod drawn;
mod error;
mod expression;
mod hoc;
mod json;
mod modify;
mod node;
mod recipe;
mod tokens;

pub use allen::{Processing, read_allen_json, read_nml};
pub use astrocyte::{Endfoot, GLUTAMATE, GLUTAMATE_SOMA};
pub use cable::{CableCell, InsertedMechanism};
pub use channels::ChannelStreams;
pub use error::CellModelError;
pub use expression::Expression;
pub use hoc::{parse_hoc, read_hoc};
pub use json::read_recipe;
pub use modify::CellChange;
pub use node::{Cell, CellSource};
pub use recipe::{
    ArtificialCell, AxonRule, CellModel, CellRecipe, Myelin, PlacedRule, Rule, SectionList,
    SegmentRule, StubDiameters, Stubs,
};
