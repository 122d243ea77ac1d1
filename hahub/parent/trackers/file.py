"""``track_file``: the number that somebody writes into a file, told to the core at each change.

Source: keepalived vrrp/vrrp_track.c:process_track_file. Written in place or replaced, made or removed: a change is
seen at once, also through a symbolic link, and within a second where the directory does not exist or the kernel
has no watches left. A file that does not exist, or has no number at its beginning, says 0.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import trio

from hahub.messages import FileResult
from hahub.parent.inotify import FileEvent, Inotify
from hahub.parent.logs import Log
from hahub.parent.tasks import Tasks
from hahub.settings import WatchedFile

_READ_BYTES = 127
"""As keepalived: what comes later is not looked at."""
_RETRY = 1.0
"""Seconds between two looks at a file that cannot be watched."""
_NUMBER_MAX = 2**31 - 1
_NUMBER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")


def parse_number(text: str) -> int | None:
    """The number at the beginning of a text, as C writes it: 10, 0x0a, 012; None when there is none."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    sign, digits = found.groups()
    base = 16 if digits[1:2] in ("x", "X") else 8 if digits.startswith("0") else 10
    number = min(int(digits, base), _NUMBER_MAX)
    return -number if sign == "-" else number


def read_number(path: str) -> FileResult:
    """What a file says; ``file`` of the result is its path."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        return FileResult(path, 0, f"{path} does not exist")
    except OSError as error:
        return FileResult(path, 0, f"{path} cannot be read: {error.strerror}")
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return FileResult(path, 0, f"{path} is no regular file")
        number = parse_number(os.read(fd, _READ_BYTES).decode("ascii", "replace"))
    except OSError as error:
        return FileResult(path, 0, f"{path} cannot be read: {error.strerror}")
    finally:
        os.close(fd)
    if number is None:
        return FileResult(path, 0, f"{path} has no number")
    return FileResult(path, number, f"{path} says {number}")


class FileTracker:
    """Watches one ``track_file`` for ever and reports its number at first, and at each change."""

    def __init__(
        self, file: WatchedFile, log: Log, report: Callable[[FileResult], None], *, initialise: bool = True
    ) -> None:
        """initialise: write the first number, where ``init_file`` says so."""
        self._file = file
        self._log = log
        self._report = report
        self._first = initialise
        self._told: FileResult | None = None
        self._trouble = ""

    async def run(self) -> None:
        """Runs until cancelled."""
        if self._first:
            self._initialise()
        try:
            with Inotify() as inotify:
                await self._follow(inotify)
        except OSError as error:
            self._say(f"no watch, looked at every {_RETRY:g} s: {error.strerror}")
        while True:
            self._look()
            await trio.sleep(_RETRY)

    async def _follow(self, inotify: Inotify) -> None:
        while True:
            watched = self._watch(inotify)
            self._look()
            with trio.move_on_after(float("inf") if watched else _RETRY):
                while not any(self._concerns(event, watched) for event in await inotify.events()):
                    pass

    def _watch(self, inotify: Inotify) -> set[tuple[int, str]]:
        """Watch the directories of the file and of what it links to: (directory's number, name of interest)."""
        path = Path(self._file.path)
        try:
            return {(inotify.watch(str(place.parent)), place.name) for place in (path.absolute(), path.resolve())}
        except OSError as error:
            self._say(f"no watch, looked at every {_RETRY:g} s: {error.strerror}")
            return set()

    @staticmethod
    def _concerns(event: FileEvent, watched: set[tuple[int, str]]) -> bool:
        return not event.name or (event.watch, event.name) in watched

    def _initialise(self) -> None:
        """Write the first number, as ``init_file`` says."""
        path, initial = Path(self._file.path), self._file.initial
        if initial is None:
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fd = os.open(path, flags | (os.O_TRUNC if self._file.overwrite else os.O_EXCL), 0o644)
        except FileExistsError:
            return
        except OSError as error:
            self._say(f"init_file: {path} cannot be written: {error.strerror}")
            return
        with os.fdopen(fd, "w") as file:
            file.write(f"{initial}\n")

    def _look(self) -> None:
        found = read_number(self._file.path)
        result = FileResult(self._file.name, found.value, found.detail)
        if self._told is not None and self._told.value == result.value:
            return
        self._log.info(f"track_file {result.file}: {result.detail}")
        self._told = result
        self._report(result)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._log.warning(f"track_file {self._file.name}: {trouble}")


class FileTrackers:
    """All of them, as the present configuration wants them."""

    def __init__(self, tasks: Tasks, log: Log, report: Callable[[FileResult], None]) -> None:
        self._tasks = tasks
        self._log = log
        self._report = report
        self._running: dict[str, tuple[WatchedFile, trio.CancelScope]] = {}

    def configure(self, files: Iterable[WatchedFile], *, initialise: bool = True) -> None:
        """Watch exactly these; one that has not changed goes on undisturbed.

        initialise: write first numbers; False where an earlier image of this process has done so.
        """
        wanted = {file.name: file for file in files}
        for name, (file, scope) in list(self._running.items()):
            if wanted.get(name) != file:
                scope.cancel()
                del self._running[name]
        for name, file in wanted.items():
            if name not in self._running:
                scope = trio.CancelScope()
                self._running[name] = (file, scope)
                tracker = FileTracker(file, self._log, self._report, initialise=initialise)
                self._tasks.start_soon(self._run, tracker, scope)

    async def _run(self, tracker: FileTracker, scope: trio.CancelScope) -> None:
        with scope:
            await tracker.run()
