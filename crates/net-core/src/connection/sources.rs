//! The sources of each target, rule by rule.

use crate::connection::{ConnectionRule, DistanceKind, DistanceProfile};
use crate::error::Error;
use crate::ids::{Gid, ProjectionId};
use crate::network::Network;
use crate::population::Population;
use crate::random::{Purpose, Stream, StreamFamily, binomial, draw_subset};

/// The pairs of a drawn rule, prepared for some targets.
#[derive(Debug)]
pub(super) enum Sources<'n> {
    All,
    OneToOne,
    Bernoulli {
        probability: f64,
    },
    InDegree {
        n_sources: u64,
    },
    /// Sources of each target, drawn source by source.
    Incoming {
        offsets: Vec<usize>,
        sources: Vec<u64>,
    },
    /// Number of connections of each target.
    Totals(Vec<u64>),
    Distance(DistanceRule<'n>),
}

/// Connection by distance; positions of all sources are found once.
#[derive(Debug)]
pub(super) struct DistanceRule<'n> {
    network: &'n Network,
    profile: DistanceProfile,
    kind: DistanceKind,
    source_positions_um: Vec<[f64; 3]>,
}

/// The numbers 0..n of a population's cells without an excluded one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidates {
    pub(super) n_cells: u64,
    pub(super) excluded: Option<u64>,
}

impl Candidates {
    fn len(&self) -> u64 {
        self.n_cells - u64::from(self.excluded.is_some())
    }

    /// The i-th of the candidates.
    #[inline]
    fn get(&self, i: u64) -> u64 {
        i + u64::from(self.excluded.is_some_and(|excluded| excluded <= i))
    }
}

impl<'n> Sources<'n> {
    /// Prepares a rule for `targets`: gids of `post`, ascending.
    pub(super) fn new(
        network: &'n Network,
        rule: &ConnectionRule,
        id: ProjectionId,
        [pre, post]: [&Population; 2],
        excludes_self: bool,
        targets: &[Gid],
    ) -> Result<Self, Error> {
        let family = |purpose| StreamFamily::new(network.seed(), purpose, id.0);
        Ok(match *rule {
            // Explicit rules choose from all sources by themselves.
            ConnectionRule::AllToAll
            | ConnectionRule::SparseMatrix { .. }
            | ConnectionRule::SynapseTable(_) => Self::All,
            ConnectionRule::OneToOne => Self::OneToOne,
            ConnectionRule::FixedProbability { probability } => Self::Bernoulli { probability },
            ConnectionRule::FixedInDegree { n_sources } => Self::InDegree { n_sources },
            ConnectionRule::FixedOutDegree { n_targets } => {
                let family = family(Purpose::OutDegree);
                incoming(family, n_targets, [pre, post], excludes_self, targets)
            }
            ConnectionRule::FixedTotalNumber { n_connections } => {
                let family = family(Purpose::TotalNumber);
                let mut totals = vec![0; targets.len()];
                let all = post.gids();
                split_total(
                    family,
                    n_connections,
                    [all.start, all.end],
                    targets,
                    &mut totals,
                    all.start,
                );
                Self::Totals(totals)
            }
            ConnectionRule::DistanceDependent { profile, distance: kind } => {
                let positions: Result<_, Error> =
                    pre.gids().map(|gid| network.position(gid)).collect();
                Self::Distance(DistanceRule {
                    network,
                    profile,
                    kind,
                    source_positions_um: positions?,
                })
            }
        })
    }

    /// Replaces `out` by the sources of a target as numbers within the presynaptic population,
    /// ascending; a source that stands there twice is connected twice. `place` is the position of
    /// the target among those prepared, `index` its number within its population.
    pub(super) fn draw(
        &self,
        candidates: Candidates,
        target: Gid,
        place: usize,
        index: u64,
        stream: &mut Stream,
        out: &mut Vec<u64>,
    ) -> Result<(), Error> {
        out.clear();
        match self {
            Self::All => out.extend((0..candidates.len()).map(|i| candidates.get(i))),
            Self::OneToOne => out.push(index),
            &Self::Bernoulli { probability } => {
                skip_through(candidates.len(), probability, stream, |i, _| {
                    out.push(candidates.get(i))
                });
            }
            &Self::InDegree { n_sources } => {
                draw_subset(candidates.len(), n_sources, stream, out);
                out.iter_mut().for_each(|i| *i = candidates.get(*i));
            }
            Self::Incoming { offsets, sources } => {
                out.extend_from_slice(&sources[offsets[place]..offsets[place + 1]]);
            }
            Self::Totals(totals) => {
                let draws =
                    (0..totals[place]).map(|_| candidates.get(stream.below(candidates.len())));
                out.extend(draws);
                out.sort_unstable();
            }
            Self::Distance(rule) => {
                let target_um = rule.network.position(target)?;
                skip_through(candidates.len(), rule.profile.peak(), stream, |i, stream| {
                    let source = candidates.get(i);
                    let source_um = rule.source_positions_um[source as usize];
                    let d_um = rule.kind.between(source_um, target_um);
                    if stream.uniform() < rule.profile.relative(d_um) {
                        out.push(source);
                    }
                });
            }
        }
        Ok(())
    }
}

