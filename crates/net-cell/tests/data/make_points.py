#!/usr/bin/env python3
"""Writes points_SET.json: point processes and artificial cells driven by events, from NEURON.

    make_points.py SET FOLDER points_SET.json

FOLDER is one in which nrnivmodl has compiled the public .mod files of the set: `bbp` from
openbraininstitute/neurodamus (tests/mechanisms/neocortex and neurodamus/data/mod).
Each case runs in a process of its own.
"""
import json
import os
import subprocess
import sys

PULSE = [[30.0, 8.0, 0.2]]
TRAIN = [3.0126, 9.0374, 12.0, 12.9126, 20.4, 21.1124, 21.9, 33.3013, 33.7, 34.2, 34.6051, 52.7]
RELEASE = ["v", "g", "i", "u", "occupied", "unoccupied", "tsyn"]
EMS = {"Use": 0.6, "Dep": 30.0, "Fac": 12.0, "Nrrp": 4}
# NEURON keeps six digits of defaults.
BLOCK = {"slope_mg": 0.07207477, "scale_mg": 2.5522415}


def case(name, mechanism, **more):
    base = {
        "name": name, "mechanism": mechanism, "kind": "point", "dt": 0.025, "tstop": 70.0,
        "v_init": -65.0, "parameters": {}, "ids": {}, "key": 0, "clamp": PULSE, "inputs": [],
        "variables": ["v", "g", "i"],
    }
    return {**base, **more}


def events(times, weight, further=()):
    return {"weight": weight, "times": times, "further": list(further)}


CASES = {
    "bbp": [
        case("several sites", "ProbAMPANMDA_EMS", bound=5e-9, key=1122, ids={"rng": [251, 100, 300]},
             parameters={**EMS, **BLOCK}, inputs=[events(TRAIN, 0.9)], variables=[*RELEASE, "i_AMPA", "g_NMDA"]),
        case("empty sites, single spontaneous vesicles", "ProbAMPANMDA_EMS", bound=5e-9, key=7, dt=0.1,
             ids={"rng": [4000000000, 3, 4294967295]},
             parameters={**EMS, **BLOCK, "tau_d_AMPA": 2.5, "NMDA_ratio": 0.4, "mg": 1.5, "u0": 0.2,
                         "init_depleted": 1, "minis_single_vesicle": 1},
             inputs=[events(TRAIN, 0.9), events([7.0, 13.3, 25.013, 40.0, 45.0], 0.7, [1.0])],
             variables=RELEASE),
        case("one site, no facilitation", "ProbAMPANMDA_EMS", bound=5e-9, key=1, ids={"rng": [1, 2, 3]},
             parameters={**BLOCK, "Use": 0.5, "Dep": 20.0, "Fac": 0.0}, variables=RELEASE,
             inputs=[events(TRAIN, 1.5), events([6.0, 16.0], 0.0)]),
        case("several sites, inhibitory", "ProbGABAAB_EMS", key=1122, ids={"rng": [252, 101, 300]},
             parameters={**EMS, "GABAB_ratio": 0.75, "tau_r_GABAA": 0.31},
             inputs=[events(TRAIN, 2.0)], variables=[*RELEASE, "i_GABAA", "g_GABAB"]),
        # In NEURON the weights change by the vectors of setup_delay_vecs.
        case("weights that change", "ProbGABAAB_EMS", key=3, ids={"rng": [9, 8, 7]},
             parameters=EMS, variables=RELEASE, later=[[10.0, 3.0], [33.5, 1.0]],
             inputs=[events(TRAIN, 2.0), events([5.0, 15.0, 35.0], 1.2, [2.0])]),
    ],
}


def owner_of(h, job, seg):
    """The mechanism with its parameters and streams."""
    mechanism = getattr(h, job["mechanism"])
    owner = mechanism() if job["kind"] == "artificial" else mechanism(seg)
    for name, value in job["parameters"].items():
        if hasattr(h, f"{name}_{job['mechanism']}"):
            setattr(h, f"{name}_{job['mechanism']}", value)
        else:
            setattr(owner, name, value)
    if "rng" in job["ids"]:
        owner.setRNG(*job["ids"]["rng"])
    return owner


def connections_of(h, job, owner):
    """A NetCon for each input, with the times of its events."""
    connections = []
    for source in job["inputs"]:
        connection = h.NetCon(None, owner)
        connection.weight[0] = source["weight"]
        if source["further"]:
            slot = int(getattr(h, f"nc_type_param_{job['mechanism']}"))
            connection.weight[slot] = source["further"][0]
        connections.append((connection, source["times"]))
    return connections


def in_neuron(job):
    """Runs one case; called in a process of its own."""
    from neuron import h

    h.load_file("stdrun.hoc")
    soma = h.Section(name="soma")
    soma.L = soma.diam = (1000.0 / h.PI) ** 0.5
    soma.insert("pas")
    seg = soma(0.5)
    seg.pas.g, seg.pas.e, soma.cm = 1e-3, -65.0, 1.0
    h.Random().Random123_globalindex(job["key"])
    owner = owner_of(h, job, seg)
    clamps = []
    for delay, dur, amp in job["clamp"]:
        clamp = h.IClamp(seg)
        clamp.delay, clamp.dur, clamp.amp = delay, dur, amp
        clamps.append(clamp)
    connections = connections_of(h, job, owner)
    if "later" in job:
        owner.conductance = 1.0
        vectors = [h.Vector(column) for column in zip(*job["later"])]
        owner.setup_delay_vecs(*vectors)
    spikes = h.Vector()
    detector = h.NetCon(owner, None)
    detector.record(spikes)
    traces = {}
    for variable in job["variables"]:
        of = seg if variable == "v" else owner
        traces[variable] = h.Vector().record(getattr(of, "_ref_" + variable))
    h.dt = job["dt"]
    h.steps_per_ms = 1 / job["dt"]
    h.celsius = 6.3
    h.finitialize(job["v_init"])
    for connection, times in connections:
        for time in times:
            connection.event(time)
    for _ in range(round(job["tstop"] / job["dt"])):
        h.fadvance()
    # A sample every 20 steps keeps the file small.
    kept = {name: list(trace)[::20] for name, trace in traces.items()}
    # Changes of weights are events of a connection of their own here.
    for time, weight in job.pop("later", []):
        job["inputs"].append(events([time], weight, [-1.0]))
    json.dump({**job, "every": 20, "spikes": list(spikes), "traces": kept}, sys.stdout)


def main():
    which, folder, path = sys.argv[1:]
    results = []
    for job in CASES[which]:
        command = [sys.executable, os.path.abspath(__file__), "--case", json.dumps(job)]
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(f"{job['name']}: {run.stdout}{run.stderr}")
        result = json.loads(run.stdout[run.stdout.index("{"):])
        print(f"{job['name']}: {len(result['spikes'])} spikes")
        results.append(result)
    with open(path, "w", encoding="utf-8") as out:
        out.write("[\n" + ",\n".join(json.dumps(result) for result in results) + "\n]\n")


if __name__ == "__main__":
    if sys.argv[1] == "--case":
        in_neuron(json.loads(sys.argv[2]))
    else:
        main()
