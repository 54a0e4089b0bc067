#!/usr/bin/env python3
"""`flopsieve refilter`: the bytes of a fresh run of the tighter job, or a reason why not."""

import json
import unittest

import h5py

from harness import DONE, INTERRUPTED, ProgramTest, Refusal, edited

# Some trajectories run out of their attempts.
JOB = edited("attempts = 200", "attempts = 9", edited(
    "[outputs]", """\
[[constraint]]
name = "slow"
statistic = "count"
ratio_to_previous_year = { min = 0.4, max = 3.5 }

[outputs]"""))
FURTHER = """\
[[constraint]]
statistic = "sd"
max = 1.9

[[constraint]]
name = "soft"
statistic = "mean"
soft = { normal = [24, 3] }
"""
TILTED = """\
years = "2024-2025"
seed = 3
trajectories = 200
attempts = 400

[total]
model = "table"
log10_flop = { normal = [26.0, 0.1], scope = "trajectory" }

[models]
count = 12
sizes = "normal"
mean = 24.5
sd = 0.8
match = "reject"
tolerance = 0.05
method = "tilt"

[[constraint]]
statistic = "sd"
min = 0.4
max = 1.1

[[constraint]]
statistic = "share_within(0.5)"
min = 0.05

[outputs]
thresholds = [1e24, 1e25]
"""


