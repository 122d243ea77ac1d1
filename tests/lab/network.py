"""Hosts a, b, c on one switch, each in a network namespace of its own; the root namespace sees nothing of it.

::

    hh-PID-a     hh-PID-b        addresses 10.9.0.1, 10.9.0.2, ...  MACs 02:00:00:00:00:01, ...
      eth0         eth0         eth1 on a second switch, 10.10.0.1, ..., where a test wants it
        |            |           veth pairs
       to-a         to-b         recorded here, before switching
    +--------------------+
    |   switch (bridge)  |       hh-PID-switch
    +--------------------+
"""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pytest

from tests.conftest import require
from tests.lab.fifo_log import FifoLog
from tests.lab.frames import Advert
from tests.lab.mastership import Incident, Mastership, Record, measure
from tests.lab.recorder import Recorder
from tests.lab.timeline import PATIENCE, Timeline, wait_until

if TYPE_CHECKING:
    from tests.lab.daemons import Daemon

VIP = "10.9.0.200"
VIRTUAL_ROUTER_ID = 51

_numbers = itertools.count(1)


def ip(*arguments: str, namespace: str | None = None) -> str:
    """Run ip(8). Raises AssertionError with what it said when it fails."""
    return _run("ip", *(("-n", namespace) if namespace else ()), *arguments)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


