//! The rules by which the points of an SWC file become sections; see [`read_swc`](super::read_swc).

use super::import::{DrawnSection, SOMA};
use super::swc::SwcPoint;

/// Cuts the tree of points into sections, in the order of their first points.
pub(super) fn sections_of(points: &[SwcPoint]) -> Vec<DrawnSection> {
    let mut tree = Tree::new(points);
    tree.continue_somas();
    tree.continue_others();
    tree.sections()
}

/// The points with what the rules ask about them. Indices are those of the points, by id.
struct Tree<'a> {
    points: &'a [SwcPoint],
    root: usize,
    /// Children of every point, by id.
    children: Vec<Vec<usize>>,
    /// The child that continues the section of a point.
    next: Vec<Option<usize>>,
    /// Points that only tell the size of a spherical soma.
    dropped: Vec<usize>,
}

impl<'a> Tree<'a> {
    fn new(points: &'a [SwcPoint]) -> Self {
        let mut children = vec![Vec::new(); points.len()];
        let mut root = 0;
        for (index, point) in points.iter().enumerate() {
            match point.parent {
                Some(parent) => children[parent].push(index),
                None => root = index,
            }
        }
        let next = vec![None; points.len()];
        let mut tree = Self { points, root, children, next, dropped: Vec::new() };
        tree.dropped = tree.leaves_of_three_point_soma();
        tree.children[root].retain(|child| !tree.dropped.contains(child));
        tree
    }

    fn is_soma(&self, index: usize) -> bool {
        self.points[index].class == SOMA
    }

    fn n_soma_children(&self, index: usize) -> usize {
        self.children[index].iter().filter(|&&child| self.is_soma(child)).count()
    }

    /// NeuroMorpho writes a sphere as three soma points: the root and two leaves on its surface.
    fn leaves_of_three_point_soma(&self) -> Vec<usize> {
        let root = &self.points[self.root];
        let leaves: Vec<usize> = self.children[self.root]
            .iter()
            .copied()
            .filter(|&child| self.is_soma(child) && self.children[child].is_empty())
            .filter(|&child| self.points[child].diam_um == root.diam_um)
            .collect();
        let n_soma = self.points.iter().filter(|point| point.class == SOMA).count();
        if !self.is_soma(self.root) || n_soma != 3 || leaves.len() != 2 {
            return Vec::new();
        }
        let distance = |leaf: &usize| -> f64 {
            let position = self.points[*leaf].position_um;
            (0..3).map(|i| (position[i] - root.position_um[i]).powi(2)).sum::<f64>().sqrt()
        };
        let length: f64 = leaves.iter().map(distance).sum();
        if (length / root.diam_um - 1.0).abs() < 0.01 { leaves } else { Vec::new() }
    }

    /// A soma goes on past its dendrites; it ends where it branches itself, except at the root.
    fn continue_somas(&mut self) {
        for index in 0..self.points.len() {
            if !self.is_soma(index) {
                continue;
            }
            let first = self.children[index].iter().copied().find(|&child| self.is_soma(child));
            if index == self.root || self.n_soma_children(index) == 1 {
                self.next[index] = first;
            }
        }
    }

    /// Other sections end at branch points and where the type changes, except that the first point
    /// of a dendrite on a wire and a root are 0-ends to which further branches attach. (NEURON
    /// leaves the second point of a file out of this.)
    fn continue_others(&mut self) {
        for index in 0..self.points.len() {
            if self.is_soma(index) {
                continue;
            }
            let is_wire_end = match self.points[index].parent {
                Some(parent) => {
                    self.is_soma(parent) && index > 1 && self.soma_attachment(parent, index, true).1
                }
                None => true,
            };
            if self.children[index].len() == 1 || is_wire_end {
                let class = self.points[index].class;
                let mut children = self.children[index].iter().copied();
                self.next[index] = children.find(|&child| self.points[child].class == class);
            }
        }
    }

    /// Where on the soma's section a child of soma point `parent` attaches, and whether by a wire;
    /// `is_long` if the child's section has more than one own point.
    fn soma_attachment(&self, parent: usize, child: usize, is_long: bool) -> (f64, bool) {
        let may_wire = is_long && !self.is_soma(child);
        let soma_branches = self.n_soma_children(parent) > 0;
        let soma_splits = self.n_soma_children(parent) > 1;
        if parent == self.root {
            if soma_branches { (0.0, may_wire && soma_splits) } else { (0.5, may_wire) }
        } else if self.next[parent].is_some() {
            (0.5, may_wire)
        } else {
            (1.0, may_wire && soma_splits)
        }
    }

    /// As [`soma_attachment`](Self::soma_attachment), for a child of any point.
    fn attachment(&self, parent: usize, child: usize, is_long: bool) -> (f64, bool) {
        if self.is_soma(parent) {
            return self.soma_attachment(parent, child, is_long);
        }
        // Sections that go on in spite of a branch do so at their 0-end.
        let at_start = parent == self.root || self.next[parent].is_some();
        (if at_start { 0.0 } else { 1.0 }, false)
    }

    fn starts_section(&self, index: usize) -> bool {
        let continues = self.points[index].parent.is_some_and(|p| self.next[p] == Some(index));
        !continues && !self.dropped.contains(&index)
    }

    /// The points of the section that starts with point `start`.
    fn run(&self, start: usize) -> Vec<usize> {
        std::iter::successors(Some(start), |&index| self.next[index]).collect()
    }

    fn sections(&self) -> Vec<DrawnSection> {
        let starts: Vec<usize> =
            (0..self.points.len()).filter(|&index| self.starts_section(index)).collect();
        let mut section_of = vec![0; self.points.len()];
        for (section, &start) in starts.iter().enumerate() {
            for index in self.run(start) {
                section_of[index] = section;
            }
        }
        starts.iter().map(|&start| self.draw(start, &section_of)).collect()
    }

    fn draw(&self, start: usize, section_of: &[usize]) -> DrawnSection {
        let row = |index: usize| {
            let SwcPoint { position_um: [x, y, z], diam_um, .. } = self.points[index];
            [x, y, z, diam_um]
        };
        let mut points_um: Vec<[f64; 4]> = self.run(start).into_iter().map(row).collect();
        let SwcPoint { class, line, parent, .. } = self.points[start];
        let Some(parent) = parent else {
            return DrawnSection { class, parent: None, wire_um: None, points_um, line };
        };
        let (position, by_wire) = self.attachment(parent, start, points_um.len() > 1);
        let mut wire_um = None;
        if by_wire {
            wire_um = Some(self.points[parent].position_um);
        } else {
            let mut first = row(parent);
            if self.is_soma(parent) && !self.is_soma(start) {
                first[3] = points_um[0][3];
            }
            points_um.insert(0, first);
        }
        DrawnSection {
            class,
            parent: Some((section_of[parent], position)),
            wire_um,
            points_um,
            line,
        }
    }
}
