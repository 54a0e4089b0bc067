#!/usr/bin/env python3
"""`flopsieve scaling fit`: against scipy, with the misfit and the draws written from their definitions."""

import csv
import io
import json
import re
import signal
import unittest

import h5py
import numpy as np
import xarray
from scipy import optimize

from documents import document
from harness import INTERRUPTED, SOURCE, Refusal

CONSTANTS = ["ln_A", "ln_B", "ln_E", "alpha", "beta"]
TRUTH = np.array([6.0, 7.0, 0.55, 0.34, 0.33])
PUBLISHED = np.array([6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083])
DATA = SOURCE / "../shared/data/chinchilla_fig4_points.csv"


def made_runs(rows=60, noise=0.008, seed=1):
    """N, D and L of the law TRUTH with normal noise on ln L."""
    generator = np.random.default_rng(seed)
    n = 10.0 ** generator.uniform(7.8, 10.2, rows)
    d = 10.0 ** generator.uniform(9.0, 11.5, rows)
    a, b, e, alpha, beta = TRUTH
    loss = np.exp(e) + np.exp(a) / n**alpha + np.exp(b) / d**beta
    return n, d, loss * np.exp(noise * generator.standard_normal(rows))


def table(columns):
    rows = [",".join(columns)] + [",".join(repr(float(x)) for x in row)
                                  for row in zip(*columns.values())]
    return "\n".join(rows) + "\n"


def misfit(law, n, d, loss, delta=1e-3, weights=1.0):
    """The sum of Huber losses and its slopes, from the definition (Hoffmann et al. 2022, eq. 3)."""
    a, b, e, alpha, beta = law
    terms = np.array([a - alpha * np.log(n), b - beta * np.log(d), np.full_like(n, e)])
    most = terms.max(axis=0)
    powers = np.exp(terms - most)
    residual = most + np.log(powers.sum(axis=0)) - np.log(loss)
    size = np.abs(residual)
    huber = np.where(size <= delta, 0.5 * residual**2, delta * (size - 0.5 * delta))
    slope = weights * np.clip(residual, -delta, delta) * powers / powers.sum(axis=0)
    return np.sum(weights * huber), np.array([
        slope[0].sum(), slope[1].sum(), slope[2].sum(), -np.sum(slope[0] * np.log(n)),
        -np.sum(slope[1] * np.log(d))])


