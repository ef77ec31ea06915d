//! Spike trains and signals, written piece by piece.

use std::cell::Cell;
use std::rc::Rc;

use hdf5::{Group as H5Group, H5Type};

use crate::error::{Error, Result};
use crate::nix::format::{Entity, Format, Link, Stream};
use crate::nix::neo::{Member, Segment, Tag, check_units};
use crate::nix::{Object, Value};

/// The time of a spike train, in `units` as `s` or `ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span<'a> {
    /// Where recording begins.
    pub start: f64,
    /// Where it ends; no spike is later.
    pub stop: f64,
    /// The unit of both, and of the spikes' times.
    pub units: &'a str,
}

/// How a signal is sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling<'a> {
    /// Time of the first sample.
    pub start: f64,
    /// Time between samples.
    pub interval: f64,
    /// The unit of both, best `s`: Neo's lazy reader takes all times as seconds.
    pub time_units: &'a str,
    /// The unit of the samples, `dimensionless` for none.
    pub units: &'a str,
}

/// A type of samples.
pub trait Sample: H5Type + Copy {
    /// The nearest value of this type.
    fn nearest(value: f64) -> Self;
}

impl Sample for f32 {
    fn nearest(value: f64) -> Self {
        value as f32
    }
}

impl Sample for f64 {
    fn nearest(value: f64) -> Self {
        value
    }
}

impl Sample for i16 {
    fn nearest(value: f64) -> Self {
        value.round() as i16
    }
}

impl<'f> Segment<'f> {
    /// Adds a spike train.
    ///
    /// # Errors
    /// [`Error::Declaration`] for a span without length or an annotation that readers could not
    /// read; errors of writing.
    pub fn spike_train(&self, object: &Object, span: Span) -> Result<SpikeTrainWriter<'f>> {
        self.train(object, span, None)
    }

    /// Adds a spike train in which every spike has an integer, the array annotation `index_name`:
    /// the one that says whose spike it is, where many targets share a train.
    ///
    /// # Errors
    /// As [`spike_train`](Self::spike_train).
    pub fn indexed_spike_train(
        &self,
        object: &Object,
        span: Span,
        index_name: &str,
    ) -> Result<SpikeTrainWriter<'f>> {
        // Checked as an annotation of the object, because that is what it becomes.
        object.clone().annotated_each(index_name, Vec::<i64>::new()).validate(None)?;
        self.train(object, span, Some(index_name))
    }

    fn train(
        &self,
        object: &Object,
        span: Span,
        index_name: Option<&str>,
    ) -> Result<SpikeTrainWriter<'f>> {
        let Span { start, stop, units } = span;
        if !(start.is_finite() && stop.is_finite() && start <= stop) {
            return Err(Error::Declaration {
                key: format!("{}.span", object.name),
                found: format!("{start} to {stop}"),
                expected: "a start that is not after the stop, both finite",
            });
        }
        let format = self.format;
        let tag = self.tag("spiketrain", object, None, units)?;
        for (name, value) in [("t_start", start), ("t_stop", stop)] {
            format.property(&tag.section, name, &Value::Quantity(value, units.to_owned()))?;
        }
        // Neo has no use for a dimension, but NIX misses it.
        format.set(&tag.times.group, &[])?;
        let times = Stream::new(&tag.times.group, "data");
        let index = match index_name {
            Some(name) => Some(format.growing_annotation(&tag.section, name)?),
            None => None,
        };
        Ok(SpikeTrainWriter { format, object: object.clone(), start, stop, tag, times, index })
    }

    /// Adds a signal sampled on a grid, whose channels have `n_samples` samples each.
    ///
    /// # Errors
    /// [`Error::Declaration`] for a grid without interval or an annotation that readers could not
    /// read; errors of writing.
    pub fn analog_signal<'a>(
        &self,
        object: &Object,
        sampling: Sampling<'a>,
        n_samples: usize,
    ) -> Result<AnalogSignalWriter<'f, 'a>> {
        let Sampling { start, interval, time_units, units } = sampling;
        object.validate(None)?;
        check_units(object, "time_units", time_units)?;
        check_units(object, "units", units)?;
        if !(start.is_finite() && interval.is_finite() && interval > 0.0) {
            return Err(Error::Declaration {
                key: format!("{}.sampling", object.name),
                found: format!("start {start}, interval {interval}"),
                expected: "a finite start and a positive interval",
            });
        }
        let channels = Channels::new(self, "analogsignal", object)?;
        let t_start = Value::Quantity(start, time_units.to_owned());
        self.format.property(&channels.section, "t_start", &t_start)?;
        Ok(AnalogSignalWriter { channels, sampling, n_samples, n_finished: Rc::default() })
    }

    /// Adds a signal of `n_channels` channels sampled at times of its own, the same for all.
    ///
    /// # Errors
    /// [`Error::Declaration`] for an annotation that readers could not read; errors of writing.
    pub fn irregular_signal<T: Sample>(
        &self,
        object: &Object,
        n_channels: usize,
        units: &str,
        time_units: &str,
    ) -> Result<IrregularSignalWriter<'f, T>> {
        object.validate(Some(n_channels))?;
        check_units(object, "time_units", time_units)?;
        check_units(object, "units", units)?;
        let format = self.format;
        let mut channels = Channels::new(self, "irregularlysampledsignal", object)?;
        let mut dimensions = Vec::new();
        let mut streams = Vec::new();
        for _ in 0..n_channels {
            let array = channels.add(units)?;
            dimensions.push(format.listed(&array.group, time_units)?);
            streams.push(Stream::new(&array.group, "data"));
        }
        let times = dimensions.first().map(|dimension| Stream::new(dimension, "ticks"));
        Ok(IrregularSignalWriter { channels, dimensions, times, streams, last_time: None })
    }
}

