//! The attribute `parameters`: JSON text with all that is not a table.

use std::fmt;
use std::path::Path;

use hdf5::Group;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::h5;

/// Parameters of a network given as tables.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkParameters {
    /// Time step in ms.
    pub dt_ms: f64,
    /// Duration in ms.
    pub tstop_ms: f64,
    /// Membrane potential at t = 0, in mV.
    pub v_init_mv: f64,
    /// Temperature in degrees Celsius.
    pub celsius: f64,
    /// A spike is an upward crossing of this potential in the soma, in mV.
    pub spike_threshold_mv: f64,
    /// Names and sizes of the populations, in order of their gids.
    pub populations: Vec<(String, u64)>,
    /// The mechanism of all external synapses; none if there are no external synapses.
    pub external: Option<ExternalParameters>,
    /// Mechanisms by the base name of sections, as `soma`.
    pub sections: Vec<(String, Vec<SectionMechanism>)>,
}

/// The mechanism of external synapses.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalParameters {
    /// The synapse mechanism, as `Exp2Syn`.
    pub mechanism: String,
    /// Names and values of its parameters, in NEURON's units.
    pub parameters: Vec<(String, f64)>,
}

/// A density mechanism of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionMechanism {
    /// Name, as `hh`.
    pub name: String,
    /// Names and values of its parameters, in NEURON's units. Reversal potentials of ions are
    /// among them, as `ena`.
    pub parameters: Vec<(String, f64)>,
}

/// The keys of the JSON text that have a meaning of their own.
#[derive(Deserialize)]
struct RawParameters {
    dt: f64,
    tstop: f64,
    v_init: f64,
    celsius: f64,
    #[serde(rename = "spike_threshold_mV", default = "default_threshold_mv")]
    spike_threshold_mv: f64,
    populations: Ordered<u64>,
    external: Option<Ordered<Value>>,
}

/// NEURON's and LFPy's usual threshold.
fn default_threshold_mv() -> f64 {
    -10.0
}

impl NetworkParameters {
    /// Number of cells of all populations.
    pub fn n_cells(&self) -> u64 {
        self.populations.iter().map(|(_, size)| size).sum()
    }

