"""A router that nobody else speaks to: it starts, becomes master, advertises, and is stopped."""

from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester

GARP_DELAY = 2.0
"""Seconds of ``garp_master_delay`` here."""


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
        family=6, advert_int=0.3, addresses=("$vip6/64", "$net6::200/64"), options=f"garp_master_delay {GARP_DELAY:g}"
    ),
    bench="alone",
)
async def ipv6_alone(tester: Tester) -> None:
    """A link-local virtual address, and a global one."""
    await tester.becomes("MASTER")
    await tester.hears(10)
