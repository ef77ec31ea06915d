#!/usr/bin/env python3
"""Writes channels.json: potentials of one compartment with each channel of a set, from NEURON.

    make_channels.py SET FOLDER channels.json

FOLDER is one in which nrnivmodl has compiled the public .mod files of the set: `bbp` from
openbraininstitute/neurodamus (tests/mechanisms/neocortex), `allen` from bmtk's wheel.
"""
import json
import os
import sys

from neuron import h

SKIPPED = {"StochKv", "StochKv3", "vecevent"}


def potentials(name, calcium):
    """Every ms, with a current step; and the conductance that was set."""
    soma = h.Section(name="soma")
    soma.L = soma.diam = 20
    soma.Ra, soma.cm = 100, 1
    soma.insert("pas")
    soma.g_pas, soma.e_pas = 1e-4, -65
    soma.insert(name)
    inserted = [name]
    if "Ca" in name or name.startswith("SK") and "v3" not in name:
        # One mechanism keeps the concentration.
        kind = "CaDynamics" if name.startswith("CaDynamics") else name
        inserted += [other for other in calcium if not other.startswith(kind)]
        for other in inserted[1:]:
            soma.insert(other)
    owned = {}
    for mechanism in inserted:
        standard = h.MechanismStandard(mechanism, 1)
        text = h.ref("")
        for k in range(int(standard.count())):
            standard.name(text, k)
            parameter = text[0][: -len(mechanism) - 1]
            if parameter.startswith("g") and parameter.endswith("bar"):
                setattr(soma, text[0], 1e-3)
                owned.setdefault(mechanism, {})[parameter] = 1e-3
        owned.setdefault(mechanism, {})
    clamp = h.IClamp(soma(0.5))
    clamp.delay, clamp.dur, clamp.amp = 5, 20, 0.1
    v = h.Vector().record(soma(0.5)._ref_v)
    h.load_file("stdrun.hoc")
    h.celsius, h.dt, h.steps_per_ms = 34, 0.025, 40
    if hasattr(h, "usetable_" + name):
        setattr(h, "usetable_" + name, 0)
    h.finitialize(-65)
    for _ in range(1600):
        h.fadvance()
    return {"mechanisms": owned, "v": [v[40 * k] for k in range(41)]}


def main():
    which, folder, path = sys.argv[1:]
    h.nrn_load_dll(os.path.join(folder, os.uname().machine, "libnrnmech.so"))
    calcium = ("Ca_HVA", "CaDynamics_E2" if which == "bbp" else "CaDynamics")
    names = sorted(f[:-4] for f in os.listdir(folder) if f.endswith(".mod") and f[:-4] not in SKIPPED)
    known = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    known[which] = {name: potentials(name, calcium) for name in names}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(known, file)


if __name__ == "__main__":
    main()
