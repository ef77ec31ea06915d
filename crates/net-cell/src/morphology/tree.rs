//! A morphology as sections with their shapes, and the builder that makes one in code.

use std::collections::HashSet;

use super::error::MorphologyError;
use super::segmented::SectionKind;

/// A 3-d point of a section. Single precision, as NEURON keeps it, so that lengths, areas and
/// resistances agree with NEURON's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// x, y, z in um.
    pub position_um: [f32; 3],
    /// Diameter in um.
    pub diam_um: f32,
}

/// The shape of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// Frusta between at least two points.
    Points {
        /// The points from the 0-end to the 1-end.
        points: Vec<Point>,
        /// Arc length of every point in um, from 0; taken before the section was moved to its
        /// parent, so that moving changes no length.
        arc_um: Vec<f64>,
    },
    /// A straight cylinder.
    Cylinder {
        /// Length in um.
        length_um: f64,
        /// Diameter in um.
        diam_um: f64,
        /// x, y, z of the 0-end in um.
        start_um: [f32; 3],
        /// x, y, z of the 1-end in um.
        end_um: [f32; 3],
    },
    /// Straight cylinders of equal length one after the other, without the rings between them:
    /// what a section is whose diameter was set segment by segment.
    Steps {
        /// Length of all together in um.
        length_um: f64,
        /// Their diameters in um, at least one.
        diam_um: Vec<f64>,
        /// x, y, z of the 0-end in um.
        start_um: [f32; 3],
        /// x, y, z of the 1-end in um.
        end_um: [f32; 3],
    },
}

/// One unbranched cable of a [`Morphology`].
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Name, unique in the morphology, e.g. `dend[3]`.
    pub name: String,
    /// Class of the section.
    pub kind: SectionKind,
    /// Index of the parent section and the position 0..=1 on it; `None` for the root.
    pub parent: Option<(usize, f64)>,
    /// The shape, at its final place.
    pub shape: Shape,
    /// How far it was moved from where its points were drawn, in um.
    pub moved_um: [f32; 3],
}

impl Section {
    /// Arc length in um.
    pub fn length_um(&self) -> f64 {
        match &self.shape {
            Shape::Points { arc_um, .. } => arc_um[arc_um.len() - 1],
            Shape::Cylinder { length_um, .. } | Shape::Steps { length_um, .. } => *length_um,
        }
    }

    /// First and last point in um.
    pub fn ends_um(&self) -> ([f32; 3], [f32; 3]) {
        match &self.shape {
            Shape::Points { points, .. } => {
                (points[0].position_um, points[points.len() - 1].position_um)
            }
            Shape::Cylinder { start_um, end_um, .. } | Shape::Steps { start_um, end_um, .. } => {
                (*start_um, *end_um)
            }
        }
    }
}

/// The shape of one cell: a tree of sections, each with its final place in space.
///
/// Made by [`read`](super::read) or by a [`MorphologyBuilder`]; has at least one section; the
/// root is section 0 and a parent precedes its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Morphology {
    sections: Vec<Section>,
}

impl Morphology {
    /// The sections; a parent precedes its children.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Index of the section of this name.
    pub fn section_index(&self, name: &str) -> Option<usize> {
        self.sections.iter().position(|section| section.name == name)
    }

    /// A builder that has these sections already, to add others to them.
    pub fn into_builder(self) -> MorphologyBuilder {
        MorphologyBuilder {
            drawn: vec![Drawn::AtParent; self.sections.len()],
            names: self.sections.iter().map(|section| section.name.clone()).collect(),
            n_placed: self.sections.len(),
            sections: self.sections,
        }
    }

