//! Point neurons: populations divided among the groups, and what ends on them, drawn group by group.

use net_cell::point::{Place, PointPopulation, PointSynapse, PointSynapses};
use net_cell::{CellGroup, SourceKey, SpikeSource};
use net_core::{
    CellSites, ConnectionCounts, Distribution, DrawnSynapse, Gid, Population, ProjectionSampler,
    Purpose, StepClock, StreamFamily, SynapseKind,
};
use net_io::store::Column;
use rayon::prelude::*;

use super::{LocalSize, record, weights};
use crate::error::{Error, Result, bad_value};
use crate::model::{Input, InputSynapses, Model};
use crate::run::SignalPlan;

/// Second id of an input's streams of Poisson counts, behind those of segments and weights: the
/// number of the synapse, or this alone where many are drawn as one.
const INPUT_WEIGHTS: u64 = 1;
const INPUT_COUNTS: u64 = 2;

/// Whether the synapses of an input are on point neurons.
pub(super) fn is_for_points(model: &Model, input: &Input) -> Result<bool> {
    match &input.synapses {
        InputSynapses::Drawn { population, .. } => {
            let network = model.network();
            Ok(model.points_of(network.population(network.find_population(population)?)).is_some())
        }
        InputSynapses::Table(table) => {
            let n_points = table.rows().iter().filter(|row| model.is_point(row.gid)).count();
            if n_points == 0 || n_points == table.rows().len() {
                return Ok(n_points > 0);
            }
            let key = format!("input '{}': table", input.name);
            Err(bad_value(key, n_points, "rows for point neurons alone, or for none"))
        }
    }
}

/// What a group gets.
#[derive(Default)]
struct Share {
    populations: Vec<PointPopulation>,
    inputs: Vec<DrawnSource>,
    size: LocalSize,
}

/// A source of events for a point neuron.
struct DrawnSource {
    population: usize,
    ring: usize,
    neuron: usize,
    input: usize,
    weight: f64,
    source: SpikeSource,
    key: SourceKey,
}

/// Adds the point neurons of this rank to the groups.
pub(super) fn build(
    model: &Model,
    clock: StepClock,
    gids: &[Gid],
    groups: &mut [CellGroup],
    pool: &rayon::ThreadPool,
    (size, plans): (&mut LocalSize, &mut [SignalPlan]),
) -> Result<()> {
    check_synapses(model)?;
    let samplers = samplers(model, gids)?;
    let n_groups = groups.len();
    let shares: Vec<Result<Share>> = pool.install(|| {
        let numbers = (0..n_groups).into_par_iter();
        numbers.map(|at| share(model, clock, gids, (at, n_groups), &samplers)).collect()
    });
    for (group, share) in groups.iter_mut().zip(shares) {
        let Share { populations, inputs, size: own } = share?;
        size.n_cells += own.n_cells;
        size.n_segments += own.n_cells;
        size.counts += own.counts;
        size.n_inputs += own.n_inputs;
        size.add_delays(own.delay_steps);
        for population in populations {
            group.add_points(population);
        }
        for input in inputs {
            let DrawnSource { population, ring, neuron, input, weight, source, key } = input;
            let Input { name, delay_ms, .. } = &model.inputs()[input];
            group
                .add_point_input((population, ring, neuron), &source, weight, *delay_ms, key)
                .map_err(|source| Error::InputSource {
                    input: name.clone(),
                    source: Box::new(source),
                })?;
        }
    }
    record_points(model, clock, gids, groups, plans)?;
    weights::record_points(model, clock, gids, groups, plans)
}

/// Checks every synapse on point neurons, so that what is wrong is found on every rank.
fn check_synapses(model: &Model) -> Result<()> {
    let network = model.network();
    let check = |population: &Population, kind: &SynapseKind, user: String| {
        let Some(neuron) = model.points_of(population) else { return Ok(()) };
        let synapse = synapse(kind, &user)?;
        if neuron.model().targets().any(|target| target == synapse.target) {
            return Ok(());
        }
        let source = net_cell::CellError::UnknownTarget {
            model: neuron.model().name.to_owned(),
            target: synapse.target,
            known: neuron.model().targets().collect::<Vec<_>>().join(", "),
        };
        Err(Error::Points { user, source: Box::new(source) })
    };
    for id in network.projection_ids() {
        let projection = network.projection(id);
        let post = network.population(network.ends(id)[1]);
        check(post, &projection.synapse, format!("projection '{}'", projection.name))?;
    }
    for input in model.inputs() {
        let user = format!("input '{}'", input.name);
        if !is_for_points(model, input)? {
            continue;
        }
        match &input.synapses {
            InputSynapses::Drawn { population, .. } => {
                let population = network.population(network.find_population(population)?);
                check(population, &input.synapse, user)?;
            }
            InputSynapses::Table(table) => {
                for row in table.rows() {
                    let population = network.population(network.population_of(row.gid)?);
                    check(population, &input.synapse, user.clone())?;
                }
            }
        }
    }
    Ok(())
}

