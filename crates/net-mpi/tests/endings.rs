//! Every way a job can end: exit status, number of messages, and nobody left waiting.
//!
//! This program starts itself again, alone and under `mpirun`, with the name of a role that it then
//! plays through [`net_mpi::run`].

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, ExitCode, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use net_mpi::{BUILT_WITH_MPI, Communicator, Mode, run};

const ROLE: &str = "NET_MPI_TEST_ROLE";

/// Printed by a rank right before it fails.
const FAILING: &str = "-- failing now --";

/// The promise: a failure ends all ranks within this time.
const PROMISED: Duration = Duration::from_secs(10);

/// A job that has not ended by then hangs.
const HANGS: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match env::var(ROLE) {
        Ok(role) if role == "mode-mpi" => run(Mode::Mpi, succeed),
        Ok(role) if role == "mode-solo" => run(Mode::Solo, |comm| {
            assert!(comm.size() == 1 && !comm.uses_mpi());
            succeed(comm)
        }),
        Ok(role) => run(Mode::Auto, |comm| play(&role, comm)),
        Err(_) => {
            alone();
            refused();
            if BUILT_WITH_MPI {
                under_mpirun();
            }
            ExitCode::SUCCESS
        }
    }
}

/// One rank of a job.
fn play(role: &str, comm: &Communicator) -> Result<(), String> {
    let last = comm.rank() + 1 == comm.size();
    let failing = || eprintln!("{FAILING}");
    match role {
        "succeed" => return succeed(comm),
        "panic" if last => {
            failing();
            panic!("broken on purpose")
        }
        "panic-in-thread" if last => {
            thread::spawn(move || {
                failing();
                panic!("broken on purpose")
            });
            thread::sleep(HANGS);
        }
        "panic-caught" if last => {
            failing();
            let _ = std::panic::catch_unwind(|| panic!("broken on purpose"));
        }
        "panic-everywhere" => {
            failing();
            panic!("broken on purpose")
        }
        "error-of-one" if last => {
            failing();
            return Err("no such file".to_string());
        }
        "error-of-one-at-the-end" => {
            comm.barrier().map_err(|error| error.to_string())?;
            failing();
            return if last { Err("no such file".to_string()) } else { Ok(()) };
        }
        "error-agreed" => {
            let own = if last { Err("no such file") } else { Ok(()) };
            let agreed = comm.agree(own);
            failing();
            agreed.map_err(|error| error.to_string())?;
        }
        "error-everywhere" => {
            failing();
            return Err("bad configuration".to_string());
        }
        "error-and-wait" if comm.rank() != 0 => {
            failing();
            return Err("no such file".to_string());
        }
        "abort" if last => {
            failing();
            comm.abort(7, "out of tune")
        }
        "killed" if last => {
            failing();
            let own_id = std::process::id().to_string();
            Command::new("sh")
                .args(["-c", &format!("kill -9 {own_id}")])
                .status()
                .expect("kill runs");
        }
        _ => {}
    }
    comm.barrier().map_err(|error| error.to_string())?;
    Err("the barrier was passed".to_string())
}

fn succeed(comm: &Communicator) -> Result<(), String> {
    // Ranks come to the end at different times.
    thread::sleep(Duration::from_millis(50) * comm.rank() as u32);
    comm.barrier().map_err(|error| error.to_string())
}

fn alone() {
    check(job("succeed"), Some(0), &[]);
    check(job("panic"), Some(101), &["broken on purpose"]);
    check(job("error-of-one"), Some(1), &["error: no such file"]);
    check(job("error-agreed"), Some(1), &["error: no such file"]);
    check(job("abort"), Some(7), &["error: out of tune"]);
    check(job("mode-solo"), Some(0), &[]);
}

/// Programs that must not start.
fn refused() {
    let announced = |size, rank| {
        let mut job = job("succeed");
        job.env("PMI_SIZE", size).env("PMI_RANK", rank);
        job
    };
    check(announced("many", "0"), Some(2), &["error: environment variable PMI_SIZE: found `many`"]);
    if BUILT_WITH_MPI {
        let wrong_launcher = "error: the launcher announced 4 ranks (PMI_SIZE=4)";
        check(announced("4", "0"), Some(2), &[wrong_launcher]);
        check(announced("4", "1"), Some(2), &[]);
        return;
    }
    let without_mpi =
        "error: started as one of 4 ranks (PMI_SIZE=4), but this program was built without MPI";
    check(announced("4", "0"), Some(2), &[without_mpi]);
    check(announced("4", "1"), Some(2), &[]);
    check(announced("1", "0"), Some(0), &[]);
    check(job("mode-mpi"), Some(2), &["error: MPI was asked for"]);
    if Command::new("mpirun").arg("--version").output().is_ok() {
        let started = "error: started as one of 3 ranks (OMPI_COMM_WORLD_SIZE=3)";
        check(ranks(3, "succeed"), Some(2), &[started]);
        check(ranks(3, "mode-solo"), Some(0), &[]);
        check(ranks(1, "succeed"), Some(0), &[]);
    } else {
        println!("mpirun not found: refusal under mpirun itself not tested");
    }
}

