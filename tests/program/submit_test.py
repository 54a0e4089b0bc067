#!/usr/bin/env python3
"""`submit` and `status` without a cluster: the folder that is written, its scripts run by hand, and
commands of the names of Slurm's that answer as a test says. slurm_test.py has the real ones."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from documents import document, flattened, names, tables
from harness import BAD_INPUT, INTERRUPTED, PROGRAM, SOURCE, STORAGE, Refusal, edited
from submissions import JOB, Submissions
from tail_test import LONG_JOB

FILES = {"README.md", "job.toml", "logs", "merge.sbatch", "shards.sbatch", "submission.json",
         "submit.sh"}


class Folder(Submissions):
    def test_the_scripts_give_the_result_of_one_process(self):
        """Whatever becomes of the job's own file."""
        self.succeed("run", "job.toml", "-o", "whole.h5", "--set", "models.sd=1.5")
        said = self.submit("--set", "models.sd=1.5", "-o", "out.h5").stdout
        self.assertIn("3 shards of 75 batches, at most 25 each", said)
        self.assertIn(f"submit with: bash {self.folder}/out-slurm/submit.sh\n", said)
        folder = self.folder / "out-slurm"
        self.assertEqual(set(os.listdir(folder)), FILES)
        (self.folder / "job.toml").unlink()
        for shard in (2, 0, 1):
            task = self.batch("shards.sbatch", "out-slurm", SLURM_ARRAY_TASK_ID=str(shard))
            self.assertEqual(task.returncode, 0, task.said)
            self.assertIn("ends with exit code 0", task.said)
        for _ in range(2):
            merge = self.batch("merge.sbatch", "out-slurm")
            self.assertEqual(merge.returncode, 0, merge.said)
        self.assertIn("is there already", merge.said)
        self.assert_equal_files("out.h5", "whole.h5")
        self.assertEqual(self.calls("scontrol"), [])

    def test_scripts_say_what_was_asked(self):
        self.submit("--limit", 2, "--time", "1h30m", "--partition", "short", "--account", "a_1",
                    "--qos", "low", "--mem", "4G", "--cpus", 8, "--mail", "me@example.org")
        folder = self.folder / "job-slurm"
        array = (folder / "shards.sbatch").read_text()
        merge = (folder / "merge.sbatch").read_text()
        common = {"--time=0-01:30:00", "--partition=short", "--account=a_1", "--qos=low", "--mem=4G",
                  "--mail-user=me@example.org", "--cpus-per-task=8", "--nodes=1", "--ntasks=1",
                  "--requeue", "--open-mode=append"}
        name = json.loads((folder / "submission.json").read_text())["name"]
        self.assertEqual(set(re.findall(r"^#SBATCH (.*)$", array, re.MULTILINE)), common | {
            "--array=0-2%2", "--signal=B:USR1@120", "--output=logs/shard-%a.log",
            "--mail-type=FAIL", f"--job-name={name}"})
        self.assertEqual(set(re.findall(r"^#SBATCH (.*)$", merge, re.MULTILINE)), common | {
            "--output=logs/merge.log", "--mail-type=END,FAIL", f"--job-name={name}-merge"})
        program = re.search(r"^program=(.*)$", array, re.MULTILINE).group(1)
        self.assertEqual(shlex.split(program), [os.path.realpath(PROGRAM)])
        for path in folder.iterdir():
            if path.is_file():
                self.assertNotRegex(path.read_text(), r"__[a-z_]+__")

    def test_a_short_limit_is_told_later(self):
        for limit, lead in (("10:00", 60), ("1", 6), ("20:00", 120), ("1-00", 120)):
            self.submit("--time", limit)
            self.assertIn(f"--signal=B:USR1@{lead}\n",
                          (self.folder / "job-slurm/shards.sbatch").read_text())

    def test_names_that_a_shell_would_read(self):
        name = "it's $(touch harm) `touch harm`;touch harm \"& ünï"
        (self.folder / name).mkdir()
        self.write("job.toml", edited('title = "Small"', 'title = "$(touch harm) __shards__"', JOB))
        self.says("sbatch", "echo 7\n")
        done = self.succeed("submit", "job.toml", "--shards", 1, "-o", f"{name}/out 1.h5",
                            "--directory", f"{name}/__limit__ %A", "--now")
        self.assertIn("shards all: job 7", done.stdout)
        words = [line for line in (self.bin / "calls").read_text().splitlines()
                 if line.startswith("sbatch")]
        self.assertEqual(len(words), 2)
        task = self.batch("shards.sbatch", f"{name}/__limit__ %A", SLURM_ARRAY_TASK_ID="0")
        self.assertEqual(task.returncode, 0, task.said)
        self.assertTrue((self.folder / name / "out 1.h5").is_file())
        self.assertEqual(self.batch("merge.sbatch", f"{name}/__limit__ %A").returncode, 0)
        self.assertEqual(self.states(f"{name}/__limit__ %A"), (["done"], "done"))
        self.assertEqual([path for path in self.folder.rglob("harm")], [])

    def test_the_same_job_again_changes_its_options_and_no_other_takes_the_folder(self):
        self.submit("--time", "1:00:00")
        before = set(self.listing())
        self.submit("--time", "2:00:00")
        self.assertEqual(set(self.listing()), before)
        self.assertIn("--time=0-02:00:00\n", (self.folder / "job-slurm/shards.sbatch").read_text())
        there = ("submit", "job.toml", "--directory", "job-slurm", "--shards")
        self.refuse(*there, 4, says="is a submission of 3 shards; choose another one with --directory")
        self.refuse(*there, 3, "-o", "other.h5", says="is a submission of another output")
        self.refuse(*there, 3, "--trajectories", 605, says="another job")
        self.refuse(*there, 3, "--seed", 8, says="another job")
        self.refuse(*there, 3, "--seed", 8, "-o", "job.h5",
                    says=("job.h5.parts belongs to another job", "differs in seed", "-o"))

    def test_refusals(self):
        (self.folder / "taken").mkdir()
        self.write("taken/file", "")
        self.write("done.h5", "")
        for options, says in (
                ((), "--shards"), (("--shards", 0), "--shards 0: must be from 1 to 75"),
                (("--shards", -1), "from 1 to 75"), (("--shards", "many"), "--shards"),
                (("--shards", 76), ("from 1 to 75", "75 batches of 8", "batch_trajectories")),
                (("--shards", 3, "--time", "soon"), ("--time soon: must be", "1-12:00:00")),
                (("--shards", 3, "--time", "auto"), "--time auto"),
                (("--shards", 3, "--mem", "much"), ("--mem much", "4G")),
                (("--shards", 3, "--mem", "0"), "--mem"), (("--shards", 3, "--mem", "4GB"), "--mem"),
                (("--shards", 3, "--partition", "a b"), "--partition"),
                (("--shards", 3, "--partition", "a\nb"), "--partition"),
                (("--shards", 3, "--partition", ""), "empty"),
                (("--shards", 3, "--account=-x"), "not begin with -"),
                (("--shards", 3, "--qos", "$(id)"), "--qos"),
                (("--shards", 3, "--mail", "me;you@x"), "--mail"),
                (("--shards", 3, "--cpus", 0), "--cpus"), (("--shards", 3, "--limit", 0), "--limit"),
                (("--shards", 3, "--directory", "taken"), "taken: exists"),
                (("--shards", 3, "--directory", "job.toml"), "job.toml: exists"),
                (("--shards", 3, "--directory", "no/where"), "there is no folder"),
                (("--shards", 3, "--directory", "a\nb"), "control character"),
                (("--shards", 3, "--directory", "x" * 300), "xxx"),
                (("--shards", 3, "-o", "done.h5"), "done.h5: exists already"),
                (("--shards", 3, "-o", "no/where.h5"), "no/where.h5"),
                (("--shards", 3, "--set", "models.sd=-1"), "models.sd")):
            with self.subTest(options):
                self.refuse("submit", "job.toml", *options, says=says)
        self.refuse("submit", "nowhere.toml", "--shards", 3, says="nowhere.toml")
        for folder in ("taken", "nowhere", "job.toml", "."):
            self.refuse("status", folder, says="no folder that flopsieve submit has written")
        for text in ("", "{}", '{"kind": "flopsieve submission", "version": 2}'):
            self.write("taken/submission.json", text)
            self.refuse("status", "taken", says="submission.json: ")
        self.refuse("status", says="DIR")

    def test_an_infeasible_job_is_found_before_it_is_written(self):
        self.refuse("submit", "job.toml", "--shards", 3, "--set", "constraint.largest_share.min=0.001",
                    "--set", "constraint.largest_share.max=0.0011", code=3)

    def test_a_folder_that_cannot_be_written(self):
        (self.folder / "locked").mkdir(mode=0o555)
        done = self.run_without_rights("submit", "job.toml", "--shards", 3, "--directory",
                                       "locked/dir", "-o", "out.h5")
        self.assertEqual(done.returncode, STORAGE, done.stderr)
        self.assertIn("locked/dir: cannot create: Permission denied", done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder)), ["job.toml", "locked"])


