//! Spikes, with times between steps where a mechanism makes them.

/// A spike. Where a potential passes a threshold it is the step at whose start the potential was
/// first above; a spike that a mechanism makes (`net_event`) may lie between steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// Number of the step in which it happens.
    pub step: u64,
    /// How much later (or earlier) than the step's start it is, in 2^-32 of a step; at most half a
    /// step. Where a spike acts on compartments does not depend on it.
    pub offset: i32,
    /// The cell.
    pub gid: u64,
}

/// Parts of a step that the offset of a spike counts.
const OFFSET_PARTS: f64 = 4_294_967_296.0;

impl Spike {
    /// A spike at the start of a step.
    pub fn new(step: u64, gid: u64) -> Self {
        Spike { step, offset: 0, gid }
    }

    /// A spike at `t_ms` in a step.
    pub(super) fn at(t_ms: f64, step: u64, dt_ms: f64, gid: u64) -> Self {
        let parts = ((t_ms / dt_ms - step as f64) * OFFSET_PARTS).round();
        // Times closer to the start than anybody can write down are the start.
        let offset = if parts.abs() * dt_ms < 1e-11 * OFFSET_PARTS { 0 } else { parts as i32 };
        Spike { step, offset, gid }
    }

    /// Its time in ms.
    ///
    /// ```
    /// let spike = net_cell::Spike { step: 40, offset: 1 << 30, gid: 7 };
    /// assert_eq!(spike.time_ms(0.1), 4.025);
    /// assert_eq!(net_cell::Spike::new(3, 7).time_ms(0.1), 3.0 * 0.1);
    /// ```
    pub fn time_ms(&self, dt_ms: f64) -> f64 {
        if self.offset == 0 {
            return self.step as f64 * dt_ms;
        }
        (self.step as f64 + f64::from(self.offset) / OFFSET_PARTS) * dt_ms
    }
}
