"""Watching over the core: one that says nothing for longer than its peers wait is hung, and is ended.

A stopped or looping core keeps its addresses, while a peer has taken over: two masters, one of whom serves nobody. The
next core removes the addresses, and listens first. A host that stood still as a whole is another matter: this process
slept as well, and gives the core as long again to speak; the core's own guard steps down by itself then.
"""

import time
from collections.abc import Callable

import trio

from hahub.lifeline import Due

PATIENCE_MIN = 1.0
"""Seconds that a core may be silent at least: on a slow machine adverts of 10 ms may well be late by more than 30."""
CONFIRM = 0.2
"""Seconds between the suspicion and the verdict."""
_LATE = 0.25
"""Seconds; if this process is later than that, it is the host that stands still."""
_IDLE = 3.0
"""Seconds between two looks at most: what is due first may be another thing by then."""


class Vigil:
    """Decides from what is due, look by look. Pure; ``now`` is monotonic."""

    def __init__(self) -> None:
        self._planned = float("inf")
        self._suspect: Due | None = None
        self._verdict_at = 0.0

    def look(self, due: Due | None, now: float) -> tuple[Due | None, float]:
        """Returns who is hung, None for nobody, and when to look again.

        due: whose word is due first; None while nobody is expected to speak.
        """
        late = now - self._planned > _LATE
        hung = None
        if due is None or due.at > now:
            self._suspect = None
            self._planned = now + _IDLE if due is None else min(due.at, now + _IDLE)
        elif late or due != self._suspect:
            self._suspect, self._verdict_at = due, now + (due.patience if late else CONFIRM)
            self._planned = self._verdict_at
        elif now >= self._verdict_at:
            hung, self._suspect, self._planned = due, None, now + _IDLE
        else:
            self._planned = self._verdict_at
        return hung, self._planned


async def keep(expected: Callable[[], Due | None], end: Callable[[str], None]) -> None:
    """Watch the core for ever, and end it when it is hung.

    expected: whose word is due first now; None while the core need not speak.
    end: kill it; gets the reason, for people.
    """
    vigil = Vigil()
    while True:
        hung, again = vigil.look(expected(), time.monotonic())
        if hung is not None:
            end(hung.who)
        await trio.sleep(max(0.0, again - time.monotonic()))
