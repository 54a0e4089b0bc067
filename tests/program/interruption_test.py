#!/usr/bin/env python3
"""Signals and kills at random moments: what is sealed stays, the same command resumes, and the
result is that of an undisturbed run.

    interruption_test.py [--kills N]

With --kills, that many kills at random moments instead of six; 200 take a minute.
"""

import collections
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import h5py

from compare_h5 import difference
from harness import (BAD_INPUT, DONE, INTERRUPTED, PROGRAM, SMALL_JOB, ProgramTest, edited,
                     is_being_joined, sealed_batches)

# A few seconds of work in 2,500 batches; the first 700 complete trajectories keep their sizes.
LONG_JOB = edited("min = 0.05\nmax = 0.5", "min = 0.2\nmax = 0.23", SMALL_JOB)
LONG_JOB = edited("attempts = 200", "attempts = 1000\nbatch_trajectories = 16", LONG_JOB)
LONG_JOB = edited("trajectories = 300", "trajectories = 40_000", LONG_JOB)
LONG_JOB = edited('keep = "samples"', 'keep = "samples:700"', LONG_JOB)

BATCHES = 2_500
# A quarter of it in as many batches.
KILLED_JOB = edited("trajectories = 40_000", "trajectories = 10_000",
                    edited("batch_trajectories = 16", "batch_trajectories = 4", LONG_JOB))
KILLS = int(sys.argv.pop(sys.argv.index("--kills") + 1)) if "--kills" in sys.argv else 6
if "--kills" in sys.argv:
    sys.argv.remove("--kills")

moments = random.Random(20241121)


class LongRun(ProgramTest):
    """Disturbed runs of JOB, and one that nothing disturbed."""

    JOB = LONG_JOB

    @classmethod
    def setUpClass(cls):
        """One undisturbed run, to compare with and to know how long it takes."""
        temporary = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        cls.addClassCleanup(temporary.cleanup)
        folder = Path(temporary.name)
        (folder / "long.toml").write_text(cls.JOB)
        start = time.monotonic()
        subprocess.run([PROGRAM, "run", "long.toml"], cwd=folder, check=True, capture_output=True)
        cls.seconds = time.monotonic() - start
        cls.undisturbed = folder / "long.h5"

    def setUp(self):
        super().setUp()
        self.write("long.toml", self.JOB)
        self.output = self.folder / "long.h5"

    def sealed(self):
        return sealed_batches(self.output)

    def demand_equal(self):
        with h5py.File(self.output) as file, h5py.File(self.undisturbed) as undisturbed:
            self.assertIsNone(difference(file, undisturbed))

    def resume_and_compare(self):
        done = self.succeed("run", "long.toml")
        self.demand_equal()
        self.assertEqual(set(self.listing()), {"long.toml", "long.h5"})
        return done.stderr


