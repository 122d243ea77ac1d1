"""Removals of routes and rules are heard, whoever else makes them, and nothing else is."""

import select

from hahub.net.addresses import AddressCommands
from hahub.net.routes import encode_routes
from hahub.net.routewatch import RouteWatch, as_removed
from hahub.settings import NextHop, Route, Rule
from tests.net.namespace import connect, in_namespace, index_of, ip

BLACKHOLE = Route("10.60.0.0/16", type=6)
WAYS = (NextHop("10.9.0.2"), NextHop("10.9.0.3"))
WAYS_6 = (NextHop("fd09::2", "near0"), NextHop("fd09::3", "near0"))
ENTRIES: dict[str, Route | Rule] = {
    "route {} blackhole 10.60.0.0/16 proto 18": BLACKHOLE,
    "route {} 10.61.0.0/16 via 10.9.0.2 table 300 metric 5 proto 4": Route(
        "10.61.0.0/16", gateway="10.9.0.2", table=300, metric=5, protocol=4
    ),
    "route {} 10.62.0.0/16 tos 0x10 proto 18 nexthop via 10.9.0.2 nexthop via 10.9.0.3": Route(
        "10.62.0.0/16", tos=16, hops=WAYS
    ),
    "route {} default via 10.9.0.2 proto 18": Route("0.0.0.0/0", gateway="10.9.0.2"),
    "-6 route {} blackhole fd60::/16 proto 18": Route("fd60::/16", type=6),
    "-6 route {} fd61::/64 via fd09::2 metric 5 proto 18": Route("fd61::/64", gateway="fd09::2", metric=5),
    "-6 route {} fd62::/64 proto 18 nexthop via fd09::2 nexthop via fd09::3": Route("fd62::/64", hops=WAYS_6),
    "-6 route {} default dev near0 proto 18": Route("::/0", interface="near0"),
    "rule {} table 300 preference 500 protocol 18": Rule(2, 500, table=300),
    "-6 rule {} table main preference 501 protocol 18": Rule(10, 501, table=254),
}


def is_readable(watch: RouteWatch, within: float = 0.0) -> bool:
    return bool(select.select([watch.fileno()], [], [], within)[0])


@in_namespace
def test_every_removal_is_heard() -> None:
    connect()
    ip("-6 address add fd09::1/64 dev near0 nodad")
    watch = RouteWatch()
    watch.listen(needed=True)
    for command in ENTRIES:
        ip(command.format("add"))
    assert not is_readable(watch)

    heard = []
    for command in ENTRIES:
        ip(command.format("del"))
        assert is_readable(watch, 30.0)
        heard.append(watch.drain())

    assert heard == [{as_removed(entry)} for entry in ENTRIES.values()]
    assert watch.drain() == set()


@in_namespace
def test_one_way_that_goes_is_the_loss_of_its_route() -> None:
    connect()
    ip("-6 address add fd09::1/64 dev near0 nodad")
    watch = RouteWatch()
    watch.listen(needed=True)
    ip("-6 route add fd62::/64 proto 18 nexthop via fd09::2 nexthop via fd09::3")

    ip("-6 route del fd62::/64 via fd09::3")

    assert is_readable(watch, 30.0)
    assert watch.drain() == {as_removed(Route("fd62::/64", hops=WAYS_6))}


@in_namespace
def test_what_we_remove_ourselves_is_no_news() -> None:
    commands = AddressCommands()
    watch = RouteWatch(own_port=commands.port)
    watch.listen(needed=True)
    batches = encode_routes([BLACKHOLE], index_of)

    commands.submit((*batches.add, *batches.remove, *batches.add))
    ours = watch.drain()
    ip("route del blackhole 10.60.0.0/16")

    assert ours == set()
    assert is_readable(watch, 30.0)
    assert watch.drain() == {as_removed(BLACKHOLE)}


@in_namespace
def test_nothing_is_heard_before_and_after_it_is_needed() -> None:
    watch = RouteWatch()
    for needed in (False, True, False):
        watch.listen(needed=needed)
        ip("route add blackhole 10.60.0.0/16 proto 18")
        ip("route del blackhole 10.60.0.0/16")

        assert is_readable(watch) == needed
        assert watch.drain() == ({as_removed(BLACKHOLE)} if needed else set())
