//! The NIX data model on HDF5, file format 1.2.1: entities, sections, properties, arrays.
//!
//! Readers find things by position, so every group counts its links in order of creation.
//! Identifiers are derived from one, in order; times are given. So the same calls give the same
//! bytes.

use std::cell::Cell;

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, Group, H5Type};

use crate::error::Result;
use crate::h5::{self, NewFile};
use crate::nix::{Annotations, UtcTime, Uuid, Value};

/// Largest chunk of a dataset in bytes.
const CHUNK_BYTES: usize = 1 << 16;

/// An object with a name, a type and an identifier.
pub(crate) struct Entity {
    pub(crate) group: Group,
    pub(crate) id: String,
}

impl Entity {
    /// Where it is, to link it elsewhere.
    pub(crate) fn link(&self) -> Link {
        Link { id: self.id.clone(), path: self.group.name() }
    }
}

/// What is needed to link an entity into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) path: String,
}

/// A NIX file that is being written.
pub(crate) struct Format {
    pub(crate) file: NewFile,
    ids: Uuid,
    n_ids: Cell<u64>,
    created: UtcTime,
    pub(crate) data: Group,
    pub(crate) metadata: Group,
}

impl Format {
    pub(crate) fn create(path: &std::path::Path, ids: Uuid, created: UtcTime) -> Result<Self> {
        let file = NewFile::create_ordered(path)?;
        let root = file.root()?;
        file.text(&root, "format", "nix")?;
        root.new_attr_builder()
            .with_data(&[1_i32, 2, 1])
            .create("version")
            .map_err(|e| file.error("version", "write attribute", e))?;
        file.text(&root, "id", &ids.derive("file").to_string())?;
        for name in ["created_at", "updated_at"] {
            file.text(&root, name, &created.compact())?;
        }
        let data = file.ordered_group(&root, "data")?;
        let metadata = file.ordered_group(&root, "metadata")?;
        Ok(Self { file, ids, n_ids: Cell::new(0), created, data, metadata })
    }

    /// The next identifier.
    pub(crate) fn next_id(&self) -> Uuid {
        let n = self.n_ids.get();
        self.n_ids.set(n + 1);
        self.ids.derive(&n.to_string())
    }

    /// A name for an object of Neo, as Neo itself makes them.
    pub(crate) fn neo_name(&self, kind: &str) -> String {
        format!("neo.{kind}.{}", self.next_id().hex())
    }

    /// A group that holds others.
    pub(crate) fn container(&self, parent: &Group, name: &str) -> Result<Group> {
        if parent.link_exists(name) {
            return parent.group(name).map_err(|e| self.file.error(name, "open", e));
        }
        self.file.ordered_group(parent, name)
    }

    pub(crate) fn entity(
        &self,
        container: &Group,
        name: &str,
        kind: &str,
        definition: &str,
    ) -> Result<Entity> {
        let group = self.file.ordered_group(container, name)?;
        let id = self.describe(&group, name, kind)?;
        if !definition.is_empty() {
            self.file.text(&group, "definition", definition)?;
        }
        Ok(Entity { group, id })
    }

    /// The attributes that all entities have; gives the identifier.
    fn describe(&self, at: &hdf5::Location, name: &str, kind: &str) -> Result<String> {
        let id = self.next_id().to_string();
        self.file.text(at, "name", name)?;
        if !kind.is_empty() {
            self.file.text(at, "type", kind)?;
        }
        self.file.text(at, "entity_id", &id)?;
        for name in ["created_at", "updated_at"] {
            self.file.text(at, name, &self.created.compact())?;
        }
        Ok(id)
    }

    /// A section of metadata in another one.
    pub(crate) fn section(&self, parent: &Group, name: &str, kind: &str) -> Result<Group> {
        let sections = self.container(parent, "sections")?;
        Ok(self.entity(&sections, name, kind, "")?.group)
    }

    /// A section of metadata that is in no other.
    pub(crate) fn root_section(&self, name: &str, kind: &str) -> Result<Group> {
        Ok(self.entity(&self.metadata, name, kind, "")?.group)
    }

