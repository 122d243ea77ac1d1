"""Batches of routes: what they hold, their order, and what the kernel makes of them."""

import select
from typing import Any

import pytest
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net.addresses import AddressBatches, AddressCommands, RoutingError
from hahub.net.routes import encode_routes
from hahub.settings import Route
from tests.net.namespace import connect, in_namespace, index_of, ip

NOWHERE = tuple(Route(f"10.{n}.0.0/16", type=6) for n in range(60, 180))


def plain(message: Any) -> dict[str, object]:
    """Its attributes, those inside another one, too."""
    return {name: plain(value) if isinstance(value, dict) else value for name, value in message["attrs"]}


def said(chunk: bytes) -> list[tuple[object, ...]]:
    return [
        (m["event"], m["header"]["flags"], m["family"], m["dst_len"], m["scope"], m["type"], plain(m))
        for m in MarshalRtnl().parse(chunk)
    ]


def test_a_batch_says_all_that_is_configured() -> None:
    route = Route("10.0.0.0/8", 1, "10.9.0.7", "eth0", "10.9.0.200", 300, 5, 253, 4, 16, True, ((2, 1400),))

    batches = encode_routes([route], {"eth0": 7}.get)

    way = {
        "RTA_TABLE": 300, "RTA_DST": "10.0.0.0", "RTA_GATEWAY": "10.9.0.7", "RTA_OIF": 7,
        "RTA_PREFSRC": "10.9.0.200", "RTA_PRIORITY": 5,
    }  # fmt: skip
    metrics = {"RTA_METRICS": {"RTAX_MTU": 1400}}
    assert said(batches.add[0]) == [("RTM_NEWROUTE", 0x601, 2, 8, 253, 1, {**way, **metrics})]
    assert said(batches.remove[0]) == [("RTM_DELROUTE", 0x1, 2, 8, 253, 1, way)]


def test_what_came_first_goes_last() -> None:
    batches = encode_routes(NOWHERE, dict[str, int]().get)

    added = [route[-1]["RTA_DST"] for chunk in batches.add for route in said(chunk)]  # type: ignore[index]
    removed = [route[-1]["RTA_DST"] for chunk in batches.remove for route in said(chunk)]  # type: ignore[index]
    assert [len(said(chunk)) for chunk in batches.add] == [50, 50, 20]
    assert added == [route.destination.removesuffix("/16") for route in NOWHERE]
    assert removed == added[::-1]


def test_a_route_of_an_interface_that_is_not_there_is_left_out() -> None:
    assert encode_routes([Route("10.0.0.0/8", interface="gone0")], dict[str, int]().get) == AddressBatches((), ())


@in_namespace
def test_120_routes_are_there_when_submit_returns_and_gone_after_the_next() -> None:
    commands = AddressCommands()
    batches = encode_routes(NOWHERE, index_of)

    commands.submit(batches.add)
    commands.submit(batches.add)
    there = ip("route show type blackhole").splitlines()
    commands.submit(batches.remove)
    commands.submit(batches.remove)

    assert [line.split()[1] for line in there] == [route.destination for route in NOWHERE]
    assert ip("route show type blackhole") == ""
    assert commands.collect() == []


@in_namespace
def test_a_route_of_somebody_else_to_the_same_network_is_left_alone() -> None:
    commands = AddressCommands()
    batches = encode_routes(NOWHERE[:1], index_of)
    ip("route add blackhole 10.60.0.0/16 proto static")

    commands.submit((*batches.add, *batches.remove))

    assert ip("route show type blackhole").split() == ["blackhole", "10.60.0.0/16", "proto", "static"]


@in_namespace
@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (Route("10.0.0.0/8", gateway="192.0.2.1"), RoutingError("add", "route 10.0.0.0/8 via 192.0.2.1", 101)),
        (Route("0.0.0.0/0", gateway="192.0.2.1"), RoutingError("add", "route 0.0.0.0/0 via 192.0.2.1", 101)),
    ],
)
def test_a_route_that_leads_nowhere_is_named(route: Route, expected: RoutingError) -> None:
    connect()
    commands = AddressCommands()

    commands.submit(encode_routes([route], index_of).add)

    assert select.select([commands.fileno()], [], [], 30.0)[0]
    assert commands.collect() == [expected]
    assert str(expected) == f"cannot add {route}: Network is unreachable"
