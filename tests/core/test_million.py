"""A million packets that are no adverts, through real sockets into the real core: VR-139 to VR-142, VR-144."""

import itertools
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hahub.messages import Log, Shutdown
from hahub.model import State
from hahub.settings import InstanceSettings, VirtualAddress
from tests.core.driver import CoreDriver
from tests.core.malformed import Malformed, Target
from tests.lab import Lab
from tests.lab.frames import Advert, decode_frame
from tests.lab.network import ip, lab_or_skip
from tests.lab.recorder import in_namespace
from tests.lab.timeline import wait_until

pytestmark = [pytest.mark.namespaces, pytest.mark.slow, pytest.mark.alone]

PACKETS = 1_000_000
WARM_UP = 20_000
"""Packets after which everything that is kept for ever is there."""
BURST = 128
ROOM_BYTES = 128 * 1024
"""What may wait in the sockets of the core before more is sent: a quarter of what fits."""
GROWTH_MAX_KIB = 1024
LOG_LINES_MAX = 200
"""A line for each virtual router and reason, once a minute."""
CABLE, CABLE_6 = ("10.99.0.1", "10.99.0.2"), ("fe80::99:1", "fe80::99:2")
"""Addresses of the core and of the peer."""
PASSWORD = b"secret"
PEER_PRIORITY = 150


def settings(number: int, version: int, family: int, *, is_master: bool) -> InstanceSettings:
    """A virtual router that is there alone, or one whose master the peer is."""
    address, length, flags = (f"10.99.0.{100 + number}", 24, 0) if family == 4 else (f"fe80::99:{100 + number}", 64, 2)
    return InstanceSettings(
        f"VI_{number}", "cable0", 50 + number, version=version,
        priority=200 if is_master else 100,
        advert_int=0.25 if is_master and version == 3 else 1.0,
        auth_pass=PASSWORD.decode() if version == 2 else None,
        virtual_addresses=(VirtualAddress(address, length, "cable0", flags=flags),),
    )  # fmt: skip


MASTERS = [settings(1, 2, 4, is_master=True), settings(2, 3, 4, is_master=True), settings(3, 3, 6, is_master=True)]
BACKUPS = [settings(4, 2, 4, is_master=False), settings(5, 3, 4, is_master=False), settings(6, 3, 6, is_master=False)]


