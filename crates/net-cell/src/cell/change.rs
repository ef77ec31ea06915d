//! What is changed of a cell while a run lasts.

/// Another value for a parameter of a mechanism.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterChange<'a> {
    /// Name of the mechanism.
    pub mechanism: &'a str,
    /// Name of the parameter.
    pub parameter: &'a str,
    /// The value, in the unit of the parameter.
    pub value: f64,
}
