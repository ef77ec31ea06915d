//! Parameters of cells that change while a model runs.

use net_mpi::{Communicator, SpikeTime};

use super::*;

/// Spikes and traces of all ranks, on rank 0.
type Left = Option<(Vec<SpikeTime>, Vec<Trace>)>;

/// What changes: channels of one section kind, the leak, which is part of the constant system, a shell
/// of calcium, whose kernels have factors that are computed once, and synapses.
fn changes() -> [CellParameter; 5] {
    let of = |population: &str| Targets::Population(population.into());
    [
        CellParameter {
            region: Region::Kinds(vec![SectionKind::Soma]),
            ..CellParameter::new(of("E"), "hh.gnabar", 0.11)
        },
        CellParameter::new(of("E"), "pas.g", 3e-4),
        CellParameter::new(of("E"), "CaDynamics_E2.decay", 20.0),
        CellParameter::new(of("E"), "CaDynamics_E2.depth", 0.2),
        CellParameter::new(Targets::All, "ExpSyn.tau", 3.5),
    ]
}

/// A network whose cells have these values, or the usual ones.
fn model(is_changed: bool) -> Model {
    let value = |changed: f64, usual: f64| if is_changed { changed } else { usual };
    let mut cell = stick(3);
    let soma = Region::Kinds(vec![SectionKind::Soma]);
    cell.insert("hh", &soma, &[("gnabar", value(0.11, 0.12))]).unwrap();
    cell.insert("pas", &Region::Kinds(vec![SectionKind::Basal]), &[("g", value(3e-4, 1e-4))])
        .unwrap();
    cell.insert("Ca_HVA2", &soma, &[("gCa_HVAbar", 1e-3)]).unwrap();
    cell.insert("SK_E2", &soma, &[("gSK_E2bar", 1e-2)]).unwrap();
    let shell = [("decay", value(20.0, 80.0)), ("depth", value(0.2, 0.1))];
    cell.insert("CaDynamics_E2", &soma, &shell).unwrap();
    let mut network = populations(5, [30, 10]);
    let tau_ms = |usual: f64| value(3.5, usual);
    for pre in ["E", "I"] {
        for post in ["E", "I"] {
            let mut own = projection(pre, post, 0.5);
            let tau = own.synapse.parameters.get_mut("tau").unwrap();
            *tau = tau_ms(*tau);
            network.add_projection(own).unwrap();
        }
    }
    let calcium = Quantity::Ion { ion: "ca".into(), variable: IonVariable::Inside };
    let input = |population: &str| {
        let mut own = background(population);
        let tau = own.synapse.parameters.entry("tau".into()).or_insert(0.1);
        *tau = tau_ms(*tau);
        own
    };
    let f64_of = |recording: Recording| Recording { sample_type: SampleType::F64, ..recording };
    Model::new(network)
        .with_cells("E", CellKind::shared(cell))
        .with_cells("I", CellKind::per_cell(|gid| Ok::<_, CellError>(stick(2 + gid as usize % 7))))
        .with_input(input("E"))
        .with_input(input("I"))
        .with_recording(f64_of(Recording::new("v", Targets::All, Quantity::Voltage)))
        .with_recording(f64_of(Recording::new("cai", Targets::Gids(vec![0]), calcium)))
}

/// A run in which everything changes at a time.
fn changed(comm: &Communicator, threads: usize, at_ms: f64) -> Result<Left> {
    let (model, options) = (model(false), in_memory(30.0, threads));
    let mut simulation = Simulation::build(comm, &model, &options)?;
    simulation.advance(at_ms)?;
    for change in changes() {
        assert!(simulation.set_cell_parameter(&change)? > 0);
    }
    left(comm, simulation)
}

fn left(comm: &Communicator, simulation: Simulation<'_>) -> Result<Left> {
    let outcome = simulation.run()?;
    let (spikes, traces) = (outcome.gather_spikes(comm)?, outcome.gather_traces(comm)?);
    Ok(spikes.zip(traces))
}

/// Changes at the start leave what a model with these values leaves; changes later, the same in all
/// layouts.
pub(crate) fn check(comm: &Communicator, threads: usize) -> Result<()> {
    let at_start = changed(comm, threads, 0.0)?;
    let later = changed(comm, threads, 10.1)?;
    if let (Some(at_start), Some(later)) = (at_start, later) {
        let solo = Communicator::solo();
        let (model, options) = (model(true), in_memory(30.0, 1));
        let built = left(&solo, Simulation::build(&solo, &model, &options)?)?;
        let n_spikes = at_start.0.len();
        assert!(built == Some(at_start), "parameters at the start: the run differs");
        assert!(built != Some(later.clone()), "parameters changed nothing");
        assert!(changed(&solo, 1, 10.1)? == Some(later), "parameters: runs differ");
        println!("parameters of cells: {n_spikes} spikes ... ok");
    }
    Ok(comm.barrier()?)
}
