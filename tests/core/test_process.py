"""The real core on real interfaces, seen from outside: the wire, the kernel's addresses, the FIFO, its records."""

import dataclasses
import ipaddress
import itertools
import os
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hahub.lifeline import Reader, create
from hahub.messages import Ready, ScriptResult, Shutdown, Stopped
from hahub.model import Cause, State, Transition
from hahub.settings import InstanceSettings, TrackedScript, VirtualAddress
from hahub.vrrp.packet import PASS_TYPE, Advertisement, auth_bytes, encode
from tests.core.driver import CoreDriver
from tests.lab import VIP, AddressChange, Advert, GratuitousArp, Lab
from tests.lab.recorder import in_namespace
from tests.lab.timeline import wait_until

pytestmark = pytest.mark.namespaces

FAST = InstanceSettings(
    "VI_1", "eth0", 51, priority=100, version=3, advert_int=0.1, virtual_addresses=(VirtualAddress(VIP, 24, "eth0"),)
)
GROUP = int(ipaddress.IPv4Address("224.0.0.18"))


def start(
    cores: ExitStack, lab: Lab, name: str, *instances: InstanceSettings, lifeline: int | None = None
) -> CoreDriver:
    core = CoreDriver(lab[name], *(instances or (FAST,)), lifeline=lifeline)
    cores.callback(core.close)
    return core


def test_alone_it_becomes_master_and_everyone_is_told(lab, cores):
    core = start(cores, lab, "a")
    hub = core.connect_hub()

    told = core.wait_for_state(State.MASTER)
    core.wait_for(lambda: len(hub.records) == 2, "two records at the hub")

    assert core.states() == [State.BACKUP, State.MASTER]
    assert told.reason.cause is Cause.MASTER_DOWN_TIMER
    assert lab["a"].holds()
    lab["a"].fifo.wait_for_state("MASTER")
    assert lab["a"].fifo.text == 'INSTANCE "VI_1" BACKUP 100\nINSTANCE "VI_1" MASTER 100\n'
    assert hub.records == core.transitions()
    assert any(isinstance(record, Ready) for record in core.records)


def test_the_advert_comes_before_the_address_and_that_before_the_gratuitous_arp(lab, cores):
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)

    records = lab.timeline.wait_until(
        lambda records: sum(isinstance(record, GratuitousArp) for record in records) >= 5, "five gratuitous ARP"
    )

    advert = next(record for record in records if isinstance(record, Advert))
    arps = [record for record in records if isinstance(record, GratuitousArp)]
    assert any(isinstance(record, AddressChange) and record.address == VIP for record in records)
    assert advert.at <= arps[0].at
    assert (advert.source, advert.ttl, advert.advert_int) == ("10.9.0.1", 255, 0.1)
    assert {(arp.mac, arp.address) for arp in arps} == {("02:00:00:00:00:01", VIP)}


def test_many_that_are_due_together_keep_the_order_each_and_every_line_comes_once(lab, cores):
    """They go out together, kind by kind: a failover of all routers of a host."""
    numbers = range(1, 61)
    address = "10.9.1.{}".format
    core = start(
        cores,
        lab,
        "a",
        *(
            dataclasses.replace(
                FAST,
                name=f"VI_{number}",
                virtual_router_id=number,
                virtual_addresses=(VirtualAddress(address(number), 24, "eth0"),),
            )
            for number in numbers
        ),
    )

    def masters() -> list[str]:
        return [r.name for r in core.records if isinstance(r, Transition) and r.state is State.MASTER]

    core.wait_for(lambda: len(masters()) == len(numbers), "all to be master")
    wait_until(lambda: lab["a"].fifo.text.count(" MASTER ") == len(numbers), "a line of each")

    def announced(records: list[object]) -> set[str]:
        return {record.address for record in records if isinstance(record, GratuitousArp)}

    records = lab.timeline.wait_until(lambda records: len(announced(records)) == len(numbers), "ARP for all")

    for number in numbers:
        advert = next(r for r in records if isinstance(r, Advert) and r.virtual_router_id == number)
        arp = next(r for r in records if isinstance(r, GratuitousArp) and r.address == address(number))
        assert advert.at < arp.at
        assert lab["a"].holds(address(number))
    lines = [line for line in lab["a"].fifo.text.splitlines() if " MASTER " in line]
    assert sorted(lines) == sorted(f'INSTANCE "VI_{number}" MASTER 100' for number in numbers)
    assert [line.split('"')[1] for line in lines] == masters()


