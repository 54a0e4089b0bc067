#!/usr/bin/env python3
"""By hand: a run of many minutes that streams gigabytes of samples, beside one of a minute.

    FLOPSIEVE_PROGRAM=build/release/flopsieve tests/program/long_run.py [MINUTES [FOLDER]]

Takes 20 minutes if nothing else is said, some 15 GB of disk, one thread. Parts are sealed when they
are full, so that the load of the machine does not decide their size, and with it the memory. Prints
the largest memory of both runs and, for each tenth of the long one, the batches per second of
processor time (another load of the machine does not change it); fails if the memory differs by over
10 %, or if h5dump or xarray cannot read the file.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xarray

from harness import PROGRAM, edited

# About one candidate in a hundred survives: sizes come at a few MB/s.
JOB = edited("attempts = 200", "attempts = 100_000",
             edited("min = 0.05\nmax = 0.5", "min = 0.2\nmax = 0.205"))


def processor_seconds(process):
    """That a process has taken so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(folder, name, trajectories):
    """Seconds, largest resident set in MB, and (processor seconds, batches sealed) every second."""
    command = [PROGRAM, "run", "job.toml", "-o", f"{name}.h5", "--threads", "1", "--trajectories",
               str(trajectories), "--seal-every", "1m", "--quiet"]
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    seen = []
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        parts = [path.name.split("-") for path in folder.glob(f"{name}.h5.parts/part-*.h5")]
        sealed = sum(int(b) - int(a) + 1 for _, a, b, _ in parts)
        seen.append((processor_seconds(process.pid), sealed))
        time.sleep(1)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: status {status}")
    return time.monotonic() - start, usage.ru_maxrss / 1024, seen


def rates(seen):
    """Batches per processor second in each tenth of the time in which batches were sealed."""
    all_sealed = max(range(len(seen)), key=lambda i: seen[i][1])  # then the parts are joined
    seen = seen[:all_sealed + 1]
    ends = [seen[i * (len(seen) - 1) // 10] for i in range(11)]
    return [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(ends, ends[1:]) if b[0] > a[0]]


def read(path):
    """What two outside readers find."""
    subprocess.run(["h5dump", "-H", path], check=True, stdout=subprocess.DEVNULL)
    with xarray.open_dataset(path, group="samples", engine="h5netcdf") as samples:
        sizes = samples["log10_flop"]
        total = int(samples["row_size"].sum())
        last = sizes[-1_000_000:].to_numpy()
        if sizes.shape != (total,) or not ((last > 0) & (last < 60)).all():
            sys.exit(f"{path}: the sizes are not those of a run")
        return total


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    place = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(prefix="flopsieve-long-", dir=place) as name:
        folder = Path(name)
        (folder / "job.toml").write_text(JOB)
        seconds, _, _ = run(folder, "probe", 20_000)
        minute = round(20_000 * 60 / seconds)
        seconds, short_memory, _ = run(folder, "short", minute)
        print(f"short: {minute:,} trajectories, {seconds:.0f} s, {short_memory:.0f} MB", flush=True)
        many = round(minute * minutes * 60 / seconds)
        seconds, memory, seen = run(folder, "long", many)
        size = (folder / "long.h5").stat().st_size
        steps = ", ".join(f"{rate:.1f}" for rate in rates(seen))
        print(f"long: {many:,} trajectories, {seconds:.0f} s, {memory:.0f} MB; "
              f"file {size / 1e9:.2f} GB; batches per processor second in each tenth: {steps}")
        print(f"read by h5dump and xarray: {read(folder / 'long.h5'):,} sizes")
        if abs(memory / short_memory - 1) > 0.1:
            sys.exit("memory is not flat")


if __name__ == "__main__":
    main()
