#!/usr/bin/env python3
"""Expected concentrations of diffusion.mod, from NEURON (pip install neuron): diffusion.json beside this script.

A soma with two dendrites at its end and a twig in the middle of one; more calcium in one dendrite at the
start. Run where nrnivmodl has compiled diffusion.mod. Traces are thinned: every 20th sample from t = 0 on.
"""
import json
import pathlib

from neuron import h

h.load_file("stdrun.hoc")
DT, N_STEPS, EVERY = 0.05, 400, 20
SECTIONS = (("soma", 20, 20, 1), ("left", 150, 2, 5), ("right", 90, 1.5, 4), ("twig", 40, 1, 3))

sections = {name: h.Section(name=name) for name, *_ in SECTIONS}
for name, length, diameter, n in SECTIONS:
    section = sections[name]
    section.L, section.diam, section.nseg, section.Ra, section.cm = length, diameter, n, 100, 1
    section.insert("pas")
    section.insert("cadiff")
sections["left"].connect(sections["soma"](1))
sections["right"].connect(sections["soma"](1))
sections["twig"].connect(sections["left"](0.5))
for seg in sections["left"]:
    seg.cadiff.start = 1e-3
segments = [seg for name, *_ in SECTIONS for seg in sections[name]]
traces = {"cai": [], "b[0]": [], "b[1]": []}
for seg in segments:
    traces["cai"].append(h.Vector().record(seg._ref_cai))
    for k in range(2):
        traces[f"b[{k}]"].append(h.Vector().record(seg.cadiff._ref_b[k]))
h.dt, h.steps_per_ms, h.celsius = DT, 1 / DT, 6.3
h.finitialize(-65)
for _ in range(N_STEPS):
    h.fadvance()
result = {"neuron": h.nrnversion(5), "dt_ms": DT, "every": EVERY}
result |= {name: [list(t)[::EVERY] for t in traces] for name, traces in traces.items()}
text = json.dumps(result, separators=(",", ":"))
pathlib.Path(__file__).with_name("diffusion.json").write_text(text + "\n")
