"""A result file in the layout of a sweep whose numbers are what a test wants them to be: so known
functions go the same way as results."""

import h5py
import numpy as np

YEARS, THRESHOLDS, QUANTILES = [2027, 2028], [1e25, 1e26], [0.05, 0.5, 0.95]
TEXT = h5py.string_dtype("utf-8")


def _scale(file, name, values, dtype):
    file.create_dataset(name, data=np.array(values, dtype=dtype)).make_scale(name)


def _variable(file, name, values, dimensions):
    values = np.asarray(values)
    kind = TEXT if values.dtype.kind in "UO" else values.dtype
    dataset = file.create_dataset(name, data=values.astype(object) if kind is TEXT else values,
                                  dtype=kind)
    for axis, dimension in enumerate(dimensions):
        dataset.dims[axis].attach_scale(file[dimension])
    return dataset


def write_sweep(path, design, settings, output, *, error=None, status=None, common=True):
    """`settings` {key: values}; `output` [variant] becomes the number above 1e26 in 2028, as median,
    as mean and as acceptance; every other place holds another function of it, by which a wrong
    place would be seen. `error`: its standard error, and half of its interval / 1.96."""
    output = np.asarray(output, dtype=float)
    wrong = np.sin(np.arange(output.size) ** 2.0)
    cells = np.broadcast_to(wrong[:, None, None, None],
                            (output.size, len(YEARS), len(THRESHOLDS), len(QUANTILES))).copy()
    cells[:, 1, 1, 1] = output
    means = cells[..., 1].copy()
    acceptance = np.stack([wrong, output], axis=1)
    with h5py.File(path, "w") as file:
        _scale(file, "variant", np.arange(output.size), "u8")
        _scale(file, "year", YEARS, "i4")
        _scale(file, "threshold", THRESHOLDS, "f8")
        _scale(file, "quantile", QUANTILES, "f8")
        file.create_dataset("bound", data=["low", "high"], dtype=TEXT).make_scale("bound")
        for key, values in settings.items():
            name = "".join(c if c.isalnum() or c in "_." else "_" for c in key)
            _variable(file, name, values, ["variant"]).attrs["key"] = key
        dimensions = ["variant", "year", "threshold", "quantile"]
        for group in ("counts", "cumulative"):
            sign = 1.0 if group == "cumulative" else -1.0
            _variable(file, f"{group}_quantiles", sign * cells, dimensions)
            _variable(file, f"{group}_mean", sign * means, dimensions[:3])
            if error is not None:
                half = 1.959963984540054 * error
                bounds = np.stack([cells - half, cells + half], axis=-1)
                _variable(file, f"{group}_bounds", bounds, [*dimensions, "bound"])
                _variable(file, f"{group}_standard_error", np.full_like(means, error),
                          dimensions[:3])
        _variable(file, "acceptance_probability", acceptance, dimensions[:2])
        _variable(file, "status", np.array(status or ["ok"] * output.size, dtype=object),
                  ["variant"])
        file.attrs.update({"kind": "flopsieve sweep", "format_version": np.int32(1),
                           "design": design, "common_random_numbers": np.int32(common),
                           "complete": np.int32(1)})