class Sweeps(Submissions):
    def setUp(self):
        super().setUp()
        (self.folder / "there").mkdir()
        self.write("there/sweep.toml", edited('keep = "samples"', 'keep = "summary"', JOB)
                   + '\n[sweep]\ndesign = "csv"\ncsv = "table.csv"\n')
        self.write("there/table.csv", "seed,models.sd\n1,1.2\n1,1.4\n2,1.2\n2,1.4\n3,1.3\n"
                                      "3,1.5\n4,1.2\n4,1.4\n")

    def test_the_scripts_give_the_result_of_one_process(self):
        """By variants and by batches, whatever becomes of the files that the sweep names."""
        self.write("there/mine.toml", (SOURCE / "jobs/calibration.toml").read_text())
        options = ("--set", 'calibration="mine.toml"', "--trajectories", 40)
        self.succeed("run", "there/sweep.toml", *options, "-o", "whole.h5", "-q")
        for shards, says in ((2, "2 shards of 8 variants of 5 batches, at most 4 each"),
                             (3, "3 shards of 40 batches of 8 variants, at most 14 each")):
            said = self.succeed("submit", "there/sweep.toml", "--shards", shards, *options, "-o",
                                f"{shards}.h5").stdout
            self.assertIn(says, said)
            self.assertEqual(set(os.listdir(self.folder / f"{shards}-slurm")),
                             FILES | {"variants.csv", "calibration.toml"})
        shutil.rmtree(self.folder / "there")
        for shards in (2, 3):
            folder = f"{shards}-slurm"
            for shard in reversed(range(shards)):
                self.assertEqual(self.states(folder), (
                    ["unfinished"] * (shard + 1) + ["done"] * (shards - shard - 1), "unfinished"))
                task = self.batch("shards.sbatch", folder, SLURM_ARRAY_TASK_ID=str(shard))
                self.assertEqual(task.returncode, 0, task.said)
            self.assertEqual(self.standing(folder)["batches_sealed"], 40)
            self.assertEqual(self.batch("merge.sbatch", folder).returncode, 0)
            self.assertEqual(self.states(folder), (["done"] * shards, "done"))
            self.assert_equal_files(f"{shards}.h5", "whole.h5")

    def test_a_stop_requeues_and_goes_on(self):
        self.succeed("submit", "there/sweep.toml", "--shards", 2, "-o", "out.h5",
                     "--trajectories", 400_000)
        task = self.batch("shards.sbatch", "out-slurm", wait=False, SLURM_ARRAY_TASK_ID="0")
        status = self.folder / "out.h5.status-0of2.json"
        self.assertTrue(self.wait_for(
            lambda: status.exists() and json.loads(status.read_text())["trajectories"] > 0))
        os.kill(task.pid, signal.SIGUSR1)
        said = task.communicate(timeout=60)[0]
        self.assertEqual(task.returncode, INTERRUPTED, said)
        self.assertIn("requeues itself", said)
        self.assertEqual(self.calls("scontrol"), [["requeue", "12_0"]])
        self.assertTrue(0 < self.standing("out-slurm")["batches_sealed"])

    def test_refusals(self):
        self.refuse("submit", "there/sweep.toml", "--shards", 601,
                    says="from 1 to 600")
        self.write("there/table.csv", "models.sd\n1.2\n-1\n")
        done = self.flopsieve("submit", "there/sweep.toml", "--shards", 2)
        self.assertEqual(done.returncode, BAD_INPUT)
        self.assertIn("variant 1: there/table.csv:3: models.sd=-1", done.stderr)
        self.assertEqual(set(os.listdir(self.folder)), {"job.toml", "there"})
        self.write("there/table.csv", "models.sd\n1.2\n1.3\n")
        self.succeed("submit", "there/sweep.toml", "--shards", 2)
        self.write("there/table.csv", "models.sd\n1.2\n1.4\n")
        self.refuse("submit", "there/sweep.toml", "--shards", 2, "--directory", "other",
                    says="sweep.h5.parts: holds parts of another sweep")
        self.assertFalse((self.folder / "other").exists())
        self.refuse("submit", "there/sweep.toml", "--shards", 2, "-o", "new.h5", "--directory",
                    "sweep-slurm", says="another job")


