//! `.nio` files read back, ours and those of others: what is in them at once, data on demand.
//!
//! Waveforms, image sequences, channel views and groups are passed over.

mod property;
mod recording;

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, Group, IndexType, IterationOrder};
use ndarray::Ix1;

pub use recording::{Recording, RecordingKind};

use crate::error::{Error, Result};
use crate::h5;
use crate::nix::Object;

/// A `.nio` file that is open for reading.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("a.nio");
/// use net_io::nix::read::NioReader;
/// use net_io::nix::{Identity, NioFile, Object, Span};
///
/// # let file = NioFile::create(&path, &Identity::unique())?;
/// # let block = file.block(&Object::named("a run"))?;
/// # let segment = block.segment(&Object::default())?;
/// # let span = Span { start: 0.0, stop: 1.0, units: "s" };
/// # let mut train = segment.spike_train(&Object::named("cell 3"), span)?;
/// # train.push(&[0.25, 0.5])?;
/// # train.finish()?;
/// # drop((segment, block));
/// # file.seal()?;
/// let blocks = NioReader::open(&path)?.blocks()?;
/// let train = &blocks[0].segments[0].spike_trains[0];
/// assert_eq!((train.object.name.as_str(), train.stop), ("cell 3", 1.0));
/// assert_eq!(train.times.read(0..train.times.len())?, [0.25, 0.5]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NioReader {
    file: File,
}

/// An open file and its name.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    file: hdf5::File,
}

/// A block: the results of one run.
#[derive(Debug)]
pub struct Block {
    /// Name, description and annotations.
    pub object: Object,
    /// Its segments, in order.
    pub segments: Vec<Segment>,
}

/// A segment: everything recorded in one span of time.
#[derive(Debug)]
pub struct Segment {
    /// Name, description and annotations.
    pub object: Object,
    /// Spike trains, in order.
    pub spike_trains: Vec<SpikeTrain>,
    /// Signals on grids of times, in order.
    pub analog_signals: Vec<AnalogSignal>,
    /// Signals on times of their own, in order.
    pub irregular_signals: Vec<IrregularSignal>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// Epochs, in order.
    pub epochs: Vec<Epoch>,
}

/// A spike train.
#[derive(Debug)]
pub struct SpikeTrain {
    /// Name, description and annotations.
    pub object: Object,
    /// Where recording begins, in `units`.
    pub start: f64,
    /// Where it ends, in `units`.
    pub stop: f64,
    /// The unit of all times.
    pub units: String,
    /// The times of the spikes.
    pub times: Array,
}

/// A signal on a grid of times.
#[derive(Debug)]
pub struct AnalogSignal {
    /// Name, description and annotations.
    pub object: Object,
    /// Time of the first sample, in `time_units`.
    pub start: f64,
    /// Time between samples, in `time_units`.
    pub interval: f64,
    /// The unit of times.
    pub time_units: String,
    /// The unit of samples.
    pub units: String,
    /// The samples of each channel.
    pub channels: Vec<Array>,
}

/// A signal on times of its own.
#[derive(Debug)]
pub struct IrregularSignal {
    /// Name, description and annotations.
    pub object: Object,
    /// The unit of times.
    pub time_units: String,
    /// The unit of samples.
    pub units: String,
    /// The times of the samples.
    pub times: Array,
    /// The samples of each channel.
    pub channels: Vec<Array>,
}

/// Moments with labels.
#[derive(Debug)]
pub struct Event {
    /// Name, description and annotations.
    pub object: Object,
    /// The unit of times.
    pub time_units: String,
    /// The moments.
    pub times: Array,
    /// Their labels.
    pub labels: Vec<String>,
}

/// Spans of time with labels.
#[derive(Debug)]
pub struct Epoch {
    /// Name, description and annotations.
    pub object: Object,
    /// The unit of times.
    pub time_units: String,
    /// Where they begin.
    pub times: Array,
    /// How long they are.
    pub durations: Array,
    /// Their labels.
    pub labels: Vec<String>,
}

/// Numbers in the file.
#[derive(Debug, Clone)]
pub struct Array {
    file: File,
    path: String,
    len: usize,
}

impl Array {
    /// How many they are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads some of them.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] if they are not there; errors of reading.
    pub fn read(&self, range: Range<usize>) -> Result<Vec<f64>> {
        if self.len < range.end || range.end < range.start {
            let what = format!("value of {}", self.path);
            return Err(Error::NoSuchIndex { what, index: range.end, len: self.len });
        }
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let dataset = self.file.file.dataset(&self.path);
        let values = dataset.and_then(|dataset| dataset.read_slice::<f64, _, Ix1>(range));
        let values = values.map_err(|e| self.file.error(&self.path, "read", e))?;
        Ok(values.into_raw_vec_and_offset().0)
    }
}

