//! A build with MPI: the calls of the C library, each with its status turned into an error.
//!
//! Everything here is bytes, words and counts that fit into the library's 32-bit integers; callers cut
//! larger data into rounds.

use std::{ffi::c_int, rc::Rc};

use mpi::{Threading, environment::Universe, ffi};

use super::Reduction;
use crate::error::{Error, Result};

/// Whether this build can communicate over MPI (cargo feature `mpi`).
pub const BUILT_WITH_MPI: bool = true;

/// A communicator of all ranks, separate from every other: its messages can't be taken for another's.
pub(crate) struct World {
    comm: ffi::MPI_Comm,
    rank: usize,
    size: usize,
    /// Finalizes MPI when the last world is gone.
    universe: Rc<Universe>,
}

/// A collective operation under way.
#[derive(Debug)]
pub(crate) struct Request {
    request: ffi::MPI_Request,
    rank: usize,
}

/// Ends all ranks of the job; may be called from any thread.
pub(crate) fn abort_job(exit_code: i32) {
    // SAFETY: plain call; MPI is initialized wherever a job is known to exist.
    unsafe {
        ffi::MPI_Abort(ffi::RSMPI_COMM_WORLD, exit_code);
    }
}

impl World {
    /// Initializes MPI. All calls but [`abort_job`] are then made by the calling thread (funneled).
    pub(crate) fn start() -> Result<World> {
        let (universe, threading) =
            mpi::initialize_with_threading(Threading::Funneled).ok_or(Error::AlreadyLaunched)?;
        if threading < Threading::Funneled {
            return Err(Error::NoThreadSupport);
        }
        let (mut rank, mut size): (c_int, c_int) = (0, 0);
        // SAFETY: MPI is initialized; the pointers are to live integers and handles.
        unsafe {
            let world = ffi::RSMPI_COMM_WORLD;
            // Duplicates inherit the error handler: failures come back as a status.
            check(
                0,
                "MPI_Comm_set_errhandler",
                ffi::MPI_Comm_set_errhandler(world, ffi::RSMPI_ERRORS_RETURN),
            )?;
            check(0, "MPI_Comm_rank", ffi::MPI_Comm_rank(world, &mut rank))?;
            check(0, "MPI_Comm_size", ffi::MPI_Comm_size(world, &mut size))?;
        }
        let (rank, size) = (rank as usize, size as usize);
        World::duplicate_of(unsafe { ffi::RSMPI_COMM_WORLD }, rank, size, Rc::new(universe))
    }

    /// A further communicator of the same ranks. Collective.
    pub(crate) fn duplicate(&self) -> Result<World> {
        World::duplicate_of(self.comm, self.rank, self.size, Rc::clone(&self.universe))
    }

    fn duplicate_of(
        source: ffi::MPI_Comm,
        rank: usize,
        size: usize,
        universe: Rc<Universe>,
    ) -> Result<World> {
        // SAFETY: `source` is a live communicator and `comm` receives the new handle.
        let comm = unsafe {
            let mut comm = ffi::RSMPI_COMM_NULL;
            check(rank, "MPI_Comm_dup", ffi::MPI_Comm_dup(source, &mut comm))?;
            comm
        };
        Ok(World { comm, rank, size, universe })
    }

