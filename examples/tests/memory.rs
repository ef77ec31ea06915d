//! Memory does not grow with the duration of a run.

mod common;

use common::succeed;

#[test]
fn a_run_ten_times_as_long_needs_the_same_memory() {
    let folder = tempfile::tempdir().unwrap();
    let peak_mb = |tstop: &str| {
        let out = folder.path().join(tstop).display().to_string();
        let arguments =
            ["--cells", "50", "--lfp", "--no-pictures", "--threads", "1", "--seal-interval", "20"];
        succeed("ei_network", 1, &[&arguments[..], &["--tstop", tstop, "--out", &out]].concat());
        let report = std::fs::read(folder.path().join(tstop).join("report.json")).unwrap();
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert!(report["n_spikes"].as_u64().unwrap() > 10);
        report["peak_memory_mb_by_rank"][0].as_f64().unwrap()
    };
    let (short, long) = (peak_mb("150"), peak_mb("1500"));
    println!("150 ms: {short:.1} MB, 1500 ms: {long:.1} MB");
    if short > 0.0 {
        assert!((long / short - 1.0).abs() < 0.05, "{short} MB and {long} MB");
    }
}
