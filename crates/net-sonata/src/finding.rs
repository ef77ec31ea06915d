//! What is wrong with a circuit: every finding with its file and place.

use std::fmt;
use std::path::{Path, PathBuf};

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a circuit cannot be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Configuration files are wrong; all of it at once, one line each.
    #[error("{0}")]
    Invalid(Report),
    /// A node, edge or spike file cannot be read.
    #[error(transparent)]
    File(#[from] net_io::Error),
    /// A name that nothing has.
    #[error("no {what} is named `{name}`; there are: {}", list(known))]
    Unknown {
        /// Node set, population, compartment set, ...
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A node set cannot be evaluated on a population.
    #[error("node set `{node_set}` on population `{population}`: {problem}")]
    NodeSet {
        /// The node set.
        node_set: String,
        /// The population.
        population: String,
        /// What is wrong.
        problem: Box<Problem>,
    },
    /// An edge population lacks an attribute that its type needs.
    #[error(
        "{}: edge population `{population}`: attribute `{attribute}` is missing \
         (neither in the file nor in its edge types)", path.display()
    )]
    MissingAttribute {
        /// The edge file.
        path: PathBuf,
        /// The edge population.
        population: String,
        /// The attribute.
        attribute: String,
    },
    /// An edge refers to a node that does not exist.
    #[error(
        "{}: edge population `{population}`, edge {edge}: node {node} does not exist; \
         population `{node_population}` has {len} nodes", path.display()
    )]
    NoSuchNode {
        /// The edge file.
        path: PathBuf,
        /// The edge population.
        population: String,
        /// Row of the edge.
        edge: u64,
        /// The node.
        node: i64,
        /// The population it should be in.
        node_population: String,
        /// Number of nodes there.
        len: u64,
    },
    /// The index of an edge file contradicts its edges.
    #[error(
        "{}: edge population `{population}`: index `{index}` gives edge {edge} to node {indexed}, \
         but its node is {found}; write the index anew", path.display()
    )]
    WrongIndex {
        /// The edge file.
        path: PathBuf,
        /// The edge population.
        population: String,
        /// The index.
        index: &'static str,
        /// Row of the edge.
        edge: u64,
        /// Node by the index.
        indexed: u64,
        /// Node by the edge.
        found: i64,
    },
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The simulation can run; something may not be as meant.
    Warning,
    /// The simulation cannot run.
    Error,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// JSON path (`reports.soma.dt`), HDF5 object, or line of the file; empty for the file itself.
    pub at: String,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{word}: {}: ", self.file.display())?;
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        write!(f, "{}", self.problem)
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    Syntax(String),
    /// A key occurs twice in one object.
    #[error("the key occurs more than once")]
    DuplicateKey,
    /// A key must be there.
    #[error("missing, expected {expected}")]
    Missing {
        /// What should be there.
        expected: &'static str,
    },
    /// A key that has no meaning here and is ignored.
    #[error("unknown key, ignored{}", match suggestion {
        Some(known) => format!("; did you mean `{known}`?"),
        None => String::new(),
    })]
    UnknownKey {
        /// A known key that resembles it.
        suggestion: Option<String>,
    },
    /// A value of the wrong kind or outside its range.
    #[error("found {found}, expected {expected}")]
    Value {
        /// What is there.
        found: String,
        /// What is allowed.
        expected: String,
    },
    /// Two keys that exclude each other.
    #[error("cannot be given together with `{other}`; give one of the two")]
    Conflict {
        /// The other key.
        other: &'static str,
    },
    /// A variable that the manifest does not define.
    #[error("variable `{variable}` is not defined in the manifest")]
    UndefinedVariable {
        /// The variable, with its `$`.
        variable: String,
    },
    /// A manifest whose variables refer to each other in a circle.
    #[error("manifest variables refer to each other in a circle, at `{variable}`")]
    CircularVariable {
        /// One variable of the circle.
        variable: String,
    },
    /// A file or directory is not there.
    #[error("{what} {} does not exist", path.display())]
    NotThere {
        /// What it should be.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file that nodes name is not there.
    #[error(
        "{what} of `{name}` does not exist: looked for {} (needed by {n_nodes} nodes, \
         first {first_node})", path.display()
    )]
    NodeFileNotThere {
        /// Morphology or cell model.
        what: &'static str,
        /// The name in the node file.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
        /// Nodes that name it.
        n_nodes: u64,
        /// The first of them.
        first_node: u64,
    },
    /// A file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A name that nothing has.
    #[error("no {what} is named `{name}`; there are: {}", list(known))]
    UnknownName {
        /// Node set, population, ...
        what: &'static str,
        /// The name.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A name that is given to two things.
    #[error("{what} `{name}` is defined twice, first in {}", first.display())]
    DuplicateName {
        /// Population, modification, ...
        what: &'static str,
        /// The name.
        name: String,
        /// The file of the first definition.
        first: PathBuf,
    },
    /// Node sets that contain each other.
    #[error("node sets contain each other in a circle: {}", chain.join(" -> "))]
    CircularNodeSet {
        /// The circle.
        chain: Vec<String>,
    },
    /// A node set that contains no node.
    #[error("the node set selects no node")]
    EmptyNodeSet,
    /// Equality asked of numbers with a fraction.
    #[error(
        "attribute `{attribute}` has numbers with fractions, which are not compared for equality; \
         use $gte and $lte"
    )]
    FloatEquality {
        /// The attribute.
        attribute: String,
    },
    /// A test that does not fit the attribute's kind.
    #[error("attribute `{attribute}` is {found}, the test needs {expected}")]
    TestKind {
        /// The attribute.
        attribute: String,
        /// What it is.
        found: &'static str,
        /// What the test needs.
        expected: &'static str,
    },
    /// Locations of a compartment set are not sorted, or one is there twice.
    #[error(
        "location {found:?} comes after {previous:?}; sort by node, section, offset and keep \
         each once"
    )]
    Unsorted {
        /// The location before.
        previous: (u64, u64, f64),
        /// This location.
        found: (u64, u64, f64),
    },
    /// A node beyond its population.
    #[error("node {node} does not exist: population `{population}` has {len} nodes")]
    NoSuchNode {
        /// The node.
        node: u64,
        /// The population.
        population: String,
        /// Its number of nodes.
        len: u64,
    },
    /// A type id without a row in the types file.
    #[error("type {type_id} (of {rows} rows) is not in {}", types_file.display())]
    NoSuchType {
        /// The type id.
        type_id: i64,
        /// Rows that have it.
        rows: u64,
        /// The types file.
        types_file: PathBuf,
    },
    /// An edge population without an index by target.
    #[error(
        "has no index `{index}`; every run reads all edges to find its own, write the index once"
    )]
    NoIndex {
        /// The index.
        index: &'static str,
    },
    /// Something that this program does not do.
    #[error("{what} is not supported")]
    Unsupported {
        /// The feature.
        what: String,
    },
}

