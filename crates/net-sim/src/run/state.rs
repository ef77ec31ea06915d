//! The state of a run in the records of a checkpoint.
//!
//! | kind | key | data |
//! |---|---|---|
//! | 1 | 0 | [`OfRank`]: recordings under way |
//! | 2 | gid | state of a cable cell or an artificial cell |
//! | 3 | population | state of some point neurons |
//! | 4 | gid | [`Partial`]s: means of currents under way |
//! | 5 | number of a chunk | what monitors recorded in a chunk that is complete, all ranks; of rank 0 |
//!
//! [`OfAll`] stands in the checkpoint's manifest. Data are in postcard's format. Which rank wrote a record does not matter, except that counts that
//! are added up over ranks must be read once each.

use std::collections::{HashMap, HashSet};

use net_cell::CellGroup;
use net_cell::state::{CellState, PointsState};
use net_core::Gid;
use net_io::checkpoint::{Checkpoint, StateFile};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::epochs::{Leader, Shared, lock};
use super::keeper::Keeper;
use super::recorder::{RecorderState, Windows};
use super::tracks::{TracksOfAll, TracksState};
use crate::error::{Error, Result};
use crate::model::{CellParameter, Model};
use crate::probes::{KeptProbe, Partial};

const OF_RANK: u32 = 1;
const CELL: u32 = 2;
const POINTS: u32 = 3;
const PARTIALS: u32 = 4;
const MONITORED: u32 = 5;

/// Parameters that were set since the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct SetParameters {
    /// Of point neurons: gids of a population, name and value.
    pub(super) points: Vec<(std::ops::Range<Gid>, String, f64)>,
    /// Of other cells, in the order in which they were set.
    pub(super) cells: Vec<CellParameter>,
}

impl SetParameters {
    /// Notes a parameter of point neurons.
    pub(super) fn set_points(&mut self, gids: std::ops::Range<Gid>, parameter: &str, value: f64) {
        self.points.retain(|(other, name, _)| (other, name.as_str()) != (&gids, parameter));
        self.points.push((gids, parameter.to_owned(), value));
    }

    /// Notes a parameter of other cells.
    pub(super) fn set_cells(&mut self, parameter: &CellParameter) {
        // Values do not tell two settings apart.
        let place = |own: &CellParameter| CellParameter { value: 0.0, ..own.clone() };
        self.cells.retain(|other| place(other) != place(parameter));
        self.cells.push(parameter.clone());
    }
}

/// What is no cell's.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct OfRank {
    recorder: RecorderState,
    /// Signals of probes that are kept in memory; none where another rank has them.
    probes: Vec<Option<KeptProbe>>,
    tracks: TracksState,
}

/// What is the same on all ranks.
#[derive(Debug, Serialize, Deserialize)]
struct OfAll {
    parameters: SetParameters,
    windows: Windows,
    tracks: TracksOfAll,
}

