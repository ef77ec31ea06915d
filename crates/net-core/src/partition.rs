//! Which rank a cell lives on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::Error;
use crate::ids::Gid;

/// A rank for every gid.
///
/// ```
/// use net_core::Partition;
/// let partition = Partition::round_robin(5, 2)?;
/// assert_eq!(partition.rank_of(3), Some(1));
/// assert_eq!(partition.gids_of(0), [0, 2, 4]);
///
/// let costs = [5.0, 1.0, 1.0, 1.0, 2.0];
/// let balanced = Partition::balanced(&costs, 2)?;
/// assert_eq!(balanced.gids_of(0), [0]);
/// assert_eq!(balanced.imbalance(&costs), 1.0);
/// # Ok::<(), net_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    n_cells: u64,
    n_ranks: usize,
    layout: Layout,
}

#[derive(Clone, Debug, PartialEq)]
enum Layout {
    RoundRobin,
    /// Rank of each gid.
    Table(Vec<u32>),
}

/// A rank waiting for cells; the least loaded comes first, of equals the lower number.
#[derive(PartialEq)]
struct Load {
    cost: f64,
    rank: u32,
}

impl Eq for Load {}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.cost.total_cmp(&other.cost).then(self.rank.cmp(&other.rank))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Partition {
    /// `rank = gid % n_ranks`.
    ///
    /// # Errors
    /// There are no ranks.
    pub fn round_robin(n_cells: u64, n_ranks: usize) -> Result<Self, Error> {
        if n_ranks == 0 {
            return Err(Error::NoRanks);
        }
        Ok(Self { n_cells, n_ranks, layout: Layout::RoundRobin })
    }

    /// Cells of given costs (by gid, any unit), dearest first, each to the rank with the least cost
    /// so far. Cells of equal cost go in the order of their gids.
    ///
    /// # Errors
    /// There are no ranks, or a cost is negative or not finite.
    pub fn balanced(costs: &[f64], n_ranks: usize) -> Result<Self, Error> {
        if n_ranks == 0 {
            return Err(Error::NoRanks);
        }
        let is_bad = |cost: &f64| !(0.0 <= *cost && cost.is_finite());
        if let Some(gid) = costs.iter().position(is_bad) {
            return Err(Error::Cost { gid: gid as Gid, cost: costs[gid] });
        }
        let mut gids: Vec<usize> = (0..costs.len()).collect();
        gids.sort_by(|&a, &b| costs[b].total_cmp(&costs[a]));
        let mut loads: BinaryHeap<Reverse<Load>> =
            (0..n_ranks as u32).map(|rank| Reverse(Load { cost: 0.0, rank })).collect();
        let mut ranks = vec![0; costs.len()];
        for gid in gids {
            if let Some(mut least) = loads.peek_mut() {
                ranks[gid] = least.0.rank;
                least.0.cost += costs[gid];
            }
        }
        Ok(Self { n_cells: costs.len() as u64, n_ranks, layout: Layout::Table(ranks) })
    }

    /// Number of cells.
    pub fn n_cells(&self) -> u64 {
        self.n_cells
    }

    /// Number of ranks.
    pub fn n_ranks(&self) -> usize {
        self.n_ranks
    }

    /// Rank of a cell; None if there is no such cell.
    pub fn rank_of(&self, gid: Gid) -> Option<usize> {
        if self.n_cells <= gid {
            return None;
        }
        Some(match &self.layout {
            Layout::RoundRobin => (gid % self.n_ranks as u64) as usize,
            Layout::Table(ranks) => ranks[gid as usize] as usize,
        })
    }

    /// Gids of a rank, ascending; none for ranks that do not exist.
    pub fn gids_of(&self, rank: usize) -> Vec<Gid> {
        match &self.layout {
            Layout::RoundRobin if self.n_ranks <= rank => Vec::new(),
            Layout::RoundRobin => (rank as u64..self.n_cells).step_by(self.n_ranks).collect(),
            Layout::Table(ranks) => (0..self.n_cells)
                .zip(ranks)
                .filter(|&(_, &r)| r as usize == rank)
                .map(|(gid, _)| gid)
                .collect(),
        }
    }

    /// Largest cost of a rank divided by the mean over ranks (1: perfectly balanced), for costs by
    /// gid; 1 where nothing costs anything.
    pub fn imbalance(&self, costs: &[f64]) -> f64 {
        let mut loads = vec![0.0; self.n_ranks];
        for (gid, cost) in costs.iter().enumerate() {
            if let Some(rank) = self.rank_of(gid as Gid) {
                loads[rank] += cost;
            }
        }
        let mean = loads.iter().sum::<f64>() / self.n_ranks as f64;
        if mean == 0.0 { 1.0 } else { loads.into_iter().fold(0.0, f64::max) / mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every cell is on exactly one rank, and a greedy partition is within 4/3 of the best
        /// (Graham 1969), hence of the larger of mean and dearest cell plus one cell.
        #[test]
        fn covers_all_cells_and_balances(
            costs in prop::collection::vec(0.0_f64..100.0, 0..80),
            n_ranks in 1_usize..12,
        ) {
            let balanced = Partition::balanced(&costs, n_ranks).unwrap();
            for partition in [Partition::round_robin(costs.len() as u64, n_ranks).unwrap(), balanced.clone()] {
                let mut all: Vec<Gid> = (0..n_ranks).flat_map(|r| partition.gids_of(r)).collect();
                all.sort_unstable();
                prop_assert_eq!(all, (0..costs.len() as Gid).collect::<Vec<_>>());
                for rank in 0..n_ranks {
                    prop_assert!(partition.gids_of(rank).iter().all(|&g| partition.rank_of(g) == Some(rank)));
                }
            }
            let total: f64 = costs.iter().sum();
            let mean = total / n_ranks as f64;
            let dearest = costs.iter().copied().fold(0.0, f64::max);
            let makespan = balanced.imbalance(&costs) * mean;
            prop_assert!(makespan <= mean + dearest + 1e-9);
        }
    }

    #[test]
    fn equal_costs_are_dealt_in_order() {
        let partition = Partition::balanced(&[1.0; 7], 3).unwrap();
        assert_eq!(partition.gids_of(0), [0, 3, 6]);
        assert_eq!(partition.gids_of(1), [1, 4]);
        assert_eq!(partition.gids_of(2), [2, 5]);
        assert!(partition.gids_of(3).is_empty());
        assert_eq!(partition.rank_of(7), None);
    }

    #[test]
    fn bad_input_is_named() {
        assert_eq!(Partition::round_robin(4, 0), Err(Error::NoRanks));
        let error = Partition::balanced(&[1.0, -2.0], 2).unwrap_err().to_string();
        assert!(error.contains("gid 1") && error.contains("-2"), "{error}");
    }
}
