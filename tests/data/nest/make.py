#!/usr/bin/env python3
"""Makes reference.json: potentials and spikes of single neurons in NEST, for the tests of net-cell.

    python make.py

Needs NEST (benches/peers/requirements-points.txt). Each case has one neuron, events that arrive at given times, and
a constant current. Potentials are those of every whole ms, in mV; spikes are NEST's time stamps, the end of their step.
"""
import json
from pathlib import Path

import nest

EXC_MS = [5.0, 7.0, 7.0, 20.0, 21.0, 22.5, 40.0, 41.0, 55.0, 70.2, 71.0]
INH_MS = [12.0, 30.0, 60.0, 61.0]
DELAY_MS = 1.0
TSTOP_MS = 100.0

IAF = {"tau_m": 10.0, "C_m": 250.0, "t_ref": 2.0, "E_L": -70.0, "V_reset": -65.0, "V_th": -55.0, "V_m": -68.0}
CURRENT = {**IAF, "tau_syn_ex": 2.0, "tau_syn_in": 5.0}
COND = {"C_m": 250.0, "g_L": 12.5, "t_ref": 2.0, "E_L": -70.0, "V_reset": -65.0, "V_th": -55.0, "V_m": -68.0,
        "E_ex": 0.0, "E_in": -85.0, "tau_syn_ex": 2.0, "tau_syn_in": 5.0}
ADEX = {"C_m": 281.0, "g_L": 30.0, "t_ref": 2.0, "E_L": -70.6, "V_reset": -60.0, "V_th": -50.4, "V_peak": 0.0,
        "V_m": -70.6, "E_ex": 0.0, "E_in": -80.0, "tau_syn_ex": 2.0, "tau_syn_in": 5.0, "Delta_T": 2.0, "a": 4.0,
        "b": 80.5, "tau_w": 144.0, "gsl_error_tol": 1e-10}
GIF = {"C_m": 250.0, "g_L": 12.5, "t_ref": 4.0, "E_L": -65.0, "V_reset": -60.0, "V_m": -65.0, "tau_syn_ex": 2.0,
       "tau_syn_in": 5.0, "Delta_V": 1.5, "V_T_star": -45.0, "lambda_0": 1.0, "tau_stc": [5.0, 50.0, 200.0],
       "q_stc": [20.0, 10.0, 5.0], "tau_sfa": [3.0, 30.0, 300.0], "q_sfa": [4.0, 2.0, 1.0]}
GIF_COND = {**GIF, "E_ex": 0.0, "E_in": -85.0}

# name: model, parameters, resolution in ms, weights of events (exc, inh), constant current in pA
CASES = {
    "iaf_psc_delta": ("iaf_psc_delta", IAF, 0.1, (3.0, -2.0), 300.0),
    "iaf_psc_exp": ("iaf_psc_exp", CURRENT, 0.1, (300.0, -200.0), 330.0),
    "iaf_psc_exp equal": ("iaf_psc_exp", {**CURRENT, "tau_syn_ex": 10.0, "tau_syn_in": 9.99}, 0.1, (100.0, -90.0), 300.0),
    "iaf_psc_alpha": ("iaf_psc_alpha", CURRENT, 0.1, (200.0, -150.0), 330.0),
    "iaf_psc_alpha equal": ("iaf_psc_alpha", {**CURRENT, "tau_syn_ex": 10.0, "tau_syn_in": 9.9}, 0.1, (50.0, -40.0), 300.0),
    # Below threshold, for orders of convergence; finer, so that what NEST's own steps add is nothing.
    "curr_exp": ("iaf_psc_exp", CURRENT, 0.01, (150.0, -100.0), 100.0),
    "curr_alpha": ("iaf_psc_alpha", CURRENT, 0.01, (100.0, -80.0), 100.0),
    "cond_exp": ("iaf_cond_exp", COND, 0.01, (3.0, -4.0), 50.0),
    "cond_alpha": ("iaf_cond_alpha", COND, 0.01, (2.0, -3.0), 50.0),
    "adex_exp": ("aeif_cond_exp", ADEX, 0.01, (5.0, -4.0), 200.0),
    "adex_alpha": ("aeif_cond_alpha", ADEX, 0.01, (3.0, -3.0), 200.0),
    # NEST's GIF neurons are of first order themselves: two steps, of which the limit is taken.
    "gif_curr": ("gif_psc_exp", {**GIF, "lambda_0": 0.0}, (0.002, 0.001), (150.0, -100.0), 100.0),
    "gif_cond": ("gif_cond_exp", {**GIF_COND, "lambda_0": 0.0}, (0.002, 0.001), (3.0, -4.0), 50.0),
    # Above it. What goes on while a neuron is refractory differs: alpha functions and adaptation go on in NEST only.
    "cond_exp fires": ("iaf_cond_exp", COND, 0.001, (5.0, -4.0), 250.0),
    "cond_alpha fires": ("iaf_cond_alpha", {**COND, "t_ref": 0.0}, 0.001, (5.0, -4.0), 250.0),
    "adex_exp fires": ("aeif_cond_exp", {**ADEX, "t_ref": 0.0}, 0.001, (5.0, -4.0), 900.0),
    "adex_alpha fires": ("aeif_cond_alpha", {**ADEX, "t_ref": 0.0}, 0.001, (5.0, -4.0), 900.0),
}


