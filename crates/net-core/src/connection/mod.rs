//! Who projects to whom.

mod sampler;
mod sources;

pub use sampler::{ConnectionCounts, DrawnSynapse, ProjectionSampler};

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sprs::CsMat;

use crate::ids::Gid;
use crate::population::Population;

/// Which pairs of a source and a target are connected.
///
/// Every rule is drawn target by target (except that out-degrees are drawn source by source), from
/// streams of the projection and the gids alone. Within one population a cell does not project to
/// itself unless the projection allows autapses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ConnectionRule {
    /// Every source projects to every target.
    AllToAll,
    /// The i-th source projects to the i-th target; the populations have equal sizes.
    OneToOne,
    /// Each pair independently with this probability.
    FixedProbability {
        /// Probability of a pair.
        probability: f64,
    },
    /// Every target has this number of distinct sources.
    FixedInDegree {
        /// Sources of a target.
        n_sources: u64,
    },
    /// Every source has this number of distinct targets.
    FixedOutDegree {
        /// Targets of a source.
        n_targets: u64,
    },
    /// This number of connections in all, each between a source and a target drawn independently;
    /// a pair may be drawn more than once, and is then connected more than once.
    FixedTotalNumber {
        /// Connections of the projection.
        n_connections: u64,
    },
    /// Each pair independently with a probability that depends on the distance of the somata.
    DistanceDependent {
        /// Probability as a function of distance.
        profile: DistanceProfile,
        /// Which distance.
        #[serde(default)]
        distance: DistanceKind,
    },
    /// The nonzero elements of a sparse matrix of shape (sources, targets), both by their number
    /// within the population.
    #[serde(skip)]
    SparseMatrix {
        /// The matrix.
        matrix: Arc<CsMat<f64>>,
        /// What its elements say.
        values: MatrixValues,
    },
    /// The synapses themselves; multapses, weights, delays and placement of the projection are not used.
    #[serde(skip)]
    SynapseTable(Arc<SynapseTable>),
}

/// Connection probability as a function of the distance d between somata.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DistanceProfile {
    /// `peak exp(-d^2 / (2 sigma^2))`
    Gaussian {
        /// Probability at distance zero.
        peak: f64,
        /// Width, um.
        sigma_um: f64,
    },
    /// `peak exp(-d / lambda)`
    Exponential {
        /// Probability at distance zero.
        peak: f64,
        /// Length constant, um.
        lambda_um: f64,
    },
    /// `peak (1 - d / cutoff)` up to the cutoff, zero beyond.
    Linear {
        /// Probability at distance zero.
        peak: f64,
        /// Distance from which there are no connections, um.
        cutoff_um: f64,
    },
    /// `peak` up to and including the radius, zero beyond.
    WithinRadius {
        /// Probability within the radius.
        peak: f64,
        /// The radius, um.
        radius_um: f64,
    },
}

/// Which distance between somata counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DistanceKind {
    /// In space.
    #[default]
    ThreeD,
    /// In the x-y plane.
    Lateral,
}

/// What the elements of a connection matrix are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatrixValues {
    /// The weight of each synapse of the pair; their number is drawn from the projection's law.
    Weight,
    /// The number of synapses of the pair; weights are drawn from the projection's law.
    NSynapses,
}

/// One synapse of an explicit table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SynapseRow {
    /// Gid of the presynaptic cell.
    pub source: Gid,
    /// Gid of the postsynaptic cell.
    pub target: Gid,
    /// Segment of the postsynaptic cell.
    pub segment: u32,
    /// Weight in the unit of the synapse mechanism.
    pub weight: f64,
    /// Delay in ms.
    pub delay_ms: f64,
}

/// Explicit synapses, sorted by target and source; rows of one pair keep their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SynapseTable {
    rows: Vec<SynapseRow>,
}

impl SynapseTable {
    /// Sorts the rows.
    pub fn new(mut rows: Vec<SynapseRow>) -> Self {
        rows.sort_by_key(|row| (row.target, row.source));
        Self { rows }
    }

    /// All rows, by target and source.
    pub fn rows(&self) -> &[SynapseRow] {
        &self.rows
    }

    /// The rows of one target, by source.
    pub fn rows_of(&self, target: Gid) -> &[SynapseRow] {
        let start = self.rows.partition_point(|row| row.target < target);
        let end = self.rows.partition_point(|row| row.target <= target);
        &self.rows[start..end]
    }
}

