#!/usr/bin/env python3
"""The work of benchmarks/jobs/total.toml in NumPy: total_numpy.py DTYPE CANDIDATES SEED.

Prints a line of JSON: seconds of the sampling loop (not of starting Python), candidates, survivors.
SFC64 is NumPy's fastest generator. Blocks fit into the second-level cache.
"""

import json
import sys
import time

import numpy as np

MODELS, MEAN, SD = 100, 24.0, 1.5
TOTAL, TOLERANCE, MEAN_BAND, SKEWNESS_BAND = 1e28, 0.05, 0.1, 0.2
THRESHOLDS = (1e25, 1e26, 1e27)
BLOCK = 1000


def judge(z, dtype):
    """How many of the rows of standard normals survive; the sums are those of the sieve."""
    log2_scale = dtype(SD * np.log2(10))
    sizes = np.exp2(z * log2_scale)  # in units of 10^MEAN
    total = sizes.sum(axis=1)
    z2 = z * z
    m1 = z.mean(axis=1)
    m2 = z2.mean(axis=1)
    m3 = (z2 * z).mean(axis=1)
    m4 = (z2 * z2).mean(axis=1)
    largest = z.max(axis=1)
    counts = [(z >= dtype((np.log10(t) - MEAN) / SD)).sum(axis=1) for t in THRESHOLDS]
    variance = m2 - m1 * m1
    skewness = (m3 - 3 * m1 * m2 + 2 * m1 ** 3) / variance ** 1.5
    kurtosis = (m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1 ** 4) / variance ** 2
    passed = np.abs(total / dtype(TOTAL / 10 ** MEAN) - 1) <= TOLERANCE
    passed &= np.abs(m1) * SD <= MEAN_BAND
    passed &= np.abs(skewness) <= SKEWNESS_BAND
    kept = (passed.nonzero()[0], counts[0][passed], largest[passed], kurtosis[passed])
    return len(kept[0])


def report(draw, candidates):
    """Times draw(), which judges a block and returns its survivors, after one that warms up."""
    draw()
    blocks = candidates // BLOCK
    start = time.perf_counter()
    survivors = sum(draw() for _ in range(blocks))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "candidates": blocks * BLOCK, "survivors": survivors}))


def main():
    dtype = np.dtype(sys.argv[1]).type
    generator = np.random.Generator(np.random.SFC64(int(sys.argv[3])))
    z = np.empty((BLOCK, MODELS), dtype)

    def draw():
        generator.standard_normal(out=z, dtype=dtype)
        return judge(z, dtype)

    report(draw, int(sys.argv[2]))


if __name__ == "__main__":
    main()
