//! Laws of weights, delays, numbers of synapses, positions and depths, by name.
//!
//! A [`Distribution`] is the description as it stands in a configuration; a [`Sampler`] (real
//! values) or an [`IntegerSampler`] (numbers of synapses) is the same law made ready to be drawn
//! from, truncated to given bounds. Truncation inverts the cumulative distribution between the
//! bounds, so it takes one uniform a value and always ends; a law that leaves next to no
//! probability between its bounds is refused when the sampler is made.

mod sampler;
pub(crate) mod special;

pub use sampler::{IntegerSampler, Sampler};
pub use special::NORMAL_QUANTILE;

use serde::{Deserialize, Serialize};
use special::{gamma_p_q, gamma_pdf, normal_cdf, normal_pdf};

/// A law by name, parameters in the field's convention. Units are those of what is drawn.
///
/// In a configuration file a law is a table of one key: `{"normal": {"mean": 0.1, "std": 0.01}}`.
///
/// ```
/// use net_core::Distribution;
/// let law = Distribution::Truncnorm { a: Some(0.3), b: None, loc: 2.0, scale: 0.2 };
/// law.validate()?;
/// // As in scipy, the bound counts standard deviations: no value lies below 2.06.
/// assert_eq!(law.probability(f64::NEG_INFINITY, 2.05), 0.0);
/// # Ok::<(), net_core::DistributionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Always this value.
    Constant(f64),
    /// Uniform in [low, high).
    Uniform {
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// Normal; numpy's names `loc` and `scale` are read too.
    Normal {
        /// Mean.
        #[serde(alias = "loc")]
        mean: f64,
        /// Standard deviation.
        #[serde(alias = "scale")]
        std: f64,
    },
    /// Normal restricted to bounds in absolute values; an absent bound is infinite.
    TruncatedNormal {
        /// Mean of the normal before truncation.
        #[serde(alias = "loc")]
        mean: f64,
        /// Standard deviation of the normal before truncation.
        #[serde(alias = "scale")]
        std: f64,
        /// Lower bound, absolute.
        #[serde(default)]
        lower: Option<f64>,
        /// Upper bound, absolute.
        #[serde(default)]
        upper: Option<f64>,
    },
    /// Truncated normal as `scipy.stats.truncnorm(a, b, loc, scale)`: the bounds are
    /// `loc + a scale` and `loc + b scale`; an absent one is infinite.
    Truncnorm {
        /// Lower bound in standard deviations from `loc`.
        #[serde(default)]
        a: Option<f64>,
        /// Upper bound in standard deviations from `loc`.
        #[serde(default)]
        b: Option<f64>,
        /// Mean of the normal before truncation.
        loc: f64,
        /// Standard deviation of the normal before truncation.
        scale: f64,
    },
    /// `exp(X)` with X normal of mean `mu` and standard deviation `sigma`, as
    /// `numpy.random.lognormal(mu, sigma)`.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Exponential of mean `scale`, as `numpy.random.exponential(scale)`.
    Exponential {
        /// Mean.
        scale: f64,
    },
    /// Gamma of mean `shape * scale`, as `numpy.random.gamma(shape, scale)`.
    Gamma {
        /// Shape, k.
        shape: f64,
        /// Scale, theta.
        scale: f64,
    },
    /// Poisson.
    Poisson {
        /// Mean.
        lambda: f64,
    },
    /// Number of successes in `n` trials.
    Binomial {
        /// Number of trials.
        n: u32,
        /// Probability of success.
        p: f64,
    },
    /// The density of a continuous law evaluated at the integers 1 to 99 and normalised: LFPy's
    /// law of multapses.
    PdfAtIntegers(Box<Distribution>),
}

/// The smallest probability that the bounds given to a sampler must leave of a law. A law whose
/// bounds are met less than once in 1e12 draws contradicts them.
pub const MIN_MASS: f64 = 1e-12;

/// Largest mean of a discrete law: their tables grow with its square root.
const MAX_DISCRETE_MEAN: f64 = 1e9;

/// Integers at which [`Distribution::PdfAtIntegers`] evaluates its density.
const PDF_INTEGERS: std::ops::RangeInclusive<u32> = 1..=99;

