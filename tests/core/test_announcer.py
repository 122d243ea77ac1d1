"""Where else addresses are announced: interfaces and senders are stand-ins, frames are real."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hahub.core.afterwards import Afterwards
from hahub.core.announcer import Announcer
from hahub.core.interfaces import Interfaces
from hahub.core.log import CoreLog
from hahub.core.paces import Paces
from hahub.core.volley import Volley
from hahub.net.addresses import AddressCommands
from hahub.settings import InstanceSettings, Pacing, VirtualAddress, VirtualInterface

OWN = VirtualInterface("vrrp.51", "eth0", "00:00:5e:00:01:33")
OTHER = VirtualInterface("vrrp1.51", "eth1", "00:00:5e:00:01:33")


Sent = tuple[str, int]
"""The interface, and the last byte of the address."""


class Frames:
    """The socket of one interface."""

    def __init__(self, name: str, sent: list[Sent]) -> None:
        self._name = name
        self._sent = sent

    def send_packet(self, frame: bytes) -> OSError | None:
        self._sent.append((self._name, frame[31]))
        return None

    def send_all(self, frames: Sequence[bytes]) -> list[tuple[int, OSError]]:
        for frame in frames:
            self.send_packet(frame)
        return []


class Wires:
    """Interfaces by name, and what was sent on each."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._frames: dict[str, Frames] = {}

    def __getitem__(self, name: str) -> Any:
        frames = self._frames.setdefault(name, Frames(name, self.sent))
        wire = {OWN.name: OWN.base, OTHER.name: OTHER.base}.get(name, name)
        return SimpleNamespace(link=SimpleNamespace(mac=bytes(6)), frames=frames, wire=wire)


def announcer(wires: Wires, settings: InstanceSettings, paces: Paces | None = None) -> Announcer:
    nobody: Any = None
    volley = Volley(cast(AddressCommands, SimpleNamespace(submit=lambda _: None)))
    made = Announcer(cast(Interfaces, wires), paces or Paces(), volley, Afterwards(), cast(CoreLog, nobody))
    made.encode(settings)
    return made


def settings(*interfaces: str, **more: Any) -> InstanceSettings:
    """An address on each of these, 10.0.0.1, 10.0.0.2 and so on."""
    addresses = tuple(VirtualAddress(f"10.0.0.{n}", 32, name) for n, name in enumerate(interfaces, 1))
    return InstanceSettings("VI_1", "eth0", 51, virtual_addresses=addresses, **more)


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        pytest.param(settings("eth0", "eth0"), [], id="nothing is elsewhere"),
        pytest.param(
            settings("eth0", "eth1", "eth2", "eth1"), [("eth1", 2), ("eth2", 3)], id="one of each other interface"
        ),
        pytest.param(settings("eth0", "eth1", garp_extra_all=False), [], id="no virtual MAC is elsewhere"),
        pytest.param(
            settings("vrrp.51", "eth1", "vrrp1.51", virtual_interface=OWN, address_interfaces=(OTHER,)),
            [("eth1", 2), ("vrrp1.51", 3)], id="the own interface is a virtual MAC",
        ),
        pytest.param(
            settings(
                "vrrp.51", "eth1", "vrrp1.51", virtual_interface=OWN, address_interfaces=(OTHER,), garp_extra_all=False
            ),
            [("vrrp1.51", 3)], id="virtual MACs only",
        ),
        pytest.param(
            settings("vrrp.51", "eth1", virtual_interface=OWN, vmac_xmit_base=True, garp_extra_all=False),
            [("vrrp.51", 1)], id="the own one as well, which sends no adverts",
        ),
    ],
)  # fmt: skip
def test_addresses_are_announced_where_no_advert_tells_of_them(
    configured: InstanceSettings, expected: list[tuple[str, int]]
) -> None:
    wires = Wires()

    announcer(wires, configured).announce_elsewhere()

    assert sorted(wires.sent) == expected


def test_a_virtual_mac_shares_the_distance_of_the_wire_below() -> None:
    wires, paces = Wires(), Paces()
    paces.configure((Pacing(("eth0",), arp=60.0),))

    announcer(wires, settings("eth0", "vrrp.51", "eth1", virtual_interface=OWN), paces).announce(1)

    assert wires.sent == [("eth0", 1), ("eth1", 3)]


def test_the_repetitions_come_after_the_first_of_each_and_only_from_a_master() -> None:
    wires, afterwards = Wires(), Afterwards()
    nobody: Any = None
    volley = Volley(cast(AddressCommands, SimpleNamespace(submit=lambda _: None)))
    made = Announcer(cast(Interfaces, wires), Paces(), volley, afterwards, cast(CoreLog, nobody))
    made.encode(settings("eth0", "eth0"))

    with afterwards.held():
        made.announce(3)
        first = list(wires.sent)
    all_of_them = list(wires.sent)
    with afterwards.held():
        made.announce(3)
        made.withdraw()

    assert first == [("eth0", 1), ("eth0", 2)]
    assert all_of_them == first * 3
    assert wires.sent == all_of_them + first
