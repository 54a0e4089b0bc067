#!/usr/bin/env python3
"""Measures how near the program is to what this machine can do, and prints a table (Markdown).

    benchmarks/bars.py [--program build/release/flopsieve] [--peers] [--growth]

Each row is a ratio of two rates of the same run, with the bar that it should pass. --peers adds
benchmarks/peers/run (minutes), --growth the growth with the work from 1e7 to 1e9 candidates and, by
callgrind, from 1e6 to 1e7 (about an hour).
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

SOURCE = Path(__file__).resolve().parents[1]
TOTAL = SOURCE / "benchmarks" / "jobs" / "total.toml"
CANDIDATES_PER_SURVIVOR = 67  # of total.toml

# Cycles of a draw that the vector ports allow: 64.5 instructions per 16 draws on two 512-bit ports,
# and the same count on three 256-bit ports.
PORT_LIMIT = {"avx512": 2.02, "avx2": 3.6}


class Bars:
    """Rows: what, figure, bar (None: no bar), command."""

    def __init__(self):
        self.rows = []

    def add(self, what, figure, bar, command, form="{:.2f}"):
        self.rows.append((what, form.format(figure), "" if bar is None else f">= {bar:g}",
                          "" if bar is None else ("met" if figure >= bar else "MISSED"), command))
        print(f"{what}: {self.rows[-1][1]}", file=sys.stderr)

    def text(self):
        lines = ["| what | figure | bar | | command |", "| --- | --- | --- | --- | --- |"]
        return "\n".join(lines + [f"| {' | '.join(row)} |" for row in self.rows])


class Figures:
    """The figures of `flopsieve bench`."""

    def __init__(self, report):
        self.report = report
        self.all = {(f["name"], f["target"], f["backend"], f["threads"]): f
                    for f in report["figures"]}
        self.targets = [t for t in ("avx512", "avx2") if ("philox_words", t, "", 1) in self.all]

    def get(self, name, target=None, backend="", threads=1):
        return self.all[name, target or self.targets[0], backend, threads]

    def rate(self, *address):
        return self.get(*address)["per_second"]


def timed(command, **environment):
    """Seconds, peak KiB and stdout of a process."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdout=out,
                                   stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{command} failed ({process.returncode})")
        out.seek(0)
        return seconds, usage.ru_maxrss, out.read().decode()


def run_total(program, folder, trajectories, before=(), **environment):
    """total.toml on one thread: seconds, peak KiB, candidates."""
    output = folder / "run.h5"
    seconds, peak, text = timed(
        [*before, program, "run", TOTAL, "--threads", 1, "--trajectories", trajectories, "-o",
         output, "--json", "-q"], **environment)
    output.unlink()
    return seconds, peak, json.loads(text)["acceptance"]["2028"]["candidates"]


def from_bench(bars, figures):
    command = "flopsieve bench"
    clock = figures.report["machine"]["clock_hz"]
    for target in figures.targets:
        total = figures.all.get(("job/total", target, "serial", 1))
        if total:  # --quick runs jobs on one target only
            bars.add(f"total.toml, batches, one thread, against the bare fused kernel, {target}",
                     total["ratio"], 0.70, command)
        bars.add(f"bare fused kernel against the vector ports at the measured clock, {target}",
                 figures.rate("draw_and_sum/normal", target) * PORT_LIMIT[target] / clock,
                 {"avx512": 0.80, "avx2": 0.68}[target], command)
    for name, bar in (("published", 0.5), ("published_counts", 1.0)):
        bars.add(f"{name}: million trajectory-years per second and thread",
                 figures.rate(f"job/{name}", None, "serial") * 1e-6, bar, command)
    if figures.report["machine"]["threads"] >= 2:
        for job in ("total", "default"):
            two = figures.rate(f"job/{job}", None, "tbb", 2)
            one = figures.rate(f"job/{job}", None, "serial")
            bars.add(f"{job}: two threads against one", two / one, 1.8, command)
    file = next(f for f in figures.report["figures"] if f["name"] == "job/published_to_file")
    bars.add("published.toml with all sizes to a file, bytes against write and fsync",
             file["ratio"], None, command)


def seconds_per_candidate(figures, report):
    """The default job's parts, each at the speed of its bare kernel: draws and sums of all, order
    and logs of those that reach the gradient, all of it in double precision for survivors."""
    years = report["acceptance"].values()
    candidates = sum(y["candidates"] for y in years)
    survivors = sum(y["survivors"] for y in years) / candidates
    audited = sum(y["audited"] for y in years)
    only_gradient = sum(y["constraints"]["allocation_gradient"]["without"] for y in years) / audited
    candidate = figures.get("job/default", None, "serial")
    draws = (figures.rate("draw_and_sum/skew_normal") / candidate["limit_per_second"])
    order = sum(1 / figures.rate(name) for name in ("sort_group", "allocation_gradients"))
    again = sum(1 / figures.rate(name) for name in
                ("draw_sizes/skew_normal", "sum_sizes", "sort_ascending", "powers_of_ten",
                 "decimal_logs"))
    return draws * (1 / figures.rate("draw_and_sum/skew_normal") +
                    (survivors + only_gradient) * order + survivors * again)


