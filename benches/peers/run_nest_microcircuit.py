#!/usr/bin/env python3
"""The microcircuit of Potjans and Diesmann in NEST, as the example `microcircuit` has it, spikes on the disk.

    python run_nest_microcircuit.py --scale 0.1 --tstop 1000 --threads 1 [--seed N] --out FOLDER

Prints the line `RESULT {json}`.
"""
import argparse
import json
import resource
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--scale", type=float, default=0.1)
parser.add_argument("--tstop", type=float, default=1000.0)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()

import nest  # noqa: E402: it prints and takes time, so options come first.
import numpy as np  # noqa: E402

NAMES = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
N = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
P = np.array([
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
])
N_EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
RATE_HZ = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
EXTERNAL_HZ, DT_MS, C_PF, TAU_M, TAU_SYN = 8.0, 0.1, 250.0, 10.0, 0.5
PEAK = (TAU_M / TAU_SYN) ** (-TAU_M / (TAU_M - TAU_SYN)) - (TAU_M / TAU_SYN) ** (-TAU_SYN / (TAU_M - TAU_SYN))
PSC = 0.15 * C_PF * (TAU_SYN - TAU_M) / (TAU_SYN * TAU_M * PEAK)

nest.set_verbosity("M_ERROR") if not hasattr(nest, "VerbosityLevel") else setattr(nest, "verbosity", nest.VerbosityLevel.ERROR)
started = time.perf_counter()
options.out.mkdir(parents=True, exist_ok=True)
nest.resolution, nest.local_num_threads = DT_MS, options.threads
nest.rng_seed = options.seed
nest.overwrite_files, nest.data_path = True, str(options.out)
scale = options.scale
n_synapses = np.log(1 - P) / np.log(1 - 1 / np.outer(N, N))
weights = np.tile([PSC, -4 * PSC], (8, 4))
weights[0, 2] *= 2
internal = (weights * n_synapses / N[:, None] * RATE_HZ).sum(axis=1)
missing = 1e-3 * TAU_SYN * (1 - np.sqrt(scale)) * (internal + PSC * N_EXTERNAL * EXTERNAL_HZ)
neuron = {"E_L": -65.0, "V_th": -50.0, "V_reset": -65.0, "C_m": C_PF, "tau_m": TAU_M, "tau_syn_ex": TAU_SYN,
          "tau_syn_in": TAU_SYN, "t_ref": 2.0}
recorder = nest.Create("spike_recorder", params={"record_to": "ascii"})
populations = []
for n, current in zip((N * scale).astype(int), missing):
    populations.append(nest.Create("iaf_psc_exp", max(1, int(n)), params={**neuron, "I_e": float(current)}))
    populations[-1].V_m = nest.random.normal(-58.0, 5.0)
for target in range(8):
    noise = nest.Create("poisson_generator", params={"rate": EXTERNAL_HZ * N_EXTERNAL[target] * scale})
    nest.Connect(noise, populations[target], syn_spec={"weight": PSC / np.sqrt(scale), "delay": 1.5})
    for source in range(8):
        n = int(round(n_synapses[target, source] * scale**2))
        if n == 0:
            continue
        weight, delay = weights[target, source] / np.sqrt(scale), 1.5 if source % 2 == 0 else 0.75
        limits = {"min": 0.0, "max": np.inf} if weight > 0 else {"min": -np.inf, "max": 0.0}
        nest.Connect(populations[source], populations[target], {"rule": "fixed_total_number", "N": n}, {
            "weight": nest.math.redraw(nest.random.normal(weight, 0.1 * abs(weight)), **limits),
            "delay": nest.math.redraw(nest.random.normal(delay, 0.5 * delay), min=0.5 * DT_MS, max=np.inf),
        })
    nest.Connect(populations[target], recorder)
nest.Prepare()
setup_s = time.perf_counter() - started
started = time.perf_counter()
nest.Run(options.tstop)
nest.Cleanup()
sim_s = time.perf_counter() - started
n_neurons, spikes = sum(len(own) for own in populations), recorder.n_events
# Files of the recorder: three lines of heading, then neuron and time in ms.
files = [np.loadtxt(file, skiprows=3, ndmin=2) for file in options.out.glob("spike_recorder-*.dat")]
senders, times = np.concatenate(files).T
senders = senders[times >= 100.0]
rates_hz = [
    np.count_nonzero((own[0].global_id <= senders) & (senders <= own[-1].global_id)) / len(own)
    / (options.tstop - 100.0) * 1000.0
    for own in populations
]
print("RESULT " + json.dumps({
    "engine": "NEST",
    "threads": options.threads,
    "neurons": n_neurons,
    "synapses": nest.num_connections - n_neurons * 2,
    "spikes": spikes,
    "rate_hz": round(spikes / n_neurons / options.tstop * 1000.0, 3),
    "populations": dict(zip(NAMES, map(len, populations))),
    "rates_hz": [round(rate, 5) for rate in rates_hz],
    "setup_s": round(setup_s, 3),
    "sim_s": round(sim_s, 3),
    "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
}), flush=True)
