"""Which addresses of a master somebody has removed, by what the kernel tells of its interfaces. Pure."""

from collections.abc import Iterable, Set

from hahub.family import Family
from hahub.settings import VirtualAddress

SETTLING = 1.0
"""Seconds; the kernel tells of a new IPv6 address a moment later than of others, which is no loss."""

Place = tuple[str, int, int]
"""Interface, address as a number, prefix length."""


class Presence:
    """Remembers which addresses were added and not told of yet."""

    def __init__(self) -> None:
        self._unseen: set[VirtualAddress] = set()
        self._added_at = float("-inf")

    def added(self, addresses: Iterable[VirtualAddress], now: float) -> None:
        """They were just put on their interfaces."""
        self._unseen = {address for address in addresses if address.family is Family.IPV6}
        self._added_at = now

    def lost(
        self, addresses: Iterable[VirtualAddress], names: Set[str], present: Set[Place], now: float
    ) -> tuple[VirtualAddress, ...]:
        """Those of these addresses that are missing on the interfaces with these names.

        present: what is there, on these interfaces.
        """
        wanted = [address for address in addresses if address.tracked and address.interface in names]
        missing = [a for a in wanted if (a.interface, a.number, a.prefix_length) not in present]
        self._unseen -= set(wanted) - set(missing)
        settling = self._unseen if now < self._added_at + SETTLING else set[VirtualAddress]()
        return tuple(address for address in missing if address not in settling)
