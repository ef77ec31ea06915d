//! The state of a group's cells, saved and restored cell by cell.

use std::collections::HashMap;

use super::CellGroup;
use crate::block::{Block, Kept, NOT_KEPT, Owners, Pending};
use crate::currents::LinearLayout;
use crate::error::CellError;
use crate::point::PointPopulation;
use crate::state::{CellState, Fingerprint, NetworkFingerprint, PointsState, SourceState};

/// A block, whose its instances are, and where it keeps weights.
type Told<'b> = (&'b Block, Owners, Kept);

impl CellGroup {
    /// Hands over the state of all cells at `step`, up to which all have been advanced, then that of
    /// point neurons. What came from outside until then has been
    /// [enqueued](Self::enqueue), and samples have been taken.
    ///
    /// # Errors
    /// Those of who takes it.
    pub fn save<E>(
        &mut self,
        step: u64,
        mut cell: impl FnMut(CellState) -> Result<(), E>,
        mut points: impl FnMut(PointsState) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut connected = self.connected_weights();
        let mut inputs: Vec<Vec<(u32, SourceState)>> = vec![Vec::new(); self.blocks.len()];
        for input in &self.inputs {
            let of_block = &mut inputs[input.route.block as usize];
            of_block.push((input.route.endpoint, input.source.state()));
        }
        for (at, (block, sources)) in self.blocks.iter().zip(inputs).enumerate() {
            let owners = block.owners();
            let kept = kept(block, &owners, std::mem::take(&mut connected[at]));
            let mut states = block.save(&owners, &kept);
            for (endpoint, source) in sources {
                if let Some(member) = block.member_of(&owners, endpoint) {
                    states[member].sources.push(source);
                }
            }
            let told = (block, owners, kept);
            let mut pending = Vec::new();
            let plain = self.network[at].from(step);
            pending.extend(plain.flat_map(|(due, events)| {
                events.iter().map(move |event| (due, Pending::Plain(*event)))
            }));
            let timed = self.network_timed[at].from(step);
            pending.extend(timed.flat_map(|(due, events)| {
                events.iter().map(move |event| (due, Pending::Timed(*event)))
            }));
            add_events(&told, &pending, &mut states);
            states.into_iter().try_for_each(&mut cell)?;
        }
        for (number, population) in self.points.iter_mut().enumerate() {
            let mut state = population.save(step);
            for input in self.point_inputs.iter().filter(|input| input.population == number) {
                state.sources[input.neuron].push(input.source.state());
            }
            points(state)?;
        }
        Ok(())
    }

    /// Endpoint and start of the weights of each connection that keeps some, by block: inputs, then
    /// connections by source.
    fn connected_weights(&self) -> Vec<Vec<(u32, u32)>> {
        let mut by_block = vec![Vec::new(); self.blocks.len()];
        for input in self.inputs.iter().filter(|input| input.kept != NOT_KEPT) {
            by_block[input.route.block as usize].push((input.route.endpoint, input.kept));
        }
        if self.kept.is_empty() {
            return by_block;
        }
        for (_, connections) in self.connections.iter() {
            for (k, &target) in connections.targets.iter().enumerate() {
                let (route, kept) =
                    (self.routes[target as usize], self.kept[connections.first + k]);
                if kept != NOT_KEPT {
                    by_block[route.block as usize].push((route.endpoint, kept));
                }
            }
        }
        by_block
    }

