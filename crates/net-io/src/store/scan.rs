//! What the parts of a run hold: every chunk verified, its contents indexed.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bytemuck::Pod;

use crate::error::{Error, Result};
use crate::store::chunk::{ChunkHeader, ChunkKind, Part, Verified, read_payload};
use crate::store::column::Detail;
use crate::store::{Column, Columns, Manifest, Ranges, RunDirectory, Spike};

/// What to do about a chunk that is missing or damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Gaps {
    /// It is an error.
    #[default]
    Refuse,
    /// Its steps are a gap: samples are NaN, spikes are missing, and the gap is marked.
    Mark,
}

/// Steps of which a rank's recordings are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The rank.
    pub rank: u32,
    /// The steps.
    pub steps: Range<u64>,
    /// What is wrong with the chunk.
    pub reason: String,
}

/// How far one rank's recordings are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankCoverage {
    /// First step that is not sealed.
    pub sealed_until: u64,
    /// Whether the rank finished its part.
    pub finished: bool,
}

/// How far a run is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// One entry a rank; of the last leg, if the run was resumed.
    pub ranks: Vec<RankCoverage>,
    /// What is lost before, if gaps are marked.
    pub gaps: Vec<Gap>,
}

impl Coverage {
    /// The first step that some rank has not sealed: all before it can be merged.
    pub fn sealed_until(&self) -> u64 {
        self.ranks.iter().map(|rank| rank.sealed_until).min().unwrap_or(0)
    }

    /// Whether all ranks finished.
    pub fn finished(&self) -> bool {
        self.ranks.iter().all(|rank| rank.finished)
    }
}

pub(crate) fn coverage(run: &RunDirectory, manifest: &Manifest, gaps: Gaps) -> Result<Coverage> {
    let (mut ranks, mut lost) = (Vec::new(), Vec::new());
    let legs = manifest.leg_steps();
    for (leg, steps) in legs.iter().enumerate().filter(|(_, steps)| !steps.is_empty()) {
        for rank in 0..manifest.ranks_of_leg(leg) {
            let recording = Recording::verify(&run.part(manifest, leg, rank), steps, gaps)?;
            if leg + 1 == legs.len() {
                ranks.push(recording.coverage());
            }
            lost.extend(recording.gaps);
        }
    }
    Ok(Coverage { ranks, gaps: lost })
}

/// The recording chunks of a part that are sound, and the gaps between them.
struct Recording {
    first_step: u64,
    chunks: Vec<Verified>,
    gaps: Vec<Gap>,
}

