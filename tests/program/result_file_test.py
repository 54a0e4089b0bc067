#!/usr/bin/env python3
"""The result file as others open it: HDF5 tools, h5py, xarray, and numpy on its contents."""

import hashlib
import json
import shutil
import subprocess
import unittest

import h5py
import numpy as np
import xarray

from compare_h5 import datasets
from harness import RICH_JOB, SMALL_JOB, ProgramTest, edited

LOG10_BASE = np.log10(1.350e26 * 2.5 * 0.4)  # total of the base year in SMALL_JOB, for training


class ResultFile(ProgramTest):
    JOB = SMALL_JOB
    ROWS = 300
    SAMPLED = 300

    def setUp(self):
        super().setUp()
        self.write("small.toml", self.JOB)
        self.succeed("run", "small.toml")
        self.path = self.folder / "small.h5"
        self.file = h5py.File(self.path, "r")
        self.addCleanup(self.file.close)

    def output_of(self, *command):
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True,
                              text=True).stdout


class Layout(ResultFile):
    def test_h5dump_and_ncdump_read_it(self):
        self.assertIn('DATASET "by_trajectory"', self.output_of("h5dump", "-H", "small.h5"))
        if shutil.which("ncdump") is None:
            self.skipTest("ncdump is not installed")
        header = self.output_of("ncdump", "-h", "small.h5")
        self.assertIn("uint by_trajectory(trajectory, year, threshold)", header)
        self.assertIn("double log10_flop(model)", header)

    def test_plain_types_and_at_most_four_dimensions(self):
        for name, dataset in datasets(self.file).items():
            with self.subTest(name):
                self.assertTrue(1 <= dataset.ndim <= 4)
                kind = dataset.dtype.kind
                if kind == "O":
                    text = h5py.check_string_dtype(dataset.dtype)
                    self.assertEqual((text.encoding, text.length), ("utf-8", None))
                else:
                    self.assertIn(kind, "iuf")

    def test_a_scale_on_every_dimension(self):
        for name, dataset in datasets(self.file).items():
            if h5py.h5ds.is_scale(dataset.id):
                continue
            for i, dimension in enumerate(dataset.dims):
                with self.subTest(f"{name} {i}"):
                    self.assertEqual(len(dimension), 1)
                    self.assertEqual(dimension[0].shape, (dataset.shape[i],))

    def test_long_names_and_units(self):
        blank = b"This is a netCDF dimension but not a netCDF variable."
        for name, dataset in datasets(self.file).items():
            with self.subTest(name):
                if dataset.attrs.get("NAME", b"").startswith(blank):
                    continue
                self.assertIn("long_name", dataset.attrs)
        for name, unit in {"threshold": "FLOP", "samples/log10_flop": "log10 FLOP",
                           "counts/by_trajectory": "1", "acceptance/candidates": "1",
                           "quantile": "1", "histograms/total_bin": "log10 FLOP"}.items():
            self.assertEqual(self.file[name].attrs["units"], unit)

    def test_checksums(self):
        for name, dataset in datasets(self.file).items():
            if "sha256" not in dataset.attrs:
                self.assertTrue(h5py.h5ds.is_scale(dataset.id), name)
                continue
            values = dataset[()]
            if dataset.dtype.kind == "O":
                content = b"".join(text + b"\0" for text in values.ravel())
            else:
                content = values.astype(values.dtype.newbyteorder("<")).tobytes()
            self.assertEqual(dataset.attrs["sha256"], hashlib.sha256(content).hexdigest(), name)

    def test_attributes_tell_where_it_comes_from(self):
        attributes = self.file.attrs
        self.assertEqual(attributes["Conventions"], "CF-1.10")
        self.assertEqual(attributes["complete"], 1)
        self.assertEqual(attributes["seed"], 7)
        self.assertEqual(attributes["result_class"], "exact")
        self.assertTrue(attributes["command_line"].endswith("flopsieve run small.toml"))
        self.assertRegex(attributes["created"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(attributes["identity"], r"^[0-9a-f]{64}$")
        self.assertIn(attributes["instruction_set"], ("scalar", "avx2", "avx512"))
        for name in ("program_version", "git_hash", "host", "sampling_version", "format_version",
                     "calibration", "calibration_sha256"):
            self.assertIn(name, attributes)
        self.assertEqual(json.loads(attributes["plan"])["seed"], 7)

    def test_stored_job_runs_to_the_same_result(self):
        self.write("again.toml", self.file.attrs["job"])
        self.succeed("run", "again.toml")
        self.assert_equal_files("again.h5", "small.h5")

    def test_equal_runs_give_equal_bytes_but_for_provenance(self):
        self.succeed("run", "small.toml", "-o", "again.h5")
        with h5py.File(self.folder / "again.h5") as again:
            self.assertEqual({k for k in again.attrs if again.attrs[k] != self.file.attrs[k]} -
                             {"created"}, {"command_line", "metadata_sha256"})


class Xarray(ResultFile):
    DIMENSIONS = {
        "counts": {"by_trajectory": ("trajectory", "year", "threshold"),
                   "quantiles": ("year", "threshold", "quantile"),
                   "cumulative_bounds": ("year", "threshold", "quantile", "bound")},
        "statistics": {"by_trajectory": ("trajectory", "year", "statistic"),
                       "mean": ("year", "statistic")},
        "acceptance": {"attempt": ("trajectory", "year"), "killed": ("year", "constraint"),
                       "joint": ("year", "constraint", "other_constraint")},
        "batches": {"candidates": ("batch", "year")},
        "histograms": {"counts": ("year", "threshold", "counts_models"),
                       "total": ("year", "total_bin")},
        "samples": {"log10_flop": ("model",), "row_size": ("sample_set",)},
    }

    def test_every_group_opens_with_named_dimensions_and_coordinates(self):
        for engine in ("h5netcdf", "netcdf4"):
            for group, variables in self.DIMENSIONS.items():
                with self.subTest(f"{engine} {group}"), xarray.open_dataset(
                        self.path, engine=engine, group=group) as opened:
                    for name, dimensions in variables.items():
                        self.assertEqual(opened[name].dims, dimensions)
                    self.assertFalse([d for d in opened.dims if "phony" in str(d)])
                    if "year" in opened.dims:
                        self.assertEqual(opened["year"].values.tolist(), [2024, 2025, 2026])

    def test_selection_by_label(self):
        with xarray.open_dataset(self.path, engine="h5netcdf", group="counts") as counts:
            median = counts["quantiles"].sel(year=2025, threshold=1e25, quantile=0.5)
            self.assertEqual(float(median), self.file["counts/quantiles"][1, 1, 1])
        with xarray.open_dataset(self.path, engine="netcdf4", group="acceptance") as acceptance:
            killed = acceptance["killed"].sel(year=2026, constraint="largest_share")
            self.assertEqual(int(killed), self.file["acceptance/killed"][2, 1])

    def test_the_root_opens(self):
        for engine in ("h5netcdf", "netcdf4"):
            with xarray.open_dataset(self.path, engine=engine) as root:
                self.assertEqual(root["threshold"].values.tolist(), [1e24, 1e25, 1e26])
                self.assertEqual(root.attrs["title"], "Small")


class Rich(ResultFile):
    """Frontier counts, observed years, a soft constraint, and a stop once it is precise enough."""

    JOB = RICH_JOB

    def quantile(self, histogram, q):
        """The least value whose share of at most it is q or more."""
        share = np.cumsum(histogram) / histogram.sum()
        return int(np.argmax(share >= q - 1e-12))

    def test_h5dump_reads_the_frontier(self):
        header = self.output_of("h5dump", "-H", "-g", "frontier", "small.h5")
        for convention in ("before", "including"):
            self.assertIn(f'DATASET "{convention}_quantiles"', header)

    def test_xarray_reads_the_frontier(self):
        for engine in ("h5netcdf", "netcdf4"):
            with xarray.open_dataset(self.path, engine=engine, group="frontier") as frontier:
                self.assertEqual(frontier["before_bounds"].dims,
                                 ("year", "width", "quantile", "bound"))
                self.assertEqual(frontier["including_mean"].dims, ("year", "width"))
                self.assertEqual(frontier["width"].values.tolist(), [0.5, 1.0, 1.5])
                picked = frontier["including_quantiles"].sel(year=2025, width=1.5, quantile=0.5)
                self.assertEqual(float(picked), self.file["frontier/including_quantiles"][1, 2, 1])

    def test_frontier_counts_are_those_of_their_histograms(self):
        histograms = self.file["histograms"]
        for convention in ("before", "including"):
            counts = histograms[f"frontier_{convention}"][()]
            values = histograms[f"frontier_{convention}_models"][()]
            self.assertTrue((counts.sum(axis=2) == self.file.attrs["complete_trajectories"]).all())
            np.testing.assert_allclose(
                self.file[f"frontier/{convention}_mean"][()],
                (counts * values).sum(axis=2) / counts.sum(axis=2), rtol=1e-12)
            shown = self.file[f"frontier/{convention}_quantiles"][()]
            for year, width in np.ndindex(*shown.shape[:2]):
                self.assertEqual([self.quantile(counts[year, width], q)
                                  for q in self.file["quantile"][()]],
                                 shown[year, width].tolist())
            # Wider is more, and every year has a largest model.
            self.assertTrue((np.diff(shown, axis=1) >= 0).all())

    def test_observed_counts_stand_in_for_simulated_ones(self):
        observed = self.file["counts/observed"][()]
        counts = self.file["counts/by_trajectory"][()]
        self.assertEqual(observed.tolist(), [[-1, 20, 0], [-1, -1, -1], [-1, -1, -1]])
        for cell in np.argwhere(observed >= 0):
            self.assertEqual(set(counts[:, cell[0], cell[1]]), {observed[tuple(cell)]})
        # The calibration knows 11, 4 and 0 models of 2023.
        self.assertEqual(self.file["counts/cumulative_base"][()].tolist(), [11, 4, 0])
        total = np.cumsum(counts.astype(int), axis=1) + [11, 4, 0]
        for i, q in enumerate(self.file["quantile"][()]):
            np.testing.assert_array_equal(
                np.quantile(total, q, axis=0, method="inverted_cdf"),
                self.file["counts/cumulative_quantiles"][:, :, i])

    def test_it_stopped_early_and_says_so(self):
        self.assertEqual(self.file.attrs["stopped_early"], 1)
        self.assertEqual(self.file.attrs["trajectories"] % 250, 0)
        self.assertTrue(1000 <= self.file.attrs["complete_trajectories"]
                        <= self.file.attrs["trajectories"] < 4000)
        bounds = self.file["counts/cumulative_bounds"][()]
        self.assertTrue((np.diff(bounds, axis=3) <= 200).all())
        self.assertIn("Stopped early, as precise as asked for: 4,000 trajectories were allowed.",
                      self.succeed("show", "small.h5").stdout)


class Biased(ResultFile):
    JOB = edited('match = "shift"', 'match = "rescale"')

    def test_it_says_so(self):
        self.assertEqual(self.file.attrs["result_class"], "biased")
        self.assertEqual(self.file.attrs["stopped_early"], 0)
        self.assertIn("Biased, for comparison only", self.succeed("show", "small.h5").stdout)


class Samples(ResultFile):
    """The sizes of the models, decoded as a CF contiguous ragged array."""

    def setUp(self):
        super().setUp()
        samples = self.file["samples"]
        ends = np.cumsum(samples["row_size"][()].astype(int))
        sizes = samples["log10_flop"][()]
        self.assertEqual(samples["row_size"].attrs["sample_dimension"], "model")
        self.assertEqual(ends[-1], len(sizes))
        self.sets = np.split(sizes, ends[:-1])
        self.trajectories = samples["trajectory"][()].astype(int)
        self.years = samples["year"][()]
        self.rows = {t: i for i, t in enumerate(self.file["trajectory"][()].astype(int))}

    def test_a_set_for_each_of_the_first_trajectories_and_years(self):
        self.assertEqual(len(self.sets), 3 * self.SAMPLED)
        self.assertEqual(self.years.tolist(), [2024, 2025, 2026] * self.SAMPLED)
        np.testing.assert_array_equal(self.trajectories[::3],
                                      self.file["trajectory"][:self.SAMPLED])
        for sizes in self.sets:
            self.assertTrue(20 <= len(sizes) <= 80)  # models.count
            self.assertTrue((np.diff(sizes) >= 0).all())

    def test_they_give_the_counts_above_thresholds(self):
        counts = self.file["counts/by_trajectory"][()]
        for sizes, trajectory, year in zip(self.sets, self.trajectories, self.years):
            above = [(sizes > log10) .sum() for log10 in (24.0, 25.0, 26.0)]
            self.assertEqual(above, counts[self.rows[trajectory], year - 2024].tolist())

    def test_they_meet_the_total_exactly_and_the_growth_of_their_trajectory(self):
        growth = {}
        for sizes, trajectory, year in zip(self.sets, self.trajectories, self.years):
            log10_total = np.log10(np.sum(10.0 ** sizes))
            growth.setdefault(trajectory, []).append((log10_total - LOG10_BASE) / (year - 2023))
        self.assertEqual(len(growth), self.SAMPLED)
        drawn = []
        for rates in growth.values():
            # One growth factor per trajectory, whatever the year.
            np.testing.assert_allclose(rates, rates[0], rtol=0, atol=1e-10)
            drawn.append(10.0 ** rates[0])
        # 3.9375 + N(0, 0.5), hardly touched by the constraint; five standard errors.
        self.assertAlmostEqual(np.mean(drawn), 3.9375, delta=5 * 0.5 / np.sqrt(self.SAMPLED))

    def test_they_meet_the_constraint(self):
        for sizes in self.sets:
            share = 10.0 ** sizes[-1] / np.sum(10.0 ** sizes)
            self.assertTrue(0.05 <= share <= 0.5)

    def test_they_give_the_statistics(self):
        if "by_trajectory" not in self.file["statistics"]:
            self.skipTest("kept for the full samples only")
        names = [name.decode() for name in self.file["statistics/statistic"][()]]
        values = self.file["statistics/by_trajectory"][()]
        for sizes, trajectory, year in zip(self.sets, self.trajectories, self.years):
            stored = dict(zip(names, values[self.rows[trajectory], year - 2024]))
            flop = 10.0 ** sizes
            deviation = sizes - sizes.mean()
            self.assertEqual(stored["count"], len(sizes))
            self.assertAlmostEqual(stored["total"], np.log10(flop.sum()), places=9)
            self.assertAlmostEqual(stored["largest_share"], flop[-1] / flop.sum(), places=9)
            self.assertAlmostEqual(stored["skewness"],
                                   (deviation ** 3).mean() / (deviation ** 2).mean() ** 1.5,
                                   places=9)


class FewSamples(Samples):
    """The same with the sizes of some trajectories only, of which others were exhausted."""

    JOB = edited('keep = "samples"', 'keep = "samples:40"',
                 edited("attempts = 200", "attempts = 6\nbatch_trajectories = 4"))
    SAMPLED = 40

    def test_some_trajectories_are_missing(self):
        trajectories = self.file["trajectory"][()].astype(int)
        self.assertEqual(len(trajectories), self.file.attrs["complete_trajectories"])
        self.assertLess(len(trajectories), 300)
        self.assertTrue((np.diff(trajectories) > 0).all())
        self.assertEqual(self.file["acceptance/exhausted"][()].sum(), 300 - len(trajectories))


class Keep(ProgramTest):
    def test_each_level_keeps_what_it_says(self):
        wanted = {"summary": (False, False, False), "index": (True, False, False),
                  "statistics": (True, True, False), "samples:5": (True, False, True),
                  "samples": (True, True, True)}
        for keep, expected in wanted.items():
            with self.subTest(keep):
                name = keep.replace(":", "_")
                self.write(f"{name}.toml", edited('"samples"', f'"{keep}"'))
                self.succeed("run", f"{name}.toml")
                with h5py.File(self.folder / f"{name}.h5") as file:
                    self.assertEqual(tuple(path in file for path in (
                        "counts/by_trajectory", "statistics/by_trajectory", "samples/log10_flop")),
                                     expected)

    def test_the_level_changes_no_number(self):
        self.write("small.toml", SMALL_JOB)
        shown = {self.succeed("run", "small.toml", "--set", f"outputs.keep={keep}").stdout
                 for keep in ("summary", "index", "samples")}
        self.assertEqual(len(shown), 1)


if __name__ == "__main__":
    unittest.main()
