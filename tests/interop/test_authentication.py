"""hahub and keepalived share a virtual router with ``auth_type AH``: one key, several, and none."""

import pytest

from tests.interop.conftest import Duel, MakeDuel
from tests.lab import Advert, Hahub
from tests.lab.timeline import wait_until

KEY = "auth_type AH\n auth_pass secret12"
OTHER_KEY = "auth_type AH\n auth_pass other"
PASSWORD = "auth_type PASS\n auth_pass secret12"

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]
every_pair = pytest.mark.parametrize(
    "pair",
    [
        pytest.param(("keepalived", "hahub"), marks=pytest.mark.keepalived, id="keepalived-hahub"),
        pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived"),
    ],
)
beside_keepalived = pytest.mark.parametrize(
    "pair", [pytest.param(("hahub", "keepalived"), marks=pytest.mark.keepalived, id="hahub-keepalived")]
)


def configuration(
    priority: int, authentication: str, *, advert_int: int = 1, peers: tuple[str, str] | None = None
) -> str:
    """Return the text for one host; ``peers``: its own address and the other's."""
    unicast = f"unicast_src_ip {peers[0]}\n unicast_peer {{\n {peers[1]}\n }}" if peers else ""
    return f"""global_defs {{
 router_id lab
 script_user root
 vrrp_notify_fifo /run/lab/fifo
}}
vrrp_instance VI_1 {{
 state BACKUP
 interface eth0
 virtual_router_id 51
 priority {priority}
 advert_int {advert_int}
 {unicast}
 authentication {{
 {authentication}
 }}
 virtual_ipaddress {{
 10.9.0.200/24
 }}
}}
"""


def assert_numbers_grow(adverts: list[Advert]) -> None:
    """Whoever sent them: otherwise somebody would not have been heard."""
    numbers = [advert.sequence for advert in adverts]
    assert numbers[0] > 0
    assert numbers == sorted(set(numbers)), numbers


def kill_core(duel: Duel) -> None:
    """Of hahub as master: nobody notices, if the numbers go on."""
    assert isinstance(duel.daemon_a, Hahub)
    duel.daemon_a.kill_process("hahub.core")
    wait_until(lambda: "goes on as MASTER" in duel.daemon_a.log, "another core")
    duel.lab.settle(duel.a, adverts=2)


@every_pair
def test_with_one_key_masters_come_and_go_and_start_again(duel: MakeDuel, pair: tuple[str, str]) -> None:
    """VR-035, VR-052: every start of either side, after which the other has numbers that the new one does not know."""
    d = duel(configuration(150, KEY), configuration(100, KEY))
    d.start(adverts=2)
    if pair[0] == "hahub":
        kill_core(d)
    d.daemon_b.kill()
    d.daemon_b.start()
    d.b.fifo.wait_for_state("BACKUP", count=2)
    d.lab.settle(d.a, adverts=2)

    assert d.daemon_a.stop() == 0
    d.lab.settle(d.b, adverts=2)
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)
    d.daemon_a.kill()
    d.lab.settle(d.b, adverts=2)
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)

    assert_numbers_grow(d.lab.adverts())
    assert {(advert.auth_type, advert.auth_data) for advert in d.lab.adverts()} == {(2, bytes(8))}
    assert d.a.fifo.states() == ["BACKUP", "MASTER", "STOP", "BACKUP", "MASTER", "BACKUP", "MASTER"]
    assert d.b.fifo.states() == ["BACKUP", "BACKUP", *["MASTER", "BACKUP"] * 2]


@every_pair
def test_between_unicast_peers_as_well(duel: MakeDuel, pair: tuple[str, str]) -> None:
    first, second = ("10.9.0.1", "10.9.0.2"), ("10.9.0.2", "10.9.0.1")
    d = duel(configuration(150, KEY, peers=first), configuration(100, KEY, peers=second))
    d.start(adverts=2)

    assert d.daemon_a.stop() == 0
    d.lab.settle(d.b, adverts=2)
    d.daemon_a.start()
    d.lab.settle(d.a, adverts=2)

    assert_numbers_grow(d.lab.adverts())
    assert {(a.source, a.destination) for a in d.lab.adverts()} == {first, second}


@beside_keepalived
def test_another_key_or_none_makes_two_masters_who_are_told_and_can_be_mended(
    duel: MakeDuel, pair: tuple[str, str]
) -> None:
    """VR-050, VR-052."""
    # keepalived that hears what it refuses puts off its own adverts (VR-099): slow ones let it speak.
    d = duel(configuration(150, KEY, advert_int=2), configuration(100, OTHER_KEY))
    d.daemon_a.start()
    d.daemon_b.start()
    d.a.fifo.wait_for_state("MASTER")
    d.b.fifo.wait_for_state("MASTER")
    wait_until(lambda: "DUAL_MASTER (rival: eth0: 10.9.0.2: another key" in d.daemon_a.log, "word of two masters")

    d.daemon_a.reload(configuration(150, OTHER_KEY))
    d.b.fifo.wait_for_state("BACKUP", count=2)
    d.lab.settle(d.a, adverts=2)
    wait_until(lambda: "DUAL_MASTER_OVER" in d.daemon_a.log, "word of its end")
    assert d.a.fifo.states() == ["BACKUP", "MASTER"]

    d.daemon_a.reload(configuration(150, PASSWORD, advert_int=2))
    d.b.fifo.wait_for_state("MASTER", count=2)
    refusal = "10.9.0.2 auth type: an authentication header, expected none"
    wait_until(lambda: refusal in d.daemon_a.log, "word of the header that is missing here")
    assert d.a.fifo.states() == ["BACKUP", "MASTER"]
    assert "secret12" not in d.daemon_a.log
