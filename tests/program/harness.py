"""What the program tests share: the program under test, a small job, a folder for each test.

The path of the program comes from the environment variable FLOPSIEVE_PROGRAM.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = os.environ.get("FLOPSIEVE_PROGRAM", "")
NOBODY = 65534
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


def batches_of(name):
    """The batches of a part, by its name; None for other files."""
    found = re.search(r"part-(\d+)-(\d+)-\d+of(\d+)\.h5\Z", name)
    return None if found is None else range(int(found[1]), int(found[2]) + 1, int(found[3]))


def sealed_batches(output):
    """The batches of all parts of an output that stand under their final names."""
    try:
        names = os.listdir(f"{output}.parts")
    except FileNotFoundError:
        return set()
    parts = (batches_of(name) for name in names)
    return {batch for part in parts if part is not None for batch in part}


def is_being_joined(output):
    """Whether the temporary of the result file itself is there, not that of a part or a status."""
    output = Path(output)
    return any(re.fullmatch(re.escape(output.name) + r"\.(?!status\.json\.).*\.flopsieve\.tmp", name)
               for name in os.listdir(output.parent))


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

    def run_without_rights(self, *arguments, folder=None):
        """Runs the program as a user who may not read and write everywhere: as nobody, to whom the
        test's folder is given, if the tests run as root."""
        is_root = os.geteuid() == 0
        home = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        self.addCleanup(home.cleanup)
        program = PROGRAM
        if is_root:  # nobody may have no way to where the program stands
            program = shutil.copy(PROGRAM, home.name)
            Path(home.name).chmod(0o755)
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        return subprocess.run([program, *map(str, arguments)], cwd=folder or self.folder,
                              capture_output=True, text=True, timeout=60, check=False,
                              env=self.environment(), **({"user": NOBODY, "group": NOBODY,
                                                          "extra_groups": []} if is_root else {}))

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

    def wait_for(self, condition, seconds=60, pause=0.01):
        """Polls a condition; true if it held within the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            time.sleep(pause)
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
