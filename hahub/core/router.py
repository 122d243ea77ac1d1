"""One virtual router at work: its state machine, and everything it can ever send, encoded beforehand.

A transition is then a handful of ``send`` calls. What was encoded is made again when configuration, priority,
source address or interfaces change.
"""

import time
from collections.abc import Callable

from hahub.core.announcer import Announcer
from hahub.core.group import Group
from hahub.core.interfaces import Interfaces, use_of
from hahub.core.log import INFO, WARNING, CoreLog
from hahub.core.outgoing import Outgoing, why_not
from hahub.core.presence import Presence
from hahub.core.schedule import Schedule
from hahub.core.succession import RouterMemory
from hahub.core.volley import Volley
from hahub.family import Family, number_of
from hahub.lifeline import Key, Slot
from hahub.net.addresses import AddressBatches, encode_batches
from hahub.net.belongings import encode_belongings
from hahub.net.routes import encode_routes
from hahub.net.routewatch import Removed, as_removed
from hahub.net.rules import encode_rules
from hahub.settings import InstanceSettings, Route, Rule, StaticSettings, SyncGroupSettings, VirtualAddress
from hahub.vrrp import events
from hahub.vrrp import memory as memories
from hahub.vrrp.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    AnnounceElsewhere,
    Note,
    RemoveAddresses,
    Report,
    RestoreAddresses,
    RestoreRoutes,
    SendAdvert,
)
from hahub.vrrp.familiar import Familiar
from hahub.vrrp.instance import Instance
from hahub.vrrp.mastership import stall_limit
from hahub.vrrp.packet import Datagram, DecodeError, split_ip
from hahub.vrrp.reception import Rejected, Rejection, check

_MISCONFIGURED = {
    Rejection.VERSION: "another VRRP version",
    Rejection.AUTH_TYPE: "another auth_type",
    Rejection.PASSWORD: "another auth_pass",
    Rejection.CHECK_VALUE: "another key",
    Rejection.KEY_ID: "another key",
    Rejection.CLOCK: "another time",
    Rejection.SEQUENCE: "an old sequence number, it does not hear us or is repeated by somebody",
    Rejection.INTERVAL: "another advert_int",
    Rejection.ADDRESSES: "other virtual addresses",
}
"""Why a peer that means to be one is not heard: both become master."""


