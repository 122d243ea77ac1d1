"""Announcements that keep a distance on their wire; time is a number."""

from collections.abc import Sequence

import pytest

from hahub.core.paces import Announcement, Paces
from hahub.family import Family
from hahub.settings import Pacing


class Wire:
    """Announcements by name, and when each was sent."""

    def __init__(self, *pacing: Pacing) -> None:
        self.paces = Paces()
        self.paces.configure(pacing)
        self.now = 100.0
        self.sent: list[str] = []

    def announcement(self, name: str, interface: str = "eth0", family: Family = Family.IPV4) -> Announcement:
        made = Announcement(interface, family)
        made.sender, made.frame = self, name.encode()
        return made

    def send_packet(self, packet: bytes) -> OSError | None:
        self.sent.append(f"{packet.decode()} {self.now - 100:g}")
        return None

    def send_all(self, packets: Sequence[bytes]) -> list[tuple[int, OSError]]:
        raise AssertionError("a distance is to be kept")

    def put(self, announcement: Announcement, repeat: int) -> bool:
        return self.paces.put(announcement, repeat)

    def run(self) -> None:
        self.paces.serve(self.now)
        while (deadline := self.paces.next_deadline) is not None:
            self.now = max(self.now, deadline)
            self.paces.serve(self.now)


def test_the_first_goes_at_once_and_each_address_in_turn() -> None:
    wire = Wire(Pacing(arp=0.5))

    accepted = [wire.put(wire.announcement(name), 2) for name in "ab"]
    wire.run()

    assert accepted == [True, True]
    assert wire.sent == ["a 0", "b 0.5", "a 1", "b 1.5"]


def test_without_a_distance_nothing_waits_here() -> None:
    wire = Wire(Pacing(("eth1",), arp=1.0), Pacing(neighbour=1.0))

    accepted = [wire.put(wire.announcement("a", interface), 2) for interface in ("eth0", "eth1")]

    assert accepted == [False, True]
    assert Wire().put(wire.announcement("a"), 1) is False


@pytest.mark.parametrize(
    ("pacing", "second", "expected"),
    [
        pytest.param(Pacing(arp=1.0), ("eth1", Family.IPV4), ["a 0", "b 0"], id="each interface by itself"),
        pytest.param(Pacing(("eth0", "eth1"), 1.0), ("eth1", Family.IPV4), ["a 0", "b 1"], id="interfaces of a group"),
        pytest.param(Pacing(arp=1.0, neighbour=1.0), ("eth0", Family.IPV6), ["a 0", "b 0"], id="each family by itself"),
    ],
)
def test_what_shares_a_wire_shares_the_distance(
    pacing: Pacing, second: tuple[str, Family], expected: list[str]
) -> None:
    wire = Wire(pacing)

    wire.put(wire.announcement("a"), 1)
    wire.put(wire.announcement("b", *second), 1)
    wire.run()

    assert wire.sent == expected


def test_a_burst_on_top_of_another_does_not_add_up() -> None:
    wire = Wire(Pacing(arp=1.0))
    a = wire.announcement("a")

    wire.put(a, 3)
    wire.paces.serve(wire.now)
    wire.put(a, 3)
    wire.run()

    assert wire.sent == ["a 0", "a 1", "a 2", "a 3"]


def test_what_is_withdrawn_is_not_sent_and_takes_nobodys_turn() -> None:
    wire = Wire(Pacing(arp=1.0))
    a, b = wire.announcement("a"), wire.announcement("b")
    wire.put(a, 3)
    wire.put(b, 2)
    wire.paces.serve(wire.now)

    a.pending = 0
    wire.run()

    assert wire.sent == ["a 0", "b 1", "b 2"]


def test_after_a_long_sleep_nothing_is_caught_up() -> None:
    wire = Wire(Pacing(arp=1.0))
    wire.put(wire.announcement("a"), 4)
    wire.paces.serve(wire.now)

    wire.now += 10
    wire.run()

    assert wire.sent == ["a 0", "a 10", "a 11", "a 12"]


def test_another_configuration_holds_for_what_waits() -> None:
    wire = Wire(Pacing(arp=10.0))
    wire.put(wire.announcement("a"), 3)
    wire.paces.serve(wire.now)

    wire.paces.configure((Pacing(arp=0.5),))
    wire.run()

    assert wire.sent == ["a 0", "a 10", "a 10.5"]
