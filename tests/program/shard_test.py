#!/usr/bin/env python3
"""Shards and their merge: any split, any order, killed or not, gives the datasets of one process."""

import json
import random
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import h5py

from harness import (BAD_INPUT, DONE, INTERRUPTED, PROGRAM, STORAGE, ProgramTest, edited)

# 75 batches, the last one cut; acceptance and number of models differ, so batches are uneven.
SHARD_JOB = edited("trajectories = 300", "trajectories = 597\nbatch_trajectories = 8")
SHARD_JOB = edited('keep = "samples"', 'keep = "samples:100"', SHARD_JOB)

moments = random.Random(20241121)


class Shards(ProgramTest):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        cls.addClassCleanup(temporary.cleanup)
        cls.home = Path(temporary.name)
        (cls.home / "job.toml").write_text(SHARD_JOB)
        done = subprocess.run([PROGRAM, "run", "job.toml"], cwd=cls.home, check=True,
                              capture_output=True)
        cls.table = done.stdout.decode()
        cls.whole = cls.home / "job.h5"

    def setUp(self):
        super().setUp()
        self.write("job.toml", SHARD_JOB)

    def test_shards_in_any_order_and_their_merge(self):
        for index in (2, 0, 1):
            done = self.succeed("run", "job.toml", "--shard", f"{index}/3")
            self.assertIn(f"shard {index} of 3: its 25 batches of 75 are sealed", done.stdout)
            self.assertIn("flopsieve merge job.h5", done.stdout)
            self.assertNotIn("threshold", done.stdout)
        again = self.succeed("run", "job.toml", "--shard", "1/3")
        self.assertIn("0 trajectories computed now", again.stdout)
        merged = self.succeed("merge", "job.h5")
        self.assertEqual(merged.stdout, self.table)
        self.assert_equal_files("job.h5", self.whole)
        self.assertEqual(set(self.listing()), {"job.toml", "job.h5"})
        self.assertIn("is finished", self.succeed("run", "job.toml", "--shard", "1/3").stderr)

    def test_more_batches_than_are_written_at_once(self):
        """597 of one trajectory, which one process gives in runs and two shards one at a time."""
        job = ("run", "job.toml", "-q", "--set", "batch_trajectories=1", "-o")
        self.succeed(*job, "one.h5")
        for index in range(2):
            self.succeed(*job, "two.h5", "--shard", f"{index}/2")
        self.succeed("merge", "two.h5")
        self.assert_equal_files("one.h5", "two.h5")
        with h5py.File(self.folder / "two.h5") as file:
            self.assertEqual(list(file["batches/batch"][:]), list(range(597)))

    def test_shards_at_the_same_time(self):
        shards = [self.start("run", "job.toml", "--shard", f"{i}/4", "--threads", 1)
                  for i in range(4)]
        for shard in shards:
            _, stderr = shard.communicate(timeout=120)
            self.assertEqual(shard.returncode, DONE, stderr)
        self.succeed("run", "job.toml")  # joins them as well
        self.assert_equal_files("job.h5", self.whole)

    def test_shards_elsewhere_of_two_splits_some_killed(self):
        process = self.start("run", "job.toml", "--shard", "0/2", "-o", "a.h5", "--threads", 1)
        self.wait_for(lambda: list(self.folder.glob("a.h5.parts/part-*"))
                      or process.poll() is not None)
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.succeed("run", "job.toml", "--shard", "1/2", "-o", "b.h5")
        for index in (1, 0, 2):
            self.succeed("run", "job.toml", "--shard", f"{index}/3", "-o", "a.h5")
        shutil.copytree(self.folder / "a.h5.parts", self.folder / "copy")
        self.succeed("merge", "c.h5", "b.h5.parts", "a.h5.parts", "copy", "--keep-parts")
        self.assert_equal_files("c.h5", self.whole)
        self.assertTrue(list(self.folder.glob("copy/part-*")))
        (self.folder / "c.h5").unlink()
        self.succeed("merge", "c.h5", "a.h5.parts", "b.h5.parts", "copy")
        self.assert_equal_files("c.h5", self.whole)
        self.assertFalse(list(self.folder.glob("*/part-*")))

    def test_gaps_are_named_with_the_commands_that_fill_them(self):
        self.succeed("run", "job.toml", "--shard", "1/3", "--set", "title=\"it's\"")
        done = self.flopsieve("merge", "job.h5")
        self.assertEqual(done.returncode, BAD_INPUT)  # --set has another output
        name = next(self.folder.glob("*.parts")).name[:-len(".parts")]
        done = self.flopsieve("merge", name)
        self.assertEqual(done.returncode, STORAGE)
        self.assertIn("50 of 75 batches are missing among the parts: 0, 2, 3, ", done.stderr)
        advice = re.search(r"Compute them with: (.*)$", done.stderr, re.M).group(1)
        for command in advice.split("; "):
            words = shlex.split(command)
            self.assertEqual(words[:4], [PROGRAM, "run", "job.toml", "--shard"], words)
            self.succeed(*words[1:])
        self.succeed("merge", name)
        self.assert_equal_files(name, self.whole)

    def test_a_shard_that_never_started_is_named(self):
        self.succeed("run", "job.toml", "--shard", "0/3")
        self.succeed("run", "job.toml", "--shard", "2/3")
        command = f"{PROGRAM} run job.toml --shard 1/3\n"
        shown = self.flopsieve("show", "job.h5")
        self.assertEqual(shown.returncode, BAD_INPUT)
        self.assertTrue(shown.stderr.endswith("50 of 75 batches are sealed; resume with: " + command))
        told = self.flopsieve("tail", "job.h5", "--once")
        self.assertEqual(told.returncode, INTERRUPTED)
        self.assertEqual(told.stdout, "job.h5: 2 of 3 shards are done: 0, 2\njob.h5, shard 1: nothing is "
                                      "known of it. This command computes it: " + command)
        told = self.flopsieve("tail", "job.h5", "--once", "--json")
        self.assertEqual(json.loads(told.stdout)["missing_shards"], [1])
        statuses = list(self.folder.glob("*.json"))
        self.assertEqual(len(statuses), 2)
        for path in statuses:  # each of a run that was over within a second
            status = json.loads(path.read_text())
            self.assertEqual(status["batches"]["done"], 25)
            self.assertEqual(set(status["counts"]["cumulative"]), {"2024", "2025", "2026"})
            self.assertEqual(status["eta_seconds"], 0)
            path.unlink()
        told = self.flopsieve("tail", "job.h5")
        self.assertEqual((told.returncode, told.stderr), (BAD_INPUT, shown.stderr))
        self.succeed("run", "job.toml", "--shard", "1/3")
        next(self.folder.glob("*.json")).unlink()
        self.assertIn("all its batches are sealed in job.h5.parts; flopsieve merge job.h5",
                      self.succeed("tail", "job.h5").stderr)

    def test_parts_that_are_kept_stay_until_a_merge_without_the_option(self):
        for index in range(3):
            self.succeed("run", "job.toml", "--shard", f"{index}/3")
        self.succeed("merge", "job.h5", "--keep-parts")
        parts = sorted(self.folder.glob("job.h5.parts/part-*"))
        self.assertFalse(list(self.folder.glob("*.json")))
        for command in (("run", "job.toml"), ("merge", "job.h5", "--keep-parts"),
                        ("run", "job.toml", "--shard", "1/3")):
            self.assertIn("is finished", self.succeed(*command).stderr)
            self.assertEqual(sorted(self.folder.glob("job.h5.parts/part-*")), parts)
        (self.folder / "job.h5").unlink()
        self.succeed("run", "job.toml")
        self.assertEqual(sorted(self.folder.glob("job.h5.parts/part-*")), parts)
        self.succeed("run", "job.toml", "--trajectories", 700)
        self.assertTrue(set(parts) <= set(self.folder.glob("job.h5.parts/part-*")))
        self.succeed("merge", "job.h5")
        self.assertEqual(set(self.listing()), {"job.toml", "job.h5"})

    def test_statuses_go_when_the_result_is_there(self):
        for index in range(2):
            self.succeed("run", "job.toml", "--shard", f"{index}/3")
        self.succeed("run", "job.toml")  # takes over
        self.assertEqual(set(self.listing()), {"job.toml", "job.h5"})
        self.assert_equal_files("job.h5", self.whole)
        for index in range(3):
            self.succeed("run", "job.toml", "-o", "other.h5", "--shard", f"{index}/3")
        self.assertEqual(len(list(self.folder.glob("other.h5.status-*"))), 3)
        self.succeed("merge", "new.h5", "other.h5.parts/", "--keep-parts")
        self.assertEqual(set(path.name for path in self.folder.iterdir()),
                         {"job.toml", "job.h5", "new.h5", "other.h5.parts"})
        self.succeed("merge", "new.h5", "other.h5.parts/")
        self.assertEqual(set(self.listing()), {"job.toml", "job.h5", "new.h5"})

    def test_a_damaged_part_is_set_aside_by_a_merge_that_computes_nothing(self):
        self.succeed("run", "job.toml", "--no-compact")
        part = min(self.folder.glob("job.h5.parts/part-*"))
        image = bytearray(part.read_bytes())
        image[len(image) // 2] ^= 1
        part.write_bytes(image)
        done = self.flopsieve("merge", "job.h5")
        self.assertEqual(done.returncode, STORAGE)
        self.assertRegex(done.stderr, r"set aside as part-\S+\.damaged\n")
        self.assertRegex(done.stderr, r"Compute them with: \S+ run job.toml --no-compact\n\Z")

    def test_foreign_and_unequal_parts(self):
        self.succeed("run", "job.toml", "--shard", "0/2")
        self.succeed("run", "job.toml", "--shard", "1/2", "--seed", 8, "-o", "other.h5")
        refused = self.flopsieve("merge", "job.h5", "job.h5.parts", "other.h5.parts")
        self.assertEqual(refused.returncode, BAD_INPUT)
        self.assertIn("differ in seed", refused.stderr)
        refused = self.flopsieve("run", "job.toml", "--shard", "1/2", "-o", "other.h5")
        self.assertEqual(refused.returncode, BAD_INPUT)
        self.assertIn("differs in seed", refused.stderr)
        for part in self.folder.glob("other.h5.parts/part-*"):
            shutil.copy(part, self.folder / "job.h5.parts")
        done = self.succeed("run", "job.toml")
        self.assertIn(".foreign", done.stderr)
        self.assertTrue(list(self.folder.glob("job.h5.parts/*.foreign")))
        self.assert_equal_files("job.h5", self.whole)

    def test_a_shard_twice_at_a_time(self):
        job = edited("attempts = 200", "attempts = 2000\n", edited("trajectories = 597",
                                                                   "trajectories = 40_000", SHARD_JOB))
        self.write("job.toml", job)
        process = self.start("run", "job.toml", "--shard", "0/2")
        self.assertTrue(self.wait_for(lambda: list(self.folder.glob("job.h5.parts/part-*"))
                                      or process.poll() is not None))
        self.assertIsNone(process.poll())
        for arguments, said in ((("run", "job.toml", "--shard", "0/2"), "computes shard 0/2"),
                                (("run", "job.toml"), "is writing this output"),
                                (("merge", "job.h5"), "is writing this output")):
            done = self.flopsieve(*arguments)
            self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
            self.assertIn(said, done.stderr)
        process.send_signal(signal.SIGTERM)
        process.communicate()

    def test_precision_is_applied_by_the_merge(self):
        job = edited("trajectories = 597", "precision = { absolute = 30 }\ntrajectories = 3_000",
                     SHARD_JOB)
        job = edited("batch_trajectories = 8", "batch_trajectories = 64", job)
        self.write("job.toml", job)
        self.succeed("run", "job.toml", "-o", "whole.h5")
        for index in range(2):
            self.succeed("run", "job.toml", "--shard", f"{index}/2")
        shown = self.succeed("show", "job.h5", "--format", "json")
        self.assertEqual(shown.stdout,
                         self.succeed("show", "whole.h5", "--format", "json").stdout)
        self.succeed("merge", "job.h5", "--quiet")
        self.assert_equal_files("job.h5", "whole.h5")

    def test_report_as_json_and_bad_shards(self):
        done = self.succeed("run", "job.toml", "--shard", "0/100", "--json")
        self.assertEqual(json.loads(done.stdout),
                         {"shard": 0, "shards": 100, "batches": 1, "trajectories_computed": 8,
                          "parts": "job.h5.parts", "merge": "flopsieve merge job.h5"})
        for text in ("3/3", "-1/3", "1", "1/0", "a/b", "1/2/3", "1/2000000", " 1/2"):
            done = self.flopsieve("run", "job.toml", f"--shard={text}")
            self.assertEqual(done.returncode, BAD_INPUT, text)
            self.assertIn("write I/N with 0 <= I < N", done.stderr)


if __name__ == "__main__":
    unittest.main()
