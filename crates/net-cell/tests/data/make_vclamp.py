#!/usr/bin/env python3
"""Expected numbers for VClamp, from NEURON (pip install neuron): vclamp.json beside this script.

A cylinder of five segments with a clamp in its first one, passive or with hh channels (exact rates), at the
step of the engine's default. Traces are thinned: every 9th sample. `i` is the clamp's current at the
end of each step; column 0 is t = 0.
"""
import json
import pathlib

from neuron import h

h.load_file("stdrun.hoc")
DT, TSTOP, EVERY = 0.025, 12.0, 9
CLAMP = {"dur": [2.0, 5.0, 3.0], "amp": [-65.0, -20.0, -80.0]}
CASES = {
    "pas_default": ("pas", {}),
    "hh_default": ("hh", {}),
    "hh_slow": ("hh", {"gain": 200.0, "rstim": 0.5, "tau1": 0.05, "tau2": 0.2}),
    "pas_compensated": ("pas", {"gain": 50.0, "rstim": 5.0, "tau1": 0.01, "tau2": 0.1, "fac": 0.5}),
}


def run(membrane, parameters):
    section = h.Section(name="cable")
    section.L, section.diam, section.nseg, section.Ra, section.cm = 200, 10, 5, 100, 1
    section.insert(membrane)
    if membrane == "pas":
        section.g_pas, section.e_pas = 1e-4, -70
    h.usetable_hh, h.celsius, h.secondorder = 0, 6.3, 0
    clamp = h.VClamp(section(0.1))
    for k in range(3):
        clamp.dur[k], clamp.amp[k] = CLAMP["dur"][k], CLAMP["amp"][k]
    for name, value in parameters.items():
        setattr(clamp, name, value)
    vectors = {
        "v_first": h.Vector().record(section(0.1)._ref_v),
        "v_last": h.Vector().record(section(0.9)._ref_v),
        "i": h.Vector().record(clamp._ref_i),
    }
    h.dt, h.steps_per_ms, h.v_init = DT, 1 / DT, -65
    h.finitialize(-65)
    for _ in range(round(TSTOP / DT)):
        h.fadvance()
    return {name: list(vector)[::EVERY] for name, vector in vectors.items()}


cases = {
    name: {"membrane": membrane, "parameters": parameters, **run(membrane, parameters)}
    for name, (membrane, parameters) in CASES.items()
}
result = {"neuron": h.nrnversion(5), "dt_ms": DT, "every": EVERY, **CLAMP, "cases": cases}
path = pathlib.Path(__file__).with_name("vclamp.json")
path.write_text(json.dumps(result, indent=None, separators=(",", ":")).replace('"cases":{', '"cases":{\n').replace("},", "},\n") + "\n")
