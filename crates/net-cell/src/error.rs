//! What can be wrong with a cell.

use crate::mechanism::IonVariable;

/// A cell that cannot be built as described.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CellError {
    /// A saved state does not fit the cell.
    #[error("saved state of cell {gid}: {what}: found {found}, expected {expected}")]
    State {
        /// The cell.
        gid: u64,
        /// Which part of its state.
        what: String,
        /// What the saved state has.
        found: String,
        /// What the cell has.
        expected: String,
    },
    /// No mechanism of this name is known.
    #[error("unknown mechanism '{name}'; known are: {known}")]
    UnknownMechanism {
        /// The name asked for.
        name: String,
        /// Names of the catalogue, separated by commas.
        known: String,
    },
    /// The mechanism has no parameter of this name.
    #[error("mechanism '{mechanism}' has no parameter '{parameter}'; it has: {known}")]
    UnknownParameter {
        /// Name of the mechanism.
        mechanism: String,
        /// The parameter asked for.
        parameter: String,
        /// Its parameters, separated by commas.
        known: String,
    },
    /// No mechanism of a segment uses an ion, or none needs its current.
    #[error(
        "the {} of ion '{ion}' is not kept; ions of the mechanisms there: {known}; of currents only \
         those that a mechanism reads are kept: record the current of the mechanism itself",
        variable.describe()
    )]
    NoIonVariable {
        /// The ion.
        ion: String,
        /// Which of its quantities.
        variable: IonVariable,
        /// Ions that mechanisms of the segment use.
        known: String,
    },
    /// The mechanism has no variable of this name.
    #[error("mechanism '{mechanism}' has no variable '{variable}'; it has: {known}")]
    UnknownVariable {
        /// Name of the mechanism.
        mechanism: String,
        /// The variable asked for.
        variable: String,
        /// Its parameters, states and outputs, separated by commas.
        known: String,
    },
    /// A segment has no weight.
    #[error("weights are those of connections, not of segments")]
    WeightOfSegment,
    /// A connection to be recorded does not exist.
    #[error("connection {nth} of gid {gid} to this place does not exist")]
    NoSuchConnection {
        /// The source.
        gid: u64,
        /// Which one.
        nth: usize,
    },
    /// Connections to a mechanism have fewer weights.
    #[error("weight {argument} does not exist; connections to this mechanism have {n_weights}")]
    NoSuchWeight {
        /// The number asked for, from 0.
        argument: usize,
        /// How many there are.
        n_weights: usize,
    },
    /// A cell has fewer point processes.
    #[error("point process {number} does not exist; {n_points} were made before")]
    NoSuchPoint {
        /// The number asked for, from 0.
        number: usize,
        /// How many there are.
        n_points: usize,
    },
    /// A parameter that is used once, at the start, was to change while the run lasts.
    #[error(
        "parameter '{parameter}' of mechanism '{mechanism}' is used at the start of a run only; \
         expected one that is read in every step"
    )]
    FixedParameter {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the parameter.
        parameter: String,
    },
    /// A parameter is NaN or infinite, or outside what the mechanism allows.
    #[error("parameter '{parameter}' of mechanism '{mechanism}' is {value}; expected {expected}")]
    BadParameter {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the parameter.
        parameter: String,
        /// What was given.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// A parameter of rate tables has several values.
    #[error(
        "global parameter '{parameter}' of mechanism '{mechanism}' is {} and {}; a run with rate \
         tables needs one value for all cells", values.0, values.1
    )]
    TablesDiffer {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the parameter.
        parameter: String,
        /// Two of its values.
        values: (f64, f64),
    },
    /// A mechanism has no function of this name that its user gives as a table.
    #[error("mechanism '{mechanism}' has no FUNCTION_TABLE '{function}'; it has: {known}")]
    UnknownFunction {
        /// Name of the mechanism.
        mechanism: String,
        /// The function asked for.
        function: String,
        /// Its functions of this kind, separated by commas.
        known: String,
    },
    /// A table of a function is not one.
    #[error(
        "the table of function '{function}' of mechanism '{mechanism}' {found}; expected {expected}"
    )]
    BadFunctionTable {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the function.
        function: String,
        /// What is wrong.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// A mechanism is used without the table of one of its functions.
    #[error(
        "mechanism '{mechanism}' needs a table for its function '{function}' before it can be used \
         (FUNCTION_TABLE); give it with net_cell::mechanism::set_function_table"
    )]
    NoFunctionTable {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the function.
        function: String,
    },
    /// A point process was to be inserted as a density mechanism, or the other way round.
    #[error("mechanism '{mechanism}' is a {found}; expected a {expected}")]
    WrongKind {
        /// Name of the mechanism.
        mechanism: String,
        /// Its kind.
        found: &'static str,
        /// The kind that is needed here.
        expected: &'static str,
    },
    /// A segment index is outside the cell.
    #[error("segment {segment} does not exist; the cell has segments 0..{n_segments}")]
    NoSuchSegment {
        /// The index asked for.
        segment: usize,
        /// Number of segments of the cell.
        n_segments: usize,
    },
    /// The mechanism is not there to be recorded.
    #[error("mechanism '{mechanism}' is not in segment {segment} of the cell with gid {gid}")]
    NotInserted {
        /// Name of the mechanism.
        mechanism: String,
        /// The segment asked for.
        segment: usize,
        /// The cell.
        gid: u64,
    },
    /// The cell is not on this rank or in this group.
    #[error("the cell with gid {gid} is not here")]
    NoSuchCell {
        /// The gid asked for.
        gid: u64,
    },
    /// An axial resistance, area or capacitance cannot be used.
    #[error("{quantity} of section '{section}' is {value}; expected a positive finite number")]
    BadCable {
        /// Which quantity, with its unit.
        quantity: &'static str,
        /// Name of the section.
        section: String,
        /// What was found.
        value: f64,
    },
    /// A section's parent does not precede it, or does not exist.
    #[error("section '{section}' has parent {parent}; a parent must precede its children")]
    BadParent {
        /// Name of the section.
        section: String,
        /// Index of the parent.
        parent: usize,
    },
    /// The morphology has no segments.
    #[error("the morphology has no segments")]
    Empty,
    /// No model of point neurons is known by this name.
    #[error("unknown point neuron '{name}'; known are: {known}")]
    UnknownPointModel {
        /// The name asked for.
        name: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// A value of a point neuron's variable is not allowed.
    #[error("'{variable}' of point neuron '{model}' is {value}; expected {expected}")]
    BadPointValue {
        /// Name of the model.
        model: String,
        /// Name of the variable.
        variable: String,
        /// What was given.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// The law of a point neuron's variable is not possible.
    #[error("'{variable}' of point neuron '{model}': {source}")]
    PointLaw {
        /// Name of the model.
        model: String,
        /// Name of the variable.
        variable: String,
        /// What is wrong.
        source: Box<net_core::DistributionError>,
    },
    /// There is not one value for each neuron of the population.
    #[error(
        "'{variable}' of point neuron '{model}' has {n_values} values for {n_neurons} neurons; \
         expected one each"
    )]
    PointValues {
        /// Name of the model.
        model: String,
        /// Name of the variable.
        variable: String,
        /// Values given.
        n_values: usize,
        /// Neurons of the population.
        n_neurons: u64,
    },
    /// The model has no such target.
    #[error("point neuron '{model}' has no target '{target}'; it has: {known}")]
    UnknownTarget {
        /// Name of the model.
        model: String,
        /// The target asked for.
        target: String,
        /// Its targets, separated by commas.
        known: String,
    },
    /// No model of synapses on point neurons is known by this name.
    #[error(
        "unknown model '{name}' of synapses on point neurons; known are: {known}; \
         they stand before a colon and the target"
    )]
    UnknownSynapseModel {
        /// The name asked for.
        name: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// A projection has too many synapses on the neurons of one thread.
    #[error("{n_synapses} synapses of one projection on one thread; the limit is 2^32 - 1")]
    TooManySynapses {
        /// Synapses drawn.
        n_synapses: usize,
    },
    /// The mechanism takes no spike times from the user.
    #[error("mechanism '{mechanism}' takes no spike times; give them to an input instead")]
    NoSpikeTrain {
        /// Name of the mechanism.
        mechanism: String,
    },
    /// The cell does not have so many instances of the mechanism.
    #[error("the cell has no instance number {nth} of mechanism '{mechanism}'")]
    NoSuchInstance {
        /// Name of the mechanism.
        mechanism: String,
        /// The number asked for, from 0.
        nth: usize,
    },
    /// A pointer of a mechanism refers to nothing.
    #[error(
        "pointer '{pointer}' of mechanism '{mechanism}' is not set in the cell with gid {gid}; say what \
         it refers to with set_pointer"
    )]
    UnsetPointer {
        /// Name of the mechanism.
        mechanism: String,
        /// The pointer.
        pointer: String,
        /// The cell.
        gid: u64,
    },
    /// The mechanism has no random stream of this name.
    #[error("mechanism '{mechanism}' has no random stream '{stream}'")]
    NoSuchStream {
        /// Name of the mechanism.
        mechanism: String,
        /// The stream asked for.
        stream: String,
    },
    /// A clamp or source was given a time that is no number.
    #[error("{quantity} is {value}; expected {expected}")]
    BadValue {
        /// What the value is, with its unit.
        quantity: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
}

/// A value became NaN or infinite while the network ran.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "{variable} became {value} in the cell with gid {gid}, segment {segment}, before t = {time_ms} ms; \
     a smaller time step or a smaller conductance may help"
)]
pub struct NotFinite {
    /// `v`, or mechanism and state as `hh.m`.
    pub variable: String,
    /// NaN or infinite.
    pub value: f64,
    /// The cell.
    pub gid: u64,
    /// Its segment.
    pub segment: usize,
    /// End of the interval in which it was found, in ms.
    pub time_ms: f64,
}
