#!/usr/bin/env python3
"""models.method = "split" and "auto": jobs that hardly a candidate meets finish, with the class of their
numbers; the same bytes however they are computed."""

import json
import signal
import unittest

import h5py
import numpy

from harness import BAD_INPUT, BUDGET, INTERRUPTED, ProgramTest, edited

# P(constraints) is about 7e-8. The number of models, the total and the parameters are all drawn.
RARE_JOB = """\
title = "Rare"
years = "2024-2025"
seed = 7
trajectories = 20
batch_trajectories = 4

[total]
model = "table"
log10_flop = { normal = [26, 0.3], scope = "trajectory" }

[models]
count = 20
sizes = "normal"
mean = { uniform = [23, 25] }
sd = { uniform = [0.8, 1.2] }
match = "reject"
tolerance = 0.2

[[constraint]]
statistic = "skewness"
min = 1.5
max = 1.7

[[constraint]]
statistic = "excess_kurtosis"
max = 1.2

[outputs]
thresholds = [1e24, 1e25]
statistics = ["skewness", "excess_kurtosis", "count"]
keep = "samples"
"""

# Met by one candidate in some 100, so that it can be compared with rejection.
EASY_JOB = edited("min = 1.5", "min = 0.9", edited("max = 1.2", "max = 0.9", RARE_JOB))
EASY_JOB = edited("max = 1.7", "soft = { normal = [1, 0.2] }",
                  edited("min = 0.9\n", "", EASY_JOB))
EASY_JOB = edited("count = 20", "count = { poisson = 15 }", EASY_JOB)


