#!/usr/bin/env python3
"""A result as a pandas table: read_example.py OUT.h5 [MORE.h5 ...]

One row per file, year and threshold: quantiles of the models above it up to the year's end. Needs
python3-xarray, python3-h5netcdf and python3-pandas.
"""

import sys

import pandas
import xarray


def table(path):
    with xarray.open_dataset(path, group="counts", engine="h5netcdf") as counts:
        wide = counts["cumulative_quantiles"].to_series().unstack("quantile")
    return wide.add_prefix("q")


if __name__ == "__main__":
    paths = sys.argv[1:] or sys.exit(__doc__)
    print(pandas.concat({path: table(path) for path in paths}, names=["file"]).to_string())
