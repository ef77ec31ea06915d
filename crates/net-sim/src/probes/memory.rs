//! What probes need of memory on this rank, before it is taken.

use net_cell::currents::{BlockLayout, RowLayout};

use super::terms::Terms;
use crate::error::{Error, Result};

/// Bytes of a word of a matrix and of a sum.
const BYTES_OF_ENTRY: u64 = 8;
const BYTES_OF_SUM: u64 = 16;

/// What a probe needs, in bytes; the largest number there is where it would be more.
pub(super) struct Need<'a> {
    probe: &'a str,
    bytes: u64,
}

impl<'a> Need<'a> {
    /// The matrices of a probe of so many rows for the cells of all groups.
    pub(super) fn of_matrices(
        probe: &'a str,
        n_rows: usize,
        terms: &Terms,
        groups: &[Vec<BlockLayout>],
    ) -> Self {
        let has_types = terms.sums.iter().any(|term| !term.is_membrane());
        let n_matrices = 1 + usize::from(has_types);
        let of_row = |row: &RowLayout| {
            let of_cell = row.cells.iter().map(|c| n_matrices * c.slots.len() + c.electrodes.len());
            of_cell.sum::<usize>() as u64
        };
        let rows = groups.iter().flatten().flat_map(|block| &block.rows);
        let n_columns = rows.map(of_row).sum::<u64>();
        Self { probe, bytes: product(&[n_rows as u64, n_columns, BYTES_OF_ENTRY]) }
    }

    /// So many sums of a probe, rows x samples.
    pub(super) fn of_sums(probe: &'a str, n_sums: usize, n_rows: usize, n_samples: usize) -> Self {
        let numbers = [n_sums, n_rows, n_samples].map(|n| n as u64);
        Self { probe, bytes: product(&numbers).saturating_mul(BYTES_OF_SUM) }
    }
}

fn product(numbers: &[u64]) -> u64 {
    numbers.iter().fold(1, |all, &n| all.saturating_mul(n))
}

/// Refuses matrices that the machine, of so many bytes where that is known, cannot hold.
pub(super) fn check_matrices(needs: &[Need], there_bytes: Option<u64>) -> Result<()> {
    let advice = "take fewer rows (contacts, volumes), or ranks on more machines";
    check("matrices", advice, needs, there_bytes)
}

/// As [`check_matrices`], of sums.
pub(super) fn check_sums(needs: &[Need], there_bytes: Option<u64>) -> Result<()> {
    let advice = "take smaller chunk_samples, fewer rows or fewer fields";
    check("sums of a chunk", advice, needs, there_bytes)
}

fn check(
    what: &'static str,
    advice: &'static str,
    needs: &[Need],
    there_bytes: Option<u64>,
) -> Result<()> {
    let all_bytes = needs.iter().fold(0_u64, |all, need| all.saturating_add(need.bytes));
    let largest = needs.iter().max_by_key(|need| need.bytes);
    match (largest, there_bytes) {
        (Some(largest), Some(there_bytes)) if all_bytes > there_bytes => Err(Error::ProbeMemory {
            probe: largest.probe.to_owned(),
            what,
            needed_bytes: largest.bytes,
            all_bytes,
            there_bytes,
            advice,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_added_up_and_the_largest_is_named() {
        let need = |probe, n_samples| Need::of_sums(probe, 2, 1_000, n_samples);
        let needs = [need("a", 100_000), need("b", 200_000), need("c", 1)];
        assert!(check_sums(&needs, Some(10_000_000_000)).is_ok());
        assert!(check_sums(&needs, None).is_ok());
        let message = check_sums(&needs, Some(9_600_000_000)).unwrap_err().to_string();
        let expected = "probe 'b': sums of a chunk of this rank need 6.4 GB, those of all probes \
                        9.6 GB, but the machine has 9.6 GB; take smaller chunk_samples";
        assert!(message.starts_with(expected), "{message}");
        // Numbers beyond the range are as large as there are.
        let needs = [need("a", usize::MAX), need("b", usize::MAX)];
        assert!(check_matrices(&needs, Some(u64::MAX - 1)).is_err());
    }
}
