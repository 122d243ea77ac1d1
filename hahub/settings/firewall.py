"""Addresses that this host has as master without answering to them."""

from dataclasses import dataclass

from hahub.settings.belongings import VirtualAddress


@dataclass(frozen=True, slots=True)
class FirewallSettings:
    """What nftables drops; nothing while ``addresses`` is empty."""

    addresses: tuple[VirtualAddress, ...] = ()
    """Packets to them are dropped on their way in, packets from them on their way out; neighbours are answered."""
    table: str = "hahub"
    """Name of the table, of family ``inet``."""
    priority: int = -1
    """Of both chains: the lower, the earlier."""
    counters: bool = False
    """Count what is dropped, for ``nft list table``."""
