#!/usr/bin/env python3
"""Izhikevich's network in ANNarchy, as the example `izhikevich` has it, spikes on the disk.

    python run_annarchy.py --neurons 1000 --tstop 10000 --threads 1 --out FOLDER

Prints the line `RESULT {json}`. Set-up is all before the simulation but the C++ compiler, whose time is told apart.
"""
import argparse
import json
import resource
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--neurons", type=int, default=1000)
parser.add_argument("--tstop", type=float, default=10000.0)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()

import ANNarchy as ann  # noqa: E402: it prints and takes time, so options come first.
import numpy as np  # noqa: E402

started = time.perf_counter()
options.out.mkdir(parents=True, exist_ok=True)
random = np.random.default_rng(options.seed)
ann.setup(num_threads=options.threads)
net = ann.Network(dt=1.0, seed=options.seed)
n_inh = options.neurons // 5
n_exc = options.neurons - n_inh
pop = net.create(geometry=options.neurons, neuron=ann.Izhikevich)
exc, inh = pop[:n_exc], pop[n_exc:]
r = random.random(n_exc)
exc.noise, exc.a, exc.b = 5.0, 0.02, 0.2
exc.c, exc.d = -65.0 + 15.0 * r**2, 8.0 - 6.0 * r**2
exc.v, exc.u = -65.0, -65.0 * 0.2
r = random.random(n_inh)
inh.noise, inh.a, inh.b = 2.0, 0.02 + 0.08 * r, 0.25 - 0.05 * r
inh.c, inh.d, inh.v, inh.u = -65.0, 2.0, -65.0, -65.0 * (0.25 - 0.05 * r)
scale = 1000.0 / options.neurons
net.connect(pre=exc, post=pop, target="exc").all_to_all(weights=ann.Uniform(0.0, 0.5 * scale), allow_self_connections=True)
net.connect(pre=inh, post=pop, target="inh").all_to_all(weights=ann.Uniform(0.0, 1.0 * scale), allow_self_connections=True)
monitor = net.monitor(pop, ["spike"])
setup_s = time.perf_counter() - started
started = time.perf_counter()
net.compile(directory=str(options.out / "annarchy"), silent=True)
compile_s = time.perf_counter() - started
started = time.perf_counter()
net.simulate(options.tstop)
times, ranks = monitor.raster_plot(monitor.get("spike"))
np.savez(options.out / "spikes.npz", times=times, ranks=ranks)
sim_s = time.perf_counter() - started
print("RESULT " + json.dumps({
    "engine": "ANNarchy",
    "threads": options.threads,
    "neurons": options.neurons,
    "synapses": options.neurons**2,
    "spikes": len(times),
    "rate_hz": round(len(times) / options.neurons / options.tstop * 1000.0, 3),
    "setup_s": round(setup_s, 3),
    "compile_s": round(compile_s, 3),
    "sim_s": round(sim_s, 3),
    "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
}), flush=True)
