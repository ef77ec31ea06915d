//! Channels of the set `allen`.

mod channels;
mod harness;

/// Potentials with these differ from NEURON's by some (mV), and why:
///
/// - `NaV` starts from the steady state of its scheme; the public file has a wrong rate in one of
///   the equations for it, and starts beside it.
/// - `Nap` opens at once with the potential; NEURON takes the slope of its current from a
///   difference over 0.001 mV, and it is exact here.
const DIFFERENT: [(&str, f64); 2] = [("NaV", 0.1), ("Nap", 1e-3)];

#[test]
fn channels_agree_with_the_public_ones() {
    channels::agree_with_neuron("allen", &DIFFERENT);
}
