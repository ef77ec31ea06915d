//! Where on the target cell synapses sit: by sections, area, z range and depth.

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, DistributionError};
use crate::random::{Stream, WeightedIndex};

/// The segments of one placed and rotated cell, as far as synapses care.
#[derive(Clone, Copy, Debug)]
pub struct CellSites<'a> {
    /// Membrane area of each segment, um2.
    pub area_um2: &'a [f64],
    /// z coordinate of each segment's midpoint, um.
    pub z_mid_um: &'a [f64],
    /// Section of each segment, as an index into `section_names`.
    pub section_of_segment: &'a [u32],
    /// Names of the sections.
    pub section_names: &'a [String],
}

/// How the segments of synapses are chosen on a target cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SynapsePlacement {
    /// Each synapse at random, as [`RandomSites`] says.
    Random(RandomSites),
    /// All on this segment.
    Segment(u32),
}

/// Random sites: among the segments of the named sections whose midpoint lies strictly within the z
/// range, with probability proportional to `area * sum_k weight_k pdf_k(z_mid)`.
///
/// ```
/// use net_core::{CellSites, RandomSites, SiteSampler, SynapsePlacement};
/// let sections = vec!["dend".to_owned()];
/// let placement = SynapsePlacement::Random(RandomSites { sections, ..RandomSites::default() });
/// let names = ["soma".to_owned(), "dend[0]".to_owned()];
/// let cell = CellSites {
///     area_um2: &[700.0, 90.0, 110.0],
///     z_mid_um: &[0.0, 30.0, 60.0],
///     section_of_segment: &[0, 1, 1],
///     section_names: &names,
/// };
/// assert_eq!(SiteSampler::new(&placement, &cell)?.candidates(), [1, 2]);
/// # Ok::<(), net_core::SiteError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RandomSites {
    /// Sections whose name contains one of these strings; `allsec` means all of them.
    pub sections: Vec<String>,
    /// Lower bound of z, um; absent: none.
    pub z_min_um: Option<f64>,
    /// Upper bound of z, um; absent: none.
    pub z_max_um: Option<f64>,
    /// Terms of the depth law, evaluated at z in um; none: by area alone.
    pub depth: Vec<DepthTerm>,
}

/// One term of a depth law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthTerm {
    /// A continuous law of z, um.
    pub law: Distribution,
    /// Weight of its density, not negative.
    pub weight: f64,
}

/// What is wrong with the sites of synapses.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SiteError {
    /// The lists that describe a cell differ in length.
    #[error(
        "a cell of {n_segments} areas has {n_z} depths and {n_sections} section numbers; \
         give one of each a segment"
    )]
    Lengths {
        /// Number of areas.
        n_segments: usize,
        /// Number of depths.
        n_z: usize,
        /// Number of section indices.
        n_sections: usize,
    },
    /// A segment names a section that does not exist.
    #[error("segment {segment} is of section {section}, but there are {n_sections} section names")]
    SectionIndex {
        /// The segment.
        segment: usize,
        /// Its section index.
        section: u32,
        /// Number of names.
        n_sections: usize,
    },
    /// The z range is empty or not a number.
    #[error("z_min_um {z_min_um} must be below z_max_um {z_max_um}")]
    Range {
        /// Lower bound.
        z_min_um: f64,
        /// Upper bound.
        z_max_um: f64,
    },
    /// No section is named.
    #[error("no sections are given; name some, or \"allsec\" for all")]
    NoSections,
    /// A depth law is not possible.
    #[error("depth term {term}: {error}")]
    Depth {
        /// Number of the term, from 0.
        term: usize,
        /// What is wrong.
        error: DistributionError,
    },
    /// A depth law has a bad weight.
    #[error("depth term {term}: the weight {weight} must be finite and not negative")]
    DepthWeight {
        /// Number of the term, from 0.
        term: usize,
        /// The weight found.
        weight: f64,
    },
    /// No segment qualifies.
    #[error("no segment of sections {sections:?} lies between z {z_min_um} and {z_max_um} um")]
    NoCandidate {
        /// The names asked for.
        sections: Vec<String>,
        /// Lower bound of z.
        z_min_um: f64,
        /// Upper bound of z.
        z_max_um: f64,
    },
    /// Every qualifying segment has probability zero.
    #[error(
        "all {n_candidates} segments of sections {sections:?} have probability zero (or not a \
         number) by area and depth law; move or widen the depth law"
    )]
    NoProbability {
        /// The names asked for.
        sections: Vec<String>,
        /// Number of segments that qualify.
        n_candidates: usize,
    },
    /// A segment does not exist.
    #[error("segment {segment} does not exist; the cell has {n_segments}")]
    NoSuchSegment {
        /// The segment asked for.
        segment: u32,
        /// Number of segments of the cell.
        n_segments: usize,
    },
}

impl Default for RandomSites {
    fn default() -> Self {
        Self {
            sections: vec![ALL_SECTIONS.into()],
            z_min_um: None,
            z_max_um: None,
            depth: Vec::new(),
        }
    }
}

