"""The frames of the flood are what they are meant to be: right but for one thing, and never valid."""

from collections import Counter

from hahub.family import Family
from hahub.settings import InstanceSettings
from hahub.vrrp.packet import Datagram, DecodeError, split_ip
from hahub.vrrp.reception import Accepted, Rejected, Rejection, check
from tests.core.malformed import Malformed, Target
from tests.core.test_million import BACKUPS, MASTERS, target

FRAMES = 20_000
ALL = (*MASTERS, *BACKUPS)


def received(frame: bytes) -> Datagram:
    """As the kernel hands it up: of IPv6 without its header, and without one that is between."""
    packet = frame[14:]
    if packet[0] >> 4 == 4:
        return split_ip(packet)
    payload, following = packet[40 : 40 + int.from_bytes(packet[4:6], "big")], packet[6]
    source, destination = (int.from_bytes(packet[start : start + 16], "big") for start in (8, 24))
    return Datagram(source, destination, packet[7], payload if following else payload[8:], Family.IPV6)


def verdict_on(frame: bytes) -> Accepted | Rejected:
    datagram = received(frame)
    of_family = [each for each in ALL if each.family is datagram.family]
    settings = next(each for each in of_family if each.virtual_router_id == datagram.payload[1])
    return check(datagram, settings, own_source=None, known_master=None)


def test_without_anything_wrong_they_are_accepted():
    targets: list[tuple[InstanceSettings, Target]] = [(each, target(each)) for each in ALL]

    for settings, aim in targets:
        verdict = verdict_on(aim.frame(aim.message(150), padding=b"\0" * 20))
        assert isinstance(verdict, Accepted), settings.name
        assert verdict.note == ""
        assert (verdict.advert.priority, verdict.advert.advert_int) == (150, settings.advert_int)


def test_each_is_refused_and_they_fail_at_every_check_that_does_not_need_other_hosts():
    malformed = Malformed([target(each) for each in ALL], seed=1)
    reasons: Counter[Rejection] = Counter()

    for _ in range(FRAMES):
        try:
            verdict = verdict_on(malformed.frame())
        except DecodeError as error:
            raise AssertionError(f"the kernel would keep this to itself: {error}") from error
        assert isinstance(verdict, Rejected)
        reasons[verdict.rejection] += 1

    elsewhere = {Rejection.SOURCE, Rejection.OWN_SOURCE, Rejection.VIRTUAL_ROUTER_ID}
    sealed = {Rejection.CHECK_VALUE, Rejection.SEQUENCE, Rejection.TRAILER, Rejection.KEY_ID, Rejection.CLOCK}
    assert set(reasons) >= set(Rejection) - elsewhere - sealed, reasons