    /// Makes an object available under another name: as a link of its own, equal to the first.
    pub(crate) fn link(&self, parent: &Group, name: &str, target: &str) -> Result<()> {
        parent.link_hard(target, name).map_err(|e| self.file.error(name, "link", e))
    }

    /// Adds an entity to a container of links, which are named by identifiers.
    pub(crate) fn refer(&self, container: &Group, target: &Link) -> Result<()> {
        self.link(container, &target.id, &target.path)
    }

    pub(crate) fn annotate(&self, section: &Group, annotations: &Annotations) -> Result<()> {
        annotations.iter().try_for_each(|(name, value)| self.property(section, name, value))
    }

    /// Annotations of an object's elements; Neo knows them by the property's type.
    pub(crate) fn annotate_each(&self, section: &Group, annotations: &Annotations) -> Result<()> {
        annotations.iter().try_for_each(|(name, value)| {
            self.typed_property(section, name, value, ARRAY_ANNOTATION)
        })
    }

    pub(crate) fn property(&self, section: &Group, name: &str, value: &Value) -> Result<()> {
        self.typed_property(section, name, value, "")
    }

    fn typed_property(&self, at: &Group, name: &str, value: &Value, kind: &str) -> Result<()> {
        use std::slice::from_ref;
        let parent = self.container(at, "properties")?;
        let mut marks: Vec<(&str, &str)> = Vec::new();
        let is_array_annotation = !kind.is_empty();
        if is_empty(value) && !is_array_annotation {
            marks.push(("definition", "EMPTYLIST"));
        }
        let dataset = match value {
            // An empty text is a property of texts that has none.
            Value::Text(text) if text.is_empty() => self.texts(&parent, name, &[])?,
            Value::Text(text) => self.texts(&parent, name, from_ref(text))?,
            Value::Texts(texts) => self.texts(&parent, name, texts)?,
            Value::Int(value) => self.array(&parent, name, from_ref(value))?,
            Value::Ints(values) => self.array(&parent, name, values)?,
            Value::Float(value) => self.array(&parent, name, from_ref(value))?,
            Value::Floats(values) => self.array(&parent, name, values)?,
            Value::Bool(value) => self.array(&parent, name, from_ref(value))?,
            Value::Bools(values) => self.array(&parent, name, values)?,
            Value::Quantity(value, units) => {
                marks.push(("unit", units));
                self.array(&parent, name, from_ref(value))?
            }
            Value::Quantities(values, units) => {
                marks.push(("unit", units));
                self.array(&parent, name, values)?
            }
            Value::Time(time) => {
                marks.push(("definition", "DATETIME"));
                let text = time.to_string().replace("+00:00", ".000000");
                self.texts(&parent, name, &[text])?
            }
        };
        self.describe(&dataset, name, kind)?;
        marks.iter().try_for_each(|(mark, text)| self.file.text(&dataset, mark, text))
    }

    /// A property of integers, a value for each element, that grows with them.
    pub(crate) fn growing_annotation(&self, section: &Group, name: &str) -> Result<Stream<i64>> {
        Ok(Stream::new(&self.container(section, "properties")?, name))
    }

    /// Ends a property that has grown.
    pub(crate) fn finish_annotation(&self, stream: Stream<i64>) -> Result<()> {
        let name = stream.name.clone();
        let dataset = stream.finish(&self.file)?;
        self.describe(&dataset, &name, ARRAY_ANNOTATION).map(drop)
    }

    /// An array of a block, without its data.
    pub(crate) fn data_array(
        &self,
        container: &Group,
        name: &str,
        kind: &str,
        units: &str,
        definition: &str,
    ) -> Result<Entity> {
        let array = self.entity(container, name, kind, definition)?;
        self.file.text(&array.group, "unit", units)?;
        Ok(array)
    }

    /// The first dimension of an array: a grid of times.
    pub(crate) fn sampled(
        &self,
        array: &Group,
        interval: f64,
        offset: f64,
        units: &str,
    ) -> Result<()> {
        let dimension = self.dimension(array, "sample")?;
        self.file.attribute(&dimension, "sampling_interval", interval)?;
        if offset != 0.0 {
            self.file.attribute(&dimension, "offset", offset)?;
        }
        self.file.text(&dimension, "unit", units)?;
        // Neo finds the dimension by this label.
        self.file.text(&dimension, "label", "time")
    }

