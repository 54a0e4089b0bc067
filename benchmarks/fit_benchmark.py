#!/usr/bin/env python3
"""How fast are bootstrap fits of the parametric loss, and against scipy's BFGS on the same resamples?

    benchmarks/fit_benchmark.py build/release/flopsieve [RUNS.csv] [--drop-highest 5] [--repeat 5]

program   seconds of `scaling fit` with 4,000 resamples (two descents each) less those without
          resamples (the 4,500 starts), median of rounds
scipy     seconds of minimize(method="BFGS") on a sample of the same resamples, one descent each from
          the constants that Besiroglu et al. started from, misfit and slopes by numpy, times 1e6, since
          the tolerance is absolute
          both by the clock and in seconds of processors, which neighbours disturb less
reached   share of scipy's fits within 1e-6 of the program's misfit of the resample

Without RUNS.csv: 240 rows of a known law with noise. scipy uses one thread (BLAS has nothing to do).
"""

import argparse
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np
from scipy import optimize

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests" / "program"))
from scaling_fit_test import PUBLISHED, drawn_weights, made_runs, misfit, table  # noqa: E402

RESAMPLES = 4_000


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds_of(arguments, resamples, output=None):
    """Seconds by the clock, and of the processors."""
    command = [arguments.program, "scaling", "fit", arguments.runs, "--drop-highest",
               str(arguments.drop_highest), "--resamples", str(resamples),
               "--threads", str(arguments.threads)]
    start, used = time.perf_counter(), processor_seconds()
    subprocess.run(command + (["-o", output] if output else []), check=True,
                   stdout=subprocess.DEVNULL)
    return np.array([time.perf_counter() - start, processor_seconds() - used])


def scipy_fit(runs, weights):
    def scaled(law):
        value, slopes = misfit(law, *runs, weights=weights)
        return 1e6 * value, 1e6 * slopes
    return optimize.minimize(scaled, PUBLISHED, jac=True, method="BFGS").fun * 1e-6


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("runs", nargs="?", type=pathlib.Path)
    parser.add_argument("--drop-highest", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sample", type=int, default=100, help="resamples that scipy fits")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.runs is None:
            arguments.runs = pathlib.Path(folder) / "runs.csv"
            arguments.runs.write_text(
                table(dict(zip(("parameters", "tokens", "loss"), made_runs(rows=240)))))
        output = pathlib.Path(folder) / "fit.h5"
        starts, fits = [], []
        for _ in range(arguments.repeat):
            starts.append(seconds_of(arguments, 0))
            fits.append(seconds_of(arguments, RESAMPLES, output) - starts[-1])
        with h5py.File(output) as file:
            runs = [file[name][:] for name in ("parameters", "tokens", "loss")]
            lowest = dict(zip(file["resample"][:], file["resample_misfit"][:]))
    begin, used = time.perf_counter(), time.process_time()
    values = [scipy_fit(runs, drawn_weights(len(runs[0]), 1, resample))
              for resample in range(arguments.sample)]
    scipy = np.array([time.perf_counter() - begin, time.process_time() - used]) / arguments.sample
    reached = np.mean([value <= lowest[i] * (1.0 + 1e-6) for i, value in enumerate(values)
                       if i in lowest])  # the others have failed
    program, all_starts = np.median(fits, axis=0), np.median(starts, axis=0)
    row = "{:38} {:8.2f} {:10.2f}".format
    print(f"{'seconds':38} {'clock':>8} {'processor':>10}")
    print(row("4,500 starts", *all_starts))
    print(row(f"{RESAMPLES:,} resamples, {arguments.threads} threads", *program))
    print(row(f"scipy, {RESAMPLES:,} times one of {arguments.sample}", *(RESAMPLES * scipy)))
    print(row("ratio", *(RESAMPLES * scipy / program)))
    print(f"{100.0 * reached:.0f} % of scipy's fits reached the misfit")


if __name__ == "__main__":
    main()
