"""Figures from observations that are written down here."""

from dataclasses import replace

import pytest

from hahub.demo.figures import Figures, Reign, longest_silence, measure, reigns, surprises, unrest
from hahub.demo.observations import Advertised, Answered, FifoLine, Observation, Told
from hahub.demo.steps import CHANNELS, Deed, Step

STEP = Step(
    "the service on server stops",
    ((Deed.STOP_SERVICE, "server"),),
    "application",
    (("application", "MASTER"), ("server", "BACKUP")),
    "service stopped",
)
START = 100.0


def line(at: float, node: str, state: str) -> FifoLine:
    return FifoLine(at, node, state, f'INSTANCE "VI_1" {state} 100')


def told(node: str, state: str, *times: float) -> list[Told]:
    return [Told(at, channel, node, state) for channel, at in zip(CHANNELS, times, strict=True)]


COMPLETE: list[Observation] = [
    Advertised(99.5, "application", 99),
    Answered(99.9, "server"),
    Answered(100.1, "server"),
    Answered(100.2, ""),
    Advertised(100.5, "server", 98),
    Advertised(103.5, "application", 99),
    line(103.51, "server", "BACKUP"),
    line(103.52, "application", "MASTER"),
    Answered(103.6, "application"),
    Answered(103.7, "application"),
    *told("application", "MASTER", 103.8, 103.9, 104.0),
    *told("server", "BACKUP", 103.8, 103.9, 104.0),
]


def rounded(figures: Figures) -> Figures:
    """Times to the millisecond: differences of floats."""

    def to_ms(value: float | None) -> float | None:
        return None if value is None else round(value, 3)

    return replace(
        figures,
        on_the_wire=to_ms(figures.on_the_wire),
        in_the_fifo=to_ms(figures.in_the_fifo),
        answering=to_ms(figures.answering),
        silence=to_ms(figures.silence),
        told=tuple((channel, to_ms(at)) for channel, at in figures.told),
    )


def test_a_complete_step_is_measured_from_its_beginning():
    figures = rounded(measure(STEP, COMPLETE, start=START))

    assert figures == Figures(
        STEP,
        START,
        on_the_wire=3.5,
        in_the_fifo=3.52,
        answering=3.6,
        silence=3.5,
        told=(("mail", 3.8), ("DingTalk", 3.9), ("webhook", 4.0)),
        messages=6,
        missing=(),
    )


def test_the_earliest_of_several_reports_counts_whatever_their_order():
    repeated = [*COMPLETE, Told(103.6, "mail", "application", "MASTER"), line(103.515, "application", "MASTER")]

    figures = rounded(measure(STEP, repeated, start=START))

    assert (figures.in_the_fifo, dict(figures.told)["mail"], figures.messages) == (3.515, 3.6, 6)


@pytest.mark.parametrize(
    ("lost", "missing"),
    [
        pytest.param(
            lambda seen: isinstance(seen, Advertised) and seen.node == "application",
            ("no advertisement of application",),
            id="advertisement",
        ),
        pytest.param(
            lambda seen: isinstance(seen, Answered) and seen.node == "application",
            ("no answer of application",),
            id="answer",
        ),
        pytest.param(
            lambda seen: isinstance(seen, FifoLine) and seen.node == "server",
            ("no FIFO line that server is BACKUP",),
            id="FIFO line",
        ),
        pytest.param(
            lambda seen: isinstance(seen, Told) and (seen.channel, seen.state) == ("DingTalk", "MASTER"),
            ("no DingTalk message that application is MASTER",),
            id="message",
        ),
        pytest.param(
            lambda seen: True,
            (
                "no advertisement of application",
                "no answer of application",
                "no FIFO line that application is MASTER",
                "no FIFO line that server is BACKUP",
                "no mail message that application is MASTER",
                "no mail message that server is BACKUP",
                "no DingTalk message that application is MASTER",
                "no DingTalk message that server is BACKUP",
                "no webhook message that application is MASTER",
                "no webhook message that server is BACKUP",
            ),
            id="everything",
        ),
    ],
)
def test_what_was_not_seen_is_missing_by_name(lost, missing):
    figures = measure(STEP, [seen for seen in COMPLETE if not lost(seen)], start=START)

    assert figures.missing == missing


def test_a_step_that_ends_without_a_master_needs_neither_advertisement_nor_answer():
    step = Step("hahub stops", ((Deed.STOP_DAEMON, "server"),), None, (("server", "STOP"),))
    seen = [Advertised(100.1, "server", 0), line(100.1, "server", "STOP"), *told("server", "STOP", 101, 101, 101)]

    figures = measure(step, seen, start=START)

    assert (figures.missing, figures.on_the_wire, figures.answering, figures.silence) == ((), None, None, None)


def test_a_resignation_is_no_sign_of_a_master():
    resigned = [
        replace(seen, priority=0) if isinstance(seen, Advertised) and seen.node == "application" else seen
        for seen in COMPLETE
    ]

    assert measure(STEP, resigned, start=START).missing == ("no advertisement of application",)


def test_a_change_of_state_that_nothing_caused_is_a_surprise_and_an_event_is_none():
    seen = [*COMPLETE, line(101, "client", "MASTER"), line(102, "application", "MASTER_RX_LOWER_PRI")]

    assert surprises(STEP, seen) == ('not expected: INSTANCE "VI_1" MASTER 100 on client',)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([], 2.0, id="no answer at all"),
        pytest.param([Answered(10.5, "a"), Answered(11.0, "b")], 1.0, id="whoever answers"),
        pytest.param([Answered(10.5, "a"), Answered(11.0, ""), Answered(11.5, "a")], 1.0, id="no answer is silence"),
        pytest.param([Answered(9.0, "a"), Answered(13.0, "a")], 2.0, id="answers before and after do not count"),
    ],
)
def test_the_longest_silence_is_between_two_answers(answers, expected):
    assert longest_silence(answers, start=10.0, end=12.0) == expected


QUIET = [Advertised(1.0, "server", 100), Answered(1.1, "server"), Advertised(2.0, "server", 100)]


@pytest.mark.parametrize(
    ("seen", "master", "expected"),
    [
        pytest.param(QUIET, "server", (), id="one master"),
        pytest.param([Answered(1.0, "")], None, (), id="nobody, as it should be"),
        pytest.param(
            [*QUIET, Advertised(1.5, "client", 98)],
            "server",
            ("masters at rest: client and server, expected server",),
            id="two masters",
        ),
        pytest.param(
            [*QUIET, Answered(1.6, "")],
            "server",
            ("answers at rest came from nobody and server, expected server",),
            id="a request without an answer",
        ),
        pytest.param(
            [],
            "server",
            ("masters at rest: nobody, expected server", "answers at rest came from nobody, expected server"),
            id="nothing",
        ),
        pytest.param([*QUIET, Advertised(3.5, "client", 98)], "server", (), id="later does not count"),
    ],
)
def test_what_disturbs_the_rest_is_said(seen, master, expected):
    assert unrest(seen, master=master, start=0.5, end=3.0) == expected


def test_reigns_are_runs_of_advertisements_and_know_their_cause():
    seen = [
        Advertised(1.0, "server", 100),
        Answered(1.5, "server"),
        Advertised(2.0, "server", 98),
        Advertised(6.0, "application", 99),
        Advertised(5.0, "application", 99),
    ]
    first = Figures(replace(STEP, title="start"), 0.5)
    second = Figures(replace(STEP, title="stop"), 1.8)

    assert reigns(seen, [first, second]) == (
        Reign("server", 1.0, 2.0, "start"),
        Reign("application", 5.0, 6.0, "stop"),
    )
