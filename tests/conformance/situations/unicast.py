"""Routers that send to peers instead of a group."""

from tests.conformance.situation import Router, situation
from tests.conformance.situations.alone import QUIET
from tests.conformance.situations.batteries import RIGHT, stronger
from tests.conformance.tester import Tester

SECOND_PEER = "neigh add $net.31 lladdr 02:00:00:00:00:31 dev $interface nud permanent"
PEER = "unicast_src_ip $own\n unicast_peer {\n $peer\n }\n"
PEERS = "unicast_src_ip $own\n unicast_peer {\n $peer\n $net.31\n }\n"
PEERS6 = "unicast_src_ip $net6::20\n unicast_peer {\n $net6::30\n }\n"
OWN6 = (
    "address add $net6::20/64 dev $interface nodad\n"
    "neigh add $net6::30 lladdr 02:00:00:00:00:30 dev $interface nud permanent"
)


@situation(Router(options=PEERS), bench="unicast", prepare=SECOND_PEER)
async def two_peers(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(12)


@situation(Router(version=2, advert_int=1, options=PEERS), bench="unicast", prepare=SECOND_PEER)
async def two_peers_version_2(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(4)


@situation(Router(family=6, options=PEERS6, addresses=("$net6::200/64",)), bench="unicast", prepare=OWN6)
async def ipv6_peers(tester: Tester) -> None:
    await tester.becomes("MASTER")
    await tester.hears(4)


@situation(
    Router(priority=250, advert_int=1, options=QUIET + PEER + "check_unicast_src"),
    bench="unicast",
)
async def strangers_and_groups(tester: Tester) -> None:
    """Only peers are to be heard, and only what is sent to the router itself."""
    cable = tester.wire.cable
    tester.always = {"destination": cable.address, "eth_destination": cable.mac}
    await tester.becomes("MASTER")
    right = stronger(tester)
    group = right.but(destination="224.0.0.18", eth_destination="01:00:5e:00:00:12")
    await tester.try_each(
        {
            "a stranger": right.but(source=f"10.9.{cable.number}.99"),
            "to the group": group,
            "to the virtual address": right.but(destination=cable.virtual),
            RIGHT: right,
        }
    )


@situation(
    Router(family=6, priority=250, advert_int=1, options=QUIET + PEERS6, addresses=("$net6::200/64",)),
    bench="unicast",
    prepare=OWN6,
)
async def ipv6_peers_and_the_group(tester: Tester) -> None:
    net = f"2001:db8:{tester.wire.cable.number:x}"
    tester.always = {
        "source": f"{net}::30",
        "destination": f"{net}::20",
        "eth_destination": tester.wire.cable.mac,
    }
    await tester.becomes("MASTER")
    right = stronger(tester)
    group = right.but(destination="ff02::12", eth_destination="33:33:00:00:00:12")
    await tester.try_each({"to the group": group, RIGHT: right})


@situation(Router(options=PEER), bench="unicast")
async def peer_with_old_checksum(tester: Tester) -> None:
    """Its checksum is made with the group's address, as an old keepalived makes it; then it falls silent."""
    cable = tester.wire.cable
    tester.always = {"destination": cable.address, "eth_destination": cable.mac, "pseudo_destination": "224.0.0.18"}
    await tester.becomes("BACKUP")
    await tester.repeat(tester.advert(), times=5, every=0.2, mark="last")
    await tester.becomes("MASTER")
    await tester.hears(2)
