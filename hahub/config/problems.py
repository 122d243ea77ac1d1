"""What is wrong with a configuration, and where; and how that is said."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: only an error keeps hahub from starting."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in one place."""

    file: str
    """As it was named to ``load``; ``--set`` for an override."""
    line: int
    """From 1; 0 when there is no line to point at (a file that cannot be read, an override)."""
    column: int
    """In characters, from 1; 0 as ``line``."""
    severity: Severity
    path: str
    """The block it is in, in words: ``vrrp_instance VI_1``; empty for the whole file."""
    message: str
    """What was found, what was expected; never a secret."""
    hint: str = ""
    """What to write instead."""


def format_problem(problem: Problem) -> str:
    """Write one problem as one line: ``file:line:column: path: found, expected; hint``.

    Warnings and notes say so after the place.
    """
    parts = [place(problem)]
    if problem.severity is not Severity.ERROR:
        parts.append(problem.severity.value)
    if problem.path:
        parts.append(problem.path)
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return ": ".join([*parts, text])


def place(problem: Problem) -> str:
    """``file:line:column``, or the file alone."""
    return f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
