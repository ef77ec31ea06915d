"""Writes a SONATA circuit in the flavor of the Open Brain Institute, of any size.

usage: generate.py FOLDER [CELLS] [EDGES_A_CELL]       default: 10000 cells, 100 edges each

Cells of one e-model (TestCell.hoc: Hodgkin-Huxley soma, a dendrite) and one morphology; each gets edges from
random cells at random places of its dendrite, chemical with release (ProbAMPANMDA_EMS). Every edge is a row
with its own attributes; edges are sorted by target, with an index. The seed is fixed.
"""

import json
import shutil
import sys
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "../../tests/data/sonata/templates/TestCell.hoc"

MORPHOLOGY = """("CellBody" (Color Red) (CellBody)
  (5.5 0 0) (0 5.5 0) (-5.5 0 0) (0 -5.5 0))
((Color Red) (Dendrite) (5 0 0 2) (205 0 0 2))
"""


def text(group, name, value, n):
    """One text for all nodes, by the library."""
    library = group.require_group("@library")
    library.create_dataset(name, data=[value], dtype=h5py.string_dtype())
    group.create_dataset(name, data=np.zeros(n, "u4"))


def write_nodes(path, n):
    with h5py.File(path, "w") as file:
        population = file.create_group("nodes/cells")
        population["node_type_id"] = np.full(n, -1)
        group = population.create_group("0")
        text(group, "morphology", "cell", n)
        text(group, "model_template", "hoc:TestCell", n)
        text(group, "model_type", "biophysical", n)
        text(group, "mtype", "m", n)
        text(group, "etype", "e", n)
        for name, value in [("threshold_current", 0.1), ("holding_current", 0.0)]:
            group.create_group("dynamics_params") if "dynamics_params" not in group else None
            group["dynamics_params"][name] = np.full(n, value, "f4")
        for axis in "xyz":
            group[axis] = np.zeros(n, "f4")


def write_edges(path, n, per_cell, rng):
    total = n * per_cell
    with h5py.File(path, "w") as file:
        population = file.create_group("edges/cells__cells__chemical")
        sources = population.create_dataset("source_node_id", data=rng.integers(0, n, total, "u8"))
        sources.attrs["node_population"] = "cells"
        targets = population.create_dataset(
            "target_node_id", data=np.repeat(np.arange(n, dtype="u8"), per_cell)
        )
        targets.attrs["node_population"] = "cells"
        population["edge_type_id"] = np.full(total, -1)
        index = population.create_group("indices/target_to_source")
        index["node_id_to_ranges"] = np.stack([np.arange(n), np.arange(n) + 1], 1).astype("u8")
        starts = np.arange(n, dtype="u8") * per_cell
        index["range_to_edge_id"] = np.stack([starts, starts + per_cell], 1)
        group = population.create_group("0")
        uniform = {
            "conductance": (0.0005, 0.001),
            "delay": (1.0, 4.0),
            "u_syn": (0.4, 0.6),
            "depression_time": (600.0, 700.0),
            "facilitation_time": (15.0, 20.0),
            "decay_time": (1.6, 1.8),
            "afferent_section_pos": (0.05, 0.95),
        }
        for name, (low, high) in uniform.items():
            group[name] = rng.uniform(low, high, total).astype("f4")
        group["syn_type_id"] = np.full(total, 113, "u2")
        group["n_rrp_vesicles"] = np.ones(total, "u2")
        group["afferent_section_id"] = np.ones(total, "u4")


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    per_cell = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    for name in ["hoc", "morphologies"]:
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(TEMPLATE, folder / "hoc")
    (folder / "morphologies/cell.asc").write_text(MORPHOLOGY)
    write_nodes(folder / "nodes.h5", n)
    write_edges(folder / "edges.h5", n, per_cell, np.random.default_rng(1))
    population = {
        "type": "biophysical",
        "biophysical_neuron_models_dir": "hoc",
        "alternate_morphologies": {"neurolucida-asc": "morphologies"},
    }
    circuit = {
        "version": 2,
        "networks": {
            "nodes": [{"nodes_file": "nodes.h5", "populations": {"cells": population}}],
            "edges": [{
                "edges_file": "edges.h5",
                "populations": {"cells__cells__chemical": {"type": "chemical"}},
            }],
        },
    }
    simulation = {
        "network": "circuit_config.json",
        "run": {"tstop": 10.0, "dt": 0.1, "random_seed": 1},
        "conditions": {"celsius": 35.0, "v_init": -65.0},
        "output": {"output_dir": "output"},
    }
    for name, content in [("circuit_config", circuit), ("simulation_config", simulation)]:
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    main()
