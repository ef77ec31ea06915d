//! Ids of random streams that are given.

use super::Cells;
use crate::error::CellError;

impl Cells {
    /// Sets the ids of random stream `stream` of a density mechanism, by segment of a cell. Others keep
    /// theirs, which follow from gid, mechanism and segment.
    ///
    /// # Errors
    /// When the cell is not here, the mechanism has no such stream, or is not in a segment.
    pub fn set_channel_stream_ids(
        &mut self,
        gid: u64,
        (mechanism, stream): (&str, &str),
        ids: &[(u32, [u32; 3])],
    ) -> Result<(), CellError> {
        let home = *self.home.get(&gid).ok_or(CellError::NoSuchCell { gid })?;
        let block = &mut self.groups[home.group as usize].blocks[home.block as usize];
        block.set_channel_stream_ids(home.member as usize, (mechanism, stream), ids)
    }
}
