"""What one virtual router tells its neighbours: gratuitous ARP and unsolicited neighbour advertisements, ready-made."""

import time
from collections.abc import Iterable, Sequence
from functools import partial

from hahub.core.afterwards import Afterwards
from hahub.core.interfaces import Interfaces
from hahub.core.log import WARNING, CoreLog
from hahub.core.paces import Announcement, Paces
from hahub.core.volley import Volley
from hahub.family import Family
from hahub.net.frames import gratuitous_arp, neighbour_advertisement
from hahub.net.links import forwards_ipv6
from hahub.settings import InstanceSettings, VirtualAddress


class Announcer:
    """Announces the addresses of a router from when it is told to until the addresses go."""

    def __init__(
        self, interfaces: Interfaces, paces: Paces, volley: Volley, afterwards: Afterwards, log: CoreLog
    ) -> None:
        self._interfaces = interfaces
        self._paces = paces
        self._volley = volley
        self._afterwards = afterwards
        self._log = log
        self._name = ""
        self._announcements: dict[tuple[str, int], Announcement] = {}
        """By interface and address."""
        self._elsewhere: list[Announcement] = []
        """The first of each interface that is not the instance's own."""
        self._active = False

    def encode(self, settings: InstanceSettings) -> None:
        """Make the frames anew: after a change of configuration or of interfaces. What waits is sent by new frames."""
        before, self._announcements, self._name = self._announcements, {}, settings.name
        for address in settings.all_addresses:
            sender = self._interfaces[address.interface].frames
            frame = self._frame_of(address)
            if sender is None or not frame:
                continue
            key = (address.interface, address.number)
            announcement = before.pop(key, None) or Announcement(address.interface, address.family)
            announcement.sender, announcement.frame, announcement.failed = sender, frame, self._failed
            announcement.wire = self._interfaces[address.interface].wire
            self._announcements[key] = announcement
        for gone in before.values():
            gone.pending = 0
        self._elsewhere = self._find_elsewhere(settings)

    def _find_elsewhere(self, settings: InstanceSettings) -> list[Announcement]:
        """The switches learn of the own interface by its adverts; not of a virtual MAC that these do not come from."""
        first = {each.interface: each for each in reversed(self._announcements.values())}
        if not settings.vmac_xmit_base:
            first.pop(settings.address_interface, None)
        ours = {virtual.name for virtual in settings.virtual_interfaces}
        return [each for name, each in first.items() if settings.garp_extra_all or name in ours]

    def _frame_of(self, address: VirtualAddress) -> bytes:
        link = self._interfaces[address.interface].link
        if link is None or address.is_group:
            return b""
        if address.family is Family.IPV6:
            return neighbour_advertisement(link.mac, address.number, router=forwards_ipv6(address.interface))
        return gratuitous_arp(link.mac, address.number)

    def _failed(self, error: OSError) -> None:
        text = f"address not announced to the neighbours: {error.strerror}"
        self._log.limited(WARNING, self._name, "arp", text)

    @property
    def pending(self) -> int:
        """How often addresses are still to be announced when their time comes."""
        return max((each.pending for each in self._announcements.values()), default=0)

    def recall(self, pending: int) -> None:
        """Another process has announced the addresses, all but for so many times."""
        self._active = True
        if pending:
            self.announce(pending)

    def announce(self, repeat: int) -> None:
        """Once now, where no distance is to be kept; the repetitions need not keep anybody waiting."""
        self._active = True
        self._volley.announce(partial(self._announce, repeat))

    def _announce(self, repeat: int) -> None:
        if not self._active:
            return
        unpaced = self._put(self._announcements.values(), repeat)
        self._send(unpaced, 1)
        if repeat > 1 and unpaced:
            self._afterwards.do(partial(self._announce_again, unpaced, repeat - 1))

    def announce_elsewhere(self) -> None:
        """One address of each interface that is not the instance's own."""
        self._volley.announce(self._announce_elsewhere)

    def _announce_elsewhere(self) -> None:
        self._send(self._put(self._elsewhere, 1), 1)

    def _put(self, announcements: Iterable[Announcement], repeat: int) -> list[Announcement]:
        """Leave to the paces what they have a distance for; the others."""
        if not self._paces.keep_distance:
            return list(announcements)
        unpaced = [each for each in announcements if not self._paces.put(each, repeat)]
        self._paces.serve(time.monotonic())
        return unpaced

    def _announce_again(self, announcements: Sequence[Announcement], repeat: int) -> None:
        """They come from a master only."""
        if self._active:
            self._send(announcements, repeat)

    def _send(self, announcements: Sequence[Announcement], repeat: int) -> None:
        with self._volley.together():
            for _ in range(repeat):
                for each in announcements:
                    self._volley.send(each.sender, each.frame, each.failed)

    def withdraw(self) -> None:
        """The addresses go: what waits is not sent."""
        self._active = False
        for each in self._announcements.values():
            each.pending = 0
