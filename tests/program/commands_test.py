#!/usr/bin/env python3
"""Every command of the program on small jobs: what it prints, writes and returns."""

import json
import math
import re
import subprocess
import unittest

import h5py
import numpy as np

from harness import BAD_INPUT, PROGRAM, SMALL_JOB, SOURCE, STORAGE, ProgramTest, edited


class HelpAndVersion(ProgramTest):
    def test_version(self):
        done = self.succeed("--version")
        self.assertRegex(done.stdout, r"^flopsieve \d+\.\d+\.\d+ \(\S+\), (without MPI|Open MPI \S+)\n$")
        self.assertEqual(done.stderr, "")

    def test_help_lists_every_command_and_exit_code(self):
        done = self.succeed("--help")
        for word in ("run", "check", "config", "show", "compare", "list", "info", "export", "tail",
                     "sensitivity", "calibrate", "75"):
            self.assertRegex(done.stdout, rf"\b{word}\b")

    def test_help_of_each_command_has_an_example(self):
        for command in ("run", "check", "config", "show", "compare", "list", "info", "export",
                        "tail", "sensitivity", "calibrate"):
            with self.subTest(command):
                done = self.succeed(command, "--help")
                self.assertIn(f"Example: flopsieve {command}", done.stdout)
                self.assertEqual(self.listing(), {})


