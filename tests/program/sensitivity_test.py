#!/usr/bin/env python3
"""`flopsieve sensitivity`: closed-form indices of the Ishigami and the Sobol g function, openturns on the
same samples where it is installed, and definitions written in numpy."""

import csv
import io
import json
import re
import shlex
import unittest

import h5py
import numpy as np

from documents import document, flattened, names, tables
from harness import SMALL_JOB, Refusal, edited
from sensitivity_oracles import (FUNCTIONS, G, g_function, jansen, morris, partial_correlations,
                                 pawn, saltelli, slices_of)
from sweep_file import write_sweep

METRIC = "cumulative(1e26, 2028)"


def keys(columns):
    """Settings in an order that is not that of their names."""
    return {f"key.{'zyxwvu'[i]}": columns[:, i] for i in range(columns.shape[1])}


class SensitivityTest(Refusal):
    def sweep(self, design, settings, output, name="sweep.h5", **options):
        write_sweep(self.folder / name, design, settings, output, **options)
        return name

    def analyse(self, file, *arguments, of=METRIC):
        shown = json.loads(self.succeed("sensitivity", file, "--of", of, "--json",
                                        *arguments).stdout)
        metric, = shown["metrics"]
        return metric

    def indices(self, metric, name):
        """{input: index}."""
        return {each["input"]: each["indices"][name] for each in metric["inputs"]}

    def values(self, metric, name, settings):
        found = self.indices(metric, name)
        return np.array([found[key]["value"] for key in settings])


