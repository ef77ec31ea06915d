"""Checks that exports of a run, in every format, hold what its merged files hold.

usage: read_recordings.py RUN [VIRTUAL]

RUN is a directory with merged files and export-csv, export-npy, export-sonata and, if it is there, results.nio,
to which a block is appended with neo. With VIRTUAL, the same simulation with virtual traces, RUN is one of net-sim's:
the provenance in its files is checked too.
"""

import csv
import json
import sys
from pathlib import Path

import h5py
import libsonata
import neo
import nixio
import numpy as np
import quantities as pq


def main(run):
    run = Path(run)
    manifest = json.loads((run / "run.json").read_text())
    with h5py.File(run / "spikes.h5") as file:
        spikes = {
            name: (group["timestamps"][:], group["node_ids"][:])
            for name, group in file["spikes"].items()
        }
        check_rosters(file, manifest)
    with h5py.File(run / "traces.h5") as file:
        signals = {name: read_signal(group, manifest) for name, group in file["traces"].items()}
    check_csv(run / "export-csv", manifest, spikes, signals)
    check_npy(run / "export-npy", spikes, signals)
    check_sonata(run / "export-sonata", manifest, spikes, signals)
    if (run / "results.nio").exists():
        check_nio(run / "results.nio", manifest, spikes, signals)
    print("read_recordings: all formats agree")


def check_provenance(run):
    """The record of the run, and what of it stands in every file."""
    record = json.loads((run / "provenance.json").read_text())
    assert record["schema_version"] == 1 and record["finished_at"] >= record["started_at"]
    assert record["simulator"]["name"] == "net-sim" and record["mpi_size"] == len(record["ranks"])
    for name in ("neuron", "generic"):
        plugin = record["plugins"]["mechanisms"][name]
        assert plugin["package"] == "net-mechanisms" and plugin["version"] == record["simulator"]["version"]
    assert len(record["model_hash"]) == 64
    files = [path for ending in ("*.h5", "export-sonata/*.h5") for path in run.glob(ending)]
    assert len(files) >= 6, files
    for path in files:
        with h5py.File(path) as file:
            stamp = json.loads(file.attrs["provenance"])
        for key in ("schema_version", "simulation_name", "seed", "duration_ms", "resolution_ms", "model_hash"):
            assert stamp[key] == record[key], (path, key)
        assert stamp["simulator"] == record["simulator"], path
        assert stamp["plugins"]["mechanisms"].keys() == record["plugins"]["mechanisms"].keys(), path
        # Nothing that depends on who ran it, when and on how many ranks.
        assert not {"simulation_id", "started_at", "host", "ranks", "mpi_size", "threads"} & stamp.keys(), path
    for folder in ("export-csv", "export-npy"):
        assert json.loads((run / folder / "provenance.json").read_text()) == record


def check_virtual(run, other):
    """Traces that are a view of the chunks of a run are those of a run that copied them."""
    with h5py.File(run / "traces.h5") as mapped, h5py.File(other / "traces.h5") as copied:
        for name, group in copied["traces"].items():
            data = mapped["traces"][name]["data"]
            assert data.is_virtual and not group["data"].is_virtual, name
            assert {source.file_name for source in data.virtual_sources()} == {"."}
            np.testing.assert_array_equal(data[:], group["data"][:])


def check_rosters(file, manifest):
    for recorder in manifest["spike_recorders"]:
        group = file["recorders"][recorder["device"]["name"]]
        assert group.attrs["kind"] == recorder["device"]["kind"]
        assert group["roster"][:].tolist() == recorder["roster"]
        assert group["roster"].attrs["units"] == "gids"
        assert group["windows"].attrs["units"] == "steps"


def read_signal(group, manifest):
    """Values [column, sample], gids, times in ms."""
    end = group.file.attrs["end_step"]
    windows = group["windows"][:] if "windows" in group else np.array([[0, end]], dtype="u8")
    first, interval = int(group.attrs["first_step"]), int(group.attrs["interval_steps"])
    steps = np.arange(first, int(end), interval)
    steps = [s for s in steps if any(a <= s < b for a, b in windows)]
    return group["data"][:], group["gids"][:], np.array(steps) * manifest["dt_ms"], group.attrs["units"]


def populations(manifest):
    return {p["name"]: range(p["first_gid"], p["first_gid"] + p["size"]) for p in manifest["populations"]}


