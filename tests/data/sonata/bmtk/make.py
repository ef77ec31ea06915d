"""Makes the values here with BioNet (BMTK 1.2, NEURON 9, pandas 2): make.py FOLDER

FOLDER has the reference cases bmtk-bio14 and bmtk-components, in the latter `mechanisms` with the
.mod files of BMTK compiled by nrnivmodl.
"""

import json
import multiprocessing
import os
import sys

import h5py

HERE = os.path.dirname(os.path.abspath(__file__))
PACKED = {"compression": "gzip", "compression_opts": 9, "shuffle": True, "track_times": False}


class Outside:
    """The potentials outside of somata after each step."""

    def __init__(self):
        self.rows = []

    def initialize(self, sim):
        self.somata = [sim.net.get_cell_gid(gid).hobj.soma[0](0.5) for gid in range(10)]

    def step(self, sim, step):
        self.rows.append([soma.e_extracellular for soma in self.somata])

    def block(self, *_):
        pass

    finalize = block


def extracellular_by_hand():
    """NEURON 9 has no PtrVector.ptr_update_callback, which BMTK sets potentials with."""
    from bmtk.simulator.bionet.biocell import BioCell
    from bmtk.simulator.bionet.modules import comsol as comsol_module
    from scipy.interpolate import NearestNDInterpolator

    def setup(cell, *_):
        for section in cell.hobj.all:
            section.insert("extracellular")

    def impose(cell, potentials):
        segments = (segment for section in cell.hobj.all for segment in section)
        for segment, potential in zip(segments, potentials):
            segment.e_extracellular = potential

    # Its numbers of the nearest nodes are no integers with SciPy 1.17.
    comsol_module.NNip = lambda nodes, numbers: lambda places: NearestNDInterpolator(
        nodes, numbers)(places).astype(int)
    BioCell.setup_xstim, BioCell.set_e_extracellular = setup, impose


def run(name, change, observer=None):
    """Runs a variant in a process of its own; gives the rows of the observer."""
    context = multiprocessing.get_context("fork")
    rows = context.SimpleQueue()
    process = context.Process(target=run_here, args=(name, change, observer, rows))
    process.start()
    found = rows.get()
    process.join()
    return found


def run_here(name, change, observer, rows):
    from bmtk.simulator import bionet

    extracellular_by_hand()

    with open("sim_base.json") as file:
        config = json.load(file)
    config["output"]["output_dir"] = "output/" + name
    change(config)
    with open(f"sim_{name}.json", "w") as file:
        json.dump(config, file)
    config = bionet.Config.from_json(f"sim_{name}.json", validate=False)
    config.build_env()
    network = bionet.BioNetwork.from_config(config)
    simulation = bionet.BioSimulator.from_config(config, network=network)
    if observer is not None:
        simulation.add_mod(observer)
    simulation.run()
    rows.put(observer and observer.rows)


def netcon_reports(config):
    config["run"].update(tstop=50.0, nsteps_block=500)
    config["reports"] = {
        name: {
            "module": "netcon_report", "cells": [0, 3], "variable_name": [name],
            "syn_type": "Exp2Syn", "dt": 5.0,
        }
        for name in ["g", "i", "A"]
    }


def comsol_files():
    """Potentials at nodes around the cells: of a source, and of one that changes with time."""
    from random import Random

    draw = Random(1)
    head = ["% Model: none", "% Version: none", "% Date: none", "% Dimension: 3", "% Nodes: many",
            "% Expressions: 1", "% Description: Electric potential", "% Length unit: um"]
    box = [(-100.0, 450.0), (-450.0, -250.0), (-300.0, 250.0)]
    nodes = [[round(draw.uniform(*side), 2) for side in box] for _ in range(150)]
    times = [0.0, 0.5, 0.8, 2.0]
    with open(os.path.join(HERE, "comsol_in_space.txt"), "w") as file:
        file.write("\n".join(head) + "\n% x                    y                    z                    V (V)\n")
        for x, y, z in nodes:
            potential = 0.02 / (1.0 + ((x - 500) ** 2 + y**2 + z**2) ** 0.5 / 100.0)
            file.write(f"{x}   {y}   {z}   {potential:.6g}\n")
    with open(os.path.join(HERE, "comsol_in_time.txt"), "w") as file:
        names = "   ".join(f"V (mV) @ t={time / 1000:g}" for time in times)
        file.write("\n".join(head) + f"\n% x                    y                    z   {names}\n")
        for x, y, z in nodes[:40]:
            values = " ".join(f"{draw.uniform(-20, 20):.4g}" for _ in times)
            file.write(f"{x} {y} {z} {values}\n")
    with open(os.path.join(HERE, "comsol_waveform.csv"), "w") as file:
        file.write("time amplitude\n0.0 0.0\n0.3 1.0\n0.9 -0.5\n1.1 0.25\n")


def comsol(**keys):
    def change(config):
        config["run"].update(tstop=5.0, nsteps_block=50)
        config["reports"] = {}
        config["inputs"] = {
            "comsol": {"input_type": "extracellular", "module": "comsol", "node_set": "all", **keys}
        }

    return change


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
    comsol_files()
    path = lambda name: os.path.join(HERE, name)
    timed = {"comsol_files": path("comsol_in_time.txt"), "amplitudes": 2.0}
    space, waveform = path("comsol_in_space.txt"), path("comsol_waveform.csv")
    several = {"comsol_files": [space] * 2, "waveforms": [waveform] * 2, "amplitudes": [3.0, 1.0]}
    with h5py.File(path("bio14_comsol.h5"), "w") as out:
        for name, keys in [("in_time", timed), ("in_space", several)]:
            rows = run(name, comsol(**keys), Outside())
            out.create_dataset(name, data=rows, chunks=(50, 10), **PACKED)


main()
