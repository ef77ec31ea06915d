#!/usr/bin/env python3
"""Helpers of scripts/bench-lfp.

    compare_lfp.py check OUTPUT.h5 SIGNAL.npy        the potentials of both engines agree
    compare_lfp.py seconds LOG REPORT.json           time, steps and memory of a run of ours
    compare_lfp.py line NETWORK CONTACTS INTERVAL SHORT LONG
    compare_lfp.py table RESULTS.jsonl               cost of a step, and relative to a run without contacts
"""
import json
import os
import sys


def check(output, signal):
    import h5py
    import numpy

    with h5py.File(output) as file:
        ours = file["RecExtElectrode0"]["imem"]
    theirs = numpy.load(signal)
    n = min(ours.shape[1], theirs.shape[1])
    # LFPy's first column is no potential.
    difference = numpy.abs(ours[:, 1:n] - theirs[:, 1:n]).max() / numpy.abs(ours[:, 1:n]).max()
    print(f"largest difference {difference:.1e} of the largest potential")
    # Two engines' trajectories around spikes; LFPy's points are in single precision.
    if not difference < 1e-5:
        sys.exit(f"the potentials differ by {difference:.1e} of the largest; expected less than 1e-5")


def seconds(log, report):
    with open(log) as file:
        lines = [line for line in file if line.startswith("RESULT ")]
    if lines:
        result = json.loads(lines[-1][len("RESULT ") :])
        print(result["sim_s"], result["steps"], result["peak_rss_mb"])
        return
    with open(report) as file:
        result = json.load(file)
    print(result["phases"]["run_s"], result["n_steps"], max(result["peak_memory_mb_by_rank"]))


def line(network, contacts, interval, short, long):
    (short_s, short_steps, _), (long_s, long_steps, peak_mb) = [list(map(float, each.split())) for each in (short, long)]
    print(json.dumps({
        "engine": "net-sim",
        "network": network,
        "contacts": int(contacts),
        "interval_ms": interval,
        "us_per_step": round(1e6 * (long_s - short_s) / (long_steps - short_steps), 3),
        "peak_rss_mb": peak_mb,
    }))


def table(path):
    best = {}
    with open(path) as file:
        for row in map(json.loads, file):
            network = "E/I" if row["network"].startswith("E/I") else row["network"]
            key = (network, row["engine"], row["contacts"], row.get("interval_ms", "every"))
            best[key] = min(best.get(key, float("inf")), row["us_per_step"])
    print("| network | engine | contacts | sampled | us a step | times a run without |")
    print("| --- | --- | ---: | --- | ---: | ---: |")
    for (network, engine, contacts, interval), cost in sorted(best.items()):
        without = best.get((network, engine, 0, "every"))
        ratio = f"{cost / without:.2f}" if without else ""
        sampled = "every step" if interval == "every" else f"mean of {interval} ms"
        print(f"| {network} | {engine} | {contacts} | {sampled} | {cost:.2f} | {ratio} |")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("check", "seconds", "line", "table"):
        sys.exit(__doc__)
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
    globals()[sys.argv[1]](*sys.argv[2:])
