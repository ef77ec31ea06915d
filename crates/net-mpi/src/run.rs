//! A program's main function on all ranks, with one message at most and an exit status that tells.

use std::{
    fmt::Display,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use crate::{
    communicator::Communicator,
    error::{Result, error_text},
    launch::{Mode, announced_rank, launch},
    stop,
};

/// Exit status of a program that did not even start.
const REFUSED: u8 = 2;

/// Time for the other ranks to return as well when this one returned an error.
const RETURN_GRACE: Duration = Duration::from_secs(3);

/// Launches, runs `main`, and ends all ranks together.
///
/// - All ranks return `Ok`: exit status 0, or the largest that one of them gives.
/// - All ranks return, some of them an error: the ranks end in order, rank 0 prints one message, that of
///   the lowest failing rank, and the exit status is 1 on all. Errors from
///   [`agree`](Communicator::agree) end so.
/// - A rank returns an error while others go on, and would wait for it: it prints its message and
///   ends the job, exit status 1, after 3 to 5 s.
/// - A rank panics: see [`launch`].
/// - The launch fails: rank 0 prints why, exit status 2.
///
/// Messages go to standard error. All communicators and exchanges must be gone when `main` returns.
pub fn run<S: ExitStatus, E: Display>(
    mode: Mode,
    main: impl FnOnce(&Communicator) -> std::result::Result<S, E>,
) -> ExitCode {
    // The end has a communicator of its own: a rank may come to it while others are still in a
    // collective operation.
    let launched = launch(mode).and_then(|comm| Ok((comm.duplicate()?, comm)));
    let (end, comm) = match launched {
        Ok(both) => both,
        Err(error) => return refuse(&error),
    };
    let outcome = main(&comm).map_err(|error| error_text(&error));
    let outcome = outcome.map(ExitStatus::status);
    match finish(&end, outcome.as_ref().map(|status| *status).map_err(String::as_str)) {
        Ok(exit_code) => exit_code,
        Err(error) => end.abort(1, &error.to_string()),
    }
}

/// What a program that did what it was asked for tells its caller.
pub trait ExitStatus {
    /// The exit status.
    fn status(self) -> u8;
}

impl ExitStatus for () {
    fn status(self) -> u8 {
        0
    }
}

impl ExitStatus for u8 {
    fn status(self) -> u8 {
        self
    }
}

/// Says on one rank why the program did not start.
fn refuse(error: &dyn Display) -> ExitCode {
    speak_once(false, || stop::say(&format!("error: {error}")));
    ExitCode::from(REFUSED)
}

/// Calls `say` on rank 0 alone, as the launcher numbers the ranks: for a program that ends before it
/// launches, on every rank alike. `succeeds` tells whether its exit status will be 0.
///
/// A launcher ends all ranks when one has failed; so the other ranks of a program that fails come back
/// after a second, when rank 0 has spoken.
pub fn speak_once(succeeds: bool, say: impl FnOnce()) {
    if announced_rank() == 0 {
        say();
    } else if !succeeds {
        thread::sleep(Duration::from_secs(1));
    }
}

/// Waits for the other ranks' outcome, and reports the first failure.
fn finish(end: &Communicator, outcome: std::result::Result<u8, &str>) -> Result<ExitCode> {
    let failure = outcome.err();
    wait_for_all(end, failure)?;
    let Some((rank, first)) = end.first_failure(failure)? else {
        let status = end.max(u64::from(outcome.unwrap_or_default()))?;
        // No rank exits, which would end the others, before all know how.
        end.barrier()?;
        return Ok(ExitCode::from(status as u8));
    };
    let same_everywhere = end.min(u64::from(failure == Some(first.as_str())))? == 1;
    if end.is_root() {
        if same_everywhere {
            stop::say(&format!("error: {first}"));
        } else {
            stop::say(&format!("error on rank {rank} of {}: {first}", end.size()));
        }
    }
    // No rank exits, which would end the others, before the message is out.
    end.barrier()?;
    Ok(ExitCode::FAILURE)
}

/// Waits until all ranks have returned: a successful rank as long as it takes, a failed one for a
/// moment, as the others may never come.
fn wait_for_all(end: &Communicator, failure: Option<&str>) -> Result<()> {
    let Some(world) = end.world() else { return Ok(()) };
    let deadline = Instant::now() + RETURN_GRACE + stop::turn_of(end.rank());
    // Leaked if the job is ended here, as MPI may still write to it.
    let returned = vec![0_u64; world.size()].leak();
    // SAFETY: both buffers live as long as the process.
    let mut request = unsafe { world.start_all_gather(&[1; 1], returned)? };
    while !request.test()? {
        match failure {
            Some(message) if deadline < Instant::now() => end.abort(1, message),
            _ => thread::sleep(Duration::from_millis(1)),
        }
    }
    Ok(())
}
