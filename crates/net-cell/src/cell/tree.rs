//! The electrical tree of a cell: which conductance ties which compartments.
//!
//! Compartments are the segments; between them stand the zero-area nodes at section ends. A node
//! without children carries no current and is left out; one with a single child is a resistance in
//! series; only true branch points, here *forks*, remain unknowns of the linear system. A fork
//! always hangs below one compartment: the last one of the section that ends there, or the root's
//! first one for the root's 0-end. This is the same linear system as NEURON's, with fewer unknowns.

use crate::error::CellError;
use crate::morphology::SegmentedMorphology;

/// Where the current of a compartment flows towards the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// Nowhere: a root.
    None,
    /// To another compartment.
    Compartment(u32),
    /// To a fork.
    Fork(u32),
}

/// A zero-area node where two or more sections start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fork {
    /// The compartment towards the root.
    pub below: u32,
    /// Conductance to that compartment in uS.
    pub conductance_us: f64,
    /// Sum of all conductances at the fork in uS.
    pub diagonal_us: f64,
}

/// An axial conductance between two segments of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coupling {
    /// The segments.
    pub segments: [u32; 2],
    /// Conductance in uS.
    pub conductance_us: f64,
}

/// Compartments in elimination order: a parent precedes its children, and all compartments
/// without children come last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CableTree {
    /// Segment of each compartment.
    pub segment: Vec<u32>,
    /// Compartment of each segment.
    pub compartment: Vec<u32>,
    /// Parent of each compartment.
    pub parent: Vec<Parent>,
    /// Conductance of each compartment to its parent in uS; 0 for a root.
    pub conductance_us: Vec<f64>,
    /// Sum of the conductances of each compartment to all its neighbors in uS.
    pub diagonal_us: Vec<f64>,
    /// Forks, in the order of the compartments they hang below.
    pub forks: Vec<Fork>,
    /// Number of compartments that have children; the rest, up to the end, has none.
    pub n_inner: usize,
}

/// Tie of a segment to what is nearer the root, before numbering.
#[derive(Clone, Copy)]
enum Tie {
    Root,
    Segment(usize),
    Junction(usize),
}

/// The zero-area node at an end of a section, with the sections that start there.
struct Junction {
    owner: usize,
    owner_mohm: f64,
    children: Vec<usize>,
}

impl CableTree {
    /// Ties the segments of `morphology` together.
    ///
    /// # Errors
    /// When there is no segment, a parent does not precede its child, or a resistance is not a
    /// positive finite number.
    pub fn new(morphology: &SegmentedMorphology) -> Result<Self, CellError> {
        check(morphology)?;
        let (mut tie, junctions) = ties(morphology);
        let n = morphology.n_segments();
        let segments = &morphology.segments;

        // Conductance of each segment towards the root, and forks by junction.
        let mut to_parent = vec![0.0; n];
        let mut is_fork = vec![false; junctions.len()];
        for (at, junction) in junctions.iter().enumerate() {
            is_fork[at] = junction.children.len() > 1;
        }
        for segment in 0..n {
            to_parent[segment] = match tie[segment] {
                Tie::Root => 0.0,
                Tie::Segment(_) => 1.0 / segments.ri_mohm[segment],
                Tie::Junction(at) if is_fork[at] => 1.0 / segments.ri_mohm[segment],
                Tie::Junction(at) => {
                    tie[segment] = Tie::Segment(junctions[at].owner);
                    1.0 / (segments.ri_mohm[segment] + junctions[at].owner_mohm)
                }
            };
        }
        Ok(Self::number(&tie, &to_parent, &junctions, &is_fork))
    }

