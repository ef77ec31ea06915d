//! Rows of one table on one rank.

use std::marker::PhantomData;

use crate::error::{Error, Result};
use crate::merge::{OrderedRow, RowBlock, merge_rows};
use crate::store::{
    ChunkHeader, ChunkKind, DEFAULT_CHUNK_BYTES, Manifest, Part, RunDirectory, whole_rows,
};

/// Writes rows in ascending order of their gids, in chunks of bounded size.
#[derive(Debug)]
pub(super) struct RowWriter<R> {
    part: Part,
    stream: u32,
    table: String,
    next_sequence: u64,
    last_gid: u64,
    rows: Vec<R>,
}

impl<R: OrderedRow<Key = u64>> RowWriter<R> {
    /// Starts the rows of `rank` in the table with index `stream`.
    pub(super) fn create(
        run: &RunDirectory,
        manifest: &Manifest,
        rank: u32,
        stream: u32,
        table: &str,
    ) -> Result<Self> {
        let part = run.part(manifest, 0, rank);
        if !part.whole_stream(ChunkKind::Table, stream)?.is_empty() {
            return Err(Error::PartExists { path: part.path, rank });
        }
        std::fs::create_dir_all(&part.path).map_err(|e| Error::io(&part.path, "create", e))?;
        let table = table.to_owned();
        Ok(Self { part, stream, table, next_sequence: 0, last_gid: 0, rows: Vec::new() })
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: R) -> Result<()> {
        let (gid, previous) = (row.key(), self.last_gid);
        if gid < previous {
            return Err(Error::RowOrder { table: self.table.clone(), gid, previous });
        }
        self.last_gid = gid;
        self.rows.push(row);
        if self.rows.len() * size_of::<R>() >= DEFAULT_CHUNK_BYTES {
            self.write(false)
        } else {
            Ok(())
        }
    }

    /// Seals the rest and marks the table as complete on this rank.
    pub(super) fn finish(mut self) -> Result<()> {
        self.write(true)
    }

    fn write(&mut self, last: bool) -> Result<()> {
        let payload: &[u8] = bytemuck::cast_slice(&self.rows);
        let header = self.part.header(ChunkKind::Table, self.stream, self.next_sequence);
        self.part.write(ChunkHeader { last, ..header }, &[payload])?;
        self.next_sequence += 1;
        self.rows.clear();
        Ok(())
    }
}

/// The rows of all ranks of one table.
pub(super) struct TableParts<R> {
    blocks: Vec<Vec<RowBlock>>,
    run: RunDirectory,
    what: &'static str,
    row: PhantomData<R>,
}

impl<R: OrderedRow<Key = u64>> TableParts<R> {
    /// Verifies the chunks of a table; every rank must have finished it.
    pub(super) fn scan(
        run: &RunDirectory,
        manifest: &Manifest,
        stream: u32,
        what: &'static str,
    ) -> Result<Self> {
        let scan_rank = |rank| {
            let part = run.part(manifest, 0, rank);
            let chunks = part.whole_stream(ChunkKind::Table, stream)?;
            if !chunks.last().is_some_and(|(_, header)| header.last) {
                return Err(Error::Unfinished { path: part.path, rank, sealed_until: 0 });
            }
            chunks
                .into_iter()
                .map(|(path, header)| {
                    let bytes = header.payload_bytes;
                    let n_rows = whole_rows(&path, "payload", bytes, size_of::<R>())? as u64;
                    Ok(RowBlock { path, offset: 0, n_rows })
                })
                .filter(|block| !matches!(block, Ok(block) if block.n_rows == 0))
                .collect::<Result<Vec<_>>>()
        };
        let blocks = (0..manifest.n_ranks).map(scan_rank).collect::<Result<_>>()?;
        Ok(Self { blocks, run: run.clone(), what, row: PhantomData })
    }

    /// Calls `take` for all rows in ascending order of their gids; the rows of a gid must come from
    /// one rank.
    pub(super) fn for_each(self, mut take: impl FnMut(R) -> Result<()>) -> Result<()> {
        let mut before: Option<(u64, u32)> = None;
        merge_rows::<R>(self.blocks, |rank, row| {
            let gid = row.key();
            match before {
                Some((last_gid, last_rank)) if last_gid == gid && last_rank != rank => {
                    return Err(Error::Duplicate {
                        path: self.run.path().to_owned(),
                        what: self.what,
                        gid,
                        ranks: [last_rank, rank],
                    });
                }
                _ => before = Some((gid, rank)),
            }
            take(row)
        })
    }
}
