#!/usr/bin/env python3
"""Writes points_SET.json: point processes and artificial cells driven by events, from NEURON.

    make_points.py SET FOLDER points_SET.json

FOLDER is one in which nrnivmodl has compiled the public .mod files of the set: `bbp` from
openbraininstitute/neurodamus (tests/mechanisms/neocortex and neurodamus/data/mod), `allen` from
openbraininstitute/neurodamus-models (Allen_V1), with common/mod/vecevent.mod from there, tmgsyn.mod of
ModelDB 3815, and ExpSynSTDP.mod of this project; for `neuron` any.
Each case runs in a process of its own.
"""
import json
import os
import subprocess
import sys

PULSE = [[30.0, 8.0, 0.2]]
TRAIN = [3.0126, 9.0374, 12.0, 12.9126, 20.4, 21.1124, 21.9, 33.3013, 33.7, 34.2, 34.6051, 52.7]
DENSE = [round(2.3 + 1.37 * k, 4) for k in range(48)]
RELEASE = ["v", "g", "i", "u", "occupied", "unoccupied", "tsyn"]
EMS = {"Use": 0.6, "Dep": 30.0, "Fac": 12.0, "Nrrp": 4}
# NEURON keeps six digits of defaults.
BLOCK = {"slope_mg": 0.07207477, "scale_mg": 2.5522415}


def case(name, mechanism, **more):
    base = {
        "name": name, "mechanism": mechanism, "kind": "point", "dt": 0.025, "tstop": 70.0,
        "v_init": -65.0, "parameters": {}, "ids": {}, "key": 0, "clamp": PULSE, "inputs": [],
        "variables": ["v", "g", "i"], "tables": False, "train": [],
    }
    if more.get("kind") == "artificial":
        base["clamp"] = []
    return {**base, **more}


def events(times, weight, nc_type=0):
    return {"weight": weight, "times": times, "nc_type": nc_type}

# Vectors that mechanisms of NEURON point to.
KEPT = []
CHANNELS = ["n", "l", "gk", "P_al", "P_bn"]
STP = [
    (1, ["v", "g", "i", "n"], {"tau_r": 70.0, "p0": 0.4}),
    (2, ["v", "g", "i", "n", "tau_r"], {"tau_FDR": 200.0, "tau_r0": 300.0}),
    (3, ["v", "g", "i", "n", "tau_r", "D"], {"tau_FDR": 200.0, "tau_r0": 300.0, "e": -10.0}),
    (4, ["v", "g", "i", "n", "p"], {"tau_1": 3.0}),
    (5, ["v", "g", "i", "n", "p", "tau_r", "D", "pb"], {"tau_r0": 200.0, "a_i": 0.2}),
]


