"""Defaults, and what follows from several keywords: configuration -> settings."""

from collections.abc import Callable
from typing import Any

import pytest

from hahub.config import Loaded
from hahub.settings import (
    CheckScript,
    Command,
    FifoSettings,
    InstanceSettings,
    NotifyScripts,
    ParentSettings,
    Settings,
    TrackedScript,
    VirtualAddress,
)

HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n"
AH = "authentication {\nauth_type AH\nauth_pass x\n}"


@pytest.fixture
def settings(loaded: Callable[..., Loaded]) -> Callable[..., Settings]:
    def _settings(text: str, **_: Any) -> Settings:
        result = loaded(("a.conf", text))
        assert result.settings is not None, result.problems
        return result.settings

    return _settings


@pytest.mark.parametrize(
    ("defs", "lines", "expected"),
    [
        pytest.param("", "", {}, id="defaults"),
        pytest.param("", "state MASTER", {"priority": 255}, id="a master without priority owns the addresses"),
        pytest.param("", "state MASTER\npriority 5", {"priority": 5}, id="a master with priority"),
        pytest.param("", "nopreempt", {"preempt": False}, id="nopreempt"),
        pytest.param("", "nopreempt\nstate MASTER\npriority 9", {"priority": 9}, id="nopreempt is reset by MASTER"),
        pytest.param("", "nopreempt\npriority 255", {"priority": 255}, id="nopreempt is reset by ownership"),
        pytest.param("", "preempt_delay 7.5", {"preempt_delay": 7.5}, id="preempt_delay"),
        pytest.param("", "preempt_delay 7\nnopreempt", {"preempt": False}, id="preempt_delay is reset by nopreempt"),
        pytest.param("", "preempt_delay 7\nstate MASTER\npriority 9", {"priority": 9}, id="and by state MASTER"),
        pytest.param("", "advert_int 0.4", {"advert_int": 1.0}, id="version 2: at least a second"),
        pytest.param("", "advert_int 1.4", {"advert_int": 1.0}, id="version 2: rounded down"),
        pytest.param("", "advert_int 1.5", {"advert_int": 2.0}, id="version 2: rounded up"),
        pytest.param("", "version 3\nadvert_int 0.015", {"version": 3, "advert_int": 0.02}, id="version 3: hundredths"),
        pytest.param("vrrp_version 3", "advert_int .01", {"version": 3, "advert_int": 0.01}, id="global version"),
        pytest.param("vrrp_version 3", "version 2", {"version": 2}, id="own version"),
        pytest.param(
            "", "authentication {\nauth_type PASS\nauth_pass 1234567890\n}", {"auth_pass": "12345678"}, id="cut"
        ),
        pytest.param(
            "", 'authentication {\nauth_type PASS\nauth_pass "äöüßé"\n}', {"auth_pass": "äöüß"}, id="in bytes"
        ),
        pytest.param("", "version 3\nauthentication {\nauth_type PASS\nauth_pass x\n}", {"version": 3}, id="none in 3"),
        pytest.param("", AH, {"auth_pass": "x", "auth_ah": True}, id="an authentication header"),
        pytest.param("vrrp_version 3", AH, {"version": 3}, id="none of it in 3"),
        pytest.param(
            "",
            f"state MASTER\npriority 9\nnopreempt\n{AH}",
            {"priority": 9, "preempt": False, "auth_pass": "x", "auth_ah": True},
            id="with it nobody begins as master",
        ),
        pytest.param(
            "",
            f"state MASTER\nnopreempt\n{AH}",
            {"priority": 255, "auth_pass": "x", "auth_ah": True},
            id="but the owner of the addresses",
        ),
        pytest.param(
            "vrrp_garp_master_delay 1\nvrrp_garp_master_repeat 2\nvrrp_garp_master_refresh 3"
            "\nvrrp_garp_master_refresh_repeat 4",
            "garp_master_refresh 30",
            {
                "garp_lower_prio_delay": 1,
                "garp_lower_prio_repeat": 2,
                "garp_master_delay": 1,
                "garp_master_repeat": 2,
                "garp_master_refresh": 30,
                "garp_master_refresh_repeat": 4,
            },
            id="gratuitous ARP",
        ),
        pytest.param(
            "vrrp_skip_check_adv_addr\nvrrp_lower_prio_no_advert\nvrrp_notify_priority_changes",
            "lower_prio_no_advert off",
            {"skip_check_adv_addr": True, "notify_priority_changes": True},
            id="global flags and an own word",
        ),
        pytest.param(
            "",
            "dont_track_primary\nnotify_deleted\npromote_secondaries",
            {"track_primary": False, "notify_deleted": True, "promote_secondaries": True},
            id="flags",
        ),
        pytest.param(
            "notification_email {\na@b\n}\nsmtp_server mail\nsmtp_alert",
            "",
            {"smtp_alert": True},
            id="global smtp_alert",
        ),
        pytest.param(
            "notification_email {\na@b\n}\nsmtp_server mail\nsmtp_alert\nsmtp_alert_vrrp off",
            "",
            {},
            id="stronger word",
        ),
        pytest.param("smtp_alert", "smtp_alert no", {}, id="own word about mail"),
    ],
)
def test_an_instance_is_completed(
    settings: Callable[..., Settings], defs: str, lines: str, expected: dict[str, Any]
) -> None:
    found = settings(f"global_defs {{\n{defs}\n}}\n{HEAD}{lines}\n}}\n")

    (instance,) = found.core.instances
    assert instance == InstanceSettings("VI_1", "eth0", 51, **expected)
    assert instance.auth_pass == expected.get("auth_pass")