/// What is wrong with a law.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DistributionError {
    /// A parameter is out of its range.
    #[error("{law}: {parameter} is {value}, but must be {expected}")]
    Parameter {
        /// Name of the law.
        law: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
        /// The value found.
        value: f64,
        /// The values allowed.
        expected: &'static str,
    },
    /// Two bounds enclose nothing.
    #[error("{law}: the lower bound {lower} must be below the upper bound {upper}")]
    Bounds {
        /// Name of the law.
        law: &'static str,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// The bounds of a law lie so far out that no probability can be represented there.
    #[error(
        "{law}: no probability between the bounds {lower} and {upper}; move them towards the mean"
    )]
    EmptyLaw {
        /// Name of the law.
        law: &'static str,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// The minimum or maximum asked for is (nearly) never met.
    #[error(
        "{law}: values from {lower} to {upper} have probability {mass:e}, which is below {MIN_MASS:e}; \
         change the law or the bounds"
    )]
    BoundsNotMet {
        /// Name of the law.
        law: &'static str,
        /// Smallest value asked for.
        lower: f64,
        /// Largest value asked for.
        upper: f64,
        /// Probability of the values between them.
        mass: f64,
    },
    /// A density is needed and the law has none.
    #[error("{law} has no density; use a continuous law here")]
    NoDensity {
        /// Name of the law.
        law: &'static str,
    },
    /// A number of synapses is a whole number.
    #[error("constant: {value} is no number of synapses; use a whole number of at least {min}")]
    NotAnInteger {
        /// The value found.
        value: f64,
        /// The smallest number allowed.
        min: u32,
    },
}

impl Distribution {
    /// Name of the law as written in configurations.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Uniform { .. } => "uniform",
            Self::Normal { .. } => "normal",
            Self::TruncatedNormal { .. } => "truncated_normal",
            Self::Truncnorm { .. } => "truncnorm",
            Self::Lognormal { .. } => "lognormal",
            Self::Exponential { .. } => "exponential",
            Self::Gamma { .. } => "gamma",
            Self::Poisson { .. } => "poisson",
            Self::Binomial { .. } => "binomial",
            Self::PdfAtIntegers(_) => "pdf_at_integers",
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// The first parameter out of range, by name.
    pub fn validate(&self) -> Result<(), DistributionError> {
        match *self {
            Self::Constant(value) => self.finite("value", value),
            Self::Uniform { low, high } => {
                self.finite("low", low)?;
                self.finite("high", high)?;
                self.ordered(low, high)
            }
            Self::Normal { mean, std } => {
                self.finite("mean", mean)?;
                self.positive("std", std)
            }
            Self::TruncatedNormal { mean, std, lower, upper } => {
                self.finite("mean", mean)?;
                self.positive("std", std)?;
                self.not_nan("lower", lower)?;
                self.not_nan("upper", upper)?;
                self.holds_something()
            }
            Self::Truncnorm { a, b, loc, scale } => {
                self.finite("loc", loc)?;
                self.positive("scale", scale)?;
                self.not_nan("a", a)?;
                self.not_nan("b", b)?;
                self.holds_something()
            }
            Self::Lognormal { mu, sigma } => {
                self.finite("mu", mu)?;
                self.positive("sigma", sigma)
            }
            Self::Exponential { scale } => self.positive("scale", scale),
            Self::Gamma { shape, scale } => {
                self.positive("shape", shape)?;
                self.positive("scale", scale)
            }
            Self::Poisson { lambda } => self.require(
                "lambda",
                lambda,
                0.0 < lambda && lambda <= MAX_DISCRETE_MEAN,
                "positive and at most 1e9",
            ),
            Self::Binomial { n, p } => {
                self.require("n", f64::from(n), 0 < n, "at least 1")?;
                self.require("p", p, (0.0..=1.0).contains(&p), "a probability from 0 to 1")
            }
            Self::PdfAtIntegers(ref law) => {
                law.validate()?;
                let mut mass = 0.0;
                for k in PDF_INTEGERS {
                    mass += law.pdf(f64::from(k))?;
                }
                let (lower, upper) = (1.0, 99.0);
                if 0.0 < mass && mass.is_finite() {
                    Ok(())
                } else {
                    Err(DistributionError::EmptyLaw { law: self.name(), lower, upper })
                }
            }
        }
    }

