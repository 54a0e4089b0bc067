#!/usr/bin/env python3
"""The status of a run at work and `flopsieve tail`: what they say, when, and that nobody is disturbed."""

import json
import shutil
import signal
import subprocess
import time
import unittest

from harness import (BAD_INPUT, BUDGET, DONE, INTERRUPTED, PROGRAM, SMALL_JOB, STORAGE, ProgramTest,
                     edited)

# Some seconds of work in 1,250 batches.
LONG_JOB = edited("min = 0.05\nmax = 0.5", "min = 0.2\nmax = 0.23", SMALL_JOB)
LONG_JOB = edited("attempts = 200", "attempts = 1000\nbatch_trajectories = 64", LONG_JOB)
LONG_JOB = edited("trajectories = 300", "trajectories = 80_000", LONG_JOB)


class Tail(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("long.toml", LONG_JOB)

    def status(self):
        return json.loads((self.folder / "long.h5.status.json").read_text())

    def begin(self, *options):
        """A run whose status tells of its first complete trajectories."""
        process = self.start("run", "long.toml", "--threads", 1, *options)
        path = self.folder / "long.h5.status.json"

        def tells():
            status = self.status() if path.exists() else {"pid": 0}
            return status["pid"] == process.pid and status["complete"] > 0
        self.assertTrue(self.wait_for(lambda: process.poll() is not None or tells()))
        self.assertIsNone(process.poll(), "the run was over too soon")
        return process

    def once(self, code=DONE):
        done = self.flopsieve("tail", "long.h5", "--once")
        self.assertEqual(done.returncode, code, done.stderr)
        seen = self.flopsieve("tail", "long.h5", "--once", "--json")
        self.assertEqual(seen.returncode, code)
        self.assertEqual(seen.stdout.count("\n"), 1)
        return done.stdout, json.loads(seen.stdout)

    def test_a_run_at_work_is_seen_and_its_end_too(self):
        process = self.begin()
        text, seen = self.once()
        status = seen["runs"][0]
        self.assertEqual((seen["standing"], status["state"], status["pid"]),
                         ("running", "running", process.pid))
        self.assertEqual(status["batches"]["total"], 1250)
        self.assertEqual(status["complete"], status["trajectories"])
        self.assertEqual(status["trajectories"], 64 * status["batches"]["done"])
        self.assertEqual(status["survivors"], 3 * status["complete"])
        self.assertAlmostEqual(status["candidates_per_second"],
                               status["candidates"] / status["elapsed_seconds"])
        self.assertRegex(text, r"\ASmall \(long\.h5\): running, batch [\d,]+ of 1,250\n")
        self.assertRegex(text, r"2026 +\[\d+, \d+, \d+\] \+-\d+ ")
        # Looks every half second until the end.
        done = self.flopsieve("tail", "long.h5", "--interval", 0.5)
        self.assertEqual(done.returncode, DONE)
        self.assertTrue(done.stdout.endswith("finished: long.h5 (flopsieve show long.h5)\n"))
        self.assertNotIn("\x1b", done.stdout)
        self.assertEqual(process.wait(30), DONE)
        self.assertEqual(set(self.listing()), {"long.toml", "long.h5"})
        self.assertEqual(self.once()[1]["standing"], "finished")

    def test_live_results_are_those_of_a_run_of_as_many_trajectories(self):
        process = self.begin()
        process.send_signal(signal.SIGSTOP)
        status = self.status()
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        shown = json.loads(self.succeed("run", "long.toml", "--trajectories",
                                        status["trajectories"], "-o", "same.h5", "--json").stdout)
        for name in ("per_year", "per_year_error", "cumulative", "cumulative_error"):
            self.assertEqual(status["counts"][name], shown["counts"][name], name)

    def test_a_killed_run_is_known_to_be_dead_and_its_command_resumes(self):
        process = self.begin()
        process.kill()
        process.wait(30)
        text, seen = self.once(INTERRUPTED)
        self.assertEqual(seen["standing"], "stopped")
        self.assertTrue(seen["runs"][0]["killed"])
        self.assertRegex(text, r"\Along\.h5: was killed after batch \d+ of 1250 .*resumes: .* run "
                               r"long\.toml --threads 1\n\Z")
        self.succeed("run", "long.toml")
        self.assertEqual(self.once()[1]["standing"], "finished")

    def test_a_stopped_run_says_so_and_a_resumed_one_counts_its_own_work_only(self):
        self.write("long.toml", edited("80_000", "800_000", LONG_JOB))
        process = self.begin()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), INTERRUPTED)
        text, seen = self.once(INTERRUPTED)
        stopped = seen["runs"][0]
        self.assertEqual((stopped["state"], stopped["exit_code"]), ("stopped", INTERRUPTED))
        self.assertIn("This command resumes: ", text)
        self.begin()
        resumed = self.status()
        sealed = resumed["batches"]["sealed_before"]
        self.assertGreaterEqual(sealed, stopped["batches"]["done"])
        self.assertEqual(resumed["trajectories"], 64 * resumed["batches"]["done"])
        left = 12_500 - sealed - resumed["batches"]["done"]
        self.assertAlmostEqual(
            resumed["eta_seconds"] * resumed["batches"]["done"] / left,
            resumed["elapsed_seconds"], places=6)
        self.assertIn("since this start", self.once()[0])

    def test_shards_are_summed_and_wait_for_their_merge(self):
        self.write("long.toml", LONG_JOB)
        processes = [self.start("run", "long.toml", "--threads", 1, "--shard", f"{i}/2")
                     for i in range(2)]
        self.assertTrue(self.wait_for(
            lambda: len(list(self.folder.glob("long.h5.status-*of2.json"))) == 2))
        text, seen = self.once()
        self.assertEqual([run["shard"] for run in seen["runs"]],
                         [{"index": 0, "count": 2}, {"index": 1, "count": 2}])
        self.assertEqual(seen["batches"], 1250)
        self.assertAlmostEqual(seen["candidates_per_second"], sum(
            run["candidates_per_second"] for run in seen["runs"] if run["works"]))
        self.assertRegex(text, r"\n +1 of 2 +\d+ of 625 ")
        for process in processes:
            self.assertEqual(process.wait(60), DONE)
        self.assertEqual(self.once()[0], "all 2 shards are done; flopsieve merge long.h5 joins them\n")
        self.succeed("merge", "long.h5")
        self.assertEqual(self.once()[1]["standing"], "finished")
        self.assertFalse(list(self.folder.glob("*.json")))

    def test_a_failure_is_told_with_its_exit_code(self):
        self.write("hard.toml", edited(
            'match = "shift"', 'match = "shift"\nmethod = "reject"',
            edited("attempts = 1000", "attempts = 2", LONG_JOB)))
        failed = self.flopsieve("run", "hard.toml", "-o", "long.h5")
        self.assertEqual(failed.returncode, BUDGET)
        text, seen = self.once(BUDGET)
        self.assertEqual(seen["standing"], "failed")
        self.assertIn(failed.stderr.splitlines()[-1].removeprefix("flopsieve: "), text)

    def test_nothing_to_watch(self):
        done = self.flopsieve("tail", "none.h5")
        self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""))
        self.assertIn("neither a result nor a run at work", done.stderr)

    def test_a_result_is_opened_before_it_is_called_finished(self):
        self.write("small.toml", SMALL_JOB)
        self.succeed("run", "small.toml")
        self.assertEqual(self.succeed("tail", "small.h5").stdout,
                         "finished: small.h5 (flopsieve show small.h5)\n")
        whole = (self.folder / "small.h5").read_bytes()
        self.write("short.h5", whole[:len(whole) // 2])
        self.write("empty.h5", b"")
        self.write("text.h5", "some text\n")
        for name, code in (("short.h5", STORAGE), ("empty.h5", BAD_INPUT), ("text.h5", BAD_INPUT)):
            shown = self.flopsieve("show", name)
            done = self.flopsieve("tail", name)
            self.assertEqual((done.returncode, done.stdout), (code, ""))
            self.assertEqual(done.stderr, shown.stderr)

    def test_a_run_that_is_stopped_at_once_tells_what_it_has(self):
        process = self.start("run", "long.toml", "--threads", 1)
        self.assertTrue(self.wait_for(lambda: (self.folder / "long.h5.status.json").exists()))
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, INTERRUPTED)
        status = self.status()
        done = status["batches"]["done"]
        self.assertGreater(done, 0)
        self.assertIn(f"({done} of 1250 batches)", stderr.decode())
        self.assertEqual(status["trajectories"], 64 * done)
        self.assertEqual(len(status["counts"]["cumulative"]), 3)
        self.assertGreater(status["eta_seconds"], 0)

    def test_a_status_of_something_else(self):
        for content in ("{}", "no JSON", "[1, 2]", '{"state": "asleep"}', ""):
            self.write("long.h5.status.json", content)
            done = self.flopsieve("tail", "long.h5")
            self.assertEqual(done.returncode, STORAGE)
            self.assertRegex(done.stderr, r"\Aflopsieve: long\.h5\.status\.json: not the status of "
                                          r"a flopsieve run: [^\n]+\n\Z")

    def test_a_status_that_cannot_be_written_is_one_warning(self):
        (self.folder / "long.h5.status.json").mkdir()
        done = self.succeed("run", "long.toml")
        self.assertEqual(done.stderr.count("goes on without its status"), 1)

    def test_a_terminal_is_drawn_over(self):
        if shutil.which("script") is None:
            self.skipTest("script(1) is not installed")
        self.begin()
        seen = subprocess.run(["script", "-qec", f"{PROGRAM} tail long.h5 --interval 0.3",
                               "/dev/null"], cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual(seen.returncode, DONE)
        self.assertRegex(seen.stdout, r"\x1b\[\d+A\x1b\[J")


if __name__ == "__main__":
    unittest.main()