impl Default for SynapsePlacement {
    /// On all segments by area.
    fn default() -> Self {
        Self::Random(RandomSites::default())
    }
}

/// The name that stands for every section.
const ALL_SECTIONS: &str = "allsec";

impl SynapsePlacement {
    /// Checks what can be checked without a cell.
    ///
    /// # Errors
    /// An empty z range, no sections, a depth law without density.
    pub fn validate(&self) -> Result<(), SiteError> {
        let Self::Random(sites) = self else { return Ok(()) };
        if sites.sections.is_empty() {
            return Err(SiteError::NoSections);
        }
        let (z_min_um, z_max_um) = sites.z_range();
        if !(z_min_um < z_max_um) {
            return Err(SiteError::Range { z_min_um, z_max_um });
        }
        for (term, DepthTerm { law, weight }) in sites.depth.iter().enumerate() {
            law.validate()
                .and_then(|()| law.pdf(0.0))
                .map_err(|error| SiteError::Depth { term, error })?;
            if !(0.0 <= *weight && weight.is_finite()) {
                return Err(SiteError::DepthWeight { term, weight: *weight });
            }
        }
        Ok(())
    }
}

impl RandomSites {
    fn z_range(&self) -> (f64, f64) {
        (self.z_min_um.unwrap_or(f64::NEG_INFINITY), self.z_max_um.unwrap_or(f64::INFINITY))
    }

    fn selects(&self, section_name: &str) -> bool {
        let named = |s: &String| s == ALL_SECTIONS || section_name.contains(s.as_str());
        self.sections.iter().any(named)
    }

    /// `sum_k weight_k pdf_k(z)`; 1 without depth terms.
    fn depth_density(&self, z_um: f64) -> Result<f64, SiteError> {
        if self.depth.is_empty() {
            return Ok(1.0);
        }
        let mut sum = 0.0;
        for (term, DepthTerm { law, weight }) in self.depth.iter().enumerate() {
            sum += weight * law.pdf(z_um).map_err(|error| SiteError::Depth { term, error })?;
        }
        Ok(sum)
    }
}

impl CellSites<'_> {
    /// Number of segments.
    pub fn n_segments(&self) -> usize {
        self.area_um2.len()
    }

    fn validate(&self) -> Result<(), SiteError> {
        let (n_segments, n_z) = (self.area_um2.len(), self.z_mid_um.len());
        let n_sections = self.section_of_segment.len();
        if n_segments != n_z || n_segments != n_sections {
            return Err(SiteError::Lengths { n_segments, n_z, n_sections });
        }
        let n_sections = self.section_names.len();
        match self.section_of_segment.iter().position(|&s| n_sections <= s as usize) {
            Some(segment) => {
                let section = self.section_of_segment[segment];
                Err(SiteError::SectionIndex { segment, section, n_sections })
            }
            None => Ok(()),
        }
    }

    /// The segment, if the cell has it.
    pub(crate) fn require_segment(&self, segment: u32) -> Result<u32, SiteError> {
        let n_segments = self.n_segments();
        let exists = (segment as usize) < n_segments;
        exists.then_some(segment).ok_or(SiteError::NoSuchSegment { segment, n_segments })
    }
}

/// Sites of one cell ready to be drawn, built once for a cell and projection.
#[derive(Clone, Debug)]
pub struct SiteSampler {
    candidates: Vec<u32>,
    /// Absent when there is one candidate, which needs no draw.
    index: Option<WeightedIndex>,
}

impl SiteSampler {
    /// The sites of `placement` on the cell.
    ///
    /// # Errors
    /// A cell whose lists do not fit together, no qualifying segment, or only probabilities of zero.
    pub fn new(placement: &SynapsePlacement, cell: &CellSites) -> Result<Self, SiteError> {
        cell.validate()?;
        let sites = match placement {
            SynapsePlacement::Random(sites) => sites,
            &SynapsePlacement::Segment(segment) => {
                return Ok(Self { candidates: vec![cell.require_segment(segment)?], index: None });
            }
        };
        let selected: Vec<bool> =
            cell.section_names.iter().map(|name| sites.selects(name)).collect();
        let (z_min_um, z_max_um) = sites.z_range();
        let mut candidates = Vec::new();
        let mut weights = Vec::new();
        for (segment, (&z, &section)) in
            cell.z_mid_um.iter().zip(cell.section_of_segment).enumerate()
        {
            if selected[section as usize] && z_min_um < z && z < z_max_um {
                candidates.push(segment as u32);
                weights.push(cell.area_um2[segment] * sites.depth_density(z)?);
            }
        }
        if candidates.is_empty() {
            let sections = sites.sections.clone();
            return Err(SiteError::NoCandidate { sections, z_min_um, z_max_um });
        }
        let index = WeightedIndex::new(&weights).ok_or_else(|| SiteError::NoProbability {
            sections: sites.sections.clone(),
            n_candidates: candidates.len(),
        })?;
        Ok(Self { candidates, index: Some(index) })
    }

