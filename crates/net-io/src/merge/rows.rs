//! Rows of many ranks merged into one ordered stream, with a small buffer a rank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use bytemuck::Pod;

use crate::error::Result;
use crate::store::read_payload;

/// Bytes of rows held in memory for each rank.
const BUFFER_BYTES: usize = 1 << 16;

/// A row with an order that does not depend on who wrote it.
pub(crate) trait OrderedRow: Pod {
    /// Rows come out of a merge in order of their keys; a rank writes them in that order.
    type Key: Ord + Copy;
    /// The row's key.
    fn key(&self) -> Self::Key;
}

/// A run of rows in a chunk's payload.
#[derive(Debug)]
pub(crate) struct RowBlock {
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) n_rows: u64,
}

/// The rows of one rank, read a buffer at a time.
struct RankRows<R> {
    blocks: std::vec::IntoIter<RowBlock>,
    block: Option<RowBlock>,
    buffer: Vec<R>,
    next: usize,
}

impl<R: Pod> RankRows<R> {
    fn new(blocks: Vec<RowBlock>) -> Self {
        Self { blocks: blocks.into_iter(), block: None, buffer: Vec::new(), next: 0 }
    }

    fn next(&mut self) -> Result<Option<R>> {
        while self.next == self.buffer.len() {
            if !self.refill()? {
                return Ok(None);
            }
        }
        self.next += 1;
        Ok(Some(self.buffer[self.next - 1]))
    }

    /// Reads the next rows; false at the end.
    fn refill(&mut self) -> Result<bool> {
        let Some(mut block) = self.block.take().or_else(|| self.blocks.next()) else {
            return Ok(false);
        };
        let n_rows = block.n_rows.min((BUFFER_BYTES / size_of::<R>()).max(1) as u64);
        self.buffer.resize(n_rows as usize, R::zeroed());
        self.next = 0;
        read_payload(&block.path, block.offset, bytemuck::cast_slice_mut(&mut self.buffer))?;
        block.offset += n_rows * size_of::<R>() as u64;
        block.n_rows -= n_rows;
        self.block = Some(block).filter(|block| block.n_rows > 0);
        Ok(true)
    }
}

/// Calls `take(rank, row)` for all rows of all ranks in ascending order of their keys; rows of one
/// rank with equal keys keep their order.
pub(crate) fn merge_rows<R: OrderedRow>(
    ranks: Vec<Vec<RowBlock>>,
    mut take: impl FnMut(u32, R) -> Result<()>,
) -> Result<()> {
    let mut sources: Vec<RankRows<R>> = ranks.into_iter().map(RankRows::new).collect();
    let mut heads: Vec<R> = vec![R::zeroed(); sources.len()];
    let mut heap = BinaryHeap::with_capacity(sources.len());
    for (rank, source) in sources.iter_mut().enumerate() {
        if let Some(row) = source.next()? {
            heads[rank] = row;
            heap.push(Reverse((row.key(), rank)));
        }
    }
    while let Some(Reverse((_, rank))) = heap.pop() {
        take(rank as u32, heads[rank])?;
        if let Some(row) = sources[rank].next()? {
            heads[rank] = row;
            heap.push(Reverse((row.key(), rank)));
        }
    }
    Ok(())
}
