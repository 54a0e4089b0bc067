#!/usr/bin/env python3
"""Folders that cannot be written, vanish, are full, and too few file handles: one message, exit
code 5, what is sealed stays, the same command goes on."""

import os
import re
import resource
import shutil
import signal
import subprocess
import unittest

from harness import INTERRUPTED, PROGRAM, STORAGE, ProgramTest, edited

JOB = edited("trajectories = 300", "trajectories = 6_000\nbatch_trajectories = 8")


class Storage(ProgramTest):
    def assert_refused(self, done, said=""):
        self.assertEqual(done.returncode, STORAGE, done.stdout + done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("flopsieve: "), done.stderr)
        self.assertIn(said, last)
        self.assertEqual(done.stdout, "")

    def test_read_only_folder(self):
        self.write("job.toml", JOB)
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        self.assert_refused(self.run_without_rights("run", "job.toml"), "Permission denied")
        self.assertEqual(set(self.listing()), {"job.toml"})

    def test_vanished_folder(self):
        self.write("job.toml", edited("attempts = 200", "attempts = 2000", JOB))
        self.write("job.toml", edited("trajectories = 6_000", "trajectories = 100_000",
                                      (self.folder / "job.toml").read_text()))
        (self.folder / "out").mkdir()
        process = self.start("run", "job.toml", "-o", "out/job.h5")
        self.assertTrue(self.wait_for(lambda: list(self.folder.glob("out/job.h5.parts/part-*"))
                                      or process.poll() is not None))
        self.assertIsNone(process.poll())
        shutil.rmtree(self.folder / "out")
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STORAGE, stderr)
        self.assertEqual(stdout, b"")
        self.assertRegex(stderr.decode().splitlines()[-1], r"\Aflopsieve: out/job\.h5.*: cannot ")

    def test_too_few_file_handles(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "whole.h5")
        for handles in (6, 8, 10, 12, 16, 20, 24, 32):
            with self.subTest(handles):
                done = subprocess.run(
                    [PROGRAM, "run", "job.toml"], cwd=self.folder, capture_output=True, timeout=60,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                          (handles, handles)),
                    env=self.environment(), check=False)
                if done.returncode != 0:
                    self.assertIn(done.returncode, (STORAGE, 127), done.stderr)  # 127: no libraries
        self.succeed("run", "job.toml")
        self.assert_equal_files("job.h5", "whole.h5")

    def test_out_of_memory(self):
        """Batches of 4096 x 50,000 sizes take 0.8 GB each and more."""
        self.write("job.toml", """
years = "2024"
trajectories = 8_192
batch_trajectories = 4096
[total]
model = "implied"
[models]
count = 50_000
sizes = "normal"
mean = 23
sd = 1
[outputs]
thresholds = [1e25]
statistics = []
keep = "samples"
""")

        def run(limit, *options):
            return subprocess.run(
                [PROGRAM, *options], cwd=self.folder, capture_output=True, timeout=60, text=True,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
                env=self.environment(), check=False)
        if run(600_000_000, "--version").returncode != 0:
            self.skipTest("the program is built with a sanitizer, which wants terabytes")
        done = run(600_000_000, "run", "job.toml", "--force")
        self.assert_refused(done, "out of memory: take fewer threads")
        self.assertEqual(sorted(self.listing()), ["job.h5.status.json", "job.toml"])
        self.assertIn("out of memory", self.flopsieve("tail", "job.h5", "--once").stdout)

    @staticmethod
    def bytes_of(words):
        number, unit = words.split()
        return float(number) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]

    def test_forecast_of_the_disk(self):
        """check says about what a run then takes, but for tables: 0.6 MB of the result, 2 MB in all."""
        self.write("job.toml", edited("trajectories = 300", "trajectories = 30_000"))
        for keep, least, most in (("summary", 1.0, 1.1), ("index", 1.0, 1.2),
                                  ("statistics", 1.0, 1.1), ("samples", 0.95, 1.1)):
            with self.subTest(keep):
                options = ("job.toml", "--set", f"outputs.keep={keep}", "-o", f"{keep}.h5")
                said = self.succeed("check", *options).stdout
                result, both = re.search(r"disk: (\S+ .B) for \S+, (\S+ .B) while it runs",
                                         said).groups()
                self.assertIn(f"free in {self.folder.resolve()}\n", said)
                self.succeed("run", *options, "-q", "--no-compact")
                parts = sum(part.stat().st_size
                            for part in (self.folder / f"{keep}.h5.parts").iterdir())
                self.succeed("merge", f"{keep}.h5", "-q")
                found = (self.folder / f"{keep}.h5").stat().st_size
                self.assertGreater(self.bytes_of(result), least * found)
                self.assertLess(self.bytes_of(result), most * found + 6e5)
                self.assertGreater(self.bytes_of(both), least * (found + parts))
                self.assertLess(self.bytes_of(both), most * (found + parts) + 2e6)

    def test_forecast_of_the_disk_of_a_sweep(self):
        self.write("sweep.toml", edited('keep = "samples"', 'keep = "summary"') +
                   '\n[sweep]\ndesign = "grid"\n[sweep.keys]\n'
                   "models.sd = { from = 1.2, to = 1.8, points = 200 }\n")
        for trajectories in (20, 2_000):
            options = ("sweep.toml", "--trajectories", trajectories)
            said = self.succeed("check", *options).stdout
            result, both = re.search(r"disk: about (\S+ .B) for \S+, (\S+ .B) while it runs",
                                     said).groups()
            self.succeed("run", *options, "-q", "--no-compact")
            parts = sum(part.stat().st_size
                        for part in (self.folder / "sweep.h5.parts").iterdir())
            self.succeed("merge", "sweep.h5", "-q")
            found = (self.folder / "sweep.h5").stat().st_size
            (self.folder / "sweep.h5").unlink()
            self.assertGreater(self.bytes_of(result), found)
            self.assertLess(self.bytes_of(result), 1.2 * found + 1e5)
            self.assertGreater(self.bytes_of(both), found + parts)
            self.assertLess(self.bytes_of(both), 3 * (found + parts))
        self.assertIn("the run is expected to need", self.assert_refused_for_want_of_disk())

    def assert_refused_for_want_of_disk(self):
        self.write("large.toml", (self.folder / "sweep.toml").read_text().replace(
            "points = 200", "points = 20_000"))
        before = set(self.listing())
        done = self.flopsieve("run", "large.toml", "--set", "batch_trajectories=1",
                              "--trajectories", 1_000_000)
        self.assertEqual(done.returncode, STORAGE, done.stderr)
        self.assertEqual(set(self.listing()), before)
        return done.stderr

    def test_a_run_that_is_too_large_for_the_disk_needs_force(self):
        """4e9 trajectories, all with their sizes: more than any disk of today."""
        self.write("job.toml", edited("trajectories = 300",
                                      "trajectories = 4_000_000_000\nbatch_trajectories = 4096"))
        done = self.flopsieve("run", "job.toml")
        self.assertEqual(done.returncode, STORAGE, done.stderr)
        self.assertRegex(done.stderr, rf"flopsieve: {self.folder.resolve()}: \S+ .B are free, the "
                         r"run is expected to need \d+\.\d GB .*--force\n\Z")
        self.assertEqual(sorted(self.listing()), ["job.toml"])
        self.assertIn("NOT ENOUGH", self.succeed("check", "job.toml").stdout)
        process = self.start("run", "job.toml", "--force")
        self.assertTrue(self.wait_for(lambda: list(self.folder.glob("job.h5.parts/part-*"))))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), INTERRUPTED)

    def small_disk(self):
        """A folder on a disk of its own."""
        disk = self.folder / "disk"
        disk.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "none", disk],
                               capture_output=True, text=True, check=False)
        if mount.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted here: {mount.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        return disk

    def fill_at_a_part(self, disk, parts, *command):
        """Runs a command on a disk that is full once the first part is there."""
        process = self.start(*command)
        self.assertTrue(self.wait_for(lambda: list(disk.glob(parts)) or process.poll() is not None))
        with open(disk / "filler", "wb") as filler:
            try:
                while True:
                    os.write(filler.fileno(), bytes(1 << 20))
            except OSError:
                pass
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, STORAGE, stderr)
        self.assertEqual(stdout, b"")
        self.assertIn("No space left on device", stderr.decode().splitlines()[-1])
        self.assertTrue(list(disk.glob(parts)))
        (disk / "filler").unlink()

    def test_full_disk_at_a_part(self):
        self.write("job.toml", edited("trajectories = 6_000", "trajectories = 20_000", JOB))
        self.succeed("run", "job.toml", "-o", "whole.h5")
        disk = self.small_disk()
        self.fill_at_a_part(disk, "job.h5.parts/part-*", "run", "job.toml", "-o", "disk/job.h5")
        self.assertIn("resuming", self.succeed("run", "job.toml", "-o", "disk/job.h5").stderr)
        self.assert_equal_files("disk/job.h5", "whole.h5")

    def test_full_disk_of_one_shard_of_a_sweep(self):
        self.write("sweep.toml", edited("trajectories = 300", "trajectories = 120_000", edited(
            'keep = "samples"', 'keep = "summary"')) +
            '\n[sweep]\ndesign = "grid"\n[sweep.keys]\nmodels.sd = { from = 1.2, to = 1.8, points = 12 }\n')
        self.succeed("run", "sweep.toml", "-o", "whole.h5", "-q")
        disk = self.small_disk()
        shard = ("run", "sweep.toml", "-o", "disk/sweep.h5", "--shard", "1/2", "--threads", 1)
        self.fill_at_a_part(disk, "sweep.h5.parts/part-*", *shard, "--seal-every", "1s")
        self.succeed("run", "sweep.toml", "--shard", "0/2")
        merge = self.flopsieve("merge", "sweep.h5", "sweep.h5.parts", "disk/sweep.h5.parts")
        self.assertEqual(merge.returncode, STORAGE, merge.stderr)
        self.succeed(*shard)
        self.succeed("merge", "sweep.h5", "sweep.h5.parts", "disk/sweep.h5.parts")
        self.assert_equal_files("sweep.h5", "whole.h5")

    def test_no_room_for_the_result(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "whole.h5")
        size = (self.folder / "whole.h5").stat().st_size
        for share in (0.3, 0.9):
            # A limit on the size of files is an error of write(), as a full disk is.
            done = subprocess.run(
                [PROGRAM, "run", "job.toml"], cwd=self.folder, capture_output=True, timeout=60,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * size),) * 2),
                env=self.environment(), check=False)
            self.assertEqual(done.returncode, STORAGE, done.stderr)
            self.assertRegex(done.stderr.decode().splitlines()[-1], r"\Aflopsieve: job\.h5")
            self.assertEqual({path.name for path in self.folder.iterdir()},
                             {"job.toml", "whole.h5", "job.h5.parts", "job.h5.lock",
                              "job.h5.status.json"})
        self.succeed("run", "job.toml")
        self.assert_equal_files("job.h5", "whole.h5")


if __name__ == "__main__":
    unittest.main()