    /// The morphology without all sections of a class, at their places.
    ///
    /// # Errors
    ///
    /// A section of another class that hangs on one of this class, or is left without any.
    pub fn without(self, kind: SectionKind) -> Result<Self, MorphologyError> {
        let mut kept = Vec::with_capacity(self.sections.len());
        let mut sections: Vec<Section> = Vec::with_capacity(self.sections.len());
        for section in self.sections {
            if section.kind == kind {
                kept.push(None);
                continue;
            }
            kept.push(Some(sections.len()));
            let parent = match section.parent {
                None => None,
                Some((parent, position)) => match kept[parent] {
                    Some(parent) => Some((parent, position)),
                    None => return Err(MorphologyError::LosesParent { name: section.name }),
                },
            };
            sections.push(Section { parent, ..section });
        }
        if sections.is_empty() {
            return Err(MorphologyError::NoSections);
        }
        Ok(Morphology { sections })
    }
}

/// How a section was drawn relative to its parent; decides how it is moved to it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Drawn {
    /// The first point is the attachment point.
    AtParent,
    /// A wire without length leads from this point on the parent to the first point.
    ByWire([f32; 3]),
}

/// Makes a [`Morphology`] section by section, parents first.
///
/// # Example
///
/// ```
/// use net_cell::morphology::{MorphologyBuilder, SectionKind};
///
/// let mut builder = MorphologyBuilder::new();
/// let soma = builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
/// let tree = builder.points(
///     "apic[0]",
///     SectionKind::Apical,
///     Some((soma, 1.0)),
///     &[[0.0, 0.0, 0.0, 3.0], [0.0, 0.0, 300.0, 1.0]],
/// )?;
/// builder.cylinder("apic[1]", SectionKind::Apical, Some((tree, 1.0)), 100.0, 1.0)?;
/// let morphology = builder.build()?;
/// // The apical tree was drawn at the origin and has been moved to the end of the soma.
/// assert_eq!(morphology.sections()[1].ends_um().0, [20.0, 0.0, 0.0]);
/// # Ok::<(), net_cell::morphology::MorphologyError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MorphologyBuilder {
    sections: Vec<Section>,
    drawn: Vec<Drawn>,
    names: HashSet<String>,
    /// The first sections, which are at their places already.
    n_placed: usize,
}

