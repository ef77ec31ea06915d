//! Results of a run as a file for Neo: what was recorded, whatever the dialect and the layout.

#[path = "nix_common/python.rs"]
mod python;
#[path = "nix_common/reference.rs"]
mod reference;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use net_io::Error;
use net_io::merge::{Extent, MergeOptions, RunReader, merge_recordings};
use net_io::nix::read::{NioReader, Recording, RecordingKind};
use net_io::nix::*;
use net_io::provenance::{Provenance, RankHost};
use net_io::store::*;
use python::python;
use reference::reference;

const N_CELLS: u64 = 12;
/// The state after 600 steps is the last sample.
const END_STEP: u64 = 601;
const DT_MS: f64 = 0.025;

/// A child of another test would hold the locks of files that are open when it starts.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn manifest(n_ranks: u32) -> Manifest {
    let mut manifest = Manifest::new(DT_MS, 7, n_ranks);
    let population =
        |name: &str, first_gid, size| Population { name: name.to_owned(), first_gid, size };
    manifest.populations =
        vec![population("E", 0, 7), population("silent", 7, 2), population("I", 9, 3)];
    let signal = |name: &str, variable: &str, units: &str, grid, sample_type| Signal {
        name: name.to_owned(),
        variable: variable.to_owned(),
        units: units.to_owned(),
        grid,
        sample_type,
        ..Signal::default()
    };
    let coarse = SampleGrid { interval_steps: 10, offset_steps: 3 };
    manifest.signals = vec![
        signal("soma_v", "v", "mV", SampleGrid::EVERY_STEP, SampleType::F32),
        signal("conductance", "g", "S/cm2", coarse, SampleType::F64),
        signal("nothing", "x", "1", SampleGrid::EVERY_STEP, SampleType::F64),
    ];
    manifest.signals[1].labels = vec!["exc".to_owned(), "inh".to_owned()];
    manifest
}

fn spike_steps(gid: u64) -> Vec<u64> {
    if (7..9).contains(&gid) {
        return Vec::new();
    }
    // Steps at the borders of segments and of the run are among them.
    let mut steps: Vec<u64> = (gid % 5..END_STEP).step_by(37 + gid as usize % 3).collect();
    if gid == 2 {
        steps.extend([199, 200, 600]);
    }
    steps.sort_unstable();
    steps
}

fn columns(signal: usize, rank: u32, n_ranks: u32) -> Vec<Column> {
    let mine = (0..N_CELLS).rev().filter(|gid| gid % u64::from(n_ranks) == u64::from(rank));
    match signal {
        0 => mine.map(|gid| Column { gid, segment: 0, label: 0 }).collect(),
        1 => mine
            .filter(|gid| gid % 4 == 1)
            .flat_map(|gid| [1, 0].map(|label| Column { gid, segment: 2 + label, label }))
            .collect(),
        _ => Vec::new(),
    }
}

fn sample(signal: usize, column: &Column, step: u64) -> f64 {
    let place =
        (column.gid * 100 + u64::from(column.segment) * 10 + u64::from(column.label)) as f64;
    signal as f64 + place + 1e-3 * step as f64
}

/// Records a run on `n_ranks` ranks and merges it.
fn run(path: &Path, n_ranks: u32, finish: bool) -> RunDirectory {
    let run = RunDirectory::create(path, Overwrite::No).unwrap();
    let manifest = manifest(n_ranks);
    run.write_manifest(&manifest).unwrap();
    provenance(n_ranks).write(&run).unwrap();
    for rank in 0..n_ranks {
        let declared: Vec<(Signal, Columns)> = (manifest.signals.iter().cloned())
            .enumerate()
            .map(|(index, signal)| (signal, placed(columns(index, rank, n_ranks))))
            .collect();
        let mut part = PartWriter::create(&run, rank, declared.clone(), 4000).unwrap();
        for gid in (0..N_CELLS).filter(|gid| gid % u64::from(n_ranks) == u64::from(rank)) {
            for step in spike_steps(gid) {
                part.push_spike(Spike { step, gid }).unwrap();
            }
        }
        for (index, (signal, columns)) in declared.iter().enumerate() {
            for (number, column) in columns.columns().iter().enumerate() {
                let due = (0..END_STEP).filter(|&step| signal.grid.is_due(step));
                let samples: Vec<f64> = due.map(|step| sample(index, column, step)).collect();
                part.push_column(index, number, &samples).unwrap();
            }
        }
        if finish {
            part.finish(END_STEP).unwrap();
        } else {
            part.seal(END_STEP).unwrap();
        }
    }
    let extent = if finish { Extent::Finished } else { Extent::Sealed };
    let options = MergeOptions { extent, ..MergeOptions::default() };
    merge_recordings(&run, &options).unwrap();
    run
}

