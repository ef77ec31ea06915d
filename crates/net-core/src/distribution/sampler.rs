//! Laws made ready to be drawn from, between bounds.

use super::special::{gamma_p_q, gamma_quantile, normal_cdf, normal_quantile};
use super::{Distribution, DistributionError, MIN_MASS};
use crate::random::{Stream, WeightedIndex};

/// A law restricted to bounds, ready to draw real values at one uniform each.
///
/// ```
/// use net_core::{Distribution, Purpose, Sampler, Stream};
/// let law = Distribution::Normal { mean: 0.1, std: 0.05 };
/// let weight = Sampler::new(&law, Some(0.0), None)?;
/// let mut stream = Stream::new(1, Purpose::Weight, 0, [3, 5]);
/// assert!(weight.draw(&mut stream) >= 0.0);
///
/// let impossible = Distribution::Normal { mean: -0.1, std: 0.001 };
/// assert!(Sampler::new(&impossible, Some(0.0), None).is_err());
/// # Ok::<(), net_core::DistributionError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    form: Form,
    lower: f64,
    upper: f64,
}

/// How a value is made from a uniform number.
#[derive(Clone, Debug)]
enum Form {
    Constant(f64),
    /// `lower + u (upper - lower)`.
    Linear,
    /// `mean + sign std quantile(p_low + u (p_high - p_low))`, and its exponential if `log`. The
    /// sign is -1 where the bounds lie above the mean: probabilities near 1 would lose their digits.
    Normal {
        mean: f64,
        signed_std: f64,
        p_low: f64,
        p_high: f64,
        log: bool,
    },
    /// `lower - scale ln(1 - u mass)`, mass being the probability of [0, upper - lower).
    Exponential {
        scale: f64,
        mass: f64,
    },
    Gamma {
        shape: f64,
        scale: f64,
        p_low: f64,
        p_high: f64,
    },
    Integers {
        first: u64,
        index: WeightedIndex,
    },
}

impl Sampler {
    /// The law `law` given that its values lie from `lower` to `upper` (None: unbounded).
    ///
    /// # Errors
    /// An invalid law, or bounds that leave less than [`MIN_MASS`] of its probability.
    pub fn new(
        law: &Distribution,
        lower: Option<f64>,
        upper: Option<f64>,
    ) -> Result<Self, DistributionError> {
        law.validate()?;
        let lower = lower.unwrap_or(f64::NEG_INFINITY);
        let upper = upper.unwrap_or(f64::INFINITY);
        let mass = law.probability(lower, upper);
        if !(MIN_MASS <= mass) {
            return Err(DistributionError::BoundsNotMet { law: law.name(), lower, upper, mass });
        }
        let (form, lower, upper) = match *law {
            Distribution::Constant(value) => (Form::Constant(value), value, value),
            Distribution::Uniform { low, high } => (Form::Linear, lower.max(low), upper.min(high)),
            Distribution::Normal { .. }
            | Distribution::TruncatedNormal { .. }
            | Distribution::Truncnorm { .. } => {
                let own = law.as_truncated_normal();
                let lower_z = own.lower_z.max((lower - own.mean) / own.std);
                let upper_z = own.upper_z.min((upper - own.mean) / own.std);
                let lower = lower.max(own.mean + own.lower_z * own.std);
                let upper = upper.min(own.mean + own.upper_z * own.std);
                (Form::normal(own.mean, own.std, lower_z, upper_z, false), lower, upper)
            }
            Distribution::Lognormal { mu, sigma } => {
                let z = |x: f64| (libm::log(x.max(0.0)) - mu) / sigma;
                (Form::normal(mu, sigma, z(lower), z(upper), true), lower.max(0.0), upper)
            }
            Distribution::Exponential { scale } => {
                let lower = lower.max(0.0);
                (
                    Form::Exponential { scale, mass: -libm::expm1((lower - upper) / scale) },
                    lower,
                    upper,
                )
            }
            Distribution::Gamma { shape, scale } => {
                let p_low = gamma_p_q(shape, lower / scale).0;
                let p_high = gamma_p_q(shape, upper / scale).0;
                (Form::Gamma { shape, scale, p_low, p_high }, lower.max(0.0), upper)
            }
            Distribution::Poisson { .. }
            | Distribution::Binomial { .. }
            | Distribution::PdfAtIntegers(_) => {
                let (first, mut weights) = law.integer_weights();
                for (weight, k) in weights.iter_mut().zip(first..) {
                    if !(lower..=upper).contains(&(k as f64)) {
                        *weight = 0.0;
                    }
                }
                let index =
                    WeightedIndex::new(&weights).ok_or(DistributionError::BoundsNotMet {
                        law: law.name(),
                        lower,
                        upper,
                        mass,
                    })?;
                (Form::Integers { first, index }, lower, upper)
            }
        };
        Ok(Self { form, lower, upper })
    }

