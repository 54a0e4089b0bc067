#!/usr/bin/env python3
"""Damaged parts are named, set aside and computed again, and the result is that of an undisturbed
run; what is no part at all is named too."""

import os
import random
import shutil
import socket
import unittest

from disturbed_run import DisturbedRun, read_log, run
from harness import STORAGE

places = random.Random(20241122)


class Damage(DisturbedRun):
    def setUp(self):
        """All batches of a run are sealed, and it was killed before they were joined."""
        super().setUp()
        self.begin(SHIM_NAME="pwrite", SHIM_AT=1, SHIM_DO="kill")  # HDF5's, not of parts
        self.parts = sorted(path.name for path in self.work.glob("job.h5.parts/part-*.h5"))
        self.assertGreaterEqual(len(self.parts), 2)
        self.whole = self.work.rename(self.work.with_name("whole"))

    def damaged(self, change):
        """A copy of the folder in which `change(path)` was done to each part; its parts."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.whole, self.work)
        paths = [self.work / "job.h5.parts" / name for name in self.parts]
        for path in paths:
            change(path)
        return paths

    def recover(self, change):
        """Damages all parts; they are named and kept, and the result is right. How many."""
        paths = self.damaged(change)
        before = [path.read_bytes() for path in paths]
        done = run(self.work, self.log)
        self.assertEqual(done.returncode, 0, done.stderr)
        for path, content in zip(paths, before):
            self.assertRegex(done.stderr, rf"job\.h5\.parts/{path.name}: damaged part: [^\n]+; set "
                                          rf"aside as {path.name}\.damaged, its batches are "
                                          r"computed again")
            self.assertEqual(path.with_name(path.name + ".damaged").read_bytes(), content)
        self.assertEqual({path.name for path in self.work.glob("job.h5.parts/*")},
                         {path.name + ".damaged" for path in paths})
        self.demand_equal()
        return len(paths)

    def test_flipped_bits(self):
        def flip(path):
            content = bytearray(path.read_bytes())
            content[places.randrange(len(content))] ^= 1 << places.randrange(8)
            path.write_bytes(content)
        flips = 0
        while flips < 100:
            flips += self.recover(flip)

    def test_truncations(self):
        for keep in (0, 1, 23, 24, 4096, 0.5, -4096, -24, -1):
            with self.subTest(keep):
                def cut(path, keep=keep):
                    size = path.stat().st_size
                    length = int(keep * size) if isinstance(keep, float) else keep
                    os.truncate(path, length if length >= 0 else size + length)
                self.recover(cut)

    def test_appended_and_swapped(self):
        self.recover(lambda path: path.write_bytes(path.read_bytes() * 2))
        self.recover(lambda path: path.write_bytes(path.read_bytes() + b"\0"))
        self.recover(lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000)))

    def set_aside(self, name, make):
        """What is no file under the name of a part: named and set aside, and the run goes on."""
        self.damaged(lambda path: None)
        path = self.work / "job.h5.parts" / name
        make(path)
        done = run(self.work, self.log)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{name}: damaged part: it is no ordinary file; set aside as {name}.damaged",
                      done.stderr)
        self.demand_equal()

    def test_no_files(self):
        name = "part-0000000000-0000000001-0of1.h5"

        def make_socket(path):
            here = os.getcwd()
            os.chdir(path.parent)  # a socket's name is short
            self.addCleanup(os.chdir, here)
            with socket.socket(socket.AF_UNIX) as end:
                end.bind(path.name)
            os.chdir(here)
        for make in (lambda path: path.mkdir(), os.mkfifo, make_socket,
                     lambda path: path.symlink_to("/dev/null")):
            self.set_aside(name, make)

    def test_links(self):
        def move(path):
            path.rename(path.with_suffix(".moved"))
            path.symlink_to(path.with_suffix(".moved").name)
        self.damaged(move)
        done = run(self.work, self.log)
        self.assertEqual(done.returncode, 0, done.stderr)
        renamed = {path for name, path in read_log(self.log) if name == "rename"}
        self.assertEqual({path for path in renamed if path.endswith(".h5")},
                         {str(self.work / "job.h5")})
        self.demand_equal()

    def test_unreadable(self):
        """It may be whole, so it stays, and the run waits for its reader's right."""
        paths = self.damaged(lambda path: path.chmod(0))
        done = self.run_without_rights("run", "job.toml", folder=self.work)
        self.assertEqual(done.returncode, STORAGE)
        self.assertIn(f"{paths[0].name}: cannot read: Permission denied", done.stderr)
        self.assertTrue(paths[0].exists())


if __name__ == "__main__":
    unittest.main()