def check_csv(directory, manifest, spikes, signals):
    with open(directory / "spikes.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name, gids in populations(manifest).items():
        own = [row for row in rows if row["population"] == name]
        assert [float(row["time_ms"]) for row in own] == spikes[name][0].tolist()
        assert [int(row["node_id"]) for row in own] == spikes[name][1].tolist()
        assert all(int(row["gid"]) == int(row["node_id"]) + gids.start for row in own)
    for name, (values, _, times, _) in signals.items():
        table = np.loadtxt(directory / f"{name}.csv", delimiter=",", skiprows=1, ndmin=2)
        np.testing.assert_array_equal(table[:, 0], times)
        np.testing.assert_array_equal(table[:, 1:].astype(values.dtype).T, values)


def check_npy(directory, spikes, signals):
    for name, (times, nodes) in spikes.items():
        np.testing.assert_array_equal(np.load(directory / f"spikes.{name}.times_ms.npy"), times)
        np.testing.assert_array_equal(np.load(directory / f"spikes.{name}.node_ids.npy"), nodes)
    for name, (values, gids, times, _) in signals.items():
        array = np.load(directory / f"{name}.npy", mmap_mode="r")
        assert array.dtype == values.dtype
        np.testing.assert_array_equal(array, values)
        np.testing.assert_array_equal(np.load(directory / f"{name}.times_ms.npy"), times)
        with open(directory / f"{name}.columns.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == len(values)
        assert all(row["gid"] in ("", str(gid)) for row, gid in zip(rows, gids))


def check_sonata(directory, manifest, spikes, signals):
    reader = libsonata.SpikeReader(str(directory / "spikes.h5"))
    for name, (times, nodes) in spikes.items():
        found = reader[name].get_dict()
        np.testing.assert_array_equal(found["timestamps"], times)
        np.testing.assert_array_equal(found["node_ids"], nodes)
    for name, (values, gids, times, units) in signals.items():
        for population, own in populations(manifest).items():
            rows = [row for row, gid in enumerate(gids) if gid in own]
            reports = sorted(directory.glob(f"{name}.{population}.*h5"))
            assert bool(reports) == (bool(rows) and len(times) > 0)
            column = 0
            for path in reports:
                report = libsonata.ElementReportReader(str(path))[population]
                assert report.data_units == units and report.time_units == "ms"
                nodes = sorted({int(gids[row]) - own.start for row in rows})
                assert list(report.get_node_ids()) == nodes
                frame = report.get()
                n = len(frame.times)
                expected = values[rows, column : column + n].astype("f4")
                np.testing.assert_array_equal(np.asarray(frame.data).T, expected)
                np.testing.assert_allclose(frame.times, times[column : column + n], rtol=1e-12, atol=1e-9)
                column += n
            assert column == (len(times) if rows else 0)


def check_nio(path, manifest, spikes, signals):
    with nixio.File.open(str(path), nixio.FileMode.ReadOnly) as file:
        assert len(file.blocks) == 1
    with neo.io.NixIO(str(path), "ro") as io:
        (block,) = io.read_all_blocks()
    provenance = json.loads(block.annotations["bsb_provenance"])
    record = json.loads((path.parent / "provenance.json").read_text())
    assert provenance == record
    names = {recorder["device"]["name"] for recorder in manifest["spike_recorders"]}
    trains = [train for segment in block.segments for train in segment.spiketrains]
    assert {train.annotations["bsb_device_name"] for train in trains} >= names
    found = sorted(float(t) for train in trains if is_of_all(train, manifest) for t in train.rescale("ms").magnitude)
    expected = sorted(float(t) for times, _ in spikes.values() for t in times)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for name, (values, _, times, units) in signals.items():
        own = [
            signal
            for segment in block.segments
            for signal in segment.analogsignals
            if signal.annotations["bsb_device_name"] == name
        ]
        assert sum(signal.size for signal in own) == values.size, name
        starts = [float(signal.t_start.rescale("ms")) for signal in own]
        assert not starts or abs(min(starts) - times[0]) < 1e-9
        if units in ("mV", "nA", "Hz"):
            assert all(signal.dimensionality.string == units for signal in own)
    if (path.parent / "OUTPUT.h5").exists():
        check_fields(path.parent / "OUTPUT.h5", block)
    # What was written with neo to one of ours is read beside what was there.
    more = neo.Block(name="more")
    more.segments.append(neo.Segment())
    more.segments[0].analogsignals.append(
        neo.AnalogSignal(np.arange(5.0), units="mV", sampling_rate=1 * pq.kHz, name="ramp")
    )
    with neo.io.NixIO(str(path), "rw") as io:
        io.write_block(more)
    with neo.io.NixIO(str(path), "ro") as io:
        blocks = io.read_all_blocks()
    assert [b.name for b in blocks] == [block.name, "more"]
    np.testing.assert_array_equal(blocks[1].segments[0].analogsignals[0].magnitude[:, 0], np.arange(5.0))


def check_fields(path, block):
    """Signals of probes: a signal a field, a channel a contact, with positions, unit and sampling rate."""
    with h5py.File(path) as file:
        probes = [name for name in file if "class" in file[name].attrs]
        assert probes
        for name in probes:
            dataset = file[name]
            contacts = dataset.attrs.get("contacts_um")
            contacts = file[f"{name}.contacts_um"][:] if contacts is None and f"{name}.contacts_um" in file else contacts
            for field in dataset.dtype.names:
                own = [
                    signal
                    for segment in block.segments
                    for signal in segment.analogsignals
                    if signal.annotations["bsb_device_name"] == name and signal.annotations["bsb_field"] == field
                ]
                assert all(signal.annotations["bsb_device_kind"] == dataset.attrs["class"] for signal in own)
                values = np.concatenate([signal.magnitude for signal in own])
                np.testing.assert_array_equal(values.T, dataset[field])
                interval = 1 / own[0].sampling_rate.rescale("1/ms").magnitude
                np.testing.assert_allclose(interval, dataset.attrs["interval_ms"], rtol=1e-12)
                start = own[0].t_start.rescale("ms").magnitude
                np.testing.assert_allclose(start, dataset.attrs["start_ms"], atol=1e-9)
                units = pq.Quantity(1, dataset.attrs["units"].replace(" ", "*"))
                assert own[0].units.simplified == units.simplified
                if contacts is not None:
                    axes = [own[0].array_annotations[f"bsb_contact_{axis}"].rescale("um").magnitude for axis in "xyz"]
                    np.testing.assert_array_equal(np.transpose(axes), contacts)


def is_of_all(train, manifest):
    """Whether a train is of the first recorder, which has all cells."""
    recorders = manifest["spike_recorders"]
    return not recorders or train.annotations["bsb_device_name"] == recorders[0]["device"]["name"]


main(sys.argv[1])
if len(sys.argv) > 2:
    check_provenance(Path(sys.argv[1]))
    check_virtual(Path(sys.argv[2]), Path(sys.argv[1]))
    print("read_recordings: provenance and virtual traces agree")
