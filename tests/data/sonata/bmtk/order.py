"""Events of one time in NEURON's order: shows that they alone make the case sonata-300intfire differ.

    python tests/data/sonata/bmtk/order.py REFERENCE/sonata/sonata-300intfire

needs h5py and numpy. Simulates the 300 IntFire1 cells event by event, with the spikes of a time
going out in the order in which cells fired, each to all its targets, and says how many
spikes are those of the reference; then the same with the spikes of a time by cell.
"""

import csv
import heapq
import json
import math
import pathlib
import sys

import h5py
import numpy as np

CASE = pathlib.Path(sys.argv[1])
COMPONENTS = CASE.parent / "bmtk-components" / "sonata_shared"
DELAY_MS, TSTOP_MS = 2.0, 1000.0


def parameters(name):
    return json.loads(next(COMPONENTS.rglob(name)).read_text())


def types(name, key):
    with open(CASE / "network" / name) as file:
        return {int(row[key]): row for row in csv.DictReader(file, delimiter=" ")}


def connections():
    """Targets and weights of each source; the weight of an edge counts for all its synapses."""
    targets = {}
    for source in ["v1", "lgn", "tw"]:
        table = types(f"{source}_v1_edge_types.csv", "edge_type_id")
        weights = {
            key: float(row["syn_weight"]) * parameters(row["dynamics_params"])["sign"]
            for key, row in table.items()
        }
        with h5py.File(CASE / "network" / f"{source}_v1_edges.h5") as file:
            (edges,) = file["edges"].values()
            sources, cells = edges["source_node_id"][:], edges["target_node_id"][:]
            kinds, numbers = edges["edge_type_id"][:], edges["0/nsyns"][:]
        assert all(float(row["delay"]) == DELAY_MS for row in table.values())
        for at in np.argsort(cells, kind="stable"):
            own = targets.setdefault((source, int(sources[at])), [])
            own.append((int(cells[at]), weights[int(kinds[at])] * int(numbers[at])))
    return targets


def simulate(targets, in_order_of_firing):
    kinds = types("v1_node_types.csv", "node_type_id")
    with h5py.File(CASE / "network" / "v1_nodes.h5") as file:
        cells = [parameters(kinds[t]["dynamics_params"]) for t in file["nodes/v1/node_type_id"]]
    queue, spikes = [], []

    def send(time_ms, source):
        cell = source[1] if source[0] != "refractory" else -1
        key = len(sent) if in_order_of_firing else (cell, len(sent))
        sent.append(source)
        heapq.heappush(queue, (time_ms, key, source))

    sent = []
    for source in ["lgn", "tw"]:
        with h5py.File(CASE / "inputs" / f"{source}_spikes.h5") as file:
            spike = file["spikes"].get(source, file["spikes"])
            nodes = spike["node_ids" if "node_ids" in spike else "gids"][:].tolist()
            for time_ms, node in sorted(zip(spike["timestamps"][:].tolist(), nodes)):
                send(time_ms + DELAY_MS, (source, node))
    m, last_ms, refractory = [0.0] * len(cells), [0.0] * len(cells), [False] * len(cells)
    while queue:
        time_ms, _, source = heapq.heappop(queue)
        if time_ms > TSTOP_MS:
            break
        if source[0] == "refractory":
            cell = source[1]
            m[cell], last_ms[cell], refractory[cell] = 0.0, time_ms, False
            continue
        for cell, weight in targets.get(source, ()):
            if refractory[cell]:
                continue
            tau_ms = 1e3 * cells[cell]["tau"]
            m[cell] = m[cell] * math.exp(-(time_ms - last_ms[cell]) / tau_ms) + weight
            last_ms[cell] = time_ms
            if m[cell] > 1:
                refractory[cell] = True
                spikes.append((time_ms, cell))
                send(time_ms + 1e3 * cells[cell]["refrac"], ("refractory", cell))
                send(time_ms + DELAY_MS, ("v1", cell))
    return sorted(spikes)


def main():
    with h5py.File(CASE / "expected/base/spikes.h5") as file:
        spike = file["spikes/v1"]
        expected = sorted(zip(spike["timestamps"][:].tolist(), spike["node_ids"][:].tolist()))
    targets = connections()
    for order, in_order_of_firing in [("in the order of firing", True), ("by cell", False)]:
        found = simulate(targets, in_order_of_firing)
        rounded = [{(round(t, 6), cell) for t, cell in spikes} for spikes in (found, expected)]
        first = min(rounded[0] ^ rounded[1], default=None)
        n_same = len(rounded[0] & rounded[1])
        print(f"{order}: {len(found)} spikes, {n_same} of {len(expected)}; first other one {first}")


if __name__ == "__main__":
    main()
