"""Plays situations: those of a bench at the same time, several benches at the same time, the loud ones alone."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

from tests.conformance.bench import Bench
from tests.conformance.seen import Recording
from tests.conformance.situation import SITUATIONS, Cable, Situation
from tests.conformance.tester import Tester

GLOBALS: dict[str, str] = {}
"""By bench: more lines of global_defs."""
LOUD = "loud"
"""Benches whose names begin with it would disturb the timing of others."""
DAEMONS_AT_ONCE = 6
STARTS_AT_ONCE = 2
PATIENCE = 15.0


@dataclass
class _Session:
    daemon: str
    at_once: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(DAEMONS_AT_ONCE))
    starts: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(STARTS_AT_ONCE))
    recordings: dict[str, Recording] = field(default_factory=dict)


async def play_all(names: Iterable[str], daemon: str) -> dict[str, Recording]:
    """Play these situations with a daemon; return what was seen, by name."""
    benches: dict[str, list[Situation]] = {}
    for name in sorted(set(names)):
        benches.setdefault(SITUATIONS[name].bench, []).append(SITUATIONS[name])
    session = _Session(daemon)
    async with trio.open_nursery() as nursery:
        for name, situations in benches.items():
            if not name.startswith(LOUD):
                nursery.start_soon(_play_bench, name, situations, session)
    for name, situations in benches.items():
        if name.startswith(LOUD):
            await _play_bench(name, situations, session)
    return session.recordings


async def _play_bench(name: str, situations: list[Situation], session: _Session) -> None:
    failures: dict[str, str] = {}
    async with session.at_once, _opened(Bench(situations, session.daemon, GLOBALS.get(name, ""))) as bench:
        async with trio.open_nursery() as watching:
            watching.start_soon(bench.watch)
            testers = [Tester(bench, situation, watching) for situation in situations]
            await _start(bench, session.starts)
            async with trio.open_nursery() as plays:
                for tester in testers:
                    plays.start_soon(_play, tester, failures)
            await _stop(bench, testers)
            watching.cancel_scope.cancel()
        for tester in testers:
            found = _recording(tester, session.daemon, failures.get(tester.situation.name, ""))
            session.recordings[tester.situation.name] = found


@asynccontextmanager
async def _opened(bench: Bench) -> AsyncIterator[Bench]:
    """Set it up and take it down beside the plays of others."""
    await trio.to_thread.run_sync(bench.__enter__)
    try:
        yield bench
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(bench.__exit__)


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


async def _stop(bench: Bench, testers: list[Tester]) -> None:
    if bench.daemon.is_running:
        for tester in testers:
            tester.mark("SIGTERM")
        bench.daemon.terminate()
    with trio.move_on_after(PATIENCE):
        while bench.daemon.is_running:
            await trio.sleep(0.02)
    await trio.sleep(0.05)  # what is in the sockets is read


def _recording(tester: Tester, daemon: str, failed: str) -> Recording:
    situation, bench = tester.situation, tester.bench
    cables = bench.cables[situation.name]
    names = {situation.instance(number) for number in range(len(situation.routers))} | {f"{situation.name}_group"}
    here = tuple(prefix for cable in cables for prefix in _prefixes(cable))
    return Recording(
        situation=situation,
        daemon=daemon,
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
