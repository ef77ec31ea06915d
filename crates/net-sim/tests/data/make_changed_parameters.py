#!/usr/bin/env python3
"""Expected numbers for parameters that change while a run stands, from NEURON (pip install neuron):
changed_parameters.json beside this script.

A sphere-like cylinder with hh channels (exact rates), a clamp and a synapse with events at 5, 22 and 41 ms; after
20 ms channels, leak, clamp and the time constant of the synapse change, after 40 ms some of them again. Traces are
thinned: every 7th sample, from t = 0.
"""
import json
import pathlib

from neuron import h

h.load_file("stdrun.hoc")
DT, EVERY = 0.025, 7
EVENTS, WEIGHT = [5.0, 22.0, 41.0], 0.01
CHANGES = [
    [20.0, {"hh.gnabar": 0.09, "hh.gl": 6e-4, "hh.el": -60.0, "IClamp.amp": 0.15, "ExpSyn.tau": 5.0}],
    [40.0, {"hh.gkbar": 0.05, "IClamp.amp": -0.05, "ExpSyn.e": -75.0}],
    [60.0, {}],
]

soma = h.Section(name="soma")
soma.L = soma.diam = 20
soma.Ra, soma.cm = 100, 1
soma.insert("hh")
h.usetable_hh, h.celsius, h.secondorder = 0, 6.3, 0
points = {"IClamp": h.IClamp(soma(0.5)), "ExpSyn": h.ExpSyn(soma(0.5))}
points["IClamp"].delay, points["IClamp"].dur, points["IClamp"].amp = 2.0, 1e9, 0.1
points["ExpSyn"].tau, points["ExpSyn"].e = 2.0, 0.0
connection = h.NetCon(None, points["ExpSyn"])
connection.weight[0], connection.delay = WEIGHT, 0.0
vectors = {
    "v": h.Vector().record(soma(0.5)._ref_v),
    "m": h.Vector().record(soma(0.5).hh._ref_m),
    "g": h.Vector().record(points["ExpSyn"]._ref_g),
}
h.dt, h.steps_per_ms = DT, 1 / DT
h.finitialize(-65)
for time in EVENTS:
    connection.event(time)
for time, parameters in CHANGES:
    while h.t < time - DT / 2:
        h.fadvance()
    for name, value in parameters.items():
        owner, variable = name.split(".")
        setattr(points.get(owner, soma(0.5).hh if owner == "hh" else None), variable, value)
traces = {name: list(vector)[::EVERY] for name, vector in vectors.items()}
result = {"dt_ms": DT, "every": EVERY, "events_ms": EVENTS, "weight": WEIGHT, "changes": CHANGES, "traces": traces}
pathlib.Path(__file__).with_name("changed_parameters.json").write_text(json.dumps(result) + "\n")
