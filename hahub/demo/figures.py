"""From observations to figures: how long each thing took, who was master when, and what is missing. Pure."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hahub.demo.observations import Advertised, Answered, FifoLine, Observation, Told
from hahub.demo.steps import CHANNELS, Step


@dataclass(frozen=True, slots=True)
class Figures:
    """One step, measured. Seconds since its beginning; None for what did not happen."""

    step: Step
    on_the_wire: float | None = None
    """The new master's first advertisement."""
    in_the_fifo: float | None = None
    """Its line MASTER."""
    answering: float | None = None
    """Its first answer to the client."""
    silence: float | None = None
    """The longest the client had no answer until then."""
    told: tuple[tuple[str, float | None], ...] = ()
    """For each channel: the message that the new master is MASTER."""
    messages: int = 0
    """How many of the expected messages arrived, over all channels."""
    missing: tuple[str, ...] = ()
    """What should have happened and did not, in words."""

    @property
    def messages_expected(self) -> int:
        return len(self.step.transitions) * len(CHANNELS)


@dataclass(frozen=True, slots=True)
class Reign:
    """A node's time as master, as the wire shows it."""

    node: str
    start: float
    end: float
    """Its last advertisement."""


def measure(step: Step, seen: Iterable[Observation], *, start: float) -> Figures:
    """Say what a step took and what it lacks. seen: the observations of this step and of the second before it."""
    since = [observation for observation in seen if observation.at >= start]
    lines = [observation for observation in since if isinstance(observation, FifoLine)]
    messages = [observation for observation in since if isinstance(observation, Told)]
    reported = {(line.node, line.state): line.at for line in reversed(lines)}
    arrived = {(told.channel, told.node, told.state): told.at for told in reversed(messages)}
    wanted = [(channel, *transition) for channel in CHANNELS for transition in step.transitions]
    on_the_wire = _first(since, Advertised, step.master, start)
    answering = _first(since, Answered, step.master, start)

    def after(at: float | None) -> float | None:
        return None if at is None else at - start

    return Figures(
        step,
        on_the_wire=on_the_wire,
        in_the_fifo=after(reported.get((step.master or "", "MASTER"))),
        answering=answering,
        silence=None if answering is None else longest_silence(since, start=start, end=start + answering),
        told=tuple((channel, after(arrived.get((channel, step.master or "", "MASTER")))) for channel in CHANNELS),
        messages=sum(key in arrived for key in wanted),
        missing=(
            *([f"no advertisement of {step.master}"] if step.master and on_the_wire is None else []),
            *([f"no answer of {step.master}"] if step.master and answering is None else []),
            *(f"no FIFO line {state} on {node}" for node, state in step.transitions if (node, state) not in reported),
            *(
                f"no {channel} that {node} is {state}"
                for channel, node, state in wanted
                if (channel, node, state) not in arrived
            ),
            *_usurpers(step, lines),
        ),
    )


def _first(
    since: Iterable[Observation], kind: type[Advertised] | type[Answered], node: str | None, start: float
) -> float | None:
    times = (seen.at - start for seen in since if isinstance(seen, kind) and seen.node == node and not _resigns(seen))
    return min(times, default=None)


def _resigns(seen: Observation) -> bool:
    return isinstance(seen, Advertised) and seen.priority == 0


def _usurpers(step: Step, lines: Iterable[FifoLine]) -> list[str]:
    return [
        f"{line.node} became MASTER, expected was {step.master or 'nobody'}"
        for line in lines
        if line.state == "MASTER" and line.node != step.master
    ]


def longest_silence(seen: Iterable[Observation], *, start: float, end: float) -> float:
    """The longest time between two answers to the client, whoever gave them, from ``start`` to ``end``."""
    answers = sorted(s.at for s in seen if isinstance(s, Answered) and s.node and start <= s.at <= end)
    return max(later - earlier for earlier, later in itertools.pairwise([start, *answers, end]))


def unrest(seen: Sequence[Observation], *, master: str | None, start: float, end: float) -> tuple[str, ...]:
    """What disturbs a span in which nothing should change: another master, another answer, or none at all."""
    window = [s for s in seen if start <= s.at <= end]
    advertisers = {s.node for s in window if isinstance(s, Advertised) and s.priority}
    answers = {s.node for s in window if isinstance(s, Answered)}
    expected = master or ""
    problems = []
    if advertisers != ({expected} - {""}):
        problems.append(f"masters at rest: {_names(advertisers)}, expected {expected or 'nobody'}")
    if answers != {expected}:
        problems.append(f"answers at rest came from {_names(answers)}, expected {expected or 'nobody'}")
    return tuple(problems)


def _names(nodes: Iterable[str]) -> str:
    return " and ".join(sorted(node or "nobody" for node in nodes)) or "nobody"


def reigns(seen: Iterable[Observation]) -> tuple[Reign, ...]:
    """Who was master when, in order: runs of advertisements from one node."""
    adverts = sorted((s for s in seen if isinstance(s, Advertised)), key=lambda advert: advert.at)
    runs = [list(run) for _, run in itertools.groupby(adverts, key=lambda advert: advert.node)]
    return tuple(Reign(run[0].node, run[0].at, run[-1].at) for run in runs)
