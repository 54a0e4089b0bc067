#!/usr/bin/env python3
"""The jobs that ship: each runs, says in its comment what comes out, and agrees with a simulation
in NumPy that shares no code with the program.

A quantile of n trajectories is compared with m draws of NumPy through its rank: the share of the
draws below it must be q within 4.5 standard errors, sqrt(q (1 - q) (1 / n + 1 / m)) each. A right
program fails at one of the 330 quantiles in some 2 of 1,000 choices of the seeds, which are fixed.
"""

import json
import math
import re
import tomllib
import unittest

import h5py
import numpy as np
from scipy import optimize, stats

from harness import SOURCE, ProgramTest

JOBS = SOURCE / "jobs"

# Jobs and folders with a test of their own, and what is no job.
ELSEWHERE = {
    "forecast.toml": "readme_test.py", "calibration.toml": "commands_test.py",
    "published.toml": "published_test.py", "published": "published_test.py",
    "data_wall.toml": "data_wall_test.py", "retrodict.toml": "backtest_test.py", "backtest.toml": "backtest_test.py",
    "sweeps": "sweep_test.py"}

SMOOTH = ["skew.toml", "skew/negative.toml", "skew/positive.toml", "skew/light_tails.toml",
          "skew/heavy_tails.toml"]
EXTREME = ["skew/few_big.toml", "skew/many_small.toml", "skew/ladder.toml",
           "skew/one_order.toml"]
HERE = ["naive_normal.toml", "sum_constraint.toml", "mean_and_total.toml", "profitability.toml",
        *SMOOTH, *EXTREME]

LOG10_T = 30.0  # of the jobs on skewness


def calibration():
    """Per year: the year, and mean, count and log10_total as arrays."""
    years = tomllib.loads((JOBS / "calibration.toml").read_text())["year"]
    return {key: np.array([year[key] for year in years])
            for key in ("year", "mean", "count", "log10_total", "sd")}


def job(name):
    return tomllib.loads((JOBS / name).read_text())


def comment(name):
    return (JOBS / name).read_text().split("\n\n", 1)[0]


def sum_of_powers(x):
    return math.log10(np.sum(10.0 ** x))


def shifted(z, low, high):
    """The sizes with the shape z that add up to the total; None outside the uniform prior."""
    location = LOG10_T - sum_of_powers(z)
    return location + z if low <= location <= high else None


def skew_normal(rng, k, skewness):
    """Standardised; the shape from the moment equation."""
    g = abs(skewness) ** (2 / 3)
    delta = math.copysign(math.sqrt(math.pi / 2 * g / (g + (2 - math.pi / 2) ** (2 / 3))), skewness)
    x = delta * abs(rng.standard_normal(k)) + math.sqrt(1 - delta ** 2) * rng.standard_normal(k)
    return (x - delta * math.sqrt(2 / math.pi)) / math.sqrt(1 - 2 / math.pi * delta ** 2)


def mixture(rng, k, weights, means, sds):
    which = rng.choice(len(weights), k, p=np.array(weights) / sum(weights))
    return np.array(means)[which] + np.array(sds)[which] * rng.standard_normal(k)


def classes(x, j):
    """The sizes in class j of the total."""
    return x[(x >= LOG10_T - j) & (x < LOG10_T - j + 1)]


def few_big(rng):
    k = round(rng.uniform(90, 130))
    x = shifted(mixture(rng, k, [rng.uniform(0.02, 0.2), 1], [0, -2], [0.1, 0.3]), 25, 32)
    near = x[x >= LOG10_T - 1.31]
    good = 7 <= np.sum(x >= math.log10(5e28)) <= 11
    return x if good and 0.85 <= np.sum(10 ** (near - LOG10_T)) <= 0.95 else None


def many_small(rng):
    k = round(math.exp(rng.uniform(math.log(5000), math.log(20000))))
    x = shifted(rng.uniform(0.05, 0.5) * rng.standard_normal(k), 24, 28)
    return x if x is not None and x.max() < LOG10_T - 3 else None


def ladder(rng):
    x = shifted(mixture(rng, 1111, [1, 10, 100, 1000], [0, -1, -2, -3], [0.1] * 4), 25, 32)
    shares = [np.sum(10 ** (classes(x, j) - LOG10_T)) for j in (1, 2, 3, 4)]
    return x if all(0.15 <= share <= 0.35 for share in shares) else None


def one_order(rng):
    k = round(rng.uniform(1.5, 10.5))
    x = shifted(rng.uniform(0.05, 1) * rng.standard_normal(k), 20, 31)
    return x if x is not None and x.min() >= LOG10_T - 1 else None