class Run(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("small.toml", SMALL_JOB)

    def test_prints_tables_and_writes_the_file_named_after_the_job(self):
        done = self.succeed("run", "small.toml")
        self.assertEqual(set(self.listing()), {"small.toml", "small.h5"})
        self.assertTrue(done.stdout.startswith("Small\n300 of 300 trajectories complete"))
        for heading in ("in the year", "from 2023 to the end of the year", "Survivors",
                        "Acceptance", "Cutflow"):
            self.assertIn(heading, done.stdout)
        self.assertIn("seed 7", done.stderr)
        self.assertIn("written to small.h5", done.stderr)

    def test_writes_no_control_sequences_where_stderr_is_no_terminal(self):
        done = self.succeed("run", "small.toml")
        self.assertNotRegex(done.stdout + done.stderr, r"[\x1b\r\x08]")

    def test_second_run_prints_the_same_at_once(self):
        first = self.succeed("run", "small.toml")
        before = self.listing()
        second = self.succeed("run", "small.toml")
        self.assertEqual(second.stdout, first.stdout)
        self.assertIn("is finished", second.stderr)
        self.assertEqual(self.listing(), before)

    def test_fresh_keeps_the_old_result(self):
        self.succeed("run", "small.toml")
        old = (self.folder / "small.h5").read_bytes()
        self.succeed("run", "small.toml", "--fresh")
        self.assertEqual((self.folder / "small.h5.old").read_bytes(), old)
        self.assert_equal_files("small.h5", "small.h5.old")
        self.succeed("run", "small.toml", "--fresh", "--seed", 8, "-o", "small.h5")
        self.assertEqual((self.folder / "small.h5.old").read_bytes(), old)
        self.assertEqual(sum(name.startswith("small.h5.old") for name in self.listing()), 2)

    def test_set_and_seed_get_names_of_their_own(self):
        self.succeed("run", "small.toml")
        self.succeed("run", "small.toml", "--seed", 8)
        self.succeed("run", "small.toml", "--set", "models.sd=1.5")
        names = sorted(set(self.listing()) - {"small.toml", "small.h5"})
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertRegex(name, r"^small-[0-9a-f]{8}\.h5$")
        again = self.succeed("run", "small.toml", "--seed", 8)
        self.assertIn("is finished", again.stderr)

    def test_trajectories_keep_the_name(self):
        self.succeed("run", "small.toml", "--trajectories", 20)
        self.assertIn("small.h5", self.listing())

    def test_job_from_stdin(self):
        self.succeed("run", "small.toml")
        self.succeed("run", "-", stdin=SMALL_JOB)
        self.assert_equal_files("small.h5", "stdin.h5")

    def test_quiet_says_nothing(self):
        done = self.succeed("run", "small.toml", "--quiet")
        self.assertEqual(done.stderr, "")
        self.assertIn("Acceptance", done.stdout)

    def test_a_log_on_a_full_disk_ends_with_a_warning(self):
        table = self.succeed("run", "small.toml", "-o", "plain.h5").stdout
        done = self.succeed("run", "small.toml", "--log", "/dev/full")
        self.assertEqual(done.stdout, table)
        self.assertEqual(done.stderr.count("warning: "), 1, done.stderr)
        self.assertIn("warning: /dev/full: cannot write the log: No space left on device",
                      done.stderr)
        self.assert_equal_files("small.h5", "plain.h5")

    def test_log_holds_the_messages(self):
        self.write("run.log", "before\n")
        done = self.succeed("run", "small.toml", "--quiet", "--log", "run.log")
        log = (self.folder / "run.log").read_text()
        self.assertTrue(log.startswith("before\n"))
        self.assertIn("written to small.h5", log)
        self.assertEqual(done.stderr, "")

    def test_json_is_what_show_prints(self):
        done = self.succeed("run", "small.toml", "--json")
        self.assertEqual(done.stdout, self.succeed("show", "small.h5", "--format", "json").stdout)
        json.loads(done.stdout)

    def test_a_job_on_a_base_is_the_job_written_out(self):
        """And --set comes last, over both."""
        share = '[[constraint]]\nstatistic = "largest_share"\n'
        self.write("whole.toml", edited("seed = 7", "seed = 9", edited(
            "max = 0.5", "max = 0.4", edited("sd = { from = \"calibration\" }", "sd = 1.5", edited(
                "train_share = 0.4", "train_share = { 2024 = 0.4, 2025 = 0.3, 2026 = 0.3 }")))))
        self.write("middle.toml", 'base = "small.toml"\nseed = 8\n[models]\nsd = 1.7\n' + share +
                   "max = 0.4\n")
        self.write("top.toml", 'base = "middle.toml"\nseed = 9\n[models]\nsd = 1.5\n[total]\n'
                   "train_share = { 2024 = 0.4, 2025-2026 = 0.3 }\n")
        whole = self.succeed("config", "whole.toml").stdout
        self.assertEqual(self.succeed("config", "top.toml").stdout, whole)
        top = (self.folder / "top.toml").read_text()
        self.assertEqual(self.succeed("config", "-", stdin=top).stdout, whole)
        self.write("resolved.toml", whole)
        self.assertEqual(self.succeed("config", "resolved.toml").stdout, whole)
        self.assertNotIn("\nbase =", whole)
        for key in ("seed=3", "models.sd=1.6", "constraint.largest_share.max=0.3"):
            self.assertEqual(self.succeed("config", "top.toml", "--set", key).stdout,
                             self.succeed("config", "whole.toml", "--set", key).stdout)

    def test_the_embedded_forecast_is_a_base(self):
        self.write("fewer.toml", 'base = "forecast"\ntrajectories = 50\n')
        self.assertEqual(self.succeed("config", "fewer.toml").stdout,
                         self.succeed("config", "--trajectories", 50).stdout)

    def test_set_reaches_tables_elements_and_distributions(self):
        self.succeed("run", "small.toml", "-o", "a.h5", "--set", "models.sd=1.5",
                     "--set", "constraint.largest_share.max=0.4",
                     "--set", "models.count={ uniform = [30, 40] }", "--set", "title=Other words")
        with h5py.File(self.folder / "a.h5", "r") as file:
            names = [name.decode() for name in file["statistics/statistic"][()]]
            values = file["statistics/by_trajectory"][()]
            self.assertEqual(file.attrs["title"], "Other words")
        share = values[:, :, names.index("largest_share")]
        count = values[:, :, names.index("count")]
        self.assertLessEqual(share.max(), 0.4)
        self.assertGreater(share.max(), 0.35)
        self.assertEqual((count.min(), count.max()), (30, 40))

    def test_results_that_cannot_be_printed_are_an_error(self):
        for command in (("run", "small.toml"), ("show", "small.h5"), ("config", "small.toml")):
            with self.subTest(command), open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *command], cwd=self.folder, stdout=full,
                                      stderr=subprocess.PIPE, timeout=60, check=False)
                self.assertEqual(done.returncode, STORAGE)
                self.assertIn(b"flopsieve: cannot write the results to stdout", done.stderr)
        self.assert_is_file("small.h5")

    def test_closed_streams_do_not_reach_the_file(self):
        subprocess.run(["/bin/sh", "-c", '"$0" run small.toml -o closed.h5 <&- >&- 2>&-', PROGRAM],
                       cwd=self.folder, timeout=60, check=True)
        self.succeed("run", "small.toml")
        self.assert_equal_files("closed.h5", "small.h5")

    def test_unicode_names_of_files(self):
        self.write("Prognose für 2024.toml", SMALL_JOB)
        self.succeed("run", "Prognose für 2024.toml")
        self.assert_is_file("Prognose für 2024.h5")

    def assert_is_file(self, name):
        self.assertTrue((self.folder / name).is_file(), name)

    def test_job_in_another_folder_writes_to_the_current_one(self):
        (self.folder / "deep").mkdir()
        self.write("deep/other.toml", SMALL_JOB)
        self.succeed("run", "deep/other.toml")
        self.assert_is_file("other.h5")


