"""Packets out of the captures in ``tests/data/captures``: pcap, microseconds, Ethernet."""

import struct
from pathlib import Path

CAPTURES = Path(__file__).parent / "data" / "captures"
_MAGIC = 0xA1B2C3D4
_ETHERNET = 1


def read_frames(path: Path) -> list[bytes]:
    """All Ethernet frames of a capture, in order. Raises AssertionError when it is not such a file."""
    content = path.read_bytes()
    order = "<" if content[:4] == struct.pack("<I", _MAGIC) else ">"
    magic, link_type = struct.unpack_from(f"{order}I16xI", content)
    assert (magic, link_type) == (_MAGIC, _ETHERNET), path
    frames, start = [], 24
    while start < len(content):
        captured, length = struct.unpack_from(f"{order}8xII", content, start)
        assert captured == length, f"{path}: a frame was cut"
        frames.append(content[start + 16 : start + 16 + captured])
        start += 16 + captured
    return frames


def read_packets(path: Path, *, ether_type: int = 0x0800, protocol: int | None = None) -> list[bytes]:
    """The IP packets of a capture; with ``protocol`` those of IPv4 that carry it."""
    packets = [frame[14:] for frame in read_frames(path) if int.from_bytes(frame[12:14], "big") == ether_type]
    return [packet for packet in packets if protocol is None or packet[9] == protocol]