# A candidate of each job on skewness: log10 FLOP, or None if it is rejected.
CANDIDATES = {
    "skew.toml": lambda rng: shifted(1.7 * rng.standard_normal(100), 20, 30),
    "skew/negative.toml": lambda rng: shifted(1.7 * skew_normal(rng, 100, -0.95), 20, 30),
    "skew/positive.toml": lambda rng: shifted(1.7 * skew_normal(rng, 100, 0.95), 20, 30),
    "skew/light_tails.toml": lambda rng: shifted(
        mixture(rng, 100, [1, 1], [-1.5, 1.5], [0.8, 0.8]), 20, 30),
    "skew/heavy_tails.toml": lambda rng: shifted(1.3168 * rng.standard_t(5, 100), 15, 30),
    "skew/few_big.toml": few_big, "skew/many_small.toml": many_small,
    "skew/ladder.toml": ladder, "skew/one_order.toml": one_order}


def sets_of_models(rng, wanted, least, most, mean=None):
    """Sets of sizes on the grid of sum_constraint.toml that meet the total, by rejection, and the
    share of the candidates that did."""
    found, candidates = [], 0
    total = 10.0 ** 28.98
    while len(found) < wanted:
        candidates += 1
        k = round(math.exp(rng.uniform(math.log(least), math.log(most))))
        low, high = rng.uniform(18, 25), rng.uniform(26, 29)
        x = low + 0.1 * rng.integers(0, math.floor((high - low) / 0.1 + 1e-9) + 1, k)
        if mean is not None and not mean[0] <= np.mean(x) - 28.98 <= mean[1]:
            continue
        if abs(np.sum(10.0 ** x) / total - 1) <= 0.05:
            found.append(x)
    return found, wanted / candidates


