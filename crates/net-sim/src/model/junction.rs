//! Gap junctions of networks that are described in code.

use std::collections::BTreeMap;

use net_core::{Gid, Network, SynapseKind};

use super::{ListedCell, ListedKind, ListedPoint, ListedPoints, PointPlace, PointSource};
use crate::error::{Result, bad_value};

/// An ohmic connection between two segments, of two cells or of one.
///
/// A current `g (v1 - v2)` flows from one to the other. Each side is a point process `Gap`, which the set
/// `bbp` of mechanisms has ([`net_cell::mechanism::use_set`]). As in NEURON, a step sees the potential of
/// its own side at its end and that of the other side at its start; so steps must be short beside the
/// time in which the conductance charges a segment, C / g.
///
/// Networks with gap junctions exchange potentials after every step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GapJunction {
    /// Gid and segment of both sides.
    pub sides: [(Gid, u32); 2],
    /// Conductance in uS.
    pub conductance_us: f64,
}

/// Sides of junctions have numbers from here on; circuits number theirs from 0.
const FIRST_NUMBER: u64 = 1 << 63;

impl GapJunction {
    pub(super) fn validate(
        &self,
        number: usize,
        network: &Network,
        is_point: impl Fn(Gid) -> bool,
    ) -> Result<()> {
        let key = |of: &str| format!("gap junction {number}: {of}");
        for (gid, _) in self.sides {
            if gid >= network.n_cells() {
                return Err(bad_value(key("gid"), gid, "a cell of the network"));
            }
            if is_point(gid) {
                return Err(bad_value(key("gid"), gid, "a cell with segments, no point neuron"));
            }
        }
        if self.sides[0] == self.sides[1] {
            let (gid, segment) = self.sides[0];
            let found = format!("segment {segment} of gid {gid} twice");
            return Err(bad_value(key("sides"), found, "two different segments"));
        }
        if !(self.conductance_us.is_finite() && self.conductance_us >= 0.0) {
            let expected = "a finite number >= 0";
            return Err(bad_value(key("conductance (uS)"), self.conductance_us, expected));
        }
        Ok(())
    }
}

/// Adds the sides that are on these cells, which come by gid.
pub(crate) fn list_junctions(
    junctions: &[GapJunction],
    cells: &[ListedCell],
    into: &mut ListedPoints,
) {
    let kind = into.kinds.len() as u32;
    let mut rows = Vec::new();
    for (number, junction) in junctions.iter().enumerate() {
        let sides = [0, 1].map(|side| FIRST_NUMBER + 2 * number as u64 + side);
        for (side, (gid, segment)) in junction.sides.into_iter().enumerate() {
            let Ok(cell) = cells.binary_search_by_key(&gid, |cell| cell.gid) else { continue };
            let row = rows.len() as u32;
            // nS
            rows.push(1e3 * junction.conductance_us);
            into.points.push(ListedPoint {
                cell: cell as u32,
                segment,
                point: PointPlace::Kind { kind, row, shares: false },
                source: PointSource::Junction { own: sides[side], other: sides[1 - side] },
            });
        }
    }
    if !rows.is_empty() {
        let common = SynapseKind { mechanism: "Gap".to_owned(), parameters: BTreeMap::new() };
        into.kinds.push(ListedKind { common, names: vec!["g".to_owned()], rows });
    }
}
