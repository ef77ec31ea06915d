#!/usr/bin/env python3
"""Run a network file of cells with points in space in LFPy, with potentials at contacts.

    python run_lfpy.py MODEL.json --contacts 16 [--signal FILE.npy]

The contacts stand beside the cells, on a line along z, in a medium of 0.3 S/m; segments are line sources. Without
contacts LFPy leaves the run to NEURON. The cost of a step is the slope between two durations, so that set-up, the matrix
and the initialization cancel.
"""
import argparse
import json
import os
import resource
import sys
import tempfile
import time

import numpy
from LFPy import Network, NetworkCell, RecExtElectrode
from neuron import h

from result import compartments, read_network
from run_neuron import insert

TEMPLATE = """begintemplate Cell
public init, soma, dend, all
objref all
proc init() { all = new SectionList() }
create soma[1], dend[1]
endtemplate Cell
"""


def name(index):
    return "soma[0]" if index == 0 else f"dend[{index - 1}]"


def morphology(cell, path):
    """Writes the cell as LFPy reads it."""
    sections = cell["sections"]
    with open(path, "w") as file:
        file.write(f"create soma[1]\ncreate dend[{len(sections) - 1}]\n")
        for index, each in enumerate(sections):
            points = "".join(f"pt3dadd({x}, {y}, {z}, {each['diam_um']}) " for x, y, z in each["points_um"])
            file.write(f"{name(index)} {{ pt3dclear() {points} nseg = {each['n_segments']} }}\n")
            if each["parent"] >= 0:
                file.write(f"connect {name(index)}(0), {name(each['parent'])}(1)\n")
        file.write("forall { all.append() }\n")


def connect(network, cells, pc):
    """Synapses and what acts on them; all live as long as the list that is returned."""
    kept = []
    synapses = []
    for cell, described in zip(cells, network["cells"]):
        index, x = described["synapses"][0]
        section = list(cell.allseclist)[index]
        synapse = h.ExpSyn(section(x))
        synapse.tau, synapse.e = network["synapse"]["tau_ms"], network["synapse"]["e_mv"]
        synapses.append(synapse)
    for source, target, _, weight_us, delay_ms in network["connections"]:
        connection = pc.gid_connect(source, synapses[target])
        connection.weight[0], connection.delay = weight_us, delay_ms
        kept.append(connection)
    kick = network["kick"]
    for gid in kick["gids"]:
        stimulus = h.NetStim()
        stimulus.number, stimulus.start = 1, 0
        connection = h.NetCon(stimulus, synapses[gid])
        connection.weight[0], connection.delay = kick["weight_us"], kick["time_ms"]
        kept += [stimulus, connection]
    return kept + synapses


def segment_ends(section):
    """Start and end of every segment of a section: segments x (x, y, z) x 2."""
    start, end = numpy.array(section["points_um"])
    at = numpy.linspace(0.0, 1.0, section["n_segments"] + 1)
    points = start + at[:, None] * (end - start)
    return numpy.stack([points[:-1], points[1:]], axis=2)


def build(network, folder, tstop_ms):
    made = Network(
        dt=network["dt_ms"], tstop=tstop_ms, v_init=network["v_init_mv"], celsius=network["celsius"], OUTPUTPATH=folder
    )
    template = os.path.join(folder, "template.hoc")
    with open(template, "w") as file:
        file.write(TEMPLATE)
    cells = []
    for gid, described in enumerate(network["cells"]):
        path = os.path.join(folder, f"cell_{gid}.hoc")
        morphology(described, path)
        arguments = {
            "morphology": path,
            "templatefile": template,
            "templatename": "Cell",
            "templateargs": None,
            "delete_sections": False,
            "nsegs_method": None,
            "passive": False,
        }
        made.create_population(
            name=f"cell_{gid}",
            POP_SIZE=1,
            Cell=NetworkCell,
            cell_args=arguments,
            pop_args={"radius": 1e-9, "loc": 0.0, "scale": 1e-9},
            rotation_args={"x": 0.0, "y": 0.0},
        )
        cell = made.populations[f"cell_{gid}"].cells[0]
        for section, each in zip(cell.allseclist, described["sections"]):
            insert(section, network["membranes"][each["kind"]], "hh")
        # LFPy detects spikes at -10 mV.
        made.pc.threshold(gid, network["threshold_mv"])
        # Where the network file has them: LFPy turns every cell of a population.
        ends = numpy.vstack([segment_ends(each) for each in described["sections"]])
        cell.x, cell.y, cell.z = ends[:, 0], ends[:, 1], ends[:, 2]
        cells.append(cell)
    return made, cells


def run(network, folder, contacts, tstop_ms):
    made, cells = build(network, folder, tstop_ms)
    kept = connect(network, cells, made.pc)
    h.usetable_hh = 0
    probe = None
    if contacts:
        z_um = numpy.linspace(-500.0, 500.0, contacts) if contacts > 1 else numpy.zeros(1)
        x_um, y_um = numpy.full(contacts, 30.0), numpy.zeros(contacts)
        probe = RecExtElectrode(cell=None, x=x_um, y=y_um, z=z_um, sigma=0.3, method="linesource")
    start = time.perf_counter()
    made.simulate(probes=[probe] if probe else None, rec_imem=False, rec_vmem=False)
    seconds = time.perf_counter() - start
    del kept
    made.pc.gid_clear()
    h("forall delete_section()")
    return seconds, probe.data["imem"] if probe else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--contacts", type=int, default=16)
    parser.add_argument("--tstop", type=float, help="ms; the shorter of both durations")
    parser.add_argument("--signal", help="write the potentials (mV) of the shorter run here, contacts x steps")
    args = parser.parse_args()
    network = read_network(args.model)
    tstop_ms = args.tstop or network["tstop_ms"]
    with tempfile.TemporaryDirectory() as folder:
        short_s, signal = run(network, folder, args.contacts, tstop_ms)
        long_s, _ = run(network, folder, args.contacts, 2.0 * tstop_ms)
    if args.signal and signal is not None:
        numpy.save(args.signal, signal)
    steps = round(tstop_ms / network["dt_ms"])
    print("RESULT " + json.dumps({
        "engine": "LFPy",
        "network": network["name"],
        "compartments": compartments(network),
        "contacts": args.contacts,
        "us_per_step": round(1e6 * (long_s - short_s) / steps, 2),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }), flush=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
