//! Sums over threads and ranks as numbers.

use std::ops::Range;

use net_lfp::ExactSums;
use net_mpi::Communicator;

use crate::error::Result;

/// All sums of a probe, which its fields are totals of.
pub(super) enum Totals<'a> {
    /// Those of a rank, where no other has a part in them.
    OfRank(&'a [ExactSums]),
    /// Those of all ranks, rows x samples.
    OfAll(Vec<Vec<i128>>),
}

impl<'a> Totals<'a> {
    /// The first `n` samples of the sums of all ranks; none if a rank has failed. Collective.
    pub(super) fn of_all(
        comm: &Communicator,
        sums: &'a [ExactSums],
        n: usize,
        has_failed: bool,
    ) -> Result<Option<Self>> {
        if comm.size() == 1 {
            return Ok((!has_failed).then_some(Self::OfRank(sums)));
        }
        let mut all = Vec::with_capacity(sums.len());
        for sum in sums {
            let mut integers = sum.first_integers(n);
            comm.sum_slice(&mut integers)?;
            all.push(integers);
        }
        let n_failed = comm.sum(u64::from(has_failed))?;
        Ok((n_failed == 0).then_some(Self::OfAll(all)))
    }

    /// Sets `values` to the total of some of the sums, all in these units: rows x the first `n` samples.
    pub(super) fn values(
        &self,
        sums: Range<usize>,
        units: &ExactSums,
        n: usize,
        values: &mut Vec<f64>,
    ) {
        values.clear();
        let mut total = vec![0; n];
        for row in 0..units.n_rows() {
            total.fill(0);
            for sum in sums.clone() {
                self.add_integers(sum, row, &mut total);
            }
            units.append_values(row, &total, values);
        }
    }

    fn add_integers(&self, sum: usize, row: usize, total: &mut [i128]) {
        match self {
            Self::OfRank(sums) => sums[sum].add_integers(row, total),
            Self::OfAll(sums) => {
                let integers = &sums[sum][row * total.len()..];
                total.iter_mut().zip(integers).for_each(|(total, integer)| *total += integer);
            }
        }
    }
}
