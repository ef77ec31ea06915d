//! Libraries of compiled mechanisms.
//!
//! [`build`] turns `.mod` files into one shared library for this machine. It needs `rustc`, but
//! neither cargo nor a network: the sources of the crate `net_kernel` are part of this one.
//! Libraries are kept in a folder of the user by a hash of everything that they are made of.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use net_kernel::simd::Isa;
use sha2::{Digest, Sha256};

use crate::compile::{Settings, compile};
use crate::source::Diagnostic;
use crate::{Options, parse_file};

/// Sources of the crate that kernels are written in.
const KERNEL_SOURCES: &[(&str, &str)] = &[
    ("kernel/mod.rs", include_str!("../../net-kernel/src/kernel/mod.rs")),
    ("kernel/access.rs", include_str!("../../net-kernel/src/kernel/access.rs")),
    ("kernel/entry.rs", include_str!("../../net-kernel/src/kernel/entry.rs")),
    ("kernel/events.rs", include_str!("../../net-kernel/src/kernel/events.rs")),
    ("kernel/tables.rs", include_str!("../../net-kernel/src/kernel/tables.rs")),
    ("random.rs", include_str!("../../net-kernel/src/random.rs")),
    ("table.rs", include_str!("../../net-kernel/src/table.rs")),
    ("simd/mod.rs", include_str!("../../net-kernel/src/simd/mod.rs")),
    ("simd/math.rs", include_str!("../../net-kernel/src/simd/math.rs")),
    ("simd/portable.rs", include_str!("../../net-kernel/src/simd/portable.rs")),
    ("simd/single.rs", include_str!("../../net-kernel/src/simd/single.rs")),
    ("simd/x86.rs", include_str!("../../net-kernel/src/simd/x86.rs")),
];

/// Environment variable that names the compiler.
pub const RUSTC_VARIABLE: &str = "NET_RUSTC";
/// Environment variable that names the folder in which libraries are kept.
pub const CACHE_VARIABLE: &str = "NET_MECHANISM_CACHE";

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A folder or file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There are no `.mod` files.
    #[error("{path} has no .mod files")]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },
    /// Two files describe mechanisms of one name.
    #[error("{first} and {second} both describe a mechanism '{name}'; rename one of them")]
    Duplicate {
        /// Name of the mechanism.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Files have errors.
    #[error("{}", join(.0))]
    Files(Vec<Diagnostic>),
    /// There is no compiler.
    #[error(
        "cannot run '{rustc}': {source}. Mechanisms are compiled with the Rust compiler; install it \
         with https://rustup.rs (the minimal profile is enough) or your system's package 'rustc', or \
         set {RUSTC_VARIABLE} to its path"
    )]
    NoCompiler {
        /// What was called.
        rustc: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The compiler does not take what was made of the files.
    #[error(
        "rustc {version} does not compile the mechanisms; their source is in {folder}\n{output}"
    )]
    Compiler {
        /// Version of the compiler.
        version: String,
        /// Folder with the sources.
        folder: PathBuf,
        /// What it says.
        output: String,
    },
}

fn join(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Which processors a library is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The one it is built on, and better ones of its family.
    #[default]
    ThisCpu,
    /// Those that have an instruction set.
    Isa(Isa),
    /// All of the architecture: every kernel is compiled for each instruction set, and the best is
    /// chosen when the library is loaded. Takes two to three times as long.
    Any,
}

impl Target {
    fn only_isa(self) -> Option<Isa> {
        match self {
            Target::ThisCpu => Some(Isa::current()),
            Target::Isa(isa) => Some(isa),
            Target::Any => None,
        }
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    /// `native`, `any`, or the name of an instruction set: `portable`, `avx2`, `avx512`.
    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "native" => Target::ThisCpu,
            "any" => Target::Any,
            "portable" => Target::Isa(Isa::Portable),
            "avx2" => Target::Isa(Isa::Avx2),
            "avx512" => Target::Isa(Isa::Avx512),
            _ => {
                return Err(format!(
                    "'{text}' is no target; expected native, any, portable, avx2 or avx512"
                ));
            }
        })
    }
}

/// How a library is built.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// How files are read.
    pub read: Options,
    /// How mechanisms are compiled; its instruction set is that of `target`.
    pub settings: Settings,
    /// Which processors it is for.
    pub target: Target,
    /// Where libraries are kept; `None` is a folder `net-sim/mechanisms` in the user's cache
    /// folder, or what the environment variable [`CACHE_VARIABLE`] says.
    pub cache: Option<PathBuf>,
}

/// A library that has been built, now or before.
#[derive(Clone, Debug)]
pub struct BuiltLibrary {
    /// The shared library.
    pub path: PathBuf,
    /// Names of its mechanisms.
    pub mechanisms: Vec<String>,
    /// What may not be meant as written, and what is not done as written.
    pub warnings: Vec<Diagnostic>,
    /// Whether it was in the cache.
    pub was_cached: bool,
}

/// All `.mod` files of a folder, in the order of their names.
///
/// # Errors
/// When the folder cannot be read or has none.
pub fn mod_files(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let failed = |source| BuildError::Io { path: folder.to_path_buf(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "mod") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(BuildError::NoFiles { path: folder.to_path_buf() });
    }
    files.sort();
    Ok(files)
}

