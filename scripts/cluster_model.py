"""Model of a cluster that computes a sweep, for simulate_cluster.py: amounts, tasks, hindrances."""

import bisect
import dataclasses
import heapq
import math

import numpy

# Limits of the program and where they stand.
MOST_BATCHES = 1_000_000  # of a job or a variant: demand_few_batches(), jobs/planning.cpp
MOST_WAITING_BYTES = 8 << 20  # a part of a sweep: most_waiting_bytes, engine/sweep_parts.cpp
MOST_SEGMENT_BATCHES = 512  # a segment of it: most_batches, engine/sweep_parts.cpp
PLACE_BYTES = 72  # kept of each segment by tasks and merge: SegmentPlace, engine/sweep_parts.hpp
SEAL_SECONDS = 300.0  # --seal-every of submit
STATUS_SECONDS = 1.0  # shortest_interval, jobs/status.cpp
# What a server of metadata sees: TemporaryFile in engine/files.cpp creates, locks, looks up and
# renames; of a part it also makes the file durable, opens its folder and makes that durable.
STATUS_OPERATIONS, PART_OPERATIONS = 4, 7
MOST_TASKS = 1001  # Slurm's MaxArraySize where nobody has raised it


@dataclasses.dataclass
class Assumptions:
    """Not measured: report() halves and doubles them."""
    years_between_deaths: float = 3.0  # of one node
    speed_spread: float = 0.08  # standard deviation of ln(speed) between nodes
    requeue_minutes: float = 10.0  # from the end of a task until it runs again
    read_gigabytes_per_second: float = 100.0  # of the file system, for all together


CORES_PER_NODE, BYTES_PER_CORE = 64, 4e9
# What is called bearable; a bottleneck is what exceeds it most.
BEARABLE = 0.1  # of the time, for each single cause of delay
BEARABLE_HOURS = 30 * 24.0  # of work, with all cores busy
BEARABLE_OPERATIONS = 10_000.0  # on metadata in a second, before others notice


