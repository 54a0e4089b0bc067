#!/usr/bin/env python3
"""`flopsieve scaling parameters` and `scaling design`: against a list of all weight matrices, a search by
nested loops, and jobs/SCALING.md."""

import csv
import io
import itertools
import json
import math
import re
import unittest

from documents import document, flattened, names, tables
from harness import INFEASIBLE, Refusal

PAGE = document("jobs/SCALING.md")


def weights(d, heads, size, ff, layers, vocabulary, kv=None, architecture="decoder-only", context=1024,
            positions="learned", norm="layer", tied=True, bias=True, gated=False, final_norm=True):
    """Shapes of all weights and biases."""
    kv = kv or heads
    found = [(vocabulary, d)] * (1 if tied else 2) if vocabulary else []

    def linear(i, o, has_bias=bias):
        found.append((i, o))
        if has_bias:
            found.append((o,))

    def norms(n):
        found.extend([(d,)] * n * (2 if norm == "layer" and bias else 1))

    def attention(relative):
        for width in (heads * size, kv * size, kv * size):
            linear(d, width)
        if relative:
            linear(d, heads * size)
        linear(heads * size, d, bias and not relative)

    stacks = ["encoder", "decoder"] if architecture == "encoder-decoder" else [architecture]
    for stack in stacks:
        if positions == "learned":
            found.append((context, d))
        for _ in range(layers):
            attention(positions == "relative")
            norms(2)
            if stack == "decoder":
                attention(False)
                norms(1)
            linear(d, ff)
            if gated:
                linear(d, ff)
            linear(ff, d)
        if final_norm:
            norms(1)
    return found


def count(*shape, **kind):
    return sum(math.prod(each) for each in weights(*shape, **kind))


def arguments(**options):
    return [word for name, value in options.items()
            for word in ([f"--{name.replace('_', '-')}", value] if value is not True
                         else [f"--{name.replace('_', '-')}"])]


class Shapes(Refusal):
    def json(self, *words):
        return json.loads(self.succeed("scaling", *words, "--json").stdout)

    def csv(self, *words):
        text = self.succeed("scaling", *words, "--format", "csv").stdout
        return list(csv.DictReader(io.StringIO(text)))