impl MorphologyBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a straight cylinder and returns the index of the section. Length and diameter in um.
    ///
    /// The cylinder is placed in [`build`](Self::build): the root from the origin along x, a child
    /// from its attachment point on in the direction of its parent, siblings fanned out.
    pub fn cylinder(
        &mut self,
        name: &str,
        kind: SectionKind,
        parent: Option<(usize, f64)>,
        length_um: f64,
        diam_um: f64,
    ) -> Result<usize, MorphologyError> {
        check_positive(name, "length (um)", length_um)?;
        check_positive(name, "diameter (um)", diam_um)?;
        let origin = [0.0; 3];
        let shape = Shape::Cylinder { length_um, diam_um, start_um: origin, end_um: origin };
        self.add(name, kind, parent, shape, Drawn::AtParent)
    }

    /// Adds a straight section of cylinders of equal length, with these diameters in um, and returns
    /// its index. It is placed as a [`cylinder`](Self::cylinder).
    pub fn steps(
        &mut self,
        name: &str,
        kind: SectionKind,
        parent: Option<(usize, f64)>,
        length_um: f64,
        diam_um: &[f64],
    ) -> Result<usize, MorphologyError> {
        check_positive(name, "length (um)", length_um)?;
        if diam_um.is_empty() {
            check_positive(name, "number of diameters", 0.0)?;
        }
        for diam_um in diam_um {
            check_positive(name, "diameter (um)", *diam_um)?;
        }
        let (start_um, end_um) = ([0.0; 3], [0.0; 3]);
        let shape = Shape::Steps { length_um, diam_um: diam_um.to_vec(), start_um, end_um };
        self.add(name, kind, parent, shape, Drawn::AtParent)
    }

    /// Adds a section of 3-d points, rows of x, y, z, diameter in um, and returns its index.
    ///
    /// A child is moved as a whole in [`build`](Self::build), so that its first point lies on the
    /// straight line between the ends of its parent, at the position of attachment.
    pub fn points(
        &mut self,
        name: &str,
        kind: SectionKind,
        parent: Option<(usize, f64)>,
        points_um: &[[f64; 4]],
    ) -> Result<usize, MorphologyError> {
        let shape = points_shape(name, points_um)?;
        self.add(name, kind, parent, shape, Drawn::AtParent)
    }

    /// Adds a child of 3-d points that a wire without length or resistance joins to its parent.
    ///
    /// `wire_um` is the point where the wire was drawn to start on the parent. The section moves
    /// with that point only, so it keeps its distance from the parent; this is how a dendrite that
    /// starts at the surface of a thick soma hangs on the soma's center.
    pub fn points_by_wire(
        &mut self,
        name: &str,
        kind: SectionKind,
        parent: (usize, f64),
        wire_um: [f64; 3],
        points_um: &[[f64; 4]],
    ) -> Result<usize, MorphologyError> {
        for value in wire_um {
            check_finite(name, "coordinate of the wire (um)", value)?;
        }
        let shape = points_shape(name, points_um)?;
        let drawn = Drawn::ByWire(wire_um.map(|value| value as f32));
        self.add(name, kind, Some(parent), shape, drawn)
    }

    /// Puts every section in its place and returns the morphology.
    pub fn build(mut self) -> Result<Morphology, MorphologyError> {
        if self.sections.is_empty() {
            return Err(MorphologyError::NoSections);
        }
        for index in self.n_placed..self.sections.len() {
            self.place(index);
        }
        for section in &self.sections {
            let (start, end) = section.ends_um();
            for value in start.into_iter().chain(end) {
                check_finite(&section.name, "coordinate (um) after attachment", value.into())?;
            }
        }
        Ok(Morphology { sections: self.sections })
    }

    fn add(
        &mut self,
        name: &str,
        kind: SectionKind,
        parent: Option<(usize, f64)>,
        shape: Shape,
        drawn: Drawn,
    ) -> Result<usize, MorphologyError> {
        let index = self.sections.len();
        match (parent, self.sections.first()) {
            (None, Some(root)) => {
                return Err(MorphologyError::SecondRoot {
                    name: name.into(),
                    root: root.name.clone(),
                });
            }
            (Some((parent, _)), _) if parent >= index => {
                return Err(MorphologyError::UnknownParentSection {
                    name: name.into(),
                    parent,
                    n_sections: index,
                });
            }
            (Some((_, position)), _) if !(0.0..=1.0).contains(&position) => {
                return Err(MorphologyError::SectionValue {
                    name: name.into(),
                    quantity: "position on the parent",
                    found: position,
                    expected: "0 to 1",
                });
            }
            _ => {}
        }
        if !self.names.insert(name.into()) {
            return Err(MorphologyError::DuplicateName { name: name.into() });
        }
        let moved_um = [0.0; 3];
        self.sections.push(Section { name: name.into(), kind, parent, shape, moved_um });
        self.drawn.push(drawn);
        Ok(index)
    }

    /// Moves section `index` to its parent, whose place is final already.
    fn place(&mut self, index: usize) {
        let attachment = self.sections[index].parent.map(|(parent, position)| {
            let (start, end) = self.sections[parent].ends_um();
            std::array::from_fn(|axis| {
                (f64::from(end[axis]) * position + f64::from(start[axis]) * (1.0 - position)) as f32
            })
        });
        let direction = match self.sections[index].shape {
            Shape::Cylinder { .. } | Shape::Steps { .. } => self.direction_of_cylinder(index),
            Shape::Points { .. } => [0.0; 3],
        };
        let Section { shape, moved_um, .. } = &mut self.sections[index];
        match shape {
            Shape::Points { points, .. } => {
                let Some(attachment) = attachment else { return };
                let from = match self.drawn[index] {
                    Drawn::AtParent => points[0].position_um,
                    Drawn::ByWire(wire) => wire,
                };
                *moved_um = std::array::from_fn(|axis| attachment[axis] - from[axis]);
                for point in points {
                    for (position, moved) in point.position_um.iter_mut().zip(&*moved_um) {
                        *position += moved;
                    }
                }
            }
            Shape::Cylinder { length_um, start_um, end_um, .. }
            | Shape::Steps { length_um, start_um, end_um, .. } => {
                *start_um = attachment.unwrap_or([0.0; 3]);
                *end_um = std::array::from_fn(|axis| {
                    (f64::from(start_um[axis]) + *length_um * direction[axis]) as f32
                });
            }
        }
    }

    /// Where a cylinder points: as its parent in the xy plane (away from the 0-end if it is
    /// attached to the first half), at a right angle to it if attached inside, and siblings of one
    /// attachment point spread over 0.8 rad. The root points along x.
    fn direction_of_cylinder(&self, index: usize) -> [f64; 3] {
        let Some((parent, position)) = self.sections[index].parent else {
            return [1.0, 0.0, 0.0];
        };
        let (start, end) = self.sections[parent].ends_um();
        let sign = if position < 0.5 { -1.0 } else { 1.0 };
        let dx = sign * f64::from(end[0] - start[0]);
        let dy = sign * f64::from(end[1] - start[1]);
        let mut angle = if dx.abs() < 1e-6 && dy.abs() < 1e-6 { 0.0 } else { dy.atan2(dx) };
        if 0.0 < position && position < 1.0 {
            angle += std::f64::consts::FRAC_PI_2;
        }
        let is_sibling = |section: &Section| section.parent == Some((parent, position));
        let n_siblings = self.sections.iter().filter(|section| is_sibling(section)).count();
        if n_siblings > 1 {
            let rank = self.sections[..index].iter().filter(|section| is_sibling(section)).count();
            angle += 0.8 * rank as f64 / (n_siblings - 1) as f64 - 0.4;
        }
        [angle.cos(), angle.sin(), 0.0]
    }
}