class SobolTest(SensitivityTest):
    def test_closed_forms(self):
        """Errors beyond 5 standard errors of the estimator, which 300 designs of numpy's give: of 14
        normal numbers one is so far off in 1e5 tests."""
        rows = 2000
        for name, (function, low, high, d, closed) in FUNCTIONS.items():
            generator = np.random.default_rng(20)
            estimates = np.array([jansen(function(saltelli(rows, d, low, high, generator)), rows, d)
                                  for _ in range(300)])
            errors = estimates.std(axis=0, ddof=1)
            design = saltelli(rows, d, low, high, generator)
            settings = keys(design)
            metric = self.analyse(self.sweep("saltelli", settings, function(design)))
            self.assertEqual((metric["measure"], metric["used"], metric["left_out"]),
                             ("sobol", rows, 0))
            self.assertIsNone(metric["noise_share"])
            for order, index in enumerate(("first_order", "total")):
                found = self.values(metric, index, settings)
                with self.subTest(function=name, index=index):
                    self.assertLess(np.max(np.abs(found - closed[order]) / errors[order]), 5.0)
                    np.testing.assert_allclose(found, jansen(function(design), rows, d)[order],
                                               rtol=1e-9, atol=1e-12)
            ranks = [each["input"] for each in metric["inputs"]]
            self.assertEqual(ranks, [list(settings)[i] for i in np.argsort(-closed[1])])

    def test_intervals_cover_the_closed_form(self):
        """Of 60 designs, by the binomial law: 48 or fewer with probability 2e-5 at 95 %."""
        function, low, high, d, closed = FUNCTIONS["ishigami"]
        generator = np.random.default_rng(21)
        covered = np.zeros((2, d))
        for _ in range(60):
            design = saltelli(400, d, low, high, generator)
            settings = keys(design)
            metric = self.analyse(self.sweep("saltelli", settings, function(design)))
            for order, index in enumerate(("first_order", "total")):
                found = self.indices(metric, index)
                covered[order] += [found[key]["low"] <= value <= found[key]["high"]
                                   for key, value in zip(settings, closed[order])]
        self.assertGreater(covered.min(), 48, covered)

    def test_openturns_on_the_same_sample(self):
        try:
            import openturns
        except ImportError:
            self.skipTest("python3-openturns is not installed")
        for name, (function, low, high, d, _) in FUNCTIONS.items():
            generator = np.random.default_rng(22)
            rows = 1000
            design = saltelli(rows, d, low, high, generator)
            output = function(design)
            settings = keys(design)
            metric = self.analyse(self.sweep("saltelli", settings, output))
            other = openturns.JansenSensitivityAlgorithm(
                openturns.Sample(design), openturns.Sample(output[:, None]), rows)
            for index, theirs in (("first_order", other.getFirstOrderIndices()),
                                  ("total", other.getTotalOrderIndices())):
                ours = self.values(metric, index, settings)
                with self.subTest(function=name, index=index):
                    # They divide by the variance of A alone, we by that of A and B.
                    a, b = output[:rows], output[rows:2 * rows]
                    scale = np.var(a) / np.var(np.concatenate([a, b]))
                    theirs = np.array(theirs)
                    theirs = 1.0 - (1.0 - theirs) * scale if index == "first_order" else theirs * scale
                    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=2e-3)

    def test_a_variant_without_a_result_drops_its_base_row(self):
        function, low, high, d, _ = FUNCTIONS["ishigami"]
        rows = 200
        design = saltelli(rows, d, low, high, np.random.default_rng(23))
        output = function(design)
        settings = keys(design)
        status = ["ok"] * len(output)
        broken = [5, rows + 17, 2 * rows + 17, 4 * rows + 60]  # base rows 5, 17 (twice), 60
        for variant in broken:
            status[variant] = "infeasible: the total cannot be met"
        output[broken] = 0.0  # not nan: the status decides
        metric = self.analyse(self.sweep("saltelli", settings, output, status=status))
        self.assertEqual((metric["used"], metric["left_out"]), (197, 3))
        kept = np.delete(output.reshape(d + 2, rows), [5, 17, 60], axis=1)
        for order, index in enumerate(("first_order", "total")):
            np.testing.assert_allclose(self.values(metric, index, settings),
                                       jansen(kept.ravel(), 197, d)[order], rtol=1e-9)
        text = self.succeed("sensitivity", "sweep.h5", "--of", METRIC).stdout
        self.assertIn("197 base rows (3 left out, for want of a result)", text)

    def test_noise_of_the_metric_is_told_and_inflates_total_indices(self):
        """Independent noise of the output's own variance: total indices grow by the share of the
        noise, within 5 standard errors of the mean of 2000 squared differences (about 0.03)."""
        function, low, high, d, closed = FUNCTIONS["g"]
        generator = np.random.default_rng(24)
        rows = 2000
        design = saltelli(rows, d, low, high, generator)
        exact = function(design)
        error = exact.std()
        output = exact + generator.normal(0.0, error, exact.size)
        settings = keys(design)
        for of in (METRIC, "cumulative(1e26, 2028, mean)", "acceptance(2028)"):
            metric = self.analyse(self.sweep("saltelli", settings, output, error=error,
                                             common=False), of=of)
            self.assertAlmostEqual(metric["noise_share"], error**2 / output.var(ddof=1), places=9)
            share = metric["noise_share"]
            np.testing.assert_allclose(self.values(metric, "total", settings),
                                       closed[1] * (1.0 - share) + share, rtol=0.0, atol=0.15)
            self.assertGreater(self.indices(metric, "total")["key.w"]["low"], 0.3)
        text = self.succeed("sensitivity", "sweep.h5", "--of", METRIC).stdout
        self.assertRegex(text, r"Monte Carlo noise: about 5\d % of the variance, which no input "
                               r"explains and which adds about that much to every total index\.")
        self.sweep("saltelli", settings, output, error=error)
        text = self.succeed("sensitivity", "sweep.h5", "--of", METRIC).stdout
        self.assertRegex(text, r"Monte Carlo noise: at most 5\d % of the variance; less, as variants "
                               r"share random numbers\.")


