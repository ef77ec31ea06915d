#!/usr/bin/env python3
"""Compare the rates of a network's populations in two engines, each run with several seeds.

    python compare_rates.py FOLDER TSTOP_MS

FOLDER holds a folder `net-sim.SEED` with spikes.h5 for each of our runs, and `peer.jsonl`, the peer's results a line,
with `rates_hz` by population. Seeds draw other networks, so rates vary; the status is 1 if means of a population
differ by more than four times the standard error of their difference.
"""
import json
import sys
from pathlib import Path

import h5py
import numpy as np


def rates(path, tstop_ms, sizes):
    """Mean rates in Hz of the populations, as in the peer from 100 ms on."""
    with h5py.File(path) as file:
        of = lambda name: np.count_nonzero(file["spikes"][name]["timestamps"][:] >= 100.0)  # noqa: E731
        return [of(name) / size / (tstop_ms - 100.0) * 1000.0 for name, size in sizes.items()]


def main():
    folder, tstop_ms = Path(sys.argv[1]), float(sys.argv[2])
    results = [json.loads(line) for line in (folder / "peer.jsonl").read_text().splitlines()]
    sizes = results[0]["populations"]
    ours = np.array([rates(path, tstop_ms, sizes) for path in sorted(folder.glob("net-sim.*/spikes.h5"))])
    peer = np.array([result["rates_hz"] for result in results])
    print(f"{len(ours)} and {len(peer)} networks, {tstop_ms:g} ms each, standard errors of the means behind them")
    print(f"{'population':>10} {'neurons':>7} {'net-sim Hz':>16} {results[0]['engine'] + ' Hz':>16} {'difference':>10}")
    failed = False
    for k, (name, size) in enumerate(sizes.items()):
        means = [runs[:, k].mean() for runs in (ours, peer)]
        errors = [runs[:, k].std(ddof=1) / np.sqrt(len(runs)) for runs in (ours, peer)]
        distance = abs(means[0] - means[1]) / np.hypot(*errors)
        failed |= not distance <= 4.0
        text = [f"{mean:8.3f} +-{error:6.3f}" for mean, error in zip(means, errors)]
        print(f"{name:>10} {size:7} {text[0]:>16} {text[1]:>16} {distance:7.1f} se")
    sys.exit(failed)


main()