CASES = {
    "bbp": [
        case("several sites", "ProbAMPANMDA_EMS", bound=5e-9, key=1122, ids={"rng": [251, 100, 300]},
             parameters={**EMS, **BLOCK}, inputs=[events(TRAIN, 0.9)], variables=[*RELEASE, "i_AMPA", "g_NMDA"]),
        case("empty sites, single spontaneous vesicles", "ProbAMPANMDA_EMS", bound=5e-9, key=7, dt=0.1,
             ids={"rng": [4000000000, 3, 4294967295]},
             parameters={**EMS, **BLOCK, "tau_d_AMPA": 2.5, "NMDA_ratio": 0.4, "mg": 1.5, "u0": 0.2,
                         "init_depleted": 1, "minis_single_vesicle": 1},
             inputs=[events(TRAIN, 0.9), events([7.0, 13.3, 25.013, 40.0, 45.0], 0.7, 1)],
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
             inputs=[events(TRAIN, 2.0), events([5.0, 15.0, 35.0], 1.2, 2)]),
        case("plasticity", "GluSynapse", bound=1e-8, key=5, ids={"rng": [12, 100003, 200]}, tstop=120.0,
             parameters={"Use": 0.6, "Nrrp": 3, "Dep": 40.0, "gmax_NMDA": 2.0, "gmax0_AMPA": 1.5,
                         "theta_d_GB": 0.002, "theta_p_GB": 0.004, "rho0_GB": 0.1, "tau_ind_GB": 0.7,
                         "tau_exp_GB": 1.0},
             inputs=[events(TRAIN + [60.0, 60.5, 61.0, 62.2], 1.0), events([5.0, 15.0, 62.0], 1.0, 1)],
             variables=["v", "i", "g_AMPA", "g_NMDA", "ica_NMDA", "ica_VDCC", "cai_CR", "effcai_GB",
                        "rho_GB", "dep_GB", "pot_GB", "gmax_AMPA", "Use_GB", "vsyn"]),
        case("plasticity, switched off", "GluSynapse", bound=1e-8, key=6, ids={"rng": [13, 100004, 200]},
             parameters={"init_depleted": 1, "minis_single_vesicle": 1, "Nrrp": 4},
             later=[[11.0, 0.0], [33.5, 1.0]],
             inputs=[events(TRAIN, 1.0), events([5.0, 15.0, 35.0, 36.0], 1.0, 1)],
             variables=["v", "i", "g_AMPA", "effcai_GB"]),
        case("a few channels", "StochKv", kind="density", key=2, ids={"rng": [1, 2, 3]},
             parameters={"gkbar": 0.6}, variables=["v", "N0", "N1", "n", "gk", "ik"]),
        case("many channels", "StochKv", kind="density", key=2, ids={"rng": [4, 5, 6]}, tables=True,
             parameters={"gkbar": 60.0}, variables=["v", "N0", "N1", "n", "gk", "ik"]),
        case("deterministic channels", "StochKv", kind="density",
             parameters={"gkbar": 60.0, "deterministic": 1}, variables=["v", "N1", "n", "gk"]),
        case("a few inactivating channels", "StochKv3", kind="density", key=2, ids={"rng": [7, 8, 9]},
             parameters={"gkbar": 0.0002}, variables=["v", *CHANNELS]),
        case("many inactivating channels", "StochKv3", kind="density", key=2, ids={"rng": [1, 4, 9]},
             parameters={"gkbar": 0.01}, variables=["v", "ik", *CHANNELS], tables=True),
        case("a current source", "MembraneCurrentSource", variables=["v", "i"],
             parameters={"del": 5.013, "dur": 20.0, "amp": 0.1}),
        case("a conductance source", "ConductanceSource", variables=["v"],
             parameters={"dur1": 40.0, "rs": 250.0, "amp1": -20.0}),
        case("spontaneous release", "InhPoissonStim", kind="artificial", key=11, tstop=300.0,
             ids={"exp_rng": [201, 251, 300], "uniform_rng": [201, 251, 350]},
             parameters={"rate": 60.0, "duration": 280.0}, variables=[]),
        case("thinned", "InhPoissonStim", kind="artificial", key=11, tstop=300.0,
             ids={"exp_rng": [1, 2, 3], "uniform_rng": [4, 5, 6]},
             parameters={"rate": 40.0, "rmax": 90.0}, variables=[]),
    ],
    # In NEURON these are built in.
    "neuron": [
        case("regular", "NetStim", kind="artificial", variables=[],
             parameters={"interval": 3.14159, "start": 0.777, "number": 12}),
        case("started and stopped", "NetStim", kind="artificial", variables=[], tstop=90.0,
             parameters={"interval": 2.0, "start": 1.0, "number": 9},
             inputs=[events([5.5, 60.2], -1.0), events([12.013, 25.0, 26.0, 50.0, 70.0], 1.0)]),
        case("random intervals", "NetStim", kind="artificial", variables=[], key=7, tstop=200.0,
             ids={"ranvar": [1, 2, 3]}, parameters={"interval": 2.5, "noise": 1.0, "number": 60,
                                                    "start": 0.0}),
        case("partly random intervals", "NetStim", kind="artificial", variables=[], dt=0.1, tstop=200.0,
             ids={"ranvar": [11, 0, 4000000000]},
             parameters={"interval": 3.0, "noise": 0.3, "number": 1e9, "start": 10.0}),
        case("exponential current", "IntFire2", kind="artificial", variables=["i", "m"],
             inputs=[events(DENSE, 0.6), events([12.0, 40.013, 41.0], -0.9)]),
        case("current of its own", "IntFire2", kind="artificial", variables=["i", "m"],
             parameters={"ib": 1.2, "taus": 7.0, "taum": 3.0},
             inputs=[events([5.0, 9.7, 30.0], 0.8), events([20.0, 44.4], -1.3)]),
        case("excitation and inhibition", "IntFire4", kind="artificial", tstop=90.0,
             variables=["e", "i1", "i2", "m", "nself"],
             inputs=[events(DENSE, 0.35), events([12.0, 40.013, 41.0], -0.9)]),
        case("a fast membrane", "IntFire4", kind="artificial", tstop=90.0,
             parameters={"taum": 7.0, "taue": 4.0, "taui1": 3.0},
             variables=["e", "i1", "i2", "m"],
             inputs=[events(DENSE, 0.8), events([12.0, 40.013, 41.0], -0.9)]),
        case("counted", "APCount", variables=["v", "n", "time", "firing"],
             clamp=[[5.0, 3.0, 0.5], [20.0, 3.0, 0.6], [40.0, 5.0, 0.5]]),
        case("counted from above", "APCount", variables=["v", "n", "time"], v_init=-10.0,
             parameters={"thresh": -50.0}),
        case("alpha function", "AlphaSynapse", parameters={"onset": 7.013, "tau": 3.0, "gmax": 0.004},
             variables=["v", "i"]),
    ],
    "allen": [
        case("train", "VecStim", kind="artificial", variables=[], train=TRAIN),
        case("facilitation", "tmgsyn", variables=["v", "g", "i"],
             parameters={"tau_rec": 60.0, "tau_facil": 40.0, "U": 0.2, "u0": 0.1},
             inputs=[events(TRAIN, 0.006), events([14.0, 41.0], 0.004)]),
        case("no facilitation", "tmgsyn", variables=["v", "g", "i"], dt=0.1,
             parameters={"tau_rec": 120.0, "tau_facil": 0.0, "U": 0.5, "tau_1": 2.0},
             inputs=[events(TRAIN, 0.003)]),
        # The file of this project, run by NEURON.
        case("pairs of spikes", "ExpSynSTDP", variables=["v", "g", "i"], dt=0.1, tstop=90.0,
             clamp=[[10.0, 0.5, 5.0], [32.0, 0.5, 5.0], [60.0, 0.5, 5.0]],
             parameters={"wmax": 3e-5, "aplus": 0.3, "aminus": 0.4},
             inputs=[events([4.0126, 20.0124, 36.0, 50.0, 62.0, 75.0], 1e-5),
                     events([9.31, 25.0, 41.0, 51.013, 59.0, 80.0], 2e-5)]),
        *(case(f"short-term plasticity {k}", f"stp{k}syn", variables=variables,
               inputs=[events(TRAIN, 0.003), events([14.0, 41.0], 0.002)], parameters=parameters)
          for k, variables, parameters in STP),
    ],
}