    pub(super) fn read(path: &Path, file: &Group) -> Result<Self> {
        let text = h5::text_attribute(path, file, "parameters")?.ok_or(Error::MissingObject {
            path: path.to_owned(),
            object: "/@parameters".to_owned(),
            expected: "JSON text with dt, tstop, v_init, celsius, populations, ...",
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let json = |source| Error::Json {
            path: path.to_owned(),
            object: "/@parameters".to_owned(),
            source,
        };
        let raw: RawParameters = serde_json::from_str(text).map_err(json)?;
        let all: Ordered<Value> = serde_json::from_str(text).map_err(json)?;
        let bad = |key: &str, found: String, expected: &str| Error::WrongType {
            path: path.to_owned(),
            object: format!("/@parameters.{key}"),
            found,
            expected: expected.to_owned(),
        };
        for (key, value) in [("dt", raw.dt), ("tstop", raw.tstop)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(bad(key, value.to_string(), "a positive number of ms"));
            }
        }
        if raw
            .populations
            .0
            .iter()
            .try_fold(0_u64, |sum, (_, size)| sum.checked_add(*size))
            .is_none()
        {
            return Err(bad("populations", "more than 2^64 cells".to_owned(), "fewer"));
        }
        // Every key whose value is a text of the form `mechanism: ...` describes sections.
        let mut sections = Vec::new();
        for (key, value) in all.0 {
            let Value::String(text) = value else { continue };
            match parse_mechanisms(&text) {
                Ok(mechanisms) => sections.push((key, mechanisms)),
                Err(NotMechanisms::OtherText) => {}
                Err(NotMechanisms::Malformed(expected)) => return Err(bad(&key, text, expected)),
            }
        }
        let external = raw.external.map(|external| parse_external(external, bad)).transpose()?;
        Ok(Self {
            dt_ms: raw.dt,
            tstop_ms: raw.tstop,
            v_init_mv: raw.v_init,
            celsius: raw.celsius,
            spike_threshold_mv: raw.spike_threshold_mv,
            populations: raw.populations.0,
            external,
            sections,
        })
    }
}

/// `syntype` is the mechanism; weights and delays are in the tables; all other numbers are its
/// parameters.
fn parse_external(
    external: Ordered<Value>,
    bad: impl Fn(&str, String, &str) -> Error,
) -> Result<ExternalParameters> {
    let mut mechanism = None;
    let mut parameters = Vec::new();
    for (key, value) in external.0 {
        match (key.as_str(), &value) {
            ("syntype", Value::String(name)) => mechanism = Some(name.clone()),
            ("weight" | "netcon_delay", _) => {}
            (_, Value::Number(number)) => {
                let value = number.as_f64().filter(|value| value.is_finite());
                let value = value.ok_or_else(|| {
                    bad(&format!("external.{key}"), number.to_string(), "a finite number")
                })?;
                parameters.push((key, value));
            }
            _ => {
                return Err(bad(&format!("external.{key}"), value.to_string(), "a number"));
            }
        }
    }
    match mechanism {
        Some(mechanism) => Ok(ExternalParameters { mechanism, parameters }),
        None => {
            Err(bad("external.syntype", "nothing".to_owned(), "the name of a synapse mechanism"))
        }
    }
}

/// Why a text is no list of mechanisms.
#[derive(Debug, PartialEq)]
enum NotMechanisms {
    /// It does not begin with `<name>:`, so it is about something else.
    OtherText,
    Malformed(&'static str),
}

/// Parses `hh: gnabar .12 gkbar .036 S/cm2 el -54.3; pas: g .0002 e -65`: after the name and a
/// colon, pairs of name and number; a word that no number follows is the unit of those before.
fn parse_mechanisms(text: &str) -> std::result::Result<Vec<SectionMechanism>, NotMechanisms> {
    let is_identifier = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut mechanisms = Vec::new();
    for part in text.split(';') {
        let Some((name, rest)) =
            part.split_once(':').filter(|(name, _)| is_identifier(name.trim()))
        else {
            let first = mechanisms.is_empty();
            return Err(match first {
                true => NotMechanisms::OtherText,
                false => NotMechanisms::Malformed(
                    "`<mechanism>: <parameter> <value> ...` after each `;`",
                ),
            });
        };
        let mut parameters = Vec::new();
        let mut words = rest.split_whitespace().peekable();
        while let Some(word) = words.next() {
            if word.parse::<f64>().is_ok() {
                return Err(NotMechanisms::Malformed("a parameter's name before each number"));
            }
            let Some(value) = words.peek().and_then(|next| next.parse::<f64>().ok()) else {
                if parameters.is_empty() {
                    return Err(NotMechanisms::Malformed("a number after each parameter's name"));
                }
                continue; // a unit
            };
            words.next();
            if !is_identifier(word) || !value.is_finite() {
                return Err(NotMechanisms::Malformed("names of parameters and finite numbers"));
            }
            parameters.push((word.to_owned(), value));
        }
        mechanisms.push(SectionMechanism { name: name.trim().to_owned(), parameters });
    }
    Ok(mechanisms)
}

/// A JSON object in the order of the text.
struct Ordered<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct OrderedVisitor<T>(std::marker::PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_map(OrderedVisitor(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"{"dt": 0.1, "tstop": 10, "v_init": -65, "celsius": 6.3,
        "populations": {"I": 2, "E": 3}, "gid_order": "I 0..1, E 2..4",
        "external": {"syntype": "Exp2Syn", "weight": 0.1, "tau1": 0.2, "tau2": 1.8, "e": 0},
        "soma": "hh: gnabar .12 gl .0003 S/cm2 el -54.3; pas: g 1e-4", "apic": "none: "}"#;

    fn parse(text: &str) -> Result<NetworkParameters> {
        NetworkParameters::parse(text, Path::new("network.h5"))
    }

    fn pairs(pairs: &[(&str, f64)]) -> Vec<(String, f64)> {
        pairs.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn json_keeps_the_order_of_populations() {
        let parameters = parse(MINIMAL).unwrap();
        assert_eq!(parameters.populations, [("I".to_owned(), 2), ("E".to_owned(), 3)]);
        assert_eq!(parameters.n_cells(), 5);
        assert_eq!(parameters.spike_threshold_mv, -10.0);
        let external = parameters.external.unwrap();
        assert_eq!(external.mechanism, "Exp2Syn");
        assert_eq!(external.parameters, pairs(&[("tau1", 0.2), ("tau2", 1.8), ("e", 0.0)]));
    }

    #[test]
    fn text_describes_mechanisms() {
        let parameters = parse(MINIMAL).unwrap();
        let soma = &parameters.sections[0];
        assert_eq!(soma.0, "soma");
        assert_eq!(soma.1[0].name, "hh");
        let hh = pairs(&[("gnabar", 0.12), ("gl", 0.0003), ("el", -54.3)]);
        assert_eq!(soma.1[0].parameters, hh);
        assert_eq!(soma.1[1].parameters, pairs(&[("g", 1e-4)]));
        assert_eq!(parameters.sections[1].1[0].parameters, pairs(&[]));
    }

    #[test]
    fn malformed_text_is_an_error() {
        for text in ["hh: gnabar", "hh: .12 gnabar", "hh: g 1; what", "hh: g inf"] {
            let json = MINIMAL.replace("none: ", text);
            let error = parse(&json).unwrap_err().to_string();
            assert!(error.contains("network.h5: `/@parameters.apic`"), "{text}: {error}");
        }
        assert!(matches!(parse("{"), Err(Error::Json { .. })));
        assert!(matches!(parse(&MINIMAL.replace("\"dt\"", "\"d\"")), Err(Error::Json { .. })));
        let error = parse(&MINIMAL.replace("0.1,", "-0.1,")).unwrap_err().to_string();
        assert!(error.contains("/@parameters.dt"), "{error}");
    }
}
