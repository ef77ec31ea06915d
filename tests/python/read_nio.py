"""Opens .nio files with neo, nixio and h5py and compares what is read with what was recorded.

    read_nio.py results DIR [FILE]      FILE (default DIR/results.nio) against DIR/spikes.h5, traces.h5 and run.json
    read_nio.py contract FILE CONTRACT  keys of annotations against a dump of what another program writes
    read_nio.py objects DIR EXPECTED    files with objects of every kind against what neo reads from its own
    read_nio.py extend DIR              nixio's checks, and neo and nixio append to copies of all .nio files

Also a library: `read_nio(path)` gives the first block, `iter_recordings(block)` what was recorded, one at a time.
"""
import json
import pathlib
import shutil
import sys
import tempfile
import warnings
from datetime import date, datetime, time

import h5py
import neo
import nixio
import numpy as np
import quantities as pq
from neo.io import NixIO
from neo.io.nixio_fr import NixIO as NixRawIO

warnings.simplefilter("ignore")


# ------------------------------------------------------------------------------------------- readers of results


def read_nio(path):
    """The first block of a file."""
    with NixIO(str(path), "ro") as io:
        return io.read_all_blocks()[0]


def iter_recordings(block):
    """Every recorded thing of a block, whichever dialect it is written in: spike trains, then signals, by segment."""
    for segment in block.segments:
        for item in [*segment.spiketrains, *segment.analogsignals]:
            if bool(item.annotations.get("bsb_multiplexed", False)):
                yield from demultiplex(item)
            elif "bsb_ps_name" in item.annotations:
                yield recording(item, plain_annotations(item), np.asarray(item).squeeze())


def demultiplex(item):
    """The recordings of the targets that share a train or a signal."""
    common = plain_annotations(item)
    if isinstance(item, neo.SpikeTrain):
        roster = json.loads(common.pop("bsb_roster"))
        targets = np.asarray(item.array_annotations["bsb_target_index"])
        order = np.argsort(targets, kind="stable")
        bounds = np.searchsorted(targets[order], np.arange(len(roster["bsb_cell_id"]) + 1))
        times = np.asarray(item)[order]
        for k in range(len(bounds) - 1):
            own = {key: values[k] for key, values in roster.items()}
            yield recording(item, {**common, **own}, times[bounds[k]:bounds[k + 1]])
    else:
        arrays = {key: np.atleast_1d(values) for key, values in item.array_annotations.items()}
        for k in range(item.shape[1]):
            present = {key for key in arrays if f"{key}_present" not in arrays or arrays[f"{key}_present"][k]}
            own = {key: scalar(arrays[key][k]) for key in present if not key.endswith("_present")}
            yield recording(item, {**common, **own}, np.asarray(item[:, k]).ravel())


def recording(item, annotations, data):
    return {
        "ps_name": annotations.get("bsb_ps_name"),
        "cell_id": int(annotations.get("bsb_cell_id", -1)),
        "device": annotations.get("bsb_device_name"),
        "name": item.name,
        "units": str(item.units.dimensionality),
        "kind": type(item).__name__,
        "data": data,
        "t_start_s": float(item.t_start.rescale("s")),
        "t_stop_s": float(item.t_stop.rescale("s")),
        "annotations": annotations,
    }


def scalar(value):
    return value.item() if hasattr(value, "item") else value


def plain_annotations(item):
    return {key: scalar(value) for key, value in item.annotations.items() if key != "nix_name"}


# ------------------------------------------------------------------------------------------- results of a run


def check_results(directory, path):
    """Neo and nixio must give what the merged files have."""
    directory = pathlib.Path(directory)
    manifest = json.loads((directory / "run.json").read_text())
    block = read_nio(path)
    check_block(block, manifest)
    n_spikes = check_spikes(block, directory, manifest)
    n_samples = check_signals(block, directory, manifest)
    check_lazy_reader(path, block)
    print(f"{path}: {len(block.segments)} segments, {n_spikes} spikes, {n_samples} samples as recorded")


