#!/usr/bin/env python3
"""Jobs that can never, or hardly ever, accept a candidate: they end, and say what kills."""

import time
import unittest

from harness import BUDGET, INFEASIBLE, ProgramTest, edited


class NeverAccept(ProgramTest):
    def give_up(self, text, code, says, *options, commands=("run", "check")):
        self.write("never.toml", text)
        before = self.listing()
        for command in commands:
            start = time.monotonic()
            done = self.flopsieve(command, "never.toml", *options, timeout=60)
            self.assertLess(time.monotonic() - start, 60)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stdout, "")
            self.assertRegex(done.stderr.splitlines()[-1], r"\Aflopsieve: ")
            for text in says:
                self.assertIn(text, done.stderr.splitlines()[-1])
            if command == "run" and options == ():
                self.assertEqual(self.listing(), before)

    def test_share_below_that_of_equal_models(self):
        # The largest of at most 80 models has at least 1/80 of the total.
        self.give_up(edited("min = 0.05\nmax = 0.5", "max = 0.0124"), INFEASIBLE,
                     ("infeasible", "2024", "largest_share", "0.0125", "0.0124", "1/k"))
        self.write("just.toml", edited("min = 0.05\nmax = 0.5", "max = 0.0126"))
        self.assertNotEqual(self.flopsieve("config", "just.toml").returncode, INFEASIBLE)

    def test_share_above_1(self):
        self.give_up(edited("min = 0.05\nmax = 0.5", "min = 1.5"), INFEASIBLE,
                     ("infeasible", "largest_share", "it is a share"))

    def test_largest_model_above_the_total(self):
        text = edited('statistic = "largest_share"\nmin = 0.05\nmax = 0.5',
                      'statistic = "largest"\nmin = 40')
        text = edited("noise = { normal = [0, 0.5], scope = \"trajectory\" }\n",
                      "noise = { uniform = [-0.5, 0.5], scope = \"trajectory\" }\n", text)
        self.give_up(text, INFEASIBLE, ("infeasible", "largest", "40", "the total"))

    def test_money_for_no_model(self):
        text = edited("[outputs]", '[[constraint]]\nstatistic = "cost_total"\nmax = 1.0\n[outputs]')
        self.give_up(text, INFEASIBLE, ("infeasible", "cost_total", "the smallest total"))

    def test_only_the_years_of_a_constraint(self):
        text = edited("min = 0.05\nmax = 0.5", 'max = 0.0124\nyears = "2025"')
        self.give_up(text, INFEASIBLE, ("in 2025 ",))

    def test_improbable_constraint_is_named(self):
        # A largest share below 0.0135 of at most 80 models whose sizes spread over orders of
        # magnitude is possible and does not happen.
        text = edited("min = 0.05\nmax = 0.5", "max = 0.0135")
        text = edited('[outputs]', '[[constraint]]\nstatistic = "skewness"\nmax = 0.5\n[outputs]',
                      text)
        self.give_up(text, BUDGET, ("2024", "largest_share rejects 100 %", "--force"))

    def test_prior_of_the_mean_is_named(self):
        text = edited("mean = { uniform = [22, 27] }", "mean = { uniform = [2, 3] }")
        self.give_up(text, BUDGET, ("mean_prior rejects 100 %",))

    def test_force_meets_the_rule_of_the_run(self):
        text = edited("min = 0.05\nmax = 0.5", "max = 0.0135")
        self.give_up(text, BUDGET, ("ran out of their 200 attempts", "2024", "0 of",
                                    "largest_share rejects 100 %"), "--force", commands=("run",))

    def test_attempts_that_do_not_suffice(self):
        # About 1 in 30 candidates passes, the pilot finds that; with 2 attempts a year nearly
        # every trajectory is exhausted.
        text = edited("attempts = 200", "attempts = 2\nbatch_trajectories = 16", edited(
            "[models]\n", "[models]\nmethod = \"reject\"\n"))
        text = edited("min = 0.05\nmax = 0.5", "min = 0.4\nmax = 0.45", text)
        self.give_up(text, BUDGET, ("trajectories ran out of their 2 attempts",
                                    "largest_share rejects", "raise attempts"), "-o", "x.h5",
                     commands=("run",))
        self.assertFalse((self.folder / "x.h5").exists())

    def test_one_attempt_is_plain_rejection(self):
        text = edited("attempts = 200", "attempts = 1\nbatch_trajectories = 16")
        text = edited('"2024-2026"', '"2024"', edited("min = 0.05\nmax = 0.5",
                                                      "min = 0.4\nmax = 0.45", text))
        self.write("once.toml", text)
        done = self.succeed("run", "once.toml")
        complete = int(done.stdout.splitlines()[1].split(" ")[0])
        self.assertTrue(0 < complete < 150, complete)


if __name__ == "__main__":
    unittest.main()
