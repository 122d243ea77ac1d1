"""The network interfaces that instances use, and the sockets on them, made again when an interface changes."""

from collections.abc import Iterable

from hahub.core.log import ERROR, CoreLog
from hahub.net.adverts import AdvertReceiver, AdvertSender
from hahub.net.frames import FrameSender
from hahub.net.links import Link, LinkMonitor


class Interface:
    """One interface by name: what the kernel says of it, and our sockets while it is there."""

    def __init__(self, name: str, virtual_router_ids: Iterable[int]) -> None:
        self.name = name
        self.virtual_router_ids = frozenset(virtual_router_ids)
        self.link: Link | None = None
        self.source: int | None = None
        """The address adverts come from; None without one."""
        self.receiver: AdvertReceiver | None = None
        self.sender: AdvertSender | None = None
        self.frames: FrameSender | None = None

    @property
    def stamp(self) -> tuple[object, ...]:
        """Equal as long as what was encoded for this interface, and its sockets, can be used as they are."""
        mac = self.link.mac if self.link is not None else b""
        return (mac, self.source, self.sender, self.frames)

    @property
    def up(self) -> bool:
        return self.link is not None and self.link.up

    def refresh(self, link: Link | None, source: int | None) -> None:
        """Take what the kernel says now; sockets follow. Raises OSError when a socket cannot be made."""
        renewed = link is None or self.link is None or link.index != self.link.index
        moved = source != self.source
        if renewed:
            self.close()
        self.link, self.source = link, source
        if link is None:
            return
        if renewed:
            self.frames = FrameSender(self.name, link.index)
        if self.virtual_router_ids and self.receiver is None:
            self.receiver = AdvertReceiver(self.name, link.index, self.virtual_router_ids)
        if (renewed or moved) and self.sender is not None:
            self.sender.close()
            self.sender = None
        if self.sender is None and source is not None and self.virtual_router_ids:
            self.sender = AdvertSender(self.name, link.index, source)

    def listen_to(self, virtual_router_ids: Iterable[int]) -> None:
        """Other virtual routers from now on."""
        self.virtual_router_ids = frozenset(virtual_router_ids)
        if self.receiver is not None:
            self.receiver.set_virtual_router_ids(self.virtual_router_ids)

    def close(self) -> None:
        for opened in (self.receiver, self.sender, self.frames):
            if opened is not None:
                opened.close()
        self.receiver = self.sender = self.frames = None
        self.link = None


class Interfaces:
    """All interfaces in use, kept in step with the kernel through a LinkMonitor."""

    def __init__(self, monitor: LinkMonitor, log: CoreLog) -> None:
        self._monitor = monitor
        self._log = log
        self._never_a_source: frozenset[int] = frozenset()
        self._by_name: dict[str, Interface] = {}

    def __getitem__(self, name: str) -> Interface:
        return self._by_name[name]

    def all(self) -> list[Interface]:
        return list(self._by_name.values())

    def index_of(self, name: str) -> int | None:
        link = self._monitor.table.get(name)
        return link.index if link is not None else None

    def is_up(self, name: str) -> bool:
        """Whether any interface, also one that is not in use here, is there, up and running."""
        link = self._monitor.table.get(name)
        return link is not None and link.up

    def use(self, wanted: dict[str, frozenset[int]], *, never_a_source: frozenset[int]) -> None:
        """Have exactly these: interface name -> VRIDs on it, none for one that only carries addresses.

        never_a_source: addresses that come and go with the state, so that no advert may come from them.
        """
        self._never_a_source = never_a_source
        for name in set(self._by_name) - set(wanted):
            self._by_name.pop(name).close()
        for name, virtual_router_ids in wanted.items():
            if name not in self._by_name:
                self._by_name[name] = Interface(name, virtual_router_ids)
            else:
                self._by_name[name].listen_to(virtual_router_ids)
        self.refresh(wanted)

    def refresh(self, names: Iterable[str]) -> None:
        """Follow the kernel's view of these interfaces. A socket that cannot be made is tried again at the next."""
        for name in names:
            interface = self._by_name.get(name)
            if interface is None:
                continue
            link = self._monitor.table.get(name)
            source = link.primary(self._never_a_source) if link is not None else None
            try:
                interface.refresh(link, source)
            except OSError as error:
                self._log.limited(ERROR, name, "socket", f"no socket on this interface: {error}")

    def close(self) -> None:
        for interface in self._by_name.values():
            interface.close()
        self._by_name.clear()