class Tasks(Submissions):
    def setUp(self):
        super().setUp()
        self.write("job.toml", edited("80_000", "800_000", LONG_JOB))
        self.submit(shards=2)

    def task(self, **variables):
        return self.batch("shards.sbatch", wait=False, SLURM_ARRAY_TASK_ID="1", **variables)

    def end(self, task, number):
        """Signals the script once a part of its shard is sealed; returns what it said."""
        self.assertTrue(self.wait_for(
            lambda: list(self.folder.glob("*.h5.parts/part-*-1of2.h5")) or task.poll() is not None))
        task.send_signal(number)
        said = task.communicate(timeout=60)[0]
        self.assertEqual(task.returncode, INTERRUPTED, said)
        self.assertIn("everything computed so far is sealed", said)
        return said

    def test_a_stop_before_the_limit_is_requeued_and_goes_on(self):
        said = self.end(self.task(), signal.SIGUSR1)
        self.assertIn("requeues itself", said)
        self.assertEqual(self.calls("scontrol"), [["requeue", "12_1"]])
        sealed = set(self.folder.glob("*.h5.parts/part-*-1of2.h5"))
        task = self.task(SLURM_RESTART_COUNT="1")
        self.assertTrue(self.wait_for(
            lambda: set(self.folder.glob("*.h5.parts/part-*-1of2.h5")) - sealed))
        self.assertIn("1 times requeued", self.end(task, signal.SIGUSR1))

    def test_a_task_that_is_cancelled_does_not_requeue_itself(self):
        said = self.end(self.task(), signal.SIGTERM)
        self.assertNotIn("requeues itself", said)
        self.assertEqual(self.calls("scontrol"), [])

    def test_slurm_signals_all_processes_of_a_task(self):
        """TERM reaches the program twice, then, and it seals all the same."""
        task = self.task()
        children = Path(f"/proc/{task.pid}/task/{task.pid}/children")
        self.assertTrue(self.wait_for(
            lambda: list(self.folder.glob("*.h5.parts/part-*-1of2.h5")) or task.poll() is not None))
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGTERM)
        task.send_signal(signal.SIGTERM)
        said = task.communicate(timeout=60)[0]
        self.assertEqual(task.returncode, INTERRUPTED, said)
        self.assertIn("everything computed so far is sealed", said)
        self.assertEqual(self.calls("scontrol"), [])

    def test_a_limit_that_is_too_short_for_a_batch_does_not_go_round_for_ever(self):
        task = self.batch("shards.sbatch", SLURM_ARRAY_TASK_ID="1", SLURM_JOB_END_TIME="1000000000")
        self.assertEqual(task.returncode, INTERRUPTED, task.said)
        self.assertIn("stopped before a batch was done: give it more --time", task.said)
        self.assertEqual(self.calls("scontrol"), [])

    def test_other_failures_keep_their_exit_code(self):
        name = next(self.folder.glob("*.h5.parts")).name[:-len(".parts")]
        self.succeed("run", "job.toml", "--trajectories", 100, "--seed", 9, "-o", "other.h5",
                     "--no-compact")
        for path in (self.folder / f"{name}.parts").iterdir():
            path.unlink()
        for part in self.folder.glob("other.h5.parts/part-*"):
            part.rename(self.folder / f"{name}.parts" / part.name)
        task = self.batch("shards.sbatch", SLURM_ARRAY_TASK_ID="1")
        self.assertEqual(task.returncode, BAD_INPUT, task.said)
        self.assertIn("belongs to another job: it differs in seed", task.said)
        self.assertEqual(self.calls("scontrol"), [])
        self.assertEqual(self.states()[0], ["unfinished"] * 2)


