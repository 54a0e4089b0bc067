#!/usr/bin/env python3
"""jobs/SCALE.md and its simulation: against closed forms, the constants against the sources, the
tables of the page against what the script prints, and a small measurement with the program."""

import json
import math
import re
import statistics
import subprocess
import sys
import unittest

import numpy

from documents import document
from harness import PROGRAM, SOURCE, ProgramTest

SCRIPTS = SOURCE / "scripts"
sys.path.insert(0, str(SCRIPTS))
import cluster_model as model  # pylint: disable=wrong-import-position

SCRIPT = SCRIPTS / "simulate_cluster.py"
UNITS = SOURCE / "jobs" / "scale.json"
YEAR = 365.25 * 86400
# Nothing but computing: 2 s for a batch of a million candidates.
COSTS = {"sweep": {"seconds_per_candidate": 2e-6, "candidates_per_batch": 1e6,
                   "part_bytes_per_batch": 2000.0, "table_bytes": 51200.0,
                   "result_bytes_per_variant": 1000.0, "start_seconds_per_byte": 0.0,
                   "merge_bytes_per_shard": 0.0,
                   "merges": [{"part_bytes": 0, "batches": 0, "seconds": 1.0},
                              {"part_bytes": 1000, "batches": 1, "seconds": 1.5}]}}
ALWAYS = {"limit_hours": math.inf}


def assume(**changed):
    """Nodes that do not die, are alike, and a file system without limits, but for what is named."""
    calm = {"years_between_deaths": 1e12, "speed_spread": 0.0, "requeue_minutes": 0.0,
            "read_gigabytes_per_second": 1e12}
    return model.Assumptions(**(calm | changed))


def simulate(layout, assumed, hours, seed=1):
    """A sweep that takes so many hours on all cores of the layout."""
    candidates = hours * 3600 * layout.slots * layout.cpus / 2e-6 / 1000
    return model.simulate(COSTS, candidates, 1000, layout, assumed, seed)


class ClosedForms(unittest.TestCase):
    def test_equal_nodes_that_live_end_after_work_by_cores(self):
        for layout in (model.Layout("", 1, **ALWAYS), model.Layout("", 10, **ALWAYS),
                       model.Layout("", 1000, cpus=8, sweeps=5, **ALWAYS),
                       model.Layout("", 1000, cpus=8, sweeps=5, rounds=4, **ALWAYS)):
            found = simulate(layout, assume(), 50.0)
            self.assertAlmostEqual(found["hours"], 50.0, places=6)
            self.assertEqual(found["deaths"], 0)
            self.assertAlmostEqual(found["strains"][model.IDLE], 0.0, places=6)

    def test_variants_that_shards_cannot_share_equally(self):
        # 1,000 variants for 150 shards: some have seven.
        found = simulate(model.Layout("", 1200, cpus=8, **ALWAYS), assume(), 50.0)
        self.assertAlmostEqual(found["hours"], 50.0 * 7 * 150 / 1000, places=6)
        # 1,000 for 300 shards, which share the batches of each.
        found = simulate(model.Layout("", 2400, cpus=8, **ALWAYS), assume(), 50.0)
        self.assertAlmostEqual(found["hours"], 50.0, places=6)

    def test_time_limits_cost_a_requeue_each(self):
        found = simulate(model.Layout("", 1), assume(requeue_minutes=30.0), 100.0)
        self.assertAlmostEqual(found["hours"], 100.0 + 4 * 0.5, places=6)  # 24 + 24 + 24 + 24 + 4
        self.assertEqual(found["starts"], 5)

    def test_the_slowest_of_many_nodes(self):
        nodes, spread = 100, 0.05
        layout = model.Layout("", nodes * model.CORES_PER_NODE, cpus=model.CORES_PER_NODE, **ALWAYS)
        assumed = assume(speed_spread=spread)
        most = [math.log(simulate(layout, assumed, 10.0, seed)["hours"] / 10.0) / spread
                for seed in range(200)]
        x = numpy.linspace(-8.0, 8.0, 16001)
        density = numpy.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)
        below = numpy.cumsum(density) * (x[1] - x[0])
        expected = float(numpy.sum(x * nodes * density * below ** (nodes - 1)) * (x[1] - x[0]))
        error = statistics.stdev(most) / math.sqrt(len(most))
        self.assertAlmostEqual(statistics.mean(most), expected, delta=5.0 * error)

    def test_number_of_deaths(self):
        nodes, years, hours = 100, 0.5, YEAR / 3600.0
        layout = model.Layout("", nodes * model.CORES_PER_NODE, cpus=model.CORES_PER_NODE, **ALWAYS)
        found = [simulate(layout, assume(years_between_deaths=years), hours, seed)
                 for seed in range(20)]
        expected = 20 * nodes / years
        self.assertAlmostEqual(sum(each["deaths"] for each in found), expected,
                               delta=5.0 * math.sqrt(expected))
        # Each death costs half a seal interval on average, here of one core in 64.
        lost = sum(each["strains"][model.AGAIN] * each["hours"] for each in found)
        half = layout.seal_seconds / 2.0 / 3600.0 / layout.slots / model.BEARABLE
        self.assertAlmostEqual(lost / (expected * half), 1.0, delta=0.1)

    def test_starts_that_take_as_long_as_their_limit_never_end(self):
        unit = COSTS["sweep"]
        # All parts of 100 hours of one core are read in 30 or in 20 hours.
        batches = 100 * 3600 / 2.0
        for hours, ends in ((30.0, False), (20.0, True)):
            slow = {"sweep": unit | {"start_seconds_per_byte": hours * 3600 / batches / 2100}}
            candidates = batches * 1e6 / 1000
            found = model.simulate(slow, candidates, 1000, model.Layout("", 1), assume())
            self.assertEqual(math.isfinite(found["hours"]), ends)
            if ends:
                self.assertGreater(found["strains"][model.READING], 1.0)
            else:
                self.assertEqual(found["strains"][model.READING], math.inf)

    def test_amounts(self):
        found = model.amounts(COSTS, 2.5e12, 1000, model.Layout("", 1000, cpus=8, sweeps=8))
        self.assertEqual(found["batches"], 2.5e9)
        self.assertEqual(found["rows"], 3000)  # 2.5 million batches of a variant
        self.assertEqual(found["seconds"], 5e9)
        self.assertTrue(found["whole"])
        # 1,200 batches in the 300 s of a seal, in three segments with tables.
        self.assertAlmostEqual(found["segments"], 2.5e9 / 400)
        self.assertAlmostEqual(found["part_bytes"], 2.5e9 * (2000 + 51200 / 400))
        self.assertAlmostEqual(found["parts"], 2.5e9 / 1200)
        self.assertAlmostEqual(found["merge_seconds"], found["part_bytes"] * 0.5 / 1000)


