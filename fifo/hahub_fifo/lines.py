"""The lines of the notify FIFO, as keepalived 2.2.7 writes them (keepalived vrrp/vrrp_notify.c:notify_fifo).

::

    INSTANCE "VI_1" MASTER 100\\n
    |        |      |      +-- effective priority, 0-255; always 0 for a group
    |        |      +--------- state or event, one word
    |        +---------------- name in double quotes, nothing escaped: blanks and quotes stand as they are
    +------------------------- INSTANCE or GROUP

Nothing else is in a line: no time, no sequence number. The name ends at the last quote that is followed by a
word and a number, so that every name without a line feed can be read back.
"""

import re
from dataclasses import dataclass
from typing import Final

INSTANCE: Final = "INSTANCE"
GROUP: Final = "GROUP"
KINDS: Final = frozenset({INSTANCE, GROUP})

STATES: Final = frozenset({"BACKUP", "MASTER", "FAULT", "STOP", "DELETED"})
"""Words that say what a virtual router now is."""

EVENTS: Final = frozenset({"MASTER_RX_LOWER_PRI", "MASTER_PRIORITY", "BACKUP_PRIORITY"})
"""Words that report something without a change of state."""

_LINE = re.compile(r'(INSTANCE|GROUP) "(.*)" ([!#-~]+) ([0-9]{1,3})', re.DOTALL)
_STATE = re.compile(r"[!#-~]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One notification."""

    kind: str
    """``INSTANCE`` or ``GROUP``."""
    name: str
    """Without the quotes; bytes that are not UTF-8 stand as surrogate escapes."""
    state: str
    """One of STATES or EVENTS, or a word that a later writer invented."""
    priority: int
    """Effective priority, 0-255."""

    @property
    def is_event(self) -> bool:
        """True for a line that reports something without a change of state."""
        return self.state in EVENTS


@dataclass(frozen=True, slots=True)
class UnknownLine:
    """A line that says nothing about VRRP, kept as it came: keepalived's VS and RS lines, or half a line."""

    text: str
    """Without leading NULs and the line feed."""


def parse_line(line: bytes | str) -> Line | UnknownLine:
    """Read one line, with or without its line feed. Never raises.

    Leading NULs are dropped: keepalived's checker process writes one after each of its own lines.
    """
    text = line.decode("utf-8", "surrogateescape") if isinstance(line, bytes) else line
    text = text.lstrip("\0").removesuffix("\n")
    match = _LINE.fullmatch(text)
    if match is None or "\n" in text:
        return UnknownLine(text)
    kind, name, state, priority = match.groups()
    if int(priority) > 255:
        return UnknownLine(text)
    return Line(kind, name, state, int(priority))


def format_line(line: Line) -> bytes:
    """Write one line with its line feed, the very bytes that keepalived writes.

    Raises ValueError, naming the field, for what could not be read back.
    """
    if line.kind not in KINDS:
        raise ValueError(f"kind {line.kind!r} is neither INSTANCE nor GROUP")
    if "\n" in line.name:
        raise ValueError(f"name {line.name!r} holds a line feed")
    if line.state not in STATES and not _STATE.fullmatch(line.state):
        raise ValueError(f"state {line.state!r} is not one word of printable ASCII without quotes")
    if not 0 <= line.priority <= 255:
        raise ValueError(f"priority {line.priority} is outside 0-255")
    return f'{line.kind} "{line.name}" {line.state} {line.priority}\n'.encode("utf-8", "surrogateescape")