class ShippedJobs(ProgramTest):
    def run_job(self, name, *settings):
        """The results of a run as JSON shows them."""
        options = [option for each in settings for option in ("--set", each)]
        return json.loads(self.succeed("run", JOBS / name, "-q", "--json", "--fresh", "-o",
                                       "job.h5", *options).stdout)

    def check_rank(self, value, q, draws, n, what):
        """A quantile of n trajectories against draws, up to the resolution of a histogram."""
        allowed = 4.5 * math.sqrt(q * (1 - q) * (1 / n + 1 / len(draws)))
        slack = 2e-3 * abs(value)
        self.assertLessEqual(np.mean(draws < value - slack), q + allowed, what)
        self.assertGreaterEqual(np.mean(draws <= value + slack), q - allowed, what)

    def check_counts(self, result, year, sets, what):
        """The counts of a year above each threshold against those of sets of log10 FLOP."""
        for threshold, quantiles in result["counts"]["per_year"][str(year)].items():
            counts = np.array([np.sum(x >= math.log10(float(threshold))) for x in sets])
            for q, value in quantiles.items():
                self.check_rank(value, float(q), counts, result["complete_trajectories"],
                                f"{what}: above {threshold}, {q}")

    def check_rate(self, result, rate, survivors, what):
        """The share of the candidates that survive against that of a simulation that stopped at a
        number of survivors, within 4.5 standard errors of the logarithm."""
        year = result["acceptance"]["2028"]
        error = math.sqrt((1 - rate) * (1 / year["survivors"] + 1 / survivors))
        self.assertLessEqual(abs(math.log(year["survivors"] / year["candidates"] / rate)),
                             4.5 * error + 1e-3, what)

    def check_said(self, said, value, what):
        """A number in a comment, up to Monte Carlo error."""
        self.assertAlmostEqual(said, value, delta=max(1.0, 0.08 * value), msg=what)

    def counts_at(self, result, threshold, year="2028", kind="per_year"):
        return list(result["counts"][kind][year][threshold].values())

    def median(self, result, statistic, year="2028"):
        return result["statistics"][year][statistic]["0.5"]

    def test_every_job_is_tested(self):
        for path in JOBS.rglob("*.toml"):
            name = str(path.relative_to(JOBS))
            if name in HERE:
                continue
            test = ELSEWHERE.get(name, ELSEWHERE.get(name.split("/")[0]))
            self.assertIsNotNone(test, f"jobs/{name}: no test knows it")
            text = (SOURCE / "tests" / "program" / test).read_text()
            self.assertRegex(text, rf"\b{path.stem}\b", f"jobs/{name}: {test} does not name it")
        for name in HERE:
            self.assertTrue((JOBS / name).is_file(), name)
            self.assertTrue(comment(name).startswith("# "), name)

    def test_resolved_jobs_give_the_same_results(self):
        for name in HERE:
            with self.subTest(name):
                self.assertIn("feasible", self.succeed("check", JOBS / name).stdout)
                self.write("resolved.toml", self.succeed("config", JOBS / name).stdout)
                for source, output in ((JOBS / name, "a.h5"), ("resolved.toml", "b.h5")):
                    self.succeed("run", source, "-q", "--fresh", "-o", output, "--trajectories", 50)
                self.assert_equal_files("a.h5", "b.h5")

    def test_naive_normal_extrapolates_the_calibration(self):
        data, models = calibration(), job("naive_normal.toml")["models"]
        years = np.arange(2024, 2029)
        line = np.polynomial.Polynomial.fit(data["year"], data["mean"], 1)
        np.testing.assert_allclose(list(models["mean"].values()), line(years), atol=1e-4)
        (a, b), _ = optimize.curve_fit(lambda t, a, b: a * np.exp(b * t), data["year"] - 2017,
                                       data["count"], p0=(25, 0.15))
        np.testing.assert_allclose(list(models["count"].values()), a * np.exp(b * (years - 2017)),
                                   atol=0.01)

    def test_naive_normal(self):
        result = self.run_job("naive_normal.toml")
        models = job("naive_normal.toml")["models"]
        rng = np.random.default_rng(1)
        for year in map(str, range(2024, 2029)):
            sets = [models["mean"][year] + rng.uniform(1.1, 1.6) *
                    rng.standard_normal(round(models["count"][year])) for _ in range(4000)]
            self.check_counts(result, year, sets, f"naive {year}")
            totals = np.array([sum_of_powers(x) for x in sets])
            for q, value in result["statistics"][year]["cost_total"].items():
                self.check_rank(math.log10(value * 2e17), float(q), totals, 20_000, f"{year} {q}")
        # What the job is there to show, with the bounds of its comment.
        self.assertAlmostEqual(self.median(result, "total"), 30.65, delta=0.1)
        self.assertAlmostEqual(self.median(result, "cost_total"), 2.3e13, delta=0.3e13)
        highest = result["statistics"]["2028"]["cost_total"]["0.95"]
        self.assertAlmostEqual(highest, 2.2e14, delta=3e13)
        self.assertAlmostEqual(self.median(result, "cost_median"), 3.2e9, delta=2e8)
        self.assertAlmostEqual(self.median(result, "largest_share"), 0.4, delta=0.04)

    def test_mean_of_the_past_below_the_total(self):
        data, bounds = calibration(), job("mean_and_total.toml")["constraint"][0]
        below = data["mean"] - data["log10_total"]
        self.assertTrue(bounds["min"] <= below.min() < bounds["min"] + 0.01)
        self.assertTrue(bounds["max"] - 0.01 < below.max() <= bounds["max"])
        self.assertAlmostEqual(data["sd"].mean(), job("skew.toml")["models"]["sd"], delta=0.05)

    def test_what_the_total_and_the_mean_say(self):
        past = (-3.62, -3.09)
        runs = {"only the total": ("sum_constraint.toml", (10, 1000), None),
                "total and mean": ("mean_and_total.toml", (10, 1000), past),
                "total and number": ("sum_constraint.toml", (50, 200), None),
                "total, mean and number": ("mean_and_total.toml", (50, 200), past),
                "total and number = 100": ("sum_constraint.toml", (100, 100), None),
                "total, mean, number = 100": ("mean_and_total.toml", (100, 100), past)}
        said = {row: [int(each) for each in cells.split(",")] for row, cells in re.findall(
            r"^#   (\S.*?)\s+\[([\d, ]+)\]", comment("mean_and_total.toml"), re.MULTILINE)}
        self.assertEqual(said.keys(), runs.keys())
        rng = np.random.default_rng(2)
        widths = {}
        for row, (name, (least, most), mean) in runs.items():
            count = "models.count=" + ("100" if least == most else
                                       f"{{loguniform=[{least},{most}]}}")
            result = self.run_job(name, count)
            sets, rate = sets_of_models(rng, 400 if mean else 1000, least, most, mean)
            self.check_counts(result, 2028, sets, row)
            self.check_rate(result, rate, len(sets), row)
            above = self.counts_at(result, "1e+25")
            for each, value in zip(said[row], above):
                self.check_said(each, value, row)
            widths[row] = above[2] / above[0]
            self.assertLessEqual(self.counts_at(result, "1e+28")[2], 9)
        self.assertGreater(widths["only the total"], 30)
        self.assertGreater(widths["total and mean"], widths["only the total"])
        self.assertLess(widths["total, mean and number"], widths["total and number"])
        self.assertLess(widths["total, mean, number = 100"], 1.5)

    def test_shapes(self):
        said = {row: [int(each.replace(",", "")) for each in cells.split()]
                for row, cells in re.findall(r"^#   (skew\S+)((?:\s+[\d,]+){5})",
                                             comment("skew.toml"), re.MULTILINE)}
        self.assertEqual(sorted(said), sorted(SMOOTH + EXTREME))
        rng = np.random.default_rng(3)
        medians = {}
        for name, candidate in CANDIDATES.items():
            result = self.run_job(name)
            sets, candidates = [], 0
            while len(sets) < (400 if name == "skew/many_small.toml" else 2000):
                x = candidate(rng)
                candidates += 1
                if x is not None:
                    sets.append(x)
            self.check_counts(result, 2028, sets, name)
            self.check_rate(result, len(sets) / candidates, len(sets), name)
            medians[name] = [each["0.5"] for each in result["counts"]["per_year"]["2028"].values()]
            for each, value in zip(said[name], medians[name]):
                self.check_said(each, value, name)
        above_1e27 = {name: values[2] for name, values in medians.items()}
        self.assertLess(above_1e27["skew/positive.toml"], 0.6 * above_1e27["skew.toml"])
        self.assertGreater(above_1e27["skew/negative.toml"], 2 * above_1e27["skew.toml"])
        self.assertLess(above_1e27["skew/heavy_tails.toml"], 0.6 * above_1e27["skew.toml"])
        self.assertGreater(above_1e27["skew/light_tails.toml"], 1.5 * above_1e27["skew.toml"])

    def test_losses_follow_from_sizes_and_revenue(self):
        self.run_job("profitability.toml", "constraint.loss_making_share.max=1",
                     "trajectories=300", 'outputs.keep="samples"')
        with h5py.File(self.folder / "job.h5") as file:
            sizes, rows = file["samples/log10_flop"][()], file["samples/row_size"][()].astype(int)
            row_year = file["samples/year"][()]
            names = list(file["statistic"].asstr()[()])
            shares = file["statistics/by_trajectory"][:, :, names.index("loss_making_share")]
        row = np.repeat(np.arange(len(rows)), rows)
        for y, (year, law) in enumerate(job("profitability.toml")["money"]["revenue"].items()):
            centre, spread = law["lognormal"]
            here = row_year == int(year)
            ln_cost = sizes * math.log(10) - math.log(2e17 * 1.3 ** (int(year) - 2023))
            loss = stats.norm.cdf((ln_cost - centre) / spread)
            expected = (np.bincount(row, loss) / rows)[here]
            variance = (np.bincount(row, loss * (1 - loss)) / rows ** 2)[here]
            self.assertAlmostEqual(shares[:, y].mean(), expected.mean(),
                                   delta=4.5 * math.sqrt(variance.sum()) / len(expected))

    def test_profitability(self):
        bound = self.run_job("profitability.toml")
        free = self.run_job("profitability.toml", "constraint.loss_making_share.max=1")
        for year in map(str, range(2024, 2029)):
            share = bound["statistics"][year]["loss_making_share"]
            self.assertLessEqual(share["0.95"], 0.2 + 5e-4)  # a bin of its histogram
            self.assertGreater(self.median(free, "loss_making_share", year), 0.2)
            ratios = [self.median(bound, f"class_count({j})", year) /
                      self.median(free, f"class_count({j})", year) for j in range(1, 6)]
            self.assertLess(ratios[1], 0.75)
            self.assertLess(ratios[2], 0.85)
            self.assertTrue(ratios[0] >= 1 and ratios[4] >= 1, ratios)
            self.assertGreater(self.median(bound, "class_share(1)", year),
                               self.median(free, "class_share(1)", year) + 0.1)
            self.assertLess(bound["acceptance"][year]["exhausted"], 50)
        text = comment("profitability.toml")
        for statistic, *cells in re.findall(r"^#   (class\S+)" + r"\s+([\d.]+)" * 4, text,
                                            re.MULTILINE):
            values = [self.median(run, statistic, year) for run in (free, bound)
                      for year in ("2024", "2028")]
            for each, value in zip(map(float, cells), values):
                self.assertAlmostEqual(each, value, delta=max(0.04, 0.04 * value) if value < 1
                                       else 1, msg=statistic)
        for run, cells in zip((bound, free), re.findall(r"\[(\d+), (\d+), (\d+)\]", text)):
            for each, value in zip(cells, self.counts_at(run, "1e+25", kind="cumulative")):
                self.check_said(int(each), value, "by the end of 2028")


if __name__ == "__main__":
    unittest.main()