def check_block(block, manifest):
    annotations = block.annotations
    provenance, config = json.loads(annotations["bsb_provenance"]), json.loads(annotations["config"])
    assert isinstance(config, dict)
    assert block.name == annotations["sim_name"] == provenance["simulation_name"]
    assert annotations["bsb_simulation_id"] == provenance["simulation_id"]
    assert provenance["schema_version"] == 1 and provenance["seed"] == manifest["seed"]
    assert provenance["resolution_ms"] == manifest["dt_ms"]
    assert annotations["run_index"] >= 0
    end = 0.0
    for index, segment in enumerate(block.segments):
        a = segment.annotations
        assert a["segment_id"] == f"{provenance['simulation_id']}:{index}"
        assert a["checkpoint_index"] == index
        assert a["t_start_ms"] == end < a["t_stop_ms"], "segments follow each other"
        end = a["t_stop_ms"]
        for item in [*segment.spiketrains, *segment.analogsignals]:
            assert item.annotations["bsb_segment_id"] == a["segment_id"]
            assert item.annotations["bsb_simulation_id"] == provenance["simulation_id"]
            assert item.annotations["bsb_device_name"] and item.annotations["bsb_device_kind"]
            assert item.annotations["bsb_recording_kind"] in ("cell", "compartment", "point", "device")
        for train in segment.spiketrains:
            span = [float(t.rescale("ms")) for t in (train.t_start, train.t_stop)]
            np.testing.assert_allclose(span, [a["t_start_ms"], a["t_stop_ms"]], rtol=1e-14)


def check_spikes(block, directory, manifest):
    """Every cell of every population has its spikes, also a silent one; those of a segment lie in its span."""
    found = {}
    for r in iter_recordings(block):
        if r["kind"] == "SpikeTrain":
            assert r["units"] == "s" and np.all((r["t_start_s"] <= r["data"]) & (r["data"] <= r["t_stop_s"]))
            found.setdefault((r["ps_name"], r["cell_id"]), []).append(np.atleast_1d(r["data"]))
    total = 0
    with h5py.File(directory / "spikes.h5") as file:
        for population in manifest["populations"]:
            group = file["spikes"][population["name"]]
            t, ids = group["timestamps"][()], group["node_ids"][()]
            for cell in range(population["size"]):
                trains = found.pop((population["name"], cell))
                assert len(trains) == len(block.segments)
                np.testing.assert_array_equal(np.concatenate(trains), t[ids == cell] / 1000.0)
            total += len(t)
    assert not found, f"cells that do not exist: {list(found)[:3]}"
    return total


def check_signals(block, directory, manifest):
    """Every column of every signal has its samples, at their times."""
    found = {}
    for r in iter_recordings(block):
        if r["kind"] == "AnalogSignal":
            a = r["annotations"]
            key = (r["device"], a["bsb_gid"], a["bsb_segment"], a.get("bsb_label", ""))
            found.setdefault(key, []).append(r)
    total = 0
    if not manifest["signals"]:
        return total
    with h5py.File(directory / "traces.h5") as file:
        for signal in manifest["signals"]:
            group = file["traces"][signal["name"]]
            data, labels = group["data"][()], list(group.attrs.get("label_names", []))
            for row, (gid, segment, label) in enumerate(zip(group["gids"], group["segments"], group["labels"])):
                pieces = found.pop((signal["name"], int(gid), int(segment), labels[label] if labels else ""))
                joined = np.concatenate([np.atleast_1d(p["data"]) for p in pieces])
                assert joined.dtype == data.dtype
                np.testing.assert_array_equal(joined, data[row])
                at = 0
                for piece in pieces:
                    begin = (group.attrs["t_start_ms"] + at * group.attrs["dt_ms"]) / 1000
                    np.testing.assert_allclose(piece["t_start_s"], begin, rtol=1e-12, atol=1e-15)
                    at += np.size(piece["data"])
            total += data.size
    assert not found, f"columns that were not recorded: {list(found)[:3]}"
    return total


def check_lazy_reader(path, block):
    """The reader that takes all times as seconds sees the same times, because they are in seconds.

    It finds spikes only by sources of neo's former units, which neo itself writes no more: only signals are compared.
    """
    if not all(s.spiketrains and s.analogsignals for s in block.segments):
        return  # It cannot read a segment without signals.
    with open(path, "rb"):
        raw = NixRawIO(str(path)).read_block(lazy=False)
    assert len(raw.segments) == len(block.segments)
    for ours, theirs in zip(block.segments, raw.segments):
        by_rate = sum(np.asarray(s).sum(dtype=float) for s in ours.analogsignals)
        np.testing.assert_allclose(sum(np.asarray(s).sum(dtype=float) for s in theirs.analogsignals), by_rate, rtol=1e-5)
        starts = sorted({round(float(s.t_start.rescale("s")), 9) for s in ours.analogsignals})
        assert sorted({round(float(s.t_start.rescale("s")), 9) for s in theirs.analogsignals}) == starts