class Config(ProgramTest):
    def test_is_a_job_with_the_same_identity_and_results(self):
        self.write("small.toml", SMALL_JOB)
        resolved = self.succeed("config", "small.toml").stdout
        self.write("resolved.toml", resolved)
        self.succeed("run", "small.toml")
        self.succeed("run", "resolved.toml")
        self.assert_equal_files("small.h5", "resolved.h5")
        with h5py.File(self.folder / "small.h5") as a, h5py.File(self.folder / "resolved.h5") as b:
            self.assertEqual(a.attrs["identity"], b.attrs["identity"])
            self.assertEqual(a.attrs["plan"], b.attrs["plan"])
        self.assertEqual(self.succeed("config", "resolved.toml").stdout, resolved)

    def test_needs_no_title(self):
        self.write("small.toml", edited('title = "Small"\n', ""))
        self.write("resolved.toml", self.succeed("config", "small.toml").stdout)
        self.assertEqual(self.succeed("config", "resolved.toml").stdout,
                         self.succeed("config", "small.toml").stdout)

    def test_keeps_other_alphabets(self):
        self.write("small.toml", edited('"Small"', r'"Gr\u00f6\u00dfe \u5927 \U0001F600 \"q\" \\"'))
        self.succeed("run", "small.toml")
        self.write("resolved.toml", self.succeed("config", "small.toml").stdout)
        self.succeed("run", "resolved.toml")
        for name in ("small.h5", "resolved.h5"):
            with h5py.File(self.folder / name) as file:
                self.assertEqual(file.attrs["title"], 'Größe 大 😀 "q" \\')

    def test_of_the_default_job_is_a_fixed_point(self):
        resolved = self.succeed("config").stdout
        self.write("resolved.toml", resolved)
        self.assertEqual(self.succeed("config", "resolved.toml").stdout, resolved)

    def test_shows_what_was_set(self):
        self.write("small.toml", SMALL_JOB)
        done = self.succeed("config", "small.toml", "--set", "total.growth=5.25", "--seed", 99,
                            "--trajectories", 1234)
        for line in ("growth = 5.25", "seed = 99", "trajectories = 1234"):
            self.assertIn(line + "\n", done.stdout)

    def test_embedded_files_are_those_of_the_source_tree(self):
        forecast = (SOURCE / "jobs" / "forecast.toml").read_text()
        self.write("forecast.toml", forecast)
        self.assertEqual(self.succeed("config").stdout,
                         self.succeed("config", "forecast.toml").stdout)
        calibration = SOURCE / "jobs" / "calibration.toml"
        self.write("named.toml", f'calibration = "{calibration}"\n' + forecast)
        self.assertEqual(self.succeed("config").stdout,
                         self.succeed("config", "named.toml").stdout)

    def test_calibration_is_found_beside_the_job(self):
        (self.folder / "deep").mkdir()
        text = (SOURCE / "jobs" / "calibration.toml").read_text()
        changed = re.sub(r"^sd = .*$", "sd = 1.25", text, flags=re.M)
        changed = changed.replace("sd = 1.25", "sd = 1.125", 1)
        self.write("deep/mine.toml", changed)
        self.write("deep/job.toml", 'calibration = "mine.toml"\n' + SMALL_JOB)
        self.assertIn("uniform = [1.125, 1.25]", self.succeed("config", "deep/job.toml").stdout)


