"""Runs a SONATA simulation with BMTK's BioNet, and says how long building and running took.

usage: run_bionet.py CONFIG

The mechanisms that the circuit needs are those of the wheel of BMTK, compiled by nrnivmodl in the current
directory. Run it there.
"""

import sys
import time

from bmtk.simulator import bionet


def main():
    started = time.monotonic()
    config = bionet.Config.from_json(sys.argv[1])
    config.build_env()
    network = bionet.BioNetwork.from_config(config)
    simulator = bionet.BioSimulator.from_config(config, network=network)
    built = time.monotonic()
    simulator.run()
    ended = time.monotonic()
    print(f"BioNet    build {built - started:.3f} s, run {ended - built:.3f} s", flush=True)


if __name__ == "__main__":
    main()