impl Leader<'_> {
    /// Saves the state at the present step, at which nothing is on its way. Collective; an error of one
    /// rank is an error of all, and leaves the checkpoint before.
    pub(super) fn save(&mut self, shared: &Shared) -> Result<()> {
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        let saved = self.save_with(shared, &keeper);
        let keeper = self.keeper.insert(keeper);
        if saved.is_ok() {
            keeper.saved(self.step);
        }
        saved
    }

    fn save_with(&mut self, shared: &Shared, keeper: &Keeper) -> Result<()> {
        let (comm, step) = (self.comm, self.step);
        let failed = self.collector.check().err();
        let collected = self.collector.collect(comm, step, true, failed.is_some());
        let ready = failed.map_or(collected, Err).and_then(|()| self.collector.sync());
        comm.agree(ready.and_then(|()| self.recorder.seal(step)))?;
        let begun = if comm.is_root() { keeper.directory.begin(step) } else { Ok(()) };
        comm.agree(begun)?;
        let written = comm.agree(self.write(shared, keeper))?;
        let files = comm.all_gather_v(&[written.bytes, u64::from(written.crc32)])?;
        let sealed = comm.is_root().then(|| {
            let mut manifest = keeper.manifest(step, self.clock.dt_ms());
            let (parameters, windows) = (self.parameters.clone(), self.recorder.windows());
            let tracks = self.tracks.of_all();
            let state = serde_json::json!(OfAll { parameters, windows, tracks });
            manifest.set_state(state.to_string());
            let file = |own: &Vec<u64>| StateFile { bytes: own[0], crc32: own[1] as u32 };
            manifest.files = files.iter().map(file).collect();
            keeper.directory.seal(&manifest)
        });
        Ok(comm.agree(sealed.unwrap_or(Ok(())))?)
    }

    /// Writes this rank's records.
    fn write(&mut self, shared: &Shared, keeper: &Keeper) -> Result<StateFile> {
        let rank = self.comm.rank() as u32;
        let mut file = keeper.directory.write(self.step, rank, keeper.run_id)?;
        let (recorder, probes) = (self.recorder.save(), self.collector.kept());
        file.put(OF_RANK, 0, &encode(&OfRank { recorder, probes, tracks: self.tracks.save() })?)?;
        if self.comm.is_root() {
            for (at, chunk) in self.tracks.chunks().iter().enumerate() {
                file.put(MONITORED, at as u64, &encode(chunk.as_ref())?)?;
            }
        }
        let file = std::cell::RefCell::new(file);
        let put = |kind, key, data: Result<Vec<u8>>| -> Result<()> {
            Ok(file.borrow_mut().put(kind, key, &data?)?)
        };
        for (at, member) in shared.members.iter().enumerate() {
            let group = &mut lock(member).group;
            group.save(
                self.step,
                |cell| put(CELL, cell.gid, encode(&cell)),
                |points| put(POINTS, points.population.into(), encode(&points)),
            )?;
            for (gid, partials) in self.collector.partials(at, group) {
                put(PARTIALS, gid, encode(&partials))?;
            }
        }
        Ok(file.into_inner().finish()?)
    }

    /// Goes on from a checkpoint of any number of ranks. Collective.
    pub(super) fn restore(
        &mut self,
        shared: &Shared,
        model: &Model,
        checkpoint: &Checkpoint,
    ) -> Result<()> {
        let step = checkpoint.manifest().step;
        self.collector.check_ranks(checkpoint.n_ranks() as usize, self.comm.size())?;
        let (rank, n_ranks) = (self.comm.rank() as u32, self.comm.size() as u32);
        let own_gids = shared.members.iter().flat_map(|m| lock(m).group.cable_gids());
        let mut reading = Reading {
            step,
            checkpoint,
            wanted: own_gids.collect(),
            cells: HashMap::new(),
            partials: HashMap::new(),
        };
        let of_all: OfAll = serde_json::from_str(&checkpoint.manifest().state)
            .map_err(|e| reading_error(checkpoint, "state of all ranks", e))?;
        // Parameters first: some of them change by themselves later.
        for (gids, parameter, value) in &of_all.parameters.points {
            let set = shared.set_parameter(gids, parameter, *value);
            set.map_err(|e| reading_error(checkpoint, "parameters", e))?;
        }
        let mut of_cells = of_all.parameters.cells.iter();
        let set = of_cells
            .try_for_each(|parameter| shared.set_cell_parameter(model, parameter).map(|_| ()));
        self.comm.agree(set)?;
        self.parameters = of_all.parameters;
        self.recorder.begin_restore(of_all.windows);
        self.tracks.begin_restore(of_all.tracks);
        for member in &shared.members {
            lock(member).group.begin_restore_points();
        }
        // Counts that are added up are read by one rank each.
        let own = (0..checkpoint.n_ranks()).filter(|file| file % n_ranks == rank);
        let read = own.clone().try_for_each(|file| reading.read(self, shared, file, true));
        self.comm.agree(read)?;
        let is_complete =
            reading.is_complete() && self.recorder.has_restored() && shared.restored();
        let is_complete = is_complete && self.tracks.has_restored();
        // Files of other ranks are read only where cells have moved.
        if self.comm.min(u64::from(is_complete))? == 0 {
            let others = (0..checkpoint.n_ranks()).filter(|file| file % n_ranks != rank);
            let read =
                others.into_iter().try_for_each(|file| reading.read(self, shared, file, false));
            self.comm.agree(read)?;
        }
        let finished = self.finish_restore(shared, reading);
        self.comm.agree(finished)?;
        (self.step, self.recorded) = (step, step);
        Ok(())
    }

    fn finish_restore(&mut self, shared: &Shared, mut reading: Reading) -> Result<()> {
        let step = reading.step;
        let what = |source| reading_error(reading.checkpoint, "cells", source);
        self.recorder
            .finish_restore(step)
            .map_err(|reason| reading_error(reading.checkpoint, "recordings", reason))?;
        let monitors = |reason| reading_error(reading.checkpoint, "monitors", reason);
        self.tracks.finish_restore().map_err(monitors)?;
        for (at, member) in shared.members.iter().enumerate() {
            let group: &mut CellGroup = &mut lock(member).group;
            group.restore(|gid| reading.cells.remove(&gid)).map_err(what)?;
            group.finish_restore_points().map_err(what)?;
            let restored = self.collector.restore(at, group, step, &mut reading.partials);
            restored.map_err(|gid| {
                let reason = format!("currents under way of cell {gid} do not fit it");
                reading_error(reading.checkpoint, "probes", reason)
            })?;
        }
        let windows = self.recorder.windows().signals;
        let windows = windows.iter().map(|windows| windows.iter().collect::<Vec<_>>());
        for (at, windows) in windows.enumerate() {
            for member in &shared.members {
                lock(member).group.set_windows(at, &windows);
            }
        }
        Ok(())
    }
}