class Check(ProgramTest):
    def test_tells_acceptance_without_writing(self):
        self.write("small.toml", SMALL_JOB)
        before = self.listing()
        done = self.succeed("check", "small.toml")
        self.assertEqual(self.listing(), before)
        self.assertRegex(done.stdout, r"feasible; expected: .* candidates")
        rates = dict(re.findall(r"^ +(\d{4}) +([\d.]+) +[\d,]+ +[\d.]+$", done.stdout, re.M))
        self.succeed("run", "small.toml")
        shown = json.loads(self.succeed("show", "small.h5", "--format", "json").stdout)
        for year in ("2024", "2025", "2026"):
            # 300 first attempts: five standard errors of a fraction are below 0.15.
            self.assertAlmostEqual(float(rates[year]),
                                   shown["acceptance"][year]["first_attempt_pass_rate"], delta=.15)

    def test_prints_a_job_that_runs(self):
        self.write("small.toml", SMALL_JOB)
        printed = self.succeed("check", "small.toml").stdout
        job = printed[:printed.index("\n\n  year")]
        self.write("printed.toml", job)
        self.succeed("run", "small.toml")
        self.succeed("run", "printed.toml")
        self.assert_equal_files("small.h5", "printed.h5")


class Calibrate(ProgramTest):
    CSV = ("Model,Publication date,Training compute (FLOP),Notability criteria,Other\n"
           '"A, ""the"" first",2020-01-05,1e20,Highly cited,"x\ny"\n'
           "B,2020-05-01,1e21,SOTA,\n"
           "C,2020-12-31,1e22,SOTA,\n"
           "D,2020-07-01,,SOTA,\n"
           "E,2020-07-01,1e30,,\n"
           "F,2021-01-01,2e21,SOTA,\n"
           "G,2021-02-01,3e22,SOTA,\n"
           "H,2021-03-01,4e23,SOTA,\n"
           "I,2021-03-01,5e24,SOTA,\n")

    def calibrate(self, *arguments):
        self.write("models.csv", self.CSV)
        return self.succeed("calibrate", "models.csv", "--json", *arguments)

    def test_json_has_the_fixed_names_and_right_figures(self):
        done = self.calibrate("--years", "2020-2021")
        year = json.loads(done.stdout)["years"]["2020"]
        x = np.array([20.0, 21.0, 22.0])
        flop = 10 ** x
        self.assertEqual(year["count"], 3)
        self.assertAlmostEqual(year["log10_total"], math.log10(flop.sum()), places=10)
        self.assertAlmostEqual(year["largest_share"], 1e22 / flop.sum(), places=10)
        self.assertAlmostEqual(year["mean"], 21.0, places=10)
        self.assertAlmostEqual(year["median"], 21.0, places=10)
        self.assertAlmostEqual(year["sd"], math.sqrt(2 / 3), places=10)
        self.assertAlmostEqual(year["skewness"], 0.0, places=10)
        self.assertAlmostEqual(year["excess_kurtosis"], 1.5 - 3.0, places=10)
        share = np.log10(np.cumsum(flop) / flop.sum())
        size = np.log10(flop / flop.sum())
        slope, intercept = np.polyfit(size, share, 1)
        largest = np.log10(flop / flop.max())
        self.assertAlmostEqual(year["allocation_slope"], slope, places=9)
        self.assertAlmostEqual(year["allocation_intercept"], intercept, places=9)
        self.assertAlmostEqual(year["allocation_gradient"],
                               (largest * share).sum() / (largest ** 2).sum(), places=9)
        self.assertEqual(set(self.listing()), {"models.csv"})

    def test_drop_leaves_a_model_out(self):
        years = json.loads(self.calibrate("--years", "2021-2021", "--drop", "I").stdout)["years"]
        self.assertEqual(years["2021"]["count"], 3)
        self.assertAlmostEqual(years["2021"]["log10_total"], math.log10(2e21 + 3e22 + 4e23),
                               places=10)

    def test_output_is_a_calibration_for_jobs(self):
        self.calibrate("--years", "2020-2021", "-o", "mine.toml")
        self.write("job.toml", 'calibration = "mine.toml"\n' +
                   edited("[outputs]\n", "[outputs]\ncumulative_from = 2024\n"))
        x = np.log10([2e21, 3e22, 4e23, 5e24])
        resolved = self.succeed("config", "job.toml").stdout
        low, high = re.search(r"sd = .*?uniform = \[([\d.]+), ([\d.]+)\]", resolved).groups()
        self.assertAlmostEqual(float(low), math.sqrt(2 / 3), places=9)
        self.assertAlmostEqual(float(high), x.std(), places=9)


