#!/usr/bin/env python3
"""Equal datasets for every number of threads, back end and instruction set, in one process or in
shards, killed and resumed or not.

    same_bytes_test.py [--all]

Without --all, runs in which every two settings meet; with it all 108, in a minute. What is killed
is killed when its first part is sealed and its second is not.
"""

import itertools
import os
import platform
import subprocess
import sys
import unittest

import h5py

from compare_h5 import difference
from harness import BAD_INPUT, PROGRAM, ProgramTest, edited, sealed_batches

# Batches of 2 trajectories, some of them exhausted, the last one cut. A part takes 64 batches or
# more: each of three shards has two parts or three.
BATCHES = 210
JOB = edited("attempts = 200", "attempts = 6\nbatch_trajectories = 2",
             edited("trajectories = 300", "trajectories = 419",
                    edited("2024-2026", "2024-2025", edited("[20, 80]", "[10, 20]"))))
TARGETS = ("scalar", "avx2", "avx512")
ALL = "--all" in sys.argv


def pairs(cell):
    """Every two of a cell's settings, with their places."""
    return set(itertools.combinations(enumerate(cell), 2))


def covering(cells):
    """Few cells in which every two settings of all cells meet."""
    missing = set().union(*map(pairs, cells))
    chosen = []
    while missing:
        best = max(cells, key=lambda cell: len(pairs(cell) & missing))
        missing -= pairs(best)
        chosen.append(best)
    return chosen


class SameBytes(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "reference.h5", "--backend", "serial",
                     target="scalar")

    def test_the_job_is_worth_it(self):
        with h5py.File(self.folder / "reference.h5") as file:
            self.assertEqual(file["batches/batch"].shape, (BATCHES,))
            self.assertLess(file.attrs["complete_trajectories"], 419)
            self.assertGreater(len(set(file["batches/candidates"][:, 0])), 5)

    def available(self):
        """The instruction sets of this processor."""
        found = []
        for target in TARGETS:
            probe = self.flopsieve("config", "job.toml", target=target)
            if probe.returncode == BAD_INPUT and "cannot run it" in probe.stderr:
                self.assertNotEqual(target, "scalar")
                print(f"\nskipped: this {platform.machine()} processor has no {target}", flush=True)
                continue
            self.assertEqual(probe.returncode, 0, probe.stderr)
            found.append(target)
        return found

    def kill(self, name, target, *options):
        """Runs until the second part is renamed to its name, where it is killed. How many batches
        it has sealed; what other shards have sealed stays. Where the second comes at the very
        moment of the first, nothing is sealed yet, and it is done again."""
        before = sealed_batches(self.folder / name)
        parts = self.folder.resolve() / f"{name}.parts"
        environment = dict(self.environment(target), SHIM_FOLDER=str(parts), SHIM_NAME="rename",
                           SHIM_AT="2", SHIM_DO="kill",
                           LD_PRELOAD=os.environ["FLOPSIEVE_STORAGE_SHIM"])
        sealed = before
        for _ in range(5):
            done = subprocess.run([PROGRAM, "run", "job.toml", "-o", name, *map(str, options)],
                                  cwd=self.folder, env=environment, capture_output=True,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, -9, done.stderr)
            sealed = sealed_batches(self.folder / name)
            if sealed != before:
                break
        self.assertLess(before, sealed)
        return len(sealed) - len(before)

    def compute(self, name, cell, other):
        """One cell of the matrix. What is killed is resumed with the settings of another."""
        threads, backend, target, shards, killed = cell
        for shard in range(shards):
            options = [] if shards == 1 else ["--shard", f"{shard}/{shards}"]
            if killed:
                sealed = self.kill(name, target, *options, "--threads", threads, "--backend",
                                   backend)
                self.assertIn(sealed, range(1, BATCHES // shards), "some are sealed, and not all")
                threads, backend, target = other[:3]
            done = self.succeed("run", "job.toml", "-o", name, *options, "--threads", threads,
                                "--backend", backend, target=target)
            self.assertEqual("resuming from" in done.stderr, killed or shard > 0, done.stderr)
        if shards > 1:
            self.succeed("merge", name)
        elif not killed:
            with h5py.File(self.folder / name) as file:
                self.assertEqual(file.attrs["instruction_set"], target)
        with h5py.File(self.folder / name) as file, \
                h5py.File(self.folder / "reference.h5") as reference:
            self.assertIsNone(difference(file, reference))
        (self.folder / name).unlink()

    def test_matrix(self):
        cells = list(itertools.product((1, 2, 4), ("tbb", "openmp", "serial"), self.available(),
                                       (1, 3), (False, True)))
        chosen = cells if ALL else covering(cells)
        for number, cell in enumerate(chosen):
            with self.subTest(cell):
                self.compute(f"run{number}.h5", cell, chosen[number - 1])
        print(f"\n{len(chosen)} of {len(cells)} runs", flush=True)

    def test_every_feature_of_the_default_job(self):
        for target in TARGETS:
            done = self.flopsieve("run", "--trajectories", 200, "-o", f"d-{target}.h5",
                                  target=target)
            if done.returncode == BAD_INPUT and "cannot run it" in done.stderr:
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_equal_files(f"d-{target}.h5", "d-scalar.h5")


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if argument != "--all"])
