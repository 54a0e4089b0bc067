#!/usr/bin/env python3
"""`flopsieve replay` and `run --from`: what was stored is computed again, and the same."""

import json
import math
import unittest

import h5py
import numpy

from documents import document, flattened, names, tables
from harness import DONE, STORAGE, ProgramTest, Refusal, edited

JOB = edited("trajectories = 300", "trajectories = 40\nbatch_trajectories = 8", edited(
    "[outputs]", """\
[[constraint]]
statistic = "count"
ratio_to_previous_year = { min = 0.5, max = 2.5 }

[[constraint]]
name = "soft"
statistic = "mean"
soft = { normal = [24, 2] }

[outputs]"""))


class Replay(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q")

    def replay(self, *options, file="out.h5"):
        return json.loads(self.succeed("replay", file, "--json", "--sizes", *options).stdout)

    def test_survivors_are_those_of_the_file(self):
        """Counts, statistics and sizes bit for bit, with every verdict a pass."""
        with h5py.File(self.folder / "out.h5") as file:
            trajectories = file["trajectory"][:]
            self.assertGreater(len(trajectories), 20)
            first = numpy.concatenate((numpy.zeros(1, int), numpy.cumsum(file["samples/row_size"][:], dtype=int)))
            kinds = file["statistic"].asstr()[:]
            for row in (0, 7, len(trajectories) - 1):
                for year in range(3):
                    found = self.replay("--trajectory", trajectories[row], "--year", 2024 + year)
                    self.assertTrue(found["survives"])
                    self.assertTrue(all(each["passes"] for each in found["constraints"]))
                    self.assertEqual(found["attempt"], file["acceptance/attempt"][row, year])
                    place = row * 3 + year
                    sizes = file["samples/log10_flop"][first[place]:first[place + 1]]
                    self.assertEqual(found["log10_flop"], sizes[::-1].tolist())
                    counts = [sum(x >= limit for x in sizes) for limit in (24, 25, 26)]
                    self.assertEqual(counts, file["counts/by_trajectory"][row, year].tolist())
                    largest_share = 1 / sum(10 ** (x - sizes[-1]) for x in sizes)
                    values = dict(zip(kinds, file["statistics/by_trajectory"][row, year]))
                    self.assertEqual(found["statistics"], values)
                    self.assertAlmostEqual(values["largest_share"], largest_share, places=6)

    def test_verdicts_follow_from_what_is_shown(self):
        before = {}
        rejected = 0
        for attempt in (None, 0, 1, 2, 3, 4, 5, 6, 7):
            for year in (2024, 2025):
                options = [] if attempt is None else ["--attempt", attempt]
                found = self.replay("--trajectory", 3, "--year", year, *options)
                share, ratio, soft = found["constraints"]
                self.assertEqual(share["passes"], 0.05 <= share["value"] <= 0.5)
                self.assertEqual(soft["passes"], soft["uniform"] < soft["probability"])
                self.assertAlmostEqual(soft["probability"],
                                       math.exp(-((soft["value"] - 24) / 2) ** 2 / 2))
                self.assertEqual(len(found["log10_flop"]), found["count"])
                if attempt is None:
                    before[year] = found
                if year == 2025:
                    self.assertEqual(ratio["previous"], before[2024]["count"])
                    self.assertEqual(ratio["passes"],
                                     0.5 <= found["count"] / ratio["previous"] <= 2.5)
                else:
                    self.assertIsNone(ratio["value"])
                passes = found["matching"]["passes"] and share["passes"] and ratio["passes"]
                self.assertEqual(found["survives"], passes and soft["passes"])
                rejected += not found["survives"]
        self.assertGreater(rejected, 3)

    def test_the_fields_are_those_of_the_page(self):
        hard_and_soft = self.replay("--trajectory", 3, "--year", 2025)
        # sd is a parameter and a statistic: each table has names of its own.
        kinds = {"parameters": {"parameter": set(hard_and_soft["parameters"])},
                 "statistics": {"statistic": set(hard_and_soft["statistics"])}}
        rows = tables(document("jobs/REPORTS.md"))["`replay`"]
        self.write("ceiling.toml", edited("normal = [24, 2]", "below = [22, 26]", edited(
            'match = "shift"', 'match = "shift"\nmethod = "reject"', JOB)))
        self.succeed("run", "ceiling.toml", "-o", "ceiling.h5", "-q")
        ceiling = self.replay("--trajectory", 3, "--year", 2024, "--attempt", 0, file="ceiling.h5")
        self.assertEqual({name for row in rows for name in names(row[0])},
                         {path for shown in (hard_and_soft, ceiling) for key, value in shown.items()
                          for path in flattened({key: value}, "", kinds.get(key, {}))})

    def test_a_summary_tells_as_much(self):
        self.succeed("run", "job.toml", "-o", "summary.h5", "-q", "--set", "outputs.keep=summary")
        stored = self.replay("--trajectory", 5, "--year", 2026)
        self.assertEqual(self.replay("--trajectory", 5, "--year", 2026, file="summary.h5"), stored)
        text = self.succeed("replay", "out.h5", "--trajectory", 5, "--year", 2026).stdout
        self.assertIn("meets everything", text)

    def test_candidates_that_no_run_came_to(self):
        last = 2 ** 40 - 1
        found = self.replay("--trajectory", last, "--year", 2024, "--attempt", last)
        self.assertEqual((found["trajectory"], found["attempt"]), (last, last))

    def test_batches(self):
        for batch in (0, 4):
            done = self.succeed("replay", "out.h5", "--batch", batch)
            self.assertIn("equal", done.stdout)

    def test_a_run_that_is_not_finished(self):
        self.write("long.toml", edited("40\n", "20_000\n", JOB))
        process = self.start("run", "long.toml", "-o", "long.h5", "-q")
        parts = self.folder / "long.h5.parts"
        self.assertTrue(self.wait_for(lambda: list(parts.glob("part-*.h5"))))
        process.kill()
        process.wait()
        self.assertFalse((self.folder / "long.h5").exists())
        found = self.replay("--trajectory", 5, "--year", 2026, file="long.h5")
        stored = self.replay("--trajectory", 5, "--year", 2026)
        self.assertEqual(found, stored)
        self.assertIn("equal", self.succeed("replay", "long.h5", "--batch", 0).stdout)
        self.assertIn("none to compare",
                      self.succeed("replay", "long.h5", "--batch", 2499).stdout)

    def test_run_from_a_file(self):
        done = self.succeed("run", "--from", "out.h5", "-q")
        self.assertRegex(done.stdout, r"out\.h5: equal: \d+ datasets\n")
        self.assertEqual(sorted(self.listing()), ["job.toml", "out.h5"])
        self.succeed("run", "--from", "out.h5", "-o", "again.h5", "-q")
        self.assert_equal_files("out.h5", "again.h5")
        with h5py.File(self.folder / "out.h5", "r+") as file:
            file["counts/by_trajectory"][3, 1, 0] += 1
        done = self.flopsieve("run", "--from", "out.h5", "-q")
        self.assertEqual(done.returncode, STORAGE)
        self.assertIn("1 of ", done.stderr)
        self.assertIn("/counts/by_trajectory", done.stderr)
        self.assertIn("out.h5.rerun", self.listing())


class WhatCannotBeReplayed(Refusal):
    def test_bad_input(self):
        self.write("job.toml", edited("attempts = 200", "attempts = 1"))
        self.assertEqual(self.flopsieve("run", "job.toml", "-o", "out.h5", "-q", "--trajectories",
                                        12).returncode, DONE)
        with h5py.File(self.folder / "out.h5") as file:
            gone = sorted(set(range(12)) - set(file["trajectory"][:].tolist()))[0]
        candidate = ("replay", "out.h5", "--trajectory", 3, "--year", 2024)
        for arguments, says in {
                ("replay", "none.h5", "--trajectory", 3, "--year", 2024): "none.h5: no such file",
                ("replay", "job.toml", "--trajectory", 3, "--year", 2024): "not an HDF5 file",
                ("replay", "out.h5"): "needs --trajectory and --year",
                ("replay", "out.h5", "--trajectory", 3): "needs --trajectory and --year",
                ("replay", "out.h5", "--trajectory", 3, "--year", 2027): "2024 to 2026",
                ("replay", "out.h5", "--trajectory", 2 ** 40, "--year", 2024): "2^40",
                ("replay", "out.h5", "--trajectory", -1, "--year", 2024): "2^40",
                ("replay", "out.h5", "--trajectory", 1.5, "--year", 2024): "whole number",
                ("replay", "out.h5", "--trajectory", gone, "--year", 2026): "attempts ran out",
                (*candidate, "--attempt", 2 ** 40): "2^40",
                (*candidate, "--attempt", "x"): "whole number",
                (*candidate, "--format", "csv"): "table or json",
                (*candidate, "--batch", 0): "--batch stands alone",
                ("replay", "out.h5", "--batch", 4096): "the run has the batches 0 to",
                ("run", "--from", "job.toml"): "not an HDF5 file",
                ("run", "job.toml", "--from", "out.h5"): "excludes",
                ("run", "--from", "out.h5", "--seed", 3): "excludes"}.items():
            with self.subTest(arguments):
                self.refuse(*arguments, says=says)


if __name__ == "__main__":
    unittest.main()
