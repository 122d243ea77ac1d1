"""The core's log: records to the parent, who writes them; repeated lines are counted instead of sent."""

import time
from dataclasses import dataclass

from hahub.core.outlet import Outlet
from hahub.messages import Log

DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
"""Levels, as in ``logging``, which is not loaded here."""

REPEAT_INTERVAL = 60.0
"""Seconds before the same topic is logged again."""
_BURSTS = {"priority": 20}
"""Topics of which more lines than one are written in that time: who tries out a check has to see what it does."""
_TOPICS_MAX = 2_000
_TIDY_INTERVAL = 1.0
_OTHERS = ("", "")
"""What is one topic too many counts as this one: who sends every kind of rubbish to every virtual router, too."""
_TEXT_MAX = 4_000
"""Characters; who has thousands of addresses need not read all of them in one line, and no link takes it."""


@dataclass(slots=True)
class _Topic:
    next_at: float
    left: int
    """Lines that may still be written before that."""
    suppressed: int = 0
    level: int = INFO
    text: str = ""
    """The last one that was held back."""


class CoreLog:
    """Never waits; a flood of the same finding costs one line a minute (VR-066)."""

    def __init__(self, parent: Outlet) -> None:
        self._parent = parent
        self._topics: dict[tuple[str, str], _Topic] = {}
        self._tidied_at = float("-inf")

    def write(self, level: int, text: str) -> None:
        if len(text) > _TEXT_MAX:
            text = f"{text[:_TEXT_MAX]} ... ({len(text) - _TEXT_MAX} characters left out)"
        self._parent.put(Log(level, text))

    def limited(self, level: int, subject: str, topic: str, text: str) -> None:
        """Log at most once a minute for each (subject, topic); neither may come from a packet."""
        now, key = time.monotonic(), (subject, topic)
        if key not in self._topics and len(self._topics) >= _TOPICS_MAX and not self._make_room(now):
            key = _OTHERS
        known = self._topics.get(key)
        if known is not None and now < known.next_at:
            if known.left:
                known.left -= 1
                self.write(level, f"{subject}: {text}")
                return
            known.suppressed += 1
            known.level, known.text = level, text if key != _OTHERS else f"{subject}: {text}"
            return
        more = f" ({known.suppressed} more since)" if known is not None and known.suppressed else ""
        self._topics[key] = _Topic(now + REPEAT_INTERVAL, _BURSTS.get(topic, 1) - 1)
        self.write(level, f"{subject}: {text}{more}")

    def _make_room(self, now: float) -> bool:
        """Forget topics whose time is over, and say what was held back of them; False when there are none."""
        if now - self._tidied_at < _TIDY_INTERVAL:
            return False
        self._tidied_at = now
        for key in [key for key, known in self._topics.items() if now >= known.next_at]:
            self._say_rest(key[0], self._topics.pop(key))
        return len(self._topics) < _TOPICS_MAX

    def settle(self) -> None:
        """Say how much was held back, before the end: no finding goes without being counted (VR-135)."""
        for (subject, _), known in self._topics.items():
            self._say_rest(subject, known)
        self._topics.clear()

    def _say_rest(self, subject: str, known: _Topic) -> None:
        if known.suppressed:
            text = f"{subject}: {known.text}" if subject else known.text
            self.write(known.level, f"{text} ({known.suppressed} more since)")
