//! Finding sections and segments of a divided morphology.

use super::segmented::SegmentedMorphology;

/// Stands for all sections where names are matched, as in LFPy.
pub const ALL_SECTIONS: &str = "allsec";

impl SegmentedMorphology {
    /// Index of the section of this name.
    pub fn section_index(&self, name: &str) -> Option<usize> {
        self.sections.iter().position(|section| section.name == name)
    }

    /// Segments, in ascending order, of all sections whose name contains one of `names`; of all
    /// sections if one of them is [`ALL_SECTIONS`].
    pub fn segments_named<S: AsRef<str>>(&self, names: &[S]) -> Vec<usize> {
        let matches = |section_name: &str| {
            let mut names = names.iter().map(AsRef::as_ref);
            names.any(|name| name == ALL_SECTIONS || section_name.contains(name))
        };
        self.sections
            .iter()
            .filter(|section| matches(&section.name))
            .flat_map(|section| section.first_segment..section.first_segment + section.n_segments)
            .collect()
    }

    /// The [`segments_named`](Self::segments_named) whose middle has `z_um.0 < z < z_um.1`; LFPy's
    /// `get_idx`. For a placed cell see [`PlacedPoints::within_z`](super::PlacedPoints::within_z).
    pub fn segments_matching<S: AsRef<str>>(&self, names: &[S], z_um: (f64, f64)) -> Vec<usize> {
        let mut segments = self.segments_named(names);
        segments.retain(|&segment| {
            let z = self.midpoint(segment)[2];
            z_um.0 < z && z < z_um.1
        });
        segments
    }

    /// Of the [`segments_named`](Self::segments_named) the one whose middle is closest to a point,
    /// the first of equals; `None` if no section matches. LFPy's `get_closest_idx`.
    pub fn closest_segment<S: AsRef<str>>(&self, point_um: [f64; 3], names: &[S]) -> Option<usize> {
        let square_distance = |&segment: &usize| -> f64 {
            let middle = self.midpoint(segment);
            (0..3).map(|axis| (middle[axis] - point_um[axis]).powi(2)).sum()
        };
        self.segments_named(names)
            .into_iter()
            .min_by(|a, b| square_distance(a).total_cmp(&square_distance(b)))
    }
}
