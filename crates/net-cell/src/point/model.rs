//! What a model of a point neuron is: its variables, its targets, and the kernel of a step.

use std::sync::LazyLock;

use super::step::StepKernel;
use crate::error::CellError;

/// Which values a variable may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Any finite number.
    Finite,
    /// Numbers above 0.
    Positive,
    /// Numbers from 0.
    NotNegative,
}

impl Allowed {
    /// Whether a value is one of them.
    pub fn contains(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Allowed::Finite => true,
                Allowed::Positive => value > 0.0,
                Allowed::NotNegative => value >= 0.0,
            }
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Allowed::Finite => "a finite number",
            Allowed::Positive => "a finite number > 0",
            Allowed::NotNegative => "a finite number >= 0",
        }
    }
}

/// What a variable is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointRole {
    /// Given, and constant unless it has a course.
    Parameter,
    /// Advanced by the model; what is given is the initial value.
    State,
    /// Computed in every step from the others.
    Output,
    /// What events to a target add to. If `decays` is false it holds the events of one step only.
    Target {
        /// Whether the model has an equation for it.
        decays: bool,
    },
}

/// A variable of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointVariable {
    /// Its name in the literature.
    pub name: &'static str,
    /// Its unit; empty if it has none.
    pub unit: &'static str,
    /// What it is for.
    pub role: PointRole,
    /// Value of a parameter, or initial value, if none is given.
    pub default: f64,
    /// What may be given.
    pub allowed: Allowed,
    /// Bits of the model's features that have this variable.
    pub(super) features: u32,
}

impl PointVariable {
    const fn new(name: &'static str, unit: &'static str, role: PointRole, default: f64) -> Self {
        PointVariable { name, unit, role, default, allowed: Allowed::Finite, features: u32::MAX }
    }

    pub(super) const fn parameter(name: &'static str, unit: &'static str, default: f64) -> Self {
        Self::new(name, unit, PointRole::Parameter, default)
    }

    pub(super) const fn positive(name: &'static str, unit: &'static str, default: f64) -> Self {
        PointVariable { allowed: Allowed::Positive, ..Self::parameter(name, unit, default) }
    }

    pub(super) const fn not_negative(name: &'static str, unit: &'static str, default: f64) -> Self {
        PointVariable { allowed: Allowed::NotNegative, ..Self::parameter(name, unit, default) }
    }

    pub(super) const fn state(name: &'static str, unit: &'static str, default: f64) -> Self {
        Self::new(name, unit, PointRole::State, default)
    }

    pub(super) const fn output(name: &'static str, unit: &'static str, default: f64) -> Self {
        Self::new(name, unit, PointRole::Output, default)
    }

    /// What events to target `x` of `g_x` add to.
    pub(super) const fn target(name: &'static str, unit: &'static str) -> Self {
        Self::new(name, unit, PointRole::Target { decays: true }, 0.0)
    }

    /// The same without an equation: the events of one step.
    pub(super) const fn instant(name: &'static str, unit: &'static str) -> Self {
        Self::new(name, unit, PointRole::Target { decays: false }, 0.0)
    }

    /// Only in models with one of these features.
    pub(super) const fn of(self, features: u32) -> Self {
        PointVariable { features, ..self }
    }
}

/// A model of a point neuron.
///
/// ```
/// use net_cell::point::PointModel;
/// let model = PointModel::find("Izhikevich2007Syn")?;
/// assert_eq!(model.targets().collect::<Vec<_>>(), ["ampa", "gaba"]);
/// assert!(PointModel::find("Izhikevich2007Sin").is_err());
/// # Ok::<(), net_cell::CellError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PointModel {
    /// Its name, as where it comes from.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Columns of the family that this model belongs to.
    pub(super) columns: &'static [PointVariable],
    pub(super) features: u32,
    /// Defaults that differ from the family's.
    pub(super) defaults: &'static [(&'static str, f64)],
    pub(super) kernel: StepKernel,
    /// Uniform random numbers that a step needs.
    pub(super) n_uniforms: usize,
    /// Parameters of which one must be other than 0 for that; none: always.
    pub(super) noise: &'static [&'static str],
}

