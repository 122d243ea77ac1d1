"""Sync groups: what both languages say about them, and what becomes of members, checks, scripts and mail."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.model import Kind
from hahub.settings import (
    ChannelSettings,
    CheckScript,
    Command,
    NotifyScripts,
    Settings,
    SyncGroupSettings,
    TrackedFile,
    TrackedInterface,
    TrackedScript,
)

Lines = Callable[..., list[str]]

CHECKS = """vrrp_script check {
 script /bin/check
 weight -60
}
vrrp_script plain {
 script /bin/plain
}
"""
MAIL = "global_defs {\n notification_email {\n ops@example.org\n }\n smtp_server 192.0.2.1\n}\n"


def instance(number: int, lines: str = "") -> str:
    return (
        f"vrrp_instance VI_{number} {{\n interface eth{number}\n virtual_router_id {number}\n"
        f" no_virtual_ipaddress\n{lines}}}\n"
    )


def group(lines: str, name: str = "G1") -> str:
    return f"vrrp_sync_group {name} {{\n{lines}}}\n"


BOTH = "group {\nVI_1\nVI_2\n}\n"
TWO = instance(1) + instance(2)


@pytest.fixture
def settings(loaded: Callable[..., Loaded]) -> Callable[[str], Settings]:
    def _settings(text: str) -> Settings:
        result = loaded(("a.conf", text))
        assert result.settings is not None, result.problems
        return result.settings

    return _settings


def tracked(found: Settings) -> dict[str, tuple[TrackedScript, ...]]:
    return {each.name: each.track_scripts for each in found.core.instances}


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        pytest.param(group(BOTH) + TWO, (SyncGroupSettings("G1", ("VI_1", "VI_2")),), id="one per line"),
        pytest.param(group("group { VI_2 VI_1 }\n") + TWO, (SyncGroupSettings("G1", ("VI_2", "VI_1")),), id="one line"),
        pytest.param(TWO + group(BOTH), (SyncGroupSettings("G1", ("VI_1", "VI_2")),), id="behind its members"),
        pytest.param(
            group("group {\nVI_1\nVI_9\nVI_1\n}\n") + TWO, (SyncGroupSettings("G1", ("VI_1",)),), id="odd members"
        ),
        pytest.param(group("group {\n}\n") + TWO, (), id="empty"),
        pytest.param(group("") + TWO, (), id="without a list"),
        pytest.param(group("group {\nVI_9\n}\n") + TWO, (), id="unknown members only"),
        pytest.param(
            group("group { VI_2 VI_3 }\n", "G2") + group("group { VI_1 VI_4 }\n") + TWO + instance(3) + instance(4),
            (SyncGroupSettings("G2", ("VI_2", "VI_3")), SyncGroupSettings("G1", ("VI_1", "VI_4"))),
            id="two groups",
        ),
    ],
)
def test_a_group_has_its_members_in_their_order(
    settings: Callable[[str], Settings], text: str, groups: tuple[SyncGroupSettings, ...]
) -> None:
    assert settings(text).core.groups == groups


def test_both_languages_say_the_same(loaded: Callable[..., Loaded]) -> None:
    conf = CHECKS + TWO + group(BOTH + 'track_script {\nplain\n}\nnotify "/bin/n word"\nsmtp_alert\n')
    yaml = """
vrrp_script: {check: {script: /bin/check, weight: -60}, plain: {script: /bin/plain}}
vrrp_instance:
  VI_1: {interface: eth1, virtual_router_id: 1, no_virtual_ipaddress: true}
  VI_2: {interface: eth2, virtual_router_id: 2, no_virtual_ipaddress: true}
vrrp_sync_group:
  G1: {group: [VI_1, VI_2], track_script: [plain], notify: /bin/n word, smtp_alert: true}
