//! Cells in our own JSON; `docs/cells.md` describes it.

use std::path::Path;

use super::error::{CellModelError, Result};
use super::expression::Expression;
use super::recipe::{
    ArtificialCell, AxonRule, CellModel, CellRecipe, Myelin, PlacedRule, Rule, SectionList,
    SegmentRule, StubDiameters, Stubs,
};
use crate::Json;

/// Reads a cell of the format `net-sim-cell`.
///
/// # Errors
/// [`CellModelError`] with the key.
pub fn read_recipe(path: &Path) -> Result<CellModel> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CellModelError::Read { path: path.to_owned(), source })?;
    let json: Json = serde_json::from_str(&text).map_err(|error| CellModelError::Found {
        path: path.to_owned(),
        at: "the file".to_owned(),
        found: error.to_string(),
        expected: "JSON".to_owned(),
    })?;
    let root = Entry { path, at: String::new(), json: &json };
    if root.text("format")? != FORMAT {
        return Err(root.wrong("format", &format!("{FORMAT:?}")));
    }
    if root.number("version")? != 1.0 {
        return Err(root.wrong("version", "1"));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(artificial) = root.optional("artificial") {
        artificial.only(&["mechanism", "parameters"])?;
        root.only(&["format", "version", "artificial"])?;
        let mut parameters = Vec::new();
        if let Some(entries) = artificial.optional("parameters") {
            for (key, _) in entries.pairs()? {
                parameters.push((key.to_owned(), entries.number(key)?));
            }
        }
        let mechanism = artificial.text("mechanism")?.to_owned();
        return Ok(CellModel::Artificial(ArtificialCell { mechanism, parameters }));
    }
    root.only(&["format", "version", "segments", "axon", "rules"])?;
    let rules = root.list("rules")?.iter().map(rule).collect::<Result<_>>()?;
    Ok(CellModel::Cable(CellRecipe { name, segments: segments(&root)?, axon: axon(&root)?, rules }))
}

/// What `format` is.
const FORMAT: &str = "net-sim-cell";

fn segments(root: &Entry) -> Result<SegmentRule> {
    let entry = root.required("segments")?;
    entry.only(&["per_um", "fixed"])?;
    let mut fixed = Vec::new();
    if let Some(entries) = entry.optional("fixed") {
        for (key, _) in entries.pairs()? {
            let list = SectionList::from_name(key)
                .ok_or_else(|| entries.wrong(key, &format!("one of {}", SectionList::names())))?;
            fixed.push((list, entries.count(key)?));
        }
    }
    Ok(SegmentRule { per_um: entry.positive("per_um")?, fixed })
}

fn axon(root: &Entry) -> Result<AxonRule> {
    let entry = root.required("axon")?;
    match entry.json {
        Json::Text(word) if word == "keep" => return Ok(AxonRule::Keep),
        Json::Text(word) if word == "remove" => return Ok(AxonRule::Remove),
        Json::Object(_) => {}
        _ => return Err(root.wrong("axon", "\"keep\", \"remove\", or an object")),
    }
    entry.only(&["length_um", "soma_x", "diameters", "myelin"])?;
    let myelin = match entry.optional("myelin") {
        None => None,
        Some(myelin) => {
            myelin.only(&["length_um", "n_segments"])?;
            let length_um = myelin.positive("length_um")?;
            Some(Myelin { length_um, n_segments: myelin.count("n_segments")? })
        }
    };
    let soma_x = entry.number("soma_x")?;
    if !(0.0..=1.0).contains(&soma_x) {
        return Err(entry.wrong("soma_x", "0 to 1"));
    }
    let (length_um, diameters) = (entry.positive("length_um")?, diameters(&entry)?);
    Ok(AxonRule::Stubs(Stubs { length_um, diameters, soma_x, myelin }))
}

fn diameters(axon: &Entry) -> Result<StubDiameters> {
    let entry = axon.required("diameters")?;
    let words = "two diameters in um, \"beyond_60_um\", \"beyond_60_um_or_last\", \
                 \"first_and_last\", or an object with `sampled` or `tapered`";
    match entry.json {
        Json::Text(word) if word == "beyond_60_um" => {
            Ok(StubDiameters::Beyond60Um { or_last: false })
        }
        Json::Text(word) if word == "beyond_60_um_or_last" => {
            Ok(StubDiameters::Beyond60Um { or_last: true })
        }
        Json::Text(word) if word == "first_and_last" => Ok(StubDiameters::FirstAndLast),
        Json::List(values) => match values.iter().map(Json::as_f64).collect::<Vec<_>>()[..] {
            [Some(first), Some(second)] if first > 0.0 && second > 0.0 => {
                Ok(StubDiameters::Fixed([first, second]))
            }
            _ => Err(axon.wrong("diameters", words)),
        },
        _ => {
            if let Some(sampled) = entry.optional("sampled") {
                sampled.only(&["n_segments", "min_sections"])?;
                let n_segments = sampled.count("n_segments")?;
                let min_sections = sampled.count("min_sections")?;
                return Ok(StubDiameters::Sampled { n_segments, min_sections });
            }
            let Some(tapered) = entry.optional("tapered") else {
                return Err(axon.wrong("diameters", words));
            };
            let keys = ["n_segments", "strength", "taper_scale", "terminal_diameter", "scale"];
            tapered.only(&keys)?;
            let scale = tapered.optional("scale").map(|_| tapered.text("scale")).transpose()?;
            Ok(StubDiameters::Tapered {
                n_segments: tapered.count("n_segments")?,
                strength: tapered.number("strength")?,
                taper_scale: tapered.positive("taper_scale")?,
                terminal_diameter: tapered.number("terminal_diameter")?,
                scale: scale.map(str::to_owned),
            })
        }
    }
}

