#!/usr/bin/env python3
"""Pyramidal cells with the channels of published models, for any simulator.

    benches/cells/model.py l5pc|allen MODEL.json

The tree is generated: a soma, basal dendrites and an apical trunk with oblique dendrites and a tuft, all
sections cylinders that end or fork, so that simulators divide them alike. Channels and densities are
those of the layer 5 pyramidal cell of BluePyOpt's example (l5pc: Markram et al., Cell 163 (2015) 456) and,
rounded, of an all-active model of the Allen Cell Types Database that Arbor has as an example too (allen:
its sodium channel is a kinetic scheme of twelve states).
"""
import argparse
import json
import math
import random

DX_UM = 20.0

L5PC = {
    "soma": {"NaTs2_t": 0.983955, "SKv3_1": 0.303472, "SK_E2": 0.008407, "Ca_HVA": 0.000994,
             "Ca_LVAst": 0.000333, "Ih": 8e-5},
    "axon": {"NaTa_t": 3.137968, "Nap_Et2": 0.006827, "K_Pst": 0.973538, "K_Tst": 0.089259, "SK_E2": 0.007104,
             "SKv3_1": 1.021945, "Ca_HVA": 0.00099, "Ca_LVAst": 0.008752},
    "dend": {"Ih": 8e-5},
    "apic": {"NaTs2_t": 0.026145, "SKv3_1": 0.004226, "Im": 0.000143, "Ih": None},
}
L5PC_CALCIUM = {"soma": (0.000609, 210.485284), "axon": (0.00291, 287.198731)}
ALLEN = {
    "soma": {"NaV": 0.05, "SK": 7e-4, "Kv3_1": 0.19, "Ca_HVA": 1e-4, "Ca_LVA": 3.4e-3, "Ih": 1e-7},
    "axon": {"NaV": 0.036, "K_T": 7.5e-5, "Kd": 7e-3, "Kv2like": 0.068, "Kv3_1": 0.6, "SK": 7e-4,
             "Ca_HVA": 2e-6, "Ca_LVA": 7e-3},
    "dend": {"NaV": 0.047, "Kv3_1": 0.19, "Im_v2": 1.3e-3, "Ih": 9e-6},
    "apic": {"NaV": 3.8e-4, "Kv3_1": 0.8, "Im_v2": 8.5e-3, "Ih": 7e-7},
}
ALLEN_CALCIUM = {"soma": (0.018, 42.0), "axon": (0.042, 226.0)}


def tree():
    """Sections (kind, parent, length, diameter, path distance of the middle), parents first."""
    draw = random.Random(5)
    sections = [("soma", None, 20.0, 20.0, 0.0)]

    def grow(kind, parent, length, diameter, forks, distance):
        sections.append((kind, parent, length, diameter, distance + length / 2))
        own = len(sections) - 1
        if forks:
            for _ in range(2):
                grow(kind, own, draw.uniform(50, 110), max(0.5, 0.75 * diameter), forks - 1, distance + length)

    grow("axon", 0, 60.0, 1.2, 0, 0.0)
    for _ in range(6):
        grow("dend", 0, draw.uniform(20, 60), 1.8, 3, 0.0)
    trunk, distance = 0, 0.0
    for piece in range(8):
        sections.append(("apic", trunk, 70.0, 3.0 - 0.2 * piece, distance + 35.0))
        trunk, distance = len(sections) - 1, distance + 70.0
        grow("apic", trunk, draw.uniform(40, 120), 0.8, 1, distance)
    for _ in range(2):
        grow("apic", trunk, draw.uniform(50, 100), 1.4, 3, distance)
    return sections


def mechanisms(name, kind, distance):
    """What stands in a section: mechanism -> parameter -> value."""
    l5pc = name == "l5pc"
    densities, calcium = (L5PC, L5PC_CALCIUM) if l5pc else (ALLEN, ALLEN_CALCIUM)
    placed = {"pas": {"g": 3e-5, "e": -75.0 if l5pc else -80.0}}
    for mechanism, density in densities[kind].items():
        if density is None:
            density = (-0.8696 + 2.087 * math.exp(0.0031 * distance)) * 8e-5
        placed[mechanism] = {f"g{mechanism}bar" if l5pc else "gbar": density}
    if kind in calcium:
        gamma, decay = calcium[kind]
        placed["CaDynamics_E2" if l5pc else "CaDynamics"] = {"gamma": gamma, "decay": decay}
    return placed


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("name", choices=["l5pc", "allen"])
    arguments.add_argument("file")
    args = arguments.parse_args()
    sections = [
        {
            "kind": kind,
            "parent": parent,
            "length_um": length,
            "diameter_um": diameter,
            "n_segments": math.ceil(length / DX_UM),
            "cm_uf_per_cm2": 1.0 if kind in ("soma", "axon") else 2.0,
            "mechanisms": mechanisms(args.name, kind, distance),
        }
        for kind, parent, length, diameter, distance in tree()
    ]
    model = {
        "set": "bbp" if args.name == "l5pc" else "allen",
        "celsius": 34.0,
        "v_init_mv": -75.0,
        "dt_ms": 0.025,
        "ra_ohm_cm": 100.0,
        "reversal_mv": {"na": 50.0, "k": -85.0},
        "clamp": {"delay_ms": 10.0, "amplitude_na": 1.0 if args.name == "l5pc" else 0.6},
        "threshold_mv": -20.0,
        "sections": sections,
    }
    with open(args.file, "w", encoding="utf-8") as file:
        json.dump(model, file, indent=1)


if __name__ == "__main__":
    main()
