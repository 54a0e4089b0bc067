"""The result file of a sweep whose numbers are what a test wants them to be: so known functions go the
same way as results."""

import functools
import hashlib
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy as np

from harness import PROGRAM, edited
from metadata import metadata_sha256

YEARS, THRESHOLDS, QUANTILES = [2027, 2028], [1e25, 1e26], [0.05, 0.5, 0.95]
JOB = edited("2024-2026", "2027-2028", edited("trajectories = 300", "trajectories = 4", edited(
    "[1e24, 1e25, 1e26]", "[1e25, 1e26]\ncumulative_from = 2027")))
TEXT = h5py.string_dtype("utf-8")


@functools.lru_cache(maxsize=None)
def _attributes_of_a_run():
    """What a sweep's file shares with the file of its base job."""
    with tempfile.TemporaryDirectory(prefix="flopsieve-test-") as folder:
        (Path(folder) / "job.toml").write_text(JOB)
        subprocess.run([PROGRAM, "run", "job.toml", "-q"], cwd=folder, check=True,
                       capture_output=True)
        with h5py.File(Path(folder) / "job.h5") as file:
            return {name: file.attrs[name] for name in
                    ("format_version", "sampling_version", "program_version", "git_hash", "plan",
                     "job", "command_line", "seed", "trajectories")}


def _sha256(values):
    if values.dtype.kind == "O":
        return hashlib.sha256(b"".join(each.encode() + b"\0" for each in values)).hexdigest()
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def _dataset(file, name, values, dimensions=()):
    """With its scales; without dimensions a scale itself."""
    values = np.asarray(values)
    if values.dtype.kind in "UO":
        values = values.astype(object)
    dataset = file.create_dataset(name, data=values,
                                  dtype=TEXT if values.dtype.kind == "O" else values.dtype)
    if not dimensions:
        dataset.make_scale(name)
    for axis, dimension in enumerate(dimensions):
        dataset.dims[axis].attach_scale(file[dimension])
    dataset.attrs["sha256"] = _sha256(values)
    return dataset


def _write_settings(file, settings):
    names = []
    for key, values in settings.items():
        name = "".join(c if c.isalnum() or c in "_." else "_" for c in key)
        dataset = _dataset(file, name, values, ["variant"])
        dataset.attrs["key"] = key
        dataset.attrs["is_number"] = np.int32(np.asarray(values).dtype.kind == "f")
        names.append(name)
    file.attrs.create("settings", names, dtype=TEXT)
    return " ".join(names)


def write_sweep(path, design, settings, output, *, error=np.nan, status=None, common=True):
    """`settings` {key: values}; `output` [variant] becomes the number above 1e26 in 2028, as median,
    as mean and as acceptance; every other place holds another function of it, by which a wrong
    place would be seen. `error`: its standard error, and half of its interval / 1.96."""
    output = np.asarray(output, dtype=float)
    wrong = np.sin(np.arange(output.size) ** 2.0)
    cells = np.broadcast_to(wrong[:, None, None, None],
                            (output.size, len(YEARS), len(THRESHOLDS), len(QUANTILES))).copy()
    cells[:, 1, 1, 1] = output
    means = cells[..., 1].copy()
    dimensions = ["variant", "year", "threshold", "quantile", "bound"]
    results = {"acceptance_probability": np.stack([wrong, output], axis=1),
               "acceptance_probability_error": np.full((output.size, len(YEARS)), error)}
    for group, sign in (("counts", -1.0), ("cumulative", 1.0)):
        results[f"{group}_quantiles"] = sign * cells
        results[f"{group}_mean"] = sign * means
        half = 1.959963984540054 * error
        results[f"{group}_bounds"] = np.stack([sign * cells - half, sign * cells + half], axis=-1)
        results[f"{group}_standard_error"] = np.full_like(means, error)
    with h5py.File(path, "w") as file:
        for name, values in (("variant", np.arange(output.size, dtype="u8")),
                             ("year", np.array(YEARS, "i4")), ("threshold", THRESHOLDS),
                             ("quantile", QUANTILES), ("bound", ["low", "high"])):
            _dataset(file, name, values)
        coordinates = _write_settings(file, settings)
        results["status"] = np.array(status or ["ok"] * output.size, dtype=object)
        for name, values in results.items():
            dataset = _dataset(file, name, values, dimensions[:values.ndim])
            dataset.attrs["coordinates"] = coordinates
        file.attrs.update({**_attributes_of_a_run(), "kind": "flopsieve sweep",
                           "identity": "of no sweep", "sweep": "", "design": design,
                           "common_random_numbers": np.int32(common), "complete": np.int32(1)})
        file.attrs["metadata_sha256"] = metadata_sha256(file)
