#!/usr/bin/env python3
"""Ranks of one mpirun, and of one srun: the datasets of a single process, whatever ends the run;
one message for all of them. Skipped where the program or the machine is without MPI."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import h5py

from harness import (BAD_INPUT, BUDGET, DONE, INTERRUPTED, PROGRAM, SMALL_JOB, SOURCE, ProgramTest,
                     edited, sealed_batches)
from interruption_test import LONG_JOB

# 75 batches of uneven cost, the last one cut.
JOB = edited("trajectories = 300", "trajectories = 597\nbatch_trajectories = 8")
JOB = edited('keep = "samples"', 'keep = "samples:100"', JOB)
PRECISE_JOB = edited("trajectories = 597",
                     "precision = { absolute = 30 }\ntrajectories = 3_000", JOB)


def missing():
    """Why there is nothing to test, or an empty text."""
    if shutil.which("mpirun") is None:
        return "no mpirun on this machine"
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return "the program was built without MPI" if "without MPI" in told else ""


def ranks_of(process):
    """The ranks of a running mpirun: process numbers by rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
        rank = [v for v in variables if v.startswith(b"OMPI_COMM_WORLD_RANK=")]
        if parent == process.pid and rank:
            found[int(rank[0].split(b"=")[1])] = int(folder.name)
    return found


@unittest.skipIf(missing(), missing())
class MpiTest(ProgramTest):
    JOBS = {}

    @classmethod
    def setUpClass(cls):
        """What one process makes of the jobs."""
        temporary = tempfile.TemporaryDirectory(prefix="flopsieve-test-")
        cls.addClassCleanup(temporary.cleanup)
        cls.home = Path(temporary.name)
        cls.tables = {}
        for name, text in cls.JOBS.items():
            (cls.home / f"{name}.toml").write_text(text)
            done = subprocess.run([PROGRAM, "run", f"{name}.toml"], cwd=cls.home, check=True,
                                  capture_output=True, text=True)
            cls.tables[name] = done.stdout

    def setUp(self):
        super().setUp()
        for name, text in self.JOBS.items():
            self.write(f"{name}.toml", text)

    def launcher(self, count):
        # As root, on one machine, with more ranks than processors.
        return ["mpirun", "--oversubscribe", "--allow-run-as-root", "-np", str(count)]

    def start_ranks(self, count, *arguments, **options):
        """mpirun, which does not outlive the test; its ranks end with it."""
        process = subprocess.Popen(
            [*self.launcher(count), PROGRAM, *map(str, arguments)], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**self.environment(), **options})

        def end():
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=60)
        self.addCleanup(end)
        return process

    def ranks(self, count, *arguments, **options):
        process = self.start_ranks(count, *arguments, **options)
        process.out, process.err = process.communicate(timeout=120)
        return process

    def messages(self, process):
        """What the program itself has said."""
        return [line for line in process.err.splitlines() if line.startswith("flopsieve: ")]

    def assert_like_one_process(self, name, output=None):
        self.assert_equal_files(output or f"{name}.h5", self.home / f"{name}.h5")


