"""How ``hahub reload`` talks to the daemon: a file in the run directory asks, SIGHUP wakes, another file answers.

    reload-ID.request   {"upgrade": false}            written by the command, taken by the daemon
    reload-ID.outcome   {"accepted": true, ...}       written by the daemon, taken by the command

Whoever may write there may also send the signal; a signal without a request is a reload that nobody waits for.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

_REQUEST = re.compile(r"reload-([0-9a-f]{1,32})\.request")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for."""

    id: str
    upgrade: bool = False
    """Go on with the program that is on disk now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    accepted: bool
    """False: nothing has changed."""
    problems: tuple[str, ...] = ()
    """Lines about the configuration, for people; with ``accepted``, warnings and notes."""
    changes: tuple[str, ...] = ()
    """Lines about what is different now, for people."""
    detail: str = ""
    """For people: why it was refused, or what runs now."""


def ask(run_dir: Path, request: Request) -> None:
    """Write a request. Raises OSError."""
    _write(run_dir / f"reload-{request.id}.request", msgspec.json.encode(request))


def take(run_dir: Path) -> tuple[Request, ...]:
    """The requests that wait, which do so no more. One that cannot be read is left out."""
    found: list[Request] = []
    with contextlib.suppress(OSError):
        for path in sorted(run_dir.iterdir()):
            if _REQUEST.fullmatch(path.name):
                with contextlib.suppress(OSError, msgspec.MsgspecError):
                    found.append(msgspec.json.decode(path.read_bytes(), type=Request))
                path.unlink(missing_ok=True)
    return tuple(found)


def answer(run_dir: Path, asked: Iterable[Request], outcome: Outcome) -> None:
    """Write the outcome for all who asked. Raises OSError."""
    for request in asked:
        _write(run_dir / f"reload-{request.id}.outcome", msgspec.json.encode(outcome))


def outcome_of(run_dir: Path, request: Request) -> Outcome | None:
    """The answer, which is taken away; None while there is none. Raises OSError, msgspec.MsgspecError."""
    path = run_dir / f"reload-{request.id}.outcome"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    path.unlink()
    return msgspec.json.decode(content, type=Outcome)


def withdraw(run_dir: Path, request: Request) -> None:
    """Nobody waits for this any more."""
    for ending in ("request", "outcome"):
        with contextlib.suppress(OSError):
            (run_dir / f"reload-{request.id}.{ending}").unlink()


def _write(path: Path, content: bytes) -> None:
    """Written beside and moved: nobody sees half of it."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.rename(path)
