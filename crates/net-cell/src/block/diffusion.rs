//! Diffusion along the cable.
//!
//! After the states of a step have been advanced, each state that diffuses is distributed over the
//! compartments of its cell that have the mechanism, by an implicit step as NEURON does it: with
//! volume V and diffusion constant times cross section K, both per compartment, and compartments i
//! and its parent p of lengths l,
//!
//! ```text
//! V_i (x_i - x_i(t)) / dt = 2 / (l_i (l_i + l_p)) (K_i + K_p)/2 (x_p - x_i) + ...
//! ```
//!
//! The system has the shape of the tree. Compartments are taken one by one: few mechanisms diffuse.

use super::instances::{Instances, Located, Place};
use super::ions::Ions;
use super::rows::Row;
use crate::mechanism::{Diffusing, DiffusingState};
use crate::morphology::SegmentedMorphology;

/// Marks a compartment whose parent does not have the mechanism.
const NONE: u32 = u32::MAX;

/// One compartment of a mechanism with states that diffuse.
#[derive(Debug, Clone, Copy)]
struct Node {
    place: Place,
    /// The parent among the nodes, which comes before, or [`NONE`].
    parent: u32,
    /// 2 / (l (l + l_parent)) with this compartment's length and with the parent's, 1/um2.
    here: f64,
    above: f64,
}

/// All compartments in which states of one mechanism diffuse.
#[derive(Debug)]
pub(super) struct Diffusion {
    /// Index of the mechanism's instances in the block.
    instances: usize,
    nodes: Vec<Node>,
    /// Of the linear system: what couples a node to its parent and the parent to it, diagonal and
    /// right-hand side.
    to_parent: Vec<f64>,
    from_parent: Vec<f64>,
    diagonal: Vec<f64>,
    rhs: Vec<f64>,
}

impl Diffusion {
    /// The compartments of `located`, or `None` where nothing diffuses.
    pub(super) fn new(
        at: usize,
        instances: &Instances,
        located: &[Located],
        rows: &[Row],
    ) -> Option<Self> {
        if instances.mechanism.diffusing.is_empty() {
            return None;
        }
        let mut nodes = Vec::with_capacity(located.len());
        for (index, cell) in rows.iter().flat_map(|row| row.lanes.iter().copied()) {
            let morphology = cell.template.morphology();
            let mut places = vec![None; morphology.n_segments()];
            for l in located.iter().filter(|l| l.cell as usize == index) {
                places[l.segment as usize] = Some(l.place);
            }
            // Parents come before their children in the order of segments.
            let mut node_of = vec![NONE; places.len()];
            for (segment, place) in places.into_iter().enumerate() {
                let Some(place) = place else { continue };
                let has = |parent: &usize| node_of[*parent] != NONE;
                let parent = parents_of(morphology, segment).into_iter().flatten().find(has);
                let node = parent.map_or(NONE, |parent| node_of[parent]);
                let length = |segment: usize| morphology.segments.length_um[segment];
                let (own, other) = (length(segment), parent.map_or(0.0, length));
                let (here, above) = (2.0 / own / (own + other), 2.0 / other / (own + other));
                node_of[segment] = nodes.len() as u32;
                nodes.push(Node { place, parent: node, here, above });
            }
        }
        let zeros = vec![0.0; nodes.len()];
        Some(Diffusion {
            instances: at,
            nodes,
            to_parent: zeros.clone(),
            from_parent: zeros.clone(),
            diagonal: zeros.clone(),
            rhs: zeros,
        })
    }

    /// One step of all states that diffuse.
    pub(super) fn advance(&mut self, all: &mut [Instances], ions: &mut Ions, dt_ms: f64) {
        let instances = &mut all[self.instances];
        for &diffusing in &instances.mechanism.diffusing {
            self.set_up(instances, ions, diffusing, 1.0 / dt_ms);
            self.solve();
            for (node, &new) in self.nodes.iter().zip(&self.rhs) {
                *state(instances, ions, diffusing.what, node.place) = new;
                if let (DiffusingState::Ion(_, Some(column)), true) =
                    (diffusing.what, instances.record)
                {
                    *instances.value_mut(column, node.place) = new;
                }
            }
        }
    }

    fn set_up(
        &mut self,
        instances: &mut Instances,
        ions: &mut Ions,
        diffusing: Diffusing,
        per_step: f64,
    ) {
        self.diagonal.fill(per_step);
        for at in 0..self.nodes.len() {
            let node = self.nodes[at];
            self.rhs[at] = *state(instances, ions, diffusing.what, node.place) * per_step;
            if node.parent == NONE {
                continue;
            }
            let parent = node.parent as usize;
            let value = |column: usize, at: usize| instances.value(column, self.nodes[at].place);
            let between =
                0.5 * (value(diffusing.coefficient, at) + value(diffusing.coefficient, parent));
            self.from_parent[at] = node.here * between / value(diffusing.volume, at);
            self.to_parent[at] = node.above * between / value(diffusing.volume, parent);
            self.diagonal[at] += self.from_parent[at];
            self.diagonal[parent] += self.to_parent[at];
        }
    }

    /// Elimination from the leaves to the roots; the solution stands in the right-hand side.
    fn solve(&mut self) {
        for at in (0..self.nodes.len()).rev() {
            let parent = self.nodes[at].parent as usize;
            if parent < at {
                let factor = self.to_parent[at] / self.diagonal[at];
                self.diagonal[parent] -= factor * self.from_parent[at];
                self.rhs[parent] += factor * self.rhs[at];
            }
        }
        for at in 0..self.nodes.len() {
            let parent = self.nodes[at].parent as usize;
            if parent < at {
                self.rhs[at] += self.from_parent[at] * self.rhs[parent];
            }
            self.rhs[at] /= self.diagonal[at];
        }
    }

    /// Bytes of all vectors.
    pub(super) fn memory_bytes(&self) -> usize {
        self.nodes.len() * (size_of::<Node>() + 4 * 8)
    }
}

fn state<'a>(
    instances: &'a mut Instances,
    ions: &'a mut Ions,
    what: DiffusingState,
    place: Place,
) -> &'a mut f64 {
    match what {
        DiffusingState::Column(column) => instances.value_mut(column, place),
        DiffusingState::Ion(k, _) => {
            let position = instances.position(place);
            ions.value_mut(instances.ion_column(k), position)
        }
    }
}

/// The segments from which another one may continue, in NEURON's order of preference: a section at
/// the 0-end of another continues from where that one comes from, else from its first segment.
fn parents_of(morphology: &SegmentedMorphology, segment: usize) -> [Option<usize>; 2] {
    let section = &morphology.sections[morphology.segments.section[segment] as usize];
    if segment > section.first_segment {
        return [Some(segment - 1), None];
    }
    let Some((parent, x)) = section.parent else { return [None; 2] };
    let at = morphology.segment_at(parent, x);
    match morphology.sections[parent].parent {
        Some((before, at_before)) if x <= 0.0 => {
            [Some(morphology.segment_at(before, at_before)), Some(at)]
        }
        _ => [Some(at), None],
    }
}
