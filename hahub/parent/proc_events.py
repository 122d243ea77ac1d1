r"""The kernel's word that a process is called something else now: the proc connector, where it may be used.

::

    | nlmsghdr, 16 | idx 4 | val 4 | seq 4 | ack 4 | len 2 | flags 2 | what 4 | cpu 4 | time 8 | pid 4 | tgid 4 | ...
                    \______________ cn_msg, 20 ____________________/ \_____________ proc_event ________________/

It needs CAP_NET_ADMIN and the first network namespace of the machine. Source: linux/cn_proc.h, linux/connector.h.
"""

import socket
import struct

_NETLINK_CONNECTOR = 11
_CN_IDX_PROC = 1
_CN_VAL_PROC = 1
_PROC_CN_MCAST_LISTEN = 1
_NLMSG_DONE = 3
_HEADERS = struct.Struct("=IHHII IIIIHH")
_EVENT = struct.Struct("=IIQ II")
_CHILD = struct.Struct("=II")
_PROC_EVENT_FORK = 0x00000001
_PROC_EVENT_EXEC = 0x00000002
_PROC_EVENT_COMM = 0x00000200
_BUFFER_BYTES = 1024 * 1024
_READ_BYTES = 4096


def parse_event(packet: bytes) -> int | None:
    """The process that is new or has another name now; None when the event is about something else."""
    if len(packet) < _HEADERS.size + _EVENT.size:
        return None
    what, _, _, thread, process = _EVENT.unpack_from(packet, _HEADERS.size)
    if what == _PROC_EVENT_FORK:
        return _forked(packet)
    return process if what in (_PROC_EVENT_EXEC, _PROC_EVENT_COMM) and thread == process else None


def _forked(packet: bytes) -> int | None:
    """The child of a fork; None for a new thread."""
    at = _HEADERS.size + _EVENT.size
    if len(packet) < at + _CHILD.size:
        return None
    thread, process = _CHILD.unpack_from(packet, at)
    return int(process) if thread == process else None


class ProcEvents:
    """A subscription; close it."""

    def __init__(self) -> None:
        """Raises OSError where it is not allowed, or not there."""
        self._sock = socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_CONNECTOR
        )
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._sock.bind((0, _CN_IDX_PROC))
            size = _HEADERS.size + 4
            headers = _HEADERS.pack(size, _NLMSG_DONE, 0, 0, 0, _CN_IDX_PROC, _CN_VAL_PROC, 0, 0, 4, 0)
            self._sock.send(headers + struct.pack("=I", _PROC_CN_MCAST_LISTEN))
            self._sock.recv(_READ_BYTES)  # the answer is there at once; in a PID namespace none ever comes
        except OSError:
            self._sock.close()
            raise

    def fileno(self) -> int:
        return self._sock.fileno()

    def drain(self) -> set[int] | None:
        """The processes that are new or have another name; None when some were missed. Does not wait."""
        found: set[int] = set()
        while True:
            try:
                process = parse_event(self._sock.recv(_READ_BYTES))
            except BlockingIOError:
                return found
            except OSError:  # ENOBUFS: more happened than the buffer held
                return None
            if process is not None:
                found.add(process)

    def close(self) -> None:
        self._sock.close()
