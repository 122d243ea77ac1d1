"""What is different between two configurations, in words."""

from dataclasses import replace

from hahub.parent.changes import describe_changes
from hahub.settings import (
    ChannelSettings,
    CheckScript,
    Command,
    CoreSettings,
    FifoSettings,
    HubSettings,
    InstanceSettings,
    NotifyScripts,
    ParentSettings,
    Settings,
    SyncGroupSettings,
)

ONE = InstanceSettings("VI_1", "eth0", 51, version=2, auth_pass="geheim")
TWO = InstanceSettings("VI_2", "eth0", 52)
BEFORE = Settings(
    CoreSettings("here", (ONE, TWO), (SyncGroupSettings("G", ("VI_1", "VI_2")),)),
    ParentSettings(
        check_scripts=(CheckScript("chk", Command(("/bin/true",))),),
        notify_scripts=(NotifyScripts("VI_1"), NotifyScripts("VI_2", master=Command(("/bin/true",)))),
        fifos=(FifoSettings("notify_fifo", "/run/a"),),
    ),
    HubSettings("here", (ChannelSettings("team", "dingtalk", {"secret": "geheim"}),)),
)


def test_the_same_is_no_change() -> None:
    assert describe_changes(BEFORE, replace(BEFORE)) == ()


def test_what_comes_goes_and_changes_is_named_and_no_value_told() -> None:
    after = Settings(
        replace(
            BEFORE.core,
            node="there",
            instances=(replace(ONE, auth_pass="anders", priority=120), InstanceSettings("VI_3", "eth1", 51)),
            groups=(),
        ),
        replace(
            BEFORE.parent,
            check_scripts=(replace(BEFORE.parent.check_scripts[0], interval=2.0),),
            notify_scripts=(NotifyScripts("VI_1", fault=Command(("/bin/false",))), NotifyScripts("VI_3")),
            fifos=(FifoSettings("notify_fifo", "/run/b"),),
            script_timeout=3.0,
        ),
        HubSettings("there", (ChannelSettings("team", "dingtalk", {"secret": "anders"}),)),
    )

    assert describe_changes(BEFORE, after) == (
        "removed vrrp_instance VI_2",
        "added vrrp_instance VI_3",
        "changed vrrp_instance VI_1: priority, auth_pass",
        "removed vrrp_sync_group G",
        "changed vrrp_script chk: interval",
        "removed notify scripts of vrrp_instance VI_2",
        "added notify scripts of vrrp_instance VI_1",
        "removed FIFO /run/a",
        "added FIFO /run/b",
        "changed channel team: settings",
        "changed node",
        "changed script_timeout",
    )