/// Calls `visit` for each success of `n` independent trials of one probability, by geometric
/// jumps from success to success: the cost is that of the successes alone.
fn skip_through(
    n: u64,
    probability: f64,
    stream: &mut Stream,
    mut visit: impl FnMut(u64, &mut Stream),
) {
    if 1.0 <= probability {
        return (0..n).for_each(|i| visit(i, stream));
    }
    if !(0.0 < probability) {
        return;
    }
    let inverse_log_q = 1.0 / libm::log1p(-probability);
    let mut i = 0;
    loop {
        let n_failures = libm::floor(libm::log(stream.uniform_open()) * inverse_log_q);
        if (n - i) as f64 <= n_failures {
            return;
        }
        i += n_failures as u64;
        if n <= i {
            return;
        }
        visit(i, stream);
        i += 1;
    }
}

/// Draws the targets of every source and keeps those asked for: the time is that of all
/// connections of the projection, the memory that of the kept ones.
fn incoming<'n>(
    family: StreamFamily,
    n_targets: u64,
    [pre, post]: [&Population; 2],
    excludes_self: bool,
    targets: &[Gid],
) -> Sources<'n> {
    const NOT_ASKED: u32 = u32::MAX;
    let mut place_of = vec![NOT_ASKED; post.size() as usize];
    for (place, gid) in targets.iter().enumerate() {
        place_of[(gid - post.first_gid()) as usize] = place as u32;
    }
    let (mut kept_places, mut kept_sources) = (Vec::new(), Vec::new());
    let mut offsets = vec![0; targets.len() + 1];
    let mut drawn = Vec::new();
    for source in 0..pre.size() {
        let candidates =
            Candidates { n_cells: post.size(), excluded: excludes_self.then_some(source) };
        let mut stream = family.stream([pre.first_gid() + source, 0]);
        draw_subset(candidates.len(), n_targets, &mut stream, &mut drawn);
        for &i in &drawn {
            let place = place_of[candidates.get(i) as usize];
            if place != NOT_ASKED {
                kept_places.push(place);
                kept_sources.push(source);
                offsets[place as usize + 1] += 1;
            }
        }
    }
    for place in 0..targets.len() {
        offsets[place + 1] += offsets[place];
    }
    // A counting sort by target, which keeps the ascending sources in their order.
    let mut next = offsets.clone();
    let mut sources = vec![0; kept_sources.len()];
    for (place, source) in kept_places.into_iter().zip(kept_sources) {
        sources[next[place as usize]] = source;
        next[place as usize] += 1;
    }
    Sources::Incoming { offsets, sources }
}

/// Splits `n` connections, each of which ends on any cell of `first..end` with equal probability,
/// into halves of the range by binomial counts until single cells are left. The stream belongs to
/// the range, so whoever follows a path finds the same counts on it; ranges without a target
/// asked for are not entered.
fn split_total(
    family: StreamFamily,
    n: u64,
    [first, end]: [Gid; 2],
    targets: &[Gid],
    totals: &mut [u64],
    origin: Gid,
) {
    if targets.is_empty() || n == 0 {
        return;
    }
    if end - first == 1 {
        totals[0] = n;
        return;
    }
    let middle = first + (end - first) / 2;
    let mut stream = family.stream([first - origin, end - origin]);
    let n_left = binomial(n, (middle - first) as f64 / (end - first) as f64, &mut stream);
    let n_left_targets = targets.partition_point(|&gid| gid < middle);
    let (left, right) = targets.split_at(n_left_targets);
    let (left_totals, right_totals) = totals.split_at_mut(n_left_targets);
    split_total(family, n_left, [first, middle], left, left_totals, origin);
    split_total(family, n - n_left, [middle, end], right, right_totals, origin);
}
