"""What hahub makes of tracked files and interfaces is what keepalived makes of them, number by number."""

import os
from pathlib import Path

import pytest

from tests.conftest import require
from tests.lab import DAEMONS, Hahub, Host, Lab
from tests.lab.timeline import wait_until

CONFIG = """global_defs {{
    router_id lab
    script_user root
    vrrp_notify_fifo /run/lab/fifo
}}
{definition}
vrrp_instance VI_1 {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    version 3
    advert_int 0.1
    notify_priority_changes
    {tracks}
    virtual_ipaddress {{
        10.9.0.200/24
    }}
}}
"""
FILE = "track_file tf {{\n    file /run/lab/tf\n    weight {weight}\n    init_file 0\n}}"


@pytest.fixture(params=["hahub", "keepalived"])
def daemon(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if name == "keepalived":
        require("keepalived")
    return name


def lines(host: Host) -> list[str]:
    """What was told, but for a priority that keepalived tells before the first state."""
    told = [line.removeprefix('INSTANCE "VI_1" ') for line in host.fifo.text.splitlines()]
    return told[1:] if told and told[0].startswith("BACKUP_PRIORITY") else told


def wait_for_line(host: Host, expected: list[str]) -> None:
    wait_until(lambda: len(lines(host)) >= len(expected), f"{expected[-1]} after {lines(host)}")
    assert lines(host) == expected


def write(path: Path, number: int) -> None:
    path.write_text(f"{number}\n")


@pytest.mark.namespaces
@pytest.mark.slow
@pytest.mark.parametrize(
    ("weight", "story"),
    [
        pytest.param("1", {-60: "40", 20: "120", -99: "1", 200: "254", -253: "1", 0: "100"}, id="weight 1"),
        pytest.param("-3", {10: "70", -10: "130", 40: "1", 0: "100"}, id="a negative weight"),
        pytest.param("2 reverse", {10: "80", -10: "120", 0: "100"}, id="reverse turns the sign"),
    ],
)
def test_numbers_move_the_priority(lab: Lab, daemon: str, weight: str, story: dict[int, str]) -> None:
    a = lab["a"]
    tracks = "track_file {\n        tf\n    }"
    running = DAEMONS[daemon](a, CONFIG.format(definition=FILE.format(weight=weight), tracks=tracks))

    running.start()
    a.fifo.wait_for_state("MASTER")
    expected = ["BACKUP 100", "MASTER 100"]
    before = "100"
    for number, priority in story.items():
        write(a.directory / "tf", number)
        if priority != before:
            expected.append(f"MASTER_PRIORITY {priority}")
            wait_for_line(a, expected)
        before = priority

    running.stop()
    assert lines(a) == [*expected, f"STOP {before}"]


@pytest.mark.namespaces
@pytest.mark.slow
@pytest.mark.parametrize(
    ("weight", "bad", "good"),
    [
        pytest.param("1", -254, 0, id="below -253"),
        pytest.param("-1", 300, 0, id="by a negative weight"),
        pytest.param("254", -1, 0, id="weight 254: any negative number"),
        pytest.param("0", 7, 0, id="weight 0: any number but 0"),
    ],
)
def test_numbers_mean_fault(lab: Lab, daemon: str, weight: str, bad: int, good: int) -> None:
    a = lab["a"]
    tracks = "track_file {\n        tf\n    }"
    running = DAEMONS[daemon](a, CONFIG.format(definition=FILE.format(weight=weight), tracks=tracks))

    running.start()
    a.fifo.wait_for_state("MASTER")
    write(a.directory / "tf", bad)
    a.fifo.wait_for_state("FAULT")
    write(a.directory / "tf", good)
    a.fifo.wait_for_state("MASTER", count=2)

    assert lines(a) == ["BACKUP 100", "MASTER 100", "FAULT 100", "BACKUP 100", "MASTER 100"]


@pytest.mark.namespaces
@pytest.mark.slow
def test_interfaces_move_the_priority_by_their_weights(lab: Lab, daemon: str) -> None:
    a = lab["a"]
    a.add_second_interface()
    a.ip("link", "add", "spare", "type", "veth", "peer", "name", "end")
    a.ip("link", "set", "end", "up")
    a.ip("link", "set", "spare", "up")
    tracks = "track_interface {\n        eth1 weight 50\n        spare weight -20 reverse\n    }"
    running = DAEMONS[daemon](a, CONFIG.format(definition="", tracks=tracks))

    running.start()
    a.fifo.wait_for_state("MASTER")
    expected = ["BACKUP 150", "MASTER 150"]
    for interface, status, priority in (
        ("eth1", "down", 100),
        ("spare", "down", 120),
        ("eth1", "up", 170),
        ("spare", "up", 150),
    ):
        a.ip("link", "set", interface, status)
        expected.append(f"MASTER_PRIORITY {priority}")
        wait_for_line(a, expected)


@pytest.mark.namespaces
@pytest.mark.slow
def test_no_priority_is_told_before_the_first_state(lab: Lab) -> None:
    a = lab["a"]
    tracks = "track_interface {\n        eth0 weight 50\n    }"
    running = Hahub(a, CONFIG.format(definition="", tracks=tracks))

    running.start()
    a.fifo.wait_for_state("MASTER")

    assert a.fifo.text == 'INSTANCE "VI_1" BACKUP 150\nINSTANCE "VI_1" MASTER 150\n'


@pytest.mark.namespaces
@pytest.mark.slow
def test_an_interface_that_is_not_there_is_down(lab: Lab) -> None:
    a = lab["a"]
    tracks = "track_interface {\n        eth1\n    }"
    running = Hahub(a, CONFIG.format(definition="", tracks=tracks))

    running.start()
    a.fifo.wait_for_state("FAULT")
    a.add_second_interface()
    a.fifo.wait_for_state("MASTER")

    assert lines(a) == ["FAULT 100", "BACKUP 100", "MASTER 100"]


SCRIPTS = """
vrrp_script writes {
    script "/usr/bin/test -w /etc/passwd"
    interval 1
}
vrrp_script writes_as_nobody {
    script "/usr/bin/test -w /etc/passwd"
    interval 1
    user nobody
}
vrrp_script hangs {
    script "/bin/sleep 100"
    interval 9
    timeout 1
}
vrrp_script succeeds_late {
    script "/bin/true"
    interval 1
    rise 3
    init_fail
}
"""


def tracking_of_each(*scripts: str) -> str:
    """A virtual router for each script, of its name."""
    text = CONFIG.partition("vrrp_instance")[0].format(definition=SCRIPTS)
    for number, script in enumerate(scripts, start=1):
        text += (
            f"vrrp_instance {script} {{\n interface eth0\n virtual_router_id {number}\n priority 100\n version 3\n"
            f" advert_int 0.1\n track_script {{\n {script}\n }}\n virtual_ipaddress {{\n 10.9.{number}.1\n }}\n}}\n"
        )
    return text


@pytest.mark.namespaces
@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="this test needs root, which this user is not")
def test_scripts_run_as_their_user_and_have_so_much_time(lab: Lab, daemon: str) -> None:
    """``init_fail`` is for hahub alone: keepalived forgets it at the first success."""
    a = lab["a"]
    running = DAEMONS[daemon](a, tracking_of_each("writes", "writes_as_nobody", "hangs", "succeeds_late"))

    running.start()
    started = a.fifo.wait_for_state("MASTER", instance="writes")
    a.fifo.wait_for_state("FAULT", instance="writes_as_nobody")
    a.fifo.wait_for_state("FAULT", instance="hangs")
    late = a.fifo.wait_for_state("MASTER", instance="succeeds_late")

    for name in ("writes_as_nobody", "hangs"):
        assert set(a.fifo.states(name)) == {"FAULT"}
    assert a.fifo.states("writes") == ["BACKUP", "MASTER"]
    if daemon == "hahub":
        assert a.fifo.states("succeeds_late") == ["FAULT", "BACKUP", "MASTER"]
        assert late - started > 1.5


