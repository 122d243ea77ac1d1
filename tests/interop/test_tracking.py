"""What hahub makes of tracked files and interfaces is what keepalived makes of them, number by number."""

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