class Refilter(ProgramTest):
    def same(self, stored, job, *changes, run=()):
        """Refilters, and runs the changed job afresh."""
        changed = [word for change in changes for word in ("--set", change)]
        self.succeed("refilter", stored, *changed, *run, "-o", "refiltered.h5", "-q", "--fresh")
        self.succeed("run", job, *changed, *run, "-o", "fresh.h5", "-q", "--fresh")
        self.assert_equal_files("refiltered.h5", "fresh.h5")
        with h5py.File(self.folder / "refiltered.h5") as refiltered, \
                h5py.File(self.folder / "fresh.h5") as fresh:
            for name in ("identity", "plan", "job", "result_class"):
                self.assertEqual(refiltered.attrs[name], fresh.attrs[name])

    def test_narrower_bounds(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q")
        with h5py.File(self.folder / "out.h5") as file:
            self.assertLess(file.attrs["complete_trajectories"], 300)
        self.same("out.h5", "job.toml", "constraint.largest_share.max=0.35")
        self.same("out.h5", "job.toml", "constraint.slow.ratio_to_previous_year={min=0.6, max=3}",
                  "outputs.keep=index")
        self.same("out.h5", "job.toml", "constraint.largest_share.min=0.08",
                  "outputs.thresholds=[1e24, 3e25]", "outputs.cumulative_base=[3, 0]",
                  "outputs.keep=summary", "title=Other", run=("--trajectories", 420))

    def test_further_constraints(self):
        self.write("job.toml", JOB)
        self.write("further.toml", FURTHER)
        self.write("all.toml", 'base = "job.toml"\n' + FURTHER)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q", "--set", "outputs.keep=index")
        self.succeed("refilter", "out.h5", "further.toml", "-o", "refiltered.h5", "-q")
        self.succeed("run", "all.toml", "-o", "fresh.h5", "-q", "--set", "outputs.keep=index")
        self.assert_equal_files("refiltered.h5", "fresh.h5")
        shown = self.succeed("refilter", "out.h5", "further.toml", "-o", "refiltered.h5", "--json")
        self.assertIn("is finished", shown.stderr)
        self.assertEqual(json.loads(shown.stdout)["result_class"], "exact")

    def test_tilted_sizes(self):
        self.write("job.toml", TILTED)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q")
        self.same("out.h5", "job.toml", "constraint.sd.max=0.9")

    def test_known_models_are_looked_up_for_other_thresholds(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q", "--trajectories", 50)
        self.same("out.h5", "job.toml", "outputs.thresholds=[1e25]", run=("--trajectories", 50))

    def test_filtering_without_sampling(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q")
        done = self.succeed("refilter", "out.h5", "--set", "constraint.largest_share.max=0.3",
                            "--no-sampling", "-o", "joint.h5")
        self.assertIn("class joint", done.stdout)
        self.assertIn("Joint: ", done.stdout)
        with h5py.File(self.folder / "out.h5") as out, h5py.File(self.folder / "joint.h5") as file:
            self.assertEqual(file.attrs["result_class"], "joint")
            column = out["statistic"].asstr()[:].tolist().index("largest_share")
            shares = out["statistics/by_trajectory"][:, :, column]
            kept = (shares <= 0.3).all(axis=1)
            self.assertGreater(kept.sum(), 5)
            self.assertLess(kept.sum(), len(kept))
            self.assertEqual(file["trajectory"][:].tolist(), out["trajectory"][:][kept].tolist())
            self.assertEqual(file["counts/by_trajectory"][:].tolist(),
                             out["counts/by_trajectory"][:][kept].tolist())
        for command in (("show", "joint.h5"), ("show", "joint.h5", "--format", "csv"),
                        ("compare", "out.h5", "joint.h5")):
            self.assertIn("joint", self.succeed(*command).stdout)

    def test_a_stopped_refilter_is_resumed(self):
        self.write("job.toml", edited("300", "30_000\nbatch_trajectories = 8", JOB))
        self.succeed("run", "job.toml", "-o", "out.h5", "-q", "--set", "outputs.keep=index")
        command = ("refilter", "out.h5", "-o", "tight.h5", "--set",
                   "constraint.largest_share.max=0.4")
        process = self.start(*command)
        parts = self.folder / "tight.h5.parts"
        self.assertTrue(self.wait_for(lambda: list(parts.glob("part-*.h5"))
                                      or process.poll() is not None))
        process.terminate()
        process.wait()
        self.assertIn(process.returncode, (DONE, INTERRUPTED))
        self.succeed(*command, "-q")
        self.succeed("run", "job.toml", "-o", "fresh.h5", "-q", "--set", "outputs.keep=index",
                     "--set", "constraint.largest_share.max=0.4")
        self.assert_equal_files("tight.h5", "fresh.h5")


class WhatCannotBeRefiltered(Refusal):
    def test_it_is_named(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-o", "out.h5", "-q", "--trajectories", 20)
        self.succeed("run", "job.toml", "-o", "summary.h5", "-q", "--trajectories", 20, "--set",
                     "outputs.keep=summary")
        self.write("dropped.toml", '[[constraint]]\nstatistic = "largest_share"\ndrop = true\n')
        for change, says in {
                "constraint.largest_share.max=0.6": "constraint.largest_share.max is higher",
                "constraint.largest_share.min=0.04": "constraint.largest_share.min is lower",
                'constraint.largest_share.years="2024"': "constraint.largest_share.years leaves out",
                "seed=8": "seed differs",
                "attempts=10": "attempts differs",
                "models.count=30": "models.count",
                "models.match=rescale": "models.match",
                "years=2024-2025": "not all years of the job",
                "models.nothing=1": "unknown key"}.items():
            with self.subTest(change):
                self.refuse("refilter", "out.h5", "--set", change, says=says)
        self.refuse("refilter", "out.h5", "dropped.toml", says="constraint.largest_share is gone")
        self.refuse("refilter", "summary.h5", "--set", "constraint.largest_share.max=0.4",
                    says='outputs.keep is "summary"')
        self.refuse("refilter", "none.h5", says="no such file")
        self.refuse("refilter", "out.h5", "--no-sampling", "--trajectories", 21,
                    says="draws no further ones")
        self.write("tilted.toml", TILTED)
        self.succeed("run", "tilted.toml", "-o", "tilted.h5", "-q", "--trajectories", 20)
        self.refuse("refilter", "tilted.h5", "--set", "constraint.share_within(0.5).min=0.1",
                    says="sizes are drawn towards it")
        self.succeed("refilter", "out.h5", "--no-sampling", "-o", "joint.h5", "-q")
        self.refuse("refilter", "joint.h5", says="joint")
        self.refuse("run", "--from", "joint.h5", says="joint")
        self.refuse("run", "job.toml", "-o", "joint.h5", "--trajectories", 20,
                    says="--no-sampling")


if __name__ == "__main__":
    unittest.main()