class MorrisTest(SensitivityTest):
    def test_effects_of_the_g_function(self):
        """On the design's own points by numpy, and the order of the closed-form total indices. Keys
        are a rising function of the unit cube, as quantiles of a range are."""
        generator = np.random.default_rng(30)
        points, _ = morris(60, 4, generator)
        output = g_function(points)
        settings = keys(np.exp(3.0 * points))
        metric = self.analyse(self.sweep("morris", settings, output))
        self.assertEqual((metric["measure"], metric["used"]), ("morris", 60))
        effects = [[] for _ in G]
        for first in range(0, len(points), 5):
            for row in range(first + 1, first + 5):
                i, = np.flatnonzero(points[row] != points[row - 1])
                up = np.sign(points[row, i] - points[row - 1, i])
                effects[i].append(up * (output[row] - output[row - 1]))
        effects = np.array(effects)
        for name, expected in (("mu", effects.mean(axis=1)), ("mu_star", abs(effects).mean(axis=1)),
                               ("sigma", effects.std(axis=1, ddof=1))):
            np.testing.assert_allclose(self.values(metric, name, settings), expected, rtol=1e-9,
                                       atol=1e-12)
        self.assertEqual([each["input"] for each in metric["inputs"]], list(settings))
        for each in metric["inputs"]:
            index = each["indices"]["mu_star"]
            self.assertLess(index["low"], index["value"])
            self.assertLess(index["value"], index["high"])

    def test_a_linear_output_has_equal_effects(self):
        points, step = morris(10, 3, np.random.default_rng(31))
        metric = self.analyse(self.sweep("morris", keys(points), points @ [3.0, -1.0, 0.0]))
        settings = keys(points)
        np.testing.assert_allclose(self.values(metric, "mu", settings),
                                   [3.0 * step, -step, 0.0], atol=1e-12)
        np.testing.assert_allclose(self.values(metric, "sigma", settings), 0.0, atol=1e-12)

    def test_a_variant_without_a_result_drops_its_trajectory(self):
        points, _ = morris(10, 4, np.random.default_rng(32))
        status = ["ok"] * len(points)
        status[7] = status[9] = "gave up"
        metric = self.analyse(self.sweep("morris", keys(points), g_function(points), status=status))
        self.assertEqual((metric["used"], metric["left_out"]), (9, 1))


