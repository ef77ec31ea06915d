//! Points of cells that come from elsewhere than rules, listed rank by rank.

use std::ops::Range;
use std::sync::Arc;

use net_cell::{CellTemplate, SpikeSource, Waveform};
use net_core::{Gid, SynapseKind};

use crate::error::BoxError;

/// A cell of a rank, as who lists its points gets to see it.
#[derive(Clone, Debug)]
pub struct ListedCell {
    /// Its gid.
    pub gid: Gid,
    /// What it is made from.
    pub template: Arc<CellTemplate>,
}

/// What sends events to a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PointSource {
    /// Nothing: a clamp.
    None,
    /// Nothing, but one of its parameters follows a waveform.
    Waveform {
        /// Index in [`ListedPoints::waveforms`].
        waveform: u32,
    },
    /// Nothing, but one of its variables makes spikes of its own wherever it passes a threshold from
    /// below; connections take `gid` for their source.
    Crossing {
        /// The variable.
        variable: &'static str,
        /// In its unit.
        threshold: f64,
        /// At least [`MAX_CELLS`](net_core::MAX_CELLS), unique in the network.
        gid: Gid,
    },
    /// The potential of another segment: of a gap junction, `vgap` is set to it in every step.
    Junction {
        /// Number under which the potential of its own segment is known, unique in the network.
        own: u64,
        /// Number of the potential that it sees.
        other: u64,
    },
    /// A cell of the network.
    Cell {
        /// The cell.
        gid: Gid,
        /// Weight in the unit of the mechanism.
        weight: f64,
        /// At least a step.
        delay_ms: f64,
    },
    /// Spikes from outside.
    Train {
        /// Index in [`ListedPoints::trains`].
        train: u32,
        /// Index in [`ListedPoints::further`].
        further: u32,
        /// Weight in the unit of the mechanism.
        weight: f64,
        /// May be 0.
        delay_ms: f64,
    },
}

/// What is at the place of a listed point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointPlace {
    /// The cell itself, which is an artificial one.
    Cell,
    /// A point process.
    Kind {
        /// Index in [`ListedPoints::kinds`].
        kind: u32,
        /// Row of its values; 0 without rows.
        row: u32,
        /// Whether it shares its state with others of this kind and row on its segment that do, if the
        /// mechanism is linear.
        shares: bool,
    },
    /// The point of the row before, which gets events from a second source.
    Same,
    /// One of the point processes that this cell's earlier rows made, by number.
    Earlier(u32),
}

/// A point process on a cell, or events for a cell that is an artificial one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListedPoint {
    /// Index of the cell among those that were asked for.
    pub cell: u32,
    /// Its segment.
    pub segment: u32,
    /// What stands there.
    pub point: PointPlace,
    /// What drives it.
    pub source: PointSource,
}

/// A mechanism with parameters, of which some may differ from point process to point process.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedKind {
    /// The mechanism, and parameters that all of the kind have.
    pub common: SynapseKind,
    /// Names of the parameters that differ, ids of random streams (`rng.id1`) among them.
    pub names: Vec<String>,
    /// Their values, row after row.
    pub rows: Vec<f64>,
}

/// Ids of a random stream of a density mechanism of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStream {
    /// Index of the cell among those that were asked for.
    pub cell: u32,
    /// The mechanism.
    pub mechanism: String,
    /// Name of the stream.
    pub stream: &'static str,
    /// Segments and the ids there.
    pub ids: Vec<(u32, [u32; 3])>,
}

/// Points of some cells.
#[derive(Clone, Debug, Default)]
pub struct ListedPoints {
    /// Mechanisms with their parameters.
    pub kinds: Vec<ListedKind>,
    /// The points; those of one cell keep their order.
    pub points: Vec<ListedPoint>,
    /// What sends events from outside of the network.
    pub trains: Vec<SpikeSource>,
    /// Further weights of connections of these, from the second on.
    pub further: Vec<Box<[f64]>>,
    /// Parameters and what they follow.
    pub waveforms: Vec<(&'static str, Arc<Waveform>)>,
    /// Random streams of density mechanisms, where they are not those of gid, mechanism and segment.
    pub streams: Vec<ListedStream>,
}

/// Lists the points of some cells of a rank, which come by gid. A rank asks for some cells after the
/// other, so that what is listed need not be in memory at once; what a cell gets must not depend on
/// which others are asked for.
pub type PointLister = dyn Fn(&[ListedCell]) -> Result<ListedPoints, BoxError> + Send + Sync;

/// The points of some of a rank's cells, by cell.
pub(crate) struct PointsByCell {
    pub(crate) kinds: Vec<ListedKind>,
    pub(crate) trains: Vec<SpikeSource>,
    pub(crate) further: Vec<Box<[f64]>>,
    pub(crate) waveforms: Vec<(&'static str, Arc<Waveform>)>,
    pub(crate) streams: Vec<ListedStream>,
    points: Vec<ListedPoint>,
    starts: Vec<usize>,
}

impl PointsByCell {
    /// Sorts the points by cell; points of cells that do not exist are an error.
    pub(crate) fn new(listed: ListedPoints, n_cells: usize) -> Result<Self, BoxError> {
        let ListedPoints { kinds, mut points, trains, further, waveforms, streams } = listed;
        let beyond = |point: &ListedPoint| {
            let kind = matches!(point.point, PointPlace::Kind { kind, .. }
                if kind as usize >= kinds.len());
            let source = match point.source {
                PointSource::Train { train, further: of, .. } => {
                    train as usize >= trains.len() || of as usize >= further.len()
                }
                PointSource::Waveform { waveform } => waveform as usize >= waveforms.len(),
                PointSource::None
                | PointSource::Crossing { .. }
                | PointSource::Junction { .. }
                | PointSource::Cell { .. } => false,
            };
            point.cell as usize >= n_cells || kind || source
        };
        if let Some(point) = points.iter().find(|point| beyond(point)) {
            return Err(format!(
                "{point:?} refers to a cell, kind, train, weights or waveform that is not listed"
            )
            .into());
        }
        if let Some(stream) = streams.iter().find(|stream| stream.cell as usize >= n_cells) {
            return Err(format!("{stream:?} refers to a cell that is not listed").into());
        }
        points.sort_by_key(|point| point.cell);
        let start = |cell: usize| points.partition_point(|point| (point.cell as usize) < cell);
        let starts = (0..=n_cells).map(start).collect();
        Ok(PointsByCell { kinds, trains, further, waveforms, streams, points, starts })
    }

    /// The points of a cell, by index.
    pub(crate) fn of(&self, cell: usize) -> Range<usize> {
        self.starts[cell]..self.starts[cell + 1]
    }

    /// One of them.
    pub(crate) fn point(&self, index: usize) -> &ListedPoint {
        &self.points[index]
    }
}
