//! Every law against its cumulative distribution or probabilities as statrs has them.

mod common;

use common::{assert_chi_square, assert_ks};
use net_core::{Distribution, DistributionError, IntegerSampler, Purpose, Sampler, Stream};
use proptest::prelude::*;
use statrs::distribution::{
    Binomial, Continuous, ContinuousCDF, Discrete, Exp, Gamma, LogNormal, Normal, Poisson, Uniform,
};

const N_DRAWS: usize = 40_000;

/// One value of each of many streams, as values are drawn in networks.
fn values(sampler: &Sampler) -> Vec<f64> {
    (0..N_DRAWS as u64)
        .map(|i| sampler.draw(&mut Stream::new(17, Purpose::Weight, 0, [i, 3])))
        .collect()
}

/// Checks a law as it is, between two bounds, and above or below each of them alone.
fn check(law: Distribution, reference: impl ContinuousCDF<f64, f64>, low: f64, high: f64) {
    for (lower, upper) in
        [(None, None), (Some(low), None), (None, Some(high)), (Some(low), Some(high))]
    {
        let sampler = Sampler::new(&law, lower, upper).unwrap();
        let (a, b) = (lower.unwrap_or(f64::NEG_INFINITY), upper.unwrap_or(f64::INFINITY));
        let p_a = lower.map_or(0.0, |x| reference.cdf(x));
        let p_b = upper.map_or(1.0, |x| reference.cdf(x));
        let mut values = values(&sampler);
        assert!(values.iter().all(|x| (a..=b).contains(x)), "{law:?} within {a}..{b}");
        assert_ks(
            &mut values,
            |x| (reference.cdf(x) - p_a) / (p_b - p_a),
            &format!("{law:?} within {a}..{b}"),
        );
        let mass = law.probability(a, b);
        assert!((mass - (p_b - p_a)).abs() < 1e-9, "{law:?}: probability of {a}..{b} is {mass}");
    }
}

#[test]
fn continuous_laws() {
    check(
        Distribution::Uniform { low: -1.0, high: 3.0 },
        Uniform::new(-1.0, 3.0).unwrap(),
        0.0,
        2.0,
    );
    let normal = Normal::new(0.1, 0.05).unwrap();
    check(Distribution::Normal { mean: 0.1, std: 0.05 }, normal, 0.2, 0.25);
    check(Distribution::Normal { mean: 0.1, std: 0.05 }, normal, -0.1, 0.02);
    check(
        Distribution::Lognormal { mu: -1.0, sigma: 0.8 },
        LogNormal::new(-1.0, 0.8).unwrap(),
        0.1,
        0.9,
    );
    check(Distribution::Exponential { scale: 2.0 }, Exp::new(0.5).unwrap(), 1.0, 5.0);
    for shape in [0.4, 1.0, 3.7, 50.0] {
        let law = Distribution::Gamma { shape, scale: 0.5 };
        check(law, Gamma::new(shape, 2.0).unwrap(), 0.4 * shape, 0.8 * shape);
    }
}

#[test]
fn truncated_normal_in_both_conventions() {
    // scipy.stats.truncnorm(-3, 6, 4, 1) and the same bounds as values.
    let by_sigma = Distribution::Truncnorm { a: Some(-3.0), b: Some(6.0), loc: 4.0, scale: 1.0 };
    let by_value =
        Distribution::TruncatedNormal { mean: 4.0, std: 1.0, lower: Some(1.0), upper: Some(10.0) };
    let normal = Normal::new(4.0, 1.0).unwrap();
    let cdf = |x: f64| {
        let (low, high) = (normal.cdf(1.0), normal.cdf(10.0));
        (normal.cdf(x) - low) / (high - low)
    };
    for law in [by_sigma, by_value] {
        assert_ks(&mut values(&Sampler::new(&law, None, None).unwrap()), cdf, law.name());
        let pdf = normal.pdf(4.5) / (normal.cdf(10.0) - normal.cdf(1.0));
        assert!((law.pdf(4.5).unwrap() - pdf).abs() < 1e-9);
        assert_eq!(law.pdf(0.9).unwrap(), 0.0);
    }
    // Far in the tail: mean of a normal above 8 sigma is phi(8) / Q(8) = 8.1214.
    let tail = Distribution::Truncnorm { a: Some(8.0), b: None, loc: 0.0, scale: 1.0 };
    let tail_values = values(&Sampler::new(&tail, None, None).unwrap());
    let mean = tail_values.iter().sum::<f64>() / N_DRAWS as f64;
    assert!((mean - 8.1214).abs() < 0.003, "mean {mean}");
    assert!(tail_values.iter().all(|&x| x >= 8.0));
}

