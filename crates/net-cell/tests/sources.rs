//! Statistics of the spike sources, seen through synapses that never forget.

mod harness;

use std::sync::Arc;

use harness::{Input, Model, rc, step};
use net_cell::{PointKind, SpikeSource};
use statrs::distribution::{ChiSquared, ContinuousCDF, Discrete, DiscreteCDF, Exp, Poisson};

/// Smallest accepted p-value. Seeds are fixed, so a test passes always or never.
const MIN_P: f64 = 1e-3;

/// Numbers of events of `n_cells` sources in each of `n_samples` intervals of `interval` steps.
fn counts(
    source: &SpikeSource,
    n_cells: usize,
    dt_ms: f64,
    (interval, n_samples): (u64, u64),
) -> Vec<Vec<u64>> {
    let mut model = Model::new(step(dt_ms, false));
    // exp(-dt/tau) is exactly 1: the state counts.
    model.kinds = vec![PointKind::new("ExpSyn", &[("tau", 1e20), ("e", -65.0)]).unwrap()];
    let template = Arc::new(rc());
    for cell in 0..n_cells {
        model.cell(&template, &[(0, 0)]);
        let source = source.clone();
        model.inputs.push(Input {
            cell,
            point: 0,
            source,
            weight: 1.0,
            further: vec![],
            delay_ms: 0.0,
        });
        model.variable(cell as u64, 0, "ExpSyn", "g");
    }
    model.interval = interval;
    let traces = model.run(interval * n_samples).unwrap().traces;
    let increments = |t: &Vec<f64>| t.windows(2).map(|w| (w[1] - w[0]) as u64).collect();
    traces.iter().map(increments).collect()
}

/// Times of one source's events in ms, to the step.
fn times(source: &SpikeSource, dt_ms: f64, n_steps: u64) -> Vec<f64> {
    let counts = counts(source, 1, dt_ms, (1, n_steps)).remove(0);
    let each = counts.iter().enumerate();
    each.flat_map(|(k, &n)| std::iter::repeat_n(k as f64 * dt_ms, n as usize)).collect()
}

fn intervals(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|w| w[1] - w[0]).collect()
}

/// Kolmogorov-Smirnov test of sorted or unsorted values against a law.
#[track_caller]
fn assert_follows(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = values.iter().enumerate().fold(0f64, |d, (i, &x)| {
        let c = cdf(x);
        d.max((c - i as f64 / n).abs()).max(((i + 1) as f64 / n - c).abs())
    });
    let lambda = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    let term = |k: i32| (-1f64).powi(k - 1) * (-2.0 * f64::from(k * k) * lambda * lambda).exp();
    let p = 2.0 * (1..100).map(term).sum::<f64>();
    assert!(p > MIN_P, "Kolmogorov-Smirnov distance {distance} of {n} values, p {p}");
}

#[test]
fn poisson_counts_follow_the_poisson_law() {
    // 60 Hz in windows of 50 ms: 3 on the average.
    let source = SpikeSource::Poisson { rate_hz: 60.0, start_ms: 0.0, stop_ms: f64::INFINITY };
    let counts = counts(&source, 200, 0.1, (500, 40));
    let n = (200 * 40) as f64;
    let law = Poisson::new(3.0).unwrap();
    let mut chi2 = 0.0;
    const LAST: u64 = 9;
    for k in 0..=LAST {
        let found = counts.iter().flatten().filter(|&&c| c.min(LAST) == k).count() as f64;
        let p = if k < LAST { law.pmf(k) } else { law.sf(LAST - 1) };
        chi2 += (found - n * p).powi(2) / (n * p);
    }
    let p = ChiSquared::new(LAST as f64).unwrap().sf(chi2);
    assert!(p > MIN_P, "chi-square {chi2}, p {p}");

    // Neither windows of one source nor sources of one window depend on each other.
    let correlation = |pairs: &mut dyn Iterator<Item = (u64, u64)>| {
        let (sum, n) = pairs
            .fold((0.0, 0.0), |(s, n), (a, b)| (s + (a as f64 - 3.0) * (b as f64 - 3.0), n + 1.0));
        sum / 3.0 / f64::sqrt(n)
    };
    let z = correlation(&mut counts.iter().flat_map(|c| c.windows(2).map(|w| (w[0], w[1]))));
    assert!(z.abs() < 3.5, "successive windows: {z}");
    let z = correlation(
        &mut counts
            .windows(2)
            .flat_map(|c| c[0].iter().copied().zip(c[1].iter().copied()).collect::<Vec<_>>()),
    );
    assert!(z.abs() < 3.5, "neighboring sources: {z}");
}

