//! How many fields a value of a probe can have.

/// Bytes that the description of a value may take: it stands in the header of its dataset, whose parts
/// are below 64 kB.
const MOST_BYTES: usize = 65_528;

/// Bytes of such a description, and what each field adds besides its name, as measured with HDF5's
/// format of files of version 1.8 and before, which is the one that is written.
const BYTES: usize = 8;
const BYTES_OF_FIELD: usize = 52;

/// How many of the first of these fields a probe's dataset can have: about 1,092 with names of up to 7
/// bytes, 963 of up to 15, 780 of up to 31, since names are filled up to a multiple of 8 bytes with at
/// least one.
pub fn n_fields_that_fit<'a>(names: impl IntoIterator<Item = &'a str>) -> usize {
    let mut bytes = BYTES;
    let fits = |name: &&str| {
        bytes += BYTES_OF_FIELD + (name.len() + 1).next_multiple_of(8);
        bytes <= MOST_BYTES
    };
    names.into_iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::{ProbeDataset, ProbeFile};

    /// HDF5 takes what is said to fit, and not a field more.
    #[test]
    fn the_limit_of_fields_is_that_of_hdf5() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("OUTPUT.h5");
        for length in [4, 7, 8, 15, 16, 31, 100] {
            let name = |at: usize| format!("{at:0length$}");
            let names: Vec<String> = (0..1200).map(name).collect();
            let n_fit = n_fields_that_fit(names.iter().map(String::as_str));
            for (n_fields, fits) in [(n_fit, true), (n_fit + 1, false)] {
                let probe = ProbeDataset {
                    name: "probe".to_owned(),
                    fields: names[..n_fields].to_vec(),
                    n_rows: 1,
                    n_samples: 1,
                    attributes: Vec::new(),
                };
                let created = ProbeFile::create(&path, &[probe]);
                assert_eq!(created.is_ok(), fits, "{n_fields} names of {length} bytes");
            }
        }
    }
}
