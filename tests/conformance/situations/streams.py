"""Invalid adverts that come faster than a master advertises."""

from tests.conformance.packets import Outgoing
from tests.conformance.situation import Router, situation
from tests.conformance.situations.batteries import PASS
from tests.conformance.tester import Tester


async def _stream(tester: Tester, outgoing: Outgoing, *, seconds: float, every: float) -> None:
    await tester.becomes("MASTER")
    await tester.hears(1)
    tester.mark("begin")
    await tester.repeat(outgoing, times=round(seconds / every), every=every, mark="end")
    await tester.hears(2)


@situation(Router(advert_int=0.3), bench="streams")
async def stream_of_wrong_checksums(tester: Tester) -> None:
    await _stream(tester, tester.advert(checksum_xor=1), seconds=1.8, every=0.06)


@situation(Router(advert_int=0.3), bench="streams")
async def stream_of_low_ttl(tester: Tester) -> None:
    await _stream(tester, tester.advert(ttl=64), seconds=1.8, every=0.06)


@situation(Router(advert_int=0.3, family=6), bench="streams")
async def stream_of_low_hop_limits(tester: Tester) -> None:
    await _stream(tester, tester.advert(ttl=64), seconds=1.8, every=0.06)


@situation(Router(version=2, advert_int=1, options=PASS, priority=200), bench="streams")
async def stream_of_wrong_passwords(tester: Tester) -> None:
    await _stream(tester, tester.advert(auth_type=1, auth_data=b"public12", priority=254), seconds=4, every=0.25)


@situation(Router(version=2, advert_int=1, priority=200), bench="streams")
async def stream_of_other_addresses(tester: Tester) -> None:
    await _stream(tester, tester.advert(addresses=("10.8.0.1",), priority=254), seconds=4, every=0.25)
