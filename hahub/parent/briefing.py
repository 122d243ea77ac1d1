"""Which configurations a child process has been sent and has not answered yet."""

import time

import trio


class Briefing:
    """Counts Configure out and Ready in, of one child."""

    def __init__(self) -> None:
        self._open = 0
        self._done = trio.Event()
        self._done.set()
        self.open_since: float | None = None
        """When the first unanswered one was sent, monotonic; None when none is."""

    def begin(self) -> None:
        """A new life: what the last one did not answer will not be answered."""
        self._open, self.open_since = 0, None

    def owe(self) -> None:
        """There is one to be sent as soon as the child lives again."""
        if self._done.is_set():
            self._done = trio.Event()

    def sent(self) -> None:
        self.owe()
        if not self._open:
            self.open_since = time.monotonic()
        self._open += 1

    def answered(self) -> None:
        self._open = max(0, self._open - 1)
        if not self._open:
            self.open_since = None
            self._done.set()

    async def wait_done(self) -> None:
        """Wait until everything that there was to be told is answered, in this life or another."""
        while not self._done.is_set():
            await self._done.wait()