def test_what_the_hub_has_not_acknowledged_comes_again_over_the_next_link(lab, cores):
    core = start(cores, lab, "a")
    deaf = core.connect_hub(acknowledges=False)
    core.wait_for_state(State.MASTER)
    core.wait_for(lambda: len(deaf.records) == 2, "two records at the first hub")

    second = core.connect_hub()
    core.wait_for(lambda: len(second.records) == 2, "both again at the second hub")

    assert second.records == deaf.records == core.transitions()


def test_a_hub_that_sends_nonsense_loses_its_link_and_nothing_else(lab, cores):
    core = start(cores, lab, "a")
    mad = core.connect_hub(acknowledges=False)
    core.wait_for_state(State.MASTER)
    files = len(list(Path(f"/proc/{core.process.pid}/fd").iterdir()))

    with Path("/dev/null").open() as attached:
        socket.send_fds(socket.socket(fileno=os.dup(mad.link.fileno())), [b'["Ready", {}]'], [attached.fileno()] * 4)
    os.write(mad.link.fileno(), b"\xff nonsense")
    core.wait_for(lambda: not core.hubs, "the end of the link")
    sane = core.connect_hub()
    core.wait_for(lambda: len(sane.records) == 2, "both transitions at the next hub")

    assert "the hub sent what is no record" in core.log
    assert core.states() == [State.BACKUP, State.MASTER]
    assert len(list(Path(f"/proc/{core.process.pid}/fd").iterdir())) == files


def test_after_sigkill_the_next_core_removes_the_address_before_it_may_claim_it(lab, cores):
    slow = dataclasses.replace(FAST, advert_int=1.0)
    first = start(cores, lab, "a", dataclasses.replace(slow, priority=255))
    first.wait_for_state(State.MASTER)
    first.signal(signal.SIGKILL)
    first.wait_for_end()
    assert lab["a"].holds()

    second = start(cores, lab, "a", slow)
    second.wait_for_state(State.BACKUP)

    assert not lab["a"].holds()
    assert f"removing {VIP}/24" in second.log
    assert second.states() == [State.BACKUP]


def test_a_configuration_that_takes_long_to_prepare_does_not_end_the_core(lab, cores):
    instances = [
        dataclasses.replace(
            FAST,
            name=f"VI_{vrid}",
            virtual_router_id=vrid,
            virtual_addresses=tuple(VirtualAddress(f"10.20.{vrid}.{n}", 32, "eth0") for n in range(1, 21)),
        )
        for vrid in range(1, 251)
    ]

    core = start(cores, lab, "a", *(dataclasses.replace(instance, advert_int=10.0) for instance in instances))

    core.wait_for(lambda: any(isinstance(record, Ready) for record in core.records), "the configured core")
    assert {name: core.states(name) for name in ("VI_1", "VI_250")} == {
        "VI_1": [State.BACKUP],
        "VI_250": [State.BACKUP],
    }


@pytest.fixture
def lifeline() -> Iterator[int]:
    descriptor = create()
    yield descriptor
    os.close(descriptor)


