#!/usr/bin/env python3
"""Draws a sweep: models above a threshold up to the end of the last year (median) against its first
key, with a line for each value of the second.

    scripts/plot_sweep.py SWEEP.h5 PICTURE.png [THRESHOLD]
"""
import sys

import matplotlib.pyplot as plt
import xarray

path, picture, threshold = (*sys.argv[1:], "1e26")[:3]
sweep = xarray.open_dataset(path, engine="h5netcdf")
x, line, *_ = (*sweep.attrs["settings"], "status")
counts = sweep.cumulative_quantiles.sel(quantile=0.5, threshold=float(threshold)).isel(year=-1)
for value, rows in counts.to_dataframe()[[x, "cumulative_quantiles"]].join(
        sweep[line].to_series().rename("line")).groupby("line"):
    plt.plot(*rows.sort_values(x)[[x, "cumulative_quantiles"]].to_numpy().T, ".-", label=value)
plt.xlabel(x)
plt.ylabel(f"models above {threshold} FLOP, median, up to the end of {int(sweep.year[-1])}")
plt.legend(title=line, fontsize="small")
plt.savefig(picture, dpi=150)
