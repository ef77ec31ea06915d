//! Neo's objects in a NIX file: blocks, segments, events, epochs, groups.

use std::path::Path;

use hdf5::Group as H5Group;

use crate::error::{Error, Result};
use crate::nix::format::{Entity, Format, Link};
use crate::nix::{Annotations, Object, UtcTime, Uuid, Value};

/// What makes a file this one and no other. The same identity and content give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Identifiers in the file are derived from this one.
    pub id: Uuid,
    /// When it was made: creation time of everything in it.
    pub created: UtcTime,
}

impl Identity {
    /// An identity that no other file has.
    pub fn unique() -> Self {
        Self { id: Uuid::random(), created: UtcTime::now() }
    }
}

/// A `.nio` file that is being written; readable when it is [sealed](Self::seal), and only then
/// there under its name.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("result.nio");
/// use net_io::nix::*;
///
/// let file = NioFile::create(&path, &Identity::unique())?;
/// let block = file.block(&Object::named("a run"))?;
/// let segment = block.segment(&Object::default())?;
///
/// let cell = Object::named("cell 3").annotated("bsb_cell_id", 3);
/// let mut train = segment.spike_train(&cell, Span { start: 0.0, stop: 1.0, units: "s" })?;
/// train.push(&[0.25, 0.5])?;
/// train.finish()?;
///
/// let sampling = Sampling { start: 0.0, interval: 1e-3, time_units: "s", units: "mV" };
/// let mut signal = segment.analog_signal(&Object::named("v"), sampling, 4)?;
/// let mut channel = signal.channel::<f32>()?;
/// channel.push(&[-65.0, -64.5])?; // piece by piece
/// channel.push(&[-64.0, -63.5])?;
/// channel.finish()?;
/// signal.finish()?;
///
/// drop((segment, block));
/// file.seal()?;
/// # Ok(())
/// # }
/// ```
pub struct NioFile {
    format: Format,
}

impl NioFile {
    /// Starts the file that will be `path`.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn create(path: &Path, identity: &Identity) -> Result<Self> {
        let format = Format::create(path, identity.id, identity.created)?;
        let neo = format.root_section("neo", "neo.metadata")?;
        format.property(&neo, "version", &Value::Text(NEO_VERSION.to_owned()))?;
        Ok(Self { format })
    }

    /// Adds a block.
    ///
    /// # Errors
    /// [`Error::Declaration`] for an annotation that readers could not read; errors of writing.
    pub fn block(&self, object: &Object) -> Result<Block<'_>> {
        object.validate(None)?;
        no_elements(object)?;
        let format = &self.format;
        let name = format.neo_name("block");
        let entity = format.entity(&format.data, &name, "neo.block", &object.description)?;
        let section = format.root_section(&name, "neo.block.metadata")?;
        describe(format, &section, object)?;
        format.link(&entity.group, "metadata", &section.name())?;
        let [data_arrays, multi_tags, groups] = ["data_arrays", "multi_tags", "groups"]
            .map(|name| format.container(&entity.group, name));
        Ok(Block {
            format,
            section,
            data_arrays: data_arrays?,
            multi_tags: multi_tags?,
            groups: groups?,
        })
    }

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// [`Error::DiskFull`] or another error of writing.
    pub fn seal(self) -> Result<()> {
        let Format { file, data, metadata, .. } = self.format;
        drop((data, metadata));
        file.seal()
    }
}

/// The version of Neo whose layout this is.
const NEO_VERSION: &str = "0.14.6";

/// A block of a file: the results of one run.
pub struct Block<'f> {
    format: &'f Format,
    section: H5Group,
    data_arrays: H5Group,
    multi_tags: H5Group,
    groups: H5Group,
}

