#!/usr/bin/env python3
"""LFPy's network of ball-and-stick cells, as the example `ei_network` has it, with potentials at contacts.

    python run_lfpy_ei.py --cells 200 --contacts 16 --folder DIR

Four fifths of the cells are excitatory; 64 Poisson inputs a cell. Which cells are connected is drawn by each engine, so
that the spikes are not the same; the sizes are. The cost of a step is the slope between two durations.
"""
import argparse
import json
import multiprocessing
import os
import time

import numpy
import scipy.stats
from LFPy import CurrentDipoleMoment, Network, NetworkCell, RecExtElectrode, Synapse
from neuron import h

MORPHOLOGY = """create soma[1]
create apic[1]
soma[0] { pt3dclear() pt3dadd(0, 0, -15, 30) pt3dadd(0, 0, 15, 30) nseg = 1 }
apic[0] { pt3dclear() pt3dadd(0, 0, 15, 3) pt3dadd(0, 0, 1015, 3) nseg = 21 }
connect apic[0](0), soma[0](1)
forall { Ra = 100 cm = 1 all.append() }
soma[0] { insert hh }
apic[0] { insert pas g_pas = 0.0002 e_pas = -65 }
"""
TEMPLATE = """begintemplate BallAndStick
public init, soma, apic, all
objref all
proc init() { all = new SectionList() }
create soma[1], apic[1]
endtemplate BallAndStick
"""
EXCITATORY = {"tau1": 0.2, "tau2": 1.8, "e": 0.0}
INHIBITORY = {"tau1": 0.1, "tau2": 9.0, "e": -80.0}


def run(args, tstop_ms, contacts):
    numpy.random.seed(1)
    files = {"morphology": MORPHOLOGY, "templatefile": TEMPLATE}
    paths = {key: os.path.join(args.folder, f"{key}.hoc") for key in files}
    for key, text in files.items():
        with open(paths[key], "w") as file:
            file.write(text)
    network = Network(dt=2**-4, tstop=tstop_ms, v_init=-65.0, celsius=6.3, OUTPUTPATH=args.folder)
    cell = {
        **paths,
        "templatename": "BallAndStick",
        "templateargs": None,
        "delete_sections": False,
        "nsegs_method": None,
        "passive": False,
    }
    inhibitory = args.cells // 5
    for name, size in [("E", args.cells - inhibitory), ("I", inhibitory)]:
        network.create_population(
            name=name,
            POP_SIZE=size,
            Cell=NetworkCell,
            cell_args=cell,
            pop_args={"radius": 100.0, "loc": 0.0, "scale": 20.0},
            rotation_args={"x": 0.0, "y": 0.0},
        )
        for each in network.populations[name].cells:
            for segment in each.get_rand_idx_area_norm(section="allsec", nidx=64):
                synapse = Synapse(cell=each, idx=segment, syntype="Exp2Syn", weight=0.0012, **EXCITATORY)
                synapse.set_spike_times_w_netstim(interval=40.0)
    for pre in "EI":
        is_exc = pre == "E"
        probability = (0.15 if is_exc else 0.3) * min(50 / args.cells, 1.0)
        weight = 0.002 if is_exc else 0.01
        for post in "EI":
            network.connect(
                pre,
                post,
                network.get_connectivity_rand(pre, post, probability),
                syntype=h.Exp2Syn,
                synparams=EXCITATORY if is_exc else INHIBITORY,
                weightfun=numpy.random.normal,
                weightargs={"loc": weight, "scale": 0.1 * weight},
                minweight=0.0,
                delayfun=scipy.stats.truncnorm,
                delayargs={"a": -4.0, "b": numpy.inf, "loc": 1.5, "scale": 0.3},
                multapsefun=scipy.stats.truncnorm,
                multapseargs={"a": -2.0, "b": 16.0, "loc": 2.0, "scale": 0.5}
                if is_exc
                else {"a": -4.0, "b": 5.0, "loc": 5.0, "scale": 1.0},
                syn_pos_args={
                    "section": ["soma", "apic"],
                    "fun": [scipy.stats.norm] * 2,
                    "funargs": [{"loc": 0.0, "scale": 100.0}, {"loc": 500.0 if is_exc else 100.0, "scale": 100.0}],
                    "funweights": [0.5, 1.0],
                },
            )
    probes = None
    if contacts:
        z_um = numpy.linspace(-250.0, 1250.0, contacts)
        x_um = numpy.zeros(contacts)
        electrode = RecExtElectrode(cell=None, x=x_um, y=x_um, z=z_um, sigma=0.3, method="linesource")
        probes = [electrode, CurrentDipoleMoment(cell=None)]
    start = time.perf_counter()
    result = network.simulate(probes=probes, rec_imem=False, rec_vmem=False, rec_pop_contributions=bool(contacts))
    seconds = time.perf_counter() - start
    network.pc.gid_clear()
    h("forall delete_section()")
    return seconds, sum(len(times) for population in result["times"] for times in population)


def in_process(function, *arguments):
    """The result of a function in a process of its own: NEURON does not survive a second network of this size."""
    ours, theirs = multiprocessing.Pipe()
    if os.fork() == 0:
        theirs.send(function(*arguments))
        os._exit(0)
    theirs.close()
    return ours.recv()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--contacts", type=int, default=16)
    parser.add_argument("--tstop", type=float, default=50.0, help="ms; the shorter of both durations")
    parser.add_argument("--folder", required=True)
    args = parser.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    short_s, _ = in_process(run, args, args.tstop, args.contacts)
    long_s, spikes = in_process(run, args, 2.0 * args.tstop, args.contacts)
    print("RESULT " + json.dumps({
        "engine": "LFPy",
        "network": f"E/I of {args.cells} cells",
        "compartments": 22 * args.cells,
        "contacts": args.contacts,
        "spikes": spikes,
        "us_per_step": round(1e6 * (long_s - short_s) / (16 * args.tstop), 2),
    }), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
