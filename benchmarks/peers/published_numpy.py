#!/usr/bin/env python3
"""The published allocation method in NumPy: published_numpy.py TRAJECTORIES SEED.

Kumar and Manning (2025), arXiv 2504.16138, as the project's model page describes it, with the
inputs of jobs/published.toml; written for this comparison, not the authors' code. All trajectories
of a block go through a class of size at once, which is much faster than one after the other.
Prints a line of JSON: seconds of the sampling loop, trajectory-years, and of the number of
models above each threshold in 2028 the median, and the standard error of the mean.
"""

import json
import sys
import time

import numpy as np

YEARS = range(2017, 2029)
KNOWN = (21.3503511017, 22.090720839, 23.449376981, 23.8294222133, 24.8478546616, 25.2560735885,
         26.1303540018)  # log10 FLOP, 2017-2023: jobs/calibration.toml
THRESHOLDS = np.array([1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29])
BINS = 19
BLOCK = 2000


def log10_totals(generator):
    """[year, trajectory] of the year's training compute."""
    growth = np.maximum(3.9375 + 0.5 * generator.standard_normal(BLOCK), 0.001)
    rows = [np.full(BLOCK, known) for known in KNOWN]
    for year in range(2024, 2029):
        share = 0.4 if year < 2027 else 0.3
        rows.append(np.log10(1.350e26 * 2.5 * share) + (year - 2023) * np.log10(growth))
    return rows


def draw_share(generator, year, log10_total):
    n = len(log10_total)
    if year <= 2023:
        return generator.uniform(0.05, 0.5, n)
    if year == 2024:
        return 3.8e25 / 10 ** log10_total
    share = np.exp(-1.8444397270569683 + 0.5756462732485114 * generator.standard_normal(n))
    return np.where((share >= 0.05) & (share <= 0.5), share, 2.0)  # 2: infeasible, drawn again


def inputs(generator, year, log10_total):
    """Share, gradient, edges and computes of the classes, in units of T, redrawn until feasible."""
    edge = np.empty((BLOCK, BINS + 1))
    compute = np.empty((BLOCK, BINS))
    todo = np.arange(BLOCK)
    while len(todo):
        share = draw_share(generator, year, log10_total[todo])
        gradient = generator.uniform(0.9, 1.1, len(todo))
        smallest = generator.uniform(-8, -6, len(todo))
        relative = 10 ** (smallest[:, None] * np.linspace(1, 0, BINS + 1))
        part = np.diff(relative ** gradient[:, None], axis=1)
        absolute = share[:, None] * relative
        good = (part > absolute[:, 1:]).all(axis=1)
        edge[todo[good]] = absolute[good]
        compute[todo[good]] = part[good]
        todo = todo[~good]
    return edge, compute


def fill(generator, low, high, compute):
    """Sizes of one class of all trajectories, one row each, 0 where there is none."""
    most = int(np.ceil((compute / ((low + high) / 2)).max() * 1.15)) + 8
    while True:
        sizes = generator.random((BLOCK, most))
        sizes *= (high - low)[:, None]
        sizes += low[:, None]
        sums = sizes.cumsum(axis=1)
        inside = sums <= compute[:, None]
        number = inside.sum(axis=1)
        if number.max() < most:
            break
        most *= 2  # a row ran out: the class is drawn again, longer
    sizes *= inside
    rows = np.arange(BLOCK)
    filled = np.where(number > 0, sums[rows, number - 1], 0.0)
    sizes[rows, number] = compute - filled
    return sizes


def year_counts(generator, year, log10_total):
    """[trajectory, threshold] models above it; also the number and the largest of all."""
    edge, compute = inputs(generator, year, log10_total)
    total = 10 ** log10_total
    counts = np.zeros((BLOCK, len(THRESHOLDS)), np.int64)
    number = np.zeros(BLOCK, np.int64)
    largest = np.zeros(BLOCK)
    for i in range(BINS):
        sizes = fill(generator, edge[:, i], edge[:, i + 1], compute[:, i])
        number += np.count_nonzero(sizes, axis=1)
        largest = np.maximum(largest, sizes.max(axis=1))
        lowest = THRESHOLDS / total.max()
        for t in np.flatnonzero(lowest <= edge[:, i + 1].max()):
            counts[:, t] += (sizes >= (THRESHOLDS[t] / total)[:, None]).sum(axis=1)
    return counts, number, largest


def main():
    blocks = max(1, int(sys.argv[1]) // BLOCK)
    generator = np.random.Generator(np.random.SFC64(int(sys.argv[2])))
    last = []
    start = time.perf_counter()
    for _ in range(blocks):
        totals = log10_totals(generator)
        results = [year_counts(generator, year, total) for year, total in zip(YEARS, totals)]
        last.append(results[-1][0])
    seconds = time.perf_counter() - start
    counts = np.concatenate(last)
    print(json.dumps({"seconds": seconds, "trajectory_years": blocks * BLOCK * len(YEARS),
                      "median_2028": np.median(counts, axis=0).tolist(),
                      "error_2028": (counts.std(axis=0) / np.sqrt(len(counts))).tolist()}))


if __name__ == "__main__":
    main()