impl Recording {
    /// The chunks of `steps`, those of a leg; what follows is superseded. The last leg has no end.
    fn verify(part: &Part, steps: &Range<u64>, gaps: Gaps) -> Result<Self> {
        let (chunks, lost) = (Vec::new(), Vec::new());
        let mut found = Recording { first_step: steps.start, chunks, gaps: lost };
        let mut wrong: Option<Error> = None;
        for chunk in part.stream(ChunkKind::Recording, 0)? {
            if found.end() >= steps.end {
                break;
            }
            let (path, header) = match chunk {
                Ok(chunk) => chunk,
                Err(error) if gaps == Gaps::Mark && is_loss(&error) => {
                    wrong = wrong.or(Some(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            if header.first_step >= steps.end {
                break;
            }
            if header.end_step > steps.end {
                let (found, expected) = (header.end_step.to_string(), steps.end.to_string());
                return Err(Error::ChunkCorrupt { path, what: "end step", found, expected });
            }
            let expected = found.end();
            match wrong.take() {
                Some(error) if expected < header.first_step => found.gaps.push(Gap {
                    rank: part.rank,
                    steps: expected..header.first_step,
                    reason: error.to_string(),
                }),
                _ if header.first_step == expected => {}
                _ => {
                    return Err(Error::ChunkCorrupt {
                        path,
                        what: "first step",
                        found: header.first_step.to_string(),
                        expected: expected.to_string(),
                    });
                }
            }
            found.chunks.push((path, header));
        }
        // What came before a checkpoint was sealed then.
        if steps.end < u64::MAX && found.end() < steps.end {
            let missing = || Error::LegEnds {
                path: part.path.clone(),
                found: found.end(),
                expected: steps.end,
            };
            let wrong = wrong.unwrap_or_else(missing);
            if gaps == Gaps::Refuse {
                return Err(wrong);
            }
            let (steps, reason) = (found.end()..steps.end, wrong.to_string());
            found.gaps.push(Gap { rank: part.rank, steps, reason });
        }
        Ok(found)
    }

    /// First step after the last chunk.
    fn end(&self) -> u64 {
        self.chunks.last().map_or(self.first_step, |(_, header)| header.end_step)
    }

    fn coverage(&self) -> RankCoverage {
        let last = self.chunks.last().map(|(_, header)| header);
        RankCoverage { sealed_until: self.end(), finished: last.is_some_and(|header| header.last) }
    }
}

/// Whether an error says that a chunk is lost; a chunk of another run is more than that.
fn is_loss(error: &Error) -> bool {
    matches!(error, Error::Gap { .. } | Error::ChunkTruncated { .. } | Error::ChunkCorrupt { .. })
}

/// All parts of a run, indexed.
#[derive(Debug)]
pub(crate) struct RunIndex {
    pub(crate) parts: Vec<PartIndex>,
    /// First step that some rank has not sealed.
    pub(crate) end_step: u64,
    pub(crate) finished: bool,
    /// When each recorder of spikes, and each signal, was recorded; up to `end_step`.
    pub(crate) spike_windows: Vec<Ranges>,
    pub(crate) windows: Vec<Ranges>,
    /// Steps of which some rank's recordings are lost.
    pub(crate) gaps: Vec<Gap>,
}

impl RunIndex {
    /// Verifies and indexes everything.
    pub(crate) fn scan(run: &RunDirectory, manifest: &Manifest, gaps: Gaps) -> Result<Self> {
        let legs = manifest.leg_steps();
        let mut parts = Vec::new();
        for (leg, steps) in legs.iter().enumerate().filter(|(_, steps)| !steps.is_empty()) {
            for rank in 0..manifest.ranks_of_leg(leg) {
                let part = run.part(manifest, leg, rank);
                parts.push(PartIndex::scan(&part, manifest, (leg, steps), gaps)?);
            }
        }
        let last = || parts.iter().filter(|part| part.leg + 1 == legs.len());
        let end_step = last().map(|part| part.coverage.sealed_until).min().unwrap_or(0);
        let finished = last().all(|part| part.coverage.finished);
        let mut lost: Vec<Gap> = parts.iter().flat_map(|part| part.gaps.iter().cloned()).collect();
        lost.retain(|gap| gap.steps.start < end_step);
        let all = |windows_of: fn(&PartIndex) -> &[Ranges], len| -> Result<Vec<Ranges>> {
            (0..len)
                .map(|at| agreed(&parts, end_step, &lost, |part| &windows_of(part)[at]))
                .collect()
        };
        let spike_windows = all(|part| &part.spike_windows, manifest.spike_devices().len())?;
        let windows = all(|part| &part.windows, manifest.signals.len())?;
        Ok(RunIndex { parts, end_step, finished, spike_windows, windows, gaps: lost })
    }
}

/// The windows that all parts agree on up to `end_step`. What a part has lost, others tell, or what
/// stands around the gap.
fn agreed<'a>(
    parts: &'a [PartIndex],
    end_step: u64,
    gaps: &[Gap],
    windows_of: impl Fn(&'a PartIndex) -> &'a Ranges,
) -> Result<Ranges> {
    let mut all = Ranges::default();
    let mut first_of_leg = parts.first();
    for part in parts {
        if first_of_leg.is_some_and(|first| first.leg != part.leg) {
            first_of_leg = Some(part);
        }
        let windows = windows_of(part).clipped(0..end_step);
        let first = windows_of(first_of_leg.unwrap_or(part)).clipped(0..end_step);
        if gaps.is_empty() && windows != first {
            return Err(Error::ChunkCorrupt {
                path: part.directory.clone(),
                what: "steps of a recording",
                found: format!("{:?}", windows.pairs()),
                expected: format!("{:?} as of rank 0", first.pairs()),
            });
        }
        windows.iter().for_each(|window| all.add(window));
    }
    for Gap { steps: Range { start, end }, .. } in gaps {
        let before = *start == 0 || all.contains(start - 1);
        if before && (*end >= end_step || all.contains(*end)) {
            all.add(*start..(*end).min(end_step));
        }
    }
    Ok(all)
}

/// One rank's part, indexed.
#[derive(Debug)]
pub(crate) struct PartIndex {
    pub(crate) directory: PathBuf,
    pub(crate) leg: usize,
    pub(crate) rank: u32,
    pub(crate) chunks: Vec<RecordingChunk>,
    /// The columns of each signal.
    pub(crate) columns: Vec<Columns>,
    pub(crate) coverage: RankCoverage,
    pub(crate) gaps: Vec<Gap>,
    spike_windows: Vec<Ranges>,
    windows: Vec<Ranges>,
}

/// Where things are in a recording chunk.
#[derive(Debug)]
pub(crate) struct RecordingChunk {
    pub(crate) path: PathBuf,
    pub(crate) steps: Range<u64>,
    /// Offset of the spikes in the payload.
    pub(crate) spikes_offset: u64,
    pub(crate) n_spikes: u64,
    pub(crate) signals: Vec<SignalBlock>,
}

/// The samples of one signal in a chunk: `n_columns` runs of `n_samples` values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignalBlock {
    /// Offset of the block in the payload.
    pub(crate) offset: u64,
    pub(crate) n_samples: u64,
}

impl PartIndex {
    /// Verifies and indexes the part of a rank. A part that was never started is an empty one.
    fn scan(
        part: &Part,
        manifest: &Manifest,
        (leg, steps): (usize, &Range<u64>),
        gaps: Gaps,
    ) -> Result<Self> {
        let recording = Recording::verify(part, steps, gaps)?;
        let coverage = recording.coverage();
        let columns = (0..manifest.signals.len() as u32)
            .map(|stream| read_columns(part, stream))
            .collect::<Result<Vec<_>>>()?;
        let mut index = PartIndex {
            directory: part.path.clone(),
            leg,
            rank: part.rank,
            chunks: Vec::new(),
            columns,
            coverage,
            gaps: recording.gaps,
            spike_windows: vec![Ranges::default(); manifest.spike_devices().len()],
            windows: vec![Ranges::default(); manifest.signals.len()],
        };
        for (path, header) in recording.chunks {
            index.add(path, &header, manifest)?;
        }
        Ok(index)
    }

    /// Indexes a chunk: the windows of all recorders, then where everything stands.
    fn add(&mut self, path: PathBuf, header: &ChunkHeader, manifest: &Manifest) -> Result<()> {
        let steps = header.first_step..header.end_step;
        let mut words = Words::read(&path, header.payload_bytes)?;
        let spikes_offset = 8 * words.words.len() as u64;
        let n_spikes = words.next()?;
        words.expect("recorders of spikes", self.spike_windows.len() as u64)?;
        words.expect("signals", manifest.signals.len() as u64)?;
        for known in &mut self.spike_windows {
            words.windows(&steps)?.iter().for_each(|window| known.add(window));
        }
        let spike_bytes = n_spikes.saturating_mul(size_of::<Spike>() as u64);
        let mut end = spikes_offset.saturating_add(spike_bytes);
        let mut signals = Vec::with_capacity(manifest.signals.len());
        for (at, signal) in manifest.signals.iter().enumerate() {
            let n_columns = self.columns[at].len() as u64;
            let bytes = signal.sample_type.bytes() as u64;
            words.expect("columns of a signal", n_columns)?;
            words.expect("bytes of a sample", bytes)?;
            let n_samples = words.next()?;
            let windows = words.windows(&steps)?;
            words.check("samples", n_samples, signal.grid.samples_in(&windows, u64::MAX))?;
            windows.iter().for_each(|window| self.windows[at].add(window));
            signals.push(SignalBlock { offset: end, n_samples });
            end = end.saturating_add(n_samples.saturating_mul(n_columns * bytes));
        }
        words.check("payload length", header.payload_bytes, end)?;
        self.chunks.push(RecordingChunk { path, steps, spikes_offset, n_spikes, signals });
        Ok(())
    }
}

/// The numbers at the start of a recording chunk.
struct Words<'a> {
    path: &'a Path,
    words: Vec<u64>,
    at: usize,
}

impl<'a> Words<'a> {
    fn read(path: &'a Path, payload_bytes: u64) -> Result<Self> {
        let mut words = Words { path, words: vec![0], at: 1 };
        check_at_least(path, payload_bytes, 8)?;
        read_payload(path, 0, bytemuck::cast_slice_mut(&mut words.words))?;
        let n_words = words.words[0].max(1);
        check_at_least(path, payload_bytes, n_words.saturating_mul(8))?;
        words.words.resize(n_words as usize, 0);
        read_payload(path, 0, bytemuck::cast_slice_mut(&mut words.words))?;
        Ok(words)
    }

    fn next(&mut self) -> Result<u64> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word.ok_or_else(|| self.corrupt("index", "its end".to_owned(), "more numbers".to_owned()))
    }

    fn expect(&mut self, what: &'static str, expected: u64) -> Result<()> {
        let found = self.next()?;
        self.check(what, found, expected)
    }

    fn check(&self, what: &'static str, found: u64, expected: u64) -> Result<()> {
        match found == expected {
            true => Ok(()),
            false => Err(self.corrupt(what, found.to_string(), expected.to_string())),
        }
    }

    /// Windows within the steps of the chunk.
    fn windows(&mut self, steps: &Range<u64>) -> Result<Ranges> {
        let (n, mut windows, mut last) = (self.next()?, Ranges::default(), steps.start);
        for _ in 0..n {
            let (start, end) = (self.next()?, self.next()?);
            if start < last || end <= start || steps.end < end {
                let expected = format!("steps in {last}..{}", steps.end);
                return Err(self.corrupt("window", format!("{start}..{end}"), expected));
            }
            windows.add(start..end);
            last = end;
        }
        Ok(windows)
    }

    fn corrupt(&self, what: &'static str, found: String, expected: String) -> Error {
        Error::ChunkCorrupt { path: self.path.to_owned(), what, found, expected }
    }
}

fn check_at_least(path: &Path, found: u64, expected: u64) -> Result<()> {
    if expected <= found {
        return Ok(());
    }
    Err(Error::ChunkCorrupt {
        path: path.to_owned(),
        what: "payload length",
        found: found.to_string(),
        expected: format!("at least {expected}"),
    })
}

fn read_columns(part: &Part, stream: u32) -> Result<Columns> {
    let mut columns = Columns::default();
    for (path, header) in part.whole_stream(ChunkKind::Columns, stream)? {
        let mut n_columns = [0_u64];
        check_at_least(&path, header.payload_bytes, 8)?;
        read_payload(&path, 0, bytemuck::cast_slice_mut(&mut n_columns))?;
        let row_bytes = (size_of::<Column>() + size_of::<Detail>()) as u64;
        let rows_end = n_columns[0].saturating_mul(row_bytes).saturating_add(8);
        check_at_least(&path, header.payload_bytes, rows_end)?;
        let n = n_columns[0] as usize;
        let rows: Vec<Column> = read_rows(&path, 8, n)?;
        let details: Vec<Detail> = read_rows(&path, 8 + (n * size_of::<Column>()) as u64, n)?;
        let mut text = vec![0; (header.payload_bytes - rows_end) as usize];
        read_payload(&path, rows_end, &mut text)?;
        let sections: Vec<String> = serde_json::from_slice(&text).map_err(|source| {
            Error::Json { path: path.clone(), object: "names of sections".to_owned(), source }
        })?;
        columns = Columns::from_stored(rows, details, sections).ok_or(Error::ChunkCorrupt {
            path,
            what: "section of a column",
            found: "an index without a name".to_owned(),
            expected: "one of the names".to_owned(),
        })?;
    }
    Ok(columns)
}

fn read_rows<R: Pod>(path: &Path, offset: u64, n: usize) -> Result<Vec<R>> {
    let mut rows = vec![R::zeroed(); n];
    read_payload(path, offset, bytemuck::cast_slice_mut(&mut rows))?;
    Ok(rows)
}

/// Number of rows in `bytes` bytes.
pub(crate) fn whole_rows(
    path: &Path,
    what: &'static str,
    bytes: u64,
    row_bytes: usize,
) -> Result<usize> {
    if !bytes.is_multiple_of(row_bytes as u64) {
        return Err(Error::ChunkCorrupt {
            path: path.to_owned(),
            what,
            found: format!("{bytes} bytes"),
            expected: format!("a multiple of {row_bytes}"),
        });
    }
    Ok((bytes / row_bytes as u64) as usize)
}
