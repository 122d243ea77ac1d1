"""The network interfaces that instances use, and the sockets on them, made again when an interface changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from hahub.core.log import ERROR, CoreLog
from hahub.family import Family, number_of
from hahub.net.adverts import AdvertReceiver, AdvertSender
from hahub.net.adverts6 import AdvertReceiver6, AdvertSender6
from hahub.net.frames import FrameSender
from hahub.net.links import Link, LinkMonitor
from hahub.settings import InstanceSettings
from hahub.vrrp.packet import AH_PROTOCOL, PROTOCOL, TTL
from hahub.vrrp.wire import group_of

Hearing = tuple[Family, int]
"""What a receiver listens to: a family, and an IP protocol."""
_SENDERS: dict[Family, type[AdvertSender | AdvertSender6]] = {
    Family.IPV4: AdvertSender,
    Family.IPV6: AdvertSender6,
}


@dataclass(frozen=True, slots=True)
class Use:
    """What one virtual router needs of its interface."""

    family: Family
    virtual_router_id: int
    source: int | None
    """The configured one; None for the interface's own."""
    group: int
    """The multicast group; heard also by those who have peers, to tell of routers that do without."""
    peers: tuple[int, ...] = ()
    protocols: tuple[int, ...] = (PROTOCOL,)
    """IP protocols to listen to, those that would be a mistake of the sender included."""
    ttl: int = TTL
    track_source: bool = False
    """There is no source while the interface has not the configured one."""
    buffer_bytes: int = 0
    """What it adds to the receive buffer."""

    @property
    def destinations(self) -> tuple[int, ...]:
        """Who gets the adverts."""
        return self.peers or (self.group,)


def use_of(settings: InstanceSettings) -> Use:
    """What this virtual router needs of its interface."""
    family = settings.family
    return Use(
        family,
        settings.virtual_router_id,
        number_of(settings.source) if settings.source else None,
        group_of(settings),
        tuple(number_of(peer.address) for peer in settings.unicast_peers),
        (PROTOCOL, AH_PROTOCOL) if settings.version == 2 else (PROTOCOL,),
        settings.wire.unicast_ttl if settings.unicast_peers else TTL,
        settings.wire.track_source,
        settings.wire.receive_buffer_bytes,
    )


