#!/usr/bin/env python3
"""flopsieve bench: what it prints, not how fast anything is."""

import json
import unittest

from harness import BAD_INPUT, DONE, ProgramTest


class Bench(ProgramTest):
    def test_figures_and_their_limits(self):
        done = self.flopsieve("bench", "--quick", "--threads", 1, "--json", "bench.json")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("round 6 of 6", done.stderr)
        report = json.loads((self.folder / "bench.json").read_text())
        self.assertIn("scalar", report["clock_hz"])
        for clock in report["clock_hz"].values():
            self.assertGreater(clock, 1e8)
        self.assertEqual(report["repetitions"], 5)
        figures = report["figures"]
        rates = {(f["name"], f["target"], f["threads"]): f["per_second"] for f in figures}
        for figure in figures:
            self.assertIn(figure["name"], done.stdout)
            self.assertGreater(figure["lowest"], 0)
            self.assertLessEqual(figure["lowest"], figure["per_second"])
            self.assertLessEqual(figure["per_second"], figure["highest"])
            if figure["limit"] is None:
                self.assertIsNone(figure["ratio"])
                continue
            self.assertIn((figure["limit"], figure["target"], figure["threads"]), rates)
            self.assertAlmostEqual(figure["ratio"] * figure["limit_per_second"],
                                   figure["per_second"], delta=1e-9 * figure["per_second"])
            self.assertGreater(figure["ratio"], 0, figure)
        names = {figure["name"] for figure in figures}
        self.assertLessEqual({"philox_words", "draw_and_sum/normal", "sort_group",
                              "allocation_gradients", "draw_allocation", "draw_truncated_normal",
                              "draw_tilted", "parts/default", "job/tilt", "job/total", "job/default", "job/published",
                              "job/published_to_file"}, names)
        self.assertEqual({f["threads"] for f in figures}, {1})

    def test_only_some_figures_and_their_limits(self):
        for beginnings, names in (
                (("draw_and_sum/n", "powers"),
                 {"draw_and_sum/normal", "philox_words", "powers_of_ten", "copy"}),
                (("job/to",), {"job/total", "draw_and_sum/normal"})):
            options = [word for beginning in beginnings for word in ("--only", beginning)]
            done = self.flopsieve("bench", "--quick", "--threads", 1, "--json", "-", *options)
            self.assertEqual(done.returncode, DONE, done.stderr)
            figures = json.loads(done.stdout)["figures"]
            self.assertEqual({figure["name"] for figure in figures}, names)

    def test_bad_options(self):
        for arguments in (("--threads", 0), ("--json", ""), ("--json", "no/such/folder/x.json"),
                          ("--only", "no_such_figure")):
            done = self.flopsieve("bench", "--quick", *arguments)
            self.assertEqual(done.returncode, BAD_INPUT, arguments)


if __name__ == "__main__":
    unittest.main()
