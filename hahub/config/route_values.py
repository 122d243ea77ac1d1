"""Types of the values in lines of routes and rules: addresses, numbers that have names, metrics.

Source: keepalived vrrp/vrrp_iproute.c, vrrp/vrrp_iprule.c, vrrp/vrrp_ip_rule_route_parser.c.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, NetmaskValueError, ip_network
from typing import Annotated

from pydantic import BeforeValidator, ValidationInfo

from hahub.config.names import DEFAULT, FILES, Names
from hahub.config.problems import shown
from hahub.config.values import fail, parse_text, whole

NUMBER_MAX = 0xFFFFFFFF
IP_PROTOCOLS = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58, "ospf": 89, "vrrp": 112,
    "sctp": 132,
}  # fmt: skip
_FAMILIES = {"inet": False, "inet6": True}
_RTT_MAX_MS = 120_000


def is_ipv6(text: str) -> bool:
    """Whether an address or network in figures is IPv6."""
    return ":" in text


def _number(text: str, high: int) -> int | None:
    """A number, also hexadecimal, from 0 to ``high``."""
    if not re.fullmatch(r"[0-9]{1,10}|0x[0-9a-fA-F]{1,8}", text):
        return None
    number = int(text, 16 if "x" in text else 10)
    return number if number <= high else None


def _resolve(text: str, kind: str, high: int, what: str, info: ValidationInfo) -> int:
    """A number, or the name of one that this machine knows."""
    names = info.context if isinstance(info.context, Names) else DEFAULT
    known: dict[str, int] = getattr(names, kind)
    number = known.get(text, _number(text, high))
    if number is None:
        expected = [*getattr(DEFAULT, kind), f"a name of {FILES[kind]}"]
        raise fail(f"{shown(text)} is not {what}, expected {', '.join(expected)} or a number up to {high}")
    return number


def named(kind: str, high: int, what: str) -> BeforeValidator:
    """One of the names of this kind, or a number, also hexadecimal, from 0 to ``high``."""

    def parse(value: object, info: ValidationInfo) -> int:
        return _resolve(str(value), kind, high, what, info)

    return BeforeValidator(parse)


def parse_realms(value: object, info: ValidationInfo) -> int:
    """Read ``[SOURCE/]DESTINATION``: the source goes into the upper 16 bits."""
    if isinstance(value, int):
        return value
    source, slash, destination = str(value).rpartition("/")
    realm = _resolve(destination, "realms", 0xFFFF, "a realm", info)
    return (_resolve(source, "realms", 0xFFFF, "a realm", info) << 16 | realm) if slash else realm


def parse_ip_protocol(value: object) -> int:
    """Read the number or the name of a protocol above IP."""
    text = str(value)
    number = IP_PROTOCOLS.get(text, _number(text, 255))
    if number is None:
        raise fail(f"{shown(text)} is not a protocol, expected {', '.join(IP_PROTOCOLS)} or a number up to 255")
    return number


def parse_host(value: object) -> str:
    """Read an address of either family."""
    text = parse_text(value)
    try:
        return str(IPv6Address(text) if is_ipv6(text) else IPv4Address(text))
    except AddressValueError:
        raise fail(f"{shown(text)} is not an address") from None


def parse_gateway(value: object) -> str:
    """Read ``[inet|inet6] ADDRESS``; the family is left out, but must be that of the address."""
    family, _, text = parse_text(value).rpartition(" ")
    address = parse_host(text)
    if family and (family not in _FAMILIES or _FAMILIES[family] is not is_ipv6(address)):
        raise fail(f"{shown(text)} is not of the family {family}")
    return f"{family} {address}" if family else address


def parse_network(value: object) -> str:
    """Read ``NETWORK[/PREFIX]`` of either family, or ``default``, which is empty."""
    text = parse_text(value)
    if text in ("default", "all", "any"):
        return ""
    if text == "default6":  # of old configurations
        return "::/0"
    try:
        return str(ip_network(text))
    except (AddressValueError, NetmaskValueError, ValueError):
        pass
    try:
        expected = ip_network(text, strict=False)
    except ValueError:
        raise fail(f"{shown(text)} is not a network") from None
    raise fail(f"{shown(text)} has bits behind its prefix, expected {expected}")


def parse_selector(value: object) -> str:
    """Read the same for a rule, which looks at the bits of the prefix only."""
    try:
        return str(ip_network(parse_text(value), strict=False))
    except ValueError:
        return parse_network(value)


def parse_mark(value: object) -> str:
    """Read ``MARK[/MASK]``, decimal or hexadecimal."""
    text = str(value)
    mark, slash, mask = text.partition("/")
    if _number(mark, NUMBER_MAX) is None or (slash and _number(mask, NUMBER_MAX) is None):
        raise fail(f"{shown(text)} is not a mark, expected NUMBER or NUMBER/MASK")
    return text


def parse_range(high: int) -> BeforeValidator:
    """A number or ``LOW-HIGH``."""

    def parse(value: object) -> str:
        text = str(value)
        ends = [int(each) for each in text.split("-")] if re.fullmatch(r"[0-9]{1,10}(-[0-9]{1,10})?", text) else []
        if not ends or ends[-1] > high or ends[0] > ends[-1]:
            raise fail(f"{shown(text)} is not a range, expected LOW-HIGH up to {high}")
        return f"{ends[0]}-{ends[-1]}"

    return BeforeValidator(parse)


def lockable(high: int) -> BeforeValidator:
    """``[lock] NUMBER``: TCP does not change a value that is locked."""

    def parse(value: object) -> str:
        lock, _, text = str(value).rpartition(" ")
        number = _number(text, high)
        if lock not in ("", "lock") or not number:
            raise fail(f"{shown(text)} is not a number, expected 1 to {high}")
        return f"lock {number}" if lock else str(number)

    return BeforeValidator(parse)


def lockable_time(units_per_ms: int) -> BeforeValidator:
    """``[lock] NUMBER[ms|s]`` in the kernel's units; a number alone is in these units."""

    def parse(value: object) -> str:
        lock, _, text = str(value).rpartition(" ")
        parts = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|msecs?|s|secs?)?", text)
        if lock not in ("", "lock") or parts is None:
            raise fail(f"{shown(text)} is not a time, expected NUMBER, NUMBERms or NUMBERs")
        figures, unit = parts.groups()
        factor = 1 if unit is None else units_per_ms if unit.startswith("m") else units_per_ms * 1000
        number = round(float(figures) * factor)
        if not 0 < number <= _RTT_MAX_MS * units_per_ms:
            raise fail(f"{shown(text)} is outside 0-{_RTT_MAX_MS // 1000} seconds")
        return f"lock {number}" if lock else str(number)

    return BeforeValidator(parse)