impl NioReader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be opened, [`Error::NotHdf5`], and [`Error::WrongType`] if it
    /// is not NIX or of a version that is not understood (1.0 to 1.2 are).
    pub fn open(path: &Path) -> Result<Self> {
        let file = File { path: path.to_owned(), file: h5::open(path)? };
        let wrong = |object: &str, found: String, expected: &str| Error::WrongType {
            path: path.to_owned(),
            object: object.to_owned(),
            found,
            expected: expected.to_owned(),
        };
        let format = h5::text_attribute(path, &file.file, "format")?;
        if format.as_deref() != Some("nix") {
            return Err(wrong("/@format", format!("{format:?}"), "`nix`"));
        }
        let version = file.file.attr("version").and_then(|version| version.read_raw::<i64>());
        let version = version.map_err(|e| file.error("/@version", "read", e))?;
        if !matches!(version[..], [1, 0..=2, _]) {
            return Err(wrong("/@version", format!("{version:?}"), "[1, 2, 1] or before"));
        }
        Ok(Self { file })
    }

    /// All blocks, in order.
    ///
    /// # Errors
    /// [`Error::MissingObject`] or [`Error::WrongType`] for what Neo's layout has and the file has
    /// not; errors of reading.
    pub fn blocks(&self) -> Result<Vec<Block>> {
        let file = &self.file;
        let data = h5::group(&file.path, &file.file, "data", "the blocks of a NIX file")?;
        file.members(&data)?.iter().map(|block| read_block(file, block)).collect()
    }
}

impl File {
    fn error(&self, object: &str, action: &'static str, source: hdf5::Error) -> Error {
        Error::hdf5(&self.path, object, action, source)
    }

    /// The groups in a container, in the order in which they were made or linked.
    fn members(&self, container: &Group) -> Result<Vec<Group>> {
        let names = container
            .member_names_by(IndexType::CreationOrder, IterationOrder::Increasing)
            .map_err(|e| self.error(&container.name(), "list in order of creation", e))?;
        names
            .iter()
            .map(|name| container.group(name).map_err(|e| self.error(name, "open", e)))
            .collect()
    }

    /// As [`members`](Self::members), of a container that may be absent.
    fn members_of(&self, parent: &Group, container: &str) -> Result<Vec<Group>> {
        match parent.link_exists(container) {
            false => Ok(Vec::new()),
            true => self.members(&h5::group(&self.path, parent, container, "a container")?),
        }
    }

    fn text(&self, at: &Group, name: &str) -> Result<String> {
        h5::text_attribute(&self.path, at, name)?.ok_or_else(|| Error::MissingObject {
            path: self.path.clone(),
            object: format!("{}@{name}", at.name()),
            expected: "a text attribute",
        })
    }

    /// A number in an attribute, if it is there.
    fn number(&self, at: &Group, name: &str) -> Result<Option<f64>> {
        let names = at.attr_names().map_err(|e| self.error(&at.name(), "list attributes", e))?;
        if !names.iter().any(|known| known == name) {
            return Ok(None);
        }
        let value = at.attr(name).and_then(|attribute| attribute.read_scalar::<f64>());
        value.map(Some).map_err(|e| self.error(&format!("{}@{name}", at.name()), "read", e))
    }

    fn array(&self, at: &Group, name: &str) -> Result<Array> {
        let dataset: Dataset = h5::dataset(&self.path, at, name, "numbers")?;
        let (path, len) = (h5::child_name(at, name), dataset.size());
        if dataset.ndim() != 1 {
            return Err(Error::WrongType {
                path: self.path.clone(),
                object: path,
                found: format!("{} dimensions", dataset.ndim()),
                expected: "one dimension".to_owned(),
            });
        }
        Ok(Array { file: self.clone(), path, len })
    }

    /// The first dimension of an array.
    fn dimension(&self, array: &Group) -> Result<Group> {
        h5::group(&self.path, array, "dimensions/1", "the times of an array")
    }

    /// The array that a tag has under a name.
    fn tagged(&self, tag: &Group, name: &str) -> Result<Group> {
        h5::group(&self.path, tag, name, "an array of times")
    }
}

fn read_block(file: &File, block: &Group) -> Result<Block> {
    let (object, _) = property::read_object(file, block)?;
    let mut segments = Vec::new();
    for group in file.members_of(block, "groups")? {
        if file.text(&group, "type")? == "neo.segment" {
            segments.push(read_segment(file, &group)?);
        }
    }
    Ok(Block { object, segments })
}

