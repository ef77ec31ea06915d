//! Every operation between ranks, on any number of ranks.
//!
//! Run as a plain process, or with feature `mpi` under `mpirun -n N`; the same assertions hold.

use std::process::ExitCode;

use bytemuck::{Pod, Zeroable};
use net_mpi::{Communicator, Error, Mode, PackedSpike, Result, SpikeExchange, SpikeTime, run};

type Test = fn(&Communicator) -> Result<()>;

fn main() -> ExitCode {
    run(Mode::Auto, |comm| {
        let tests: [(&str, Test); 14] = [
            ("all_gather_keeps_the_order_of_ranks", all_gather_keeps_the_order_of_ranks),
            ("gather_reaches_the_root_only", gather_reaches_the_root_only),
            ("gather_visits_ranks_in_order", gather_visits_ranks_in_order),
            ("broadcast_copies_the_root", broadcast_copies_the_root),
            ("all_to_all_transposes", all_to_all_transposes),
            ("sums_are_exact", sums_are_exact),
            ("overflow_is_an_error_on_all_ranks", overflow_is_an_error_on_all_ranks),
            ("extrema_are_by_total_order", extrema_are_by_total_order),
            ("errors_are_agreed", errors_are_agreed),
            ("exchanged_spikes_do_not_depend_on_ranks", exchanged_spikes_do_not_depend_on_ranks),
            ("exchange_overlaps_other_operations", exchange_overlaps_other_operations),
            ("abandoned_exchange_does_no_harm", abandoned_exchange_does_no_harm),
            ("gathered_spikes_do_not_depend_on_ranks", gathered_spikes_do_not_depend_on_ranks),
            ("clones_and_drops", clones_and_drops),
        ];
        for (name, test) in tests {
            test(comm)?;
            comm.barrier()?;
            if comm.is_root() {
                println!("{name} ... ok");
            }
        }
        if comm.is_root() {
            println!("{} tests on {} ranks, mpi: {}", tests.len(), comm.size(), comm.uses_mpi());
        }
        Ok::<_, Error>(())
    })
}

/// The communicator with chunks from one element to everything at once: results must not differ.
fn chunked(comm: &Communicator) -> impl Iterator<Item = Communicator> {
    [1, 24, 100, 4096, usize::MAX].map(|bytes| comm.clone().with_chunk_bytes(bytes)).into_iter()
}

/// Data of a rank: none on every third, of different lengths else.
fn data_of(rank: usize) -> Vec<u64> {
    let length = if rank % 3 == 1 { 0 } else { 5 + 7 * rank };
    (0..length).map(|i| (1000 * rank + i) as u64).collect()
}

fn all_data(comm: &Communicator) -> Vec<Vec<u64>> {
    (0..comm.size()).map(data_of).collect()
}

fn all_gather_keeps_the_order_of_ranks(comm: &Communicator) -> Result<()> {
    let squares = comm.all_gather_u64((comm.rank() * comm.rank()) as u64)?;
    assert_eq!(squares, (0..comm.size() as u64).map(|rank| rank * rank).collect::<Vec<_>>());
    for comm in chunked(comm) {
        assert_eq!(comm.all_gather_v(&data_of(comm.rank()))?, all_data(&comm));
    }
    assert!(comm.all_gather_v::<u64>(&[])?.iter().all(Vec::is_empty));
    Ok(())
}

fn gather_reaches_the_root_only(comm: &Communicator) -> Result<()> {
    for root in 0..comm.size() {
        for comm in chunked(comm) {
            let gathered = comm.gather_v(root, &data_of(comm.rank()))?;
            assert_eq!(gathered, (comm.rank() == root).then(|| all_data(&comm)));
        }
    }
    Ok(())
}

/// A record whose size divides no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Record {
    rank: u32,
    index: u32,
    value: f32,
}

fn gather_visits_ranks_in_order(comm: &Communicator) -> Result<()> {
    let record =
        |rank: usize, index| Record { rank: rank as u32, index, value: 0.5 * index as f32 };
    let records = |rank: usize| (0..20).map(move |index| record(rank, index));
    let own = records(comm.rank()).collect::<Vec<_>>();
    for chunk_bytes in [1, 24, 100, 4096] {
        let comm = comm.clone().with_chunk_bytes(chunk_bytes);
        let longest = if comm.uses_mpi() { (chunk_bytes / size_of::<Record>()).max(1) } else { 20 };
        let mut visited = Vec::new();
        comm.gather_each(0, &own, |rank, piece| {
            assert!(piece.iter().all(|record| record.rank as usize == rank));
            assert!(piece.len() <= longest, "the root holds no more than a chunk");
            visited.extend_from_slice(piece);
        })?;
        let expected = (0..comm.size()).flat_map(records).collect::<Vec<_>>();
        assert_eq!(visited, if comm.is_root() { expected } else { Vec::new() });
    }
    Ok(())
}

