"""Watching without disturbing: a process of its own that only stores what comes and when, and decodes afterwards.

Frames carry the kernel's time of arrival at the switch. The kernel tells neither when it sent a netlink notification
nor when a FIFO was written to: those times are taken when the process wakes up for them.
"""

import contextlib
import gc
import multiprocessing
import os
import select
import socket
import time
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from hahub.net import bpf
from hahub_fifo import LineSplitter
from tests.bench.arithmetic import FifoLine, Seen
from tests.lab.frames import Advert, GratuitousArp, decode_frame
from tests.lab.recorder import arrival, in_namespace, read_addresses

_REALTIME_PRIORITY = 40
"""Below the daemons: never instead of one, always before whatever else the machine does."""
_BUFFER_BYTES = 64 * 1024 * 1024
_ETH_P_ALL = 3
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23
_RTMGRP_IPV4_IFADDR = 0x10

_VRRP_AND_ARP: bpf.Program = (
    (0x28, 0, 0, 12),  # ldh: EtherType
    (0x15, 3, 0, 0x0806),
    (0x15, 0, 3, 0x0800),
    (0x30, 0, 0, 23),  # ldb: protocol
    (0x15, 0, 1, 112),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)

Raw = tuple[str, str, float, bytes]
"""``frame``, ``netlink`` or ``fifo``; the host; CLOCK_MONOTONIC; what was read."""


class Observer:
    """Hears all VRRP and ARP from some switch ports, the address changes of one host, and its FIFO. Close it."""

    def __init__(self, switch: str, ports: Mapping[str, str], *, namespace: str, host: str, fifo: Path) -> None:
        """ports: host name to its port in the namespace ``switch``. host: the one whose kernel and FIFO are watched."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_observe, args=(theirs, switch, dict(ports), namespace, host, str(fifo)), daemon=True
        )
        self._process.start()
        theirs.close()
        self._connection.recv()

    def take(self) -> Seen:
        """Return what was seen since it was last asked."""
        self._connection.send("take")
        return _decode(self._connection.recv())

    def close(self) -> None:
        self._connection.close()
        self._process.join()


def _decode(raw: list[Raw]) -> Seen:
    frames = [decode_frame(data, host=host, at=at) for kind, host, at, data in raw if kind == "frame"]
    splitter = LineSplitter()
    return Seen(
        adverts=tuple(frame for frame in frames if isinstance(frame, Advert)),
        arps=tuple(frame for frame in frames if isinstance(frame, GratuitousArp)),
        addresses=tuple(
            change
            for kind, host, at, data in raw
            if kind == "netlink"
            for change in read_addresses(data, host=host, at=at)
        ),
        lines=tuple(
            FifoLine(at, line.decode()) for kind, _, at, data in raw if kind == "fifo" for line in splitter.feed(data)
        ),
    )


def _observe(connection: Connection, switch: str, ports: dict[str, str], namespace: str, host: str, fifo: str) -> None:
    """The observing process: until the other end of the connection is closed."""
    gc.disable()
    epoll = select.epoll()
    sources: dict[int, tuple[str, str, socket.socket | None]] = {}
    for name, port in ports.items():
        sock = in_namespace(switch, partial(_open_port, port))
        sources[sock.fileno()] = ("frame", name, sock)
    netlink = in_namespace(namespace, _open_netlink)
    sources[netlink.fileno()] = ("netlink", host, netlink)
    sources[os.open(fifo, os.O_RDWR | os.O_NONBLOCK)] = ("fifo", host, None)
    for fd in (*sources, connection.fileno()):
        epoll.register(fd, select.EPOLLIN)
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_REALTIME_PRIORITY))
    connection.send("ready")
    _store(connection, epoll, sources)


def _store(
    connection: Connection, epoll: select.epoll, sources: dict[int, tuple[str, str, socket.socket | None]]
) -> None:
    stored: list[Raw] = []
    while True:
        ready = [fd for fd, _ in epoll.poll()]
        at = time.monotonic()
        for fd in ready:
            if fd == connection.fileno():
                try:
                    connection.recv()
                except EOFError:
                    return
                connection.send(stored)
                stored = []
                continue
            kind, host, sock = sources[fd]
            with contextlib.suppress(BlockingIOError):
                if sock is None:
                    stored.append((kind, host, at, os.read(fd, 65536)))
                elif kind == "netlink":
                    stored.append((kind, host, at, sock.recv(65536)))
                else:
                    for _ in range(64):
                        frame, ancillary, _, _ = sock.recvmsg(2048, 64)
                        stored.append((kind, host, arrival(ancillary), frame))


def _open_port(port: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    bpf.attach(sock, _VRRP_AND_ARP)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    sock.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    sock.bind((port, _ETH_P_ALL))
    return sock


def _open_netlink() -> socket.socket:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    sock.bind((0, _RTMGRP_IPV4_IFADDR))
    return sock