    /// The first dimension of an array: a list of times, which is to be written into it as
    /// `ticks`.
    pub(crate) fn listed(&self, array: &Group, units: &str) -> Result<Group> {
        let dimension = self.dimension(array, "range")?;
        self.file.text(&dimension, "unit", units)?;
        self.file.text(&dimension, "label", "time")?;
        Ok(dimension)
    }

    /// The first dimension of an array: things, possibly with labels.
    pub(crate) fn set(&self, array: &Group, labels: &[String]) -> Result<()> {
        let dimension = self.dimension(array, "set")?;
        if !labels.is_empty() {
            self.texts(&dimension, "labels", labels)?;
        }
        Ok(())
    }

    fn dimension(&self, array: &Group, kind: &str) -> Result<Group> {
        let dimensions = self.container(array, "dimensions")?;
        let dimension = self.file.ordered_group(&dimensions, "1")?;
        self.file.text(&dimension, "dimension_type", kind)?;
        Ok(dimension)
    }

    /// A whole dataset of numbers.
    pub(crate) fn array<T: H5Type>(&self, at: &Group, name: &str, data: &[T]) -> Result<Dataset> {
        let mut stream = Stream::new(at, name);
        stream.push(&self.file, data)?;
        stream.finish(&self.file)
    }

    fn texts(&self, at: &Group, name: &str, texts: &[String]) -> Result<Dataset> {
        let texts: Vec<VarLenUnicode> = texts
            .iter()
            .map(|text| h5::text(self.file.path(), name, text))
            .collect::<Result<_>>()?;
        self.array(at, name, &texts)
    }
}

/// The type of a property with a value for each element of an object.
const ARRAY_ANNOTATION: &str = "ARRAYANNOTATION";

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Texts(values) => values.is_empty(),
        Value::Ints(values) => values.is_empty(),
        Value::Floats(values) | Value::Quantities(values, _) => values.is_empty(),
        Value::Bools(values) => values.is_empty(),
        _ => false,
    }
}

/// A one-dimensional dataset that grows, and that others can make longer later.
pub(crate) struct Stream<T> {
    parent: Group,
    name: String,
    /// Made with the first values, when it is known how large a chunk should be.
    dataset: Option<Dataset>,
    pub(crate) len: usize,
    values: std::marker::PhantomData<T>,
}

impl<T: H5Type> Stream<T> {
    pub(crate) fn new(parent: &Group, name: &str) -> Self {
        let (parent, name) = (parent.clone(), name.to_owned());
        Self { parent, name, dataset: None, len: 0, values: std::marker::PhantomData }
    }

    /// Appends values; many at once, because nothing is buffered here.
    pub(crate) fn push(&mut self, file: &NewFile, values: &[T]) -> Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        let end = self.len + values.len();
        let dataset = match self.dataset.take() {
            Some(dataset) => dataset.resize((end,)).map(|()| dataset),
            None => self.create(values.len()),
        };
        let dataset = dataset
            .and_then(|dataset| dataset.write_slice(values, self.len..end).map(|()| dataset))
            .map_err(|e| file.error(&self.name, "write", e))?;
        self.dataset = Some(dataset);
        self.len = end;
        Ok(())
    }

    /// The dataset, which is there also if nothing was written.
    pub(crate) fn finish(mut self, file: &NewFile) -> Result<Dataset> {
        match self.dataset.take() {
            Some(dataset) => Ok(dataset),
            None => self.create(0).map_err(|e| file.error(&self.name, "create", e)),
        }
    }

    fn create(&self, len: usize) -> hdf5::Result<Dataset> {
        let chunk = len.clamp(1, (CHUNK_BYTES / size_of::<T>()).max(1));
        self.parent
            .new_dataset::<T>()
            .obj_track_times(false)
            .chunk((chunk,))
            // Thousands may be open at once; a cache of 1 MB each, the default, has no bound then.
            .chunk_cache(1, 0, 1.0)
            .shape((len..,))
            .create(self.name.as_str())
    }
}