fn read_segment(file: &File, group: &Group) -> Result<Segment> {
    let (object, _) = property::read_object(file, group)?;
    let mut segment = Segment {
        object,
        spike_trains: Vec::new(),
        analog_signals: Vec::new(),
        irregular_signals: Vec::new(),
        events: Vec::new(),
        epochs: Vec::new(),
    };
    for channels in signals(file, group)? {
        match channels.kind.as_str() {
            "neo.analogsignal" => segment.analog_signals.push(read_analog(file, &channels)?),
            "neo.irregularlysampledsignal" => {
                segment.irregular_signals.push(read_irregular(file, &channels)?);
            }
            _ => {}
        }
    }
    for tag in file.members_of(group, "multi_tags")? {
        match file.text(&tag, "type")?.as_str() {
            "neo.spiketrain" => segment.spike_trains.push(read_train(file, &tag)?),
            "neo.event" => segment.events.push(read_event(file, &tag)?),
            "neo.epoch" => segment.epochs.push(read_epoch(file, &tag)?),
            _ => {}
        }
    }
    Ok(segment)
}

/// The arrays of a signal, one a channel.
struct Channels {
    kind: String,
    base: String,
    arrays: Vec<Group>,
}

/// The arrays of a segment, those of one signal together: they share the name up to the last dot.
fn signals(file: &File, segment: &Group) -> Result<Vec<Channels>> {
    let mut signals: Vec<Channels> = Vec::new();
    let mut index_of = std::collections::HashMap::new();
    for array in file.members_of(segment, "data_arrays")? {
        let name = file.text(&array, "name")?;
        let base = name.rsplit_once('.').map_or(name.as_str(), |(base, _)| base).to_owned();
        let index = *index_of.entry(base.clone()).or_insert(signals.len());
        if index == signals.len() {
            let kind = file.text(&array, "type")?;
            signals.push(Channels { kind, base, arrays: Vec::new() });
        }
        signals[index].arrays.push(array);
    }
    Ok(signals)
}

impl Channels {
    /// The first channel, which stands for all: they have one description.
    fn first(&self, file: &File) -> Result<&Group> {
        self.arrays.first().ok_or_else(|| Error::MissingObject {
            path: file.path.clone(),
            object: self.base.clone(),
            expected: "a channel",
        })
    }

    fn data(&self, file: &File) -> Result<Vec<Array>> {
        self.arrays.iter().map(|array| file.array(array, "data")).collect()
    }
}

fn read_analog(file: &File, channels: &Channels) -> Result<AnalogSignal> {
    let first = channels.first(file)?;
    let (object, _) = property::read_object(file, first)?;
    let dimension = file.dimension(first)?;
    let interval = file.number(&dimension, "sampling_interval")?;
    Ok(AnalogSignal {
        object,
        start: file.number(&dimension, "offset")?.unwrap_or(0.0),
        interval: interval.ok_or_else(|| Error::MissingObject {
            path: file.path.clone(),
            object: format!("{}@sampling_interval", dimension.name()),
            expected: "the time between samples",
        })?,
        time_units: file.text(&dimension, "unit")?,
        units: file.text(first, "unit")?,
        channels: channels.data(file)?,
    })
}

fn read_irregular(file: &File, channels: &Channels) -> Result<IrregularSignal> {
    let first = channels.first(file)?;
    let (object, _) = property::read_object(file, first)?;
    let dimension = file.dimension(first)?;
    Ok(IrregularSignal {
        object,
        time_units: file.text(&dimension, "unit")?,
        units: file.text(first, "unit")?,
        times: file.array(&dimension, "ticks")?,
        channels: channels.data(file)?,
    })
}

fn read_train(file: &File, tag: &Group) -> Result<SpikeTrain> {
    let (object, properties) = property::read_object(file, tag)?;
    let times = file.tagged(tag, "positions")?;
    let limit = |name: &'static str| -> Result<f64> {
        properties.number(name).ok_or_else(|| Error::MissingObject {
            path: file.path.clone(),
            object: format!("{}/metadata/properties/{name}", tag.name()),
            expected: "the time where a spike train begins or ends",
        })
    };
    Ok(SpikeTrain {
        start: limit("t_start")?,
        stop: limit("t_stop")?,
        units: file.text(&times, "unit")?,
        times: file.array(&times, "data")?,
        object,
    })
}

fn read_event(file: &File, tag: &Group) -> Result<Event> {
    let (object, _) = property::read_object(file, tag)?;
    let times = file.tagged(tag, "positions")?;
    Ok(Event {
        object,
        time_units: file.text(&times, "unit")?,
        labels: property::labels(file, &times)?,
        times: file.array(&times, "data")?,
    })
}

fn read_epoch(file: &File, tag: &Group) -> Result<Epoch> {
    let Event { object, time_units, times, labels } = read_event(file, tag)?;
    let durations = file.array(&file.tagged(tag, "extents")?, "data")?;
    Ok(Epoch { object, time_units, times, durations, labels })
}
