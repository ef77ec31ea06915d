#!/usr/bin/env python3
"""Brunel's network in NEST, as the example `brunel` has it, spikes on the disk.

    python run_nest.py --order 2000 --tstop 1000 --threads 1 --out FOLDER

Prints the line `RESULT {json}`.
"""
import argparse
import json
import resource
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--order", type=int, default=2000)
parser.add_argument("--tstop", type=float, default=1000.0)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()

import nest  # noqa: E402: it prints and takes time, so options come first.

G, ETA, EPSILON, WEIGHT_MV, DELAY_MS, DT_MS = 5.0, 2.0, 0.1, 0.1, 1.5, 0.1
NEURON = {"C_m": 1.0, "tau_m": 20.0, "t_ref": 2.0, "E_L": 0.0, "V_reset": 0.0, "V_m": 0.0, "V_th": 20.0}

nest.set_verbosity("M_ERROR") if not hasattr(nest, "VerbosityLevel") else setattr(nest, "verbosity", nest.VerbosityLevel.ERROR)
started = time.perf_counter()
options.out.mkdir(parents=True, exist_ok=True)
nest.resolution, nest.local_num_threads = DT_MS, options.threads
nest.overwrite_files, nest.data_path = True, str(options.out)
n_exc, n_inh = 4 * options.order, options.order
exc = nest.Create("iaf_psc_delta", n_exc, params=NEURON)
inh = nest.Create("iaf_psc_delta", n_inh, params=NEURON)
rate_hz = ETA * 1000.0 * NEURON["V_th"] / (WEIGHT_MV * NEURON["tau_m"])
noise = nest.Create("poisson_generator", params={"rate": rate_hz})
recorder = nest.Create("spike_recorder", params={"record_to": "ascii"})
nest.CopyModel("static_synapse", "exc", {"weight": WEIGHT_MV, "delay": DELAY_MS})
nest.CopyModel("static_synapse", "inh", {"weight": -G * WEIGHT_MV, "delay": DELAY_MS})
nest.Connect(noise, exc + inh, syn_spec="exc")
nest.Connect(exc, exc + inh, {"rule": "fixed_indegree", "indegree": int(EPSILON * n_exc)}, "exc")
nest.Connect(inh, exc + inh, {"rule": "fixed_indegree", "indegree": int(EPSILON * n_inh)}, "inh")
nest.Connect(exc + inh, recorder)
nest.Prepare()
setup_s = time.perf_counter() - started
started = time.perf_counter()
nest.Run(options.tstop)
nest.Cleanup()
sim_s = time.perf_counter() - started
spikes = recorder.n_events
print("RESULT " + json.dumps({
    "engine": "NEST",
    "threads": options.threads,
    "neurons": n_exc + n_inh,
    "synapses": nest.num_connections,
    "spikes": spikes,
    "rate_hz": round(spikes / (n_exc + n_inh) / options.tstop * 1000.0, 3),
    "setup_s": round(setup_s, 3),
    "sim_s": round(sim_s, 3),
    "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
}), flush=True)
