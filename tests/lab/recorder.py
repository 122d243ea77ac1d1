"""Watching the wire and the addresses: one thread, sockets in other namespaces, times from the kernel."""

import contextlib
import ctypes
import errno
import ipaddress
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.lab.frames import decode_frame
from tests.lab.mastership import AddressChange, Record
from tests.lab.timeline import Timeline

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000
_ETH_P_ALL = 3
_SO_TIMESTAMPNS = 35
_PACKET_OUTGOING = 4
_RTMGRP_IPV4_IFADDR = 0x10
_RTM_NEWADDR = 20
_RTM_DELADDR = 21
_IFA_LOCAL = 2
_libc = ctypes.CDLL(None, use_errno=True)


def in_namespace(namespace: str, make: Callable[[], T]) -> T:
    """Call something in a thread that lives in this network namespace: sockets stay where they are born."""

    def enter_and_make() -> T:
        with Path("/run/netns", namespace).open("rb") as handle:
            if _libc.setns(handle.fileno(), _CLONE_NEWNET):
                number = ctypes.get_errno()
                raise OSError(number, f"cannot enter network namespace {namespace}: {os.strerror(number)}")
        return make()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter_and_make).result()


class Recorder:
    """Appends to a timeline what each port hears and what each host's kernel says about its addresses."""

    def __init__(self, timeline: Timeline[Record]) -> None:
        self._timeline = timeline
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector.register(self._wake_reader, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="lab recorder")

    def watch_port(self, namespace: str, port: str, host: str) -> None:
        """Record what a host sends, at the switch's end of its cable: before any switching, so also when cut off."""

        def open_socket() -> socket.socket:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            sock.bind((port, _ETH_P_ALL))
            return sock

        self._add(in_namespace(namespace, open_socket), lambda sock: self._read_frames(sock, host))

    def watch_addresses(self, namespace: str, host: str) -> None:
        """Record each IPv4 address that comes or goes in a host."""

        def open_socket() -> socket.socket:
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
            sock.bind((0, _RTMGRP_IPV4_IFADDR))
            return sock

        self._add(in_namespace(namespace, open_socket), lambda sock: self._read_addresses(sock, host))

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop recording."""
        if self._thread.is_alive():
            self._wake_writer.send(b"x")
            self._thread.join()
        self._selector.close()
        for sock in (*self._sockets, self._wake_reader, self._wake_writer):
            sock.close()

    def _add(self, sock: socket.socket, read: Callable[[socket.socket], None]) -> None:
        self._sockets.append(sock)
        self._selector.register(sock, selectors.EVENT_READ, read)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                with contextlib.suppress(BlockingIOError):
                    key.data(key.fileobj)

    def _read_frames(self, sock: socket.socket, host: str) -> None:
        try:
            frame, ancillary, _, address = sock.recvmsg(2048, socket.CMSG_SPACE(16))
        except OSError as error:
            if error.errno == errno.ENETDOWN:  # said once each time this port goes down
                return
            raise
        if address[2] == _PACKET_OUTGOING:
            return
        record = decode_frame(frame, host=host, at=arrival(ancillary))
        if record is not None:
            self._timeline.add(record)

    def _read_addresses(self, sock: socket.socket, host: str) -> None:
        at = time.monotonic()
        for change in read_addresses(sock.recv(65536), host=host, at=at):
            self._timeline.add(change)


def read_addresses(packet: bytes, *, host: str, at: float) -> Iterator[AddressChange]:
    """Read rtnetlink messages; what is not about an IPv4 address is left out."""
    while len(packet) >= 16:
        length, message_type = struct.unpack_from("=IH", packet)
        if message_type in (_RTM_NEWADDR, _RTM_DELADDR):
            local = _attribute(packet[24:length], _IFA_LOCAL)
            if local is not None:
                yield AddressChange(at, host, str(ipaddress.IPv4Address(local)), message_type == _RTM_NEWADDR)
        packet = packet[(length + 3) & ~3 :]


def arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    """When the kernel saw the frame, on CLOCK_MONOTONIC; the kernel stamps it on CLOCK_REALTIME."""
    offset = time.time() - time.monotonic()
    for level, kind, value in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("=qq", value)
            return float(seconds + nanoseconds / 1e9 - offset)
    return time.monotonic()


def _attribute(attributes: bytes, wanted: int) -> bytes | None:
    while len(attributes) >= 4:
        length, kind = struct.unpack_from("=HH", attributes)
        if length < 4:
            return None
        if kind == wanted:
            return attributes[4:length]
        attributes = attributes[(length + 3) & ~3 :]
    return None
