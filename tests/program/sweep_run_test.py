#!/usr/bin/env python3
"""Sweeps from run to picture: rows are those of single runs, bytes do not depend on what happened, and
what show, list, info and export say of them."""

import csv
import io
import json
import signal
import subprocess
import sys
import unittest

import h5py
import numpy as np
import xarray

from harness import (BAD_INPUT, BUDGET, INTERRUPTED, SOURCE, STORAGE, Refusal,
                     edited)

JOB = edited('keep = "samples"', 'keep = "summary"', edited(
    "trajectories = 300", "trajectories = 120\nbatch_trajectories = 16"))
SWEEP = JOB + """
[sweep]
design = "grid"

[sweep.keys]
models.sd = [1.2, 1.5, 1.8]
constraint.largest_share.max = [0.3, 0.4, 0.5, 0.6]
"""
MEDIAN = "cumulative(1e24, 2026)"


def settings(sd, share):
    return ["--set", f"models.sd={sd}", "--set", f"constraint.largest_share.max={share}"]


class SweepRun(Refusal):
    def setUp(self):
        super().setUp()
        self.write("sweep.toml", SWEEP)
        self.write("job.toml", JOB)

    def test_rows_are_those_of_single_runs(self):
        self.succeed("run", "sweep.toml", "-q")
        sweep = h5py.File(self.folder / "sweep.h5")
        for variant, (sd, share) in ((0, (1.2, 0.3)), (6, (1.5, 0.5)), (11, (1.8, 0.6))):
            self.succeed("run", "job.toml", "-q", "-o", "one.h5", "--fresh", *settings(sd, share),
                         "--set", 'models.method="reject"')
            self.assertEqual((sweep["models.sd"][variant],
                              sweep["constraint.largest_share.max"][variant]), (sd, share))
            with h5py.File(self.folder / "one.h5") as one:
                for group, ours in (("counts/quantiles", "counts_quantiles"),
                                    ("counts/bounds", "counts_bounds"),
                                    ("counts/cumulative_quantiles", "cumulative_quantiles"),
                                    ("counts/mean", "counts_mean"),
                                    ("acceptance/killed", "acceptance_killed"),
                                    ("acceptance/candidates", "candidates")):
                    np.testing.assert_array_equal(sweep[ours][variant], one[group][...], group)

    def test_bytes_depend_on_nothing_else(self):
        self.succeed("run", "sweep.toml", "-q", "-o", "whole.h5", "--threads", 1)
        for options in (["--threads", 2], ["--threads", 3, "--backend", "openmp"],
                        ["--backend", "serial"]):
            self.succeed("run", "sweep.toml", "-q", "-o", "other.h5", "--fresh", *options)
            self.assert_equal_files("whole.h5", "other.h5")
        for shards in (2, 5):
            for index in reversed(range(shards)):
                self.succeed("run", "sweep.toml", "-q", "-o", f"{shards}.h5", "--shard",
                             f"{index}/{shards}")
            self.succeed("merge", f"{shards}.h5", "-q")
            self.assert_equal_files("whole.h5", f"{shards}.h5")

    def test_killed_and_stopped_it_goes_on(self):
        self.write("sweep.toml", SWEEP.replace("trajectories = 120", "trajectories = 40_000", 1))
        self.succeed("run", "sweep.toml", "-q", "-o", "whole.h5")
        parts = self.folder / "sweep.h5.parts"
        for number in (signal.SIGKILL, signal.SIGTERM):
            before = len(list(parts.glob("*.sweep")))
            process = self.start("run", "sweep.toml", "-q", "--threads", 1, "--seal-every", "1s")
            self.assertTrue(self.wait_for(lambda: process.poll() is not None or len(
                list(parts.glob("*.sweep"))) > before))
            process.send_signal(number)
            process.communicate()
            self.assertEqual(process.returncode,
                             INTERRUPTED if number == signal.SIGTERM else -signal.SIGKILL)
            self.assertGreater(len(list(parts.glob("*.sweep"))), before)
        done = self.succeed("run", "sweep.toml")
        self.assert_equal_files("whole.h5", "sweep.h5")
        self.assertEqual(done.stdout, self.succeed("show", "sweep.h5").stdout)
        self.assertFalse(parts.exists())
        self.succeed("run", "sweep.toml")  # reads what is there

    def test_invalid_variants_are_all_found_before_anything_runs(self):
        self.write("sweep.toml", SWEEP.replace("[1.2, 1.5, 1.8]", "[1.2, -1, -2]"))
        before = self.listing()
        done = self.flopsieve("run", "sweep.toml")
        self.assertEqual(done.returncode, BAD_INPUT)
        for variant in range(4, 12):
            self.assertIn(f"variant {variant}: sweep.toml:", done.stderr)
        self.assertIn("8 of 12 variants are invalid: 4-11", done.stderr)
        self.assertEqual(self.listing(), before)

    def test_variants_without_a_result_are_named_and_the_others_go_on(self):
        sweep = SWEEP.replace('match = "shift"', 'match = "shift"\nmethod = "reject"', 1)
        self.write("sweep.toml", sweep.replace("[0.3, 0.4, 0.5, 0.6]", "[0.3, 0.0501]"))
        done = self.succeed("run", "sweep.toml", "--json", "-q")
        shown = json.loads(done.stdout)
        states = [row["status"] for row in shown["rows"]]
        self.assertEqual([state == "ok" for state in states], [True, False] * 3)
        self.assertEqual(shown["without_result"], 3)
        self.assertIsNone(shown["rows"][1]["results"][MEDIAN])
        self.write("sweep.toml", sweep.replace("[0.3, 0.4, 0.5, 0.6]", "[0.0501, 0.0502]"))
        done = self.flopsieve("run", "sweep.toml", "-q", "-o", "none.h5")
        self.assertEqual(done.returncode, BUDGET)
        self.assertIn("none of 6 variants has a result; flopsieve show none.h5", done.stderr)

    def test_show_chooses(self):
        self.succeed("run", "sweep.toml", "-q")
        with h5py.File(self.folder / "sweep.h5") as file:
            medians = file["cumulative_quantiles"][:, -1, 0, 1]
            above = np.flatnonzero(file["models.sd"][:] > 1.2)
        best = above[np.argsort(-medians[above], kind="stable")]
        rows = list(csv.DictReader(io.StringIO(self.succeed(
            "show", "sweep.h5", "--format", "csv", "--best", "cumulative(1e24, 2026)", "--where",
            "models.sd > 1.2", "--where", "status = ok", "--rows", 5).stdout)))
        self.assertEqual([int(row["variant"]) for row in rows], list(best[:5]))
        self.assertEqual([float(row["cumulative(1e24, 2026)"]) for row in rows],
                         list(medians[best[:5]]))
        text = self.succeed("show", "sweep.h5", "--rows", 2, "--of", "acceptance(2025)").stdout
        self.assertIn("2 of 12 variants; --rows 0 shows all", text)
        limit = float(np.sort(medians)[6])
        some = json.loads(self.succeed("show", "sweep.h5", "--format", "json", "--where",
                                       f"cumulative(1e24, 2026) >= {limit}").stdout)["rows"]
        self.assertEqual([row["variant"] for row in some], list(np.flatnonzero(medians >= limit)))

    def test_compare_puts_variants_of_the_same_settings_side_by_side(self):
        """Against the two files, read by h5py."""
        self.succeed("run", "sweep.toml", "-q")
        self.write("other.toml", JOB.replace("seed = 7", "seed = 8") + """
[sweep]
design = "grid"

[sweep.keys]
constraint.largest_share.max = [0.9, 0.5, 0.4]
models.sd = [1.8, 1.5]
""")
        self.succeed("run", "other.toml", "-q")
        of = ("--of", MEDIAN, "--of", "counts(1e25, 2025, mean)")
        told = json.loads(self.succeed("compare", "sweep.h5", "other.h5", "--format", "json",
                                       *of).stdout)
        pairs = [(5, 5), (6, 3), (9, 4), (10, 2)]  # sd 1.5 and 1.8, share 0.4 and 0.5
        self.assertEqual([tuple(row["variants"]) for row in told["rows"]], pairs)
        files = [h5py.File(self.folder / name) for name in ("sweep.h5", "other.h5")]
        for row, pair in zip(told["rows"], pairs):
            bounds = [file["cumulative_bounds"][v, 2, 0, 1] for file, v in zip(files, pair)]
            self.check_numbers(row["numbers"][MEDIAN],
                               [file["cumulative_quantiles"][v, 2, 0, 1]
                                for file, v in zip(files, pair)],
                               [(high - low) / 2 for low, high in bounds])
            self.check_numbers(row["numbers"]["counts(1e25, 2025, mean)"],
                               [file["counts_mean"][v, 1, 1] for file, v in zip(files, pair)],
                               [1.959963984540054 * file["counts_standard_error"][v, 1, 1]
                                for file, v in zip(files, pair)])
        self.assertEqual(told["differing_keys"], {"seed": ["7", "8"]})
        self.assertFalse(told["shares_seed"])
        rows = list(csv.DictReader(io.StringIO(self.succeed(
            "compare", "sweep.h5", "other.h5", "--format", "csv", *of).stdout)))
        self.assertEqual(len(rows), 4 * 2 * 2)
        self.assertEqual([(row["models.sd"], row["file"], row["variant"]) for row in rows[2:6]],
                         [("1.5", "sweep.h5", "5"), ("1.5", "other.h5", "5"),
                          ("1.5", "sweep.h5", "6"), ("1.5", "other.h5", "3")])
        text = self.succeed("compare", "sweep.h5", "other.h5", "--rows", 3).stdout
        self.assertIn("3 of 4 variants; --rows 0 shows all", text)

    def check_numbers(self, numbers, values, errors):
        np.testing.assert_allclose(numbers["values"], values, rtol=1e-12)
        np.testing.assert_allclose(numbers["errors"], errors, rtol=1e-12)
        np.testing.assert_allclose(numbers["differences"], [values[1] - values[0]], rtol=1e-12)
        error = np.hypot(*errors)
        np.testing.assert_allclose(numbers["difference_errors"], [error], rtol=1e-12)
        self.assertEqual(numbers["exceeds"], [abs(values[1] - values[0]) > error])

    def test_sensitivity_is_printed_where_the_sweep_asks_for_it(self):
        sweep = JOB + f"""
[sweep]
design = "saltelli"
points = 16
sensitivity = ["{MEDIAN}", "acceptance(2025)"]
[sweep.keys]
models.sd = {{ uniform = [1.2, 1.8] }}
constraint.largest_share.max = {{ uniform = [0.3, 0.6] }}
"""
        self.write("indices.toml", sweep)
        told = self.succeed("run", "indices.toml", "-q").stdout
        table = self.succeed("show", "indices.h5").stdout
        indices = self.succeed("sensitivity", "indices.h5", "--of", MEDIAN, "--of",
                               "acceptance(2025)").stdout
        self.assertEqual(told, table + "\n" + indices)
        for index in range(2):
            self.succeed("run", "indices.toml", "-o", "merged.h5", "--shard", f"{index}/2", "-q")
        self.assertEqual(self.succeed("merge", "merged.h5", "-q").stdout.replace("merged.h5", "indices.h5"),
                         told)
        json.loads(self.succeed("run", "indices.toml", "-q", "--json").stdout)
        self.write("indices.toml", sweep.replace("acceptance(2025)", "acceptance(2031)"))
        self.refuse("run", "indices.toml", says=["indices.toml:", "sweep.sensitivity: ", "year 2031"])
        self.write("indices.toml", sweep.replace("points = 16", "points = 1"))
        done = self.succeed("run", "indices.toml", "-q", "-o", "small.h5")
        self.assertIn("warning: ", done.stderr)

    def test_what_is_there_already(self):
        self.succeed("run", "sweep.toml", "-q", "-o", "whole.h5")
        for index in range(2):
            self.succeed("run", "sweep.toml", "-q", "--shard", f"{index}/2", "-o", f"{index}.h5")
        self.refuse("show", "0.h5", says=["0.h5.parts: parts of a sweep", "flopsieve merge 0.h5"])
        merge = ("merge", "sweep.h5", "0.h5.parts", "1.h5.parts")
        told = self.succeed(*merge, "--keep-parts").stdout
        self.assertFalse(list(self.folder.glob("*status*")))
        done = self.succeed(*merge)
        self.assertEqual(done.stdout, told)
        self.assertIn("already in sweep.h5", done.stderr)
        self.assertEqual(set(self.listing()), {"job.toml", "sweep.toml", "sweep.h5", "whole.h5"})
        done = self.succeed("run", "sweep.toml", "--shard", "0/2")
        self.assertEqual(done.stdout, told)
        self.assertIn("sweep.h5 is finished; --fresh computes it anew", done.stderr)
        self.assertIn("finished: sweep.h5", self.succeed("tail", "sweep.h5").stdout)
        self.refuse("run", "sweep.toml", "-q", "--trajectories", 130, says=["a sweep is not extended"])
        self.assert_equal_files("sweep.h5", "whole.h5")

    def test_titles_of_a_table_are_texts(self):
        self.write("sweep.toml", JOB + '\n[sweep]\ndesign = "csv"\ncsv = "t.csv"\n')
        self.write("t.csv", "title,models.sd\nit's,1.3\n2024,1.4\n'in quotes',1.5\n{a,1.6\n")
        self.succeed("run", "sweep.toml", "-q")
        rows = csv.DictReader(io.StringIO(self.succeed("show", "sweep.h5", "--format", "csv").stdout))
        self.assertEqual([row["title"] for row in rows], ["it's", "2024", "in quotes", "{a"])
        (self.folder / "t.csv").unlink()
        self.refuse("check", "sweep.toml", says=["sweep.toml:", "sweep.csv: there is no file t.csv"])

    def test_compare_refuses(self):
        self.succeed("run", "sweep.toml", "-q")
        self.succeed("run", "job.toml", "-q")
        self.refuse("compare", "sweep.h5", "nosuch.h5", says=["nosuch.h5: no such file"])
        self.refuse("compare", "sweep.h5", says=["two files or more"])
        self.refuse("compare", "sweep.h5", "job.h5", says=["not both"])
        self.refuse("compare", "job.h5", "job.h5", "--of", MEDIAN, says=["these are runs"])
        self.refuse("compare", "sweep.h5", "sweep.h5", "--of", "cumulative(1e24, 2031)",
                    says=["2024, 2025, 2026"])
        sweep = JOB + '\n[sweep]\ndesign = "grid"\n[sweep.keys]\n'
        self.write("keys.toml", sweep + "models.sd = [1.2, 1.5]\n")
        self.write("else.toml", sweep + "models.sd = [1.3]\nconstraint.largest_share.max = [0.3]\n")
        for name in ("keys", "else"):
            self.succeed("run", f"{name}.toml", "-q")
        self.refuse("compare", "sweep.h5", "keys.h5",
                    says=["keys.h5 sweeps models.sd;", "sweeps of the same keys"])
        self.refuse("compare", "sweep.h5", "else.h5", says=["no variant of the same settings"])

    def test_show_refuses(self):
        self.succeed("run", "sweep.toml", "-q")
        for condition, says in (("models.sd", "there is no sign in it"),
                                ("models.sd > wide", "\"wide\" is no number"),
                                ("> 3", "nothing stands before the sign"),
                                ("models.sd >", "nothing stands behind the sign"),
                                ("models.se > 3", "neither a key of the sweep (models.sd, "),
                                ("status > ok", "allowed: = !="),
                                ("cumulative(1e24, 2031) > 1", "2024, 2025, 2026")):
            self.refuse("show", "sweep.h5", "--where", condition, says=[says])
        self.refuse("show", "sweep.h5", "--best", "sum(1e24)", says=["no output has the name"])
        self.refuse("show", "sweep.h5", "--convention", "sum-of-percentiles",
                    says=["--convention: sweep.h5 is a sweep", "for single runs"])
        self.refuse("show", "sweep.h5", "--convention", "percentiles", says=["sum-of-percentiles"])
        self.refuse("export", "sweep.h5", "--csv", "t", "--trajectories", says=["keeps summaries"])
        self.succeed("run", "job.toml", "-q")
        self.refuse("show", "job.h5", "--best", "acceptance(2025)", says=["no result of one"])
        for command in (["replay", "--trajectory", 1, "--year", 2025], ["refilter"]):
            self.refuse(command[0], "sweep.h5", *command[1:], says=["the result of a sweep"])

    def test_list_info_and_export(self):
        self.succeed("run", "sweep.toml", "-q")
        listed = json.loads(self.succeed("list", "--format", "json").stdout)["runs"]
        self.assertEqual([(run["name"], run["variants"], run["complete_trajectories"])
                          for run in listed], [("sweep.h5", 12, 12 * 120)])
        self.assertIn("Small (12 variants)", self.succeed("list").stdout)
        info = self.succeed("info", "sweep.h5", "--verify").stdout
        self.assertIn("as they were written", info)
        self.assertRegex(info, r"design of the sweep +grid")
        self.succeed("export", "sweep.h5", "--csv", "tables", "--json", "all.json")
        with open(self.folder / "tables" / "variants.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        with h5py.File(self.folder / "sweep.h5") as file:
            self.assertEqual([float(row["counts(1e25, 2025, mean)"]) for row in rows],
                             list(file["counts_mean"][:, 1, 1]))
            self.assertEqual([float(row["cumulative(1e24, 2026, 0.95)"]) for row in rows],
                             list(file["cumulative_quantiles"][:, 2, 0, 2]))
        self.assertEqual(len(json.loads((self.folder / "all.json").read_text())["rows"]), 12)

    def test_damage_and_other_sweeps(self):
        self.succeed("run", "sweep.toml", "-q")
        self.write("other.toml", SWEEP.replace("1.8", "1.9"))
        self.refuse("run", "other.toml", "-q", "-o", "sweep.h5", says=["is not the result of this sweep"])
        self.succeed("run", "other.toml", "-q", "--shard", "0/2", "-o", "x.h5")
        self.refuse("run", "sweep.toml", "-q", "--shard", "1/2", "-o", "x.h5", says=["x.h5.parts"])
        self.refuse("merge", "x.h5", code=STORAGE, says=["missing"])
        data = bytearray((self.folder / "sweep.h5").read_bytes())
        data[len(data) // 2] ^= 1
        self.write("sweep.h5", bytes(data))
        self.refuse("show", "sweep.h5", code=STORAGE, says=["damaged"])

    def test_xarray_and_the_picture(self):
        self.succeed("run", "sweep.toml", "-q")
        with xarray.open_dataset(self.folder / "sweep.h5", engine="h5netcdf") as sweep:
            self.assertIn("models.sd", sweep.counts_mean.coords)
            wide = sweep.where(sweep["models.sd"] > 1.6, drop=True)
            self.assertEqual(list(wide.variant.values), [8, 9, 10, 11])
        try:
            import matplotlib  # pylint: disable=import-outside-toplevel,unused-import
        except ImportError:
            self.skipTest("matplotlib is not installed")
        self.succeed("run", "sweep.toml", "-q", "-o", "map.h5", "--set",
                     "sweep.keys.constraint.largest_share.max={from=0.3,to=0.6,points=11}")
        for name in ("sweep", "map"):
            subprocess.run([sys.executable, SOURCE / "scripts" / "plot_sweep.py", f"{name}.h5",
                            "p.png", "1e24"], cwd=self.folder, check=True,
                           env=self.environment() | {"MPLBACKEND": "agg"})
            self.assertTrue((self.folder / "p.png").read_bytes().startswith(b"\x89PNG"))
            (self.folder / "p.png").unlink()


if __name__ == "__main__":
    unittest.main()
