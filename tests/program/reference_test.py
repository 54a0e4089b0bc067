#!/usr/bin/env python3
"""jobs/REFERENCE.md against the program: it says what is there, all of it, and nothing else. Names
come from the program's messages and output, and from the lists of names in engine/parameters.cpp."""

import json
import re
import tomllib
import unittest

import h5py

from documents import document, names, tables, tables_with_titles
from harness import BAD_INPUT, SOURCE, ProgramTest, edited

JOB = edited('keep = "samples"', 'keep = "index"')
REFERENCE = document("jobs/REFERENCE.md")
ROWS = tables(REFERENCE)
BY_TITLE = tables_with_titles(REFERENCE)
GROWTH = "base_year = 2023\nbase_flop = 1e26\ngrowth = 3"

# The keys, besides those of a table itself, with which each model or law is complete.
TOTALS = {"growth": GROWTH, "table": "log10_flop = 26",
          "tapering": GROWTH + "\nfinal_growth = 2\ntime_constant = 3",
          "saturating": "base_year = 2023\nlog10_base = 26\nslope = 0.3\nlog10_limit = 30",
          "trend": 'fit = "calibration"', "state_space": "", "implied": ""}
LAWS = {"normal": "mean = {}\nsd = 1",
        "skew_normal": "mean = {}\nsd = 1\nskewness = 0",
        "skew_normal by its own": "location = {}\nscale = 1\nshape = 1",
        "student_t": "location = {}\nscale = 1\ndegrees_of_freedom = 4",
        "mixture": "location = {}\nweights = [1, 1]\nmeans = [0, 1]\nsds = [1, 1]",
        "empirical": "mean = {}\nsd = 1",
        "truncated_normal": "mean = 24\nsd = 1\nlower = 20\nupper = 27",
        "uniform": "lower = 20\nupper = 27",
        "grid": "lower = 20\nupper = 27",
        "power_law": "gradient = 1\nsmallest = 20\nlargest = 26",
        "allocation": "largest_share = 0.1\ngradient = 1\nsmallest = -6"}
COUNTS = {"poisson": "{{ poisson = {} }}",
          "negative_binomial": "{{ negative_binomial = {{ mean = {}, size = 5 }} }}"}
FIT = ("centre = 2020, intercept = 3, slope = 0, residual_variance = 0.1, intercept_factor = 0.4, "
       "slope_factor = 0.2, degrees_of_freedom = 5")
KINK = ("weight = 1, knot = 2020, coefficients = [50, 1, 1], factor = [1, 0, 1, 0, 0, 1], "
        "residual_variance = 1, degrees_of_freedom = 3")


def with_total(model, keys=None):
    body = TOTALS[model] if keys is None else keys
    return re.sub(r"\[total\].*?\n\n", f'[total]\nmodel = "{model}"\n{body}\n\n', JOB,
                  flags=re.DOTALL)


def with_models(law, match=None, keys=None, count="50"):
    """A job with this law of sizes; keys: in place of those in LAWS."""
    body = (LAWS[law] if keys is None else keys).replace("{}", "{ normal = [24, 1] }")
    allocation = law == "allocation"
    if not allocation:
        body += f"\ncount = {count}"
    match = match or ("none" if allocation else "reject")
    return re.sub(r"\[models\].*?\n\n",
                  f'[models]\nsizes = "{law.split()[0]}"\n{body}\nmatch = "{match}"\n\n', JOB,
                  flags=re.DOTALL)


def replaced(keys, name, value):
    """The keys with one of them set."""
    rest = [line for line in keys.splitlines() if not line.startswith(name + " =")]
    return "\n".join([*rest, f"{name} = {value}"])


def column(heading, title=None):
    """The names in the first column of the tables below a heading, or of the one so titled."""
    return [name for titles, rows in BY_TITLE[heading] if title in (None, titles[0])
            for row in rows for name in names(row[0])]


def listed_names(enumeration):
    """What engine/parameters.cpp calls the values of an enumeration."""
    source = (SOURCE / "engine/parameters.cpp").read_text()
    body = re.search(rf"name\({enumeration} \w+\) {{.*?\[\] = {{(.*?)}};", source, re.DOTALL)
    return set(re.findall(r'"(\w+)"', body.group(1)))


