"""Makes the values here with BioNet (BMTK 1.2, NEURON 9, pandas 2): make.py FOLDER

FOLDER has the reference cases bmtk-bio14 and bmtk-components, in the latter `mechanisms` with the
.mod files of BMTK compiled by nrnivmodl.
"""

import json
import os
import sys

import h5py

HERE = os.path.dirname(os.path.abspath(__file__))
PACKED = {"compression": "gzip", "compression_opts": 9, "shuffle": True, "track_times": False}


def run(name, change):
    from bmtk.simulator import bionet

    with open("sim_base.json") as file:
        config = json.load(file)
    config["output"]["output_dir"] = "output/" + name
    change(config)
    with open(f"sim_{name}.json", "w") as file:
        json.dump(config, file)
    config = bionet.Config.from_json(f"sim_{name}.json", validate=False)
    config.build_env()
    network = bionet.BioNetwork.from_config(config)
    bionet.BioSimulator.from_config(config, network=network).run()


def netcon_reports(config):
    config["run"].update(tstop=50.0, nsteps_block=500)
    config["reports"] = {
        name: {
            "module": "netcon_report", "cells": [0, 3], "variable_name": [name],
            "syn_type": "Exp2Syn", "dt": 5.0,
        }
        for name in ["g", "i", "A"]
    }


def main():
    os.chdir(os.path.join(sys.argv[1], "bmtk-bio14"))
    run("netcon", netcon_reports)
    with h5py.File(os.path.join(HERE, "bio14_netcon.h5"), "w") as out:
        for name in ["g", "i", "A"]:
            report = h5py.File(f"output/netcon/{name}.h5")["report/v1"]
            data = report["data"][:]
            out.create_dataset(name, data=data, chunks=data.shape, **PACKED)
        for name, values in report["mapping"].items():
            if name != "time":
                values = values[:] if name == "element_pos" else values[:].astype("i2")
                out.create_dataset(f"mapping/{name}", data=values, chunks=values.shape, **PACKED)


main()
