"""Debian's dieharder on the engine's random numbers, in the order of the engine's addresses.

As a test: a quick subset on four streams (tests/randomness/stream_draws.cpp). The streams are
fixed, so each result is too; a test counts as failed below p = 1e-6 or above 1 - 1e-6: with 22
p-values, a false alarm in 4e-5 of all seeds. By hand the whole battery, hours:

    FLOPSIEVE_STREAM=build/release/tests/randomness/stream_draws \\
        python3 tests/program/dieharder_test.py --whole [words|normals candidates|draws [SEED]]
"""

import itertools
import os
import subprocess
import sys
import unittest

STREAM = os.environ.get("FLOPSIEVE_STREAM", "")
STREAMS = list(itertools.product(("words", "normals"), ("candidates", "draws")))
# Birthday spacings, count the 1s, runs, monobit.
QUICK = ("0", "8", "15", "100")
LAGGED_SUM = "203"


def dieharder(stream, *options):
    """The lines of dieharder on one stream as they come, each a list [name, ..., p-value,
    assessment]."""
    source = subprocess.Popen([STREAM, *stream], stdout=subprocess.PIPE)
    battery = subprocess.Popen(["dieharder", "-g", "200", "-S", "1", *options],
                               stdin=source.stdout, stdout=subprocess.PIPE, text=True)
    try:
        for line in battery.stdout:
            row = [word.strip() for word in line.split("|")]
            if row[-1] in ("PASSED", "WEAK", "FAILED"):
                yield row
    finally:
        for process in (battery, source):
            process.stdout.close()
            process.kill()
            process.wait()


class Dieharder(unittest.TestCase):
    def assess(self, stream, test):
        rows = list(dieharder(stream, "-d", test))
        self.assertTrue(rows, f"dieharder printed no result for test {test}")
        return rows

    def test_every_stream_passes(self):
        for stream in STREAMS:
            for test in QUICK:
                for row in self.assess(stream, test):
                    with self.subTest(stream=" ".join(stream), row=row):
                        self.assertNotEqual(row[-1], "FAILED")

    def test_words_pass_the_lagged_sum(self):
        for order in ("candidates", "draws"):
            for row in self.assess(("words", order), LAGGED_SUM):
                with self.subTest(order=order, row=row):
                    self.assertNotEqual(row[-1], "FAILED")

    def test_a_counter_that_repeats_fails(self):
        for stream in STREAMS:
            with self.subTest(stream=" ".join(stream)):
                rows = self.assess((*stream, "repeat"), "0") + self.assess((*stream, "repeat"), "8")
                self.assertIn("FAILED", [row[-1] for row in rows])


def whole_battery(streams):
    failed = 0
    for stream in streams:
        for row in dieharder(stream, "-a"):
            print(" ".join(stream), *row, sep="\t", flush=True)
            failed += row[-1] == "FAILED"
    return 1 if failed else 0


if __name__ == "__main__":
    if not os.access(STREAM, os.X_OK):
        sys.exit("FLOPSIEVE_STREAM must be the path of stream_draws")
    if sys.argv[1:2] == ["--whole"]:
        sys.exit(whole_battery([tuple(sys.argv[2:5])] if len(sys.argv) > 3 else STREAMS))
    unittest.main()