class SameBytes(MpiTest):
    JOBS = {"job": JOB, "precise": PRECISE_JOB}

    def test_any_number_of_ranks(self):
        for count in (2, 4):
            done = self.ranks(count, "run", "job.toml", "-o", f"{count}.h5")
            self.assertEqual(done.returncode, DONE, done.err)
            self.assertEqual(done.out, self.tables["job"])
            self.assertEqual(done.err.count("597 trajectories"), 1)
            self.assert_like_one_process("job", f"{count}.h5")
            with h5py.File(self.folder / f"{count}.h5") as file:
                self.assertEqual(file.attrs["ranks"], str(count))
        with h5py.File(self.home / "job.h5") as file:
            self.assertEqual(file.attrs["ranks"], "1")

    def test_ranks_take_turns_over_all_back_ends_and_targets(self):
        for backend, target in (("openmp", "scalar"), ("serial", "avx2")):
            done = self.ranks(2, "run", "job.toml", "--backend", backend, "--threads", 2, "--fresh",
                              FLOPSIEVE_TARGET=target)
            if "this processor cannot run it" in done.err:
                continue
            self.assertEqual(done.returncode, DONE, done.err)
            self.assert_like_one_process("job")

    def test_precision_stops_after_the_same_batch(self):
        done = self.ranks(4, "run", "precise.toml")
        self.assertEqual((done.returncode, done.out), (DONE, self.tables["precise"]), done.err)
        self.assert_like_one_process("precise")
        with h5py.File(self.folder / "precise.h5") as file:
            self.assertEqual(file.attrs["stopped_early"], 1)

    def test_ranks_resume_and_extend_what_others_began(self):
        self.succeed("run", "job.toml", "--shard", "0/3")
        done = self.ranks(2, "run", "job.toml")
        self.assertEqual(done.returncode, DONE, done.err)
        self.assert_like_one_process("job")
        (self.folder / "job.h5").unlink()
        self.succeed("run", "job.toml", "--trajectories", 100)
        done = self.ranks(3, "run", "job.toml")
        self.assertIn("extending job.h5", done.err)
        self.assert_like_one_process("job")

    def test_other_commands_are_carried_out_once(self):
        self.succeed("run", "job.toml")
        done = self.ranks(3, "show", "job.h5")
        self.assertEqual((done.returncode, done.out), (DONE, self.tables["job"]), done.err)
        done = self.ranks(2, "run", "--from", "job.h5")
        self.assertEqual(done.returncode, DONE, done.err)
        self.assertRegex(done.out, r"\Ajob.h5: equal: \d+ datasets\n\Z")
        tighter = ("job.h5", "--set", "constraint.largest_share.max=0.4", "-o")
        self.succeed("refilter", *tighter, "one.h5")
        done = self.ranks(2, "refilter", *tighter, "two.h5")
        self.assertEqual(done.returncode, DONE, done.err)
        self.assert_equal_files("one.h5", "two.h5")


class Refused(MpiTest):
    JOBS = {"job": JOB}

    def refuse(self, code, says, *arguments, **options):
        done = self.ranks(3, *arguments, **options)
        self.assertEqual(done.returncode, code, done.err)
        self.assertEqual(len(self.messages(done)), 1, done.err)
        self.assertIn(says, done.err)
        return done

    def test_one_message(self):
        before = self.listing()
        self.refuse(BAD_INPUT, "did you mean", "run", "job.toml", "--set", "total.grwoth=3")
        self.refuse(BAD_INPUT, "see flopsieve --help", "run", "--no-such-option")
        self.refuse(BAD_INPUT, "--shard 0/2: 3 ranks share the run", "run", "job.toml",
                    "--shard", "0/2")
        self.refuse(BAD_INPUT, "no such instruction set", "run", "job.toml",
                    FLOPSIEVE_TARGET="mmx")
        self.assertEqual(self.listing(), before)

    def test_a_budget_that_is_spent(self):
        self.write("hard.toml", edited("attempts = 200", "attempts = 2\nbatch_trajectories = 4",
                                       edited("min = 0.05\nmax = 0.5", "min = 0.2\nmax = 0.23", edited(
                                           '"shift"', '"shift"\nmethod = "reject"'))))
        one = self.flopsieve("run", "hard.toml", "-o", "one.h5")
        self.assertEqual(one.returncode, BUDGET)
        done = self.refuse(BUDGET, "ran out of their 2 attempts", "run", "hard.toml",
                           "-o", "two.h5")
        self.assertEqual(self.messages(done), one.stderr.splitlines()[-1:])


