"""Which packets are accepted with ``auth_hmac``, in each of its modes, and which are not without."""

from dataclasses import replace

import pytest

from hahub.settings import HmacKey, HmacSettings, InstanceSettings, UnicastPeer
from hahub.vrrp.packet import GROUP4, GROUP6, Datagram
from hahub.vrrp.reception import Accepted, Freshness, Rejected, Rejection, check
from hahub.vrrp.wire import message_of, signed
from tests.vrrp.test_reception import ADVERT_2, ADVERT_3, OTHER, OWN, PASS, PEER, V2, V3
from tests.vrrp.test_reception_families import ADVERT_6, OWN_6, PEER_6, V6

FIRST, SECOND = HmacKey(1, bytes(range(32))), HmacKey(2, b"a secret that is long enough, 2!")
HMAC = HmacSettings((FIRST, SECOND), active_key=1)
NOW = 1_800_000_000
KEYED = replace(V3, auth_hmac=HMAC)
KEYED_2, KEYED_6 = replace(V2, auth_hmac=HMAC), replace(V6, auth_hmac=HMAC)
PERMISSIVE, RECEIVE_ONLY = replace(HMAC, required=False), replace(HMAC, required=False, signs=False)
UNICAST = replace(KEYED, source="10.9.0.2", unicast_peers=(UnicastPeer("10.9.0.1"),))


def packet(
    settings: InstanceSettings = KEYED,
    *,
    key: HmacKey = FIRST,
    at: float = NOW,
    source: int | None = None,
    destination: int | None = None,
    priority: int = 150,
) -> Datagram:
    """One of a sender that has these settings, and signs with this key at this time."""
    v6 = settings.family.value == 6
    source = source or (PEER_6 if v6 else PEER)
    destination = destination or (GROUP6 if v6 else GROUP4)
    keyed = replace(settings, auth_hmac=HmacSettings((key,), key.id), auth_pass=None)
    message = message_of(keyed, priority, source=source, destination=destination)
    payload = signed(message, keyed, source=source, destination=destination, sequence=int(at * 65536) << 16)
    return Datagram(source, destination, 255, payload, settings.family)


def plain(settings: InstanceSettings = KEYED) -> Datagram:
    return Datagram(PEER, GROUP4, 255, message_of(settings, 150, source=PEER, destination=GROUP4))


def judge(sent: Datagram, settings: InstanceSettings = KEYED, *, last: int | None = None) -> Accepted | Rejected:
    own = OWN_6 if settings.family.value == 6 else OWN
    return check(sent, settings, own_source=own, known_master=None, freshness=Freshness(0, last, NOW))


SEQUENCE = NOW << 32


@pytest.mark.parametrize(
    ("sent", "settings", "expected"),
    [
        pytest.param(packet(), KEYED, ADVERT_3, id="version 3"),
        pytest.param(packet(KEYED_2), KEYED_2, ADVERT_2, id="version 2"),
        pytest.param(packet(KEYED_6), KEYED_6, replace(ADVERT_6, priority=150), id="IPv6"),
        pytest.param(packet(destination=OWN), UNICAST, ADVERT_3, id="to a peer"),
        pytest.param(packet(key=SECOND), KEYED, ADVERT_3, id="the other key"),
        pytest.param(packet(), replace(KEYED, auth_hmac=PERMISSIVE), ADVERT_3, id="permissive"),
        pytest.param(packet(), replace(KEYED, auth_hmac=RECEIVE_ONLY), ADVERT_3, id="receive-only"),
    ],
)
def test_an_authentic_advert_is_accepted_with_its_sequence(
    sent: Datagram, settings: InstanceSettings, expected: object
):
    assert judge(sent, settings) == Accepted(expected, sequence=SEQUENCE)


@pytest.mark.parametrize("mode", [PERMISSIVE, RECEIVE_ONLY], ids=["permissive", "receive-only"])
def test_while_all_are_being_converted_an_advert_may_have_no_trailer(mode: HmacSettings):
    assert judge(plain(), replace(KEYED, auth_hmac=mode)) == Accepted(ADVERT_3)


def rejected(rejection: Rejection, text: str) -> Rejected:
    return Rejected(rejection, f"10.9.0.1 {rejection.replace('_', ' ')}: {text}")