/// Points in single precision with the arc lengths between them.
fn points_shape(name: &str, points_um: &[[f64; 4]]) -> Result<Shape, MorphologyError> {
    if points_um.len() < 2 {
        return Err(MorphologyError::SectionValue {
            name: name.into(),
            quantity: "a number of points",
            found: points_um.len() as f64,
            expected: "at least 2",
        });
    }
    let mut points = Vec::with_capacity(points_um.len());
    for &[x, y, z, diam] in points_um {
        for value in [x, y, z] {
            check_finite(name, "coordinate (um)", value)?;
        }
        check_positive(name, "diameter (um)", diam)?;
        let position_um = [x as f32, y as f32, z as f32];
        points.push(Point { position_um, diam_um: diam as f32 });
    }
    let mut arc_um = vec![0.0];
    for pair in points.windows(2) {
        let squares: f64 = (0..3)
            .map(|axis| f64::from(pair[1].position_um[axis] - pair[0].position_um[axis]).powi(2))
            .sum();
        arc_um.push(arc_um[arc_um.len() - 1] + squares.sqrt());
    }
    check_positive(name, "length (um)", arc_um[arc_um.len() - 1])?;
    Ok(Shape::Points { points, arc_um })
}

/// Finite also in single precision.
fn check_finite(name: &str, quantity: &'static str, found: f64) -> Result<(), MorphologyError> {
    if (found as f32).is_finite() {
        return Ok(());
    }
    let expected = "a finite number in single precision";
    Err(MorphologyError::SectionValue { name: name.into(), quantity, found, expected })
}

/// Above 0 and finite also in single precision.
fn check_positive(name: &str, quantity: &'static str, found: f64) -> Result<(), MorphologyError> {
    if found as f32 > 0.0 && (found as f32).is_finite() {
        return Ok(());
    }
    let expected = "a finite number above 0";
    Err(MorphologyError::SectionValue { name: name.into(), quantity, found, expected })
}
