"""Adverts with one thing wrong or odd, each sent to a master that yields to it if it accepts it."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from scapy.layers.inet import IP, fragment
from scapy.layers.l2 import Ether

from tests.conformance.packets import Outgoing
from tests.conformance.situation import Router, situation
from tests.conformance.situations.alone import QUIET
from tests.conformance.tester import Shot, Tester

Battery: TypeAlias = Mapping[str, Shot]

RIGHT = "nothing wrong"
"""The last of each battery, which has to be accepted."""
V2 = Router(version=2, priority=250, advert_int=1, options=QUIET)
V3 = Router(priority=250, advert_int=1, options=QUIET)
V6 = Router(priority=250, advert_int=1, options=QUIET, family=6)
TWO = ("$vip/24", "$net.201/24")

PASSWORD = "secret1234"
PASS = "authentication {\n auth_type PASS\n auth_pass " + PASSWORD + "\n}\n"


async def _try(tester: Tester, battery: Battery, *, wire: int = 0) -> None:
    await tester.becomes("MASTER")
    await tester.try_each(battery, wire=wire)
    await tester.try_each({RIGHT: stronger(tester)})


def stronger(tester: Tester) -> Outgoing:
    """Return a right advert that the master yields to."""
    return tester.advert(priority=254)


def _each(values: list[int], make: Callable[[int], Outgoing], word: str) -> Battery:
    return {f"{word} {value}": make(value) for value in values}


@situation(V3, bench="busy batteries")
async def wrong_ttl(tester: Tester) -> None:
    await _try(tester, _each([254, 128, 64, 1, 0], lambda ttl: stronger(tester).but(ttl=ttl), "TTL"))


@situation(V6, bench="busy batteries")
async def wrong_hop_limit(tester: Tester) -> None:
    await _try(tester, _each([254, 128, 64, 1, 0], lambda ttl: stronger(tester).but(ttl=ttl), "hop limit"))


def _versions(tester: Tester, right: int) -> Battery:
    others = [number for number in range(16) if number != right]
    plain = _each(others, lambda n: stronger(tester).but(version=n, pseudo_header=False), "version")
    pseudo = _each(others, lambda n: stronger(tester).but(version=n), "with pseudo-header, version")
    return {**plain, **pseudo}


@situation(V3, bench="busy batteries")
async def wrong_version_for_3(tester: Tester) -> None:
    await _try(tester, _versions(tester, 3))


@situation(V2, bench="busy batteries")
async def wrong_version_for_2(tester: Tester) -> None:
    as_3 = {"a right one of version 3": stronger(tester).but(version=3, interval=100)}
    await _try(tester, {**_versions(tester, 2), **as_3})


@situation(V6, bench="busy batteries")
async def wrong_version_for_ipv6(tester: Tester) -> None:
    await _try(tester, _versions(tester, 3))


def _types(tester: Tester) -> Battery:
    return _each([0, *range(2, 16)], lambda number: stronger(tester).but(type=number), "type")


@situation(V3, bench="busy batteries")
async def wrong_type_in_3(tester: Tester) -> None:
    await _try(tester, _types(tester))


@situation(V2, bench="busy batteries")
async def wrong_type_in_2(tester: Tester) -> None:
    await _try(tester, _types(tester))


@situation(V6, bench="busy batteries")
async def wrong_type_in_ipv6(tester: Tester) -> None:
    await _try(tester, _types(tester))


def _cuts(tester: Tester) -> Battery:
    whole = len(stronger(tester).message())
    short = _each(list(range(whole)), lambda length: stronger(tester).but(cut=length), "bytes")
    more = {"counts one more than it has": stronger(tester).but(count=2)}
    return {**short, **more}


@situation(V3, bench="busy batteries")
async def cut_messages_of_3(tester: Tester) -> None:
    await _try(tester, _cuts(tester))


@situation(V2, bench="busy batteries")
async def cut_messages_of_2(tester: Tester) -> None:
    """And one of CARP, with our VRID as its own."""
    carp = bytes([0x21, 51, 0, 7, 0, 1]) + bytes(2) + bytes(28)
    await _try(tester, {**_cuts(tester), "CARP": stronger(tester).but(payload=carp)})


@situation(V6, bench="busy batteries")
async def cut_messages_of_ipv6(tester: Tester) -> None:
    await _try(tester, _cuts(tester))


def _longer(tester: Tester) -> Battery:
    return {f"{size} bytes": stronger(tester).but(trailing=bytes(size)) for size in (1, 4, 8, 16, 100)}


@situation(V3, bench="busy batteries")
async def trailing_bytes_of_3(tester: Tester) -> None:
    await _try(tester, _longer(tester))


@situation(V2, bench="busy batteries")
async def trailing_bytes_of_2(tester: Tester) -> None:
    await _try(tester, _longer(tester))


@situation(V6, bench="busy batteries")
async def trailing_bytes_of_ipv6(tester: Tester) -> None:
    await _try(tester, _longer(tester))


@situation(V3, bench="busy batteries")
async def padded_frames(tester: Tester) -> None:
    await _try(tester, {f"{size} bytes": stronger(tester).but(padding=size) for size in (1, 14, 18, 100, 1000)})


@situation(V6, bench="busy batteries")
async def padded_frames_of_ipv6(tester: Tester) -> None:
    await _try(tester, {f"{size} bytes": stronger(tester).but(padding=size) for size in (1, 14, 18, 100, 1000)})


def _sums(tester: Tester) -> Battery:
    flipped: dict[str, Shot] = {
        f"a bit of byte {byte}": [stronger(tester).but(flipped_bit=8 * byte + bit).frame() for bit in range(8)]
        for byte in range(len(stronger(tester).message()))
    }
    odd = _each([0, 0xFFFF], lambda value: stronger(tester).but(checksum=value), "checksum")
    return {**flipped, **odd}


@situation(V3, bench="busy checksums")
async def wrong_checksums_of_3(tester: Tester) -> None:
    other = {"for another destination": stronger(tester).but(pseudo_destination="224.0.0.19")}
    await _try(tester, {**_sums(tester), **other})


@situation(V2, bench="busy checksums")
async def wrong_checksums_of_2(tester: Tester) -> None:
    message = stronger(tester).message()
    without_authentication = stronger(tester).but(auth_data=b"").message()[6:8]
    odd = {
        "without the authentication data": stronger(tester).but(
            auth_data=b"abcdefgh", checksum=int.from_bytes(without_authentication, "big")
        )
    }
    assert len(message) == 20
    await _try(tester, {**_sums(tester), **odd})


@situation(V6, bench="busy checksums")
async def wrong_checksums_of_ipv6(tester: Tester) -> None:
    other = {"for another destination": stronger(tester).but(pseudo_destination="ff02::13")}
    await _try(tester, {**_sums(tester), **other})


@situation(V3, bench="busy checksums")
async def checksums_without_pseudo_header(tester: Tester) -> None:
    await _try(tester, {"the message only": stronger(tester).but(pseudo_header=False)})


@situation(V3, bench="busy batteries")
async def wrong_vrid(tester: Tester) -> None:
    await _try(tester, _each([0, 50, 52, 255], lambda vrid: stronger(tester).but(vrid=vrid), "VRID"))


@situation(
    Router(priority=250, advert_int=1, options=QUIET),
    Router(priority=250, advert_int=1, options=QUIET, vrid=61, cable=1),
    bench="busy batteries",
    cables=2,
)
async def wrong_interface(tester: Tester) -> None:
    """An advert for the first virtual router comes in where the second one is."""
    await tester.becomes("MASTER", router=1)
    await _try(tester, {"another interface": stronger(tester)}, wire=1)


@situation(V2, bench="busy batteries")
async def unexpected_authentication(tester: Tester) -> None:
    typed = _each([1, 2, 3, 254, 255], lambda number: stronger(tester).but(auth_type=number), "Auth Type")
    await _try(tester, typed)


@situation(Router(version=2, priority=250, advert_int=1, options=QUIET + PASS), bench="busy batteries")
async def wrong_password(tester: Tester) -> None:
    right = PASSWORD[:8].encode()
    tester.always = {"auth_type": 1, "auth_data": right}
    words = {
        "another": b"public12",
        "none": bytes(8),
        "a part of it": b"secret1\0",
        "another case": b"SECRET12",
        "the last byte": b"secret13",
        "more than eight bytes": PASSWORD.encode(),
    }
    battery: dict[str, Shot] = {label: stronger(tester).but(auth_data=word) for label, word in words.items()}
    battery["right, but Auth Type 0"] = stronger(tester).but(auth_type=0)
    battery["right, but Auth Type 2"] = stronger(tester).but(auth_type=2)
    await _try(tester, battery)


@situation(V2, bench="busy batteries")
async def another_interval_of_2(tester: Tester) -> None:
    await _try(tester, _each([0, 2, 255], lambda interval: stronger(tester).but(interval=interval), "interval"))


@situation(V3, bench="busy batteries")
async def another_interval_of_3(tester: Tester) -> None:
    await _try(tester, _each([1, 50, 200, 4095], lambda interval: stronger(tester).but(interval=interval), "interval"))


@situation(V3, bench="busy batteries")
async def interval_0(tester: Tester) -> None:
    await _try(tester, {"interval 0": stronger(tester).but(interval=0)})


@situation(V6, bench="busy batteries")
async def interval_0_of_ipv6(tester: Tester) -> None:
    await _try(tester, {"interval 0": stronger(tester).but(interval=0)})


@situation(V3, bench="busy batteries")
async def reserved_bits(tester: Tester) -> None:
    await _try(tester, _each([1, 8, 15], lambda bits: stronger(tester).but(reserved=bits), "reserved"))


@situation(V6, bench="busy batteries")
async def reserved_bits_of_ipv6(tester: Tester) -> None:
    await _try(tester, _each([1, 8, 15], lambda bits: stronger(tester).but(reserved=bits), "reserved"))


@situation(V3, bench="busy batteries")
async def no_addresses(tester: Tester) -> None:
    await _try(tester, {"count 0": stronger(tester).but(addresses=())})


def _lists(tester: Tester, priority: int) -> Battery:
    first, second = tester.advert().addresses
    lists = {
        "one is missing": (first,),
        "another one": (first, "10.8.0.1"),
        "one too many": (first, second, "10.8.0.1"),
        "one twice": (first, first),
    }
    return {label: tester.advert(priority=priority, addresses=addresses) for label, addresses in lists.items()}


@situation(Router(version=2, priority=250, advert_int=1, addresses=TWO, options=QUIET), bench="busy batteries")
async def other_addresses_in_2(tester: Tester) -> None:
    await _try(tester, _lists(tester, 254))


@situation(Router(version=2, priority=250, advert_int=1, addresses=TWO, options=QUIET), bench="busy batteries")
async def other_addresses_of_an_owner_in_2(tester: Tester) -> None:
    await _try(tester, _lists(tester, 255))


@situation(Router(priority=250, advert_int=1, addresses=TWO, options=QUIET), bench="busy batteries")
async def other_addresses_in_3(tester: Tester) -> None:
    await _try(tester, _lists(tester, 254))


@situation(Router(version=2, priority=250, advert_int=1, addresses=TWO, options=QUIET), bench="busy batteries")
async def another_order(tester: Tester) -> None:
    await _try(tester, {"the other way round": stronger(tester).but(addresses=stronger(tester).addresses[::-1])})


@situation(V3, bench="busy batteries")
async def ip_options(tester: Tester) -> None:
    await _try(tester, _each([4, 8, 20, 40], lambda size: stronger(tester).but(options=b"\x01" * size), "bytes"))


@situation(
    Router(
        priority=250, advert_int=1, addresses=("$vip/24", *(f"$net.{n}/32" for n in range(100, 130))), options=QUIET
    ),
    bench="busy batteries",
)
async def fragments(tester: Tester) -> None:
    whole = Ether(stronger(tester).frame())
    parts = [bytes(Ether(src=whole.src, dst=whole.dst) / part) for part in fragment(whole[IP], 64)]
    await _try(tester, {"the first only": parts[0], "the last only": parts[-1]})
    whole[IP].id = 4711
    parts = [bytes(Ether(src=whole.src, dst=whole.dst) / part) for part in fragment(whole[IP], 64)]
    await tester.try_each({"all of them": parts})


@situation(V3, bench="busy batteries")
async def other_destinations(tester: Tester) -> None:
    cable = tester.wire.cable
    right = stronger(tester)
    await _try(
        tester,
        {
            "the router's own address": right.but(destination=cable.address, eth_destination=cable.mac),
            "broadcast": right.but(destination="255.255.255.255", eth_destination="ff:ff:ff:ff:ff:ff"),
            "another group": right.but(destination="224.0.0.19", eth_destination="01:00:5e:00:00:13"),
            "all hosts": right.but(destination="224.0.0.1", eth_destination="01:00:5e:00:00:01"),
            "the virtual address": right.but(destination=cable.virtual, eth_destination=cable.mac),
        },
    )


@situation(V6, bench="busy batteries")
async def own_source_of_ipv6(tester: Tester) -> None:
    await _try(tester, {"its own address": stronger(tester).but(source=tester.wire.cable.address6)})


@situation(V3, bench="busy batteries")
async def own_source(tester: Tester) -> None:
    await _try(tester, {"its own address": stronger(tester).but(source=tester.wire.cable.address)})


def _sources(tester: Tester, sources: tuple[str, ...]) -> Battery:
    return {source: stronger(tester).but(source=source) for source in sources}


@situation(V3, bench="busy batteries")
async def odd_sources(tester: Tester) -> None:
    await _try(tester, _sources(tester, ("0.0.0.0", "127.0.0.1", "224.0.0.18", "255.255.255.255")))


@situation(V6, bench="busy batteries")
async def odd_sources_of_ipv6(tester: Tester) -> None:
    await _try(tester, _sources(tester, ("::", "::1", "ff02::12")))


@situation(V3, bench="busy batteries")
async def giants(tester: Tester) -> None:
    """More than any advert can be: several thousand bytes, in fragments; and a count of 255 that is true."""
    many = tuple(f"10.8.{n // 250}.{n % 250}" for n in range(255))
    whole = Ether(stronger(tester).but(addresses=many, trailing=bytes(3000)).frame())
    parts = [bytes(Ether(src=whole.src, dst=whole.dst) / part) for part in fragment(whole[IP], 1400)]
    await _try(tester, {"4000 bytes": parts})