class Reference(ProgramTest):
    def config(self, text):
        self.write("job.toml", text)
        return self.flopsieve("config", "job.toml")

    def resolved(self, text):
        done = self.config(text)
        self.assertEqual(done.returncode, 0, text + done.stderr)
        return tomllib.loads(done.stdout)

    def allowed(self, text):
        """The keys that the program names when it meets the unknown key zzz."""
        done = self.config(text)
        self.assertEqual(done.returncode, BAD_INPUT, text)
        match = re.search(r'unknown key "zzz".*allowed: (.*)', done.stderr)
        self.assertIsNotNone(match, done.stderr)
        return set(match.group(1).split(", "))

    def check_keys(self, heading, *jobs):
        known = set().union(*(self.allowed(job) for job in jobs))
        self.assertEqual(known, set(column(heading)))


class Keys(Reference):
    def test_top_level(self):
        # `backtest` is read before the job of each origin is.
        self.assertEqual(self.allowed("zzz = 1\n" + JOB) | {"backtest"},
                         set(column("Top level")))

    def test_precision(self):
        self.check_keys("`precision`", "precision = { absolute = 1, zzz = 1 }\n" + JOB)

    def test_total(self):
        self.assertEqual(listed_names("TotalModel"), set(TOTALS))
        self.assertEqual(column("`[total]`", "`model`"), list(TOTALS))
        rows = next(rows for titles, rows in BY_TITLE["`[total]`"] if titles[0] == "key")
        for model in TOTALS:
            with self.subTest(model):
                stated = {key for row in rows for key in names(row[0])
                          if row[1] == "all" or model in row[1].split(", ")}
                self.assertEqual(self.allowed(with_total(model, TOTALS[model] + "\nzzz = 1")),
                                 stated)

    def test_models_and_laws(self):
        self.assertEqual(listed_names("SizeFamily"), {law.split()[0] for law in LAWS})
        rows = ROWS["Laws of sizes"]
        laws = [row for row in rows if len(row) == 4]
        self.assertEqual(sorted(names(row[0])[0] for row in laws),
                         sorted(law.split()[0] for law in LAWS))
        for law, keys in LAWS.items():
            row = next(row for row in laws if names(row[0])[0] == law.split()[0]
                       and ("`shape`" in row[1]) == ("shape" in keys))
            with self.subTest(law):
                known = self.allowed(with_models(law, keys=keys + "\nzzz = 1"))
                # A normal law refuses `skewness` with a message of its own.
                if law == "normal":
                    known.remove("skewness")
                stated = set(column("`[models]`"))
                self.assertEqual(known | {"count", "tolerance"}, stated | set(names(row[1])))
                fitting = [match for match in ("reject", "shift", "last", "rescale", "none")
                           if self.config(with_models(law, match)).returncode == 0]
                self.assertEqual(", ".join(fitting), row[2])

    def test_an_implied_total_leaves_nothing_to_match(self):
        for law in LAWS:
            job = re.sub(r"\[total\].*?\n\n", '[total]\nmodel = "implied"\n\n',
                         with_models(law, "none"), flags=re.DOTALL)
            self.assertEqual(self.config(job).returncode == 0, law != "allocation", law)

    def test_counts(self):
        stated = re.findall(r"\w+", " ".join(name for name in column("Number of models")))
        stated = set(stated) - {"INPUT", "FIT", "mean", "size"}
        self.assertEqual(stated, listed_names("CountModel") - {"input"})
        for count in ("50", "{ poisson = 50 }", '{ linear_trend = "calibration" }',
                      '{ exponential_trend = "calibration" }', '{ kinked_trend = "calibration" }',
                      f"{{ linear_trend = {{ {FIT} }} }}", f"{{ kinked_trend = [{{ {KINK} }}] }}",
                      '{ negative_binomial = { mean = 50, size = 2 } }', '"state_space"'):
            self.resolved(with_models("normal", count=count))

    def test_matches(self):
        self.assertEqual(listed_names("Match"), set(column("Matching")))
        for match in ("reject", "shift", "last", "rescale"):
            self.write("job.toml", with_models("normal", match))
            self.succeed("run", "job.toml", "-q", "--trajectories", 2, "--set", "attempts=20000",
                         "--set", "years=2024", "-o", f"{match}.h5")
            row = next(row for row in ROWS["Matching"] if names(row[0])[0] == match)
            with h5py.File(self.folder / f"{match}.h5") as file:
                self.assertEqual(file.attrs["result_class"],
                                 "biased" if "biased" in row[2] else "exact")

    def test_trends(self):
        for key in ("exponential_trend", "linear_trend"):
            self.check_keys("`exponential_trend`, `linear_trend`, `fit`",
                            with_models("normal", count=f"{{ {key} = {{ zzz = 1, {FIT} }} }}"))
        self.check_keys("`exponential_trend`, `linear_trend`, `fit`",
                        with_total("trend", f"fit = {{ zzz = 1, {FIT} }}"))
        self.check_keys("`kinked_trend`", with_models(
            "normal", count=f"{{ kinked_trend = [{{ zzz = 1, {KINK} }}] }}"))

    def test_kernel(self):
        self.check_keys("`kernel`", with_models("empirical", keys=LAWS["empirical"] + (
            "\nkernel = { zzz = 1, centres = [0, 1], weights = [1, 1], bandwidth = 1 }")))

    def test_state_space(self):
        series = column("`[state_space]`")[1:]
        table = "[state_space]\nlast_year = 2023\n" + "".join(
            f"{key} = {{ observed = [1, 2, 3], standard_error = [1, 1, 1] }}\n" for key in series)
        self.check_keys("`[state_space]`", edited("[outputs]", table + "zzz = 1\n\n[outputs]"))
        self.resolved(edited("[outputs]", table + "\n[outputs]", with_total("state_space")))

    def test_money_scaling_and_outputs(self):
        for table in ("money", "scaling"):
            self.check_keys(f"`[{table}]`", edited("[outputs]", f"[{table}]\nzzz = 1\n\n[outputs]"))
        self.check_keys("`[outputs]`", edited("[outputs]", "[outputs]\nzzz = 1"))
        self.check_keys("`frontier`",
                        edited("[outputs]", "[outputs]\nfrontier = { widths = [1], zzz = 1 }"))

    def test_scaling_laws(self):
        stated = re.findall(r'`"([\w=-]+)"`', REFERENCE[REFERENCE.index("## `[scaling]`"):
                                                   REFERENCE.index("## `[[constraint]]`")])
        done = self.config(edited("[outputs]", '[scaling]\nlaw = "zzz"\n\n[outputs]'))
        self.assertEqual(re.findall(r'"([^"]+)"', done.stderr.split("allowed: ")[1]), stated)
        for law in stated:
            law = law.replace("=X", "=17")
            self.resolved(edited("[outputs]", f'[scaling]\nlaw = "{law}"\n\n[outputs]'))

    def test_constraints(self):
        def constraint(body):
            return edited("min = 0.05\nmax = 0.5", body)
        self.check_keys(
            "`[[constraint]]`",
            *(constraint(body + "\nzzz = 1") for body in (
                "min = 0.05\nmax = 0.5", 'from = "calibration"', 'relative_to = "count"\nmax = 1',
                "ratio_to_previous_year = { min = 0.5, max = 2 }",
                "soft = { normal = [0.1, 0.1] }", "soft = { below = [0.1, 0.2] }")))
        self.assertEqual(self.allowed(constraint("ratio_to_previous_year = { zzz = 1, min = 1 }")),
                         {"min", "max"})
        self.assertEqual(self.allowed(constraint("soft = { normal = [0.1, 0.1], zzz = 1 }")),
                         {"normal", "below", "scope"})
        soft = next(row[3] for row in ROWS["`[[constraint]]`"] if names(row[0]) == ["soft"])
        scopes = re.findall(r'`"(\w+)"`', soft)
        done = self.config(constraint('soft = { below = [0.1, 0.2], scope = "zzz" }'))
        self.assertEqual(sorted(re.findall(r'"(\w+)"', done.stderr)), sorted([*scopes, "zzz"]))
        default = self.resolved(constraint("soft = { below = [0.1, 0.2] }"))
        self.assertIn(f'`"{default["constraint"][0]["soft"]["scope"]}"` (default)', soft)

    def test_inputs(self):
        known = self.allowed(with_models(
            "normal", keys="mean = { normal = [{ input = \"sd\", zzz = 1 }, 1] }\nsd = 1"))
        laws = ("normal = [22, 1]", "lognormal = [3, 1]", "uniform = [22, 23]",
                "loguniform = [22, 23]", "triangular = [22, 23, 24]", "interval90 = [22, 23]",
                'from = "calibration"')
        for law in laws:
            known |= self.allowed(with_models(
                "normal", keys=f"mean = {{ {law}, zzz = 1 }}\nsd = 1"))
        done = self.config(with_models("normal", keys="mean = { zzz = 1 }\nsd = 1"))
        message = re.search(r"allowed: (.*), or one entry per year", done.stderr).group(1)
        self.assertEqual(known | set(message.split(", ")), set(column("Inputs")))

    def test_what_an_input_may_depend_on(self):
        stated = re.search(r"`input` may be: (.*)\.\n", REFERENCE).group(1)
        done = self.config(with_models("skew_normal", keys=(
            'mean = { normal = [{ input = "zzz" }, 1] }\nsd = 1\nskewness = 0')))
        known = re.search(r"allowed: (.*)", done.stderr).group(1).split(", ")
        self.assertEqual(names(stated), known)

    def test_sources_of_inputs(self):
        """`from` serves the parameters that the page names, and no others."""
        for law, keys in LAWS.items():
            for name in re.findall(r"^(\w+) =", keys, re.MULTILINE):
                works = self.config(with_models(law, keys=replaced(
                    keys, name, '{ from = "state_space" }'))).returncode == 0
                self.assertEqual(works, law in ("normal", "skew_normal", "empirical"),
                                 f"{law} {name}")

    def test_observed(self):
        shown = self.resolved(edited("[outputs]", "[observed]\n2023 = { 1e26 = 3 }\n"
                                     "2024 = { 1e25 = 20, 1e26 = 0 }\n\n[outputs]"))
        self.assertEqual(shown["outputs"]["cumulative_base"], [11, 4, 3])
        self.assertEqual(shown["observed"], {"2024": {"1e+25": 20, "1e+26": 0}})


    def test_backtest(self):
        job = edited("[outputs]", '[backtest]\norigins = "2021-2022"\nzzz = 1\n\n[outputs]',
                     re.sub(r"years = .*\n", "", JOB))
        self.write("job.toml", job)
        known = re.search(r'unknown key "zzz".*allowed: (.*)',
                          self.flopsieve("run", "job.toml").stderr).group(1)
        self.assertEqual(set(known.split(", ")), set(column("`[backtest]`")))


