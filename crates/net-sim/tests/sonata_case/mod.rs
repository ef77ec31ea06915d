//! Cases that Neurodamus ran, run by the program, and what it wrote compared.

// Each test program uses its own part of this.
#![allow(dead_code)]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The reference cases; `None` where they are not there.
pub(crate) fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("NET_SHARED").map(PathBuf::from);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder =
        shared.unwrap_or_else(|| manifest.join("../../../shared")).join("reference/sonata");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no reference data at {}", folder.display());
    None
}

/// A case in a folder of its own, where cell models stand beside the files of the circuit.
pub(crate) struct Case {
    folder: tempfile::TempDir,
    expected: PathBuf,
    name: String,
}

/// Cell models: those in the repository, or in `$NET_HOC_TEMPLATES/<case>`.
fn templates(case: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata/templates");
    let needed = if case.contains("mini5") { "cADpyr229.hoc" } else { "TestCell.hoc" };
    let given = std::env::var_os("NET_HOC_TEMPLATES").map(|path| PathBuf::from(path).join(case));
    let folder = given.into_iter().chain([own]).find(|folder| folder.join(needed).exists());
    if folder.is_none() {
        println!("skipped: no cell models of {case} in $NET_HOC_TEMPLATES");
    }
    folder
}

impl Case {
    /// Lays out a case; `models` are the folders where its circuit looks for cell models.
    pub(crate) fn new(reference: &Path, name: &str, models: &[&str]) -> Option<Case> {
        let hoc = std::fs::canonicalize(templates(name)?).unwrap();
        let (folder, from) = (tempfile::tempdir().unwrap(), reference.join(name));
        link_all(&from, folder.path());
        for model in models {
            let to = folder.path().join(model);
            let parent = to.parent().unwrap();
            if parent.is_symlink() {
                let target = std::fs::canonicalize(parent).unwrap();
                std::fs::remove_file(parent).unwrap();
                std::fs::create_dir(parent).unwrap();
                link_all(&target, parent);
            }
            symlink(&hoc, to).unwrap();
        }
        Some(Case { folder, expected: from.join("expected"), name: name.to_owned() })
    }

    /// The configuration of a variant.
    pub(crate) fn configuration(&self, variant: &str) -> PathBuf {
        self.folder.path().join(format!("sim_{variant}.json"))
    }

    /// Changes the text of a variant's configuration.
    pub(crate) fn replace(&self, variant: &str, from: &str, to: &str) {
        let path = self.configuration(variant);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{}: no {from}", path.display());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Changes the text of a cell model.
    pub(crate) fn replace_in_model(&self, folder: &str, file: &str, from: &str, to: &str) {
        let folder = self.folder.path().join(folder);
        if folder.is_symlink() {
            let target = std::fs::canonicalize(&folder).unwrap();
            std::fs::remove_file(&folder).unwrap();
            std::fs::create_dir(&folder).unwrap();
            link_all(&target, &folder);
        }
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{}: no {from}", path.display());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Puts channels that open and close at random into the cell of the ring test, everywhere.
    pub(crate) fn insert_stochastic_channels(&self) {
        let rules = "insert StochKv3\n        gkbar_StochKv3 = 0.002\n        insert StochKv\n        \
                     gkbar_StochKv = 20\n        Ra = 100";
        self.replace_in_model("hoc", "TestCell.hoc", "Ra = 100", rules);
    }

    /// What was expected of a variant.
    pub(crate) fn expected(&self, variant: &str) -> PathBuf {
        self.expected.join(variant)
    }

    /// Runs a variant; gives the folder of its results.
    pub(crate) fn run(&self, variant: &str) -> PathBuf {
        self.run_with(variant, &[])
    }

    /// The same with more options.
    pub(crate) fn run_with(&self, variant: &str, options: &[&str]) -> PathBuf {
        let results = self.folder.path().join("results").join(variant);
        let run = Command::new(env!("CARGO_BIN_EXE_net-sim"))
            .arg("run")
            .arg(self.configuration(variant))
            .args(["--quiet", "--threads", "1", "--output"])
            .arg(&results)
            .args(options)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{} {variant}: {errors}", self.name);
        print!("{errors}");
        results
    }

    /// The spikes of a population that were found, and those that were expected, from files `out.h5`.
    pub(crate) fn spikes(&self, variant: &str, results: &Path, population: &str) -> [Spikes; 2] {
        let files = [results.to_owned(), self.expected.join(variant)];
        files.map(|folder| spike_list(&open(&folder.join("out.h5")), population))
    }

    /// Compares the results of a variant: spikes exactly, reports within `bound` of their largest
    /// value; `left_out` are reports that are not compared. Gives what differs.
    pub(crate) fn compare(
        &self,
        variant: &str,
        results: &Path,
        (bound, left_out): (f64, &[&str]),
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let expected = self.expected.join(variant);
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&expected).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "h5")) {
            let name = file.file_name().unwrap().to_str().unwrap();
            if name == "waves.h5" || left_out.contains(&name) {
                continue;
            }
            let at = format!("{} {variant} {name}", self.name);
            let found = results.join(name);
            if !found.exists() {
                wrong.push(format!("{at}: not there"));
                continue;
            }
            let (found, expected) = (open(&found), open(file));
            if expected.member_names().unwrap().contains(&"spikes".to_owned()) {
                wrong.extend(spikes(&at, &found, &expected));
            } else {
                wrong.extend(report(&at, &found, &expected, bound));
            }
        }
        let offsets = expected.join("populations_offset.dat");
        if offsets.exists() {
            let read = |path: &Path| std::fs::read_to_string(path).unwrap();
            if read(&results.join("populations_offset.dat")) != read(&offsets) {
                wrong.push(format!("{} {variant}: populations_offset.dat", self.name));
            }
        }
        wrong
    }
}