fn provenance(n_ranks: u32) -> Provenance {
    let mut provenance = Provenance::new("a test", 7, DT_MS);
    provenance.simulation_id = "11111111-2222-4333-8444-555555555555".parse().unwrap();
    provenance.duration_ms = 600.0 * DT_MS;
    provenance.mpi_size = Some(n_ranks);
    provenance.ranks = (0..n_ranks)
        .map(|mpi_rank| RankHost { mpi_rank, host: provenance.host.clone().unwrap() })
        .collect();
    provenance.mark_started();
    provenance.mark_finished();
    provenance
}

fn options(run: &RunDirectory, dialect: Dialect) -> NioOptions {
    let provenance = Provenance::read(run).unwrap().unwrap().reproducible();
    let mut options = NioOptions::new(provenance);
    options.identity.created = UtcTime::from_unix_seconds(1_714_979_289);
    options.dialect = dialect;
    options.checkpoints = vec![200, 400];
    options.configuration = serde_json::json!({"tstop_ms": 15.0, "devices": {"soma_v": {}}});
    options
}

/// The conductances were recorded in a dendrite.
fn placed(columns: Vec<Column>) -> Columns {
    let mut all = Columns::default();
    for column in columns {
        let section = format!("dend[{}]", column.segment);
        let place = Place { section, arc: 0.25, branch: 1, point: 3 };
        all.push(column, (column.segment > 0).then_some(&place), None);
    }
    all
}

fn write(run: &RunDirectory, dialect: Dialect) -> net_io::Result<NioReport> {
    let options = options(run, dialect);
    write_nio(&RunReader::open(run)?, &run.file(RunDirectory::NIO), &options)
}

#[test]
fn python_reads_what_was_recorded() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 3, true);
    let n_spikes: usize = (0..N_CELLS).map(|gid| spike_steps(gid).len()).sum();
    for (asked, dialect) in
        [(Dialect::UpTo(30), Dialect::PerObject), (Dialect::UpTo(29), Dialect::Multiplexed)]
    {
        let report = write(&run, asked).unwrap();
        let expected = NioReport { dialect, n_segments: 3, n_spikes: n_spikes as u64 };
        assert_eq!(report, expected);
        python(&["results".as_ref(), run.path().as_os_str()]);
        python(&["extend".as_ref(), run.path().as_os_str()]);
        let contract = match dialect {
            Dialect::PerObject => "recording/bsb/document_contract.json",
            _ => "recording/bsb/bsb8_nest_ckpt.nio.json",
        };
        if let Some(contract) = reference(contract) {
            let file = run.file(RunDirectory::NIO);
            python(&["contract".as_ref(), file.as_os_str(), contract.as_os_str()]);
        }
    }
}

#[test]
fn any_number_of_ranks_gives_the_same_bytes() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let mut expected = None;
    for n_ranks in [1, 2, 5] {
        let run = run(&directory.path().join(n_ranks.to_string()), n_ranks, true);
        let files = [Dialect::PerObject, Dialect::Multiplexed].map(|dialect| {
            write(&run, dialect).unwrap();
            std::fs::read(run.file(RunDirectory::NIO)).unwrap()
        });
        let merged = [RunDirectory::SPIKES, RunDirectory::TRACES]
            .map(|name| std::fs::read(run.file(name)).unwrap());
        let found = (files, merged);
        assert!(&found == expected.get_or_insert(found.clone()), "{n_ranks} ranks");
    }
}

#[test]
fn both_dialects_are_read_back_as_what_was_recorded() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 3, true);
    let borders = [0, 200, 400, END_STEP];
    for dialect in [Dialect::PerObject, Dialect::Multiplexed] {
        write(&run, dialect).unwrap();
        let blocks = NioReader::open(&run.file(RunDirectory::NIO)).unwrap().blocks().unwrap();
        assert_eq!(blocks[0].segments.len(), 3);
        let (mut n_trains, mut n_signals) = (0, 0);
        let check = |recording: Recording| {
            let integer = |name| {
                recording.annotations.iter().find_map(|(known, value)| match value {
                    Value::Int(value) if known == name => Some(*value as u64),
                    _ => None,
                })
            };
            let gid = integer("bsb_gid").unwrap();
            let steps = borders[recording.segment]..borders[recording.segment + 1];
            let second = |step: u64| step as f64 * DT_MS / 1000.0;
            let expected: Vec<f64> = if let RecordingKind::Spikes { .. } = recording.kind {
                n_trains += 1;
                assert_eq!((recording.device.as_str(), recording.units.as_str()), ("spikes", "s"));
                let of_segment = |step: &u64| steps.contains(step);
                spike_steps(gid).into_iter().filter(of_segment).map(second).collect()
            } else {
                n_signals += 1;
                let signal = usize::from(recording.device == "conductance");
                let segment = integer("bsb_segment").unwrap() as u32;
                let label = segment.saturating_sub(2);
                let grid = manifest(1).signals[signal].grid;
                let due: Vec<u64> = steps.filter(|&step| grid.is_due(step)).collect();
                let RecordingKind::Samples { start, .. } = recording.kind else { unreachable!() };
                assert_eq!(start, second(due[0]));
                let column = Column { gid, segment, label };
                let exact = due.into_iter().map(|step| sample(signal, &column, step));
                exact.map(|v| if signal == 0 { f64::from(v as f32) } else { v }).collect()
            };
            assert_eq!(recording.data, expected, "{dialect:?} {recording:?}");
            Ok(())
        };
        blocks[0].recordings(check).unwrap();
        assert_eq!((n_trains, n_signals), (3 * N_CELLS, 3 * (N_CELLS + 6)));
    }
}