class Parameters(Reference):
    """The table of parameters: range, default and scope of each."""

    def cases(self):
        """(row, name, job with this value of the parameter) for every parameter."""
        rows = next(rows for titles, rows in BY_TITLE["Laws of sizes"] if titles[0] == "parameter")
        for row in rows:
            for name in names(row[0]):
                for of in row[1].split(", "):
                    yield row, name, of, self.job_with(name, of)

    def job_with(self, name, of):
        if of in TOTALS and name in ("noise", *re.findall(r"(\w+) =", TOTALS[of])):
            return lambda value: with_total(of, replaced(TOTALS[of], name, value))
        if of == "negative_binomial" and name == "size":
            return lambda value: with_models(
                "normal", count=f"{{ negative_binomial = {{ mean = 50, size = {value} }} }}")
        if of in COUNTS:
            return lambda value: with_models("normal", count=COUNTS[of].format(value))
        law = next(law for law, keys in LAWS.items() if law.split()[0] == of
                   and (name in re.findall(r"(\w+) =", keys) or name == "step"))
        if name in ("weights", "means", "sds"):
            return lambda value: with_models(law, keys=replaced(LAWS[law], name, f"[1, {value}]"))
        return lambda value: with_models(law, keys=replaced(LAWS[law], name, value))

    def range_of(self, job):
        """The bounds that the messages about 1e300 and -1e300 name."""
        bounds = {}
        for value in ("1e300", "-1e300"):
            stderr = self.config(job(value)).stderr
            for pattern, found in ((r"must be from (\S+) to (\S+),", ("low", "high")),
                                   (r"must be at least ([^,\s]+),", ("low",)),
                                   (r"must be at most ([^,\s]+),", ("high",))):
                match = re.search(pattern, stderr)
                if match:
                    bounds.update(zip(found, map(float, match.groups())))
        return bounds

    def stated_range(self, text):
        match = re.fullmatch(r"(any)|at least (\S+)|(\S+) to (\S+)", text)
        self.assertIsNotNone(match, text)
        _, least, low, high = match.groups()
        return {key: float(value) for key, value in (("low", least or low), ("high", high))
                if value is not None}

    def test_ranges(self):
        for row, name, of, job in self.cases():
            with self.subTest(f"{of} {name}"):
                known, stated = self.range_of(job), self.stated_range(row[2])
                self.assertEqual(known.keys(), stated.keys())
                for end in known:
                    self.assertAlmostEqual(known[end], stated[end], delta=1e-5 * abs(stated[end]))

    def test_defaults(self):
        for row, name, of, job in self.cases():
            with self.subTest(f"{of} {name}"):
                text = "\n".join(line for line in job("1").splitlines()
                                 if not line.startswith(name + " ="))
                done = self.config(text)
                if row[3] == "none" and of not in COUNTS:
                    self.assertIn(f'lacks "{name}"', done.stderr)
                elif of not in COUNTS:
                    resolved = tomllib.loads(done.stdout)
                    table = resolved["total" if of in TOTALS and name == "noise" else "models"]
                    self.assertEqual(table[name], float(row[3]))

    def test_scopes(self):
        values = {"lower": "20, 21", "upper": "26, 27", "largest_share": "0.1, 0.2",
                  "smallest": "20, 21", "largest": "26, 27", "noise": "0, 0.1"}
        for row, name, of, job in self.cases():
            with self.subTest(f"{of} {name}"):
                ends = values.get(name, "0.8, 0.9")
                ends = "-7, -6" if (of, name) == ("allocation", "smallest") else ends
                ends = "24, 25" if "any" in row[2] and name != "noise" else ends
                ends = "2, 3" if name == "degrees_of_freedom" else ends
                done = self.config(job(f"{{ uniform = [{ends}] }}"))
                self.assertEqual(done.returncode, 0, done.stderr)
                scopes = set(re.findall(rf'scope = "(\w+)", uniform = \[{re.escape(ends)}\]',
                                        done.stdout))
                self.assertEqual(scopes, {row[4]})

    def test_every_parameter_is_listed(self):
        """The lists of engine/parameters.cpp against the table, by name."""
        source = (SOURCE / "engine/parameters.cpp").read_text()
        known = set(re.findall(r'{"(\w+)", Stream::', source)) - {"count", "weight"}
        self.assertEqual(known | {"weights", "means", "sds"},
                         {name for _, name, _, _ in self.cases()})

    def test_bins(self):
        low, high, default = re.search(r"`bins` is an integer, (\d+) to (\d+), default (\d+)",
                                       REFERENCE).groups()
        done = self.config(with_models("allocation", keys=LAWS["allocation"] + "\nbins = 0"))
        self.assertIn(f"models.bins must be from {low} to {high}", done.stderr)
        self.assertEqual(self.resolved(with_models("allocation"))["models"]["bins"], int(default))


