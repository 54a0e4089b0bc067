"""What tests of submit and status share: a folder with a job, and commands of the names of Slurm's that
answer as a test says."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from harness import Refusal, edited

JOB = edited("trajectories = 300", "trajectories = 597\nbatch_trajectories = 8")  # 75 batches

# Notes its words; what it prints is in a file of its name.
FAKE = """\
#!/bin/bash
printf '%s\\n' "$(basename "$0") $*" >> "$(dirname "$0")/calls"
[[ ! -e $(dirname "$0")/$(basename "$0").says ]] || source "$(dirname "$0")/$(basename "$0").says"
"""


class Submissions(Refusal):
    def setUp(self):
        super().setUp()
        self.write("job.toml", JOB)
        self.bin = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="flopsieve-test-")))
        self.set_path(f"{self.bin}:/usr/bin:/bin")
        for name in ("sbatch", "squeue", "scontrol"):
            (self.bin / name).write_text(FAKE)
            (self.bin / name).chmod(0o755)

    def set_path(self, path):
        before = os.environ["PATH"]
        os.environ["PATH"] = path
        self.addCleanup(os.environ.__setitem__, "PATH", before)

    def says(self, name, script):
        (self.bin / f"{name}.says").write_text(script)

    def calls(self, name):
        """The words of each call of one of Slurm's commands so far."""
        path = self.bin / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split()[1:] for line in lines if line.split()[0] == name]

    def submit(self, *options, shards=3):
        return self.succeed("submit", "job.toml", "--shards", shards, *options)

    def standing(self, directory="job-slurm"):
        return json.loads(self.succeed("status", directory, "--json").stdout)

    def states(self, directory="job-slurm"):
        standing = self.standing(directory)
        return [shard["state"] for shard in standing["shards"]], standing["merge"]["state"]

    def batch(self, script, directory="job-slurm", wait=True, **variables):
        """Runs a batch script as a task of Slurm does."""
        process = subprocess.Popen(
            ["bash", str(self.folder / directory / script)], cwd=self.folder / directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**self.environment(), "SLURM_ARRAY_JOB_ID": "12", "SLURM_JOB_ID": "13", **variables})
        self.addCleanup(process.stdout.close)
        if not wait:
            return process
        process.said = process.communicate(timeout=120)[0]
        return process