fn broadcast_copies_the_root(comm: &Communicator) -> Result<()> {
    for root in 0..comm.size() {
        for comm in chunked(comm) {
            let mut data = data_of(comm.rank());
            comm.broadcast(root, &mut data)?;
            assert_eq!(data, data_of(root));
        }
    }
    let beyond = comm.broadcast(comm.size(), &mut vec![0_u8]);
    assert_eq!(beyond, Err(Error::RootOutOfRange { root: comm.size(), n_ranks: comm.size() }));
    Ok(())
}

fn all_to_all_transposes(comm: &Communicator) -> Result<()> {
    let part = |from: usize, to: usize| vec![(from * 100 + to) as u32; (from * 5 + to * 3) % 7];
    for comm in chunked(comm) {
        let received =
            comm.all_to_all_v((0..comm.size()).map(|to| part(comm.rank(), to)).collect())?;
        let expected = (0..comm.size()).map(|from| part(from, comm.rank())).collect::<Vec<_>>();
        assert_eq!(received, expected);
    }
    Ok(())
}

fn sums_are_exact(comm: &Communicator) -> Result<()> {
    let n_ranks = comm.size() as u64;
    assert_eq!(comm.sum(comm.rank() as u64)?, n_ranks * (n_ranks - 1) / 2);
    // Values whose sum as f64 would lose the small parts.
    let own = [(1_i128 << 100) + comm.rank() as i128, -(1 << 100), -1];
    for comm in chunked(comm) {
        let mut sums = own;
        comm.sum_slice(&mut sums)?;
        let n = comm.size() as i128;
        assert_eq!(sums, [(n << 100) + n * (n - 1) / 2, -(n << 100), -n]);
    }
    let mut counts = vec![1_i64 - comm.rank() as i64; 300];
    comm.sum_slice(&mut counts)?;
    let n = comm.size() as i64;
    assert!(counts.iter().all(|&count| count == n - n * (n - 1) / 2));
    Ok(())
}

fn overflow_is_an_error_on_all_ranks(comm: &Communicator) -> Result<()> {
    let own = [0, u64::MAX];
    let mut values = own;
    let result = comm.sum_slice(&mut values);
    if comm.size() == 1 {
        assert_eq!((result, values), (Ok(()), own));
    } else {
        let sum = (u128::from(u64::MAX) * comm.size() as u128).to_string();
        assert_eq!(result, Err(Error::SumOverflow { index: 1, sum, type_name: "u64" }));
        assert!(matches!(comm.sum(i128::MAX), Err(Error::SumOverflow { .. })));
    }
    Ok(())
}

fn extrema_are_by_total_order(comm: &Communicator) -> Result<()> {
    let (rank, last) = (comm.rank(), comm.size() - 1);
    assert_eq!((comm.min(rank as u64)?, comm.max(rank as u64)?), (0, last as u64));
    assert_eq!((comm.min(-(rank as i64))?, comm.max(-(rank as i64))?), (-(last as i64), 0));
    let x = -0.5 * rank as f64;
    assert_eq!((comm.min(x)?, comm.max(x)?), (-0.5 * last as f64, 0.0));
    assert!(comm.max(if rank == last { f64::NAN } else { 1.0 })?.is_nan());

    let own = [rank as f64, -(rank as f64)];
    for comm in chunked(comm) {
        let (mut min, mut max) = (own, own);
        comm.min_slice(&mut min)?;
        comm.max_slice(&mut max)?;
        assert_eq!((min, max), ([0.0, -(last as f64)], [last as f64, -0.0]));
    }
    Ok(())
}

fn errors_are_agreed(comm: &Communicator) -> Result<()> {
    assert_eq!(comm.agree(Ok::<_, String>(comm.rank())), Ok(comm.rank()));

    let last = comm.size() - 1;
    let own = if comm.rank() == last { Err(format!("no file {last}")) } else { Ok(()) };
    let error = comm.agree(own).expect_err("the last rank failed");
    assert_eq!((error.rank, error.n_ranks), (last, comm.size()));
    assert_eq!(error.message, format!("no file {last}"));

    let error = comm.agree(Err::<(), _>(format!("rank {} failed", comm.rank())));
    assert_eq!(error.expect_err("all ranks failed").message, "rank 0 failed");
    Ok(())
}

