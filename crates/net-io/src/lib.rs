//! Files of a run.
pub mod error;
mod fsio;
mod h5;
pub mod store;
pub use error::{Error, Result};
