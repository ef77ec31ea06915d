#!/usr/bin/env python3
"""Compare the traces of the engines: `compare.py PREFIX` reads PREFIX.ours, .neuron and .arbor;
`compare.py --fastest MODEL results.jsonl` prints the fastest run of every engine.

The same cylinders and channels with the same step: NEURON must agree to 1e-6 mV, and spike at the
same steps. Arbor divides forks in its own way and integrates gates by another formula; its spikes are
counted.
"""
import json
import sys

THRESHOLD_MV = -20.0


def trace(path):
    with open(path, encoding="utf-8") as file:
        return [float(line) for line in file]


def spikes(values):
    return [k for k in range(1, len(values)) if values[k - 1] <= THRESHOLD_MV < values[k]]


def fastest(model, path):
    with open(path, encoding="utf-8") as file:
        runs = [run for run in map(json.loads, file) if run["model"] == model]
    best = {}
    for run in runs:
        known = best.setdefault(run["engine"], run)
        if run["run_s"] < known["run_s"]:
            best[run["engine"]] = run
    for engine, run in best.items():
        ratio = run["run_s"] / run["compartments"] * best["ours"]["compartments"] / best["ours"]["run_s"]
        print(f"    {engine}: {run['compartments']} compartments, {run['spikes']} spikes, {run['run_s']:.2f} s, "
              f"{run['million_compartment_steps_per_s']:.1f} million compartment-steps a second; "
              f"ours is {ratio:.2f} times as fast")


def main():
    if sys.argv[1] == "--fastest":
        fastest(*sys.argv[2:4])
        return 0
    prefix = sys.argv[1]
    ours, neuron, arbor = (trace(f"{prefix}.{engine}") for engine in ("ours", "neuron", "arbor"))
    difference = max(abs(a - b) for a, b in zip(ours, neuron))
    counts = [len(spikes(values)) for values in (ours, neuron, arbor)]
    print(f"    spikes: ours {counts[0]}, NEURON {counts[1]}, Arbor {counts[2]}; "
          f"largest difference to NEURON {difference:.1e} mV")
    if spikes(ours) != spikes(neuron) or difference > 1e-6:
        print("    this engine and NEURON differ")
        return 1
    if abs(counts[2] - counts[1]) > 1:
        print("    Arbor computes another cell")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
