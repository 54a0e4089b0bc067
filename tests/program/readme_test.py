#!/usr/bin/env python3
"""The README shows what the default forecast prints, and the run has the size that it states."""

import json
import re
import unittest

from harness import SOURCE, ProgramTest

README = (SOURCE / "README.md").read_text()
SHOWN = README[README.index("## What it prints"):README.index("(It also prints")]


def cells(line):
    return re.split(r"\s{2,}", line.strip())


class Readme(ProgramTest):
    def test_figures_are_those_of_the_default_forecast(self):
        printed = [cells(line) for line in self.succeed("run", "-q").stdout.splitlines()]
        lines = [line for line in SHOWN.splitlines() if line.startswith("    ")]
        self.assertGreater(len(lines), 20)
        for line in lines:
            # The cutflow is shown for some of the years: its cells are some of those printed.
            found = any(row[0] == cells(line)[0] and set(cells(line)) <= set(row)
                        for row in printed)
            self.assertTrue(found, f"the program does not print: {line}")
        # What the text promises of the run.
        shown = json.loads(self.succeed("show", "forecast.h5", "--format", "json").stdout)
        candidates = sum(year["candidates"] for year in shown["acceptance"].values())
        self.assertGreater(candidates, 5_000_000)
        self.assertIn(f"{candidates / 1e6:.1f} million candidates", SHOWN)
        self.assertIn(f"{shown['trajectories']:,} trajectories", SHOWN)
        self.assertLess((self.folder / "forecast.h5").stat().st_size, 100_000_000)
        for quantiles in re.findall(r"`(\[[0-9, ]+\])` are the", README):
            self.assertEqual(json.loads(quantiles),
                             list(shown["counts"]["per_year"]["2024"]["1e+25"].values()))
        share = shown["statistics"]["2024"]["largest_share"]
        self.assertIn(f"takes {100 * share['0.05']:.0f} to {100 * share['0.95']:.0f} % of the compute",
                      " ".join(README.split()))

    def test_cause_of_the_miss_in_2024(self):
        # The resolved job has the gradient's range as numbers, which --set can then replace.
        self.write("year.toml", self.succeed("config", "--set", "years=2024",
                                             "--set", "total.train_share=0.4").stdout)
        done = self.succeed("run", "year.toml", "-q", "--json", "--trajectories", 20000,
                            "--set", "models.sd=0.74", "--set", "models.mean={uniform=[22.5, 26]}",
                            "--set", "constraint.allocation_gradient.min=0.5",
                            "--set", "constraint.allocation_gradient.max=1.6")
        counts = json.loads(done.stdout)["counts"]["per_year"]["2024"]["1e+25"]
        self.assertIn(f"the same program gives {list(counts.values())}", " ".join(README.split()))


if __name__ == "__main__":
    unittest.main()
