"""What the virtual routers that are due together send, put together where the kernel takes several at once.

    one of them      advert  addresses  announcement  line
    three of them    advert  advert  advert  addresses  announcement  announcement  announcement  lines

For each of them the order is the same. Netlink messages in one ``send``, and lines in one ``write``, cost little more
than one of them, and wake their readers up once.
"""

from collections.abc import Callable, Iterable, Sequence

from hahub.net.addresses import AddressCommands

SEND_SIZE_MAX = 4096
"""Bytes of netlink messages in one ``send``, fifty to a hundred of them; a batch that is longer goes as it is."""

Work = Callable[[], None]


class Volley:
    """Passes on at once, or what comes from ``begin`` to ``fire`` together."""

    def __init__(self, commands: AddressCommands) -> None:
        self.commands = commands
        self._gathers = False
        self._adverts: list[Work] = []
        self._batches: list[bytes] = []
        self._announcements: list[Work] = []
        self._last: list[Work] = []

    def begin(self) -> None:
        self._gathers = True

    def advertise(self, work: Work) -> None:
        """Do this before everything else."""
        if self._gathers:
            self._adverts.append(work)
        else:
            work()

    def submit(self, batches: Iterable[bytes]) -> None:
        """Netlink batches: what is added to interfaces or removed."""
        if self._gathers:
            self._batches += batches
        else:
            self.commands.submit(batches)

    def announce(self, work: Work) -> None:
        """Do this when the addresses are there."""
        if self._gathers:
            self._announcements.append(work)
        else:
            work()

    def last(self, work: Work) -> None:
        """Do this after everything else, and once, however often it is asked for."""
        if not self._gathers:
            work()
        elif work not in self._last:
            self._last.append(work)

    def fire(self) -> None:
        """Do all that was gathered, and gather no more."""
        self._gathers = False
        adverts, self._adverts = self._adverts, []
        batches, self._batches = self._batches, []
        announcements, self._announcements = self._announcements, []
        last, self._last = self._last, []
        for work in adverts:
            work()
        self.commands.submit(joined(batches))
        for work in announcements:
            work()
        for work in last:
            work()


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
