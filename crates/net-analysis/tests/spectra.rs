//! Spectra against numbers of scipy 1.17 and CompNeuroPy 1.0.4, and closed forms.

use approx::assert_relative_eq;
use net_analysis::*;

/// `sin(0.3 k) + 0.5 cos(1.1 k) + 0.01 k`.
fn signal() -> Vec<f64> {
    (0..300).map(f64::from).map(|k| (0.3 * k).sin() + 0.5 * (1.1 * k).cos() + 0.01 * k).collect()
}

fn assert_power(found: &Spectrum, expected: &[(usize, f64)]) {
    let largest = found.power.iter().copied().fold(0.0, f64::max);
    for &(at, power) in expected {
        assert_relative_eq!(
            found.power[at],
            power,
            epsilon = 1e-14 * largest,
            max_relative = 1e-11
        );
    }
}

#[test]
fn densities_are_those_of_scipy() {
    // scipy.signal.welch(x, fs=1000, nperseg=64)
    let found = Welch::new(64).spectrum(&signal(), 1000.0).unwrap();
    assert_eq!(found.frequencies_hz.len(), 33);
    assert_eq!(found.frequencies_hz[..3], [0.0, 15.625, 31.25]);
    let expected = [
        (0, 6.349592838122801e-06),
        (1, 0.0005024649568383593),
        (3, 0.021273416328576406),
        (5, 2.43822287742708e-06),
        (11, 0.0050512694918785055),
        (32, 1.4646508315074946e-12),
    ];
    assert_power(&found, &expected);
    // An odd segment: nperseg=45.
    let found = Welch::new(45).spectrum(&signal(), 1000.0).unwrap();
    assert_eq!(found.frequencies_hz.len(), 23);
    let expected = [
        (0, 0.00010522015091234718),
        (2, 0.01466564940848091),
        (8, 0.0036763353332798392),
        (22, 1.1611618019969324e-11),
    ];
    assert_power(&found, &expected);
}

#[test]
fn powers_are_those_of_scipy() {
    // scipy.signal.welch(x, fs=1000, nperseg=50, noverlap=10, scaling="spectrum", window="boxcar", detrend=False)
    let welch = Welch {
        n_overlap: 10,
        taper: Taper::Flat,
        remove_mean: false,
        scaling: Scaling::Power,
        ..Welch::new(50)
    };
    let found = welch.spectrum(&signal(), 1000.0).unwrap();
    let expected = [
        (0, 2.500917154653821),
        (1, 0.034518393668737435),
        (2, 0.2861132433173751),
        (9, 0.08699313678273694),
        (25, 0.00013528910691509795),
    ];
    assert_power(&found, &expected);
}

#[test]
fn the_density_of_noise_integrates_to_its_variance() {
    // A sequence without correlations: values of +1 and -1 from a shift register.
    let mut register = 0xACE1_u32;
    let mut bit = || {
        register = (register >> 1) ^ (if register & 1 == 1 { 0x8020_0003 } else { 0 });
        if register & 1 == 1 { 1.0 } else { -1.0 }
    };
    let signal: Vec<f64> = (0..1 << 16).map(|_| bit()).collect();
    let found = Welch::new(256).spectrum(&signal, 500.0).unwrap();
    let step_hz = found.frequencies_hz[1];
    let integral: f64 = found.power.iter().map(|power| power * step_hz).sum();
    assert_relative_eq!(integral, 1.0, max_relative = 0.02);
}

#[test]
fn a_sine_shows_half_its_squared_amplitude() {
    let sine = (0..4000).map(|k| 3.0 * (std::f64::consts::TAU * 40.0 * f64::from(k) * 1e-3).sin());
    let welch = Welch { scaling: Scaling::Power, ..Welch::new(1000) };
    let found = welch.spectrum(&sine.collect::<Vec<_>>(), 1000.0).unwrap();
    assert_relative_eq!(found.power[40], 4.5, max_relative = 1e-9);
    assert!(found.power[50] < 1e-20);
}

#[test]
fn populations_are_those_of_compneuropy() {
    // get_population_power_spectrum(spikes, 1.0, t_start=0, t_end=300, fft_size=64)
    let first = (0..40).map(|i| 7.0 * f64::from(i) + 3.0).collect();
    let second = (0..25).map(|i| f64::from((11 * i + 2) % 280)).collect();
    let trains = [first, second, Vec::new()];
    let found = population_spectrum(&trains, (0.0, 300.0), 1.0, 64).unwrap();
    assert_eq!(found.frequencies_hz.len(), 30);
    assert_eq!((found.frequencies_hz[0], found.frequencies_hz[29]), (31.25, 484.375));
    let expected = [
        (0, 0.0027192936637468108),
        (1, 0.003323510484103693),
        (7, 6.570485202862948),
        (16, 7.936675249204536),
        (29, 0.005404538376230836),
    ];
    assert_power(&found, &expected);
}

#[test]
fn what_cannot_be_transformed_is_refused() {
    let error = Welch::new(64).spectrum(&[0.0; 63], 1.0).unwrap_err();
    assert_eq!(error, AnalysisError::TooShort { n_samples: 63, n_segment: 64 });
    for welch in [Welch::new(0), Welch { n_overlap: 8, ..Welch::new(8) }] {
        let error = welch.spectrum(&[0.0; 63], 1.0).unwrap_err().to_string();
        assert!(error.contains("more than the overlap"), "{error}");
    }
    assert!(Welch::new(8).spectrum(&[0.0; 63], -1.0).is_err());
    assert!(population_spectrum(&[], (3.0, 1.0), 1.0, 2).is_err());
}
