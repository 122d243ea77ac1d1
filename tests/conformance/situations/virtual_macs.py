"""Routers with a MAC of their own."""

from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester


@situation(Router(options="use_vmac"), bench="busy vmac")
async def virtual_mac(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(4)


@situation(Router(family=6, options="use_vmac", addresses=("$vip6/64", "$net6::200/64")), bench="busy vmac")
async def virtual_mac_ipv6(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(4)
