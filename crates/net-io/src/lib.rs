//! Files of a run, in and out.
//!
//! - [`store`]: while a run goes on, each rank writes what it records as sealed chunks into a
//!   [`RunDirectory`](store::RunDirectory), through a [`PartWriter`](store::PartWriter): plain
//!   files, checksummed, synced and renamed, of which a kill can take only what is not sealed yet.
//! - [`merge`]: afterwards one rank makes `spikes.h5` (SONATA) and `traces.h5` from the chunks of
//!   all, in bounded memory. The same recordings give the same bytes from any number of ranks.
//! - [`recover`]: what is sealed of a run that was killed becomes the same files.
//! - [`export`]: recordings, or some of them, as text, NumPy's arrays and SONATA's reports.
//! - [`tables`]: LFPy's tables of cells and synapses go the same way, and are read back.
//! - [`nix`]: the merged recordings as a `.nio` file for Neo, and a general writer of such files.
//! - [`probes`]: signals of probes, streamed into LFPy's `OUTPUT.h5`.
//! - [`provenance`]: where results come from, written beside and into them.
//! - [`nyhead`]: the lead field of the New York head, vertex by vertex.
//! - [`network`]: a whole network from explicit tables, from this program or another.
//! - [`sonata`]: node, edge and spike files of SONATA circuits, read by ranges of rows.
//!
//! Nothing here knows of communicators: a function is called by one rank for its own part, or by
//! one rank for all parts when these are complete. Times are steps of one integer clock, the unit
//! of every number stands in its name.
//!
//! ```
//! # fn main() -> net_io::Result<()> {
//! # let temporary = tempfile::tempdir().unwrap();
//! # let path = temporary.path().join("out");
//! use net_io::merge::{MergeOptions, merge_recordings};
//! use net_io::store::*;
//!
//! // Rank 0 describes the run.
//! let run = RunDirectory::create(&path, Overwrite::No)?;
//! let mut manifest = Manifest::new(0.1, 1234, 1);
//! manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 10 });
//! manifest.signals.push(Signal {
//!     name: "soma_v".to_owned(),
//!     variable: "v".to_owned(),
//!     units: "mV".to_owned(),
//!     grid: SampleGrid { interval_steps: 2, offset_steps: 0 },
//!     sample_type: SampleType::F32,
//!     ..Signal::default()
//! });
//! run.write_manifest(&manifest)?;
//!
//! // Every rank records its own cells, an epoch at a time.
//! let columns = vec![Column { gid: 3, segment: 0, label: 0 }];
//! let signals = vec![(manifest.signals[0].clone(), columns.into())];
//! let mut part = PartWriter::create(&run, 0, signals, DEFAULT_CHUNK_BYTES)?;
//! for epoch in 0..5 {
//!     part.push_column(0, 0, &[-65.0; 5])?; // ten steps, a sample every second one
//!     part.push_spike(Spike { step: 10 * epoch + 7, gid: 3 })?;
//!     if part.is_full() {
//!         part.seal(10 * (epoch + 1))?;
//!     }
//! }
//! part.finish(50)?;
//!
//! // Rank 0 merges.
//! let report = merge_recordings(&run, &MergeOptions::default())?;
//! assert_eq!((report.n_spikes, report.end_step), (5, 50));
//! assert!(path.join("spikes.h5").exists() && path.join("traces.h5").exists());
//! # Ok(())
//! # }
//! ```

pub mod checkpoint;
mod error;
pub mod export;
mod fsio;
mod h5;
pub mod merge;
pub mod network;
pub mod nix;
pub mod nyhead;
pub mod probes;
pub mod provenance;
pub mod recover;
pub mod sonata;
pub mod store;
pub mod tables;

pub use error::{Error, Result};
