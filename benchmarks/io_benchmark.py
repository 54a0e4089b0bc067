#!/usr/bin/env python3
"""Does writing hold up the computing? Runs a job that keeps nothing and one that keeps all sizes,
in turn, and compares their rates with what the disk can do.

    benchmarks/io_benchmark.py build/release/flopsieve [JOB.toml] [--repeat 5] [--threads 1]

demand   survivors per second of the job without sizes, times the bytes of a survivor in the result
disk     write() of as many bytes to one file, and fsync, in the same folder: through the system's
         cache or past it (O_DIRECT, as the program writes parts), whichever is faster
rate     time of the job without sizes over that of the job with them until the parts are joined:
         1 if writing costs nothing; bound = min(1, disk / demand) is what a disk allows
joining  bytes of the result over the time to join the parts, against a copy with fsync

All files of a round stay until its end, or the disk would be timed writing into memory that the
system has just been given back, which can be several times as fast as into other memory.
"""

import argparse
import mmap
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import h5py

BLOCK = 1 << 20


def write_rate(path, size, flags):
    """Bytes per second of write() and fsync; 0 if the file system does not know the flags."""
    with mmap.mmap(-1, BLOCK) as block:  # begins on a page
        block.write(os.urandom(BLOCK))
        start = time.perf_counter()
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
        except OSError:
            return 0.0
        for _ in range(-(-size // BLOCK)):
            os.write(file, block)
        os.fsync(file)
        os.close(file)
        return size / (time.perf_counter() - start)


def copy_rate(folder, source):
    """Bytes per second of a copy through user space and fsync; the source is in the page cache."""
    path = folder / "copy"
    start = time.perf_counter()
    with open(source, "rb", buffering=0) as read, open(path, "wb", buffering=0) as file:
        while block := read.read(BLOCK):
            file.write(block)
        os.fsync(file.fileno())
    return source.stat().st_size / (time.perf_counter() - start)


def run(program, job, output, keep, threads):
    """Seconds from the start to the first byte of the joined file, and from there to the end."""
    command = [program, "run", job, "-o", output, "--set", f'outputs.keep="{keep}"', "--threads",
               str(threads), "--quiet"]
    start = time.perf_counter()
    joining = None
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        if joining is None and any(output.parent.glob("*.flopsieve.tmp*")):
            joining = time.perf_counter()
        time.sleep(0.003)
    end = time.perf_counter()
    if process.returncode != 0:
        raise SystemExit(f"{program} ended with {process.returncode}")
    joining = joining or end
    return joining - start, end - joining


def round_of(arguments, folder):
    summary, _ = run(arguments.program, arguments.job, folder / "summary.h5", "summary",
                     arguments.threads)
    samples_file = folder / "samples.h5"
    samples, joining = run(arguments.program, arguments.job, samples_file, "samples",
                           arguments.threads)
    size = samples_file.stat().st_size
    with h5py.File(folder / "summary.h5") as file:
        survivors = int(file["acceptance/survivors"][:].sum())
    os.sync()  # the parts that were removed
    cached = write_rate(folder / "cached", size, 0)
    direct = write_rate(folder / "direct", size, os.O_DIRECT)
    disk = max(cached, direct)
    demand = size / summary
    bound = min(1.0, disk / demand)
    row = {"survivors/s": survivors / summary, "demand": demand / 1e6, "cached": cached / 1e6,
           "direct": direct / 1e6, "disk": disk / 1e6,
           "rate": summary / samples, "bound": bound, "rate/bound": summary / samples / bound,
           "joining": size / joining / 1e6, "copy": copy_rate(folder, samples_file) / 1e6}
    row["joining/copy"] = row["joining"] / row["copy"]
    for path in folder.iterdir():
        path.unlink()
    return row


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("job", nargs="?", type=pathlib.Path, default=here / "jobs/streaming.toml")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=pathlib.Path, help="on the disk to be measured")
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        rows = [round_of(arguments, folder) for _ in range(arguments.repeat)]
    finally:
        shutil.rmtree(folder)
    print(f"median of {arguments.repeat} and all values; rates of bytes in MB/s")
    for name in rows[0]:
        values = [row[name] for row in rows]
        print(f"{name:14}{statistics.median(values):12.4g}   "
              + " ".join(f"{value:.4g}" for value in values))


if __name__ == "__main__":
    main()