class RankTest(SensitivityTest):
    def test_against_the_definition_with_every_design(self):
        generator = np.random.default_rng(40)
        x = generator.uniform(size=(300, 3))
        grid = np.array(np.meshgrid(np.arange(5.0), np.arange(4.0), np.arange(3.0))).reshape(3, -1).T
        for design, points in (("latin_hypercube", x), ("sobol", x), ("csv", x), ("list", x),
                               ("grid", grid)):
            with self.subTest(design=design):
                output = np.exp(points @ [2.0, -0.7, 0.0]) + generator.uniform(size=len(points))
                settings = keys(points)
                metric = self.analyse(self.sweep(design, settings, output))
                prcc, srrc, r_squared = partial_correlations(points, output)
                self.assertEqual(metric["measure"], "rank")
                np.testing.assert_allclose(self.values(metric, "prcc", settings), prcc, rtol=1e-9,
                                           atol=1e-12)
                np.testing.assert_allclose(self.values(metric, "srrc", settings), srrc, rtol=1e-9,
                                           atol=1e-12)
                self.assertAlmostEqual(metric["r_squared"], r_squared, places=9)
                order = [list(settings)[i] for i in np.argsort(-abs(prcc))]
                self.assertEqual([each["input"] for each in metric["inputs"]], order)

    def test_intervals_cover_the_law(self):
        """Of 60 samples, by the binomial law: 48 or fewer with probability 2e-5 at 95 %. The law's
        own correlations are those of 400,000 points; the output is nearly a function of its inputs,
        where the scatter of ranks lowers correlations, and that of resamples once more."""
        generator = np.random.default_rng(44)

        def draw(rows):
            x = generator.uniform(size=(rows, 3))
            return x, x @ [1.0, 4.0, 0.0] + 0.1 * generator.normal(size=rows)
        x, y = draw(400_000)
        law = partial_correlations(x, y)
        covered = np.zeros((2, 3))
        for _ in range(60):
            x, y = draw(200)
            metric = self.analyse(self.sweep("latin_hypercube", keys(x), y))
            for order, index in enumerate(("prcc", "srrc")):
                found = self.indices(metric, index)
                covered[order] += [found[key]["low"] <= value <= found[key]["high"]
                                   for key, value in zip(keys(x), law[order])]
        self.assertGreater(covered.min(), 48, covered)

    def test_dependent_inputs_are_told_and_measured_by_pawn(self):
        generator = np.random.default_rng(41)
        x = generator.uniform(size=(200, 2))
        x[:, 1] = x[:, 0] + 0.2 * x[:, 1]
        name = self.sweep("csv", {"models.sd": x[:, 0], "models.mean": x[:, 1]}, x.sum(axis=1))
        metric = self.analyse(name)
        self.assertEqual(metric["measure"], "pawn")
        self.assertRegex(" ".join(metric["notes"]), r"models\.(mean|sd) and models\.(mean|sd) are not "
                                                    r"independent \(rank correlation 0\.9\d\)")
        self.refuse("sensitivity", name, "--of", METRIC, "--measure", "rank",
                    says="are not independent")
        self.refuse("sensitivity", self.sweep("zip", {"a": x[:50, 0], "b": x[:50, 1]}, x[:50, 0]),
                    "--of", METRIC, says=["not independent", "50 rows have a result; PAWN needs 60"])

    def test_what_has_no_rank_is_left_out_and_said(self):
        x = np.random.default_rng(42).uniform(size=(50, 2))
        status = ["ok"] * 48 + ["infeasible: no", "infeasible: no"]
        name = self.sweep("grid", {"a": x[:, 0], "sizes": np.array(["normal", "grid"] * 25, object),
                                   "still": np.full(50, 3.0), "b": x[:, 1]},
                          x @ [1.0, 2.0], status=status)
        metric = self.analyse(name)
        self.assertEqual([each["input"] for each in metric["inputs"]], ["b", "a"])
        self.assertEqual(metric["notes"], ["sizes is left out: its values are no numbers",
                                           "still is left out: it does not vary"])
        self.assertEqual((metric["used"], metric["left_out"], metric["unit"]), (48, 2, "variants"))

    def test_a_poor_regression_is_told(self):
        x = np.random.default_rng(43).uniform(-1.0, 1.0, size=(300, 2))
        name = self.sweep("sobol", keys(x), x[:, 0] ** 2)
        self.assertIn('too little to trust its order, use design = "saltelli"',
                      self.succeed("sensitivity", name, "--of", METRIC).stdout)


