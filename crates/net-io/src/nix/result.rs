//! The result of a simulation, of this program or another, written checkpoint by checkpoint by recorders
//! that the caller makes.

use serde_json::json;

use crate::error::{Error, Result};
use crate::nix::{Annotations, Block, NioFile, Object, Segment};
use crate::provenance::Provenance;
use crate::store::{Device, Direction};

/// What happens when a recorder fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The flush fails, with the recorder's name.
    #[default]
    End,
    /// The recorder is not asked again, the others are; the next segments say so
    /// (`failed_recorders`), and [`SimulationResult::failures`] has the errors.
    Continue,
}

/// What a recorder writes into at a checkpoint.
pub struct Flush<'a, 'f> {
    /// The segment of this checkpoint.
    pub segment: &'a Segment<'f>,
    /// Where the segment begins, in ms.
    pub t_start_ms: f64,
    /// Where it ends, in ms.
    pub t_stop_ms: f64,
    device: &'a Device,
    simulation_id: String,
    segment_id: String,
}

impl Flush<'_, '_> {
    /// An object with what is said of everything that this recorder's device records; `kind` is what
    /// it is recorded of: `cell`, `point`, `synapse`, `device`.
    pub fn object(&self, name: impl Into<String>, kind: &str) -> Object {
        let direction = match self.device.direction {
            Direction::Record => "record",
            Direction::Stimulate => "stimulate",
        };
        let annotations = Annotations::new()
            .with("bsb_device_name", self.device.name.as_str())
            .with("bsb_device_kind", self.device.kind.as_str())
            .with("bsb_recording_kind", kind)
            .with("bsb_direction", direction)
            .with("bsb_simulation_id", self.simulation_id.as_str())
            .with("bsb_segment_id", self.segment_id.as_str());
        Object { annotations, ..Object::named(name) }
    }
}

/// Writes what a device has recorded since the last checkpoint.
pub type FlushRecorder<'r> = dyn FnMut(&Flush) -> Result<()> + 'r;

struct Recorder<'r> {
    device: Device,
    flush: Box<FlushRecorder<'r>>,
    has_failed: bool,
}

/// A block of a file with a segment for each checkpoint.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("result.nio");
/// use net_io::nix::*;
/// use net_io::provenance::Provenance;
/// use net_io::store::Device;
///
/// let file = NioFile::create(&path, &Identity::unique())?;
/// let provenance = Provenance::new("muscle", 1, 1.0);
/// let configuration = serde_json::json!({"tstop": 2.0});
/// let mut result = SimulationResult::new(&file, &provenance, &configuration, OnFailure::End)?;
/// result.create_recorder(Device::new("force", "force_sensor"), |flush| {
///     let object = flush.object("force", "device");
///     let start = flush.t_start_ms / 1000.0;
///     let sampling = Sampling { start, interval: 1e-3, time_units: "s", units: "N" };
///     let mut signal = flush.segment.analog_signal(&object, sampling, 1)?;
///     let mut channel = signal.channel::<f64>()?;
///     channel.push(&[0.5])?;
///     channel.finish()?;
///     signal.finish().map(drop)
/// })?;
/// result.flush(1.0)?;
/// result.flush(2.0)?;
/// drop(result);
/// file.seal()?;
/// assert_eq!(read::NioReader::open(&path)?.blocks()?[0].segments.len(), 2);
/// # Ok(())
/// # }
/// ```
pub struct SimulationResult<'f, 'r> {
    block: Block<'f>,
    simulation_id: String,
    recorders: Vec<Recorder<'r>>,
    on_failure: OnFailure,
    failures: Vec<Error>,
    n_flushed: u64,
    flushed_until_ms: f64,
}

