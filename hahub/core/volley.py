"""What the virtual routers that are due together send, put together where the kernel takes several at once.

    one of them      advert  addresses  announcement  line
    three of them    advert  advert  advert  addresses  announcement  announcement  announcement  lines

For each of them the order is the same. Packets out of one socket go with one system call, netlink messages in one
``send``, lines in one ``write``: that costs little more than one of them, and wakes their readers up once.
"""

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self

from hahub.net.addresses import AddressCommands

SEND_SIZE_MAX = 4096
"""Bytes of netlink messages in one ``send``, fifty to a hundred of them; a batch that is longer goes as it is."""

Work = Callable[[], None]
Failed = Callable[[OSError], None]


class Sender(Protocol):
    """A socket for packets."""

    def send_packet(self, packet: bytes) -> OSError | None:
        """Send at once, or return why not."""
        ...

    def send_all(self, packets: Sequence[bytes]) -> list[tuple[int, OSError]]:
        """Send each at once and in order, or not; the positions of those that failed, and why."""
        ...


class Volley:
    """Passes on at once, or, inside ``together``, at its end."""

    def __init__(self, commands: AddressCommands) -> None:
        self.commands = commands
        self._depth = 0
        self._packets: list[tuple[Sender, bytes, Failed]] = []
        self._batches: list[bytes] = []
        self._announcements: list[Work] = []
        self._last: list[Work] = []

    def together(self) -> Self:
        """For ``with``: what comes inside goes out together, however it ends; inside another one, with that."""
        return self

    def __enter__(self) -> Self:
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._depth == 1:
                self.flush()
        finally:
            self._depth -= 1

    def send(self, sender: Sender, packet: bytes, failed: Failed) -> None:
        """An advert, before everything else; or, from ``announce``, an announcement."""
        if self._depth:
            self._packets.append((sender, packet, failed))
        else:
            _send_one(sender, packet, failed)

    def submit(self, batches: Iterable[bytes]) -> None:
        """Netlink batches: what is added to interfaces or removed."""
        if self._depth:
            self._batches += batches
        else:
            self.commands.submit(batches)

    def announce(self, work: Work) -> None:
        """Do this when the addresses are there; what it sends goes together as well."""
        if self._depth:
            self._announcements.append(work)
        else:
            work()

    def last(self, work: Work) -> None:
        """Do this after everything else, and once, however often it is asked for."""
        if not self._depth:
            work()
        elif work not in self._last:
            self._last.append(work)

    def flush(self) -> None:
        """Do what was gathered so far before anything else: who leaves takes nothing back that comes after."""
        if self._packets or self._batches or self._announcements or self._last:
            self._send_packets()
            batches, self._batches = self._batches, []
            self.commands.submit(joined(batches))
            announcements, self._announcements = self._announcements, []
            for work in announcements:
                work()
            self._send_packets()
            last, self._last = self._last, []
            for work in last:
                work()

    def _send_packets(self) -> None:
        packets, self._packets = self._packets, []
        by_sender: dict[Sender, list[tuple[bytes, Failed]]] = {}
        for sender, packet, failed in packets:
            by_sender.setdefault(sender, []).append((packet, failed))
        for sender, together in by_sender.items():
            if len(together) == 1:
                _send_one(sender, *together[0])
                continue
            for position, error in sender.send_all([packet for packet, _ in together]):
                together[position][1](error)


def _send_one(sender: Sender, packet: bytes, failed: Failed) -> None:
    error = sender.send_packet(packet)
    if error is not None:
        failed(error)


def joined(batches: Sequence[bytes]) -> Sequence[bytes]:
    """The same messages in the same order, in fewer batches."""
    if len(batches) < 2:
        return batches
    fewer: list[bytes] = []
    run: list[bytes] = []
    size_bytes = 0
    for batch in batches:
        if run and size_bytes + len(batch) > SEND_SIZE_MAX:
            fewer.append(b"".join(run))
            run, size_bytes = [], 0
        run.append(batch)
        size_bytes += len(batch)
    return [*fewer, b"".join(run)]
