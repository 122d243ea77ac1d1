"""Very many packets: played one after the other, with nothing else going on."""

import random
import re
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import trio

from tests.conformance.frames import Advert, read
from tests.conformance.packets import Outgoing
from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester

RANDOM = 10_000
MUTATED = 10_000
FLOOD_PER_SECOND = 10_000
FLOOD_SECONDS = 2.0
AT_ONCE = 50
"""Packets that are sent without a pause."""
SEED = 4711
STATISTICS = Path("/tmp/keepalived.stats")
"""Where keepalived writes them, on SIGUSR2."""


@situation(Router(advert_int=0.3), bench="loud log")
async def thousand_wrong_packets(tester: Tester) -> None:
    """In a second, all with the same mistake."""
    await tester.becomes("MASTER")
    await _send_all(tester, [tester.advert(ttl=64).frame()] * 1000, per_second=1000)
    await tester.hears(2)
    if tester.bench.daemon.name == "keepalived":
        _forget()
        tester.bench.daemon.signal(signal.SIGUSR2)
        await tester.until(lambda: _counted() is not None, "the statistics")
        tester.notes["counted"] = _counted()


def _forget() -> None:
    STATISTICS.unlink(missing_ok=True)


def _counted() -> int | None:
    """What keepalived has counted as a wrong TTL."""
    found = re.search(r"TTL: (\d+)", STATISTICS.read_text()) if STATISTICS.exists() else None
    return int(found[1]) if found else None


@situation(
    Router(advert_int=0.5, priority=200),
    Router(advert_int=0.5, priority=200, vrid=52, addresses=("$net.201/24",)),
    bench="loud flood",
)
async def flood(tester: Tester) -> None:
    """Invalid packets for the first of two virtual routers."""
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)
    await tester.hears(2)
    frames = [tester.advert(checksum_xor=1, source=f"10.9.1.{last}").frame() for last in range(30, 200)]
    many = (frames * 1000)[: round(FLOOD_PER_SECOND * FLOOD_SECONDS)]
    tester.mark("begin")
    await _send_all(tester, many, per_second=FLOOD_PER_SECOND)
    tester.mark("end")
    await tester.hears(2)
    await tester.hears(1, router=1)


@situation(Router(advert_int=0.3, priority=200), Router(family=6, advert_int=0.3, priority=200), bench="loud fuzz")
async def fuzz(tester: Tester) -> None:
    """Random messages for the right VRID, and mutations of right adverts; no checksum is right."""
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)
    dice = random.Random(SEED)
    right = [tester.advert(0), tester.advert(1)]
    await _send_all(tester, _nonsense(right, dice, 200), per_second=2000)
    await tester.hears(3)
    tester.notes["memory before"] = _memory(await tester.processes())
    tester.mark("begin")
    await _send_all(tester, _nonsense(right, dice, RANDOM), per_second=2500)
    await _send_all(tester, _mutations(right, dice, MUTATED), per_second=2500)
    tester.mark("end")
    await tester.hears(3)
    await tester.hears(3, router=1)
    tester.notes["memory after"] = _memory(await tester.processes())


async def _send_all(tester: Tester, frames: Iterable[bytes], *, per_second: float) -> None:
    """Send all of them, evenly, from a thread of its own."""

    def send() -> None:
        start = time.monotonic()
        for number, frame in enumerate(frames):
            if number % AT_ONCE == 0:
                time.sleep(max(0.0, start + number / per_second - time.monotonic()))
            tester.wire.send_unseen(frame)

    await trio.to_thread.run_sync(send)


def _nonsense(right: list[Outgoing], dice: random.Random, count: int) -> Iterable[bytes]:
    """Random bytes in a packet that is right, from many senders, most of them with our VRID in its place."""
    while count:
        content = bytearray(dice.randbytes(dice.choice((0, 1, 7, 8, 12, 20, 24, 36, 100, 1400))))
        if len(content) > 1 and dice.random() < 0.8:
            content[0] = dice.choice((0x21, 0x31, content[0]))
            content[1] = 51
        outgoing = dice.choice(right)
        sender = f"10.9.1.{dice.randint(30, 199)}" if outgoing.family == 4 else f"fe80::{dice.randrange(1, 1 << 16):x}"
        frame = outgoing.but(source=sender, payload=bytes(content)).frame()
        if not _may_be_valid(frame):
            count -= 1
            yield frame


def _mutations(right: list[Outgoing], dice: random.Random, count: int) -> Iterable[bytes]:
    """An advert with bits turned over, bytes cut off or added."""
    while count:
        outgoing = dice.choice(right)
        message = bytearray(outgoing.message())
        for _ in range(dice.randint(1, 3)):
            message[dice.randrange(len(message))] ^= 1 << dice.randrange(8)
        if dice.random() < 0.3:
            message = message[: dice.randint(2, len(message))]
        if dice.random() < 0.3:
            message += dice.randbytes(dice.randint(1, 40))
        frame = outgoing.but(payload=bytes(message)).frame()
        if not _may_be_valid(frame):
            count -= 1
            yield frame


def _may_be_valid(frame: bytes) -> bool:
    """The checksum happens to be right, as when two bits make up for each other."""
    advert = read(frame, at=0.0, sent=True)
    return isinstance(advert, Advert) and (advert.checksum_covers_message or advert.checksum_covers_pseudo_header)


def _memory(processes: list[int]) -> int:
    """Return the resident kilobytes of the process that does VRRP: the one that has the raw sockets."""
    core = [pid for pid in processes if _has_vrrp_socket(pid)]
    assert core, "no process receives VRRP"
    status = Path(f"/proc/{core[0]}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def _has_vrrp_socket(pid: int) -> bool:
    sockets = {line.split()[9] for line in Path(f"/proc/{pid}/net/raw").read_text().splitlines()[1:]}
    links = (path.readlink() for path in Path(f"/proc/{pid}/fd").iterdir())
    return any(str(link).removeprefix("socket:[").rstrip("]") in sockets for link in links)
