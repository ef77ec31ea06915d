//! Text on standard output and standard error.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Prints a line. A reader that has gone, as `head` has when it has seen enough, is no error: what was
/// asked for is done all the same.
pub(crate) fn line(text: Arguments) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => Ok(printed?),
    }
}

/// Prints a line for people. Nothing depends on whether anybody reads it.
pub(crate) fn line_for_people(text: Arguments) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A line on standard output, in the form of `println!`; gives what went wrong.
macro_rules! say {
    ($($text:tt)*) => { crate::say::line(format_args!($($text)*)) };
}

/// A line on standard error, in the form of `eprintln!`.
macro_rules! remark {
    ($($text:tt)*) => { crate::say::line_for_people(format_args!($($text)*)) };
}

pub(crate) use {remark, say};
