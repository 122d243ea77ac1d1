"""``python -m tests.simulation``: see the package's docstring. Exits 1 when a law was broken."""

import argparse
import dataclasses
import sys
import time

from hahub.settings import InstanceSettings
from tests.simulation.many import Failure, play, play_many, shrink
from tests.simulation.plan import Plan, draw
from tests.simulation.timeline import Timeline

COMMAND = "python -m tests.simulation"
SHOWN_MAX = 20
"""Failures that are told one by one."""


def main() -> int:
    parser = argparse.ArgumentParser(prog=COMMAND, description="Simulate clusters that everything happens to.")
    parser.add_argument("seed", type=int, nargs="?", help="replay this seed and tell what happens")
    parser.add_argument("--faults", help="replay with these faults only, as in 3,5")
    parser.add_argument("--seeds", type=int, default=0, help="play so many seeds")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, help="processes; by default, one for each processor")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return replay(arguments.seed, arguments.faults)
    if not arguments.seeds:
        parser.error("expected a seed, or --seeds")
    return simulate(range(arguments.start, arguments.start + arguments.seeds), arguments.jobs)


def replay(seed: int, faults: str | None) -> int:
    """One seed, line by line."""
    plan = draw(seed)
    if faults is not None:
        plan = plan.with_faults([int(number) for number in faults.split(",") if number])
    print("\n".join(described(plan)))
    timeline = Timeline()
    outcome = play(plan, timeline)
    print("\n".join(timeline.lines))
    if not isinstance(outcome, Failure):
        print(f"seed {seed}: no law was broken in {outcome} events")
        return 0
    needed = ",".join(map(str, sorted({fault.number for fault in shrink(plan, outcome.law).faults})))
    print(f"seed {seed}: {outcome.text}\nwith fewer faults: {COMMAND} {seed} --faults '{needed}'")
    return 1


def described(plan: Plan) -> list[str]:
    """The cluster, for people."""
    lines = [
        f"seed {plan.seed}: wires {', '.join(plan.wires)}, a packet takes {plan.delay[0]:g} to {plan.delay[1]:g} s"
    ]
    for host in plan.hosts:
        groups = ", ".join(f"{group.name} of {'+'.join(group.members)}" for group in host.groups)
        lines.append(
            f"  {host.name}: number {host.number}, starts at {host.starts_at:.4f}, "
            f"startup_delay {host.startup_delay:g}, timers late by {host.lateness:g}, {groups or 'no group'}"
        )
        lines += [f"    {settings.name}: {_fields(settings)}" for settings in host.settings]
    return lines


def _fields(settings: InstanceSettings) -> str:
    """What is not as it is by default."""
    told = []
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name != "name" and value != field.default:
            shown = "+".join(map(str, value)) if isinstance(value, tuple) else value
            told.append(f"{field.name} {shown}")
    return ", ".join(told)


def simulate(seeds: range, jobs: int | None) -> int:
    """Many seeds; those that fail, with the command that replays each."""
    began, done, events, failures = time.monotonic(), 0, 0, 0
    for outcome in play_many(seeds, jobs):
        done += outcome.seeds
        events += outcome.events
        for failure in outcome.failures:
            failures += 1
            if failures <= SHOWN_MAX:
                print(f"seed {failure.seed}: {failure.text}\n    {COMMAND} {failure.seed}", flush=True)
        if sys.stderr.isatty():
            print(f"\r{done} of {len(seeds)} seeds", end="", file=sys.stderr)
    took = time.monotonic() - began
    print(f"{done} seeds, {events} events, {failures} broken laws; {took:.0f} s, {done / took:.0f} seeds/s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
