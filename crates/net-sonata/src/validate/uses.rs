//! Inputs, reports, overrides and modifications: that what they name is there.

use std::path::Path;

use super::check_there;
use crate::circuit::Circuit;
use crate::compartment_set::CompartmentSets;
use crate::config::{
    Input, InputKind, InputTarget, ModificationTarget, NodeKind, NodeSelector, ReportKind,
    ReportTarget, Scale, SimulationConfig, WaveformFormat,
};
use crate::finding::{Error, Problem, Report, Severity};
use crate::selection::Selection;
use crate::spikes::SpikeTrains;
use crate::stimulus::{ComsolStudy, read_electrodes};

/// What every check needs.
struct Check<'a> {
    config: &'a SimulationConfig,
    circuit: &'a Circuit,
    compartment_sets: CompartmentSets,
    report: &'a mut Report,
}

pub(super) fn check_uses(config: &SimulationConfig, circuit: &Circuit, report: &mut Report) {
    let compartment_sets = match &config.compartment_sets_file {
        Some(path) => CompartmentSets::read(path, report),
        None => CompartmentSets::default(),
    };
    let mut check = Check { config, circuit, compartment_sets, report };
    check.unused_compartment_nodes();
    for input in &config.inputs {
        check.input(input);
    }
    check.reports();
    for change in &config.connection_overrides {
        for (key, name) in [("source", &change.source), ("target", &change.target)] {
            let selector = NodeSelector::Named(name.clone());
            check.node_set(&format!("connection_overrides[{}].{key}", change.position), &selector);
        }
    }
    for modification in &config.conditions.modifications {
        let at = format!("conditions.modifications[{}]", modification.position);
        match &modification.target {
            ModificationTarget::NodeSet(selector) => {
                check.node_set(&format!("{at}.node_set"), selector);
            }
            ModificationTarget::CompartmentSet(name) => {
                check.compartment_set(&format!("{at}.compartment_set"), name);
            }
        }
    }
}

