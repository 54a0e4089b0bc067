#!/usr/bin/env python3
"""`flopsieve scaling optimal`: its three formats against the laws written from their papers."""

import csv
import io
import json
import math
import unittest

from documents import document, flattened, names, tables
from harness import BAD_INPUT, ProgramTest

FIXED = {"tokens-per-parameter=20": 20.0, "tokens-per-parameter=21": 21.0, "gpt3-ratio": 1.7}


class Optimal(ProgramTest):
    def optima(self, *arguments):
        report = json.loads(self.succeed("scaling", "optimal", *arguments, "--json").stdout)
        return {law["law"]: law for law in report["laws"]}

    def test_all_laws_spend_the_budget(self):
        laws = self.optima("--flop", "1e26")
        self.assertEqual(len(laws), 10)
        for law in laws.values():
            self.assertAlmostEqual(6 * law["parameters"] * law["tokens"] / 1e26, 1, places=12)
            self.assertAlmostEqual(law["tokens_per_parameter"] * law["parameters"] / law["tokens"], 1)
            self.assertTrue(law["source"])
        for name, ratio in FIXED.items():
            self.assertAlmostEqual(laws[name]["tokens_per_parameter"], ratio, places=9)
        kaplan = laws["kaplan"]
        self.assertAlmostEqual(kaplan["parameters"] / (1.3e9 * (0.5e26 / 8.64e19) ** 0.73), 1)
        self.assertAlmostEqual(kaplan["loss"], (3.1e8 * 8.64e19 / 0.5e26) ** 0.05, places=9)

    def test_besiroglu_is_least_of_its_own_loss(self):
        best = self.optima("--flop", "1e26", "--law", "besiroglu")["besiroglu"]

        def loss(n):
            d = 1e26 / 6 / n
            return 1.8172 + 482.01 / n**.3478 + 2085.43 / d**.3658

        self.assertAlmostEqual(loss(best["parameters"]), best["loss"], places=9)
        for factor in (0.98, 1.02):
            self.assertGreater(loss(factor * best["parameters"]), best["loss"])
        low, high = best["parameters_interval"]
        self.assertTrue(low < best["parameters"] < high)
        self.assertIsNone(best["flop_interval"])

    def test_a_small_budget_of_tokens(self):
        table = self.succeed("scaling", "optimal", "--tokens", 558382).stdout
        self.assertRegex(table, r"tokens-per-parameter=21 .* 26,590 ")
        self.assertRegex(table, r"gpt3-ratio .* 328,460 ")

    def test_data_decisions(self):
        rule = ("--tokens", 1_000_000, "--law", "tokens-per-parameter=20")
        skipped = self.optima(*rule, "--unknown", "skip", "--unknown-rate", 0.25)
        self.assertAlmostEqual(skipped[rule[-1]]["tokens"], 750_000)
        self.assertAlmostEqual(skipped[rule[-1]]["parameters"], 37_500)
        kept = self.succeed("scaling", "optimal", *rule, "--unknown", "keep", "--unknown-rate", 0.25,
                            "--vocabulary", 5000).stdout
        self.assertIn("Vocabulary: 5,001 entries", kept)
        repeated = self.optima(*rule, "--epochs", 4)[rule[-1]]
        fresh = 1e6 * (1 + 15.387756 * (1 - math.exp(-3 / 15.387756)))
        self.assertAlmostEqual(repeated["tokens"], 4_000_000)
        self.assertAlmostEqual(repeated["parameters"] / (fresh / 20), 1)
        self.assertAlmostEqual(repeated["flop"] / (6 * 4e6 * fresh / 20), 1)

    def test_csv_shows_the_same(self):
        arguments = ("--parameters", "70e9", "--interval", "0.8", "--seed", 3)
        laws = self.optima(*arguments)
        text = self.succeed("scaling", "optimal", *arguments, "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([row["law"] for row in rows], list(laws))
        for row in rows:
            law = laws[row["law"]]
            for name in ("flop", "parameters", "tokens", "tokens_per_parameter", "loss"):
                ends = law.get(f"{name}_interval")
                for column, value in ((name, law[name]), (f"{name}_low", ends and ends[0]),
                                      (f"{name}_high", ends and ends[1])):
                    self.assertEqual(None if row[column] == "" else float(row[column]), value)

    def test_same_for_any_number_of_threads(self):
        arguments = ("scaling", "optimal", "--flop", "1e24", "--json", "--draws", 50_000)
        one, two = (self.succeed(*arguments, "--threads", n).stdout for n in (1, 2))
        self.assertEqual(one, two)

    def test_laws_without_an_optimum_are_left_out_of_all(self):
        done = self.succeed("scaling", "optimal", "--parameters", "1e15", "--json")
        report = json.loads(done.stdout)
        self.assertEqual(len(report["laws"]), 9)
        self.assertRegex(report["left_out"][0], "^ratio-regression: no optimum has 1e")
        self.assertIn("Left out: ratio-regression",
                      self.succeed("scaling", "optimal", "--parameters", "1e15").stdout)

    def test_documented_fields(self):
        page = document("jobs/SCALING.md")
        rows = tables(page)["Fields of `optimal`"]
        report = json.loads(self.succeed("scaling", "optimal", "--flop", "1e26", "--json",
                                         "--vocabulary", 10).stdout)
        self.assertEqual({name for row in rows for name in names(row[0])},
                         {path for key, value in report.items()
                          for path in flattened({key: value}, "", {})})

    def test_refusals(self):
        for what, arguments in {
                "Exactly 1 option": (),
                "--flop: a number from 1": ("--flop", "-1"),
                "--tokens: a number from 1": ("--tokens", "0"),
                "--parameters: a number from 1": ("--parameters", "nan"),
                "--flop": ("--flop", "much"),
                "no law": ("--flop", "1e26", "--law", "gopher"),
                "--interval: a probability": ("--flop", "1e26", "--interval", "90"),
                "--draws: from": ("--flop", "1e26", "--draws", "3"),
                "--epochs: a number from 1": ("--flop", "1e26", "--epochs", "0.5"),
                "--unknown-rate: say": ("--flop", "1e26", "--unknown-rate", "0.5"),
                "the value is empty": ("--flop", ""),
                "--law: the value is empty": ("--flop", "1e26", "--law", ""),
                "is not a whole number from 0": ("--flop", "1e26", "--seed", "-1"),
                "ratio-regression: no optimum": ("--parameters", "1e15", "--law",
                                                 "ratio-regression"),
                "kaplan: ": ("--tokens", "1", "--law", "kaplan"),
                "--unknown skip: goes with": ("--flop", "1e26", "--unknown", "skip",
                                              "--unknown-rate", ".5"),
                "less than one token": ("--tokens", "1", "--unknown", "skip", "--unknown-rate",
                                        ".5"),
        }.items():
            with self.subTest(what):
                done = self.flopsieve("scaling", "optimal", *arguments)
                self.assertEqual(done.returncode, BAD_INPUT)
                self.assertEqual(done.stdout, "")
                self.assertIn(what, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