#[test]
fn poisson_intervals_are_exponential_and_stay_in_their_window() {
    let source = SpikeSource::Poisson { rate_hz: 100.0, start_ms: 20.0, stop_ms: 30_000.0 };
    let times = times(&source, 0.01, 3_200_000);
    assert!(times[0] >= 20.0 && times[times.len() - 1] <= 30_000.0);
    assert!((times.len() as f64 - 2998.0).abs() < 4.0 * 2998f64.sqrt(), "{}", times.len());
    let law = Exp::new(0.1).unwrap();
    assert_follows(intervals(&times), |t| law.cdf(t));
    // Given their number, the times are uniform.
    assert_follows(times, |t| (t - 20.0) / 29_980.0);
}

#[test]
fn a_rate_of_zero_is_silent() {
    let source = SpikeSource::Poisson { rate_hz: 0.0, start_ms: 0.0, stop_ms: f64::INFINITY };
    assert!(times(&source, 0.1, 10_000).is_empty());
}

#[test]
fn netstim_without_noise_is_regular() {
    let source = SpikeSource::NetStim { start_ms: 5.0, interval_ms: 2.5, number: 7, noise: 0.0 };
    let expected: Vec<f64> = (0..7).map(|k| 5.0 + 2.5 * f64::from(k)).collect();
    let found = times(&source, 0.0625, 1000);
    assert_eq!(found, expected);
    // Intervals that are no whole number of steps are rounded one by one, without drift.
    let source = SpikeSource::NetStim { start_ms: 0.0, interval_ms: 0.33, number: 900, noise: 0.0 };
    let found = times(&source, 0.1, 3100);
    assert_eq!(found.len(), 900);
    for (k, t) in found.iter().enumerate() {
        assert!((t - 0.33 * k as f64).abs() < 0.05 + 1e-9, "{t} is number {k}");
    }
}

#[test]
fn netstim_with_noise_has_a_fixed_and_an_exponential_part() {
    for noise in [0.3, 1.0] {
        let source = SpikeSource::NetStim { start_ms: 3.0, interval_ms: 10.0, number: 3000, noise };
        let times = times(&source, 0.01, 3_300_000);
        assert_eq!(times.len(), 3000);
        assert!(times[0] >= 3.0 && times[0] < 3.0 + 100.0 * noise);
        let law = Exp::new(0.1 / noise).unwrap();
        let fixed = 10.0 * (1.0 - noise);
        // Two times rounded to steps make a shorter interval by up to one step.
        assert!(intervals(&times).iter().all(|t| *t > fixed - 0.0101));
        assert_follows(intervals(&times), |t| law.cdf(t - fixed));
    }
}

#[test]
fn the_first_spike_of_a_noisy_netstim_has_the_random_part_alone() {
    let source = SpikeSource::NetStim { start_ms: 3.0, interval_ms: 10.0, number: 1, noise: 0.5 };
    let counts = counts(&source, 1000, 0.02, (1, 3000));
    let first = |c: &Vec<u64>| c.iter().position(|&n| n == 1).map(|k| k as f64 * 0.02);
    let law = Exp::new(0.2).unwrap();
    let found: Vec<f64> = counts.iter().filter_map(first).collect();
    assert!(found.len() >= 999);
    assert_follows(found, |t| law.cdf(t - 3.0));
}
