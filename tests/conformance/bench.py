"""One daemon under test in a network namespace, its cables, and everything that can be seen of it from outside.

::

    namespace PREFIX-router          namespace PREFIX-tester
      the daemon
      w1  10.9.1.20  <--- cable --->  t1, no address of its own: only what the tester sends by hand
      w2  10.9.2.20  <--- cable --->  t2
"""

import contextlib
import errno
import ipaddress
import itertools
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import trio

from hahub_fifo import Line as FifoLine
from hahub_fifo import LineSplitter, parse_line
from tests.conformance.frames import Frame, read
from tests.conformance.seen import AddressChange, Line
from tests.conformance.situation import Cable, Situation
from tests.lab.daemons import DAEMONS, Daemon
from tests.lab.recorder import in_namespace

_ETH_P_ALL = 3
_SO_TIMESTAMPNS = 35
_SO_RCVBUFFORCE = 33
_PACKET_OUTGOING = 4
_RTMGRP_ADDRESSES = 0x10 | 0x100
_RTM_NEWADDR, _RTM_DELADDR = 20, 21
_IFA_ADDRESS, _IFA_LOCAL = 1, 2

_numbers = itertools.count(1)


class Wire:
    """The tester's end of a cable."""

    def __init__(self, cable: Cable, clock_offset: float) -> None:
        """To be opened in the tester's namespace."""
        self.cable = cable
        self.frames: list[Frame] = []
        self._offset = clock_offset
        self.listening = _listen(cable.far_interface)
        self._sending = _open(cable.far_interface, 0)

    def send(self, frame: bytes) -> Frame:
        """Send a frame; return it as the kernel saw it go."""
        before = len(self.frames)
        self._sending.send(frame)
        self.drain()
        gone = [each for each in self.frames[before:] if each.sent and each.raw == frame]
        assert gone, f"a frame did not leave by {self.cable.far_interface}"
        return gone[0]

    def send_unseen(self, frame: bytes) -> None:
        """Send a frame without looking for it: one of very many."""
        self._sending.send(frame)

    def drain(self) -> None:
        """Take what has come."""
        while True:
            try:
                raw, ancillary, _, address = self.listening.recvmsg(65536, socket.CMSG_SPACE(16))
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno == errno.ENETDOWN:  # said once each time the cable goes down
                    continue
                raise
            self.frames.append(read(raw, at=self._stamp(ancillary), sent=address[2] == _PACKET_OUTGOING))

    def _stamp(self, ancillary: list[tuple[int, int, bytes]]) -> float:
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = struct.unpack("=qq", value)
                return seconds + nanoseconds / 1e9 - self._offset
        raise AssertionError("the kernel did not stamp a frame")

    def close(self) -> None:
        self.listening.close()
        self._sending.close()


def _open(interface: str, protocol: int) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    sock.bind((interface, protocol))
    return sock


def _listen(interface: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 16 << 20)
    sock.bind((interface, _ETH_P_ALL))
    return sock


def _watch_addresses() -> socket.socket:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 4 << 20)
    sock.bind((0, _RTMGRP_ADDRESSES))
    return sock