def test_a_core_that_is_killed_and_started_again_at_once_goes_on_as_master(lab, cores, lifeline):
    """Peers wait for 3 intervals and their skew; the address never moves, and nobody is told anything."""
    slow = dataclasses.replace(FAST, advert_int=1.0, track_scripts=(TrackedScript("check"),))
    first = start(cores, lab, "a", slow, lifeline=lifeline)
    first.link.try_send(ScriptResult("check", True))
    peer = start(cores, lab, "b", dataclasses.replace(FAST, advert_int=1.0, priority=50))
    first.wait_for_state(State.MASTER)
    lab["a"].fifo.wait_for_state("MASTER")
    peer.wait_for_state(State.BACKUP)
    lab.timeline.wait_until(lambda records: any(isinstance(r, AddressChange) for r in records), "the address")
    lines = lab["a"].fifo.text
    since = time.monotonic()

    first.signal(signal.SIGKILL)
    first.wait_for_end()
    second = start(cores, lab, "a", slow, lifeline=lifeline)
    second.wait_for(lambda: "goes on as MASTER" in second.log, "a line in the log")
    second.link.try_send(ScriptResult("check", True))
    lab.wait_for_advert(lab["a"], since=since, count=4)

    changes = [r for r in lab.timeline.records() if isinstance(r, AddressChange) and r.at > since]
    assert changes == []
    assert lab["a"].fifo.text == lines
    assert second.states() == []
    peer.pump(0.1)
    assert peer.states() == [State.BACKUP]
    second.link.try_send(ScriptResult("check", False))
    assert second.wait_for_state(State.FAULT).previous is State.MASTER


def test_a_core_that_has_nothing_to_do_shows_that_it_lives(lab, cores, lifeline):
    """So that the parent can tell it from one that is hung."""
    lab["a"].interface_down()
    core = start(cores, lab, "a", lifeline=lifeline)
    core.wait_for_state(State.FAULT)
    reader, beats = Reader(lifeline), set()

    def beat_again() -> bool:
        due = reader.due(1.0)
        beats.add(due.at if due is not None else 0.0)
        return len(beats) > 3

    core.wait_for(beat_again, "three signs of life")


def test_a_core_that_comes_back_too_late_removes_the_address_and_listens(lab, cores, lifeline):
    first = start(cores, lab, "a", lifeline=lifeline)
    first.wait_for_state(State.MASTER)

    first.signal(signal.SIGKILL)
    first.wait_for_end()
    time.sleep(0.5)  # what is tested is a pause: longer than peers of 0.1 s adverts wait
    second = start(cores, lab, "a", dataclasses.replace(FAST, priority=50), lifeline=lifeline)
    second.wait_for_state(State.BACKUP)
    second.wait_for_state(State.MASTER)

    assert f"removing {VIP}/24" in second.log


def test_a_core_that_stopped_in_good_order_leaves_nothing_to_go_on_with(lab, cores, lifeline):
    slow = dataclasses.replace(FAST, advert_int=1.0, priority=255)
    first = start(cores, lab, "a", slow, lifeline=lifeline)
    first.wait_for_state(State.MASTER)
    first.link.try_send(Shutdown(1.0))
    first.wait_for_end()

    second = start(cores, lab, "a", dataclasses.replace(slow, priority=100), lifeline=lifeline)
    second.wait_for_state(State.BACKUP)

    assert "goes on" not in second.log


@pytest.mark.parametrize("end", ["link closed", "SIGTERM", "Shutdown"])
def test_it_resigns_in_good_order(lab, cores, end):
    core = start(cores, lab, "a", dataclasses.replace(FAST, priority=255))
    core.connect_hub()
    core.wait_for_state(State.MASTER)
    since = time.monotonic()

    if end == "link closed":
        core.link.close()
        core.closed = True
    elif end == "SIGTERM":
        core.signal(signal.SIGTERM)
    else:
        core.link.try_send(Shutdown(2.0))
    status = core.wait_for_end()

    assert status == 0
    assert not lab["a"].holds()
    lab["a"].fifo.wait_for_state("STOP")
    lab.timeline.wait_until(
        lambda records: any(isinstance(r, Advert) and r.priority == 0 and r.at > since for r in records), "priority 0"
    )
    if end == "Shutdown":
        assert core.states()[-1] is State.STOP
        assert core.records[-1] == Stopped("", clean=True)


