"""How the adverts of a virtual router go over the wire, where that is not the usual way."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HmacKey:
    """One of the keys of ``auth_hmac``."""

    id: int
    """1 to 255: which one made a trailer."""
    secret: bytes = field(repr=False)
    """32 to 64 bytes."""


@dataclass(frozen=True, slots=True)
class HmacSettings:
    """``auth_hmac``: adverts have a trailer that proves who sent them, and when."""

    keys: tuple[HmacKey, ...]
    """Those that are accepted."""
    active_key: int
    """The id of the one that signs."""
    time_window: int = 5
    """Seconds by which a sender's clock may differ from ours; 0: any, as long as each trailer is after the last."""
    signs: bool = True
    """False for ``mode receive-only``."""
    required: bool = True
    """Adverts without a trailer are not accepted: ``mode enforce``."""


@dataclass(frozen=True, slots=True)
class WireSettings:
    """The less usual half of what sockets and packets depend on."""

    group: str = ""
    """The multicast address; empty: 224.0.0.18 or ff02::12. Unicast packets have it in an old checksum only."""
    unicast_ttl: int = 255
    """TTL or hop limit of adverts to peers."""
    v3_checksum_as_v2: bool = False
    """Version 3 over IPv4: the checksum that is sent covers the message alone, as RFC 9568 has it."""
    old_unicast_checksum: bool | None = None
    """Version 3 over IPv4: checksums to peers are made with the multicast address, as keepalived up to 1.3.6 has it;
    None: for those peers that are heard to do so.
    """
    native_ipv6: bool = False
    """The adverts go over IPv6, though no address says so."""
    track_source: bool = False
    """FAULT while the interface has not the configured source."""
    needs_peers: bool = False
    """FAULT while there is no unicast peer."""
    receive_buffer_bytes: int = 0
    """What this instance adds to the buffer of its socket, of which there is one per interface."""