fn under_mpirun() {
    check(job("mode-mpi"), Some(0), &[]);
    check(ranks(3, "succeed"), Some(0), &[]);
    for role in ["panic", "panic-in-thread", "panic-caught"] {
        check(ranks(3, role), Some(101), &["error on rank 2 of 3: thread"]);
    }
    check(
        ranks(3, "panic-everywhere"),
        Some(101),
        &["error on rank 0 of 3: thread 'main' panicked"],
    );
    check(ranks(1, "panic"), Some(101), &["error on rank 0 of 1: thread 'main' panicked"]);
    check(ranks(3, "error-of-one"), Some(1), &["error on rank 2 of 3: no such file"]);
    check(ranks(3, "error-of-one-at-the-end"), Some(1), &["error on rank 2 of 3: no such file"]);
    check(ranks(3, "error-agreed"), Some(1), &["error: rank 2: no such file"]);
    check(ranks(3, "error-everywhere"), Some(1), &["error: bad configuration"]);
    check(ranks(3, "error-and-wait"), Some(1), &["error on rank 1 of 3: no such file"]);
    check(ranks(3, "abort"), Some(7), &["error on rank 2 of 3: out of tune"]);
    check(ranks(3, "killed"), Some(128 + 9), &[]);
}

/// This program alone, without a launcher's environment.
fn job(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("a program knows its path"));
    play_in(&mut command, role);
    command
}

/// This program under `mpirun`.
fn ranks(n_ranks: usize, role: &str) -> Command {
    let mut command = Command::new("mpirun");
    command
        .arg("-n")
        .arg(n_ranks.to_string())
        .arg(env::current_exe().expect("a program knows its path"));
    // Test machines have few cores and containers only root.
    command
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1");
    play_in(&mut command, role);
    command
}

fn play_in(command: &mut Command, role: &str) {
    command.env(ROLE, role).env("RUST_BACKTRACE", "0").stdout(Stdio::null()).stderr(Stdio::piped());
}

/// Runs a job; it must end in time, with the exit status and exactly the messages expected.
#[track_caller]
fn check(mut command: Command, exit_code: Option<i32>, expected: &[&str]) {
    let name = name_of(&command);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
    let stderr = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            // The receiver is gone once the job is over.
            let _ = sender.send((line, Instant::now()));
        }
    });

    let started = Instant::now();
    let mut lines = Vec::new();
    let mut failed_at = None;
    loop {
        match receiver.recv_timeout(HANGS.saturating_sub(started.elapsed())) {
            Ok((line, at)) if line.contains(FAILING) => {
                failed_at.get_or_insert(at);
            }
            Ok((line, _)) => lines.push(line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                panic!("{name} hangs after {lines:#?}");
            }
        }
    }
    let status = child.wait().expect("the child was started");
    let text = lines.join("\n");
    assert_eq!(status.code(), exit_code, "{name}:\n{text}");
    if let Some(failed_at) = failed_at {
        assert!(failed_at.elapsed() < PROMISED, "{name} took too long to end:\n{text}");
    }
    let is_ours = |line: &&String| line.starts_with("error") || line.contains("on purpose");
    let ours = lines.iter().filter(is_ours).collect::<Vec<_>>();
    assert_eq!(ours.len(), expected.len(), "messages of {name}:\n{text}");
    for (found, expected) in ours.iter().zip(expected) {
        assert!(found.starts_with(expected), "{name}:\n{text}");
    }
    println!("{name} ... ok");
}

/// The environment that matters and the arguments.
fn name_of(command: &Command) -> String {
    let own = |name: &&str| *name == ROLE || name.starts_with("PMI_");
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str().filter(own), value) {
            words.push(format!("{name}={}", value.display()));
        }
    }
    let mpirun = command.get_args().take(2).map(|argument| argument.display().to_string());
    words.extend(mpirun);
    words.join(" ")
}
