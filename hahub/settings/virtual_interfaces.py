"""Interfaces that hahub makes on top of others, for virtual MACs."""

from dataclasses import dataclass

MACVLAN, IPVLAN = "macvlan", "ipvlan"


@dataclass(frozen=True, slots=True)
class VirtualInterface:
    """One interface that is there as long as hahub runs: a private macvlan with the virtual MAC, or an ipvlan."""

    name: str
    base: str
    """The interface it lies on."""
    mac: str = ""
    """Of a macvlan, ``00:00:5e:00:01:33``; empty: it is an ipvlan, which has the MAC of its base."""
    ipv4: bool = True
    """It has IPv4 addresses at times."""
    ipv6: bool = False
    """It has IPv6 addresses at times; on any other, IPv6 is switched off."""
    mode: int = 0
    """Of an ipvlan: 0 bridge, 1 private, 2 vepa."""
    address: str = ""
    """Own address of an ipvlan, ``192.0.2.5/32``; empty: none."""
    group: int | None = None
    """Link group; None: that of the base."""
    notify_base: bool = False
    """Listeners are told of the base again when this one is made: ``netlink_notify_msg``."""

    @property
    def kind(self) -> str:
        """The kernel's word for it."""
        return MACVLAN if self.mac else IPVLAN

    @property
    def mac_bytes(self) -> bytes:
        """Empty for an ipvlan."""
        return bytes.fromhex(self.mac.replace(":", ""))
