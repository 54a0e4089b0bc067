#!/usr/bin/env python3
"""Longer runs made of shorter ones, parts that stay, and leftovers: the bytes of a fresh run."""

import random
import shutil
import signal
import time
import unittest

from harness import (BAD_INPUT, INTERRUPTED, ProgramTest, edited, is_being_joined,
                     sealed_batches)

JOB = edited("trajectories = 300", "trajectories = 597\nbatch_trajectories = 8")
KEEPS = ("summary", "index", "statistics", "samples", "samples:50")

moments = random.Random(20241121)


def job(keep="index", trajectories=597):
    text = edited('keep = "samples"', f'keep = "{keep}"', JOB)
    return edited("trajectories = 597", f"trajectories = {trajectories}", text)


class Extension(ProgramTest):
    def test_every_keep(self):
        for keep in KEEPS:
            with self.subTest(keep):
                self.write("job.toml", job(keep))
                self.succeed("run", "job.toml", "-o", "fresh.h5", "--fresh", "--quiet")
                self.succeed("run", "job.toml", "--trajectories", 301, "--fresh", "--quiet")
                done = self.succeed("run", "job.toml")
                self.assertIn("extending job.h5 from 301 trajectories", done.stderr)
                self.assert_equal_files("job.h5", "fresh.h5")
                self.assertFalse((self.folder / "job.h5.parts").exists())

    def test_fewer_are_refused(self):
        self.write("job.toml", job())
        self.succeed("run", "job.toml")
        before = self.listing()
        done = self.flopsieve("run", "job.toml", "--trajectories", 596)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("has 597 trajectories, the job asks for 596: a run can be extended, not "
                      "shortened", done.stderr)
        self.assertEqual(self.listing(), before)
        self.assertIn("is finished", self.succeed("run", "job.toml").stderr)

    def test_precision_that_was_met_stays_met(self):
        text = edited("trajectories = 597", "precision = { absolute = 30 }\ntrajectories = 3_000",
                      edited("batch_trajectories = 8", "batch_trajectories = 64", job()))
        self.write("job.toml", text)
        self.succeed("run", "job.toml")
        before = (self.folder / "job.h5").read_bytes()
        self.assertIn("is finished", self.succeed("run", "job.toml", "--trajectories", 9_000).stderr)
        self.assertEqual((self.folder / "job.h5").read_bytes(), before)
        # One that ends before it is met, in a batch that is cut, goes on to the same batch.
        self.succeed("run", "job.toml", "-o", "short.h5", "--trajectories", 700)
        self.succeed("run", "job.toml", "-o", "short.h5")
        self.assert_equal_files("short.h5", "job.h5")

    def test_parts_stay_with_no_compact(self):
        self.write("job.toml", job("samples:50"))
        table = self.succeed("run", "job.toml", "-o", "fresh.h5").stdout
        done = self.succeed("run", "job.toml", "--no-compact")
        self.assertEqual(done.stdout, table)
        self.assertIn("flopsieve merge job.h5", done.stderr)
        self.assertFalse((self.folder / "job.h5").exists())
        self.assertEqual(self.succeed("show", "job.h5").stdout,
                         self.succeed("show", "fresh.h5").stdout)
        self.succeed("compare", "job.h5", "fresh.h5")
        self.assertEqual(self.succeed("run", "job.toml", "--no-compact").stdout, table)
        copy = self.folder / "copy"
        shutil.copytree(self.folder / "job.h5.parts", copy)
        self.assertEqual(self.succeed("merge", "job.h5").stdout, table)
        self.assert_equal_files("job.h5", "fresh.h5")
        # A kill after the result is in place leaves the parts; they are recognised.
        for command in (("run", "job.toml"), ("merge", "job.h5")):
            shutil.copytree(copy, self.folder / "job.h5.parts")
            self.succeed(*command)
            self.assertFalse((self.folder / "job.h5.parts").exists())
        refused = self.flopsieve("run", "job.toml", "--no-compact", "--trajectories", 1000)
        self.assertEqual(refused.returncode, BAD_INPUT)

    def test_incomplete_parts_are_refused_with_the_command_that_goes_on(self):
        self.write("job.toml", job())
        self.succeed("run", "job.toml", "--shard", "0/3")
        done = self.flopsieve("show", "job.h5")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertRegex(done.stderr, r"not finished: 25 of 75 batches are sealed; resume with: "
                         r"\S+ run job.toml --shard 1/3; \S+ run job.toml --shard 2/3\n\Z")

    def test_every_command_knows_a_run_that_is_not_finished(self):
        self.write("job.toml", job())
        self.succeed("run", "job.toml", "--fresh", "--no-compact")
        commands = (("info",), ("info", "--job"), ("refilter", "--set", "title=Other"),
                    ("run", "--from"))
        for command in commands:
            done = self.flopsieve(*command, "job.h5")
            self.assertEqual(done.returncode, BAD_INPUT)
            self.assertIn("all batches (75) are sealed, but not joined yet; flopsieve merge job.h5",
                          done.stderr)
        parts = sorted((self.folder / "job.h5.parts").glob("part-*"))
        self.assertGreater(len(parts), 1)
        parts[-1].unlink()
        for command in (*commands, ("show",), ("export", "--json", "-"), ("compare", "job.h5")):
            done = self.flopsieve(*command, "job.h5")
            self.assertEqual(done.returncode, BAD_INPUT)
            self.assertRegex(done.stderr, r"\Aflopsieve: job.h5: not finished: \d+ of 75 batches are "
                             r"sealed; resume with: .*flopsieve run job.toml --no-compact\n\Z")

    def prepare_long_extension(self):
        """fresh.h5, and job.h5 of half as many trajectories; the seconds that fresh.h5 took."""
        text = edited("min = 0.05\nmax = 0.5", "min = 0.2\nmax = 0.23", job("samples", 4_001))
        self.write("job.toml", edited("attempts = 200", "attempts = 1000", text))
        start = time.monotonic()
        self.succeed("run", "job.toml", "-o", "fresh.h5")
        seconds = time.monotonic() - start
        self.succeed("run", "job.toml", "--trajectories", 2_003)
        return seconds

    def finish_extension(self):
        self.succeed("run", "job.toml")
        self.assert_equal_files("job.h5", "fresh.h5")
        self.assertEqual(self.names(), {"job.toml", "job.h5", "fresh.h5"})

    def test_kills_while_a_run_is_extended(self):
        seconds = self.prepare_long_extension()
        old = (self.folder / "job.h5").read_bytes()
        stopped = 0
        for _ in range(6):
            process = self.start("run", "job.toml")
            time.sleep(moments.uniform(0, 0.2 * seconds))
            process.send_signal(moments.choice((signal.SIGKILL, signal.SIGTERM)))
            process.communicate()
            if process.returncode not in (INTERRUPTED, -signal.SIGKILL):
                break
            stopped += 1
            self.assertEqual((self.folder / "job.h5").read_bytes(), old)
        self.assertGreater(stopped, 0)
        self.finish_extension()

    def test_kills_while_an_extended_run_is_written_for_the_second_time(self):
        self.prepare_long_extension()
        output = self.folder / "job.h5"
        old = output.read_bytes()
        hits = 0
        for _ in range(20):
            process = self.start("run", "job.toml")
            self.assertTrue(self.wait_for(lambda: is_being_joined(output) or
                                          process.poll() is not None, pause=0.001))
            time.sleep(moments.uniform(0, 0.02))
            process.kill()
            process.communicate()
            if output.read_bytes() == old:
                self.assertEqual(process.returncode, -signal.SIGKILL)
                self.assertTrue(is_being_joined(output))
                # 250 whole batches of the shorter run, and those computed now.
                self.assertEqual(sealed_batches(output), set(range(250, 501)))
                hits += 1
                if hits == 3:
                    break
            else:  # too late
                self.finish_extension()
                output.write_bytes(old)
        self.assertEqual(hits, 3)
        self.finish_extension()

    def names(self):
        return {path.name for path in self.folder.iterdir()}


if __name__ == "__main__":
    unittest.main()