class PawnTest(SensitivityTest):
    def check(self, metric, inputs, output):
        """Indices exactly; noise floors, 95 % quantiles of 200 permutations, against 400 of numpy's:
        both are known to a few per cent, and 15 % is far outside."""
        generator = np.random.default_rng(50)
        for each in metric["inputs"]:
            slices = slices_of(inputs[each["input"]])
            expected = pawn(slices, output)
            floors = np.quantile([pawn(slices, generator.permutation(output)) for _ in range(400)],
                                 0.95, axis=0)
            for name, value, floor in zip(("median", "maximum"), expected, floors):
                found = each["indices"][name]
                self.assertAlmostEqual(found["value"], value, places=12)
                self.assertLess(abs(found["noise_floor"] / floor - 1.0), 0.15)

    def test_a_sweep_against_brute_force(self):
        generator = np.random.default_rng(51)
        x = np.column_stack([generator.uniform(size=500), generator.integers(0, 4, 500)])
        output = np.floor(9.0 * x[:, 0] ** 2 + x[:, 1])
        metric = self.analyse(self.sweep("grid", keys(x), output), "--measure", "pawn")
        self.check(metric, keys(x), output)

    def test_the_survivors_of_a_run_against_brute_force(self):
        self.write("job.toml", edited("trajectories = 300", "trajectories = 600"))
        self.succeed("run", "job.toml", "-q")
        with h5py.File(self.folder / "job.h5") as file:
            counts = file["counts/by_trajectory"][:]
            values = file["statistics/by_trajectory"][:]
            statistics = file["statistic"].asstr()[:]
            base = file["counts/cumulative_base"][1]
        inputs = {f"{statistic} in {year}": values[:, y, s]
                  for y, year in enumerate((2024, 2025)) for s, statistic in enumerate(statistics)}
        for of, output in (("cumulative(1e25, 2025)", counts[:, :2, 1].sum(axis=1) + base),
                           ("counts(1e25, 2025)", counts[:, 1, 1])):
            with self.subTest(of=of):
                metric = self.analyse("job.h5", of=of)
                self.assertEqual(metric["measure"], "pawn")
                self.assertEqual(metric["used"], len(counts))
                self.assertAlmostEqual(metric["mean"], output.mean())
                self.assertEqual({each["input"] for each in metric["inputs"]}, set(inputs))
                self.check(metric, inputs, output.astype(float))
        text = self.succeed("sensitivity", "job.h5", "--of", "counts(1e25, 2025)").stdout
        self.assertIn("Inputs that go together share what one of them does.", text)

    def test_a_run_that_keeps_too_little_is_told_what_helps(self):
        self.write("job.toml", edited('keep = "samples"', 'keep = "index"'))
        self.succeed("run", "job.toml", "-q")
        said = self.refuse("sensitivity", "job.h5", "--of", "counts(1e25, 2025)",
                           says="keeps no statistics of single survivors")
        command = re.search(r"flopsieve (refilter \S+ --set \S+)", said)[1].split()
        self.succeed(*command, "-q", "-o", "more.h5")
        self.assertEqual(self.analyse("more.h5", of="counts(1e25, 2025)")["measure"], "pawn")


