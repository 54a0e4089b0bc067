"""The documents against the program: engine/FORMAT.md and jobs/README.md say what is there, all of
it, and nothing else. The tables are read as a person reads them; names come from the program's
files and messages."""

import json
import re
import signal
import tomllib
import unittest

import h5py
import numpy

from harness import BAD_INPUT, INTERRUPTED, SOURCE, ProgramTest, edited as edit

JOB = edit('keep = "samples"', 'keep = "samples:50"')
KEEPS = ["summary", "index", "statistics", "samples"]


def edited(old, new, text=JOB):
    return edit(old, new, text)

def document(name):
    return (SOURCE / name).read_text(encoding="utf-8")


def tables(text):
    """The rows of all tables below each heading: {heading: [[cell, ...], ...]}."""
    found, heading, in_code, header = {}, "", False, True
    for line in text.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        if in_code:
            continue
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            header = True
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if header:
            header = False
        elif not re.fullmatch(r"-+", cells[0]):
            found.setdefault(heading, []).append(cells)
    return found


def names(cell):
    """The names in backquotes; one that starts with a point replaces the last step of the first."""
    result = []
    for name in re.findall(r"`([^`]+)`", cell):
        result.append(result[0].rsplit(".", 1)[0] + name if name.startswith(".") else name)
    return result


def type_name(item):
    """A dataset's or attribute's type as FORMAT.md spells it."""
    kind = getattr(item, "dtype", None)
    return "string" if kind is None or kind.kind == "O" else str(kind)


def datasets(file):
    found = []
    file.visititems(lambda name, item: found.append("/" + name)
                    if isinstance(item, h5py.Dataset) else None)
    return found


def dimension_names(file, path):
    """Names of the scales of each dimension. A scale that is neither the dataset itself nor in its
    group nor at the root is given by its whole path."""
    dataset = file[path]
    if h5py.h5ds.is_scale(dataset.id):
        return [path.rsplit("/", 1)[1]]
    result = []
    for dimension in dataset.dims:
        scales = [dimension[i].name for i in range(len(dimension))]
        group = path.rsplit("/", 1)[0]
        inside = len(scales) == 1 and scales[0].rsplit("/", 1)[0] in ("", group)
        result.append(scales[0].rsplit("/", 1)[1] if inside else " and ".join(scales))
    return result


