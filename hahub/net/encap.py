"""What a route puts around packets: an IPv4 or IPv6 tunnel header, MPLS labels, an ILA locator.

Source: linux/lwtunnel.h, linux/mpls_iptunnel.h, linux/ila.h.
"""

import struct

from hahub.net.attributes import address, attribute, u8, u16
from hahub.settings import Encap

_RTA_ENCAP_TYPE, _RTA_ENCAP = 21, 22
_MPLS, _IP, _ILA, _IP6 = 1, 2, 3, 4
_ID, _DESTINATION, _SOURCE, _HOP_LIMIT, _TRAFFIC_CLASS, _FLAGS = 1, 2, 3, 4, 5, 6
"""LWTUNNEL_IP_ and LWTUNNEL_IP6_ have the same numbers."""
_LAST_LABEL = 0x100


def encode_encap(encap: Encap | None) -> bytes:
    """The two attributes of a route or of one of its ways; nothing without a tunnel."""
    if encap is None:
        return b""
    contents = {_MPLS: _labels, _IP: _tunnel, _ILA: _locator, _IP6: _tunnel}[encap.type](encap)
    return attribute(_RTA_ENCAP, contents) + u16(_RTA_ENCAP_TYPE, encap.type)


def _tunnel(encap: Encap) -> bytes:
    parts = (
        attribute(_ID, struct.pack("!Q", encap.id)) if encap.id is not None else b"",
        address(_DESTINATION, encap.destination) if encap.destination else b"",
        address(_SOURCE, encap.source) if encap.source else b"",
        u8(_TRAFFIC_CLASS, encap.tos) if encap.tos is not None else b"",
        u8(_HOP_LIMIT, encap.hop_limit) if encap.hop_limit is not None else b"",
        u16(_FLAGS, encap.flags) if encap.flags is not None else b"",
    )
    return b"".join(parts)


def _labels(encap: Encap) -> bytes:
    """A stack of MPLS labels: 20 bits each, then 3 of class, and one in the last of them."""
    entries = [label << 12 for label in encap.labels]
    entries[-1] |= _LAST_LABEL
    return attribute(1, struct.pack(f"!{len(entries)}I", *entries))


def _locator(encap: Encap) -> bytes:
    return attribute(1, struct.pack("!Q", encap.id or 0))