class Defaults(Reference):
    def test_defaults(self):
        """The defaults that the tables state are those of the resolved job."""
        bare = edited("[outputs]", "[outputs]\nfrontier = { widths = [1] }")
        for line in ("title", "seed", "trajectories", "attempts", "quantiles", "statistics", "keep",
                     "train_share", "noise", "usage_multiplier"):
            bare = re.sub(rf"(?m)^{line} = .*\n", "", bare)
        resolved = self.resolved(bare)
        self.assertNotIn("title", resolved)
        compared = 0
        for heading, found, at in (("Top level", resolved, 2),
                                   ("`[total]`", resolved["total"], 3),
                                   ("`[money]`", resolved["money"], 2),
                                   ("`[outputs]`", resolved["outputs"], 2),
                                   ("`frontier`", resolved["outputs"]["frontier"], 2)):
            for row in ROWS[heading]:
                keys = names(row[0])
                defaults = row[at].replace('"', "").split(", ") if len(row) > at else []
                for key, default in zip(keys, defaults):
                    if re.fullmatch(r"[0-9.e]+", default) and len(defaults) == len(keys):
                        self.assertEqual(found[key], float(default), key)
                        compared += 1
        self.assertGreater(compared, 8)
        stated = {names(row[0])[0]: row[2] for row in ROWS["`[outputs]`"]}
        self.assertEqual(resolved["outputs"]["keep"], stated["keep"].strip('"'))
        for key in ("statistics", "quantiles"):
            self.assertEqual(", ".join(map(str, resolved["outputs"][key])), stated[key])

    def test_start_of_the_frontier(self):
        job = edited("[outputs]", "[outputs]\nfrontier = { widths = [1] }")
        start = [self.resolved(edited("2024-2026", years, job))["outputs"]["frontier"]["start"]
                 for years in ("2024-2026", "2023-2026")]
        calibration = tomllib.loads((SOURCE / "jobs/calibration.toml").read_text())
        self.assertEqual(start, [calibration["frontier_start"], "none"])

    def test_tokens_per_parameter(self):
        """20 tokens per parameter are the line that the resolved job writes out."""
        line = self.resolved(JOB)["scaling"]
        self.assertEqual(self.resolved(edited(
            "[outputs]", "[scaling]\ntokens_per_parameter = 20\n\n[outputs]"))["scaling"], line)
        self.assertAlmostEqual(10 ** line["at_one_flop"], (6 * 20) ** -0.5, places=12)

    def test_tolerance(self):
        stated = next(row[2] for row in ROWS["`[models]`"] if "`tolerance`" in row[0])
        for match in ("reject", "last"):
            self.assertEqual(self.resolved(with_models("normal", match))["models"]["tolerance"],
                             float(stated))


