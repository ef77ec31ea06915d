//! Names that no two things share, and the times that files carry.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A universally unique identifier (RFC 9562).
///
/// ```
/// use net_io::nix::Uuid;
///
/// let run: Uuid = "11111111-2222-4333-8444-555555555555".parse()?;
/// assert_eq!(run.derive("segment 0"), run.derive("segment 0"));
/// assert_ne!(run.derive("segment 0"), run.derive("segment 1"));
/// # Ok::<(), net_io::nix::NotAUuid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Uuid([u8; 16]);

/// A text that is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no UUID, expected 32 hexadecimal digits as 8-4-4-4-12")]
pub struct NotAUuid {
    /// The text.
    pub found: String,
}

impl Uuid {
    /// A random one (version 4), for a run that nothing else names.
    ///
    /// One rank makes it and tells the others.
    pub fn random() -> Self {
        // The keys of `RandomState` come from the system's source of randomness.
        let mut hash = Sha256::new();
        for word in 0..4_u64 {
            hash.update(RandomState::new().hash_one(word).to_le_bytes());
        }
        hash.update(std::process::id().to_le_bytes());
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        hash.update(since.as_nanos().to_le_bytes());
        Self::from_hash(hash, 4)
    }

    /// The one (version 8, by SHA-256) that belongs to `name` in the space of names of this one:
    /// the same for the same pair, always.
    #[must_use]
    pub fn derive(&self, name: &str) -> Self {
        let hash = Sha256::new().chain_update(self.0).chain_update(name.as_bytes());
        Self::from_hash(hash, 8)
    }

    /// The 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its bytes, in the order of its digits.
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The one with these bytes.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn from_hash(hash: Sha256, version: u8) -> Self {
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = bytes[6] & 0x0f | version << 4;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.hex();
        let [a, b, c, d, e] = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Uuid {
    type Err = NotAUuid;

    fn from_str(text: &str) -> Result<Self, NotAUuid> {
        let not_a_uuid = || NotAUuid { found: text.to_owned() };
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        let digits: String = text.split('-').collect();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if lengths != [8, 4, 4, 4, 12] || !is_hex {
            return Err(not_a_uuid());
        }
        let number = u128::from_str_radix(&digits, 16).map_err(|_| not_a_uuid())?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl From<Uuid> for String {
    fn from(uuid: Uuid) -> Self {
        uuid.to_string()
    }
}

impl TryFrom<String> for Uuid {
    type Error = NotAUuid;

    fn try_from(text: String) -> Result<Self, NotAUuid> {
        text.parse()
    }
}

/// A moment in whole seconds of UTC.
///
/// ```
/// use net_io::nix::UtcTime;
///
/// let time = UtcTime::from_unix_seconds(1_714_979_289);
/// assert_eq!(time.to_string(), "2024-05-06T07:08:09+00:00");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UtcTime {
    unix_seconds: i64,
}

/// A text that is not a time of UTC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no time, expected one as 2024-05-06T07:08:09+00:00")]
pub struct NotATime {
    /// The text.
    pub found: String,
}

impl UtcTime {
    /// The system's time.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { unix_seconds: since.as_secs() as i64 }
    }

    /// Seconds since the beginning of 1970.
    pub fn from_unix_seconds(unix_seconds: i64) -> Self {
        Self { unix_seconds }
    }

    /// Seconds since the beginning of 1970.
    pub fn unix_seconds(self) -> i64 {
        self.unix_seconds
    }

    /// As NIX has it, `20240506T070809`.
    pub(crate) fn compact(self) -> String {
        let (date, [hour, minute, second]) = self.civil();
        let [year, month, day] = date;
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}")
    }

    /// Year, month, day; hour, minute, second. The calendar is counted from March 1 of year 0,
    /// in eras of 400 years, so that the leap day ends a year.
    fn civil(self) -> ([i64; 3], [i64; 3]) {
        let seconds = self.unix_seconds.rem_euclid(86_400);
        let days = self.unix_seconds.div_euclid(86_400) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        ([year, month, day], [seconds / 3600, seconds / 60 % 60, seconds % 60])
    }

    fn from_civil([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Self {
        let year = year - i64::from(month <= 2);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let days = 365 * year + leap_days + day_of_year - 719_468;
        Self { unix_seconds: days * 86_400 + hour * 3600 + minute * 60 + second }
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ([year, month, day], [hour, minute, second]) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
    }
}

impl FromStr for UtcTime {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let not_a_time = || NotATime { found: text.to_owned() };
        let body = text.strip_suffix("+00:00").or_else(|| text.strip_suffix('Z'));
        let fields: Vec<i64> = body
            .ok_or_else(not_a_time)?
            .split(['-', 'T', ':'])
            .map(|field| field.parse().map_err(|_| not_a_time()))
            .collect::<Result<_, _>>()?;
        let [year, month, day, hour, minute, second] = fields[..] else {
            return Err(not_a_time());
        };
        let time = Self::from_civil([year, month, day], [hour, minute, second]);
        // A date that does not exist, as February 30, comes back as another.
        let ok = time.civil() == ([year, month, day], [hour, minute, second]);
        if ok { Ok(time) } else { Err(not_a_time()) }
    }
}

impl From<UtcTime> for String {
    fn from(time: UtcTime) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for UtcTime {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_civil() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00+00:00"),
            (-1, "1969-12-31T23:59:59+00:00"),
            (951_782_399, "2000-02-28T23:59:59+00:00"),
            (951_782_400, "2000-02-29T00:00:00+00:00"),
            (1_714_979_289, "2024-05-06T07:08:09+00:00"),
            (4_107_542_400, "2100-03-01T00:00:00+00:00"),
        ] {
            assert_eq!(UtcTime::from_unix_seconds(seconds).to_string(), text);
            assert_eq!(text.parse(), Ok(UtcTime::from_unix_seconds(seconds)));
        }
        assert_eq!(UtcTime::from_unix_seconds(0).compact(), "19700101T000000");
        for wrong in ["", "2024-02-30T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01Z"] {
            assert!(wrong.parse::<UtcTime>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn uuids_say_their_version_and_read_back() {
        let run = Uuid::random();
        assert_ne!(run, Uuid::random());
        let text = run.to_string();
        assert_eq!((text.len(), &text[14..15]), (36, "4"));
        assert_eq!(text.parse(), Ok(run));
        assert_eq!(&run.derive("x").to_string()[14..15], "8");
        assert!("11111111222243338444555555555555".parse::<Uuid>().is_err());
        assert!("g1111111-2222-4333-8444-555555555555".parse::<Uuid>().is_err());
    }
}
