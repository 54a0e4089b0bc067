#!/usr/bin/env python3
"""`flopsieve compare`: against numpy and scipy on the columns of the files, and how often two runs
of one law are said to differ."""

import csv
import io
import json
import math
import unittest

import h5py
import numpy as np
from scipy import stats

from harness import BAD_INPUT, BUDGET, SOURCE, ProgramTest, edited

Z = stats.norm.ppf(0.975)
FIRST = edited("quantiles = [0.05, 0.5, 0.95]", "quantiles = [0.001, 0.05, 0.5]")
OTHER = edited("[1e24, 1e25, 1e26]", "[3e24, 1e25, 1e26]", edited(
    '"skewness"]', '"cost_largest"]', edited("2024-2026", "2025-2027", FIRST)))
SET = ("--set", "models.sd=1.6", "--set", "constraint.largest_share.max=0.4", "--set",
       "seed=8", "--set", "trajectories=200", "--set",
       "outputs.cumulative_base=[20, 12, 1]", "--set", r'title="Wider, and \"later\""')


def quantile(values, q):
    """Inverse of the empirical distribution function, and half of its order-statistic interval,
    from the definition: the outermost ranks that the quantile passes with 2.5 % at most."""
    ordered, n = np.sort(values), len(values)
    ranks = np.arange(1, n + 1)
    lower = ranks[stats.binom.cdf(ranks - 1, n, q) <= 0.025]
    upper = ranks[stats.binom.sf(ranks - 1, n, q) <= 0.025]
    value = ordered[max(math.ceil(q * n - 1e-9), 1) - 1]
    if not len(lower) or not len(upper):
        return value, None
    return value, (ordered[upper[0] - 1] - ordered[lower[-1] - 1]) / 2


def mean(values):
    return values.mean(), Z * values.std(ddof=1) / math.sqrt(len(values))


