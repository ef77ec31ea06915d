#!/usr/bin/env python3
"""Check that both engines' networks have the same rate, and print how fast each was.

    python compare_points.py FOLDER TSTOP_MS ALLOWED

FOLDER holds results.jsonl, the peer's results a line, and a folder `net-sim.THREADS.ROUND` with the report of each of
our runs. Of several runs the fastest counts. Rates of two networks drawn from one law differ by less than ALLOWED, a
part of 1.
"""
import json
import sys
from pathlib import Path


def ours(folder, tstop_ms):
    for path in sorted(folder.glob("net-sim.*.*/report.json")):
        report = json.loads(path.read_text())
        phases = report["phases"]
        yield {
            "engine": "net-sim",
            "threads": report["n_threads"],
            "neurons": report["n_cells"],
            "synapses": report["n_synapses"],
            "spikes": report["n_spikes"],
            "rate_hz": report["n_spikes"] / report["n_cells"] / tstop_ms * 1000.0,
            "setup_s": phases["build_s"] + phases["write_s"],
            "sim_s": phases["run_s"] + phases["merge_s"],
            "peak_rss_mb": max(report["peak_memory_mb_by_rank"]),
        }


def main():
    folder, tstop_ms, allowed = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    best = {}
    peers = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    for run in [*ours(folder, tstop_ms), *peers]:
        key = (run["threads"], run["engine"])
        if key not in best or run["sim_s"] < best[key]["sim_s"]:
            best[key] = run
    print(f"{'engine':8} threads neurons  synapses  rate Hz  set-up s    run s  peak MB  net-sim is faster by")
    failed = False
    for (threads, engine), run in sorted(best.items(), key=lambda item: (item[0][0], item[0][1] != "net-sim")):
        own = best[threads, "net-sim"]
        ratio = "" if engine == "net-sim" else f"{run['sim_s'] / own['sim_s']:.1f}"
        print(f"{engine:8} {threads:7} {run['neurons']:7} {run['synapses']:9} {run['rate_hz']:8.2f} {run['setup_s']:9.2f}"
              f" {run['sim_s']:8.2f} {run['peak_rss_mb']:8.0f}  {ratio}")
        if abs(run["rate_hz"] - own["rate_hz"]) > allowed * run["rate_hz"]:
            print(f"    the rates differ by more than {allowed:.0%}")
            failed = True
    threads = sorted({threads for threads, _ in best})
    for engine in ("net-sim", peers[0]["engine"]):
        speed_up = best[threads[0], engine]["sim_s"] / best[threads[-1], engine]["sim_s"]
        print(f"{engine}: {threads[-1]} threads are {speed_up:.2f} times as fast as {threads[0]}")
    sys.exit(failed)


main()