@pytest.mark.parametrize(
    ("sent", "settings", "expected"),
    [
        pytest.param(
            plain(),
            KEYED,
            rejected(Rejection.AUTH_TYPE, "no authentication trailer, expected auth_hmac"),
            id="no trailer",
        ),
        *(
            pytest.param(
                packet(settings),
                settings,
                rejected(Rejection.AUTH_TYPE, "an authentication trailer, expected none"),
                id=f"a trailer, {name}",
            )
            for name, settings in (("version 3", V3), ("version 2", V2), ("a password", PASS))
        ),
        pytest.param(
            packet(key=HmacKey(3, FIRST.secret)),
            KEYED,
            rejected(Rejection.KEY_ID, "3 is not configured"),
            id="a key nobody knows",
        ),
        pytest.param(
            packet(key=HmacKey(2, FIRST.secret)),
            KEYED,
            rejected(Rejection.CHECK_VALUE, "not made with our key 2, or changed on the way"),
            id="another key of that id",
        ),
        pytest.param(
            packet(at=NOW - 6),
            KEYED,
            rejected(Rejection.CLOCK, "6 s behind ours, expected at most time_window, 5 s"),
            id="too old",
        ),
        pytest.param(
            packet(at=NOW + 6),
            KEYED,
            rejected(Rejection.CLOCK, "6 s ahead of ours, expected at most time_window, 5 s"),
            id="from the future",
        ),
        pytest.param(
            packet(destination=OWN),
            replace(UNICAST, unicast_peers=(UnicastPeer("10.9.0.3"),)),
            rejected(Rejection.SOURCE, "is not one of unicast_peer"),
            id="VR-065 of somebody who is no peer",
        ),
        pytest.param(
            packet(destination=OTHER),
            KEYED,
            rejected(Rejection.DESTINATION, "10.9.0.99, expected 224.0.0.18"),
            id="VR-063",
        ),
    ],
)
def test_what_is_refused_changes_nothing(sent: Datagram, settings: InstanceSettings, expected: Rejected):
    assert judge(sent, settings) == expected


def test_a_trailer_of_another_type_is_refused():
    sent = packet()
    payload = sent.payload[:-28] + b"\2" + sent.payload[-27:]

    assert judge(replace(sent, payload=payload)) == rejected(Rejection.TRAILER, "type 2, expected 1")


def test_a_repetition_is_refused_and_the_next_one_accepted():
    again = judge(packet(), last=SEQUENCE)
    older = judge(packet(at=NOW - 1), last=SEQUENCE)
    next_one = judge(packet(at=NOW + 0.5), last=SEQUENCE)

    assert again == rejected(Rejection.SEQUENCE, f"{SEQUENCE:#x}, expected one after {SEQUENCE:#x}")
    assert isinstance(older, Rejected)
    assert older.rejection is Rejection.SEQUENCE
    assert next_one == Accepted(ADVERT_3, sequence=SEQUENCE + 0x80000000)


def test_without_a_window_any_time_will_do_that_is_after_the_last():
    monotonic = replace(KEYED, auth_hmac=replace(HMAC, time_window=0))

    assert judge(packet(at=7), monotonic) == Accepted(ADVERT_3, sequence=7 << 32)
    assert isinstance(judge(packet(at=7), monotonic, last=7 << 32), Rejected)
    assert judge(packet(at=8), monotonic, last=7 << 32) == Accepted(ADVERT_3, sequence=8 << 32)


def test_a_clock_on_its_way_to_the_end_of_the_window_is_noted():
    assert judge(packet(at=NOW - 2)) == Accepted(ADVERT_3, sequence=(NOW - 2) << 32)
    assert judge(packet(at=NOW - 3)) == Accepted(
        ADVERT_3, "10.9.0.1 clock: 3 s behind ours, time_window is 5 s", sequence=(NOW - 3) << 32
    )


def test_an_authentic_advert_that_is_refused_has_its_sequence_all_the_same():
    sent = packet(replace(KEYED_2, virtual_addresses=V2.virtual_addresses[:1]))

    assert judge(sent, KEYED_2) == Rejected(
        Rejection.ADDRESSES, "10.9.0.1 addresses: 1, expected our 2", sequence=SEQUENCE
    )


@pytest.mark.parametrize("place", range(len(packet().payload)))
def test_whatever_byte_is_changed_the_advert_is_not_accepted(place: int):
    sent = packet()
    payload = sent.payload[:place] + bytes([sent.payload[place] ^ 0x55]) + sent.payload[place + 1 :]

    verdict = judge(replace(sent, payload=payload))

    assert isinstance(verdict, Rejected)
    assert verdict.sequence == 0
