"""What benchmarks/bars.py measures with: processes, `flopsieve bench`, and a table of bars."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
JOBS = SOURCE / "benchmarks" / "jobs"


@dataclass
class Row:
    """A line of the table. `met` is None where nothing is required or nothing was measured."""

    what: str
    figure: str
    required: str
    met: bool | None
    command: str

    def text(self):
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"| {self.what} | {self.figure} | {self.required} | {verdict} | `{self.command}` |"


def at_least(what, values, bar, command, form="{:.2f}"):
    """The median of ratios against a bar that it must reach."""
    figure = statistics.median(values)
    return Row(what, form.format(figure), f">= {form.format(bar)}", figure >= bar, command)


def table(rows):
    lines = ["| what | figure | required | | command |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(lines + [row.text() for row in rows])


@dataclass
class Run:
    """A process of `flopsieve run`: seconds and peak memory of all of it, and its report."""

    seconds: float
    peak_mib: float
    report: dict

    def total(self, name):
        """Over the years: candidates, survivors, audited ..."""
        return sum(year[name] for year in self.report["acceptance"].values())

    def rate(self, name):
        return self.total(name) / self.seconds


def process(command, environment):
    """Seconds, peak MiB and stdout."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=log,
                                 env={**os.environ, **environment})
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        log.seek(0)
        if child.returncode != 0:
            lines = log.read().decode(errors="replace").strip().splitlines() or ["no message"]
            raise RuntimeError(f"exit code {child.returncode}: {lines[-1]}")
        return seconds, usage.ru_maxrss / 1024, out.read().decode()


class Bench:
    """The program, a folder for its files, and how often and how long it runs."""

    def __init__(self, program, folder, rounds, scale):
        self.program, self.folder = program, folder
        self.rounds, self.scale = rounds, scale
        self.targets = list(self.kernels("philox_words")["clock_hz"])
        self.targets.remove("scalar")

    def times(self, rounds=None):
        """The rounds, announced on stderr; `rounds` of full measurements."""
        rounds = self.rounds if rounds is None else max(1, round(rounds * self.rounds / 5))
        for i in range(rounds):
            print(f"  round {i + 1} of {rounds}", file=sys.stderr)
            yield i

    def run(self, job, trajectories, *options, threads=1, before=(), **environment):
        """A job (None: the default one) with summaries only."""
        output = self.folder / "run.h5"
        command = [*before, self.program, "run", *([] if job is None else [job]), "-o", output,
                   "--fresh", "--threads", threads, "--json", "-q", "--trajectories",
                   max(1, round(trajectories)), "--set", 'outputs.keep="summary"', *options]
        seconds, peak, text = process(command, environment)
        output.unlink()
        return Run(seconds, peak, json.loads(text))

    def kernels(self, *only):
        """Figures of `flopsieve bench` on one thread."""
        options = [word for name in only for word in ("--only", name)]
        _, _, text = process([self.program, "bench", "--quick", "--threads", 1, "--json", "-",
                              *options], {})
        return json.loads(text)


def rate(report, name, target):
    """Items per second of a figure of Bench.kernels()."""
    return next(f["per_second"] for f in report["figures"]
                if f["name"] == name and f["target"] == target)


def processors():
    """What lscpu tells of the machine, in a line."""
    text = subprocess.run(["lscpu"], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    names = ("Model name", "CPU(s)", "Core(s) per socket", "Thread(s) per core")
    return ", ".join(f"{name}: {fields[name].strip()}" for name in names if name in fields)