    pub(crate) fn rank(&self) -> usize {
        self.rank
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn barrier(&self) -> Result<()> {
        // SAFETY: live communicator.
        self.check("MPI_Barrier", unsafe { ffi::MPI_Barrier(self.comm) })
    }

    /// Every rank's `send`, of the same length on all, one after another in `receive`.
    pub(crate) fn all_gather(&self, send: &[u64], receive: &mut [u64]) -> Result<()> {
        assert_eq!(receive.len(), send.len() * self.size);
        // SAFETY: the counts are those of the slices, as asserted.
        self.check("MPI_Allgather", unsafe {
            ffi::MPI_Allgather(
                send.as_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT64_T,
                receive.as_mut_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT64_T,
                self.comm,
            )
        })
    }

    /// Every rank's `send`, of `counts[rank]` bytes, one after another in `receive`.
    pub(crate) fn all_gather_v(
        &self,
        send: &[u8],
        receive: &mut [u8],
        counts: &[i32],
    ) -> Result<()> {
        let displacements = displacements(counts);
        assert_eq!(send.len(), counts[self.rank] as usize);
        assert_eq!(receive.len(), total(counts));
        // SAFETY: counts and displacements stay within the slices, as asserted.
        self.check("MPI_Allgatherv", unsafe {
            ffi::MPI_Allgatherv(
                send.as_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT8_T,
                receive.as_mut_ptr().cast(),
                counts.as_ptr(),
                displacements.as_ptr(),
                ffi::RSMPI_UINT8_T,
                self.comm,
            )
        })
    }

    /// As [`World::all_gather_v`], but only `root` receives; elsewhere `receive` is not used.
    pub(crate) fn gather_v(
        &self,
        root: usize,
        send: &[u8],
        receive: &mut [u8],
        counts: &[i32],
    ) -> Result<()> {
        let displacements = displacements(counts);
        assert_eq!(send.len(), counts[self.rank] as usize);
        assert!(self.rank != root || receive.len() == total(counts));
        // SAFETY: counts and displacements stay within the slices, as asserted.
        self.check("MPI_Gatherv", unsafe {
            ffi::MPI_Gatherv(
                send.as_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT8_T,
                receive.as_mut_ptr().cast(),
                counts.as_ptr(),
                displacements.as_ptr(),
                ffi::RSMPI_UINT8_T,
                count(root),
                self.comm,
            )
        })
    }

    pub(crate) fn broadcast(&self, root: usize, data: &mut [u8]) -> Result<()> {
        // SAFETY: the count is that of the slice.
        self.check("MPI_Bcast", unsafe {
            ffi::MPI_Bcast(
                data.as_mut_ptr().cast(),
                count(data.len()),
                ffi::RSMPI_UINT8_T,
                count(root),
                self.comm,
            )
        })
    }

    pub(crate) fn all_reduce(&self, reduction: Reduction, words: &mut [u64]) -> Result<()> {
        let send = words.to_vec();
        // SAFETY: both buffers have the length given; the operations are the library's constants.
        self.check("MPI_Allreduce", unsafe {
            let operation = match reduction {
                Reduction::Sum => ffi::RSMPI_SUM,
                Reduction::Min => ffi::RSMPI_MIN,
                Reduction::Max => ffi::RSMPI_MAX,
            };
            ffi::MPI_Allreduce(
                send.as_ptr().cast(),
                words.as_mut_ptr().cast(),
                count(words.len()),
                ffi::RSMPI_UINT64_T,
                operation,
                self.comm,
            )
        })
    }

    /// `send_counts[r]` bytes of `send` go to rank r, `receive_counts[r]` come from it, each in the
    /// order of ranks.
    pub(crate) fn all_to_all_v(
        &self,
        send: &[u8],
        send_counts: &[i32],
        receive: &mut [u8],
        receive_counts: &[i32],
    ) -> Result<()> {
        let send_displacements = displacements(send_counts);
        let receive_displacements = displacements(receive_counts);
        assert_eq!(send.len(), total(send_counts));
        assert_eq!(receive.len(), total(receive_counts));
        assert!(send_counts.len() == self.size && receive_counts.len() == self.size);
        // SAFETY: counts and displacements stay within the slices, as asserted.
        self.check("MPI_Alltoallv", unsafe {
            ffi::MPI_Alltoallv(
                send.as_ptr().cast(),
                send_counts.as_ptr(),
                send_displacements.as_ptr(),
                ffi::RSMPI_UINT8_T,
                receive.as_mut_ptr().cast(),
                receive_counts.as_ptr(),
                receive_displacements.as_ptr(),
                ffi::RSMPI_UINT8_T,
                self.comm,
            )
        })
    }

    /// Starts [`World::all_gather`].
    ///
    /// # Safety
    ///
    /// Both buffers stay alive, in place and untouched until the request is complete.
    pub(crate) unsafe fn start_all_gather(
        &self,
        send: &[u64],
        receive: &mut [u64],
    ) -> Result<Request> {
        assert_eq!(receive.len(), send.len() * self.size);
        // SAFETY: the counts are those of the slices; their lifetime is the caller's promise.
        self.started("MPI_Iallgather", |request| unsafe {
            ffi::MPI_Iallgather(
                send.as_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT64_T,
                receive.as_mut_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT64_T,
                self.comm,
                request,
            )
        })
    }

    /// Starts a gather of every rank's `send`, of `counts[rank]` words, to `displacements[rank]` of
    /// `receive`.
    ///
    /// # Safety
    ///
    /// All four slices stay alive, in place and untouched until the request is complete.
    pub(crate) unsafe fn start_all_gather_v(
        &self,
        send: &[u64],
        receive: &mut [u64],
        counts: &[i32],
        displacements: &[i32],
    ) -> Result<Request> {
        assert_eq!(send.len(), counts[self.rank] as usize);
        assert_eq!(receive.len(), total(counts));
        assert!(counts.len() == self.size && displacements.len() == self.size);
        // SAFETY: the counts are those of the slices; their lifetime is the caller's promise.
        self.started("MPI_Iallgatherv", |request| unsafe {
            ffi::MPI_Iallgatherv(
                send.as_ptr().cast(),
                count(send.len()),
                ffi::RSMPI_UINT64_T,
                receive.as_mut_ptr().cast(),
                counts.as_ptr(),
                displacements.as_ptr(),
                ffi::RSMPI_UINT64_T,
                self.comm,
                request,
            )
        })
    }

    fn started(
        &self,
        call: &'static str,
        start: impl FnOnce(*mut ffi::MPI_Request) -> c_int,
    ) -> Result<Request> {
        // SAFETY: reads a constant handle of the library.
        let mut request = unsafe { ffi::RSMPI_REQUEST_NULL };
        self.check(call, start(&mut request))?;
        Ok(Request { request, rank: self.rank })
    }

    fn check(&self, call: &'static str, status: c_int) -> Result<()> {
        check(self.rank, call, status)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: the handle is live and MPI not yet finalized, as `universe` drops after this.
        unsafe {
            ffi::MPI_Comm_free(&mut self.comm);
        }
    }
}

impl Request {
    /// Lets the library make progress; true when the operation is complete.
    pub(crate) fn test(&mut self) -> Result<bool> {
        let mut complete: c_int = 0;
        // SAFETY: live request (or the null request, which is complete).
        let status =
            unsafe { ffi::MPI_Test(&mut self.request, &mut complete, ffi::RSMPI_STATUS_IGNORE) };
        check(self.rank, "MPI_Test", status)?;
        Ok(complete != 0)
    }