def test_two_cores_fail_over_and_back(lab, cores):
    strong, weak = dataclasses.replace(FAST, priority=150), dataclasses.replace(FAST, priority=100)
    a = start(cores, lab, "a", strong)
    b = start(cores, lab, "b", weak)
    a.wait_for_state(State.MASTER)
    b.wait_for_state(State.BACKUP)

    a.signal(signal.SIGKILL)
    a.wait_for_end()
    b.wait_for_state(State.MASTER)
    again = start(cores, lab, "a", strong)
    again.wait_for_state(State.MASTER)
    back = b.wait_for_state(State.BACKUP, count=2)

    assert back.reason.cause is Cause.HIGHER_PRIORITY
    assert back.reason.detail == "10.9.0.1 advertises priority 150, ours is 100"
    wait_until(lambda: not lab["b"].holds(), "the address to leave b")
    assert lab["a"].holds()


def test_interface_down_is_fault_and_up_is_the_way_back(lab, cores):
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)

    lab["a"].interface_down()
    fault = core.wait_for_state(State.FAULT)
    wait_until(lambda: not lab["a"].holds(), "the address to go")
    lab["a"].interface_up()
    core.wait_for_state(State.MASTER, count=2)

    assert fault.reason.cause is Cause.INTERFACE_DOWN
    assert core.states() == [State.BACKUP, State.MASTER, State.FAULT, State.BACKUP, State.MASTER]
    assert lab["a"].holds()


def test_an_interface_may_vanish_and_come_again(lab, cores):
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)

    lab["a"].ip("link", "set", "eth0", "name", "gone0")
    core.wait_for_state(State.FAULT)
    wait_until(lambda: f"{VIP}/24" not in lab["a"].addresses("gone0"), "the address to go from the renamed interface")
    lab["a"].ip("link", "set", "gone0", "name", "eth0")
    lab["a"].ip("link", "set", "eth0", "up")
    core.wait_for_state(State.MASTER, count=2)

    assert lab["a"].holds()


def test_an_address_that_somebody_removes_comes_back_and_the_master_stays(lab, cores):
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)

    lab["a"].ip("address", "del", f"{VIP}/24", "dev", "eth0")
    core.wait_for(lambda: "putting back" in core.log, "a line in the log")

    wait_until(lab["a"].holds, "the address to come back")
    assert core.states() == [State.BACKUP, State.MASTER]


def test_a_script_verdict_changes_priority_or_state(lab, cores):
    tracked = dataclasses.replace(FAST, track_scripts=(TrackedScript("light", -20), TrackedScript("grave")))
    core = start(cores, lab, "a", tracked)
    core.wait_for(lambda: any(isinstance(r, Ready) for r in core.records), "Ready")
    assert core.states() == []

    core.link.try_send(ScriptResult("grave", True))
    core.wait_for_state(State.MASTER)
    since = time.monotonic()
    core.link.try_send(ScriptResult("light", False, "exited with status 1"))
    lab.timeline.wait_until(
        lambda records: any(isinstance(r, Advert) and r.priority == 80 and r.at > since for r in records), "80"
    )
    core.link.try_send(ScriptResult("grave", False, "exited with status 2"))

    fault = core.wait_for_state(State.FAULT)
    assert (fault.priority, str(fault.reason)) == (80, "script failed: grave exited with status 2")


def test_who_tracks_a_script_from_a_second_configuration_on_is_told_the_verdict_that_there_is(lab, cores):
    tracked = dataclasses.replace(FAST, track_scripts=(TrackedScript("grave"),))
    other = dataclasses.replace(
        FAST, name="VI_2", virtual_router_id=52, virtual_addresses=(VirtualAddress("10.9.0.202", 24, "eth0"),)
    )
    core = start(cores, lab, "a", tracked, other)
    core.wait_for_state(State.MASTER, name="VI_2")
    core.link.try_send(ScriptResult("grave", False, "exited with status 2"))
    core.wait_for_state(State.FAULT)

    core.configure(tracked, dataclasses.replace(other, track_scripts=(TrackedScript("grave"),)))

    fault = core.wait_for_state(State.FAULT, name="VI_2")
    assert str(fault.reason) == "script failed: grave exited with status 2"


