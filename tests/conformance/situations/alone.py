"""A router that nobody else speaks to: it starts, becomes master, advertises, and is stopped."""

from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester

GARP_DELAY = 2.0
"""Seconds of ``garp_master_delay`` here."""
MANY = 255
MANY_6 = 89
"""Addresses in one packet."""
QUIET = "garp_master_repeat 1\n garp_master_delay 0\n"
"""One announcement per address, and no more."""


@situation(
    Router(priority=None, advert_int=0.3, options=f"garp_master_delay {GARP_DELAY:g}"),
    bench="alone",
    prepare="address add $net.10/24 dev $interface",
)
async def version_3_alone(tester: Tester) -> None:
    """Default priority; a second address of the host that is lower than its first."""
    await tester.becomes("MASTER")
    await tester.hears(12)


@situation(Router(version=2, advert_int=1), bench="alone")
async def version_2_alone(tester: Tester) -> None:
    """keepalived's defaults: a burst of announcements, and another after five seconds."""
    await tester.becomes("MASTER")
    await tester.hears(6)


@situation(
    Router(
        family=6,
        advert_int=0.3,
        addresses=("$vip6/64", "$net6::200/64"),
        options=f"garp_master_delay {GARP_DELAY:g}",
    ),
    bench="alone",
)
async def ipv6_alone(tester: Tester) -> None:
    """A link-local virtual address, and a global one."""
    await tester.becomes("MASTER")
    await tester.hears(10)


@situation(
    Router(version=2, family=6, priority=200, advert_int=1),
    bench="alone",
)
async def version_2_with_ipv6(tester: Tester) -> None:
    await tester.becomes("MASTER")


@situation(
    Router(vrid=1),
    Router(vrid=255, addresses=("$net.201/24",)),
    bench="alone",
)
async def extreme_vrids(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)


@situation(Router(priority=255, advert_int=40.95, options="state MASTER\n" + QUIET), bench="alone")
async def longest_interval_version_3(tester: Tester) -> None:
    """An owner, so that nobody has to wait."""
    await tester.becomes("MASTER")


@situation(Router(version=2, priority=255, advert_int=255, options="state MASTER\n" + QUIET), bench="alone")
async def longest_interval_version_2(tester: Tester) -> None:
    await tester.becomes("MASTER")


@situation(
    Router(addresses=("$net.10/24",)),
    bench="alone",
    prepare="address add $net.10/24 dev $interface",
)
async def address_of_the_host(tester: Tester) -> None:
    """The virtual address is on the interface before the router starts; its priority is 100 all the same."""
    await tester.becomes("MASTER")


@situation(
    Router(addresses=("10.8.0.1/32", *(f"$net.{number}/32" for number in range(255) if number != 20)),
           options=QUIET),
    bench="busy many",
)  # fmt: skip
async def as_many_addresses_as_fit(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(3)


@situation(
    Router(family=6, addresses=("$vip6/64", *(f"$net6::{number:x}/128" for number in range(16, 15 + MANY_6))),
           options=QUIET),
    bench="busy many",
)  # fmt: skip
async def as_many_ipv6_addresses_as_fit(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(3)


@situation(Router(family=6, addresses=("$net6::200/64", "$vip6/64")), bench="alone")
async def global_address_first(tester: Tester) -> None:
    """The link-local address is the second one in the configuration."""
    await tester.becomes("MASTER")
    await tester.hears(2)


@situation(
    Router(priority=150, advert_int=0.4, options="state MASTER"),
    bench="alone",
)
async def state_master(tester: Tester) -> None:
    await tester.becomes("MASTER")


@situation(
    Router(priority=255, advert_int=0.3, options="state MASTER"),
    bench="alone",
)
async def owner(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(2)


@situation(
    Router(priority=255, advert_int=0.3, options="nopreempt"),
    bench="alone",
)
async def owner_without_preemption(tester: Tester) -> None:
    """It meets a weaker master."""
    async with tester.repeating(tester.advert(priority=100, interval=30), every=0.1):
        await tester.becomes("MASTER")


@situation(
    Router(
        options=QUIET + "virtual_ipaddress_excluded {\n $net.210/24\n $net6::210/64\n}",
    ),
    bench="alone",
    prepare="address add $net6::20/64 dev $interface nodad",
)
async def excluded_addresses(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(2)


@situation(
    Router(advert_int=0.5, options=QUIET + "garp_master_refresh 1\n garp_master_refresh_repeat 2"),
    bench="alone",
)
async def refreshed_announcements(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.passes(2.3)


@situation(Router(options=QUIET), bench="alone")
async def address_deleted(tester: Tester) -> None:
    """Somebody deletes the virtual address of the master."""
    await tester.becomes("MASTER")
    await tester.hears(1)
    await tester.ip("address", "del", f"{tester.wire.cable.virtual}/24", "dev", tester.wire.cable.interface)
    tester.mark("deleted")
    await tester.passes(1.5)
