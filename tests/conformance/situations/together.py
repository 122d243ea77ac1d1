"""Several virtual routers of one host, and several interfaces."""

from tests.conformance.frames import Advert
from tests.conformance.situation import Router, situation
from tests.conformance.tester import Tester

GROUP = "vrrp_sync_group leaves_together_group {\n group {\n leaves_together\n leaves_together_2\n }\n}\n"


@situation(Router(), Router(vrid=52, addresses=("$net.201/24",)), bench="together")
async def two_vrids(tester: Tester) -> None:
    """Somebody stronger takes one of them over."""
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)
    async with tester.repeating(tester.advert(), every=0.1):
        await tester.becomes("BACKUP")
        tester.mark("first is backup")
        await tester.hears(4, router=1)
        tester.mark("watched till")


@situation(Router(), Router(family=6), bench="together")
async def two_families(tester: Tester) -> None:
    """The same VRID; somebody stronger takes IPv4 over."""
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)
    async with tester.repeating(tester.advert(), every=0.1):
        await tester.becomes("BACKUP")
        tester.mark("first is backup")
        await tester.passes(1)
        tester.mark("watched till")


async def _forwards(tester: Tester) -> None:
    await tester.shell("echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
    await tester.becomes("MASTER")
    await tester.hears(3)
    tester.send(tester.advert(priority=50))
    tester.send(tester.advert(vrid=77))
    await tester.hears(3)


@situation(Router(), bench="forwarding", cables=2)
async def two_interfaces(tester: Tester) -> None:
    """The host forwards; a neighbour advertises, too."""
    await _forwards(tester)


@situation(Router(family=6), bench="forwarding", cables=2)
async def two_interfaces_ipv6(tester: Tester) -> None:
    await _forwards(tester)


@situation(
    Router(),
    Router(vrid=52, cable=1),
    bench="together",
    cables=2,
    more=GROUP,
)
async def leaves_together(tester: Tester) -> None:
    """Two members on two wires; on the second one somebody stronger comes, and goes again."""
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)
    await tester.hears(2)
    tester.send(tester.advert(1), mark="stronger", wire=1)
    await tester.becomes("BACKUP")
    await tester.becomes("BACKUP", router=1)
    await tester.becomes("MASTER")
    await tester.becomes("MASTER", router=1)
    await tester.hears(2)


@situation(Router(), bench="reload")
async def reloaded(tester: Tester) -> None:
    """With another priority."""
    await tester.becomes("MASTER")
    await tester.hears(3)
    before = tester.bench.configuration()
    tester.mark("reload")
    tester.bench.daemon.reload(before.replace("priority 100", "priority 120"))
    await tester.until(
        lambda: any(isinstance(f, Advert) and f.priority == 120 for f in tester.wire.frames), "the other priority"
    )
    await tester.hears(5)