    /// Numbers the compartments: by distance from the root, those without children last.
    fn number(tie: &[Tie], to_parent: &[f64], junctions: &[Junction], is_fork: &[bool]) -> Self {
        let n = tie.len();
        let parent_segment = |segment: usize| match tie[segment] {
            Tie::Root => None,
            Tie::Segment(parent) => Some(parent),
            Tie::Junction(at) => Some(junctions[at].owner),
        };
        // Segments are in section order, where a parent precedes its children.
        let mut depth = vec![0u32; n];
        let mut has_children = vec![false; n];
        for segment in 0..n {
            if let Some(parent) = parent_segment(segment) {
                depth[segment] = depth[parent] + 1;
                has_children[parent] = true;
            }
        }
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_by_key(|&s| (!has_children[s as usize], depth[s as usize], s));
        let mut compartment = vec![0u32; n];
        for (at, &segment) in order.iter().enumerate() {
            compartment[segment as usize] = at as u32;
        }

        let mut fork_junctions: Vec<usize> = (0..junctions.len()).filter(|&j| is_fork[j]).collect();
        fork_junctions.sort_by_key(|&j| (compartment[junctions[j].owner], j));
        let mut fork_of = vec![u32::MAX; junctions.len()];
        let mut diagonal = vec![0.0; n];
        let forks = fork_junctions.iter().enumerate().map(|(at, &j)| {
            fork_of[j] = at as u32;
            let junction = &junctions[j];
            let conductance_us = 1.0 / junction.owner_mohm;
            let children: f64 = junction.children.iter().map(|&s| to_parent[s]).sum();
            let below = compartment[junction.owner];
            diagonal[below as usize] += conductance_us;
            Fork { below, conductance_us, diagonal_us: conductance_us + children }
        });
        let forks: Vec<Fork> = forks.collect();

        let mut parent = vec![Parent::None; n];
        let mut conductance_us = vec![0.0; n];
        for (at, &segment) in order.iter().enumerate() {
            let segment = segment as usize;
            conductance_us[at] = to_parent[segment];
            diagonal[at] += to_parent[segment];
            parent[at] = match tie[segment] {
                Tie::Root => Parent::None,
                Tie::Junction(j) => Parent::Fork(fork_of[j]),
                Tie::Segment(p) => {
                    diagonal[compartment[p] as usize] += to_parent[segment];
                    Parent::Compartment(compartment[p])
                }
            };
        }
        CableTree {
            n_inner: has_children.iter().filter(|&&h| h).count(),
            segment: order,
            compartment,
            parent,
            conductance_us,
            diagonal_us: diagonal,
            forks,
        }
    }

    /// The potential at the 1-end of a section: (segment, weight) of the segments whose mean it is. No
    /// current flows through the membrane there, so it follows from theirs.
    pub fn end_of(morphology: &SegmentedMorphology, section: usize) -> Vec<(usize, f64)> {
        let (_, mut junctions) = ties(morphology);
        let Junction { owner, owner_mohm, children } = junctions.swap_remove(section);
        let mut weights = vec![(owner, 1.0 / owner_mohm)];
        let resistance = |segment: usize| morphology.segments.ri_mohm[segment];
        weights.extend(children.into_iter().map(|child| (child, 1.0 / resistance(child))));
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        weights.iter_mut().for_each(|(_, weight)| *weight /= total);
        weights
    }

    /// All conductances between segments, so that segment s gets the sum of g (v' - v_s) over its
    /// neighbors. No current is left over in a fork: its star of conductances to n segments is the same
    /// as a mesh of g_a g_b / (g_1 + ... + g_n) between every two of them (Rosen 1924).
    pub fn couplings(&self) -> Vec<Coupling> {
        let coupling = |a: usize, b: usize, conductance_us: f64| Coupling {
            segments: [self.segment[a], self.segment[b]],
            conductance_us,
        };
        let below = |fork: &Fork| vec![(fork.below as usize, fork.conductance_us)];
        let mut stars: Vec<Vec<(usize, f64)>> = self.forks.iter().map(below).collect();
        let mut couplings = Vec::with_capacity(self.n_compartments());
        for (at, (&parent, &conductance_us)) in
            self.parent.iter().zip(&self.conductance_us).enumerate()
        {
            match parent {
                Parent::None => {}
                Parent::Compartment(p) => couplings.push(coupling(at, p as usize, conductance_us)),
                Parent::Fork(fork) => stars[fork as usize].push((at, conductance_us)),
            }
        }
        for (star, fork) in stars.iter().zip(&self.forks) {
            for (n, &(a, g_a)) in star.iter().enumerate() {
                let others = star[n + 1..].iter();
                couplings
                    .extend(others.map(|&(b, g_b)| coupling(a, b, g_a * g_b / fork.diagonal_us)));
            }
        }
        couplings
    }