/// What is wrong with a connection rule.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// A probability lies outside 0..=1.
    #[error("rule: {key} is {value}, but must be a probability from 0 to 1")]
    Probability {
        /// The key.
        key: &'static str,
        /// The value found.
        value: f64,
    },
    /// A length is not positive.
    #[error("rule: {key} is {value}, but must be positive and finite")]
    Length {
        /// The key.
        key: &'static str,
        /// The value found.
        value: f64,
    },
    /// There are fewer candidates than distinct partners asked for.
    #[error("rule: {key} is {n}, but a cell has only {n_candidates} possible partners")]
    TooFewPartners {
        /// The key.
        key: &'static str,
        /// Partners asked for.
        n: u64,
        /// Partners there are.
        n_candidates: u64,
    },
    /// One-to-one needs populations of one size.
    #[error("rule: one_to_one connects {n_pre} sources with {n_post} targets; sizes must be equal")]
    SizesDiffer {
        /// Sources.
        n_pre: u64,
        /// Targets.
        n_post: u64,
    },
    /// One-to-one within a population connects each cell with itself.
    #[error("rule: one_to_one within a population makes only autapses; set allow_autapses")]
    OnlyAutapses,
    /// The matrix does not fit the populations.
    #[error(
        "rule: the matrix has {n_rows} rows and {n_columns} columns for {n_pre} sources (rows) and \
         {n_post} targets (columns)"
    )]
    MatrixShape {
        /// Rows found.
        n_rows: usize,
        /// Columns found.
        n_columns: usize,
        /// Sources.
        n_pre: u64,
        /// Targets.
        n_post: u64,
    },
    /// An element of the matrix is out of range.
    #[error("rule: matrix element ({row}, {column}) is {value}, but must be {expected}")]
    MatrixValue {
        /// Row (source).
        row: usize,
        /// Column (target).
        column: usize,
        /// The value found.
        value: f64,
        /// The values allowed.
        expected: &'static str,
    },
    /// An explicit connection joins a cell with itself.
    #[error("rule: gid {gid} is connected with itself; set allow_autapses if that is meant")]
    Autapse {
        /// The cell.
        gid: Gid,
    },
    /// A gid in a table is not of the population.
    #[error(
        "rule: {key} gid {gid} in the table is not one of {first} to {last}, the gids of {population:?}"
    )]
    TableGid {
        /// `source` or `target`.
        key: &'static str,
        /// The gid found.
        gid: Gid,
        /// First gid of the population.
        first: Gid,
        /// Last gid of the population.
        last: Gid,
        /// Name of the population.
        population: String,
    },
    /// A number in a table is out of range.
    #[error(
        "rule: the synapse from gid {source_gid} to gid {target} has {key} {value}, but it must be {expected}"
    )]
    TableValue {
        /// Gid of the presynaptic cell.
        source_gid: Gid,
        /// Gid of the postsynaptic cell.
        target: Gid,
        /// `weight` or `delay_ms`.
        key: &'static str,
        /// The value found.
        value: f64,
        /// The values allowed.
        expected: &'static str,
    },
}

impl ConnectionRule {
    /// Checks the rule between two populations.
    ///
    /// # Errors
    /// The first parameter, element or row that is not possible.
    pub fn validate(
        &self,
        pre: &Population,
        post: &Population,
        allow_autapses: bool,
    ) -> Result<(), RuleError> {
        let excludes_self = pre.gids() == post.gids() && !allow_autapses;
        let n_candidates = |n: u64| n.saturating_sub(u64::from(excludes_self));
        match self {
            Self::AllToAll => Ok(()),
            Self::OneToOne if pre.size() != post.size() => {
                Err(RuleError::SizesDiffer { n_pre: pre.size(), n_post: post.size() })
            }
            Self::OneToOne if excludes_self => Err(RuleError::OnlyAutapses),
            Self::OneToOne => Ok(()),
            &Self::FixedProbability { probability } => is_probability("probability", probability),
            &Self::FixedInDegree { n_sources } => {
                has_partners("n_sources", n_sources, n_candidates(pre.size()))
            }
            &Self::FixedOutDegree { n_targets } => {
                has_partners("n_targets", n_targets, n_candidates(post.size()))
            }
            &Self::FixedTotalNumber { n_connections } => {
                let has_pairs = 0 < n_candidates(pre.size()) && 0 < post.size();
                let (key, n) = ("n_connections", n_connections);
                let possible = has_pairs || n == 0;
                possible.then_some(()).ok_or(RuleError::TooFewPartners { key, n, n_candidates: 0 })
            }
            Self::DistanceDependent { profile, .. } => profile.validate(),
            Self::SparseMatrix { matrix, values } => {
                validate_matrix(matrix, *values, pre, post, excludes_self)
            }
            Self::SynapseTable(table) => validate_table(table, pre, post, excludes_self),
        }
    }
}

