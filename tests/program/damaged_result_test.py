#!/usr/bin/env python3
"""Finished results that are no longer what was written: every reader says so, with exit code 5."""

import itertools
import json
import random
import struct
import unittest

import h5py
import numpy

from harness import STORAGE, ProgramTest, edited

JOB = edited("trajectories = 300", "trajectories = 30", edited('keep = "samples"', 'keep = "index"'))
TRAILER = 24

READERS = (("show", "r.h5"), ("compare", "whole.h5", "r.h5"), ("info", "r.h5"),
           ("export", "r.h5", "--json", "out.json"),
           ("replay", "r.h5", "--trajectory", 3, "--year", 2024),
           ("refilter", "r.h5", "--set", "constraint.largest_share.max=0.4", "-o", "f.h5"),
           ("run", "--from", "r.h5"), ("run", "small.toml", "-o", "r.h5"),
           ("run", "small.toml", "-o", "r.h5", "--trajectories", 60))


class DamagedResult(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("small.toml", JOB)
        self.succeed("run", "small.toml", "-q", "-o", "whole.h5")
        self.whole = (self.folder / "whole.h5").read_bytes()

    def say_damaged(self, *command, says=""):
        """The command fails with one line about the damage, and changes nothing."""
        before = self.listing()
        done = self.flopsieve(*command)
        self.assertEqual(done.returncode, STORAGE, (command, done.stdout, done.stderr))
        self.assertRegex(done.stderr, r"\Aflopsieve: r\.h5: damaged[:,] [^\n]+\n\Z")
        self.assertIn(says, done.stderr)
        self.assertEqual(self.listing(), before)

    def left_out(self):
        listed = json.loads(self.succeed("list", "--format", "json").stdout)
        self.assertEqual([run["name"] for run in listed["runs"]], ["whole.h5"])
        (reason,) = [each["reason"] for each in listed["left_out"]]
        return reason

    def change(self, edit):
        """r.h5 with what HDF5 has changed in it; the trailer is lost by that."""
        path = self.write("r.h5", self.whole)
        with h5py.File(path, "r+") as file:
            edit(file)

    def test_every_reader_says_so(self):
        flipped = bytearray(self.whole)
        flipped[len(flipped) // 3] ^= 16
        for content, says in ((self.whole[:len(self.whole) // 2], "truncated: "),
                              (bytes(flipped), "do not match their check sum")):
            self.write("r.h5", content)
            for reader in READERS:
                self.say_damaged(*reader, says=says)
            self.assertIn(says, self.left_out())
        self.change(lambda file: file.attrs.modify("host", "elsewhere"))
        for reader in READERS:
            self.say_damaged(*reader, says="an attribute or a stored text is not what was written")
        self.assertIn("an attribute or a stored text", self.left_out())

    def test_flips_anywhere(self):
        places = random.Random(1)
        for reader in itertools.islice(itertools.cycle(READERS), 60):
            content = bytearray(self.whole)
            content[places.randrange(len(content))] ^= 1 << places.randrange(8)
            self.write("r.h5", bytes(content))
            self.say_damaged(*reader)

    def test_what_another_program_has_rewritten_is_read_if_nothing_changed(self):
        self.change(lambda file: None)
        self.assertEqual((self.folder / "r.h5").stat().st_size, len(self.whole) - TRAILER)
        self.assertEqual(self.succeed("show", "r.h5").stdout,
                         self.succeed("show", "whole.h5").stdout)
        self.succeed("info", "r.h5", "--verify")

    def test_each_attribute_and_text(self):
        """Of the root all; of the rest each kind, and every tenth dataset."""
        with h5py.File(self.folder / "whole.h5") as file:
            found = [("/", name) for name in file.attrs]
            datasets = []
            file.visititems(lambda name, item: datasets.append(name)
                            if isinstance(item, h5py.Dataset) else None)
            texts = [name for name in datasets if file[name].dtype.kind == "O"]
            for name in datasets[::10]:
                found += [(name, each) for each in file[name].attrs]
        first = {"format_version", "sampling_version"}  # which say so themselves
        found = [each for each in found if each[1] not in first]
        self.assertGreater(len({name for _, name in found}), 20)
        self.assertGreater(len(texts), 5)

        def change_attribute(file, path, name):
            value = file[path].attrs[name]
            if name == "DIMENSION_LIST":
                file[path].dims[0].detach_scale(file[value[0][0]])
            elif name == "REFERENCE_LIST":
                file[value[0][0]].dims[int(value[0][1])].detach_scale(file[path])
            elif isinstance(value, str):
                file[path].attrs.modify(name, value[:-1] + "~")
            elif isinstance(value, bytes):
                file[path].attrs.modify(name, numpy.bytes_(value[:-1] + b"~"))
            else:
                file[path].attrs.modify(name, value + 1)

        def change_text(file, path):
            values = file[path].asstr()[:]
            values[-1] += "~"
            file[path][:] = values
        for path, name in found:
            with self.subTest(path=path, attribute=name):
                self.change(lambda file, p=path, n=name: change_attribute(file, p, n))
                self.say_damaged("info", "r.h5")
        for path in texts:
            with self.subTest(path=path):
                self.change(lambda file, p=path: change_text(file, p))
                self.say_damaged("info", "r.h5")
        for what, edit in {"added": lambda file: file.attrs.create("note", "mine"),
                           "removed": lambda file: file["year"].attrs.pop("long_name"),
                           "dataset": lambda file: file.create_dataset("mine", data=[1])}.items():
            with self.subTest(what):
                self.change(edit)
                self.say_damaged("info", "r.h5")

    def test_the_stored_plan(self):
        def with_plan(edit):
            def change(file):
                plan = json.loads(file.attrs["plan"])
                edit(plan)
                file.attrs["plan"] = json.dumps(plan)
            return change

        def set_attribute(name, value):
            return lambda file: file.attrs.modify(name, value)

        def later(file):
            file["year"][0] += 1
        for edit, says in (
                (set_attribute("plan", "{"), "the stored plan cannot be read: "),
                (set_attribute("plan", "[]"), "the stored plan cannot be read: "),
                (set_attribute("plan", ""), "the stored plan cannot be read: "),
                (with_plan(lambda plan: plan.pop("outputs")), "the stored plan cannot be read: "),
                (with_plan(lambda plan: plan.update(years="2024")),
                 "the stored plan cannot be read: "),
                (with_plan(lambda plan: plan["total"].update(growth=3)),
                 "the stored plan cannot be read: "),
                (with_plan(lambda plan: plan.update(seed=8)), "not that of the stored identity"),
                (set_attribute("identity", "0" * 64), "not that of the stored identity"),
                (lambda file: file.attrs.create("plan", 7), "cannot read the attribute plan"),
                (lambda file: file.attrs.pop("plan"), "cannot read the attribute plan"),
                (lambda file: file.attrs.pop("metadata_sha256"), "metadata_sha256 is missing"),
                (later, "the years of the stored plan are not those of /year")):
            with self.subTest(says):
                self.change(edit)
                self.say_damaged("show", "r.h5", says=says)

    def test_other_versions_say_so_first(self):
        def older(file):
            file.attrs.modify("format_version", numpy.int32(0))
            file.attrs["program_version"], file.attrs["git_hash"] = "0.0.9", "abc"
            del file.attrs["metadata_sha256"], file.attrs["plan"]
        self.change(older)
        for reader in READERS:
            done = self.flopsieve(*reader)
            self.assertEqual(done.returncode, STORAGE, reader)
            self.assertEqual(done.stderr,
                             "flopsieve: r.h5: format version 0, this program reads 1; flopsieve "
                             "0.0.9 (abc) has written it and reads it\n")
        self.change(lambda file: file.attrs.modify("sampling_version", numpy.int32(2)))
        done = self.flopsieve("show", "r.h5")
        self.assertEqual(done.returncode, STORAGE)
        self.assertRegex(done.stderr, r"\Aflopsieve: r\.h5: sampling version 2, this program reads "
                                      r"\d+; flopsieve \S+ \(.+\) has written it and reads it\n\Z")


def crc64_xz(data):
    """CRC-64/XZ as its definition says, byte by byte."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xC96C5795D7870F42 if value & 1 else 0)
        table.append(value)
    crc = 2**64 - 1
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ (2**64 - 1)


class LargeResult(ProgramTest):
    """A result with an array that is not read at each opening: FORMAT.md, "What is checked"."""

    def setUp(self):
        super().setUp()
        self.write("large.toml", edited("trajectories = 300", "trajectories = 1000"))
        self.succeed("run", "large.toml", "-q")
        self.whole = (self.folder / "large.h5").read_bytes()
        self.length, self.sum = struct.unpack("<QQ", self.whole[-16:])
        self.ranges = list(struct.iter_unpack("<QQ", self.whole[self.length:-TRAILER]))

    def test_the_trailer_is_as_described(self):
        self.assertEqual(self.whole[-TRAILER:-16], b"FLOPSEAL")
        with h5py.File(self.folder / "large.h5") as file:
            sizes = file["samples/log10_flop"]
            self.assertGreater(sizes.nbytes, 1 << 20)
            chunks = [sizes.id.get_chunk_info(i) for i in range(sizes.id.get_num_chunks())]
            in_all = sizes.nbytes
        expected = []
        for begin, end in sorted((c.byte_offset,
                                  c.byte_offset + min(c.size, in_all - 8 * c.chunk_offset[0]))
                                 for c in chunks):
            if expected and expected[-1][1] == begin:
                begin = expected.pop()[0]
            expected.append((begin, end))
        self.assertEqual(self.ranges, expected)
        covered, at = b"", 0
        for begin, end in self.ranges:
            covered, at = covered + self.whole[at:begin], end
        covered += self.whole[at:-TRAILER]
        self.assertEqual(crc64_xz(covered), self.sum)

    def test_flips(self):
        begin, end = self.ranges[0]
        for at, command, says in (
                (begin - 1, ("show",), "damaged: its contents do not match their check sum"),
                (self.length + 15, ("show",), "its table of large arrays is not the one that was"),
                (begin + 7, ("info", "--verify"), "not what was written: /samples/log10_flop"),
                (end - 9, ("info", "--verify"), "not what was written: /samples/log10_flop")):
            content = bytearray(self.whole)
            content[at] ^= 64
            self.write("large.h5", bytes(content))
            done = self.flopsieve(*command, "large.h5")
            self.assertEqual(done.returncode, STORAGE)
            self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main()