class Ended(MpiTest):
    JOBS = {"long": LONG_JOB}  # some seconds, 2,500 batches

    def start_and_wait_for_parts(self, count, *options):
        before = sealed_batches(self.folder / "long.h5")
        process = self.start_ranks(count, "run", "long.toml", "--threads", 1, *options)
        self.assertTrue(self.wait_for(lambda: sealed_batches(self.folder / "long.h5") - before or
                                      process.poll() is not None))
        self.assertIsNone(process.poll(), "the run was over before a part was sealed")
        return process

    def finish(self, process):
        process.out, process.err = process.communicate(timeout=60)
        self.assertFalse((self.folder / "long.h5").exists(), "it had just finished")
        sealed = sealed_batches(self.folder / "long.h5")
        self.assertTrue(sealed)
        return sealed

    def resume_and_compare(self, count):
        if count == 1:
            done = self.succeed("run", "long.toml")
            told = done.stderr
        else:
            done = self.ranks(count, "run", "long.toml")
            told = done.err
        self.assertEqual(done.returncode, DONE, told)
        self.assertIn("resuming from long.h5.parts", told)
        self.assertEqual(set(self.listing()), {"long.toml", "long.h5"})
        self.assert_like_one_process("long")

    def test_a_killed_rank(self):
        for count, victim, resume in ((3, 1, 1), (2, 0, 2)):
            with self.subTest(victim=victim):
                process = self.start_and_wait_for_parts(count)
                before = sealed_batches(self.folder / "long.h5")
                ranks = ranks_of(process)
                self.assertEqual(set(ranks), set(range(count)))
                os.kill(ranks[victim], signal.SIGKILL)
                self.assertLessEqual(before, self.finish(process))
                self.assertNotEqual(process.returncode, 0)
                self.assertLessEqual(len(self.messages(process)), 1, process.err)
                self.assertTrue(self.wait_for(lambda r=ranks: not any(
                    Path(f"/proc/{pid}").exists() for pid in r.values())))
                self.resume_and_compare(resume)
                (self.folder / "long.h5").unlink()

    def test_signals_to_mpirun(self):
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                process = self.start_and_wait_for_parts(2)
                process.send_signal(number)
                start = time.monotonic()
                self.finish(process)
                self.assertLess(time.monotonic() - start, 10)
                self.assertEqual(len(self.messages(process)), 1, process.err)
                self.assertIn("flopsieve: stopped; everything computed so far is sealed",
                              process.err)
                if number == signal.SIGUSR1:  # mpirun has its own exit codes for the others
                    self.assertEqual(process.returncode, INTERRUPTED)
                self.assertNotEqual(process.returncode, DONE)
                shutil.rmtree(self.folder / "long.h5.parts")

    def test_a_signal_to_any_rank(self):
        for victim in (0, 1):
            process = self.start_and_wait_for_parts(2)
            os.kill(ranks_of(process)[victim], signal.SIGUSR1)
            self.finish(process)
            self.assertEqual(process.returncode, INTERRUPTED, process.err)
            self.assertEqual(len(self.messages(process)), 1, process.err)
        self.resume_and_compare(2)

    def test_time_limit(self):
        process = self.ranks(2, "run", "long.toml", "--time-limit", "2s",
                             "--trajectories", 4_000_000)
        self.assertEqual(process.returncode, INTERRUPTED, process.err)
        self.assertIn("stopped before the time limit; everything computed so far is sealed",
                      process.err)
        self.assertEqual(len(self.messages(process)), 1, process.err)
        self.assertTrue(sealed_batches(self.folder / "long.h5"))


SWEEP = edited('keep = "samples:100"', 'keep = "summary"', JOB) + """
[sweep]
design = "grid"

[sweep.keys]
models.sd = [1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
constraint.largest_share.max = [0.3, 0.4, 0.5]
"""
LONG_SWEEP = edited("trajectories = 597", "trajectories = 40_000", SWEEP)


