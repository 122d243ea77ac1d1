"""Performs the story: does what each step says, waits for what must follow, lets it come to rest, and measures."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import trio

from hahub.demo.figures import Figures, measure, surprises, unrest
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
    narrator.begin(step, start)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_narrate, timeline, narrator)
        try:
            for deed, node in step.deeds:
                await nodes[node].do(deed)
            figures = await _await_figures(step, timeline, start)
        except DeedError as error:
            figures = Figures(step, start, missing=(str(error),))
        nursery.cancel_scope.cancel()
    ended = [problem for node in nodes.values() for problem in node.ended()]
    figures = replace(figures, missing=(*figures.missing, *ended))
    narrator.end(figures)
    return figures


async def _await_figures(step: Step, timeline: Timeline, start: float) -> Figures:
    """Wait for all that has to follow, then for rest; say what it took and what is wrong."""
    await timeline.wait_until(lambda seen: not measure(step, seen, start=start).missing, within=PATIENCE)
    await trio.sleep(_SETTLE)
    calm = time.monotonic()
    await trio.sleep(_REST)
    since = [observation for observation in timeline.seen if observation.at >= start]
    figures = measure(step, since, start=start)
    disturbed = unrest(since, master=step.master, start=calm, end=time.monotonic())
    return replace(figures, missing=(*figures.missing, *surprises(step, since), *disturbed))


async def _narrate(timeline: Timeline, narrator: Narrator) -> None:
    while True:
        narrator.hear(timeline.seen)
        await timeline.grown()
