"""A small HTTP/1.1 server for sinks, under trio: it answers as it should, or as scripted: wrongly, slowly, never.

request ──> scripted? ──yes──> Answer | Raw | Drip | Hang | Reset
               │no
               └──> respond(request) ──> Answer
"""

import socket
import ssl
import struct
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import trio

from hahub.testing.sinks.received import Received

_HEAD_MAX = 64 * 1024
_BODY_MAX = 1024 * 1024
_CLOSE_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """One complete request."""

    at_monotonic: float
    """CLOCK_MONOTONIC when its last byte was there."""
    method: str
    target: str
    """Path and query as sent."""
    headers: dict[str, str]
    """Names in lower case; the last of several."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A plain answer."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    taken: bool = False
    """For this and the other scripted behaviours: the message is judged, and kept if right, all the same."""


@dataclass(frozen=True, slots=True)
class Raw:
    """These bytes instead of an answer, then the connection is closed."""

    content: bytes
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Drip:
    """An answer whose body comes byte by byte and never ends."""

    interval: float = 0.05
    """Seconds between two bytes."""
    status: int = 200
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer, ever."""

    taken: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset once the request was read."""

    taken: bool = False


Behaviour = Answer | Raw | Drip | Hang | Reset


class HttpSink(ABC):
    """A server for ``async with``; ``port`` and ``url`` are known inside.

    listen: address and port; port 0 for any free one.
    ssl_context: of a server, for https.
    on_received: called with each message as soon as it is accepted.
    """

    def __init__(
        self,
        *,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        ssl_context: ssl.SSLContext | None = None,
        on_received: Callable[[Received], None] | None = None,
    ) -> None:
        self.requests: list[Request] = []
        """Every complete request, whatever was answered."""
        self.received: list[Received] = []
        """The messages that were right."""
        self.refused: list[str] = []
        """Why each of the others was not."""
        self.connections = 0
        """How many were accepted."""
        self.port = 0
        self._listen = listen
        self._ssl_context = ssl_context
        self._on_received = on_received
        self._script: deque[Behaviour] = deque()
        self._changed = trio.Event()
        self._running: AbstractAsyncContextManager[None] | None = None

    @property
    def url(self) -> str:
        scheme = "http" if self._ssl_context is None else "https"
        host = f"[{self._listen[0]}]" if ":" in self._listen[0] else self._listen[0]
        return f"{scheme}://{host}:{self.port}/"

    def script(self, *behaviours: Behaviour) -> None:
        """Do these things, one for each of the next requests, before being oneself again."""
        self._script.extend(behaviours)

    async def wait_requests(self, count: int) -> None:
        """Return when that many requests have come."""
        while len(self.requests) < count:
            await self._changed.wait()

    @abstractmethod
    def respond(self, request: Request) -> Answer:
        """Judge a request: call ``accept`` or ``refuse``, and return the answer."""

    def accept(self, message: Received) -> None:
        """Keep a message that was right."""
        self.received.append(message)
        if self._on_received is not None:
            self._on_received(message)

    def refuse(self, why: str) -> None:
        """Keep why a message was not right."""
        self.refused.append(why)
        print(f"{type(self).__name__}: refused: {why}", file=sys.stderr, flush=True)

    async def __aenter__(self) -> Self:
        self._running = self._serve()
        await self._running.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        assert self._running is not None  # noqa: S101 - __aexit__ follows __aenter__
        return await self._running.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def _serve(self) -> AsyncIterator[None]:
        listeners = await trio.open_tcp_listeners(self._listen[1], host=self._listen[0])
        self.port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self._talk, listeners)
            yield
            nursery.cancel_scope.cancel()

    async def _talk(self, connection: trio.SocketStream) -> None:
        self.connections += 1
        stream: trio.abc.Stream = connection
        if self._ssl_context is not None:
            stream = trio.SSLStream(connection, self._ssl_context, server_side=True, https_compatible=True)
        try:
            async with connection:
                await self._requests(stream, connection.socket)
        except (trio.BrokenResourceError, trio.ClosedResourceError, ConnectionError, ssl.SSLError):
            return  # clients come and go; what came is in ``requests``

    async def _requests(self, stream: trio.abc.Stream, connection: trio.socket.SocketType) -> None:
        reader = _Reader(stream)
        while (request := await reader.request()) is not None:
            behaviour = self._script.popleft() if self._script else None
            answer = self.respond(request) if behaviour is None or behaviour.taken else None
            self.requests.append(request)
            self._changed.set()
            self._changed = trio.Event()
            chosen = behaviour if behaviour is not None else answer
            assert chosen is not None  # noqa: S101 - one of the two was made
            if not await _behave(chosen, stream, connection):
                return


async def _behave(behaviour: Behaviour, stream: trio.abc.Stream, connection: trio.socket.SocketType) -> bool:
    """Do it. Returns True if the connection is good for another request."""
    match behaviour:
        case Answer():
            await stream.send_all(_encode(behaviour))
            return True
        case Raw():
            await stream.send_all(behaviour.content)
        case Drip():
            await stream.send_all(b"HTTP/1.1 %d Drip\r\ncontent-length: 1000000000\r\n\r\n" % behaviour.status)
            while True:
                await stream.send_all(b" ")
                await trio.sleep(behaviour.interval)
        case Hang():
            await trio.sleep_forever()
        case Reset():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return False
    with trio.move_on_after(_CLOSE_GRACE):
        await stream.aclose()
    return False


def _encode(answer: Answer) -> bytes:
    names = {name.lower() for name, _ in answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Answer", *(f"{name}: {value}" for name, value in answer.headers)]
    if "content-length" not in names and answer.status != 204:
        lines.append(f"content-length: {len(answer.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


class _Reader:
    """Requests of one connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._buffer = bytearray()

    async def request(self) -> Request | None:
        """The next request, or None when there is none or it cannot be understood."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _HEAD_MAX or not await self._more():
                return None
        head = self._buffer[:end].decode("latin-1")
        del self._buffer[: end + 4]
        first, *lines = head.split("\r\n")
        method, _, rest = first.partition(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _BODY_MAX or "transfer-encoding" in headers:
            return None
        while len(self._buffer) < int(length):
            if not await self._more():
                return None
        body = bytes(self._buffer[: int(length)])
        del self._buffer[: int(length)]
        return Request(time.monotonic(), method, rest.rpartition(" ")[0], headers, body)

    async def _more(self) -> bool:
        chunk = await self._stream.receive_some(65536)
        self._buffer += chunk
        return bool(chunk)