impl DistanceProfile {
    /// Probability at distance zero, the largest one.
    pub fn peak(&self) -> f64 {
        match *self {
            Self::Gaussian { peak, .. }
            | Self::Exponential { peak, .. }
            | Self::Linear { peak, .. }
            | Self::WithinRadius { peak, .. } => peak,
        }
    }

    /// Probability at distance `d_um`, divided by the peak.
    pub fn relative(&self, d_um: f64) -> f64 {
        match *self {
            Self::Gaussian { sigma_um, .. } => {
                libm::exp(-0.5 * (d_um / sigma_um) * (d_um / sigma_um))
            }
            Self::Exponential { lambda_um, .. } => libm::exp(-d_um / lambda_um),
            Self::Linear { cutoff_um, .. } => (1.0 - d_um / cutoff_um).max(0.0),
            Self::WithinRadius { radius_um, .. } => f64::from(d_um <= radius_um),
        }
    }

    fn validate(&self) -> Result<(), RuleError> {
        is_probability("peak", self.peak())?;
        let (key, value) = match *self {
            Self::Gaussian { sigma_um, .. } => ("sigma_um", sigma_um),
            Self::Exponential { lambda_um, .. } => ("lambda_um", lambda_um),
            Self::Linear { cutoff_um, .. } => ("cutoff_um", cutoff_um),
            Self::WithinRadius { radius_um, .. } => ("radius_um", radius_um),
        };
        let is_length = 0.0 < value && value.is_finite();
        is_length.then_some(()).ok_or(RuleError::Length { key, value })
    }
}

impl DistanceKind {
    /// Distance in um.
    pub fn between(self, a_um: [f64; 3], b_um: [f64; 3]) -> f64 {
        let [dx, dy, dz] = std::array::from_fn(|i| a_um[i] - b_um[i]);
        match self {
            Self::ThreeD => libm::sqrt(dx * dx + dy * dy + dz * dz),
            Self::Lateral => libm::sqrt(dx * dx + dy * dy),
        }
    }
}

fn is_probability(key: &'static str, value: f64) -> Result<(), RuleError> {
    (0.0..=1.0).contains(&value).then_some(()).ok_or(RuleError::Probability { key, value })
}

fn has_partners(key: &'static str, n: u64, n_candidates: u64) -> Result<(), RuleError> {
    (n <= n_candidates).then_some(()).ok_or(RuleError::TooFewPartners { key, n, n_candidates })
}

fn validate_matrix(
    matrix: &CsMat<f64>,
    values: MatrixValues,
    pre: &Population,
    post: &Population,
    excludes_self: bool,
) -> Result<(), RuleError> {
    let (n_rows, n_columns) = matrix.shape();
    let (n_pre, n_post) = (pre.size(), post.size());
    if n_rows as u64 != n_pre || n_columns as u64 != n_post {
        return Err(RuleError::MatrixShape { n_rows, n_columns, n_pre, n_post });
    }
    for (&value, (row, column)) in matrix.iter() {
        let (is_valid, expected) = match values {
            MatrixValues::Weight => (value.is_finite(), "a finite weight"),
            MatrixValues::NSynapses => {
                let is_count = value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value);
                (is_count, "a whole number of synapses")
            }
        };
        if !is_valid {
            return Err(RuleError::MatrixValue { row, column, value, expected });
        }
        if excludes_self && row == column && value != 0.0 {
            return Err(RuleError::Autapse { gid: pre.first_gid() + row as Gid });
        }
    }
    Ok(())
}

fn validate_table(
    table: &SynapseTable,
    pre: &Population,
    post: &Population,
    excludes_self: bool,
) -> Result<(), RuleError> {
    let require_member = |key, gid, population: &Population| {
        let Range { start: first, end } = population.gids();
        if (first..end).contains(&gid) {
            return Ok(());
        }
        let (last, population) = (end.saturating_sub(1), population.name().to_owned());
        Err(RuleError::TableGid { key, gid, first, last, population })
    };
    for &SynapseRow { source, target, weight, delay_ms, .. } in table.rows() {
        require_member("source", source, pre)?;
        require_member("target", target, post)?;
        if excludes_self && source == target {
            return Err(RuleError::Autapse { gid: source });
        }
        let bad_value = |key, value, expected| {
            Err(RuleError::TableValue { source_gid: source, target, key, value, expected })
        };
        if !weight.is_finite() {
            return bad_value("weight", weight, "a finite number");
        }
        if !(0.0 < delay_ms && delay_ms.is_finite()) {
            return bad_value("delay_ms", delay_ms, "positive and finite");
        }
    }
    Ok(())
}
