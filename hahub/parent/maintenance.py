"""Maintenance: while the file ``maintenance`` is in the run directory, this node is the last choice.

``hahub maintenance on`` writes it, with who and why, ``off`` removes it; so can anybody else who may write there.
A reboot empties /run, and ends the maintenance.
"""

from collections.abc import Callable
from pathlib import Path

import trio

from hahub.messages import Maintenance
from hahub.parent.inotify import Inotify
from hahub.parent.logs import Log

FILE_NAME = "maintenance"
_DETAIL_MAX = 200
"""Characters of the file that are told."""
_RETRY = 1.0
"""Seconds between two looks where the kernel has no watches left."""


def read(run_dir: Path) -> Maintenance:
    """What the file says now; a file that cannot be read counts all the same."""
    try:
        text = (run_dir / FILE_NAME).read_text(errors="replace")
    except FileNotFoundError:
        return Maintenance(on=False)
    except OSError as error:
        return Maintenance(on=True, detail=f"{FILE_NAME} cannot be read: {error.strerror}")
    return Maintenance(on=True, detail=" ".join(text.split())[:_DETAIL_MAX])


def say(maintenance: Maintenance, log: Log) -> None:
    """One line for the log."""
    why = f": {maintenance.detail}" if maintenance.detail else ""
    log.warning(f"maintenance {'begins' if maintenance.on else 'ends'}{why}")


async def follow(run_dir: Path, log: Log, tell: Callable[[Maintenance], None], *, told: Maintenance) -> None:
    """Tell each change from what was told last. Runs until cancelled."""

    def look() -> None:
        nonlocal told
        now = read(run_dir)
        if now != told:
            told = now
            say(now, log)
            tell(now)

    try:
        with Inotify() as inotify:
            inotify.watch(str(run_dir))
            look()
            while True:
                if any(event.name in (FILE_NAME, "") for event in await inotify.events()):
                    look()
    except OSError as error:
        log.warning(f"maintenance: no watch on {run_dir}, looked at every {_RETRY:g} s: {error.strerror}")
    while True:
        look()
        await trio.sleep(_RETRY)
