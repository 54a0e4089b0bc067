#!/usr/bin/env python3
"""A job with [backtest]: a run per origin, and scores that are computed here a second time."""

import csv
import io
import json
import math
import re
import tomllib
import unittest

import h5py
import numpy as np
from scipy import stats

from harness import BAD_INPUT, SOURCE, ProgramTest, edited

CALIBRATION = (SOURCE / "jobs" / "calibration.toml").read_text()

JOB = """\
title = "Small backtest"
seed = 5
trajectories = 400
attempts = 300

[backtest]
origins = "2021-2022"
leads = 2

[backtest.observed]
source = "counted by hand"
2024 = { 1e25 = 20 }

[total]
model = "state_space"

[models]
count = "state_space"
sizes = "skew_normal"
sd = { from = "calibration" }
skewness = { from = "calibration" }
mean = { uniform = [0, 50] }
match = "shift"

[[constraint]]
statistic = "largest_share"
from = "calibration"

[outputs]
thresholds = [1e22, 1e24, 1e25]
statistics = ["count"]
keep = "index"
"""


def altered_after(origin):
    """The calibration with the figures of every later year changed beyond recognition."""
    years = CALIBRATION.split("[[year]]")
    for i, text in enumerate(years[1:], start=1):
        if int(re.search(r"^year = (\d+)", text, re.M).group(1)) <= origin:
            continue
        for key, value in (("log10_total", 29.5), ("mean", 25.0), ("sd", 3.25), ("skewness", 0.9),
                           ("largest_share", 0.99), ("allocation_gradient", 3.0)):
            text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.M)
        count = int(re.search(r"^count = (\d+)", text, re.M).group(1))
        text = text.replace(f"count = {count}\n", f"count = {count + 100}\n", 1)
        years[i] = re.sub(r"^histogram = \[", "histogram = [100, ", text, flags=re.M)
    return "[[year]]".join(years)


