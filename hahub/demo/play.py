"""The whole evening: set the stage, perform the story, show what it took, and keep the logs when it failed."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import trio
from rich.console import Console

from hahub.demo import report
from hahub.demo.figures import Figures, reigns
from hahub.demo.samples import SampleError
from hahub.demo.sinks import SinkError
from hahub.demo.stage import CAST, DIRECTORY, Stage, save_logs
from hahub.demo.steps import FULL_STORY, SERVER, STORY, Step
from hahub.demo.story import perform
from hahub.demo.timeline import Timeline
from hahub.demo.topology import TopologyError

FAILED = 1
CANNOT_RUN = 2
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    lifeline: int
    """A pipe: one line, the command that gets others in here; then its end ends us."""
    keep: bool = False
    """Go on after the story, until the lifeline closes."""
    without_nginx: bool = False
    """Guard the service of our own although nginx is there."""


async def play(options: Options) -> int:
    """Return the exit status: 0, 1 when anything is missing, 2 when the stage cannot be set, 130 when interrupted."""
    console = Console(highlight=False)
    status = INTERRUPTED
    try:
        async with trio.open_nursery() as nursery:
            enter = os.read(options.lifeline, 4096).decode()
            nursery.start_soon(_end_with, options.lifeline, nursery.cancel_scope)
            stage = Stage(nursery, Timeline(), without_nginx=options.without_nginx)
            figures = await _perform(stage, console, STORY if options.keep else FULL_STORY)
            status = FAILED if any(one.missing for one in figures) else 0
            if options.keep:
                report.show_way_around(console, _way_around(enter, stage))
                await trio.sleep_forever()
            nursery.cancel_scope.cancel()
    except* (TopologyError, SinkError, SampleError) as errors:
        status = CANNOT_RUN
        for error in _leaves(errors):
            console.print(f"hahub demo: {error}", style="red", markup=False)
    except* Exception:
        status = FAILED
        raise
    finally:
        if status in (FAILED, CANNOT_RUN) and (logs := save_logs()):
            console.print(f"\nthe logs are in {logs}", soft_wrap=True)
    if status == INTERRUPTED:
        console.print("\ninterrupted: everything is gone")
    return status


def _leaves(error: Exception) -> Iterator[Exception]:
    """The errors of a group and of the groups in it."""
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


async def _end_with(lifeline: int, scope: trio.CancelScope) -> None:
    await trio.lowlevel.wait_readable(lifeline)
    scope.cancel()


async def _perform(stage: Stage, console: Console, steps: Sequence[Step]) -> Sequence[Figures]:
    beginning = time.monotonic()
    await stage.build()
    report.introduce(console, CAST, stage.nodes[SERVER].service_description)
    with report.Progress(console) as progress:
        figures = await perform(steps, stage.nodes, stage.timeline, progress)
    report.show_reigns(console, reigns(stage.timeline.seen, figures), beginning=beginning)
    report.show_times(console, figures)
    report.show_verdict(console, figures, steps, took=time.monotonic() - beginning)
    return figures


def _way_around(enter: str, stage: Stage) -> list[str]:
    """Commands for another terminal. enter: the start of a command line that gets into the enclosure."""
    shells = [f"{enter} nsenter -t {node.host.init} -n -m -u -p    # on {name}" for name, node in stage.nodes.items()]
    server = DIRECTORY / SERVER
    return [
        "shells, in which for example: ip addr; ip link set eth0 down; ps ax",
        *(f"  {shell}" for shell in shells),
        "the log of a daemon; the messages received; the journal",
        f"  {enter} tail -f {server}/hahub.log",
        f"  {enter} tail -f {DIRECTORY}/mail.jsonl",
        f"  {enter} ls -l {server}/state/hub",
    ]
