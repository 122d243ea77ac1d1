"""Notify FIFOs as files: made, checked, owned, kept over reloads and removed. The core only writes into them.

Source: keepalived lib/notify.c:fifo_open for modes and flags; a regular file is refused, as keepalived does
from 2.4.0 on (earlier ones overwrite it).
"""

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hahub.parent import credentials
from hahub.parent.credentials import CredentialsError
from hahub.parent.heritage import FifoHeritage
from hahub.settings import FifoSettings

_MODE = 0o600
_FLAGS = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


class FifoError(Exception):
    """A FIFO that cannot be used; the text names keyword, path, finding and expectation."""


@dataclass(frozen=True, slots=True)
class Fifo:
    """An open notify FIFO. ``descriptor`` belongs to whoever holds this."""

    settings: FifoSettings
    descriptor: int
    created: bool
    """We made it, so we remove it."""
    device: int
    inode: int
    note: str = ""
    """What could not be done, for the log."""

    @property
    def path(self) -> str:
        return self.settings.path

    def bequeath(self) -> FifoHeritage:
        """Leave it to another image of this process."""
        return FifoHeritage(self.settings, self.descriptor, self.created, self.device, self.inode)

    def close(self) -> None:
        """Close it; removed when we made it and the name still means this one."""
        if self.created and _is_still_there(self):
            with contextlib.suppress(OSError):
                Path(self.path).unlink()
        os.close(self.descriptor)


def _is_still_there(fifo: Fifo) -> bool:
    """Whether the name still means this FIFO."""
    try:
        found = os.lstat(fifo.path)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (fifo.device, fifo.inode)


def open_fifo(settings: FifoSettings) -> Fifo:
    """Make a FIFO with mode 0600 and the configured owner, or take the one that is there as it is.

    Raises FifoError for anything else in its place, and when it cannot be made or opened.
    """
    where = f"{settings.keyword} {settings.path}"
    try:
        created = _make(settings.path)
        _check(where, os.lstat(settings.path))
        descriptor = os.open(settings.path, _FLAGS)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FifoError(f"{where}: {reason}, expected a place where a FIFO can be made and opened") from error
    try:
        found = os.fstat(descriptor)
        _check(where, found)
        note = _give(settings, descriptor, found, where) if created else ""
    except FifoError:
        os.close(descriptor)
        if created:
            Path(settings.path).unlink()
        raise
    return Fifo(settings, descriptor, created, found.st_dev, found.st_ino, note)


def _make(path: str) -> bool:
    try:
        os.mkfifo(path, _MODE)
    except FileExistsError:
        return False
    return True


def _check(where: str, found: os.stat_result) -> None:
    if not stat.S_ISFIFO(found.st_mode):
        raise FifoError(f"{where}: found {_kind(found.st_mode)}, expected a FIFO or nothing")


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISREG, "a regular file"),
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISSOCK, "a socket"),
    ):
        if test(mode):
            return name
    return "a device"


def _give(settings: FifoSettings, descriptor: int, found: os.stat_result, where: str) -> str:
    """Give a FIFO of ours to its configured owner; a refusal is only worth a note."""
    try:
        owner = credentials.resolve(settings.user, settings.group)
    except CredentialsError as error:
        raise FifoError(f"{where}: {error}") from error
    if (owner.uid, owner.gid) == (found.st_uid, found.st_gid):
        return ""
    try:
        os.fchown(descriptor, owner.uid, owner.gid)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return f"{where}: cannot be given to uid={owner.uid} gid={owner.gid}: {reason}"
    return ""


class Fifos:
    """The FIFOs of the present configuration, in the order of writing."""

    def __init__(self, inherited: Iterable[FifoHeritage] = ()) -> None:
        """inherited: those that an earlier image of this process has opened."""
        self.open = tuple(
            Fifo(each.settings, each.descriptor, each.created, each.device, each.inode) for each in inherited
        )

    def change(self, wanted: Sequence[FifoSettings]) -> tuple[Fifo, ...]:
        """Have exactly these; a path that is there already keeps its file, which stays open.

        Returns those no longer wanted, for the caller to close when nobody writes into them any more.
        Raises FifoError, and then nothing has changed.
        """
        kept: list[Fifo] = []
        fresh: list[Fifo] = []
        try:
            for settings in _distinct(wanted):
                same = self._find(settings)
                kept.append(same if same is not None else open_fifo(settings))
                if same is None:
                    fresh.append(kept[-1])
        except FifoError:
            for fifo in fresh:
                fifo.close()
            raise
        gone = tuple(fifo for fifo in self.open if fifo.descriptor not in {other.descriptor for other in kept})
        self.open = tuple(kept)
        return gone

    def _find(self, settings: FifoSettings) -> Fifo | None:
        for fifo in self.open:
            if fifo.path == settings.path and _is_still_there(fifo):
                return replace(fifo, settings=settings, note="")
        return None

    def close(self) -> None:
        for fifo in self.open:
            fifo.close()
        self.open = ()


def _distinct(wanted: Sequence[FifoSettings]) -> list[FifoSettings]:
    """Each path once: the first keyword has it, as in keepalived core/global_data.c."""
    first: dict[str, FifoSettings] = {}
    for settings in wanted:
        first.setdefault(settings.path, settings)
    return list(first.values())
