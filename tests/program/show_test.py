#!/usr/bin/env python3
"""`flopsieve show`: every format against numpy on the columns of the file."""

import json
import math
import re
import tomllib
import unittest

import h5py
import numpy as np

from harness import BAD_INPUT, SMALL_JOB, SOURCE, ProgramTest, edited


def inverse_edf(values, q):
    """The smallest value at or below which at least the fraction q of the values lie."""
    ordered = np.sort(values)
    return ordered[max(math.ceil(q * len(ordered) - 1e-9), 1) - 1]


class Show(ProgramTest):
    """The fixed names of `show --format json`, against numpy on the columns of the file."""

    def setUp(self):
        super().setUp()
        self.write("small.toml", edited("quantiles = [0.05, 0.5, 0.95]",
                                        "quantiles = [0.001, 0.05, 0.5, 0.9]"))
        self.table = self.succeed("run", "small.toml").stdout
        self.json = json.loads(self.succeed("show", "small.h5", "--format", "json").stdout)
        self.file = h5py.File(self.folder / "small.h5", "r")
        self.addCleanup(self.file.close)

    def cells(self, what):
        """(year index, threshold index, quantile index, value) of a table of counts."""
        years = self.json["counts"][what]
        self.assertEqual(list(years), ["2024", "2025", "2026"])
        for y, by_threshold in enumerate(years.values()):
            self.assertEqual([float(t) for t in by_threshold], [1e24, 1e25, 1e26])
            for t, by_quantile in enumerate(by_threshold.values()):
                self.assertEqual([float(q) for q in by_quantile], [0.001, 0.05, 0.5, 0.9])
                for q, value in enumerate(by_quantile.values()):
                    yield y, t, q, value

    def test_fixed_names_and_types(self):
        self.assertEqual(self.json["years"], [2024, 2025, 2026])
        self.assertEqual(self.json["thresholds"], [1e24, 1e25, 1e26])
        self.assertEqual(self.json["quantiles"], [0.001, 0.05, 0.5, 0.9])
        self.assertEqual((self.json["trajectories"], self.json["complete_trajectories"],
                          self.json["seed"]), (300, 300, 7))
        for year in ("2024", "2025", "2026"):
            acceptance = self.json["acceptance"][year]
            self.assertIs(type(acceptance["candidates"]), int)
            self.assertIs(type(acceptance["survivors"]), int)
            self.assertIs(type(acceptance["first_attempt_pass_rate"]), float)
            self.assertEqual(list(acceptance["constraints"]), ["mean_prior", "largest_share"])
            for row in acceptance["constraints"].values():
                self.assertEqual({k: type(v) for k, v in row.items()},
                                 {"killed": int, "alone": int, "without": int, "joint": dict})

    def test_counts_are_the_quantiles_of_the_trajectories(self):
        counts = self.file["counts/by_trajectory"][()].astype(int)
        base = self.file["counts/cumulative_base"][()].astype(int)
        self.assertEqual(base.tolist(), [11, 4, 0])  # models of 2023 in jobs/calibration.toml
        cumulative = counts.cumsum(axis=1) + base
        for what, values in (("per_year", counts), ("cumulative", cumulative)):
            for y, t, q, value in self.cells(what):
                self.assertIs(type(value), int)
                self.assertEqual(value, inverse_edf(values[:, y, t], self.json["quantiles"][q]))

    def test_json_agrees_with_the_datasets(self):
        for what, name in (("per_year", "quantiles"), ("cumulative", "cumulative_quantiles")):
            stored = self.file[f"counts/{name}"][()]
            for y, t, q, value in self.cells(what):
                self.assertEqual(value, stored[y, t, q])
        for what, name in (("per_year_error", "bounds"), ("cumulative_error", "cumulative_bounds")):
            stored = self.file[f"counts/{name}"][()]
            for y, t, q, pair in self.cells(what):
                ends = [math.nan if end is None else end for end in pair]
                np.testing.assert_array_equal(ends, stored[y, t, q])

    def test_errors_enclose_the_quantiles(self):
        missing = 0
        for (*_, value), (_, _, q, (low, high)) in zip(self.cells("cumulative"),
                                                       self.cells("cumulative_error")):
            # No order statistic of 300 bounds the quantile 0.001 from below.
            self.assertEqual(low is None, q == 0)
            missing += low is None
            if low is not None:
                self.assertLessEqual(low, value)
            self.assertGreaterEqual(high, value)
        self.assertEqual(missing, 9)

    def test_error_of_the_median_holds_95_percent_of_a_binomial(self):
        counts = self.file["counts/by_trajectory"][()].astype(int)
        for y, t, q, (low, high) in self.cells("per_year_error"):
            if q != 2:
                continue
            ordered = np.sort(counts[:, y, t])
            # 300 (0.5 -+ 1.96 sqrt(0.25 / 300)): ranks 133.03 and 166.97, to be widened to whole
            # ranks; a rank or two of slack for the exact binomial.
            self.assertTrue(ordered[130] <= low <= ordered[134], (low, ordered[130:135]))
            self.assertTrue(ordered[165] <= high <= ordered[169], (high, ordered[165:170]))

    def test_acceptance_is_that_of_the_attempts(self):
        attempts = self.file["acceptance/attempt"][()].astype(int)
        for y, year in enumerate(("2024", "2025", "2026")):
            shown = self.json["acceptance"][year]
            self.assertEqual(shown["candidates"], (attempts[:, y] + 1).sum())
            self.assertEqual(shown["survivors"], len(attempts))
            self.assertEqual(shown["first_attempt_pass_rate"], (attempts[:, y] == 0).mean())
            self.assertEqual(shown["candidates"], self.file["acceptance/candidates"][y])
            self.assertEqual(sum(row["killed"] for row in shown["constraints"].values()),
                             shown["audited"] - shown["audited_survivors"])
            names = list(shown["constraints"])
            for c, row in enumerate(shown["constraints"].values()):
                joint = self.file["acceptance/joint"][y, c]
                self.assertEqual(row.pop("joint"), {name: joint[other] for other, name
                                                    in enumerate(names) if other != c})
                for name, value in row.items():
                    self.assertEqual(value, self.file[f"acceptance/{name}"][y, c])

    def test_table_shows_the_same_numbers(self):
        rows = re.findall(r"^ +2026 +((?:\[\d+(?:, \d+)*\] *)+)$", self.table, re.M)
        self.assertEqual(len(rows), 2)
        for row, what in zip(rows, ("per_year", "cumulative")):
            expected = [value for y, _, _, value in self.cells(what) if y == 2]
            self.assertEqual([int(n) for n in re.findall(r"\d+", row)], expected)

    def test_csv_shows_the_same_numbers(self):
        lines = self.succeed("show", "small.h5", "--format", "csv").stdout.splitlines()
        self.assertEqual(lines[0], "kind,year,of,quantile,value,error_low,error_high,class")
        rows = [line.split(",") for line in lines[1:]]
        self.assertTrue(all(len(row) == 8 for row in rows))
        for kind, what in (("count", "per_year"), ("cumulative", "cumulative")):
            shown = [int(row[4]) for row in rows if row[0] == kind]
            self.assertEqual(shown, [value for *_, value in self.cells(what)])

    def test_statistics_lie_within_a_bin_of_the_exact_quantiles(self):
        # Counts by the inverse of the empirical distribution function, the others by linear
        # interpolation of order statistics, as numpy does.
        values = self.file["statistics/by_trajectory"][()]
        names = [name.decode() for name in self.file["statistics/statistic"][()]]
        for s, name in enumerate(names):
            width = np.diff(self.file[f"histograms/{name}_bin"][:2])[0]
            for y, year in enumerate(("2024", "2025", "2026")):
                for q, shown in self.json["statistics"][year][name].items():
                    exact = (inverse_edf(values[:, y, s], float(q)) if name == "count"
                             else np.quantile(values[:, y, s], float(q)))
                    self.assertAlmostEqual(shown, exact, delta=1.001 * width, msg=(name, q))
        np.testing.assert_allclose(self.file["statistics/mean"][()], values.mean(axis=0),
                                   rtol=1e-12)
        np.testing.assert_allclose(self.file["statistics/standard_error"][()],
                                   values.std(axis=0, ddof=1) / math.sqrt(len(values)), rtol=1e-6)


