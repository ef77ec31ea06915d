#!/usr/bin/env python3
"""Check that all engines simulated the same thing, and print how fast each was.

    python compare.py FOLDER

FOLDER holds results.jsonl, one run a line, and the spikes of each run in the file that its line names. Of several runs
of one engine the fastest counts.
"""
import json
import sys
from pathlib import Path

OURS = "net-sim"
REFERENCE = "NEURON, exact rates"


def best_runs(folder):
    """{network: {engine: fastest run}}, in the order of the file."""
    networks = {}
    for line in (folder / "results.jsonl").read_text().splitlines():
        run = json.loads(line)
        engines = networks.setdefault(run["network"], {})
        before = engines.get(run["engine"])
        if before is None or run["sim_s"] < before["sim_s"]:
            engines[run["engine"]] = run
    return networks


def spikes(folder, run):
    """The sorted (step, gid) of all spikes."""
    dt_ms = run["dt_ms"]
    rows = (line.split() for line in (folder / run["spikes_file"]).read_text().splitlines())
    return sorted((round(float(t_ms) / dt_ms), int(gid)) for t_ms, gid in rows)


def check(folder, name, engines):
    """What disagrees, in words; nothing if all is well."""
    wrong = []
    reference = engines.get(REFERENCE)
    for engine, run in engines.items():
        if run["compartments"] != reference["compartments"] or run["cells"] != reference["cells"]:
            wrong.append(f"{name}: {engine} has {run['cells']} cells, {run['compartments']} compartments")
        # Arbor's scheme differs, so its ring turns a little faster or slower; tables shift a spike by a step.
        allowed = 0.06 if engine.startswith("Arbor") else 0.005
        if abs(run["spikes"] - reference["spikes"]) > allowed * reference["spikes"]:
            wrong.append(f"{name}: {engine} has {run['spikes']} spikes, {REFERENCE} {reference['spikes']}")
    ours = engines.get(OURS)
    if ours and spikes(folder, ours) != spikes(folder, reference):
        wrong.append(f"{name}: the spikes of {OURS} and of {REFERENCE} are not at the same steps")
    return wrong


def table(name, engines):
    any_run = next(iter(engines.values()))
    print(f"\n{name}: {any_run['cells']} cells, {any_run['compartments']} compartments, {any_run['steps']} steps")
    ours = engines.get(OURS)
    print(f"| {'engine':<38} | spikes | set-up s |    run s | Mcs/s | peak MB | {OURS} is faster by |")
    print(f"|{'-' * 40}|-------:|---------:|---------:|------:|--------:|---------------------:|")
    for engine, run in engines.items():
        ratio = f"{run['sim_s'] / ours['sim_s']:.1f}" if ours and engine != OURS else ""
        print(
            f"| {engine:<38} | {run['spikes']:>6} | {run['setup_s']:>8.3f} | {run['sim_s']:>8.3f} "
            f"| {run['mcs_per_s']:>5.1f} | {run['peak_rss_mb']:>7.0f} | {ratio:>20} |"
        )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    wrong = []
    for name, engines in best_runs(folder).items():
        table(name, engines)
        if REFERENCE in engines:
            wrong += check(folder, name, engines)
        else:
            wrong.append(f"{name}: no run of {REFERENCE} to compare with")
    print()
    for each in wrong:
        print(f"disagrees: {each}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
