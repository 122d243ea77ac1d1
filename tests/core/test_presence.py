"""What counts as an address that somebody removed."""

from hahub.core.presence import SETTLING, Presence
from hahub.settings import VirtualAddress

OLD = VirtualAddress("10.9.0.200", 24, "eth0")
NEW = VirtualAddress("fd00::200", 64, "eth0")
FREE = VirtualAddress("10.9.0.201", 24, "eth0", tracked=False)
ALL = (OLD, NEW, FREE, VirtualAddress("10.9.0.202", 24, "eth1"))


def there(*addresses: VirtualAddress) -> set[tuple[str, int, int]]:
    return {(address.interface, address.number, address.prefix_length) for address in addresses}


def test_what_is_missing_on_these_interfaces_is_lost() -> None:
    presence = Presence()

    assert presence.lost(ALL, {"eth0"}, there(OLD, NEW), 0.0) == ()
    assert presence.lost(ALL, {"eth0"}, there(FREE), 0.0) == (OLD, NEW)
    assert presence.lost(ALL, {"eth2"}, set(), 0.0) == ()
    longer = VirtualAddress("10.9.0.200", 25, "eth0")
    assert presence.lost(ALL, {"eth0"}, there(longer, NEW), 0.0) == (OLD,)


def test_an_ipv6_address_that_the_kernel_has_not_told_of_yet_is_not_lost_for_a_while() -> None:
    presence = Presence()
    presence.added(ALL, 100.0)

    assert presence.lost(ALL, {"eth0"}, set(), 100.1) == (OLD,)
    assert presence.lost(ALL, {"eth0"}, there(OLD), 100.0 + SETTLING - 0.01) == ()
    assert presence.lost(ALL, {"eth0"}, there(OLD), 100.0 + SETTLING) == (NEW,)


def test_an_ipv6_address_that_was_there_and_is_missing_is_lost_at_once() -> None:
    presence = Presence()
    presence.added(ALL, 100.0)
    assert presence.lost(ALL, {"eth0"}, there(OLD, NEW), 100.01) == ()

    assert presence.lost(ALL, {"eth0"}, there(OLD), 100.02) == (NEW,)
