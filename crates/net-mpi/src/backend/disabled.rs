//! A build without MPI: a world of ranks can't be made, so nothing here is ever called.

use super::Reduction;
use crate::error::{Error, Result};

/// Whether this build can communicate over MPI (cargo feature `mpi`).
pub const BUILT_WITH_MPI: bool = false;

#[derive(Debug)]
pub(crate) enum World {}

#[derive(Debug)]
pub(crate) enum Request {}

pub(crate) fn abort_job(exit_code: i32) {
    std::process::exit(exit_code)
}

impl World {
    pub(crate) fn start() -> Result<World> {
        Err(Error::BuiltWithoutMpi)
    }

    pub(crate) fn duplicate(&self) -> Result<World> {
        match *self {}
    }

    pub(crate) fn rank(&self) -> usize {
        match *self {}
    }

    pub(crate) fn size(&self) -> usize {
        match *self {}
    }

    pub(crate) fn barrier(&self) -> Result<()> {
        match *self {}
    }

    pub(crate) fn all_gather(&self, _send: &[u64], _receive: &mut [u64]) -> Result<()> {
        match *self {}
    }

    pub(crate) fn all_gather_v(
        &self,
        _send: &[u8],
        _receive: &mut [u8],
        _counts: &[i32],
    ) -> Result<()> {
        match *self {}
    }

    pub(crate) fn gather_v(
        &self,
        _root: usize,
        _send: &[u8],
        _receive: &mut [u8],
        _counts: &[i32],
    ) -> Result<()> {
        match *self {}
    }

    pub(crate) fn broadcast(&self, _root: usize, _data: &mut [u8]) -> Result<()> {
        match *self {}
    }

    pub(crate) fn all_reduce(&self, _reduction: Reduction, _words: &mut [u64]) -> Result<()> {
        match *self {}
    }

    pub(crate) fn all_to_all_v(
        &self,
        _send: &[u8],
        _send_counts: &[i32],
        _receive: &mut [u8],
        _receive_counts: &[i32],
    ) -> Result<()> {
        match *self {}
    }

    pub(crate) unsafe fn start_all_gather(
        &self,
        _send: &[u64],
        _receive: &mut [u64],
    ) -> Result<Request> {
        match *self {}
    }

    pub(crate) unsafe fn start_all_gather_v(
        &self,
        _send: &[u64],
        _receive: &mut [u64],
        _counts: &[i32],
        _displacements: &[i32],
    ) -> Result<Request> {
        match *self {}
    }
}

impl Request {
    pub(crate) fn test(&mut self) -> Result<bool> {
        match *self {}
    }

    pub(crate) fn wait(&mut self) -> Result<()> {
        match *self {}
    }
}