class Backtest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("job.toml", JOB)

    def rows(self, *arguments):
        done = self.succeed("run", "job.toml", "--format", "csv", "-q", *arguments)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def test_each_origin_is_a_run_that_is_kept(self):
        first = self.succeed("run", "job.toml")
        self.assertEqual(set(self.listing()), {"job.toml", "job-2021.h5", "job-2022.h5"})
        before = self.listing()
        again = self.succeed("run", "job.toml")
        self.assertEqual(again.stdout, first.stdout)
        self.assertIn("job-2021.h5 is finished", again.stderr)
        self.assertEqual(self.listing(), before)
        (self.folder / "job-2022.h5").unlink()
        self.assertEqual(self.succeed("run", "job.toml").stdout, first.stdout)
        self.assertEqual((self.folder / "job-2021.h5").read_bytes(), before["job-2021.h5"])
        self.assertIn("Small backtest, origin 2022", self.succeed("show", "job-2022.h5").stdout)

    def test_text_says_what_the_scores_are(self):
        text = self.succeed("run", "job.toml", "-q").stdout
        self.assertIn("Scores are descriptive: few and dependent outcomes.", text)
        self.assertIn("epoch_notable_ai_models", text)
        self.assertIn("Counts after the calibration: counted by hand", text)
        self.assertIn("Origin 2021 (5 calibration years)", text)
        self.assertRegex(text, r"PIT: no histogram, .*\nand 2 of at least 20 are here")
        self.assertLess(max(map(len, text.splitlines())), 130)

    def test_scores_against_their_definitions(self):
        rows = self.rows()
        years = {year["year"]: year for year in tomllib.loads(CALIBRATION)["year"]}
        places = {1e22: 1, 1e24: 3, 1e25: 4}
        scored = {(2021, 2022), (2021, 2023), (2022, 2023)}
        self.assertEqual({(int(row["origin"]), int(row["year"])) for row in rows},
                         scored | {(2022, 2024)})
        self.assertEqual(len(rows), 3 * (3 * 3 + 1))
        for row in rows:
            origin, year, threshold = int(row["origin"]), int(row["year"]), float(row["threshold"])
            self.assertEqual(int(row["lead"]), year - origin)
            expected = years[year]["count_above"][places[threshold]] if year in years else 20
            observed = int(row["observed"])
            self.assertEqual(observed, expected)
            if row["forecast"] == "model":
                with h5py.File(self.folder / f"job-{origin}.h5") as file:
                    t = list(file["threshold"][:]).index(threshold)
                    sample = file["counts/by_trajectory"][:, year - origin - 1, t].astype(float)
                ordered, n = np.sort(sample), len(sample)
                quantiles = [ordered[math.ceil(q * n - 1e-9) - 1] for q in (0.05, 0.5, 0.95)]
                spread = np.abs(sample[:, None] - sample[None, :]).mean() / 2
                crps = np.abs(sample - observed).mean() - spread
                log_score = -math.log((np.sum(sample == observed) + 0.5) / (n + 1))
                pit = [np.mean(sample < observed), np.mean(sample <= observed)]
            else:
                before = [y for y in years if y <= origin]
                counts = np.array([years[y]["count_above"][places[threshold]] for y in before])
                mean = counts[-1] + 0.5
                if row["forecast"] == "count_trend":
                    slope, start = np.polyfit(np.array(before) - 2017.0, np.log(counts + 0.5), 1)
                    mean = math.exp(start + slope * (year - 2017.0))
                law = stats.poisson(mean)
                support = np.arange(0, int(mean + 60 * math.sqrt(mean) + 100))
                quantiles = law.ppf([0.05, 0.5, 0.95])
                crps = np.sum((law.cdf(support) - (support >= observed)) ** 2)
                log_score = -law.logpmf(observed)
                pit = [law.cdf(observed - 1), law.cdf(observed)]
            with self.subTest(row):
                self.assertEqual([float(row[q]) for q in ("q05", "q50", "q95")], list(quantiles))
                inside = quantiles[0] <= observed <= quantiles[2]
                self.assertEqual(row["inside"], "1" if inside else "0")
                self.assertAlmostEqual(float(row["crps"]), crps, delta=1e-6 * (1 + crps))
                self.assertAlmostEqual(float(row["log_score"]), log_score,
                                       delta=1e-6 * (1 + log_score))
                self.assertGreaterEqual(float(row["pit"]), pit[0] - 1e-9)
                self.assertLessEqual(float(row["pit"]), pit[1] + 1e-9)

    def test_json_has_the_same_numbers_and_their_means(self):
        rows = self.rows()
        result = json.loads(self.succeed("run", "job.toml", "-q", "--json").stdout)
        self.assertEqual(result["note"], "descriptive: few and dependent outcomes")
        for name in ("model", "last_year", "count_trend"):
            for origin, entry in result["origins"].items():
                mine = [row for row in rows if row["origin"] == origin and row["forecast"] == name]
                means = entry["means"]["forecasts"][name]
                self.assertEqual(entry["means"]["outcomes"], len(mine))
                self.assertEqual(means["inside"], sum(row["inside"] == "1" for row in mine))
                for key in ("crps", "log_score"):
                    expected = np.mean([float(row[key]) for row in mine])
                    self.assertAlmostEqual(means[key], expected, delta=1e-5 * (1 + expected))
                    self.assertAlmostEqual(entry["outcomes"][0]["forecasts"][name][key],
                                           float(mine[0][key]), delta=1e-5 * (1 + expected))
        self.assertEqual(result["means"]["outcomes"], len(rows) // 3)

    def test_nothing_after_an_origin_reaches_its_forecast(self):
        before = [row for row in self.rows() if row["origin"] == "2021"]
        self.write("altered.toml", altered_after(2021))
        self.write("job.toml", 'calibration = "altered.toml"\n' + JOB)
        after = self.rows("-o", "altered.h5")
        self.assertNotEqual([row for row in after if row["origin"] == "2022"], [])
        for old, new in zip(before, after):
            for key in ("year", "forecast", "q05", "q50", "q95"):
                self.assertEqual(old[key], new[key])
        self.assert_equal_files("job-2021.h5", "altered-2021.h5")

    def test_messages(self):
        for old, new, message in (
                ('"2021-2022"', '"2018-2022"', "must be from 2019 to 2023, found 2018-2022"),
                ('"2021-2022"', '"2021-2024"', "must be from 2019 to 2023, found 2021-2024"),
                ("leads = 2", "leads = 0", "backtest.leads must be from 1 to 20, found 0"),
                ("seed = 5", 'years = "2020-2022"', "years cannot stand beside [backtest]"),
                ("[outputs]", "[observed]\n2022 = { 1e25 = 0 }\n[outputs]",
                 "observed cannot stand beside [backtest]"),
                ('source = "counted by hand"\n', "", "[backtest.observed] must name its source"),
                ("2024 =", "2022 =", "2022 is not a year after the calibration"),
                ("2024 =", '"2024-2025" =', 'backtest.observed: "2024-2025" is not one of'),
                ("2024 = { 1e25", "2024 = { 1e26", "not among outputs.thresholds"),
                ("[1e22,", "[3e21,", "a backtest needs thresholds above which the calibration"),
                ("leads = 2", "lead = 2", 'unknown key "lead" in [backtest]'),
                ('"2021-2022"\nleads = 2\n\n[backtest.observed]\nsource = "counted by hand"\n'
                 "2024 = { 1e25 = 20 }\n", '"2023"\nleads = 1\n',
                 "no count is known of the 1 year after 2023"),
        ):
            with self.subTest(new):
                self.write("bad.toml", edited(old, new, JOB))
                done = self.flopsieve("run", "bad.toml")
                self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
                self.assertRegex(done.stderr, r"bad\.toml:\d+: ")
                self.assertIn(message, done.stderr)
        self.assertEqual([name for name in self.listing() if name.endswith(".h5")], [])

    def test_a_fault_of_the_job_names_the_origin(self):
        self.write("bad.toml", edited('count = "state_space"', "count = { poissn = 3 }", JOB))
        self.assertIn("(origin 2021)", self.flopsieve("run", "bad.toml").stderr)

    def test_other_commands_say_that_run_takes_it(self):
        for command in ("check", "config"):
            done = self.flopsieve(command, "job.toml")
            self.assertEqual(done.returncode, BAD_INPUT)
            self.assertIn("flopsieve run takes it", done.stderr)


class ShippedJobs(ProgramTest):
    def test_backtest(self):
        done = self.succeed("run", SOURCE / "jobs" / "backtest.toml", "--trajectories", 1000,
                            "--format", "csv")
        self.assertNotIn("warning", done.stderr)
        rows = [row for row in csv.DictReader(io.StringIO(done.stdout))
                if row["forecast"] == "model"]
        outcomes = {origin: [row for row in rows if row["origin"] == str(origin)]
                    for origin in range(2019, 2024)}
        self.assertEqual([len(outcomes[o]) for o in outcomes], [15, 15, 11, 6, 1])
        for row in rows:
            if row["year"] == "2024":
                self.assertEqual((row["threshold"], row["observed"]), ("1e+25", "20"))

    def test_backtest_holds_no_published_constant(self):
        job = tomllib.loads((SOURCE / "jobs" / "backtest.toml").read_text())
        self.assertEqual(set(job), {"title", "seed", "trajectories", "attempts", "backtest",
                                    "total", "models", "constraint", "outputs"})
        self.assertEqual(job["total"], {"model": "state_space"})
        self.assertEqual([c["from"] for c in job["constraint"]], ["calibration"])

    def test_retrodict(self):
        done = self.succeed("run", SOURCE / "jobs" / "retrodict.toml", "--trajectories", 2000,
                            "-o", "out.h5")
        self.assertNotIn("warning", done.stderr)
        self.assertIn("in-sample", done.stdout)
        years = {year["year"]: year for year in tomllib.loads(CALIBRATION)["year"]}
        with h5py.File(self.folder / "out.h5") as file:
            counts = file["counts/by_trajectory"][:]
            self.assertEqual(list(file["year"][:]), list(years))
        observed = np.array([year["count_above"][:5] for year in years.values()])
        low, high = np.percentile(counts, [1, 99], axis=0)
        self.assertTrue(((low <= observed) & (observed <= high)).all())
        # Nor does it hold because the intervals are wide.
        self.assertTrue((high - low <= 2.5 * observed + 4).all())
        self.assertTrue((abs(np.median(counts, axis=0) - observed) <= 0.5 * observed + 1).all())


if __name__ == "__main__":
    unittest.main()
