"""Performs the story: does what each step says, waits for what must follow, lets it come to rest, and measures."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import trio

from hahub.demo.figures import Figures, measure, unrest
from hahub.demo.node import DeedError, Node
from hahub.demo.observations import Observation
from hahub.demo.steps import Step
from hahub.demo.timeline import Timeline

PATIENCE = 30.0
"""Seconds in which everything that a step must lead to has to have happened."""
_SETTLE = 0.5
"""Seconds for what is still under way, such as an advertisement that was sent when another was heard."""
_REST = 2.2
"""Seconds that are then watched: at least two advertisements of the article's advert_int."""


class Narrator(Protocol):
    """Whoever shows the progress."""

    def begin(self, step: Step, start: float) -> None:
        """A step begins."""

    def hear(self, seen: Sequence[Observation]) -> None:
        """More was seen; all so far."""

    def end(self, figures: Figures) -> None:
        """The step is over."""


async def perform(
    steps: Sequence[Step], nodes: Mapping[str, Node], timeline: Timeline, narrator: Narrator
) -> list[Figures]:
    """Perform steps in order; the first that lacks something is the last, since what follows builds on it."""
    done: list[Figures] = []
    for step in steps:
        done.append(await _perform_step(step, nodes, timeline, narrator))
        if done[-1].missing:
            break
    return done


async def _perform_step(step: Step, nodes: Mapping[str, Node], timeline: Timeline, narrator: Narrator) -> Figures:
    start = time.monotonic()
    before = len(timeline.seen)
    narrator.begin(step, start)
    problems: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_narrate, timeline, narrator)
        try:
            for deed, node in step.deeds:
                await nodes[node].do(deed)
        except DeedError as error:
            problems.append(str(error))
        else:
            await timeline.wait_until(
                lambda seen: not measure(step, seen[before:], start=start).missing, within=PATIENCE
            )
            problems += await _watch_rest(step, timeline)
        nursery.cancel_scope.cancel()
    problems += [problem for node in nodes.values() for problem in node.ended()]
    figures = measure(step, timeline.seen[before:], start=start)
    figures = replace(figures, missing=(*figures.missing, *problems))
    narrator.end(figures)
    return figures


async def _narrate(timeline: Timeline, narrator: Narrator) -> None:
    while True:
        narrator.hear(timeline.seen)
        await timeline.grown()


async def _watch_rest(step: Step, timeline: Timeline) -> tuple[str, ...]:
    await trio.sleep(_SETTLE)
    start = time.monotonic()
    await trio.sleep(_REST)
    return unrest(timeline.seen, master=step.master, start=start, end=time.monotonic())
