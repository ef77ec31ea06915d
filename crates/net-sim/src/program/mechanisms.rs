//! `net-sim mechanisms`: `.mod` files, libraries of them, and what is built in.

mod describe;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use net_cell::mechanism::{self, Mechanism};
use net_nmodl::compile::{Settings, compile};
use net_nmodl::library::{BuildOptions, Target, build, mod_files};
use net_nmodl::source::{Diagnostic, Severity};
use net_nmodl::{Options, parse_file};

use crate::say::{remark, say};

/// Channels and synapses: check .mod files, compile them, list what there is
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    Check(Check),
    Build(Build),
    Info(Info),
}

/// Check .mod files without compiling them: all errors and warnings, each with its place
///
/// What is right NMODL but not supported is an error too. Status 0 says that all files can be
/// compiled, 1 that one cannot.
///
/// Examples:
///   net-sim mechanisms check Kv3.mod
///   net-sim mechanisms check mechanisms/ --include shared/
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
struct Check {
    /// .mod files, or folders with some
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A folder that is searched for included files, after that of the file itself
    #[arg(long, value_name = "DIR")]
    include: Vec<PathBuf>,
}

/// Compile .mod files into one library, which programs load at the start of a run
///
/// Needs the Rust compiler `rustc`, or the one that NET_RUSTC names, but no network. Libraries are
/// kept by what is in the files, in NET_MECHANISM_CACHE or the user's cache folder: to build the same
/// again takes no time. The path of the library is printed.
///
/// Examples:
///   net-sim mechanisms build mechanisms/
///   net-sim mechanisms build mechanisms/ -o mechanisms.so --target any
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
struct Build {
    /// A folder with .mod files, or the files
    #[arg(required = true, value_name = "DIR")]
    files: Vec<PathBuf>,
    /// Write the library here, too
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Processors it is for: native (this one), any (all, chosen when it is loaded), avx512, avx2,
    /// portable
    #[arg(long, default_value = "native")]
    target: Target,
    /// A folder that is searched for included files, after that of the file itself
    #[arg(long, value_name = "DIR")]
    include: Vec<PathBuf>,
    /// As NEURON does it: defaults of parameters with six digits, conductances as difference
    /// quotients, its stop of nonlinear reactions
    #[arg(long)]
    neuron: bool,
    /// Without these optimizations: algebra (all that changes roundings), exponentials, divisions,
    /// folding, sharing, hoisting; `docs/nmodl.md` says what they are
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    without: Vec<Optimization>,
}

/// What the compiler does beyond what is written.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Optimization {
    Algebra,
    Exponentials,
    Divisions,
    Folding,
    Sharing,
    Hoisting,
}

/// List the mechanisms of the built-in sets or of a library: parameters, units, states, ions, source
///
/// Without --mechanism or --full each has one line.
///
/// Examples:
///   net-sim mechanisms info
///   net-sim mechanisms info --set bbp --mechanism NaTg
///   net-sim mechanisms info mechanisms.so --full
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
struct Info {
    /// A library; the built-in sets if none is given
    #[arg(value_name = "LIBRARY", conflicts_with = "set")]
    library: Option<PathBuf>,
    /// Only this built-in set
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// Only this mechanism, with all that is known of it
    #[arg(long, value_name = "NAME")]
    mechanism: Option<String>,
    /// All that is known of each mechanism
    #[arg(long)]
    full: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Check(args) => check(args),
        Command::Build(args) => build_library(args),
        Command::Info(args) => info(args),
    }
}

/// The files, with folders replaced by the `.mod` files in them.
fn expand(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(mod_files(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn check(args: &Check) -> anyhow::Result<ExitCode> {
    let options = Options { include_folders: args.include.clone() };
    let files = expand(&args.files)?;
    let mut n_wrong = 0;
    for file in &files {
        n_wrong += usize::from(!check_file(file, &options)?);
    }
    say!("{} of {} files can be compiled", files.len() - n_wrong, files.len())?;
    Ok(if n_wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what is to be said about a file, and whether it can be compiled.
fn check_file(file: &Path, options: &Options) -> anyhow::Result<bool> {
    let result = parse_file(file, options).and_then(|parsed| {
        let compiled = compile(&parsed, &Settings::default())?;
        Ok((compiled.name, [parsed.warnings, compiled.warnings].concat()))
    });
    let (summary, messages, is_ok) = match result {
        Ok((name, messages)) => (format!("ok, mechanism {name}"), messages, true),
        Err(messages) => ("cannot be compiled".to_string(), messages, false),
    };
    messages.iter().try_for_each(|message| say!("{}", message.to_string().trim_end()))?;
    let n = |severity| messages.iter().filter(|m: &&Diagnostic| m.severity == severity).count();
    let (errors, warnings) = (n(Severity::Error), n(Severity::Warning));
    say!("{}: {summary}; {errors} errors, {warnings} warnings", file.display())?;
    Ok(is_ok)
}

fn build_library(args: &Build) -> anyhow::Result<ExitCode> {
    let without = |optimization| args.without.contains(&optimization);
    let settings = Settings {
        neuron_defaults: args.neuron,
        numeric_conductance: args.neuron,
        neuron_iteration: args.neuron,
        strict: without(Optimization::Algebra),
        separate_exponentials: without(Optimization::Exponentials),
        separate_divisions: without(Optimization::Divisions),
        unfolded: without(Optimization::Folding),
        unshared: without(Optimization::Sharing),
        unhoisted: without(Optimization::Hoisting),
        only_isa: None,
    };
    let read = Options { include_folders: args.include.clone() };
    let options = BuildOptions { read, settings, target: args.target, ..BuildOptions::default() };
    let library = build(&expand(&args.files)?, &options)?;
    library.warnings.iter().for_each(|warning| remark!("{}", warning.to_string().trim_end()));
    let path = match &args.output {
        Some(output) => {
            std::fs::copy(&library.path, output)
                .with_context(|| format!("cannot write the library to {}", output.display()))?;
            output
        }
        None => &library.path,
    };
    let how = if library.was_cached { "built before" } else { "built" };
    say!("{} ({how}): {}", path.display(), library.mechanisms.join(", "))?;
    Ok(ExitCode::SUCCESS)
}

fn info(args: &Info) -> anyhow::Result<ExitCode> {
    let mechanisms: Vec<Mechanism> = match (&args.library, &args.set) {
        (Some(library), _) => mechanism::of_library(library)?,
        (None, Some(set)) => mechanism::of_set(set)?,
        (None, None) => {
            let all = mechanism::sets().into_iter().map(mechanism::of_set);
            all.collect::<Result<Vec<_>, _>>()?.concat()
        }
    };
    let Some(name) = &args.mechanism else {
        for mechanism in &mechanisms {
            if args.full {
                say!("{}", describe::in_full(mechanism))?;
            } else {
                say!("{}", describe::in_a_line(mechanism))?;
            }
        }
        return Ok(ExitCode::SUCCESS);
    };
    let found: Vec<&Mechanism> = mechanisms.iter().filter(|m| m.name == name).collect();
    if found.is_empty() {
        let known: Vec<&str> = mechanisms.iter().map(|m| m.name).collect();
        bail!("there is no mechanism '{name}'; there are: {}", known.join(", "));
    }
    found.iter().try_for_each(|mechanism| say!("{}", describe::in_full(mechanism)))?;
    Ok(ExitCode::SUCCESS)
}
