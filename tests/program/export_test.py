#!/usr/bin/env python3
"""`flopsieve export`: every table against the file itself, by h5py, numpy and pandas."""

import csv
import json
import unittest

import h5py
import numpy as np

from harness import RICH_JOB, SMALL_JOB, ProgramTest, Refusal, edited

QUANTILES = [0.01, 0.25, 0.5, 0.99]


class Export(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.job = RICH_JOB.replace('statistic = "mean"\n', 'name = "a \\"soft\\", mean"\n'
                                   'statistic = "mean"\n', 1)

    def setUp(self):
        super().setUp()
        self.write("job.toml", self.job)
        self.succeed("run", "job.toml", "-q")
        self.file = h5py.File(self.folder / "job.h5")
        self.addCleanup(self.file.close)
        self.years = self.file["year"][:].tolist()
        self.thresholds = self.file["threshold"][:].tolist()
        self.counts = self.file["counts/by_trajectory"][:].astype(int)
        known = self.file["counts/cumulative_base"][:].astype(int)
        self.cumulative = np.cumsum(self.counts, axis=1) + known
        done = self.succeed("export", "job.h5", "--csv", "tables", "--json", "all.json",
                            "--quantiles", ",".join(map(str, QUANTILES)), "--trajectories")
        self.assertEqual(done.stdout, "")

    def rows(self, name):
        with (self.folder / "tables" / name).open(newline="") as file:
            return list(csv.DictReader(file, strict=True))

    def samples(self, row):
        """The counts of all trajectories that a row is about, sorted."""
        values = {"count": self.counts, "cumulative": self.cumulative}[row["kind"]]
        return np.sort(values[:, self.years.index(int(row["year"])),
                              self.thresholds.index(float(row["of"]))])

    def test_every_table_is_there(self):
        self.assertEqual({path.name for path in (self.folder / "tables").iterdir()},
                         {"counts.csv", "cumulative.csv", "frontier.csv", "statistics.csv",
                          "means.csv", "cdf.csv", "acceptance.csv", "cutflow.csv",
                          "trajectories.csv"})

    def test_quantiles_of_counts_are_those_of_the_trajectories(self):
        rows = self.rows("counts.csv") + self.rows("cumulative.csv")
        self.assertEqual(len(rows), 2 * 3 * 3 * len(QUANTILES))
        for row in rows:
            sample = self.samples(row)
            q = float(row["quantile"])
            self.assertEqual(float(row["value"]), np.quantile(sample, q, method="inverted_cdf"))
            self.assertEqual(row["class"], "exact")

    def test_distributions_are_those_of_the_trajectories(self):
        rows = [row for row in self.rows("cdf.csv") if not row["kind"].startswith("frontier")]
        cells = {}
        for row in rows:
            sample = self.samples(row)
            value = int(row["value"])
            self.assertEqual(int(row["trajectories"]), (sample == value).sum())
            self.assertAlmostEqual(float(row["probability"]), (sample <= value).mean(), places=15)
            cells.setdefault((row["kind"], row["year"], row["of"]), []).append(value)
        self.assertEqual(len(cells), 2 * 9)
        for (kind, year, of), values in cells.items():
            sample = self.samples({"kind": kind, "year": year, "of": of})
            self.assertEqual(values, list(range(sample[-1] + 1)))

    def test_frontier_and_statistics_are_those_that_show_prints_for_these_quantiles(self):
        stored = self.file["quantile"][:]
        self.succeed("export", "job.h5", "--csv", "own")
        for name, group, prefix in (("frontier.csv", "frontier", True),
                                    ("statistics.csv", "statistics", False)):
            with (self.folder / "own" / name).open(newline="") as file:
                rows = list(csv.DictReader(file, strict=True))
            items = (self.file["frontier/width"][:].tolist() if prefix else
                     [text.decode() for text in self.file["statistic"][:]])
            for row in rows:
                convention = row["kind"].removeprefix("frontier_") + "_" if prefix else ""
                item = items.index(float(row["of"]) if prefix else row["of"])
                cell = (self.years.index(int(row["year"])), item,
                        stored.tolist().index(float(row["quantile"])))
                self.assertEqual(float(row["value"]),
                                 self.file[f"{group}/{convention}quantiles"][cell])
                self.assertEqual([float(row["error_low"] or "nan"), float(row["error_high"] or "nan")],
                                 self.file[f"{group}/{convention}bounds"][cell].tolist())
            self.assertEqual(len(rows), (2 if prefix else 1) * 3 * len(items) * len(stored))

    def test_means(self):
        places = {"count": "counts/", "cumulative": "counts/cumulative_",
                  "frontier_before": "frontier/before_",
                  "frontier_including": "frontier/including_", "statistic": "statistics/"}
        statistics = [text.decode() for text in self.file["statistic"][:]]
        widths = self.file["frontier/width"][:].tolist()
        rows = self.rows("means.csv")
        self.assertEqual(len(rows), 3 * (2 * 3 + 2 * 3 + len(statistics)))
        for row in rows:
            kind = row["kind"]
            item = (statistics.index(row["of"]) if kind == "statistic" else
                    widths.index(float(row["of"])) if "frontier" in kind else
                    self.thresholds.index(float(row["of"])))
            cell = self.years.index(int(row["year"])), item
            self.assertEqual(float(row["mean"]), self.file[places[kind] + "mean"][cell])
            self.assertEqual(float(row["standard_error"]),
                             self.file[places[kind] + "standard_error"][cell])

    def test_acceptance_and_cutflow(self):
        for row, i in zip(self.rows("acceptance.csv"), range(3), strict=True):
            self.assertEqual(int(row.pop("year")), self.years[i])
            for name, value in row.items():
                self.assertEqual(int(value), self.file[f"acceptance/{name}"][i])
        names = [text.decode() for text in self.file["constraint"][:]]
        self.assertIn('a "soft", mean', names)
        rows = self.rows("cutflow.csv")
        self.assertEqual(len(rows), 3 * len(names))
        for row in rows:
            cell = self.years.index(int(row["year"])), names.index(row["constraint"])
            for name in ("killed", "alone", "without"):
                self.assertEqual(int(row[name]), self.file[f"acceptance/{name}"][cell])

    def test_trajectories(self):
        rows = self.rows("trajectories.csv")
        self.assertEqual([int(row["count"]) for row in rows], self.counts.ravel().tolist())
        self.assertEqual([int(row["trajectory"]) for row in rows],
                         np.repeat(self.file["trajectory"][:], 9).tolist())
        self.assertEqual([int(row["year"]) for row in rows[:9]], [2024] * 3 + [2025] * 3 + [2026] * 3)
        self.assertEqual([float(row["of"]) for row in rows[:3]], self.thresholds)

    def test_json_is_show_with_distributions(self):
        made = json.loads((self.folder / "all.json").read_text())
        printed = json.loads(self.succeed("export", "job.h5", "--json", "-").stdout)
        cdf = printed.pop("cdf")
        self.assertEqual(printed, json.loads(
            self.succeed("show", "job.h5", "--format", "json").stdout))
        self.assertEqual(made["cdf"], cdf)
        self.assertEqual(made["quantiles"], QUANTILES)
        for row in self.rows("cdf.csv"):
            steps = cdf[row["kind"]][row["year"]][row["of"]]
            i = steps["value"].index(int(row["value"]))
            self.assertEqual(steps["trajectories"][i], int(row["trajectories"]))
            self.assertEqual(steps["probability"][i], float(row["probability"]))

    def test_again_replaces(self):
        before = (self.folder / "tables" / "counts.csv").read_bytes()
        self.write("tables/counts.csv", "old")
        self.succeed("export", "job.h5", "--csv", "tables", "--quantiles",
                     ",".join(map(str, QUANTILES)))
        self.assertEqual((self.folder / "tables" / "counts.csv").read_bytes(), before)


class Refused(Refusal):
    def test_what_cannot_be_exported(self):
        self.write("small.toml", edited('keep = "samples"', 'keep = "summary"', SMALL_JOB))
        self.succeed("run", "small.toml", "-q")
        self.write("text.h5", "no HDF5")
        self.refuse("export", "small.h5", says="needs --csv FOLDER or --json FILE")
        self.refuse("export", "text.h5", "--csv", "t", says="text.h5: not an HDF5 file")
        self.refuse("export", "small.h5", "--json", "x", "--trajectories", says="needs --csv")
        self.refuse("export", "small.h5", "--csv", "small.toml", says="is a file")
        self.refuse("export", "small.h5", "--csv", "no/t", says="cannot be made")
        for text in ("0", "1", "0.5,0.5", "0.9,0.1", "0.5,", "a", "0.5;0.6", "nan", "1e400"):
            self.refuse("export", "small.h5", "--json", "x", "--quantiles", text,
                        says=f"--quantiles {text}: must be ascending numbers between 0 and 1")
        done = self.flopsieve("export", "small.h5", "--csv", "t", "--trajectories")
        self.assertEqual(done.returncode, 2)
        self.assertIn("keeps no counts of single trajectories", done.stderr)


if __name__ == "__main__":
    unittest.main()