class Convention(ProgramTest):
    """`show --convention sum-of-percentiles`, against numpy on the counts of every trajectory."""

    def setUp(self):
        super().setUp()
        self.write("small.toml", SMALL_JOB)
        self.succeed("run", "small.toml", "-q")
        with h5py.File(self.folder / "small.h5") as file:
            counts = file["counts/by_trajectory"][()]
            base = file["counts/cumulative_base"][()]
        per_year = np.round(np.percentile(counts, [5, 50, 95], axis=0))  # half to even
        cumulative = per_year.cumsum(axis=1) + base
        self.expected = {"per_year": per_year, "cumulative": cumulative}

    def show(self, *options):
        return self.succeed("show", "small.h5", "--convention", "sum-of-percentiles",
                            *options).stdout

    def test_json(self):
        shown = json.loads(self.show("--format", "json"))
        self.assertEqual(shown["counts"]["convention"], "sum-of-percentiles")
        for what, expected in self.expected.items():
            values = [[list(cell.values()) for cell in year.values()]
                      for year in shown["counts"][what].values()]
            np.testing.assert_array_equal(np.moveaxis(values, 2, 0), expected)
            ends = [end for year in shown["counts"][what + "_error"].values()
                    for cell in year.values() for pair in cell.values() for end in pair]
            self.assertEqual(set(ends), {None})

    def test_it_differs_from_the_default_in_counts_only(self):
        own = json.loads(self.succeed("show", "small.h5", "--format", "json").stdout)
        self.assertEqual(own["counts"]["convention"], "trajectory")
        shown = json.loads(self.show("--format", "json"))
        self.assertNotEqual(own.pop("counts"), shown.pop("counts"))
        self.assertEqual(own, shown)
        self.assertEqual(self.succeed("show", "small.h5", "--convention", "trajectory").stdout,
                         self.succeed("show", "small.h5").stdout)

    def test_csv(self):
        rows = [line.split(",") for line in self.show("--format", "csv").splitlines()]
        for kind, what in (("interpolated_count", "per_year"),
                           ("sum_of_percentiles", "cumulative")):
            shown = [int(row[4]) for row in rows if row[0] == kind]
            self.assertEqual(shown, np.moveaxis(self.expected[what], 0, 2).ravel().tolist())
        self.assertFalse({"count", "cumulative"} & {row[0] for row in rows})

    def test_table_says_what_it_is(self):
        text = self.show()
        self.assertIn("Sum of percentiles: the yearly figures above added up", text)
        self.assertNotIn("Monte Carlo error of these", text)
        last = [row for row in text.splitlines() if row.startswith("  2026  [")][1]
        expected = np.moveaxis(self.expected["cumulative"], 0, 2)[2].ravel().astype(int).tolist()
        self.assertEqual([int(n) for n in re.findall(r"\d+", last)][1:], expected)

    def test_unknown_word(self):
        done = self.flopsieve("show", "small.h5", "--convention", "mean")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("trajectory or sum-of-percentiles", done.stderr)


