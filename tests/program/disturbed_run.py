"""A small job whose runs are disturbed, under storage_shim.c, and compared with one that was not."""

import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import h5py

from compare_h5 import difference
from harness import (DONE, PROGRAM, STORAGE, ProgramTest, batches_of, edited,
                     sealed_batches)

SHIM = os.environ.get("FLOPSIEVE_STORAGE_SHIM", "")

# 200 batches of uneven cost in about three parts: a part takes 64 batches, or what has come while
# the one before it is on its way. Few datasets: each of them costs storage calls.
BATCH_TRAJECTORIES = 2
BATCHES = 200
TRAJECTORIES = BATCHES * BATCH_TRAJECTORIES
JOB = edited("attempts = 200", f"attempts = 200\nbatch_trajectories = {BATCH_TRAJECTORIES}",
             edited("trajectories = 300", f"trajectories = {TRAJECTORIES}"))
for few in (('"2024-2026"', '"2024-2025"'), ("[1e24, 1e25, 1e26]", "[1e25]"),
            ('["count", "total", "largest_share", "skewness"]', '["total"]'),
            ('keep = "samples"', 'keep = "samples:100"')):
    JOB = edited(*few, JOB)


def run(folder, log, largest=None, **shim):
    """Runs the job in a folder under the shim (SHIM_AT=7, ...), with a limit on files' sizes."""
    log.unlink(missing_ok=True)
    environment = dict(os.environ, LD_PRELOAD=SHIM, SHIM_FOLDER=str(folder),
                       **{name: str(value) for name, value in shim.items()})
    if largest is None:  # the limit is on the log too
        environment["SHIM_LOG"] = str(log)

    def limit():
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    return subprocess.run([PROGRAM, "run", "job.toml"], cwd=folder, capture_output=True, text=True,
                          timeout=120, env=environment, check=False, preexec_fn=limit)


def read_log(log):
    """The calls that the shim has counted: (name, path)."""
    if not log.exists():
        return []
    return [tuple(line.split(" ", 2)[1:]) for line in log.read_text().splitlines()]


class DisturbedRun(ProgramTest):
    """Runs in the folder `work`, and one that nothing disturbed."""

    OLDER = None  # trajectories of a finished run that is extended

    @classmethod
    def setUpClass(cls):
        """The undisturbed run and its calls."""
        temporary = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        cls.addClassCleanup(temporary.cleanup)
        cls.reference = Path(temporary.name).resolve() / "reference"
        log = cls.reference.with_suffix(".log")
        cls.older = None
        cls.prepare(cls.reference)
        if cls.OLDER is not None:
            short = edited(f"trajectories = {TRAJECTORIES}", f"trajectories = {cls.OLDER}", JOB)
            (cls.reference / "job.toml").write_text(short)
            assert run(cls.reference, log).returncode == DONE
            cls.older = (cls.reference / "job.h5").rename(cls.reference.with_suffix(".h5"))
            cls.prepare(cls.reference)
        done = run(cls.reference, log)
        assert done.returncode == DONE, done.stderr
        cls.calls = read_log(log)

    def setUp(self):
        super().setUp()
        self.work = self.folder.resolve() / "work"
        self.log = self.folder.resolve() / "calls.log"

    @classmethod
    def prepare(cls, folder):
        """Empties a folder but for the job, and the run that it extends."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "job.toml").write_text(JOB)
        if cls.older is not None:
            shutil.copy(cls.older, folder / "job.h5")

    def begin(self, **options):
        self.prepare(self.work)
        return run(self.work, self.log, **options)

    def sealed(self):
        return sealed_batches(self.work / "job.h5")

    def demand_equal(self):
        with h5py.File(self.reference / "job.h5") as first, \
                h5py.File(self.work / "job.h5") as second:
            self.assertIsNone(difference(first, second))

    def is_finished(self):
        """What stands under the name of the result is the result, or the run to extend."""
        path = self.work / "job.h5"
        if self.older is None:
            if path.exists():
                self.demand_equal()
            return path.exists()
        if path.read_bytes() == self.older.read_bytes():
            return False
        self.demand_equal()
        return True

    def resume(self):
        """The same command again: nothing is damaged, nothing sealed is computed again."""
        before = self.sealed()
        finished = self.is_finished()
        done = run(self.work, self.log)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertNotIn("damaged", done.stderr)
        renamed = [batches_of(path) for name, path in read_log(self.log) if name == "rename"]
        again = sorted(batch for part in renamed if part is not None for batch in part)
        have = before | set(range((self.OLDER or 0) // BATCH_TRAJECTORIES))
        self.assertEqual(again, [] if finished else sorted(set(range(BATCHES)) - have))
        left = {str(path.relative_to(self.work)) for path in self.work.rglob("*")}
        self.assertEqual(left, {"job.h5", "job.toml"})
        self.demand_equal()
        return len(before)

    def demand_error(self, done, reason):
        """Exit 5 and one line that names a file and the reason; no half a result."""
        self.assertEqual(done.returncode, STORAGE, done.stderr)
        self.assertEqual(done.stdout, "")
        said = done.stderr.splitlines()[-1]
        self.assertRegex(said, r"\Aflopsieve: (job\.h5\S*|\.): cannot .*" + reason)