@pytest.mark.namespaces
@pytest.mark.slow
@pytest.mark.parametrize("word", ["", "sync_group_tracking_weight"])
def test_in_a_group_weights_of_a_member_count_where_that_is_asked_for(lab: Lab, daemon: str, word: str) -> None:
    """2.2.7 logs that it ignores the weight, as hahub does, and then counts it all the same."""
    a = lab["a"]
    a.add_second_interface()
    tracks = "track_interface {\n        eth1 weight 20\n    }"
    first = CONFIG.format(definition="", tracks=tracks)
    second = first[first.index("vrrp_instance") :].replace("VI_1", "VI_2").replace("id 51", "id 52")
    group = f"vrrp_sync_group G {{\n group {{\n VI_1\n VI_2\n }}\n {word}\n}}\n"
    running = DAEMONS[daemon](a, first + second.replace("10.9.0.200", "10.9.0.202") + group)
    counts = bool(word) or daemon == "keepalived"

    running.start()
    for name in ("VI_1", "VI_2"):
        a.fifo.wait_for_state("MASTER", instance=name)
    a.ip("link", "set", "eth1", "down")
    for name in ("VI_1", "VI_2"):
        a.fifo.wait_for_state("MASTER_PRIORITY" if counts else "FAULT", instance=name)

    told = [line for line in a.fifo.text.splitlines() if "VI_1" in line and "BACKUP_PRIORITY" not in line]
    after = ["BACKUP 120", "MASTER 120", "MASTER_PRIORITY 100"] if counts else ["BACKUP 100", "MASTER 100", "FAULT 100"]
    assert told == [f'INSTANCE "VI_1" {line}' for line in after]
    assert word or "eth1" in next(line for line in running.log.splitlines() if "weight" in line)