    /// Probability density at `x`, for continuous laws; the law must be [valid](Self::validate).
    ///
    /// # Errors
    /// A constant or discrete law has no density.
    pub fn pdf(&self, x: f64) -> Result<f64, DistributionError> {
        Ok(match *self {
            Self::Uniform { low, high } => f64::from(low <= x && x < high) / (high - low),
            Self::Normal { .. } | Self::TruncatedNormal { .. } | Self::Truncnorm { .. } => {
                let law = self.as_truncated_normal();
                let z = (x - law.mean) / law.std;
                let inside = law.lower_z <= z && z <= law.upper_z;
                f64::from(inside) * normal_pdf(z) / (law.std * law.mass(law.lower_z, law.upper_z))
            }
            Self::Lognormal { mu, sigma } if 0.0 < x => {
                normal_pdf((libm::log(x) - mu) / sigma) / (sigma * x)
            }
            Self::Exponential { scale } if 0.0 <= x => libm::exp(-x / scale) / scale,
            Self::Lognormal { .. } | Self::Exponential { .. } => 0.0,
            Self::Gamma { shape, scale } => gamma_pdf(shape, x / scale) / scale,
            Self::Constant(_)
            | Self::Poisson { .. }
            | Self::Binomial { .. }
            | Self::PdfAtIntegers(_) => {
                return Err(DistributionError::NoDensity { law: self.name() });
            }
        })
    }

    /// Probability of the values from `lower` to `upper` (both included); the law must be
    /// [valid](Self::validate).
    pub fn probability(&self, lower: f64, upper: f64) -> f64 {
        if !(lower <= upper) {
            return 0.0;
        }
        match *self {
            Self::Constant(value) => f64::from(lower <= value && value <= upper),
            Self::Uniform { low, high } => {
                ((upper.min(high) - lower.max(low)) / (high - low)).max(0.0)
            }
            Self::Normal { .. } | Self::TruncatedNormal { .. } | Self::Truncnorm { .. } => {
                let law = self.as_truncated_normal();
                let z = |x: f64| (x - law.mean) / law.std;
                law.mass(z(lower).max(law.lower_z), z(upper).min(law.upper_z))
                    / law.mass(law.lower_z, law.upper_z)
            }
            Self::Lognormal { mu, sigma } => {
                let z = |x: f64| (libm::log(x.max(0.0)) - mu) / sigma;
                TruncatedNormal::mass_between(z(lower), z(upper))
            }
            Self::Exponential { scale } => {
                let tail = |x: f64| libm::exp(-x.max(0.0) / scale);
                tail(lower) - tail(upper)
            }
            Self::Gamma { shape, scale } => {
                let (p_lower, q_lower) = gamma_p_q(shape, lower / scale);
                let (p_upper, q_upper) = gamma_p_q(shape, upper / scale);
                if p_lower < 0.5 { p_upper - p_lower } else { q_lower - q_upper }
            }
            Self::Poisson { .. } | Self::Binomial { .. } | Self::PdfAtIntegers(_) => {
                let (first, weights) = self.integer_weights();
                let total: f64 = weights.iter().sum();
                let values = weights.iter().zip(first..).filter(|(_, k)| {
                    let k = *k as f64;
                    lower <= k && k <= upper
                });
                values.map(|(w, _)| w).sum::<f64>() / total
            }
        }
    }

    /// The normal laws in their common form, bounds in standard deviations.
    fn as_truncated_normal(&self) -> TruncatedNormal {
        let (mean, std, lower_z, upper_z) = match *self {
            Self::TruncatedNormal { mean, std, lower, upper } => {
                let z = |bound: f64| (bound - mean) / std;
                (mean, std, lower.map(z), upper.map(z))
            }
            Self::Truncnorm { a, b, loc, scale } => (loc, scale, a, b),
            Self::Normal { mean, std } => (mean, std, None, None),
            Self::Lognormal { mu, sigma } => (mu, sigma, None, None),
            _ => (0.0, 1.0, None, None),
        };
        TruncatedNormal {
            mean,
            std,
            lower_z: lower_z.unwrap_or(f64::NEG_INFINITY),
            upper_z: upper_z.unwrap_or(f64::INFINITY),
        }
    }

