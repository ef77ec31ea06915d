//! Bad input to the programs: a clear message, a status that is not zero, and nobody left waiting.

mod common;

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{rank_counts, run};

/// The promise: a failure ends all ranks within this time.
const PROMISED: Duration = Duration::from_secs(10);

/// Runs a program on all numbers of ranks; it must fail in time with one message of these words.
#[track_caller]
fn refused(name: &str, arguments: &[&str], words: &[&str]) {
    for &ranks in &rank_counts()[..rank_counts().len().min(2)] {
        let started = Instant::now();
        let output = run(name, ranks, arguments);
        assert!(started.elapsed() < PROMISED, "{name} {arguments:?} took too long to fail");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name} {arguments:?} on {ranks} ranks succeeded");
        for word in words {
            assert!(text.contains(word), "{name} {arguments:?}: {word:?} is not in\n{text}");
        }
        let messages = text.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(messages, 1, "{name} {arguments:?} on {ranks} ranks:\n{text}");
    }
}

#[test]
fn command_lines_that_are_wrong() {
    refused("ei_network", &["--lpf"], &["unexpected argument '--lpf'", "Usage: ei_network"]);
    refused("slice_mea", &["--cells", "many"], &["invalid value 'many' for '--cells <N>'"]);
    refused("replay", &["--out", "out"], &["not provided", "--tables <FILE>"]);
    refused("cells", &["--copies", "x"], &["--copies"]);
}

#[test]
fn help_is_printed_once() {
    for &ranks in &rank_counts()[..rank_counts().len().min(2)] {
        for name in ["ei_network", "monitor_recordings"] {
            let help = common::succeed(name, ranks, &["--help"]);
            assert_eq!(help.matches("Usage:").count(), 1, "{name} on {ranks} ranks:\n{help}");
        }
    }
}

#[test]
fn impossible_networks() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let check = |options: &[&str], words: &[&str]| {
        refused("ei_network", &[&["--out", &out][..], options].concat(), words);
        assert!(!fs::exists(&out).unwrap(), "{options:?} left files");
    };
    check(&["--p-exc", "1.2"], &["\"E:E\"", "probability is 1.2", "from 0 to 1"]);
    check(&["--radius=-1"], &["\"E\"", "radius_um is -1"]);
    check(&["--dt", "1"], &["\"E:E\"", "delay", "below"]);
    check(&["--weight-inh=-0.01"], &["\"I:E\"", "weight"]);
    check(&["--dt", "0"], &["dt is 0 ms"]);
    check(&["--tstop=-5"], &["tstop_ms is -5"]);
    check(&["--threads", "0"], &["threads is 0"]);
    check(&["--input-rate", "NaN"], &["background E", "rate"]);
    for interval in ["-1", "0.01"] {
        let found = format!("interval_ms is {interval} ms, with steps of 0.0625 ms");
        check(&["--lfp", "--lfp-interval", interval], &[&found, "at least one"]);
    }
}

#[test]
fn impossible_networks_of_point_neurons() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let check = |options: &[&str], words: &[&str]| {
        let usual = ["--out", &out, "--order", "20"];
        refused("brunel", &[&usual[..], options].concat(), words);
        assert!(!fs::exists(&out).unwrap(), "{options:?} left files");
    };
    check(&["--delay", "0.05"], &["\"E:E\"", "delay", "0.05"]);
    check(&["--epsilon", "2"], &["\"E:E\"", "n_sources is 160"]);
    check(&["--weight", "NaN"], &["weight"]);
    check(&["--eta=-1"], &["noise E", "rate"]);
}

/// `bytes` with `old` replaced by `new`, which is as long.
fn replaced(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    let starts: Vec<_> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(old)).collect();
    starts.iter().for_each(|&at| bytes[at..at + new.len()].copy_from_slice(new));
    bytes
}

#[test]
fn electrodes_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let out = path("out");
    let check = |name: &str, text: &str, words: &[&str]| {
        let file = path(name);
        fs::write(&file, text).unwrap();
        let words = [&[name][..], words].concat();
        refused("ei_network", &["--out", &out, "--lfp", "--electrode", &file], &words);
        assert!(!fs::exists(&out).unwrap(), "{name} left files");
    };
    check("short.csv", "x_um,y_um,z_um\n0,0\n", &["line 2"]);
    check("empty.csv", "x_um,y_um,z_um\n", &["no contacts"]);
    check("layout.json", r#"{"neuropixel": {"n_contacts": 4}}"#, &["unknown variant"]);
    let (gone, file) = (path("gone.csv"), path("short.csv"));
    refused("ei_network", &["--out", &out, "--lfp", "--electrode", &gone], &["gone.csv"]);
    refused("ei_network", &["--out", &out, "--electrode", &file], &["--lfp"]);
}

