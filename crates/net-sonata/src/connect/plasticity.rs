//! Synapses with calcium and long-term plasticity, which `modoverride` puts in place of others.

use super::Connector;
use super::blue_brain::hill;
use crate::edges::EdgeBatch;

/// What `modoverride` calls them, and the mechanism.
pub(super) const OVERRIDE: &str = "GluSynapse";

/// Columns of a batch that say what the synapses are.
pub(super) struct Plastic<'b> {
    decay: &'b [f64],
    depression: &'b [f64],
    facilitation: &'b [f64],
    vesicles: &'b [f64],
    scale: &'b [f64],
    hill: &'b [f64],
    volume: &'b [f64],
    rho0: &'b [f64],
    use_depressed: &'b [f64],
    use_potentiated: &'b [f64],
    gmax_depressed: &'b [f64],
    gmax_potentiated: &'b [f64],
    theta_depression: &'b [f64],
    theta_potentiation: &'b [f64],
}

impl<'b> Plastic<'b> {
    /// The columns; none where the batch was read without them.
    pub(super) fn new(batch: &'b EdgeBatch) -> Option<Self> {
        Some(Plastic {
            decay: batch.column("decay_time")?,
            depression: batch.column("depression_time")?,
            facilitation: batch.column("facilitation_time")?,
            vesicles: batch.column("n_rrp_vesicles")?,
            scale: batch.column("conductance_scale_factor")?,
            hill: batch.column("u_hill_coefficient")?,
            volume: batch.column("volume_CR")?,
            rho0: batch.column("rho0_GB")?,
            use_depressed: batch.column("Use_d_TM")?,
            use_potentiated: batch.column("Use_p_TM")?,
            gmax_depressed: batch.column("gmax_d_AMPA")?,
            gmax_potentiated: batch.column("gmax_p_AMPA")?,
            theta_depression: batch.column("theta_d")?,
            theta_potentiation: batch.column("theta_p")?,
        })
    }

    /// The mechanism and its parameters. The synapse starts depressed or potentiated, as its efficacy
    /// `rho0` is below or above the unstable fixed point `rho_star`.
    pub(super) fn parameters(
        &self,
        edge: usize,
        calcium_mm: Option<f64>,
        rho_star: f64,
        into: &mut Vec<(&str, f64)>,
    ) -> &'static str {
        let factor = calcium_mm.map_or(1.0, |calcium| hill(calcium, self.hill[edge]));
        let [use_d, use_p] = [self.use_depressed, self.use_potentiated].map(|of| of[edge] * factor);
        let [gmax_d, gmax_p] = [self.gmax_depressed, self.gmax_potentiated].map(|of| of[edge]);
        let potentiated = self.rho0[edge] > rho_star;
        let (gmax, utilization) = if potentiated { (gmax_p, use_p) } else { (gmax_d, use_d) };
        into.push(("tau_d_AMPA", self.decay[edge]));
        into.push(("Dep", self.depression[edge].abs()));
        into.push(("Fac", self.facilitation[edge].abs()));
        if self.vesicles[edge] >= 0.0 {
            into.push(("Nrrp", self.vesicles[edge]));
        }
        into.extend([
            ("volume_CR", self.volume[edge]),
            ("rho0_GB", self.rho0[edge]),
            ("Use_d", use_d),
            ("Use_p", use_p),
            ("Use", utilization),
            ("gmax_d_AMPA", gmax_d),
            ("gmax_p_AMPA", gmax_p),
            ("gmax0_AMPA", gmax),
            ("theta_d_GB", self.theta_depression[edge]),
            ("theta_p_GB", self.theta_potentiation[edge]),
        ]);
        if self.scale[edge] >= 0.0 {
            into.push(("gmax_NMDA", gmax * self.scale[edge]));
        }
        OVERRIDE
    }
}

impl Connector<'_> {
    /// The unstable fixed point of the efficacy: `conditions.mechanisms`, or the mechanism's default.
    pub(super) fn rho_star(&self) -> f64 {
        let set = &self.config.conditions.mechanisms;
        let given = set.iter().rfind(|(of, name, _)| of == OVERRIDE && name == "rho_star_GB");
        given.map_or(0.5, |(_, _, value)| *value)
    }
}
