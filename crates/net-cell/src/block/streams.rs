//! Ids of random streams that are given. Where none are, they follow from gid, mechanism and instance.

use std::collections::HashMap;

use super::Block;
use crate::error::CellError;
use crate::mechanism::Mechanism;

impl Block {
    /// Sets the ids of a random stream of a density mechanism, by segment of a member.
    pub(crate) fn set_channel_stream_ids(
        &mut self,
        member: usize,
        (mechanism, stream): (&str, &str),
        ids: &[(u32, [u32; 3])],
    ) -> Result<(), CellError> {
        let (gid, cell) = (self.members[member].gid, self.members[member].index);
        let mut of_segment: HashMap<u32, [u32; 3]> = ids.iter().copied().collect();
        if let Some(at) = self.instances.iter().position(|i| i.mechanism.name == mechanism) {
            let instances = &mut self.instances[at];
            let columns = columns_of(instances.mechanism, stream)?;
            for located in self.located[at].iter().filter(|located| located.cell == cell) {
                if let Some(ids) = of_segment.remove(&located.segment) {
                    instances.set_stream_ids(columns, located.place, ids);
                }
            }
        }
        match of_segment.keys().min() {
            None => Ok(()),
            Some(&segment) => Err(CellError::NotInserted {
                mechanism: mechanism.to_string(),
                segment: segment as usize,
                gid,
            }),
        }
    }
}

/// The columns of a stream's ids.
fn columns_of(mechanism: &Mechanism, stream: &str) -> Result<[usize; 3], CellError> {
    let column = |which: u32| mechanism.column(&format!("{stream}.id{which}"));
    match (column(1), column(2), column(3)) {
        (Some(first), Some(second), Some(third)) => Ok([first, second, third]),
        _ => Err(CellError::NoSuchStream {
            mechanism: mechanism.name.to_string(),
            stream: stream.to_string(),
        }),
    }
}
