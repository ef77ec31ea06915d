//! Drawing the synapses of a projection, target by target.

use std::sync::Arc;

use super::sources::{Candidates, Sources};
use super::{ConnectionRule, MatrixValues, SynapseTable};
use crate::distribution::{IntegerSampler, Sampler};
use crate::error::Error;
use crate::ids::{Gid, ProjectionId};
use crate::network::Network;
use crate::population::Population;
use crate::projection::Projection;
use crate::random::{Purpose, StreamFamily};
use crate::sites::{CellSites, SiteSampler};

/// One synapse as drawn (or read from a table) for a known target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnSynapse {
    /// Gid of the presynaptic cell.
    pub source: Gid,
    /// Segment of the target cell.
    pub segment: u32,
    /// Weight in the unit of the synapse mechanism.
    pub weight: f64,
    /// Delay in ms.
    pub delay_ms: f64,
}

/// How much was drawn; add up over targets and ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Connected pairs of a source and a target (a pair of the rule `FixedTotalNumber` counts as
    /// often as it was drawn).
    pub connections: u64,
    /// Synapses.
    pub synapses: u64,
}

impl std::ops::AddAssign for ConnectionCounts {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.synapses += other.synapses;
    }
}

impl std::iter::Sum for ConnectionCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        let mut total = Self::default();
        counts.for_each(|c| total += c);
        total
    }
}

/// A projection prepared to draw the synapses of some targets, usually those of one rank.
///
/// What is drawn for a target depends on the network's seed, the projection and the gids, not on
/// which targets were prepared together. Threads may share a sampler.
#[derive(Debug)]
pub struct ProjectionSampler<'n> {
    projection: &'n Projection,
    pre: &'n Population,
    post: &'n Population,
    excludes_self: bool,
    /// Gids of the prepared targets, ascending.
    targets: Vec<Gid>,
    pairs: Pairs<'n>,
    multapses: IntegerSampler,
    weight: Sampler,
    delay: Sampler,
    streams: Streams,
}