class Parameters(Shapes):
    def test_presets_as_the_page_says(self):
        rows = [row for row in tables(PAGE)["Parameters of a shape"] if len(row) == 3 and
                re.fullmatch(r"[\d,]+", row[1])]
        self.assertEqual(len(rows), 8)
        for preset, total, _ in rows:
            shown = self.json("parameters", "--preset", preset.strip("`"))
            self.assertEqual(f"{shown['parameters']['total']:,}", total)
            self.assertIn(total, self.succeed("scaling", "parameters", "--preset",
                                              preset.strip("`")).stdout)

    def test_every_kind_against_a_list_of_all_weights(self):
        kinds = itertools.product(("decoder-only", "encoder", "decoder", "encoder-decoder"),
                                  ("learned", "relative", "rotary"), ("layer", "rms"),
                                  ((True, True, False, True), (False, False, True, False)))
        for architecture, positions, norm, (tied, bias, gated, final_norm) in kinds:
            flags = ["--tied" if tied else "--untied", "--bias" if bias else "--no-bias",
                     "--gated" if gated else "--no-gated",
                     "--final-norm" if final_norm else "--no-final-norm"]
            shown = self.json("parameters", *arguments(
                architecture=architecture, positions=positions, norm=norm, d_model=26, heads=6,
                kv_heads=3, head_size=4, d_ff=35, layers=3, vocabulary=77, context=19), *flags)
            self.assertEqual(shown["parameters"]["total"], count(
                26, 6, 4, 35, 3, 77, kv=3, architecture=architecture, positions=positions, norm=norm,
                context=19, tied=tied, bias=bias, gated=gated, final_norm=final_norm))

    def test_parts_add_up_and_formats_agree(self):
        words = ("parameters", "--preset", "pytorch-default", "--vocabulary", 1000, "--untied",
                 "--decoder-layers", 3)
        shown = self.json(*words)
        parts = dict(shown["parameters"])
        whole = {name: parts.pop(name) for name in ("total", "non_embedding", "encoder_layer",
                                                    "decoder_layer")}
        self.assertEqual(sum(parts.values()), whole["total"])
        self.assertEqual(whole["total"] - 2 * 1000 * 512, whole["non_embedding"])
        for name, factor in (("forward", 1), ("training", 3)):
            flop = dict(shown["flop_per_token"][name])
            total, layers = flop.pop("total"), flop.pop("layers")
            self.assertEqual(sum(flop.values()), total)
            self.assertEqual(total - flop["embedding"] - flop["output_logits"], layers)
            self.assertEqual(flop["feed_forward"], factor * 9 * 4 * 512 * 2048)
        self.assertEqual(shown["flop_per_token"]["six_parameters"], 6 * whole["total"])
        rows = {(row["kind"], row["part"]): float(row["value"]) for row in self.csv(*words)}
        for name, value in shown["parameters"].items():
            self.assertEqual(rows["parameters", name], value)
        for kind in ("forward", "training"):
            for name, value in shown["flop_per_token"][kind].items():
                self.assertEqual(rows[f"{kind}_flop_per_token", name], value)
        table = self.succeed("scaling", *words).stdout
        for value in shown["parameters"].values():
            if value:
                self.assertIn(f" {value:,}", table)

    def test_ratios_to_6_n(self):
        """Table A4 of Hoffmann et al. 2022: 305 million, 1.10."""
        table = self.succeed("scaling", "parameters", "--preset", "chinchilla-70b", *arguments(
            d_model=1024, heads=16, layers=20)).stdout
        self.assertRegex(table, r"6 N = .* its layers alone 1\.10\d times")

    def test_refusals(self):
        gpt2 = ("scaling", "parameters", "--preset", "gpt2")
        for words, says in ((["--heads", 7], "--heads: d_model 768 is not divisible by 7"),
                            (["--kv-heads", 5], "--kv-heads: 5 does not divide"),
                            (["--layers", 0], "--layers: a whole number from 1"),
                            (["--layers", -2], "--layers: a whole number from 1"),
                            (["--d-ff", 0], "--d-ff: "), (["--context", 0], "--context: "),
                            (["--d-model", 10**9], "--d-model: "), (["--vocabulary", -1], "--vocabulary: "),
                            (["--layers", "many"], "--layers"), (["--layers", 1.5], "--layers"),
                            (["--positions", "rotatory"], 'did you mean "rotary"'),
                            (["--norm", "batch"], "layer, rms"),
                            (["--architecture", "both"], "encoder-decoder"),
                            (["--encoder-layers", 3], "--encoder-layers: only an encoder-decoder"),
                            (["--format", "xml"], "--format")):
            self.refuse(*gpt2, *words, says=says)
        self.refuse("scaling", "parameters", "--preset", "gpt5", says="chinchilla-70b")
        self.refuse("scaling", "parameters", says="--d-model: give")
        self.refuse("scaling", "parameters", *arguments(d_model=8, heads=2, layers=1),
                    says="--vocabulary: give")


GRID = {"d_model": range(8, 49, 8), "heads": range(1, 5), "head_size": range(4, 17, 4),
        "d_ff": range(16, 193, 16), "layers": range(1, 5)}


def usual(value, low, high):
    return max(math.log2(low / value), math.log2(value / high), 0.0)


def penalty(d, heads, size, ff, layers):
    """As the page says, for d_model below 256."""
    deepest = max(2, min(d / 16, max(6, (math.log(d) - 5.039) / 0.0555)))
    return (usual(ff, 4 * d, 4 * d) + usual(size, d / 4, d / 2) + usual(heads * size, d, d) +
            usual(layers, min(deepest, max(2, d / 640)), deepest))


