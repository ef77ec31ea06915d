#!/usr/bin/env python3
"""The benchmark networks, as one JSON file that every engine reads (format: ../README.md).

    python model.py A-small MODEL.json
    python model.py custom MODEL.json --cells 512 --ring-size 8 --fan 100 --tstop 50

Cells are those of NEURON's `ringtest`: a soma, a dendrite of 200 um, and short dendrites of 10 um in a random
tree in which no section has more than two children; Hodgkin-Huxley channels everywhere, a leak in the dendrites.
They stand in rings; the first cell of each ring is kicked at 1 ms and the spike runs round. A fan of further
synapses without weight costs every engine its work and changes no potential.

The cells of `L-tree`, for fields, have long branches of many compartments, as reconstructed cells do; each excites itself.
"""
import argparse
import json
import math
import random

# name: cells, ring size, fan, tstop in ms
NETWORKS = {
    "A-small": (64, 16, 0, 200.0),
    "A-large": (2048, 16, 0, 100.0),
    "A-syn": (256, 4, 1000, 50.0),
}

# Cells of branches, five levels of them: name, cells, tstop in ms.
TREES = {"L-tree": (20, 50.0)}
LEVELS = 5

SOMA_DIAM_UM = 12.6157
# Ranges to draw from.
DENDRITES_PER_CELL = (32, 64)
SEGMENTS_PER_SECTION = (1, 1)
WEIGHT_US = 0.01
DELAY_MS = 1.0

CABLE = {"ra_ohm_cm": 100.0, "cm_uf_per_cm2": 1.0}
HH = {
    "gnabar_s_per_cm2": 0.12,
    "gkbar_s_per_cm2": 0.036,
    "gl_s_per_cm2": 0.0003,
    "el_mv": -54.3,
    "ena_mv": 50.0,
    "ek_mv": -77.0,
}
PAS = {"g_s_per_cm2": 0.001, "e_mv": -65.0}


def cell(gid, fan):
    """The cell `gid`; its random numbers depend on nothing but the gid."""
    rng = random.Random(gid)
    sections = [section(-1, SOMA_DIAM_UM, SOMA_DIAM_UM, 1, "soma")]
    dendrites = rng.randint(*DENDRITES_PER_CELL)
    sections.append(section(0, 200.0, 1.0, rng.randint(*SEGMENTS_PER_SECTION), "dend"))
    free = [[1, 0]]  # sections with fewer than two children, and how many they have
    for index in range(2, dendrites + 1):
        slot = rng.randrange(len(free))
        sections.append(section(free[slot][0], 10.0, 1.0, rng.randint(*SEGMENTS_PER_SECTION), "dend"))
        free[slot][1] += 1
        if free[slot][1] == 2:
            free[slot] = [index, 0]
        else:
            free.append([index, 0])
    synapses = [[1, 0.8]]
    synapses += [[rng.randrange(1, len(sections)), rng.random()] for _ in range(fan)]
    return {"sections": sections, "synapses": synapses}


def tree(gid):
    """A cell of long branches, which become shorter, fewer and less divided from level to level."""
    rng = random.Random(gid)
    sections = [section(-1, SOMA_DIAM_UM, SOMA_DIAM_UM, 1, "soma")]
    level = [0]
    for depth in range(LEVELS):
        share = depth / (LEVELS - 1)
        length_um, segments = 200.0 - 180.0 * share, round(20 - 18 * share)
        parents, level = level, []
        for parent in parents:
            for _ in range(2):
                if rng.random() < 1.0 - 0.5 * share:
                    sections.append(section(parent, length_um, 1.0, segments, "dend"))
                    level.append(len(sections) - 1)
    return {"sections": placed(sections, rng), "synapses": [[0, 0.5]]}


def placed(sections, rng):
    """The sections with points in space: each goes its own way from the end of its parent."""
    for each in sections:
        if each["parent"] < 0:
            start, way = [0.0, 0.0, -each["length_um"] / 2], [0.0, 0.0, 1.0]
        else:
            start, way = sections[each["parent"]]["points_um"][1], [rng.gauss(0.0, 1.0) for _ in range(3)]
        factor = each["length_um"] / math.hypot(*way)
        each["points_um"] = [start, [a + factor * b for a, b in zip(start, way)]]
    return sections


def section(parent, length_um, diam_um, n_segments, kind):
    return {
        "parent": parent,
        "length_um": length_um,
        "diam_um": diam_um,
        "n_segments": n_segments,
        "kind": kind,
    }


def connections(gid, cells, ring_size, fan):
    """Everything that ends on cell `gid`: the ring's connection, then the fan."""
    first = gid // ring_size * ring_size
    last = min(first + ring_size, cells) - 1
    before = last if gid == first else gid - 1
    rows = [[before, gid, 0, WEIGHT_US, DELAY_MS]]
    rng = random.Random(10**6 + gid)
    for index in range(fan):
        source = rng.randrange(cells - 1)
        source += source >= gid
        rows.append([source, gid, 1 + index, 0.0, DELAY_MS * (1 + 2 * rng.random())])
    return rows


def network(name, cells, ring_size, fan, tstop_ms, dt_ms, make_cell=cell):
    rows = [row for gid in range(cells) for row in connections(gid, cells, ring_size, fan)]
    return {
        "format": "peer-benchmark-network",
        "version": 1,
        "name": name,
        "dt_ms": dt_ms,
        "tstop_ms": tstop_ms,
        "v_init_mv": -65.0,
        "celsius": 6.3,
        "threshold_mv": 10.0,
        "membranes": {"soma": {**CABLE, "hh": HH}, "dend": {**CABLE, "hh": HH, "pas": PAS}},
        "synapse": {"tau_ms": 2.0, "e_mv": 0.0},
        "cells": [make_cell(gid, fan) for gid in range(cells)],
        "connections": rows,
        "kick": {
            "gids": list(range(0, cells, ring_size)),
            "synapse": 0,
            "weight_us": WEIGHT_US,
            "time_ms": 1.0,
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=[*NETWORKS, *TREES, "custom"])
    parser.add_argument("file")
    parser.add_argument("--cells", type=int, default=64)
    parser.add_argument("--ring-size", type=int, default=16)
    parser.add_argument("--fan", type=int, default=0)
    parser.add_argument("--tstop", type=float, default=100.0, help="ms")
    parser.add_argument("--dt", type=float, default=0.025, help="ms")
    args = parser.parse_args()
    if args.name in TREES:
        cells, tstop_ms = TREES[args.name]
        made = network(args.name, cells, 1, 0, tstop_ms, args.dt, lambda gid, fan: tree(gid))
    else:
        shape = NETWORKS.get(args.name, (args.cells, args.ring_size, args.fan, args.tstop))
        made = network(args.name, *shape, args.dt)
    with open(args.file, "w") as file:
        json.dump(made, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