class Router:
    """Runs one Instance: events in from the process, actions out to sockets and netlink, reports to ``tell``."""

    def __init__(
        self,
        settings: InstanceSettings,
        *,
        startup_delay: float,
        interfaces: Interfaces,
        volley: Volley,
        log: CoreLog,
        tell: Callable[[InstanceSettings | SyncGroupSettings, Report], None],
        schedule: Schedule["Router"],
        announcer: Announcer,
        problem_of: Callable[[str], str] = lambda _: "",
        slot: Slot | None = None,
        last_sequence: int = 0,
        grouped: bool = False,
    ) -> None:
        """problem_of: why a virtual interface could not be made; empty when it could.

        slot: where the next life of the core finds what this router was doing.
        last_sequence: of an authentication header, as an earlier life left it there.
        """
        self.instance = Instance(settings, startup_delay=startup_delay, grouped=grouped)
        self.group: Group | None = None
        """The sync group that decides with it, once there is one."""
        self.rejected = 0
        """Packets for this virtual router that were not valid."""
        self._interfaces = interfaces
        self._volley = volley
        self._log = log
        self._tell = tell
        self._schedule = schedule
        self._announcer = announcer
        self._problem_of = problem_of
        self._slot = slot
        self._use = use_of(settings)
        self._outgoing = Outgoing(settings, slot, last_sequence=last_sequence)
        self._familiar = Familiar()
        self._batches = AddressBatches((), ())
        self._presence = Presence()
        self._addresses6: list[VirtualAddress] = []
        self._restore: tuple[bytes, ...] = ()
        """What adds all that is put back when somebody removes it."""
        self._restore_routes: tuple[bytes, ...] = ()
        self._stamp: tuple[object, ...] = ()
        self._places: dict[str, int | None] = {}
        """Interface names and their numbers, as they were when all this was encoded."""
        self._told_of_interface: events.InterfaceChanged | None = None
        self._told_of_tracked: dict[str, bool] = {}
        self.encode()

    @property
    def settings(self) -> InstanceSettings:
        return self.instance.settings

    @property
    def next_deadline(self) -> float | None:
        return self.instance.next_deadline

    @property
    def interface_names(self) -> set[str]:
        """The interface of the adverts, and those that carry addresses."""
        settings = self.settings
        of_routes = (name for route in settings.routes for name in route.interfaces)
        ours = (virtual.name for virtual in settings.virtual_interfaces)
        return {settings.interface, *ours, *(a.interface for a in settings.all_addresses), *of_routes}

    @property
    def watched_names(self) -> set[str]:
        """These, and the interfaces it only tracks."""
        return self.interface_names | {tracked.name for tracked in self.settings.track_interfaces}

    # Encoding beforehand

    def encode(self) -> None:
        """Make everything this router can send anew: after a change of configuration or of interfaces."""
        self._use = use_of(self.settings)
        self._familiar.forget()
        self._stamp = self._current_stamp()
        settings, index_of = self.settings, self._interfaces.index_of
        self._batches = encode_belongings(settings.all_addresses, settings.routes, settings.rules, index_of)
        tracked = StaticSettings(settings.all_addresses, settings.routes, settings.rules).tracked
        self._restore = encode_belongings(tracked.addresses, tracked.routes, tracked.rules, index_of).add
        self._restore_routes = (*encode_routes(tracked.routes, index_of).add, *encode_rules(tracked.rules).add)
        self._addresses6 = [each for each in settings.all_addresses if each.family is Family.IPV6]
        self._announcer.encode(settings)
        priorities = {0, settings.priority, self.instance.priority}
        self._outgoing.encode(settings, self._interfaces[settings.advert_interface], self._use, priorities)
        self._places = {name: self._place(name) for name in self.interface_names}
        if self._slot is not None:
            self._slot.peers_wait(stall_limit(settings, settings.priority))

    # Succession

    def use_slot(self, slot: Slot, last_sequence: int) -> None:
        """Show the parent, and the next life of the core, what this router is doing.

        last_sequence: of an authentication header, as the life before left it there.
        """
        self._slot = slot
        self._outgoing.use_slot(slot, last_sequence)
        slot.peers_wait(stall_limit(self.settings, self.settings.priority))

    def remember(self) -> RouterMemory:
        """What another process needs to go on with this router."""
        memory, peers = memories.remember(self.instance), tuple(map(Family.IPV4.text, self._outgoing.old_peers))
        key, trailers = key_of(self.settings), self._outgoing.trailers
        return RouterMemory(self.settings.name, *key, memory, peers, self._announcer.pending, *trailers)

    def recall(self, memory: RouterMemory) -> None:
        """Go on where another process has stopped; what is different by now is found at the event Recalled."""
        memories.recall(self.instance, memory.instance)
        for peer in memory.old_peers:
            self._outgoing.peer_is_old(number_of(peer))
        self._outgoing.recall_trailers(memory.trailer, memory.trailers_heard)
        if not self.instance.holds_addresses:
            return
        self._announcer.recall(memory.announcing)
        if self._slot is not None:
            self._slot.sent(memory.instance.mastership.sent_at)
            self._slot.holds()

    # Events

    def handle(self, event: events.Event, now: float) -> None:
        """Let the state machine, and its group's, decide, and do it."""
        if self.group is not None:
            self.group.handle(self.settings.name, event, now)
        else:
            self.perform(self.instance.handle(event, now))

    def interface_changed(self, now: float) -> None:
        """An interface, its address or its sockets may not be what they were; nothing happens if they are."""
        if self._stamp != self._current_stamp():
            self._leave_renamed()
            self.encode()
        down = self._what_is_down()
        source = self._interfaces[self.settings.advert_interface].source_of(self._use)
        event = events.InterfaceChanged(not down, source, down)
        if event != self._told_of_interface:
            self._told_of_interface = event
            self.handle(event, now)
        self._tracked_interfaces_changed(now)
        self._doubt_routes(now)

    def leave_renamed_wire(self) -> None:
        """Its interface has another name now, under which it is nobody's: our sockets still lead there, once more."""
        if self.instance.holds_addresses and self._interfaces.is_renamed(self.settings.interface):
            self._send_advert(0)

    def _what_is_down(self) -> str:
        """Of the two interfaces that it needs, for people; empty when both are up."""
        settings = self.settings
        if not self._interfaces[settings.interface].up:
            return self._interfaces[settings.interface].trouble
        own = settings.virtual_interface
        if own is not None and not self._interfaces[own.name].up:
            return self._problem_of(own.name) or self._interfaces[own.name].trouble
        # Who is master without being heard is master beside others.
        names = dict.fromkeys((settings.interface, settings.advert_interface))
        return next(filter(None, (self._interfaces[name].why_deaf_or_mute(self._use) for name in names)), "")

    def _tracked_interfaces_changed(self, now: float) -> None:
        found = {tracked.name: self._interfaces.is_up(tracked.name) for tracked in self.settings.track_interfaces}
        told, self._told_of_tracked = self._told_of_tracked, found
        for name, up in found.items():
            if told.get(name) is not up:
                self.handle(events.TrackedInterfaceChanged(name, up), now)

    def _leave_renamed(self) -> None:
        """An interface may be there under another name, with our addresses: only its number still finds it."""
        before = self._places
        left = [a for a in self.settings.all_addresses if before.get(a.interface) != self._place(a.interface)]
        if left and self.instance.holds_addresses:
            self._volley.submit(encode_batches(left, before.get).remove)

    def _place(self, interface: str) -> int | None:
        return self._interfaces.index_of(interface)

    def _current_stamp(self) -> tuple[object, ...]:
        own = self._interfaces[self.settings.advert_interface]
        carriers = (self._interfaces[name].stamp for name in sorted(self.interface_names))
        return (own.source_of(self._use), *own.senders_of(self._use), *carriers)

    def packet_received(self, packet: bytes | Datagram, now: float) -> None:
        """A packet with our VRID, of IPv4 with its header: an event if it is a valid advertisement, else a drop."""
        known = self._familiar.recall(packet, self.instance.master.source)
        if known is not None:
            self.handle(known, now)
            return
        try:
            datagram = packet if isinstance(packet, Datagram) else split_ip(packet)
        except DecodeError as error:
            self._reject("malformed", str(error))
            return
        verdict = check(
            datagram,
            self.settings,
            own_source=self._outgoing.source,
            known_master=self.instance.master.source,
            freshness=self._outgoing.freshness(datagram.source),
        )
        if verdict.sequence:
            self._outgoing.heard(datagram, verdict.sequence)
        if isinstance(verdict, Rejected):
            self._reject(verdict.rejection, verdict.text)
            if verdict.rejection is Rejection.SEQUENCE:
                self._outgoing.refused(datagram)
            if verdict.rejection in _MISCONFIGURED:
                sender = datagram.family.text(datagram.source)
                self.handle(events.RivalHeard(sender, _MISCONFIGURED[verdict.rejection]), now)
            return
        if verdict.note:
            self._log.limited(WARNING, self.settings.name, "accepted", verdict.note)
        sender = datagram.family.text(datagram.source)
        if verdict.old_checksum and self._outgoing.peer_is_old(datagram.source):
            self._log.write(INFO, f"{self.settings.name}: {sender} has the old checksum of unicast, it gets the same")
        event = events.AdvertReceived(verdict.advert, datagram.source, sender)
        if not (verdict.note or verdict.sequence or verdict.old_checksum):
            self._familiar.learn(packet, event)
        self.handle(event, now)

    def _reject(self, topic: str, text: str) -> None:
        self.rejected += 1
        self._log.limited(WARNING, self.settings.name, topic, f"packet dropped: {text}")

    def addresses_checked(self, names: set[str], present: set[tuple[str, int, int]], now: float) -> None:
        """Compare with what is on the interfaces of these names: (interface, address, prefix length)."""
        if not self.instance.holds_addresses:
            return
        lost = self._presence.lost(self.settings.all_addresses, names, present, now)
        if lost:
            self.handle(events.AddressesLost(tuple(map(str, lost))), now)

    def routes_removed(self, removed: set[Removed] | None, now: float) -> None:
        """Somebody removed these routes and rules; None: nobody knows which."""
        if not self.instance.holds_addresses:
            return
        if removed is None:
            self.handle(events.RoutesDoubtful(), now)
            return
        entries: tuple[Route | Rule, ...] = (*self.settings.routes, *self.settings.rules)
        lost = tuple(str(each) for each in entries if each.tracked and as_removed(each) in removed)
        if lost:
            self.handle(events.AddressesLost(lost), now)

    def _doubt_routes(self, now: float) -> None:
        """The kernel forgets the routes of an interface that goes down, without a word.

        Nor need it have been seen down: it may be up again before the news is read.
        """
        if not self.settings.routes or not self.instance.holds_addresses:
            return
        if all(self._interfaces[name].up for name in self.interface_names):
            self.handle(events.RoutesDoubtful(), now)

    # Actions

    def perform(self, actions: list[Action]) -> None:
        """Do what the state machine asks for, in its order; none of it waits."""
        for action in actions:
            match action:
                case SendAdvert(priority=priority):
                    self._send_advert(priority)
                case AddAddresses():
                    self._add_addresses()
                case AnnounceAddresses(repeat=repeat):
                    self._announcer.announce(repeat)
                case Report():
                    self._tell(self.settings, action)
                case RemoveAddresses():
                    self.remove_addresses()
                case RestoreAddresses():
                    self._volley.submit(self._restore)
                case RestoreRoutes():
                    self._volley.submit(self._restore_routes)
                case AnnounceElsewhere():
                    self._announcer.announce_elsewhere()
                case Note(topic=topic, text=text):
                    self._log.limited(INFO, self.settings.name, topic, text)
        self._schedule.enter(self)

    def _send_advert(self, priority: int) -> None:
        if not priority:
            self._volley.flush()
        elif self._slot is not None:
            self._slot.sent(time.monotonic())
        # Without an address there is nothing to send from; the instance is in FAULT, or going there.
        for sender, packet in self._outgoing.packets(priority):
            self._volley.send(sender, packet, self._not_sent)

    def _not_sent(self, error: OSError) -> None:
        self._log.limited(WARNING, self.settings.name, "send", f"advertisement not sent: {why_not(error)}")

    def reconfigure(self, settings: InstanceSettings, now: float) -> None:
        """Take other settings and keep the state; addresses that are no longer wanted go first."""
        self._remove_what_goes(self.settings, settings)
        if self.group is not None:
            self.group.reconfigure(self.settings.name, settings, now)
            return
        actions = self.instance.reconfigure(settings, now)
        self.encode()
        self.perform(actions)

    def _remove_what_goes(self, before: InstanceSettings, after: InstanceSettings) -> None:
        if not self.instance.holds_addresses:
            return
        kept = set(after.belongings)
        gone = encode_belongings(
            [address for address in before.all_addresses if address not in kept],
            [route for route in before.routes if route not in kept],
            [rule for rule in before.rules if rule not in kept],
            self._interfaces.index_of,
        )
        self._volley.submit(gone.remove)

    def resign(self) -> None:
        """Without the state machine, which may be what failed: priority 0, and the addresses off."""
        self._send_advert(0)
        self.remove_addresses()

    def _add_addresses(self) -> None:
        self._volley.submit(self._batches.add)
        self._presence.added(self._addresses6, time.monotonic())
        if self._slot is not None:
            self._slot.holds()

    def remove_addresses(self) -> None:
        """Take the addresses off, whatever the state says: also for a clean start and a clean end."""
        self._volley.flush()
        self._announcer.withdraw()
        self._volley.submit(self._batches.remove)
        if self._slot is not None:
            self._slot.holds_no_more()


def key_of(settings: InstanceSettings) -> Key:
    """What makes a virtual router the same one in another process."""
    return (settings.interface, settings.virtual_router_id, settings.family << 4 | settings.version)
