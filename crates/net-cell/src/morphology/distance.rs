//! Distances along the cell.

use super::segmented::SegmentedMorphology;

impl SegmentedMorphology {
    /// Distance in um along the cell from position `x` of `section` to the middle of every segment,
    /// as NEURON's `distance`: positions inside a section count as the middle of their segment.
    ///
    /// # Panics
    ///
    /// When there is no such section.
    pub fn path_distances_um(&self, section: usize, x: f64) -> Vec<f64> {
        // Where the way from the origin towards the root crosses a section, and how long it is there.
        let mut crossings: Vec<Option<(f64, f64)>> = vec![None; self.sections.len()];
        let (mut at, mut position, mut distance) = (section, self.node_position(section, x), 0.0);
        loop {
            crossings[at] = Some((position, distance));
            let Some((parent, x)) = self.sections[at].parent else { break };
            distance += position * self.sections[at].length_um;
            position = self.node_position(parent, x);
            at = parent;
        }
        // From the 0-end of every section, parents first.
        let mut starts = vec![0.0; self.sections.len()];
        let along = |starts: &[f64], section: usize, position: f64| {
            let length = self.sections[section].length_um;
            match crossings[section] {
                Some((crossing, distance)) => distance + (position - crossing).abs() * length,
                None => starts[section] + position * length,
            }
        };
        for index in 0..self.sections.len() {
            if let (None, Some((parent, x))) = (crossings[index], self.sections[index].parent) {
                starts[index] = along(&starts, parent, self.node_position(parent, x));
            }
        }
        let segments = self.segments.section.iter().zip(&self.segments.x);
        segments.map(|(section, x)| along(&starts, *section as usize, *x)).collect()
    }

    /// The middle of the segment at `x`, or the end of the section.
    fn node_position(&self, section: usize, x: f64) -> f64 {
        if x <= 0.0 || x >= 1.0 {
            return x.clamp(0.0, 1.0);
        }
        let n = self.sections[section].n_segments as f64;
        ((x * n).floor() + 0.5) / n
    }
}