def test_a_second_configuration_touches_only_what_changed(lab, cores):
    other = dataclasses.replace(
        FAST, name="VI_2", virtual_router_id=52, virtual_addresses=(VirtualAddress("10.9.0.202", 24, "eth0"),)
    )
    core = start(cores, lab, "a", FAST, other)
    core.wait_for_state(State.MASTER)
    core.wait_for_state(State.MASTER, name="VI_2")

    core.configure(
        dataclasses.replace(FAST, priority=120, virtual_addresses=(VirtualAddress("10.9.0.201", 24, "eth0"),))
    )

    wait_until(lambda: lab["a"].addresses() == ["10.9.0.1/24", "10.9.0.201/24"], "the addresses of the new file")
    lab.timeline.wait_until(
        lambda records: any(isinstance(r, Advert) and (r.virtual_router_id, r.priority) == (51, 120) for r in records),
        "the new priority on the wire",
    )
    core.wait_for_state(State.FAULT, name="VI_2")
    assert core.states() == [State.BACKUP, State.MASTER]
    assert all(a.priority for a in lab.adverts() if a.virtual_router_id == 51)
    assert [a.priority for a in lab.adverts() if a.virtual_router_id == 52][-1] == 0


def test_two_hundred_addresses_come_and_go_whole(lab, cores):
    many = tuple(VirtualAddress(f"10.8.{i // 100}.{i % 100 + 1}", 32, "eth0") for i in range(200))
    core = start(cores, lab, "a", dataclasses.replace(FAST, virtual_addresses=many))
    core.wait_for_state(State.MASTER)
    assert lab["a"].addresses() == ["10.9.0.1/24", *map(str, many)]

    core.link.try_send(Shutdown(1.0))
    core.wait_for_end()

    assert lab["a"].addresses() == ["10.9.0.1/24"]


def test_adverts_of_ten_milliseconds_keep_their_pace(lab, cores):
    core = start(cores, lab, "a", dataclasses.replace(FAST, advert_int=0.01))
    core.wait_for_state(State.MASTER)
    since = time.monotonic()

    lab.wait_for_advert(lab["a"], since=since, count=200)

    times = [advert.at for advert in lab.adverts(lab["a"], since=since)][:200]
    mean = (times[-1] - times[0]) / (len(times) - 1)
    assert 0.0095 < mean < 0.012


def test_a_peer_with_another_password_is_told_as_a_second_master_and_not_in_the_fifo(lab, cores):
    ours = dataclasses.replace(FAST, version=2, advert_int=1.0, auth_pass="ours", priority=255)
    a = start(cores, lab, "a", ours)
    b = start(cores, lab, "b", dataclasses.replace(ours, auth_pass="theirs"))

    began = a.wait_for_state(State.DUAL_MASTER)
    b.signal(signal.SIGTERM)
    over = a.wait_for_state(State.DUAL_MASTER_OVER)

    assert began.reason.cause is Cause.RIVAL
    assert began.reason.detail.startswith("eth0: 10.9.0.2: another auth_pass, for ")
    assert over.seq == began.seq + 1
    assert a.states() == [State.MASTER, State.DUAL_MASTER, State.DUAL_MASTER_OVER]
    assert lab["a"].fifo.text == 'INSTANCE "VI_1" MASTER 255\n'


def test_a_core_that_stood_still_gives_the_address_up_before_it_says_anything(lab, cores):
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)

    core.signal(signal.SIGSTOP)
    time.sleep(1.0)  # what is tested is a pause: three times what peers wait for
    since = time.monotonic()
    core.signal(signal.SIGCONT)
    told = core.wait_for_state(State.BACKUP, count=2)
    core.wait_for_state(State.MASTER, count=2)

    assert told.reason.cause is Cause.OVERSLEPT
    assert re.search(r"a timer was served [01]\.[0-9]{3} s late, advert_int is 0\.1 s: VI_1, times=1$", core.log, re.M)
    records = [r for r in lab.timeline.records() if r.at >= since and isinstance(r, Advert | AddressChange)]
    assert isinstance(records[0], AddressChange)
    assert not records[0].present
    assert lab.wait_for_advert(lab["a"], since=since).at - since > 0.3


