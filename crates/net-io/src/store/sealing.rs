//! Chunks on their way to the disk, in a thread of its own.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::error::{Error, Result};
use crate::store::chunk::{ChunkHeader, Part};
use crate::store::part::Spike;

/// A chunk of recordings that is complete.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) header: ChunkHeader,
    /// What the payload begins with.
    pub(super) index: Vec<u64>,
    pub(super) spikes: Vec<Spike>,
    /// Samples, signal after signal, column after column.
    pub(super) columns: Vec<Vec<u8>>,
}

impl Chunk {
    fn write(&self, part: &Part) -> Result<()> {
        let mut payload: Vec<&[u8]> =
            vec![bytemuck::cast_slice(&self.index), bytemuck::cast_slice(&self.spikes)];
        payload.extend(self.columns.iter().map(Vec::as_slice));
        part.write(self.header, &payload).map(drop)
    }
}

/// Writes chunks while the run goes on, one at a time: whoever brings a chunk waits until the one before
/// is on the disk, and learns what went wrong with it.
#[derive(Debug)]
pub(super) struct Sealer {
    part: Part,
    /// None when the thread is to end.
    to_thread: Option<Sender<Chunk>>,
    from_thread: Receiver<(Chunk, Result<()>)>,
    thread: Option<JoinHandle<()>>,
    is_under_way: bool,
    /// A chunk that could not be written, to be tried again.
    failed: Option<Chunk>,
    /// Buffers of the last chunk, to be used again.
    spare: Option<Chunk>,
}

impl Sealer {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be started.
    pub(super) fn new(part: Part) -> Result<Self> {
        let (to_thread, chunks) = channel::<Chunk>();
        let (done, from_thread) = channel();
        let in_thread = part.clone();
        let write_all = move || {
            for chunk in chunks {
                let outcome = chunk.write(&in_thread);
                if done.send((chunk, outcome)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("seal".to_owned()).spawn(write_all);
        let thread = thread.map_err(|e| Error::io(&part.path, "start a thread that writes", e))?;
        Ok(Self {
            part,
            to_thread: Some(to_thread),
            from_thread,
            thread: Some(thread),
            is_under_way: false,
            failed: None,
            spare: None,
        })
    }

    /// Has a chunk written. Call it after [`wait`](Self::wait).
    ///
    /// # Errors
    /// The thread has ended; it never does by itself.
    pub(super) fn begin(&mut self, chunk: Chunk) -> Result<()> {
        self.is_under_way =
            self.to_thread.as_ref().is_some_and(|thread| thread.send(chunk).is_ok());
        if self.is_under_way { Ok(()) } else { Err(self.has_ended()) }
    }

    /// Waits until all chunks are on the disk. What could not be written is tried again.
    ///
    /// # Errors
    /// Those of writing; the chunk is kept.
    pub(super) fn wait(&mut self) -> Result<()> {
        if let Some(chunk) = self.failed.take() {
            let outcome = chunk.write(&self.part);
            return self.settle(chunk, outcome);
        }
        if !std::mem::take(&mut self.is_under_way) {
            return Ok(());
        }
        let (chunk, outcome) = self.from_thread.recv().map_err(|_| self.has_ended())?;
        self.settle(chunk, outcome)
    }

    fn settle(&mut self, chunk: Chunk, outcome: Result<()>) -> Result<()> {
        let place = if outcome.is_ok() { &mut self.spare } else { &mut self.failed };
        *place = Some(chunk);
        outcome
    }

    /// Empty buffers for spikes, and for as many columns.
    pub(super) fn buffers(&mut self, n_columns: usize) -> (Vec<Spike>, Vec<Vec<u8>>) {
        let (mut spikes, mut columns) =
            self.spare.take().map(|chunk| (chunk.spikes, chunk.columns)).unwrap_or_default();
        spikes.clear();
        columns.iter_mut().for_each(Vec::clear);
        columns.resize_with(n_columns, Vec::new);
        (spikes, columns)
    }

    fn has_ended(&self) -> Error {
        let source = std::io::Error::other("the thread that writes has ended");
        Error::io(&self.part.path, "write", source)
    }
}

impl Drop for Sealer {
    /// Lets the chunk that is under way be completed.
    fn drop(&mut self) {
        self.to_thread = None;
        if let Some(thread) = self.thread.take() {
            // It does not panic, and nothing could be done about it here.
            let _ = thread.join();
        }
    }
}
