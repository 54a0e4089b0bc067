"""Measures and prints what a run and a sweep of the default forecast cost (simulate_cluster.py)."""

import datetime
import os
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import h5py


def used(command):
    """Processor seconds, seconds and bytes of memory of a command."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return (usage.ru_utime + usage.ru_stime, time.monotonic() - begin, usage.ru_maxrss * 1024)


def command_of(program, output, variants, trajectories, batch=None):
    """A run of the default forecast, or a sweep over it if there are variants."""
    command = [program, "run"]
    size = [] if batch is None else ["--set", f"batch_trajectories={batch}"]
    if variants:
        job = output.with_suffix(".toml")
        job.write_text(f'base = "forecast"\n[sweep]\ndesign = "grid"\n[sweep.keys]\ntotal.growth = '
                       f"{{ from = 3.9, to = 4, points = {variants} }}\n")
        command.append(job)
    return [*command, "-o", output, "--trajectories", str(trajectories), *size, "--set",
            "outputs.keep=summary", "--threads", "1", "--quiet", "--seal-every", "5m"]


def carry_out(program, folder, variants, trajectories, batch=None, shards=1):
    """What a job costs: to compute, to begin again when all is sealed, and to merge."""
    output = folder / "out.h5"
    command = command_of(program, output, variants, trajectories, batch)
    if shards == 1:
        computing = used([*command, "--no-compact"])
    else:
        for shard in range(shards):
            computing = used([*command, "--shard", f"{shard}/{shards}"])
    parts = list(Path(f"{output}.parts").glob("part-*"))
    found = {"parts": len(parts), "part_bytes": sum(part.stat().st_size for part in parts),
             "compute": computing[0]}
    found["start"] = used([*command, "--shard", "0/2"])[1]
    _, found["merge"], found["memory"] = used([program, "merge", output, "--quiet"])
    with h5py.File(output) as file:
        name = "candidates" if variants else "acceptance/candidates"
        found["candidates"] = int(file[name][:].sum())
    found["result_bytes"] = output.stat().st_size
    for path in folder.iterdir():
        path.unlink()
    return found


def measure_kind(program, folder, variants, shrink, repeats):
    """Unit costs of a run (no variants) or a sweep, from differences between two sizes: what
    beginning and ending cost falls out. Batches of one trajectory show what batches cost."""
    own = max(variants, 1)
    lengths = [16 // shrink or 1, 64 // shrink]
    small, large = (repeated(repeats, program, folder, variants, 4096 * n) for n in lengths)
    batches = own * (lengths[1] - lengths[0])
    few, many = 8192 // shrink // own, 65536 // shrink // own
    light, heavy = (repeated(repeats, program, folder, variants, n, 1) for n in (few, many))
    handled = own * (many - few)
    shards = 64 // shrink
    shared = carry_out(program, folder, variants, shards * 512 // shrink, 1, shards)
    per_batch = (large["part_bytes"] - small["part_bytes"]) / batches
    return {
        "seconds_per_candidate": (large["compute"] - small["compute"]) /
                                 (large["candidates"] - small["candidates"]),
        "candidates_per_batch": (large["candidates"] - small["candidates"]) / batches,
        "part_bytes_per_batch": per_batch,
        "table_bytes": large["part_bytes"] / own - per_batch * lengths[1],
        "batches_per_part": handled / max(heavy["parts"] - light["parts"], 1),
        "result_bytes_per_batch": (heavy["result_bytes"] - light["result_bytes"]) / handled,
        "merge_seconds_per_batch": (heavy["merge"] - light["merge"]) / handled,
        "start_seconds_per_byte": (heavy["start"] - light["start"]) /
                                  (heavy["part_bytes"] - light["part_bytes"]),
        "merge_bytes_per_shard": (shared["memory"] - light["memory"]) / (shards - 1),
        "merges": [{"part_bytes": each["part_bytes"], "batches": own * n, "seconds": each["merge"]}
                   for n, each in ((few, light), (many, heavy))]}


def repeated(repeats, *arguments):
    """Medians."""
    found = [carry_out(*arguments) for _ in range(repeats)]
    return {key: statistics.median(each[key] for each in found) for key in found[0]}


def measure_variants(program, folder, shrink, repeats):
    """What a variant costs that has next to nothing to compute."""
    sizes = 2000 // shrink, 500 // shrink
    large, small = (repeated(repeats, program, folder, n, 1, 1) for n in sizes)
    names = {"plan_seconds": "compute", "part_bytes": "part_bytes", "result_bytes": "result_bytes",
             "merge_seconds": "merge"}
    return {f"{name}_per_variant": (large[key] - small[key]) / (sizes[0] - sizes[1])
            for name, key in names.items()}


def measure(program, shrink, repeats):
    processor = [line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                 if line.startswith("model name")]
    costs = {"machine": f"{processor[0]}, {os.cpu_count()} processors, {platform.system()}",
             "date": datetime.date.today().isoformat(), "repeats": repeats,
             "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(prefix="flopsieve-scale-") as name:
        costs["run"] = measure_kind(program, Path(name), 0, shrink, repeats)
        costs["sweep"] = measure_kind(program, Path(name), 2, shrink, repeats)
        costs["sweep"] |= measure_variants(program, Path(name), shrink, repeats)
    return costs | {"load_after": os.getloadavg()[0]}


# Printing.

def size_text(number):
    for unit, word in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= unit:
            return f"{number / unit:,.1f} {word}"
    return f"{number:,.0f} B"


def print_table(*rows):
    print("", "| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0]), sep="\n")
    for row in rows[1:]:
        print("| " + " | ".join(row) + " |")


def merge_row(name, unit):
    light, heavy = unit["merges"]
    rate = (heavy["seconds"] - light["seconds"]) / (heavy["part_bytes"] - light["part_bytes"])
    cells = [f"{each['batches']:,.0f} batches, {size_text(each['part_bytes'])}: "
             f"{each['seconds']:.2f} s" for each in (light, heavy)]
    batches = 10e9 * heavy["batches"] / heavy["part_bytes"]
    return [name, *cells, f"{batches:,.0f} batches: {10e9 * rate:,.0f} s"]


def report_units(costs):
    run, sweep = costs["run"], costs["sweep"]
    texts = {
        "1e6 candidates, processor time": ("seconds_per_candidate", lambda v: f"{v * 1e6:.2f} s"),
        "candidates of a batch": ("candidates_per_batch", lambda v: f"{v:,.0f}"),
        "batches in a part that is full": ("batches_per_part", lambda v: f"{v:,.0f}"),
        "part, for each batch": ("part_bytes_per_batch", size_text),
        "part, tables of each part (sweep: of each variant or 512 batches)":
            ("table_bytes", size_text),
        "result, for each batch": ("result_bytes_per_batch", size_text),
        "merge of 1,000 batches": ("merge_seconds_per_batch", lambda v: f"{v * 1e6:.1f} ms"),
        "merge, memory for each shard": ("merge_bytes_per_shard", size_text),
        "start of a task, for each GB of parts that it finds":
            ("start_seconds_per_byte", lambda v: f"{v * 1e9:.1f} s")}
    print_table(["cost", "of a run", "of a sweep"],
                *([what, text(run[key]), text(sweep[key])] for what, (key, text) in texts.items()))
    milliseconds = [f"{sweep[key] * 1e3:.2f} ms"
                    for key in ("plan_seconds_per_variant", "merge_seconds_per_variant")]
    print_table(["each variant of a sweep", "planning and trial", "merge", "part", "result"],
                ["of one batch of one trajectory", *milliseconds,
                 *(size_text(sweep[key])
                   for key in ("part_bytes_per_variant", "result_bytes_per_variant"))])
    print_table(["merge of", "small", "8 times as many batches",
                 "10 GB of parts, extrapolated"],
                merge_row("a run", run), merge_row("a sweep", sweep))
