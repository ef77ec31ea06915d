//! `dump_cell_states`: the whole state of chosen cells as JSON.

use net_cell::state::CellDescription;
use net_core::Gid;
use serde::Serialize;

use super::CircuitSimulation;
use crate::error::{Error, Result, bad_value};
use crate::run::Simulation;

/// A cell's state in its file.
#[derive(Serialize)]
struct Dump<'a> {
    population: &'a str,
    node_id: u64,
    /// The circuit's gid; that of the state is the simulation's.
    circuit_gid: u64,
    t_ms: f64,
    state: &'a CellDescription,
}

impl CircuitSimulation {
    /// The cells of the simulation that the circuit's gids are: node id plus the offset of the
    /// population, as in `populations_offset.dat`.
    ///
    /// # Errors
    /// [`Error::Stage`] before [`create_cells`](Self::create_cells), [`Error::Value`] for a gid that
    /// no simulated cell has.
    pub fn cells_of_gids(&self, circuit_gids: &[u64]) -> Result<Vec<Gid>> {
        let cells = self.cells()?;
        let of_gid = |&gid: &u64| {
            let own = cells.populations().iter().find_map(|population| {
                let first_gid = self.circuit().nodes()[population.index].first_gid();
                gid.checked_sub(first_gid).and_then(|node| population.gid(node))
            });
            let expected = "the gid of a simulated cell: node id plus offset of its population";
            own.ok_or_else(|| bad_value("gid of a cell whose state is to be dumped", gid, expected))
        };
        circuit_gids.iter().map(of_gid).collect()
    }

    /// Writes the whole present state of these cells of the simulation, each into a file
    /// `cell_state_<gid>_t<time>.json` in the directory of the results, by the rank that has it.
    /// Collective.
    ///
    /// # Errors
    /// [`Error::Stage`], [`Error::Ended`], those of files.
    pub fn dump_cell_states(&self, simulation: &mut Simulation<'_>, cells: &[Gid]) -> Result<()> {
        let table = self.cells()?;
        let states = simulation.cell_states(cells);
        let t_ms = simulation.time_ms();
        let written = states.and_then(|states| {
            self.make_output()?;
            for state in &states {
                let Some((population, node_id)) = table.node_of(state.gid) else { continue };
                let population = &table.populations()[population];
                let first_gid = self.circuit().nodes()[population.index].first_gid();
                let circuit_gid = first_gid + node_id;
                let name = format!("cell_state_{circuit_gid}_t{t_ms}.json");
                let path = self.output().join(name);
                let population = &population.name;
                let dump = Dump { population, node_id, circuit_gid, t_ms, state };
                let text = serde_json::to_string_pretty(&dump).map_err(std::io::Error::from);
                text.and_then(|text| std::fs::write(&path, text + "\n"))
                    .map_err(|source| Error::Report { path: path.display().to_string(), source })?;
            }
            Ok(())
        });
        Ok(simulation.comm().agree(written)?)
    }
}