class Statistics(Reference):
    def known(self):
        message = self.config(edited('"skewness"]', '"zzz"]')).stderr
        return re.search(r'unknown statistic "zzz"; allowed: (.*)', message).group(1).split(", ")

    def test_names(self):
        known, listed = self.known(), column("Statistics")
        self.assertEqual(sorted(name.split("(")[0] for name in known),
                         sorted(name.split("(")[0] for name in listed))
        self.assertEqual({name.split("(")[0] for name in known if "(" in name},
                         {name.split("(")[0] for name in listed if "(" in name})

    def test_every_listed_statistic_can_be_asked_for_and_has_its_unit(self):
        asked = [re.sub(r"\(\w\)", "(1)", name) for name in column("Statistics")]
        units = [unit for row in ROWS["Statistics"] for unit in row[1].split(", ")]
        self.write("job.toml", edited(
            '["count", "total", "largest_share", "skewness"]', json.dumps(asked), edited(
                "[outputs]", "[money]\nrevenue = { lognormal = [18, 3] }\n\n[outputs]")))
        shown = self.succeed("run", "job.toml", "-q", "--trajectories", 20).stdout
        for name, unit in zip(asked, units, strict=True):
            label = name if unit == "1" else f"{name} ({unit})"
            self.assertRegex(shown, rf"(?m)^ *{re.escape(label)}  ", label)

    def test_a_statistic_is_reported_once(self):
        done = self.config(edited('"skewness"]', '"count"]'))
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        self.assertIn("outputs.statistics names count twice", done.stderr)

    def test_constraints_that_the_calibration_knows(self):
        knows = re.search(r"`from` knows: (.*?)\.\n", REFERENCE, re.DOTALL).group(1)
        knows = re.split(r",\s+", knows)
        for name in column("Statistics"):
            asked = re.sub(r"\(\w\)", "(1)", name)
            done = self.config(edited('"largest_share"\nmin = 0.05\nmax = 0.5',
                                      f'"{asked}"\nfrom = "calibration"'))
            self.assertEqual(done.returncode == 0, asked in knows, asked)


if __name__ == "__main__":
    unittest.main()
