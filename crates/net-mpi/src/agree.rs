//! Errors that all ranks learn of.

use std::fmt::Display;

use crate::{
    communicator::Communicator,
    error::{Result, error_text},
};

/// An error of at least one rank, equal on all ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreedError {
    /// Lowest rank that failed.
    pub rank: usize,
    /// Number of ranks of the job.
    pub n_ranks: usize,
    /// The error of that rank.
    pub message: String,
}

impl Display for AgreedError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.n_ranks == 1 {
            return f.write_str(&self.message);
        }
        write!(f, "rank {}: {}", self.rank, self.message)
    }
}

impl std::error::Error for AgreedError {}

impl Communicator {
    /// Makes an error of any rank an error of all ranks: every rank gets its own value if all ranks
    /// succeeded, and the same error, that of the lowest failing rank, if any failed. Collective.
    ///
    /// To be called at the end of each phase in which a rank can fail by itself (reading files,
    /// building its cells, an epoch, writing a chunk), before the next collective call: there the others
    /// would wait for the failed rank. It costs one small reduction when all is well.
    ///
    /// ```
    /// # let comm = net_mpi::Communicator::solo();
    /// let read: Result<u32, String> = Err("cells.swc: line 3: found `x`, expected a number".into());
    /// let error = comm.agree(read).unwrap_err();
    /// assert_eq!(error.to_string(), "cells.swc: line 3: found `x`, expected a number");
    /// ```
    pub fn agree<T, E: Display>(
        &self,
        result: std::result::Result<T, E>,
    ) -> std::result::Result<T, AgreedError> {
        let own = |message| AgreedError { rank: self.rank(), n_ranks: self.size(), message };
        let (value, message) = match result {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error_text(&error))),
        };
        // Where communication itself fails, nothing can be agreed; each rank has its own error then.
        match self.first_failure(message.as_deref()) {
            Err(error) => Err(own(message.unwrap_or_else(|| error.to_string()))),
            Ok(Some((rank, message))) => Err(AgreedError { rank, ..own(message) }),
            // Without a failed rank this one has a value; the other case does not occur.
            Ok(None) => value.ok_or_else(|| own(message.unwrap_or_default())),
        }
    }

    /// The lowest rank that has a message, and its message. Collective.
    pub(crate) fn first_failure(&self, message: Option<&str>) -> Result<Option<(usize, String)>> {
        let none = self.size() as u64;
        let rank = self.min(if message.is_some() { self.rank() as u64 } else { none })?;
        if rank == none {
            return Ok(None);
        }
        let mut text = message.unwrap_or_default().as_bytes().to_vec();
        self.broadcast(rank as usize, &mut text)?;
        Ok(Some((rank as usize, String::from_utf8_lossy(&text).into_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_alone_agrees_with_itself() {
        let comm = Communicator::solo();
        assert_eq!(comm.agree(Ok::<_, String>(5)), Ok(5));
        let error = comm.agree(Err::<(), _>("no file")).unwrap_err();
        assert_eq!((error.rank, error.n_ranks, error.to_string().as_str()), (0, 1, "no file"));
    }
}
