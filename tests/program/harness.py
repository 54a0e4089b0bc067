"""What the program tests share: the program under test, a small job, a folder for each test.

The path of the program comes from the environment variable FLOPSIEVE_PROGRAM.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ.get("FLOPSIEVE_PROGRAM", "")
SOURCE = Path(__file__).resolve().parents[2]

# Exit codes of the program.
DONE, BAD_INPUT, INFEASIBLE, BUDGET, STORAGE, INTERRUPTED = 0, 2, 3, 4, 5, 75

SMALL_JOB = """\
title = "Small"
years = "2024-2026"
seed = 7
trajectories = 300
attempts = 200

[total]
model = "growth"
base_year = 2023
base_flop = 1.350e26
usage_multiplier = 2.5
growth = 3.9375
noise = { normal = [0, 0.5], scope = "trajectory" }
train_share = 0.4

[models]
count = { uniform = [20, 80] }
sizes = "skew_normal"
sd = { from = "calibration" }
skewness = { uniform = [-0.9, 0.1] }
mean = { uniform = [22, 27] }
match = "shift"

[[constraint]]
statistic = "largest_share"
min = 0.05
max = 0.5

[outputs]
thresholds = [1e24, 1e25, 1e26]
quantiles = [0.05, 0.5, 0.95]
statistics = ["count", "total", "largest_share", "skewness"]
keep = "samples"
"""


def edited(old, new, text=SMALL_JOB):
    """The job with one passage replaced; the passage must be there."""
    if old not in text:
        raise AssertionError(f"the job has no {old!r}")
    return text.replace(old, new, 1)


# With everything that adds to a file or stops a run.
RICH_JOB = edited("[outputs]", """\
[[constraint]]
statistic = "mean"
soft = { normal = [24, 2] }

[observed]
2024 = { 1e25 = 20, 1e26 = 0 }

[outputs]
frontier = { widths = [0.5, 1, 1.5], start = "none" }""", edited(
    "trajectories = 300", "precision = { absolute = 100 }\n"
    "trajectories = 4_000\nbatch_trajectories = 250"))


class ProgramTest(unittest.TestCase):
    """A test with an empty current folder of its own, in which the program runs."""

    def setUp(self):
        if not os.access(PROGRAM, os.X_OK):
            self.fail("FLOPSIEVE_PROGRAM must be the path of the program")
        temporary = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, name, content):
        path = self.folder / name
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content)
        return path

    @staticmethod
    def environment(target=None):
        environment = {k: v for k, v in os.environ.items() if k != "FLOPSIEVE_TARGET"}
        if target is not None:
            environment["FLOPSIEVE_TARGET"] = target
        return environment

    def flopsieve(self, *arguments, stdin="", target=None, timeout=120):
        """Runs the program to its end. A crash or an internal error is always a failure."""
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.folder, input=stdin,
                              capture_output=True, timeout=timeout,
                              env=self.environment(target), check=False)
        done.stdout = done.stdout.decode()
        done.stderr = done.stderr.decode(errors="backslashreplace")
        self.assertNotIn(done.returncode, (1, 134, 139), done.stderr)
        self.assertGreaterEqual(done.returncode, 0, done.stderr)
        return done

    def succeed(self, *arguments, **options):
        done = self.flopsieve(*arguments, **options)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return done

    def start(self, *arguments):
        """Starts the program and returns at once; it does not outlive the test."""
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment())

        def end():
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()
        self.addCleanup(end)
        return process

    def wait_for(self, condition, seconds=60):
        """Polls a condition; true if it held within the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(0.01)
        return False

    def listing(self):
        """Every file below the current folder with its contents."""
        return {str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else None
                for path in sorted(self.folder.rglob("*"))}

    def assert_equal_files(self, first, second):
        compared = subprocess.run(
            [sys.executable, "-B", str(Path(__file__).with_name("compare_h5.py")), str(first),
             str(second)], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(compared.returncode, 0, compared.stdout + compared.stderr)


class Refusal(ProgramTest):
    def refuse(self, *arguments, says=(), code=BAD_INPUT, **options):
        """The program must say no, in one line, soon, and change no file."""
        before = self.listing()
        done = self.flopsieve(*arguments, timeout=30, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Aflopsieve: [^\n]+\n\Z")
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        self.assertEqual(self.listing(), before)
        return done.stderr