class Split(ProgramTest):
    def run_job(self, text, name, *options, **keywords):
        self.write("job.toml", text)
        return self.succeed("run", "job.toml", "-o", name, *options, **keywords)

    def test_auto_finishes_a_job_that_one_candidate_in_ten_million_meets(self):
        shown = self.run_job(RARE_JOB, "rare.h5").stdout
        self.assertIn("20 of 20 trajectories complete", shown)
        self.assertIn("Correlated: ", shown)
        self.assertRegex(shown, r"Method: split, class: correlated \(auto: \d+ of 1000000 trial "
                                r"candidates of 2024 meet every constraint; skewness, which")
        self.assertRegex(shown, r"2 of 2  +0")
        with h5py.File(self.folder / "rare.h5") as file:
            self.assertEqual(file.attrs["result_class"], "correlated")
            self.assertEqual(file.attrs["sampling_method"], "split")
            self.assertIn("trial candidates of 2024", file.attrs["sampling_reason"])
            values = file["statistics/by_trajectory"][:]
            self.assertTrue((values[..., 0] >= 1.5).all() and (values[..., 0] <= 1.7).all())
            self.assertTrue((values[..., 1] <= 1.2).all())
            probability = file["acceptance/split_probability"][:]
            error = file["acceptance/split_error"][:]
            # 4 standard errors, and the bias of populations of 512.
            self.assertTrue((abs(probability - 7e-8) < 4 * error + 0.1 * 7e-8).all(), probability)
            self.assertTrue((error < 0.2 * probability).all())
            self.assertTrue((file["acceptance/attempt"][:] < 512).all())
            self.check_samples(file)
        split = json.loads(self.succeed("show", "rare.h5", "--format", "json").stdout)
        self.assertEqual((split["result_class"], split["method"], split["method_is_automatic"]),
                         ("correlated", "split", True))
        year = split["acceptance"]["2024"]
        self.assertIsNone(year["first_attempt_pass_rate"])
        self.assertEqual((year["split"]["pairs"], year["split"]["disagreeing_pairs"]), (2, 0))
        self.assertEqual(year["split"]["probability"], probability[0])

    def check_samples(self, file):
        """Skewness and counts again, from the sizes."""
        end = numpy.cumsum(file["samples/row_size"][:])
        sizes = numpy.split(file["samples/log10_flop"][:], end[:-1])
        values = file["statistics/by_trajectory"][:].reshape(-1, 3)
        counts = file["counts/by_trajectory"][:].reshape(-1, 2)
        for x, statistics, above in zip(sizes, values, counts):
            d = x - x.mean()
            self.assertAlmostEqual((d**3).mean() / (d**2).mean() ** 1.5, statistics[0], places=6)
            self.assertEqual([(x >= limit).sum() for limit in (24, 25)], list(above))

    def test_check_shows_the_probability_and_whether_replicates_agree(self):
        self.write("job.toml", RARE_JOB)
        shown = self.succeed("check", "job.toml").stdout
        self.assertIn('method = "auto"', shown)
        self.assertIn("Method: split, class: correlated (auto: ", shown)
        self.assertRegex(shown, r"2025  +[5-9]\.?\d*e-08 \+- \d.*, two populations agree")

    def test_auto_takes_rejection_where_it_will_do(self):
        shown = json.loads(self.run_job(EASY_JOB, "easy.h5", "--json").stdout)
        self.assertEqual((shown["result_class"], shown["method"]), ("exact", "reject"))
        self.assertIn("meet every constraint", shown["method_reason"])
        with h5py.File(self.folder / "easy.h5") as file:
            self.assertNotIn("split_probability", file["acceptance"])
        self.run_job(edited('match = "reject"', 'match = "reject"\nmethod = "reject"', EASY_JOB),
                     "asked.h5")
        self.assert_equal_files("asked.h5", "easy.h5")

    def test_same_bytes(self):
        job = edited('match = "reject"', 'match = "reject"\nmethod = "split"', EASY_JOB)
        self.run_job(job, "reference.h5", "--backend", "serial", target="scalar")
        for backend, threads in (("tbb", 2), ("openmp", 4), ("serial", 1)):
            self.run_job(job, f"{backend}.h5", "--backend", backend, "--threads", threads)
            self.assert_equal_files(f"{backend}.h5", "reference.h5")

    def test_a_run_that_was_stopped_is_resumed_to_the_same_bytes(self):
        job = edited("trajectories = 20", "trajectories = 200",
                     edited('keep = "samples"', 'keep = "statistics"', RARE_JOB))
        self.run_job(job, "whole.h5", "-q")
        process = self.start("run", "job.toml", "-o", "x.h5", "-q")
        parts = self.folder / "x.h5.parts"
        self.assertTrue(self.wait_for(lambda: list(parts.glob("part-*")) or process.poll()))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        again = self.start("run", "job.toml", "-o", "x.h5", "-q")
        self.assertTrue(self.wait_for(lambda: len(list(parts.glob("part-*"))) > 1 or again.poll()))
        again.send_signal(signal.SIGTERM)
        self.assertIn(again.wait(30), (0, INTERRUPTED))
        if not (self.folder / "x.h5").exists():
            self.assertIn("resuming", self.succeed("run", "job.toml", "-o", "x.h5").stderr)
        self.assert_equal_files("x.h5", "whole.h5")

    def refused(self, text, code, *says, options=()):
        self.write("job.toml", text)
        done = self.flopsieve("run", "job.toml", *options)
        self.assertEqual(done.returncode, code, done.stderr)
        for each in says:
            self.assertIn(each, done.stderr)

    def test_what_cannot_be_split_is_refused(self):
        method = 'match = "reject"\nmethod = "split"'
        job = edited('match = "reject"', method, RARE_JOB)
        self.refused(edited('match = "reject"', 'match = "last"', job), BAD_INPUT, "job.toml:17:",
                     'method = "split" needs match')
        self.refused(edited("seed = 7", "seed = 7\nattempts = 1", job), BAD_INPUT, "job.toml:18:",
                     "raise attempts above 1")

    def test_a_split_that_leads_nowhere_says_so(self):
        method = 'match = "reject"\nmethod = "split"'
        job = edited("min = 1.5\nmax = 1.7", "min = 4.1\nmax = 4.15",
                     edited('match = "reject"', method, RARE_JOB))
        job = edited("max = 1.2", "max = 14.9", job)
        self.refused(job, BUDGET, "2024: splitting: ", "or try with --force")
        self.refused(edited("batch_trajectories = 4", "batch_trajectories = 16", job), BUDGET,
                     "of 16 of 16 trajectories", options=("--force",))


if __name__ == "__main__":
    unittest.main()