    /// Draws a value; constants leave the stream untouched, every other law takes one uniform.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let value = match &self.form {
            Form::Constant(value) => return *value,
            Form::Linear => self.lower + stream.uniform() * (self.upper - self.lower),
            &Form::Normal { mean, signed_std, p_low, p_high, log } => {
                let p = p_low + stream.uniform_open() * (p_high - p_low);
                let normal = mean + signed_std * normal_quantile(p);
                if log { libm::exp(normal) } else { normal }
            }
            &Form::Exponential { scale, mass } => {
                self.lower - scale * libm::log1p(-stream.uniform() * mass)
            }
            &Form::Gamma { shape, scale, p_low, p_high } => {
                let p = p_low + stream.uniform_open() * (p_high - p_low);
                scale * gamma_quantile(shape, p)
            }
            Form::Integers { first, index } => (first + index.draw(stream) as u64) as f64,
        };
        // Rounding may step over a bound by one ulp; a minimum is a promise.
        value.max(self.lower).min(self.upper)
    }
}

impl Form {
    fn normal(mean: f64, std: f64, lower_z: f64, upper_z: f64, log: bool) -> Self {
        let (signed_std, low, high) =
            if 0.0 < lower_z { (-std, -upper_z, -lower_z) } else { (std, lower_z, upper_z) };
        Self::Normal { mean, signed_std, p_low: normal_cdf(low), p_high: normal_cdf(high), log }
    }
}

/// A law of whole numbers, at least a minimum, such as the number of synapses of a connection.
///
/// Discrete laws are drawn given that they reach the minimum (a Poisson law with minimum 1 is
/// zero-truncated); continuous laws are rounded to the nearest whole number, given that it reaches
/// the minimum. No number above 65535 is drawn.
#[derive(Clone, Debug)]
pub struct IntegerSampler {
    sampler: Sampler,
}

impl IntegerSampler {
    /// Largest number that is drawn.
    pub const MAX: u32 = 65_535;

    /// The law `law` given that its (rounded) values lie from `min` to [`Self::MAX`].
    ///
    /// # Errors
    /// An invalid law, a constant that is no whole number or below `min`, or a law that
    /// (nearly) never reaches `min`.
    pub fn new(law: &Distribution, min: u32) -> Result<Self, DistributionError> {
        if let Distribution::Constant(value) = *law {
            let allowed = f64::from(min)..=f64::from(Self::MAX);
            if value.fract() != 0.0 || !allowed.contains(&value) {
                return Err(DistributionError::NotAnInteger { value, min });
            }
        }
        // Half-open cells of rounding: values of exactly MAX + 1/2 have probability zero.
        let (lower, upper) = (f64::from(min) - 0.5, f64::from(Self::MAX) + 0.499_999);
        Ok(Self { sampler: Sampler::new(law, Some(lower), Some(upper))? })
    }

    /// Draws a number; constants leave the stream untouched, every other law takes one uniform.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        libm::floor(self.sampler.draw(stream) + 0.5) as u32
    }
}
