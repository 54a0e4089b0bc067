#!/usr/bin/env python3
"""Chunks and compression of the stored sizes: how fast each layout is written and read, and how small.

    benchmarks/layout_benchmark.py OUT.h5 [--megabytes 256] [--repeat 3]

OUT.h5 is a result with `keep = "samples"`. Its sizes are written with every layout in turn, in
blocks as long as those of a part, and read from the system's cache: whole, and candidate by
candidate. Medians over the repetitions; one thread.
"""

import argparse
import itertools
import os
import pathlib
import statistics
import tempfile
import time

import h5py
import numpy

KIB = 1 << 10
BLOCK = 8 << 20  # bytes of an append
CHUNKS = (None, 64 * KIB, 256 * KIB, 1024 * KIB)
FILTERS = {"none": {}, "shuffle + deflate 1": {"shuffle": True, "compression": 1}}


def write(path, sizes, chunk, filters):
    """Seconds to write the sizes and to have them on the disk."""
    start = time.perf_counter()
    with h5py.File(path, "w", libver="latest") as file:
        dataset = file.create_dataset("sizes", sizes.shape, sizes.dtype,
                                      chunks=None if chunk is None else (chunk // 8,), **filters)
        for first in range(0, len(sizes), BLOCK // 8):
            dataset[first:first + BLOCK // 8] = sizes[first:first + BLOCK // 8]
    with open(path, "rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - start


def read(path, ends):
    """Seconds to read all sizes, and to read one candidate's."""
    start = time.perf_counter()
    with h5py.File(path) as file:
        file["sizes"][:]
    whole = time.perf_counter() - start
    chosen = numpy.random.default_rng(1).integers(1, len(ends), 200)
    start = time.perf_counter()
    for i in chosen:
        with h5py.File(path) as file:
            file["sizes"][ends[i - 1]:ends[i]]
    return whole, (time.perf_counter() - start) / len(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with h5py.File(options.file) as file:
        sizes = file["samples/log10_flop"][:options.megabytes * 1_000_000 // 8]
        ends = numpy.cumsum(file["samples/row_size"][:].astype(int))
    ends = ends[ends <= len(sizes)]
    layouts = list(itertools.product(CHUNKS, FILTERS))
    layouts.remove((None, "shuffle + deflate 1"))  # filters work on chunks
    seen = {layout: [] for layout in layouts}
    with tempfile.TemporaryDirectory(dir=pathlib.Path(options.file).resolve().parent) as folder:
        path = pathlib.Path(folder) / "sizes.h5"
        for _ in range(options.repeat):
            for chunk, filters in layouts:
                written = write(path, sizes, chunk, FILTERS[filters])
                seen[chunk, filters].append((written, *read(path, ends), path.stat().st_size))
                path.unlink()
    print(f"{sizes.nbytes / 1e6:.0f} MB of sizes, {len(ends):,} candidates")
    print(f"{'chunks':>10}  {'filters':20} {'write MB/s':>10} {'read MB/s':>10} "
          f"{'candidate ms':>12} {'size':>6}")
    for (chunk, filters), figures in seen.items():
        written, whole, one, size = map(statistics.median, zip(*figures))
        name = "contiguous" if chunk is None else f"{chunk // KIB} KiB"
        print(f"{name:>10}  {filters:20} {sizes.nbytes / written / 1e6:10.0f} "
              f"{sizes.nbytes / whole / 1e6:10.0f} {one * 1e3:12.2f} {size / sizes.nbytes:6.3f}")


if __name__ == "__main__":
    main()