def target(instance: InstanceSettings) -> Target:
    own, peer = CABLE if instance.family == 4 else CABLE_6
    interval = int(instance.advert_int if instance.version == 2 else instance.advert_int * 100)
    return Target(
        instance.virtual_router_id, instance.version, instance.family.value, sender=peer, own=own,
        addresses=tuple(address.address for address in instance.virtual_addresses), advert_int=interval,
        password=PASSWORD if instance.version == 2 else b"",
    )  # fmt: skip


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Hosts a and b with a cable of their own, which nobody records."""
    with lab_or_skip() as laboratory:
        a, b = laboratory["a"], laboratory["b"]
        peer = ("peer", "name", "cable0", "address", "02:00:00:00:00:02", "netns", b.namespace)
        ip("link", "add", "cable0", "type", "veth", *peer, namespace=a.namespace)
        for host, address, address_6 in zip((a, b), CABLE, CABLE_6, strict=True):
            host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/cable0/accept_dad")
            host.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/cable0/addr_gen_mode")
            host.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/cable0/disable_ipv6")
            host.ip("address", "add", f"{address}/24", "dev", "cable0")
            host.ip("address", "add", f"{address_6}/64", "dev", "cable0", "nodad")
            host.ip("link", "set", "cable0", "up")
        wait_until(lambda: "state UP" in a.ip("link", "show", "cable0"), "carrier")
        yield laboratory


class Peer:
    """The other end of the cable: master of some virtual routers, and the source of everything malformed."""

    def __init__(self, lab: Lab, core: CoreDriver) -> None:
        self._core = core
        self._socket = in_namespace(lab["b"].namespace, _open_socket)
        self._adverts = [target(each).frame(target(each).message(PEER_PRIORITY)) for each in BACKUPS]
        self._advertise_at = 0.0
        self._malformed = Malformed([target(each) for each in (*MASTERS, *BACKUPS)], seed=112)
        self.heard: list[Advert] = []
        self.sent = 0

    def close(self) -> None:
        self._socket.close()

    def live(self) -> None:
        """What a master does, now and then; what the core sends is heard."""
        now = time.monotonic()
        if now >= self._advertise_at:
            self._advertise_at = now + 0.9
            for advert in self._adverts:
                self._socket.send(advert)
        self._core.pump(0)
        self.hear()

    def hear(self) -> None:
        while True:
            try:
                frame, ancillary, _, _ = self._socket.recvmsg(2048, 64)
            except BlockingIOError:
                return
            seconds, nanoseconds = struct.unpack("=qq", ancillary[0][2])
            advert = decode_frame(frame, host="a", at=seconds + nanoseconds * 1e-9)
            if isinstance(advert, Advert):
                self.heard.append(advert)

    def flood(self, packets: int) -> None:
        """As fast as the core takes them: none is lost for want of room."""
        end = self.sent + packets
        frame, send = self._malformed.frame, self._socket.send
        while self.sent < end:
            for _ in range(BURST):
                send(frame())
            self.sent += BURST
            self.live()
            while waiting_bytes(self._core.process.pid) > ROOM_BYTES:
                self.live()

    def wait_until_heard(self) -> None:
        while waiting_bytes(self._core.process.pid):
            self.live()


def _open_socket() -> socket.socket:
    """Hears what comes in, with the times of its arrival; not what goes out."""
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(3))
    opened.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
    opened.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    opened.bind(("cable0", 0x0003))
    return opened


def raw_sockets(pid: int) -> list[list[str]]:
    """Fields of /proc/net/raw and raw6, as the core's namespace has them."""
    lines = [
        line.split() for name in ("raw", "raw6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()
    ]
    return [fields for fields in lines if fields[0] != "sl"]


def waiting_bytes(pid: int) -> int:
    return max(int(fields[4].partition(":")[2], 16) for fields in raw_sockets(pid))


def lost_packets(pid: int) -> int:
    """Those that found no room."""
    return sum(int(fields[-1]) for fields in raw_sockets(pid))


def memory_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


def scheduling(core: CoreDriver) -> list[str]:
    """What the core says of the processor time that it gets."""
    return [line for line in core.log.splitlines() if "gave way" in line or "late" in line]


def test_a_million_malformed_packets_change_no_state_delay_no_advert_and_leave_nothing_behind(lab: Lab) -> None:
    with ExitStack() as stack:
        core = CoreDriver(lab["a"], *MASTERS, *BACKUPS)
        stack.callback(core.close)
        peer = Peer(lab, core)
        stack.callback(peer.close)
        settle(core, peer)
        peer.flood(WARM_UP)
        peer.wait_until_heard()
        peer.heard.clear()
        before, since = memory_kib(core.process.pid), time.monotonic()

        peer.flood(PACKETS)
        peer.wait_until_heard()
        took, after = time.monotonic() - since, memory_kib(core.process.pid)
        peer.hear()

        assert lost_packets(core.process.pid) == 0
        for instance in MASTERS:
            times = [each.at for each in peer.heard if each.virtual_router_id == instance.virtual_router_id]
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            assert len(times) > 0.8 * took / instance.advert_int
            assert max(gaps) < 2 * instance.advert_int, (instance.name, scheduling(core))
        for instances, states in ((MASTERS, [State.BACKUP, State.MASTER]), (BACKUPS, [State.BACKUP])):
            for instance in instances:
                told = [each for each in core.transitions(instance.name) if not each.state.is_event]
                assert [each.state for each in told] == states, told[-1].reason
        assert after - before < GROWTH_MAX_KIB
        lines = [record.text for record in core.records if isinstance(record, Log)]
        assert len(lines) < LOG_LINES_MAX
        core.link.try_send(Shutdown(1.0))
        core.wait_for_end()
        dropped = sum(int(line.split()[2]) for line in core.log.splitlines() if ": dropped " in line)
        print(f"{dropped} of {peer.sent} packets judged, {took:.1f} s, {PACKETS / took:.0f}/s, {after - before} KiB")
        assert dropped == peer.sent


def settle(core: CoreDriver, peer: Peer) -> None:
    """Until masters are masters; the peer has been one of the others from the start."""

    def reached() -> bool:
        peer.live()
        return all(State.MASTER in core.states(instance.name) for instance in MASTERS)

    core.wait_for(reached, "three masters")