@dataclasses.dataclass
class Layout:
    """`sweeps` submissions side by side, each with an output of its own and `shards` tasks."""
    name: str
    cores: int
    cpus: int = 1
    sweeps: int = 1
    rounds: int = 1  # tasks one after the other in each place
    seal_seconds: float = SEAL_SECONDS
    limit_hours: float = 24.0  # --time
    batch: int = 1  # times as large as the program allows
    varied: bool = False  # shown in the table of assumptions

    def __post_init__(self):
        self.slots = max(self.cores // self.cpus, 1)
        self.shards = self.slots * self.rounds // self.sweeps


# Adding up.

def amounts(costs, candidates, variants, layout):
    """What all variants together come to."""
    unit = costs["sweep"]
    batch = unit["candidates_per_batch"] * layout.batch
    found = {"seconds": candidates * variants * unit["seconds_per_candidate"],
             "batches": candidates * variants / batch,
             # A variant with more batches than one may have is one row for each of several seeds.
             "rows": variants * math.ceil(candidates / batch / MOST_BATCHES)}
    # Shards share whole variants if there are four for each: shares_variants(),
    # engine/sweep_positions.cpp.
    found["whole"] = found["rows"] / layout.sweeps / 4 >= layout.shards
    of_row = found["batches"] / found["rows"] / (1 if found["whole"] else layout.shards)
    batch_seconds = batch * unit["seconds_per_candidate"] / layout.cpus
    sealed = max(layout.seal_seconds / batch_seconds, 1.0)
    in_a_row = max(min(of_row, sealed, MOST_WAITING_BYTES / unit["part_bytes_per_batch"]), 1.0)
    segment = in_a_row / math.ceil(in_a_row / MOST_SEGMENT_BATCHES)
    batch_bytes = unit["part_bytes_per_batch"] + unit["table_bytes"] / segment
    light, heavy = unit["merges"]
    return found | {
        "segments": found["batches"] / segment, "part_bytes": found["batches"] * batch_bytes,
        "parts": found["batches"] / min(sealed, MOST_WAITING_BYTES / batch_bytes),
        "result_bytes": found["rows"] * unit["result_bytes_per_variant"],
        "merge_seconds": found["batches"] * batch_bytes * (heavy["seconds"] - light["seconds"]) /
                         (heavy["part_bytes"] - light["part_bytes"]),
        "statuses_per_second": layout.slots / max(STATUS_SECONDS, batch_seconds)}


# Simulating.

READING, WAITING = "starts that read parts", "waiting for a requeue"
AGAIN, IDLE = "work done again", "waiting for the last task"


class Cluster:
    """Slots for tasks on nodes, each with its speed and its deaths."""

    def __init__(self, layout, work, costs, assumed, generator):
        self.layout, self.work, self.assumed, self.generator = layout, work, assumed, generator
        nodes = math.ceil(layout.cores / CORES_PER_NODE)
        self.speeds = numpy.exp(generator.normal(0.0, 1.0, nodes) * assumed.speed_spread)
        self.deaths = [[0.0] for _ in range(nodes)]
        self.seconds_per_byte = costs["sweep"]["start_seconds_per_byte"]
        self.spent = {READING: 0.0, WAITING: 0.0, AGAIN: 0.0}
        self.starts, self.died = 0, 0

    def next_death(self, node, now):
        deaths = self.deaths[node]
        mean = self.assumed.years_between_deaths * 365.25 * 86400
        while deaths[-1] <= now:
            deaths.append(deaths[-1] + self.generator.exponential(mean))
        return deaths[bisect.bisect_right(deaths, now)]

    def reading(self, now, readers):
        """A task that starts reads its own parts, or those of all where shards share variants:
        survey_sweep_parts(), engine/sweep_parts.cpp. All have come about as far as the time."""
        come = min(now * self.layout.cores / self.work["seconds"], 1.0)
        rate = self.assumed.read_gigabytes_per_second * 1e9 / readers
        each = max(self.seconds_per_byte, 1.0 / rate)
        share = self.layout.sweeps * (self.layout.shards if self.work["whole"] else 1)
        return come * self.work["part_bytes"] / share * each

    def finish(self, now, slot, seconds):
        """When a task ends that begins now, with so many seconds to compute at speed one."""
        layout = self.layout
        node = slot * layout.cpus // CORES_PER_NODE
        left, limit = seconds / self.speeds[node], layout.limit_hours * 3600.0
        of_node = min(max(CORES_PER_NODE // layout.cpus, 1), layout.slots)
        readers = of_node
        while True:
            reading = self.reading(now, readers)
            self.starts += 1
            if reading >= limit:
                return math.inf  # every start ends before it has begun
            self.spent[READING] += reading
            begin, stop, death = now + reading, now + limit, self.next_death(node, now)
            if begin + left <= min(stop, death):
                return begin + left
            if death < stop:
                sealed = max(death - begin - self.generator.uniform(0.0, layout.seal_seconds), 0.0)
                self.spent[AGAIN] += max(death - begin, 0.0) - sealed
                self.died += 1
            else:
                sealed = stop - begin
            left -= sealed
            # Tasks that began together come to their limit together.
            readers = of_node if death < stop else layout.slots
            self.spent[WAITING] += self.assumed.requeue_minutes * 60.0
            now = min(stop, death) + self.assumed.requeue_minutes * 60.0


def shares(layout, work):
    """Of the work of one sweep, by shard. Whole variants cannot be shared out equally."""
    if not work["whole"]:
        return [1.0 / layout.shards] * layout.shards
    rows = work["rows"] // layout.sweeps
    least, more = divmod(rows, layout.shards)
    return [(least + (shard < more)) / rows for shard in range(layout.shards)]


def simulate(costs, candidates, variants, layout, assumed=Assumptions(), seed=1):
    """When the last task ends, and how much of what is bearable each hindrance takes."""
    work = amounts(costs, candidates, variants, layout)
    cluster = Cluster(layout, work, costs, assumed, numpy.random.default_rng(seed))
    tasks = shares(layout, work) * layout.sweeps
    free = [(0.0, slot) for slot in range(layout.slots)]
    last = 0.0
    for share in tasks:
        now, slot = heapq.heappop(free)
        end = cluster.finish(now, slot, work["seconds"] / layout.sweeps * share / layout.cpus)
        last = max(last, end)
        heapq.heappush(free, (end, slot))
    found = work | {"hours": last / 3600.0, "starts": cluster.starts / len(tasks),
                    "deaths": cluster.died,
                    "merge_hours": work["merge_seconds"] / 3600.0 / layout.sweeps,
                    "operations": work["parts"] * PART_OPERATIONS / last +
                                  work["statuses_per_second"] * STATUS_OPERATIONS}
    found["strains"] = strains(costs, layout, found)
    if last < math.inf:
        idle = sum(last - end for end, _ in free)
        delays = cluster.spent | {IDLE: idle}
        found["strains"] |= {what: seconds / last / layout.slots / BEARABLE
                             for what, seconds in delays.items()}
    return found


def strains(costs, layout, found):
    """Of all that can be told without knowing what the tasks have met."""
    memory = found["segments"] / layout.sweeps * PLACE_BYTES
    # If shards share the batches of a variant, the merge holds one segment of each shard.
    held = 0.0 if found["whole"] else layout.shards * costs["sweep"]["merge_bytes_per_shard"]
    return {"too few cores": found["seconds"] / layout.cores / 3600.0 / BEARABLE_HOURS,
            "the merge": found["merge_hours"] / found["hours"] / BEARABLE,
            "metadata": found["operations"] / BEARABLE_OPERATIONS,
            "Slurm's largest array": layout.shards / MOST_TASKS,
            "memory of a task": memory / BYTES_PER_CORE / layout.cpus,
            "memory of the merge": (memory + held) / BYTES_PER_CORE / layout.cpus,
            READING: math.inf if math.isinf(found["hours"]) else 0.0}
