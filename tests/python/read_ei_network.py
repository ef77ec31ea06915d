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
    """The gids of each population, from the tables of positions and rotations."""
    gids = {}
    with h5py.File(path) as file:
        for name, table in tables(file).items():
            rows = table[:]
            check_columns(name, table, POSITION_FIELDS, checks)
            values = np.array([rows[field] for field in POSITION_FIELDS[1:]])
            checks.that(np.isfinite(values).all(), f"{name}: positions and rotations are finite")
            checks.that(table.attrs["first_gid"] == rows["gid"][0], f"{name}: its first gid is in the first row")
            gids[name] = rows["gid"]
    everyone = np.sort(np.concatenate(list(gids.values())))
    checks.that(np.array_equal(everyone, np.arange(len(everyone))), "every gid has one position")
    return gids


def read_connections(path, gids, checks):
    """The tables `pre:post` of synapses: ends in their populations, weights and delays in bounds."""
    synapses = 0
    with h5py.File(path) as file:
        for name, table in tables(file).items():
            rows = table[:]
            pre, post = text(table.attrs["pre"]), text(table.attrs["post"])
            checks.that(name == f"{pre}:{post}", f"{name}: its name says {pre} and {post}")
            check_columns(name, table, CONNECTION_FIELDS, checks)
            checks.that(np.isin(rows["gid_pre"], gids[pre]).all(), f"{name}: sources are cells of {pre}")
            checks.that(np.isin(rows["gid"], gids[post]).all(), f"{name}: targets are cells of {post}")
            checks.that((rows["delay"] > 0).all(), f"{name}: delays are above zero")
            checks.that(np.isfinite(rows["weight"]).all(), f"{name}: weights are finite")
            inside = (0 <= rows["sec.x"]) & (rows["sec.x"] <= 1)
            checks.that(inside.all(), f"{name}: places on sections are between 0 and 1")
            mechanism = file["synparams"][name]["mechanism"][()]
            checks.that(text(mechanism) != "", f"{name}: its mechanism has a name")
            synapses += len(rows)
    checks.that(synapses > 0, "the network has synapses")
    return synapses


def read_spikes(path, gids, checks):
    """The SONATA spike file: one group a population, times in ms and in order, known nodes."""
    spikes = 0
    with h5py.File(path) as file:
        checks.that(set(file["spikes"]) == set(gids), "every population has its spikes")
        for name, known in gids.items():
            group = file["spikes"][name]
            times_ms, nodes = group["timestamps"][:], group["node_ids"][:]
            checks.that(len(times_ms) == len(nodes), f"{name}: as many times as nodes")
            checks.that(text(group["timestamps"].attrs["units"]) == "ms", f"{name}: times are in ms")
            checks.that((np.diff(times_ms) >= 0).all(), f"{name}: times are in order")
            checks.that((nodes < len(known)).all(), f"{name}: nodes are counted from 0 in the population")
            checks.that(group.attrs["first_gid"] == known[0], f"{name}: node 0 is the first gid")
            spikes += len(times_ms)
    checks.that(spikes > 0, "the network spikes")
    return spikes


def read_traces(path, gids, checks):
    """The potentials: a matrix of cells and samples, finite, within what a membrane can have."""
    samples = 0
    everyone = np.concatenate(list(gids.values()))
    with h5py.File(path) as file:
        for name, group in file["traces"].items():
            values = group["data"][:]
            checks.that(values.shape[0] == len(group["gids"]), f"{name}: a row for each gid")
            checks.that(np.isin(group["gids"], everyone).all(), f"{name}: gids are cells")
            checks.that(np.isfinite(values).all(), f"{name}: values are finite")
            checks.that(group.attrs["dt_ms"] > 0, f"{name}: samples have an interval")
            if text(group.attrs["units"]) == "mV":
                checks.that((np.abs(values) < 200).all(), f"{name}: potentials are within 200 mV")
            samples += values.size
    checks.that(samples > 0, "there are traces")
    return samples


def check_columns(name, table, expected, checks):
    """The fields that LFPy's tables have, and a unit for each column."""
    checks.that(set(expected) <= set(table.dtype.names), f"{name}: fields {table.dtype.names}")
    checks.that(len(table.attrs["units"]) == len(table.dtype.names), f"{name}: every column has a unit")


def tables(file):
    """The datasets at the root of a file."""
    return {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}


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
    samples = read_traces(folder / "traces.h5", gids, checks)
    cells = sum(len(each) for each in gids.values())
    print(f"read {cells} cells, {synapses} synapses, {spikes} spikes, {samples} samples")
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed != 0)


if __name__ == "__main__":
    main()