/// Where the connected pairs come from.
#[derive(Debug)]
enum Pairs<'n> {
    Drawn(Sources<'n>),
    /// Compressed by column (target).
    Matrix {
        columns: Arc<sprs::CsMat<f64>>,
        values: MatrixValues,
    },
    Table(&'n SynapseTable),
}

/// The streams of a projection, one family for each thing that is drawn: a change of the law of
/// weights leaves the delays as they were.
#[derive(Debug)]
struct Streams {
    connection: StreamFamily,
    multapses: StreamFamily,
    segment: StreamFamily,
    weight: StreamFamily,
    delay: StreamFamily,
}

impl<'n> ProjectionSampler<'n> {
    /// Prepares `targets`; gids of other populations among them are passed over.
    pub(crate) fn new(
        network: &'n Network,
        id: ProjectionId,
        targets: &[Gid],
    ) -> Result<Self, Error> {
        let projection = network.projection(id);
        let [pre, post] = network.ends(id).map(|end| network.population(end));
        let excludes_self = pre.gids() == post.gids() && !projection.allow_autapses;
        let mut targets: Vec<Gid> =
            targets.iter().copied().filter(|gid| post.gids().contains(gid)).collect();
        targets.sort_unstable();
        targets.dedup();
        let pairs = match &projection.rule {
            ConnectionRule::SparseMatrix { matrix, values } => {
                let columns =
                    if matrix.is_csc() { Arc::clone(matrix) } else { Arc::new(matrix.to_csc()) };
                Pairs::Matrix { columns, values: *values }
            }
            ConnectionRule::SynapseTable(table) => Pairs::Table(table),
            rule => {
                let ends = [pre, post];
                Pairs::Drawn(Sources::new(network, rule, id, ends, excludes_self, &targets)?)
            }
        };
        let family = |purpose| StreamFamily::new(network.seed(), purpose, id.0);
        Ok(Self {
            projection,
            pre,
            post,
            excludes_self,
            targets,
            pairs,
            multapses: projection.multapses_sampler()?,
            weight: projection.weight_sampler()?,
            delay: projection.delay_sampler()?,
            streams: Streams {
                connection: family(Purpose::Connection),
                multapses: family(Purpose::Multapses),
                segment: family(Purpose::Segment),
                weight: family(Purpose::Weight),
                delay: family(Purpose::Delay),
            },
        })
    }

    /// The prepared targets, ascending.
    pub fn targets(&self) -> &[Gid] {
        &self.targets
    }

    /// Appends the synapses of one target to `out`, in ascending order of the sources.
    ///
    /// # Errors
    /// A target that was not prepared, or a cell without a site for the synapses.
    pub fn draw_into(
        &self,
        target: Gid,
        cell: &CellSites,
        out: &mut Vec<DrawnSynapse>,
    ) -> Result<ConnectionCounts, Error> {
        let place = self.targets.binary_search(&target).map_err(|_| {
            let projection = self.projection.name.clone();
            Error::NotATarget { projection, target }
        })?;
        let at_target = |error| {
            let projection = self.projection.name.clone();
            Error::Sites { projection, target, error }
        };
        let n_before = out.len();
        let connections = if let Pairs::Table(table) = self.pairs {
            for row in table.rows_of(target) {
                let segment = cell.require_segment(row.segment).map_err(at_target)?;
                let (source, weight, delay_ms) = (row.source, row.weight, row.delay_ms);
                out.push(DrawnSynapse { source, segment, weight, delay_ms });
            }
            let drawn = &out[n_before..];
            drawn.chunk_by(|a, b| a.source == b.source).count() as u64
        } else {
            let sites = SiteSampler::new(&self.projection.placement, cell).map_err(at_target)?;
            self.draw_pairs(target, place, &sites, out)?
        };
        Ok(ConnectionCounts { connections, synapses: (out.len() - n_before) as u64 })
    }

    /// Draws all pairs of a target; returns their number.
    fn draw_pairs(
        &self,
        target: Gid,
        place: usize,
        sites: &SiteSampler,
        out: &mut Vec<DrawnSynapse>,
    ) -> Result<u64, Error> {
        let index = target - self.post.first_gid();
        let first_source = self.pre.first_gid();
        let mut n_pairs = 0;
        match &self.pairs {
            Pairs::Drawn(sources) => {
                let candidates = Candidates {
                    n_cells: self.pre.size(),
                    excluded: self.excludes_self.then_some(index),
                };
                let mut stream = self.streams.connection.stream([target, 0]);
                let mut drawn = Vec::new();
                sources.draw(candidates, target, place, index, &mut stream, &mut drawn)?;
                for repeats in drawn.chunk_by(|a, b| a == b) {
                    let pair = [target, first_source + repeats[0]];
                    let n_synapses = self.draw_n_synapses(pair, repeats.len());
                    self.push_synapses(pair, n_synapses, None, sites, out);
                }
                n_pairs = drawn.len() as u64;
            }
            Pairs::Matrix { columns, values } => {
                let column = columns.outer_view(index as usize);
                for (source, &value) in column.iter().flat_map(|column| column.iter()) {
                    if value == 0.0 {
                        continue;
                    }
                    let pair = [target, first_source + source as Gid];
                    match values {
                        MatrixValues::Weight => {
                            let n_synapses = self.draw_n_synapses(pair, 1);
                            self.push_synapses(pair, n_synapses, Some(value), sites, out);
                        }
                        MatrixValues::NSynapses => {
                            self.push_synapses(pair, value as u64, None, sites, out);
                        }
                    }
                    n_pairs += 1;
                }
            }
            Pairs::Table(_) => {}
        }
        Ok(n_pairs)
    }

    /// Number of synapses of a pair that is connected `n_times`.
    fn draw_n_synapses(&self, pair: [Gid; 2], n_times: usize) -> u64 {
        let mut stream = self.streams.multapses.stream(pair);
        (0..n_times).map(|_| u64::from(self.multapses.draw(&mut stream))).sum()
    }

    /// Draws segment, weight (unless given) and delay of the synapses of a pair.
    #[inline]
    fn push_synapses(
        &self,
        pair: [Gid; 2],
        n_synapses: u64,
        given_weight: Option<f64>,
        sites: &SiteSampler,
        out: &mut Vec<DrawnSynapse>,
    ) {
        let mut segments = self.streams.segment.stream(pair);
        let mut weights = self.streams.weight.stream(pair);
        let mut delays = self.streams.delay.stream(pair);
        out.extend((0..n_synapses).map(|_| DrawnSynapse {
            source: pair[1],
            segment: sites.draw(&mut segments),
            weight: given_weight.unwrap_or_else(|| self.weight.draw(&mut weights)),
            delay_ms: self.delay.draw(&mut delays),
        }));
    }
}
