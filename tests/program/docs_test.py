"""The documents against the program: engine/FORMAT.md, jobs/README.md and jobs/REPORTS.md say what is
there, all of it, and nothing else. Names come from the program's files and output. jobs/REFERENCE.md
has a test of its own."""

import csv
import json
import re
import signal
import tomllib
import unittest

import h5py
import numpy

from documents import document, flattened, names, tables
from harness import INTERRUPTED, RICH_JOB, SMALL_JOB, SOURCE, ProgramTest, edited as edit

JOB = edit('keep = "samples"', 'keep = "samples:50"')
TILTED_JOB = """\
years = "2024"
trajectories = 400
attempts = 10_000

[total]
model = "table"
log10_flop = 25.8

[models]
count = 8
sizes = "truncated_normal"
mean = 23
sd = 1.2
lower = 20
upper = 26.7
match = "reject"
tolerance = 0.2
method = "{method}"

[[constraint]]
statistic = "mean"
min = 23.2

[[constraint]]
statistic = "skewness"
max = 0.5

[outputs]
thresholds = [1e23, 1e24]
cumulative_from = 2024
statistics = ["mean", "count"]
keep = "samples"
"""
KEEPS = ["summary", "index", "statistics", "samples"]
CONVENTIONS = ["before", "including"]


def edited(old, new, text=JOB):
    return edit(old, new, text)