/// A spike train that is being written.
pub struct SpikeTrainWriter<'f> {
    format: &'f Format,
    object: Object,
    start: f64,
    stop: f64,
    tag: Tag,
    times: Stream<f64>,
    index: Option<Stream<i64>>,
}

impl SpikeTrainWriter<'_> {
    /// Adds spikes; many at once, because nothing is buffered here. Order is free.
    ///
    /// # Errors
    /// [`Error::BadValue`] for a spike outside of the train's span, [`Error::Declaration`] if
    /// the train's spikes have an index each; errors of writing.
    pub fn push(&mut self, times: &[f64]) -> Result<()> {
        self.push_indexed(times, &[])
    }

    /// Adds spikes with the index of each.
    ///
    /// # Errors
    /// As [`push`](Self::push); [`Error::Declaration`] if there are not as many indices as times.
    pub fn push_indexed(&mut self, times: &[f64], indices: &[i64]) -> Result<()> {
        let n_expected = if self.index.is_some() { times.len() } else { 0 };
        if indices.len() != n_expected {
            return Err(Error::Declaration {
                key: format!("{}.indices", self.object.name),
                found: format!("{} for {} spikes", indices.len(), times.len()),
                expected: "an index a spike in an indexed train, none in another",
            });
        }
        let outside = |time: &f64| !(self.start <= *time && *time <= self.stop);
        if let Some(at) = times.iter().position(outside) {
            return Err(Error::BadValue {
                path: self.format.file.path().to_owned(),
                object: self.object.name.clone(),
                row: (self.times.len + at) as u64,
                column: "time".into(),
                found: times[at].to_string(),
                expected: format!("{} to {}", self.start, self.stop),
            });
        }
        self.times.push(&self.format.file, times)?;
        match &mut self.index {
            Some(index) => index.push(&self.format.file, indices),
            None => Ok(()),
        }
    }

    /// Ends the train.
    ///
    /// # Errors
    /// [`Error::Declaration`] if array annotations have not a value for each spike; errors of
    /// writing.
    pub fn finish(self) -> Result<Member> {
        self.object.validate(Some(self.times.len))?;
        self.times.finish(&self.format.file)?;
        if let Some(index) = self.index {
            self.format.finish_annotation(index)?;
        }
        Ok(self.tag.member())
    }
}

/// The channels of a signal: arrays that share a section.
struct Channels<'f> {
    format: &'f Format,
    object: Object,
    kind: String,
    name: String,
    section: H5Group,
    block_arrays: H5Group,
    segment_arrays: H5Group,
    links: Vec<Link>,
}

impl<'f> Channels<'f> {
    fn new(segment: &Segment<'f>, kind: &str, object: &Object) -> Result<Self> {
        let format = segment.format;
        let name = format.neo_name(kind);
        let kind = format!("neo.{kind}");
        let section = segment.section_of(&name, &kind, object)?;
        Ok(Self {
            format,
            object: object.clone(),
            kind,
            name,
            section,
            block_arrays: segment.block_arrays.clone(),
            segment_arrays: segment.data_arrays.clone(),
            links: Vec::new(),
        })
    }

    /// Adds a channel without its data. Neo knows channels of one signal by the name up to the
    /// last dot, and their order by the order of the links.
    fn add(&mut self, units: &str) -> Result<Entity> {
        let format = self.format;
        let name = format!("{}.{}", self.name, self.links.len());
        let description = &self.object.description;
        let array = format.data_array(&self.block_arrays, &name, &self.kind, units, description)?;
        format.link(&array.group, "metadata", &self.section.name())?;
        let link = array.link();
        format.refer(&self.segment_arrays, &link)?;
        self.links.push(link);
        Ok(array)
    }

    fn finish(self) -> Result<Member> {
        self.object.validate(Some(self.links.len()))?;
        Ok(Member { arrays: self.links, tags: Vec::new() })
    }

