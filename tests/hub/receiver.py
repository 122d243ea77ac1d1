"""A local HTTP server that accepts messages, or answers 500, resets or hangs, as it is told for each request."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import trio


class Mood(Enum):
    """What the receiver does with a request."""

    ACCEPT = "accept"
    """Keep the message and answer 200."""
    KEEP_AND_RESET = "keep and reset"
    """Keep the message, and let nobody know."""
    ERROR = "error"
    RESET = "reset"
    HANG = "hang"
    REFUSE = "refuse"
    THROTTLE = "throttle"


_STATUS = {
    Mood.ACCEPT: "200 OK",
    Mood.REFUSE: "404 Not Found",
    Mood.THROTTLE: "429 Too Many Requests",
    Mood.ERROR: "500 Internal Server Error",
}


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    id: str
    path: str
    body: dict[str, Any]
    mood: Mood

    @property
    def kept(self) -> bool:
        return self.mood in (Mood.ACCEPT, Mood.KEEP_AND_RESET)


class Receiver:
    """Ask it for ``port``; ``mood`` is called once for each request."""

    def __init__(self, mood: Callable[[], Mood]) -> None:
        self.mood = mood
        self.port = 0
        self.received: list[Received] = []
        self._changed = trio.Event()

    async def wait(self, count: int) -> list[Received]:
        """Return when so many requests have arrived."""
        while len(self.received) < count:
            self._changed = trio.Event()
            await self._changed.wait()
        return self.received

    async def handle(self, stream: trio.SocketStream) -> None:
        """Serve one connection, with keep-alive."""
        try:
            async with stream:
                buffer = b""
                while (request := await _read(stream, buffer)) is not None:
                    head, body, buffer = request
                    if not await self._answer(stream, head, body):
                        return
        except (trio.BrokenResourceError, OSError):
            return

    async def _answer(self, stream: trio.SocketStream, head: bytes, body: bytes) -> bool:
        mood = self.mood()
        request, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        self.received.append(Received(headers["webhook-id"], request.split()[1], json.loads(body), mood))
        self._changed.set()
        if mood is Mood.HANG:
            await trio.sleep_forever()
        if mood in (Mood.RESET, Mood.KEEP_AND_RESET):
            stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        status = _STATUS[mood]
        await stream.send_all(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        return True


async def _read(stream: trio.SocketStream, buffer: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Head, body and what follows of one request; None at the end."""
    while True:
        head, separator, rest = buffer.partition(b"\r\n\r\n")
        if separator:
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(rest) >= length:
                return head, rest[:length], rest[length:]
        chunk = await stream.receive_some(65536)
        if not chunk:
            return None
        buffer += chunk


@asynccontextmanager
async def receiving(mood: Callable[[], Mood] = lambda: Mood.ACCEPT) -> AsyncIterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver(mood)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, receiver.handle, 0, host="127.0.0.1"))
        receiver.port = listeners[0].socket.getsockname()[1]
        yield receiver
        nursery.cancel_scope.cancel()