"""

    found = [loaded((name, text)).settings for name, text in (("a.conf", conf), ("a.yaml", yaml))]

    assert found[0] is not None
    assert found[0] == found[1]


SPLIT = "a.conf:{}: warning: vrrp_instance VI_1: track_script check with weight {} is ignored in vrrp_sync_group G1; \
track it in the vrrp_sync_group, or write sync_group_tracking_weight there"
TOO = "a.conf:{}: warning: vrrp_instance VI_1: track_script check is tracked by vrrp_sync_group G1, which counts"
UNUSED = [
    "a.conf:1:13: warning: vrrp_script check: vrrp_script check is tracked by no vrrp_instance, it is not run",
    "a.conf:5:13: warning: vrrp_script plain: vrrp_script plain is tracked by no vrrp_instance, it is not run",
]


@pytest.mark.parametrize(
    ("of_group", "of_member", "first", "second", "problems"),
    [
        pytest.param(
            "track_script {\nplain\n}\n", "", (TrackedScript("plain"),), (TrackedScript("plain"),), [UNUSED[0]],
            id="of the group: every member tracks it",
        ),
        pytest.param(
            "track_script {\ncheck\n}\n", "", (TrackedScript("check", -60),), (TrackedScript("check", -60),),
            [UNUSED[1]], id="of the group, with a weight: the same for every member",
        ),
        pytest.param(
            "", "track_script {\ncheck\n}\n", (), (), [*UNUSED, SPLIT.format("19:1", -60)],
            id="of a member, with a weight: ignored",
        ),
        pytest.param(
            "", "track_script {\ncheck weight 0\nplain\n}\n", (TrackedScript("check"), TrackedScript("plain")), (), [],
            id="of a member, without a weight",
        ),
        pytest.param(
            "sync_group_tracking_weight\n", "track_script {\ncheck\n}\n", (TrackedScript("check", -60),), (),
            [UNUSED[1]], id="sync_group_tracking_weight",
        ),
        pytest.param(
            "global_tracking\n", "track_script {\ncheck\n}\n", (TrackedScript("check", -60),), (),
            [UNUSED[1], "a.conf:13:1: warning: vrrp_sync_group G1: global_tracking is deprecated, it counts as"
             " sync_group_tracking_weight"], id="global_tracking",
        ),
        pytest.param(
            "track_script {\ncheck weight 5 reverse\n}\n", "track_script {\ncheck\n}\n",
            (TrackedScript("check", 5, reverse=True),), (TrackedScript("check", 5, reverse=True),),
            [UNUSED[1], TOO.format("22:1")], id="of both: the group's counts",
        ),
        pytest.param(
            "track_script {\ncheck\n}\n", "priority 255\n", (TrackedScript("check"),), (TrackedScript("check"),),
            [UNUSED[1], "a.conf:9:2: warning: vrrp_sync_group G1: group has VI_1 with priority 255 and others without,"
             " which will not work", "a.conf:14:1: warning: vrrp_sync_group G1: track_script check counts as weight 0,"
             " the priority 255 of VI_1 cannot change"], id="beside an address owner",
        ),
    ],
)  # fmt: skip
def test_scripts_of_a_group_and_of_its_members(
    settings: Callable[[str], Settings],
    problem_lines: Lines,
    of_group: str,
    of_member: str,
    first: tuple[TrackedScript, ...],
    second: tuple[TrackedScript, ...],
    problems: list[str],
) -> None:
    text = CHECKS + group(" " + BOTH + of_group) + instance(1, of_member) + instance(2)

    assert tracked(settings(text)) == {"VI_1": first, "VI_2": second}
    assert sorted(problem_lines(text)) == sorted(problems)


def test_a_script_that_only_a_group_tracks_is_run(settings: Callable[[str], Settings]) -> None:
    found = settings(CHECKS + group(BOTH + "track_script {\nplain\n}\n") + TWO)

    assert found.parent.check_scripts == (CheckScript("plain", Command(("/bin/plain",))),)


@pytest.mark.parametrize(
    ("defs", "of_group", "of_member", "told"),
    [
        pytest.param("", "", "", [False, False], id="default"),
        pytest.param("", "notify_priority_changes\n", "", [True, True], id="the group for its members"),
        pytest.param("", "notify_priority_changes\n", "notify_priority_changes off\n", [False, True], id="own word"),
        pytest.param("vrrp_notify_priority_changes\n", "", "", [True, True], id="global"),
        pytest.param(
            "vrrp_notify_priority_changes\n", "notify_priority_changes no\n", "", [False, False], id="not in this group"
        ),
    ],
)
def test_priority_changes_are_told_by_the_word_of_member_then_group_then_globals(
    settings: Callable[[str], Settings], defs: str, of_group: str, of_member: str, told: list[bool]
) -> None:
    text = f"global_defs {{\n{defs}}}\n" + group(BOTH + of_group) + instance(1, of_member) + instance(2)

    assert [each.notify_priority_changes for each in settings(text).core.instances] == told


def test_a_group_has_scripts_of_its_own(settings: Callable[[str], Settings]) -> None:
    words = "notify_master /m\nnotify_backup /b\nnotify_fault /f root\nnotify_stop /s\nnotify '/n \"a b\"'\n"

    found = settings(group(BOTH + words) + TWO)

    assert found.parent.notify_scripts == (
        NotifyScripts("VI_1"),
        NotifyScripts("VI_2"),
        NotifyScripts(
            "G1",
            master=Command(("/m",)),
            backup=Command(("/b",)),
            fault=Command(("/f",), "root"),
            stop=Command(("/s",)),
            any=Command(("/n", "a b")),
            kind=Kind.GROUP,
        ),
    )


@pytest.mark.parametrize(
    ("defs", "of_group", "of_member", "instances", "groups"),
    [
        pytest.param("", "smtp_alert\n", "", (), ("G1",), id="of the group only"),
        pytest.param("", "", "smtp_alert\n", ("VI_1",), None, id="of a member only"),
        pytest.param("smtp_alert\n", "", "", ("VI_1", "VI_2"), ("G1",), id="of all"),
        pytest.param("smtp_alert_vrrp\n", "smtp_alert no\n", "", ("VI_1", "VI_2"), None, id="of all but the group"),
    ],
)
def test_mail_is_for_those_who_want_it(
    loaded: Callable[..., Loaded],
    defs: str,
    of_group: str,
    of_member: str,
    instances: tuple[str, ...],
    groups: tuple[str, ...] | None,
) -> None:
    text = MAIL + f"global_defs {{\n{defs}}}\n" + group(BOTH + of_group) + instance(1, of_member) + instance(2)

    found = loaded(("a.conf", text))

    assert found.settings is not None
    (mail,) = found.settings.hub.channels
    assert (mail.name, mail.instances, mail.groups) == ("smtp_alert", instances, groups)


def test_a_channel_may_be_for_some_groups(loaded: Callable[..., Loaded]) -> None:
    yaml = "channels:\n  x: {type: smtp, server: h, sender: a@b.c, recipients: [a@b.c], groups: [G1]}\n"

    found = loaded(("a.conf", group(BOTH) + TWO), ("a.yaml", yaml))

    assert found.settings is not None
    assert found.settings.hub.channels == (
        ChannelSettings("x", "smtp", {"server": "h", "sender": "a@b.c", "recipients": ["a@b.c"]}, None, ("G1",)),
    )


G = "vrrp_sync_group G1: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            group("group {\nVI_1\nVI_2\nVI_9\n}\n"),
            [f"a.conf:5:1: warning: {G}group 'VI_9' is ignored, there is no such vrrp_instance"],
            id="an unknown member",
        ),
        pytest.param(
            group("group {\nVI_1\nVI_2\nVI_1\n}\n"),
            [f"a.conf:5:1: warning: {G}group VI_1 is there twice, the second is ignored"],
            id="a member twice",
        ),
        pytest.param(
            group("group {\n}\n"),
            [f"a.conf:2:1: warning: {G}group is empty, this vrrp_sync_group is ignored"],
            id="no member",
        ),
        pytest.param(
            group(""),
            [f"a.conf:1:17: warning: {G}group is empty, this vrrp_sync_group is ignored"],
            id="no list of members",
        ),
        pytest.param(
            group("group {\nVI_2\n}\n"),
            [f"a.conf:2:1: warning: {G}group has one member only, expected at least two"],
            id="one member",
        ),
        pytest.param(
            group(BOTH) + group("group {\nVI_3\nVI_2\n}\n", "G2") + instance(3),
            ["a.conf:10:1: vrrp_sync_group G2: group VI_2 belongs to vrrp_sync_group G1 already,"
             " expected one group per instance"],
            id="a member of two groups",
        ),
        pytest.param(
            group(BOTH) + group(BOTH),
            [f"a.conf:7:17: {G}vrrp_sync_group G1 is defined already, at a.conf:1:17"],
            id="a group twice",
        ),
        pytest.param(
            group(BOTH + "track_script {\nnone\n}\n"),
            [f"a.conf:7:1: {G}track_script 'none' is unknown, expected the name of a vrrp_script"],
            id="an unknown script",
        ),
        pytest.param(
            group(BOTH + "notify_deleted /x\n"),
            [f"a.conf:6:1: {G}unknown keyword notify_deleted, expected one of the keywords of vrrp_sync_group;"
             " notify_deleted belongs into vrrp_instance"],
            id="no notify_deleted",
        ),
        pytest.param(
            group(BOTH + "track_bfd {\nx\n}\n"),
            [f"a.conf:6:1: {G}track_bfd is understood, but hahub does not speak BFD;"
             " a vrrp_script or a track_file can tell what a BFD daemon says"],
            id="a tracker that is not there yet",
        ),
        pytest.param(
            group(BOTH + "notify /x nobody\n"),
            [f"a.conf:6:11: warning: {G}notify user 'nobody' does not exist on this machine; the words after the"
             ' command are a user and a group; an argument needs quotes: notify "/x nobody"'],
            id="an unknown user",
        ),
        pytest.param(
            group(BOTH + "smtp_alert\n"),
            [f"a.conf:6:1: warning: {G}smtp_alert sends no mail without smtp_server and notification_email"
             " in global_defs"],
            id="mail without a server",
        ),
        pytest.param(
            "vrrp_sync_group {\n" + BOTH + "}\n",
            ["a.conf:1:1: vrrp_sync_group has no name"],
            id="no name",
        ),
    ],
)  # fmt: skip
def test_what_is_odd_about_a_group_is_told(problem_lines: Lines, text: str, expected: list[str]) -> None:
    assert problem_lines(text + TWO) == expected


def test_a_channel_for_an_unknown_group_is_told(problem_lines: Lines) -> None:
    yaml = """