    /// Draws a segment.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        self.candidates[self.index.as_ref().map_or(0, |index| index.draw(stream))]
    }

    /// The segments that qualify, ascending.
    pub fn candidates(&self) -> &[u32] {
        &self.candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    fn cell(names: &[String]) -> CellSites<'_> {
        CellSites {
            area_um2: &[700.0, 90.0, 110.0, 50.0],
            z_mid_um: &[0.0, 30.0, 60.0, -40.0],
            section_of_segment: &[0, 1, 1, 2],
            section_names: names,
        }
    }

    fn names() -> Vec<String> {
        ["soma", "dend[0]", "apic[0]"].map(String::from).to_vec()
    }

    fn random(sections: &[&str]) -> RandomSites {
        RandomSites {
            sections: sections.iter().map(|s| s.to_string()).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn sections_match_by_substring_and_the_z_range_is_strict() {
        let names = names();
        let candidates = |sites: RandomSites| {
            let placement = SynapsePlacement::Random(sites);
            SiteSampler::new(&placement, &cell(&names)).map(|s| s.candidates().to_vec())
        };
        assert_eq!(candidates(random(&["dend", "apic"])).unwrap(), [1, 2, 3]);
        assert_eq!(candidates(random(&["allsec"])).unwrap(), [0, 1, 2, 3]);
        let above = RandomSites { z_min_um: Some(0.0), ..random(&["allsec"]) };
        assert_eq!(candidates(above).unwrap(), [1, 2]);
        let error = candidates(random(&["axon"])).unwrap_err().to_string();
        assert!(error.contains("axon") && error.contains("no segment"), "{error}");
    }

    #[test]
    fn probability_is_area_times_depth_density() {
        let names = names();
        let normal = |mean, std| Distribution::Normal { mean, std };
        let depth = vec![
            DepthTerm { law: normal(0.0, 30.0), weight: 0.4 },
            DepthTerm { law: normal(60.0, 20.0), weight: 0.6 },
        ];
        let placement = SynapsePlacement::Random(RandomSites { depth, ..random(&["allsec"]) });
        placement.validate().unwrap();
        let cell = cell(&names);
        let sampler = SiteSampler::new(&placement, &cell).unwrap();
        let gauss = |z: f64, m: f64, s: f64| (-0.5 * ((z - m) / s).powi(2)).exp() / s;
        let weights: Vec<f64> = (0..4)
            .map(|i| (cell.area_um2[i], cell.z_mid_um[i]))
            .map(|(area, z)| area * (0.4 * gauss(z, 0.0, 30.0) + 0.6 * gauss(z, 60.0, 20.0)))
            .collect();
        let total: f64 = weights.iter().sum();
        let n_draws = 100_000.0;
        let mut counts = [0.0; 4];
        let mut stream = Stream::new(4, Purpose::Segment, 0, [0, 0]);
        for _ in 0..n_draws as usize {
            counts[sampler.draw(&mut stream) as usize] += 1.0;
        }
        let chi2: f64 = counts
            .iter()
            .zip(&weights)
            .map(|(c, w)| (c - n_draws * w / total).powi(2) / (n_draws * w / total))
            .sum();
        assert!(chi2 < 16.3, "chi-square {chi2} of 3 degrees of freedom");
    }

    #[test]
    fn impossible_sites_are_errors() {
        let names = names();
        let depth =
            |mean| vec![DepthTerm { law: Distribution::Normal { mean, std: 1.0 }, weight: 1.0 }];
        let far = SynapsePlacement::Random(RandomSites { depth: depth(1e4), ..random(&["dend"]) });
        let error = SiteSampler::new(&far, &cell(&names)).unwrap_err().to_string();
        assert!(error.contains("all 2 segments") && error.contains("probability zero"), "{error}");
        let error = SiteSampler::new(&SynapsePlacement::Segment(9), &cell(&names)).unwrap_err();
        assert_eq!(error, SiteError::NoSuchSegment { segment: 9, n_segments: 4 });
        let short = CellSites { z_mid_um: &[0.0], ..cell(&names) };
        assert!(matches!(SiteSampler::new(&far, &short), Err(SiteError::Lengths { .. })));
        let discrete = DepthTerm { law: Distribution::Poisson { lambda: 3.0 }, weight: 1.0 };
        let sites = RandomSites { depth: vec![discrete], ..random(&["dend"]) };
        let error = SynapsePlacement::Random(sites).validate().unwrap_err().to_string();
        assert!(error.contains("depth term 0") && error.contains("no density"), "{error}");
        let sites = RandomSites { z_min_um: Some(1.0), z_max_um: Some(1.0), ..random(&["dend"]) };
        assert!(matches!(SynapsePlacement::Random(sites).validate(), Err(SiteError::Range { .. })));
    }
}