class Status(Submissions):
    def queue(self, *lines):
        """What squeue prints for jobs of the submission; NAME and MERGE stand for their names."""
        name = json.loads((self.folder / "job-slurm/submission.json").read_text())["name"]
        rows = [line.replace("MERGE", f"{name}-merge").replace("NAME", name) for line in lines]
        self.says("squeue", "".join(f"echo {shlex.quote(row)}\n" for row in rows))

    def test_from_the_first_submission_to_the_result(self):
        self.submit("--limit", 4, shards=5)
        text = self.succeed("status", "job-slurm").stdout
        self.assertIn("5 unfinished of 5 shards; 0 of 75 batches are sealed", text)
        self.assertIn("not submitted", text)
        submit = f"bash {self.folder}/job-slurm/submit.sh"
        self.assertTrue(text.endswith(f"submit with: {submit}\n"))

        self.says("sbatch", 'case $* in *shards*) echo "12;cluster" ;; *) echo 13 ;; esac\n')
        subprocess.run(shlex.split(submit), check=True, capture_output=True)
        folder = f"{self.folder}/job-slurm"
        self.assertEqual(self.calls("sbatch"), [
            ["--parsable", f"--chdir={folder}", f"{folder}/shards.sbatch"],
            ["--parsable", f"--chdir={folder}", "--dependency=afterok:12",
             "--kill-on-invalid-dep=yes", f"{folder}/merge.sbatch"]])
        again = subprocess.run(shlex.split(submit), capture_output=True, text=True, check=False)
        self.assertEqual(again.returncode, 2)
        self.assertIn("was submitted before", again.stderr)
        self.refuse("submit", "job.toml", "--shards", 5, "--trajectories", 500, says="another job")

        self.batch("shards.sbatch", SLURM_ARRAY_TASK_ID="0")
        self.queue("NAME|12|1|RUNNING|n1", "NAME|12|2|PENDING|(JobArrayTaskLimit)",
                   "MERGE|13|N/A|PENDING|(Dependency)", "another|14|3|RUNNING|n2",
                   "slurm_load_jobs error: a word", "NAME|12|4|COMPLETING|n1")
        self.assertEqual(self.states(), (["done", "running", "waiting", "lost", "running"], "waiting"))
        text = self.succeed("status", "job-slurm").stdout
        self.assertIn("1 done, 2 running, 1 waiting, 1 lost of 5 shards; 15 of 75 batches", text)
        self.assertIn("12_1 on n1", text)
        self.assertIn("merge: waiting, job 13 waits for (Dependency)\n", text)
        self.assertTrue(text.endswith(f"repair with: {submit} 3\n"))

        fields = flattened(self.standing(), "", {})
        listed = {name for row in tables(document("jobs/REPORTS.md"))["`status`"]
                  for name in names(row[0])}
        self.assertEqual(fields - {"shards[].task"}, listed)

        self.says("squeue", 'case $* in *%F*%K*) ;; *) echo 12 ;; esac\n')
        standing = self.standing()
        self.assertEqual(standing["counts"], {"done": 1, "running": 0, "waiting": 0, "lost": 4,
                                              "unfinished": 0})
        self.assertEqual(standing["repair"], f"{submit} 1-4")
        subprocess.run(shlex.split(standing["repair"]), check=True, capture_output=True)
        self.assertEqual(self.calls("sbatch")[2:], [
            ["--parsable", f"--chdir={folder}", "--array=1-4%4", f"{folder}/shards.sbatch"],
            ["--parsable", f"--chdir={folder}", "--dependency=afterok:12,afterany:12",
             "--kill-on-invalid-dep=yes", f"{folder}/merge.sbatch"]])
        noted = [line.split()[1:] for line in
                 (self.folder / "job-slurm/submitted.txt").read_text().splitlines()]
        self.assertEqual(noted, [["shards", "12", "all"], ["merge", "13", "-"],
                                 ["shards", "12", "1-4"], ["merge", "13", "-"]])

        for shard in range(1, 5):
            self.batch("shards.sbatch", SLURM_ARRAY_TASK_ID=str(shard))
        self.assertEqual(self.states(), (["done"] * 5, "lost"))
        self.assertEqual(self.standing()["repair"], f"{submit} merge")
        self.assertEqual(self.batch("merge.sbatch").returncode, 0)
        self.assertEqual(self.states(), (["done"] * 5, "done"))
        self.assertEqual(self.standing()["repair"], "")
        text = self.succeed("status", "job-slurm/").stdout
        self.assertTrue(text.endswith(f"merge: done; the result is {self.folder}/job.h5\n"))

    def test_without_slurm(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.submit()
        self.batch("shards.sbatch", SLURM_ARRAY_TASK_ID="2")
        self.write("job-slurm/submitted.txt", "2026-01-01T00:00:00Z shards 12 all\n")
        os.environ["PATH"] = str(empty)
        self.assertEqual(self.states(), (["unfinished", "unfinished", "done"], "unfinished"))
        text = self.succeed("status", "job-slurm").stdout
        self.assertIn("there is no squeue here", text)
        self.assertIn("if nothing of it runs or waits any more: bash", text)
        self.assertEqual(self.standing()["slurm"], "absent")

    def test_a_slurm_that_does_not_answer(self):
        self.submit()
        self.says("sbatch", "echo 12\n")
        subprocess.run(["bash", "job-slurm/submit.sh"], cwd=self.folder, check=True,
                       capture_output=True)
        self.says("squeue", "echo 'slurm_load_jobs error: Unable to contact'; exit 1\n")
        standing = self.standing()
        self.assertEqual((standing["slurm"], standing["slurm_message"]),
                         ("refuses", "slurm_load_jobs error: Unable to contact"))
        self.assertEqual(standing["counts"]["unfinished"], 3)
        self.assertIn("squeue does not answer (slurm_load_jobs error: Unable to contact)",
                      self.succeed("status", "job-slurm").stdout)

    def test_what_failed_is_told_with_its_reason(self):
        self.submit()
        self.says("sbatch", "echo 12\n")
        subprocess.run(["bash", "job-slurm/submit.sh"], cwd=self.folder, check=True,
                       capture_output=True)
        self.batch("shards.sbatch", SLURM_ARRAY_TASK_ID="1")
        path = self.folder / "job.h5.status-1of3.json"
        status = json.loads(path.read_text())
        status.update(state="failed", exit_code=5, message="no space left")
        path.write_text(json.dumps(status))
        for part in self.folder.glob("job.h5.parts/part-*"):
            part.unlink()
        shard = self.standing()["shards"][1]
        self.assertEqual((shard["state"], shard["said"]), ("lost", "exit code 5: no space left"))
        self.assertIn("exit code 5: no space left", self.succeed("status", "job-slurm").stdout)

    def test_another_result_in_the_way(self):
        self.submit()
        self.succeed("run", "job.toml", "--seed", 9, "-o", "other.h5")
        (self.folder / "other.h5").rename(self.folder / "job.h5")
        self.assertIn("job.h5 is the result of another job",
                      self.succeed("status", "job-slurm").stdout)
        self.write("job.h5", "torn")
        self.assertIn("job.h5", self.standing()["foreign"])

    def test_now(self):
        self.says("sbatch", "echo 12\n")
        done = self.submit("--now")
        self.assertIn("shards all: job 12\nmerge: job 12\n", done.stdout)
        self.assertNotIn("submit with", done.stdout)
        again = self.flopsieve("submit", "job.toml", "--shards", 3, "--now")
        self.assertEqual(again.returncode, BAD_INPUT)
        self.assertIn("was submitted before", again.stderr)
        self.says("sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1\n")
        refused = self.flopsieve("submit", "job.toml", "--shards", 3, "--seed", 3, "--now")
        self.assertEqual(refused.returncode, BAD_INPUT)
        self.assertIn("invalid partition", refused.stderr)
        self.assertRegex(refused.stderr, r"\nflopsieve: not submitted, see above; \S+ is written\n\Z")

    def test_submit_sh_knows_its_shards(self):
        self.submit(shards=4)
        for asked in ("4", "0,9", "2-10"):
            done = subprocess.run(["bash", str(self.folder / "job-slurm/submit.sh"), asked],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("they are 0 to 3", done.stderr)
        self.assertEqual(self.calls("sbatch"), [])

    def test_words_that_submit_sh_does_not_know(self):
        self.submit()
        for words in (["x"], ["1;2"], ["1,"], ["1", "2"], ["-1"], ["--help"]):
            done = subprocess.run(["bash", "job-slurm/submit.sh", *words], cwd=self.folder,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertRegex(done.stderr, r"\Asubmit.sh: [^\n]+\n\Z")
        self.assertEqual(self.calls("sbatch"), [])


class Pages(Refusal):
    def test_options_are_described(self):
        """jobs/CLUSTER.md has a row for each option of `submit`, and for nothing else."""
        shown = self.succeed("submit", "--help").stdout
        options = set(re.findall(r"^ +(?:-\w,)?(--[a-z]+)", shown, re.MULTILINE)) - {"--help"}
        page = (SOURCE / "jobs/CLUSTER.md").read_text()
        table = page[page.index("| option |"):].split("\n\n")[0]
        rows = {name for line in table.splitlines()
                for name in re.findall(r"`(--[a-z]+)", line.split("|")[1])}
        self.assertEqual(rows, options)


if __name__ == "__main__":
    unittest.main()
