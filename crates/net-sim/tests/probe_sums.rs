//! How sums of probes come about: what is added up once, in which order, and that none of it is seen.

mod common;

use std::fs;
use std::path::Path;

use common::fields::{dense, laminar, with_probes, with_stimulation};
use common::{connected, in_memory, into_files};
use net_lfp::*;
use net_mpi::Communicator;
use net_sim::*;
use sha2::{Digest, Sha256};

fn run(model: &Model, options: &RunOptions) -> Outcome {
    let comm = Communicator::solo();
    Simulation::build(&comm, model, options).unwrap().run().unwrap()
}

/// Of contacts that are dense, few are computed by themselves, and all are what they would be.
#[test]
fn contacts_that_follow_from_others_see_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let run = |interpolate: bool| {
        let probe = ProbeRecording {
            by_population: true,
            currents: vec![CurrentType::Capacitive],
            interpolate,
            ..ProbeRecording::new(dense(100))
        };
        let own = folder.path().join(interpolate.to_string());
        let model = connected(5, [20, 7], 0.5).with_probe(probe);
        let signals =
            run(&model, &RunOptions { keep_in_memory: true, ..into_files(50.0, 1, &own) });
        let file = hdf5::File::open(own.join("OUTPUT.h5")).unwrap();
        let rows = file.dataset("RecExtElectrode0").unwrap().attr("rows_summed").unwrap();
        (signals.signals, rows.read_scalar::<u64>().unwrap())
    };
    let ((all, n_all), (interpolated, n_summed)) = (run(false), run(true));
    assert_eq!(n_all, 100);
    assert!(n_summed < 50, "{n_summed} rows");
    for ((name, expected), (_, found)) in all[0].fields.iter().zip(&interpolated[0].fields) {
        let largest = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let error = expected.iter().zip(found).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{name}: {n_summed} rows, {:.1e} of the largest", error / largest);
        assert!(largest > 0.0 && error < 1e-12 * largest, "{name}: {error} {largest}");
    }
}

fn hash(folder: &Path) -> String {
    format!("{:x}", Sha256::digest(fs::read(folder.join("OUTPUT.h5")).unwrap()))
}

#[test]
fn threads_and_chunks_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = None;
    for threads in [1, 2, 5] {
        for chunk in [None, Some(1), Some(13), Some(usize::MAX)] {
            let model = with_stimulation(with_probes(connected(5, [20, 7], 0.5), chunk));
            let own = folder.path().join(format!("{threads}-{chunk:?}"));
            run(&model, &into_files(50.01, threads, &own));
            let found = hash(&own);
            assert_eq!(
                &found,
                expected.get_or_insert_with(|| found.clone()),
                "{threads} {chunk:?}"
            );
        }
    }
    println!("SHA-256 {}", expected.unwrap());
}

#[test]
fn pieces_leave_the_signals_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let (comm, options) = (Communicator::solo(), into_files(50.01, 2, folder.path()));
    let model = with_probes(connected(5, [20, 7], 0.5), Some(13));
    let expected = run(&model, &in_memory(50.01, 1)).signals;
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    for duration_ms in [0.025, 3.1, 0.5] {
        simulation.advance(duration_ms).unwrap();
    }
    let error = simulation.advance(50.0).unwrap_err().to_string();
    assert!(error.contains("53.625") && error.contains("50.01"), "{error}");
    assert_eq!(simulation.run().unwrap().signals, expected);
    // Also a run that ends before.
    let memory = in_memory(50.01, 1);
    let mut simulation = Simulation::build(&comm, &model, &memory).unwrap();
    simulation.advance(10.0).unwrap();
    let early = simulation.finish().unwrap().signals;
    assert_eq!((early[0].n_samples, early[1].n_samples), (401, 15));
    for (early, whole) in early.iter().zip(&expected) {
        for ((_, early_values), (_, values)) in early.fields.iter().zip(&whole.fields) {
            let (n, rows) = (early.n_samples, values.chunks(whole.n_samples));
            assert!(early_values.chunks(n).zip(rows).all(|(some, all)| some == &all[..n]));
        }
    }
}

/// Probes that are made from the same sums, as the dipole moment and its field at the scalp, have them
/// computed once; each has the values that it has alone.
#[test]
fn probes_with_the_same_matrices_are_summed_once() {
    let head =
        FourSphereVolumeConductor::new(vec![[0.0, 0.0, 90_000.0], [0.0, 20_000.0, 80_000.0]]);
    let at = DipoleSource::At([0.0, 0.0, 78_000.0]);
    let eeg = DipoleField::new(head, at, HeadFrame::default()).unwrap();
    let dipole = ProbeRecording { by_population: true, ..ProbeRecording::new(CurrentDipoleMoment) };
    let eeg = ProbeRecording { by_population: true, ..ProbeRecording::new(eeg) };
    let of_groups = |first: u64| ProbeRecording {
        groups: vec![("some".into(), Targets::Gids(vec![first, first + 3]))],
        ..ProbeRecording::new(laminar(5))
    };
    let all = |probes: &[&ProbeRecording], threads: usize| {
        let with = |model: Model, &probe: &&ProbeRecording| model.with_probe(probe.clone());
        let model = probes.iter().fold(connected(5, [20, 7], 0.5), with);
        let Outcome { signals, report, .. } = run(&model, &in_memory(20.0, threads));
        (signals, report.probe_bytes)
    };
    let seldom = ProbeRecording { interval_ms: Some(0.1), ..eeg.clone() };
    let of_chunks = ProbeRecording { chunk_samples: Some(7), ..eeg.clone() };
    let (two, other_two, with_dense) =
        (of_groups(1), of_groups(2), ProbeRecording::new(dense(100)));
    for (first, second, is_shared) in [
        (&dipole, &eeg, true),
        (&eeg, &dipole, true),
        (&with_dense, &with_dense, true),
        (&two, &two, true),
        (&two, &other_two, false),
        (&dipole, &seldom, false),
        (&dipole, &of_chunks, false),
    ] {
        let ((alone, bytes), (other, more)) = (all(&[first], 1), all(&[second], 1));
        for threads in [1, 2] {
            let (both, _) = all(&[first, second], threads);
            assert!(both[0].fields.iter().any(|(_, x)| x.iter().any(|x| *x != 0.0)));
            assert_eq!(both[0].fields, alone[0].fields);
            assert_eq!(both[1].fields, other[0].fields);
        }
        let (_, bytes_of_both) = all(&[first, second], 1);
        if is_shared {
            let of_skeleton = bytes_of_both - bytes;
            assert!(of_skeleton < more / 2, "{bytes_of_both} bytes, {bytes} alone");
        } else {
            assert_eq!(bytes_of_both, bytes + more);
        }
    }
}
