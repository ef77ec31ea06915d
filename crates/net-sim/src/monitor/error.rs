//! What can be wrong with monitors and with what is asked of recordings.

/// What can be wrong with monitors and with what is asked of recordings.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MonitorError {
    /// A key that is no name with a period.
    #[error(
        "monitor \"{key}\": expected the name of a population or projection, or \"name;period\" with \
         the time between samples in ms"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// A compartment that is monitored twice.
    #[error(
        "monitor \"{key}\": '{compartment}' has a monitor already; list all its variables in one"
    )]
    Twice {
        /// The key.
        key: String,
        /// The compartment.
        compartment: String,
    },
    /// A monitor without variables, or with one twice.
    #[error("monitor of '{compartment}': {problem}")]
    Variables {
        /// The compartment.
        compartment: String,
        /// What is wrong.
        problem: String,
    },
    /// A variable that the cells do not have.
    #[error("monitor of '{compartment}': cannot record '{variable}'; expected {expected}")]
    Variable {
        /// The compartment.
        compartment: String,
        /// The variable.
        variable: String,
        /// What can be recorded.
        expected: String,
    },
    /// A period that is not a whole number of steps.
    #[error(
        "monitor of '{compartment}': the period of {period_ms} ms is not a whole number of time steps \
         of {dt_ms} ms"
    )]
    Period {
        /// The compartment.
        compartment: String,
        /// Its period in ms.
        period_ms: f64,
        /// The time step in ms.
        dt_ms: f64,
    },
    /// A compartment that is not monitored or was not recorded.
    #[error("there is no recording of '{compartment}'; recorded are: {known}")]
    NoCompartment {
        /// The compartment.
        compartment: String,
        /// Those there are, separated by commas.
        known: String,
    },
    /// A variable that was not recorded.
    #[error("there is no recording \"{name}\"; recorded are: {known}")]
    NoVariable {
        /// `compartment;variable`.
        name: String,
        /// Those there are, separated by commas.
        known: String,
    },
    /// A chunk that does not exist.
    #[error("there is no chunk {chunk}; the recordings have {n_chunks}, counted from 0")]
    NoChunk {
        /// The chunk.
        chunk: usize,
        /// Chunks there are.
        n_chunks: usize,
    },
    /// A period that does not exist.
    #[error(
        "there is no period {period} of '{compartment}'; it has {n_periods} period(s), counted from 0"
    )]
    NoPeriod {
        /// The compartment.
        compartment: String,
        /// The period.
        period: usize,
        /// Periods there are.
        n_periods: usize,
    },
    /// A period, or a chunk of a compartment, without a sample.
    #[error(
        "{} of '{compartment}' has no sample: it was paused before one was due",
        period.map_or("the chunk".to_owned(), |period| format!("period {period}"))
    )]
    NoSample {
        /// The compartment.
        compartment: String,
        /// The period; absent: all.
        period: Option<usize>,
    },
    /// Monitors that are used with a simulation of a model without them, or of another one.
    #[error("the simulation's model was not made with these monitors (Model::with_monitors)")]
    OtherModel,
    /// The simulation went back to its start without its monitors.
    #[error("the simulation was reset without its monitors; use Monitors::reset")]
    ResetWithout,
    /// The simulation goes on from a checkpoint, of which its monitors do not know.
    #[error("the simulation goes on from a checkpoint; call Monitors::resume after building it")]
    NotResumed,
    /// An expression that cannot be evaluated.
    #[error("\"{expression}\": {problem}")]
    Expression {
        /// The expression.
        expression: String,
        /// What is wrong.
        problem: String,
    },
}
