//! Resolved cells against those that NEURON had, case by case.

mod common;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use net_sonata::cell::{CableCell, Cell, CellSource};
use net_sonata::{Circuit, SimulationConfig};
use serde_json::Value as Json;

/// The cases with a resolved model.
fn cases() -> Vec<PathBuf> {
    let Some(folder) = common::reference() else { return Vec::new() };
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected/base/model.json.gz").exists())
        .collect();
    cases.sort();
    cases
}

fn model(case: &Path) -> Json {
    let file = std::fs::File::open(case.join("expected/base/model.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What is compared, and how far apart it is.
#[derive(Default)]
struct Comparison {
    n_cells: usize,
    n_segments: usize,
    n_values: usize,
    worst: f64,
    failures: Vec<String>,
}

impl Comparison {
    fn number(&mut self, what: impl Fn() -> String, found: f64, expected: f64) {
        self.n_values += 1;
        let off = (found - expected).abs() / expected.abs().max(1e-30);
        let off = if found == expected { 0.0 } else { off };
        self.worst = self.worst.max(off);
        // NEURON adds up areas and resistances in another order.
        if !matches!(off.partial_cmp(&1e-12), Some(std::cmp::Ordering::Less)) {
            self.failures.push(format!("{}: found {found}, expected {expected}", what()));
        }
    }

    fn cable(&mut self, gid: u64, cell: &CableCell, sections: &[Json], ids: &[u32]) {
        let (m, at) = (&cell.morphology, |what: &str| format!("cell {gid}: {what}"));
        if m.sections.len() != sections.len() {
            let found = format!("{} sections, expected {}", m.sections.len(), sections.len());
            self.failures.push(at(&found));
            return;
        }
        for (index, expected) in sections.iter().enumerate() {
            let section = &m.sections[index];
            let name = expected["name"].as_str().unwrap();
            if section.name != name || Some(u64::from(ids[index])) != expected["id"].as_u64() {
                let found =
                    format!("{} {}, expected {name} {}", section.name, ids[index], expected["id"]);
                self.failures.push(at(&found));
                return;
            }
            let parent = section.parent.map(|(p, x)| (m.sections[p].name.as_str(), x));
            let expected_parent = expected["parent"]
                .as_array()
                .map(|list| (list[0].as_str().unwrap(), list[1].as_f64().unwrap()));
            if parent != expected_parent {
                self.failures.push(at(&format!("{name}: {parent:?}, {expected_parent:?}")));
            }
            let n = expected["nseg"].as_u64().unwrap() as usize;
            if section.n_segments != n {
                self.failures.push(at(&format!("{name}: nseg {}, {n}", section.n_segments)));
                continue;
            }
            self.number(|| at(name) + " L", section.length_um, expected["L"].as_f64().unwrap());
            self.number(|| at(name) + " Ra", section.ra_ohm_cm, expected["Ra"].as_f64().unwrap());
            for k in 0..n {
                let segment = section.first_segment + k;
                let value = |json: &Json| json.as_array().map_or(json.as_f64(), |l| l[k].as_f64());
                let s = &m.segments;
                for (key, found) in [
                    ("diam", s.diam_um[segment]),
                    ("area", s.area_um2[segment]),
                    ("ri", s.ri_mohm[segment]),
                    ("cm", section.cm_uf_cm2),
                ] {
                    let what = || at(&format!("{name}[{k}].{key}"));
                    self.number(what, found, value(&expected[key]).unwrap());
                }
                self.n_segments += 1;
                self.mechanisms(&at(name), cell, segment, k, &expected["mechs"]);
                self.reversal(&at(name), cell, segment, k, &expected["ions"]);
            }
        }
        self.n_cells += 1;
    }

    fn mechanisms(
        &mut self,
        at: &str,
        cell: &CableCell,
        segment: usize,
        k: usize,
        expected: &Json,
    ) {
        let expected = expected.as_object().unwrap();
        let inserted: Vec<_> =
            cell.mechanisms.iter().filter(|m| m.segments.contains(&segment)).collect();
        let mut found: Vec<&str> = inserted.iter().map(|m| m.name.as_str()).collect();
        let mut names: Vec<&str> = expected.keys().map(String::as_str).collect();
        found.sort_unstable();
        names.sort_unstable();
        if found != names {
            self.failures.push(format!("{at}: mechanisms {found:?}, expected {names:?}"));
        }
        for mechanism in inserted {
            for (parameter, values) in &mechanism.parameters {
                let key = format!("{parameter}_{}", mechanism.name);
                let json = &expected[&mechanism.name][&key];
                let value = json.as_array().map_or(json.as_f64(), |list| list[k].as_f64());
                // Where nothing was set the mechanism's default holds.
                if let Some(value) = value.filter(|_| !values[segment].is_nan()) {
                    self.number(|| format!("{at}.{key}"), values[segment], value);
                }
            }
        }
    }

    /// Potentials that are computed from concentrations are not what was set.
    fn reversal(&mut self, at: &str, cell: &CableCell, segment: usize, k: usize, ions: &Json) {
        for (ion, values) in cell.reversal_mv.iter().filter(|(ion, _)| ion.as_str() != "ca") {
            let json = &ions[ion][&format!("e{ion}")];
            let value = json.as_array().map_or(json.as_f64(), |list| list[k].as_f64());
            if let Some(value) = value.filter(|_| !values[segment].is_nan()) {
                self.number(|| format!("{at}.e{ion}"), values[segment], value);
            }
        }
    }
}

/// HOC templates of others are not in the reference data; `$NET_HOC_TEMPLATES/<case>` has them.
/// Tells whether the cell model is there.
fn with_templates(case: &Path, source: &mut CellSource) -> bool {
    let Some(model) = &source.model else { return true };
    if model.exists() {
        return true;
    }
    let Some(folder) = std::env::var_os("NET_HOC_TEMPLATES") else { return false };
    let folder = PathBuf::from(folder).join(case.file_name().unwrap());
    source.model = Some(folder.join(model.file_name().unwrap()));
    source.model.as_ref().is_some_and(|path| path.exists())
}

#[test]
fn cells_are_those_of_the_reference() {
    let mut failed = Vec::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let config = SimulationConfig::load(&case.join("sim_base.json")).unwrap();
        let circuit = Circuit::open(&config).unwrap();
        let model = model(&case);
        let mut comparison = Comparison::default();
        let mut built: BTreeMap<CellSource, Cell> = BTreeMap::new();
        let mut skipped = 0;
        for expected in model["cells"].as_array().unwrap() {
            let population = circuit.population(expected["population"].as_str().unwrap()).unwrap();
            let node =
                expected.get("raw_gid").or(expected.get("node_id")).unwrap().as_u64().unwrap();
            let mut sources = population.cell_sources(&(node..node + 1)).unwrap();
            let mut source = sources.remove(0).unwrap();
            if !with_templates(&case, &mut source) {
                skipped += 1;
                continue;
            }
            let cell = built.entry(source.clone()).or_insert_with(|| {
                source.build(20.0).unwrap_or_else(|error| panic!("{name}: {error}"))
            });
            match cell {
                Cell::Cable(cell) => {
                    let ids = match config.flavor {
                        net_sonata::Flavor::Obi => cell.section_ids(),
                        net_sonata::Flavor::Allen => {
                            (0..cell.morphology.sections.len() as u32).collect()
                        }
                    };
                    let sections = expected["sections"].as_array().unwrap();
                    comparison.cable(node, cell, sections, &ids);
                }
                Cell::Artificial(cell) => {
                    assert_eq!(expected["artificial"]["mech"], *cell.mechanism);
                    for (parameter, value) in &cell.parameters {
                        let expected =
                            expected["artificial"]["params"][parameter].as_f64().unwrap();
                        comparison.number(|| format!("cell {node}.{parameter}"), *value, expected);
                    }
                    comparison.n_cells += 1;
                }
            }
        }
        println!(
            "{name}: {} cells, {} segments, {} values, largest relative difference {:.1e}, {} failures, \
             {skipped} cells without their template",
            comparison.n_cells,
            comparison.n_segments,
            comparison.n_values,
            comparison.worst,
            comparison.failures.len()
        );
        for failure in comparison.failures.iter().take(10) {
            println!("    {failure}");
        }
        if !comparison.failures.is_empty() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