    /// Waits until the operation is complete.
    pub(crate) fn wait(&mut self) -> Result<()> {
        // SAFETY: live request (or the null request, which is complete).
        let status = unsafe { ffi::MPI_Wait(&mut self.request, ffi::RSMPI_STATUS_IGNORE) };
        check(self.rank, "MPI_Wait", status)
    }
}

fn check(rank: usize, call: &'static str, status: c_int) -> Result<()> {
    if status == ffi::MPI_SUCCESS as c_int {
        return Ok(());
    }
    Err(Error::Mpi { rank, call, reason: error_text(status) })
}

fn error_text(status: c_int) -> String {
    let mut text = [0_u8; ffi::MPI_MAX_ERROR_STRING as usize + 1];
    let mut length: c_int = 0;
    // SAFETY: the buffer has the length the library asks for.
    let known = unsafe { ffi::MPI_Error_string(status, text.as_mut_ptr().cast(), &mut length) };
    if known != ffi::MPI_SUCCESS as c_int {
        return format!("error code {status}");
    }
    String::from_utf8_lossy(&text[..length.clamp(0, text.len() as c_int) as usize]).into_owned()
}

/// A length as the library's count; callers keep their data below the limit.
fn count(length: usize) -> c_int {
    c_int::try_from(length).expect("data are cut into rounds that MPI can count")
}

fn total(counts: &[i32]) -> usize {
    counts.iter().map(|&count| count as usize).sum()
}

fn displacements(counts: &[i32]) -> Vec<c_int> {
    let mut start = 0;
    counts
        .iter()
        .map(|&count| {
            let this = start;
            start += count;
            this
        })
        .collect()
}