class Host:
    """One machine: a network namespace, a directory, and at most one VRRP daemon."""

    def __init__(self, lab: "Lab", name: str, number: int) -> None:
        self.lab = lab
        self.name = name
        self.namespace = f"{lab.prefix}-{name}"
        self.address = f"10.9.0.{number}"
        self.mac = f"02:00:00:00:00:{number:02x}"
        self.port = f"to-{name}"
        self.directory = lab.directory / name
        self.directory.mkdir(mode=0o755)
        self.argv_log = self.directory / "argv"
        self.fifo = FifoLog(self.directory / "fifo")
        self.daemon: Daemon | None = None
        self._write_notify_script()

    def _write_notify_script(self) -> None:
        """A notify script that records what it was given: one line, tabs between the words."""
        script = self.directory / "notify.sh"
        script.write_text(
            f'#!/bin/sh\nline=$0\nfor word; do line="$line\t$word"; done\nprintf \'%s\\n\' "$line" >> {self.argv_log}\n'
        )
        script.chmod(0o755)

    def connect(self) -> None:
        """Make the namespace and plug it into the switch."""
        ip("netns", "add", self.namespace)
        self.run("sh", "-c", "for name in all default; do echo 1 > /proc/sys/net/ipv6/conf/$name/disable_ipv6; done")
        ip("link", "set", "lo", "up", namespace=self.namespace)
        self.add_interface()

    def add_interface(self) -> None:
        """Make eth0, with its address, and plug it in."""
        self._add_interface("eth0", self.mac, self.address, port=self.port, bridge="switch")

    def add_second_interface(self) -> None:
        """Make eth1, on the second switch."""
        mac, address = self.mac.replace("00:00:00:00", "00:00:00:01"), self.address.replace("10.9.", "10.10.")
        self._add_interface("eth1", mac, address, port=f"{self.port}-2", bridge="switch2")
        self.lab.watch_port(self, f"{self.port}-2")

    def _add_interface(self, name: str, mac: str, address: str, *, port: str, bridge: str) -> None:
        switch = self.lab.switch
        peer = ("peer", "name", name, "address", mac, "netns", self.namespace)
        ip("link", "add", port, "type", "veth", *peer, namespace=switch)
        ip("link", "set", port, "master", bridge, "up", namespace=switch)
        ip("address", "add", f"{address}/24", "dev", name, namespace=self.namespace)
        ip("link", "set", name, "up", namespace=self.namespace)

    def run(self, *command: str) -> str:
        """Run a command in this host and return its output."""
        return _run("ip", "netns", "exec", self.namespace, *command)

    def ip(self, *arguments: str) -> str:
        """Run ip(8) in this host."""
        return ip(*arguments, namespace=self.namespace)

    def addresses(self, interface: str = "eth0") -> list[str]:
        """Return the IPv4 addresses of an interface as ``address/prefix``, in the kernel's order."""
        links = json.loads(self.ip("-j", "-4", "address", "show", "dev", interface))
        return [f"{entry['local']}/{entry['prefixlen']}" for link in links for entry in link.get("addr_info", [])]

    def holds(self, address: str = VIP, *, interface: str = "eth0") -> bool:
        """True when the address is on the interface."""
        return any(held.split("/")[0] == address for held in self.addresses(interface))

    def processes(self) -> list[int]:
        """Return the ids of everything that runs in this host, the youngest first."""
        return sorted(map(int, ip("netns", "pids", self.namespace).split()), reverse=True)

    def argv(self) -> list[str]:
        """Return the calls of the notify script so far, one line each, words separated by tabs."""
        return self.argv_log.read_text().splitlines() if self.argv_log.exists() else []

    def remove_interface(self) -> None:
        """Pull the network card out. What is sent after ``add_interface`` is not recorded any more."""
        self.ip("link", "del", "eth0")
        self.lab.note(self, "eth0 removed", ends_reign=True)

    def interface_down(self) -> None:
        """Switch eth0 off, as an administrator does."""
        self.ip("link", "set", "eth0", "down")
        self.lab.note(self, "eth0 down", ends_reign=True)

    def interface_up(self) -> None:
        self.lab.note(self, "eth0 up")
        self.ip("link", "set", "eth0", "up")

    def carrier_down(self) -> None:
        """Switch the other end of the cable off: the interface stays up, without carrier."""
        ip("link", "set", self.port, "down", namespace=self.lab.switch)
        self.lab.note(self, "carrier lost", ends_reign=True)

    def carrier_up(self) -> None:
        self.lab.note(self, "carrier back")
        ip("link", "set", self.port, "up", namespace=self.lab.switch)

    def unplug(self) -> None:
        """Cut the host off from the others; its carrier stays, it notices nothing."""
        ip("link", "set", self.port, "nomaster", namespace=self.lab.switch)
        self.lab.note(self, "unplugged")

    def unplug_second_interface(self) -> None:
        """Cut the host off from the others on the second switch only."""
        ip("link", "set", f"{self.port}-2", "nomaster", namespace=self.lab.switch)
        self.lab.note(self, "second interface unplugged")

    def plug_second_interface(self) -> None:
        self.lab.note(self, "second interface plugged in again")
        ip("link", "set", f"{self.port}-2", "master", "switch2", namespace=self.lab.switch)

    def plug(self) -> None:
        self.lab.note(self, "plugged in again")
        ip("link", "set", self.port, "master", "switch", namespace=self.lab.switch)

    def is_emptied(self) -> bool:
        """Kill what runs here; True when nothing does."""
        self.kill_everything()
        return not self.processes()

    def kill_everything(self) -> None:
        """SIGKILL to every process in this host; all stand still first, so that none notices the death of another."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, number)


class Lab:
    """The whole laboratory; a context manager that leaves nothing behind."""

    def __init__(self, *names: str, recorded: bool = True) -> None:
        """names: of the hosts, ``a`` and ``b`` unless told otherwise.

        recorded: False for who watches by own means and wants nothing else to use the processor.
        """
        self.prefix = f"hh-{os.getpid()}-{next(_numbers)}"
        self.switch = f"{self.prefix}-switch"
        self.timeline: Timeline[Record] = Timeline()
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.prefix}-"))
        self.directory.chmod(0o755)  # the hub and scripts of other users live here
        self._cleanup = contextlib.ExitStack()
        self._names = names or ("a", "b")
        self._recorder = Recorder(self.timeline) if recorded else None
        self.hosts: dict[str, Host] = {}
        self.started_at = time.monotonic()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            ip("netns", "add", self.switch)
            stack.callback(ip, "netns", "del", self.switch)
            ip("link", "set", "lo", "up", namespace=self.switch)
            for name in ("switch", "switch2"):
                bridge = ("type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0")
                ip("link", "add", name, *bridge, namespace=self.switch)
                ip("link", "set", name, "up", namespace=self.switch)
            if self._recorder is not None:
                stack.callback(self._recorder.close)
            for number, name in enumerate(self._names, start=1):
                host = self.hosts[name] = Host(self, name, number)
                stack.callback(host.fifo.close)
                stack.callback(self._remove, host)
                host.connect()
                self.watch_port(host, host.port)
                if self._recorder is not None:
                    self._recorder.watch_addresses(host.namespace, name)
            if self._recorder is not None:
                self._recorder.start()
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @staticmethod
    def _remove(host: Host) -> None:
        if not Path("/run/netns", host.namespace).exists():
            return
        wait_until(host.is_emptied, f"the end of all in {host.namespace}")
        if host.daemon is not None:
            host.daemon.reap()
        ip("netns", "del", host.namespace)

    def watch_port(self, host: Host, port: str) -> None:
        """Record what a host sends by one of its cables."""
        if self._recorder is not None:
            self._recorder.watch_port(self.switch, port, host.name)

    def note(self, host: Host, what: str, *, ends_reign: bool = False) -> None:
        """Record what the test does, so that times can be told from it."""
        self.timeline.add(Incident(time.monotonic(), host.name, what, ends_reign))

    def adverts(self, host: Host | None = None, *, since: float = 0.0) -> list[Advert]:
        """Return the advertisements that one host, or all, sent."""
        return [
            record
            for record in self.timeline.records()
            if isinstance(record, Advert) and record.at > since and (host is None or record.host == host.name)
        ]

    def wait_for_advert(self, host: Host, *, since: float, count: int = 1, within: float = PATIENCE) -> Advert:
        """Return the ``count``-th advertisement that the host sends after a moment."""

        def matching(records: list[Record]) -> list[Advert]:
            return [r for r in records if isinstance(r, Advert) and r.host == host.name and r.at > since]

        records = self.timeline.wait_until(
            lambda records: len(matching(records)) >= count, f"{count} adverts from {host.name}", within=within
        )
        return matching(records)[count - 1]

    def settle(self, master: Host, *, adverts: int = 4, within: float = PATIENCE) -> None:
        """Wait until this host says MASTER and nobody else that lives, and the address is where it should be.

        Then look on for some adverts more: nobody else may speak, no state may change, no address may move.
        """
        wait_until(lambda: self._is_settled(master), f"{master.name} to be the only master", within=within)
        since = time.monotonic()
        states = {name: host.fifo.states() for name, host in self.hosts.items()}

        self.wait_for_advert(master, since=since, count=adverts, within=within)

        assert {advert.host for advert in self.adverts(since=since)} == {master.name}, self.story()
        assert {name: host.fifo.states() for name, host in self.hosts.items()} == states, self.story()
        assert self._is_settled(master), self.story()

    def _is_settled(self, master: Host) -> bool:
        living = [host for host in self.hosts.values() if host.daemon is not None and host.daemon.is_running]
        masters = [host for host in living if host.fifo.states()[-1:] == ["MASTER"]]
        return masters == [master] and [host for host in living if host.holds()] == [master]

    def measure(self, *, since: float) -> Mastership:
        """Return the time without and with two masters, from a moment until now."""
        return measure(
            self.timeline.records(),
            since=since,
            until=time.monotonic(),
            virtual_router_id=VIRTUAL_ROUTER_ID,
            address=VIP,
        )

    def story(self) -> str:
        """Return all that happened in order of time, and what the daemons logged: for people who look for a bug."""
        told: list[tuple[float, str]] = []
        previous: dict[str, int] = {}
        for record in self.timeline.records():
            if isinstance(record, Advert):
                if previous.get(record.host) == record.priority:
                    continue
                previous[record.host] = record.priority
            told.append((record.at, str(record)))
        for host in self.hosts.values():
            told += [(record.at, f"{host.name} FIFO: {record.text}") for record in host.fifo.records()]
        lines = [f"{at - self.started_at:9.3f} {text}" for at, text in sorted(told)]
        logs = [f"--- {host.name}\n{host.daemon.log}" for host in self.hosts.values() if host.daemon is not None]
        return "\n".join(["", *lines, *logs])


def lab_or_skip(*names: str) -> Lab:
    """Return a laboratory; on a machine that cannot have one, skip the test and say why."""
    require("ip")
    if os.geteuid() != 0:
        message = "this test needs root, to make network namespaces that several programs can enter"
        (pytest.fail if os.environ.get("HAHUB_SKIPS_FAIL") else pytest.skip)(message)
    return Lab(*names)
