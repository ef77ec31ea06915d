//! Probes and stimulation for the tests.

use std::sync::Arc;

use net_lfp::*;
use net_sim::*;

/// A laminar electrode of `n` contacts beside the cells.
pub(crate) fn laminar(n: usize) -> RecExtElectrode {
    let first_um = [20.0, 30.0, -200.0];
    let direction = [0.0, 0.0, 1.0];
    let layout = Layout::Linear { n_contacts: n, spacing_um: 100.0, first_um, direction };
    RecExtElectrode {
        contacts: layout.contacts().unwrap(),
        conductivity: Conductivity::Isotropic(0.3),
        source: SourceModel::root_as_point(),
    }
}

/// A laminar electrode of 120 um whose contacts are denser than what they see.
pub(crate) fn dense(n_contacts: usize) -> RecExtElectrode {
    let (first_um, direction) = ([300.0, 250.0, -80.0], [0.0, 0.0, 1.0]);
    let spacing_um = 120.0 / n_contacts as f64;
    let layout = Layout::Linear { n_contacts, spacing_um, first_um, direction };
    RecExtElectrode { contacts: layout.contacts().unwrap(), ..laminar(1) }
}

/// All types of current that the cells of the tests have.
pub(crate) fn currents() -> Vec<CurrentType> {
    let mechanism = |name: &str| CurrentType::Mechanism(name.into());
    vec![
        CurrentType::Capacitive,
        mechanism("pas"),
        mechanism("hh"),
        CurrentType::ExcitatorySynapses,
        CurrentType::InhibitorySynapses,
    ]
}

/// Probes of all sorts.
pub(crate) fn with_probes(model: Model, chunk_samples: Option<usize>) -> Model {
    let head =
        FourSphereVolumeConductor::new(vec![[0.0, 0.0, 90_000.0], [0.0, 20_000.0, 80_000.0]]);
    let at = DipoleSource::At([0.0, 0.0, 78_000.0]);
    let eeg = DipoleField::new(head, at, HeadFrame::default()).unwrap();
    let sensors = InfiniteHomogeneousVolCondMeg {
        sensors_um: vec![[0.0, 5_000.0, 90_000.0], [3_000.0, 0.0, 90_000.0]],
        quantity: MagneticQuantity::FluxDensity,
    };
    let frame = HeadFrame { offset_um: [0.0, 0.0, 78_000.0], ..HeadFrame::default() };
    let meg = DipoleField::new(sensors, DipoleSource::Cells, frame).unwrap();
    let every_step = ProbeRecording {
        by_population: true,
        currents: currents(),
        split_currents: true,
        groups: vec![
            ("first two".into(), Targets::FirstOfEach(2)),
            ("one cell".into(), Targets::Gids(vec![0])),
        ],
        chunk_samples,
        ..ProbeRecording::new(laminar(7))
    };
    let averaged = ProbeRecording {
        interval_ms: Some(0.5),
        sampling: Sampling::Average,
        start_ms: 3.0,
        stop_ms: Some(47.3),
        currents: vec![CurrentType::InhibitorySynapses],
        chunk_samples,
        ..ProbeRecording::new(laminar(3))
    };
    let dipole = ProbeRecording {
        name: Some("dipole".into()),
        interval_ms: Some(0.1),
        by_population: true,
        currents: vec![CurrentType::Capacitive],
        chunk_samples,
        ..ProbeRecording::new(CurrentDipoleMoment)
    };
    // Most of its rows follow from others.
    let dense = ProbeRecording {
        name: Some("dense".into()),
        interval_ms: Some(0.2),
        sampling: Sampling::Average,
        currents: vec![CurrentType::Capacitive],
        chunk_samples,
        ..ProbeRecording::new(dense(40))
    };
    // Made from the sums of the dipole moment.
    let scalp = ProbeRecording {
        name: Some("scalp".into()),
        probe: Arc::new(eeg.clone()),
        ..dipole.clone()
    };
    model
        .with_probe(every_step)
        .with_probe(averaged)
        .with_probe(dipole)
        .with_probe(dense)
        .with_probe(ProbeRecording { chunk_samples, ..ProbeRecording::new(eeg) })
        .with_probe(ProbeRecording {
            interval_ms: Some(0.1),
            chunk_samples,
            ..ProbeRecording::new(meg)
        })
        .with_probe(scalp)
}

/// Fields of all sorts, on some of the cells.
pub(crate) fn with_stimulation(model: Model) -> Model {
    let electrode = StimulatingElectrode {
        currents_na: vec![-8000.0, 8000.0],
        medium: Medium::SemiInfinite,
        ..StimulatingElectrode::new(
            Contacts::new(vec![[0.0, 20.0, 10.0], [100.0, 0.0, 100.0]]).unwrap(),
        )
    };
    let train = TimeCourse::BiphasicTrain {
        start_ms: 2.0,
        width_ms: 0.3,
        gap_ms: 0.05,
        interval_ms: 7.0,
        n_pulses: 5,
        amplitude: 1.0,
    };
    let sine = TimeCourse::Sine {
        start_ms: 0.0,
        stop_ms: 40.0,
        frequency_hz: 50.0,
        amplitude: 20.0,
        phase_rad: 0.5,
    };
    let uniform = Stimulation {
        targets: Targets::Population("E".into()),
        ..Stimulation::new("uniform", UniformField { field_v_m: [0.1, 0.0, 1.0] }, sine)
    };
    let ramp = |segment: &StimulatedSegment, t_ms: f64| 0.01 * t_ms * f64::from(segment.segment);
    let ramp =
        Stimulation { targets: Targets::Gids(vec![0, 3]), ..Stimulation::function("ramp", ramp) };
    let electrode = Stimulation::new("electrode", electrode, train);
    model.with_stimulation(electrode).with_stimulation(uniform).with_stimulation(ramp)
}
