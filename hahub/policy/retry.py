"""What follows from the results of an attempt: who has it, who never will, who is tried again and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hahub.channel import Failure, SendError
from hahub.policy.backoff import full_jitter

TIME_TO_LIVE = 2 * 3600.0
"""Seconds after which a message is no news any more."""
THROTTLE_DEFAULT = 60.0
"""Seconds to wait when the other side says "too many" and not until when."""
WAIT_MAX = 3600.0
"""Seconds; no answer of another side makes hahub wait longer."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do after an attempt. A recipient is in exactly one of sent, dead and again."""

    sent: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()
    """Refused: the same message will be refused again."""
    again: tuple[str, ...] = ()
    delay: float = 0.0
    """Seconds until those in ``again`` are tried."""
    maybe_repeat: bool = False
    """Some of those in ``again`` may have got it already."""
    pause: float = 0.0
    """Seconds for which the whole channel has to be silent."""


def decide(results: Mapping[str, SendError | None], *, attempt: int, random: Callable[[], float]) -> Decision:
    """Judge attempt number ``attempt`` (1, 2, ...) by its result for each recipient, None for success.

    random: a number from 0 to 1, such as ``random.random``.
    """
    failures = {recipient: error for recipient, error in results.items() if error is not None}
    again = {recipient: error for recipient, error in failures.items() if error.retryable}
    throttles = [_wait(error) for error in again.values() if error.failure is Failure.THROTTLED]
    asked = [_wait(error) for error in again.values() if error.retry_after is not None]
    return Decision(
        sent=tuple(recipient for recipient, error in results.items() if error is None),
        dead=tuple(recipient for recipient in failures if recipient not in again),
        again=tuple(again),
        delay=max([full_jitter(attempt, random=random), *throttles, *asked]) if again else 0.0,
        maybe_repeat=any(error.failure is Failure.UNKNOWN for error in again.values()),
        pause=max(throttles, default=0.0),
    )


def _wait(error: SendError) -> float:
    asked = THROTTLE_DEFAULT if error.retry_after is None else error.retry_after
    return min(max(asked, 0.0), WAIT_MAX)
