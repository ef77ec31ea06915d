//! The syntax tree of a `.mod` file.
//!
//! It keeps what the author wrote: parentheses, the literal text of numbers and units, the order
//! of blocks, and a [`Span`] at every node. Spans do not take part in comparisons. Comments
//! behind `:` and `?` are the only text that is dropped.

mod expression;
mod statement;

use crate::source::Span;

pub use expression::{BinaryOp, Expr, ExprKind, UnaryOp, Variable};
pub use statement::{
    Block, Compartment, Reaction, Solve, Statement, StatementKind, Table, Term, Watch,
};

/// A name with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// The text between the parentheses of a unit, such as `mA/cm2`, trimmed.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Text without the parentheses.
    pub text: String,
    /// Span with the parentheses.
    pub span: Span,
}

/// A numeric literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// The text as written, `6.02e23`.
    pub text: String,
    /// Its value.
    pub value: f64,
    /// Where it stands.
    pub span: Span,
}

/// A whole program: the items of the main file, with included files spliced in by
/// [`crate::parse_file`].
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Program {
    /// Items in the order of the text.
    pub items: Vec<Item>,
}

/// An element at the outermost level of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `TITLE text of the line`.
    Title(Text),
    /// `COMMENT ... ENDCOMMENT`.
    Comment(Text),
    /// `NEURON { ... }`.
    Neuron(NeuronBlock),
    /// `UNITS { ... }`.
    Units(UnitsBlock),
    /// `UNITSON` or `UNITSOFF` between blocks.
    UnitsSwitch(UnitsSwitch),
    /// `PARAMETER { ... }`.
    Parameter(DeclarationBlock),
    /// `CONSTANT { ... }`.
    Constant(DeclarationBlock),
    /// `ASSIGNED { ... }`.
    Assigned(DeclarationBlock),
    /// `STATE { ... }`.
    State(DeclarationBlock),
    /// `LOCAL a, b[3]` at file level.
    Local(LocalDeclaration),
    /// `DEFINE N 10`.
    Define(Define),
    /// `INCLUDE "file"`; replaced by the file's items in what [`crate::parse_file`] gives.
    Include(Text),
    /// `INDEPENDENT { t FROM 0 TO 1 WITH 1 (ms) }`; without meaning today.
    Independent(Independent),
    /// `INITIAL { ... }`.
    Initial(Block),
    /// `BREAKPOINT { ... }`.
    Breakpoint(Block),
    /// `DERIVATIVE`, `KINETIC`, `LINEAR` or `NONLINEAR`.
    Equations(EquationBlock),
    /// `FUNCTION` or `PROCEDURE`.
    Routine(Routine),
    /// `FUNCTION_TABLE name(arguments) (unit)`.
    FunctionTable(FunctionTable),
    /// `NET_RECEIVE (arguments) { ... }`.
    NetReceive(NetReceive),
    /// `BEFORE` or `AFTER` a phase of the step.
    Hook(Hook),
    /// `CONSTRUCTOR { ... }`.
    Constructor(Block),
    /// `DESTRUCTOR { ... }`.
    Destructor(Block),
    /// `VERBATIM ... ENDVERBATIM` between blocks.
    Verbatim(Verbatim),
}

/// Free text: a title, comment or file name.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The text, without its keywords or quotes.
    pub text: String,
    /// Where the whole item stands.
    pub span: Span,
}

/// `UNITSON` or `UNITSOFF`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnitsSwitch {
    /// Whether units are checked from here on.
    pub on: bool,
    /// Where it stands.
    pub span: Span,
}

/// The interface of a mechanism.
#[derive(Clone, Debug, PartialEq)]
pub struct NeuronBlock {
    /// Its statements.
    pub statements: Vec<NeuronStatement>,
    /// The whole block.
    pub span: Span,
}

/// What kind of mechanism a file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MechanismKind {
    /// `SUFFIX`: inserted in a section, currents per area (mA/cm2).
    Density,
    /// `POINT_PROCESS`: at one place, currents in nA.
    Point,
    /// `ARTIFICIAL_CELL`: receives and sends events, has no membrane.
    ArtificialCell,
}