fn synapse(kind: &SynapseKind, user: &str) -> Result<PointSynapse> {
    let parameters: Vec<_> = kind.parameters.iter().map(|(n, v)| (n.as_str(), *v)).collect();
    PointSynapse::new(&kind.mechanism, &parameters)
        .map_err(|source| Error::Points { user: user.to_owned(), source: Box::new(source) })
}

/// Samplers of the projections on point neurons.
fn samplers<'m>(model: &'m Model, gids: &[Gid]) -> Result<Vec<Option<ProjectionSampler<'m>>>> {
    let network = model.network();
    let sampler = |id| {
        let post = network.population(network.ends(id)[1]);
        match model.points_of(post) {
            Some(_) => Ok(Some(network.projection_sampler(id, gids)?)),
            None => Ok(None),
        }
    };
    network.projection_ids().map(sampler).collect()
}

/// The one place of synapses on a point neuron.
pub(super) fn draw(
    sampler: &ProjectionSampler,
    gid: Gid,
    drawn: &mut Vec<DrawnSynapse>,
) -> Result<ConnectionCounts> {
    let sites = CellSites {
        area_um2: &[1.0],
        z_mid_um: &[0.0],
        section_of_segment: &[0],
        section_names: &["soma".to_owned()],
    };
    drawn.clear();
    Ok(sampler.draw_into(gid, &sites, drawn)?)
}

/// The point neurons of one group, with all that ends on them.
fn share(
    model: &Model,
    clock: StepClock,
    gids: &[Gid],
    (at, n_groups): (usize, usize),
    samplers: &[Option<ProjectionSampler>],
) -> Result<Share> {
    let network = model.network();
    let mut share = Share::default();
    for (index, population) in network.populations().iter().enumerate() {
        let Some(neuron) = model.points_of(population) else { continue };
        let of_rank = &gids[gids.partition_point(|&gid| gid < population.gids().start)
            ..gids.partition_point(|&gid| gid < population.gids().end)];
        let (first, end) = (of_rank.len() * at / n_groups, of_rank.len() * (at + 1) / n_groups);
        let own = of_rank[first..end].to_vec();
        if own.is_empty() {
            continue;
        }
        let (seed, first_gid) = (network.seed(), population.first_gid());
        let place = Place { seed, population: index as u32, first_gid };
        let here = |user: String| move |source| Error::Points { user, source: Box::new(source) };
        let mut points = PointPopulation::new(neuron.clone(), place, own, clock)
            .map_err(here(format!("population '{}'", population.name())))?;
        share.size.n_cells += points.gids().len() as u64;
        for (id, sampler) in network.projection_ids().zip(samplers) {
            let [pre, post] = network.ends(id);
            let (Some(sampler), true) = (sampler, post.index() == index) else { continue };
            let projection = network.projection(id);
            let user = format!("projection '{}'", projection.name);
            let pre = network.population(pre).gids();
            let mut synapses = PointSynapses::default();
            let mut drawn = Vec::new();
            for (neuron, &gid) in points.gids().iter().enumerate() {
                share.size.counts += draw(sampler, gid, &mut drawn)?;
                for synapse in &drawn {
                    let delay = clock.delay_steps(&projection.name, synapse.delay_ms)?;
                    let source = (synapse.source - pre.start) as u32;
                    synapses.push(source, neuron as u32, delay, synapse.weight);
                }
            }
            share.size.add_delays(synapses.delay_steps_range());
            let kind = synapse(&projection.synapse, &user)?;
            points.connect(pre, &kind, synapses).map_err(here(user))?;
        }
        let number = share.populations.len();
        for input in 0..model.inputs().len() {
            add_input(model, clock, (index, number), input, &mut points, &mut share)?;
        }
        share.populations.push(points);
    }
    Ok(share)
}

