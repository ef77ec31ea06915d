//! Spikes between ranks: packed ones within an epoch, and (gid, time) for the record.

use bytemuck::{Pod, Zeroable};

use crate::{
    communicator::Communicator,
    error::{Error, Result},
};

const GID_BITS: u32 = 48;

/// Largest gid of a packed spike, 2^48 - 1.
pub const MAX_GID: u64 = (1 << GID_BITS) - 1;

/// Largest step of a packed spike, counted from the start of its epoch, 2^16 - 1.
pub const MAX_STEP_OFFSET: u64 = u16::MAX as u64;

/// A spike of the current epoch in 8 bytes: the step, counted from the start of the epoch, in the upper
/// 16 bits, the gid in the lower 48. So packed spikes sort by step, then gid.
///
/// ```
/// use net_mpi::PackedSpike;
///
/// let spike = PackedSpike::new(12, 3_000_000_007)?;
/// assert_eq!((spike.step_offset(), spike.gid()), (12, 3_000_000_007));
/// assert!(spike < PackedSpike::new(13, 0)?);
/// assert!(PackedSpike::new(12, 1 << 48).is_err());
/// # Ok::<(), net_mpi::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct PackedSpike(u64);

impl PackedSpike {
    /// A spike of cell `gid` at `step_offset` steps from the start of the epoch.
    #[inline]
    pub fn new(step_offset: u64, gid: u64) -> Result<PackedSpike> {
        if MAX_STEP_OFFSET < step_offset {
            return Err(Error::StepOffset { step_offset, max: MAX_STEP_OFFSET });
        }
        if MAX_GID < gid {
            return Err(Error::Gid { gid, max: MAX_GID });
        }
        Ok(PackedSpike(step_offset << GID_BITS | gid))
    }

    /// Step of the spike, counted from the start of the epoch.
    #[inline]
    pub fn step_offset(self) -> u64 {
        self.0 >> GID_BITS
    }

    /// The cell that fired.
    #[inline]
    pub fn gid(self) -> u64 {
        self.0 & MAX_GID
    }
}

/// A spike that lies between steps: 16 bytes, for networks that have such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct OffsetSpike {
    /// Step and cell.
    pub spike: PackedSpike,
    /// How much later than the step's start it is, in the sender's unit.
    pub offset: i64,
}

/// A spike as ranks exchange it: a whole number of words of 8 bytes.
pub trait WireSpike: Pod + Ord {
    /// Sorts by step, then gid, then offset. `scratch` is room to be kept for the next call.
    fn sort(spikes: &mut Vec<Self>, scratch: &mut Vec<Self>);
}

impl WireSpike for PackedSpike {
    fn sort(spikes: &mut Vec<Self>, scratch: &mut Vec<Self>) {
        sort_spikes(spikes, scratch);
    }
}

impl WireSpike for OffsetSpike {
    fn sort(spikes: &mut Vec<Self>, _: &mut Vec<Self>) {
        spikes.sort_unstable();
    }
}

/// Below this length a comparison sort is faster than counting digits.
const RADIX_MIN_LENGTH: usize = 256;

/// Sorts by step, then gid. `scratch` is room to be kept for the next call.
///
/// A radix sort by bytes, which skips those that all spikes have in common: of a large network's
/// epoch's spikes, three or four of the eight differ.
fn sort_spikes(spikes: &mut Vec<PackedSpike>, scratch: &mut Vec<PackedSpike>) {
    if spikes.len() < RADIX_MIN_LENGTH {
        spikes.sort_unstable();
        return;
    }
    let digit = |spike: PackedSpike, place: usize| (spike.0 >> (8 * place)) as usize & 0xff;
    let mut counts = [[0_usize; 256]; 8];
    for &spike in spikes.iter() {
        for (place, counts) in counts.iter_mut().enumerate() {
            counts[digit(spike, place)] += 1;
        }
    }
    scratch.resize(spikes.len(), PackedSpike(0));
    for (place, counts) in counts.iter_mut().enumerate() {
        if counts[digit(spikes[0], place)] == spikes.len() {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for &spike in spikes.iter() {
            let next = &mut counts[digit(spike, place)];
            scratch[*next] = spike;
            *next += 1;
        }
        std::mem::swap(spikes, scratch);
    }
}

/// A spike for the record.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct SpikeTime {
    /// The cell that fired.
    pub gid: u64,
    /// Time of the spike in ms.
    pub time_ms: f64,
}

impl Communicator {
    /// All ranks' spikes on rank 0, sorted by time, then gid, so the same from any number of ranks;
    /// `None` elsewhere. Collective; sent in chunks.
    pub fn gather_spikes(&self, spikes: &[SpikeTime]) -> Result<Option<Vec<SpikeTime>>> {
        let mut all = Vec::new();
        self.gather_each(0, spikes, |_, piece| all.extend_from_slice(piece))?;
        all.sort_unstable_by(|a: &SpikeTime, b| {
            a.time_ms.total_cmp(&b.time_ms).then(a.gid.cmp(&b.gid))
        });
        Ok(self.is_root().then_some(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_keeps_every_bit() {
        for (step_offset, gid) in
            [(0, 0), (MAX_STEP_OFFSET, 0), (0, MAX_GID), (MAX_STEP_OFFSET, MAX_GID)]
        {
            let spike = PackedSpike::new(step_offset, gid).unwrap();
            assert_eq!((spike.step_offset(), spike.gid()), (step_offset, gid));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(
            PackedSpike::new(65_536, 0),
            Err(Error::StepOffset { step_offset: 65_536, max: MAX_STEP_OFFSET })
        );
        assert_eq!(PackedSpike::new(0, 1 << 48), Err(Error::Gid { gid: 1 << 48, max: MAX_GID }));
    }

    #[test]
    fn radix_sort_sorts() {
        let mut scratch = Vec::new();
        for length in [0, 1, 255, 256, 1000, 4099] {
            // All bytes differ; only some; none.
            for mask in [u64::MAX, 0x0003_0000_00ff_f00f, 0] {
                let mut state = length as u64;
                let mut spikes = (0..length)
                    .map(|_| {
                        state = (state ^ state >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) + 1;
                        PackedSpike(state & mask)
                    })
                    .collect::<Vec<_>>();
                let mut expected = spikes.clone();
                expected.sort();
                sort_spikes(&mut spikes, &mut scratch);
                assert_eq!(spikes, expected);
            }
        }
    }

    #[test]
    fn gathered_spikes_are_sorted() {
        let spike = |gid, time_ms| SpikeTime { gid, time_ms };
        let gathered = Communicator::solo()
            .gather_spikes(&[spike(4, 2.0), spike(2, 2.0), spike(9, 0.5)])
            .unwrap();
        assert_eq!(gathered, Some(vec![spike(9, 0.5), spike(2, 2.0), spike(4, 2.0)]));
    }
}
