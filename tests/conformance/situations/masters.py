"""What others say to a master, and what it makes of it."""

from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester


@situation(Router(advert_int=0.4), bench="masters")
async def master_hears_resignation(tester: Tester) -> None:
    """In the middle of its interval."""
    await tester.becomes("MASTER")
    await tester.hears(1)
    await tester.passes(0.2)
    tester.send(tester.advert(priority=0), mark="resigned")
    await tester.hears(3)


@situation(bench="masters")
async def master_hears_higher(tester: Tester) -> None:
    """One advert with another interval, then silence."""
    await tester.becomes("MASTER")
    await tester.hears(2)
    tester.send(tester.advert(priority=200, interval=30), mark="higher")
    await tester.becomes("BACKUP")
    await tester.becomes("MASTER")


@situation(Router(version=2, advert_int=1), bench="masters")
async def master_hears_higher_version_2(tester: Tester) -> None:
    await tester.becomes("MASTER")
    tester.send(tester.advert(priority=200), mark="higher")
    await tester.becomes("BACKUP")
    await tester.becomes("MASTER")


async def _hears_equal_from(tester: Tester, source: str) -> None:
    await tester.becomes("MASTER")
    await tester.hears(1)
    tester.send(tester.advert(priority=100, source=source), mark="equal")
    await tester.passes(0.5)


@situation(bench="masters")
async def master_hears_equal_from_above(tester: Tester) -> None:
    await _hears_equal_from(tester, tester.wire.cable.peer)


@situation(bench="masters")
async def master_hears_equal_from_far_above(tester: Tester) -> None:
    """Above only as an unsigned number."""
    await _hears_equal_from(tester, "200.0.0.1")


@situation(Router(family=6), bench="masters")
async def master_hears_equal_from_above_ipv6(tester: Tester) -> None:
    await _hears_equal_from(tester, tester.wire.cable.peer6)


@situation(Router(advert_int=0.4), bench="masters")
async def master_hears_equal_from_below(tester: Tester) -> None:
    await _hears_equal_from(tester, f"10.9.{tester.wire.cable.number}.3")


@situation(Router(family=6, advert_int=0.4), bench="masters")
async def master_hears_equal_from_below_ipv6(tester: Tester) -> None:
    await _hears_equal_from(tester, "fe80::3")


async def _hears_lower(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(1)
    await tester.passes(0.2)
    tester.send(tester.advert(priority=50), mark="lower")
    await tester.hears(2)


@situation(Router(advert_int=0.6), bench="masters")
async def master_hears_lower(tester: Tester) -> None:
    await _hears_lower(tester)


@situation(Router(advert_int=0.6, options="lower_prio_no_advert"), bench="masters")
async def master_hears_lower_and_may_not_answer(tester: Tester) -> None:
    await _hears_lower(tester)


@situation(Router(advert_int=0.6, family=6), bench="masters")
async def master_hears_itself(tester: Tester) -> None:
    """Its own priority from its own address."""
    await tester.becomes("MASTER")
    await tester.hears(1)
    await tester.passes(0.2)
    tester.send(tester.advert(priority=100, source=tester.wire.cable.address6), mark="itself")
    await tester.hears(2)


async def _hears_another_owner(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(1)
    await tester.repeat(tester.advert(priority=255), times=3, every=0.2, mark="other owner")
    await tester.hears(2)


@situation(Router(priority=255, options="state MASTER"), bench="masters")
async def owner_hears_another(tester: Tester) -> None:
    """From a higher address."""
    await _hears_another_owner(tester)


@situation(Router(priority=255, options="state MASTER\n owner_ignore_adverts"), bench="masters")
async def owner_that_ignores_another(tester: Tester) -> None:
    await _hears_another_owner(tester)