#[test]
fn the_record_of_a_run_comes_back() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 2, true);
    let record = Provenance::read(&run).unwrap().unwrap();
    assert_eq!(record.ranks.len(), 2);
    assert_eq!(record.simulator.name, "net-sim");
    assert!(record.host.as_ref().is_some_and(|host| host.platform.is_some()));
    assert_eq!(serde_json::from_str::<Provenance>(&record.to_json()).unwrap(), record);

    let file = hdf5::File::open(run.file(RunDirectory::SPIKES)).unwrap();
    let text: hdf5::types::VarLenUnicode = file.attr("provenance").unwrap().read_scalar().unwrap();
    let stamp: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(stamp["simulation_name"], "a test");
    for depends_on_the_run in ["simulation_id", "started_at", "host", "mpi_size"] {
        assert!(stamp.get(depends_on_the_run).is_none(), "{depends_on_the_run}");
    }

    std::fs::write(run.file(RunDirectory::PROVENANCE), "{}").unwrap();
    assert!(matches!(Provenance::read(&run), Err(Error::Json { .. })));
    std::fs::remove_file(run.file(RunDirectory::PROVENANCE)).unwrap();
    assert_eq!(Provenance::read(&run).unwrap(), None);
}

#[test]
fn the_reader_finds_cells_and_times() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 2, true);
    let reader = RunReader::open(&run).unwrap();
    assert_eq!((reader.end_step(), reader.finished()), (END_STEP, true));
    for (steps, population, gids) in [(0..601, 0, 0..7), (199..201, 0, 0..7), (100..300, 2, 9..12)]
    {
        let mut found = Vec::new();
        let collect = |spikes: &[Spike]| {
            found.extend_from_slice(spikes);
            Ok(())
        };
        reader.spikes(population, steps.clone(), collect).unwrap();
        let mut expected: Vec<Spike> = gids
            .flat_map(|gid| spike_steps(gid).into_iter().map(move |step| Spike { step, gid }))
            .filter(|spike| steps.contains(&spike.step))
            .collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{steps:?}");
    }
    let signal = reader.signal(1).unwrap();
    assert_eq!(signal.rows_of(5), 2..4);
    let samples = signal.samples_of(3..24);
    assert_eq!((samples.clone(), signal.step_of(1)), (0..3, 13));
    let values: Vec<f64> = signal.read(2..4, samples).unwrap();
    let expected: Vec<f64> = signal.columns()[2..4]
        .iter()
        .flat_map(|column| [3, 13, 23].map(|step| sample(1, column, step)))
        .collect();
    assert_eq!(values, expected);
    assert!(matches!(signal.read::<f64>(0..7, 0..1), Err(Error::NoSuchIndex { .. })));
    assert!(matches!(reader.signal(3), Err(Error::NoSuchIndex { .. })));
}

#[test]
fn an_interrupted_run_ends_where_it_was_sealed() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 2, false);
    assert_eq!(write(&run, Dialect::Multiplexed).unwrap().n_segments, 3);
    python(&["results".as_ref(), run.path().as_os_str()]);
}

#[test]
fn checkpoints_ascend_within_the_run() {
    let _alone = alone();
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 1, true);
    let reader = RunReader::open(&run).unwrap();
    let mut options = options(&run, Dialect::PerObject);
    let path = run.file(RunDirectory::NIO);
    for wrong in [vec![0], vec![200, 200], vec![600], vec![601]] {
        options.checkpoints = wrong.clone();
        let error = write_nio(&reader, &path, &options).unwrap_err();
        assert!(matches!(error, Error::Declaration { .. }), "{wrong:?}: {error}");
    }
    options.checkpoints = Vec::new();
    options.stop_step = Some(500);
    assert!(write_nio(&reader, &path, &options).is_err());
    assert!(!path.exists());
}
