#!/usr/bin/env python3
"""Makes glia.json, beside this script: an astrocyte of four sections in NEURON (pip install neuron).

Run where nrnivmodl has compiled the public files GluReceive, GluReceiveSoma, cadifus and vascouplingB of
Neurodamus (tests/mechanisms/ngv of github.com/openbraininstitute/neurodamus).

The branch stands in the middle of the soma, twig and endfoot at the end of the branch, as in circuits of
Neurodamus. Calcium starts away from rest in the twig and has another rest in the branch, so that buffers,
pumps, exchanger, release and diffusion take part. Two events of glutamate reach branch and soma. Traces are
thinned: every EVERY-th sample from t = 0 on.
"""
import json
import pathlib

from neuron import h

DT = 0.025
EVERY = 24
N_STEPS = 480

soma, branch, twig, foot = (h.Section(name=name) for name in ("soma", "branch", "twig", "foot"))
for section, length, diameter in [(soma, 30, 30), (branch, 25, 0.5), (twig, 12, 0.6), (foot, 10, 5)]:
    section.L, section.diam, section.Ra, section.cm, section.nseg = length, diameter, 35.4, 1, 1
    section.insert("cadifus")
branch.connect(soma(0.5))
twig.connect(branch(1))
foot.connect(branch(1))
foot.insert("vascouplingB")
foot(0.5).vascouplingB.R0pas = 0.675
branch(0.5).cadifus.cai00 = 1.2e-4
twig(0.5).cadifus.cai0 = 3e-4
glut, at_soma = h.GlutReceive(branch(0.5)), h.GlutReceiveSoma(soma(0.5))
branch(0.5).cadifus._ref_glu2 = glut._ref_glut
source = h.NetStim()
source.start, source.number, source.interval, source.noise = 2.0, 2, 4.5, 0
connections = [h.NetCon(source, target, 0, 0.05, 1.1) for target in (glut, at_soma)]

vectors = {}


def record(name, reference):
    vectors[name] = h.Vector().record(reference)


OF_CELL = ["ki", "cai", "ikState", "bound_pump", "unbound_pump", "icaER", "icaPLASMA", "iNaCa"]
ARRAYS = ["ca", "bufs", "sercaU", "sercaB1", "sercaB2", "ho"]
OF_FOOT = ["kp", "Vi", "M", "Mp", "AMp", "AM", "Rad", "n", "Cam", "th", "Frm", "j_BK", "j_KIR"]
for section in (soma, branch, twig, foot):
    name = section.name()
    segment = section(0.5)
    record(f"{name}/v", segment._ref_v)
    for variable in OF_CELL:
        record(f"{name}/cadifus/{variable}", getattr(segment.cadifus, "_ref_" + variable))
    for variable in ARRAYS:
        for shell in (0, 2):
            reference = getattr(segment.cadifus, "_ref_" + variable)[shell]
            record(f"{name}/cadifus/{variable}[{shell}]", reference)
record("branch/GlutReceive/glut", glut._ref_glut)
for variable in OF_FOOT:
    record(f"foot/vascouplingB/{variable}", getattr(foot(0.5).vascouplingB, "_ref_" + variable))
record("soma/GlutReceiveSoma/glut", at_soma._ref_glut)

h.celsius, h.dt, h.secondorder = 34, DT, 0
h.finitialize(-65)
for _ in range(N_STEPS):
    h.fadvance()
traces = {name: list(vector)[::EVERY] for name, vector in vectors.items()}
text = json.dumps({"dt_ms": DT, "every": EVERY, "traces": traces}, separators=(",", ":"))
pathlib.Path(__file__).with_name("glia.json").write_text(text + "\n")
