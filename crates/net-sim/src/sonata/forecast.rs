//! What a simulation will need, known before it is built: `--dry-run`, and the balance by memory.
//!
//! Every cell is described and its edges are counted; a sample of the cells is built and run. Memory
//! of a cell is taken as linear in its segments and edges, that of a rank has the sources of its
//! connections besides, time of a step as proportional to the
//! modelled cost of its template, by which cells are balanced too.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use net_core::{Gid, Partition};
use net_mpi::Communicator;
use net_sonata::{EdgePopulation, Selection};

use super::CircuitSimulation;
use crate::error::{Error, Result, bad_value};
use crate::model::Model;
use crate::options::{CellPartition, Progress, RunOptions};
use crate::run::{Simulation, resident_memory_mb};

/// Cells that are built and run to measure what they need.
const SAMPLED_CELLS: u64 = 64;
/// The sample runs at least so long, if the simulation does, s of wall time.
const SAMPLE_S: f64 = 0.5;
/// It is looked at the time after every so much simulated time, in steps.
const PIECE_STEPS: u64 = 40;

/// Sizes of a cell, known without building it.
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C)]
struct CellSize {
    n_segments: f64,
    n_edges: f64,
    /// Relative cost of a step.
    cost: f64,
}

/// What a sample needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C)]
struct Measured {
    bytes_per_segment: f64,
    bytes_per_edge: f64,
    bytes_per_source: f64,
    s_per_cost: f64,
    base_mb: f64,
    n_cells: f64,
}

/// What each rank will need.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// By rank.
    pub ranks: Vec<RankForecast>,
    /// Cells that were built to measure.
    pub n_sampled: u64,
    /// Memory of a segment with its mechanisms, bytes.
    pub bytes_per_segment: f64,
    /// Memory of an edge as synapses and connections, bytes.
    pub bytes_per_edge: f64,
    /// Memory of a cell among the sources of a thread's connections, bytes.
    pub bytes_per_source: f64,
    /// Memory of the program with the circuit's tables, before cells are built, MB (1e6 bytes).
    pub base_mb: f64,
}

/// What a rank will need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RankForecast {
    /// Cells.
    pub n_cells: u64,
    /// Segments.
    pub n_segments: u64,
    /// Edges that end on the cells.
    pub n_edges: u64,
    /// Memory while it runs, MB (1e6 bytes), without what reports hold until it is sealed.
    pub memory_mb: f64,
    /// Time of the run, s, without building, waiting for others and files.
    pub run_s: f64,
}

impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "measured on {} cells: {:.0} bytes a segment, {:.0} an edge, {:.0} a source; {:.0} MB before",
            self.n_sampled,
            self.bytes_per_segment,
            self.bytes_per_edge,
            self.bytes_per_source,
            self.base_mb
        )?;
        writeln!(f, "rank       cells    segments       edges   memory MB       run s")?;
        for (rank, of) in self.ranks.iter().enumerate() {
            writeln!(
                f,
                "{rank:4} {:11} {:11} {:11} {:11.1} {:11.2}",
                of.n_cells, of.n_segments, of.n_edges, of.memory_mb, of.run_s
            )?;
        }
        let sum = |of: fn(&RankForecast) -> f64| self.ranks.iter().map(of).sum::<f64>();
        let most = self.ranks.iter().map(|of| of.run_s).fold(0.0, f64::max);
        write!(f, "all  {:11} {:11}", sum(|r| r.n_cells as f64), sum(|r| r.n_segments as f64))?;
        write!(f, " {:11} {:11.1} {most:11.2}", sum(|r| r.n_edges as f64), sum(|r| r.memory_mb))
    }
}