fn rule(entry: &Entry) -> Result<PlacedRule> {
    let list = SectionList::from_name(entry.text("sections")?)
        .ok_or_else(|| entry.wrong("sections", &format!("one of {}", SectionList::names())))?;
    let rule = if entry.optional("insert").is_some() {
        entry.only(&["sections", "insert"])?;
        Rule::Insert { list, mechanism: entry.text("insert")?.to_owned() }
    } else if entry.optional("value").is_some() {
        entry.only(&["sections", "set", "value"])?;
        let parameter = entry.text("set")?.to_owned();
        Rule::Set { list, parameter, value: entry.number("value")? }
    } else {
        entry.only(&["sections", "set", "expression", "origin"])?;
        let expression = Expression::parse(entry.text("expression")?)
            .map_err(|found| entry.wrong("expression", &format!("an expression: {found}")))?;
        let origin = entry.optional("origin").map(|_| entry.number("origin")).transpose()?;
        let (parameter, origin) = (entry.text("set")?.to_owned(), origin.unwrap_or(0.5));
        Rule::Distribute { list, parameter, expression, origin }
    };
    Ok(PlacedRule { at: entry.at.clone(), rule })
}

/// A value of the file, and where it stands.
struct Entry<'a> {
    path: &'a Path,
    at: String,
    json: &'a Json,
}

impl<'a> Entry<'a> {
    fn at(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    fn wrong(&self, key: &str, expected: &str) -> CellModelError {
        CellModelError::Found {
            path: self.path.to_owned(),
            at: self.at(key),
            found: self.json.key(key).map_or("nothing".to_owned(), Json::describe),
            expected: expected.to_owned(),
        }
    }

    fn optional(&self, key: &str) -> Option<Entry<'a>> {
        let json = self.json.key(key)?;
        Some(Entry { path: self.path, at: self.at(key), json })
    }

    fn required(&self, key: &str) -> Result<Entry<'a>> {
        self.optional(key).ok_or_else(|| self.wrong(key, "a value"))
    }

    fn text(&self, key: &str) -> Result<&'a str> {
        let text = self.json.key(key).and_then(Json::text);
        text.ok_or_else(|| self.wrong(key, "a text"))
    }

    fn number(&self, key: &str) -> Result<f64> {
        let number = self.json.key(key).and_then(Json::as_f64);
        number.filter(|number| number.is_finite()).ok_or_else(|| self.wrong(key, "a number"))
    }

    fn positive(&self, key: &str) -> Result<f64> {
        let number = self.number(key)?;
        if number > 0.0 { Ok(number) } else { Err(self.wrong(key, "a number greater than 0")) }
    }

    fn count(&self, key: &str) -> Result<usize> {
        match self.json.key(key) {
            Some(Json::Integer(n)) if (1..=32767).contains(n) => Ok(*n as usize),
            _ => Err(self.wrong(key, "a whole number, 1 to 32767")),
        }
    }

    fn pairs(&self) -> Result<&'a [(String, Json)]> {
        match self.json {
            Json::Object(entries) => Ok(entries),
            _ => Err(CellModelError::Found {
                path: self.path.to_owned(),
                at: self.at.clone(),
                found: self.json.describe(),
                expected: "an object".to_owned(),
            }),
        }
        .map(Vec::as_slice)
    }

    fn list(&self, key: &str) -> Result<Vec<Entry<'a>>> {
        let Some(Json::List(values)) = self.json.key(key) else {
            return Err(self.wrong(key, "a list"));
        };
        let entry = |(index, json)| Entry {
            path: self.path,
            at: format!("{}[{index}]", self.at(key)),
            json,
        };
        Ok(values.iter().enumerate().map(entry).collect())
    }

    /// Refuses keys that have no meaning.
    fn only(&self, known: &[&str]) -> Result<()> {
        match self.pairs()?.iter().find(|(key, _)| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => Err(CellModelError::Found {
                path: self.path.to_owned(),
                at: self.at(key),
                found: "an unknown key".to_owned(),
                expected: format!("only {}", known.join(", ")),
            }),
        }
    }
}
