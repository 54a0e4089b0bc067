#!/usr/bin/env python3
"""Measures how near the program is to what this machine can do, and prints a table (Markdown).

    benchmarks/bars.py [--program build/release/flopsieve] [--bar NAME ...] [--rounds 5]
                       [--scale 1]

Every figure is a median over rounds in which what it compares runs in turns, on one thread unless
it says otherwise, and `flopsieve run` counts as a whole process, with pilot and result file. On an
idle machine all of it takes about 20 minutes, half of them --bar growth. --scale 0.05 --rounds 1
tries the script itself. Exit code 1 if a bar could not be measured.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import JOBS, SOURCE, Bench, Row, at_least, processors, rate, table

# Cycles of a draw that the vector ports allow: 64.5 instructions per 16 draws on two 512-bit ports,
# and the same work on 256-bit ports.
PORT_LIMIT = {"avx512": 2.02, "avx2": 3.6}


def total(bench):
    """End to end against the bare fused kernel."""
    ratios = {target: [] for target in bench.targets}
    for _ in bench.times():
        bare = bench.kernels("draw_and_sum/normal")
        for target, values in ratios.items():
            run = bench.run(JOBS / "total.toml", 400_000 * bench.scale, FLOPSIEVE_TARGET=target)
            values.append(100 * run.rate("candidates") / rate(bare, "draw_and_sum/normal", target))
    return [at_least(f"total.toml, one thread: draws/s against the bare fused kernel, {target}",
                     values, 0.70, "flopsieve run benchmarks/jobs/total.toml --threads 1")
            for target, values in ratios.items()]


def default(bench):
    """The default job against the sum of its parts (jobs/bench_parts.hpp), each measured alone on
    the numbers of sizes that the same candidates have; less what a whole process spends on its
    start, pilot and result file."""
    ratios = []
    for _ in bench.times():
        report = bench.kernels("job/default")
        job = next(f for f in report["figures"] if f["name"] == "job/default" and
                   f["backend"] == "serial" and f["target"] == bench.targets[-1])
        start, whole = (bench.run(None, n * bench.scale).seconds for n in (0, 40_000))
        ratios.append(job["ratio"] * (1 - start / whole))
    return [at_least("default job against the sum of its parts, one thread", ratios, 0.80,
                     "flopsieve bench --only job/default; flopsieve run --threads 1")]


def peers(bench):
    """The same work by others."""
    command = "benchmarks/peers/run"
    file = bench.folder / "peers.json"
    subprocess.run([SOURCE / command, "--program", bench.program, "--repetitions", str(bench.rounds),
                    "--scale", str(bench.scale), "--json", file], check=True, stdout=sys.stderr)
    rows = []
    for group, ratios in json.loads(file.read_text())["ratios"].items():
        for name, ratio in ratios.items():
            bar = {"NumPy float32": 20, "plain C++": 30, "OpenTURNS": 40}.get(name)
            what = f"{group}.toml against {name}, one thread"
            rows.append(Row(what, f"{ratio:.0f}x", "", None, command) if bar is None else
                        at_least(what, [ratio], bar, command, "{:.0f}x"))
    return rows


def kernel(bench):
    """The bare fused kernel against the vector ports, at the clock that it leaves."""
    ratios = {target: [] for target in bench.targets}
    for _ in bench.times():
        report = bench.kernels("draw_and_sum/normal")
        for target, values in ratios.items():
            values.append(rate(report, "draw_and_sum/normal", target) * PORT_LIMIT[target] /
                          report["clock_hz"][target])
    bars = {"avx512": 0.80, "avx2": 0.68}
    return [at_least(f"bare fused kernel against the vector ports (Cascade Lake's), {target}",
                     values, bars[target], "flopsieve bench --only draw_and_sum/normal")
            for target, values in ratios.items()]


def published(bench):
    """Trajectory-years per second and thread, in millions."""
    job = bench.folder / "published_counts.toml"
    lines = (SOURCE / "jobs" / "published.toml").read_text().splitlines()
    job.write_text("\n".join(line for line in lines if not line.startswith("frontier")) + "\n")
    jobs = {"without frontier counts": (job, 1.0),
            "with frontier counts": (SOURCE / "jobs" / "published.toml", 0.5)}
    rates = {name: [] for name in jobs}
    for _ in bench.times():
        for name, values in rates.items():
            run = bench.run(jobs[name][0], 400_000 * bench.scale)
            values.append(run.total("survivors") / run.seconds * 1e-6)
    return [at_least(f"published.toml {name}: million trajectory-years/s, one thread", values,
                     jobs[name][1], "flopsieve run jobs/published.toml --threads 1")
            for name, values in rates.items()]


def threads(bench):
    """Two threads against one."""
    ratios = []
    for _ in bench.times():
        runs = [bench.run(JOBS / "total.toml", 800_000 * bench.scale, threads=n) for n in (1, 2)]
        ratios.append(runs[0].seconds / runs[1].seconds)
    return [at_least(f"total.toml, two threads against one ({os.cpu_count()} processors)", ratios,
                     1.8, "flopsieve run benchmarks/jobs/total.toml --threads 2", "{:.2f}x")]


def sweep(bench):
    """A thousand small variants against one job, and against themselves on two threads. A thousand
    trajectories each, the least for which the precision of a result is judged."""
    overheads, speedups = [], []
    trajectories = max(1, round(1000 * bench.scale))
    for _ in bench.times():
        one, two = (bench.run(JOBS / "sweep.toml", trajectories, threads=n) for n in (1, 2))
        job = bench.run(None, 1000 * trajectories)
        overheads.append(one.seconds / one.report["candidates"] /
                         (job.seconds / job.total("candidates")) - 1)
        speedups.append(one.seconds / two.seconds)
    overhead = statistics.median(overheads)
    command = "flopsieve run benchmarks/jobs/sweep.toml"
    return [Row("sweep.toml, one thread: time per candidate above that of one job",
                f"{100 * overhead:.1f} %", "<= 10 %", overhead <= 0.1, command),
            at_least(f"sweep.toml, two threads against one ({os.cpu_count()} processors)", speedups,
                     1.8, command + " --threads 2", "{:.2f}x")]


def ranks(bench):
    """Two MPI ranks of one thread against one process."""
    launcher = ("mpirun", "--oversubscribe", "--allow-run-as-root", "-n", "2")
    rows = []
    for name, trajectories in (("total", 3_200_000), ("sweep", 1000)):
        ratios = []
        for _ in bench.times():
            one, two = (bench.run(JOBS / f"{name}.toml", trajectories * bench.scale, before=before)
                        for before in ((), launcher))
            ratios.append(one.seconds / two.seconds)
        rows.append(at_least(f"{name}.toml, two ranks against one ({os.cpu_count()} processors)",
                             ratios, 1.8, f"mpirun -n 2 flopsieve run benchmarks/jobs/{name}.toml",
                             "{:.2f}x"))
    return rows


def tilted(bench, name, bar, natural):
    """Accepted per second, tilt against reject. `natural` trajectories of a round are rejected
    until they survive: few, so that all rounds count together; --force, because the pilot of so rare
    an event may see none."""
    job = JOBS / f"{name}.toml"
    rates, accepted, seconds = [], 0, 0.0
    for i in bench.times():
        seed = ("--seed", i + 1)
        rates.append(bench.run(job, 20_000 * bench.scale, *seed).rate("survivors"))
        run = bench.run(job, max(1, natural * bench.scale), *seed, "--force", "--set",
                        'models.method="reject"')
        accepted += run.total("survivors")
        seconds += run.seconds
    what = f"{name}.toml, accepted/s: tilt against reject ({accepted} accepted in {seconds:.0f} s)"
    return [at_least(what, [r * seconds / accepted for r in rates], bar,
                     f"flopsieve run benchmarks/jobs/{name}.toml --threads 1", "{:,.0f}x")]


def instructions(bench, trajectories):
    """Instructions and candidates, by callgrind, which knows no AVX-512."""
    log, out = bench.folder / "callgrind.log", bench.folder / "callgrind.out"
    run = bench.run(JOBS / "total.toml", trajectories, FLOPSIEVE_TARGET="avx2", before=(
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--log-file={log}"))
    return int(re.search(r"Collected : (\d+)", log.read_text())[1]), run.total("candidates")


def growth_rows(what, start, small, large, bound, command):
    """Of (cost, candidates) in each round: the ratio of costs per candidate, with the start of the
    process and its pilot, and without."""
    def ratio(fixed):
        return statistics.median((l[0] - f) / l[1] / ((s[0] - f) / s[1])
                                 for f, s, l in zip(fixed, small, large))

    whole, beyond = ratio([0] * len(start)), ratio([each[0] for each in start])
    return [Row(what, f"{whole:.3f}", f"{1 - bound:.2f} to {1 + bound:.2f}",
                abs(whole - 1) <= bound, command),
            Row("the same beyond what a run of one trajectory takes", f"{beyond:.3f}", "", None,
                command)]


def survivors_each(bench):
    """Trajectories of total.toml for each candidate."""
    trial = bench.run(JOBS / "total.toml", 10_000)
    return trial.total("survivors") / trial.total("candidates") * bench.scale


def growth(bench):
    """Time and memory from 1e7 to 1e9 candidates in pairs, on all threads."""
    sizes = [n * survivors_each(bench) for n in (0, 10**7, 10**9)]  # 0: one trajectory
    runs = []
    for _ in bench.times(9):
        runs.append([bench.run(JOBS / "total.toml", n, threads=os.cpu_count()) for n in sizes])
        print(*(f"  {run.seconds:.2f} s, {run.peak_mib:.1f} MiB" for run in runs[-1]), sep=";",
              file=sys.stderr)
    more = statistics.median(large.peak_mib - small.peak_mib for _, small, large in runs)
    costs = [[(run.seconds, run.total("candidates")) for run in runs_of_size]
             for runs_of_size in zip(*runs)]
    command = "benchmarks/bars.py --bar growth"
    return [*growth_rows("total.toml, 1e9 candidates against 1e7: time per candidate", *costs, 0.15,
                         command),
            Row("1e9 candidates against 1e7: peak memory", f"{more:.1f} MiB more", "<= 10 MiB",
                more <= 10, command)]


def code_growth(bench):
    """Instructions from 1e6 to 1e7 candidates on one thread."""
    code = [[instructions(bench, n * survivors_each(bench))] for n in (0, 10**6, 10**7)]
    return growth_rows("1e7 candidates against 1e6: instructions per candidate, callgrind, AVX2",
                       *code, 0.02, "benchmarks/bars.py --bar code_growth")


def streaming(bench):
    """Results written as fast as the disk allows."""
    done = subprocess.run(["/usr/bin/python3", SOURCE / "benchmarks" / "io_benchmark.py", bench.program,
                           "--repeat", str(bench.rounds)], check=True, stdout=subprocess.PIPE,
                          text=True)
    found = dict(re.findall(r"^(\S+) +(\S+)", done.stdout, re.MULTILINE))
    command = "benchmarks/io_benchmark.py"
    return [at_least("streaming.toml, one thread: rate against min(1, disk/demand)",
                     [float(found["rate/bound"])], 0.8, command),
            at_least("streaming.toml, one thread: joining the parts against a copy",
                     [float(found["joining/copy"])], 0.5, command)]


BARS = {"total": total, "default": default, "peers": peers, "kernel": kernel,
        "published": published, "threads": threads, "sweep": sweep, "ranks": ranks,
        "tilt": lambda bench: tilted(bench, "tilt", 10_000, 8),
        "tilt_random": lambda bench: tilted(bench, "tilt_random", 300, 10),
        "growth": growth, "code_growth": code_growth, "streaming": streaming}


def measured(name, bench):
    """The rows of a bar; why there are none, where it could not be measured."""
    print(f"{name}:", file=sys.stderr)
    start = time.perf_counter()
    try:
        rows = BARS[name](bench)
    except (RuntimeError, subprocess.CalledProcessError, OSError, KeyError, StopIteration) as error:
        rows = [Row(name, f"not measured: {error!r}", "", None, f"benchmarks/bars.py --bar {name}")]
    print(f"{table(rows)}\n  ({time.perf_counter() - start:.0f} s)", file=sys.stderr)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=SOURCE / "build" / "release" / "flopsieve", type=Path)
    parser.add_argument("--bar", action="append", choices=BARS, help="only this one; repeatable")
    parser.add_argument("--rounds", default=5, type=int, help="of growth nine fifths of it")
    parser.add_argument("--scale", default=1.0, type=float, help="of the work")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.program.resolve(), Path(folder), options.rounds, options.scale)
        start = time.perf_counter()
        rows = [row for name in options.bar or BARS for row in measured(name, bench)]
        git = bench.kernels("philox_words")["git"]
    minutes = (time.perf_counter() - start) / 60
    print(f"{processors()}; flopsieve {git}; {time.strftime('%Y-%m-%d', time.gmtime())}; "
          f"{minutes:.0f} minutes\n\n{table(rows)}")
    return 1 if any(row.figure.startswith("not measured") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
