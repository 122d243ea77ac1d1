"""What others say to a backup, and when it takes over."""

from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester


@situation(bench="backups")
async def learns_an_interval(tester: Tester) -> None:
    """The master has half a second, this router 0.2 s."""
    await tester.becomes("BACKUP")
    await tester.repeat(tester.advert(interval=50), times=4, every=0.5, mark="last")
    await tester.becomes("MASTER")
    await tester.hears(5)


@situation(bench="backups")
async def learns_an_interval_then_priority_0(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    await tester.repeat(tester.advert(interval=50), times=2, every=0.3)
    tester.send(tester.advert(priority=0, interval=50), mark="resigned")
    await tester.becomes("MASTER")


async def _resigned(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    tester.send(tester.advert())
    await tester.passes(0.2)
    tester.send(tester.advert(priority=0), mark="resigned")
    await tester.becomes("MASTER")


@situation(Router(version=2, advert_int=1), bench="backups")
async def priority_0_version_2(tester: Tester) -> None:
    await _resigned(tester)


@situation(Router(version=2, advert_int=3), bench="backups")
async def priority_0_version_2_slow(tester: Tester) -> None:
    """Three times the interval, the same Skew_Time."""
    await _resigned(tester)


@situation(Router(version=2, advert_int=1, priority=200), bench="backups")
async def priority_0_version_2_strong(tester: Tester) -> None:
    await _resigned(tester)


@situation(Router(advert_int=1), bench="backups")
async def priority_0_version_3(tester: Tester) -> None:
    await _resigned(tester)


@situation(Router(advert_int=3), bench="backups")
async def priority_0_version_3_slow(tester: Tester) -> None:
    """Three times the interval, three times Skew_Time."""
    await _resigned(tester)


@situation(Router(advert_int=1, family=6), bench="backups")
async def priority_0_ipv6(tester: Tester) -> None:
    await _resigned(tester)


async def _silent(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    tester.send(tester.advert(priority=254), mark="last")
    await tester.becomes("MASTER")


@situation(Router(version=2, advert_int=1), bench="backups")
async def silence_version_2(tester: Tester) -> None:
    await _silent(tester)


@situation(Router(version=2, advert_int=2, priority=250), bench="backups")
async def silence_version_2_slow(tester: Tester) -> None:
    await _silent(tester)


@situation(Router(advert_int=1), bench="backups")
async def silence_version_3(tester: Tester) -> None:
    await _silent(tester)


@situation(Router(advert_int=0.4, priority=200), bench="backups")
async def silence_version_3_strong(tester: Tester) -> None:
    await _silent(tester)


@situation(Router(advert_int=0.4, family=6), bench="backups")
async def silence_ipv6(tester: Tester) -> None:
    await _silent(tester)


@situation(bench="backups")
async def hears_equal(tester: Tester) -> None:
    """From an address below its own, for two seconds, then no more."""
    await tester.becomes("BACKUP")
    below = tester.advert(priority=100, source=f"10.9.{tester.wire.cable.number}.3")
    await tester.repeat(below, times=11, every=0.2, mark="last")
    await tester.becomes("MASTER")


@situation(Router(options="nopreempt"), bench="backups")
async def hears_lower_without_preemption(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    await tester.repeat(tester.advert(priority=50), times=11, every=0.2, mark="last")
    await tester.becomes("MASTER")


@situation(Router(advert_int=0.4), bench="backups")
async def hears_lower(tester: Tester) -> None:
    """After one advert of a real master."""
    await tester.becomes("BACKUP")
    tester.send(tester.advert(), mark="last")
    async with tester.repeating(tester.advert(priority=50), every=0.1):
        await tester.becomes("MASTER")


@situation(Router(advert_int=0.4), bench="backups")
async def hears_wrong_checksums(tester: Tester) -> None:
    """After one right advert."""
    await tester.becomes("BACKUP")
    tester.send(tester.advert(), mark="last")
    async with tester.repeating(tester.advert(checksum_xor=1), every=0.1):
        await tester.becomes("MASTER")


@situation(Router(version=2, advert_int=1, priority=200), bench="backups")
async def hears_wrong_addresses(tester: Tester) -> None:
    """After one right advert."""
    await tester.becomes("BACKUP")
    tester.send(tester.advert(priority=254), mark="last")
    async with tester.repeating(tester.advert(priority=254, addresses=("10.8.0.1",)), every=0.2):
        await tester.becomes("MASTER")


@situation(Router(advert_int=1), bench="backups")
async def priority_0_then_another_master(tester: Tester) -> None:
    """The other one speaks before Skew_Time, 0.6 s, has passed."""
    await tester.becomes("BACKUP")
    tester.send(tester.advert())
    await tester.passes(0.2)
    tester.send(tester.advert(priority=0), mark="resigned")
    await tester.passes(0.2)
    tester.send(tester.advert(source=f"10.9.{tester.wire.cable.number}.40"), mark="another")
    await tester.passes(2)
    tester.mark("watched till")


@situation(Router(options="preempt_delay 2"), bench="backups")
async def preempts_later(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    tester.send(tester.advert(priority=50), mark="first")
    async with tester.repeating(tester.advert(priority=50), every=0.2):
        await tester.becomes("MASTER")


@situation(Router(advert_int=0.1), bench="backups")
async def shorter_interval_than_the_master(tester: Tester) -> None:
    """Ten times shorter; only what the advert says keeps it from taking over."""
    await tester.becomes("BACKUP")
    await tester.repeat(tester.advert(interval=100), times=3, every=1, mark="last")


@situation(bench="backups")
async def hears_interval_0(tester: Tester) -> None:
    await tester.becomes("BACKUP")
    async with tester.repeating(tester.advert(), every=0.1):
        await tester.passes(0.3)
        tester.send(tester.advert(interval=0, priority=254), mark="interval 0")
        await tester.passes(0.5)
        tester.mark("watched till")


@situation(bench="backups")
async def backup_to_the_end(tester: Tester) -> None:
    """Stopped while somebody else is master."""
    await tester.becomes("BACKUP")
    tester.repeat_to_the_end(tester.advert(), every=0.1)
    await tester.passes(1)