class Sweeps(MpiTest):
    """Each rank writes parts of its own."""

    JOBS = {"sweep": SWEEP}

    def parts(self):
        return list((self.folder / "long.h5.parts").glob("*.sweep"))

    def test_any_number_of_ranks(self):
        for count in (2, 3, 16):  # the last: by batches
            done = self.ranks(count, "run", "sweep.toml", "-o", f"{count}.h5", "--threads", 1)
            self.assertEqual(done.returncode, DONE, done.err)
            self.assertEqual(done.out, self.tables["sweep"])
            self.assert_like_one_process("sweep", f"{count}.h5")
            with h5py.File(self.folder / f"{count}.h5") as file:
                self.assertEqual(file.attrs["ranks"], str(count))
            self.assertEqual(set(self.listing()) - {f"{n}.h5" for n in (2, 3, 16)}, {"sweep.toml"})
        done = self.ranks(2, "run", "sweep.toml", "-o", "2.h5")  # which is finished
        self.assertEqual((done.returncode, done.out), (DONE, self.tables["sweep"]), done.err)

    def test_stopped_killed_and_resumed(self):
        self.write("long.toml", LONG_SWEEP)
        for number in (signal.SIGUSR1, signal.SIGKILL):
            before = len(self.parts())
            process = self.start_ranks(2, "run", "long.toml", "--threads", 1, "--seal-every", "1s")
            self.assertTrue(self.wait_for(lambda n=before: process.poll() is not None or
                                          len(self.parts()) > n + 1))
            self.assertIsNone(process.poll(), "the run was over before it was disturbed")
            os.kill(ranks_of(process)[1], number)
            process.out, process.err = process.communicate(timeout=60)
            self.assertFalse((self.folder / "long.h5").exists(), "it had just finished")
            if number == signal.SIGUSR1:
                self.assertEqual(process.returncode, INTERRUPTED, process.err)
                self.assertEqual(len(self.messages(process)), 1, process.err)
                self.assertIn("stopped; everything computed so far is sealed", process.err)
            else:
                self.assertNotEqual(process.returncode, DONE)
        done = self.ranks(3, "run", "long.toml")
        self.assertEqual(done.returncode, DONE, done.err)
        self.assertEqual(set(self.listing()), {"sweep.toml", "long.toml", "long.h5"})
        self.succeed("run", "long.toml", "-o", "whole.h5", "-q")
        self.assert_equal_files("long.h5", "whole.h5")

    def test_one_message(self):
        self.write("bad.toml", SWEEP.replace("[1.2,", "[-1,"))
        done = self.ranks(3, "run", "bad.toml")
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertEqual(len(self.messages(done)), 1, done.err)
        self.assertIn("3 of 18 variants", done.err)
        self.assertEqual(set(self.listing()), {"sweep.toml", "bad.toml"})


PRIVATE_SLURM = SOURCE / "scripts/private_slurm"
NO_SLURM = next((f"{name} is missing" for name in ("slurmctld", "slurmd", "munged", PRIVATE_SLURM)
                 if shutil.which(name) is None),
                "" if os.geteuid() == 0 else "slurmd runs as root only")


@unittest.skipIf(NO_SLURM, NO_SLURM)
class Srun(MpiTest):
    """Ranks on four nodes of a private Slurm."""

    JOBS = {"job": JOB, "sweep": SWEEP}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        home = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="flopsieve-slurm-"))
        os.chmod(home, 0o755)  # munge wants its socket within everybody's reach
        os.environ["PRIVATE_SLURM"] = f"{home}/slurm"
        cls.addClassCleanup(os.environ.pop, "PRIVATE_SLURM")
        cls.addClassCleanup(subprocess.run, [PRIVATE_SLURM, "stop"], timeout=60, check=True)
        started = subprocess.run([PRIVATE_SLURM, "start", "4"], timeout=60, check=True,
                                 capture_output=True, text=True)
        os.environ["SLURM_CONF"] = re.fullmatch(r"export SLURM_CONF=(\S+)\n", started.stdout)[1]
        cls.addClassCleanup(os.environ.pop, "SLURM_CONF")

    def launcher(self, count):
        return ["srun", "--mpi=pmix", f"--nodes={count}", f"--ntasks={count}", "--overlap"]

    def test_four_nodes(self):
        done = self.ranks(4, "run", "job.toml")
        self.assertEqual((done.returncode, done.out), (DONE, self.tables["job"]), done.err)
        self.assert_like_one_process("job")
        with h5py.File(self.folder / "job.h5") as file:
            self.assertEqual(file.attrs["ranks"], "4")

    def test_a_sweep_on_four_nodes(self):
        done = self.ranks(4, "run", "sweep.toml")
        self.assertEqual((done.returncode, done.out), (DONE, self.tables["sweep"]), done.err)
        self.assert_like_one_process("sweep")


class Alone(ProgramTest):
    def test_variables_of_a_single_rank_or_none_are_no_launch(self):
        self.write("small.toml", SMALL_JOB)
        for variables in ({"OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"},
                          {"PMIX_RANK": "0"}, {"SLURM_STEP_NUM_TASKS": "4"},
                          {"OMPI_COMM_WORLD_RANK": "x", "OMPI_COMM_WORLD_SIZE": "4"}):
            done = subprocess.run([PROGRAM, "run", "small.toml", "--fresh"], cwd=self.folder,
                                  env={**self.environment(), **variables}, capture_output=True,
                                  text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, DONE, done.stderr)
            self.assertIsNone(re.search("MPI|PMI", done.stderr))


if __name__ == "__main__":
    unittest.main()