/// Compiles `.mod` files to a shared library for this machine.
///
/// # Errors
/// All errors of all files, or what is wrong with compiler and folders.
pub fn build(files: &[PathBuf], options: &BuildOptions) -> Result<BuiltLibrary, BuildError> {
    let isa = options.target.only_isa();
    let (sources, mechanisms, warnings) = translate(files, options, isa)?;
    let rustc = std::env::var(RUSTC_VARIABLE).unwrap_or_else(|_| "rustc".to_string());
    let version = rustc_version(&rustc)?;
    let mut hash = Sha256::new();
    for part in KERNEL_SOURCES.iter().map(|(_, text)| *text).chain([sources.as_str(), &version]) {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let name: String = hash.finalize().iter().take(16).fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    let cache = options.cache.clone().unwrap_or_else(cache_folder);
    let file_name =
        format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let path = cache.join(file_name);
    let was_cached = path.exists();
    if !was_cached {
        // Folder and library get names of this process, and the library its own at the end, so
        // that processes that build the same at once do not meet.
        let folder = cache.join(format!("{name}.{}", std::process::id()));
        write_crate(&folder, &sources)?;
        run_rustc(&rustc, &version, &folder, isa)?;
        let built = folder.join("mechanisms.out");
        std::fs::rename(&built, &path)
            .map_err(|source| BuildError::Io { path: path.clone(), source })?;
        std::fs::remove_dir_all(&folder)
            .map_err(|source| BuildError::Io { path: folder, source })?;
    }
    Ok(BuiltLibrary { path, mechanisms, warnings, was_cached })
}

/// Source of all mechanisms as modules, their names, and warnings.
fn translate(
    files: &[PathBuf],
    options: &BuildOptions,
    isa: Option<Isa>,
) -> Result<(String, Vec<String>, Vec<Diagnostic>), BuildError> {
    let settings = Settings { only_isa: isa, ..options.settings };
    let mut source = String::new();
    let (mut names, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for path in files {
        let compiled = parse_file(path, &options.read).and_then(|parsed| {
            let compiled = compile(&parsed, &settings)?;
            Ok((parsed.warnings, compiled))
        });
        match compiled {
            Ok((of_file, compiled)) => {
                if let Some(known) = names.iter().position(|name| *name == compiled.name) {
                    return Err(BuildError::Duplicate {
                        name: compiled.name,
                        first: files[known].clone(),
                        second: path.clone(),
                    });
                }
                let at = names.len();
                let _ = writeln!(source, "mod mechanism{at} {{\n{}}}", compiled.source);
                names.push(compiled.name);
                warnings.extend(of_file);
                warnings.extend(compiled.warnings);
            }
            Err(mut of_file) => errors.append(&mut of_file),
        }
    }
    if !errors.is_empty() {
        return Err(BuildError::Files(errors));
    }
    let tables: Vec<String> = (0..names.len()).map(|k| format!("mechanism{k}::table()")).collect();
    let _ = writeln!(
        source,
        "#[unsafe(no_mangle)]\npub extern \"C\" fn net_mechanisms() -> *const table::Library {{\n    \
         static LIBRARY: std::sync::OnceLock<table::Library> = std::sync::OnceLock::new();\n    \
         LIBRARY.get_or_init(|| table::Library {{\n        \
         abi_version: table::ABI_VERSION,\n        \
         features: table::Text::new({features:?}),\n        \
         mechanisms: table::List::new(Vec::leak(vec![{tables}])),\n    }})\n}}",
        features = isa.map_or("", Isa::features),
        tables = tables.join(", "),
    );
    Ok((source, names, warnings))
}

fn write_crate(folder: &Path, mechanisms: &str) -> Result<(), BuildError> {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|source| BuildError::Io { path, source })
    };
    for part in ["simd", "kernel"] {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(|source| BuildError::Io { path, source })?;
    }
    for (name, text) in KERNEL_SOURCES {
        // Tests of the crate are not part of it here.
        write(name, &text.replace("#[cfg(test)]\nmod tests;", ""))?;
    }
    let head = "#![allow(warnings)]\nextern crate self as net_kernel;\n#[macro_use]\npub mod simd;\n\
                #[macro_use]\npub mod kernel;\npub mod random;\npub mod table;\n\n";
    write("lib.rs", &format!("{head}{mechanisms}"))
}

fn rustc_version(rustc: &str) -> Result<String, BuildError> {
    let output = Command::new(rustc)
        .arg("--version")
        .output()
        .map_err(|source| BuildError::NoCompiler { rustc: rustc.to_string(), source })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn run_rustc(
    rustc: &str,
    version: &str,
    folder: &Path,
    isa: Option<Isa>,
) -> Result<(), BuildError> {
    let features = isa.map_or("", Isa::features);
    let features: Vec<String> =
        features.split(',').filter(|f| !f.is_empty()).map(|f| format!("+{f}")).collect();
    let output = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=cdylib", "--crate-name=mechanisms"])
        .args(["-Copt-level=3", "-Cpanic=abort", "-Cstrip=symbols", "-Ccodegen-units=16"])
        .arg(format!("-Ctarget-feature={}", features.join(",")))
        .arg("-o")
        .arg(folder.join("mechanisms.out"))
        .arg(folder.join("lib.rs"))
        .output()
        .map_err(|source| BuildError::NoCompiler { rustc: rustc.to_string(), source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(BuildError::Compiler {
        version: version.to_string(),
        folder: folder.to_path_buf(),
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The folder for libraries: `$NET_MECHANISM_CACHE`, else in the user's cache folder, else beside
/// temporary files.
fn cache_folder() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    if let Some(folder) = variable(CACHE_VARIABLE) {
        return folder.into();
    }
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.unwrap_or_else(std::env::temp_dir).join("net-sim").join("mechanisms")
}