/// Everything that was found, in the order of finding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing forbids to run.
    pub fn is_ok(&self) -> bool {
        self.errors().next().is_none()
    }

    /// The findings that forbid to run.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// The findings that do not.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning)
    }

    pub(crate) fn error(&mut self, file: &Path, at: impl Into<String>, problem: Problem) {
        self.push(Severity::Error, file, at, problem);
    }

    pub(crate) fn warning(&mut self, file: &Path, at: impl Into<String>, problem: Problem) {
        self.push(Severity::Warning, file, at, problem);
    }

    /// Adds a finding that an [`Error`] carries.
    pub(crate) fn failure(&mut self, file: &Path, at: impl Into<String>, error: &Error) {
        match error {
            Error::Invalid(report) => self.findings.extend(report.findings.iter().cloned()),
            Error::NodeSet { problem, .. } => self.error(file, at, (**problem).clone()),
            other => self.error(file, at, Problem::Unreadable(other.to_string())),
        }
    }

    fn push(&mut self, severity: Severity, file: &Path, at: impl Into<String>, problem: Problem) {
        let finding = Finding { severity, file: file.to_owned(), at: at.into(), problem };
        // One cause may be met twice in a row, by two checks of one thing.
        const RECENT: usize = 64;
        if !self.findings.iter().rev().take(RECENT).any(|earlier| *earlier == finding) {
            self.findings.push(finding);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

/// Names in a message, the first few.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len() {
        0 => "none".to_owned(),
        n if n <= SHOWN => names.join(", "),
        n => format!("{}, ... ({n} in all)", names[..SHOWN].join(", ")),
    }
}
