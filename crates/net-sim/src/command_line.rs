//! The command line of a program that runs on several ranks.

use std::process;

/// The arguments of this process, in place of [`clap::Parser::parse`], for programs that may be one of
/// the ranks of an MPI job; called before [`net_mpi::run`].
///
/// If the program is to end here, all ranks do, with the same status, and rank 0 alone prints why:
/// `--help` and `--version` on standard output with status 0, what is wrong with the arguments on
/// standard error with status 2.
pub fn parse_arguments<P: clap::Parser>() -> P {
    P::try_parse().unwrap_or_else(|end| {
        net_mpi::speak_once(end.exit_code() == 0, || {
            // Nobody may be there to read it; the status says the same.
            let _ = end.print();
        });
        process::exit(end.exit_code())
    })
}
