#!/usr/bin/env python3
"""Copies of a cell of model.py in NEURON; mechanisms compiled by nrnivmodl."""
import argparse
import json
import os
import time

from neuron import h


def build(model):
    """One cell: its sections and the clamp."""
    sections = []
    for k, of in enumerate(model["sections"]):
        section = h.Section(name=f"{of['kind']}_{k}")
        section.L, section.diam, section.nseg = of["length_um"], of["diameter_um"], of["n_segments"]
        section.Ra, section.cm = model["ra_ohm_cm"], of["cm_uf_per_cm2"]
        if of["parent"] is not None:
            # Everything that grows from the soma does so from its middle.
            section.connect(sections[of["parent"]](0.5 if of["parent"] == 0 else 1))
        for mechanism, parameters in of["mechanisms"].items():
            section.insert(mechanism)
            for name, value in parameters.items():
                setattr(section, f"{name}_{mechanism}", value)
        for ion, potential in model["reversal_mv"].items():
            if h.ismembrane(f"{ion}_ion", sec=section):
                setattr(section, f"e{ion}", potential)
        sections.append(section)
    clamp = h.IClamp(sections[0](0.5))
    clamp.delay, clamp.dur, clamp.amp = model["clamp"]["delay_ms"], 1e9, model["clamp"]["amplitude_na"]
    return sections, clamp


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model")
    arguments.add_argument("--mechanisms", required=True, help="folder in which nrnivmodl ran")
    arguments.add_argument("--copies", type=int, default=1)
    arguments.add_argument("--tstop", type=float, default=100.0)
    arguments.add_argument("--trace", help="file for the potential of the first soma")
    args = arguments.parse_args()
    h.nrn_load_dll(os.path.join(args.mechanisms, os.uname().machine, "libnrnmech.so"))
    h.load_file("stdrun.hoc")
    started = time.perf_counter()
    with open(args.model, encoding="utf-8") as file:
        model = json.load(file)
    cells = [build(model) for _ in range(args.copies)]
    times, indices, counters = h.Vector(), h.Vector(), []
    for gid, (sections, _) in enumerate(cells):
        counter = h.NetCon(sections[0](0.5)._ref_v, None, sec=sections[0])
        counter.threshold = model["threshold_mv"]
        counter.record(times, indices, gid)
        counters.append(counter)
    trace = h.Vector().record(cells[0][0][0](0.5)._ref_v)
    h.celsius, h.v_init = model["celsius"], model["v_init_mv"]
    h.dt, h.steps_per_ms = model["dt_ms"], 1 / model["dt_ms"]
    h.CVode().cache_efficient(1)
    context = h.ParallelContext()
    context.set_maxstep(10)
    h.stdinit()
    setup = time.perf_counter() - started
    started = time.perf_counter()
    context.psolve(args.tstop)
    seconds = time.perf_counter() - started
    if args.trace:
        with open(args.trace, "w", encoding="utf-8") as file:
            file.writelines(f"{v:.9f}\n" for v in trace)
    n = sum(of["n_segments"] for of in model["sections"]) * args.copies
    print("RESULT " + json.dumps({
        "engine": "neuron", "copies": args.copies, "compartments": n, "spikes": int(times.size()),
        "setup_s": round(setup, 3), "run_s": round(seconds, 3),
        "million_compartment_steps_per_s": round(n * args.tstop / model["dt_ms"] / seconds * 1e-6, 3),
    }))


if __name__ == "__main__":
    main()