def test_broadcast_addresses_are_computed(settings: Callable[..., Settings]) -> None:
    text = HEAD + "virtual_ipaddress {\n 10.0.0.5/24 brd +\n 10.0.1.5/24 brd - scope 254\n 10.0.2.5/0\n}\n}\n"

    assert settings(text).core.instances[0].virtual_addresses == (
        VirtualAddress("10.0.0.5", 24, "eth0", broadcast="10.0.0.255"),
        VirtualAddress("10.0.1.5", 24, "eth0", scope=254, broadcast="10.0.1.0"),
        VirtualAddress("10.0.2.5", 0, "eth0"),
    )


def test_the_weight_of_a_tracked_script_is_its_own_or_the_scripts(settings: Callable[..., Settings]) -> None:
    text = "".join(f"vrrp_script {name} {{\n script /x\n weight -4 reverse\n}}\n" for name in "abc")
    text += "vrrp_script d {\n script /x\n}\n"
    text += HEAD + "track_script {\n a\n b weight 2\n c weight 3 reverse\n d\n}\n}\n"

    assert settings(text).core.instances[0].track_scripts == (
        TrackedScript("a", -4, reverse=True),
        TrackedScript("b", 2),
        TrackedScript("c", 3, reverse=True),
        TrackedScript("d", 0),
    )


def test_scripts_and_fifos_belong_to_script_user_unless_they_say_other(settings: Callable[..., Settings]) -> None:
    text = f"""
global_defs {{
    script_user web www
    notify_fifo /run/a.fifo
    notify_fifo_script "/bin/reader 'a b'" root
    vrrp_notify_fifo /run/b.fifo root root
}}
vrrp_script chk {{
    script "/bin/chk -v"
    timeout 3
    rise 2
    fall 3
}}
vrrp_script unused {{
    script /bin/false
}}
{HEAD}
    track_script {{
        chk
    }}
    notify_master /bin/m
    notify_backup /bin/b root
    notify_fault /bin/f root www
    notify_stop /bin/s
    notify_deleted "/bin/d now"
    notify_master_rx_lower_pri /bin/r
    notify /bin/n
}}
"""

    web, chk = ("web", "www"), Command(("/bin/chk", "-v"), "web", "www")
    assert settings(text).parent == ParentSettings(
        check_scripts=(CheckScript("chk", chk, timeout=3.0, rise=2, fall=3),),
        notify_scripts=(
            NotifyScripts(
                "VI_1",
                master=Command(("/bin/m",), *web),
                backup=Command(("/bin/b",), "root"),
                fault=Command(("/bin/f",), "root", "www"),
                stop=Command(("/bin/s",), *web),
                deleted=Command(("/bin/d", "now"), *web),
                master_rx_lower_pri=Command(("/bin/r",), *web),
                any=Command(("/bin/n",), *web),
            ),
        ),
        fifos=(
            FifoSettings("notify_fifo", "/run/a.fifo", *web, script=Command(("/bin/reader", "a b"), "root")),
            FifoSettings("vrrp_notify_fifo", "/run/b.fifo", "root", "root"),
        ),
    )


def test_processes_get_what_the_hub_block_says(loaded: Callable[..., Loaded]) -> None:
    text = "hub: {user: web, stop_grace: 2, script_timeout: 4.5}\n"
    text += "global_defs: {vrrp_startup_delay: 3, vrrp_delay_after_boot: 4, vrrp_rt_priority: 0}\n"

    found = loaded(("a.yaml", text), ("b.conf", HEAD + "}\n")).settings

    assert found is not None
    parent, core = found.parent, found.core
    assert (parent.hub_user, parent.stop_grace, parent.script_timeout, found.hub.stop_grace) == ("web", 2, 4.5, 2)
    assert (core.node, found.hub.node, core.startup_delay, core.realtime_priority) == ("node-1", "node-1", 3, 0)
    assert core.delay_after_boot == 4


def test_yaml_and_keepalived_conf_say_the_same(loaded: Callable[..., Loaded]) -> None:
    conf = """
global_defs {
    notify_fifo /run/x.fifo web www
    vrrp_notify_fifo_script "/bin/r a" root
    vrrp_notify_fifo /run/y.fifo
    script_user web
}
vrrp_script chk {
    script "/bin/chk 'a b'"
    weight -3 reverse
    user web www
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    nopreempt
    virtual_ipaddress {
        10.0.0.1/24 dev eth1 label eth1:x scope link
        10.0.0.2
    }
    track_script {
        chk weight 5
    }
    notify_deleted
    notify "/bin/n one" web www
}
"""
    yaml = """
global_defs:
  notify_fifo: {path: /run/x.fifo, user: web, group: www}
  vrrp_notify_fifo_script: {command: /bin/r a, user: root}
  vrrp_notify_fifo: /run/y.fifo
  script_user: web
vrrp_script:
  chk: {script: /bin/chk 'a b', weight: -3 reverse, user: web www}
vrrp_instance:
  VI_1:
    interface: eth0
    virtual_router_id: 51
    nopreempt: true
    virtual_ipaddress: [10.0.0.1/24 dev eth1 label eth1:x scope link, {address: 10.0.0.2}]
    track_script: [{name: chk, weight: 5}]
    notify_deleted: true
    notify: {command: /bin/n one, user: web, group: www}
"""

    found = loaded(("a.conf", conf)), loaded(("a.conf", yaml))

    assert found[0].problems == found[1].problems == ()
    assert found[0].settings is not None
    assert found[0].settings == found[1].settings