class CommandTest(SensitivityTest):
    def settings(self, rows=100, seed=60):
        return keys(np.random.default_rng(seed).uniform(size=(rows, 2)))

    def linear(self, settings):
        return np.column_stack(list(settings.values())) @ [1.0, 3.0]

    def test_every_kind_of_metric_finds_its_place(self):
        settings = self.settings()
        output = self.linear(settings)
        name = self.sweep("sobol", settings, output)
        for of, mean in ((METRIC, output.mean()), ("cumulative(1e+26, 2028, 0.5)", output.mean()),
                         ("cumulative(1e26, 2028, mean)", output.mean()),
                         ("counts(1e26, 2028)", -output.mean()),
                         ("counts(1e26,2028,mean)", -output.mean()),
                         ("acceptance(2028)", output.mean())):
            metric = self.analyse(name, of=of)
            self.assertAlmostEqual(metric["mean"], mean)
            self.assertGreater(metric["r_squared"], 0.95)
        self.assertNotAlmostEqual(self.analyse(name, of="cumulative(1e25, 2028)")["mean"],
                                  output.mean())

    def test_several_metrics_and_formats(self):
        settings = self.settings()
        name = self.sweep("sobol", settings, self.linear(settings))
        both = ("sensitivity", name, "--of", METRIC, "--of", "acceptance(2028)")
        shown = json.loads(self.succeed(*both, "--format", "json").stdout)
        self.assertEqual([each["metric"] for each in shown["metrics"]], [METRIC, "acceptance(2028)"])
        self.assertEqual((shown["file"], shown["kind"], shown["design"],
                          shown["common_random_numbers"]), (name, "sweep", "sobol", True))
        rows = list(csv.DictReader(io.StringIO(self.succeed(*both, "--format", "csv").stdout)))
        for metric in shown["metrics"]:
            for each in metric["inputs"]:
                for index, expected in each["indices"].items():
                    row, = (row for row in rows if (row["metric"], row["input"], row["index"]) ==
                            (metric["metric"], each["input"], index))
                    self.assertEqual((row["measure"], int(row["rank"])), ("rank", each["rank"]))
                    for column in ("value", "low", "high"):
                        self.assertEqual(float(row[column]), expected[column])
        self.assertEqual(len(rows), 2 * 2 * 2)
        text = self.succeed(*both).stdout
        self.assertEqual(text.count("rank correlations\n"), 2)
        value = shown["metrics"][0]["inputs"][0]["indices"]["prcc"]["value"]
        self.assertIn(f"  key.y  {value:.3f} [", text)
        self.assertEqual(text, self.succeed(*both).stdout)

    def test_a_table_for_people_shows_thirty_inputs(self):
        x = np.random.default_rng(62).uniform(size=(100, 32))
        name = self.sweep("sobol", {f"k{i}": x[:, i] for i in range(32)}, x.sum(axis=1))
        text = self.succeed("sensitivity", name, "--of", METRIC).stdout
        self.assertEqual(len(re.findall(r"^  k\d+ ", text, re.MULTILINE)), 30)
        self.assertIn("\n  and 2 more; --format csv and json list all\n", text)
        self.assertEqual(len(self.analyse(name)["inputs"]), 32)

    def test_a_measure_that_the_design_has_not_is_refused(self):
        settings = self.settings()
        output = self.linear(settings)
        for design, measure, says in (
                ("grid", "sobol", 'need a sweep with design = "saltelli"; this is a sweep with design = '
                                  '"grid", which gives: rank, pawn'),
                ("sobol", "morris", 'need a sweep with design = "morris"'),
                ("saltelli", "rank", 'design = "saltelli", which gives: sobol'),
                ("morris", "pawn", 'design = "morris", which gives: morris')):
            self.refuse("sensitivity", self.sweep(design, settings, output), "--of", METRIC,
                        "--measure", measure, says=says)
        self.refuse("sensitivity", "sweep.h5", "--of", METRIC, "--measure", "sobel",
                    says='must be one of sobol, morris, rank, pawn; did you mean "sobol"?')

    def test_rows_that_are_not_the_design_are_refused(self):
        settings = self.settings(rows=100)
        output = self.linear(settings)
        self.refuse("sensitivity", self.sweep("saltelli", settings, output), "--of", METRIC,
                    says='not in the order of design = "saltelli"')
        self.refuse("sensitivity", self.sweep("morris", settings, output), "--of", METRIC,
                    says='not in the order of design = "morris": 100 rows are no whole multiple of 3')

    def test_results_that_say_nothing_are_refused(self):
        settings = self.settings()
        output = self.linear(settings)
        same = self.sweep("grid", settings, np.full(100, 7.0))
        self.refuse("sensitivity", same, "--of", METRIC,
                    says=f"{METRIC} is the same (7) in all rows: no input moves it")
        none = self.sweep("grid", settings, output, status=["infeasible: no"] * 100)
        self.refuse("sensitivity", none, "--of", METRIC, says="no row has a result")
        still = self.sweep("grid", {"a": np.ones(100)}, output)
        self.refuse("sensitivity", still, "--of", METRIC, says="no input varies")
        few = self.sweep("grid", keys(np.column_stack(list(settings.values()))[:4]), output[:4])
        self.refuse("sensitivity", few, "--of", METRIC,
                    says="4 rows have a result; rank correlations of 2 inputs need 5")
        design = saltelli(9, 2, 0.0, 1.0, np.random.default_rng(61))
        self.refuse("sensitivity", self.sweep("saltelli", keys(design), design.sum(axis=1)), "--of",
                    METRIC, says="9 of 9 base rows have a result everywhere; Sobol indices need 10")

    def test_metrics_that_are_not_there_are_refused(self):
        settings = self.settings()
        name = self.sweep("grid", settings, self.linear(settings))
        for of, says in (("cumulative(1e27, 2028)", "has no threshold 1e27; it has 1e25, 1e26"),
                         ("cumulative(1e26, 2030)", "has no year 2030; it has 2027, 2028"),
                         ("cumulative(1e26, 2028, 0.9)", "has no quantile 0.9; it has 0.05, 0.5, 0.95"),
                         ("cumulatve(1e26, 2028)", 'did you mean "cumulative"?')):
            self.refuse("sensitivity", name, "--of", of, says=says)
        self.refuse("sensitivity", name, says="--of is required")
        self.write("job.toml", SMALL_JOB)
        self.succeed("run", "job.toml", "-q")
        for of, says in (("acceptance(2024)", "a run has one acceptance a year"),
                         ("counts(1e25, 2024, mean)", "leave out the third argument"),
                         ("counts(1e25, 2023)", "has no year 2023; it has 2024, 2025, 2026")):
            self.refuse("sensitivity", "job.h5", "--of", of, says=says)

    def test_files_that_are_no_results_are_refused(self):
        self.write("text.h5", "no HDF5")
        self.refuse("sensitivity", "text.h5", "--of", METRIC, says="text.h5: not an HDF5 file")
        self.refuse("sensitivity", "none.h5", "--of", METRIC, says="none.h5: no such file")
        settings = self.settings()
        name = self.sweep("grid", settings, self.linear(settings))
        with h5py.File(self.folder / name, "r+") as file:
            del file.attrs["complete"]
        self.refuse("sensitivity", name, "--of", METRIC, says="not the result of a finished flopsieve sweep")


