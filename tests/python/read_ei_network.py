#!/usr/bin/env python3
"""Read what the example `ei_network` wrote, with h5py alone, as a user of the files would.

    python read_ei_network.py FOLDER

Every check that fails is printed; the last line counts them, and the exit status is 1 if any failed.
"""
import sys
from pathlib import Path

import h5py
import numpy as np

POSITION_FIELDS = ("gid", "x", "y", "z", "x_rot", "y_rot", "z_rot")
CONNECTION_FIELDS = ("gid_pre", "gid", "weight", "delay", "sec", "sec.x", "x", "y", "z")


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def that(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"failed: {what}")


def read_positions(path, checks):
    """The gids of each population, from the table of positions and rotations."""
    gids = {}
    with h5py.File(path) as file:
        for name, table in tables(file).items():
            rows = table[:]
            checks.that(set(POSITION_FIELDS) <= set(rows.dtype.names), f"{name}: fields {rows.dtype.names}")
            values = np.array([rows[field] for field in POSITION_FIELDS[1:]])
            checks.that(np.isfinite(values).all(), f"{name}: positions and rotations are finite")
            gids[name] = rows["gid"]
    everyone = np.sort(np.concatenate(list(gids.values())))
    checks.that(np.array_equal(everyone, np.arange(len(everyone))), "every gid has one position")
    return gids


def read_connections(path, gids, checks):
    """The tables `pre:post` of synapses: ends in their populations, weights and delays in bounds."""
    synapses = 0
    with h5py.File(path) as file:
        for name, table in tables(file).items():
            if ":" not in name:
                continue
            rows = table[:]
            pre, post = name.split(":")
            checks.that(set(CONNECTION_FIELDS) <= set(rows.dtype.names), f"{name}: fields {rows.dtype.names}")
            checks.that(np.isin(rows["gid_pre"], gids[pre]).all(), f"{name}: sources are cells of {pre}")
            checks.that(np.isin(rows["gid"], gids[post]).all(), f"{name}: targets are cells of {post}")
            checks.that((rows["delay"] > 0).all(), f"{name}: delays are above zero")
            checks.that(np.isfinite(rows["weight"]).all(), f"{name}: weights are finite")
            inside = (0 <= rows["sec.x"]) & (rows["sec.x"] <= 1)
            checks.that(inside.all(), f"{name}: places on sections are between 0 and 1")
            synapses += len(rows)
    checks.that(synapses > 0, "the network has synapses")
    return synapses


def read_spikes(path, gids, checks):
    """The SONATA spike file: one group a population, times in ms and in order, known cells."""
    spikes = 0
    with h5py.File(path) as file:
        for name, known in gids.items():
            group = file["spikes"][name]
            times_ms, nodes = group["timestamps"][:], group["node_ids"][:]
            checks.that(len(times_ms) == len(nodes), f"{name}: as many times as cells")
            checks.that(text(group["timestamps"].attrs["units"]) == "ms", f"{name}: times are in ms")
            checks.that((np.diff(times_ms) >= 0).all(), f"{name}: times are in order")
            checks.that((nodes < len(known)).all() or np.isin(nodes, known).all(), f"{name}: cells are known")
            spikes += len(times_ms)
    checks.that(spikes > 0, "the network spikes")
    return spikes


def read_traces(path, checks):
    """The somatic potentials: finite, and within what a membrane can have."""
    samples = 0
    with h5py.File(path) as file:
        for name, data in tables(file).items():
            if data.ndim != 2:
                continue
            values_mv = data[:]
            checks.that(np.isfinite(values_mv).all(), f"{name}: potentials are finite")
            checks.that((np.abs(values_mv) < 200).all(), f"{name}: potentials are within 200 mV")
            checks.that(text(data.attrs["units"]) == "mV", f"{name}: potentials are in mV")
            samples += values_mv.size
    checks.that(samples > 0, "there are traces")
    return samples


def tables(file):
    """All datasets of a file by their path."""
    found = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def text(attribute):
    return attribute.decode() if isinstance(attribute, bytes) else str(attribute)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    checks = Checks()
    gids = read_positions(folder / "cell_positions_and_rotations.h5", checks)
    synapses = read_connections(folder / "synapse_connections.h5", gids, checks)
    spikes = read_spikes(folder / "spikes.h5", gids, checks)
    samples = read_traces(folder / "traces.h5", checks)
    cells = sum(len(each) for each in gids.values())
    print(f"read {cells} cells, {synapses} synapses, {spikes} spikes, {samples} samples")
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed != 0)


if __name__ == "__main__":
    main()
