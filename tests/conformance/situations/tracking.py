"""Routers whose state or priority depends on something."""

from tests.conformance.situation import Router, situation
from tests.conformance.situations.alone import QUIET
from tests.conformance.tester import Tester


def _track_file(name: str) -> dict[str, str]:
    """A file whose number is added to the priority, or means FAULT below -253."""
    return {"more": f'track_file {name} {{\n file "/run/lab/{name}"\n weight 1\n init_file 0\n}}\n'}


def _set(tester: Tester, value: int) -> None:
    (tester.bench.directory / tester.situation.name).write_text(f"{value}\n")


@situation(
    Router(options=QUIET + "notify_priority_changes\n track_file {\n weights\n }\n"),
    bench="tracking",
    **_track_file("weights"),
)
async def weights(tester: Tester) -> None:
    """Down as far as it goes, and up as far as it goes."""
    await tester.becomes("MASTER")
    await tester.hears(2)
    _set(tester, -200)
    await tester.becomes("MASTER_PRIORITY")
    await tester.hears(3)
    _set(tester, 200)
    await tester.becomes("MASTER_PRIORITY")
    await tester.hears(3)


@situation(
    Router(options=QUIET + "track_file {\n fault\n }\n"),
    bench="tracking",
    **_track_file("fault"),
)
async def fault(tester: Tester) -> None:
    """A master that may not serve any more; others speak meanwhile."""
    await tester.becomes("MASTER")
    await tester.hears(2)
    _set(tester, -254)
    await tester.becomes("FAULT")
    tester.mark("fault")
    await tester.repeat(tester.advert(priority=50), times=5, every=0.1)
    await tester.repeat(tester.advert(priority=0), times=5, every=0.1, mark="last resignation")
    await tester.passes(0.3)
    tester.mark("cleared")
    _set(tester, 0)
    await tester.becomes("BACKUP")
    await tester.becomes("MASTER")


@situation(Router(advert_int=0.3, options=QUIET + "dont_track_primary"), bench="tracking")
async def nowhere_to_send(tester: Tester) -> None:
    """The interface of a master that does not look at it is down for some time."""
    interface = tester.wire.cable.interface
    await tester.becomes("MASTER")
    await tester.hears(2)
    await tester.ip("link", "set", interface, "down")
    tester.mark("down")
    await tester.passes(2.4)
    tester.mark("up")
    await tester.ip("link", "set", interface, "up")
    await tester.hears(3)