class FormatTest(ProgramTest):
    """engine/FORMAT.md."""

    tables = tables(document("engine/FORMAT.md"))

    def run_job(self, keep):
        self.write("job.toml", edited('keep = "samples:50"', f'keep = "{keep}"'))
        self.succeed("run", "job.toml", "-q", "-o", f"{keep.replace(':', '')}.h5")
        return h5py.File(self.folder / f"{keep.replace(':', '')}.h5", "r")

    def expected(self, statistics, headings):
        """{path: row} of the tables below these headings, with STATISTIC put in."""
        rows = {}
        for heading, table in self.tables.items():
            if not any(heading.startswith(start) for start in headings):
                continue
            for row in table:
                path, = names(row[0])
                for name in statistics if "STATISTIC" in path else [""]:
                    rows[path.replace("STATISTIC", name)] = [
                        cell.replace("STATISTIC", name) for cell in row]
        return rows

    result_headings = ("Scales of the root", "`/")

    def check_datasets(self, file, rows):
        self.assertEqual(sorted(datasets(file)), sorted(rows))
        for path, row in rows.items():
            with self.subTest(dataset=path):
                dataset = file[path]
                self.assertEqual(type_name(dataset), row[1])
                self.assertEqual(dimension_names(file, path), row[2].split(", "))
                self.assertEqual(dataset.ndim, len(row[2].split(", ")))
                if row[3] != "of the statistic":
                    self.assertEqual(dataset.attrs.get("units", "-"), row[3])
                documented = {"sha256", "units", "long_name", "CLASS", "NAME", "DIMENSION_LIST",
                              "REFERENCE_LIST", *re.findall(r"attribute `(\w+)`", row[-1])}
                self.assertLessEqual(set(dataset.attrs), documented)
                self.assertEqual("sha256" in dataset.attrs,
                                 "dimension without coordinates" not in row[-1])

    def test_every_dataset_is_described_as_it_is_with_every_keep(self):
        for keep in [*KEEPS, "samples:50"]:
            with self.subTest(keep=keep), self.run_job(keep) as file:
                level = KEEPS.index(keep.split(":")[0])
                rows = self.expected(file["statistic"].asstr()[:], self.result_headings)
                rows = {path: row for path, row in rows.items() if KEEPS.index(row[4]) <= level}
                if keep == "samples:50":
                    del rows["/statistics/by_trajectory"]
                self.check_datasets(file, rows)

    def test_every_attribute_of_the_root_is_described(self):
        with self.run_job("summary") as file:
            rows = {names(row[0])[0]: row for row in self.tables["Attributes of the root"]}
            self.assertEqual(sorted(file.attrs), sorted(rows))
            for name, row in rows.items():
                self.assertEqual(type_name(file.attrs[name]), row[1], name)

    def test_parts_are_described(self):
        self.write("job.toml", edited('keep = "samples:50"', 'keep = "samples"',
                                      edited("trajectories = 300",
                                             "trajectories = 100_000\nbatch_trajectories = 4")))
        process = self.start("run", "job.toml", "-q")
        folder = self.folder / "job.h5.parts"
        self.assertTrue(self.wait_for(lambda: list(folder.glob("part-*-0of1.h5"))))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), INTERRUPTED)
        part = min(folder.glob("part-*.h5"))
        self.assertRegex(part.name, r"^part-\d+-\d+-0of1\.h5$")
        image = part.read_bytes()
        self.assertEqual(image[-48:-40], b"FLOPSEAL")
        self.assertEqual(int.from_bytes(image[-40:-32], "little"), len(image) - 48)
        with h5py.File(part, "r") as file:
            self.assertEqual(sorted(file.attrs), ["format_version", "identity", "kind"])
            statistics = ["count", "total", "largest_share", "skewness"]
            rows = self.expected(statistics, ("`/histograms", "`/batches"))
            own = self.expected(statistics, ("Datasets of a part",))
            self.check_datasets(file, {**rows, **own})

    def test_the_examples_run(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-q", "-o", "forecast.h5")
        examples = re.findall(r"```python\n(.*?)```", document("engine/FORMAT.md"), re.DOTALL)
        self.assertEqual(len(examples), 3)
        for example in examples:
            text = example.replace("forecast.h5", str(self.folder / "forecast.h5"))
            exec(text.replace("year=2028", "year=2026"), {"print": lambda *_: None})

    def test_ragged_samples_are_read_as_described(self):
        with self.run_job("samples:50") as file:
            end = numpy.cumsum(file["samples/row_size"][:])
            candidates = numpy.split(file["samples/log10_flop"][:], end[:-1])
            self.assertEqual(len(candidates), 50 * 3)
            counts = file["counts/by_trajectory"][:50].reshape(-1, 3)
            for sizes, row in zip(candidates, counts):
                self.assertTrue((numpy.diff(sizes) >= 0).all())
                above = [(sizes >= limit).sum() for limit in numpy.log10(file["threshold"][:])]
                self.assertEqual(above, list(row))


def flattened(value, path, kinds):
    """Paths of all leaves of a JSON value; keys that are data become [kind]."""
    if not isinstance(value, dict):
        return {path}
    result = set()
    for key, inner in value.items():
        kind = next((kind for kind, members in kinds.items() if key in members), None)
        step = f"[{kind}]" if kind else f".{key}" if path else key
        result |= flattened(inner, path + step, kinds)
    return result


class JobsTest(ProgramTest):
    """jobs/README.md."""

    text = document("jobs/README.md")
    tables = tables(text)

    def column(self, heading):
        return [name for row in self.tables[heading] for name in names(row[0])]

    def allowed(self, text, key="zzz"):
        """The keys that the program names when it meets an unknown one."""
        self.write("unknown.toml", text)
        done = self.flopsieve("config", "unknown.toml")
        self.assertEqual(done.returncode, BAD_INPUT, text)
        match = re.search(rf'unknown key "{key}".*allowed: (.*)', done.stderr)
        self.assertIsNotNone(match, done.stderr)
        return set(match.group(1).split(", "))

    def check_keys(self, heading, *jobs):
        known = set().union(*(self.allowed(job) for job in jobs))
        self.assertEqual(known, set(self.column(heading)))

    def test_every_toml_example_is_a_job(self):
        examples = re.findall(r"```toml\n(.*?)```", self.text, re.DOTALL)
        self.assertGreater(len(examples), 0)
        for example in examples:
            self.write("example.toml", example)
            self.succeed("check", "example.toml")

    def test_it_is_short_enough_to_be_read(self):
        self.assertLess(len(self.text.splitlines()), 300)

    def test_top_level_keys(self):
        self.check_keys("Top level", "zzz = 1\n" + JOB)

    def test_total_keys(self):
        by_table = re.sub(r"\[total\].*?\n\n", '[total]\nzzz = 1\nmodel = "table"\n'
                          "log10_flop = 26\n\n", JOB, flags=re.DOTALL)
        self.check_keys("`[total]`", edited("[total]", "[total]\nzzz = 1"), by_table)

    def test_models_keys(self):
        self.check_keys("`[models]`", edited("[models]", "[models]\nzzz = 1"))

    def test_trend_keys(self):
        fit = ("{ zzz = 1, centre = 2020, intercept = 3, slope = 0, residual_variance = 0.1, "
               "intercept_factor = 0.4, slope_factor = 0.2, degrees_of_freedom = 5 }")
        self.check_keys("`exponential_trend`",
                        edited("{ uniform = [20, 80] }", f"{{ exponential_trend = {fit} }}"))

    def test_money_keys(self):
        self.check_keys("`[money]`", edited("[outputs]", "[money]\nzzz = 1\n\n[outputs]"))

    def test_constraint_keys(self):
        self.check_keys("`[[constraint]]`", edited("max = 0.5", "max = 0.5\nzzz = 1"),
                        edited("min = 0.05\nmax = 0.5", 'from = "calibration"\nzzz = 1'))

    def test_outputs_keys(self):
        self.check_keys("`[outputs]`", edited("[outputs]", "[outputs]\nzzz = 1"))

    def test_input_keys(self):
        def job(distribution):
            return edited("mean = { uniform = [22, 27] }", f"mean = {{ {distribution} }}")
        known = self.allowed(job("normal = [{ input = \"sd\", zzz = 1 }, 1]"))
        for distribution in ("normal = [22, 1]", "lognormal = [3, 1]", "uniform = [22, 23]",
                             "loguniform = [22, 23]", "triangular = [22, 23, 24]",
                             "interval90 = [22, 23]", 'from = "calibration"'):
            known |= self.allowed(job(distribution + ", zzz = 1"))
        self.write("none.toml", job("zzz = 1"))
        message = self.flopsieve("config", "none.toml").stderr
        laws = re.search(r"allowed: (.*), or one entry per year", message).group(1).split(", ")
        self.assertEqual(known | set(laws), set(self.column("Inputs")))

    def test_defaults(self):
        """The defaults that the tables state are those of the resolved job."""
        bare = JOB
        for line in ("title", "seed", "trajectories", "attempts", "quantiles", "statistics", "keep",
                     "train_share", "noise", "usage_multiplier"):
            bare = re.sub(rf"(?m)^{line} = .*\n", "", bare)
        self.write("bare.toml", bare)
        resolved = tomllib.loads(self.succeed("config", "bare.toml").stdout)
        self.assertNotIn("title", resolved)
        for heading, found in (("Top level", resolved), ("`[total]`", resolved["total"]),
                               ("`[money]`", resolved["money"]),
                               ("`[outputs]`", resolved["outputs"])):
            for row in self.tables[heading]:
                keys, defaults = names(row[0]), row[2].replace('"', "").split(", ")
                for key, default in zip(keys, defaults):
                    if re.fullmatch(r"[0-9.e]+", default) and len(defaults) == len(keys):
                        self.assertEqual(found[key], float(default), key)
        self.assertEqual(resolved["outputs"]["keep"], "index")
        stated = {names(row[0])[0]: row[2] for row in self.tables["`[outputs]`"]}
        self.assertEqual(", ".join(resolved["outputs"]["statistics"]), stated["statistics"])
        self.assertEqual(", ".join(map(str, resolved["outputs"]["quantiles"])),
                         stated["quantiles"])

    def test_statistics(self):
        self.write("job.toml", edited('"skewness"]', '"zzz"]'))
        message = self.flopsieve("config", "job.toml").stderr
        known = re.search(r'unknown statistic "zzz"; allowed: (.*)', message).group(1).split(", ")
        listed = self.column("Statistics")
        self.assertEqual(sorted(name.split("(")[0] for name in known),
                         sorted(name.split("(")[0] for name in listed))
        self.assertEqual({name.split("(")[0] for name in known if "(" in name},
                         {name.split("(")[0] for name in listed if "(" in name})

    def test_every_listed_statistic_can_be_asked_for(self):
        asked = [re.sub(r"\(\w\)", "(1)", name) for name in self.column("Statistics")]
        self.write("job.toml", edited('["count", "total", "largest_share", "skewness"]',
                                      json.dumps(asked)))
        self.succeed("config", "job.toml")

    def test_a_statistic_is_reported_once(self):
        self.write("job.toml", edited('"skewness"]', '"count"]'))
        done = self.flopsieve("run", "job.toml")
        self.assertEqual(done.returncode, BAD_INPUT, done.stderr)
        self.assertIn("outputs.statistics names count twice", done.stderr)

    def test_constraints_that_the_calibration_knows(self):
        knows = re.search(r"`from` knows: (.*?)\.\n", self.text, re.DOTALL).group(1)
        knows = re.split(r",\s+", knows)
        for name in self.column("Statistics"):
            asked = re.sub(r"\(\w\)", "(1)", name)
            self.write("job.toml", edited('"largest_share"\nmin = 0.05\nmax = 0.5',
                                          f'"{asked}"\nfrom = "calibration"'))
            done = self.flopsieve("config", "job.toml")
            self.assertEqual(done.returncode == 0, asked in knows, asked)

    def test_fields_of_show(self):
        self.write("job.toml", edited("2024-2026", "2023-2026"))  # 2023 is observed
        shown = json.loads(self.succeed("run", "job.toml", "-q", "--json").stdout)
        kinds = {"year": {str(year) for year in shown["years"]},
                 "threshold": set(shown["counts"]["per_year"]["2024"]),
                 "quantile": {str(q) for q in shown["quantiles"]},
                 "name": set(shown["acceptance"]["2024"]["constraints"]) - {"largest_share"}}
        shown["acceptance"] = {year: {**each, "constraints": {
            "mean_prior": each["constraints"]["mean_prior"]}}
            for year, each in shown["acceptance"].items()}
        kinds["statistic"] = set(shown["statistics"]["2024"])
        self.assertEqual(flattened(shown, "", kinds),
                         set(self.column("`show --format json`")))

    def test_fields_of_calibrate(self):
        """On made-up models: four a year, a hundred times larger from one year to the next."""
        rows = ["Model,Publication date,Training compute (FLOP),Notability criteria"]
        for year in (2021, 2022):
            rows += [f"Model {year} {i},{year}-0{i}-01,{i}e{2 * year - 4020},cited"
                     for i in (1, 2, 4, 8)]
        self.write("models.csv", "\n".join(rows) + "\n")
        printed = json.loads(self.succeed("calibrate", "models.csv", "--years", "2021-2022",
                                          "--json", "-o", "made.toml").stdout)
        listed = set(self.column("`calibrate`: the calibration file and `--json`"))
        self.assertEqual(flattened(printed, "", {"year": {"2021", "2022"}}), listed)
        made = tomllib.loads((self.folder / "made.toml").read_text())
        made["years"] = {"2021": made.pop("year")[0]}
        self.assertEqual(made["years"]["2021"].pop("year"), 2021)
        self.assertEqual(flattened(made, "", {"year": {"2021"}}), listed)

    def test_exit_codes(self):
        listed = set(re.findall(r"(?:^|; |;\n|\n)(\d+) [a-z]",
                                self.text.split("## Exit codes")[1]))
        footer = self.succeed("--help").stdout.split("Exit codes:")[1]
        self.assertEqual(listed, set(re.findall(r"\b(\d+) [a-z]", footer)))


if __name__ == "__main__":
    unittest.main()
