#!/usr/bin/env python3
"""Helpers of scripts/bench-lfp.

    compare_lfp.py check OUTPUT.h5 SIGNAL.npy        the potentials of both engines agree
    compare_lfp.py seconds LOG REPORT.json           time, steps and memory of a run of ours
    compare_lfp.py line ROUND NETWORK CONTACTS INTERVAL "SECONDS STEPS PEAK_MB"
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


def line(round_number, network, contacts, interval, measured):
    seconds, steps, peak_mb = map(float, measured.split())
    print(json.dumps({
        "round": int(round_number),
        "engine": "net-sim",
        "network": network,
        "contacts": int(contacts),
        "interval_ms": interval,
        "seconds": seconds,
        "steps": steps,
        "peak_rss_mb": peak_mb,
    }))


def costs(path):
    """Microseconds a step and MB at most: network, engine, contacts, sampling -> round -> (cost, memory)."""
    fastest, found = {}, {}
    with open(path) as file:
        rows = [json.loads(row) for row in file]
    for row in rows:
        network = "E/I" if row["network"].startswith("E/I") else row["network"]
        key = (network, row["engine"], row["contacts"], row.get("interval_ms", "every"))
        rounds = found.setdefault(key, {})
        peak_mb = max(row.get("peak_rss_mb", 0), rounds.get(row["round"], (0, 0))[1])
        if "us_per_step" in row:
            rounds[row["round"]] = (row["us_per_step"], peak_mb)
            continue
        # The fastest take of each duration; the difference of the two is free of what is done once.
        takes = fastest.setdefault((key, row["round"]), {})
        takes[row["steps"]] = min(takes.get(row["steps"], float("inf")), row["seconds"])
        short, long = min(takes), max(takes)
        cost = 1e6 * (takes[long] - takes[short]) / (long - short) if long > short else float("nan")
        rounds[row["round"]] = (cost, peak_mb)
    return found


def table(path):
    found = costs(path)

    def span(values, digits):
        least, most = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
        return least if least == most else f"{least} to {most}"

    print("| network | engine | contacts | sampled | us a step | times a run without | MB |")
    print("| --- | --- | ---: | --- | ---: | ---: | ---: |")
    for (network, engine, contacts, interval), rounds in sorted(found.items()):
        without = found.get((network, engine, 0, "every"), {})
        ratios = [cost / without[number][0] for number, (cost, _) in rounds.items() if number in without]
        sampled = "every step" if interval == "every" else f"mean of {interval} ms"
        us = span([cost for cost, _ in rounds.values()], 1)
        mb = max(peak_mb for _, peak_mb in rounds.values())
        print(f"| {network} | {engine} | {contacts} | {sampled} | {us} | {span(ratios, 2) if ratios else ''} | {mb:.0f} |")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("check", "seconds", "line", "table"):
        sys.exit(__doc__)
    os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
    globals()[sys.argv[1]](*sys.argv[2:])
