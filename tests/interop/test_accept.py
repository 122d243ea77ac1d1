"""no_accept: both daemons keep packets from the same addresses, and their neighbours still find them."""

import json
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import require
from tests.interop.test_families import enable_ipv6
from tests.lab import DAEMONS, Daemon, Hahub, Lab
from tests.lab.network import lab_or_skip
from tests.lab.timeline import wait_until

pytestmark = [pytest.mark.namespaces, pytest.mark.slow]

SILENT = ("10.9.0.200", "10.9.0.201", "fe80::200", "fd00::200")
OPEN = ("10.9.0.203",)
ALL = (*SILENT, *OPEN)
PROBE = """
import concurrent.futures, errno, json, socket, struct, sys
def family(text): return socket.AF_INET6 if ":" in text else socket.AF_INET
def place(text, port): return (text, port, 0, socket.if_nametoindex("eth0")) if ":" in text else (text, port)
def tcp(text):
    with socket.socket(family(text), socket.SOCK_STREAM) as sock:
        sock.settimeout(0.4)
        return sock.connect_ex(place(text, 9)) == errno.ECONNREFUSED
def ping(text):
    six = ":" in text
    with socket.socket(family(text), socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP) as sock:
        sock.settimeout(0.4)
        sock.sendto(struct.pack("!BBHHH", 128 if six else 8, 0, 0 if six else 0xf7fd, 1, 1), place(text, 0))
        try:
            while True:
                packet, (sender, *_) = sock.recvfrom(2000)
                if sender.partition("%")[0] == text and packet[0 if six else 20] == (129 if six else 0):
                    return True
        except TimeoutError:
            return False
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    asked = {text: [pool.submit(tcp, text), pool.submit(ping, text)] for text in sys.argv[1:]}
print(json.dumps({text: [answer.result() for answer in answers] for text, answers in asked.items()}))
"""
"""What it finds: whether a connection is refused, which only the addressee can do, and whether a ping is answered."""
SAYS = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind((sys.argv[1], 0))
    try:
        sock.sendto(b"x", ("10.9.0.2", 9))
        print("sent")
    except PermissionError:
        print("dropped")
"""


def configuration(word: str) -> str:
    """Three instances; ``word`` is what two of them say about accepting."""

    def instance(number: int, lines: str, *addresses: str) -> str:
        return (
            f"vrrp_instance VI_{number} {{\ninterface eth0\nvirtual_router_id {number}\npriority 100\nversion 3\n"
            f"advert_int 0.1\n{lines}\nvirtual_ipaddress {{\n" + "\n".join(addresses) + "\n}\n}\n"
        )

    return (
        "global_defs {\nscript_user root\nvrrp_notify_fifo /run/lab/fifo\nnftables fence\nnftables_counters\n}\n"
        + instance(1, f"{word}\nvirtual_ipaddress_excluded {{\n10.9.0.201/24\n}}", "10.9.0.200/24")
        + instance(2, word, "fe80::200/64", "fd00::200/64")
        + instance(3, "", "10.9.0.203/24")
    )


@pytest.fixture
def lab() -> Iterator[Lab]:
    with lab_or_skip() as laboratory:
        require("nft")
        for number, host in enumerate(laboratory.hosts.values(), start=1):
            enable_ipv6(host, number)
        yield laboratory
        print(laboratory.story())


def probe(lab: Lab) -> dict[str, list[bool]]:
    """What the other host finds out about each address."""
    found: dict[str, list[bool]] = json.loads(lab["b"].run(sys.executable, "-c", PROBE, *ALL))
    return found


def answering(*addresses: str) -> dict[str, list[bool]]:
    return {address: [address in addresses] * 2 for address in ALL}


def neighbours(lab: Lab) -> dict[str, str]:
    """Whom the other host has found by ARP and neighbour discovery."""
    entries = json.loads(lab["b"].run("ip", "-j", "neighbour", "show", "dev", "eth0"))
    return {entry["dst"]: entry["lladdr"] for entry in entries if "lladdr" in entry and entry["dst"] in ALL}


def says(lab: Lab, source: str) -> str:
    return lab["a"].run(sys.executable, "-c", SAYS, source).strip()


def tables(lab: Lab) -> str:
    return lab["a"].run("nft", "list", "tables").strip()


def start(lab: Lab, name: str, word: str) -> Daemon:
    daemon = DAEMONS[name](lab["a"], configuration(word))
    daemon.start()
    wait_for_masters(lab)
    return daemon


def wait_for_masters(lab: Lab, count: int = 1) -> None:
    for number in (1, 2, 3):
        lab["a"].fifo.wait_for_state("MASTER", count=count, instance=f"VI_{number}")


@pytest.mark.keepalived
@pytest.mark.parametrize("name", ["keepalived", "hahub"])
def test_a_master_that_does_not_accept_is_found_and_says_nothing(lab: Lab, name: str) -> None:
    require("keepalived")
    daemon = start(lab, name, "no_accept")

    found, known = probe(lab), neighbours(lab)
    said = [says(lab, "10.9.0.200"), says(lab, "10.9.0.203")]
    daemon.reload(configuration("accept"))
    wait_until(lambda: probe(lab) == answering(*ALL), "everything to answer after a reload")
    if name == "hahub":  # 2.2.7 forgets the rules for addresses that are there already
        daemon.reload(configuration("no_accept"))
        wait_until(lambda: probe(lab) == answering(*OPEN), "the rest to be silent again")
    before = tables(lab)
    daemon.stop()

    assert found == answering(*OPEN)
    assert known == dict.fromkeys(ALL, lab["a"].mac)
    assert said == ["dropped", "sent"]
    assert "fence" in before
    assert tables(lab) == ""
    assert lab["a"].fifo.states() == ["BACKUP", "MASTER", "STOP"]


def test_rules_outlive_what_is_killed_and_not_their_use(lab: Lab) -> None:
    daemon = start(lab, "hahub", "no_accept")
    assert isinstance(daemon, Hahub)

    daemon.kill()
    left = lab["a"].addresses(), probe(lab), tables(lab)
    daemon.configure(configuration("accept").replace("nftables fence\n", ""))
    daemon.start()
    wait_for_masters(lab, 2)
    fresh = tables(lab), probe(lab)
    daemon.reload(configuration("no_accept"))
    wait_until(lambda: "fence" in tables(lab), "a table")
    lab["a"].run("nft", "flush", "ruleset")
    wait_until(lambda: probe(lab) == answering(*OPEN), "what somebody removed to be there again")
    daemon.kill_parent()
    wait_until(lambda: not lab["a"].processes(), "the guard to end")

    assert set(left[0]) >= {"10.9.0.200/24", "10.9.0.201/24"}
    assert left[1:] == (answering(*OPEN), "table inet fence")
    assert fresh == ("", answering(*ALL))
    assert (tables(lab), lab["a"].addresses()) == ("", ["10.9.0.1/24"])