class Compare(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("first.toml", FIRST)
        self.write("other.toml", OTHER)
        self.succeed("run", "first.toml", "-q", "-o", "a.h5")
        self.succeed("run", "other.toml", "-q", "-o", "b.h5", *SET)
        self.json = json.loads(self.succeed("compare", "a.h5", "b.h5", "--format", "json").stdout)
        self.files = []
        for name in ("a.h5", "b.h5"):
            self.files.append(h5py.File(self.folder / name, "r"))
            self.addCleanup(self.files[-1].close)

    def columns(self, path, cumulative=False):
        """Of each file: {(year, inner): values over trajectories}."""
        result = []
        for file in self.files:
            values = file[path][()].astype(float)
            if cumulative:
                values = values.cumsum(axis=1) + file["counts/cumulative_base"][()]
            inner = (file["threshold"][()].tolist() if path.startswith("counts")
                     else file["statistic"].asstr()[()].tolist())
            result.append({(str(year), each): values[:, y, i]
                           for y, year in enumerate(file["year"][()])
                           for i, each in enumerate(inner)})
        return result

    def check_cell(self, cell, expected):
        """A cell against (value, error) of each file."""
        for (value, error), shown, shown_error in zip(expected, cell["values"], cell["errors"]):
            self.assertAlmostEqual(shown, value, places=9)
            self.assertEqual(shown_error is None, error is None)
            if error is not None:
                self.assertAlmostEqual(shown_error, error, places=7)
        (first, first_error), (other, other_error) = expected
        self.assertAlmostEqual(cell["differences"][0], other - first, places=9)
        if first_error is None or other_error is None:
            self.assertEqual((cell["difference_errors"], cell["exceeds"]), ([None], [None]))
            return
        error = math.sqrt(first_error ** 2 + other_error ** 2)
        self.assertAlmostEqual(cell["difference_errors"][0], error, places=7)
        self.assertEqual(cell["exceeds"][0], abs(other - first) > error)

    def check_binned_cell(self, cell, expected, width):
        """A quantile from a histogram: it and the ends of its interval are off by up to one bin."""
        for (value, error), shown, shown_error in zip(expected, cell["values"], cell["errors"]):
            self.assertAlmostEqual(shown, value, delta=width)
            self.assertAlmostEqual(shown_error, error, delta=width)
        first, other = cell["values"]
        error = math.hypot(*cell["errors"])
        self.assertAlmostEqual(cell["differences"][0], other - first, places=9)
        self.assertAlmostEqual(cell["difference_errors"][0], error, places=7)
        self.assertEqual(cell["exceeds"][0], abs(other - first) > error)

    def test_counts(self):
        for what, cumulative in (("per_year", False), ("cumulative", True)):
            columns = self.columns("counts/by_trajectory", cumulative)
            shown = self.json["counts"][what]
            self.assertEqual(list(shown), ["2025", "2026"])
            for year, thresholds in shown.items():
                self.assertEqual(list(thresholds), ["1e+25", "1e+26"])
                for threshold, cells in thresholds.items():
                    self.assertEqual(list(cells), ["0.001", "0.05", "0.5", "mean"])
                    values = [column[year, float(threshold)] for column in columns]
                    for name, cell in cells.items():
                        self.check_cell(cell, [mean(each) if name == "mean"
                                               else quantile(each, float(name)) for each in values])

    def test_some_differ_and_some_do_not(self):
        marks = [cell["exceeds"][0] for year in self.json["counts"]["cumulative"].values()
                 for cells in year.values() for cell in cells.values()]
        self.assertEqual(set(marks), {True, False, None})

    def test_statistics(self):
        columns = self.columns("statistics/by_trajectory")
        shown = self.json["statistics"]
        self.assertEqual(list(shown), ["2025", "2026"])
        for year, statistics in shown.items():
            self.assertEqual(list(statistics), ["count", "total", "largest_share"])
            for name, cells in statistics.items():
                values = [column[year, name] for column in columns]
                self.check_cell(cells["mean"], [mean(each) for each in values])
                width = np.diff(self.files[0][f"histograms/{name}_bin"][:2])[0]
                # Whole numbers by the inverse, others by linear interpolation of order statistics.
                expected = [(value if name == "count" else np.median(each), error)
                            for each in values for value, error in [quantile(each, 0.5)]]
                self.check_binned_cell(cells["0.5"], expected, 1.001 * width)

    def test_acceptance(self):
        for year, shown in self.json["acceptance"].items():
            at = [list(file["year"][()]).index(int(year)) for file in self.files]
            number = lambda name: [int(file[f"acceptance/{name}"][y])
                                   for file, y in zip(self.files, at)]
            rates = []
            for passes, trials in zip(number("first_passes"), number("first_trials")):
                low, high = stats.binomtest(passes, trials).proportion_ci(method="wilson")
                rates.append((passes / trials, (high - low) / 2))
            self.check_cell(shown["first_attempt_pass_rate"], rates)
            self.check_cell(shown["efficiency"],
                            [(survivors / candidates, None) for survivors, candidates
                             in zip(number("survivors"), number("candidates"))])
            self.check_cell(shown["exhausted"], [(n, None) for n in number("exhausted")])

    def test_names_what_differs_and_what_is_not_shared(self):
        self.assertEqual([(file["name"], file["title"], file["seed"], file["trajectories"],
                           file["complete_trajectories"]) for file in self.json["files"]],
                         [("a.h5", "Small", 7, 300, 300),
                          ("b.h5", 'Wider, and "later"', 8, 200, 200)])
        differing = self.json["differing_keys"]
        self.assertEqual(differing["constraint.largest_share.max"], ["0.5", "0.4"])
        self.assertEqual(differing["models.sd"], ["{...}", "1.6"])
        self.assertEqual(differing["models.sd.scope"], ["candidate", None])
        self.assertEqual(differing["seed"], ["7", "8"])
        self.assertEqual(differing["years"], ["2024-2026", "2025-2027"])
        self.assertNotIn("models.match", differing)
        self.assertEqual(self.json["left_out"],
                         ["years 2024 of a.h5", "years 2027 of b.h5", "thresholds 1e24 of a.h5",
                          "thresholds 3e24 of b.h5", "statistics skewness of a.h5",
                          "statistics cost_largest of b.h5"])
        self.assertFalse(self.json["shares_seed"])

    def test_table_shows_the_same(self):
        text = self.succeed("compare", "a.h5", "b.h5").stdout
        self.assertLess(text.index("Keys of the resolved jobs that differ"), text.index("Models"))
        for line in self.json["left_out"]:
            self.assertIn("Not shared, left out: " + line + "\n", text)
        self.assertIn("quadrature", text)
        self.assertNotIn("upper end", text)
        table = text[text.index("Models above 1e25 FLOP in the year"):]
        row = table[table.index("  2026 "):].splitlines()[0]
        cells = self.json["counts"]["per_year"]["2026"]["1e+25"]
        for run in (0, 1):
            numbers = [f"{cells[q]['values'][run]:.0f}" for q in ("0.001", "0.05", "0.5")]
            self.assertIn(f"[{', '.join(numbers)}] {cells['mean']['values'][run]:.2f}", row)
        marks = [cell["exceeds"][0] for cell in cells.values()]
        self.assertEqual(row.count("*"), marks.count(True))
        self.assertEqual(row.count("±"), len(marks) - marks.count(None))

    def test_csv_shows_the_same(self):
        text = self.succeed("compare", "a.h5", "b.h5", "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        parts = {"count": self.json["counts"]["per_year"], "statistic": self.json["statistics"],
                 "cumulative": self.json["counts"]["cumulative"]}
        self.assertEqual(len(rows), 2 * (2 * (2 + 2 + 3) * 4 + 2 * 3))
        for row in rows:
            run = ["a.h5", "b.h5"].index(row["file"])
            cell = (self.json["acceptance"][row["year"]][row["of"]] if row["kind"] == "acceptance"
                    else parts[row["kind"]][row["year"]][row["of"]][row["quantile"]])
            self.assertEqual(row["class"], self.json["files"][run]["result_class"])
            self.assertEqual(float(row["value"]), cell["values"][run])
            self.assertEqual(float(row["error"]) if row["error"] else None, cell["errors"][run])
            if run == 0:
                self.assertEqual((row["difference"], row["exceeds"]), ("", ""))
            else:
                self.assertEqual(float(row["difference"]), cell["differences"][0])
                self.assertEqual(row["exceeds"], {None: "", True: "1", False: "0"}[
                    cell["exceeds"][0]])

    def test_three_files_are_compared_to_the_first(self):
        self.succeed("run", "first.toml", "-q", "-o", "c.h5", "--set", "models.sd=1.6")
        done = self.succeed("compare", "a.h5", "b.h5", "c.h5", "--format", "json")
        shown = json.loads(done.stdout)
        self.assertEqual(shown["differing_keys"]["models.sd"], ["{...}", "1.6", "1.6"])
        self.assertTrue(shown["shares_seed"])
        cell = shown["counts"]["per_year"]["2026"]["1e+26"]["mean"]
        self.assertEqual(cell["differences"],
                         [value - cell["values"][0] for value in cell["values"][1:]])
        text = self.succeed("compare", "a.h5", "b.h5", "c.h5").stdout
        self.assertIn("b.h5 - a.h5", text)
        self.assertIn("c.h5 - a.h5", text)
        self.assertIn("upper end", text)

    def test_cumulative_counts_with_other_starts_are_left_out(self):
        self.succeed("run", "first.toml", "-q", "-o", "c.h5", "--set", "outputs.cumulative_from=2022")
        shown = json.loads(self.succeed("compare", "a.h5", "c.h5", "--format", "json").stdout)
        self.assertEqual(shown["left_out"],
                         ["cumulative counts of 2024, 2025, 2026 (not added up from the same year)"])
        self.assertEqual(shown["counts"]["cumulative"], {})
        self.assertNotIn("up to the end of the year", self.succeed("compare", "a.h5", "c.h5").stdout)

    def test_a_run_does_not_differ_from_itself(self):
        text = self.succeed("compare", "a.h5", "./a.h5").stdout
        self.assertIn("The resolved jobs do not differ", text)
        self.assertNotRegex(text, r"\d\*")

    def test_files_of_one_name_in_two_folders_are_called_by_their_paths(self):
        (self.folder / "deep").mkdir()
        (self.folder / "b.h5").rename(self.folder / "deep" / "a.h5")
        shown = json.loads(self.succeed("compare", "a.h5", "deep/a.h5", "--format", "json").stdout)
        self.assertEqual([file["name"] for file in shown["files"]], ["a.h5", "deep/a.h5"])

    def assert_refused(self, message, *arguments):
        done = self.flopsieve("compare", *arguments)
        self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""))
        self.assertIn(message, done.stderr)

    def test_refusals(self):
        self.assert_refused("compare takes two files or more", "a.h5")
        self.assert_refused("none.h5", "a.h5", "none.h5")
        self.assert_refused("--format", "a.h5", "b.h5", "--format", "xml")
        self.succeed("run", "first.toml", "-q", "-o", "c.h5", "--set", "years=2030",
                     "--set", "outputs.cumulative_from=2030")
        self.assert_refused("nothing to compare: years 2024, 2025, 2026 of a.h5; years 2030 of c.h5",
                            "a.h5", "c.h5")
        self.succeed("run", "first.toml", "-q", "-o", "d.h5", "--set", "outputs.thresholds=[2e24]",
                     "--set", 'outputs.statistics=["mean"]', "--set", "outputs.cumulative_base=[0]")
        self.assert_refused("nothing to compare", "a.h5", "d.h5")

    def test_a_run_without_complete_trajectories_is_refused(self):
        done = self.flopsieve("run", "first.toml", "-q", "--force", "-o", "e.h5", "--set",
                              "attempts=1", "--set", "trajectories=3", "--set",
                              "constraint.largest_share.min=0.49", "--set",
                              "constraint.largest_share.max=0.4901")
        self.assertEqual(done.returncode, BUDGET)
        self.assert_refused("no trajectory is complete", "a.h5", "e.h5")


