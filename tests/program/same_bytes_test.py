#!/usr/bin/env python3
"""Equal datasets for every number of threads, back end and instruction set."""

import platform
import unittest

import h5py

from harness import BAD_INPUT, SMALL_JOB, ProgramTest, edited

# 75 batches of 4 trajectories, some of them exhausted.
JOB = edited("attempts = 200", "attempts = 6\nbatch_trajectories = 4")
TARGETS = ("scalar", "avx2", "avx512")


class SameBytes(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "reference.h5", "--backend", "serial",
                     target="scalar")

    def same(self, name, *options, target=None):
        self.succeed("run", "job.toml", "-o", name, *options, target=target)
        self.assert_equal_files(name, "reference.h5")

    def test_the_job_is_worth_it(self):
        with h5py.File(self.folder / "reference.h5") as file:
            self.assertEqual(file["batches/batch"].shape, (75,))
            self.assertLess(file.attrs["complete_trajectories"], 300)
            self.assertGreater(len(set(file["batches/candidates"][:, 0])), 5)

    def test_threads_and_back_ends(self):
        for backend in ("tbb", "openmp", "serial"):
            for threads in (1, 2, 4):
                with self.subTest(f"{backend} {threads}"):
                    self.same(f"{backend}{threads}.h5", "--backend", backend, "--threads", threads)

    def test_instruction_sets(self):
        for target in TARGETS:
            with self.subTest(target):
                self.write("probe.toml", JOB)
                probe = self.flopsieve("config", "probe.toml", target=target)
                if probe.returncode == BAD_INPUT and "cannot run it" in probe.stderr:
                    self.assertNotEqual(target, "scalar")
                    print(f"\nskipped: this {platform.machine()} processor has no {target}",
                          flush=True)
                    continue
                self.assertEqual(probe.returncode, 0, probe.stderr)
                self.same(f"{target}.h5", target=target)
                with h5py.File(self.folder / f"{target}.h5") as file:
                    self.assertEqual(file.attrs["instruction_set"], target)

    def test_every_feature_of_the_default_job(self):
        for target in TARGETS:
            done = self.flopsieve("run", "--trajectories", 200, "-o", f"d-{target}.h5",
                                  target=target)
            if done.returncode == BAD_INPUT and "cannot run it" in done.stderr:
                continue
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assert_equal_files(f"d-{target}.h5", "d-scalar.h5")


if __name__ == "__main__":
    unittest.main()
