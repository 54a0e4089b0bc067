#!/usr/bin/env python3
"""`flopsieve info`: where a result comes from, and whether it is whole."""

import hashlib
import json
import unittest

import h5py

from harness import SMALL_JOB, SOURCE, STORAGE, ProgramTest, Refusal, edited


class Info(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("small.toml", SMALL_JOB)
        self.succeed("run", "small.toml", "-q")

    def info(self, *options, code=0):
        done = self.flopsieve("info", "small.h5", "--format", "json", *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout), done.stderr

    def test_every_attribute_and_dataset_is_told(self):
        info, _ = self.info()
        self.assertEqual(info["bytes"], (self.folder / "small.h5").stat().st_size)
        text = self.succeed("info", "small.h5").stdout
        with h5py.File(self.folder / "small.h5") as file:
            told = {**info["attributes"], "job": info["job"]}
            self.assertEqual(set(told) | {"plan"}, set(file.attrs))
            for name, value in told.items():
                self.assertEqual(value, file.attrs[name], name)
                if name != "job":
                    self.assertIn(f" {value}\n", text)
            found = {}
            file.visititems(lambda name, item: found.update({"/" + name: item})
                            if isinstance(item, h5py.Dataset) else None)
            self.assertEqual({each["path"] for each in info["datasets"]}, set(found))
            for each in info["datasets"]:
                item = found[each["path"]]
                self.assertEqual(each["shape"], list(item.shape))
                self.assertEqual(each["sha256"], item.attrs.get("sha256"))
                self.assertIsNone(each["intact"])
                if item.dtype.kind == "O":
                    self.assertEqual((each["type"], each["bytes"]), ("string", None))
                else:
                    self.assertEqual((each["type"], each["bytes"]), (str(item.dtype), item.nbytes))

    def test_stored_job_runs_again_and_the_plan_is_json(self):
        self.write("again.toml", self.succeed("info", "small.h5", "--job").stdout)
        self.succeed("run", "again.toml", "-q")
        self.assert_equal_files("again.h5", "small.h5")
        self.assertEqual(json.loads(self.succeed("info", "small.h5", "--plan").stdout)["seed"], 7)

    def test_verify(self):
        info, _ = self.info("--verify")
        self.assertEqual({each["intact"] for each in info["datasets"] if each["sha256"]}, {True})
        self.assertIn("All datasets, attributes and texts are as they were written",
                      self.succeed("info", "small.h5", "--verify").stdout)
        with h5py.File(self.folder / "small.h5", "r+") as file:
            file["samples/log10_flop"][17] += 1e-9
            file["acceptance/joint"][0, 0, 1] += 1
        info, said = self.info("--verify", code=STORAGE)
        self.assertEqual({each["path"] for each in info["datasets"] if each["intact"] is False},
                         {"/samples/log10_flop", "/acceptance/joint"})
        self.assertEqual(said, "flopsieve: small.h5: damaged, not what was written: "
                               "/acceptance/joint, /samples/log10_flop\n")

    def test_a_flipped_bit_of_what_is_stored_is_found(self):
        with h5py.File(self.folder / "small.h5") as file:
            where = {name: file[name].id.get_chunk_info(0).byte_offset
                     if file[name].chunks else file[name].id.get_offset()
                     for name in ("samples/log10_flop", "counts/by_trajectory", "batches/sum")}
        # Without the trailer, as another program leaves it.
        whole = (self.folder / "small.h5").read_bytes()[:-24]
        for name, offset in where.items():
            content = bytearray(whole)
            content[offset + 5] ^= 4
            self.write("small.h5", bytes(content))
            _, said = self.info("--verify", code=STORAGE)
            self.assertIn(f"damaged, not what was written: /{name}\n", said)


class OwnCalibration(ProgramTest):
    """A result names the calibration that its job used, however it was made."""

    JOB = 'calibration = "cal.toml"\n' + edited("trajectories = 300", "trajectories = 30")

    def setUp(self):
        super().setUp()
        self.figures = (SOURCE / "jobs" / "calibration.toml").read_bytes()
        self.own = b"# mine\n" + self.figures
        self.write("cal.toml", self.own)
        self.write("job.toml", self.JOB)

    def used(self, name):
        attributes = json.loads(self.succeed("info", name, "--format", "json").stdout)["attributes"]
        return attributes["calibration"], attributes["calibration_sha256"]

    def test_embedded(self):
        self.write("small.toml", edited("trajectories = 300", "trajectories = 3"))
        self.succeed("run", "small.toml", "-q")
        self.assertEqual(self.used("small.h5"),
                         ("embedded", hashlib.sha256(self.figures).hexdigest()))

    def test_own(self):
        mine = ("cal.toml", hashlib.sha256(self.own).hexdigest())
        self.succeed("run", "job.toml", "-q")
        self.assertEqual(self.used("job.h5"), mine)
        self.assertIn(f" {mine[1]}\n", self.succeed("info", "job.h5").stdout)
        self.succeed("refilter", "job.h5", "--set", "constraint.largest_share.max=0.4", "-o", "f.h5")
        self.assertEqual(self.used("f.h5"), mine)
        (self.folder / "cal.toml").unlink()
        self.succeed("run", "--from", "job.h5", "-o", "again.h5")
        self.assertEqual(self.used("again.h5"), mine)
        self.write("cal.toml", self.own)
        self.succeed("run", "job.toml", "-q", "--trajectories", 40)
        self.assertEqual(self.used("job.h5"), mine)
        for shard in ("0/2", "1/2"):
            self.succeed("run", "job.toml", "-q", "--shard", shard, "-o", "m.h5")
        self.succeed("merge", "m.h5")
        self.assertEqual(self.used("m.h5"), mine)

    def test_one_with_the_same_figures_resumes_it(self):
        self.succeed("run", "job.toml", "-q", "--no-compact")
        self.write("cal.toml", b"# another comment\n" + self.figures)
        self.assertIn("resuming", self.succeed("run", "job.toml").stderr)
        self.assertEqual(self.used("job.h5"),
                         ("cal.toml", hashlib.sha256(self.own).hexdigest()))


class Refused(Refusal):
    def test_what_is_no_result(self):
        self.write("text.h5", "no HDF5")
        with h5py.File(self.folder / "foreign.h5", "w") as file:
            file["x"] = [1]
        self.refuse("info", "text.h5", says="text.h5: not an HDF5 file")
        self.refuse("info", "foreign.h5", says="not the result of a finished flopsieve run")
        self.refuse("info", "none.h5", says="none.h5: no such file")
        self.refuse("info", "text.h5", "--format", "csv", says="must be table or json")
        self.refuse("info", "text.h5", "--job", "--plan", says="excludes")


if __name__ == "__main__":
    unittest.main()
