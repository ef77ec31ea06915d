//! Where results come from: what was run, with what, where and when.
//!
//! [`Provenance`] is written to `provenance.json` of a run's directory and, as JSON, into each
//! file of results. Files that must not depend on who ran a model get the part of it that does not,
//! [`Provenance::reproducible`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::fsio;
use crate::h5::NewFile;
use crate::nix::{UtcTime, Uuid};
use crate::store::RunDirectory;

/// The record of a run.
///
/// ```
/// use net_io::provenance::{Provenance, sha256};
///
/// let mut provenance = Provenance::new("ei_network", 1234, 0.1);
/// provenance.duration_ms = 1000.0;
/// provenance.configuration_hash = Some(sha256(br#"{"tstop": 1000}"#));
/// provenance.mark_started();
/// provenance.mark_finished();
/// assert!(provenance.wall_seconds.is_some());
/// assert!(provenance.reproducible().finished_at.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of this record; [`Provenance::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The run: the same on all ranks, in every file.
    pub simulation_id: Uuid,
    /// Name of the simulation.
    pub simulation_name: String,
    /// When it began.
    pub started_at: Option<UtcTime>,
    /// When it ended; none if it did not.
    pub finished_at: Option<UtcTime>,
    /// Seconds in between, s.
    pub wall_seconds: Option<f64>,
    /// Seed of all random streams.
    pub seed: u64,
    /// Simulated time in ms.
    pub duration_ms: f64,
    /// Step in ms.
    pub resolution_ms: f64,
    /// SHA-256 of the model, as the program that made it defines it.
    pub model_hash: Option<String>,
    /// SHA-256 of the configuration, as the program that read it defines it.
    pub configuration_hash: Option<String>,
    /// The stored network that was simulated, if there is one.
    pub scaffold: Scaffold,
    /// The program.
    pub simulator: Simulator,
    /// What was loaded into it: by kind, by name.
    pub plugins: BTreeMap<String, BTreeMap<String, Plugin>>,
    /// The machine of the first rank.
    pub host: Option<Host>,
    /// The machine of each rank.
    pub ranks: Vec<RankHost>,
    /// Number of ranks.
    pub mpi_size: Option<u32>,
    /// Threads of each rank.
    pub threads: Option<u32>,
}

/// A stored network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaffold {
    /// Identifier of the store.
    pub storage_id: Option<String>,
    /// Counts the changes of the store.
    pub state_id: Option<u64>,
    /// Where it is.
    pub root: Option<String>,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulator {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How it was built.
    pub extra: Build,
}

/// How a program was built.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Features it was built with, as `mpi`.
    pub features: Vec<String>,
    /// The commit it was built from.
    pub commit: Option<String>,
}

/// Something loaded into the program, as a library of compiled mechanisms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// The package or file it comes from.
    pub package: String,
    /// Its version, where it has one.
    pub version: Option<String>,
    /// Where it is.
    #[serde(default)]
    pub path: Option<String>,
    /// SHA-256 of its content, in hexadecimal digits.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Version of the interface through which the program uses it.
    #[serde(default)]
    pub interface_version: Option<u32>,
}

impl Plugin {
    /// A part of a package that belongs to the program.
    pub fn of_package(package: &str, version: &str) -> Self {
        let (package, version) = (package.to_owned(), Some(version.to_owned()));
        Plugin { package, version, ..Plugin::default() }
    }

    /// A library in a file; without hash if the file cannot be read any more.
    pub fn of_file(path: &Path, interface_version: u32) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Plugin {
            package: name.to_string_lossy().into_owned(),
            version: None,
            path: Some(path.display().to_string()),
            sha256: fs::read(path).ok().map(|bytes| sha256(&bytes)),
            interface_version: Some(interface_version),
        }
    }
}

/// A machine. What cannot be found out is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system and processor, as `linux-x86_64`.
    pub platform: Option<String>,
    /// Python is not needed; here for readers that expect it.
    pub python_version: Option<String>,
    /// Name of the machine.
    pub hostname: Option<String>,
    /// Who ran it.
    pub user: Option<String>,
    /// Working directory.
    pub cwd: Option<String>,
}

/// A rank and its machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankHost {
    /// The rank.
    pub mpi_rank: u32,
    /// Its machine.
    pub host: Host,
}

/// Attribute of the root of files with the record of the run that made them.
pub(crate) const ATTRIBUTE: &str = "provenance";

impl Provenance {
    /// The version of the record that this program writes.
    pub const SCHEMA_VERSION: u32 = 1;