def check_contract(path, contract_path):
    """Every key that readers of results by others rely on is there, with a value of the same type."""
    contract, block = json.loads(pathlib.Path(contract_path).read_text()), read_nio(path)
    if "block" in contract:  # One object for each recorded thing; its JSON texts stand beside lists of their keys.
        wanted = {k.removesuffix("_json"): v for k, v in contract["block"].items() if k.endswith("_json")}
        provenance = json.loads(wanted["bsb_provenance"])
    else:
        wanted, provenance = {**contract["annotations"], "config": "", "bsb_provenance": ""}, contract["provenance"]
    check_keys("block", block.annotations, wanted)
    missing = provenance.keys() - json.loads(block.annotations["bsb_provenance"]).keys()
    assert not missing, f"provenance: {missing} missing"
    segment, wanted = block.segments[0], contract["segments"][0]
    check_keys("segment", segment.annotations, wanted["annotations"])
    kinds = {"SpikeTrain": segment.spiketrains, "AnalogSignal": segment.analogsignals}
    for theirs in wanted["objects"]:
        if theirs["annotations"]["bsb_recording_kind"] == "stimulus":
            continue
        ours = [o for o in kinds[theirs["type"]] if theirs["annotations"].keys() <= o.annotations.keys() | {"nix_name"}]
        assert ours, f"{theirs['type']}: none with {sorted(theirs['annotations'])}"
        check_keys(theirs["type"], ours[0].annotations, theirs["annotations"])
        check_keys(theirs["type"], ours[0].array_annotations, theirs.get("array_annotations", {}))
    print(f"{path}: all keys of {pathlib.Path(contract_path).name}")


# Merged files have no rank; lists instead of texts are what neo makes of dictionaries.
NOT_COMPARED = {"nix_name", "mpi_rank", "simulator_state"}


def check_keys(what, ours, theirs):
    for key in theirs.keys() - NOT_COMPARED:
        assert key in ours, f"{what}: {key} missing"
        found, expected = (np.asarray(v).dtype.kind for v in (ours[key], theirs[key]))
        assert found == expected, f"{what}: {key} is {ours[key]!r}, expected something as {theirs[key]!r}"


# ------------------------------------------------------------------------------------------- objects of every kind


