//! Random streams of Neurodamus: Random123 as NEURON's HOC uses it.

use net_core::random::philox4x32;

/// A stream by its three ids and the run's seed; words come one by one.
#[derive(Debug, Clone)]
pub(crate) struct Random123 {
    ids: [u32; 3],
    seed: u32,
    sequence: u32,
    words: [u32; 4],
    next: usize,
}

impl Random123 {
    /// A stream from its start.
    pub(crate) fn new(ids: [u32; 3], seed: u32) -> Self {
        Random123 { ids, seed, sequence: 0, words: [0; 4], next: 4 }
    }

    /// Uniform between 0 and 1, both excluded.
    pub(crate) fn uniform(&mut self) -> f64 {
        if self.next == 4 {
            let counter = [self.sequence, self.ids[2], self.ids[0], self.ids[1]];
            self.words = philox4x32(counter, [self.seed, 0]);
            self.sequence = self.sequence.wrapping_add(1);
            self.next = 0;
        }
        let word = self.words[self.next];
        self.next += 1;
        (f64::from(word) + 1.0) / (4_294_967_296.0 + 1.0)
    }
}

/// A normal law by the polar method, which makes two numbers at a time.
#[derive(Debug, Clone)]
pub(crate) struct Normal {
    mean: f64,
    deviation: f64,
    second: Option<f64>,
}

impl Normal {
    pub(crate) fn new(mean: f64, variance: f64) -> Self {
        Normal { mean, deviation: variance.sqrt(), second: None }
    }

    pub(crate) fn draw(&mut self, stream: &mut Random123) -> f64 {
        if let Some(second) = self.second.take() {
            return second * self.deviation + self.mean;
        }
        loop {
            let (v1, v2) = (2.0 * stream.uniform() - 1.0, 2.0 * stream.uniform() - 1.0);
            let w = v1 * v1 + v2 * v2;
            if w <= 1.0 {
                let y = (-2.0 * w.ln() / w).sqrt();
                self.second = Some(v2 * y);
                return v1 * y * self.deviation + self.mean;
            }
        }
    }
}

/// The second draw of a log-normal law with this mean and variance: choosing the law in HOC takes
/// the first.
pub(crate) fn second_lognormal(stream: &mut Random123, mean: f64, variance: f64) -> f64 {
    let square = mean * mean;
    let mu = (square / (variance + square).sqrt()).ln();
    let mut normal = Normal::new(0.0, 1.0);
    normal.mean = mu;
    normal.deviation = ((variance + square) / square).ln().sqrt();
    normal.draw(stream);
    normal.draw(stream).exp()
}
