"""Trying a program before going on as it: whether it starts, with these files, and can take over from this one.

It is executed beside this one, as it would be in its place, but only loads everything, says who it is, and ends.
"""

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import trio

from hahub.parent import heritage
from hahub.parent.launch import REHEARSAL

_PATIENCE = 60.0
_PROGRAMS = ("hahub.core.process", "hahub.hub.process", "hahub.parent.process")


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a program says of itself."""

    version: str
    heritage: int
    """The format that it understands."""


def version() -> str:
    """Of this program."""
    return importlib.metadata.version("hahub")


def introduce() -> None:
    """Load everything that the daemon needs, and tell on standard output who this is."""
    for name in _PROGRAMS:
        importlib.import_module(name)
    sys.stdout.buffer.write(msgspec.json.encode(Introduction(version(), heritage.FORMAT)) + b"\n")


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a rehearsal went."""

    problem: str
    """Why the program is no good, for people; empty when it is."""
    lines: tuple[str, ...] = ()
    """What it said on standard error."""
    version: str = ""


async def rehearse(argv: Sequence[str]) -> Verdict:
    """Execute a program for a try."""
    environment = dict(os.environ) | {REHEARSAL: "1"}
    with trio.move_on_after(_PATIENCE):
        try:
            done = await trio.run_process(
                list(argv), env=environment, capture_stdout=True, capture_stderr=True, check=False
            )
        except OSError as error:
            return Verdict(f"{argv[0]} cannot be executed: {(error.strerror or str(error)).lower()}")
        return _judge(done.returncode, done.stdout, done.stderr)
    return Verdict(f"the program on disk is not ready within {_PATIENCE:g} s")


def _judge(status: int, output: bytes, errors: bytes) -> Verdict:
    lines = tuple(errors.decode("utf-8", "backslashreplace").splitlines())
    if status:
        return Verdict(f"the program on disk does not start with these files, exit status {status}", lines)
    try:
        said = msgspec.json.decode(output, type=Introduction)
    except msgspec.MsgspecError:
        return Verdict("the program on disk does not know how to take over", lines)
    if said.heritage != heritage.FORMAT:
        text = f"hahub {said.version} on disk takes over format {said.heritage}, this one hands over {heritage.FORMAT}"
        return Verdict(text, lines)
    return Verdict("", lines, said.version)