class Sources(unittest.TestCase):
    def test_constants(self):
        for path, text in (
                ("jobs/planning.cpp", "most_batches = 1'000'000;"),
                ("engine/sweep_parts.cpp", "most_waiting_bytes = std::size_t{8} << 20;"),
                ("engine/sweep_parts.cpp", "most_batches = 512;"),
                ("engine/sweep_positions.cpp", "return variants / 4 >= shards;"),
                ("jobs/status.cpp", "shortest_interval = std::chrono::seconds(1);"),
                ("jobs/job.cpp", 'whole("batch_trajectories", 0, 0, 4096)')):
            self.assertIn(text, (SOURCE / path).read_text(encoding="utf-8"), path)
        self.assertIn("| `--seal-every` | 5m |", document("jobs/CLUSTER.md"))
        self.assertEqual((model.MOST_BATCHES, model.MOST_WAITING_BYTES, model.STATUS_SECONDS,
                          model.MOST_SEGMENT_BATCHES, model.SEAL_SECONDS),
                         (1_000_000, 8 << 20, 1, 512, 300))


class Page(unittest.TestCase):
    def test_tables_are_those_that_the_commands_print(self):
        page = document("jobs/SCALE.md")
        commands = re.findall(r"^    scripts/(simulate_cluster\.py jobs/scale\.json.*)$", page,
                              re.MULTILINE)
        self.assertGreaterEqual(len(commands), 1)
        printed = [subprocess.run([sys.executable, "-B", *f"scripts/{command}".split()], cwd=SOURCE,
                                  capture_output=True, text=True, check=True).stdout
                   for command in commands]
        tables = [table.strip() for text in printed for table in text.split("\n\n")]
        shown = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
        for table in shown:
            self.assertIn(table.strip(), tables)
        self.assertGreaterEqual(len(shown), 5)

    def test_machine_and_date_are_those_of_the_units(self):
        page = document("jobs/SCALE.md")
        units = json.loads(UNITS.read_text(encoding="utf-8"))
        for key in ("machine", "date"):
            self.assertIn(units[key], page)


class Measuring(ProgramTest):
    def test_small(self):
        done = subprocess.run([sys.executable, "-B", str(SCRIPT), "--measure", PROGRAM, "--shrink",
                               "32", "--repeats", "1"], cwd=self.folder, capture_output=True,
                              text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        stored = json.loads(UNITS.read_text(encoding="utf-8"))
        for kind in ("run", "sweep"):
            self.assertEqual(set(found[kind]), set(stored[kind]))
            for key, value in found[kind].items():
                if key != "merges":
                    self.assertTrue(math.isfinite(value), key)
            # These are no times, which so small a measurement may not tell from nothing.
            for key in ("candidates_per_batch", "part_bytes_per_batch", "table_bytes",
                        "batches_per_part"):
                self.assertGreater(found[kind][key], 0.0, key)
            for each in found[kind]["merges"]:
                self.assertGreater(min(each.values()), 0.0)
            self.assertEqual([each["batches"] for each in found[kind]["merges"]], [256, 2048])
        self.assertEqual(self.listing(), {})


if __name__ == "__main__":
    unittest.main()
