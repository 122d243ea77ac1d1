"""Removals of routes and rules are heard, whoever makes them, and nothing else is."""

import select

from hahub.net.routewatch import RouteWatch, as_removed
from hahub.settings import Route, Rule
from tests.net.namespace import connect, in_namespace, ip

BLACKHOLE = Route("10.60.0.0/16", type=6)


def is_readable(watch: RouteWatch, within: float = 0.0) -> bool:
    return bool(select.select([watch.fileno()], [], [], within)[0])


@in_namespace
def test_every_removal_is_heard() -> None:
    connect()
    watch = RouteWatch()
    watch.listen(needed=True)
    way = Route("10.61.0.0/16", gateway="10.9.0.2", table=300)
    rule, rule6 = Rule(2, 500, table=300), Rule(10, 501, table=254)
    commands = (
        "route {} blackhole 10.60.0.0/16",
        "route {} 10.61.0.0/16 via 10.9.0.2 table 300",
        "rule {} table 300 preference 500",
        "-6 rule {} table main preference 501",
        "route {} default via 10.9.0.2",
    )
    for command in commands:
        ip(command.format("add"))
    assert not is_readable(watch)

    for command in commands:
        ip(command.format("del"))

    assert is_readable(watch, 30.0)
    default = Route("0.0.0.0/0", gateway="10.9.0.2")
    assert watch.drain() == {as_removed(each) for each in (BLACKHOLE, way, rule, rule6, default)}
    assert watch.drain() == set()


@in_namespace
def test_nothing_is_heard_before_and_after_it_is_needed() -> None:
    watch = RouteWatch()
    for needed in (False, True, False):
        watch.listen(needed=needed)
        ip("route add blackhole 10.60.0.0/16")
        ip("route del blackhole 10.60.0.0/16")

        assert is_readable(watch) == needed
        assert watch.drain() == ({as_removed(BLACKHOLE)} if needed else set())
