"""Many seeds on all processors, and the smallest set of faults that still makes a seed fail."""

import itertools
import multiprocessing
import os
import traceback
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass

from tests.simulation.laws import BrokenLawError
from tests.simulation.plan import Plan, draw
from tests.simulation.timeline import Timeline
from tests.simulation.world import World

CHUNK = 50
"""Seeds that a process is given at a time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed whose cluster broke a law."""

    seed: int
    law: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of some seeds."""

    seeds: int
    events: int
    failures: tuple[Failure, ...]


def play(plan: Plan, timeline: Timeline | None = None) -> Failure | int:
    """The failure, or how many events there were."""
    world = World(plan, timeline)
    try:
        world.run()
    except BrokenLawError as violation:
        world.say(None, f"VIOLATION {violation}")
        return Failure(plan.seed, violation.law, str(violation))
    except Exception as error:  # a state machine that raises has failed as well, and the seed is wanted
        world.say(None, traceback.format_exc())
        return Failure(plan.seed, type(error).__name__, f"{error!r}")
    return world.events


def play_seeds(seeds: range) -> Outcome:
    """One after the other, in this process."""
    results = [play(draw(seed)) for seed in seeds]
    events = sum(result for result in results if isinstance(result, int))
    return Outcome(len(seeds), events, tuple(result for result in results if isinstance(result, Failure)))


def play_many(seeds: range, jobs: int | None = None) -> Iterator[Outcome]:
    """In ``jobs`` processes (None: as many as there are processors); outcomes as they come."""
    jobs = jobs or len(os.sched_getaffinity(0))
    chunks = iter([seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)])
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending: set[Future[Outcome]] = {pool.submit(play_seeds, chunk) for chunk in itertools.islice(chunks, 2 * jobs)}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                pending.update(pool.submit(play_seeds, chunk) for chunk in itertools.islice(chunks, 1))
                yield future.result()


def shrink(plan: Plan, law: str) -> Plan:
    """Leave out one fault after the other, as long as the same law is broken."""
    numbers = sorted({fault.number for fault in plan.faults})
    for number in list(numbers):
        fewer = [each for each in numbers if each != number]
        failure = play(plan.with_faults(fewer))
        if isinstance(failure, Failure) and failure.law == law:
            numbers = fewer
    return plan.with_faults(numbers)
