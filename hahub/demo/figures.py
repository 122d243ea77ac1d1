"""From observations to figures: how long each thing took, who was master when, and what is missing. Pure."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hahub.demo.observations import Advertised, Answered, FifoLine, Observation, Told
from hahub.demo.steps import CHANNELS, Step
from hahub_fifo import STATES


@dataclass(frozen=True, slots=True)
class Figures:
    """One step, measured. Seconds since its beginning; None for what did not happen."""

    step: Step
    start: float
    """CLOCK_MONOTONIC when it began; the other times count from here."""
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
    because: str = ""
    """What was done before it began."""


def measure(step: Step, seen: Iterable[Observation], *, start: float) -> Figures:
    """Say what a step took and what it lacks. seen: what was observed since ``start``, and perhaps earlier things."""
    since = [observation for observation in seen if observation.at >= start]
    master = step.master or ""
    reported = _earliest((line.node, line.state, line.at - start) for line in since if isinstance(line, FifoLine))
    told = {
        channel: _earliest(
            (one.node, one.state, one.at - start) for one in since if isinstance(one, Told) and one.channel == channel
        )
        for channel in CHANNELS
    }
    on_the_wire = _first(since, Advertised, master, start)
    answering = _first(since, Answered, master, start)
    return Figures(
        step,
        start,
        on_the_wire=on_the_wire,
        in_the_fifo=reported.get((master, "MASTER")),
        answering=answering,
        silence=None if answering is None else longest_silence(since, start=start, end=start + answering),
        told=tuple((channel, told[channel].get((master, "MASTER"))) for channel in CHANNELS),
        messages=sum(transition in told[channel] for channel in CHANNELS for transition in step.transitions),
        missing=(
            *([f"no advertisement of {master}"] if master and on_the_wire is None else []),
            *([f"no answer of {master}"] if master and answering is None else []),
            *(f"no FIFO line that {node} is {state}" for node, state in _lacking(step, reported)),
            *(
                f"no {channel} message that {node} is {state}"
                for channel in CHANNELS
                for node, state in _lacking(step, told[channel])
            ),
        ),
    )


_Times = dict[tuple[str, str], float]
"""When each transition, node and state, was first reported."""


def _earliest(reports: Iterable[tuple[str, str, float]]) -> _Times:
    times: _Times = {}
    for node, state, at in reports:
        times[node, state] = min(at, times.get((node, state), at))
    return times


def _lacking(step: Step, times: _Times) -> list[tuple[str, str]]:
    return [transition for transition in step.transitions if transition not in times]


def _first(
    since: Iterable[Observation], kind: type[Advertised] | type[Answered], node: str, start: float
) -> float | None:
    times = (seen.at - start for seen in since if isinstance(seen, kind) and seen.node == node and not _resigns(seen))
    return min(times, default=None)


def _resigns(seen: Observation) -> bool:
    return isinstance(seen, Advertised) and seen.priority == 0


def surprises(step: Step, seen: Iterable[Observation]) -> tuple[str, ...]:
    """Name the changes of state in this step that nothing was done to cause."""
    return tuple(
        f"not expected: {line.text} on {line.node}"
        for line in seen
        if isinstance(line, FifoLine) and line.state in STATES and (line.node, line.state) not in step.transitions
    )


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


def reigns(seen: Iterable[Observation], figures: Sequence[Figures]) -> tuple[Reign, ...]:
    """Who was master when, in order: runs of advertisements from one node.

    figures: of the steps, in order; each reign is because of the latest that had begun.
    """
    adverts = sorted((s for s in seen if isinstance(s, Advertised)), key=lambda advert: advert.at)
    runs = [list(run) for _, run in itertools.groupby(adverts, key=lambda advert: advert.node)]
    return tuple(Reign(run[0].node, run[0].at, run[-1].at, _cause(run[0].at, figures)) for run in runs)


def _cause(at: float, figures: Sequence[Figures]) -> str:
    begun = [one.step.title for one in figures if one.start <= at]
    return begun[-1] if begun else ""