class DefaultJob(ProgramTest):
    def test_runs_without_a_job(self):
        done = self.succeed("run", "--trajectories", 3000)
        self.assertEqual(set(self.listing()), {"forecast.h5"})
        self.assertIn("Default forecast 2024-2028", done.stdout)
        self.assertRegex(done.stdout, r"\n[23],\d{3} of 3,000 trajectories complete")
        shown = json.loads(self.succeed("show", "forecast.h5", "--format", "json").stdout)
        self.assertEqual(shown["years"], [2024, 2025, 2026, 2027, 2028])
        self.assertEqual(shown["thresholds"], [1e25, 1e26, 1e27, 1e28, 1e29])

    def test_is_the_job_of_the_source_tree(self):
        self.write("forecast.toml", (SOURCE / "jobs" / "forecast.toml").read_text())
        self.succeed("run", "--trajectories", 500, "-o", "embedded.h5")
        self.succeed("run", "forecast.toml", "--trajectories", 500, "-o", "file.h5")
        self.assert_equal_files("embedded.h5", "file.h5")


class OutputOfAnotherJob(ProgramTest):
    def test_is_refused_with_the_differing_keys(self):
        self.write("small.toml", SMALL_JOB)
        self.succeed("run", "small.toml")
        before = self.listing()
        done = self.flopsieve("run", "small.toml", "--set", "total.growth=4", "-o", "small.h5")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertRegex(done.stderr, r"^flopsieve: small\.h5 belongs to another job: it differs "
                                      r"in total\.growth\b")
        done = self.flopsieve("run", "small.toml", "--trajectories", 299)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("small.h5 has 300 trajectories, the job asks for 299", done.stderr)
        self.assertEqual(self.listing(), before)

    def test_seeds_that_a_double_cannot_tell_apart_are_different(self):
        self.write("small.toml", SMALL_JOB)
        self.succeed("run", "small.toml", "--seed", 20260101123456789, "-o", "a.h5")
        done = self.flopsieve("run", "small.toml", "--seed", 20260101123456790, "-o", "a.h5")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("differs in seed.", done.stderr)

    def test_is_refused_if_it_is_no_result(self):
        self.write("small.toml", SMALL_JOB)
        self.write("small.h5", "a letter to a friend\n")
        before = self.listing()
        done = self.flopsieve("run", "small.toml")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("small.h5: not an HDF5 file", done.stderr)
        self.assertEqual(self.listing(), before)
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = 1
        done = self.flopsieve("run", "small.toml", "-o", "other.h5")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("other.h5: not the result of a finished flopsieve run", done.stderr)


if __name__ == "__main__":
    unittest.main()