class Bench:
    """The daemon and its surroundings; a context manager that leaves nothing behind.

    It is the host of a ``tests.lab`` Daemon, and has what such a one asks of its host.
    """

    def __init__(self, situations: Sequence[Situation], daemon: str, more_globals: str = "") -> None:
        self.prefix = f"hc-{os.getpid()}-{next(_numbers)}"
        self.name = "router"
        self.namespace = f"{self.prefix}-router"
        self.tester_namespace = f"{self.prefix}-tester"
        self.directory = Path(tempfile.mkdtemp(prefix=f"{self.prefix}-"))
        self.directory.chmod(0o755)
        self.lab = self
        self.lines: list[Line] = []
        self.changes: list[AddressChange] = []
        self.notes: list[tuple[float, str]] = []
        self.changed = trio.Event()
        self.situations = list(situations)
        self.cables: dict[str, tuple[Cable, ...]] = {}
        self.wires: dict[str, tuple[Wire, ...]] = {}
        self._cleanup = contextlib.ExitStack()
        self._splitter = LineSplitter()
        self._globals = more_globals
        self._assign_cables()
        self.daemon: Daemon = DAEMONS[daemon](self, self.configuration())  # type: ignore[arg-type]

    def _assign_cables(self) -> None:
        numbers = itertools.count(1)
        for situation in self.situations:
            self.cables[situation.name] = tuple(Cable(next(numbers)) for _ in range(situation.cables))

    def configuration(self, replaced: Situation | None = None) -> str:
        """Return the whole configuration; ``replaced``: another version of one of the situations."""
        text = f"""global_defs {{
    router_id bench
    script_user root
    vrrp_notify_fifo /run/lab/fifo
    {self._globals}
}}
"""
        for situation in self.situations:
            if replaced is not None and replaced.name == situation.name:
                situation = replaced
            cables = self.cables[situation.name]
            text += cables[0].fill(situation.more)
            for number, router in enumerate(situation.routers):
                text += router.text(situation.instance(number), cables[router.cable])
        return text

    # What a Daemon asks of its host

    def note(self, _: object, what: str, *, ends_reign: bool = False) -> None:
        """Remember what was done to the daemon."""
        self.notes.append((time.monotonic(), what))

    def processes(self) -> list[int]:
        """Return the ids of everything that runs in the router's namespace, the youngest first."""
        pids = self.run("ip", "netns", "pids", self.namespace).split()
        return sorted(map(int, pids), reverse=True)

    # Its life

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
            stack.callback(self._remove_namespaces)
            self._connect()
            self._fifo = self._open_fifo()
            stack.callback(os.close, self._fifo)
            self._netlink = in_namespace(self.namespace, _watch_addresses)
            stack.callback(self._netlink.close)
            open_all = partial(self._open_wires, _clock_offset())
            self.wires = in_namespace(self.tester_namespace, open_all)
            for wire in self._all_wires():
                stack.callback(wire.close)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def _open_wires(self, clock_offset: float) -> dict[str, tuple[Wire, ...]]:
        return {name: tuple(Wire(cable, clock_offset) for cable in cables) for name, cables in self.cables.items()}

    def _all_wires(self) -> list[Wire]:
        return [wire for wires in self.wires.values() for wire in wires]

    @staticmethod
    def run(*command: str, stdin: str = "") -> str:
        """Run a command; raises AssertionError with what it said when it fails."""
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
        return done.stdout

    def ip(self, *words: str) -> str:
        """Run ip(8) in the router's namespace."""
        return self.run("ip", "-n", self.namespace, *words)

    def shell(self, script: str) -> str:
        """Run a shell script in the router's namespace."""
        return self.run("ip", "netns", "exec", self.namespace, "sh", "-ec", script)

    def _connect(self) -> None:
        for namespace in (self.namespace, self.tester_namespace):
            self.run("ip", "netns", "add", namespace)
            quiet = "cd /proc/sys/net/ipv6/conf; for each in all default; do echo 1 > $each/disable_ipv6; done"
            self.run("ip", "netns", "exec", namespace, "sh", "-ec", quiet)
        cables = [cable for cables in self.cables.values() for cable in cables]
        far = [
            f"link add {c.far_interface} address {c.far_mac} type veth"
            f" peer name {c.interface} address {c.mac} netns {self.namespace}"
            for c in cables
        ]
        far += [f"link set {c.far_interface} up" for c in cables]
        self.run("ip", "-n", self.tester_namespace, "-batch", "-", stdin="\n".join(far))
        self.shell("".join(self._kernel_settings()) or ":")
        near = ["link set lo up"]
        for cable in cables:
            near += [
                f"address add {cable.address}/24 dev {cable.interface}",
                f"link set {cable.interface} up",
                f"neigh add {cable.peer} lladdr {cable.far_mac} dev {cable.interface} nud permanent",
            ]
        near += [line for each in self.situations for line in self._filled(each)]
        self.run("ip", "-n", self.namespace, "-batch", "-", stdin="\n".join(near))

    def _filled(self, situation: Situation) -> Iterator[str]:
        for line in self.cables[situation.name][0].fill(situation.prepare).splitlines():
            if line.strip():
                yield line

    def _kernel_settings(self) -> Iterator[str]:
        for situation in self.situations:
            for cable in self.cables[situation.name] if situation.needs_ipv6 else ():
                for value, key in ((0, "accept_dad"), (0, "disable_ipv6"), (0, "accept_ra")):
                    yield f"echo {value} > /proc/sys/net/ipv6/conf/{cable.interface}/{key}\n"
            for line in self.cables[situation.name][0].fill(situation.kernel).splitlines():
                path, _, setting = line.partition("=")
                yield f"echo {setting} > /proc/sys/{path}\n"

    def wait_for_carrier(self) -> None:
        """Until the kernel has noticed it, an interface drops what is sent; it looks once a second."""
        cables = [cable for cables in self.cables.values() for cable in cables]
        deadline = time.monotonic() + 10
        while True:
            told = self.ip("-o", "link", "show").splitlines()
            up = {
                line.split(": ")[1].split("@")[0] for line in told if "state UP" in line and "qdisc noop " not in line
            }
            missing = {cable.interface for cable in cables} - up
            if not missing:
                break
            assert time.monotonic() < deadline, f"no carrier on {missing}"
            time.sleep(0.01)
        neighbours = [
            f"neigh replace {cable.peer6} lladdr {cable.far_mac} dev {cable.interface} nud permanent"
            for situation in self.situations
            if situation.needs_ipv6
            for cable in self.cables[situation.name]
        ]
        if neighbours:
            self.run("ip", "-n", self.namespace, "-batch", "-", stdin="\n".join(neighbours))

    def _open_fifo(self) -> int:
        os.mkfifo(self.directory / "fifo", 0o600)
        return os.open(self.directory / "fifo", os.O_RDWR | os.O_NONBLOCK)

    def _remove_namespaces(self) -> None:
        existing = {path.name for path in Path("/run/netns").glob(f"{self.prefix}-*")}
        if self.namespace in existing:
            deadline = time.monotonic() + 10
            while pids := self.processes():
                assert time.monotonic() < deadline, f"{pids} do not end"
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self.daemon.reap()
        for name in existing:
            self.run("ip", "netns", "del", name)

    # Seeing

    async def watch(self) -> None:
        """Take everything that comes, until cancelled."""
        async with trio.open_nursery() as nursery:
            for wire in self._all_wires():
                nursery.start_soon(self._watch, wire.listening.fileno(), wire.drain)
            nursery.start_soon(self._watch, self._fifo, self.drain_fifo)
            nursery.start_soon(self._watch, self._netlink.fileno(), self._drain_addresses)

    async def _watch(self, descriptor: int, drain: Callable[[], None]) -> None:
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            drain()
            self.changed.set()
            self.changed = trio.Event()

    def drain(self) -> None:
        """Take everything that has come."""
        for wire in self._all_wires():
            wire.drain()
        self.drain_fifo()
        self._drain_addresses()

    def drain_fifo(self) -> None:
        """Take the lines that have come."""
        with contextlib.suppress(BlockingIOError):
            while content := os.read(self._fifo, 65536):
                at = time.monotonic()
                for raw in self._splitter.feed(content):
                    line = parse_line(raw.decode("utf-8", "surrogateescape"))
                    if isinstance(line, FifoLine):
                        self.lines.append(Line(at, line.name, str(line.state), line.priority))

    def _drain_addresses(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while packet := self._netlink.recv(1 << 20):
                self.changes += _address_changes(packet, time.monotonic())


def _address_changes(packet: bytes, at: float) -> Iterator[AddressChange]:
    """Read rtnetlink messages."""
    while len(packet) >= 16:
        length, message_type = struct.unpack_from("=IH", packet)
        if message_type in (_RTM_NEWADDR, _RTM_DELADDR):
            found = dict(_attributes(packet[24:length]))
            address = found.get(_IFA_LOCAL) or found[_IFA_ADDRESS]
            yield AddressChange(at, str(ipaddress.ip_address(address)), message_type == _RTM_NEWADDR)
        packet = packet[(length + 3) & ~3 :]


def _attributes(packet: bytes) -> Iterator[tuple[int, bytes]]:
    while len(packet) >= 4:
        length, kind = struct.unpack_from("=HH", packet)
        yield kind, packet[4:length]
        packet = packet[(length + 3) & ~3 :]


def _clock_offset() -> float:
    """Return CLOCK_REALTIME minus CLOCK_MONOTONIC: frames are stamped on the one, everything else is on the other."""
    found = []
    for _ in range(20):
        before, real, after = time.monotonic(), time.time(), time.monotonic()
        found.append((after - before, real - (before + after) / 2))
    return min(found)[1]
