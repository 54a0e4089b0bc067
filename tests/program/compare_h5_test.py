#!/usr/bin/env python3
"""compare_h5.py itself: it must see every difference that the other tests rely on it to see."""

import contextlib
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np


class CompareH5(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        for name in ("a.h5", "b.h5"):
            with self.opened(name, "w") as file:
                file["x"] = np.array([1.0, np.nan, 3.0])
                file["group/text"] = np.array(["low", "high"], dtype=h5py.string_dtype())
                file["group/n"] = np.arange(6, dtype=np.uint64).reshape(2, 3)
                file.attrs["created"] = name

    @contextlib.contextmanager
    def opened(self, name="b.h5", mode="a"):
        with h5py.File(self.folder / name, mode) as file:
            yield file

    def compare(self, code, says="", second="b.h5"):
        script = Path(__file__).with_name("compare_h5.py")
        done = subprocess.run([sys.executable, "-B", str(script), "a.h5", second], cwd=self.folder,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stdout)

    def test_equal(self):
        self.compare(0)

    def test_value(self):
        with self.opened() as file:
            file["group/n"][1, 2] = 7
        self.compare(1, "/group/n[1, 2]: ")

    def test_last_bit(self):
        with self.opened() as file:
            file["x"][2] = np.nextafter(3.0, 4.0)
        self.compare(1, "/x[2]: ")

    def test_nan(self):
        with self.opened() as file:
            file["x"][1] = 2.0
        self.compare(1, "/x[1]: ")

    def test_text(self):
        with self.opened() as file:
            file["group/text"][0] = "lower"
        self.compare(1, "/group/text[0]: ")

    def test_shape_and_type(self):
        with self.opened() as file:
            del file["group/n"]
            file["group/n"] = np.arange(6, dtype=np.uint64)
        self.compare(1, "/group/n: shape")
        with self.opened() as file:
            del file["group/n"]
            file["group/n"] = np.arange(6, dtype=np.int64).reshape(2, 3)
        self.compare(1, "/group/n: type")

    def test_missing_dataset_either_way(self):
        with self.opened() as file:
            del file["x"]
        self.compare(1, "/x: only in a.h5")
        with self.opened("a.h5") as file:
            del file["x"]
            del file["group/n"]
        self.compare(1, "/group/n: only in b.h5")

    def test_unreadable(self):
        self.compare(2, second="c.h5")
        (self.folder / "c.h5").write_text("a letter")
        self.compare(2, second="c.h5")


if __name__ == "__main__":
    unittest.main()