impl CircuitSimulation {
    /// What a run on `n_ranks` ranks of `options.threads` threads (1 if not given) will need, measured
    /// on a sample of its cells. After all stages before [`sim_init`](Self::sim_init). Collective.
    ///
    /// Neither spikes of other cells nor gap junctions act in the sample, and what reports hold in
    /// memory until it is sealed is not in it.
    ///
    /// # Errors
    /// Those of making cells and reading edges, [`Error::Value`] for no ranks.
    pub fn dry_run(
        &self,
        comm: &Communicator,
        options: &RunOptions,
        n_ranks: usize,
    ) -> Result<Forecast> {
        if n_ranks == 0 {
            return Err(bad_value("ranks", n_ranks, "at least 1"));
        }
        let sizes = self.sizes(comm)?;
        let measured = self.measured(comm, &sizes)?;
        let n_cells = sizes.len() as u64;
        let of_cells = |of: &dyn Fn(&CellSize) -> f64| {
            let costs: Vec<f64> = sizes.iter().map(of).collect();
            Partition::balanced(&costs, n_ranks)
        };
        let partition = match &self.partition {
            CellPartition::RoundRobin => Partition::round_robin(n_cells, n_ranks)?,
            CellPartition::Balanced => of_cells(&|size| size.cost)?,
            CellPartition::ByCost(costs) => Partition::balanced(costs, n_ranks)?,
        };
        let n_steps = (self.config.run.tstop_ms / self.config.run.dt_ms).round();
        let threads = options.threads.unwrap_or(1) as f64;
        let rank = |rank: usize| {
            let mut all = CellSize::default();
            let gids = partition.gids_of(rank);
            for gid in &gids {
                let size = &sizes[*gid as usize];
                all.n_segments += size.n_segments;
                all.n_edges += size.n_edges;
                all.cost += size.cost;
            }
            // Every cell may be a source for every thread, if there are edges enough.
            let n_sources = all.n_edges.min(n_cells as f64 * threads);
            let bytes = measured.bytes(&all) + measured.bytes_per_source * n_sources;
            RankForecast {
                n_cells: gids.len() as u64,
                n_segments: all.n_segments as u64,
                n_edges: all.n_edges as u64,
                memory_mb: measured.base_mb + 1e-6 * bytes,
                run_s: all.cost * measured.s_per_cost * n_steps / threads,
            }
        };
        Ok(Forecast {
            ranks: (0..n_ranks).map(rank).collect(),
            n_sampled: measured.n_cells as u64,
            bytes_per_segment: measured.bytes_per_segment,
            bytes_per_edge: measured.bytes_per_edge,
            bytes_per_source: measured.bytes_per_source,
            base_mb: measured.base_mb,
        })
    }

    /// Balances the memory of cells and their synapses, measured on a sample. After the stages up to
    /// [`enable_modifications`](Self::enable_modifications). Collective.
    ///
    /// # Errors
    /// Those of making cells and reading edges.
    pub fn balance_memory(&mut self, comm: &Communicator) -> Result<()> {
        let sizes = self.sizes(comm)?;
        let measured = self.measured(comm, &sizes)?;
        let bytes: Arc<[f64]> = sizes.iter().map(|size| measured.bytes(size).round()).collect();
        self.compute_load_balance(CellPartition::ByCost(bytes));
        Ok(())
    }

    /// Sizes of all cells by gid; each rank finds those of some. Collective.
    fn sizes(&self, comm: &Communicator) -> Result<Vec<CellSize>> {
        let cells = self.cells()?;
        let n_cells: u64 = cells.populations().iter().map(|p| p.nodes.len()).sum();
        let from = |rank: usize| n_cells * rank as u64 / comm.size() as u64;
        let own = from(comm.rank())..from(comm.rank() + 1);
        let found = self.sizes_of(own).map_err(|source| Error::Listed { source });
        Ok(comm.all_gather_v(&comm.agree(found)?)?.concat())
    }