/// Checks whole numbers against relative probabilities of 0, 1, 2, ...
fn check_integers(law: &Distribution, min: u32, weights: &[f64]) {
    let sampler = IntegerSampler::new(law, min).unwrap();
    let mut counts = vec![0.0; weights.len()];
    for i in 0..N_DRAWS as u64 {
        let k = sampler.draw(&mut Stream::new(5, Purpose::Multapses, 0, [i, 8]));
        counts[k as usize] += 1.0;
    }
    let total: f64 = weights[min as usize..].iter().sum();
    let expected: Vec<f64> = (0..weights.len())
        .map(|k| if k < min as usize { 0.0 } else { N_DRAWS as f64 * weights[k] / total })
        .collect();
    assert_chi_square(&counts, &expected, &format!("{law:?} from {min}"));
}

#[test]
fn discrete_laws() {
    for lambda in [0.3, 4.0, 300.0] {
        let law = Poisson::new(lambda).unwrap();
        let weights: Vec<f64> = (0..600).map(|k| law.pmf(k)).collect();
        check_integers(&Distribution::Poisson { lambda }, 0, &weights);
        check_integers(&Distribution::Poisson { lambda }, 1, &weights);
    }
    for (n, p) in [(10, 0.3), (1000, 0.02), (60, 0.95)] {
        let law = Binomial::new(p, u64::from(n)).unwrap();
        let weights: Vec<f64> = (0..=u64::from(n)).map(|k| law.pmf(k)).collect();
        check_integers(&Distribution::Binomial { n, p }, 0, &weights);
        check_integers(&Distribution::Binomial { n, p }, 1, &weights);
    }
    check_certain(&Distribution::Binomial { n: 4, p: 1.0 }, 4);
    check_certain(&Distribution::Constant(3.0), 3);
}

fn check_certain(law: &Distribution, value: u32) {
    let sampler = IntegerSampler::new(law, 1).unwrap();
    assert_eq!(sampler.draw(&mut Stream::new(5, Purpose::Multapses, 0, [0, 0])), value);
}

#[test]
fn multapses_as_lfpy_draws_them() {
    let inner = Distribution::Truncnorm { a: Some(-3.0), b: Some(6.0), loc: 4.0, scale: 1.0 };
    let normal = Normal::new(4.0, 1.0).unwrap();
    let pdf = |k: u32| if (1..=10).contains(&k) { normal.pdf(f64::from(k)) } else { 0.0 };
    let weights: Vec<f64> = (0..=99).map(pdf).collect();
    check_integers(&Distribution::PdfAtIntegers(Box::new(inner)), 1, &weights);
}

#[test]
fn continuous_multapses_are_rounded() {
    let normal = Normal::new(2.0, 1.0).unwrap();
    let cell = |k: u32| normal.cdf(f64::from(k) + 0.5) - normal.cdf(f64::from(k) - 0.5);
    let weights: Vec<f64> = (0..12).map(cell).collect();
    check_integers(&Distribution::Normal { mean: 2.0, std: 1.0 }, 1, &weights);
}

#[track_caller]
fn check_density(law: Distribution, reference: impl Continuous<f64, f64>) {
    for x in [-1.0, 0.2, 1.0, 3.0, 9.0] {
        let (found, expected) = (law.pdf(x).unwrap(), reference.pdf(x));
        assert!((found - expected).abs() <= 1e-11 * expected.max(1e-3), "{law:?} at {x}");
    }
}

#[test]
fn densities_are_those_of_statrs() {
    check_density(Distribution::Uniform { low: 0.5, high: 2.0 }, Uniform::new(0.5, 2.0).unwrap());
    check_density(Distribution::Normal { mean: 1.0, std: 2.0 }, Normal::new(1.0, 2.0).unwrap());
    let lognormal = LogNormal::new(0.3, 0.6).unwrap();
    check_density(Distribution::Lognormal { mu: 0.3, sigma: 0.6 }, lognormal);
    check_density(Distribution::Exponential { scale: 2.0 }, Exp::new(0.5).unwrap());
    check_density(Distribution::Gamma { shape: 2.5, scale: 2.0 }, Gamma::new(2.5, 0.5).unwrap());
}

