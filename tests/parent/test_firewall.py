"""The parent's table of nftables: loaded, replaced, removed, and what keeps it from that."""

import dataclasses
import os
import signal
from pathlib import Path

import pytest
import trio

from hahub.parent.firewall import Firewall, FirewallError
from hahub.parent.guard_link import GuardLink
from hahub.settings import FirewallSettings, ParentSettings, VirtualAddress
from tests.conftest import require
from tests.net.namespace import in_namespace
from tests.net.test_firewall import nft
from tests.parent.harness import Daemon, settings
from tests.parent.logbook import LogBook

FIRST = FirewallSettings((VirtualAddress("10.0.0.1", 24, "eth0"),))
SECOND = FirewallSettings((VirtualAddress("10.0.0.2", 24, "eth0"),))
OTHER = FirewallSettings(FIRST.addresses, table="fence")
NONE = FirewallSettings()
ELSEWHERE = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))
FOREIGN = "table inet fence { set x { type ipv4_addr; }; }"


@pytest.fixture(autouse=True)
def nft_is_there() -> None:
    require("nft", "unshare")


def life(directory: Path) -> tuple[Firewall, GuardLink, LogBook]:
    """One with a guard that runs; closing the guard is the end of the daemon."""
    log = LogBook(directory / "log")
    guard = GuardLink("test-firewall", log.writer.named("parent"))
    guard.start()
    return Firewall(guard, log.writer.named("parent"), directory), guard, log


def shown() -> str:
    return nft("list", "ruleset")


@in_namespace
def test_rules_follow_the_configuration_and_the_guard_removes_them(tmp_path: Path) -> None:
    firewall, guard, log = life(tmp_path)

    seen = []
    firewall.begin(NONE)
    seen.append(shown())
    for wanted in (FIRST, SECOND, OTHER, NONE, FIRST):
        firewall.change(wanted)
        seen.append(shown())
    guard.close()

    assert [text.count("table ") for text in seen] == [0, 1, 1, 1, 0, 1]
    assert [text.count("10.0.0.1") for text in seen] == [0, 1, 0, 1, 0, 1]
    assert "table inet fence" in seen[3]
    assert shown() == ""
    assert log.lines == []


@in_namespace
@pytest.mark.parametrize("table", ["hahub", "fence"])
def test_what_an_earlier_run_left_is_removed_at_the_start(tmp_path: Path, table: str) -> None:
    firewall, guard, _ = life(tmp_path)
    firewall.begin(FirewallSettings(FIRST.addresses, table))
    guard.forget_table(table)
    guard.close()
    firewall, guard, log = life(tmp_path)

    firewall.begin(NONE)
    guard.close()

    assert shown() == ""
    assert log.lines == [f"WARNING parent: removing table inet {table} of nftables, left by an earlier run"]


@in_namespace
def test_a_table_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    nft("-f", "-", script=FOREIGN)
    before = shown()
    firewall, guard, _ = life(tmp_path)
    firewall.begin(FirewallSettings(table="fence"))
    firewall.change(FIRST)

    with pytest.raises(FirewallError) as refused:
        firewall.change(OTHER)
    during = shown()
    guard.close()

    expected = "nftables has a table inet fence that hahub did not make, expected another name in nftables"
    assert str(refused.value) == expected
    assert "10.0.0.1" in during
    assert shown() == before


@in_namespace
def test_rules_that_nft_refuses_leave_those_before_as_they_are(tmp_path: Path) -> None:
    firewall, guard, _ = life(tmp_path)
    firewall.begin(FIRST)
    before = shown()

    for table in ("hahub", "ip"):  # the second is a word of nft's language
        with pytest.raises(FirewallError, match=r"nft refuses the rules for no_accept: .*: "):
            firewall.change(FirewallSettings((VirtualAddress("10.0.0.999", 24, "eth0"),), table))
    during = shown()
    guard.close()

    assert during == before
    assert shown() == ""


@in_namespace
def test_rules_that_somebody_removes_come_back(tmp_path: Path) -> None:
    """As when the firewall service of the host starts again. What we do ourselves is no reason for a word."""
    firewall, guard, log = life(tmp_path)

    async def live() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(firewall.keep)
            firewall.change(FIRST)
            firewall.change(SECOND)
            wanted = shown()
            for command in (("flush", "ruleset"), ("delete", "table", "inet", "hahub")):
                nft(*command)
                with trio.fail_after(30):
                    while shown() != wanted:
                        await trio.sleep(0.02)
            nft("-f", "-", script="table inet other {}; delete table inet other")
            firewall.change(NONE)
            await trio.sleep(0.1)
            nursery.cancel_scope.cancel()

    trio.run(live)
    guard.close()

    assert shown() == ""
    said = "WARNING parent: somebody removed table inet hahub of nftables: loading it again"
    assert log.lines == [said, said]


@pytest.mark.namespaces
def test_a_daemon_does_not_run_half(tmp_path: Path) -> None:
    """Rules that are refused keep it from starting, and from taking another configuration."""
    good, bad = (
        dataclasses.replace(settings(), parent=ParentSettings(firewall=each))
        for each in (FIRST, FirewallSettings((VirtualAddress("10.0.0.999", 24, "eth0"),)))
    )
    with Daemon(tmp_path, bad, prefix=ELSEWHERE) as daemon:
        assert daemon.process.wait(30) == 1
        assert "hahub: nft refuses the rules for no_accept: " in daemon.log
    with Daemon(tmp_path, good, prefix=ELSEWHERE) as daemon:
        daemon.wait_ready()
        daemon.configure(bad)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_log("reload refused, the old configuration stays: nft refuses the rules for no_accept: ")

        assert len({line["text"] for line in daemon.heard("core", "Configure")}) == 1
        assert daemon.terminate() == 0


@in_namespace
def test_without_nft_only_a_configuration_that_needs_it_is_refused(tmp_path: Path) -> None:
    firewall, guard, _ = life(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hahub.parent.firewall._ELSEWHERE", "")
        patch.setenv("PATH", str(tmp_path))

        firewall.begin(NONE)
        with pytest.raises(FirewallError) as refused:
            firewall.change(FIRST)
    guard.close()

    assert str(refused.value) == "no_accept needs nftables, but there is no nft on this machine"