    /// Number of compartments.
    pub fn n_compartments(&self) -> usize {
        self.segment.len()
    }
}

fn check(morphology: &SegmentedMorphology) -> Result<(), CellError> {
    if morphology.n_segments() == 0 {
        return Err(CellError::Empty);
    }
    let positive = |quantity, section: &str, value: f64| {
        if value > 0.0 && value.is_finite() {
            return Ok(());
        }
        Err(CellError::BadCable { quantity, section: section.to_string(), value })
    };
    for (index, section) in morphology.sections.iter().enumerate() {
        if let Some((parent, _)) = section.parent
            && parent >= index
        {
            return Err(CellError::BadParent { section: section.name.clone(), parent });
        }
        positive("ri_end (MOhm)", &section.name, section.ri_end_mohm)?;
        positive("capacitance (uF/cm2)", &section.name, section.cm_uf_cm2)?;
        for segment in section.first_segment..section.first_segment + section.n_segments {
            positive("ri (MOhm)", &section.name, morphology.segments.ri_mohm[segment])?;
            positive("area (um2)", &section.name, morphology.segments.area_um2[segment])?;
            positive("capacitance (uF/cm2)", &section.name, morphology.cm_uf_cm2(segment))?;
        }
    }
    Ok(())
}

/// What every segment is tied to. Junctions are numbered by section for the 1-ends; the 0-ends of
/// roots follow.
fn ties(morphology: &SegmentedMorphology) -> (Vec<Tie>, Vec<Junction>) {
    let sections = &morphology.sections;
    let mut junctions: Vec<Junction> = sections
        .iter()
        .map(|section| Junction {
            owner: section.first_segment + section.n_segments - 1,
            owner_mohm: section.ri_end_mohm,
            children: Vec::new(),
        })
        .collect();
    let mut tie = vec![Tie::Root; morphology.n_segments()];
    // What the 0-end of each section is tied to.
    let mut start: Vec<Tie> = Vec::with_capacity(sections.len());
    for section in sections {
        let first = section.first_segment;
        let at = match section.parent {
            None => {
                let owner_mohm = morphology.segments.ri_mohm[first];
                junctions.push(Junction { owner: first, owner_mohm, children: Vec::new() });
                Tie::Junction(junctions.len() - 1)
            }
            Some((parent, x)) if x >= 1.0 => Tie::Junction(parent),
            Some((parent, x)) if x <= 0.0 => start[parent],
            Some((parent, x)) => Tie::Segment(morphology.segment_at(parent, x)),
        };
        start.push(at);
        if section.parent.is_some() {
            tie[first] = at;
            if let Tie::Junction(junction) = at {
                junctions[junction].children.push(first);
            }
        }
        let rest = &mut tie[first..first + section.n_segments];
        for (k, tie) in rest.iter_mut().enumerate().skip(1) {
            *tie = Tie::Segment(first + k - 1);
        }
    }
    (tie, junctions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::morphology::{SectionKind, SegmentedSection, Segments};

    /// Sections of one segment each, all resistances 1 MOhm.
    pub(crate) fn sticks(parents: &[Option<(usize, f64)>]) -> SegmentedMorphology {
        let n = parents.len();
        let sections = parents
            .iter()
            .enumerate()
            .map(|(i, &parent)| SegmentedSection {
                name: format!("s{i}"),
                kind: SectionKind::Basal,
                parent,
                length_um: 10.0,
                n_segments: 1,
                first_segment: i,
                ra_ohm_cm: 100.0,
                cm_uf_cm2: 1.0,
                ri_end_mohm: 1.0,
            })
            .collect();
        SegmentedMorphology {
            sections,
            segments: Segments {
                section: (0..n as u32).collect(),
                x: vec![0.5; n],
                area_um2: vec![100.0; n],
                ri_mohm: vec![1.0; n],
                diam_um: vec![1.0; n],
                length_um: vec![10.0; n],
                start_um: vec![[0.0; 3]; n],
                end_um: vec![[0.0; 3]; n],
                ..Segments::default()
            },
        }
    }

    #[test]
    fn a_single_child_is_tied_by_the_resistances_in_series() {
        let tree = CableTree::new(&sticks(&[None, Some((0, 1.0))])).unwrap();
        assert!(tree.forks.is_empty());
        assert_eq!(tree.parent, [Parent::None, Parent::Compartment(0)]);
        assert_eq!(tree.conductance_us, [0.0, 0.5]);
        assert_eq!(tree.diagonal_us, [0.5, 0.5]);
        assert_eq!(tree.n_inner, 1);
    }

    #[test]
    fn two_children_at_one_end_make_a_fork() {
        let tree = CableTree::new(&sticks(&[None, Some((0, 1.0)), Some((0, 1.0))])).unwrap();
        assert_eq!(tree.forks, [Fork { below: 0, conductance_us: 1.0, diagonal_us: 3.0 }]);
        assert_eq!(tree.parent, [Parent::None, Parent::Fork(0), Parent::Fork(0)]);
        assert_eq!(tree.diagonal_us, [1.0, 1.0, 1.0]);
    }

    #[test]
    fn children_at_zero_share_the_node_where_their_parent_starts() {
        // Section 2 starts where section 1 starts: both at the 1-end of the root.
        let tree = CableTree::new(&sticks(&[None, Some((0, 1.0)), Some((1, 0.0))])).unwrap();
        assert_eq!(tree.forks.len(), 1);
        // At the root's own 0-end a single child is in series.
        let tree = CableTree::new(&sticks(&[None, Some((0, 0.0))])).unwrap();
        assert!(tree.forks.is_empty());
        assert_eq!(tree.conductance_us[1], 0.5);
        // In the middle it is tied to the compartment itself.
        let tree = CableTree::new(&sticks(&[None, Some((0, 0.5))])).unwrap();
        assert_eq!(tree.conductance_us[1], 1.0);
    }

    #[test]
    fn the_end_of_a_section_is_a_mean_of_what_meets_there() {
        let end = |parents: &[_], section| CableTree::end_of(&sticks(parents), section);
        assert_eq!(end(&[None], 0), [(0, 1.0)]);
        assert_eq!(end(&[None, Some((0, 1.0))], 0), [(0, 0.5), (1, 0.5)]);
        let quarter = end(&[None, Some((0, 1.0)), Some((0, 1.0)), Some((1, 0.0))], 0);
        assert_eq!(quarter, [(0, 0.25), (1, 0.25), (2, 0.25), (3, 0.25)]);
        assert_eq!(end(&[None, Some((0, 0.5))], 0), [(0, 1.0)]);
    }

    #[test]
    fn compartments_without_children_come_last() {
        let tree = CableTree::new(&sticks(&[None, Some((0, 1.0)), Some((0, 1.0)), Some((2, 1.0))]))
            .unwrap();
        assert_eq!(tree.segment, [0, 2, 1, 3]);
        assert_eq!(tree.n_inner, 2);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(CableTree::new(&SegmentedMorphology::default()), Err(CellError::Empty));
        let mut bad = sticks(&[None, Some((0, 1.0))]);
        bad.segments.area_um2[1] = f64::NAN;
        assert!(matches!(CableTree::new(&bad), Err(CellError::BadCable { .. })));
        let orphan = sticks(&[Some((3, 1.0))]);
        assert!(matches!(CableTree::new(&orphan), Err(CellError::BadParent { .. })));
    }
}
