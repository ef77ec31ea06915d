#!/usr/bin/env python3
"""Copies of a cell of model.py in Arbor, with the channels of Arbor's catalogues."""
import argparse
import json
import time

import arbor as A
from arbor import units as U


def cell_of(model):
    """Morphology, labels and what is painted on it: every section has a tag of its own."""
    tree = A.segment_tree()
    ends, ends_at, labels = [], [], {}
    for k, of in enumerate(model["sections"]):
        length, radius = of["length_um"], of["diameter_um"] / 2
        tag = k + 1
        if of["parent"] is None:
            # The soma in two halves: all that grows from it does so from its middle.
            half = tree.append(A.mnpos, A.mpoint(-length / 2, 0, 0, radius), A.mpoint(0, 0, 0, radius), tag=tag)
            tree.append(half, A.mpoint(length / 2, 0, 0, radius), tag=tag)
            ends.append(half)
            ends_at.append((0.0, 0.0))
        else:
            x, y = ends_at[of["parent"]]
            # Directions do not matter, lengths do.
            start, end = A.mpoint(x, y, 0, radius), A.mpoint(x, y + length, 0, radius)
            ends.append(tree.append(ends[of["parent"]], start, end, tag=tag))
            ends_at.append((x, y + length))
        labels[f"section{k}"] = f"(tag {tag})"
    decor = A.decor()
    decor.set_property(Vm=model["v_init_mv"] * U.mV, tempK=(model["celsius"] + 273.15) * U.Kelvin,
                       rL=model["ra_ohm_cm"] * U.Ohm * U.cm)
    for ion, potential in model["reversal_mv"].items():
        decor.set_ion(ion, rev_pot=potential * U.mV)
    decor.set_ion("ca", int_con=5e-5 * U.mM, ext_con=2.0 * U.mM, method="nernst/x=ca")
    for k, of in enumerate(model["sections"]):
        region = f'"section{k}"'
        decor.paint(region, cm=of["cm_uf_per_cm2"] * U.uF / U.cm2)
        for mechanism, parameters in of["mechanisms"].items():
            if mechanism == "pas":
                decor.paint(region, A.density(f"pas/e={parameters['e']}", {"g": parameters["g"]}))
            else:
                decor.paint(region, A.density(mechanism, parameters))
    clamp = model["clamp"]
    decor.place('"middle"', A.i_clamp(clamp["delay_ms"] * U.ms, 1e6 * U.ms, clamp["amplitude_na"] * U.nA))
    decor.place('"middle"', A.threshold_detector(model["threshold_mv"] * U.mV), "detector")
    labels["middle"] = "(on-components 1 (region \"half\"))"
    labels["half"] = "(segment 0)"
    return A.cable_cell(A.morphology(tree), decor, A.label_dict(labels), A.cv_policy_max_extent(20 * U.um))


class Copies(A.recipe):
    """Cells without connections."""

    def __init__(self, model, n, catalogue):
        A.recipe.__init__(self)
        self.model, self.n = model, n
        self.n_compartments = A.cv_data(cell_of(model)).num_cv
        self.properties = A.neuron_cable_properties()
        if catalogue:
            catalogue = A.load_catalogue(catalogue)
        else:
            catalogue = A.allen_catalogue() if model["set"] == "allen" else A.bbp_catalogue()
        self.properties.catalogue.extend(catalogue, "")

    def num_cells(self):
        return self.n

    def cell_kind(self, gid):
        return A.cell_kind.cable

    def global_properties(self, kind):
        return self.properties

    def cell_description(self, gid):
        return cell_of(self.model)

    def probes(self, gid):
        return [A.cable_probe_membrane_voltage('"middle"', "v")] if gid == 0 else []


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model")
    arguments.add_argument("--copies", type=int, default=1)
    arguments.add_argument("--tstop", type=float, default=100.0)
    arguments.add_argument("--catalogue", help="library of the channels, built by arbor-build-catalogue; else Arbor's own")
    arguments.add_argument("--group", type=int, default=1, help="cells that Arbor advances together")
    arguments.add_argument("--trace", help="file for the potential of the first soma")
    args = arguments.parse_args()
    started = time.perf_counter()
    with open(args.model, encoding="utf-8") as file:
        model = json.load(file)
    recipe, context = Copies(model, args.copies, args.catalogue), A.context(threads=1)
    hint = A.partition_hint()
    hint.cpu_group_size = args.group
    groups = A.partition_load_balance(recipe, context, {A.cell_kind.cable: hint})
    simulation = A.simulation(recipe, context, groups)
    simulation.record(A.spike_recording.local)
    samples = simulation.sample((0, "v"), A.regular_schedule(model["dt_ms"] * U.ms)) if args.trace else None
    setup = time.perf_counter() - started
    started = time.perf_counter()
    simulation.run(args.tstop * U.ms, model["dt_ms"] * U.ms)
    seconds = time.perf_counter() - started
    if args.trace:
        with open(args.trace, "w", encoding="utf-8") as file:
            file.writelines(f"{v:.9f}\n" for _, v in simulation.samples(samples)[0][0])
    n = recipe.n_compartments * args.copies
    print("RESULT " + json.dumps({
        "engine": f"arbor, groups of {args.group}", "copies": args.copies, "compartments": n, "spikes": len(simulation.spikes()),
        "setup_s": round(setup, 3), "run_s": round(seconds, 3),
        "million_compartment_steps_per_s": round(n * args.tstop / model["dt_ms"] / seconds * 1e-6, 3),
    }))


if __name__ == "__main__":
    main()
