"""What is found out about a received packet: that it is an advertisement for a virtual router, or why it is none."""

from dataclasses import dataclass
from enum import StrEnum

from hahub.vrrp.packet import Advertisement, Datagram


class Rejection(StrEnum):
    """The check that failed."""

    TTL = "ttl"
    DESTINATION = "destination"
    SOURCE = "source"
    OWN_SOURCE = "own_source"
    LENGTH = "length"
    VERSION = "version"
    TYPE = "type"
    CHECKSUM = "checksum"
    VIRTUAL_ROUTER_ID = "virtual_router_id"
    AUTH_TYPE = "auth_type"
    PASSWORD = "password"  # noqa: S105  # the name of the check
    CHECK_VALUE = "check_value"
    """Of the authentication header or trailer: another key, or the packet is not as it was sent."""
    SEQUENCE = "sequence"
    """Of the same: a repetition, or from one that starts again and has not heard us."""
    TRAILER = "trailer"
    """The authentication trailer is of a kind that nobody knows."""
    KEY_ID = "key_id"
    CLOCK = "clock"
    """The authentication trailer was made at another time: by a clock that differs, or it is a repetition."""
    INTERVAL = "interval"
    ADDRESSES = "addresses"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A valid advertisement."""

    advert: Advertisement
    note: str = ""
    """For the log: what is odd about it all the same; empty when nothing is."""
    sequence: int = 0
    """Of its authentication header or trailer; 0 where there was none."""
    old_checksum: bool = False
    """Its sender makes checksums of unicast packets with the multicast address (VR-029)."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not an advertisement for this virtual router."""

    rejection: Rejection
    text: str
    """For the log: sender, what was found, what was expected; never a password."""
    sequence: int = 0
    """Of its authentication header or trailer, when that was authentic all the same."""


def reject(rejection: Rejection, datagram: Datagram, text: str) -> Rejected:
    """A rejection, in the words of the log."""
    sender = datagram.family.text(datagram.source)
    return Rejected(rejection, f"{sender} {rejection.replace('_', ' ')}: {text}")