/// A statement of the `NEURON` block.
#[derive(Clone, Debug, PartialEq)]
pub enum NeuronStatement {
    /// `SUFFIX name`, `POINT_PROCESS name` or `ARTIFICIAL_CELL name`.
    Mechanism(MechanismKind, Name),
    /// `USEION ion READ ... WRITE ... VALENCE z`.
    UseIon(UseIon),
    /// `NONSPECIFIC_CURRENT names`.
    NonspecificCurrent(Vec<Name>),
    /// `ELECTRODE_CURRENT names`.
    ElectrodeCurrent(Vec<Name>),
    /// `RANGE names`.
    Range(Vec<Name>),
    /// `GLOBAL names`.
    Global(Vec<Name>),
    /// `POINTER names`.
    Pointer(Vec<Name>),
    /// `BBCOREPOINTER names`.
    BbcorePointer(Vec<Name>),
    /// `RANDOM names`.
    Random(Vec<Name>),
    /// `EXTERNAL names`.
    External(Vec<Name>),
    /// `THREADSAFE`, with the names it may carry.
    ThreadSafe(Vec<Name>),
    /// `REPRESENTS id`: an ontology term for the mechanism.
    Represents(Text),
}

/// `USEION ion READ a, b WRITE c VALENCE z REPRESENTS id`.
#[derive(Clone, Debug, PartialEq)]
pub struct UseIon {
    /// Name of the ion, `ca`.
    pub ion: Name,
    /// Variables read, `eca`, `cai`.
    pub read: Vec<Name>,
    /// Variables written, `ica`.
    pub write: Vec<Name>,
    /// Charge number.
    pub valence: Option<SignedNumber>,
    /// Ontology term.
    pub represents: Option<Text>,
    /// The whole statement.
    pub span: Span,
}

/// A number with an optional minus.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedNumber {
    /// Whether a minus stands before it.
    pub negative: bool,
    /// The number.
    pub number: Number,
}

impl SignedNumber {
    /// The value with its sign.
    #[must_use]
    pub fn value(&self) -> f64 {
        if self.negative { -self.number.value } else { self.number.value }
    }
}

/// `UNITS { ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitsBlock {
    /// Its definitions.
    pub definitions: Vec<UnitDefinition>,
    /// The whole block.
    pub span: Span,
}

/// A definition in the `UNITS` block.
#[derive(Clone, Debug, PartialEq)]
pub enum UnitDefinition {
    /// `(mV) = (millivolt)`.
    Alias {
        /// The new unit.
        unit: Unit,
        /// What it stands for.
        meaning: Unit,
    },
    /// `F = (faraday) (coulomb)` or `x = (a) -> (b)`: the number of units `to` in one `from`.
    Factor {
        /// The constant defined.
        name: Name,
        /// Numerator.
        from: Unit,
        /// Denominator.
        to: Unit,
        /// Whether an arrow stands between them.
        arrow: bool,
    },
    /// `R = 8.314 (joule/degC)`.
    Value {
        /// The constant defined.
        name: Name,
        /// Its value.
        value: SignedNumber,
        /// Its unit.
        unit: Option<Unit>,
    },
}

/// `PARAMETER`, `CONSTANT`, `ASSIGNED` or `STATE` block.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclarationBlock {
    /// What it declares.
    pub declarations: Vec<Declaration>,
    /// The whole block.
    pub span: Span,
}

/// `name[length] = value (unit) <low, high> FROM a TO b START c`, of which each block allows a part.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Name of the variable.
    pub name: Name,
    /// Length of an array.
    pub length: Option<Size>,
    /// Value of a parameter or constant.
    pub value: Option<Value>,
    /// Unit.
    pub unit: Option<Unit>,
    /// `<low, high>` of a parameter.
    pub limits: Option<(SignedNumber, SignedNumber)>,
    /// `<tolerance>` of a state.
    pub tolerance: Option<SignedNumber>,
    /// `FROM low TO high` of a state or assigned variable.
    pub range: Option<(Value, Value)>,
    /// `START value` of a state.
    pub start: Option<Value>,
    /// The whole declaration.
    pub span: Span,
}

/// The length of an array.
#[derive(Clone, Debug, PartialEq)]
pub enum Size {
    /// A literal.
    Number(Number),
    /// A name given by `DEFINE`.
    Name(Name),
}

