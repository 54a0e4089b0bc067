#!/usr/bin/env python3
"""The work of benchmarks/jobs/total.toml with OpenTURNS: total_openturns.py CANDIDATES SEED.

OpenTURNS draws the samples, NumPy judges them. Prints the JSON of total_numpy.py.
"""

import sys

import numpy as np
import openturns as ot

from total_numpy import BLOCK, MODELS, judge, report


def main():
    ot.RandomGenerator.SetSeed(int(sys.argv[2]))
    law = ot.Normal(MODELS)

    def draw():
        return judge(np.asarray(law.getSample(BLOCK)), np.float64)

    report(draw, int(sys.argv[1]))


if __name__ == "__main__":
    main()
