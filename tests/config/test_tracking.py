"""Interfaces, processes and files that instances depend on: both languages, defaults, mistakes."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import (
    CheckScript,
    ParamMatch,
    Settings,
    TrackedFile,
    TrackedInterface,
    TrackedProcess,
    WatchedFile,
    WatchedProcess,
)

Lines = Callable[..., list[str]]

HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n"

CONF = """
track_file plain {
    file /run/plain
}
vrrp_track_file old {
    file "/run/old name"
    weight -3 reverse
    init_file
}
track_file set {
    file /run/set
    weight 0
    init_file -7 overwrite
}
vrrp_track_process web {
    process nginx
}
vrrp_track_process db {
    process "/usr/bin/my db" --port "3306 a"
    param_match initial
    full_command
    weight 5 reverse
    quorum 2
    quorum_max 4
    delay 1.5
    terminate_delay 3
}
vrrp_track_process never {
    process rogue -x
    quorum_max 0
}
vrrp_script chk {
    script /bin/chk
    rise 3
    init_fail
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    no_virtual_ipaddress
    track_script {
        chk
    }
    track_interface {
        eth1
        eth2 weight -60
        eth3 weight 20 reverse
    }
    track_file {
        plain
        old
        set weight 254
    }
    track_process {
        web
        db noreverse
        never weight 0
    }
}
"""
YAML = """
track_file:
  plain: {file: /run/plain}
  old: {file: /run/old name, weight: -3 reverse, init_file: true}
  set: {file: /run/set, weight: 0, init_file: {value: -7, overwrite: true}}
vrrp_track_process:
  web: {process: nginx}
  db:
    process: {command: /usr/bin/my db, arguments: [--port, 3306 a]}
    param_match: initial
    full_command: true
    weight: {weight: 5, reverse: true}
    quorum: 2
    quorum_max: 4
    delay: 1.5
    terminate_delay: 3
  never: {process: rogue -x, quorum_max: 0}
vrrp_script:
  chk: {script: /bin/chk, rise: 3, init_fail: true}
vrrp_instance:
  VI_1:
    interface: eth0
    virtual_router_id: 51
    no_virtual_ipaddress: true
    track_script: [chk]
    track_interface: [eth1, eth2 weight -60, {name: eth3, weight: 20, reverse: true}]
    track_file: [plain, old, set weight 254]
    track_process: [web, db noreverse, {name: never, weight: 0}]