/// The value of a parameter: a literal or a name given by `DEFINE`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A literal.
    Number(SignedNumber),
    /// A name given by `DEFINE`, possibly with a minus.
    Name {
        /// Whether a minus stands before it.
        negative: bool,
        /// The name.
        name: Name,
    },
}

/// `LOCAL a, b[3]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalDeclaration {
    /// The variables.
    pub variables: Vec<LocalVariable>,
    /// The whole statement.
    pub span: Span,
}

/// One variable of a `LOCAL` statement.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalVariable {
    /// Its name.
    pub name: Name,
    /// Its length, for an array.
    pub length: Option<Size>,
}

/// `DEFINE name value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Define {
    /// The name.
    pub name: Name,
    /// An integer.
    pub value: SignedNumber,
    /// The whole item.
    pub span: Span,
}

/// `INDEPENDENT { ... }`, kept as text: it has no meaning in a simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Independent {
    /// Text between the braces, trimmed.
    pub text: String,
    /// The whole block.
    pub span: Span,
}

/// A block of equations, run by `SOLVE`.
#[derive(Clone, Debug, PartialEq)]
pub struct EquationBlock {
    /// What the equations are.
    pub kind: EquationKind,
    /// Name used by `SOLVE`.
    pub name: Name,
    /// Names behind `SOLVEFOR`.
    pub solve_for: Vec<Name>,
    /// The equations.
    pub body: Block,
    /// The whole item.
    pub span: Span,
}

/// Kinds of equation blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EquationKind {
    /// `DERIVATIVE`: `m' = ...`.
    Derivative,
    /// `KINETIC`: `~ a <-> b (f, r)`.
    Kinetic,
    /// `LINEAR`: `~ a*x + b*y = c`.
    Linear,
    /// `NONLINEAR`: `~ f(x) = g(x)`.
    Nonlinear,
}

impl EquationKind {
    /// The keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            EquationKind::Derivative => "DERIVATIVE",
            EquationKind::Kinetic => "KINETIC",
            EquationKind::Linear => "LINEAR",
            EquationKind::Nonlinear => "NONLINEAR",
        }
    }
}

/// `FUNCTION` or `PROCEDURE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Routine {
    /// Whether it returns a value (through a variable of its own name).
    pub is_function: bool,
    /// Its name.
    pub name: Name,
    /// Its arguments, passed by value.
    pub arguments: Vec<Argument>,
    /// Unit of the value.
    pub unit: Option<Unit>,
    /// Its statements.
    pub body: Block,
    /// The whole item.
    pub span: Span,
}

/// `FUNCTION_TABLE`: a function given by the user as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionTable {
    /// Its name.
    pub name: Name,
    /// Its one or two arguments.
    pub arguments: Vec<Argument>,
    /// Unit of the value.
    pub unit: Option<Unit>,
    /// The whole item.
    pub span: Span,
}

/// An argument of a routine or of `NET_RECEIVE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: Name,
    /// Its unit.
    pub unit: Option<Unit>,
}

/// `NET_RECEIVE (weight, ...) { ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct NetReceive {
    /// The weight vector of a connection, by names.
    pub arguments: Vec<Argument>,
    /// Its statements; `INITIAL { ... }` is one of them.
    pub body: Block,
    /// The whole item.
    pub span: Span,
}

/// A phase of a step to which `BEFORE` and `AFTER` attach code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Initialization.
    Initial,
    /// Currents.
    Breakpoint,
    /// States.
    Solve,
    /// The whole step.
    Step,
}

impl Phase {
    /// The keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Phase::Initial => "INITIAL",
            Phase::Breakpoint => "BREAKPOINT",
            Phase::Solve => "SOLVE",
            Phase::Step => "STEP",
        }
    }
}

/// `BEFORE phase { ... }` or `AFTER phase { ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// Whether it runs after the phase.
    pub after: bool,
    /// The phase.
    pub phase: Phase,
    /// Its statements.
    pub body: Block,
    /// The whole item.
    pub span: Span,
}

/// Text in C, between `VERBATIM` and `ENDVERBATIM`.
#[derive(Clone, Debug, PartialEq)]
pub struct Verbatim {
    /// The text between the keywords.
    pub body: String,
    /// With the keywords.
    pub span: Span,
}