class Unknown(ProgramTest):
    def test_what_no_first_attempt_tells_is_left_open(self):
        """Of two trajectories of a job whose total is met by one tilted candidate in 200, none
        passes at its first attempt."""
        job = SOURCE / "benchmarks" / "jobs" / "tilt.toml"
        for seed in (1, 2):
            self.succeed("run", job, "--trajectories", 2, "--seed", seed, "-q", "-o", f"{seed}.h5")
        table = self.succeed("compare", "1.h5", "2.h5").stdout
        self.assertRegex(table, r"first attempts\n.*\n +2028 +- +- +-\n")
        self.assertNotIn("nan", table)
        rows = self.succeed("compare", "1.h5", "2.h5", "--format", "csv").stdout
        self.assertIn('acceptance,2028,"first_attempt_pass_rate",,"2.h5",,,,,,exact\n', rows)
        self.assertNotIn("nan", rows)


class FalseAlarms(ProgramTest):
    """Two runs of one law with different seeds."""

    def test_a_mean_is_marked_in_one_of_twenty(self):
        """20 pairs of independent runs, seeds 1..40, of ten years that share no draw. The 200 marks
        are binomial(200, 0.05): below 2 with probability 0.0004, above 20 with 0.0007. Errors of
        half or twice the size would give about 65 or 0."""
        self.write("small.toml", edited('scope = "trajectory"', 'scope = "candidate"', edited(
            "2024-2026", "2024-2033", edited("trajectories = 300", "trajectories = 100"))))
        marks = []
        for pair in range(20):
            for seed, name in ((2 * pair + 1, "a.h5"), (2 * pair + 2, "b.h5")):
                self.succeed("run", "small.toml", "-q", "--seed", seed, "--fresh", "-o", name)
            done = self.succeed("compare", "a.h5", "b.h5", "--format", "json")
            for year in json.loads(done.stdout)["counts"]["per_year"].values():
                marks += year["1e+24"]["mean"]["exceeds"]
        self.assertEqual(len(marks), 200)
        self.assertTrue(2 <= sum(marks) <= 20, sum(marks))


if __name__ == "__main__":
    unittest.main()