impl<'f> Block<'f> {
    /// Adds a segment: everything recorded in one span of time.
    ///
    /// # Errors
    /// [`Error::Declaration`] for an annotation that readers could not read; errors of writing.
    pub fn segment(&self, object: &Object) -> Result<Segment<'f>> {
        let (entity, section) = self.group_entity("segment", object, None)?;
        Ok(Segment {
            format: self.format,
            section,
            block_arrays: self.data_arrays.clone(),
            block_tags: self.multi_tags.clone(),
            data_arrays: self.format.container(&entity.group, "data_arrays")?,
            multi_tags: self.format.container(&entity.group, "multi_tags")?,
        })
    }

    /// Adds a group of objects that segments of this block have.
    ///
    /// # Errors
    /// [`Error::Declaration`] for an annotation that readers could not read; errors of writing.
    pub fn group(&self, object: &Object, members: &[Member]) -> Result<Group> {
        self.group_in("group", object, None, members)
    }

    /// Adds a group in a group.
    ///
    /// # Errors
    /// As [`group`](Self::group).
    pub fn subgroup(&self, parent: &Group, object: &Object, members: &[Member]) -> Result<Group> {
        self.group_in("subgroup", object, Some(parent), members)
    }

    fn group_in(
        &self,
        kind: &str,
        object: &Object,
        parent: Option<&Group>,
        members: &[Member],
    ) -> Result<Group> {
        let format = self.format;
        let (entity, _) = self.group_entity(kind, object, parent)?;
        for (container, links) in [
            ("data_arrays", members.iter().flat_map(|member| &member.arrays).collect::<Vec<_>>()),
            ("multi_tags", members.iter().flat_map(|member| &member.tags).collect()),
        ] {
            let container = format.container(&entity.group, container)?;
            links.into_iter().try_for_each(|link| format.refer(&container, link))?;
        }
        let name = entity.group.name().rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Group { name })
    }

    /// Segments and Neo's groups are both groups of NIX.
    fn group_entity(
        &self,
        kind: &str,
        object: &Object,
        parent: Option<&Group>,
    ) -> Result<(Entity, H5Group)> {
        object.validate(None)?;
        no_elements(object)?;
        let format = self.format;
        let name = format.neo_name(kind);
        let kind = format!("neo.{kind}");
        let entity = format.entity(&self.groups, &name, &kind, &object.description)?;
        let section = format.section(&self.section, &name, &format!("{kind}.metadata"))?;
        describe(format, &section, object)?;
        if let Some(parent) = parent {
            format.property(&section, "neo_parent", &Value::Text(parent.name.clone()))?;
        }
        format.link(&entity.group, "metadata", &section.name())?;
        Ok((entity, section))
    }
}

/// A group of a block, to put others into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    name: String,
}

/// An object of a segment, to put into groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    pub(crate) arrays: Vec<Link>,
    pub(crate) tags: Vec<Link>,
}

/// A segment of a block.
pub struct Segment<'f> {
    pub(crate) format: &'f Format,
    pub(crate) section: H5Group,
    /// All arrays and tags of the block.
    pub(crate) block_arrays: H5Group,
    pub(crate) block_tags: H5Group,
    /// Links to those of this segment.
    pub(crate) data_arrays: H5Group,
    pub(crate) multi_tags: H5Group,
}

impl<'f> Segment<'f> {
    /// Adds events: moments with labels, one label a time.
    ///
    /// # Errors
    /// [`Error::Declaration`] for times that are not finite, numbers of values that differ, or an
    /// annotation that readers could not read; errors of writing.
    pub fn event(
        &self,
        object: &Object,
        times: &[f64],
        labels: &[String],
        time_units: &str,
    ) -> Result<Member> {
        check_lengths(object, times, labels.len())?;
        let tag = self.tag("event", object, Some(times.len()), time_units)?;
        self.format.array(&tag.times.group, "data", times)?;
        self.format.set(&tag.times.group, labels)?;
        Ok(tag.member())
    }

