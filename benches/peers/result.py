"""What all runners share: reading the network, and reporting a run."""
import json
import resource
import sys


def read_network(path):
    with open(path) as file:
        network = json.load(file)
    if network.get("format") != "peer-benchmark-network" or network.get("version") != 1:
        sys.exit(f"{path}: not a network of format peer-benchmark-network, version 1")
    return network


def compartments(network):
    return sum(s["n_segments"] for cell in network["cells"] for s in cell["sections"])


def report(engine, network, spikes, setup_s, sim_s, spikes_file=None):
    """Print the line `RESULT {json}`; write `spikes`, pairs (time in ms, gid), sorted."""
    if spikes_file:
        with open(spikes_file, "w") as file:
            file.writelines(f"{t_ms:.6f} {gid}\n" for t_ms, gid in sorted(spikes))
    count = compartments(network)
    steps = round(network["tstop_ms"] / network["dt_ms"])
    print("RESULT " + json.dumps({
        "engine": engine,
        "network": network["name"],
        "cells": len(network["cells"]),
        "compartments": count,
        "dt_ms": network["dt_ms"],
        "steps": steps,
        "spikes": len(spikes),
        "setup_s": round(setup_s, 4),
        "sim_s": round(sim_s, 4),
        "mcs_per_s": round(count * steps / sim_s * 1e-6, 3),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }), flush=True)