class DocumentTest(SensitivityTest):
    """jobs/SENSITIVITY.md."""

    tables = tables(document("jobs/SENSITIVITY.md"))

    def test_fields_of_the_json(self):
        generator = np.random.default_rng(70)
        x = generator.uniform(size=(100, 2))
        found = set()
        for arguments in ((), ("--measure", "pawn")):
            name = self.sweep("sobol", keys(x), x.sum(axis=1))
            shown = json.loads(self.succeed("sensitivity", name, "--of", METRIC, "--json",
                                            *arguments).stdout)
            found |= flattened(shown, "", {"index": {"prcc", "srrc", "median", "maximum"}})
        stated = {name for row in self.tables["`--format json`"] for name in names(row[0])}
        self.assertEqual(found, stated)

    def test_the_example_is_what_the_program_prints(self):
        example = document("jobs/SENSITIVITY.md").split("## Example")[1].split("## ")[0]
        lines = [line[4:] for line in example.splitlines() if line.startswith("    ")]
        commands = [line[2:] for line in lines if line.startswith("$ ")]
        self.assertEqual(len(commands), 2)
        for command in commands:
            printed = self.succeed(*shlex.split(command)[1:]).stdout
        shown = [line for line in lines if not line.startswith("$ ")]
        self.assertEqual(printed.splitlines()[:len(shown)], shown)
        self.assertRegex(printed, r"  count in 2027 +0\.197 \(")
        self.assertEqual(len(re.findall(r"\*  \S+ \(noise \S+\)\*", printed)), 20)

    def test_every_measure_and_index_is_described(self):
        designs = {"saltelli": saltelli(20, 2, 0.0, 1.0, np.random.default_rng(71)),
                   "morris": morris(5, 2, np.random.default_rng(72))[0],
                   "sobol": np.random.default_rng(73).uniform(size=(100, 2))}
        rows = {names(row[0])[0]: row for row in self.tables["Which measure when"]}
        for measure, design in (("sobol", "saltelli"), ("morris", "morris"), ("rank", "sobol"),
                                ("pawn", "sobol")):
            points = designs[design]
            metric = self.analyse(self.sweep(design, keys(points), points @ [1.0, 2.0]),
                                  "--measure", measure)
            self.assertEqual(metric["measure"], measure)
            self.assertEqual(set(metric["inputs"][0]["indices"]), set(names(rows[measure][-1])))
        self.assertEqual(len(rows), 4)


if __name__ == "__main__":
    unittest.main()
