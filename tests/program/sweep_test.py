#!/usr/bin/env python3
"""Jobs with [sweep]: jobs/SWEEPS.md against the program, the sweeps that ship, and what is wrong with
one. The designs themselves are tested in tests/jobs/sweep_design_test.cpp."""

import re
import tomllib
import unittest

from documents import document, names, tables_with_titles
from harness import BAD_INPUT, SMALL_JOB, SOURCE, ProgramTest, edited

PAGE = document("jobs/SWEEPS.md")
SWEEPS = SOURCE / "jobs" / "sweeps"
JOB = edited('keep = "samples"', 'keep = "summary"', edited("trajectories = 300", "trajectories = 40"))
SHIPPED = {"growth_share": 49, "gradient_smallest": 30, "count_skewness": 24, "ceiling": 17,
           "published": 9}
LAW = "models.sd = { uniform = [1.4, 1.6] }"
# A [sweep] of each design that the program takes, and how many variants it has.
DESIGNS = {
    "grid": ("", "models.sd = [1.4, 1.5]\nmodels.skewness = { from = -0.5, to = 0, points = 3 }", 6),
    "zip": ("", "models.sd = [1.4, 1.5]\nmodels.skewness = [0, -0.5]", 2),
    "list": ('[[sweep.list]]\n"models.sd" = 1.4\n', None, 1),
    "csv": ('csv = "settings.csv"\n', None, 3),
    "latin_hypercube": ("points = 5\nseed = 2\n", LAW, 5),
    "sobol": ("points = 5\nseed = 2\n", LAW, 5),
    "saltelli": ("points = 4\nseed = 2\n", LAW + "\nmodels.skewness = [0, -0.5]", 16),
    "morris": ("points = 3\nseed = 2\nlevels = 6\n", LAW, 6)}


