"""What the operator is told, and what a configuration may be."""

import re

import pytest

from tests.conformance.configuration import VIP, judge
from tests.conformance.frames import ICMP, Packet
from tests.conformance.looking import looking_at
from tests.conformance.seen import Recording

pytestmark = pytest.mark.namespaces


@looking_at("owner_hears_another")
def test_vr_133_another_owner_is_told(seen: Recording) -> None:
    assert seen.log_lines(seen.situation.name, seen.cable.peer, "255"), "nothing in the log"


@looking_at("master_hears_equal_from_below")
def test_vr_134_another_router_of_the_same_priority_is_told(seen: Recording) -> None:
    assert seen.log_lines(seen.situation.name, f"10.9.{seen.cable.number}.3 ", "100"), "nothing in the log"


@looking_at("hears_equal")
def test_vr_134_and_a_backup_says_it_as_well(seen: Recording) -> None:
    assert seen.log_lines(seen.situation.name, f"10.9.{seen.cable.number}.3 ", "100"), "nothing in the log"


@looking_at("thousand_wrong_packets")
def test_vr_135_what_is_discarded_is_counted(seen: Recording) -> None:
    counted = seen.notes.get("counted")
    if counted is None:
        found = seen.log_lines(seen.situation.name, "ttl")
        counted = (
            len(found) - 1 + sum(int(number) for line in found[1:] for number in re.findall(r"(\d+) more since", line))
        )

    assert counted == 1000


def test_vr_137_an_owner_of_other_addresses_is_accepted(daemon: str) -> None:
    verdict = judge(daemon, instance=f"state MASTER\npriority 255\n{VIP}")

    assert not verdict.refused, verdict.told


@looking_at("owner")
def test_vr_137_and_runs(seen: Recording) -> None:
    assert {advert.priority for advert in seen.adverts()} == {255, 0}


UNICAST = f"unicast_src_ip 10.9.0.1\nunicast_peer {{\n10.9.0.2\n}}\n{VIP}"
PASSWORD = f"version 2\nauthentication {{\nauth_type PASS\nauth_pass secret12\n}}\n{VIP}"
GLOBAL_FIRST = "virtual_ipaddress {\n2001:db8::200/64\nfe80::200/64\n}\n"


@pytest.mark.parametrize(
    ("instance", "word"),
    [
        pytest.param(UNICAST, "unicast", id="peers"),
        pytest.param(PASSWORD, "auth", id="a password"),
        pytest.param("version 3\n", "", id="no addresses"),
        pytest.param(f"version 3\n{GLOBAL_FIRST}", "link", id="no link-local address first"),
        pytest.param(f"version 3\nstate MASTER\npriority 100\n{VIP}", "", id="a state that is not of its priority"),
    ],
)
def test_vr_138_strict_mode_tells_what_the_rfcs_do_not_have(daemon: str, instance: str, word: str) -> None:
    strict = judge(daemon, instance=instance, globals_="vrrp_strict")
    loose = judge(daemon, instance=instance)

    news = strict.lines - loose.lines

    assert strict.refused or news, "nobody is told"
    assert strict.refused or word in " ".join(news).lower()


@looking_at("strict")
def test_vr_138_strict_mode_does_not_accept_packets_to_the_addresses(seen: Recording) -> None:
    assert seen.adverts(since=seen.marks["asked as master"])
    assert [packet for packet in seen.heard(Packet) if packet.protocol == ICMP] == []
