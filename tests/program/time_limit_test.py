#!/usr/bin/env python3
"""`run --time-limit` and signals: the run stops in time, loses nothing and resumes."""

import os
import signal
import subprocess
import time
import unittest

from harness import INTERRUPTED, PROGRAM, SMALL_JOB, ProgramTest, Refusal, edited
from tail_test import LONG_JOB


class TimeLimit(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("long.toml", edited("80_000", "800_000", LONG_JOB))

    def run_within(self, limit, seconds, **variables):
        start = time.monotonic()
        done = subprocess.run([PROGRAM, "run", "long.toml", "--time-limit", limit],
                              cwd=self.folder, capture_output=True, text=True, timeout=60,
                              env={**self.environment(), **variables}, check=False)
        taken = time.monotonic() - start
        self.assertEqual(done.returncode, INTERRUPTED, done.stderr)
        self.assertLess(taken, seconds)
        self.assertIn("stopped before the time limit; everything computed so far is sealed",
                      done.stderr)
        self.assertTrue(done.stderr.endswith(f"run long.toml --time-limit {limit}\n"))
        self.assertTrue(list(self.folder.glob("long.h5.parts/part-*.h5")))
        return done.stderr

    def test_it_stops_in_time_and_goes_on_where_it_was(self):
        self.assertIn("stops after 2 s, to be done within 3 s", self.run_within("3s", 3))
        self.assertIn("resuming from", self.run_within("3s", 3))

    def test_auto_is_the_end_of_the_slurm_job(self):
        self.run_within("auto", 4, SLURM_JOB_END_TIME=str(int(time.time()) + 4))

    def test_a_time_that_has_passed_stops_at_once(self):
        done = subprocess.run([PROGRAM, "run", "long.toml", "--time-limit", "auto"],
                              cwd=self.folder, capture_output=True, text=True, timeout=30,
                              env={**self.environment(), "SLURM_JOB_END_TIME": "1000000000"},
                              check=False)
        self.assertEqual(done.returncode, INTERRUPTED)
        self.assertIn("stopped before the first batch", done.stderr)
        self.assertEqual(set(self.listing()), {"long.toml"})

    def test_auto_without_slurm_is_no_limit(self):
        self.write("small.toml", SMALL_JOB)
        os.environ.pop("SLURM_JOB_END_TIME", None)
        done = self.succeed("run", "small.toml", "--time-limit", "auto")
        self.assertIn("SLURM_JOB_END_TIME is not set, so there is no limit", done.stderr)

    def test_a_run_that_ends_before_its_limit_ends_at_once(self):
        self.write("small.toml", SMALL_JOB)
        start = time.monotonic()
        self.succeed("run", "small.toml", "--time-limit", "1-00")
        self.assertLess(time.monotonic() - start, 10)

    def test_every_signal_stops_within_seconds(self):
        for number in (signal.SIGUSR1, signal.SIGINT, signal.SIGTERM):
            name = f"{number.name}.h5"
            process = self.start("run", "long.toml", "-o", name)
            self.assertTrue(self.wait_for(
                lambda: list(self.folder.glob(f"{name}.parts/part-*.h5"))))
            process.send_signal(number)
            start = time.monotonic()
            self.assertEqual(process.wait(30), INTERRUPTED)
            self.assertLess(time.monotonic() - start, 5)


class Joining(ProgramTest):
    """A stop while parts are joined: the temporary goes, and the next start only joins."""

    JOB = edited("trajectories = 300", "trajectories = 150_000\nbatch_trajectories = 512",
                 edited("attempts = 200", "attempts = 1000"))

    def test_stop_while_joining(self):
        self.write("big.toml", self.JOB)
        process = self.start("run", "big.toml")
        self.assertTrue(self.wait_for(
            lambda: process.poll() is not None or
            any(name.startswith("big.h5.") and name.endswith(".flopsieve.tmp") and
                "status" not in name for name in map(str, os.listdir(self.folder))), 120))
        process.send_signal(signal.SIGUSR1)
        start = time.monotonic()
        code = process.wait(30)
        if code == 0:
            self.skipTest("it had just finished")
        self.assertEqual(code, INTERRUPTED)
        self.assertLess(time.monotonic() - start, 5)
        self.assertFalse([name for name in os.listdir(self.folder) if "tmp" in name])
        parts = sorted(path.name for path in self.folder.glob("big.h5.parts/*"))
        self.assertTrue(parts)
        process = self.start("run", "big.toml", "--json")
        stamp = {}

        def joined():
            stamp.setdefault("parts", sorted(
                path.name for path in self.folder.glob("big.h5.parts/*")))
            return process.poll() is not None
        self.assertTrue(self.wait_for(joined))
        self.assertEqual(process.returncode, 0)
        self.assertEqual(stamp["parts"], parts)  # no batch was computed again
        self.assertEqual(set(self.listing()), {"big.toml", "big.h5"})


class BadLimits(Refusal):
    def test_what_is_no_time(self):
        self.write("small.toml", SMALL_JOB)
        for limit in ("0", "0s", "-5", "5x", "3h3h", "30m3h", "1:60", "1:00:60", "1-", "1-2-3", "1:2:3:4",
                      "h", "3.5h", "4000000000", "99999d", "soon", "1e3", "10 m s"):
            with self.subTest(limit):
                self.refuse("run", "small.toml", f"--time-limit={limit}",
                            says=(f"--time-limit {limit}: must be a time such as", "or auto"))
        self.refuse("run", "small.toml", "--time-limit", "")

    def test_a_bad_end_time_of_slurm(self):
        self.write("small.toml", SMALL_JOB)
        os.environ["SLURM_JOB_END_TIME"] = "noon"
        self.addCleanup(os.environ.pop, "SLURM_JOB_END_TIME")
        self.refuse("run", "small.toml", "--time-limit", "auto",
                    says="SLURM_JOB_END_TIME=noon: must be seconds since 1970")


if __name__ == "__main__":
    unittest.main()