def crc64_xz(content):
    """From the definition: ECMA-182's polynomial, lowest bit first."""
    table = list(range(256))
    for _ in range(8):
        table = [entry >> 1 ^ 0xC96C5795D7870F42 * (entry & 1) for entry in table]
    value = 2**64 - 1
    for byte in content:
        value = value >> 8 ^ table[(value ^ byte) & 255]
    return value ^ 2**64 - 1


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

    def run_job(self, keep, job=JOB):
        self.write("job.toml", re.sub('keep = ".*"', f'keep = "{keep}"', job))
        self.succeed("run", "job.toml", "-q", "-o", f"{keep.replace(':', '')}.h5")
        return h5py.File(self.folder / f"{keep.replace(':', '')}.h5", "r")

    def expected(self, statistics, headings, conditional=()):
        """{path: row} of the tables below these headings, with STATISTIC and CONVENTION put in;
        `conditional`: of what is only there if the job asks for it, what this one asks for."""
        rows = {}
        for heading, table in self.tables.items():
            if not any(heading.startswith(start) for start in headings):
                continue
            for row in table:
                path, = names(row[0])
                condition = "/frontier" if "/frontier" in heading else next(
                    iter(re.findall(r"only (?:with|where the job has) `([^`]+)`", row[-1])), "")
                if condition and condition not in conditional:
                    continue
                word = next((word for word in ("STATISTIC", "CONVENTION") if word in path), "")
                for name in {"STATISTIC": statistics, "CONVENTION": CONVENTIONS}.get(word, [""]):
                    rows[path.replace(word, name) if word else path] = [
                        cell.replace(word, name) if word else cell for cell in row]
        return rows

    result_headings = ("Scales of the root", "`/")

    def check_datasets(self, file, rows, hashed=True):
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
                                 hashed and "dimension without coordinates" not in row[-1])

    def test_every_dataset_is_described_as_it_is_with_every_keep(self):
        for keep in [*KEEPS, "samples:50"]:
            with self.subTest(keep=keep), self.run_job(keep) as file:
                level = KEEPS.index(keep.split(":")[0])
                rows = self.expected(file["statistic"].asstr()[:], self.result_headings)
                rows = {path: row for path, row in rows.items() if KEEPS.index(row[4]) <= level}
                if keep == "samples:50":
                    del rows["/statistics/by_trajectory"]
                self.check_datasets(file, rows)

    def test_a_file_with_everything_is_described(self):
        """Frontier counts, observed years, a soft constraint and a stop on precision."""
        with self.run_job("samples", RICH_JOB) as file:
            rows = self.expected(file["statistic"].asstr()[:], self.result_headings,
                                 ("/frontier", "[observed]"))
            self.check_datasets(file, rows)
            self.assertEqual(file.attrs["stopped_early"], 1)
            self.assertLess(file.attrs["trajectories"], 4_000)
            self.assertEqual(file["counts/observed"][:].tolist(),
                             [[-1, 20, 0], [-1, -1, -1], [-1, -1, -1]])
            self.assertEqual(set(file["counts/by_trajectory"][:, 0, 1]), {20})
            self.assertGreater(len(set(file["counts/by_trajectory"][:, 0, 0])), 1)

    def test_a_file_of_a_split_is_described(self):
        job = edited('match = "shift"', 'match = "shift"\nmethod = "split"',
                     edited("trajectories = 300", "trajectories = 4"))
        with self.run_job("samples", job) as file:
            rows = self.expected(file["statistic"].asstr()[:], self.result_headings, ("split",))
            self.check_datasets(file, rows)
            self.assertEqual(file.attrs["result_class"], "correlated")

    def test_files_of_tilted_candidates_are_described(self):
        for method in ("tilt", "truncate"):
            with self.subTest(method=method):
                self.write("job.toml", TILTED_JOB.format(method=method))
                self.succeed("run", "job.toml", "-q", "-o", f"{method}.h5")
                self.assertIn("P(sums in windows)", self.succeed("show", f"{method}.h5").stdout)
                with h5py.File(self.folder / f"{method}.h5", "r") as file:
                    rows = self.expected(file["statistic"].asstr()[:], self.result_headings,
                                         ("tilt",))
                    self.check_datasets(file, rows)
                    self.assertEqual(file.attrs["sampling_method"], method)
                    self.assertEqual(file.attrs["result_class"], "exact")
                    total, both = (file[f"acceptance/tilt_{name}"][0]
                                   for name in ("total_probability", "probability"))
                    self.assertTrue(0.0 < both <= total < 1.0, (total, both))

    def test_versions_are_stated(self):
        with self.run_job("summary") as file:
            for name in ("format_version", "sampling_version"):
                row = next(row for row in self.tables["Attributes of the root"]
                           if names(row[0]) == [name])
                self.assertIn(str(file.attrs[name]), row[-1] + document("engine/FORMAT.md")[:60])

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
        self.assertEqual(image[-24:-16], b"FLOPSEAL")
        self.assertEqual(int.from_bytes(image[-16:-8], "little"), len(image) - 24)
        self.assertEqual(int.from_bytes(image[-8:], "little"), crc64_xz(image[:-24]))
        with h5py.File(part, "r") as file:
            self.assertEqual(sorted(file.attrs), ["format_version", "identity", "kind"])
            statistics = ["count", "total", "largest_share", "skewness"]
            rows = self.expected(statistics, ("`/histograms", "`/batches"))
            own = self.expected(statistics, ("Datasets of a part",))
            self.check_datasets(file, {**rows, **own}, hashed=False)

    def test_the_examples_run(self):
        self.write("job.toml", JOB)
        self.succeed("run", "job.toml", "-q", "-o", "forecast.h5")
        examples = re.findall(r"```python\n(.*?)```", document("engine/FORMAT.md"), re.DOTALL)
        self.assertEqual(len(examples), 4)
        for example in examples:
            text = example.replace("forecast.h5", str(self.folder / "forecast.h5"))
            printed = []
            exec(text.replace("year=2028", "year=2026"), {"print": lambda *each: printed.append(each)})
            if "metadata_sha256" in text:
                self.assertEqual(printed, [(True,)])

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


