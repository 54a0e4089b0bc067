#!/usr/bin/env python3
"""Draws a sweep: models above a threshold up to the end of the last year (median) against its first
key, with a line for each value of the second; as a map of both where that has many.

    scripts/plot_sweep.py SWEEP.h5 PICTURE.png [THRESHOLD]
"""
import sys

import matplotlib.pyplot as plt
import xarray

path, picture, threshold = (*sys.argv[1:], "1e26")[:3]
sweep = xarray.open_dataset(path, engine="h5netcdf")
x, y, *_ = (*sweep.attrs["settings"], "status")
counts = sweep.cumulative_quantiles.sel(quantile=0.5, threshold=float(threshold)).isel(year=-1)
rows = counts.to_pandas().to_frame("count").assign(x=sweep[x], y=sweep[y]).dropna()
what = f"models above {threshold} FLOP, median, up to the end of {int(sweep.year[-1])}"
has_names = rows.x.dtype == object
if not has_names and rows.y.dtype != object and rows.y.nunique() > 10:
    plt.tricontourf(rows.x, rows.y, rows["count"], levels=20)
    plt.colorbar(label=what)
    plt.ylabel(y)
else:
    for value, some in rows.sort_values("x").groupby("y"):
        plt.plot(some.x, some["count"], "o" if has_names else ".-", label=value)
    plt.ylabel(what)
    plt.legend(title=y, fontsize="small")
plt.xlabel(x)
plt.xticks(rotation=90 if has_names else 0)
plt.savefig(picture, dpi=150, bbox_inches="tight")
