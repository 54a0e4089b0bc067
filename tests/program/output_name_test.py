#!/usr/bin/env python3
"""Where results go: links are written through, names that are too long are refused before anything
is computed, folders that cannot be written say what else may be done."""

import os
import subprocess
import unittest

from harness import BAD_INPUT, DONE, PROGRAM, STORAGE, Refusal, edited

JOB = edited("trajectories = 300", "trajectories = 96\nbatch_trajectories = 8")
NOBODY = 65534


def name_of(length):
    return "n" * (length - len(".h5")) + ".h5"


class Links(Refusal):
    def setUp(self):
        super().setUp()
        self.write("job.toml", JOB)
        (self.folder / "store").mkdir()
        (self.folder / "out.h5").symlink_to("store/target.h5")
        self.succeed("run", "job.toml", "-o", "plain.h5")

    def assert_linked(self):
        self.assertEqual(os.readlink(self.folder / "out.h5"), "store/target.h5")
        self.assertEqual(os.listdir(self.folder / "store"), ["target.h5"])
        self.assert_equal_files("store/target.h5", "plain.h5")
        self.assertEqual(set(os.listdir(self.folder)), {"job.toml", "store", "out.h5", "plain.h5"})

    def test_a_link_that_leads_nowhere_yet_and_then_to_a_result(self):
        self.succeed("run", "job.toml", "-o", "out.h5", "--trajectories", 50)
        self.succeed("run", "job.toml", "-o", "out.h5")  # extends it
        self.assert_linked()
        self.assertIn("is finished", self.succeed("run", "job.toml", "-o", "out.h5").stderr)
        self.assertEqual(self.succeed("show", "out.h5").stdout,
                         self.succeed("show", "plain.h5").stdout)

    def test_shards_and_their_merge(self):
        self.succeed("run", "job.toml", "-o", "out.h5", "--shard", "0/2")
        self.assertIn("target.h5.parts", os.listdir(self.folder / "store"))
        for command in (("show",), ("info",), ("tail", "--once")):
            done = self.flopsieve(*command, "out.h5")
            self.assertIn("--shard 1/2", done.stdout + done.stderr)
        self.succeed("run", "job.toml", "-o", "store/target.h5", "--shard", "1/2")
        self.succeed("merge", "out.h5")
        self.assert_linked()

    def test_links_of_other_files(self):
        (self.folder / "link.json").symlink_to("store/target.json")
        self.succeed("export", "plain.h5", "--json", "link.json")
        self.assertTrue((self.folder / "link.json").is_symlink())
        self.assertTrue((self.folder / "store" / "target.json").is_file())

    def test_links_that_lead_round(self):
        (self.folder / "a.h5").symlink_to("b.h5")
        (self.folder / "b.h5").symlink_to("a.h5")
        for command in (("run", "job.toml", "-o"), ("merge",), ("tail",), ("show",)):
            self.refuse(*command, "a.h5", says="a.h5: cannot ")
        (self.folder / "away.h5").symlink_to("nowhere/target.h5")
        self.refuse("run", "job.toml", "-o", "away.h5", says="there is no folder nowhere")


class LongNames(Refusal):
    def test_the_longest_that_may_be_is_told_and_works(self):
        self.write("job.toml", JOB)
        for command in (("run", "job.toml", "-o"), ("check", "job.toml", "-o"), ("merge",)):
            for length in (230, 240, 252, 255, 256, 5000):
                said = self.refuse(*command, name_of(length))
                self.assertRegex(said, "the name is too long: it has|File name too long")
        said = self.refuse("run", "job.toml", "-o", name_of(250))
        most = int(said.split(" bytes, ")[1].split()[0])
        self.refuse("run", "job.toml", "-o", name_of(most + 1), says=f"{most + 1} bytes, {most} may")
        self.succeed("run", "job.toml", "-o", name_of(most))
        self.assertIn("is finished", self.succeed("run", "job.toml", "-o", name_of(most)).stderr)
        self.refuse("run", "job.toml", "--shard", "0/2", "-o", name_of(most), says="too long")
        self.refuse("export", name_of(most), "--json", "j" * 250, says="too long")
        for command in ("show", "info", "tail"):
            self.refuse(command, name_of(252), says="File name too long")


class ClosedFolders(Refusal):
    def as_somebody(self, *arguments):
        """The program without the rights of root, which may write everywhere."""
        def drop():
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
        try:
            return subprocess.run([PROGRAM, *arguments], cwd=self.folder, capture_output=True,
                                  text=True, timeout=60, preexec_fn=drop, check=False,
                                  env=self.environment())
        except PermissionError:
            self.skipTest("the program stands where only root may run it")

    def test_what_else_may_be_done_is_said(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml")
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)
        shown = self.as_somebody("show", "job.h5")
        self.assertEqual(shown.returncode, DONE, shown.stderr)
        done = self.as_somebody("run", "--from", "job.h5")
        self.assertEqual((done.returncode, done.stdout), (STORAGE, ""))
        self.assertIn("cannot be written to: Permission denied; -o names another place", done.stderr)
        done = self.as_somebody("export", "job.h5", "--csv", "tables")
        self.assertEqual((done.returncode, done.stdout), (STORAGE, ""))
        self.assertIn("tables: cannot be made: Permission denied", done.stderr)
        self.assertEqual(self.flopsieve("export", "job.h5", "--csv", "no/tables").returncode,
                         BAD_INPUT)


if __name__ == "__main__":
    unittest.main()