def reset(resolution_ms):
    nest.ResetKernel()
    nest.resolution = resolution_ms
    nest.rng_seed = 1


def single(model, parameters, resolution_ms, weights, current_pa):
    if isinstance(resolution_ms, tuple):
        coarse, fine = (single(model, parameters, dt, weights, current_pa) for dt in resolution_ms)
        limit = [2.0 * b - a for a, b in zip(coarse["v_mv"], fine["v_mv"])]
        return {**fine, "v_mv": limit}
    reset(resolution_ms)
    neuron = nest.Create(model, params={**parameters, "I_e": current_pa})
    for times, weight in zip((EXC_MS, INH_MS), weights):
        # A spike acts after its delay.
        times = sorted(set(times)), [times.count(t) for t in sorted(set(times))]
        source = nest.Create("spike_generator", params={
            "spike_times": [round(t - DELAY_MS, 3) for t in times[0]], "spike_multiplicities": times[1]})
        nest.Connect(source, neuron, syn_spec={"weight": weight, "delay": DELAY_MS})
    meter = nest.Create("multimeter", params={"record_from": ["V_m"], "interval": 1.0})
    nest.Connect(meter, neuron)
    recorder = nest.Create("spike_recorder")
    nest.Connect(neuron, recorder)
    nest.Simulate(TSTOP_MS + 1.0)
    v = [float(v) for t, v in zip(meter.events["times"], meter.events["V_m"]) if t <= TSTOP_MS]
    spikes = [round(float(t), 6) for t in recorder.events["times"] if t <= TSTOP_MS]
    return {"model": model, "parameters": {**parameters, "I_e": current_pa}, "weights": list(weights), "v_mv": v,
            "spikes_ms": spikes}


def rate(model, parameters, current_pa, n=2000, tstop_ms=1000.0):
    """Spikes of many neurons that fire by chance, by 100 ms."""
    reset(0.1)
    neurons = nest.Create(model, n, params={**parameters, "I_e": current_pa})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder)
    nest.Simulate(tstop_ms)
    counts = [0] * 10
    for time in recorder.events["times"]:
        counts[min(int((time - 0.1) / 100.0), 9)] += 1
    return {"model": model, "parameters": {**parameters, "I_e": current_pa}, "neurons": n, "counts_100ms": counts}


def main():
    cases = {name: single(*case) for name, case in CASES.items()}
    rates = {"gif_curr": rate("gif_psc_exp", GIF, 400.0)}
    reference = {"nest": nest.__version__, "exc_ms": EXC_MS, "inh_ms": INH_MS, "cases": cases, "rates": rates}
    path = Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(reference, indent=1) + "\n")
    for name, case in cases.items():
        print(f"{name}: {len(case['v_mv'])} samples, {min(case['v_mv']):.3f} to {max(case['v_mv']):.3f} mV,"
              f" spikes {case['spikes_ms']}")
    for name, case in rates.items():
        print(f"{name}: {case['counts_100ms']}")


main()
