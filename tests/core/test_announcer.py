"""Where else addresses are announced: interfaces and senders are stand-ins, frames are real."""

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


class Wires:
    """Interfaces by name, and what was sent on each: the last byte of the address."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []

    def __getitem__(self, name: str) -> Any:
        def send(frame: bytes) -> None:
            self.sent.append((name, frame[31]))

        wire = {OWN.name: OWN.base, OTHER.name: OTHER.base}.get(name, name)
        return SimpleNamespace(link=SimpleNamespace(mac=bytes(6)), frames=SimpleNamespace(send=send), wire=wire)


def announcer(wires: Wires, settings: InstanceSettings, paces: Paces | None = None) -> Announcer:
    nobody: Any = None
    volley = Volley(cast(AddressCommands, nobody))
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
