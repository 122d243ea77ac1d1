"""Batches of routes: what they hold, their order, and what the kernel makes of them."""

import dataclasses
import json
import select
from typing import Any

import pytest
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from hahub.net.addresses import AddressBatches, AddressCommands
from hahub.net.refusals import RoutingError
from hahub.net.routes import encode_routes
from hahub.settings import Encap, NextHop, Route
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
    assert said(batches.add[0]) == [("RTM_NEWROUTE", 0x401, 2, 8, 253, 1, {**way, **metrics})]
    assert said(batches.remove[0]) == [("RTM_DELROUTE", 0x1, 2, 8, 253, 1, way)]


@pytest.mark.parametrize(
    ("changes", "said_of_it"),
    [
        ({"only_from": "fd01::/16"}, {"RTA_SRC": "fd01::"}),
        ({"realms": 0x30005}, {"RTA_FLOW": 0x30005}),
        ({"preference": 3}, {"RTA_PREF": 3}),
        ({"expires": 500}, {"RTA_EXPIRES": "f4:01:00:00"}),
        ({"metrics": ((1, 4), (2, 1400))}, {"RTA_METRICS": {"RTAX_LOCK": 4, "RTAX_MTU": 1400}}),
        ({"congestion_control": "bbr"}, {"RTA_METRICS": {"RTAX_CC_ALGO": "bbr"}}),
        ({"gateway": "fd00::1"}, {"RTA_GATEWAY": "fd00::1"}),
        ({"encap": Encap(1, labels=(100, 200))}, {
            "RTA_ENCAP": {"MPLS_IPTUNNEL_DST": [
                {"label": 100, "tc": 0, "bos": 0, "ttl": 0}, {"label": 200, "tc": 0, "bos": 1, "ttl": 0}
            ]},
            "RTA_ENCAP_TYPE": 1,
        }),
        ({"encap": Encap(3, 0x0001000200030004)},
         {"RTA_ENCAP": "0c:00:01:00:00:01:00:02:00:03:00:04", "RTA_ENCAP_TYPE": 3}),
    ],
)  # fmt: skip
def test_a_batch_says_more_where_more_is_configured(changes: dict[str, Any], said_of_it: dict[str, object]) -> None:
    """What this kernel may not have at all is compared with what pyroute2 reads, or byte by byte."""
    route = dataclasses.replace(Route("fd00::/16", interface="eth0"), **changes)

    (message,) = MarshalRtnl().parse(encode_routes([route], {"eth0": 7}.get).add[0])

    common = {"RTA_TABLE": 254, "RTA_DST": "fd00::", "RTA_OIF": 7}
    assert plain(message) == {**common, **said_of_it}


def test_whether_a_ttl_is_propagated_is_one_byte() -> None:
    """pyroute2 does not know it."""
    chunks = [encode_routes([dataclasses.replace(NOWHERE[0], ttl_propagate=on)], {}.get).add[0] for on in (False, True)]

    assert [chunk[-8:] for chunk in chunks] == [
        b"\x05\x00\x1a\x00\x00\x00\x00\x00",
        b"\x05\x00\x1a\x00\x01\x00\x00\x00",
    ]


@pytest.mark.parametrize(("placing", "flags"), [("prepend", 0x401), ("add", 0x601), ("append", 0xC01)])
def test_a_route_has_its_place_among_others(placing: str, flags: int) -> None:
    (message,) = MarshalRtnl().parse(encode_routes([dataclasses.replace(NOWHERE[0], placing=placing)], {}.get).add[0])

    assert message["header"]["flags"] == flags


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
def test_a_route_with_several_ways_goes_as_a_whole_and_stands_before_others() -> None:
    connect()
    commands = AddressCommands()
    hops = (NextHop("10.9.0.2", "near0", 2), NextHop("10.9.0.3", encap=Encap(2, 7, "192.0.2.1")))
    batches = encode_routes([Route("10.60.0.0/16", hops=hops)], index_of)
    ip("route add 10.60.0.0/16 via 10.9.0.4 proto static")

    commands.submit(batches.add)
    commands.submit(batches.add)
    (first,) = json.loads(ip("-j route show 10.60.0.0/16 proto 18"))
    chosen = ip("route get 10.60.0.1").split()[2]
    commands.submit((*batches.remove, *batches.remove))

    assert [(hop["gateway"], hop["weight"], hop.get("encap")) for hop in first["nexthops"]] == [
        ("10.9.0.2", 2, None),
        ("10.9.0.3", 1, "ip"),
    ]
    assert chosen in ("10.9.0.2", "10.9.0.3")
    assert " ".join(ip("route show 10.60.0.0/16").split()) == "10.60.0.0/16 via 10.9.0.4 dev near0 proto static"
    assert commands.collect() == []


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
    (found,) = commands.collect()
    assert found == expected
    assert str(found) == f"cannot add {route}: Network is unreachable (Nexthop has invalid gateway)"