    fn wrong(&self, key: &str, found: String, expected: &'static str) -> Error {
        Error::Declaration { key: format!("{}.{key}", self.object.name), found, expected }
    }
}

/// A signal on a grid of times that is being written, channel by channel.
pub struct AnalogSignalWriter<'f, 'a> {
    channels: Channels<'f>,
    sampling: Sampling<'a>,
    n_samples: usize,
    n_finished: Rc<Cell<usize>>,
}

impl<'f> AnalogSignalWriter<'f, '_> {
    /// Adds the next channel. Several may be open at once.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn channel<T: Sample>(&mut self) -> Result<Channel<'f, T>> {
        let Sampling { start, interval, time_units, units } = self.sampling;
        let array = self.channels.add(units)?;
        let format = self.channels.format;
        format.sampled(&array.group, interval, start, time_units)?;
        let stream = Stream::new(&array.group, "data");
        let name =
            format!("{} channel {}", self.channels.object.name, self.channels.links.len() - 1);
        let (n_samples, n_finished) = (self.n_samples, Rc::clone(&self.n_finished));
        Ok(Channel { format, name, stream, n_samples, n_finished })
    }

    /// Ends the signal.
    ///
    /// # Errors
    /// [`Error::Declaration`] if a channel was not [finished](Channel::finish), or array
    /// annotations have not a value for each channel.
    pub fn finish(self) -> Result<Member> {
        let (n_finished, n_channels) = (self.n_finished.get(), self.channels.links.len());
        if n_finished != n_channels {
            let found = format!("{n_finished} of {n_channels} finished");
            return Err(self.channels.wrong("channels", found, "all channels finished"));
        }
        self.channels.finish()
    }
}

/// A channel of a signal.
pub struct Channel<'f, T> {
    format: &'f Format,
    name: String,
    stream: Stream<T>,
    n_samples: usize,
    /// Channels of the signal that are finished.
    n_finished: Rc<Cell<usize>>,
}

impl<T: Sample> Channel<'_, T> {
    /// Adds samples; many at once, because nothing is buffered here.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn push(&mut self, samples: &[T]) -> Result<()> {
        self.stream.push(&self.format.file, samples)
    }

    /// Ends the channel.
    ///
    /// # Errors
    /// [`Error::Declaration`] if it has more or less samples than its signal; errors of writing.
    pub fn finish(self) -> Result<()> {
        if self.stream.len != self.n_samples {
            return Err(Error::Declaration {
                key: self.name,
                found: format!("{} samples", self.stream.len),
                expected: "as many samples as were declared for the signal",
            });
        }
        self.stream.finish(&self.format.file)?;
        self.n_finished.set(self.n_finished.get() + 1);
        Ok(())
    }
}

/// A signal on times of its own that is being written.
pub struct IrregularSignalWriter<'f, T> {
    channels: Channels<'f>,
    /// The dimension of each channel; all share the times.
    dimensions: Vec<H5Group>,
    times: Option<Stream<f64>>,
    streams: Vec<Stream<T>>,
    last_time: Option<f64>,
}

impl<T: Sample> IrregularSignalWriter<'_, T> {
    /// Adds samples at times that ascend, `samples[channel]` having one for each time.
    ///
    /// # Errors
    /// [`Error::Declaration`] for another number of channels or samples or for times that do not
    /// ascend; errors of writing.
    pub fn push(&mut self, times: &[f64], samples: &[&[T]]) -> Result<()> {
        let matches = samples.len() == self.streams.len()
            && samples.iter().all(|channel| channel.len() == times.len());
        if !matches {
            let lengths: Vec<usize> = samples.iter().map(|channel| channel.len()).collect();
            let found = format!("{} times, {lengths:?} samples", times.len());
            return Err(self.channels.wrong("samples", found, "a sample a channel and time"));
        }
        for &time in times {
            if !time.is_finite() || self.last_time.is_some_and(|last| time < last) {
                let found = format!("{time} after {:?}", self.last_time);
                return Err(self.channels.wrong("times", found, "finite times that ascend"));
            }
            self.last_time = Some(time);
        }
        let file = &self.channels.format.file;
        if let Some(stream) = &mut self.times {
            stream.push(file, times)?;
        }
        self.streams.iter_mut().zip(samples).try_for_each(|(to, from)| to.push(file, from))
    }

    /// Ends the signal.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn finish(self) -> Result<Member> {
        let format = self.channels.format;
        for stream in self.streams {
            stream.finish(&format.file)?;
        }
        if let (Some(times), Some((_, others))) = (self.times, self.dimensions.split_first()) {
            let ticks = times.finish(&format.file)?.name();
            // One list of times, which every channel has.
            others.iter().try_for_each(|dimension| format.link(dimension, "ticks", &ticks))?;
        }
        self.channels.finish()
    }
}
