//! The program `net-sim`: one subcommand a file.

mod circuit;
mod export;
mod info;
mod lfp_weights;
mod mechanisms;
mod merge;
mod plot;
mod recover;
mod reports;
mod run;
mod say;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use say::remark;

/// Simulator of networks of detailed cable cells and point neurons
#[derive(Parser, Debug)]
#[command(name = "net-sim", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Export(export::Args),
    Info(info::Args),
    LfpWeights(lfp_weights::Args),
    Mechanisms(mechanisms::Args),
    Merge(merge::Args),
    Plot(plot::Args),
    Recover(recover::Args),
    Reports(reports::Args),
    Run(run::Args),
    Validate(validate::Args),
}

/// Status 0: done; 1: what was asked for failed, with a message on standard error; 2: the command
/// line is wrong.
fn main() -> ExitCode {
    let result = match net_sim::parse_arguments::<Cli>().command {
        Command::Export(args) => export::run(&args),
        Command::Info(args) => info::run(&args),
        Command::LfpWeights(args) => lfp_weights::run(&args),
        Command::Mechanisms(args) => mechanisms::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Recover(args) => recover::run(&args),
        Command::Reports(args) => reports::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Validate(args) => validate::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            remark!("error: {}", net_mpi::error_text(&error));
            ExitCode::FAILURE
        }
    }
}