#[test]
fn impossible_laws_say_why() {
    #[track_caller]
    fn refused(law: Distribution, lower: Option<f64>, parts: &[&str]) {
        let message = Sampler::new(&law, lower, None).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
    let normal = |mean, std| Distribution::Normal { mean, std };
    refused(normal(-1.0, 0.01), Some(0.0), &["normal", "from 0 to inf", "change the law"]);
    refused(normal(0.0, -1.0), None, &["normal", "std is -1", "positive"]);
    refused(normal(f64::NAN, 1.0), None, &["mean is NaN"]);
    refused(Distribution::Constant(-0.5), Some(0.0), &["constant", "probability 0"]);
    refused(Distribution::Uniform { low: 1.0, high: 1.0 }, None, &["uniform", "below the upper"]);
    refused(Distribution::Gamma { shape: 0.0, scale: 1.0 }, None, &["gamma", "shape is 0"]);
    refused(Distribution::Poisson { lambda: 1e12 }, None, &["poisson", "at most 1e9"]);
    refused(Distribution::Binomial { n: 5, p: 1.2 }, None, &["binomial", "p is 1.2"]);
    refused(
        Distribution::Exponential { scale: 1.0 },
        Some(40.0),
        &["exponential", "probability 4"],
    );
    let far = Distribution::Truncnorm { a: Some(50.0), b: None, loc: 0.0, scale: 1.0 };
    refused(far, None, &["truncnorm", "no probability between"]);
    let discrete = Box::new(Distribution::Poisson { lambda: 1.0 });
    refused(Distribution::PdfAtIntegers(discrete), None, &["poisson has no density"]);
    for value in [0.0, 1.5, -2.0] {
        let error = IntegerSampler::new(&Distribution::Constant(value), 1).unwrap_err();
        assert_eq!(error, DistributionError::NotAnInteger { value, min: 1 });
    }
}

#[test]
fn laws_are_read_by_name() {
    let read = |text: &str| serde_json::from_str::<Distribution>(text);
    let loc_scale = read(r#"{"normal": {"loc": 1, "scale": 2}}"#).unwrap();
    assert_eq!(loc_scale, Distribution::Normal { mean: 1.0, std: 2.0 });
    assert_eq!(read(r#"{"constant": 2}"#).unwrap(), Distribution::Constant(2.0));
    let nested = r#"{"pdf_at_integers":{"gamma":{"shape":2.0,"scale":1.5}}}"#;
    assert_eq!(serde_json::to_string(&read(nested).unwrap()).unwrap(), nested);
    let unknown = read(r#"{"gauss": {"loc": 1, "scale": 2}}"#).unwrap_err().to_string();
    assert!(
        unknown.contains("unknown variant `gauss`") && unknown.contains("`normal`"),
        "{unknown}"
    );
    let extra = read(r#"{"normal": {"mean": 1, "std": 2, "lower": 0}}"#).unwrap_err().to_string();
    assert!(extra.contains("unknown field `lower`"), "{extra}");
}

proptest! {
    /// Whatever the bounds, a value lies within them or the law is refused.
    #[test]
    fn truncation_keeps_its_promise(
        mean in -10.0_f64..10.0, std in 0.01_f64..5.0, lower in -20.0_f64..20.0, width in 0.0_f64..5.0,
        seed: u64,
    ) {
        let laws = [
            Distribution::Normal { mean, std },
            Distribution::Lognormal { mu: mean, sigma: std },
            Distribution::Exponential { scale: std },
            Distribution::Gamma { shape: std, scale: mean.abs() + 0.01 },
            Distribution::Poisson { lambda: std },
        ];
        for law in laws {
            let upper = lower + width;
            if let Ok(sampler) = Sampler::new(&law, Some(lower), Some(upper)) {
                let mut stream = Stream::new(seed, Purpose::Delay, 0, [0, 0]);
                for _ in 0..20 {
                    let x = sampler.draw(&mut stream);
                    prop_assert!((lower..=upper).contains(&x), "{law:?}: {x} in {lower}..{upper}");
                }
            }
        }
    }
}