    /// First integer and relative weights of it and its successors, for the discrete laws.
    ///
    /// Poisson and binomial weights run from the mode outwards by the ratio of neighbours, until
    /// they are 1e-20 of the mode's: 1 is their scale, and no factorial is needed.
    fn integer_weights(&self) -> (u64, Vec<f64>) {
        match *self {
            Self::Poisson { lambda } => outward_from(libm::floor(lambda), |k| lambda / (k + 1.0)),
            Self::Binomial { n, p } if p < 1.0 => {
                let n = f64::from(n);
                let mode = libm::floor((n + 1.0) * p).min(n);
                outward_from(mode, |k| (n - k) * p / ((k + 1.0) * (1.0 - p)))
            }
            Self::Binomial { n, .. } => (u64::from(n), vec![1.0]),
            Self::PdfAtIntegers(ref law) => {
                let pdf = |k| law.pdf(f64::from(k)).unwrap_or(0.0);
                (u64::from(*PDF_INTEGERS.start()), PDF_INTEGERS.map(pdf).collect())
            }
            _ => (0, Vec::new()),
        }
    }

    fn require(
        &self,
        parameter: &'static str,
        value: f64,
        holds: bool,
        expected: &'static str,
    ) -> Result<(), DistributionError> {
        let law = self.name();
        holds.then_some(()).ok_or(DistributionError::Parameter { law, parameter, value, expected })
    }

    fn finite(&self, parameter: &'static str, value: f64) -> Result<(), DistributionError> {
        self.require(parameter, value, value.is_finite(), "a finite number")
    }

    fn positive(&self, parameter: &'static str, value: f64) -> Result<(), DistributionError> {
        self.require(parameter, value, 0.0 < value && value.is_finite(), "positive and finite")
    }

    fn not_nan(
        &self,
        parameter: &'static str,
        value: Option<f64>,
    ) -> Result<(), DistributionError> {
        let value = value.unwrap_or(0.0);
        self.require(parameter, value, !value.is_nan(), "a number")
    }

    fn ordered(&self, lower: f64, upper: f64) -> Result<(), DistributionError> {
        let law = self.name();
        (lower < upper).then_some(()).ok_or(DistributionError::Bounds { law, lower, upper })
    }

    /// Whether a truncated normal has ordered bounds with some probability between them.
    fn holds_something(&self) -> Result<(), DistributionError> {
        let law = self.as_truncated_normal();
        let value = |z: f64| law.mean + z * law.std;
        let (lower, upper) = (value(law.lower_z), value(law.upper_z));
        self.ordered(lower, upper)?;
        if 0.0 < law.mass(law.lower_z, law.upper_z) {
            return Ok(());
        }
        Err(DistributionError::EmptyLaw { law: self.name(), lower, upper })
    }
}

/// A normal law between bounds given in standard deviations.
#[derive(Clone, Copy, Debug)]
struct TruncatedNormal {
    mean: f64,
    std: f64,
    lower_z: f64,
    upper_z: f64,
}

impl TruncatedNormal {
    fn mass(&self, lower_z: f64, upper_z: f64) -> f64 {
        Self::mass_between(lower_z, upper_z)
    }

    /// Standard normal probability between two bounds, taken in the tail where it keeps its digits.
    fn mass_between(lower_z: f64, upper_z: f64) -> f64 {
        if !(lower_z < upper_z) {
            0.0
        } else if 0.0 < lower_z {
            normal_cdf(-lower_z) - normal_cdf(-upper_z)
        } else {
            normal_cdf(upper_z) - normal_cdf(lower_z)
        }
    }
}

/// Weights around `mode` from `ratio(k)` = weight(k + 1) / weight(k).
fn outward_from(mode: f64, ratio: impl Fn(f64) -> f64) -> (u64, Vec<f64>) {
    const NEGLIGIBLE: f64 = 1e-20;
    let mut below = Vec::new();
    let (mut k, mut weight) = (mode, 1.0);
    while 0.0 < k {
        k -= 1.0;
        weight /= ratio(k);
        if weight < NEGLIGIBLE || !weight.is_finite() {
            break;
        }
        below.push(weight);
    }
    let first = mode as u64 - below.len() as u64;
    let mut weights: Vec<f64> = below.into_iter().rev().collect();
    weights.push(1.0);
    let (mut k, mut weight) = (mode, 1.0);
    loop {
        weight *= ratio(k);
        k += 1.0;
        if !(NEGLIGIBLE <= weight) {
            return (first, weights);
        }
        weights.push(weight);
    }
}
