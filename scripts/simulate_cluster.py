#!/usr/bin/env python3
"""What a very large sweep costs on a cluster, and what holds it up first (jobs/SCALE.md).

    scripts/simulate_cluster.py --measure build/release/flopsieve > costs.json
    scripts/simulate_cluster.py jobs/scale.json [--candidates 1e12] [--variants 1000]

The first form measures what the default forecast costs on this machine, on one thread, in some
minutes. The second adds it up and simulates tasks on nodes that differ, die and have time limits.
"""

import argparse
import dataclasses
import json
import math
from pathlib import Path

from cluster_model import (MOST_BATCHES, MOST_SEGMENT_BATCHES, Assumptions, Layout, amounts,
                           simulate)
from measure_units import measure, print_table, report_units, size_text

LONG = {"limit_hours": 168.0}
LAYOUTS = [
    Layout("as it comes", 10, varied=True),
    Layout("`--time 7-00`", 10, **LONG),
    Layout("as it comes", 1000),
    Layout("`--time 7-00`", 1000, **LONG),
    Layout("`--cpus 8`", 1000, cpus=8, varied=True),
    Layout("8 sweeps, `--cpus 8 --time 7-00`, 4 rounds", 1000, cpus=8, sweeps=8, rounds=4, **LONG),
    Layout("as it comes", 100_000),
    Layout("`--cpus 64`", 100_000, cpus=64),
    Layout("8 sweeps, `--cpus 64`", 100_000, cpus=64, sweeps=8),
    Layout("40 sweeps, `--cpus 64`, 4 rounds", 100_000, cpus=64, sweeps=40, rounds=4, varied=True),
    Layout("not possible yet: `--cpus 64`, batches 16 times as large", 100_000, cpus=64, batch=16)]
SEEDS = range(1, 6)
WORTH_SHOWING = 0.01  # change of the hours by an assumption


def averaged(costs, candidates, variants, layout, assumed=Assumptions()):
    all_found = [simulate(costs, candidates, variants, layout, assumed, seed) for seed in SEEDS]
    found = all_found[0]
    for key in ("hours", "starts", "deaths", "operations"):
        found[key] = sum(each[key] for each in all_found) / len(all_found)
    for key in found["strains"]:
        found["strains"][key] = (sum(each["strains"][key] for each in all_found) / len(all_found))
    return found


def hindrances(found, most=2):
    """The worst, and what comes next if that is not bearable either."""
    worst = sorted(found["strains"].items(), key=lambda each: -each[1])[:most]
    shown = [f"{what} ({'no end' if math.isinf(strain) else f'{strain:.1f}'})"
             for i, (what, strain) in enumerate(worst) if i == 0 or strain > 1.0]
    return ", ".join(shown)


def row_of(layout, found):
    hours = f"{found['hours']:,.1f}" if found["hours"] < math.inf else "never"
    starts = f"{found['starts']:,.1f}" if found["hours"] < math.inf else "-"
    return [f"{layout.cores:,}", layout.name, hours, starts, f"{found['parts']:,.0f}",
            f"{found['operations']:,.0f}", f"{found['merge_hours']:,.1f}", hindrances(found)]


def report_assumptions(costs, candidates, variants):
    rows = []
    for layout in (layout for layout in LAYOUTS if layout.varied):
        for field in dataclasses.fields(Assumptions):
            value = getattr(Assumptions(), field.name)
            hours = [averaged(costs, candidates, variants, layout,
                              Assumptions(**{field.name: value * by}))["hours"]
                     for by in (0.5, 1.0, 2.0)]
            if max(abs(each / hours[1] - 1.0) for each in hours) < WORTH_SHOWING:
                continue
            rows.append([f"{layout.cores:,}, {layout.name}", field.name.replace("_", " "),
                         f"{value:g}", *(f"{each:,.1f}" for each in hours)])
    print_table(["cores, how", "assumption", "value", "hours at half", "hours", "at double"], *rows)


def largest_row(name, unit):
    """What as many batches as a job or a variant may have come to."""
    batches = MOST_BATCHES
    tables = unit["table_bytes"] / (unit["batches_per_part"] if name == "a run" else
                                    MOST_SEGMENT_BATCHES)
    candidates = batches * unit["candidates_per_batch"]
    return [name, f"{candidates:.3g}", f"{candidates * unit['seconds_per_candidate'] / 3600:,.0f}",
            size_text(batches * (unit["part_bytes_per_batch"] + tables)),
            size_text(batches * unit["result_bytes_per_batch"]),
            f"{batches * unit['merge_seconds_per_batch']:,.0f} s"]


def report(costs, candidates, variants):
    work = amounts(costs, candidates, variants, Layout("", 1000, cpus=8))
    print_table(["candidates", "variants", "core-hours", "batches", "rows", "parts", "result",
                 "merge, hours"],
                [f"{candidates:.3g}", f"{variants:,}", f"{work['seconds'] / 3600.0:,.0f}",
                 f"{work['batches']:,.0f}", f"{work['rows']:,}", size_text(work["part_bytes"]),
                 size_text(work["result_bytes"]), f"{work['merge_seconds'] / 3600.0:,.2f}"])
    print_table(["cores", "how", "hours", "starts of a task", "parts", "operations/s",
                 "merge, hours", "first bottleneck (times what is bearable)"],
                *(row_of(layout, averaged(costs, candidates, variants, layout))
                  for layout in LAYOUTS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("costs", nargs="?")
    parser.add_argument("--measure", metavar="PROGRAM")
    parser.add_argument("--shrink", type=int, default=1, choices=(1, 2, 4, 8, 16, 32),
                        help="measure with so many times less: quick, and times mean little")
    parser.add_argument("--repeats", type=int, default=3, help="measure so often, take medians")
    parser.add_argument("--units", action="store_true", help="tables of unit costs too")
    parser.add_argument("--assumptions", action="store_true", help="what they change")
    parser.add_argument("--candidates", type=float, default=1e12, help="of each variant")
    parser.add_argument("--variants", type=int, default=1000)
    options = parser.parse_args()
    if options.measure:
        costs = measure(Path(options.measure).resolve(), options.shrink, options.repeats)
        print(json.dumps(costs, indent=2))
    elif options.costs:
        costs = json.loads(Path(options.costs).read_text(encoding="utf-8"))
        if options.units:
            report_units(costs)
            print_table(["at most, by its million batches", "candidates", "core-hours", "parts",
                         "result", "merge"], largest_row("a run", costs["run"]),
                        largest_row("a variant of a sweep", costs["sweep"]))
        report(costs, options.candidates, options.variants)
        if options.assumptions:
            report_assumptions(costs, options.candidates, options.variants)
    else:
        parser.error("costs.json or --measure PROGRAM is needed")


if __name__ == "__main__":
    main()
