"""The two address families, and addresses of either as numbers: cheap to compare, to sort and to put on the wire.

A number alone does not tell its family; where both can meet, the Family stands beside it.
"""

import ipaddress
from enum import IntEnum
from functools import lru_cache


class Family(IntEnum):
    """An IP version."""

    IPV4 = 4
    IPV6 = 6

    @classmethod
    def of(cls, address: str) -> "Family":
        """The family of an address in text."""
        return cls.IPV6 if ":" in address else cls.IPV4

    @property
    def size_bytes(self) -> int:
        """Of one address on the wire."""
        return 16 if self is Family.IPV6 else 4

    @property
    def label(self) -> str:
        """The name for people."""
        return f"IPv{self.value}"

    def pack(self, number: int) -> bytes:
        """The address on the wire. Raises OverflowError for a number that is none of this family."""
        return number.to_bytes(self.size_bytes, "big")

    def text(self, number: int) -> str:
        """The address for people."""
        return str(ipaddress.IPv6Address(number) if self is Family.IPV6 else ipaddress.IPv4Address(number))


@lru_cache(maxsize=8192)
def number_of(address: str) -> int:
    """An address in text as an unsigned integer; remembered, as configured ones are asked for again and again."""
    return int(ipaddress.ip_address(address))
