"""Batches of rules: what they hold, and what the kernel makes of them."""

from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net.addresses import AddressCommands
from hahub.net.rules import encode_rules
from hahub.settings import Rule
from tests.net.namespace import in_namespace, ip

FULL = Rule(
    2, 500, table=300, source="10.0.0.0/8", destination="10.1.0.0/16", incoming="eth0", outgoing="eth1", tos=16,
    mark=7, mask=15, suppress_prefix_length=0, ip_protocol=6, source_ports=(80, 90), destination_ports=(1, 2),
    users=(3, 4), inverted=True, suppress_group=5, realms=0x30005, tunnel=77,
)  # fmt: skip


def test_a_batch_says_all_that_is_configured() -> None:
    batches = encode_rules([FULL])

    (add,), (remove,) = (MarshalRtnl().parse(chunks[0]) for chunks in (batches.add, batches.remove))
    assert (add["event"], add["header"]["flags"], remove["event"], remove["header"]["flags"]) == (
        "RTM_NEWRULE", 0x601, "RTM_DELRULE", 0x1,
    )  # fmt: skip
    assert [add[key] for key in ("family", "src_len", "dst_len", "tos", "table", "action", "flags")] == [
        2, 8, 16, 16, 0, 1, 2,
    ]  # fmt: skip
    expected = {
        "FRA_PRIORITY": 500, "FRA_PROTOCOL": 18, "FRA_SRC": "10.0.0.0", "FRA_DST": "10.1.0.0", "FRA_TABLE": 300,
        "FRA_IIFNAME": "eth0", "FRA_OIFNAME": "eth1", "FRA_FWMARK": 7, "FRA_FWMASK": 15,
        "FRA_SUPPRESS_PREFIXLEN": 0, "FRA_IP_PROTO": 6, "FRA_SPORT_RANGE": "80:90", "FRA_DPORT_RANGE": "1:2",
        "FRA_UID_RANGE": "3:4", "FRA_SUPPRESS_IFGROUP": 5, "FRA_FLOW": 0x30005, "FRA_TUN_ID": 77,
    }  # fmt: skip
    assert dict(add["attrs"]) == dict(remove["attrs"]) == expected


@in_namespace
def test_rules_are_there_when_submit_returns_and_gone_after_the_next() -> None:
    commands = AddressCommands()
    batches = encode_rules([FULL, Rule(2, 501, action=8, source="10.2.0.0/16"), Rule(10, 502, table=254)])

    commands.submit((*batches.add, *batches.add))
    there = [line.split()[0] for line in (ip("rule") + ip("-6 rule")).splitlines() if line.startswith("50")]
    commands.submit((*batches.remove, *batches.remove))

    assert there == ["500:", "501:", "502:"]
    assert [line for line in (ip("rule") + ip("-6 rule")).splitlines() if line.startswith("50")] == []
    assert commands.collect() == []


@in_namespace
def test_a_rule_of_somebody_else_with_the_same_words_is_left_alone() -> None:
    commands = AddressCommands()
    ip("rule add from 10.2.0.0/16 table 300 preference 503 protocol static")

    commands.submit(encode_rules([Rule(2, 503, table=300, source="10.2.0.0/16")]).remove)

    assert "503:" in ip("rule")