#[test]
fn damaged_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let out = path("out");
    let replay = |file: &str, words: &[&str]| {
        refused("replay", &["--out", &out, "--tables", file], words);
    };
    replay(&path("none.h5"), &["none.h5"]);
    fs::write(path("text.h5"), "gid x y z").unwrap();
    replay(&path("text.h5"), &["text.h5"]);
    if let Some(shared) = common::shared() {
        let whole = fs::read(shared.join("reference/lfpy/network_ei.h5")).unwrap();
        fs::write(path("half.h5"), &whole[..whole.len() / 2]).unwrap();
        replay(&path("half.h5"), &["half.h5", "truncated"]);
        // The group has another name.
        fs::write(path("bare.h5"), replaced(whole, b"probes\0", b"probez\0")).unwrap();
        let probes = ["--out", &out, "--tables", &path("bare.h5"), "--probes"];
        refused("replay", &probes, &["bare.h5: no group /probes"]);
    }

    common::succeed("ei_network", 1, &["--cells", "5", "--tstop", "1", "--out", &path("saved")]);
    let connections = folder.path().join("saved/synapse_connections.h5");
    let whole = fs::read(&connections).unwrap();
    fs::write(&connections, &whole[..whole.len() - 100]).unwrap();
    let saved = path("saved");
    let from = ["--out", &out, "--cells", "5", "--network-from", &saved];
    refused("ei_network", &from, &["synapse_connections.h5", "truncated"]);

    fs::write(path("model.json"), r#"{"format": "other"}"#).unwrap();
    refused("ring", &["--model", &path("model.json")], &["model.json", "missing field"]);
}

#[test]
fn directories_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let below_a_file = folder.path().join("file/out").display().to_string();
    refused("ei_network", &["--out", &below_a_file], &["file/out", "not writable"]);
    let used = folder.path().join("used").display().to_string();
    let arguments = ["--cells", "5", "--tstop", "1", "--out", &used];
    common::succeed("ei_network", 1, &arguments);
    refused("ei_network", &arguments, &["already holds a run", "overwrit"]);
    common::succeed("ei_network", 1, &[&arguments[..], &["--overwrite"]].concat());
}

/// A small file system in memory; none without the right to mount.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(path: PathBuf, bytes: usize) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let target = CString::new(path.as_os_str().as_bytes()).unwrap();
        let options = CString::new(format!("size={bytes}")).unwrap();
        let kind = c"tmpfs".as_ptr();
        // SAFETY: all pointers are to NUL-terminated strings that live for the call.
        let status =
            unsafe { libc::mount(kind, target.as_ptr(), kind, 0, options.as_ptr().cast()) };
        (status == 0).then_some(Self(path))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let target = CString::new(self.0.as_os_str().as_bytes()).unwrap();
        // SAFETY: the pointer is to a NUL-terminated string that lives for the call.
        unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    }
}

#[test]
fn a_full_disk() {
    for &ranks in &rank_counts()[..rank_counts().len().min(2)] {
        let folder = tempfile::tempdir().unwrap();
        let Some(disk) = Tmpfs::mount(folder.path().join("disk"), 1 << 20) else {
            println!("skipped: mounting a tmpfs needs root");
            return;
        };
        let out = disk.0.join("out");
        let out_name = out.display().to_string();
        let arguments = ["--out", &out_name, "--no-connections", "--traces", "40"];
        let often = ["--seal-interval", "5", "--tstop", "1000"];
        let started = Instant::now();
        let output = run("ei_network", ranks, &[&arguments[..], &often].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains("disk full"), "{text}");
        assert!(started.elapsed() < 3 * PROMISED, "the run took too long to fail");
        let sealed = net_io::store::RunDirectory::open(&out).unwrap().coverage().unwrap();
        // 5 ms are 80 steps.
        assert!(sealed.sealed_until() >= 80, "{ranks} ranks: {sealed:?}");
    }
}