def bad_packets(settings: InstanceSettings, source: str) -> list[bytes]:
    """Packets of a stronger router that must be dropped: cut at each length, wrong in each field that is checked."""
    number = int(ipaddress.IPv4Address(source))
    password = settings.auth_pass
    advert = Advertisement(
        settings.version, 51, 250, settings.advert_int, (int(ipaddress.IPv4Address(VIP)),),
        PASS_TYPE if password else 0, auth_bytes(password) if password else b"",
    )  # fmt: skip

    def written(**changes: object) -> bytes:
        return encode(dataclasses.replace(advert, **changes), source=number, destination=GROUP)

    good = written()
    flipped = good[:6] + bytes([good[6] ^ 1]) + good[7:]
    packets = [good[:length] for length in range(2, len(good))]
    packets += [flipped, good + b"\0", b"\x32" + good[1:], written(virtual_router_id=52)]
    if settings.version == 2:
        packets += [written(auth_data=b"wrong\0\0\0"), written(auth_type=0), written(advert_int=7.0)]
    return packets


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(dataclasses.replace(FAST, advert_int=0.2), id="version 3"),
        pytest.param(dataclasses.replace(FAST, version=2, advert_int=1.0, auth_pass="secret"), id="version 2, PASS"),
    ],
)
def test_invalid_packets_change_no_state_and_no_timer(lab, cores, settings):
    """VR-090, VR-099: a flood of them neither silences a master nor makes it yield."""
    core = start(cores, lab, "a", settings)
    core.wait_for_state(State.MASTER)
    packets = bad_packets(settings, "10.9.0.2")
    stop = threading.Event()

    def open_socket() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
        mreqn = struct.pack("!II", 0, 0) + struct.pack("=i", socket.if_nametoindex("eth0"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, mreqn)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        return sock

    def flood() -> None:
        while not stop.wait(settings.advert_int / 20):
            for packet in packets[:5]:
                sock.sendto(packet, ("224.0.0.18", 0))
            packets.append(packets.pop(0))

    with in_namespace(lab["b"].namespace, open_socket) as sock:
        thread = threading.Thread(target=flood)
        thread.start()
        since = time.monotonic()
        lab.wait_for_advert(lab["a"], since=since, count=8)
        stop.set()
        thread.join()

    times = [advert.at for advert in lab.adverts(lab["a"], since=since)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) < 1.5 * settings.advert_int
    assert min(gaps) > 0.5 * settings.advert_int
    core.wait_for(lambda: "checksum" in core.log, "a line in the log")
    core.pump(0.1)
    assert core.states() == [State.BACKUP, State.MASTER]
    assert core.log.count("packet dropped") < 20
    assert "secret" not in core.log


def status_of(core: CoreDriver) -> dict[str, str]:
    """/proc/PID/status as a mapping."""
    lines = Path(f"/proc/{core.process.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_it_runs_in_real_time_with_locked_memory_and_four_capabilities(lab, cores):
    """What this machine refuses must be in the notes instead; a machine that grants it must show it."""
    core = start(cores, lab, "a")
    core.wait_for_state(State.MASTER)
    (ready,) = (record for record in core.records if isinstance(record, Ready))
    refused = " ".join(ready.notes)

    status = status_of(core)

    real_time = os.sched_getscheduler(core.process.pid) == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    assert real_time != ("no real-time scheduling" in refused)
    assert (int(status["VmLck"].split()[0]) > 0) != ("memory not locked" in refused)
    net_admin, net_raw, ipc_lock, sys_nice = 12, 13, 14, 23
    kept = sum(1 << capability for capability in (net_admin, net_raw, ipc_lock, sys_nice))
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == kept
    assert len(ready.notes) <= 2