def one_of(words: dict[str, int], high: int = -1) -> BeforeValidator:
    """One of these words, or a number up to ``high``."""

    def parse(value: object) -> int:
        text = str(value)
        number = words.get(text, _number(text, high))
        if number is None:
            raise fail(f"{shown(text)} is unknown, expected {' or '.join(words)}")
        return number

    return BeforeValidator(parse)


Host = Annotated[str, BeforeValidator(parse_host)]
Gateway = Annotated[str, BeforeValidator(parse_gateway)]
Network = Annotated[str, BeforeValidator(parse_network)]
Selector = Annotated[str, BeforeValidator(parse_selector)]
Mark = Annotated[str, BeforeValidator(parse_mark)]
Ports = Annotated[str, parse_range(65535)]
Users = Annotated[str, parse_range(NUMBER_MAX - 1)]
Table = Annotated[int, named("tables", NUMBER_MAX, "a table")]
Protocol = Annotated[int, named("protocols", 255, "a protocol")]
Scope = Annotated[int, named("scopes", 255, "a scope")]
Tos = Annotated[int, named("dsfields", 255, "a type of service")]
Group = Annotated[int, named("groups", 2**31 - 1, "an interface group")]
Realms = Annotated[int, BeforeValidator(parse_realms)]
IpProtocol = Annotated[int, BeforeValidator(parse_ip_protocol)]
Number = Annotated[int, whole(0, NUMBER_MAX)]
Metric = Annotated[str, lockable(NUMBER_MAX)]
Bit = Annotated[int, whole(0, 1)]
Byte = Annotated[int, whole(0, 255)]
