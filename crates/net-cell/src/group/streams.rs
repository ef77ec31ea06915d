//! Ids of random streams that are given.

use super::{Cells, Route, Target};
use crate::error::CellError;

impl Cells {
    /// Sets the ids of random stream `stream` (a `RANDOM` variable) of the instance that events for a
    /// target go to. Without it they follow from gid, mechanism and the number of the instance.
    ///
    /// # Errors
    /// When the mechanism has no such stream.
    pub fn set_stream_ids(
        &mut self,
        target: Target,
        stream: &str,
        ids: [u32; 3],
    ) -> Result<(), CellError> {
        let group = &mut self.groups[target.group as usize];
        let Route { block, endpoint, .. } = group.routes[target.endpoint as usize];
        group.blocks[block as usize].set_stream_ids(endpoint, stream, ids)
    }

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