class Interruption(LongRun):
    def parts(self):
        return [path.name for path in self.folder.glob("long.h5.parts/part-*.h5")]

    def start_and_wait_for_parts(self, *options):
        process = self.start("run", "long.toml", *options)
        self.assertTrue(self.wait_for(lambda: self.parts() or process.poll() is not None))
        self.assertIsNone(process.poll(), "the run was over before a part was sealed")
        return process

    def stop(self, process, signal_number):
        """Sends the signal; the message on stderr, if the program stopped by it."""
        process.send_signal(signal_number)
        start = time.monotonic()
        stdout, stderr = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - start, 5)
        if process.returncode == DONE:
            return None  # it had just finished
        self.assertEqual(process.returncode, INTERRUPTED, stderr)
        self.assertEqual(stdout, b"")
        return stderr.decode()

    def test_signals_stop_soon_and_the_same_command_resumes(self):
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal_number):
                process = self.start_and_wait_for_parts()
                said = self.stop(process, signal_number)
                self.assertIsNotNone(said)
                self.assertRegex(said.splitlines()[-1], r"\Aflopsieve: stopped; ")
                self.assertIn("sealed in long.h5.parts", said)
                self.assertTrue(said.endswith(f"{shlex.quote(str(PROGRAM))} run long.toml\n"), said)
                self.assertGreater(len(self.parts()), 0)
                self.assertFalse((self.folder / "long.h5").exists())
                self.assertIn("resuming from long.h5.parts", self.resume_and_compare())
                (self.folder / "long.h5").unlink()

    def test_many_stops_at_random_moments(self):
        for _ in range(4):
            process = self.start("run", "long.toml")
            self.assertTrue(self.wait_for(lambda: (self.folder / "long.h5.lock").exists()))
            time.sleep(moments.uniform(0, 0.4 * self.seconds))
            if self.stop(process, moments.choice((signal.SIGINT, signal.SIGTERM))) is None:
                break
        self.resume_and_compare()

    def test_kills_while_the_parts_are_joined(self):
        hits = 0
        for _ in range(20):
            process = self.start("run", "long.toml")
            self.assertTrue(self.wait_for(lambda: is_being_joined(self.output) or
                                          process.poll() is not None, pause=0.001))
            time.sleep(moments.uniform(0, 0.02))
            process.kill()
            process.communicate()
            if self.output.exists():  # too late
                self.resume_and_compare()
                self.output.unlink()
                continue
            self.assertEqual(process.returncode, -signal.SIGKILL)
            self.assertTrue(is_being_joined(self.output))
            self.assertEqual(self.sealed(), set(range(BATCHES)))
            hits += 1
            if hits == 3:
                break
        self.assertEqual(hits, 3)
        self.resume_and_compare()

    def test_command_that_resumes_a_fresh_run_can_be_typed(self):
        options = ("--set", 'title="It\'s long"', "-o", "long.h5")
        process = self.start_and_wait_for_parts("--fresh", *options)
        said = self.stop(process, signal.SIGINT)
        command = shlex.split(re.search(r"This command resumes: (.*)$", said, re.M).group(1))
        self.assertEqual(command, [PROGRAM, "run", "long.toml", *options])
        resumed = self.succeed(*command[1:])
        self.assertIn("resuming from", resumed.stderr)
        self.assert_equal_files("long.h5", self.undisturbed)

    def test_two_on_one_output(self):
        process = self.start_and_wait_for_parts()
        for options in ((), ("--fresh",)):
            done = self.flopsieve("run", "long.toml", *options)
            self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
            self.assertIn("another flopsieve is writing this output", done.stderr)
        self.assertIsNone(process.poll(), "the first ended too early for this test")
        _, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, DONE, stderr)
        self.assert_equal_files("long.h5", self.undisturbed)

    def test_another_job_does_not_resume(self):
        self.stop(self.start_and_wait_for_parts(), signal.SIGINT)
        before = self.listing()
        done = self.flopsieve("run", "long.toml", "-o", "long.h5", "--seed", 8)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertRegex(done.stderr, r"flopsieve: long\.h5\.parts belongs to another job: it "
                                      r"differs in seed\.")
        self.assertEqual(self.listing(), before)

    def test_fresh_keeps_the_parts(self):
        self.stop(self.start_and_wait_for_parts(), signal.SIGINT)
        kept = sorted(self.parts())
        self.succeed("run", "long.toml", "--fresh", "--trajectories", 100)
        self.assertEqual(sorted(path.name for path in
                                self.folder.glob("long.h5.parts.old/part-*.h5")), kept)

    def test_damaged_parts_are_computed_again(self):
        self.stop(self.start_and_wait_for_parts(), signal.SIGTERM)
        for i, name in enumerate(sorted(self.parts())[:4]):
            path = self.folder / "long.h5.parts" / name
            content = bytearray(path.read_bytes())
            if i == 0:
                content[len(content) // 2] ^= 1
            elif i == 1:
                content = content[:-20]
            elif i == 2:
                content = bytearray()
            else:
                content = bytearray(b"a letter\n" * 100)
            path.write_bytes(content)
        done = self.succeed("run", "long.toml")
        self.assertIn("set aside as", done.stderr)
        self.assert_equal_files("long.h5", self.undisturbed)
        shutil.rmtree(self.folder / "long.h5.parts")

    def test_stop_before_the_first_batch(self):
        # A pilot that has no survivor to find takes a while.
        self.write("slow.toml", edited("min = 0.05\nmax = 0.5", "max = 0.0135"))
        process = self.start("run", "slow.toml")
        self.assertIn(b"300 trajectories", process.stderr.readline())
        time.sleep(0.1)
        said = self.stop(process, signal.SIGTERM)
        self.assertIn("flopsieve: stopped before the first batch", said)
        self.assertNotIn("slow.h5", self.listing())


class RandomKills(LongRun):
    """A kill counts if what it ended had sealed a part itself and had batches left to compute."""

    JOB = KILLED_JOB

    def kill_at_random(self):
        """What had been sealed before the start, and when it was killed: some time after it had
        sealed a part of its own. None if there is a result."""
        before = self.sealed()
        process = self.start("run", "long.toml")
        self.assertTrue(self.wait_for(lambda: process.poll() is not None or self.output.exists() or
                                      len(self.sealed()) > len(before), pause=0.001))
        time.sleep(moments.uniform(0, 0.2 * self.seconds))
        process.kill()
        _, stderr = process.communicate()
        self.assertNotIn(b"damaged", stderr)
        if self.output.exists():
            return None
        self.assertEqual(process.returncode, -signal.SIGKILL, stderr)
        sealed = self.sealed()
        self.assertLessEqual(before, sealed, "a sealed batch was lost")
        self.assertTrue(all(name == "long.toml" or name.startswith("long.h5.")
                            for name in os.listdir(self.folder)))
        return before, sealed

    def test_many_kills_at_random_moments(self):
        histogram = collections.Counter()
        others = runs = 0
        while sum(histogram.values()) < KILLS:
            found = self.kill_at_random()
            if found is None:  # killed while it cleaned up, or not at all
                self.resume_and_compare()
                self.output.unlink()
                runs += 1
            elif len(found[0]) < len(found[1]) < BATCHES:
                histogram[len(found[1]) * 10 // BATCHES] += 1
            else:  # killed while it joined its parts
                others += 1
        self.resume_and_compare()
        tenths = ", ".join(f"{10 * tenth} %: {histogram[tenth]}" for tenth in sorted(histogram))
        print(f"\n{sum(histogram.values())} kills with a part sealed and work left, in {runs + 1} "
              f"runs; by batches sealed: {tenths}; {others} more while parts were joined", flush=True)


if __name__ == "__main__":
    unittest.main()