class Designs(Shapes):
    ranges = arguments(**{name: f"{values[0]}:{values[-1]}:{values.step}"
                          for name, values in GRID.items()})

    def test_the_whole_ranking_against_nested_loops(self):
        target, tolerance = 26_590, 0.02
        shapes = []
        for d, heads, size, ff, layers in itertools.product(*GRID.values()):
            n = count(d, heads, size, ff, layers, 65, positions="rotary")
            within = abs(n - target) <= tolerance * target
            far, cost = abs(n - target), penalty(d, heads, size, ff, layers)
            shapes.append((not within, *((cost, far) if within else (far, cost)), d, layers, ff, heads,
                           size, n))
        shapes.sort(key=lambda each: (each[0], round(each[1], 9), round(each[2], 9), each[3:]))
        rows = self.csv("design", "--parameters", target, "--tolerance", tolerance, "--vocabulary", 64,
                        "--unknown", "keep", "--rows", 400, *self.ranges)
        self.assertEqual(len(rows), 400)
        self.assertGreater(sum(row["within_tolerance"] == "true" for row in rows), 50)
        # Equal penalties may differ in their last bit, and then the order of the rest.
        self.assertEqual([int(row["parameters"]) for row in rows[:20]],
                         [each[-1] for each in shapes[:20]])
        for row, each in zip(rows, shapes):
            self.assertEqual(row["within_tolerance"] == "true", not each[0])
            cost = each[2] if each[0] else each[1]
            self.assertAlmostEqual(float(row["penalty"]), cost, places=9)
            if each[0]:
                self.assertEqual(abs(int(row["parameters"]) - target), each[1])
        whole = self.json("design", "--parameters", target, "--tolerance", tolerance, "--vocabulary",
                          65, *self.ranges)
        self.assertEqual(whole["shapes_searched"], len(shapes))
        self.assertEqual(whole["shapes_within_tolerance"], sum(not each[0] for each in shapes))

    def test_counts_are_those_of_parameters(self):
        for words in ((), ("--architecture", "encoder-decoder", "--untied", "--gated"),
                      ("--preset", "chinchilla-70b", "--kv-heads", 2)):
            for row in self.csv("design", "--parameters", "5e7", "--rows", 3, *words):
                kind = self.json("design", "--parameters", "5e7", "--rows", 1, *words)["kind"]
                kind = [flag for name, no in (("tied", "untied"), ("bias", "no-bias"),
                                              ("final_norm", "no-final-norm"), ("gated", "no-gated"))
                        for flag in [f"--{name.replace('_', '-')}" if kind.pop(name) else f"--{no}"]
                        ] + arguments(**kind)
                shape = {name: row[name] for name in ("d_model", "heads", "kv_heads", "head_size", "d_ff",
                                                      "layers")}
                counted = self.json("parameters", *kind, *arguments(**shape))["parameters"]
                self.assertEqual(int(row["parameters"]), counted["total"])
                self.assertEqual(int(row["non_embedding_parameters"]), counted["non_embedding"])

    def test_threads_change_nothing(self):
        outputs = {self.succeed("scaling", "design", "--parameters", "1e9", "--rows", 500, "--threads",
                                threads, "--format", kind).stdout
                   for threads in (1, 2, 4) for kind in ("table", "csv", "json")}
        self.assertEqual(len(outputs), 3)

    def test_targets_by_law(self):
        shown = self.json("design", "--tokens", 558_382, "--law", "tokens-per-parameter=21")
        self.assertEqual(shown["target"]["parameters"], 26_590)
        self.assertEqual(shown["target"]["law"], "tokens-per-parameter=21")
        self.assertEqual(shown["kind"]["vocabulary"], 256)
        shown = self.json("design", "--tokens", 1e6, "--unknown", "skip", "--unknown-rate", 0.2)
        self.assertEqual(shown["target"]["parameters"], 40_000)
        shown = self.json("design", "--flop", 1.2e20)
        self.assertEqual(shown["target"]["parameters"], 1_000_000_000)
        self.assertEqual(shown["kind"]["vocabulary"], 32_000)
        kaplan = self.json("design", "--flop", 1e20, "--law", "kaplan")
        self.assertEqual(kaplan["target"]["counted"], "non_embedding")
        first = kaplan["shapes"][0]
        self.assertAlmostEqual(first["difference"],
                               first["non_embedding_parameters"] / kaplan["target"]["parameters"] - 1)
        self.assertIn("parameters without embeddings",
                      self.succeed("scaling", "design", "--flop", 1e20, "--law", "kaplan").stdout)

    def test_a_vocabulary_that_is_too_large(self):
        """The proposals hold: they work, and one entry or parameter off does not."""
        words = ("scaling", "design", "--tolerance", 0, "--parameters")
        said = self.refuse(*words, 26_590, "--vocabulary", 8000, code=INFEASIBLE,
                           says=["--vocabulary: with 8,000 entries no shape"])
        most, budget = (int(re.search(pattern, said).group(1).replace(",", "")) for pattern in (
            r"at most ([\d,]+) entries", r"a budget of ([\d,]+) parameters"))
        ranges = re.search(r"the grid \(d_model (\S+), layers (\S+),", said)
        grid = arguments(d_model=ranges[1], layers=ranges[2])
        self.succeed(*words, 26_590, "--vocabulary", most)
        self.refuse(*words, 26_590, "--vocabulary", most + 1, code=INFEASIBLE)
        fitting = self.json(*words[1:], budget, "--vocabulary", 8000, *grid)["shapes"][0]
        self.assertEqual(fitting["parameters"], budget)
        self.refuse(*words, budget - 1, "--vocabulary", 8000, *grid, code=INFEASIBLE)
        keep = ("--unknown", "keep", "--unknown-rate", 0.1)
        said = self.refuse(*words, 26_590, "--vocabulary", 8000, *keep, code=INFEASIBLE,
                           says=["--vocabulary: with 8,001 entries no shape"])
        self.assertIn(f"at most {most - 1:,} entries", said)
        self.succeed(*words, 26_590, "--vocabulary", most - 1, *keep)
        self.assertIn("Note: ", self.succeed(*words, 26_590, "--vocabulary", most).stdout)
        self.assertNotIn("Note: ", self.succeed(*words, 26_590, "--vocabulary", 64).stdout)

    def test_without_a_vocabulary_there_is_no_entry_for_unknown_tokens(self):
        shown = self.succeed("scaling", "design", "--parameters", 1e6, "--vocabulary", 0, "--unknown",
                             "keep", "--unknown-rate", 0.1).stdout
        self.assertIn("vocabulary 0,", shown)

    def test_nothing_near_the_target(self):
        table = self.succeed("scaling", "design", "--parameters", 1e9, *self.ranges).stdout
        self.assertIn("0 within 1 % of the target, so the nearest ones stand above", table)
        self.assertRegex(table, r"\n  1 .* -99\.")

    def test_refusals(self):
        design = ("scaling", "design")
        one = (*design, "--parameters", 26_590)
        for words, says in ((["--d-model", "64:32:8"], "--d-model: the range is empty"),
                            (["--heads", "1:8"], "FROM:TO:STEP"), (["--heads", "1:8:0"], "--heads: "),
                            (["--layers", "0:8:1"], "--layers: "), (["--d-ff", "x"], "--d-ff: "),
                            (["--head-size", "-8"], "--head-size: "),
                            (["--head-size", "99999999999999999999"], "--head-size: "),
                            (["--d-model", "1:1000000:1", "--d-ff", "1:10000000:1"], "at most 1e+09"),
                            (["--kv-heads", 0], "--kv-heads: "), (["--context", 0], "--context: "),
                            (["--vocabulary", -1], "--vocabulary: "), (["--rows", 0], "--rows: "),
                            (["--rows", 10**6], "--rows: "), (["--tolerance", 1], "--tolerance: "),
                            (["--tolerance", "nan"], "--tolerance: "), (["--law", "moore"], "kaplan"),
                            (["--threads", 0], "--threads"),
                            (["--d-model", 7], "has no shape"),
                            (["--d-model", 64, "--heads", 3], "has no shape"),
                            (["--positions", "learned", "--context", 10**6], "learned positions")):
            target = () if "--law" in words else (26_590,)
            self.refuse(*(one if target else (*design, "--flop", 1e18)), *words, says=says)
        for amount in (-5, 0, "nan", "inf", "1e20", "few"):
            self.refuse(*design, f"--parameters={amount}", says="--parameters")
        self.refuse(*design, "--parameters", 100, says="--parameters: 100 parameters are too few")
        self.refuse(*design, "--tokens", 100, says="--tokens: ")
        self.refuse(*design, says="--parameters")
        self.refuse(*design, "--parameters", 1e6, "--flop", 1e18, says="--flop")


