#!/usr/bin/env python3
"""Run a network file with NEURON or CoreNEURON, in one thread.

    python run_neuron.py MODEL.json [--exact] [--coreneuron] [--mechanisms DIR] [--spikes FILE]

NEURON takes the rates of `hh` from tables in steps of 1 mV; with --exact it computes them. --mechanisms names a folder
in which `nrnivmodl -coreneuron` has compiled hh_exact.mod; its channels then take the place of `hh`. CoreNEURON must be
told the same library by the environment variable CORENEURONLIB before Python starts.
"""
import argparse
import platform
import time
from pathlib import Path

from neuron import h

from result import read_network, report


def build_cell(cell, network, channels):
    sections = []
    for index, each in enumerate(cell["sections"]):
        section = h.Section(name=f"{each['kind']}_{index}")
        section.L, section.diam, section.nseg = each["length_um"], each["diam_um"], each["n_segments"]
        insert(section, network["membranes"][each["kind"]], channels)
        if each["parent"] >= 0:
            section.connect(sections[each["parent"]](1), 0)
        sections.append(section)
    synapses = []
    for index, x in cell["synapses"]:
        synapse = h.ExpSyn(sections[index](x))
        synapse.tau, synapse.e = network["synapse"]["tau_ms"], network["synapse"]["e_mv"]
        synapses.append(synapse)
    return sections, synapses


def insert(section, membrane, channels):
    section.Ra, section.cm = membrane["ra_ohm_cm"], membrane["cm_uf_per_cm2"]
    hh = membrane["hh"]
    section.insert(channels)
    for name, key in [("gnabar", "gnabar_s_per_cm2"), ("gkbar", "gkbar_s_per_cm2"), ("gl", "gl_s_per_cm2"), ("el", "el_mv")]:
        setattr(section, f"{name}_{channels}", hh[key])
    section.ena, section.ek = hh["ena_mv"], hh["ek_mv"]
    if "pas" in membrane:
        section.insert("pas")
        section.g_pas, section.e_pas = membrane["pas"]["g_s_per_cm2"], membrane["pas"]["e_mv"]


def connect(pc, cells, network):
    """All NetCons and NetStims; they live as long as the list that is returned."""
    kept = []
    for gid, (sections, _) in enumerate(cells):
        pc.set_gid2node(gid, 0)
        detector = h.NetCon(sections[0](0.5)._ref_v, None, sec=sections[0])
        detector.threshold = network["threshold_mv"]
        pc.cell(gid, detector)
        kept.append(detector)
    for source, target, synapse, weight_us, delay_ms in network["connections"]:
        connection = pc.gid_connect(source, cells[target][1][synapse])
        connection.weight[0], connection.delay = weight_us, delay_ms
        kept.append(connection)
    kick = network["kick"]
    for gid in kick["gids"]:
        stimulus = h.NetStim()
        stimulus.number, stimulus.start = 1, 0
        connection = h.NetCon(stimulus, cells[gid][1][kick["synapse"]])
        connection.weight[0], connection.delay = kick["weight_us"], kick["time_ms"]
        kept += [stimulus, connection]
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--exact", action="store_true", help="no rate tables")
    parser.add_argument("--coreneuron", action="store_true")
    parser.add_argument("--mechanisms", help="folder with hh_exact compiled")
    parser.add_argument("--spikes", help="write the spikes here")
    args = parser.parse_args()
    network = read_network(args.model)
    if args.mechanisms:
        h.nrn_load_dll(str(Path(args.mechanisms) / platform.machine() / "libnrnmech.so"))
    channels = "hh_exact" if args.mechanisms else "hh"

    start = time.perf_counter()
    h.load_file("stdrun.hoc")
    pc = h.ParallelContext()
    cells = [build_cell(cell, network, channels) for cell in network["cells"]]
    kept = connect(pc, cells, network)
    h.celsius, h.v_init = network["celsius"], network["v_init_mv"]
    h.usetable_hh = 0 if args.exact else 1
    times_ms, gids = h.Vector(), h.Vector()
    pc.spike_record(-1, times_ms, gids)
    h.dt, h.steps_per_ms = network["dt_ms"], 1 / network["dt_ms"]
    h.CVode().cache_efficient(1)
    if args.coreneuron:
        from neuron import coreneuron

        coreneuron.enable, coreneuron.verbose = True, 0
    pc.set_maxstep(10)
    h.stdinit()
    setup_s = time.perf_counter() - start

    start = time.perf_counter()
    pc.psolve(network["tstop_ms"])
    sim_s = time.perf_counter() - start
    engine = "CoreNEURON" if args.coreneuron else "NEURON"
    engine += ", exact rates, native build" if args.mechanisms else ", exact rates" if args.exact else ", rate tables"
    spikes = [(t_ms, int(gid)) for t_ms, gid in zip(times_ms, gids)]
    report(engine, network, spikes, setup_s, sim_s, args.spikes)
    del kept
    h.quit()


if __name__ == "__main__":
    main()