    /// Gives all cables and artificial cells the state that `state_of` has for their gid. Called
    /// once after [`initialize`](Self::initialize).
    ///
    /// # Errors
    /// [`CellError::State`] where a state is missing or is that of another cell.
    pub fn restore(
        &mut self,
        mut state_of: impl FnMut(u64) -> Option<CellState>,
    ) -> Result<(), CellError> {
        let mut connected = self.connected_weights();
        let mut inputs: Vec<Vec<usize>> = vec![Vec::new(); self.blocks.len()];
        for (at, input) in self.inputs.iter().enumerate() {
            inputs[input.route.block as usize].push(at);
        }
        let queues = self.network.iter_mut().chain(&mut self.external);
        queues.for_each(|queue| queue.clear_all());
        let timed = self.network_timed.iter_mut().chain(&mut self.external_timed);
        timed.for_each(|queue| queue.clear_all());
        for at in 0..self.blocks.len() {
            self.blocks[at].begin_restore();
            let owners = self.blocks[at].owners();
            let kept = kept(&self.blocks[at], &owners, std::mem::take(&mut connected[at]));
            let mut of_member = vec![Vec::new(); self.blocks[at].n_members()];
            for &input in &inputs[at] {
                let endpoint = self.inputs[input].route.endpoint;
                if let Some(member) = self.blocks[at].member_of(&owners, endpoint) {
                    of_member[member].push(input);
                }
            }
            let gids: Vec<u64> = self.blocks[at].gids().collect();
            for (member, gid) in gids.into_iter().enumerate() {
                let state = state_of(gid).ok_or_else(|| missing(gid))?;
                let events = self.blocks[at].restore((&owners, &kept), member, &state)?;
                for (step, event) in events {
                    self.queue_again(at, step, event, gid)?;
                }
                let own = &of_member[member];
                let count = (state.sources.len(), own.len());
                check_inputs(gid, count)?;
                for (&input, saved) in own.iter().zip(&state.sources) {
                    self.inputs_due[input] = 0;
                    if !self.inputs[input].source.restore(saved) {
                        return Err(other_input(gid));
                    }
                }
            }
        }
        Ok(())
    }