/// What has been read of a checkpoint.
struct Reading<'c> {
    step: u64,
    checkpoint: &'c Checkpoint,
    wanted: HashSet<Gid>,
    cells: HashMap<Gid, CellState>,
    partials: HashMap<Gid, Vec<Partial>>,
}

impl Reading<'_> {
    fn is_complete(&self) -> bool {
        self.cells.len() == self.wanted.len()
    }

    /// Takes from a file what this rank needs; `is_own` says that it also takes what is added up.
    fn read(
        &mut self,
        leader: &mut Leader,
        shared: &Shared,
        file: u32,
        is_own: bool,
    ) -> Result<()> {
        let mut failed = Ok(());
        let checkpoint = self.checkpoint;
        checkpoint.read(file, |kind, key, data| {
            if failed.is_ok() {
                failed = self.take(leader, shared, (kind, key, data), (file, is_own));
            }
            Ok(())
        })?;
        failed
    }

    fn take(
        &mut self,
        leader: &mut Leader,
        shared: &Shared,
        (kind, key, data): (u32, u64, &[u8]),
        (file, is_own): (u32, bool),
    ) -> Result<()> {
        let named = |what: &str| format!("{what} {key} of rank {file}");
        match kind {
            OF_RANK => {
                let of_rank: OfRank = self.decode(data, || named("record"))?;
                leader.recorder.restore(of_rank.recorder, is_own);
                leader.tracks.restore(of_rank.tracks, is_own);
                if file == leader.comm.rank() as u32 {
                    leader.collector.keep(of_rank.probes);
                }
            }
            CELL if self.wanted.contains(&key) => {
                let cell = self.decode(data, || named("cell"))?;
                self.cells.insert(key, cell);
            }
            PARTIALS if self.wanted.contains(&key) => {
                let partials = self.decode(data, || named("probes of cell"))?;
                self.partials.insert(key, partials);
            }
            POINTS => {
                let mut state: Option<PointsState> = None;
                for member in &shared.members {
                    let group = &mut lock(member).group;
                    if !group.wants_points(key as u32) {
                        continue;
                    }
                    let state = match &mut state {
                        Some(state) => state,
                        None => state.insert(self.decode(data, || named("population"))?),
                    };
                    let restored = group.restore_points(state);
                    restored.map_err(|e| reading_error(self.checkpoint, "point neurons", e))?;
                }
            }
            MONITORED if leader.comm.is_root() && is_own => {
                let chunk = self.decode(data, || named("chunk of monitors"))?;
                leader.tracks.restore_chunk(chunk);
            }
            CELL | PARTIALS | MONITORED => {}
            _ => {
                let reason = format!("records of kind {kind}, which is not known");
                return Err(reading_error(self.checkpoint, &named("record"), reason));
            }
        }
        Ok(())
    }

    fn decode<T: DeserializeOwned>(&self, data: &[u8], what: impl Fn() -> String) -> Result<T> {
        postcard::from_bytes(data).map_err(|e| reading_error(self.checkpoint, &what(), e))
    }
}

fn reading_error(checkpoint: &Checkpoint, what: &str, reason: impl ToString) -> Error {
    Error::CheckpointContent {
        directory: checkpoint.path().to_owned(),
        what: what.to_owned(),
        reason: reason.to_string(),
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(|e| Error::CheckpointContent {
        directory: net_io::store::RunDirectory::CHECKPOINTS.into(),
        what: "a record".to_owned(),
        reason: e.to_string(),
    })
}

impl Shared {
    /// Hashes of the cells of all threads.
    pub(super) fn fingerprint(&self) -> net_cell::state::NetworkFingerprint {
        let mut all = net_cell::state::NetworkFingerprint::default();
        self.members.iter().for_each(|member| all += lock(member).group.fingerprint());
        all
    }

    /// Queues the spikes that have arrived, so that none is on its way.
    pub(super) fn enqueue_arrived(&self) {
        let mut epoch = self.epoch.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for member in &self.members {
            lock(member).group.enqueue(epoch.arrived.iter().copied());
        }
        epoch.arrived.clear();
    }

    /// Gives a parameter of point neurons another value.
    pub(super) fn set_parameter(
        &self,
        gids: &std::ops::Range<Gid>,
        parameter: &str,
        value: f64,
    ) -> std::result::Result<(), net_cell::CellError> {
        for member in &self.members {
            for points in lock(member).group.points_mut() {
                if points.gids().first().is_some_and(|gid| gids.contains(gid)) {
                    points.set_parameter(parameter, value)?;
                }
            }
        }
        Ok(())
    }

    /// Gives a parameter of other cells another value; returns the number of instances that have it.
    pub(super) fn set_cell_parameter(
        &self,
        model: &Model,
        parameter: &CellParameter,
    ) -> Result<u64> {
        let mut members: Vec<_> = self.members.iter().map(lock).collect();
        parameter.set(model, members.iter_mut().map(|member| &mut member.group))
    }

    /// Whether all point neurons have their state.
    fn restored(&self) -> bool {
        self.members.iter().all(|member| lock(member).group.has_restored())
    }
}
