#!/usr/bin/env python3
"""`calibrate` on the real table of models, where it is at hand beside the source tree."""

import json
import re
import unittest

from harness import SOURCE, ProgramTest

CSV = SOURCE.parent / "shared" / "data" / "epoch_notable_ai_models_2025-02-24.csv"


@unittest.skipUnless(CSV.is_file(), f"{CSV.name} is not at hand")
class CalibrateRealData(ProgramTest):
    def test_reproduces_the_calibration_of_the_source_tree(self):
        self.succeed("calibrate", CSV, "-o", "calibration.toml")
        passing = re.compile(r"^(created|tool_version) = .*\n", re.M)
        made = (self.folder / "calibration.toml").read_text()
        kept = (SOURCE / "jobs" / "calibration.toml").read_text()
        self.assertEqual(passing.sub("", made), passing.sub("", kept))

    def test_gives_the_published_figures(self):
        # Kumar and Manning (2025), arXiv 2504.16138: the number of models of each year and the
        # gradient k(0,0) of its allocation.
        shown = json.loads(self.succeed("calibrate", CSV, "--json").stdout)["years"]
        self.assertEqual(list(shown), [str(year) for year in range(2017, 2024)])
        self.assertEqual([year["count"] for year in shown.values()], [18, 30, 41, 36, 60, 54, 57])
        for year, gradient in zip(shown.values(),
                                  (1.0426, .9479, 1.0252, .9671, .9694, 1.0771, .9801)):
            self.assertAlmostEqual(year["allocation_gradient"], gradient, delta=5.1e-5)
        for name in ("log10_total", "largest_share", "mean", "median", "sd", "skewness",
                     "excess_kurtosis", "allocation_slope", "allocation_intercept"):
            self.assertTrue(all(type(year[name]) is float for year in shown.values()), name)
        self.assertAlmostEqual(shown["2023"]["skewness"], -1.04, delta=0.005)

    def test_other_years_and_dropped_models_change_the_figures(self):
        shown = json.loads(self.succeed("calibrate", CSV, "--json", "--years", "2018-2023",
                                        "--drop", "GPT-4").stdout)
        self.assertEqual(list(shown["years"]), [str(year) for year in range(2018, 2024)])
        self.assertEqual(shown["years"]["2023"]["count"], 56)
        self.assertIn("GPT-4", shown["provenance"]["dropped"])


if __name__ == "__main__":
    unittest.main()
