"""The rules for no_accept: their text, and that nft takes it."""

import subprocess

import pytest

from hahub.net.firewall import removal, ruleset
from hahub.settings import FirewallSettings, VirtualAddress
from tests.conftest import require
from tests.net.namespace import in_namespace

ADDRESSES = (
    VirtualAddress("10.0.0.1", 24, "eth0"),
    VirtualAddress("10.0.0.2", 24, "eth1"),
    VirtualAddress("2001:db8::1", 64, "eth0"),
    VirtualAddress("fe80::1", 64, "eth0"),
    VirtualAddress("fe80::1", 64, "eth1"),
)
EXPECTED = """\
add table inet fence
delete table inet fence

table inet fence {
comment "made by hahub"
set vips4 { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 }; }
set vips6 { type ipv6_addr; elements = { 2001:db8::1 }; }
set vips6_link { type ipv6_addr . ifname; elements = { fe80::1 . "eth0", fe80::1 . "eth1" }; }
chain in {
type filter hook input priority -7; policy accept;
icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
ip daddr @vips4 counter drop
ip6 daddr @vips6 counter drop
ip6 daddr . iifname @vips6_link counter drop
}
chain out {
type filter hook output priority -7; policy accept;
icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } accept
ip saddr @vips4 counter drop
ip6 saddr @vips6 counter drop
ip6 saddr . oifname @vips6_link counter drop
}
}
"""


def nft(*arguments: str, script: str = "") -> str:
    done = subprocess.run(["nft", *arguments], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_text_names_each_address_once_and_lets_neighbours_ask() -> None:
    assert ruleset(FirewallSettings((*ADDRESSES, ADDRESSES[0]), "fence", -7, counters=True)) == EXPECTED


@pytest.fixture
def nft_is_there() -> None:
    require("nft")


@pytest.mark.usefixtures("nft_is_there")
@pytest.mark.parametrize("count", [1, 3, 5])
@in_namespace
def test_nft_takes_it_again_and_again_and_its_removal(count: int) -> None:
    settings = FirewallSettings(ADDRESSES[-count:])

    nft("-f", "-", script=ruleset(settings))
    nft("-f", "-", script=ruleset(settings))
    shown = nft("list", "table", "inet", "hahub")
    nft("-f", "-", script=removal("hahub"))
    nft("-f", "-", script=removal("hahub"))

    assert all(address.address in shown for address in settings.addresses)
    assert nft("list", "ruleset") == ""
