import pytest

from hahub.channel import Failure, SendError
from hahub.policy.retry import Decision, decide

UNREACHABLE = SendError(Failure.UNREACHABLE, "connection refused")
REFUSED = SendError(Failure.REFUSED, "550 no such user")
UNKNOWN = SendError(Failure.UNKNOWN, "no answer")


def throttled(retry_after: float | None) -> SendError:
    return SendError(Failure.THROTTLED, "too many", retry_after=retry_after)


@pytest.mark.parametrize(
    ("results", "decision"),
    [
        pytest.param({"a": None, "b": None}, Decision(sent=("a", "b")), id="sent to all"),
        pytest.param({"a": UNREACHABLE}, Decision(again=("a",), delay=2.0), id="unreachable: again"),
        pytest.param({"a": REFUSED}, Decision(dead=("a",)), id="refused: never again"),
        pytest.param({"a": UNKNOWN}, Decision(again=("a",), delay=2.0, maybe_repeat=True), id="unknown: again, marked"),
        pytest.param(
            {"a": None, "b": REFUSED, "c": UNREACHABLE},
            Decision(sent=("a",), dead=("b",), again=("c",), delay=2.0),
            id="each recipient has a result of its own",
        ),
        pytest.param(
            {"a": throttled(600.0)}, Decision(again=("a",), delay=600.0, pause=600.0), id="throttled: as asked"
        ),
        pytest.param(
            {"a": throttled(None)}, Decision(again=("a",), delay=60.0, pause=60.0), id="throttled: one minute"
        ),
        pytest.param(
            {"a": throttled(1e9)}, Decision(again=("a",), delay=3600.0, pause=3600.0), id="throttled: not for ever"
        ),
        pytest.param(
            {"a": throttled(-5.0)}, Decision(again=("a",), delay=2.0, pause=0.0), id="throttled: until the past"
        ),
        pytest.param(
            {"a": SendError(Failure.UNREACHABLE, "503", retry_after=30.0)},
            Decision(again=("a",), delay=30.0),
            id="unreachable, and asked to wait: only this message waits",
        ),
    ],
)
def test_the_results_decide_what_follows(results, decision) -> None:
    assert decide(results, attempt=3, random=lambda: 0.5) == decision