vrrp_instance: {VI_1: {interface: eth1, virtual_router_id: 1, no_virtual_ipaddress: true}}
channels: {x: {type: smtp, server: h, sender: a@b.c, recipients: [a@b.c], groups: [VI_1]}}
"""
    assert problem_lines(yaml, file="a.yaml") == [
        "a.yaml:3:84: channels x: groups 'VI_1' is unknown, expected the name of a vrrp_sync_group"
    ]


def test_a_member_cannot_have_another_priority_by_an_interface_or_a_file_but_a_fault(
    loaded: Callable[..., Loaded],
) -> None:
    text = (
        "track_file {t} {{\nfile /run/{t}\n}}\ntrack_file {u} {{\nfile /run/{u}\nweight 2\n}}\n"
        "vrrp_instance VI_1 {{\ninterface eth1\nvirtual_router_id 1\nno_virtual_ipaddress\n"
        "track_interface {{\neth2 weight -20\neth3 weight 5 reverse\neth4\n}}\ntrack_file {{\n{t}\n{u}\n}}\n}}\n"
        "vrrp_instance VI_2 {{\ninterface eth5\nvirtual_router_id 1\nno_virtual_ipaddress\n}}\n"
        "vrrp_sync_group G1 {{\ngroup {{\nVI_1 VI_2\n}}\n{word}\n}}\n"
    )

    alone = loaded(("a.conf", text.format(t="one", u="two", word="")))
    weighted = loaded(("a.conf", text.format(t="one", u="two", word="sync_group_tracking_weight")))

    assert alone.settings is not None
    assert weighted.settings is not None
    instance, kept = alone.settings.core.instances[0], weighted.settings.core.instances[0]
    assert instance.track_interfaces == (
        TrackedInterface("eth2"), TrackedInterface("eth3", reverse=True), TrackedInterface("eth4")
    )  # fmt: skip
    assert instance.track_files == (TrackedFile("one", 0),)
    assert kept.track_interfaces[:2] == (TrackedInterface("eth2", -20), TrackedInterface("eth3", 5, reverse=True))
    assert kept.track_files == (TrackedFile("one", 1), TrackedFile("two", 2))
    assert [problem.message for problem in alone.problems if "vrrp_sync_group G1" in problem.message] == [
        "track_interface eth2 counts as weight 0 in vrrp_sync_group G1",
        "track_interface eth3 counts as weight 0 in vrrp_sync_group G1",
        "track_file one counts as weight 0 in vrrp_sync_group G1",
        "track_file two with weight 2 is ignored in vrrp_sync_group G1",
    ]


def test_a_bfd_session_is_told_to_be_none_of_ours(problem_lines: Lines) -> None:
    text = "bfd_instance b1 {\n neighbor_ip 192.0.2.1\n}\nvrrp_instance VI_1 {\n interface eth0\n"
    text += " virtual_router_id 1\n no_virtual_ipaddress\n}\n"

    assert problem_lines(text) == ["a.conf:1:1: warning: bfd_instance is not used: hahub does not speak BFD"]
