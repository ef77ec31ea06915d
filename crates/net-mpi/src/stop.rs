//! The end of a job that can't end in order: a panic, an abort.

use std::{
    io::Write,
    panic::{self, PanicHookInfo},
    process,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::backend::abort_job;

/// Exit status of a job that ended by a panic, as of a process that did.
const PANIC_EXIT_CODE: i32 = 101;

/// Time for the MPI library to end the job before this process ends itself the hard way; the launcher
/// then ends the others.
const ABORT_GRACE: Duration = Duration::from_secs(3);

/// Writes a line to standard error in one piece: launchers mix what ranks write.
pub(crate) fn say(line: &str) {
    // Without standard error there is nobody to tell.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Ends all ranks with `exit_code`. May be called from any thread.
pub(crate) fn end_job(exit_code: i32) -> ! {
    // Without a watchdog, if no thread can be had, the MPI library is trusted.
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(ABORT_GRACE);
        process::abort()
    });
    abort_job(exit_code);
    process::abort()
}

/// Time by which a rank holds back its last message: if all ranks fail alike, the lowest ends the job
/// before the others speak.
pub(crate) fn turn_of(rank: usize) -> Duration {
    Duration::from_millis(200) * rank.min(10) as u32
}

/// From now on a panic on any thread of this rank ends the job.
///
/// Unwinding would finalize MPI, which waits for ranks that know nothing of the panic.
pub(crate) fn end_job_on_panic(rank: usize, size: usize) {
    panic::set_hook(Box::new(move |info| {
        static ENDING: AtomicBool = AtomicBool::new(false);
        while ENDING.swap(true, Ordering::SeqCst) {
            // Another thread is about to end this process.
            thread::sleep(Duration::from_secs(1));
        }
        thread::sleep(turn_of(rank));
        say(&format!("error on rank {rank} of {size}: {}", describe(info)));
        end_job(PANIC_EXIT_CODE)
    }));
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let location = info.location().map_or("unknown place".to_string(), ToString::to_string);
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("thread '{thread}' panicked at {location}: {message}")
}
