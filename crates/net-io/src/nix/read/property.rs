//! Sections and their properties: what is said about an object.

use hdf5::types::{FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Dataset, Group, IndexType, IterationOrder};

use crate::error::{Error, Result};
use crate::h5;
use crate::nix::annotation::RESERVED;
use crate::nix::read::File;
use crate::nix::{Annotations, Object, Value};

/// Properties that are Neo's own, in an object's section.
pub(super) struct Properties(Annotations);

impl Properties {
    /// A number among them, whatever its unit.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.0.iter().find_map(|(known, value)| match value {
            Value::Float(value) | Value::Quantity(value, _) if known == name => Some(*value),
            Value::Int(value) if known == name => Some(*value as f64),
            _ => None,
        })
    }
}

/// Name, description and annotations of an entity with a section, and Neo's own properties.
pub(super) fn read_object(file: &File, entity: &Group) -> Result<(Object, Properties)> {
    let description = h5::text_attribute(&file.path, entity, "definition")?.unwrap_or_default();
    let mut object = Object { description, ..Object::default() };
    let mut own = Annotations::new();
    let properties = "metadata/properties";
    if h5::link_exists(entity, properties) {
        let properties = h5::group(&file.path, entity, properties, "properties of an object")?;
        let names = properties
            .member_names_by(IndexType::CreationOrder, IterationOrder::Increasing)
            .map_err(|e| file.error(&properties.name(), "list in order of creation", e))?;
        for name in names {
            let dataset = h5::dataset(&file.path, &properties, &name, "a property")?;
            let mark = |mark| h5::text_attribute(&file.path, &dataset, mark);
            let value = read_value(file, &dataset)?;
            if RESERVED.contains(&name.as_str()) {
                own.set(&name, single(value, mark("definition")?.as_deref()));
            } else if mark("type")?.as_deref() == Some("ARRAYANNOTATION") {
                object.array_annotations.set(&name, value);
            } else {
                object.annotations.set(&name, single(value, mark("definition")?.as_deref()));
            }
        }
    }
    if let Some((_, Value::Text(name))) = own.iter().find(|(name, _)| *name == "neo_name") {
        object.name.clone_from(name);
    }
    Ok((object, Properties(own)))
}

/// The labels in the dimension of an array, if it has any.
pub(super) fn labels(file: &File, array: &Group) -> Result<Vec<String>> {
    if !h5::link_exists(array, "dimensions/1/labels") {
        return Ok(Vec::new());
    }
    let labels = h5::dataset(&file.path, array, "dimensions/1/labels", "texts")?;
    texts(file, &labels, &descriptor(file, &labels)?)
}

fn descriptor(file: &File, dataset: &Dataset) -> Result<TypeDescriptor> {
    let descriptor = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
    descriptor.map_err(|e| file.error(&dataset.name(), "inspect", e))
}

/// The values of a property, as a list.
fn read_value(file: &File, dataset: &Dataset) -> Result<Value> {
    use TypeDescriptor as TD;
    let read_error = |e| file.error(&dataset.name(), "read", e);
    let units = h5::text_attribute(&file.path, dataset, "unit")?;
    let descriptor = descriptor(file, dataset)?;
    Ok(match (&descriptor, units) {
        (TD::Integer(_) | TD::Unsigned(_) | TD::Float(_), Some(units)) => {
            Value::Quantities(dataset.read_raw().map_err(read_error)?, units)
        }
        (TD::Integer(_) | TD::Unsigned(_), None) => {
            Value::Ints(dataset.read_raw().map_err(read_error)?)
        }
        (TD::Float(_), None) => Value::Floats(dataset.read_raw().map_err(read_error)?),
        (TD::Boolean, _) => Value::Bools(dataset.read_raw().map_err(read_error)?),
        _ => Value::Texts(texts(file, dataset, &descriptor)?),
    })
}

fn texts(file: &File, dataset: &Dataset, descriptor: &TypeDescriptor) -> Result<Vec<String>> {
    use TypeDescriptor as TD;
    fn strings<T: hdf5::H5Type + ToString>(dataset: &Dataset) -> hdf5::Result<Vec<String>> {
        Ok(dataset.read_raw::<T>()?.iter().map(ToString::to_string).collect())
    }
    let texts = match descriptor {
        TD::VarLenUnicode => strings::<VarLenUnicode>(dataset),
        TD::VarLenAscii => strings::<VarLenAscii>(dataset),
        TD::FixedUnicode(n) if *n <= 1024 => strings::<FixedUnicode<1024>>(dataset),
        TD::FixedAscii(n) if *n <= 1024 => strings::<hdf5::types::FixedAscii<1024>>(dataset),
        other => {
            return Err(Error::WrongType {
                path: file.path.clone(),
                object: dataset.name(),
                found: other.to_string(),
                expected: "texts, numbers or truth values".to_owned(),
            });
        }
    };
    texts.map_err(|e| file.error(&dataset.name(), "read", e))
}

/// A list of one value is that value: NIX does not tell them apart. An empty list says that it
/// is one; otherwise it is an empty text.
fn single(value: Value, definition: Option<&str>) -> Value {
    match value {
        Value::Texts(texts) if texts.is_empty() && definition != Some("EMPTYLIST") => {
            Value::Text(String::new())
        }
        Value::Texts(mut texts) if texts.len() == 1 => {
            let text = texts.remove(0);
            let time = text.strip_suffix(".000000").map(|text| format!("{text}+00:00").parse());
            match (definition, time) {
                (Some("DATETIME"), Some(Ok(time))) => Value::Time(time),
                _ => Value::Text(text),
            }
        }
        Value::Ints(values) if values.len() == 1 => Value::Int(values[0]),
        Value::Floats(values) if values.len() == 1 => Value::Float(values[0]),
        Value::Bools(values) if values.len() == 1 => Value::Bool(values[0]),
        Value::Quantities(values, units) if values.len() == 1 => Value::Quantity(values[0], units),
        value => value,
    }
}