    /// Adds epochs: spans of time with labels, one duration and label a time.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub fn epoch(
        &self,
        object: &Object,
        times: &[f64],
        durations: &[f64],
        labels: &[String],
        time_units: &str,
    ) -> Result<Member> {
        check_lengths(object, times, labels.len())?;
        check_lengths(object, durations, times.len())?;
        let tag = self.tag("epoch", object, Some(times.len()), time_units)?;
        let format = self.format;
        format.array(&tag.times.group, "data", times)?;
        format.set(&tag.times.group, labels)?;
        let (name, kind) = (format!("{}.durations", tag.name), "neo.epoch.durations");
        let extents = format.data_array(&self.block_arrays, &name, kind, time_units, "")?;
        format.array(&extents.group, "data", durations)?;
        format.set(&extents.group, &[])?;
        format.link(&tag.tag.group, "extents", &extents.group.name())?;
        Ok(tag.member())
    }

    /// What spike trains, events and epochs have in common: a tag of many positions, which are
    /// an array of times.
    pub(crate) fn tag(
        &self,
        kind: &str,
        object: &Object,
        n_elements: Option<usize>,
        time_units: &str,
    ) -> Result<Tag> {
        object.validate(n_elements)?;
        check_units(object, "time_units", time_units)?;
        let format = self.format;
        let name = format.neo_name(kind);
        let kind = format!("neo.{kind}");
        let times = format.data_array(
            &self.block_arrays,
            &format!("{name}.times"),
            &format!("{kind}.times"),
            time_units,
            "",
        )?;
        let tag = format.entity(&self.block_tags, &name, &kind, &object.description)?;
        format.link(&tag.group, "positions", &times.group.name())?;
        let section = self.section_of(&name, &kind, object)?;
        format.link(&tag.group, "metadata", &section.name())?;
        format.refer(&self.multi_tags, &tag.link())?;
        Ok(Tag { name, times, tag, section })
    }

    /// The section of an object of this segment.
    pub(crate) fn section_of(&self, name: &str, kind: &str, object: &Object) -> Result<H5Group> {
        let section = self.format.section(&self.section, name, &format!("{kind}.metadata"))?;
        describe(self.format, &section, object)?;
        Ok(section)
    }
}

/// A tag with its parts.
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) times: Entity,
    pub(crate) tag: Entity,
    pub(crate) section: H5Group,
}

impl Tag {
    pub(crate) fn member(&self) -> Member {
        Member { arrays: Vec::new(), tags: vec![self.tag.link()] }
    }
}

fn describe(format: &Format, section: &H5Group, object: &Object) -> Result<()> {
    format.property(section, "neo_name", &Value::Text(object.name.clone()))?;
    format.annotate(section, &object.annotations)?;
    format.annotate_each(section, &object.array_annotations)
}

/// Blocks, segments and groups have no elements that could be annotated.
fn no_elements(object: &Object) -> Result<()> {
    if object.array_annotations == Annotations::default() {
        return Ok(());
    }
    Err(Error::Declaration {
        key: format!("{}.array_annotations", object.name),
        found: "some".to_owned(),
        expected: "none: only spikes, channels, events and epochs are annotated one by one",
    })
}

pub(crate) fn check_units(object: &Object, key: &str, units: &str) -> Result<()> {
    if !units.is_empty() {
        return Ok(());
    }
    Err(Error::Declaration {
        key: format!("{}.{key}", object.name),
        found: "``".to_owned(),
        expected: "a unit, `dimensionless` for none",
    })
}

fn check_lengths(object: &Object, values: &[f64], n_expected: usize) -> Result<()> {
    let wrong = |found, expected| {
        Err(Error::Declaration { key: format!("{}.times", object.name), found, expected })
    };
    if values.len() != n_expected {
        let found = format!("{} and {n_expected} values", values.len());
        return wrong(found, "as many times as durations and labels");
    }
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => wrong(value.to_string(), "finite numbers"),
        None => Ok(()),
    }
}