class Observed(ProgramTest):
    """What was observed stands beside what is simulated, where jobs/calibration.toml knows it."""

    def setUp(self):
        super().setUp()
        calibration = tomllib.loads((SOURCE / "jobs" / "calibration.toml").read_text())
        self.thresholds = calibration["thresholds"]
        self.known = {year["year"]: year["count_above"] for year in calibration["year"]}

    def run_job(self, years, thresholds):
        text = edited("base_year = 2023", f"base_year = {years[:4]}",
                      edited("2024-2026", years, edited("[1e24, 1e25, 1e26]", thresholds)))
        self.write("small.toml", text)
        self.table = self.succeed("run", "small.toml", "-q").stdout
        self.json = json.loads(self.succeed("show", "small.h5", "--format", "json").stdout)
        return self.json["counts"]["observed"]

    def test_years_of_the_calibration(self):
        observed = self.run_job("2022-2024", "[1e24, 1e25]")
        sums = {"1e+24": 0, "1e+25": 0}
        for year in (2022, 2023):
            for threshold in sums:
                count = self.known[year][self.thresholds.index(float(threshold))]
                sums[threshold] += count
                self.assertEqual(observed["per_year"][str(year)][threshold], count)
                self.assertEqual(observed["cumulative"][str(year)][threshold], sums[threshold])
        self.assertEqual(list(observed["per_year"]), ["2022", "2023"])
        self.assertEqual(sums, {"1e+24": 16, "1e+25": 4})

    def test_thresholds_of_the_calibration_only(self):
        observed = self.run_job("2022-2023", "[1e24, 2e24]")
        self.assertEqual({threshold for year in observed["per_year"].values()
                          for threshold in year}, {"1e+24"})
        self.assertIn("In-sample", self.table)

    def test_table_and_csv(self):
        observed = self.run_job("2023-2024", "[1e24, 1e25]")["cumulative"]["2023"]
        simulated = self.json["counts"]["cumulative"]["2023"]
        cells = [f"{observed[t]} {list(simulated[t].values())}" for t in observed]
        self.assertIn("In-sample", self.table)
        self.assertRegex(self.table, r"\n +2023 +" + " +".join(map(re.escape, cells)) + r"\n")
        lines = self.succeed("show", "small.h5", "--format", "csv").stdout.splitlines()
        self.assertEqual([line for line in lines if line.startswith("observed_cumulative")],
                         [f'observed_cumulative,2023,"{t}",,{n},,,' for t, n in observed.items()])

    def test_no_such_years(self):
        observed = self.run_job("2024-2025", "[1e24, 1e25]")
        self.assertEqual(observed, {"per_year": {}, "cumulative": {}})
        self.assertNotIn("Observed", self.table)


if __name__ == "__main__":
    unittest.main()