def whole_processes(bars, program, folder, figures):
    command = "flopsieve run benchmarks/jobs/total.toml --threads 1"
    rates = {target: [] for target in figures.targets}
    for _ in range(5):
        for target in figures.targets:
            seconds, _, candidates = run_total(program, folder, 400_000, FLOPSIEVE_TARGET=target)
            rates[target].append(100 * candidates / seconds)
    for target in figures.targets:
        bars.add(f"total.toml, whole process, against the bare fused kernel, {target}",
                 statistics.median(rates[target]) / figures.rate("draw_and_sum/normal", target),
                 0.70, command)


def default_against_parts(bars, program, folder, figures):
    output = folder / "default.h5"
    _, _, text = timed([program, "run", "--trajectories", 20_000, "-o", output, "--json", "-q"])
    output.unlink()
    parts = seconds_per_candidate(figures, json.loads(text))
    bars.add("default job against the sum of its parts",
             parts * figures.rate("job/default", None, "serial"), 0.80, "flopsieve bench")


def against_peers(bars, program, folder):
    file = folder / "peers.json"
    subprocess.run([SOURCE / "benchmarks" / "peers" / "run", "--program", program, "--json", file],
                   check=True, stdout=sys.stderr)
    rates = json.loads(file.read_text())
    for group, peers in rates.items():
        for name, rate in peers.items():
            if name == "flopsieve":
                continue
            bar = {"NumPy float32": 20, "plain C++": 30, "OpenTURNS": 40}.get(name)
            bars.add(f"{group}.toml against {name}, one thread", peers["flopsieve"] / rate, bar,
                     "benchmarks/peers/run", "{:.0f}x")


def instructions(program, folder, candidates):
    """By callgrind, which knows no AVX-512."""
    log = folder / "callgrind.log"
    out = folder / "callgrind.out"
    _, _, judged = run_total(program, folder, candidates // CANDIDATES_PER_SURVIVOR,
                             ("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                              f"--log-file={log}"), FLOPSIEVE_TARGET="avx2")
    return int(re.search(r"Collected : (\d+)", log.read_text())[1]) / judged


def growth(bars, program, folder):
    """Time and memory from 1e7 to 1e9 candidates in pairs, instructions from 1e6 to 1e7."""
    ratios, peaks = [], []
    for _ in range(9):
        small = run_total(program, folder, 10**7 // CANDIDATES_PER_SURVIVOR)
        large = run_total(program, folder, 10**9 // CANDIDATES_PER_SURVIVOR)
        ratios.append(large[0] / large[2] / (small[0] / small[2]))
        peaks.append((large[1] - small[1]) / 1024)
    command = "benchmarks/bars.py --growth"
    bars.add("1e9 candidates against 1e7: time per candidate (bar: at most 1.15)",
             statistics.median(ratios), None, command, "{:.3f}")
    bars.add("the same: peak memory, MiB more (bar: at most 10)", statistics.median(peaks), None,
             command, "{:.1f}")
    bars.add("1e7 candidates against 1e6: instructions per candidate, AVX2 (bar: 0.98 to 1.02)",
             instructions(program, folder, 10**7) / instructions(program, folder, 10**6), None,
             command, "{:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=SOURCE / "build" / "release" / "flopsieve", type=Path)
    parser.add_argument("--bench", type=Path, help="figures of an earlier flopsieve bench --json")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    program = options.program.resolve()
    bars = Bars()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.bench is None:
            _, _, text = timed([program, "bench", "--json", "-"])
        else:
            text = options.bench.read_text()
        figures = Figures(json.loads(text))
        from_bench(bars, figures)
        default_against_parts(bars, program, folder, figures)
        whole_processes(bars, program, folder, figures)
        if options.peers:
            against_peers(bars, program, folder)
        if options.growth:
            growth(bars, program, folder)
    machine = figures.report["machine"]
    print(f"{machine['model']}, {machine['processors']} processors, {machine['cores']} cores, "
          f"clock {machine['clock_hz'] * 1e-9:.2f} GHz; flopsieve {figures.report['git']}; "
          f"{time.strftime('%Y-%m-%d', time.gmtime())}\n\n{bars.text()}")


if __name__ == "__main__":
    main()