    /// Where what the currents of a block are a linear function of belongs to its cells.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn linear_layout(&self, block: usize) -> LinearLayout {
        LinearLayout::from(&self.blocks[block].layout())
    }

    /// Gids of all cells but point neurons.
    pub fn cable_gids(&self) -> Vec<u64> {
        self.blocks.iter().flat_map(Block::gids).collect()
    }

    /// Whether there are neurons of a population that have not got their state yet.
    pub fn wants_points(&self, population: u32) -> bool {
        let mut own = self.points.iter().filter(|points| points.number() == population);
        own.any(|points| points.missing().is_some())
    }

    /// Prepares point neurons for [`restore_points`](Self::restore_points).
    pub fn begin_restore_points(&mut self) {
        self.points.iter_mut().for_each(PointPopulation::begin_restore);
    }

    fn queue_again(
        &mut self,
        block: usize,
        step: u64,
        event: Pending,
        gid: u64,
    ) -> Result<(), CellError> {
        // Cells with such events have room for the longest delay.
        let room = match event {
            Pending::Plain(_) => self.network[block].n_steps(),
            Pending::Timed(_) => self.network_timed[block].n_steps(),
        };
        if room < 2 {
            let (what, found) = ("an event on its way".to_owned(), format!("step {step}"));
            let expected = "none, as nothing is connected".to_owned();
            return Err(CellError::State { gid, what, found, expected });
        }
        match event {
            Pending::Plain(event) => self.network[block].push(step, event),
            Pending::Timed(event) => self.network_timed[block].push(step, event),
        }
        Ok(())
    }

    /// Takes what some point neurons of any rank were saved with; those that are not here are left
    /// out. Called with all of them, or until [`has_restored`](Self::has_restored).
    ///
    /// # Errors
    /// [`CellError::State`] if they were other neurons.
    pub fn restore_points(&mut self, state: &PointsState) -> Result<(), CellError> {
        let mut inputs: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for (at, input) in self.point_inputs.iter().enumerate() {
            inputs.entry((input.population, input.neuron)).or_default().push(at);
        }
        for (number, population) in self.points.iter_mut().enumerate() {
            if population.number() != state.population {
                continue;
            }
            for (own, saved) in population.restore(state)? {
                let gid = population.gids()[own];
                let none = Vec::new();
                let here = inputs.get(&(number, own)).unwrap_or(&none);
                let saved = &state.sources[saved];
                check_inputs(gid, (saved.len(), here.len()))?;
                for (&input, saved) in here.iter().zip(saved) {
                    self.point_inputs_due[input] = 0;
                    if !self.point_inputs[input].source.restore(saved) {
                        return Err(other_input(gid));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether all point neurons have got their state.
    pub fn has_restored(&self) -> bool {
        self.points.iter().all(|population| population.missing().is_none())
    }

    /// Ends [`restore_points`](Self::restore_points).
    ///
    /// # Errors
    /// [`CellError::State`] for a neuron whose state was missing.
    pub fn finish_restore_points(&mut self) -> Result<(), CellError> {
        for population in &mut self.points {
            if let Some(gid) = population.missing() {
                return Err(missing(gid));
            }
            population.finish_restore();
        }
        Ok(())
    }

    /// Hashes of all cells here and what ends on them, as they are before the first step; sums
    /// over all groups do not depend on the layout.
    pub fn fingerprint(&self) -> NetworkFingerprint {
        let mut all = NetworkFingerprint::default();
        let owners: Vec<Owners> = self.blocks.iter().map(Block::owners).collect();
        for (block, owners) in self.blocks.iter().zip(&owners) {
            all.cells = all.cells.wrapping_add(block.fingerprint(owners));
        }
        let of_routes: Vec<u64> = (self.routes.iter())
            .map(|r| {
                let at = r.block as usize;
                self.blocks[at].fingerprint_of(&owners[at], r.endpoint)
            })
            .collect();
        for (source, connections) in self.connections.iter() {
            let each =
                connections.targets.iter().zip(connections.delay_steps).zip(connections.weights);
            for ((&target, &delay), &weight) in each {
                let mut of = Fingerprint::new(3);
                let numbers = [source, of_routes[target as usize], delay.into(), weight.to_bits()];
                of.add_all(numbers);
                all.connections = all.connections.wrapping_add(of.value());
            }
        }
        for input in &self.inputs {
            let at = input.route.block as usize;
            let mut of = Fingerprint::new(4);
            of.add(self.blocks[at].fingerprint_of(&owners[at], input.route.endpoint));
            of.add_all([input.weight].iter().chain(&input.further).map(|w| w.to_bits()));
            input.source.fingerprint(&mut of);
            all.inputs = all.inputs.wrapping_add(of.value());
        }
        for population in &self.points {
            all += population.fingerprint();
        }
        for input in &self.point_inputs {
            let mut of = Fingerprint::new(5);
            of.add(self.points[input.population].gids()[input.neuron]);
            of.add(input.ring as u64);
            of.add(input.weight.to_bits());
            input.source.fingerprint(&mut of);
            all.inputs = all.inputs.wrapping_add(of.value());
        }
        all
    }
}

/// Where a block keeps the weights of the connections of its cells.
fn kept(block: &Block, owners: &Owners, connected: Vec<(u32, u32)>) -> Kept {
    let mut kept = Kept::new(block.n_members());
    for (endpoint, at) in connected {
        if let Some(member) = block.member_of(owners, endpoint) {
            kept.add(member, at, block.n_weights(endpoint));
        }
    }
    kept
}

fn add_events((block, owners, kept): &Told, pending: &[(u64, Pending)], states: &mut [CellState]) {
    for (step, event) in pending {
        if let Some((member, event)) = block.save_event((owners, kept), *step, event) {
            states[member].events.push(event);
        }
    }
}

fn missing(gid: u64) -> CellError {
    CellError::State {
        gid,
        what: "the cell".to_owned(),
        found: "nothing".to_owned(),
        expected: "its state".to_owned(),
    }
}

fn check_inputs(gid: u64, (found, expected): (usize, usize)) -> Result<(), CellError> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (found.to_string(), expected.to_string());
    Err(CellError::State { gid, what: "inputs".to_owned(), found, expected })
}

fn other_input(gid: u64) -> CellError {
    CellError::State {
        gid,
        what: "input".to_owned(),
        found: "that of another source".to_owned(),
        expected: "how far this one has come".to_owned(),
    }
}
