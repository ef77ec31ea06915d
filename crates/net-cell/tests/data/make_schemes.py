#!/usr/bin/env python3
"""Expected potentials for both schemes, from NEURON (pip install neuron): schemes.json beside this script.

A soma with two dendrites at its end, hh channels everywhere (exact rates), a current step and a synaptic
event; backward Euler and secondorder = 2. Traces are thinned: every 7th sample from t = 0 on.
"""
import json
import pathlib

from neuron import h

h.load_file("stdrun.hoc")
DT, N_STEPS, EVERY = 0.025, 840, 7


def run(second_order):
    soma, left, right = (h.Section(name=name) for name in ("soma", "left", "right"))
    for section, length, diameter, n in ((soma, 20, 20, 1), (left, 150, 2, 5), (right, 90, 1.5, 4)):
        section.L, section.diam, section.nseg, section.Ra, section.cm = length, diameter, n, 100, 1
        section.insert("hh")
    left.connect(soma(1))
    right.connect(soma(1))
    h.usetable_hh, h.celsius, h.secondorder = 0, 6.3, 2 if second_order else 0
    clamp = h.IClamp(right(0.9))
    clamp.delay, clamp.dur, clamp.amp = 1, 6, 0.12
    synapse = h.ExpSyn(left(0.5))
    synapse.tau, synapse.e = 2, 0
    connection = h.NetCon(None, synapse)
    connection.weight[0] = 0.02
    places = {"soma": soma(0.5), "left": left(0.9), "right": right(0.9)}
    traces = {name: h.Vector().record(place._ref_v) for name, place in places.items()}
    h.dt, h.steps_per_ms, h.v_init = DT, 1 / DT, -65
    h.finitialize(-65)
    connection.event(12.0)
    for _ in range(N_STEPS):
        h.fadvance()
    return {name: list(trace)[::EVERY] for name, trace in traces.items()}


result = {"neuron": h.nrnversion(5), "dt_ms": DT, "every": EVERY, "order1": run(False), "order2": run(True)}
text = json.dumps(result, separators=(",", ":")).replace('"order', '\n"order')
pathlib.Path(__file__).with_name("schemes.json").write_text(text + "\n")
