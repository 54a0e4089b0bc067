#!/usr/bin/env python3
"""Job arrays on a real Slurm: the throw-away one of scripts/private_slurm.

Skipped where Slurm is not installed (slurm_packages in scripts/setup.sh) or the tests do not run as
root. The tests share one Slurm of five nodes, of which one works on a run with a time limit all the
while.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import PROGRAM, SOURCE, ProgramTest, edited
from mpi_test import SWEEP, missing
from tail_test import LONG_JOB

JOB = edited("trajectories = 300", "trajectories = 597\nbatch_trajectories = 8")  # 75 batches
# Some seconds for each of four shards on a node of one processor.
SLOW_JOB = edited("80_000", "300_000", LONG_JOB)
NEEDED = ("slurmctld", "slurmd", "munged", "sbatch")
WHY_NOT = next((f"{name} is not installed: scripts/test installs slurm-wlm and munge"
                for name in NEEDED if shutil.which(name) is None),
               "" if os.geteuid() == 0 else "slurmd runs as root only")
NO_MPI = missing()
# As root, with more ranks than processors.
ALLOW_RANKS = ("export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
               "OMPI_MCA_rmaps_base_oversubscribe=1;")


def commands(page):
    """The commands that a page shows."""
    return re.findall(r"^    (\S.*)$", page, re.MULTILINE)


def private_slurm(*words, **options):
    return subprocess.run([SOURCE / "scripts/private_slurm", *words], text=True, timeout=60,
                          capture_output=True, **options)


def home_of_slurm(enter):
    """A folder for a private Slurm; munge wants its socket within everybody's reach."""
    home = enter(tempfile.TemporaryDirectory(prefix="flopsieve-slurm-"))
    os.chmod(home, 0o755)
    return home


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Slurm(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.home = home_of_slurm(cls.enterClassContext)
        os.environ["PRIVATE_SLURM"] = f"{cls.home}/slurm"
        cls.addClassCleanup(os.environ.pop, "PRIVATE_SLURM")
        cls.addClassCleanup(private_slurm, "stop")
        started = private_slurm("start", "5")
        if started.returncode != 0:
            logs = "".join(f"{path.name}: {path.read_text(errors='replace')[-2000:]}\n"
                           for path in Path(cls.home).glob("slurm/log/*"))
            raise AssertionError(started.stderr + logs)
        os.environ["SLURM_CONF"] = re.fullmatch(r"export SLURM_CONF=(\S+)\n", started.stdout)[1]
        cls.addClassCleanup(os.environ.pop, "SLURM_CONF")
        # The shortest limit that Slurm knows is a minute, which passes while the other tests run.
        cls.limited = Path(cls.home) / "limited-slurm"
        (Path(cls.home) / "limited.toml").write_text(edited("300_000", "9_000_000", SLOW_JOB))
        subprocess.run([PROGRAM, "submit", "limited.toml", "--shards", "1", "--time", "1",
                        "--seal-every", "1s", "--now"], cwd=cls.home, check=True,
                       capture_output=True)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.end_all)

    def queued(self):
        """Jobs of this test that Slurm has not done with."""
        lines = self.slurm("squeue", "--noheader", "-r", "--format=%j %i").splitlines()
        return [line.split()[1] for line in lines if not line.startswith("flopsieve-limited-")]

    def end_all(self):
        """No task of a test outlives it."""
        for job in self.queued():
            subprocess.run(["scancel", job], capture_output=True, timeout=60, check=False)
        self.wait_for_the_end()

    def wait_for_the_end(self):
        self.assertTrue(self.wait_for(lambda: not self.queued(), pause=0.25),
                        self.slurm("squeue"))

    def slurm(self, *words):
        """What one of Slurm's commands prints."""
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def submit(self, job, name, *options, shards=4):
        """Submits a job of this name; returns the folder of its submission."""
        self.write(f"{name}.toml", job)
        self.succeed("submit", f"{name}.toml", "--shards", shards, "--mem", "100M", "--seal-every", "1s",
                     "--now", *options)
        return self.folder / f"{name}-slurm"

    def whole(self, name):
        """The result of one process."""
        self.succeed("run", f"{name}.toml", "-q", "-o", f"{name}-whole.h5", timeout=300)
        return self.folder / f"{name}-whole.h5"

    def standing(self, directory):
        return json.loads(self.succeed("status", directory, "--json").stdout)

    def wait_until(self, directory, condition, seconds=120):
        """The standing that meets the condition."""
        seen = {}

        def holds():
            seen.update(self.standing(directory))
            return condition(seen)
        if not self.wait_for(holds, seconds, pause=0.25):
            logs = "".join(f"{path.name}:\n{path.read_text()}\n"
                           for path in sorted((directory / "logs").iterdir()))
            queue = subprocess.run(["squeue"], capture_output=True, text=True, check=False).stdout
            self.fail(f"{json.dumps(seen, indent=1)}\n{logs}\n{queue}")
        return seen

    def wait_for_merge(self, directory):
        return self.wait_until(directory, lambda seen: seen["merge"]["state"] == "done")

    def runs(self, shard):
        """A condition: the shard runs and has sealed something."""
        return lambda seen: (seen["shards"][shard]["state"] == "running"
                             and seen["shards"][shard]["sealed"] > 0)

    def log(self, directory, shard):
        return (directory / f"logs/shard-{shard}.log").read_text()

    def shell(self, command, **options):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True,
                              timeout=120, check=False, env=self.environment(),
                              **{"cwd": self.folder, **options})
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def test_every_command_of_the_readme_gives_what_it_says(self):
        self.write("job.toml", JOB)
        self.succeed("submit", "job.toml", "--shards", 3, "--limit", 2, "--time", "10:00")
        directory = self.folder / "job-slurm"
        submit, status, squeue, show, stop_merge, stop, again, merge = commands(
            (directory / "README.md").read_text())
        self.assertIn("not submitted", self.shell(status, cwd="/"))
        self.assertRegex(self.shell(submit, cwd="/"), r"\Ashards all: job \d+\nmerge: job \d+\n\Z")
        self.assertIn("-merge", self.slurm(*squeue.split(), "--format=%j"))
        self.wait_for_merge(directory)
        self.assert_equal_files("job.h5", self.whole("job"))
        self.assertIn("merge: done", self.shell(status, cwd="/"))
        self.assertIn("Models above each threshold", self.shell(show, cwd="/"))
        self.shell(stop_merge)
        self.shell(stop)
        # All is done: the same again changes nothing.
        before = (self.folder / "job.h5").read_bytes()
        self.shell(again, cwd="/")
        self.shell(merge, cwd="/")
        self.wait_for_the_end()
        self.assertEqual(self.log(directory, 2).count("ends with exit code 0"), 2)
        self.assertEqual((directory / "logs/merge.log").read_text().count("is there already"), 2)
        self.assertEqual((self.folder / "job.h5").read_bytes(), before)

    def test_every_command_of_the_page_runs_as_it_is_written(self):
        """In order, each submission when the one before it has ended."""
        self.write("job.toml", JOB)
        self.write("sweep.toml", SWEEP)
        (self.folder / "flopsieve").symlink_to(PROGRAM)
        path = f"PATH={self.folder}:$PATH; {ALLOW_RANKS} "
        found = commands((SOURCE / "jobs/CLUSTER.md").read_text())
        self.assertEqual(len(found), 14)
        if NO_MPI:
            found = [command for command in found if "ranks.h5" not in command]
        printed = {}
        for command in found:
            if "show" in command or "submit" in command:
                self.wait_for_the_end()
            printed[command] = self.shell(path + command)
        self.wait_for_the_end()
        self.assertIn("Models above each threshold", printed["flopsieve show job.h5"])
        self.assertIn("of 8 shards", printed["flopsieve status job-slurm"])
        self.assertEqual(self.standing("wide-slurm")["merge"]["state"], "done")
        for whole, names in ((self.whole("job"), ["job.h5", "other.h5", "ranks.h5"]),
                             (self.whole("sweep"), ["sweep.h5", "sweep-ranks.h5"])):
            for name in names:
                if not (NO_MPI and "ranks" in name):
                    self.assert_equal_files(name, whole)

    def test_tasks_do_not_touch_the_parts_of_another_job(self):
        self.write("other.toml", edited("seed = 7", "seed = 8", JOB))
        self.submit(JOB, "job", shards=2)
        directory = self.folder / "job-slurm"
        self.wait_for_merge(directory)
        (self.folder / "job.h5").unlink()
        self.succeed("run", "other.toml", "--no-compact", "-o", "job.h5")
        foreign = sorted((self.folder / "job.h5.parts").iterdir())
        self.slurm("bash", directory / "submit.sh", "0,1")
        self.wait_for_the_end()
        self.assertIn("belongs to another job: it differs in seed", self.log(directory, 0))
        self.assertIn("ends with exit code 2", self.log(directory, 1))
        self.assertEqual(sorted((self.folder / "job.h5.parts").iterdir()), foreign)
        self.assertFalse((self.folder / "job.h5").exists())
        self.assertEqual(self.standing(directory)["merge"]["state"], "lost")

    def resume(self, node):
        """Brings a node back, which may come back by itself."""
        def is_back():
            subprocess.run(["scontrol", "update", f"nodename={node}", "state=resume"],
                           capture_output=True, check=False)
            return self.slurm("sinfo", "-h", "-n", node, "-o", "%T").strip() in (
                "idle", "allocated", "mixed")
        self.assertTrue(self.wait_for(is_back, pause=0.5))

    def test_a_node_that_fails_a_signal_and_a_cancelled_task(self):
        directory = self.submit(SLOW_JOB, "job")
        seen = self.wait_until(directory, lambda seen: all(
            self.runs(shard)(seen) for shard in (1, 2, 3)))
        tasks = [shard["task"] for shard in seen["shards"]]
        # Slurm's own way to end a task whose node is gone.
        node = tasks[1]["detail"]
        self.slurm("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        # What --signal sends before the limit, to the batch script alone.
        self.slurm("scancel", "--batch", "--signal=USR1", tasks[2]["job"])
        # Somebody's decision, which the task does not undo.
        self.slurm("scancel", tasks[3]["job"])
        waited = set()

        def told(seen):
            states = [shard["state"] for shard in seen["shards"]]
            waited.update(shard for shard in (1, 2) if states[shard] == "waiting")
            return waited == {1, 2} and states[3] == "lost"
        seen = self.wait_until(directory, told)
        self.assertIn("everything computed so far is sealed", self.log(directory, 2))
        self.assertNotIn("requeues itself", self.log(directory, 3))
        self.resume(node)
        self.assertEqual(seen["repair"], f"bash {directory}/submit.sh 3")
        merge = seen["merge"]["task"]["job"]
        self.slurm(*seen["repair"].split())
        seen = self.wait_until(directory, lambda seen: seen["merge"]["state"] != "waiting")
        self.assertNotEqual((seen["merge"]["task"] or {}).get("job"), merge)
        self.wait_for_merge(directory)
        self.assertIn("requeues itself", self.log(directory, 2))
        for shard in (1, 2):
            self.assertIn("1 times requeued", self.log(directory, shard))
        self.assert_equal_files("job.h5", self.whole("job"))

    def test_the_time_limit(self):
        directory = self.limited

        def goes_on():
            log = directory / "logs/shard-0.log"
            return log.exists() and "1 times requeued" in log.read_text()
        self.assertTrue(self.wait_for(goes_on, 90, pause=0.5), self.log(directory, 0))
        log = self.log(directory, 0)
        self.assertIn("everything computed so far is sealed", log)
        self.assertIn("requeues itself", log)
        sealed = self.standing(directory)["batches_sealed"]
        seen = self.wait_until(directory, lambda seen: seen["batches_sealed"] > sealed)
        self.slurm("scancel", seen["shards"][0]["task"]["job"])
        self.wait_until(directory, lambda seen: seen["shards"][0]["state"] == "lost")


class Private(unittest.TestCase):
    @unittest.skipIf(WHY_NOT, WHY_NOT)
    def test_it_stops_what_it_has_started_and_nothing_else(self):
        home = home_of_slurm(self.enterContext)
        folders = [f"{home}/{name}" for name in "ab"]

        def daemons(folder):
            return {path.name: int(path.read_text()) for path in Path(folder).glob("run/*.pid")}

        def alive(pid):
            try:
                return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
            except FileNotFoundError:
                return False
        for folder in folders:
            self.addCleanup(private_slurm, "stop", env={**os.environ, "PRIVATE_SLURM": folder})
            started = private_slurm("start", "1", env={**os.environ, "PRIVATE_SLURM": folder})
            self.assertEqual(started.returncode, 0, started.stderr)
        pids = [daemons(folder) for folder in folders]
        for each in pids:
            self.assertEqual(set(each), {"munged.pid", "slurmctld.pid", "slurmd.n1.pid"})
            self.assertTrue(all(map(alive, each.values())))
        private_slurm("stop", env={**os.environ, "PRIVATE_SLURM": folders[0]})
        self.assertFalse(any(map(alive, pids[0].values())))
        self.assertTrue(all(map(alive, pids[1].values())))
        self.assertFalse(Path(folders[0]).exists())


if __name__ == "__main__":
    unittest.main()
