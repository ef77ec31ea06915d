//! Node populations: sizes, gids, attributes with their types.

use std::ops::Range;

use net_io::sonata::{NodeReader, Value};

use crate::config::{Components, NodeKind};
use crate::finding::Result;
use crate::md5::md5;
use crate::selection::Selection;
use crate::types::TypeTable;

/// A population of nodes of an open circuit.
#[derive(Debug, Clone)]
pub struct NodePopulation {
    pub(crate) kind: NodeKind,
    pub(crate) components: Components,
    pub(crate) reader: NodeReader,
    pub(crate) types: Option<TypeTable>,
    pub(crate) first_gid: u64,
    pub(crate) simulated: Selection,
}

impl NodePopulation {
    /// The population's name.
    pub fn name(&self) -> &str {
        self.reader.name()
    }

    /// What the nodes are. Populations of Allen's circuits can mix kinds, see
    /// [`node_kinds`](Self::node_kinds); these are virtual if all nodes are.
    pub fn kind(&self) -> NodeKind {
        self.kind
    }

    /// Where the parts of the cells are.
    pub fn components(&self) -> &Components {
        &self.components
    }

    /// Number of nodes. Ids are `0..len`.
    pub fn len(&self) -> u64 {
        self.reader.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// The file behind it.
    pub fn reader(&self) -> &NodeReader {
        &self.reader
    }

    /// The table of node types, if there is one.
    pub fn types(&self) -> Option<&TypeTable> {
        self.types.as_ref()
    }

    /// Gid of node 0; gid = node id + this.
    pub fn first_gid(&self) -> u64 {
        self.first_gid
    }

    /// The nodes to simulate; none of a virtual population.
    pub fn simulated(&self) -> &Selection {
        &self.simulated
    }

    /// The number that stands for the population in random streams, 12 bits of the MD5 digest of
    /// its name.
    pub fn stream_id(&self) -> u32 {
        let digest = md5(self.name().as_bytes());
        (u32::from(digest[1] & 15) << 8) + u32::from(digest[0])
    }

    /// Whether nodes have an attribute, in the file or by their types.
    pub fn has_attribute(&self, attribute: &str) -> bool {
        attribute == "node_type_id"
            || self.reader.attributes().has(attribute)
            || self.types.as_ref().is_some_and(|types| types.has(attribute))
    }

    /// Values of an attribute; where the file has none, the node type's.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File)
    pub fn values(&self, attribute: &str, nodes: &[Range<u64>]) -> Result<Vec<Value>> {
        let table = self.reader.attributes();
        if attribute == "node_type_id" {
            return Ok(table.type_ids(nodes)?.into_iter().map(Value::Integer).collect());
        }
        let mut values = table.values(attribute, nodes)?;
        if let Some(types) = &self.types
            && types.has(attribute)
            && values.contains(&Value::Missing)
        {
            for (value, type_id) in values.iter_mut().zip(table.type_ids(nodes)?) {
                if *value == Value::Missing {
                    *value = types.get(type_id, attribute).clone();
                }
            }
        }
        Ok(values)
    }

    /// Numbers of an attribute; NaN where it is missing or text.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File)
    pub fn numbers(&self, attribute: &str, nodes: &[Range<u64>]) -> Result<Vec<f64>> {
        let number = |value| match value {
            Value::Integer(value) => value as f64,
            Value::Float(value) => value,
            Value::Missing | Value::Text(_) => f64::NAN,
        };
        Ok(self.values(attribute, nodes)?.into_iter().map(number).collect())
    }

    /// What each node is: its `model_type`, or else what the population is.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File)
    pub fn node_kinds(&self, nodes: &[Range<u64>]) -> Result<Vec<NodeKind>> {
        let kind = |value| match value {
            Value::Text(name) => NodeKind::from_name(&name).unwrap_or(self.kind),
            _ => self.kind,
        };
        Ok(self.values("model_type", nodes)?.into_iter().map(kind).collect())
    }
}
