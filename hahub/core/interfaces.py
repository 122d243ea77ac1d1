"""The network interfaces that instances use, and the sockets on them, made again when an interface changes."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from hahub.core.debounce import Debounce
from hahub.core.log import ERROR, CoreLog
from hahub.family import Family, number_of
from hahub.net.adverts import AdvertReceiver, AdvertSender
from hahub.net.adverts6 import AdvertReceiver6, AdvertSender6
from hahub.net.frames import FrameSender
from hahub.net.links import Link, LinkMonitor
from hahub.net.vmac_adverts import VirtualMacReceiver
from hahub.settings import InstanceSettings, VirtualInterface
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
    sent_by: str = ""
    """The interface that its adverts leave by."""

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
        settings.advert_interface,
    )


@dataclass(frozen=True, slots=True)
class Needs:
    """What is asked of one interface; nothing, of one that only carries addresses."""

    uses: frozenset[Use] = frozenset()
    """The virtual routers on its wire."""
    virtual: VirtualInterface | None = None
    """It is one that we made: the wire is that of the interface below."""


Receiver = AdvertReceiver | AdvertReceiver6 | VirtualMacReceiver


class Interface:
    """One interface by name: what the kernel says of it, and our sockets while it is there."""

    def __init__(self, name: str, needs: Needs, debounce: Debounce) -> None:
        self.name = name
        self._debounce = debounce
        self.needs = needs
        self.hears_all = False
        """Also the virtual routers that are not configured, for ``log_unknown_vrids``."""
        self.link: Link | None = None
        self.receivers: dict[Hearing, Receiver] = {}
        self.frames: FrameSender | None = None
        self._below: Link | None = None
        self._own_sources: dict[Family, int | None] = {}
        self._senders: dict[tuple[Family, int, int, int], AdvertSender | AdvertSender6] = {}
        """By family, source, destination and TTL: virtual routers with the same ones share a socket."""

    @property
    def stamp(self) -> tuple[object, ...]:
        """Equal as long as frames that were encoded for this interface can be used as they are."""
        mac = self.link.mac if self.link is not None else b""
        return (mac, self.frames)

    @property
    def wire(self) -> str:
        """The interface that the virtual routers are configured on whose adverts are heard here."""
        return self.name if self.needs.virtual is None else self.needs.virtual.base

    @property
    def up(self) -> bool:
        """Up and running, as far as that is believed."""
        link = self.link
        return self._debounce.is_up(self.name, self.wire, up=link is not None and link.up, exists=link is not None)

    @property
    def trouble(self) -> str:
        """Why it is not up, for people."""
        if self.link is None:
            return f"{self.name} does not exist"
        return f"{self.name} {'has not been up for long enough' if self.link.up else 'is down'}"

    def source_of(self, use: Use) -> int | None:
        """The address that adverts come from; None without one."""
        if use.source is None:
            return self._own_sources.get(use.family)
        return use.source if not use.track_source or self._has(use.source, use.family) else None

    def _has(self, address: int, family: Family) -> bool:
        entries = [entry for link in (self.link, self._below) if link is not None for entry in link.all_addresses]
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

    def refresh(self, link: Link | None, below: Link | None, never_a_source: frozenset[int]) -> None:
        """Take what the kernel says now; sockets follow. Raises OSError when a socket cannot be made.

        below: the interface that this one lies on, if we made it. All other sockets are made before it raises: what
        one virtual router lacks must not silence the others on the same interface.
        """
        renewed = link is None or self.link is None or link.index != self.link.index
        if renewed:
            self.close()
        self.link, self._below = link, below
        if link is None:
            return
        self._own_sources = {family: self._own_source(family, link, below, never_a_source) for family in Family}
        if self.frames is None:
            self.frames = FrameSender(self.name, link.index)
        refused: list[OSError] = []
        self._refresh_receivers(link.index, refused)
        self._refresh_senders(link.index, refused)
        if refused:
            raise refused[0]

    def why_deaf_or_mute(self, use: Use) -> str:
        """Why this virtual router can neither hear nor say anything here, for people; empty when it can do both.

        It may do half of it through another interface: what is asked for is what this one is used for.
        """
        if use in self.needs.uses and self.needs.virtual is None and (use.family, PROTOCOL) not in self.receivers:
            return f"{self.name} has no {use.family.label} socket to hear adverts"
        if use.sent_by == self.name and self.source_of(use) is not None and not self.senders_of(use):
            return f"{self.name} has no {use.family.label} socket to send adverts"
        return ""

    def _own_source(self, family: Family, link: Link, below: Link | None, never_a_source: frozenset[int]) -> int | None:
        """The address is that of the interface below: a backup's virtual MAC has none."""
        virtual = self.needs.virtual
        if virtual is None or not virtual.mac:
            return link.source(family, never_a_source)
        if below is None:
            return None
        source = below.source(family, never_a_source)
        return below.mac_identifier if source is None and family is Family.IPV6 else source

    def _refresh_receivers(self, index: int, refused: list[OSError]) -> None:
        for hearing in self.receivers.keys() - self._wanted_hearings:
            self.receivers.pop(hearing).close()
        for hearing in self._wanted_hearings:
            with _noting(refused):
                self._refresh_receiver(index, hearing)

    def _refresh_receiver(self, index: int, hearing: Hearing) -> None:
        family, protocol = hearing
        uses = [use for use in self.needs.uses if use.family is family and protocol in use.protocols]
        wanted = None if self.hears_all else {use.virtual_router_id for use in uses}
        groups = {use.group for use in uses}
        receiver = self.receivers.get(hearing)
        if receiver is None:
            receiver = self.receivers[hearing] = self._receiver(index, family, protocol, wanted, groups)
        else:
            receiver.set_virtual_router_ids(wanted)
            receiver.set_groups(groups)
        receiver.set_buffer(sum(use.buffer_bytes for use in uses))

    def _receiver(
        self, index: int, family: Family, protocol: int, wanted: set[int] | None, groups: set[int]
    ) -> Receiver:
        if self.needs.virtual is not None:
            mac = self.needs.virtual.mac_bytes
            return VirtualMacReceiver(self.name, index, mac, wanted, family=family, protocol=protocol)
        if family is Family.IPV6:
            return AdvertReceiver6(self.name, index, wanted, groups=groups)
        return AdvertReceiver(self.name, index, wanted, protocol=protocol, groups=groups)

    @property
    def _wanted_hearings(self) -> set[Hearing]:
        """Of whose adverts only this interface hears: an ipvlan hears nothing that the one below does not."""
        if self.needs.virtual is not None and not self.needs.virtual.mac:
            return set()
        return {(use.family, protocol) for use in self.needs.uses for protocol in use.protocols}

    def _refresh_senders(self, index: int, refused: list[OSError]) -> None:
        wanted = {
            (use.family, source, destination, use.ttl)
            for use in self.needs.uses
            if use.sent_by == self.name and (source := self.source_of(use)) is not None
            for destination in use.destinations
        }
        for key in self._senders.keys() - wanted:
            self._senders.pop(key).close()
        for key in wanted - self._senders.keys():
            family, source, destination, ttl = key
            with _noting(refused):
                self._senders[key] = _SENDERS[family](self.name, index, source, destination=destination, ttl=ttl)

    def serve(self, needs: Needs) -> None:
        """Other virtual routers from now on; ``refresh`` makes what they need."""
        if needs.virtual != self.needs.virtual:
            self.close()
        self.needs = needs

    def close(self) -> None:
        for opened in (*self.receivers.values(), *self._senders.values(), self.frames):
            if opened is not None:
                opened.close()
        self.receivers.clear()
        self._senders.clear()
        self._own_sources.clear()
        self.frames = None
        self.link = None


