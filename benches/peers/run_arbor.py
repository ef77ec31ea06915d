#!/usr/bin/env python3
"""Run a network file with Arbor, in one thread.

    python run_arbor.py MODEL.json [--group N] [--spikes FILE]

One control volume a segment of the model. N cells share one state: Arbor's default is 1, larger groups are faster.
"""
import argparse
import time

import arbor as A
from arbor import units as U

from result import read_network, report

TAGS = {"soma": 1, "dend": 3}


def build_cell(cell, network):
    tree = A.segment_tree()
    first, last, ends_um = [], [], []  # of each section: its segments, and where it ends
    for section in cell["sections"]:
        parent = section["parent"]
        z_um = 0.0 if parent < 0 else ends_um[parent]
        segment = A.mnpos if parent < 0 else last[parent]
        length_um, radius_um = section["length_um"] / section["n_segments"], section["diam_um"] / 2
        for index in range(section["n_segments"]):
            ends = [A.mpoint(0, 0, z_um + (index + k) * length_um, radius_um) for k in (0, 1)]
            segment = tree.append(segment, *ends, tag=TAGS[section["kind"]])
            if index == 0:
                first.append(segment)
        last.append(segment)
        ends_um.append(z_um + section["length_um"])
    decor = A.decor()
    for kind, membrane in network["membranes"].items():
        paint(decor, f"(tag {TAGS[kind]})", membrane)
    decor.place("(on-components 0.5 (segment 0))", A.threshold_detector(network["threshold_mv"] * U.mV), "soma")
    synapse = A.synapse("expsyn", {"tau": network["synapse"]["tau_ms"], "e": network["synapse"]["e_mv"]})
    for number, (index, x) in enumerate(cell["synapses"]):
        n = cell["sections"][index]["n_segments"]
        part = min(int(x * n), n - 1)
        place = f"(on-components {x * n - part} (segment {first[index] + part}))"
        decor.place(place, synapse, f"synapse {number}")
    return A.cable_cell(A.morphology(tree), decor, A.label_dict(), A.cv_policy_every_segment())


def paint(decor, region, membrane):
    hh = membrane["hh"]
    decor.paint(region, rL=membrane["ra_ohm_cm"] * U.Ohm * U.cm)
    decor.paint(region, cm=membrane["cm_uf_per_cm2"] * U.uF / U.cm2)
    decor.paint(region, ion="na", rev_pot=hh["ena_mv"] * U.mV)
    decor.paint(region, ion="k", rev_pot=hh["ek_mv"] * U.mV)
    decor.paint(region, A.density("hh", {
        "gnabar": hh["gnabar_s_per_cm2"],
        "gkbar": hh["gkbar_s_per_cm2"],
        "gl": hh["gl_s_per_cm2"],
        "el": hh["el_mv"],
    }))
    if "pas" in membrane:
        pas = membrane["pas"]
        decor.paint(region, A.density(f"pas/e={pas['e_mv']}", {"g": pas["g_s_per_cm2"]}))


class Network(A.recipe):
    """What Arbor asks about the network, cell by cell."""

    def __init__(self, network):
        A.recipe.__init__(self)
        self.network = network
        self.onto = [[] for _ in network["cells"]]
        for source, target, synapse, weight_us, delay_ms in network["connections"]:
            connection = A.connection((source, "soma"), f"synapse {synapse}", weight_us, delay_ms * U.ms)
            self.onto[target].append(connection)
        self.properties = A.neuron_cable_properties()
        kelvin = network["celsius"] + 273.15
        self.properties.set_property(Vm=network["v_init_mv"] * U.mV, tempK=kelvin * U.Kelvin)

    def num_cells(self):
        return len(self.network["cells"])

    def cell_kind(self, gid):
        return A.cell_kind.cable

    def global_properties(self, kind):
        return self.properties

    def cell_description(self, gid):
        return build_cell(self.network["cells"][gid], self.network)

    def connections_on(self, gid):
        return self.onto[gid]

    def event_generators(self, gid):
        kick = self.network["kick"]
        if gid not in kick["gids"]:
            return []
        once = A.explicit_schedule([kick["time_ms"] * U.ms])
        return [A.event_generator(f"synapse {kick['synapse']}", kick["weight_us"], once)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--group", type=int, default=1, help="cells per group")
    parser.add_argument("--spikes", help="write the spikes here")
    args = parser.parse_args()
    network = read_network(args.model)

    start = time.perf_counter()
    recipe, context = Network(network), A.context(threads=1)
    hint = A.partition_hint()
    hint.cpu_group_size = args.group
    decomposition = A.partition_load_balance(recipe, context, {A.cell_kind.cable: hint})
    simulation = A.simulation(recipe, context, decomposition)
    simulation.record(A.spike_recording.all)
    setup_s = time.perf_counter() - start

    start = time.perf_counter()
    simulation.run(network["tstop_ms"] * U.ms, network["dt_ms"] * U.ms)
    sim_s = time.perf_counter() - start
    spikes = [(float(t_ms), int(source[0])) for source, t_ms in simulation.spikes()]
    report(f"Arbor, groups of {args.group}", network, spikes, setup_s, sim_s, args.spikes)


if __name__ == "__main__":
    main()