class Page(Shapes):
    def stated(self, heading):
        return {name for row in tables(PAGE)[heading] for name in names(row[0])}

    def test_fields_of_parameters(self):
        shown = self.json("parameters", "--preset", "gpt2")
        parts = set(shown["flop_per_token"]["forward"])
        flop = shown.pop("flop_per_token")
        found = flattened(shown, "", {}) | flattened(flop, "flop_per_token", {"part": parts})
        found = {path.replace("forward.", "forward").replace("training.", "training")
                 for path in found}
        self.assertEqual(found, self.stated("Fields of `parameters`"))
        for part in parts:
            self.assertIn(f"`{part}`", PAGE)

    def test_fields_of_design(self):
        self.assertEqual(flattened(self.json("design", "--parameters", 26_590), "", {}),
                         self.stated("Fields of `design`"))

    def test_headers_of_csv(self):
        for words, heading in ((("parameters", "--preset", "gpt2"), "Fields of `parameters`"),
                               (("design", "--parameters", 26_590), "Fields of `design`")):
            section = PAGE[PAGE.index(f"### {heading}"):].split("\n## ")[0]
            header = re.search(r"header\s`([^`]*)`", section).group(1)
            text = self.succeed("scaling", *words, "--format", "csv").stdout
            self.assertEqual(text.splitlines()[0], header)

    def test_examples_run(self):
        examples = [line.split("#")[0].split()[1:] for line in PAGE.splitlines()
                    if re.match(r"    flopsieve scaling (parameters|design) ", line)]
        self.assertGreaterEqual(len(examples), 7)
        for words in examples:
            self.succeed(*words)
        self.assertIn("124,337,664", self.succeed(*examples[1]).stdout)


if __name__ == "__main__":
    unittest.main()