    /// The record of a run of this program on one rank, not begun, with a new identifier.
    /// `resolution_ms` is the step.
    pub fn new(simulation_name: impl Into<String>, seed: u64, resolution_ms: f64) -> Self {
        Self {
            schema_version: Self::SCHEMA_VERSION,
            simulation_id: Uuid::random(),
            simulation_name: simulation_name.into(),
            started_at: None,
            finished_at: None,
            wall_seconds: None,
            seed,
            duration_ms: 0.0,
            resolution_ms,
            model_hash: None,
            configuration_hash: None,
            scaffold: Scaffold::default(),
            simulator: Simulator::this(),
            plugins: BTreeMap::new(),
            host: Some(Host::this()),
            ranks: Vec::new(),
            mpi_size: Some(1),
            threads: None,
        }
    }

    /// The run begins now.
    pub fn mark_started(&mut self) {
        self.started_at = Some(UtcTime::now());
    }

    /// The run ends now, some whole seconds after it began; who measured it better sets
    /// `wall_seconds` afterwards.
    pub fn mark_finished(&mut self) {
        let now = UtcTime::now();
        self.finished_at = Some(now);
        let began = self.started_at.unwrap_or(now);
        self.wall_seconds = Some((now.unix_seconds() - began.unix_seconds()) as f64);
    }

    /// What does not depend on who ran it, when, where and on how many ranks: the same for every
    /// run of one model with one configuration and program, apart from the identifier.
    #[must_use]
    pub fn reproducible(&self) -> Self {
        let mut plugins = self.plugins.clone();
        plugins.values_mut().flat_map(|of_kind| of_kind.values_mut()).for_each(|p| p.path = None);
        Self {
            plugins,
            started_at: None,
            finished_at: None,
            wall_seconds: None,
            host: None,
            ranks: Vec::new(),
            mpi_size: None,
            threads: None,
            ..self.clone()
        }
    }

    /// As JSON text, in one line.
    pub fn to_json(&self) -> String {
        self.json_value().to_string()
    }

    /// The text of the attribute `provenance` of files: what is
    /// [reproducible](Self::reproducible), without the identifier, so that the same model gives the
    /// same bytes.
    pub fn stamp(&self) -> String {
        let mut record = self.reproducible().json_value();
        if let Some(fields) = record.as_object_mut() {
            let says =
                |value: &serde_json::Value| !value.is_null() && value != &serde_json::json!([]);
            fields.retain(|key, value| key != "simulation_id" && says(value));
        }
        record.to_string()
    }

    fn json_value(&self) -> serde_json::Value {
        // Nothing in the record can fail to become JSON: keys are texts, numbers that are not
        // finite become null.
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }

    /// Writes `provenance.json` of a run; called by one rank, before the run and after it.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn write(&self, run: &RunDirectory) -> Result<()> {
        self.write_into(run.path()).map(drop)
    }

    /// Writes `provenance.json` into a directory; gives its path.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn write_into(&self, directory: &Path) -> Result<PathBuf> {
        let path = directory.join(RunDirectory::PROVENANCE);
        let text = format!("{:#}\n", self.json_value());
        fsio::write_sealed(&path, &[text.as_bytes()])?;
        Ok(path)
    }

    /// Reads `provenance.json` of a run, if it has one.
    ///
    /// # Errors
    /// [`Error::Json`] if it was changed into something else, or an error of reading.
    pub fn read(run: &RunDirectory) -> Result<Option<Self>> {
        let path = run.file(RunDirectory::PROVENANCE);
        match fs::read(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(&path, "read", e)),
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|source| Error::Json {
                path,
                object: "provenance".to_owned(),
                source,
            }),
        }
    }
}

/// Writes what is reproducible of a run's record into the root of one of its files.
pub(crate) fn stamp(file: &NewFile, run: &RunDirectory) -> Result<()> {
    match Provenance::read(run)? {
        Some(provenance) => stamp_with(file, &provenance),
        None => Ok(()),
    }
}

/// The same for a record that is at hand.
pub(crate) fn stamp_with(file: &NewFile, provenance: &Provenance) -> Result<()> {
    let root = file.root()?;
    file.text(&root, ATTRIBUTE, &provenance.stamp())
}

impl Simulator {
    /// This program, at the commit that the environment variable `NET_COMMIT` named when it was
    /// built.
    pub fn this() -> Self {
        Self {
            name: "net-sim".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            extra: Build {
                features: Vec::new(),
                commit: option_env!("NET_COMMIT").map(str::to_owned),
            },
        }
    }
}

impl Host {
    /// The machine that this runs on.
    pub fn this() -> Self {
        let line = |path: &str| {
            let text = fs::read_to_string(Path::new(path)).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let system = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let release = line("/proc/sys/kernel/osrelease");
        Self {
            platform: Some(release.map_or(system.clone(), |release| format!("{system}-{release}"))),
            python_version: None,
            hostname: line("/proc/sys/kernel/hostname")
                .or_else(|| line("/etc/hostname"))
                .or_else(|| variable("HOSTNAME")),
            user: variable("USER").or_else(|| variable("LOGNAME")),
            cwd: std::env::current_dir().ok().map(|path| path.display().to_string()),
        }
    }
}

/// SHA-256 of some bytes, in hexadecimal digits: the hashes in a [`Provenance`].
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
