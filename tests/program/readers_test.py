#!/usr/bin/env python3
"""Outside readers of a result: each finds the numbers that `show --format json` prints."""

import importlib.util
import json
import re
import subprocess
import unittest

import h5py
import xarray

from harness import RICH_JOB, SOURCE, ProgramTest


class Readers(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("job.toml", RICH_JOB)
        self.shown = json.loads(self.succeed("run", "job.toml", "-q", "--json").stdout)
        self.path = self.folder / "job.h5"

    def output_of(self, *command):
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True,
                              text=True).stdout

    def expected(self, *place):
        """{(year, thing, quantile): value} of a table of the JSON output."""
        values = self.shown
        for step in place:
            values = values[step]
        return {(int(year), float(thing) if thing[0].isdigit() else thing, float(quantile)): value
                for year, things in values.items() for thing, quantiles in things.items()
                for quantile, value in quantiles.items()}

    tables = {"counts/quantiles": ("counts", "per_year"),
              "counts/cumulative_quantiles": ("counts", "cumulative"),
              "frontier/before_quantiles": ("frontier", "before"),
              "frontier/including_quantiles": ("frontier", "including"),
              "statistics/quantiles": ("statistics",)}

    def test_h5py(self):
        with h5py.File(self.path) as file:
            for path, place in self.tables.items():
                dataset = file[path]
                axes = [[x.decode() if isinstance(x, bytes) else x.item() for x in axis[0][:]]
                        for axis in dataset.dims]
                found = {(year, thing, quantile): dataset[i, j, k]
                         for i, year in enumerate(axes[0]) for j, thing in enumerate(axes[1])
                         for k, quantile in enumerate(axes[2])}
                self.assertEqual(found, self.expected(*place), path)

    def test_xarray_with_both_engines_and_pandas_through_it(self):
        for engine in ("h5netcdf", "netcdf4"):
            for path, place in self.tables.items():
                group, name = path.split("/")
                with xarray.open_dataset(self.path, group=group, engine=engine) as opened:
                    series = opened[name].to_series()
                    self.assertEqual(series.index.names[0], "year")
                    self.assertEqual(series.index.names[2], "quantile")
                    self.assertEqual(series.to_dict(), self.expected(*place), (engine, path))
        with xarray.open_dataset(self.path, engine="netcdf4", group="acceptance") as opened:
            self.assertEqual(
                opened["candidates"].to_series().to_dict(),
                {int(year): each["candidates"] for year, each in self.shown["acceptance"].items()})

    def test_ncdump(self):
        header = self.output_of("ncdump", "-h", "job.h5")
        for line in ("double cumulative_quantiles(year, threshold, quantile) ;",
                     "uint by_trajectory(trajectory, year, threshold) ;",
                     "double before_bounds(year, width, quantile, bound) ;",
                     'string :Conventions = "CF-1.10" ;', 'threshold:units = "FLOP" ;',
                     'log10_flop:coordinates = "trajectory year" ;'):
            self.assertIn(line, header)
        data = self.output_of("ncdump", "-v", "/counts/cumulative_quantiles", "job.h5")
        data = data[data.index("cumulative_quantiles =") + 22:data.rindex(";")]
        found = [float(number) for number in re.findall(r"[\d.e+]+", data[:data.index(";")])]
        self.assertEqual(found, list(self.expected("counts", "cumulative").values()))

    def test_h5dump(self):
        text = self.output_of("h5dump", "-y", "-w", "100000", "-d", "/counts/cumulative_quantiles",
                              "job.h5")
        data = text[text.index("DATA {") + 6:]
        found = [float(number) for number in re.findall(r"[\d.]+", data[:data.index("}")])]
        self.assertEqual(found, list(self.expected("counts", "cumulative").values()))

    def test_the_example(self):
        script = SOURCE / "scripts" / "read_example.py"
        spec = importlib.util.spec_from_file_location("read_example", script)
        example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        frame = example.table(self.path)
        self.assertEqual(list(frame.columns), ["q0.05", "q0.5", "q0.95"])
        found = {(year, threshold, float(name[1:])): value
                 for (year, threshold), row in frame.iterrows() for name, value in row.items()}
        self.assertEqual(found, self.expected("counts", "cumulative"))
        printed = self.output_of("/usr/bin/python3", script, "job.h5")
        self.assertEqual(len(printed.splitlines()), 2 + 9)
        self.assertLessEqual(len(script.read_text().splitlines()), 30)


if __name__ == "__main__":
    unittest.main()