/// Adds one input to the neurons of a population.
fn add_input(
    model: &Model,
    clock: StepClock,
    (population, number): (usize, usize),
    index: usize,
    points: &mut PointPopulation,
    share: &mut Share,
) -> Result<()> {
    let network = model.network();
    let input = &model.inputs()[index];
    if !is_for_points(model, input)? {
        return Ok(());
    }
    let user = format!("input '{}'", input.name);
    let kind = synapse(&input.synapse, &user)?;
    let here = |source| Error::Points { user: user.clone(), source: Box::new(source) };
    let seed = network.seed();
    let gids = points.gids().to_vec();
    if let InputSynapses::Table(table) = &input.synapses {
        // Whichever thread has the neurons of the rows: sums are added in one order everywhere.
        let all = network.populations()[population].gids();
        if table.rows().iter().any(|row| all.contains(&row.gid)) {
            points.input_ring(&kind).map_err(here)?;
        }
    }
    let mut add = |share: &mut Share,
                   neuron: usize,
                   nth: u64,
                   weight: f64,
                   source: &SpikeSource|
     -> Result<()> {
        let ring = points.input_ring(&kind).map_err(here)?;
        let gid = gids[neuron];
        let key = SourceKey { seed, gid, number: (index as u64) << 32 | nth };
        let (population, input, source) = (number, index, source.clone());
        share.inputs.push(DrawnSource { population, ring, neuron, input, weight, source, key });
        share.size.n_inputs += 1;
        Ok(())
    };
    match &input.synapses {
        InputSynapses::Table(table) => {
            for (neuron, &gid) in gids.iter().enumerate() {
                for (nth, row) in table.rows_of(gid).iter().enumerate() {
                    let factor = factor_of(&kind, &user)?;
                    add(share, neuron, nth as u64, factor * row.weight, &row.source)?;
                }
            }
            Ok(())
        }
        InputSynapses::Drawn { population: name, n_per_cell, weight, source, .. } => {
            if network.find_population(name)?.index() != population {
                return Ok(());
            }
            let factor = factor_of(&kind, &user)?;
            let family = StreamFamily::new(seed, Purpose::Input, index as u32 + 1);
            let sampler = input.weight_sampler(weight)?;
            let n = *n_per_cell as usize;
            // Weights of all neurons, those of one neuron side by side.
            let draw_weights = |gids: &[Gid]| {
                let mut weights = Vec::with_capacity(gids.len() * n);
                for &gid in gids {
                    let mut stream = family.stream([gid, INPUT_WEIGHTS]);
                    weights.extend((0..n).map(|_| factor * sampler.draw(&mut stream)));
                }
                weights
            };
            let SpikeSource::Poisson { rate_hz, start_ms, stop_ms } = *source else {
                for (at, weight) in draw_weights(&gids).into_iter().enumerate() {
                    add(share, at / n, (at % n) as u64, weight, source)?;
                }
                return Ok(());
            };
            source.validate().map_err(|source| Error::InputSource {
                input: input.name.clone(),
                source: Box::new(source),
            })?;
            share.size.n_inputs += (gids.len() * n) as u64;
            let arrival = |time_ms: f64| match time_ms + input.delay_ms {
                f64::INFINITY => u64::MAX,
                arrival_ms => clock.delivery_step(arrival_ms),
            };
            let steps = arrival(start_ms)..arrival(stop_ms);
            let limited = matches!(
                kind.model,
                net_cell::point::SynapseModel::Factor { max_trans: Some(_), .. }
            );
            if limited {
                let key = format!("{user}: max_trans");
                return Err(bad_value(key, "given", "none for Poisson input; use a projection"));
            }
            if let Distribution::Constant(weight) = weight {
                // The sum of Poisson processes of one weight is one.
                let rate_hz = rate_hz * f64::from(*n_per_cell);
                let stream = (family, INPUT_COUNTS);
                return points
                    .drive(&kind.target, rate_hz, vec![factor * weight], stream, steps)
                    .map_err(here);
            }
            let weights = draw_weights(&gids);
            for nth in 0..n {
                let own = weights.iter().skip(nth).step_by(n).copied().collect();
                let stream = (family, INPUT_COUNTS + nth as u64);
                points.drive(&kind.target, rate_hz, own, stream, steps.clone()).map_err(here)?;
            }
            Ok(())
        }
    }
}

/// The factor of the weights of an input; only projections can be plastic.
fn factor_of(kind: &PointSynapse, user: &str) -> Result<f64> {
    use net_cell::point::SynapseModel;
    match kind.model {
        SynapseModel::Static => Ok(1.0),
        SynapseModel::Factor { mod_factor, .. } => Ok(mod_factor),
        SynapseModel::ShortTerm { .. } | SynapseModel::SpikeTiming { .. } => {
            let key = format!("{user}: mechanism");
            Err(bad_value(key, "plastic", "a target, or FactorSynapse; inputs are not plastic"))
        }
    }
}

/// Sets up the recordings of point neurons, whose columns follow those of the other cells.
fn record_points(
    model: &Model,
    clock: StepClock,
    gids: &[Gid],
    groups: &mut [CellGroup],
    plans: &mut [SignalPlan],
) -> Result<()> {
    for (index, (recording, schedule)) in model.sampled(&clock)?.into_iter().enumerate() {
        if recording.is_of_connections(model)? {
            continue;
        }
        let recorded = model.gids_of(&recording.targets)?;
        let columns = &mut plans[index].columns;
        for &gid in gids.iter().filter(|&&gid| recorded.contains(gid)) {
            for &segment in recording.segments_of_point() {
                let here = |group: &mut CellGroup| {
                    let mut points = group.points_mut().iter_mut();
                    let population = points.find(|p| p.gids().binary_search(&gid).is_ok())?;
                    let at = columns.len() as u32;
                    Some(population.record((index, schedule), at, gid, &recording.quantity))
                };
                if let Some(outcome) = groups.iter_mut().find_map(here) {
                    outcome.map_err(|source| record::refusal(&recording.name, gid, source))?;
                    columns.push(Column { gid, segment, label: 0 }, None, None);
                }
            }
        }
    }
    Ok(())
}
