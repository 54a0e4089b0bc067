#!/usr/bin/env python3
"""The work of benchmarks/jobs/total.toml with OpenTURNS: total_openturns.py CANDIDATES SEED.

OpenTURNS draws the samples, NumPy judges them. Prints the JSON of total_numpy.py.
"""

import json
import sys
import time

import numpy as np
import openturns as ot

from total_numpy import BLOCK, MODELS, judge


def main():
    candidates = int(sys.argv[1]) // BLOCK * BLOCK
    ot.RandomGenerator.SetSeed(int(sys.argv[2]))
    law = ot.Normal(MODELS)

    def draw():
        return judge(np.asarray(law.getSample(BLOCK)), np.float64)

    draw()  # warm-up
    start = time.perf_counter()
    survivors = sum(draw() for _ in range(candidates // BLOCK))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "candidates": candidates, "survivors": survivors}))


if __name__ == "__main__":
    main()
