"""Whether a packet comes from one who knows our keys, and now: authentication headers and trailers.

Source: RFC 2402; keepalived vrrp/vrrp.c:vrrp_in_chk_ipsecah, vrrp_auth_ext_verify, vrrp/vrrp_auth_hmac.c; VR-052.
"""

from dataclasses import dataclass

from hahub.family import number_of
from hahub.settings import HmacSettings, InstanceSettings
from hahub.vrrp.packet import AH_TYPE, Datagram, Envelope
from hahub.vrrp.trailer import TYPE, Trailer, distance, is_after
from hahub.vrrp.verdicts import Rejected, Rejection, reject
from hahub.vrrp.wire import auth_type_of, key_of, trailer_key_of


@dataclass(frozen=True, slots=True)
class Freshness:
    """What tells a repetition from something new."""

    last_sequence: int = 0
    """The highest sequence number of an authentication header, sent or heard."""
    last_of_sender: int | None = None
    """What the sequence of the sender's authentication trailer has to be after; None: anything will do."""
    wall: int = 0
    """UTC, seconds since 1970."""


NOTHING_HEARD = Freshness()


def check_envelope(datagram: Datagram, settings: InstanceSettings, freshness: Freshness) -> Rejected | None:
    """VR-052: there is an authentication header exactly where one is configured, and it is right."""
    envelope, expected = datagram.envelope, auth_type_of(settings) == AH_TYPE
    if envelope is None:
        missing = "no authentication header, expected auth_type AH"
        return reject(Rejection.AUTH_TYPE, datagram, missing) if expected else None
    if not expected:
        return reject(Rejection.AUTH_TYPE, datagram, "an authentication header, expected none")
    return _check_signature(datagram, envelope, settings, freshness)


def _check_signature(
    datagram: Datagram, envelope: Envelope, settings: InstanceSettings, freshness: Freshness
) -> Rejected | None:
    if not key_of(settings.auth_pass or "").has_signed(envelope, unicast=bool(settings.unicast_peers)):
        return reject(Rejection.CHECK_VALUE, datagram, "not made with our auth_pass, or changed on the way")
    if envelope.spi != datagram.source:
        return reject(Rejection.CHECK_VALUE, datagram, f"SPI {envelope.spi:#010x}, expected the source address")
    if envelope.sequence <= freshness.last_sequence:
        return reject(
            Rejection.SEQUENCE, datagram, f"{envelope.sequence}, expected more than {freshness.last_sequence}"
        )
    return None


def check_trailer(
    datagram: Datagram, message: bytes, trailer: Trailer | None, settings: InstanceSettings, freshness: Freshness
) -> Rejected | None:
    """There is a trailer where ``auth_hmac`` wants one, and it is right; the message has our version and VRID."""
    wanted = settings.auth_hmac
    if trailer is None:
        missing = "no authentication trailer, expected auth_hmac"
        return reject(Rejection.AUTH_TYPE, datagram, missing) if wanted is not None and wanted.required else None
    if wanted is None:
        return reject(Rejection.AUTH_TYPE, datagram, "an authentication trailer, expected none")
    if trailer.type != TYPE or trailer.reserved:
        return reject(Rejection.TRAILER, datagram, f"type {trailer.type}, expected {TYPE}")
    if settings.unicast_peers and datagram.source not in (number_of(peer.address) for peer in settings.unicast_peers):
        return reject(Rejection.SOURCE, datagram, "is not one of unicast_peer")
    return (
        _check_clock(datagram, trailer, wanted, freshness)
        or _check_key(datagram, message, trailer, wanted)
        or _check_order(datagram, trailer, freshness)
    )


def skew_note(datagram: Datagram, trailer: Trailer, wanted: HmacSettings, freshness: Freshness) -> str:
    """For the log, when the sender's clock is on its way to the end of the window."""
    skew = distance(trailer.at, freshness.wall)
    if not wanted.time_window or abs(skew) <= wanted.time_window // 2:
        return ""
    return f"{datagram.family.text(datagram.source)} clock: {_words(skew)}, time_window is {wanted.time_window} s"


def _check_clock(datagram: Datagram, trailer: Trailer, wanted: HmacSettings, freshness: Freshness) -> Rejected | None:
    """First, as it costs next to nothing; what it says is not proven yet, so that it can only refuse."""
    skew = distance(trailer.at, freshness.wall)
    if not wanted.time_window or abs(skew) <= wanted.time_window:
        return None
    return reject(Rejection.CLOCK, datagram, f"{_words(skew)}, expected at most time_window, {wanted.time_window} s")


def _words(skew: int) -> str:
    return f"{abs(skew)} s {'behind' if skew > 0 else 'ahead of'} ours"


def _check_key(datagram: Datagram, message: bytes, trailer: Trailer, wanted: HmacSettings) -> Rejected | None:
    key = next((key for key in wanted.keys if key.id == trailer.key_id), None)
    if key is None:
        return reject(Rejection.KEY_ID, datagram, f"{trailer.key_id} is not configured")
    made = trailer_key_of(key.secret).has_made(trailer, message, family=datagram.family, source=datagram.source)
    if not made:
        return reject(Rejection.CHECK_VALUE, datagram, f"not made with our key {key.id}, or changed on the way")
    return None


def _check_order(datagram: Datagram, trailer: Trailer, freshness: Freshness) -> Rejected | None:
    last = freshness.last_of_sender
    if last is None or is_after(trailer.sequence, last):
        return None
    return reject(Rejection.SEQUENCE, datagram, f"{trailer.sequence:#x}, expected one after {last:#x}")