def owner_of(h, job, soma, seg):
    """The mechanism with its parameters and streams."""
    name, kind = job["mechanism"], job["kind"]
    if kind == "density":
        soma.insert(name)
        owner = getattr(seg, name)
    else:
        owner = getattr(h, name)() if kind == "artificial" else getattr(h, name)(seg)
    if name == "InhPoissonStim":
        # Rates and the bins that they hold for; here they are numbers.
        parameters = dict(job["parameters"])
        rate = parameters.pop("rate")
        largest = parameters.pop("rmax", rate)
        KEPT.extend([h.Vector([0.0, 1e9]), h.Vector([rate, largest])])
        owner.setTbins(KEPT[0])
        owner.setRate(KEPT[1])
        owner.setRNGs(*job["ids"]["exp_rng"], *job["ids"]["uniform_rng"])
        owner.duration = parameters.get("duration", owner.duration)
        return owner
    for parameter, value in job["parameters"].items():
        if kind != "density" and hasattr(h, f"{parameter}_{name}"):
            setattr(h, f"{parameter}_{name}", value)
        else:
            setattr(owner, parameter, value)
    if "ranvar" in job["ids"]:
        owner.noiseFromRandom123(*job["ids"]["ranvar"])
    if "rng" in job["ids"]:
        if kind == "density":
            getattr(h, f"setdata_{name}")(seg)
            getattr(h, f"setRNG_{name}")(*job["ids"]["rng"])
        else:
            owner.setRNG(*job["ids"]["rng"])
    if hasattr(h, f"usetable_{name}"):
        setattr(h, f"usetable_{name}", int(job["tables"]))
    if job["train"]:
        KEPT.append(h.Vector(job["train"]))
        owner.play(KEPT[0])
    return owner


def connections_of(h, job, owner):
    """A NetCon for each input, with the times of its events."""
    connections = []
    for source in job["inputs"]:
        connection = h.NetCon(None, owner)
        connection.weight[0] = source["weight"]
        if source["nc_type"]:
            slot = int(getattr(h, f"nc_type_param_{job['mechanism']}"))
            connection.weight[slot] = source["nc_type"]
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
    owner = owner_of(h, job, soma, seg)
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
    if job["kind"] != "density":
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
        job["inputs"].append(events([time], weight, -1))
    # Weights before that of the type, which is the last.
    n_before = 4 if job["mechanism"] == "GluSynapse" else 0
    for source in job["inputs"]:
        nc_type = source.pop("nc_type")
        source["further"] = [0.0] * n_before + [nc_type] if nc_type else []
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
