"""The attributes of netlink messages, packed and read by hand: number and length, then a value, padded to four bytes.

::

    +----------+----------+------------------+---------+
    | length 2 | number 2 | value            | padding |     the length counts all but the padding
    +----------+----------+------------------+---------+

Source: linux/netlink.h, linux/rtnetlink.h.
"""

import socket
import struct
import sys

NESTED = 0x8000
"""In the number of an attribute that holds others, where the kernel wants to be told."""
_NUMBER = 0x3FFF
_head = struct.Struct("=HH")


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


def read(message: bytes, start: int = 0) -> dict[int, bytes]:
    """The attributes from ``start`` on, number -> value; one that is cut off is left out."""
    found = {}
    while start + _head.size <= len(message):
        length, number = _head.unpack_from(message, start)
        if not _head.size <= length <= len(message) - start:
            break
        found[number & _NUMBER] = message[start + _head.size : start + length]
        start += (length + 3) & ~3
    return found


def number_of(value: bytes | None) -> int:
    """What a value of up to eight bytes, in the order of the machine, stands for; 0 without one."""
    return int.from_bytes(value or b"", sys.byteorder)


def text_of(value: bytes | None) -> str:
    """A text that ends with its first NUL; empty without one."""
    return (value or b"").partition(b"\0")[0].decode("utf-8", "surrogateescape")


def address_of(value: bytes) -> str:
    """An address of 4 or 16 bytes in figures."""
    return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)
