#!/usr/bin/env python3
"""A run that is killed, or whose disk fails, at a chosen storage call: creating, writing,
synchronising, renaming, removing (storage_shim.c); and one whose disk is full. What was sealed stays
and is not computed again, nothing half-written stands under a final name, and the same command
gives the undisturbed result.

    storage_calls_test.py [--all]

Without --all, a spread of the calls of each kind. With it a kill at every call, and in the middle
of every second write, of a fresh run and of one that is extended, and errors at every third call:
two minutes.
"""

import collections
import re
import subprocess
import sys
import unittest
from pathlib import Path

import h5py

from disturbed_run import BATCHES, TRAJECTORIES, DisturbedRun, read_log
from harness import DONE, batches_of

ALL = "--all" in sys.argv


def spread(calls, wanted):
    """Numbers of calls: the first and the last of each kind, then evenly among all."""
    kinds = collections.defaultdict(list)
    for number, (name, path) in enumerate(calls, 1):
        kinds[name, re.sub(r"\d+", "", Path(path).name)].append(number)
    chosen = {numbers[i] for numbers in kinds.values() for i in (0, -1)}
    missing = max(wanted - len(chosen), 1)
    chosen.update(1 + i * len(calls) // missing for i in range(missing))
    return sorted(chosen)


class KilledRun(DisturbedRun):
    def kill(self, number, action):
        """True if the call came (their number depends a little on the threads)."""
        done = self.begin(SHIM_AT=number, SHIM_DO=action)
        if done.returncode == DONE:
            self.assertLess(len(read_log(self.log)), number)
            return False
        self.assertEqual(done.returncode, -9, done.stderr)
        # Other threads go on a little, or are killed between a call and its line of the log.
        numbers = [int(line.split()[0]) for line in self.log.read_text().splitlines()]
        self.assertIn(number, numbers)
        sealed = self.resume()
        self.histogram[sealed // 64 * 64] += 1
        return True

    def kill_each(self, cases):
        """Kills at (number, action) and resumes; nearly all must come."""
        self.histogram = collections.Counter()
        for number, action in cases:
            with self.subTest(f"{action} at {number}, {' '.join(self.calls[number - 1])}"):
                self.kill(number, action)
        killed = sum(self.histogram.values())
        self.assertGreater(killed, 0.75 * len(cases))
        print(f"\n{killed} kills at {len(self.calls)} calls; by batches sealed before: "
              f"{dict(sorted(self.histogram.items()))}", flush=True)

    def kill_at_calls(self, wanted):
        numbers = range(1, len(self.calls) + 1) if ALL else spread(self.calls, wanted)
        writes = [number for number, (name, _) in enumerate(self.calls, 1) if "write" in name]
        torn = writes[:: 2 if ALL else len(writes) // 7]
        self.kill_each([(number, "kill") for number in numbers] +
                       [(number, "torn") for number in torn])


class StorageCalls(KilledRun):
    def test_the_job_is_worth_it(self):
        names = collections.Counter(name for name, _ in self.calls)
        self.assertLessEqual({"create", "mkdir", "write", "pwrite", "fsync", "rename", "unlink"},
                             set(names))
        parts = [path for name, path in self.calls if name == "rename" and batches_of(path)]
        self.assertGreaterEqual(len(parts), 2)
        with h5py.File(self.reference / "job.h5") as file:
            self.assertEqual(file["batches/batch"].shape, (BATCHES,))
            self.assertGreater(len(set(file["batches/candidates"][:, 0])), 8)

    def test_kills_at_each_call(self):
        self.kill_at_calls(24)

    def test_errors_at_each_call(self):
        failed = 0
        for action, reason in (("enospc", "No space left on device"), ("eio", "Input/output")):
            for number in spread(self.calls, len(self.calls) // 3 if ALL else 20):
                with self.subTest(f"{action} at {number}, {' '.join(self.calls[number - 1])}"):
                    done = self.begin(SHIM_AT=number, SHIM_DO=action)
                    if done.returncode == DONE:
                        self.demand_equal()  # only the removal of parts can have failed
                        continue
                    self.demand_error(done, reason)
                    self.resume()
                    failed += 1
        print(f"\n{failed} storage errors", flush=True)
        self.assertGreater(failed, 30)


class ExtendedRun(KilledRun):
    """The same where the run goes on from a shorter one, whose last batch was cut."""

    OLDER = TRAJECTORIES // 3 | 1

    def test_kills_at_each_call(self):
        self.kill_at_calls(12)


class FullDisk(DisturbedRun):
    def sizes(self, wanted):
        """Bytes, from nothing to what the parts and the result need together."""
        most = 2 * (self.reference / "job.h5").stat().st_size
        wanted *= 4 if ALL else 1
        return [1, 4095] + [i * most // wanted for i in range(wanted)]

    def test_limit_on_the_size_of_files(self):
        failed = 0
        for size in self.sizes(12):
            with self.subTest(size):
                done = self.begin(largest=size)
                if done.returncode == DONE:
                    self.demand_equal()
                    continue
                self.demand_error(done, "File too large")
                self.resume()
                failed += 1
        self.assertGreater(failed, 5)

    def test_small_file_system(self):
        place = self.work.with_name("disk")
        place.mkdir()
        failed = 0
        for size in self.sizes(12):
            blocks = max(size // 4096, 3)  # of which the folder and the job take two
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"nr_blocks={blocks}", "none",
                                      place], capture_output=True, text=True, check=False)
            if mounted.returncode != 0:
                print(f"\nskipped: no file system can be mounted: {mounted.stderr}", flush=True)
                return
            try:
                failed += self.fill(place, blocks)
            finally:
                subprocess.run(["umount", place], check=True)
        self.assertGreater(failed, 5)

    def fill(self, place, blocks):
        """True if the disk was too small for the run."""
        with self.subTest(f"{blocks} blocks"):
            self.work = place / "work"
            done = self.begin(SHIM_FREE=1)
            if done.returncode == DONE:
                self.demand_equal()
                return False
            self.demand_error(done, "No space left on device")
            subprocess.run(["mount", "-o", "remount,nr_blocks=100000", place], check=True)
            self.resume()
            return True


if __name__ == "__main__":
    unittest.main(argv=[argument for argument in sys.argv if argument != "--all"])