class Interface:
    """One interface by name: what the kernel says of it, and our sockets while it is there."""

    def __init__(self, name: str, uses: frozenset[Use]) -> None:
        self.name = name
        self.uses = uses
        self.hears_all = False
        """Also the virtual routers that are not configured, for ``log_unknown_vrids``."""
        self.link: Link | None = None
        self.receivers: dict[Hearing, AdvertReceiver | AdvertReceiver6] = {}
        self.frames: FrameSender | None = None
        self._own_sources: dict[Family, int | None] = {}
        self._senders: dict[tuple[Family, int, int, int], AdvertSender | AdvertSender6] = {}
        """By family, source, destination and TTL: virtual routers with the same ones share a socket."""

    @property
    def stamp(self) -> tuple[object, ...]:
        """Equal as long as frames that were encoded for this interface can be used as they are."""
        mac = self.link.mac if self.link is not None else b""
        return (mac, self.frames)

    @property
    def up(self) -> bool:
        return self.link is not None and self.link.up

    def source_of(self, use: Use) -> int | None:
        """The address that adverts come from; None without one."""
        if use.source is None:
            return self._own_sources.get(use.family)
        return use.source if not use.track_source or self._has(use.source, use.family) else None

    def _has(self, address: int, family: Family) -> bool:
        entries = self.link.all_addresses if self.link is not None else ()
        return any(entry.family is family and entry.address == address and entry.usable for entry in entries)

    def senders_of(self, use: Use) -> list[tuple[int, AdvertSender | AdvertSender6]]:
        """Each destination, and the socket that leads there; none without a source or a socket."""
        source = self.source_of(use)
        if source is None:
            return []
        found = (
            (destination, self._senders.get((use.family, source, destination, use.ttl)))
            for destination in use.destinations
        )
        return [(destination, sender) for destination, sender in found if sender is not None]

    def refresh(self, link: Link | None, never_a_source: frozenset[int]) -> None:
        """Take what the kernel says now; sockets follow. Raises OSError when a socket cannot be made."""
        renewed = link is None or self.link is None or link.index != self.link.index
        if renewed:
            self.close()
        self.link = link
        if link is None:
            return
        self._own_sources = {family: link.source(family, never_a_source) for family in Family}
        if self.frames is None:
            self.frames = FrameSender(self.name, link.index)
        self._refresh_receivers(link.index)
        self._refresh_senders(link.index)

    def _refresh_receivers(self, index: int) -> None:
        for hearing in self.receivers.keys() - self._wanted_hearings:
            self.receivers.pop(hearing).close()
        for family, protocol in self._wanted_hearings:
            uses = [use for use in self.uses if use.family is family and protocol in use.protocols]
            wanted = None if self.hears_all else {use.virtual_router_id for use in uses}
            groups = {use.group for use in uses}
            receiver = self.receivers.get((family, protocol))
            if receiver is None:
                receiver = self._receiver(index, family, protocol, wanted, groups)
                self.receivers[family, protocol] = receiver
            else:
                receiver.set_virtual_router_ids(wanted)
                receiver.set_groups(groups)
            receiver.set_buffer(sum(use.buffer_bytes for use in uses))

    def _receiver(
        self, index: int, family: Family, protocol: int, wanted: set[int] | None, groups: set[int]
    ) -> AdvertReceiver | AdvertReceiver6:
        if family is Family.IPV6:
            return AdvertReceiver6(self.name, index, wanted, groups=groups)
        return AdvertReceiver(self.name, index, wanted, protocol=protocol, groups=groups)

    @property
    def _wanted_hearings(self) -> set[Hearing]:
        return {(use.family, protocol) for use in self.uses for protocol in use.protocols}

    def _refresh_senders(self, index: int) -> None:
        wanted = {
            (use.family, source, destination, use.ttl)
            for use in self.uses
            if (source := self.source_of(use)) is not None
            for destination in use.destinations
        }
        for key in self._senders.keys() - wanted:
            self._senders.pop(key).close()
        for key in wanted - self._senders.keys():
            family, source, destination, ttl = key
            self._senders[key] = _SENDERS[family](self.name, index, source, destination=destination, ttl=ttl)

    def serve(self, uses: frozenset[Use]) -> None:
        """Other virtual routers from now on; ``refresh`` makes what they need."""
        self.uses = uses

    def close(self) -> None:
        for opened in (*self.receivers.values(), *self._senders.values(), self.frames):
            if opened is not None:
                opened.close()
        self.receivers.clear()
        self._senders.clear()
        self._own_sources.clear()
        self.frames = None
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

    def use(self, wanted: dict[str, frozenset[Use]], *, never_a_source: frozenset[int], hear_all: bool = False) -> None:
        """Have exactly these: interface name -> the virtual routers on it, none for one that only carries addresses.

        hear_all: other virtual routers, too.
        never_a_source: addresses that come and go with the state, so that no advert may come from them.
        """
        self._never_a_source = never_a_source
        for name in set(self._by_name) - set(wanted):
            self._by_name.pop(name).close()
        for name, uses in wanted.items():
            if name not in self._by_name:
                self._by_name[name] = Interface(name, uses)
            else:
                self._by_name[name].serve(uses)
            self._by_name[name].hears_all = hear_all
        self.refresh(wanted)

    def refresh(self, names: Iterable[str]) -> None:
        """Follow the kernel's view of these interfaces. A socket that cannot be made is tried again at the next."""
        for name in names:
            interface = self._by_name.get(name)
            if interface is None:
                continue
            try:
                interface.refresh(self._monitor.table.get(name), self._never_a_source)
            except OSError as error:
                self._log.limited(ERROR, name, "socket", f"no socket on this interface: {error}")

    def close(self) -> None:
        for interface in self._by_name.values():
            interface.close()
        self._by_name.clear()
