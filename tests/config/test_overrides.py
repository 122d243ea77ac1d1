"""Values laid over the files by ``--set``."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded, format_problem
from hahub.settings import Settings, VirtualAddress

TEXT = """
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress {
        192.0.2.300
        192.0.2.1
    }
}
vrrp_instance a.b {
    interface eth0
    virtual_router_id 2
    no_virtual_ipaddress
    authentication {
        auth_type PASS
        auth_pass old
    }
}
"""
FIX = "vrrp_instance.VI_1.virtual_ipaddress=192.0.2.7/24"


def laid(loaded: Callable[..., Loaded], *overrides: str) -> Settings:
    result = loaded(("a.conf", TEXT), overrides=(FIX, *overrides))
    assert result.settings is not None, [format_problem(p) for p in result.problems]
    return result.settings


def test_a_list_is_replaced_as_a_whole(loaded: Callable[..., Loaded]) -> None:
    found = laid(loaded, "vrrp_instance.*.virtual_ipaddress=10.0.0.5/24, 10.0.0.6 dev eth9")

    addresses = (VirtualAddress("10.0.0.5", 24, "eth0"), VirtualAddress("10.0.0.6", 32, "eth9"))
    assert [i.virtual_addresses for i in found.core.instances] == [addresses, addresses]


@pytest.mark.parametrize(
    ("override", "interfaces"),
    [
        ("interface=veth0", ["veth0", "veth0"]),
        ("vrrp_instance.*.interface=veth0", ["veth0", "veth0"]),
        ("vrrp_instance.VI_1.interface=veth0", ["veth0", "eth0"]),
        ("vrrp_instance.a.b.interface=eth0.1", ["eth0", "eth0.1"]),
    ],
)
def test_a_keyword_is_laid_over_one_block_or_all(
    loaded: Callable[..., Loaded], override: str, interfaces: list[str]
) -> None:
    assert [i.interface for i in laid(loaded, override).core.instances] == interfaces


def test_a_value_may_lie_where_nothing_was(loaded: Callable[..., Loaded]) -> None:
    found = laid(
        loaded,
        "global_defs.router_id=a=b",
        "hub.stop_grace=1",
        "vrrp_instance.a.b.authentication.auth_pass=new",
        "global_defs.smtp_server.port=26",
        "global_defs.smtp_server.host=mail",
        "nopreempt=true",
    )

    assert (found.core.node, found.hub.stop_grace) == ("a=b", 1)
    assert [i.auth_pass for i in found.core.instances] == [None, "new"]
    assert [i.preempt for i in found.core.instances] == [False, False]


def test_the_last_override_counts(loaded: Callable[..., Loaded]) -> None:
    assert [i.priority for i in laid(loaded, "priority=1", "priority=2").core.instances] == [2, 2]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("priority=300", "vrrp_instance VI_1: priority 300 is outside 1-255"),
        ("interface", "an override without '=', expected PATH=VALUE"),
        (
            "prioritty=1",
            "unknown path 'prioritty', expected it to begin with global_defs, vrrp_script, vrrp_track_process,"
            " track_file, track_group, vrrp_instance, vrrp_sync_group, channels, hub or a keyword of vrrp_instance",
        ),
        (
            "vrrp_instance.VI_9.priority=1",
            "unknown path 'vrrp_instance.VI_9.priority', expected one of 'VI_1', 'a.b' after vrrp_instance",
        ),
        ("vrrp_script.*.rise=1", "unknown path 'vrrp_script.*.rise', there is no vrrp_script"),
        (
            "vrrp_instance.VI_1.prio=1",
            "unknown path 'vrrp_instance.VI_1.prio', expected a keyword of vrrp_instance instead of 'prio'",
        ),
        ("vrrp_instance.VI_1=1", "unknown path 'vrrp_instance.VI_1', expected a keyword at its end"),
        ("global_defs=1", "unknown path 'global_defs', expected a keyword at its end"),
        ("authentication=x", "unknown path 'authentication', expected a keyword at its end"),
        ("priority.x=1", "unknown path 'priority.x', priority has nothing below it"),
        (".=1", "unknown path '.', expected it to begin with global_defs, vrrp_script, vrrp_track_process,"
         " track_file, track_group, vrrp_instance, vrrp_sync_group, channels, hub or a keyword of vrrp_instance"),
        ("global_defs.router_id=a\udce4", "global_defs: router_id 'a\\udce4' has a character that is not printable"
         " or not UTF-8"),
    ],
)  # fmt: skip
def test_an_override_that_leads_nowhere_is_told(loaded: Callable[..., Loaded], override: str, line: str) -> None:
    found = loaded(("a.conf", TEXT), overrides=(FIX, override)).problems

    assert format_problem(found[0]) == f"--set: {line}"


def test_a_channel_takes_any_setting(loaded: Callable[..., Loaded]) -> None:
    yaml = "channels: {mail: {type: smtp, server: a, sender: a@b, recipients: [c@d]}}"

    result = loaded(
        ("a.conf", TEXT),
        ("b.yaml", yaml),
        overrides=(FIX, "channels.mail.port=2525", "channels.mail.recipients=e@f, g@h"),
    )

    assert result.settings is not None
    assert result.settings.hub.channels[0].settings == {
        "server": "a",
        "sender": "a@b",
        "recipients": ["e@f", "g@h"],
        "port": "2525",
    }
