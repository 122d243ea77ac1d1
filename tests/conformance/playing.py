"""Plays situations: those of a bench at the same time, several benches at the same time, the loud ones alone."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import trio

from tests.conformance.bench import Bench
from tests.conformance.seen import Recording
from tests.conformance.situation import SITUATIONS, Cable, Situation
from tests.conformance.tester import Tester

PUNCTUAL = "vrrp_rt_priority 50\n    vrrp_rlimit_rttime 10000000"
"""Lines of global_defs: both daemons come before everything else, and keepalived is not killed for it in a flood."""
GLOBALS: dict[str, str] = {"reload": ""}
"""Other lines, by bench. keepalived 2.2.7 cannot set its limit again after a reload, and is killed."""
BUSY = "busy"
"""Benches whose names begin with it are played together, when the others are through.

There is much to do for the kernel, under a lock that all network namespaces share; who waits for it is late.
"""
LOUD = "loud"
"""Benches whose names begin with it are played one by one, after all others."""
DAEMONS_AT_ONCE = 6
STARTS_AT_ONCE = 2
PATIENCE = 15.0


async def play_all(names: Iterable[str], daemon: str) -> dict[str, Recording]:
    """Play these situations with a daemon; return what was seen, by name.

    All namespaces are made before the first daemon starts, and removed after the last one has ended: that takes the
    kernel's lock, too.
    """
    by_bench: dict[str, list[Situation]] = {}
    for name in sorted(set(names)):
        by_bench.setdefault(SITUATIONS[name].bench, []).append(SITUATIONS[name])
    recordings: dict[str, Recording] = {}
    with ExitStack() as stack, _punctual():
        benches = {
            name: stack.enter_context(Bench(situations, daemon, GLOBALS.get(name, PUNCTUAL)))
            for name, situations in by_bench.items()
        }
        for bench in benches.values():
            bench.wait_for_carrier()
        loud = [[bench] for name, bench in benches.items() if name.startswith(LOUD)]
        busy = [bench for name, bench in benches.items() if name.startswith(BUSY)]
        quiet = [bench for name, bench in benches.items() if not name.startswith((BUSY, LOUD))]
        for phase in (quiet, busy, *loud):
            await _play_benches(phase, recordings)
    return recordings


async def _play_benches(benches: list[Bench], recordings: dict[str, Recording]) -> None:
    """Play all at the same time, or so many as one machine can."""
    at_once, starts = trio.CapacityLimiter(DAEMONS_AT_ONCE), trio.CapacityLimiter(STARTS_AT_ONCE)
    async with trio.open_nursery() as nursery:
        for bench in benches:
            nursery.start_soon(_play_bench, bench, at_once, starts, recordings)


@contextmanager
def _punctual() -> Iterator[None]:
    """The tester comes before whatever else this machine has to do, but not before a daemon with real time.

    Its children start as if nothing had happened. Where it is not allowed, a busy machine makes it late.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


async def _play_bench(
    bench: Bench, at_once: trio.CapacityLimiter, starts: trio.CapacityLimiter, recordings: dict[str, Recording]
) -> None:
    failures: dict[str, str] = {}
    async with at_once:
        async with trio.open_nursery() as watching:
            watching.start_soon(bench.watch)
            testers = [Tester(bench, situation, watching) for situation in bench.situations]
            await _start(bench, starts)
            async with trio.open_nursery() as plays:
                for tester in testers:
                    plays.start_soon(_play, tester, failures)
            await _stop(bench, testers, failures)
            watching.cancel_scope.cancel()
        for tester in testers:
            recordings[tester.situation.name] = _recording(tester, failures.get(tester.situation.name, ""))


async def _start(bench: Bench, starts: trio.CapacityLimiter) -> None:
    """Start the daemon, and wait for its first word; few at a time, for starting is all processor time."""
    async with starts:
        bench.daemon.start()
        with trio.move_on_after(PATIENCE):
            while not bench.lines and bench.daemon.is_running:
                with trio.move_on_after(0.2):
                    await bench.changed.wait()


async def _play(tester: Tester, failures: dict[str, str]) -> None:
    try:
        await tester.situation.play(tester)
    except Exception as error:  # the tests tell it
        failures[tester.situation.name] = f"{type(error).__name__}: {error}\n{tester.bench.daemon.log[-3000:]}"


async def _stop(bench: Bench, testers: list[Tester], failures: dict[str, str]) -> None:
    if bench.daemon.is_running:
        try:
            await trio.to_thread.run_sync(bench.daemon.terminate)  # it waits until the daemon is ready for that
        except AssertionError as error:
            failures.update({tester.situation.name: str(error) for tester in testers})
        for tester in testers:
            tester.marks["SIGTERM"] = bench.notes[-1][0] if bench.notes else time.monotonic()
    with trio.move_on_after(PATIENCE):
        while bench.daemon.is_running:
            await trio.sleep(0.02)
    bench.drain()


def _recording(tester: Tester, failed: str) -> Recording:
    situation, bench = tester.situation, tester.bench
    cables = bench.cables[situation.name]
    names = {situation.instance(number) for number in range(len(situation.routers))} | {f"{situation.name}_group"}
    here = tuple(prefix for cable in cables for prefix in _prefixes(cable))
    return Recording(
        situation=situation,
        daemon=bench.daemon.name,
        cables=cables,
        frames=tuple(tuple(wire.frames) for wire in tester.wires),
        lines=tuple(line for line in bench.lines if line.name in names),
        changes=tuple(change for change in bench.changes if change.address.startswith(here)),
        marks=dict(tester.marks),
        notes=dict(tester.notes),
        log=bench.daemon.log,
        failed=failed,
    )


def _prefixes(cable: Cable) -> tuple[str, ...]:
    """How the addresses on a cable begin."""
    return (f"10.9.{cable.number}.", f"2001:db8:{cable.number:x}:", f"fe80::{cable.number:x}:", cable.address6)