def plain(v):
    if isinstance(v, pq.Quantity):
        return {"quantity": np.asarray(v.magnitude).tolist(), "unit": str(v.dimensionality)}
    if isinstance(v, np.ndarray):
        return {"ndarray": v.tolist(), "dtype": str(v.dtype)}
    if isinstance(v, np.generic):
        return {"npscalar": v.item(), "dtype": str(v.dtype)}
    if isinstance(v, (datetime, date, time)):
        return {type(v).__name__: v.isoformat()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return v


def summary(o):
    d = {"type": type(o).__name__, "name": o.name, "description": o.description, "annotations": annotations_of(o)}
    if getattr(o, "array_annotations", None):
        d["array_annotations"] = {k: plain(v) for k, v in o.array_annotations.items()}
    if isinstance(o, neo.SpikeTrain):
        d.update(times=plain(o.times), t_start=plain(o.t_start), t_stop=plain(o.t_stop))
    elif isinstance(o, neo.AnalogSignal):
        d.update(data=plain(pq.Quantity(o)), t_start=plain(o.t_start), sampling_period=plain(o.sampling_period))
    elif isinstance(o, neo.IrregularlySampledSignal):
        d.update(data=plain(pq.Quantity(o)), times=plain(o.times))
    elif isinstance(o, neo.Event):
        d.update(times=plain(o.times), labels=[str(x) for x in o.labels])
    elif isinstance(o, neo.Epoch):
        d.update(times=plain(o.times), durations=plain(o.durations), labels=[str(x) for x in o.labels])
    return d


def annotations_of(o):
    return {k: plain(v) for k, v in o.annotations.items() if k != "nix_name"}


def group_summary(g):
    return {"name": g.name, "spiketrains": [x.name for x in g.spiketrains], "analogsignals": [x.name for x in g.analogsignals],
            "subgroups": [group_summary(x) for x in g.groups]}


def file_summary(path):
    r = read_nio(path)
    segments = [
        {"name": s.name, "annotations": annotations_of(s),
         "objects": [summary(o) for o in [*s.analogsignals, *s.irregularlysampledsignals, *s.events, *s.epochs, *s.spiketrains]]}
        for s in r.segments
    ]
    block = {"name": r.name, "description": r.description, "annotations": annotations_of(r), "rec_datetime": str(r.rec_datetime)}
    return {"block": block, "segments": segments, "groups": [group_summary(g) for g in r.groups]}


# What neo can write and this project's results have no use for.
NOT_WRITTEN = {"waveforms", "sampling_rate", "left_sweep", "channelviews", "a_dict", "a_date", "a_time"}


def without(value, is_train=False):
    if isinstance(value, dict):
        is_train = value.get("type") == "SpikeTrain"
        dropped = NOT_WRITTEN | ({"sampling_period"} if is_train else set())
        return {k: without(v) for k, v in value.items() if k not in dropped}
    return [without(v) for v in value] if isinstance(value, list) else value


def difference(found, expected, at=""):
    """Where two summaries differ first; quantities may have other units, and numbers differ by rounding."""
    if isinstance(found, dict) and isinstance(expected, dict) and found.keys() == expected.keys() == {"quantity", "unit"}:
        theirs = pq.Quantity(expected["quantity"], expected["unit"])
        ours = pq.Quantity(found["quantity"], found["unit"]).rescale(theirs.units)
        same = ours.shape == theirs.shape and np.allclose(ours.magnitude, theirs.magnitude, rtol=1e-12, atol=0)
        return None if same else f"{at}: {ours} instead of {theirs}"
    if isinstance(found, dict) and isinstance(expected, dict):
        if found.keys() != expected.keys():
            return f"{at}: {sorted(found)} instead of {sorted(expected)}"
        return next((d for k in found if (d := difference(found[k], expected[k], f"{at}.{k}"))), None)
    if isinstance(found, list) and isinstance(expected, list):
        if len(found) != len(expected):
            return f"{at}: {len(found)} entries instead of {len(expected)}"
        return next((d for k, (f, e) in enumerate(zip(found, expected)) if (d := difference(f, e, f"{at}[{k}]"))), None)
    if isinstance(found, float) and isinstance(expected, float):
        return None if np.isclose(found, expected, rtol=1e-12) else f"{at}: {found} instead of {expected}"
    return None if found == expected else f"{at}: {found!r} instead of {expected!r}"


def check_objects(directory, expected_path):
    directory, expected = pathlib.Path(directory), json.loads(pathlib.Path(expected_path).read_text())["files"]
    for path in sorted(directory.glob("*.nio")):
        if path.name == "two_blocks.nio":
            with NixIO(str(path), "ro") as io:
                found = [[b.name, [[s.name, [t.name for t in s.spiketrains]] for s in b.segments]] for b in io.read_all_blocks()]
        else:
            found = file_summary(path)
        wrong = difference(without(found), without(expected[path.name]))
        assert wrong is None, f"{path.name}{wrong}"
        print(f"{path.name}: as neo's own")


def check_extend(directory):
    """What nixio itself finds wrong, and whether neo and nixio can add to a file."""
    tolerated = {"positions are not set"}  # A train without spikes has none, whoever writes it.
    for path in sorted(pathlib.Path(directory).glob("*.nio")):
        with nixio.File.open(str(path), nixio.FileMode.ReadOnly) as file:
            errors = {text for texts in file.validate()["errors"].values() for text in texts} - tolerated
            assert not errors, f"{path.name}: {errors}"
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / path.name
            shutil.copy(path, copy)
            extend_with_neo(copy)
            extend_with_nixio(copy)
        print(f"{path.name}: valid, extended by neo and nixio")


def extend_with_neo(path):
    block, segment = neo.Block(name="added"), neo.Segment(name="s")
    segment.spiketrains.append(neo.SpikeTrain([0.25] * pq.s, t_stop=1 * pq.s))
    segment.analogsignals.append(neo.AnalogSignal(np.zeros((3, 2)), units="mV", sampling_period=1 * pq.ms))
    block.segments.append(segment)
    with NixIO(str(path), "rw") as io:
        before = [b.name for b in io.read_all_blocks()]
        io.write_block(block)
    with NixIO(str(path), "ro") as io:
        blocks = io.read_all_blocks()
    assert [b.name for b in blocks] == [*before, "added"]
    assert float(blocks[-1].segments[0].spiketrains[0][0]) == 0.25


def extend_with_nixio(path):
    with nixio.File.open(str(path), nixio.FileMode.ReadWrite) as file:
        for array in list(file.blocks[0].data_arrays)[:5]:
            before = len(array)
            array.append(np.array(array[-1:] if before else [0.0]))
            assert len(array) == before + 1
        section = file.sections[-1]
        section["added"] = "text"
        assert section["added"] == "text"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["results", directory]:
            check_results(directory, pathlib.Path(directory) / "results.nio")
        case ["results", directory, file]:
            check_results(directory, file)
        case ["contract", file, contract]:
            check_contract(file, contract)
        case ["objects", directory, expected]:
            check_objects(directory, expected)
        case ["extend", directory]:
            check_extend(directory)
        case _:
            sys.exit(__doc__)
