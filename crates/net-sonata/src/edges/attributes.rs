//! Attributes of edges: the names they have in files, and what holds without them.

use crate::config::EdgeKind;

/// An attribute of edges, by the name used here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeAttribute {
    /// Name, also of the column in a batch.
    pub name: &'static str,
    /// Names in files, the first that is there counts.
    pub stored: &'static [&'static str],
    /// Value where there is none; `None` if it must be there.
    pub default: Option<f64>,
    /// Whether it is a whole number, which is never rounded to single precision.
    pub whole: bool,
}

pub(super) const fn needed(name: &'static str, stored: &'static [&'static str]) -> EdgeAttribute {
    EdgeAttribute { name, stored, default: None, whole: false }
}

pub(super) const fn optional(
    name: &'static str,
    stored: &'static [&'static str],
    default: f64,
) -> EdgeAttribute {
    EdgeAttribute { name, stored, default: Some(default), whole: false }
}

pub(super) const fn whole(attribute: EdgeAttribute) -> EdgeAttribute {
    EdgeAttribute { whole: true, ..attribute }
}

pub(super) const SECTION: &[&str] = &["afferent_section_id", "morpho_section_id_post", "sec_id"];
pub(super) const POSITION: &[&str] =
    &["afferent_section_pos", "morpho_section_fraction_post", "sec_x"];
pub(super) const SEGMENT: &[&str] = &["afferent_segment_id", "morpho_segment_id_post"];
pub(super) const OFFSET: &[&str] = &["afferent_segment_offset", "morpho_offset_segment_post"];

const CHEMICAL: &[EdgeAttribute] = &[
    needed("conductance", &["conductance"]),
    needed("delay", &["delay"]),
    needed("u_syn", &["u_syn"]),
    needed("depression_time", &["depression_time"]),
    needed("facilitation_time", &["facilitation_time"]),
    needed("decay_time", &["decay_time"]),
    whole(needed("syn_type_id", &["syn_type_id"])),
    whole(optional("n_rrp_vesicles", &["n_rrp_vesicles"], -1.0)),
    optional("conductance_scale_factor", &["conductance_scale_factor"], -1.0),
    optional("u_hill_coefficient", &["u_hill_coefficient"], -1.0),
];

/// What edges say beyond [`EdgeKind::attributes`] about synapses with calcium and long-term plasticity.
pub(crate) const PLASTICITY: &[EdgeAttribute] = &[
    needed("volume_CR", &["volume_CR"]),
    needed("rho0_GB", &["rho0_GB"]),
    needed("Use_d_TM", &["Use_d_TM"]),
    needed("Use_p_TM", &["Use_p_TM"]),
    needed("gmax_d_AMPA", &["gmax_d_AMPA"]),
    needed("gmax_p_AMPA", &["gmax_p_AMPA"]),
    needed("theta_d", &["theta_d"]),
    needed("theta_p", &["theta_p"]),
];

const ELECTRICAL: &[EdgeAttribute] = &[
    needed("conductance", &["conductance"]),
    whole(needed("afferent_junction_id", &["afferent_junction_id"])),
    whole(needed("efferent_junction_id", &["efferent_junction_id"])),
];

const NEUROMODULATORY: &[EdgeAttribute] = &[
    needed("delay", &["delay"]),
    needed("neuromod_strength", &["neuromod_strength"]),
    needed("neuromod_dtc", &["neuromod_dtc"]),
];

const EXP2SYN: &[EdgeAttribute] = &[
    needed("conductance", &["conductance"]),
    needed("delay", &["delay"]),
    needed("tau1", &["tau1"]),
    needed("tau2", &["tau2"]),
    needed("erev", &["erev"]),
];

const POINT_PROCESS: &[EdgeAttribute] =
    &[needed("weight", &["weight", "conductance"]), needed("delay", &["delay"])];

/// Sections of astrocytes have one segment, so that places along them say nothing.
const SYNAPSE_ASTROCYTE: &[EdgeAttribute] = &[
    whole(needed("synapse_id", &["synapse_id"])),
    whole(needed("astrocyte_section_id", &["astrocyte_section_id"])),
];

/// The vessel is the source node; the file's ids of its section and segment are not needed.
const ENDFOOT: &[EdgeAttribute] = &[
    whole(needed("astrocyte_section_id", &["astrocyte_section_id"])),
    needed("endfoot_compartment_length", &["endfoot_compartment_length"]),
    needed("endfoot_compartment_diameter", &["endfoot_compartment_diameter"]),
];

const ALLEN: &[EdgeAttribute] = &[
    whole(optional("nsyns", &["nsyns"], f64::NAN)),
    needed("syn_weight", &["syn_weight"]),
    optional("delay", &["delay"], 0.0),
    optional("weight_sigma", &["weight_sigma"], f64::NAN),
];

impl EdgeKind {
    /// The attributes that a batch of such edges has as columns, in this order, before the
    /// location's.
    pub fn attributes(self) -> &'static [EdgeAttribute] {
        match self {
            EdgeKind::Chemical => CHEMICAL,
            EdgeKind::Electrical => ELECTRICAL,
            EdgeKind::SynapseAstrocyte => SYNAPSE_ASTROCYTE,
            EdgeKind::Endfoot => ENDFOOT,
            EdgeKind::Neuromodulatory => NEUROMODULATORY,
            EdgeKind::Exp2Syn => EXP2SYN,
            EdgeKind::PointProcess => POINT_PROCESS,
            EdgeKind::Allen => ALLEN,
            EdgeKind::Glialglial | EdgeKind::TsodyksMarkram => &[],
        }
    }

    pub(super) fn has_location(self) -> bool {
        matches!(
            self,
            EdgeKind::Chemical
                | EdgeKind::Electrical
                | EdgeKind::Neuromodulatory
                | EdgeKind::Exp2Syn
                | EdgeKind::Allen
        )
    }
}
