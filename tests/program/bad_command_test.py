#!/usr/bin/env python3
"""What is wrong in a command line, a CSV or another file: one message, exit code 2, no file."""

import os
import random
import unittest

from harness import BAD_INPUT, SMALL_JOB, STORAGE, Refusal, edited


class CommandLine(Refusal):
    def setUp(self):
        super().setUp()
        self.write("small.toml", SMALL_JOB)

    def test_commands_and_options(self):
        for arguments in ((), ("fly",), ("run", "small.toml", "--fly"), ("--fly",),
                          ("run", "small.toml", "other.toml"), ("show",), ("calibrate",),
                          ("run", "small.toml", "-o"), ("run", "small.toml", "--set"),
                          ("run", "small.toml", "--threads", "two"), ("show", "--format", "csv")):
            with self.subTest(arguments):
                self.refuse(*arguments)
        self.refuse("small.toml", "--seed", "3", says="small.toml")
        self.refuse(says="a subcommand is required")
        for command in (("run", "small.toml"), ("refilter", "small.h5"), ("merge", "small.h5"),
                        ("replay", "small.h5")):
            self.refuse(*command, "--json", "--format", "csv", says=("--json", "--format"))

    def test_words_that_stand_for_the_default_are_good(self):
        done = self.succeed("config", "small.toml", "--set", 'title=""', "--set",
                            "models.match=reject", "--set", "models.tolerance=0.999")
        self.assertNotIn("Small", done.stdout)
        self.assertIn("tolerance = 0.999", done.stdout)

    def test_values_of_options(self):
        for option, value, says in (
                ("--threads", "0", "1"), ("--threads", "-1", "1"), ("--threads", "1e9", ""),
                ("--threads", "99999999999999999999", ""), ("--threads", "", ""),
                ("--backend", "cuda", "tbb"), ("--backend", "", "tbb"),
                ("--seed", "-1", "from 0 to"), ("--seed", "pi", ""),
                ("--seed", "99999999999999999999", ""), ("--trajectories", "0", "from 1 to"),
                ("--trajectories", "-5", "from 1 to"), ("--trajectories", "many", ""),
                ("--seal-every", "soon", "--seal-every soon: must be a time"),
                ("--seal-every", "auto", "--seal-every auto"), ("--seal-every", "0s", "0s"),
                ("-o", ".", "folder"), ("-o", "", "name is empty"),
                ("-o", "/dev/null", "no ordinary file"), ("-o", "nowhere/out.h5", "nowhere"),
                ("-o", "small.toml", "small.toml"), ("-o", "small.toml/out.h5", "small.toml"),
                ("-o", "x" * 300 + ".h5", "x.h5"), ("--log", "nowhere/log", "nowhere/log"),
                ("--log", ".", "")):
            with self.subTest(f"{option} {value}"):
                self.refuse("run", "small.toml", option, value, says=says)

    def test_set(self):
        for assignment, says in (
                ("", "key=value"), ("models.sd", "key=value"), ("=1", "dotted"),
                ("models..sd=1", "dotted"), (".=1", "dotted"), ("models.sdd=1", '"sdd"'),
                ("models.sd=", ""), ("models.sd=wide", "models.sd"), ("models.sd=[", "--set"),
                ("models.sd={ unform = [1, 2] }", "unform"), ("seed.x=1", "seed.x"),
                ("models=1", "models"), ("constraint.nobody.max=1", "nobody"),
                ("constraint.largest_share.max=0.01", "is above max"),
                ("constraint=1", "constraint"), ("seed=1\nseed=2", "--set"),
                ("models.sd=nan", "finite"),
                ("years=2026-2024", ""), ("title=Größe", "ASCII"), ("title=\udcff", "ASCII"),
                ("models.mean={normal=[{input='x'},1]}", 'unknown input "x"'),
                ("models.count=0", "from 1 to")):
            with self.subTest(assignment):
                self.refuse("run", "small.toml", "--set", assignment, says=says)

    def test_more_batches_than_a_file_can_list(self):
        self.write("many.toml", edited("trajectories = 300", "trajectories = 1_000_001"))
        self.refuse("run", "many.toml", "--set", "batch_trajectories=1", "-q",
                    says=("more than 1000000 batches", "batch_trajectories"))

    def test_target(self):
        for target in ("sse2", "AVX2", "avx2 ", "0", "x" * 5000):
            with self.subTest(target[:20]):
                self.refuse("run", "small.toml", target=target, says=("FLOPSIEVE_TARGET", "scalar"))

    def test_missing_files(self):
        for command in ("run", "check", "config"):
            self.refuse(command, "nowhere.toml", says="nowhere.toml")
            self.refuse(command, "no/where.toml", says="no/where.toml")
            self.refuse(command, "x" * 300, says="xxx")
            self.refuse(command, ".", says="")
        self.refuse("run", "", says="name is empty")
        os.mkfifo(self.folder / "pipe")
        self.refuse("show", "pipe", says="pipe: no ordinary file")
        self.refuse("run", "small.toml", "-o", "pipe", says="pipe: is no ordinary file")
        (self.folder / "pipe").unlink()
        self.refuse("show", "nowhere.h5", says="nowhere.h5: no such file")
        self.refuse("show", "x" * 300, says="xxx")
        self.refuse("show", "small.toml/x", says="small.toml/x")
        self.refuse("show", ".", says="folder")
        self.refuse("show", "small.toml", says="small.toml: not an HDF5 file")

    def test_unreadable_format(self):
        self.succeed("run", "small.toml")
        self.refuse("show", "small.h5", "--format", "xml", says=("xml", "csv"))

    def test_a_refused_fresh_run_leaves_the_old_result_in_place(self):
        self.succeed("run", "small.toml")
        self.refuse("run", "small.toml", "--fresh", "--backend", "cuda", says="tbb")
        self.refuse("run", "small.toml", "--fresh", "--set", "models.sd=-1", says="models.sd")

    def test_damaged_results(self):
        self.succeed("run", "small.toml")
        whole = (self.folder / "small.h5").read_bytes()
        for size in (0, 1, 100, len(whole) // 2, len(whole) - 1):
            with self.subTest(size):
                self.write("cut.h5", whole[:size])
                expected = {"code": BAD_INPUT, "says": "cut.h5: not an HDF5 file"} if size == 0 else {
                    "code": STORAGE, "says": "cut.h5: damaged: "}
                self.refuse("show", "cut.h5", **expected)
                self.refuse("run", "small.toml", "-o", "cut.h5", **expected)

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_folder_that_may_not_be_written(self):
        (self.folder / "locked").mkdir(mode=0o500)
        self.refuse("run", "small.toml", "-o", "locked/out.h5", code=STORAGE, says="locked")


class Damage(Refusal):
    """Jobs and tables with random damage: refused in one line, or still good."""

    EDITS = 400

    def damaged(self, content, random):
        content = bytearray(content)
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(content))
            kind = random.randrange(5)
            if kind == 0:
                content[at] = random.randrange(256)
            elif kind == 1:
                del content[at:at + random.randint(1, 20)]
            elif kind == 2:
                content[at:at] = random.choice(self.TOKENS)
            elif kind == 3:
                other = random.randrange(len(content))
                content[at:at] = content[other:other + random.randint(1, 40)]
            else:
                del content[at:]
            if not content:
                break
        return bytes(content)

    TOKENS = (b"[", b"]", b"{", b"}", b'"', b"'", b"=", b".", b",", b"\n", b"#", b"-", b"1e308",
              b"nan", b"-inf", b"0x", b"[[", b'"""', b"\\", b"\\u", b"9" * 30, b"\xff", b"\0")

    def examine(self, done, name):
        self.assertIn(done.returncode, (0, BAD_INPUT))
        if done.returncode != 0:
            self.assertRegex(done.stderr, rf"\Aflopsieve: {name}:[^\n]+\n\Z")

    def test_jobs(self):
        for seed in range(self.EDITS):
            with self.subTest(seed):
                text = self.damaged(SMALL_JOB.encode(), random.Random(seed))
                self.write("bad.toml", text)
                self.examine(self.flopsieve("config", "bad.toml", timeout=30), "bad\\.toml")

    def test_tables(self):
        for seed in range(self.EDITS // 4):
            with self.subTest(seed):
                text = self.damaged((Csv.HEADER + Csv.ROWS).encode() * 2, random.Random(seed))
                self.write("bad.csv", text)
                self.examine(self.flopsieve("calibrate", "bad.csv", "--json", "--years", "2020",
                                            timeout=30), "bad\\.csv")


class Csv(Refusal):
    HEADER = "Model,Publication date,Training compute (FLOP),Notability criteria\n"
    ROWS = ("A,2020-01-05,1e20,SOTA\nB,2020-02-05,1e21,SOTA\nC,2020-03-05,1e22,SOTA\n")

    def refuse_csv(self, content, *arguments, says=()):
        self.write("bad.csv", content)
        options = arguments or ("--years", "2020-2020")
        for output in (("--json",), ("-o", "out.toml")):
            self.refuse("calibrate", "bad.csv", *options, *output, says=says)

    def test_the_frame_of_these_tests_is_good(self):
        self.write("good.csv", self.HEADER + self.ROWS)
        self.succeed("calibrate", "good.csv", "--years", "2020", "--json")

    def test_columns(self):
        for column in ("Model", "Publication date", "Training compute (FLOP)",
                       "Notability criteria"):
            with self.subTest(column):
                self.refuse_csv(self.HEADER.replace(column, "x") + self.ROWS,
                                says=("bad.csv:1: ", f'"{column}"'))
        self.refuse_csv(self.HEADER.replace("date", "dates") + self.ROWS,
                        says='did you mean "Publication dates"?')
        self.refuse_csv(self.HEADER.replace("Model", "Publication date") + self.ROWS,
                        says=("bad.csv:1: ", "twice"))

    def test_flop(self):
        for cell in ("many", "1e", "1e20x", " 1e20", "-1e20", "0", "nan", "inf", "1e999",
                     '"1,000"', "0x10"):
            with self.subTest(cell):
                self.refuse_csv(self.HEADER + self.ROWS + f"D,2020-04-05,{cell},SOTA\n",
                                says=("bad.csv:5: ", "Training compute (FLOP)"))

    def test_lines_count_newlines_in_fields(self):
        self.refuse_csv(self.HEADER + '"a\nb\nc",2020-01-05,1e20,SOTA\n' + self.ROWS +
                        "D,2020-04-05,many,SOTA\n", says="bad.csv:8: ")

    def test_zero_bytes(self):
        self.refuse_csv(self.HEADER + self.ROWS + "D\0,2020-04-05,1e20,SOTA\n",
                        says="bad.csv:5: a zero byte")

    def test_dates(self):
        for cell in ("2020", "2020-13-01", "2020-02-30", "05.04.2020", "", "2020-4-5"):
            with self.subTest(cell):
                self.refuse_csv(self.HEADER + self.ROWS + f"D,{cell},1e20,SOTA\n",
                                says=("bad.csv:5: ", "Publication date"))

    def test_quotes_and_fields(self):
        for text, line in (('D,2020-04-05,1e20,"SOTA', 5), ('D,2020-04-05,1e20,SO"TA\n', 5),
                           ('"D"x,2020-04-05,1e20,SOTA\n', 5), ("D,2020-04-05,1e20\n", 5),
                           ("D,2020-04-05,1e20,SOTA,more\n", 5), ("D,2020-04-05,1e20,SOTA\rE", 5)):
            with self.subTest(text):
                self.refuse_csv(self.HEADER + self.ROWS + text, says=f"bad.csv:{line}: ")

    def test_files_that_are_no_tables(self):
        self.refuse_csv("", says="bad.csv:1: ")
        self.refuse_csv("\n", says="bad.csv:1: ")
        self.refuse_csv(bytes(range(256)) * 20, says="bad.csv:")
        self.refuse_csv(self.HEADER, says="bad.csv: 0 models of 2020")
        self.refuse("calibrate", "nowhere.csv", "--json", says="nowhere.csv")
        self.refuse("calibrate", ".", "--json", says="folder")
        self.refuse("calibrate", "x" * 300, "--json", says="xxx")

    def test_options(self):
        good = self.HEADER + self.ROWS
        self.refuse_csv(good, "--years", "2021-2020", says="reversed")
        self.refuse_csv(good, "--years", "2020-2021", says="2021")
        self.refuse_csv(good, "--years", "lately", says="lately")
        self.refuse_csv(good, "--years", "2020", "--drop", "AA", says='"AA"')
        self.write("good.csv", good)
        self.refuse("calibrate", "good.csv", "--years", "2020", says="--json")
        self.refuse("calibrate", "good.csv", "--years", "2020", "-o", ".", says="folder")
        self.refuse("calibrate", "good.csv", "--years", "2020", "-o", "x" * 300, says="xxx")
        self.refuse("calibrate", "good.csv", "--years", "2020", "-o", "nowhere/out.toml",
                    says="nowhere")

    def test_output_replaces_calibrations_only(self):
        good = self.HEADER + "".join(f"{name},2020-0{month}-05,1e{20 + month},SOTA\n"
                                     for month, name in enumerate(("A", "B", "C"), start=1))
        self.write("good.csv", good)
        self.refuse("calibrate", "good.csv", "--years", "2020", "-o", "good.csv",
                    says="good.csv: exists and is no calibration")
        for _ in range(2):
            done = self.flopsieve("calibrate", "good.csv", "--years", "2020", "-o", "out.toml")
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_one_model_three_times(self):
        self.refuse_csv(self.HEADER + "A,2020-01-05,1e20,SOTA\n" * 3, says="one size")


if __name__ == "__main__":
    unittest.main()
