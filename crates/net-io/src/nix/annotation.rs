//! What is said about an object beside its data.

use crate::error::{Error, Result};
use crate::nix::UtcTime;

/// The value of an annotation: what a NIX property can hold and Neo reads back.
///
/// Nothing structured is among them: write that as JSON, into a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text, possibly empty.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// An integer.
    Int(i64),
    /// Integers.
    Ints(Vec<i64>),
    /// A number without unit.
    Float(f64),
    /// Numbers without unit.
    Floats(Vec<f64>),
    /// True or false.
    Bool(bool),
    /// Truth values.
    Bools(Vec<bool>),
    /// A number and its unit, as `mV`.
    Quantity(f64, String),
    /// Numbers and their unit.
    Quantities(Vec<f64>, String),
    /// A moment.
    Time(UtcTime),
}

impl Value {
    /// Number of values, where there may be any number of them.
    fn len(&self) -> Option<usize> {
        match self {
            Value::Texts(values) => Some(values.len()),
            Value::Ints(values) => Some(values.len()),
            Value::Floats(values) | Value::Quantities(values, _) => Some(values.len()),
            Value::Bools(values) => Some(values.len()),
            _ => None,
        }
    }
}

macro_rules! values_from {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$variant(value.into())
            }
        })*
    };
}

values_from! {
    &str => Text, String => Text, Vec<String> => Texts,
    i64 => Int, i32 => Int, u32 => Int, Vec<i64> => Ints,
    f64 => Float, Vec<f64> => Floats,
    bool => Bool, Vec<bool> => Bools,
    UtcTime => Time,
}

/// Annotations in the order in which they were set, each under a name of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations(Vec<(String, Value)>);

impl Annotations {
    /// No annotation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an annotation; one of that name that is there already changes its value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds those of `others`, whose values win.
    #[must_use]
    pub fn and(mut self, others: &Annotations) -> Self {
        others.iter().for_each(|(name, value)| self.set(name, value.clone()));
        self
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Properties of Neo's own beside the annotations of an object.
pub(crate) const RESERVED: [&str; 8] = [
    "neo_name",
    "nix_name",
    "neo_parent",
    "t_start",
    "t_stop",
    "sampling_rate",
    "spatial_scale",
    "file_datetime",
];

/// Name, description and annotations of an object.
///
/// ```
/// use net_io::nix::Object;
///
/// let train = Object::named("E 17")
///     .described("spikes of a cell")
///     .annotated("bsb_cell_id", 17)
///     .annotated("bsb_ps_name", "E");
/// assert_eq!(train.annotations.iter().count(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object {
    /// Name, possibly empty.
    pub name: String,
    /// Description, possibly empty.
    pub description: String,
    /// Annotations of the object as a whole.
    pub annotations: Annotations,
    /// Annotations of its elements: a value for each spike, event, epoch or channel.
    pub array_annotations: Annotations,
}

impl Object {
    /// An object with a name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same with a description.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The same with an annotation.
    #[must_use]
    pub fn annotated(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.annotations.set(name, value);
        self
    }

    /// The same with an annotation of every element.
    #[must_use]
    pub fn annotated_each(mut self, name: &str, values: impl Into<Value>) -> Self {
        self.array_annotations.set(name, values);
        self
    }

    /// Checks that the readers will get what is said: usable names that mean one thing, and as
    /// many values for the elements as there are elements, where that is known.
    pub(crate) fn validate(&self, n_elements: Option<usize>) -> Result<()> {
        let key = |name: &str| format!("{}.annotations.{name}", self.name);
        let declaration = |name: &str, found: String, expected| Error::Declaration {
            key: key(name),
            found: format!("`{found}`"),
            expected,
        };
        for (name, value) in self.annotations.iter().chain(self.array_annotations.iter()) {
            let usable = !name.is_empty() && name != "." && !name.contains(['/', '\0']);
            if !usable || RESERVED.contains(&name) {
                let expected = "a name that is not empty, without `/`, and not one of Neo's own";
                return Err(declaration(name, name.to_owned(), expected));
            }
            if let Value::Quantity(_, units) | Value::Quantities(_, units) = value
                && units.is_empty()
            {
                return Err(declaration(name, units.clone(), "a unit, `dimensionless` for none"));
            }
        }
        for (name, values) in self.array_annotations.iter() {
            if self.annotations.iter().any(|(other, _)| other == name) {
                let expected = "a name that no annotation of the whole object has";
                return Err(declaration(name, name.to_owned(), expected));
            }
            let n_values = values.len();
            if n_values.is_none() || n_elements.is_some_and(|n| n_values != Some(n)) {
                let found = n_values.map_or("one value".to_owned(), |n| format!("{n} values"));
                return Err(declaration(name, found, "a list with a value for each element"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_would_lose_is_refused() {
        let fails = |object: Object| object.validate(Some(2)).is_err();
        assert!(!fails(Object::named("a").annotated("x", 1).annotated_each("y", vec![1_i64, 2])));
        assert!(fails(Object::named("a").annotated("x/y", 1)));
        assert!(fails(Object::named("a").annotated("", 1)));
        assert!(fails(Object::named("a").annotated("t_stop", 1.0)));
        assert!(fails(Object::named("a").annotated("x", Value::Quantity(1.0, String::new()))));
        assert!(fails(Object::named("a").annotated("x", 1).annotated_each("x", vec![1_i64, 2])));
        assert!(fails(Object::named("a").annotated_each("y", vec![1_i64])));
        assert!(fails(Object::named("a").annotated_each("y", 1)));
    }

    #[test]
    fn the_last_value_of_a_name_counts() {
        let annotations = Annotations::new().with("a", 1).with("b", 2).with("a", "x");
        let expected = [("a", &Value::Text("x".to_owned())), ("b", &Value::Int(2))];
        assert!(annotations.iter().eq(expected));
    }
}
