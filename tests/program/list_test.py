#!/usr/bin/env python3
"""`flopsieve list`: a line per run of a folder, whatever else is in it."""

import csv
import io
import json
import os
import signal
import subprocess
import unittest

import h5py

from harness import PROGRAM, SMALL_JOB, ProgramTest, Refusal
from metadata import metadata_sha256
from tail_test import LONG_JOB


class List(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("small.toml", SMALL_JOB)

    def make(self, name, *options):
        self.succeed("run", "small.toml", "-q", "-o", name, *options)

    def listed(self):
        return json.loads(self.succeed("list", "--format", "json").stdout)

    def date(self, name, text):
        with h5py.File(self.folder / name, "r+") as file:
            file.attrs["created"] = text
            file.attrs["metadata_sha256"] = metadata_sha256(file)

    def test_a_line_is_what_show_says(self):
        self.make("a.h5")
        self.make("b.h5", "--seed", 8, "--set", "title='An \"other\", longer'")
        self.make("c.h5", "--set", "outputs.quantiles=[0.1, 0.9]", "--seed", 9)
        self.date("b.h5", "2020-01-01T00:00:00Z")
        self.date("c.h5", "2021-01-01T00:00:00Z")
        listed = self.listed()
        self.assertEqual([run["name"] for run in listed["runs"]], ["b.h5", "c.h5", "a.h5"])
        self.assertEqual(listed["left_out"], [])
        for run in listed["runs"]:
            self.succeed("export", run["name"], "--json", "x.json", "--quantiles", "0.05,0.5,0.95")
            shown = json.loads((self.folder / "x.json").read_text())
            self.assertEqual(run["cumulative"], shown["counts"]["cumulative"]["2026"])
            self.assertEqual((run["title"], run["seed"], run["trajectories"],
                              run["complete_trajectories"], run["result_class"], run["last_year"]),
                             (shown["title"], shown["seed"], shown["trajectories"],
                              shown["complete_trajectories"], shown["result_class"], 2026))
            for name in ("candidates", "survivors"):
                self.assertEqual(run[name],
                                 sum(year[name] for year in shown["acceptance"].values()))
            self.assertAlmostEqual(run["acceptance"], run["survivors"] / run["candidates"])
        rows = list(csv.DictReader(io.StringIO(
            self.succeed("list", ".", "--format", "csv").stdout)))
        self.assertEqual(len(rows), 9)
        self.assertEqual(rows[0]["title"], 'An "other", longer')
        cell = listed["runs"][2]["cumulative"]["1e+25"]
        self.assertEqual([int(rows[7][q]) for q in ("q05", "q50", "q95")], list(cell.values()))
        table = self.succeed("list").stdout.splitlines()
        self.assertRegex(table[0], r"run .*> 1e25 +> 1e26$")
        self.assertRegex(table[3], r"a\.h5 .*{0.5} \[{0.05}, {0.95}\]".replace(
            "{0.5}", str(cell["0.5"])).replace("{0.05}", str(cell["0.05"])).replace(
                "{0.95}", str(cell["0.95"])))

    def test_what_is_foreign_or_damaged_is_named_and_stops_nothing(self):
        self.make("a.h5")
        self.write("text.h5", "no HDF5")
        with h5py.File(self.folder / "foreign.h5", "w") as file:
            file["x"] = [1]
        self.make("new.h5", "--seed", 8)
        with h5py.File(self.folder / "new.h5", "r+") as file:
            file.attrs.modify("format_version", file.attrs["format_version"] + 1)
        self.make("damaged.h5", "--seed", 9)
        with h5py.File(self.folder / "damaged.h5", "r+") as file:
            file["counts/cumulative_quantiles"][0, 0, 0] += 1
        self.make("incomplete.h5", "--seed", 10)
        with h5py.File(self.folder / "incomplete.h5", "r+") as file:
            del file.attrs["complete"]
        listed = self.listed()
        self.assertEqual([run["name"] for run in listed["runs"]], ["a.h5"])
        reasons = {each["name"]: each["reason"] for each in listed["left_out"]}
        self.assertEqual(set(reasons), {"text.h5", "foreign.h5", "new.h5", "damaged.h5",
                                        "incomplete.h5"})
        self.assertEqual(reasons["text.h5"], "not an HDF5 file")
        self.assertEqual(reasons["foreign.h5"], "not the result of a finished flopsieve run")
        self.assertEqual(reasons["incomplete.h5"], "not the result of a finished flopsieve run")
        self.assertRegex(reasons["new.h5"], r"\Aformat version \d+, this program reads \d+; "
                                            r"flopsieve \S+ \(.+\) has written it and reads it\Z")
        self.assertIn("damaged: /counts/cumulative_quantiles", reasons["damaged.h5"])
        self.assertIn("left out: text.h5: not an HDF5 file", self.succeed("list").stdout)
        self.assertIn("left out: text.h5: ", self.succeed("list", "--format", "csv").stderr)

    def test_runs_that_have_not_ended(self):
        self.write("long.toml", LONG_JOB)
        process = self.start("run", "long.toml", "--threads", 1)
        path = self.folder / "long.h5.status.json"
        self.assertTrue(self.wait_for(
            lambda: path.exists() and json.loads(path.read_text())["complete"] > 0))
        run, = self.listed()["runs"]
        self.assertEqual((run["name"], run["state"], run["title"], run["last_year"]),
                         ("long.h5", "running", "Small", 2026))
        self.assertEqual(set(run["cumulative"]), {"1e+24", "1e+25", "1e+26"})
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        self.assertEqual(self.listed()["runs"][0]["state"], "stopped")
        path.unlink()
        self.assertEqual(self.listed()["runs"][0]["state"], "unfinished")
        self.assertIn("unfinished", self.succeed("list").stdout)

    def test_watch_prints_runs_as_they_finish(self):
        self.make("a.h5")
        process = self.start("list", ".", "--watch")
        os.set_blocking(process.stdout.fileno(), False)
        seen = bytearray()

        def says(text):
            seen.extend(process.stdout.read() or b"")
            return text in seen
        self.assertTrue(self.wait_for(lambda: says(b"a.h5  Small")))
        self.make("b.h5", "--seed", 8)
        self.assertTrue(self.wait_for(lambda: says(b"b.h5  Small")))
        self.assertEqual(seen.count(b"a.h5"), 1)
        process.kill()

    def test_an_empty_folder(self):
        (self.folder / "empty").mkdir()
        self.assertEqual(self.succeed("list", "empty").stdout, "No runs here.\n")

    def test_many_runs_are_listed_quickly(self):
        self.make("a.h5")
        for i in range(300):
            os.link(self.folder / "a.h5", self.folder / f"{i}.h5")
        done = subprocess.run([PROGRAM, "list", "--format", "json"], cwd=self.folder, timeout=30,
                              capture_output=True, check=True)
        self.assertEqual(len(json.loads(done.stdout)["runs"]), 301)


class Refused(Refusal):
    def test_what_is_no_folder(self):
        self.write("small.toml", SMALL_JOB)
        self.refuse("list", "none", says="none: there is no such folder")
        self.refuse("list", "small.toml", says="there is no such folder")
        self.refuse("list", "--format", "xml", says="--format must be table, csv or json")


if __name__ == "__main__":
    unittest.main()