impl Check<'_> {
    fn error(&mut self, at: &str, problem: Problem) {
        self.report.error(&self.config.path, at, problem);
    }

    /// Resolves a node set; one without nodes is worth a warning.
    fn node_set(&mut self, at: &str, selector: &NodeSelector) -> Option<Vec<Selection>> {
        match self.circuit.select(selector) {
            Ok(selections) => {
                if selections.iter().all(Selection::is_empty) {
                    self.report.warning(&self.config.path, at, Problem::EmptyNodeSet);
                }
                Some(selections)
            }
            Err(Error::Unknown { what, name, known }) => {
                self.error(at, Problem::UnknownName { what, name, known });
                None
            }
            Err(error) => {
                self.report.failure(&self.config.path, at, &error);
                None
            }
        }
    }

    fn compartment_set(&mut self, at: &str, name: &str) {
        if self.config.compartment_sets_file.is_none() {
            let expected = "a file, because compartment sets are used";
            self.error("compartment_sets_file", Problem::Missing { expected });
        } else if let Err(Error::Unknown { what, name, known }) = self.compartment_sets.get(name) {
            self.error(at, Problem::UnknownName { what, name, known });
        }
    }

    /// Nodes of compartment sets exist. Sets of populations that are not there may stay.
    fn unused_compartment_nodes(&mut self) {
        let Some(path) = &self.config.compartment_sets_file else { return };
        for set in self.compartment_sets.iter() {
            let Ok(population) = self.circuit.population(&set.population) else {
                let known = self.circuit.nodes().iter().map(|p| p.name().to_owned()).collect();
                let (what, name) = ("node population", set.population.clone());
                let problem = Problem::UnknownName { what, name, known };
                self.report.warning(path, format!("{}.population", set.name), problem);
                continue;
            };
            for (index, location) in set.locations.iter().enumerate() {
                if location.node_id >= population.len() {
                    let at = format!("{}.compartment_set[{index}]", set.name);
                    let (node, len) = (location.node_id, population.len());
                    let population = set.population.clone();
                    self.report.error(path, at, Problem::NoSuchNode { node, population, len });
                }
            }
        }
    }

    fn input(&mut self, input: &Input) {
        let at = format!("inputs.{}", input.name);
        let selections = match &input.target {
            InputTarget::NodeSet(selector) => self.node_set(&format!("{at}.node_set"), selector),
            InputTarget::CompartmentSet(name) => {
                self.compartment_set(&format!("{at}.compartment_set"), name);
                None
            }
        };
        self.input_files(&at, input, selections.as_deref());
        let needs = match &input.kind {
            InputKind::Linear { scale: Scale::Percent, .. }
            | InputKind::Noise { scale: Scale::Percent, .. }
            | InputKind::Subthreshold { .. } => "threshold_current",
            InputKind::Hyperpolarizing => "holding_current",
            InputKind::MomentShotNoise { moments, .. }
            | InputKind::OrnsteinUhlenbeck { moments, .. }
                if moments.scale == Scale::Percent =>
            {
                match input.input_type {
                    crate::config::InputType::Conductance => "input_resistance",
                    _ => "threshold_current",
                }
            }
            _ => return,
        };
        let attribute = format!("dynamics_params/{needs}");
        for (index, population) in self.circuit.nodes().iter().enumerate() {
            let Some(selections) = &selections else { continue };
            let simulated = selections[index].intersection(population.simulated());
            if !simulated.is_empty() && !population.has_attribute(&attribute) {
                let found = format!("population {} without it", population.name());
                let expected = format!("attribute {attribute} of the cells, which the input needs");
                self.report.error(&self.config.path, &at, Problem::Value { found, expected });
            }
        }
    }

    fn input_files(&mut self, at: &str, input: &Input, selections: Option<&[Selection]>) {
        match &input.kind {
            InputKind::SynapseReplay { spike_file } => {
                let source = (spike_file.as_path(), WaveformFormat::H5, None);
                let trains = self.spikes(&format!("{at}.spike_file"), source);
                self.replayed(at, &trains, selections);
            }
            InputKind::SpikeFile { file, format, trial } => {
                let at = format!("{at}.input_file");
                let trains = self.spikes(&at, (file, *format, trial.as_deref()));
                for train in &trains {
                    let Some(name) = &train.population else { continue };
                    match self.circuit.population(name) {
                        Ok(population) => self.nodes_exist(file, train, population.len()),
                        Err(error) => self.report.failure(file, format!("spikes.{name}"), &error),
                    }
                }
            }
            InputKind::EdgeReplay { spikes_file, .. } => {
                self.spikes(&format!("{at}.spikes_file"), (spikes_file, WaveformFormat::H5, None));
            }
            InputKind::ReportReplay { report_file: file, .. }
            | InputKind::FileCurrent { file, .. } => {
                check_there(&self.config.path, at, "the file", file, Severity::Error, self.report);
            }
            InputKind::Xstim { positions_file, mesh_files_dir, waveform, .. } => {
                let read = read_electrodes(positions_file, mesh_files_dir.as_deref());
                if let Err(error) = read {
                    let at = format!("{at}.positions_file");
                    self.report.failure(&self.config.path, at, &error);
                }
                if let Err(error) = waveform.course() {
                    self.report.failure(&self.config.path, format!("{at}.waveform"), &error);
                }
            }
            InputKind::Comsol { files, waveforms, .. } => {
                for file in files {
                    let at = format!("{at}.comsol_files");
                    match ComsolStudy::read(file)
                        .and_then(|study| study.check(waveforms.is_empty()))
                    {
                        Ok(()) => {}
                        Err(error) => self.report.failure(&self.config.path, at, &error),
                    }
                }
                for waveform in waveforms {
                    if let Err(error) = waveform.course() {
                        self.report.failure(&self.config.path, format!("{at}.waveforms"), &error);
                    }
                }
            }
            _ => {}
        }
    }

    fn spikes(
        &mut self,
        at: &str,
        (file, format, trial): (&Path, WaveformFormat, Option<&str>),
    ) -> Vec<SpikeTrains> {
        if !file.exists() {
            let config = &self.config.path;
            check_there(config, at, "the file", file, Severity::Error, self.report);
            return Vec::new();
        }
        SpikeTrains::load(file, format, trial).unwrap_or_else(|error| {
            self.report.failure(file, "", &error);
            Vec::new()
        })
    }

    /// Spikes reach their targets through edges: each pair of populations must have some.
    fn replayed(&mut self, at: &str, trains: &[SpikeTrains], selections: Option<&[Selection]>) {
        for train in trains.iter().filter(|train| train.n_spikes() > 0) {
            let Some(name) = &train.population else { continue };
            let Some(source) = self.circuit.nodes().iter().position(|p| p.name() == name) else {
                let known = self.circuit.nodes().iter().map(|p| p.name().to_owned()).collect();
                let (what, name) = ("node population", name.clone());
                let at = format!("{at}.spike_file");
                self.error(&at, Problem::UnknownName { what, name, known });
                continue;
            };
            for (target, population) in self.circuit.nodes().iter().enumerate() {
                let wanted = selections.is_some_and(|s| !s[target].is_empty())
                    && population.kind() != NodeKind::Virtual;
                let mut edges = self.circuit.edges().iter();
                if wanted && !edges.any(|e| e.source() == source && e.target() == target) {
                    let found = format!("no edges from {name} to {}", population.name());
                    let expected = "edges that bring the spikes to the node set".to_owned();
                    let problem = Problem::Value { found, expected };
                    self.report.error(&self.config.path, format!("{at}.node_set"), problem);
                }
            }
        }
    }

    fn nodes_exist(&mut self, file: &Path, train: &SpikeTrains, len: u64) {
        if let (Some(&node), Some(name)) = (train.node_ids().last(), &train.population)
            && node >= len
        {
            let problem = Problem::NoSuchNode { node, population: name.clone(), len };
            // As in BioNet, spikes of nodes that are not there go nowhere.
            self.report.warning(file, format!("spikes.{name}.node_ids"), problem);
        }
    }

    fn reports(&mut self) {
        let reports = self.config.reports.iter().filter(|report| report.enabled);
        for report in reports {
            let at = format!("reports.{}", report.name);
            match &report.target {
                ReportTarget::Cells(Some(selector)) => {
                    self.node_set(&format!("{at}.cells"), selector);
                }
                ReportTarget::Cells(None) => {}
                ReportTarget::CompartmentSet(name) => {
                    self.compartment_set(&format!("{at}.compartment_set"), name);
                }
            }
            let weights = match report.kind {
                ReportKind::Lfp => self.config.run.electrodes_file.as_ref(),
                _ => None,
            };
            let files = [
                ("electrode_positions", report.electrode_positions.as_ref()),
                ("electrodes_file", report.electrodes_file.as_ref().or(weights)),
            ];
            match files.into_iter().find_map(|(key, path)| Some((key, path?))) {
                Some((key, path)) => {
                    let at = format!("{at}.{key}");
                    let config = &self.config.path;
                    check_there(config, &at, "the file", path, Severity::Error, self.report);
                }
                None if report.kind == ReportKind::Lfp => {
                    let expected = "a file of weights, or electrode_positions";
                    let at = format!("{at}.electrodes_file");
                    self.error(&at, Problem::Missing { expected });
                }
                None => {}
            }
        }
    }
}