impl PointModel {
    /// The model of a name.
    ///
    /// # Errors
    /// No model has this name; the error lists those there are.
    pub fn find(name: &str) -> Result<&'static PointModel, CellError> {
        catalogue().iter().find(|model| model.name == name).ok_or_else(|| {
            CellError::UnknownPointModel { name: name.to_owned(), known: names_of_models() }
        })
    }

    /// Its variables.
    pub fn variables(&self) -> impl Iterator<Item = PointVariable> + '_ {
        self.columns.iter().filter(|v| self.has(v)).map(|v| self.with_default(v))
    }

    /// Names of its targets, which are those of their variables without `g_`.
    pub fn targets(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.variables()
            .filter(|v| matches!(v.role, PointRole::Target { .. }))
            .map(|v| target_name(v.name))
    }

    /// The variable of a name.
    ///
    /// # Errors
    /// The model has no such variable; the error lists those it has.
    pub fn variable(&self, name: &str) -> Result<PointVariable, CellError> {
        self.variables().find(|v| v.name == name).ok_or_else(|| CellError::UnknownVariable {
            mechanism: self.name.to_owned(),
            variable: name.to_owned(),
            known: self.variables().map(|v| v.name).collect::<Vec<_>>().join(", "),
        })
    }

    /// The column of a variable.
    pub(super) fn column(&self, name: &str) -> Result<usize, CellError> {
        self.variable(name)?;
        let is_it = |v: &PointVariable| v.name == name && self.has(v);
        Ok(self.columns.iter().position(is_it).unwrap_or_default())
    }

    /// The column of a target.
    ///
    /// # Errors
    /// The model has no such target; the error lists those it has.
    pub(super) fn target(&self, target: &str) -> Result<usize, CellError> {
        let is_it = |v: &PointVariable| {
            self.has(v)
                && matches!(v.role, PointRole::Target { .. })
                && target_name(v.name) == target
        };
        self.columns.iter().position(is_it).ok_or_else(|| CellError::UnknownTarget {
            model: self.name.to_owned(),
            target: target.to_owned(),
            known: self.targets().collect::<Vec<_>>().join(", "),
        })
    }

    /// Unit of the events that a target takes.
    ///
    /// # Errors
    /// The model has no such target.
    pub fn unit_of_target(&self, target: &str) -> Result<&'static str, CellError> {
        Ok(self.columns[self.target(target)?].unit)
    }

    fn has(&self, variable: &PointVariable) -> bool {
        variable.features & self.features != 0
    }

    pub(super) fn with_default(&self, variable: &PointVariable) -> PointVariable {
        let own = self.defaults.iter().find(|(name, _)| *name == variable.name);
        PointVariable { default: own.map_or(variable.default, |(_, value)| *value), ..*variable }
    }
}

/// The name of the target whose events a variable takes.
pub(super) fn target_name(variable: &'static str) -> &'static str {
    variable.strip_prefix("g_").unwrap_or(variable)
}

/// All models, family by family.
pub fn catalogue() -> &'static [PointModel] {
    static MODELS: LazyLock<Vec<PointModel>> = LazyLock::new(super::models::all);
    &MODELS
}

fn names_of_models() -> String {
    catalogue().iter().map(|model| model.name).collect::<Vec<_>>().join(", ")
}

/// Declares the columns of a family: a constant each, that is its place, and the list.
macro_rules! columns {
    ($list:ident: $($column:ident = $variable:expr),* $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($column),* }
        $(const $column: usize = Place::$column as usize;)*
        const $list: &[PointVariable] = &[$($variable),*];
    };
}
pub(super) use columns;
