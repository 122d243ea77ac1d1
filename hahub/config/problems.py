"""What is wrong with a configuration, and where; and how that is said."""

from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 60
"""Characters of a value that a message repeats."""


class Severity(StrEnum):
    """How bad it is: only an error keeps hahub from starting."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands."""

    file: str
    """As it was named to ``load``; ``--set`` for an override."""
    line: int = 0
    """From 1; 0 when there is no line to point at (a file that cannot be read, an override)."""
    column: int = 0
    """In characters, from 1; 0 as ``line``."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in one place."""

    file: str
    line: int
    column: int
    severity: Severity
    path: str
    """The block it is in, in words: ``vrrp_instance VI_1``; empty for the whole file."""
    message: str
    """What was found, what was expected; never a secret."""
    hint: str = ""
    """What to write instead."""


def problem_at(place: Place, path: str, message: str, hint: str = "", severity: Severity = Severity.ERROR) -> Problem:
    """Make a problem of a place and words."""
    return Problem(place.file, place.line, place.column, severity, path, message, hint)


def format_problem(problem: Problem) -> str:
    """Write one problem as one line: ``file:line:column: path: found, expected; hint``.

    Warnings and notes say so after the place. Always printable, whatever the file held.
    """
    parts = [str(Place(problem.file, problem.line, problem.column))]
    if problem.severity is not Severity.ERROR:
        parts.append(problem.severity.value)
    if problem.path:
        parts.append(problem.path)
    parts.append(f"{problem.message}; {problem.hint}" if problem.hint else problem.message)
    return printable(": ".join(parts))


def printable(text: str) -> str:
    """The same text with escapes for what a terminal or a log line must not get."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(text: str) -> str:
    """A value as messages repeat it: quoted, printable, cut when long. Never give it a secret."""
    return "'" + printable(text if len(text) <= _SHOWN else text[:_SHOWN] + "…") + "'"