@contextmanager
def _noting(refused: list[OSError]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refused.append(error)


class Interfaces:
    """All interfaces in use, kept in step with the kernel through a LinkMonitor."""

    def __init__(self, monitor: LinkMonitor, log: CoreLog) -> None:
        self._monitor = monitor
        self._log = log
        self._never_a_source: frozenset[int] = frozenset()
        self._by_name: dict[str, Interface] = {}
        self.debounce = Debounce()

    def __getitem__(self, name: str) -> Interface:
        return self._by_name[name]

    def all(self) -> list[Interface]:
        return list(self._by_name.values())

    def index_of(self, name: str) -> int | None:
        link = self._monitor.table.get(name)
        return link.index if link is not None else None

    def is_up(self, name: str) -> bool:
        """Whether any interface, also one that is not in use here, is there, up and running."""
        link, known = self._monitor.table.get(name), self._by_name.get(name)
        wire = known.wire if known is not None else name
        return self.debounce.is_up(name, wire, up=link is not None and link.up, exists=link is not None)

    def is_renamed(self, name: str) -> bool:
        """The interface that our sockets of this name lead to is there, under another name."""
        known = self._by_name[name].link if name in self._by_name else None
        now = self._monitor.table.at(known.index) if known is not None else None
        return now is not None and now.name != name

    def hearing(self, wire: str) -> list[Interface]:
        """Where adverts of the virtual routers on an interface come in: there, and by our macvlans on it."""
        return [interface for interface in self._by_name.values() if interface.wire == wire]

    def use(self, wanted: Mapping[str, Needs], *, never_a_source: frozenset[int], hear_all: bool = False) -> None:
        """Have exactly these, by name.

        hear_all: other virtual routers, too.
        never_a_source: addresses that come and go with the state, so that no advert may come from them.
        """
        self._never_a_source = never_a_source
        for name in set(self._by_name) - set(wanted):
            self._by_name.pop(name).close()
        for name, needs in wanted.items():
            if name not in self._by_name:
                self._by_name[name] = Interface(name, needs, self.debounce)
            else:
                self._by_name[name].serve(needs)
            self._by_name[name].hears_all = hear_all
        self.refresh(wanted)

    def refresh(self, names: Iterable[str]) -> None:
        """Follow the kernel's view of these interfaces. A socket that cannot be made is tried again at the next."""
        table, names = self._monitor.table, set(names)
        for interface in self._by_name.values():
            if interface.name not in names and interface.wire not in names:
                continue
            try:
                below = table.get(interface.wire) if interface.needs.virtual is not None else None
                interface.refresh(table.get(interface.name), below, self._never_a_source)
            except OSError as error:
                self._log.limited(ERROR, interface.name, "socket", f"no socket on this interface: {error}")

    def close(self) -> None:
        for interface in self._by_name.values():
            interface.close()
        self._by_name.clear()