class ReadmeTest(ProgramTest):
    """jobs/README.md."""

    text = document("jobs/README.md")

    def test_every_toml_example_is_a_job(self):
        examples = re.findall(r"```toml\n(.*?)```", self.text, re.DOTALL)
        self.assertGreater(len(examples), 1)
        for example in examples:
            self.write("example.toml", example)
            self.succeed("check", "example.toml")

    def test_pages_are_short_enough_to_be_read(self):
        for name in ("README", "REFERENCE", "REPORTS", "CLUSTER", "SWEEPS", "SENSITIVITY", "SCALING",
                     "FITS"):
            self.assertLessEqual(len(document(f"jobs/{name}.md").splitlines()), 350)

    def test_pages_name_files_that_exist(self):
        for name in ("README", "REFERENCE", "REPORTS", "CLUSTER", "SWEEPS", "SENSITIVITY", "SCALING",
                     "FITS"):
            for file in re.findall(r"`([\w./]+/[\w.]+\.(?:md|hpp|cpp|py))`",
                                   document(f"jobs/{name}.md")):
                self.assertTrue((SOURCE / file).exists() or (SOURCE / "jobs" / file).exists(), file)

    def test_every_job_that_ships_is_listed_with_its_question(self):
        folder = SOURCE / "jobs"
        shipped = {str(path.relative_to(folder)) for path in folder.rglob("*.toml")}
        rows = tables(self.text)["Jobs that ship"]
        self.assertEqual({name for row in rows for name in names(row[0])} | {"calibration.toml"},
                         shipped)

    def test_exit_codes(self):
        listed = set(re.findall(r"(?:^|; |;\n|\n)(\d+) [a-z]",
                                self.text.split("## Exit codes")[1]))
        footer = self.succeed("--help").stdout.split("Exit codes:")[1]
        self.assertEqual(listed, set(re.findall(r"\b(\d+) [a-z]", footer)))