"""


def settings_of(loaded: Loaded) -> Settings:
    assert loaded.settings is not None, loaded.problems
    assert loaded.problems == ()
    return loaded.settings


def test_what_is_tracked_and_what_is_watched(loaded: Callable[..., Loaded]) -> None:
    settings = settings_of(loaded(("a.conf", CONF)))

    instance = settings.core.instances[0]
    assert instance.track_interfaces == (
        TrackedInterface("eth1"),
        TrackedInterface("eth2", -60),
        TrackedInterface("eth3", 20, reverse=True),
    )
    assert instance.track_files == (
        TrackedFile("plain", 1),
        TrackedFile("old", -3, reverse=True),
        TrackedFile("set", 254),
    )
    assert instance.track_processes == (
        TrackedProcess("web", 1),
        TrackedProcess("db", 5),
        TrackedProcess("never", 0),
    )
    assert settings.parent.watched_files == (
        WatchedFile("plain", "/run/plain"),
        WatchedFile("old", "/run/old name", 0),
        WatchedFile("set", "/run/set", -7, overwrite=True),
    )
    assert settings.parent.watched_processes == (
        WatchedProcess("web", "nginx"),
        WatchedProcess(
            "db",
            "/usr/bin/my db",
            ("--port", "3306 a"),
            ParamMatch.INITIAL,
            full_command=True,
            quorum=2,
            quorum_max=4,
            fork_delay=1.5,
            terminate_delay=3.0,
        ),
        WatchedProcess("never", "rogue", ("-x",), ParamMatch.EXACT, quorum=0, quorum_max=0),
    )
    assert [(check.name, check.init_fail, check.rise) for check in settings.parent.check_scripts] == [("chk", True, 3)]
    assert isinstance(settings.parent.check_scripts[0], CheckScript)


def test_both_languages_say_the_same(loaded: Callable[..., Loaded]) -> None:
    assert settings_of(loaded(("a.yaml", YAML))) == settings_of(loaded(("a.conf", CONF)))


FILE = "track_file tf {\n file /run/tf\n"
PROCESS = "vrrp_track_process web {\n process nginx\n"
USE = HEAD + " track_file {\n  tf\n }\n track_process {\n  web\n }\n}\n"
BOTH = FILE + "}\n" + PROCESS + "}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(BOTH + USE, [], id="nothing wrong"),
        pytest.param(
            HEAD + " track_file {\n  none\n }\n}\n",
            ["a.conf:6:3: vrrp_instance VI_1: track_file 'none' is unknown, expected the name of a track_file"],
            id="no such file",
        ),
        pytest.param(
            HEAD + " track_process {\n  none\n }\n}\n",
            ["a.conf:6:3: vrrp_instance VI_1: track_process 'none' is unknown, expected the name of a"
             " vrrp_track_process"],
            id="no such process",
        ),
        pytest.param(
            HEAD + " track_file {\n  tf\n }\n}\n" + FILE + "}\n",
            ["a.conf:6:3: vrrp_instance VI_1: track_file tf is used before its track_file, at a.conf:9:12;"
             " move the track_file block up, keepalived needs it first"],
            id="used too early",
        ),
        pytest.param(
            BOTH + HEAD + "}\n",
            ["a.conf:1:12: warning: track_file tf: track_file tf is tracked by no vrrp_instance, nobody reads it",
             "a.conf:4:20: warning: vrrp_track_process web: vrrp_track_process web is tracked by no vrrp_instance,"
             " nobody looks for them"],
            id="tracked by nobody",
        ),
        pytest.param(
            HEAD + " track_interface {\n  eth1\n  eth1 weight 5\n  eth2 weight 300\n }\n}\n",
            ["a.conf:8:15: vrrp_instance VI_1: track_interface weight 300 is outside -253 to 253"],
            id="a weight that is too large",
        ),
        pytest.param(
            HEAD + " track_interface {\n  eth1\n  eth1 weight 5\n }\n}\n",
            ["a.conf:7:3: warning: vrrp_instance VI_1: track_interface eth1 is there twice, the second is ignored"],
            id="an interface twice",
        ),
        pytest.param(
            BOTH.replace("/run/tf", "/proc/loadavg") + USE,
            ["a.conf:2:7: track_file tf: file '/proc/loadavg' is not an absolute path of a file,"
             " outside /proc and /sys"],
            id="a file that nobody can watch",
        ),
        pytest.param(
            BOTH.replace("nginx\n", "nginx\n quorum 3\n quorum_max 2\n") + USE,
            ["a.conf:7:13: vrrp_track_process web: quorum 3 is more than quorum_max 2"],
            id="a quorum that cannot be",
        ),
        pytest.param(
            BOTH.replace("nginx\n", "nginx\n param_match regex\n") + USE,
            ["a.conf:6:14: vrrp_track_process web: param_match 'regex' is not known, expected initial,"
             " partial or exact"],
            id="a way to match that is unknown",
        ),
        pytest.param(
            BOTH.replace("/run/tf\n", "/run/tf\n init_file x\n") + USE,
            ["a.conf:3:12: track_file tf: init_file 'x' is not a whole number, expected -2147483647 to 2147483647"],
            id="a first number that is none",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_told(problem_lines: Lines, text: str, expected: list[str]) -> None:
    assert problem_lines(text) == expected


def test_in_a_group_only_what_moves_all_members_alike_may_have_a_weight(loaded: Callable[..., Loaded]) -> None:
    def instance(name: str, number: int, lines: str) -> str:
        head = HEAD.replace("VI_1", name).replace("51", str(number))
        return f"{head}{lines}}}\n"

    own = " track_interface {\n  eth1\n  eth2 weight 5\n }\n"
    shared = "track_interface {\n  eth9 weight -5\n }\n track_file {\n  tf\n }\n"
    group = f"vrrp_sync_group G {{\n group {{\n  VI_1\n  VI_2\n }}\n {shared}}}\n"

    found = loaded(("a.conf", FILE + "}\n" + group + instance("VI_1", 51, own) + instance("VI_2", 52, "")))

    assert found.settings is not None, found.problems
    eth9, tf = TrackedInterface("eth9", -5), TrackedFile("tf")
    assert [(each.track_interfaces, each.track_files) for each in found.settings.core.instances] == [
        ((eth9, TrackedInterface("eth1"), TrackedInterface("eth2")), (tf,)),
        ((eth9,), (tf,)),
    ]
    assert [problem.message for problem in found.problems] == [
        "track_interface eth2 counts as weight 0 in vrrp_sync_group G"
    ]