    fn sizes_of(&self, gids: std::ops::Range<Gid>) -> Result<Vec<CellSize>, crate::BoxError> {
        let cells = self.cells()?;
        let mut sizes = Vec::with_capacity((gids.end - gids.start) as usize);
        for gid in gids.clone() {
            let (_, template) = cells.cell(gid)?;
            // An artificial cell is like one segment.
            let (n_segments, cost) =
                (template.n_segments().max(1) as f64, template.cost().max(1.0));
            sizes.push(CellSize { n_segments, n_edges: 0.0, cost });
        }
        let is_made = |edges: &&EdgePopulation| self.rules.is_some() && !edges.kind().is_left_out();
        for edges in self.circuit.edges().iter().filter(is_made) {
            let Some(population) = cells.population(edges.target()) else { continue };
            let last = population.first_gid + population.nodes.len();
            let own = gids.start.max(population.first_gid)..gids.end.min(last);
            let nodes =
                own.clone().filter_map(|gid| population.nodes.nth(gid - population.first_gid));
            let counts = edges.afferent_counts(&Selection::from_ids(nodes.collect()))?;
            for (gid, count) in own.zip(counts) {
                sizes[(gid - gids.start) as usize].n_edges += count as f64;
            }
        }
        Ok(sizes)
    }

    /// What a sample of the cells needs; rank 0 builds and runs it, and tells all. Collective.
    fn measured(&self, comm: &Communicator, sizes: &[CellSize]) -> Result<Measured> {
        let own = if comm.is_root() { self.measure(sizes) } else { Ok(Measured::default()) };
        let mut told = vec![comm.agree(own)?];
        comm.broadcast(0, &mut told)?;
        Ok(told.first().copied().unwrap_or_default())
    }

    fn measure(&self, sizes: &[CellSize]) -> Result<Measured> {
        let n_cells = sizes.len() as u64;
        let n_sampled = n_cells.min(SAMPLED_CELLS);
        let chosen: Vec<Gid> = (0..n_sampled).map(|at| at * n_cells / n_sampled).collect();
        let mut all = CellSize::default();
        for gid in &chosen {
            let size = &sizes[*gid as usize];
            all.n_segments += size.n_segments;
            all.n_edges += size.n_edges;
            all.cost += size.cost;
        }
        let alone = Communicator::solo();
        let options = RunOptions {
            threads: Some(1),
            progress: Progress::Off,
            partition: CellPartition::RoundRobin,
            output: None,
            keep_spikes: false,
            ..self.options()
        };
        let base_mb = resident_memory_mb();
        let bytes = |model: &Model| {
            let built = Simulation::build_cells(&alone, model, &options, Some(chosen.clone()))?;
            Ok::<_, Error>(built.memory_bytes() as f64)
        };
        let bare = bytes(&self.model(false, false)?)?;
        let model = self.model(self.rules.is_some(), false)?;
        let mut connected =
            Simulation::build_cells(&alone, &model, &options, Some(chosen.clone()))?;
        let end_step = connected.clock().n_steps(options.tstop_ms);
        let started = Instant::now();
        while connected.step() < end_step && started.elapsed().as_secs_f64() < SAMPLE_S {
            let n_steps = PIECE_STEPS.min(end_step - connected.step());
            connected.advance(connected.clock().time_ms(n_steps))?;
        }
        // Events have been on their way by now.
        let with_edges = connected.memory_bytes() as f64;
        let (n_sources, source_bytes) = connected.sources();
        let (n_sources, source_bytes) = (n_sources as f64, source_bytes as f64);
        let (elapsed_s, n_steps) = (started.elapsed().as_secs_f64(), connected.step() as f64);
        // Of nothing there is nothing.
        let per = |what: f64, number: f64| if number > 0.0 { what / number } else { 0.0 };
        Ok(Measured {
            bytes_per_segment: per(bare, all.n_segments),
            bytes_per_edge: per((with_edges - source_bytes - bare).max(0.0), all.n_edges),
            bytes_per_source: per(source_bytes, n_sources),
            s_per_cost: per(elapsed_s, all.cost * n_steps),
            base_mb,
            n_cells: n_sampled as f64,
        })
    }
}

impl Measured {
    fn bytes(&self, size: &CellSize) -> f64 {
        self.bytes_per_segment * size.n_segments + self.bytes_per_edge * size.n_edges
    }
}
