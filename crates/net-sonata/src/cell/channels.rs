//! Random streams of stochastic channels, by the rules that e-model templates follow (`re_init_rng`).

use net_cell::morphology::SectionKind;

use super::cable::CableCell;

/// Ids of the random streams of a stochastic channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelStreams {
    /// Its mechanism.
    pub mechanism: &'static str,
    /// Segments and the three ids of the stream of each.
    pub ids: Vec<(u32, [u32; 3])>,
}

const COUNTED: &str = "StochKv";
const NAMED: &str = "StochKv3";

impl CableCell {
    /// Ids of the random streams of the stochastic channels of this cell as node `node` of its
    /// population; `seed` is the run's `ionchannel_seed`.
    ///
    /// `StochKv3` has (node, hash of section and position, seed). `StochKv` has (seed, number, node + 1),
    /// where the segments of soma, basal and apical dendrites are numbered one after the other; those of a
    /// cell without it in the soma, and in axons, have no rule.
    pub fn channel_streams(&self, node: u64, seed: u32) -> Vec<ChannelStreams> {
        let named = self.segments_of(NAMED).map(|segment| {
            (segment as u32, [node as u32, name_hash(&self.segment_name(segment)), seed])
        });
        let named = ChannelStreams { mechanism: NAMED, ids: named.collect() };
        let counted = ChannelStreams { mechanism: COUNTED, ids: self.counted(node, seed) };
        [named, counted].into_iter().filter(|streams| !streams.ids.is_empty()).collect()
    }

    fn counted(&self, node: u64, seed: u32) -> Vec<(u32, [u32; 3])> {
        let kinds = [SectionKind::Soma, SectionKind::Basal, SectionKind::Apical];
        let segments = kinds.iter().flat_map(|kind| {
            let sections = self.morphology.sections.iter().filter(move |s| s.kind == *kind);
            sections.flat_map(|s| s.first_segment..s.first_segment + s.n_segments)
        });
        let has: Vec<usize> = self.segments_of(COUNTED).collect();
        let is_in = |segment: &usize| has.binary_search(segment).is_ok();
        let soma = self.morphology.sections.iter().find(|s| s.kind == SectionKind::Soma);
        if !soma.is_some_and(|soma| is_in(&soma.first_segment)) {
            return Vec::new();
        }
        let numbered = segments.enumerate().filter(|(_, segment)| is_in(segment));
        let ids = |(number, segment): (usize, usize)| {
            (segment as u32, [seed, number as u32, (node + 1) as u32])
        };
        numbered.map(ids).collect()
    }

    /// Segments that a mechanism is in, ascending.
    fn segments_of(&self, mechanism: &str) -> impl Iterator<Item = usize> {
        let inserted = self.mechanisms.iter().find(|inserted| inserted.name == mechanism);
        inserted.into_iter().flat_map(|inserted| inserted.segments.iter().copied())
    }

    /// Section and position as templates print them: `dend[3].0.1666666666666666574`.
    fn segment_name(&self, segment: usize) -> String {
        let section = &self.morphology.sections[self.morphology.segments.section[segment] as usize];
        // The position is added up segment by segment, as NEURON's loop over a section does.
        let step = 1.0 / section.n_segments as f64;
        let x = (0..segment - section.first_segment).fold(step / 2.0, |x, _| x + step);
        format!("{}.{}", section.name, with_19_digits(x))
    }
}

/// A number between 0 and 1 as C's `%.19g` writes it.
fn with_19_digits(x: f64) -> String {
    // Of 19 significant digits those after the point; the exponent is that after rounding.
    let scientific = format!("{x:.18e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    if exponent < -4 {
        return format!("{}e-{:02}", trimmed(mantissa), -exponent);
    }
    trimmed(&format!("{x:.*}", (18 - exponent) as usize))
}

/// The templates' hash of a text: 31 times what it was and the next character, modulo 2^31 - 1.
fn name_hash(text: &str) -> u32 {
    const MODULUS: u64 = (1 << 31) - 1;
    text.bytes().fold(0, |hash, byte| (hash * 31 + u64::from(byte)) % MODULUS) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_written_and_hashed_as_neuron_does() {
        // NEURON 9.0.2: for (x, 0) { sprint(s, "%.19g", x) }, and the hash of its templates.
        let x = [1.0 / 6.0, 1.0 / 6.0 + 1.0 / 3.0, 1.0 / 6.0 + 1.0 / 3.0 + 1.0 / 3.0];
        let written = x.map(with_19_digits);
        assert_eq!(written, ["0.1666666666666666574", "0.5", "0.8333333333333332593"]);
        assert_eq!(with_19_digits(1.0 / 16384.0), "6.103515625e-05");
        for (name, hash) in [
            ("soma[0].0.5", 1_940_962_635),
            ("dend[0].0.1666666666666666574", 1_186_760_807),
            ("dend[12].0.5", 1_383_279_389),
        ] {
            assert_eq!(name_hash(name), hash, "{name}");
        }
    }
}
