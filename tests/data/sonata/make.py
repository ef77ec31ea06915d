"""Makes the HDF5 files of the small SONATA circuits here; needs h5py and numpy.

    python tests/data/sonata/make.py

obi/    Open Brain Institute's flavor: cells `A` (6, with @library and dynamics_params), cells `B`
        (2), virtual `in` (3); edges A-A chemical, A-B chemical located by segments and without an
        index, in-A chemical; A-A electrical.
allen/  Allen Institute's flavor: `v1` (4 cells in two groups), virtual `lgn` (2), node and edge
        types in CSV, an edge population with two groups.
glia/   cells `N` (2) of cells/ with astrocytes `Astro` (2) and vessels `vessels` (3); edges N-N
        chemical, from astrocytes to their synapses, from vessels to astrocytes, between astrocytes.
        `glia/reference.py` has Neurodamus run it.
bad/    node and edge files with one mistake each, used by the configurations there.
"""

import pathlib

import h5py
import numpy as np

HERE = pathlib.Path(__file__).parent
TEXT = h5py.string_dtype()


def create(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return h5py.File(path, "w", libver=("v108", "v108"))


def write(group, name, data):
    if len(data) and isinstance(data[0], str):
        group.create_dataset(name, data=data, dtype=TEXT)
    else:
        group[name] = data


def index(group, nodes, n_nodes, key="node_id_to_ranges"):
    """The edges of each node as ranges of consecutive ids."""
    node_ranges, edge_ranges = [], []
    for node in range(n_nodes):
        start = len(edge_ranges)
        for edge in np.flatnonzero(np.asarray(nodes) == node):
            if len(edge_ranges) > start and edge_ranges[-1][1] == edge:
                edge_ranges[-1][1] += 1
            else:
                edge_ranges.append([edge, edge + 1])
        node_ranges.append([start, len(edge_ranges)])
    group[key] = np.array(node_ranges, dtype="u8").reshape(-1, 2)
    group["range_to_edge_id"] = np.array(edge_ranges, dtype="u8").reshape(-1, 2)


def nodes(file, name, n, attributes, library=None, dynamics=None):
    group = file.create_group(f"nodes/{name}")
    group["node_type_id"] = np.full(n, -1)
    table = group.create_group("0")
    for key, values in attributes.items():
        write(table, key, values)
    for key, (texts, indices) in (library or {}).items():
        write(table.require_group("@library"), key, texts)
        table[key] = np.array(indices, dtype="u4")
    for key, values in (dynamics or {}).items():
        write(table.require_group("dynamics_params"), key, values)


def edges(file, name, source, target, sources, targets, attributes, indexed=None):
    group = file.create_group(f"edges/{name}")
    group["edge_type_id"] = np.full(len(sources), -1)
    group["source_node_id"] = np.array(sources, dtype="u8")
    group["source_node_id"].attrs["node_population"] = source
    group["target_node_id"] = np.array(targets, dtype="u8")
    group["target_node_id"].attrs["node_population"] = target
    for key, values in attributes.items():
        write(group.require_group("0"), key, values)
    if indexed:
        index(group.create_group("indices/source_to_target"), sources, indexed[0])
        if indexed[1]:
            index(group.create_group("indices/target_to_source"), targets, indexed[1])


def chemical(n, **location):
    ramp = np.arange(n, dtype="f8")
    return {
        "conductance": 0.1 + ramp,
        "delay": 1.0 + 0.25 * ramp,
        "u_syn": np.full(n, 0.5),
        "depression_time": 700.0 + ramp,
        "facilitation_time": 20.0 + ramp,
        "decay_time": 1.7 + 0.1 * ramp,
        "n_rrp_vesicles": np.ones(n, dtype="i1"),
        "syn_type_id": np.where(np.arange(n) % 2, 113, 8),
        **location,
    }


def at_position(n):
    position = (np.arange(n) + 0.5) / n
    return {"afferent_section_id": np.arange(n) % 3, "afferent_section_pos": position}


def cells(n):
    return {
        "model_type": ["biophysical"] * n,
        "model_template": ["hoc:Cell"] * n,
        "morphology": ["cell"] * n,
        "x": np.arange(n, dtype="f4"),
        "layer": np.arange(n) // 2 + 1,
        "mtype": [f"L{i // 2 + 1}_{'PC' if i % 2 == 0 else 'MC'}" for i in range(n)],
    }


def make_obi(folder):
    with create(folder / "nodes.h5") as file:
        nodes(
            file, "A", 6, cells(6),
            library={"synapse_class": (["INH", "EXC"], [1, 0, 1, 0, 1, 1])},
            dynamics={
                "threshold_current": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
                "holding_current": [-0.01] * 6,
            },
        )
        nodes(file, "B", 2, cells(2))
        nodes(file, "in", 3, {"model_type": ["virtual"] * 3})
    with create(folder / "edges.h5") as file:
        targets = [0, 0, 1, 3, 0, 5, 5]
        edges(file, "A__A__chemical", "A", "A", [1, 2, 0, 0, 5, 4, 4], targets,
              chemical(7, **at_position(7)), (6, 6))
        edges(file, "A__B__chemical", "A", "B", [0, 1, 2], [1, 0, 1],
              chemical(3, afferent_section_id=np.array([0, 1, 2]),
                       afferent_segment_id=np.array([0, 3, 4]),
                       afferent_segment_offset=np.array([0, 1, 2])))
        edges(file, "in__A__chemical", "in", "A", [0, 1, 2, 2], [2, 2, 4, 0],
              {**chemical(4, **at_position(4)), "u_hill_coefficient": np.full(4, 2.79)}, (3, 6))
        edges(file, "A__A__electrical", "A", "A", [0, 2], [2, 0],
              {"conductance": np.array([0.2, 0.2]), "afferent_junction_id": np.array([0, 1]),
               "efferent_junction_id": np.array([1, 0]), **at_position(2)}, (6, 6))
    with create(folder / "spikes.h5") as file:
        group = file.create_group("spikes/in")
        group.attrs["sorting"] = np.uint8(2)
        group["timestamps"] = [1.0, 2.0, 2.5]
        group["timestamps"].attrs["units"] = "ms"
        group["node_ids"] = np.array([2, 0, 2], dtype="u8")


def make_allen(folder):
    with create(folder / "v1_nodes.h5") as file:
        group = file.create_group("nodes/v1")
        group["node_type_id"] = np.array([100, 100, 101, 101], dtype="u8")
        group["node_group_id"] = np.array([0, 1, 1, 0], dtype="u4")
        group["node_group_index"] = np.array([1, 0, 1, 0], dtype="u8")
        group["0/x"] = [30.0, 0.0]
        group["0/tuning_angle"] = [90.0, 45.0]
        group["1/x"] = [10.0, 20.0]
    with create(folder / "lgn_nodes.h5") as file:
        group = file.create_group("nodes/lgn")
        group["node_type_id"] = np.array([7, 7], dtype="u8")
        group["node_group_id"] = np.zeros(2, dtype="u4")
        group["node_group_index"] = np.arange(2, dtype="u8")
    with create(folder / "lgn_v1_edges.h5") as file:
        group = file.create_group("edges/lgn_to_v1")
        sources, targets = [0, 1, 0, 1], [0, 0, 2, 3]
        group["edge_type_id"] = np.array([1, 1, 2, 1], dtype="u4")
        group["edge_group_id"] = np.array([0, 1, 0, 1], dtype="u2")
        group["edge_group_index"] = np.array([0, 0, 1, 1], dtype="u4")
        group["source_node_id"] = np.array(sources, dtype="u8")
        group["source_node_id"].attrs["node_population"] = "lgn"
        group["target_node_id"] = np.array(targets, dtype="u8")
        group["target_node_id"].attrs["node_population"] = "v1"
        group["0/nsyns"] = np.array([5, 6], dtype="u2")
        group["1/syn_weight"] = [0.5, 0.25]
        index(group.create_group("indices/target_to_source"), targets, 4, "node_id_to_range")
    with create(folder / "lgn_spikes.h5") as file:
        group = file.create_group("spikes")
        group["timestamps"] = [5.0, 1.0]
        group["gids"] = np.array([1, 1], dtype="u8")


def make_glia(folder):
    with create(folder / "nodes.h5") as file:
        nodes(file, "N", 2, {
            "model_type": ["biophysical"] * 2, "model_template": ["hoc:Granule"] * 2,
            "morphology": ["pyramid"] * 2, "mtype": ["PC"] * 2, "etype": ["cADpyr"] * 2,
            "x": [0.0, 100.0], "y": [0.0, 0.0], "z": [0.0, 0.0],
        }, dynamics={"threshold_current": [0.2, 0.2],
                     "holding_current": [0.0, 0.0]})
        nodes(file, "Astro", 2, {
            "model_type": ["astrocyte"] * 2, "model_template": ["hoc:astrocyte"] * 2,
            "morphology": ["astrocyte"] * 2, "mtype": ["PROTO"] * 2,
            "x": [50.0, 60.0], "y": [0.0, 0.0], "z": [10.0, 10.0],
            "radius": np.array([4.5, 5.0], dtype="f4"),
        })
    # A file of their own, of which Neurodamus takes the first population.
    with create(folder / "vessels.h5") as file:
        nodes(file, "vessels", 3, {
            "model_type": ["vasculature"] * 3,
            "start_diameter": np.array([5.1, 6.0, 7.3], dtype="f4"),
            "end_diameter": np.array([6.2, 7.0, 8.1], dtype="f4"),
            "start_node": np.array([0, 1, 2]), "end_node": np.array([1, 2, 3]),
        })
    with create(folder / "edges.h5") as file:
        synapses = chemical(3, **at_position(3))
        synapses["syn_type_id"] = np.array([120, 113, 8])
        synapses["u_syn"] = np.array([0.9, 0.7, 0.5])
        edges(file, "N__N", "N", "N", [0, 1, 0], [1, 0, 1], synapses, (2, 2))
        # Without the index by target, which neuroglial files lack.
        edges(file, "Astro__N", "Astro", "N", [0, 1, 0], [1, 0, 1], {
            "synapse_id": np.array([0, 1, 2]), "astrocyte_section_id": np.array([3, 1, 0]),
            "astrocyte_segment_id": np.zeros(3, dtype="i4"),
            "astrocyte_segment_offset": np.ones(3),
        }, (2, None))
        edges(file, "vessels__Astro", "vessels", "Astro", [2, 0, 1], [0, 0, 1], {
            "astrocyte_section_id": np.array([1, 4, 3]),
            "endfoot_compartment_length": [10.0, 11.0, 12.0],
            "endfoot_compartment_diameter": [5.0, 4.0, 3.0],
            "endfoot_compartment_perimeter": [7.0, 7.0, 7.0],
        }, (3, 2))
        edges(file, "Astro__Astro", "Astro", "Astro", [0, 1], [1, 0], {"delay": [1.0, 1.0]}, (2, 2))


def make_astrocyte(path):
    """An outlined soma, two processes of type 2 (of which one divides), and one of type 3."""
    angles = 2 * np.pi * np.arange(12) / 12
    soma = np.c_[5 * np.cos(angles), 4 * np.sin(angles), np.zeros(12), np.zeros(12)]
    branches = [
        (2, 0, [[4, 3, 0, 1.5], [12, 9, 1, 1.2], [25, 14, 2, 1.0]]),
        (2, 1, [[25, 14, 2, 0.9], [38, 20, 2, 0.8], [52, 22, 4, 0.6]]),
        (2, 1, [[25, 14, 2, 0.8], [30, 30, 1, 0.5]]),
        (3, 0, [[-4, -2, 0, 1.1], [-15, -9, 0, 0.9], [-31, -12, 3, 0.7]]),
        (2, 0, [[0, 4, 0, 1.0], [-2, 18, -3, 0.7]]),
    ]
    points, structure = [soma], [[0, 1, -1]]
    for kind, parent, rows in branches:
        structure.append([sum(map(len, points)), kind, parent])
        points.append(np.array(rows, dtype="f8"))
    with create(path) as file:
        file["points"] = np.concatenate(points)
        file["structure"] = np.array(structure, dtype="i4")


def make_bad(folder):
    good = chemical(3, **at_position(3))
    with create(folder / "edges_missing.h5") as file:
        lacking = {key: values for key, values in good.items() if key != "u_syn"}
        edges(file, "A__A__chemical", "A", "A", [0, 1, 2], [1, 2, 0], lacking, (6, 6))
    with create(folder / "edges_index.h5") as file:
        edges(file, "A__A__chemical", "A", "A", [0, 1, 2], [1, 2, 0], good)
        group = file.create_group("edges/A__A__chemical/indices/target_to_source")
        index(group, [2, 1, 0], 6)
    with create(folder / "edges_partly.h5") as file:
        edges(file, "A__A__chemical", "A", "A", [0, 1, 2], [1, 2, 0], good)
        group = file.create_group("edges/A__A__chemical/indices/target_to_source")
        index(group, [7, 2, 0], 6)
    with create(folder / "edges_beyond.h5") as file:
        edges(file, "A__A__chemical", "A", "A", [0, 6, 2], [1, 2, 0], good, (7, 6))
    with create(folder / "edges_population.h5") as file:
        edges(file, "A__A__chemical", "Z", "A", [0, 1, 2], [1, 2, 0], good, (6, 6))
    with create(folder / "nodes_library.h5") as file:
        nodes(file, "A", 6, cells(6), library={"synapse_class": (["INH"], [0, 0, 0, 0, 0, 3])})
    with create(folder / "nodes_length.h5") as file:
        nodes(file, "A", 6, {**cells(6), "layer": np.arange(5)})
    with create(folder / "nodes_morphology.h5") as file:
        nodes(file, "A", 6, {**cells(6), "morphology": ["cell"] * 4 + ["none"] * 2})
    with create(folder / "edges_glia.h5") as file:
        edges(file, "Astro__A", "Astro", "A", [0], [0], {"synapse_id": np.array([0])})
        edges(file, "vessels__Astro", "vessels", "Astro", [2], [0],
              {"astrocyte_section_id": np.array([1]), "endfoot_compartment_length": [10.0]},
              (3, 2))
    with create(folder / "edges_astrocytes.h5") as file:
        edges(file, "N__N", "N", "N", [0], [1], chemical(1, **at_position(1)), (2, 2))
        edges(file, "Astro__N", "Astro", "N", [0, 1], [0, 1], {
            "synapse_id": np.array([0, 7]), "astrocyte_section_id": np.array([1, 1]),
        }, (2, 2))
        edges(file, "vessels__Astro", "vessels", "Astro", [2], [0], {
            "astrocyte_section_id": np.array([1]), "endfoot_compartment_length": [0.0],
            "endfoot_compartment_diameter": [5.0],
        }, (3, 2))


make_obi(HERE / "obi")
make_allen(HERE / "allen")
make_glia(HERE / "glia")
make_astrocyte(HERE / "cells" / "astrocyte.h5")
make_bad(HERE / "bad")
