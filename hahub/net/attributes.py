"""The attributes of netlink messages, packed by hand: number and length, then a value, padded to four bytes.

::

    +----------+----------+------------------+---------+
    | length 2 | number 2 | value            | padding |     the length counts all but the padding
    +----------+----------+------------------+---------+

Source: linux/netlink.h, linux/rtnetlink.h.
"""

import socket
import struct

NESTED = 0x8000
"""In the number of an attribute that holds others, where the kernel wants to be told."""


def attribute(number: int, value: bytes) -> bytes:
    """One attribute."""
    return struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)


def u8(number: int, value: int) -> bytes:
    return attribute(number, struct.pack("=B", value))


def u16(number: int, value: int) -> bytes:
    return attribute(number, struct.pack("=H", value))


def u32(number: int, value: int) -> bytes:
    return attribute(number, struct.pack("=I", value))


def address(number: int, text: str) -> bytes:
    """An address of either family, in 4 or 16 bytes."""
    return attribute(number, packed(text))


def family_of(text: str) -> int:
    """AF_INET or AF_INET6, of an address or a network in figures."""
    return socket.AF_INET6 if ":" in text else socket.AF_INET


def packed(text: str) -> bytes:
    return socket.inet_pton(family_of(text), text)