class ReportsTest(ProgramTest):
    """jobs/REPORTS.md."""

    text = document("jobs/REPORTS.md")
    tables = tables(text)

    def column(self, heading):
        return {name for row in self.tables[heading] for name in names(row[0])}

    def job(self):
        """With a calibration year, which is observed, and frontier counts."""
        return edited("2024-2026", "2023-2026",
                      edited("[outputs]", '[outputs]\nfrontier = { widths = [0.7], start = "none" }'))

    @staticmethod
    def kinds(shown):
        numbers = {key: {f"{value:g}" for value in shown[key]} for key in ("thresholds", "quantiles")}
        return {"year": {str(year) for year in shown["years"]}, "threshold": numbers["thresholds"],
                "width": {"0.7"}, "quantile": numbers["quantiles"] | {"mean"},
                "statistic": set(shown["statistics"]["2024"])}

    def test_fields_of_show(self):
        self.write("job.toml", self.job())
        shown = json.loads(self.succeed("run", "job.toml", "-q", "--json").stdout)
        constraints = set(shown["acceptance"]["2024"]["constraints"])
        self.assertEqual(constraints, {"mean_prior", "largest_share"})
        # `largest_share` is the name of a statistic too.
        acceptance = {"acceptance": shown.pop("acceptance")}
        kinds = self.kinds(shown)
        found = flattened(shown, "", kinds) | flattened(
            acceptance, "", {"year": kinds["year"], "name": constraints})
        found = {path.replace("joint[name]", "joint[other]") for path in found}
        self.assertEqual(found, self.column("`show --format json`"))

    def test_fields_of_a_sweep(self):
        self.write("sweep.toml", edited('keep = "samples"', 'keep = "summary"', SMALL_JOB) + """
[sweep]
design = "list"
[[sweep.list]]
"models.sd" = 1.4
""")
        shown = json.loads(self.succeed("run", "sweep.toml", "-q", "--json").stdout)
        kinds = {"key": set(shown["rows"][0]["settings"]), "number": set(shown["rows"][0]["results"])}
        self.assertEqual(flattened(shown, "", kinds), self.column("`show` of a sweep"))
        both = json.loads(self.succeed("compare", "sweep.h5", "sweep.h5", "--format", "json").stdout)
        both["differing_keys"] = {"models.sd": ["1", "2"]}
        self.assertEqual(flattened(both, "", kinds), self.column("`compare` of sweeps"))

    def test_names_of_the_matching(self):
        """Under which name each match stands among the constraints."""
        stated = re.search(r"The first constraint is .*?: (.*)\.\n", self.text).group(1)
        stated = {match: name for name, match in re.findall(r"`(\w+)` \((\w+)\)", stated)}
        narrow = edited("uniform = [22, 27]", "uniform = [23, 24]", edited(
            "2024-2026", "2024", edited("attempts = 200", "attempts = 20_000")))
        for match in ("shift", "last", "reject", "rescale"):
            self.write("job.toml", edited('match = "shift"', f'match = "{match}"', narrow))
            shown = json.loads(self.succeed("run", "job.toml", "-q", "--json", "--trajectories", 20,
                                            "-o", f"{match}.h5").stdout)
            self.assertEqual(next(iter(shown["acceptance"]["2024"]["constraints"])),
                             stated.get(match, stated["else"]))

    def test_fields_of_compare(self):
        self.write("job.toml", self.job())
        self.succeed("run", "job.toml", "-q", "-o", "a.h5")
        self.succeed("run", "job.toml", "-q", "-o", "b.h5", "--set", "models.sd=1.5")
        shown = json.loads(self.succeed("compare", "a.h5", "b.h5", "--format", "json").stdout)
        number = {"values", "errors", "differences", "difference_errors", "exceeds"}
        for name in number:
            self.assertIn(f"`{name}`", self.text)
        kinds = {**self.kinds(shown), "key": set(shown["differing_keys"])}
        self.assertIn("models.sd", kinds["key"])
        found = {re.sub(r"\.(\w+)$", lambda end: "" if end.group(1) in number else end.group(), path)
                 for path in flattened(shown, "", kinds)}
        self.assertEqual(found, self.column("`compare`"))

    def test_fields_of_a_status_and_of_tail(self):
        job = edited("trajectories = 300", "trajectories = 200_000\nbatch_trajectories = 16")
        self.write("job.toml", job)
        process = self.start("run", "job.toml")
        path = self.folder / "job.h5.status.json"
        self.assertTrue(self.wait_for(
            lambda: path.exists() and json.loads(path.read_text())["complete"] > 0))
        seen = json.loads(self.succeed("tail", "job.h5", "--once", "--json").stdout)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), INTERRUPTED)
        kinds = {"year": {"2024", "2025", "2026"}, "threshold": {"1e+24", "1e+25", "1e+26"},
                 "quantile": {"0.05", "0.5", "0.95"}}
        status = self.column("The status file of a run at work")
        self.assertEqual(flattened(json.loads(path.read_text()), "", kinds), status)
        self.assertEqual(flattened(seen, "", kinds), {f"runs[].{name}" for name in status} |
                         self.column("`tail`") - {"runs[]"})

    def test_fields_of_list_and_info(self):
        self.write("job.toml", self.job())
        self.succeed("run", "job.toml", "-q", "-o", "a.h5")
        self.write("b.h5", "foreign")
        listed = json.loads(self.succeed("list", "--format", "json").stdout)
        kinds = {"threshold": {"1e+24", "1e+25", "1e+26"}, "quantile": {"0.05", "0.5", "0.95"}}
        self.assertEqual(flattened(listed, "", kinds), self.column("`list`"))
        info = json.loads(self.succeed("info", "a.h5", "--format", "json").stdout)
        self.assertEqual(
            flattened(info, "", {}) - {f"attributes.{name}" for name in info["attributes"]} |
            {"attributes[attribute]"}, self.column("`info`"))
        header = re.search(r"with the header\s`(name,[^`]*)`", self.text).group(1)
        self.assertEqual(self.succeed("list", "--format", "csv").stdout.splitlines()[0], header)

    def test_tables_of_export(self):
        self.write("job.toml", self.job())
        self.succeed("run", "job.toml", "-q", "-o", "a.h5")
        self.succeed("export", "a.h5", "--csv", "tables", "--trajectories")
        written = {path.name: path.read_text().splitlines()[0]
                   for path in (self.folder / "tables").iterdir()}
        self.assertEqual(written, {names(row[0])[0]: names(row[1])[0]
                                   for row in self.tables["`export`"]})

    def write_backtest(self):
        job = re.sub(r"years = .*\n", "", edited("base_year = 2023", "base_year = 2021"))
        self.write("job.toml", edited("[outputs]", """\
[backtest]
origins = "2021-2022"
leads = 1

[outputs]""", edited("trajectories = 300", "trajectories = 50", job)))

    def test_fields_of_a_backtest(self):
        self.write_backtest()
        shown = json.loads(self.succeed("run", "job.toml", "-q", "--json").stdout)
        forecasts = set(shown["means"]["forecasts"])
        for name in forecasts - {"model"}:
            self.assertIn(f"`{name}`", self.text)
        self.assertEqual(flattened(shown, "", {"year": {"2021", "2022"}, "forecast": forecasts}),
                         self.column("A backtest"))

    def stated_csv(self, heading, column):
        """Header and values of a column of the CSV form that a section describes."""
        section = self.text[self.text.index(f"## {heading}"):].split("\n## ")[0]
        header, values = re.search(rf"header\s`([^`]*)`; {column} = ([^.]*)\.", section,
                                   re.DOTALL).groups()
        return header, set(re.split(r",\s+", values))

    def check_csv(self, stated, text):
        header, kinds = stated
        lines = text.splitlines()
        self.assertEqual(lines[0], header)
        self.assertEqual({line.split(",")[0] for line in lines[1:]}, kinds)

    def test_columns_of_csv(self):
        self.write("job.toml", self.job())
        self.succeed("run", "job.toml", "-q", "-o", "a.h5")
        header, kinds = self.stated_csv("`show --format csv`", "kind")
        names = re.search(r"`--convention sum-of-percentiles` (\w+) and\s(\w+) "
                          r"stand in place of (\w+) and (\w+)\.", self.text).groups()
        new, old = set(names[:2]), set(names[2:])
        for convention, expected in (("trajectory", kinds),
                                     ("sum-of-percentiles", kinds - old | new)):
            self.check_csv((header, expected), self.succeed(
                "show", "a.h5", "--format", "csv", "--convention", convention).stdout)
        self.check_csv(self.stated_csv("`compare`", "kind"),
                       self.succeed("compare", "a.h5", "a.h5", "--format", "csv").stdout)

    def test_columns_of_a_backtest(self):
        self.write_backtest()
        header, forecasts = self.stated_csv("A backtest", "forecast")
        rows = list(csv.DictReader(
            self.succeed("run", "job.toml", "-q", "--format", "csv").stdout.splitlines()))
        self.assertEqual(",".join(rows[0]), header)
        self.assertEqual({row["forecast"] for row in rows}, forecasts)

    def test_fields_of_calibrate(self):
        """On made-up models: four a year, a hundred times larger from one year to the next."""
        rows = ["Model,Publication date,Training compute (FLOP),Notability criteria"]
        for year in (2021, 2022):
            rows += [f"Model {year} {i},{year}-0{i}-01,{i}e{2 * year - 4020},cited"
                     for i in (1, 2, 4, 8)]
        self.write("models.csv", "\n".join(rows) + "\n")
        printed = json.loads(self.succeed("calibrate", "models.csv", "--years", "2021-2022",
                                          "--json", "-o", "made.toml").stdout)
        listed = self.column("`calibrate`: the calibration file and `--json`")
        self.assertEqual(flattened(printed, "", {"year": {"2021", "2022"}}), listed)
        made = tomllib.loads((self.folder / "made.toml").read_text())
        made["years"] = {"2021": made.pop("year")[0]}
        self.assertEqual(made["years"]["2021"].pop("year"), 2021)
        self.assertEqual(flattened(made, "", {"year": {"2021"}}), listed)


if __name__ == "__main__":
    unittest.main()