def inline(value):
    """TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


class SweepTest(ProgramTest):
    def write_sweep(self, design, extra="", job=JOB):
        settings, keys, _ = DESIGNS[design]
        # Settings come first, for [[sweep.list]] begins a table of its own.
        body = f'[sweep]\ndesign = "{design}"\n{extra}{settings}'
        if keys is not None:
            body += f"[sweep.keys]\n{keys}\n"
        self.write("sweep.toml", job + body)
        self.write("settings.csv", "models.sd\n1.4\n1.5\n1.6\n")

    def refuse(self, text):
        self.write("sweep.toml", text)
        done = self.flopsieve("check", "sweep.toml")
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr.splitlines()


class Page(SweepTest):
    """jobs/SWEEPS.md."""

    found = tables_with_titles(PAGE)

    def table(self, heading, title):
        return next(rows for titles, rows in self.found[heading] if titles[0] == title)

    def test_keys_of_each_design(self):
        rows = self.table("`[sweep]`", "key")
        for design in DESIGNS:
            with self.subTest(design):
                self.write_sweep(design, extra="zzz = 1\n")
                message = self.flopsieve("check", "sweep.toml").stderr
                allowed = re.search(r'unknown key "zzz".*allowed: (.*)', message)
                self.assertIsNotNone(allowed, message)
                stated = {names(row[0])[0] for row in rows
                          if row[1] == "all" or design in row[1].split(", ")}
                self.assertEqual(set(allowed.group(1).split(", ")), stated)

    def test_designs(self):
        rows = self.table("`[sweep]`", "`design`")
        self.assertEqual([names(row[0])[0] for row in rows], list(DESIGNS))
        message, = self.refuse(JOB + '[sweep]\ndesign = "gird"\n')
        self.assertEqual(message.split("allowed: ")[1].split(", "), list(DESIGNS))
        for design, (_, _, variants) in DESIGNS.items():
            with self.subTest(design):
                self.write_sweep(design)
                shown = self.succeed("check", "sweep.toml").stdout
                self.assertIn(f"sweep: {design}, {variants} variants of 40 trajectories", shown)

    def test_keys_that_variants_have_in_common(self):
        paragraph = PAGE[PAGE.index("All variants have these in common"):]
        listed = names(paragraph[:paragraph.index(" and the names")])
        self.assertEqual(len(listed), 7)
        for name in listed:
            key = name.strip("[]")
            with self.subTest(key):
                message, = self.refuse(JOB + f'[sweep]\ndesign = "grid"\n[sweep.keys]\n"{key}" = [1]\n')
                self.assertIn(f"{key} cannot be swept: all variants have the same", message)

    def test_example(self):
        example, = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
        self.write("example.toml", example)
        self.assertIn("grid, 15 variants of 2,000 trajectories",
                      self.succeed("check", "example.toml").stdout)


class Shipped(SweepTest):
    def test_each_passes_its_check(self):
        self.assertEqual({path.stem for path in SWEEPS.glob("*.toml")}, set(SHIPPED))
        for name, variants in SHIPPED.items():
            with self.subTest(name):
                self.assertTrue((SWEEPS / f"{name}.toml").read_text().startswith("# "))
                done = self.succeed("check", SWEEPS / f"{name}.toml")
                self.assertIn(f", {variants} variants of ", done.stdout)
                self.assertNotIn("warning", done.stdout)
                self.assertIn("expected, from 8 variants: ", done.stdout)

    def test_published_scenarios_are_the_jobs_of_their_own(self):
        """Each entry, set by hand, is one of jobs/published/."""
        entries = tomllib.loads((SWEEPS / "published.toml").read_text())["sweep"]["list"]
        resolved = {}
        for entry in entries:
            title = entry.pop("title")
            options = [word for key, value in entry.items()
                       for word in ("--set", f"{key}={inline(value)}")]
            job = self.succeed("config", SOURCE / "jobs/published.toml", *options).stdout
            resolved[title] = job.split("\n", 1)[1]
        files = sorted((SOURCE / "jobs/published").glob("*.toml"))
        alone = {path.stem: self.succeed("config", path).stdout.split("\n", 1)[1] for path in files}
        alone["published"] = self.succeed("config", SOURCE / "jobs/published.toml").stdout.split(
            "\n", 1)[1]
        del alone["observed"]  # another report of the same draws
        self.assertEqual(sorted(resolved.values()), sorted(alone.values()))
        self.assertEqual(len(set(resolved.values())), len(resolved))


class Refusals(SweepTest):
    grid = '[sweep]\ndesign = "grid"\n[sweep.keys]\n'

    def test_all_invalid_variants_are_named(self):
        lines = self.refuse(JOB + self.grid + "models.sd = { from = -1, to = 1.9, points = 291 }\n")
        self.assertEqual(len(lines), 21)
        for variant, line in enumerate(lines[:20]):
            self.assertRegex(line, rf"^variant {variant}: sweep.toml:\d+: models.sd=-[\d.]+: "
                                   "models.sd must be from 0.001 to 20")
        self.assertEqual(lines[20], "flopsieve: 101 of 291 variants are invalid: 0-100")

    def test_invalid_variants_among_others(self):
        lines = self.refuse(JOB + self.grid + 'models.sd = [1, "wide", 1.5, -2, 0]\n')
        self.assertEqual([line.split(": ")[0] for line in lines[:-1]],
                         ["variant 1", "variant 3", "variant 4"])
        self.assertTrue(lines[-1].endswith("3 of 5 variants are invalid: 1, 3-4"))

    def test_infeasible_variants_are_a_warning(self):
        job = JOB + '[[constraint]]\nstatistic = "count"\nmin = 1\nmax = 100\n'
        self.write("sweep.toml", job + self.grid + "constraint.count.min = [1, 90]\n")
        shown = self.succeed("check", "sweep.toml").stdout
        self.assertIn("warning: 1 of 2 variants are infeasible", shown)
        self.assertIn("variant 1: infeasible: ", shown)

    def test_unknown_key(self):
        message, = self.refuse(JOB + self.grid + "models.sdd = [1, 2]\n")
        self.assertIn('unknown key "sdd" in [models]; did you mean "sd"?', message)

    def test_whole_table_in_a_list(self):
        message, = self.refuse(JOB + '[sweep]\ndesign = "list"\n[[sweep.list]]\nmodels.sd = 1.4\n')
        self.assertIn('dotted keys stand in quotes here: "models.KEY"', message)

    def test_samples(self):
        message, = self.refuse(SMALL_JOB + self.grid + "models.sd = [1, 2]\n")
        self.assertIn("flopsieve run JOB --set KEY=VALUE ... --set outputs.keep=samples", message)

    def test_commands_that_take_one_job(self):
        self.write("sweep.toml", JOB + self.grid + "models.sd = [1, 2]\n")
        done = self.flopsieve("config", "sweep.toml")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("a job with [sweep] is many runs; flopsieve run and check take it", done.stderr)

    def test_set_reaches_the_sweep(self):
        self.write("sweep.toml", JOB + '[sweep]\ndesign = "sobol"\npoints = 4\n[sweep.keys]\n' + LAW)
        shown = self.succeed("check", "sweep.toml", "--set", "sweep.points=9",
                             "--trajectories", 70).stdout
        self.assertIn("sobol, 9 variants of 70 trajectories", shown)
        self.assertRegex(shown, r"for \S*sweep-[0-9a-f]{8}\.h5")


if __name__ == "__main__":
    unittest.main()
