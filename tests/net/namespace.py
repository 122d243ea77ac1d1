"""Runs tests in network namespaces of their own, which end with the process that ran the test.

``@in_namespace`` runs the body in a forked process, as root or else in a user namespace. There, ``far()`` is a second
namespace, and ``connect`` plugs ``near0`` here to ``far0`` there.
"""

import contextlib
import ctypes
import functools
import os
import select
import signal
import socket
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import require

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PATIENCE = 60.0
"""Seconds that a test body may take on a slow machine."""
NEAR_MAC, FAR_MAC = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
ETHER_ALL = 3
_LACKING = "this test needs network namespaces, as root or by user namespaces: "

_libc = ctypes.CDLL(None, use_errno=True)


def in_namespace(body: Callable[..., None]) -> Callable[..., None]:
    """Decorates a test: its body runs in a new network namespace, in a process of its own."""

    @functools.wraps(body)
    def test(*arguments: Any, **named: Any) -> None:
        require("ip")
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _run(functools.partial(body, *arguments, **named), writing)
        os.close(writing)
        try:
            report = _read_to_end(reading)
        finally:
            os.close(reading)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        if report.startswith(_LACKING):
            pytest.skip(report)
        if report != "passed":
            pytest.fail(report, pytrace=False)

    return pytest.mark.namespaces(test)


def _read_to_end(descriptor: int) -> str:
    """What the child reports: its last word, or that it never came."""
    parts, deadline = [], time.monotonic() + PATIENCE
    while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(descriptor, 65536)
        if not part:
            return b"".join(parts).decode() or "the test's process ended without a word"
        parts.append(part)
    return f"not finished within {PATIENCE:g} s"


def _run(body: Callable[[], None], report: int) -> None:
    """The child: never returns."""
    word = "passed"
    try:
        lacking = _enter()
        if lacking:
            word = _LACKING + lacking
        else:
            body()
    except BaseException:  # the parent raises it
        word = traceback.format_exc()
    finally:
        os.write(report, word.encode()[:60_000])
        os._exit(0)


def _enter() -> str:
    """Go into a new network namespace; returns why that is not possible, or nothing."""
    user, group = os.getuid(), os.getgid()
    if _libc.unshare(CLONE_NEWNET if user == 0 else CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return os.strerror(ctypes.get_errno())
    if user != 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    ip("link set lo up")
    return ""


def ip(command: str) -> str:
    """Run ip(8) here. Raises AssertionError with what it said when it fails."""
    done = subprocess.run(["ip", *command.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {command}: {done.stderr.strip()}"
    return done.stdout


def wait_until(condition: Callable[[], bool], what: str, patience: float = 30.0) -> None:
    """Look again and again until it is so. Raises AssertionError, saying what never came."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {patience:g} s"
        time.sleep(0.01)


class Far:
    """The namespace at the other end of the wire. What is opened inside stays there."""

    def __init__(self) -> None:
        self._near = os.open("/proc/self/ns/net", os.O_RDONLY)
        assert _libc.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        self._far = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._set(self._near)
        self.path = f"/proc/{os.getpid()}/fd/{self._far}"

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        self._set(self._far)
        try:
            yield
        finally:
            self._set(self._near)

    @staticmethod
    def _set(namespace: int) -> None:
        assert _libc.setns(namespace, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())


def connect() -> Far:
    """A wire: near0 (10.9.0.1/24) here, far0 (10.9.0.2/24) in another namespace, both up."""
    far = Far()
    ip(f"link add near0 address {NEAR_MAC.hex(':')} type veth peer name far0 address {FAR_MAC.hex(':')}")
    ip(f"link set far0 netns {far.path}")
    ip("addr add 10.9.0.1/24 dev near0")
    ip("link set near0 up")
    with far.inside():
        ip("addr add 10.9.0.2/24 dev far0")
        ip("link set far0 up")
    wait_until(lambda: carries("near0"), "carrier on near0")
    with far.inside():
        wait_until(lambda: carries("far0"), "carrier on far0")
    return far


def carries(interface: str) -> bool:
    """Whether packets get out: until the kernel has noticed the carrier, its queue is one that drops them."""
    told = ip(f"-o link show {interface}")
    return "state UP" in told and "qdisc noop " not in told


def index_of(interface: str) -> int:
    return socket.if_nametoindex(interface)


class Sniffer:
    """All frames that arrive on one interface, from now on."""

    def __init__(self, interface: str) -> None:
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHER_ALL))
        self._sock.bind((interface, ETHER_ALL))
        self._sock.settimeout(30.0)

    def next(self, ether_type: int, *, protocol: int | None = None) -> bytes:
        """The next frame of this type, with ``protocol`` of this IP protocol. Raises TimeoutError after 30 s."""
        while True:
            frame, (_, _, packet_type, _, _) = self._sock.recvfrom(65536)
            if packet_type == socket.PACKET_OUTGOING or int.from_bytes(frame[12:14], "big") != ether_type:
                continue
            if protocol is None or frame[23] == protocol:
                return frame

    def hears(self, protocol: int) -> bool:
        """Whether a packet of this IP protocol comes in by the first frames of the next moment."""
        return bool(select.select([self._sock], [], [], 0.05)[0]) and self._sock.recv(65536)[23] == protocol

    def inject(self, frame: bytes) -> None:
        """Send a frame out of the interface."""
        self._sock.send(frame)
