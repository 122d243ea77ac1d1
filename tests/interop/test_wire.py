"""hahub and keepalived share a virtual router whose adverts go over the wire in other ways."""

from dataclasses import dataclass

import pytest

from tests.interop.configuration import ADVERT_INT
from tests.interop.conftest import MakeDuel
from tests.interop.test_families import addresses_6, enable_ipv6
from tests.lab import VIP
from tests.lab.timeline import wait_until

PAIRS = [
    pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
    pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
]
pytestmark = [pytest.mark.namespaces, pytest.mark.slow]


@dataclass(frozen=True)
class Way:
    """What differs from the usual, with N for the number of the host and M for that of the other."""

    common: tuple[str, str]
    """Lines of global_defs, of each host."""
    own: tuple[str, str]
    """Lines of the instance, of each host."""
    ends: tuple[str, str]
    """Source and destination of the adverts."""
    ttl: int = 255
    addresses: tuple[str, ...] = (VIP,)

    def configuration(self, number: int, priority: int) -> str:
        """The text for one of the two hosts."""
        ipv6 = self.addresses[0] != VIP
        excluded = f"virtual_ipaddress_excluded {{\n {VIP}/24\n }}" if ipv6 else ""
        return _numbered(
            f"""global_defs {{
 router_id lab
 script_user root
 vrrp_notify_fifo /run/lab/fifo
 {self.common[number - 1]}
}}
vrrp_instance VI_1 {{
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority {priority}
 version 3
 advert_int {ADVERT_INT:g}
 {self.own[number - 1]}
 virtual_ipaddress {{
 {self.addresses[0]}{"" if ipv6 else "/24"}
 }}
 {excluded}
}}
""",
            number,
        )


def _numbered(text: str, number: int) -> str:
    return text.replace("%N", str(number)).replace("%M", str(3 - number))


_PEERS = """unicast_src_ip 10.9.0.%N
 unicast_ttl 7
 check_unicast_src
 unicast_peer {
 10.9.0.%M min_ttl 7 max_ttl 7
 }"""

WAYS = [
    pytest.param(
        Way(
            ("vrrp_mcast_group4 239.9.9.9", ""),
            ("mcast_src_ip 10.9.0.10%N", "mcast_src_ip 10.9.0.10%N\n mcast_dst_ip 239.9.9.9"),
            ("10.9.0.10%N", "239.9.9.9"),
        ),
        id="another group, for all and of its own, and a source that is no address of the host",
    ),
    pytest.param(
        Way(("vrrp_mcast_group6 ff02::99", ""), ("", "mcast_dst_ip ff02::99"), ("fe80::ff:fe00:%N", "ff02::99"),
            addresses=("fe80::200",)),
        id="another group over IPv6",
    ),
    pytest.param(Way(("", ""), (_PEERS, _PEERS), ("10.9.0.%N", "10.9.0.%M"), ttl=7), id="peers with TTL 7"),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("way", WAYS)
def test_a_master_that_stops_hands_over_and_takes_back(duel: MakeDuel, pair: tuple[str, str], way: Way) -> None:
    d = duel(way.configuration(1, 150), way.configuration(2, 100))
    if way.addresses[0] != VIP:
        for number, host in enumerate((d.a, d.b), start=1):
            enable_ipv6(host, number)
    d.start(adverts=3)

    assert d.daemon_a.stop() == 0
    d.lab.settle(d.b, adverts=2)
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)

    assert d.a.fifo.states() == ["BACKUP", "MASTER", "STOP", "BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "MASTER", "BACKUP"]
    sent = {(each.host, each.source, each.destination, each.ttl, each.addresses) for each in d.lab.adverts()}
    ends = {number: tuple(_numbered(end, number) for end in way.ends) for number in (1, 2)}
    assert sent == {(name, *ends[number], way.ttl, way.addresses) for name, number in (("a", 1), ("b", 2))}
    if way.addresses[0] != VIP:
        assert "fe80::200" in addresses_6(d.a)


def old_checksum(number: int, priority: int, word: str) -> str:
    peers = f"unicast_src_ip 10.9.0.{number}\n unicast_peer {{\n 10.9.0.{3 - number}\n }}\n {word}"
    return Way(("", ""), (peers, peers), ("", "")).configuration(number, priority)


@pytest.mark.keepalived
@pytest.mark.parametrize("pair", [pytest.param(("hahub", "keepalived"), id="hahub-keepalived")])
def test_a_peer_that_has_the_old_checksum_gets_it_unless_that_is_never_wanted(
    duel: MakeDuel, pair: tuple[str, str]
) -> None:
    """VR-029: keepalived that is told so accepts no other, and becomes a second master until it hears one."""
    d = duel(old_checksum(1, 150, ""), old_checksum(2, 100, "old_unicast_checksum"))
    d.daemon_a.start()
    d.a.fifo.wait_for_state("MASTER")
    d.daemon_b.start()
    d.b.fifo.wait_for_state("MASTER")
    d.b.fifo.wait_for_state("BACKUP", count=2)
    d.lab.settle(d.a)
    assert "10.9.0.2 has the old checksum of unicast, it gets the same" in d.daemon_a.log
    assert [state for state in d.a.fifo.states() if state != "MASTER_RX_LOWER_PRI"] == ["BACKUP", "MASTER"]

    assert d.daemon_a.stop() == 0
    d.daemon_a.configure(old_checksum(1, 150, "old_unicast_checksum never"))
    d.daemon_a.start()
    d.a.fifo.wait_for_state("MASTER", count=2)
    wait_until(lambda: "checksum:" in d.daemon_a.log.rpartition("core ready")[2], "word of a wrong checksum")
    assert d.b.fifo.states()[-1] == "MASTER"

    d.daemon_a.reload(old_checksum(1, 150, "old_unicast_checksum"))
    d.b.fifo.wait_for_state("BACKUP", count=3)
    d.lab.settle(d.a)