/// Pseudo-random spikes of an epoch: some epochs without, some with thousands from one cell group.
fn spikes_of_epoch(epoch: u64) -> Vec<PackedSpike> {
    let n_spikes = [0, 1, 40, 300, 5000, 2, 0, 700][epoch as usize % 8];
    let mut state = epoch + 1;
    (0..n_spikes)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            PackedSpike::new(state >> 60, state >> 40 & 0xfff).expect("both are small")
        })
        .collect()
}

fn own_spikes(
    comm: &Communicator,
    spikes: &[PackedSpike],
    owner: fn(u64, u64) -> u64,
) -> Vec<PackedSpike> {
    let is_own =
        |spike: &&PackedSpike| owner(spike.gid(), comm.size() as u64) == comm.rank() as u64;
    spikes.iter().filter(is_own).copied().collect()
}

fn exchanged_spikes_do_not_depend_on_ranks(comm: &Communicator) -> Result<()> {
    // Spread over the ranks, and all on the last.
    for owner in [|gid, n| gid % n, |_, n| n - 1] {
        let mut exchange = SpikeExchange::new(comm)?;
        for epoch in 0..40 {
            let mut expected = spikes_of_epoch(epoch);
            exchange.start(&own_spikes(comm, &expected, owner))?;
            assert_eq!(exchange.start(&[]), Err(Error::ExchangeUnderWay));
            // As often as a rank likes.
            for _ in 0..epoch * comm.rank() as u64 {
                exchange.poll()?;
            }
            expected.sort_unstable();
            assert_eq!(exchange.finish()?, expected);
            assert_eq!(exchange.poll(), Err(Error::NoExchange));
        }
    }
    Ok(())
}

fn exchange_overlaps_other_operations(comm: &Communicator) -> Result<()> {
    let mut exchange = SpikeExchange::new(comm)?;
    let mut expected = spikes_of_epoch(4);
    exchange.start(&own_spikes(comm, &expected, |gid, n| gid % n))?;
    // Only some ranks start the second message before the sum: it must not be taken for it.
    for _ in 0..1000 * (comm.rank() % 2) {
        exchange.poll()?;
    }
    assert_eq!(comm.sum(1_u64)?, comm.size() as u64);
    while !exchange.poll()? {
        std::thread::yield_now();
    }
    assert_eq!(comm.all_gather_v(&data_of(comm.rank()))?, all_data(comm));
    expected.sort_unstable();
    assert_eq!(exchange.finish()?, expected);
    Ok(())
}

fn abandoned_exchange_does_no_harm(comm: &Communicator) -> Result<()> {
    let mut exchange = SpikeExchange::new(comm)?;
    exchange.start(&own_spikes(comm, &spikes_of_epoch(4), |gid, n| gid % n))?;
    drop(exchange);
    assert_eq!(comm.sum(1_u64)?, comm.size() as u64);
    Ok(())
}

fn gathered_spikes_do_not_depend_on_ranks(comm: &Communicator) -> Result<()> {
    let spike = |gid: u64| SpikeTime { gid, time_ms: 0.025 * (gid * 7919 % 101) as f64 };
    let n_ranks = comm.size() as u64;
    let own = (0..500).filter(|gid| gid % n_ranks == comm.rank() as u64).map(spike);
    let own = own.collect::<Vec<_>>();
    for comm in chunked(comm) {
        let gathered = comm.gather_spikes(&own)?;
        assert_eq!(gathered.is_some(), comm.is_root());
        let Some(gathered) = gathered else { continue };
        assert_eq!(gathered.len(), 500);
        assert!(gathered.is_sorted_by(|a, b| (a.time_ms, a.gid) < (b.time_ms, b.gid)));
        assert!(gathered.iter().all(|&found| found == spike(found.gid)));
    }
    Ok(())
}

fn clones_and_drops(comm: &Communicator) -> Result<()> {
    let clone = comm.clone();
    for _ in 0..100 {
        SpikeExchange::<PackedSpike>::new(&clone)?;
    }
    drop(clone);
    assert_eq!(comm.all_gather_u64(3)?, vec![3; comm.size()]);
    Ok(())
}
