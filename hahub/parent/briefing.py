"""Which configurations a child process has been sent and has not answered yet."""

import time

import trio


class Briefing:
    """Counts Configure out and Ready in, of one child. Each life begins with none."""

    def __init__(self) -> None:
        self._open = 0
        self._done = trio.Event()
        self._done.set()
        self.open_since: float | None = None
        """When the first unanswered one was sent, monotonic; None when all are answered."""

    def begin(self) -> None:
        """A new life: what the last one was told is void."""
        self._open, self.open_since = 0, None

    def sent(self) -> None:
        if not self._open:
            self.open_since = time.monotonic()
            self._done = trio.Event()
        self._open += 1

    def answered(self) -> None:
        self._open = max(0, self._open - 1)
        if not self._open:
            self.open_since = None
            self._done.set()

    async def wait_done(self) -> None:
        """Wait until everything that was sent so far, or to the next life, is answered."""
        await self._done.wait()
