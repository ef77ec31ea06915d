//! Files of a run.
pub mod error;
mod fsio;
mod h5;
pub mod merge;
pub mod store;
pub mod tables;
pub use error::{Error, Result};
