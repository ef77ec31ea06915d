"""Has Neurodamus run this circuit with its astrocytes and writes what it computes to reference.json.

    nrnivmodl MODS        # mechanisms of Neurodamus and of its astrocytes: cadifus, vascouplingB, ...
    NRNMECH_LIB_PATH=.../libnrnmech.so python tests/data/sonata/glia/reference.py

Made with neurodamus 4.2.9, NEURON 9.0.2, libsonata 0.2.2 on one rank.
"""

import json
import os
import pathlib
import shutil
import tempfile

os.environ["NEURON_MODULE_OPTIONS"] = "-nogui"
HERE = pathlib.Path(__file__).resolve().parent
EVERY = 40  # steps of 0.025 ms


def section_name(section):
    return section.name().split(".")[-1]


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    for name in ["glia", "cells"]:
        shutil.copytree(HERE.parent / name, folder / name)
    os.chdir(folder / "glia")
    # It refuses reports of what only some sections have.
    configuration = json.loads(pathlib.Path("all_config.json").read_text())
    configuration["reports"] = {}
    pathlib.Path("all_config.json").write_text(json.dumps(configuration))
    from neurodamus import Neurodamus
    from neurodamus.core import NeuronWrapper as Nd

    recorded, geometry = {}, {}

    def record(key, reference):
        recorded[key] = Nd.Vector()
        recorded[key].record(reference)

    def record_all(simulation):
        astrocytes = simulation.circuits.get_node_manager("Astro").gid2cell
        for gid, cell in sorted(astrocytes.items()):
            sections = list(cell.all) + list(cell.endfeet)
            geometry[gid] = []
            for section in sections:
                segment, parent = section(0.5), section.parentseg()
                key = f"{gid}/{section_name(section)}"
                geometry[gid].append([
                    section_name(section), section_name(parent.sec) if parent else "", section.L,
                    segment.diam, segment.area(),
                ])
                record(f"{key}/v", segment._ref_v)
                record(f"{key}/ki", segment.cadifus._ref_ki)
                record(f"{key}/ikState", segment.cadifus._ref_ikState)
                record(f"{key}/ca", segment.cadifus._ref_ca[0])
                if section_name(section).startswith("endfoot"):
                    record(f"{key}/kp", segment.vascouplingB._ref_kp)
                    record(f"{key}/Rad", segment.vascouplingB._ref_Rad)
        neurons = simulation.circuits.get_node_manager("N").gid2cell
        for gid, cell in sorted(neurons.items()):
            record(f"{gid}/soma/v", cell.CellRef.soma[0](0.5)._ref_v)

    class Recorded(Neurodamus):
        # Not after its start: a second one would begin with other sodium.
        def sim_init(self, *arguments, **options):
            if not self._sim_ready:
                record_all(self)
            return super().sim_init(*arguments, **options)

    simulation = Recorded("all_config.json")
    simulation.run(cleanup=False)

    spikes = [
        [int(gid), float(f"{time:.9f}")]
        for vectors in simulation._spike_vecs
        for time, gid in zip(vectors[0], vectors[1])
    ]
    traces = {
        key: [float(f"{value:.12g}") for value in list(values)[::EVERY]]
        for key, values in recorded.items()
    }
    result = {"every_steps": EVERY, "spikes": spikes, "geometry": geometry, "traces": traces}
    (HERE / "reference.json").write_text(json.dumps(result, separators=(",", ":")))
    print(spikes)


main()
