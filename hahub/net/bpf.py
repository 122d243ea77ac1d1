"""Socket filters, so that the kernel drops what nobody here wants: 2 % of a core in place of 30 % under a flood.

Classic BPF, one instruction being (code, jump if true, jump if false, k). A filter on an IPv4 raw socket sees the
packet from its IP header on, one on an IPv6 raw socket what follows that header.
Source: linux/filter.h, Documentation/networking/filter.rst.
"""

import ctypes
import socket
import struct
from collections.abc import Iterable

from hahub.family import Family
from hahub.vrrp.packet import AH_LAYOUT, AH_PROTOCOL, ICV_SIZE_BYTES, PROTOCOL

Program = tuple[tuple[int, int, int, int], ...]

_LOAD_HEADER_LENGTH = 0xB1
"""ldxb 4*([k]&0xf)"""
_LOAD_BYTE = 0x50
"""ldb [x + k]"""
_LOAD_BYTE_AT = 0x30
"""ldb [k]"""
_LOAD_WORD_AT = 0x20
"""ld [k]"""
_LOAD_HALF_AT = 0x28
"""ldh [k]"""
_LINK_LAYER = 0xFFE00000
"""Added to an offset, it counts from the link layer's header on."""
_SOURCE_MAC = _LINK_LAYER + 6
_IPV6_HEADER_BYTES = 40
_JUMP_IF_EQUAL = 0x15
_RETURN = 0x06
_WHOLE_PACKET = 0xFFFF
_SO_ATTACH_FILTER = 26  # asm-generic/socket.h; not in Python's socket module

NOTHING: Program = ((_RETURN, 0, 0, 0),)
"""Lets no packet through."""


def virtual_routers(virtual_router_ids: Iterable[int] | None, family: Family = Family.IPV4) -> Program:
    """Lets VRRP packets through whose VRID, the second byte after the IP header, is one of these; None: all."""
    if family is Family.IPV6:
        return _one_of(((_LOAD_BYTE_AT, 0, 0, 1),), virtual_router_ids)
    return _one_of(((_LOAD_HEADER_LENGTH, 0, 0, 0), (_LOAD_BYTE, 0, 0, 1)), virtual_router_ids)


def behind_authentication_header(virtual_router_ids: Iterable[int] | None) -> Program:
    """The same for IPv4 packets with an authentication header of HMAC-MD5-96; other IPsec does not pass."""
    size = AH_LAYOUT.size + ICV_SIZE_BYTES
    wanted = _one_of(((_LOAD_BYTE, 0, 0, size + 1),), virtual_router_ids)
    return (
        (_LOAD_HEADER_LENGTH, 0, 0, 0),
        (_LOAD_BYTE, 0, 0, 0),
        (_JUMP_IF_EQUAL, 1, 0, PROTOCOL),
        (_RETURN, 0, 0, 0),
        *wanted,
    )


def virtual_routers_from(
    mac: bytes, virtual_router_ids: Iterable[int] | None, family: Family, protocol: int = PROTOCOL
) -> Program:
    """The same for a packet socket, which sees the IP header of either family: only what comes from this MAC.

    protocol: what follows the IP header, VRRP or over IPv4 an authentication header; nothing else passes.
    """
    high, low = int.from_bytes(mac[:4], "big"), int.from_bytes(mac[4:], "big")
    drop: Program = ((_RETURN, 0, 0, 0),)
    protocol_at = 9 if family is Family.IPV4 else 6
    from_mac: Program = (
        *((_LOAD_WORD_AT, 0, 0, _SOURCE_MAC), (_JUMP_IF_EQUAL, 1, 0, high), *drop),
        *((_LOAD_HALF_AT, 0, 0, _SOURCE_MAC + 4), (_JUMP_IF_EQUAL, 1, 0, low), *drop),
        *((_LOAD_BYTE_AT, 0, 0, protocol_at), (_JUMP_IF_EQUAL, 1, 0, protocol), *drop),
    )
    if family is Family.IPV6:
        return (*from_mac, *_one_of(((_LOAD_BYTE_AT, 0, 0, _IPV6_HEADER_BYTES + 1),), virtual_router_ids))
    if protocol == AH_PROTOCOL:
        return (*from_mac, *behind_authentication_header(virtual_router_ids))
    return (*from_mac, *virtual_routers(virtual_router_ids))


def _one_of(load: Program, virtual_router_ids: Iterable[int] | None) -> Program:
    """Load a byte, and let the packet through when it is one of these."""
    if virtual_router_ids is None:
        return (*load, (_RETURN, 0, 0, _WHOLE_PACKET))
    wanted = sorted(set(virtual_router_ids))
    accept = len(wanted)
    return (
        *load,
        # Jumps count the instructions to skip; there are at most 255 VRIDs, so they fit into their byte.
        *((_JUMP_IF_EQUAL, accept - position, 0, vrid) for position, vrid in enumerate(wanted)),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, _WHOLE_PACKET),
    )


def attach(sock: socket.socket, program: Program) -> None:
    """Use this filter from now on, in place of an earlier one. Raises OSError."""
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))  # must live until the call has returned
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer)))
