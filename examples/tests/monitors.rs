//! The table that CompNeuroPy's example prints, line for line.

mod common;

#[test]
fn the_monitor_example_prints_the_table_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let printed = common::succeed("monitor_recordings", 1, &["--out", &out]);
    for picture in ["monitor_recordings_1_chunk2.png", "monitor_recordings_3_chunk0.png"] {
        assert!(folder.path().join(picture).is_file(), "{picture}");
    }
    let Some(shared) = common::shared() else { return };
    let reference = shared.join("reference/recording/cnp/console_annarchy4.7.3.txt");
    let reference = std::fs::read_to_string(reference).unwrap();
    // The first line is about compiling the model.
    let (_, expected) = reference.split_once('\n').unwrap();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (found, expected) in lines(&printed).iter().zip(&lines(expected)) {
        assert_eq!(found, expected);
    }
    assert_eq!(lines(&printed).len(), lines(expected).len());
}