/// (time in ms, node)
pub(crate) type Spikes = Vec<(f64, f64)>;

/// Links folders and HDF5 files, and copies all others: what a test writes must not reach the reference.
fn link_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() || from.extension().is_some_and(|ending| ending == "h5") {
            symlink(from, to).unwrap();
        } else {
            std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
        }
    }
}

fn open(path: &Path) -> hdf5::File {
    hdf5::File::open(path).unwrap()
}

fn numbers(file: &hdf5::File, name: &str) -> Vec<f64> {
    file.dataset(name).unwrap().read_raw::<f64>().unwrap()
}

/// (time in ms, node) of all spikes of a population, as they stand in the file.
fn spike_list(file: &hdf5::File, population: &str) -> Vec<(f64, f64)> {
    let times = numbers(file, &format!("spikes/{population}/timestamps"));
    let nodes = numbers(file, &format!("spikes/{population}/node_ids"));
    times.into_iter().zip(nodes).collect()
}

fn spikes(at: &str, found: &hdf5::File, expected: &hdf5::File) -> Vec<String> {
    let mut wrong = Vec::new();
    for population in expected.group("spikes").unwrap().member_names().unwrap() {
        let (found, expected) = (spike_list(found, &population), spike_list(expected, &population));
        let near = |(a, b): (&(f64, f64), &(f64, f64))| (a.0 - b.0).abs() < 1e-9 && a.1 == b.1;
        let same = found.len() == expected.len() && found.iter().zip(&expected).all(near);
        println!("{at}: {population}: {} spikes, {}", found.len(), if same { "=" } else { "!" });
        if !same {
            wrong.push(format!("{at}: {population}: {found:?}, expected {expected:?}"));
        }
    }
    wrong
}

fn report(at: &str, found: &hdf5::File, expected: &hdf5::File, bound: f64) -> Vec<String> {
    let mut wrong = Vec::new();
    for population in expected.group("report").unwrap().member_names().unwrap() {
        let base = format!("report/{population}");
        for name in ["node_ids", "index_pointers", "element_ids", "time"] {
            let name = format!("{base}/mapping/{name}");
            let (found, expected) = (numbers(found, &name), numbers(expected, &name));
            if found != expected {
                wrong.push(format!("{at}: {name}: {found:?}, expected {expected:?}"));
            }
        }
        let name = format!("{base}/data");
        let shape = |file: &hdf5::File| file.dataset(&name).unwrap().shape();
        if shape(found) != shape(expected) {
            wrong.push(format!("{at}: {name}: {:?}, {:?}", shape(found), shape(expected)));
            continue;
        }
        let width = shape(expected)[1];
        let (found, expected) = (numbers(found, &name), numbers(expected, &name));
        // Currents that cancel leave roundings of other ones.
        let largest = expected.iter().fold(1e-9_f64, |most, x| most.max(x.abs()));
        let differences = found.iter().zip(&expected).map(|(a, b)| (a - b).abs() / largest);
        let worst =
            differences.enumerate().fold((0, 0.0), |w, (k, d)| if d > w.1 { (k, d) } else { w });
        let (row, column) = (worst.0 / width, worst.0 % width);
        println!(
            "{at}: {population}: {:.1e} of {largest:.3}, row {row} of {}, column {column} of {width}",
            worst.1,
            expected.len() / width
        );
        let is_finite = found.iter().all(|value| value.is_finite());
        if worst.1 > bound || !is_finite {
            let (found, expected) = (found[worst.0], expected[worst.0]);
            wrong.push(format!(
                "{at}: {name}: row {row}, column {column}: {found}, expected {expected}"
            ));
        }
    }
    wrong
}