def descend(start, *data, **options):
    """scipy's BFGS, again and again from where it stopped, of the misfit times 1e6 (its tolerance
    is absolute) in coordinates in which ln N and ln D have mean 0 (or it stops in the valley)."""
    mean_n, mean_d = np.log(data[0]).mean(), np.log(data[1]).mean()

    def uncentred(x):
        return np.array([x[0] + x[3] * mean_n, x[1] + x[4] * mean_d, *x[2:]])

    def scaled(x):
        value, slopes = misfit(uncentred(x), *data, **options)
        slopes[3] += slopes[0] * mean_n
        slopes[4] += slopes[1] * mean_d
        return 1e6 * value, 1e6 * slopes

    x = np.array([start[0] - start[3] * mean_n, start[1] - start[4] * mean_d, *start[2:]])
    best = np.inf
    for _ in range(20):
        found = optimize.minimize(scaled, x, jac=True, method="BFGS", options={"gtol": 1e-9})
        if found.fun >= best * (1.0 - 1e-12):
            break
        x, best = found.x, found.fun
    return uncentred(x), best * 1e-6


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011)."""
    mask = 2**32 - 1
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return c


def drawn_weights(rows, seed, resample):
    words = []
    for block in range(-(-rows // 4)):
        words += philox((block, resample % 2**32, resample >> 32, 0), (seed % 2**32, seed >> 32))
    return np.bincount([word * rows >> 32 for word in words[:rows]], minlength=rows).astype(float)


class ScalingFitTest(Refusal):
    def fit(self, file="runs.csv", *arguments, **options):
        return json.loads(self.succeed("scaling", "fit", file, *arguments, "--json",
                                       **options).stdout)

    def law(self, fit):
        return np.array([fit["numbers"][name]["value"] for name in CONSTANTS])

    def write_runs(self, name="runs.csv", **options):
        runs = made_runs(**options)
        self.write(name, table(dict(zip(("parameters", "tokens", "loss"), runs))))
        return runs


class ParametricTest(ScalingFitTest):
    def test_the_law_is_where_scipy_finds_the_lowest_misfit(self):
        for delta in (1e-3, 0.02):
            runs = self.write_runs()
            fit = self.fit("runs.csv", "--resamples", 0, "--delta", delta)
            law = self.law(fit)
            lowest = fit["parametric"]["misfit"]
            self.assertAlmostEqual(misfit(law, *runs, delta=delta)[0] / lowest, 1.0, places=10)
            for start in (law, PUBLISHED, TRUTH + [1.0, -1.0, 0.1, 0.05, -0.05]):
                found, value = descend(start, *runs, delta=delta)
                with self.subTest(delta=delta, start=start):
                    # The misfit is flat there: 1e-8 of it is 1e-4 of a standard error.
                    self.assertAlmostEqual(value / lowest, 1.0, delta=1e-8)
                    np.testing.assert_allclose(found, law, rtol=1e-3)
            a, b, e, alpha, beta = law
            numbers = {name: each["value"] for name, each in fit["numbers"].items()}
            for name, value in {"A": np.exp(a), "B": np.exp(b), "E": np.exp(e),
                                "parameters_exponent": beta / (alpha + beta),
                                "tokens_exponent": alpha / (alpha + beta)}.items():
                self.assertAlmostEqual(numbers[name] / value, 1.0, places=12)

    def test_each_resample_is_where_scipy_finds_its_lowest_misfit(self):
        runs = self.write_runs()
        self.fit("runs.csv", "--resamples", 300, "--seed", 2**40 + 5, "-o", "law.h5")
        with h5py.File(self.folder / "law.h5") as file:
            laws, misfits = file["resample_constants"][:], file["resample_misfit"][:]
            np.testing.assert_array_equal(file["resample"][:], np.arange(300))
        for resample in (0, 1, 2, 17, 299):
            weights = drawn_weights(60, 2**40 + 5, resample)
            self.assertAlmostEqual(misfit(laws[resample], *runs, weights=weights)[0]
                                   / misfits[resample], 1.0, places=9)
            _, value = descend(laws[resample], *runs, weights=weights)
            self.assertAlmostEqual(value / misfits[resample], 1.0, delta=1e-8)

    def test_tokens_from_flop_and_named_columns(self):
        n, d, loss = self.write_runs()
        expected = self.fit("runs.csv", "--resamples", 0)
        self.write("other.csv", table({"Model Size": n, "Training FLOP": 6.0 * n * d, "x": loss}))
        found = self.fit("other.csv", "--loss-column", "x", "--resamples", 0)
        np.testing.assert_allclose(self.law(found), self.law(expected), rtol=1e-4)
        self.assertAlmostEqual(found["parametric"]["misfit"] / expected["parametric"]["misfit"],
                               1.0, places=8)

    def test_optimal_budgets_minimise_the_loss(self):
        self.write_runs()
        fit = self.fit("runs.csv", "--resamples", 0, "--budgets", "1e20,3e27")
        a, b, e, alpha, beta = self.law(fit)
        self.assertEqual([each["flop"] for each in fit["budgets"]], [1e20, 3e27])
        for budget in fit["budgets"]:
            flop = budget["flop"]
            found = optimize.minimize_scalar(
                lambda x: np.exp(a - alpha * x) + np.exp(b - beta * (np.log(flop / 6.0) - x)),
                bounds=(10.0, 40.0), method="bounded", options={"xatol": 1e-10})
            self.assertAlmostEqual(np.log(budget["parameters"]["value"]), found.x, places=4)
            self.assertAlmostEqual(budget["loss"]["value"], np.exp(e) + found.fun, places=9)
            self.assertAlmostEqual(budget["parameters"]["value"] * budget["tokens"]["value"] * 6.0
                                   / flop, 1.0, places=12)

    def test_the_published_points(self):
        if not DATA.exists():
            self.skipTest(f"{DATA} is not here")
        fit = self.fit(DATA, "--drop-highest", 5, "--resamples", 0)
        self.assertEqual((fit["rows"], fit["dropped_rows"]), (240, 5))
        self.assertAlmostEqual(fit["parametric"]["misfit"], 0.00101827403, places=10)
        starts = fit["parametric"]["starts"]
        self.assertEqual(sum(each["descents"] for each in starts["ends"]), 4500)
        self.assertEqual(starts["ends"][0]["descents"], starts["reached_best"])


class ResultFileTest(ScalingFitTest):
    def test_numbers_follow_from_the_resamples(self):
        self.write_runs()
        fit = self.fit("runs.csv", "--resamples", 200, "--interval", 0.8, "-o", "law.h5")
        with h5py.File(self.folder / "law.h5") as file:
            laws = file["resample_constants"][:]
            found = dict(zip(file["number"].asstr()[:],
                             np.column_stack([file["estimate"], file["standard_error"],
                                              file["interval"]])))
            np.testing.assert_allclose(file["covariance"][:], np.cov(laws.T), rtol=1e-9)
            np.testing.assert_allclose(fit["parametric"]["covariance"]["rows"],
                                       file["covariance"][:], rtol=1e-15)
            n, d, loss = made_runs()
            np.testing.assert_array_equal(file["parameters"][:], n)
            np.testing.assert_array_equal(file["row"][:], np.arange(2, 62))
            law = self.law(fit)
            np.testing.assert_allclose(
                file["residual"][:],
                np.log((np.exp(law[2]) + np.exp(law[0]) / n**law[3] + np.exp(law[1]) / d**law[4])
                       / loss), atol=1e-12)
            self.assertEqual(file.attrs["complete"], 1)
            starts, ends = file["start_constants"][:], file["end_constants"][:]
            self.assertEqual((starts.shape, ends.shape), ((4500, 5), (4500, 5)))
            for i in range(0, 4500, 500):
                value = misfit(ends[i], n, d, loss)[0]
                np.testing.assert_allclose(file["end_misfit"][i], value, rtol=1e-9)
        columns = {name: laws[:, i] for i, name in enumerate(CONSTANTS)}
        columns |= {"A": np.exp(laws[:, 0]), "parameters_exponent":
                    laws[:, 4] / (laws[:, 3] + laws[:, 4])}
        for name, values in columns.items():
            with self.subTest(number=name):
                np.testing.assert_allclose(found[name][1:], [
                    values.std(ddof=1), *np.quantile(values, [0.1, 0.9])], rtol=1e-9)
                number = fit["numbers"][name]
                np.testing.assert_allclose(found[name], [number["value"], number["standard_error"],
                                                         number["low"], number["high"]])

    def test_without_resamples_there_is_no_covariance(self):
        self.write_runs()
        fit = self.fit("runs.csv", "--resamples", 0, "-o", "law.h5")
        self.assertIsNone(fit["parametric"]["covariance"])
        with h5py.File(self.folder / "law.h5") as file:
            self.assertTrue(np.isnan(file["covariance"][:]).all())
            self.assertTrue(np.isnan(file["standard_error"][:]).all())

    def test_equal_for_all_threads_and_back_ends(self):
        self.write_runs()
        files = []
        for backend, threads in (("serial", 1), ("tbb", 1), ("tbb", 3), ("openmp", 4)):
            files.append(self.folder / f"{backend}{threads}.h5")
            self.succeed("scaling", "fit", "runs.csv", "--resamples", 50, "--backend", backend,
                         "--threads", threads, "-o", files[-1])
        with h5py.File(files[0]) as first:
            for path in files[1:]:
                with h5py.File(path) as other:
                    self.assertEqual(sorted(first), sorted(other))
                    for name in first:
                        self.assertEqual(first[name].attrs.get("sha256"),
                                         other[name].attrs.get("sha256"), (path.name, name))
        self.assertNotEqual(self.fit("runs.csv", "--resamples", 50, "--seed", 2)["numbers"],
                            self.fit("runs.csv", "--resamples", 50)["numbers"])

    def test_xarray_reads_it(self):
        self.write_runs()
        self.fit("runs.csv", "--resamples", 20, "-o", "law.h5")
        with xarray.open_dataset(self.folder / "law.h5", engine="h5netcdf") as data:
            self.assertEqual(data.resample_constants.dims, ("resample", "constant"))
            value = data.estimate.sel(number="alpha").item()
            spread = data.resample_constants.sel(constant="alpha").std(ddof=1).item()
            self.assertAlmostEqual(data.standard_error.sel(number="alpha").item(), spread)
            self.assertLess(data.interval.sel(number="alpha", bound="low").item(), value)
            self.assertEqual(data.parameters_estimate.sel(budget=1e26).dims, ())

    def test_other_commands_say_what_it_is(self):
        self.write_runs()
        self.fit("runs.csv", "--resamples", 0, "-o", "law.h5")
        self.refuse("show", "law.h5", says="the result of flopsieve scaling fit")
        self.refuse("show", "runs.csv")

    def test_a_stop_leaves_nothing(self):
        self.write_runs()
        before = self.listing()
        process = self.start("scaling", "fit", "runs.csv", "--resamples", 1_000_000, "-o", "law.h5")
        self.assertFalse(self.wait_for(lambda: process.poll() is not None, seconds=2))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED)
        self.assertIn(b"stopped; nothing was written", stderr)
        self.assertEqual(self.listing(), before)

    def test_a_fit_is_replaced_and_another_file_is_not(self):
        self.write_runs()
        self.fit("runs.csv", "--resamples", 0, "-o", "law.h5")
        self.fit("runs.csv", "--resamples", 20, "-o", "law.h5")
        with h5py.File(self.folder / "law.h5") as file:
            self.assertEqual(len(file["resample"]), 20)
        self.refuse("scaling", "fit", "runs.csv", "-o", "runs.csv",
                    says="exists and is no result of flopsieve scaling fit")
        self.refuse("scaling", "fit", "runs.csv", "-o", "nowhere/law.h5", says="there is no folder")
        self.refuse("scaling", "fit", "runs.csv", "-o", ".", says="a folder")


class OptimaTest(ScalingFitTest):
    def test_approach_2_against_numpy(self):
        """Parabolas by numpy.polyfit, and the line through their minima."""
        generator = np.random.default_rng(3)
        rows, minima = [], []
        for flop in (6e18, 3e19, 1e20, 6e20, 3e21):
            n = 10.0 ** (0.5 * np.log10(flop) - 1.2 + np.linspace(-0.7, 0.6, 11))
            loss = 2.5 + 0.3 * (np.log10(n) - 0.5 * np.log10(flop) + 1.2) ** 2
            loss += 0.004 * generator.standard_normal(11)
            second, first, _ = np.polyfit(np.log10(n), loss, 2)
            minima.append((np.log10(flop), -first / second / 2.0))
            rows += list(zip(n, np.full(11, flop), loss))
        self.write("levels.csv", table(dict(zip(("N", "C", "loss"), np.transpose(rows)))))
        fit = self.fit("levels.csv", "--approach", 2, "--resamples", 100)
        slope, at_zero = np.polyfit(*np.transpose(minima), 1)
        numbers = fit["numbers"]
        self.assertAlmostEqual(numbers["parameters_exponent"]["value"], slope, places=8)
        self.assertAlmostEqual(numbers["tokens_exponent"]["value"], 1.0 - slope, places=8)
        for point, (_, log10_n) in zip(fit["optima"]["points"], minima):
            self.assertAlmostEqual(np.log10(point["parameters"]), log10_n, places=8)
        for budget in fit["budgets"]:
            self.assertAlmostEqual(np.log10(budget["parameters"]["value"]),
                                   at_zero + slope * np.log10(budget["flop"]), places=7)
        self.assertLess(numbers["parameters_exponent"]["low"], slope)
        self.assertGreater(numbers["parameters_exponent"]["high"], slope)

    def test_approach_1_against_numpy(self):
        """The envelope by numpy.interp at the same budgets, and the line through it."""
        a, b, e, alpha, beta = TRUTH
        curves, rows = [], []
        for i, n in enumerate(np.geomspace(1e7, 1e11, 40)):
            d = np.geomspace(0.5, 300.0, 60) * n
            loss = np.exp(e) + np.exp(a) / n**alpha + np.exp(b) / d**beta
            curves.append((n, np.log(6.0 * n * d), loss))
            rows += [(n, x, y, i) for x, y in zip(d, loss)]
        self.write("curves.csv", table(dict(zip(("N", "D", "loss", "run"), np.transpose(rows)))))
        fit = self.fit("curves.csv", "--approach", 1, "--resamples", 50)
        ends = np.concatenate([curve[1] for curve in curves])
        x, y = [], []
        for at in np.linspace(ends.min(), ends.max(), 1500):
            reached = [(np.interp(at, c, loss), n) for n, c, loss in curves
                       if c[0] <= at <= c[-1]]
            best = min(reached)[1]
            if min(reached, key=lambda r: r[1])[1] < best < max(reached, key=lambda r: r[1])[1]:
                x.append(at / np.log(10.0))
                y.append(np.log10(best))
        slope, _ = np.polyfit(x, y, 1)
        self.assertAlmostEqual(fit["numbers"]["parameters_exponent"]["value"], slope, delta=1e-3)
        self.assertAlmostEqual(fit["optima"]["used"], len(x), delta=3)  # ends, by rounding
        self.assertEqual(fit["optima"]["compared"], "40 training curves")

    def test_data_that_do_not_allow_them(self):
        self.write_runs()
        self.refuse("scaling", "fit", "runs.csv", "--approach", 1,
                    says="approach 1 needs training curves")
        self.refuse("scaling", "fit", "runs.csv", "--approach", 2, says="approach 2")


class ReportTest(ScalingFitTest):
    def test_csv_has_the_numbers_of_json(self):
        self.write_runs()
        arguments = ("--resamples", 30)
        fit = self.fit("runs.csv", *arguments)
        text = self.succeed("scaling", "fit", "runs.csv", *arguments, "--format", "csv").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        for row in rows:
            if row["kind"] == "number":
                number = fit["numbers"].pop(row["name"])
            else:
                budget, = [each for each in fit["budgets"] if each["flop"] == float(row["flop"])]
                number = budget[row["name"]]
            for name, value in number.items():
                self.assertEqual(float(row[name]), value)
        self.assertEqual(fit["numbers"], {})
        self.assertEqual(len(rows), 10 + 3 * 3)

    def test_the_table_says_what_was_left_out_and_what_the_starts_did(self):
        self.write_runs()
        text = self.succeed("scaling", "fit", "runs.csv", "--drop-highest", 3,
                            "--resamples", 40).stdout
        for words in ("57 rows", "Left out: the 3 highest losses", "of 4,500 descents",
                      "The optimum lies inside the grid of starts.", "Bootstrap: 40 resamples of "
                      "rows, seed 1; 0 failed", "Residuals of ln L", "90 % interval"):
            self.assertIn(words, text)
        text = self.succeed("scaling", "fit", "runs.csv", "--resamples", 0).stdout
        self.assertIn("No resamples were asked for", text)

    def test_documented_names(self):
        """jobs/FITS.md names every field of JSON, every dataset and every attribute."""
        page = document("jobs/FITS.md")
        self.write_runs()
        fit = self.fit("runs.csv", "--resamples", 20, "-o", "law.h5")
        fields = set()

        def walk(value, path):
            if isinstance(value, dict) and path not in ("numbers", "example"):
                for name, each in value.items():
                    fields.add(name)
                    walk(each, name)
            elif isinstance(value, dict):
                walk(next(iter(value.values())), "entry")
            elif isinstance(value, list) and value:
                walk(value[0], path)
        walk(fit, "")
        quoted = set(re.findall(r"[\w.\[\]]+", " ".join(re.findall(r"`([^`]+)`", page))))
        quoted = {part for each in quoted for part in re.split(r"[.\[\]]+", each)}
        self.assertEqual(fields - quoted, set())
        with h5py.File(self.folder / "law.h5") as file:
            self.assertEqual(set(file) - quoted, set())
            self.assertEqual(set(file.attrs) - quoted, set())


class RefusalTest(ScalingFitTest):
    def test_options(self):
        self.write_runs()
        for option, value, says in (
                ("--approach", "4", "--approach: 1, 2 or 3"),
                ("--resamples", "1", "--resamples: 0, or from 2"),
                ("--resamples", "-5", "--resamples: 0, or from 2"),
                ("--interval", "1", "--interval: a probability"),
                ("--delta", "0", "--delta: from"),
                ("--delta", "nan", "--delta: from"),
                ("--delta", "2", "--delta: from 1e-6 to 1,"),
                ("--budgets", "1e20,-1", "--budgets: a number from 1 to 1e+40"),
                ("--levels", "1e20", "--levels: goes with --approach 2"),
                ("--drop-highest", "60", "--drop-highest: must be from 0 to 59"),
                ("--drop-highest", "-1", "--drop-highest: must be"),
                ("--backend", "gpu", "gpu"),
                ("--seed", "-1", "is not a whole number from 0"),
                ("-o", "", "the value is empty"),
                ("--loss-column", "tokens", "runs.csv:1: one column for two"),
                ("--format", "xml", "xml"),
                ("--loss-column", "los", "runs.csv:1: no column \"los\"; did you mean \"loss\"?")):
            with self.subTest(option=option, value=value):
                self.refuse("scaling", "fit", "runs.csv", option, value, says=says)

    def test_data(self):
        for text, says in (
                ("n,d,loss\n", "bad.csv: no rows"),
                ("", "bad.csv:1: the file is empty"),
                ("n,loss\n1,2\n", "bad.csv:1: no column of tokens or FLOP"),
                ("n,d,loss\n1,2,3\n0,2,3\n", "bad.csv:3: n is \"0\"; a positive number is needed"),
                ("n,d,loss\n1,2,3\n1,2,-3\n", "bad.csv:3: loss is \"-3\""),
                ("n,d,loss\n1,2,3\n1,x,3\n", "bad.csv:3: d is \"x\""),
                ("n,d,loss\n1,2\n", "bad.csv:2: this record has 2 fields"),
                ("n,d,loss\n1,2,4\n" + "1,2,3\n" * 4, "bad.csv: 5 rows"),
                ("n,d,loss\n1,2,4\n" + "1,2,3\n" * 8, "bad.csv: 1 different numbers of parameters"),
                ("n,d,loss\n" + "1,2,3\n" * 9, "bad.csv: all losses are 3"),
                ("n,d,loss\n1,2,3\n0.5,2,3\n", "bad.csv:3: 0.5 parameters; at least 1"),
                ("n,c,loss\n9,2,3\n", "bad.csv:2: 0.037037 tokens; at least 1"),
                ("n,d,loss\n1,2,1e7\n", "bad.csv:2: a loss of 1e+07")):
            with self.subTest(text=text):
                self.write("bad.csv", text)
                self.refuse("scaling", "fit", "bad.csv", says=says)
        self.refuse("scaling", "fit", "absent.csv", says="absent.csv: cannot be opened")


if __name__ == "__main__":
    unittest.main()