impl<'f, 'r> SimulationResult<'f, 'r> {
    /// A result in a file, named as the simulation in its record, without recorders.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn new(
        file: &'f NioFile,
        provenance: &Provenance,
        configuration: &serde_json::Value,
        on_failure: OnFailure,
    ) -> Result<Self> {
        let simulation_id = provenance.simulation_id.to_string();
        let block = Object::named(&provenance.simulation_name)
            .annotated("config", configuration.to_string())
            .annotated("bsb_provenance", provenance.to_json())
            .annotated("bsb_simulation_id", simulation_id.as_str())
            .annotated("sim_name", provenance.simulation_name.as_str())
            .annotated("run_index", 0);
        Ok(Self {
            block: file.block(&block)?,
            simulation_id,
            recorders: Vec::new(),
            on_failure,
            failures: Vec::new(),
            n_flushed: 0,
            flushed_until_ms: 0.0,
        })
    }

    /// Adds a recorder, which is asked at every checkpoint from now on, in the order of addition.
    ///
    /// # Errors
    /// [`Error::Declaration`] if there is one of this name.
    pub fn create_recorder(
        &mut self,
        device: Device,
        flush: impl FnMut(&Flush) -> Result<()> + 'r,
    ) -> Result<()> {
        if self.devices().any(|known| known.name == device.name) {
            return Err(Error::Declaration {
                key: "recorder".to_owned(),
                found: format!("`{}`, twice", device.name),
                expected: "a name of its own for each",
            });
        }
        self.recorders.push(Recorder { device, flush: Box::new(flush), has_failed: false });
        Ok(())
    }

    /// The devices of all recorders.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.recorders.iter().map(|recorder| &recorder.device)
    }

    /// Errors of the recorders that failed, each with the recorder's name.
    pub fn failures(&self) -> &[Error] {
        &self.failures
    }

    /// A checkpoint: every recorder writes what it has since the last one into a new segment that ends
    /// at `t_stop_ms`.
    ///
    /// # Errors
    /// [`Error::Recorder`] if one fails and that ends the run; [`Error::Declaration`] for a time that is
    /// before the last checkpoint; errors of writing.
    pub fn flush(&mut self, t_stop_ms: f64) -> Result<()> {
        let t_start_ms = self.flushed_until_ms;
        if !(t_stop_ms.is_finite() && t_start_ms <= t_stop_ms) {
            return Err(Error::Declaration {
                key: "t_stop_ms".to_owned(),
                found: format!("{t_stop_ms} after {t_start_ms}"),
                expected: "a time that is not before the last checkpoint",
            });
        }
        let segment_id = format!("{}:{}", self.simulation_id, self.n_flushed);
        let mut object = Object::default()
            .annotated("segment_id", segment_id.as_str())
            .annotated("checkpoint_index", self.n_flushed as i64)
            .annotated("t_start_ms", t_start_ms)
            .annotated("t_stop_ms", t_stop_ms);
        let failed = self.recorders.iter().filter(|recorder| recorder.has_failed);
        let failed: Vec<&str> = failed.map(|recorder| recorder.device.name.as_str()).collect();
        if !failed.is_empty() {
            object = object.annotated("failed_recorders", json!(failed).to_string());
        }
        let segment = self.block.segment(&object)?;
        self.n_flushed += 1;
        self.flushed_until_ms = t_stop_ms;
        for recorder in self.recorders.iter_mut().filter(|recorder| !recorder.has_failed) {
            let Recorder { device, flush, has_failed } = recorder;
            let (simulation_id, segment_id) = (self.simulation_id.clone(), segment_id.clone());
            let segment = &segment;
            let place = Flush { segment, t_start_ms, t_stop_ms, device, simulation_id, segment_id };
            if let Err(source) = flush(&place) {
                let recorder = device.name.clone();
                let error = Error::Recorder { recorder, source: Box::new(source) };
                if self.on_failure == OnFailure::End {
                    return Err(error);
                }
                *has_failed = true;
                self.failures.push(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nix::{Identity, Span};

    fn run(on_failure: OnFailure) -> (Result<()>, Vec<String>, usize) {
        let temporary = tempfile::tempdir().unwrap();
        let file = NioFile::create(&temporary.path().join("r.nio"), &Identity::unique()).unwrap();
        let provenance = Provenance::new("test", 1, 1.0);
        let mut n_flushed = 0;
        let mut result = SimulationResult::new(&file, &provenance, &json!({}), on_failure).unwrap();
        result
            .create_recorder(Device::new("broken", "probe"), |flush| {
                let wrong = Span { start: 1.0, stop: 0.0, units: "s" };
                flush.segment.spike_train(&flush.object("s", "device"), wrong).map(drop)
            })
            .unwrap();
        result
            .create_recorder(Device::new("good", "probe"), |_| {
                n_flushed += 1;
                Ok(())
            })
            .unwrap();
        assert!(result.create_recorder(Device::new("good", "probe"), |_| Ok(())).is_err());
        let outcome = result.flush(1.0).and_then(|()| result.flush(2.0));
        assert!(result.flush(0.5).is_err());
        let failures = result.failures().iter().map(ToString::to_string).collect();
        drop(result);
        (outcome, failures, n_flushed)
    }

    #[test]
    fn a_recorder_that_fails_is_named_and_ends_the_run_or_not() {
        let (outcome, failures, n_flushed) = run(OnFailure::End);
        let error = outcome.unwrap_err().to_string();
        assert!(error.starts_with("recorder `broken` failed: s.span"), "{error}");
        assert!(failures.is_empty() && n_flushed == 0);
        let (outcome, failures, n_flushed) = run(OnFailure::Continue);
        assert!(outcome.is_ok() && n_flushed == 2);
        assert!(failures.len() == 1 && failures[0].contains("`broken`"), "{failures:?}");
    }
}
