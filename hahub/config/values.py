"""Types of single values: each reads a text and says in one phrase what is wrong with it.

The phrases continue a keyword: ``priority`` + ``300 is outside 1-255``. No phrase repeats a secret.
"""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

from hahub.config.problems import shown
from hahub.config.words import QuoteError, split_command

_WHOLE = re.compile(r"-?[0-9]{1,10}")
_DECIMAL = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?|\.[0-9]{1,9}")
TRUE_WORDS = frozenset({"true", "on", "yes"})
FALSE_WORDS = frozenset({"false", "off", "no"})
FOREVER = 0xFFFFFFFF
"""Seconds. Source: linux/addrconf.h INFINITY_LIFE_TIME."""
INTERFACE_NAME_MAX = 15
"""Characters. Source: linux/if.h IFNAMSIZ."""


def fail(message: str, hint: str = "") -> PydanticCustomError:
    """The error of a value, for pydantic to collect."""
    return PydanticCustomError("hahub", "{message}", {"message": message, "hint": hint})


def parse_flag(value: object) -> bool:
    """Read true, on, yes, false, off, no."""
    if isinstance(value, bool):
        return value
    if value in TRUE_WORDS:
        return True
    if value in FALSE_WORDS:
        return False
    raise fail(f"{shown(str(value))} is neither true nor false, expected true, on, yes, false, off or no")


def whole(low: int, high: int) -> BeforeValidator:
    """A whole number from ``low`` to ``high``."""

    def parse(value: object) -> int:
        text = str(value)
        if not _WHOLE.fullmatch(text):
            raise fail(f"{shown(text)} is not a whole number, expected {low} to {high}")
        number = int(text)
        if not low <= number <= high:
            raise fail(f"{number} is outside {low}-{high}" if low >= 0 else f"{number} is outside {low} to {high}")
        return number

    return BeforeValidator(parse)


def seconds(low: float, high: float) -> BeforeValidator:
    """A number of seconds, decimals allowed, from ``low`` to ``high``."""

    def parse(value: object) -> float:
        text = str(value)
        if not _DECIMAL.fullmatch(text):
            raise fail(f"{shown(text)} is not a number of seconds, expected {low:g} to {high:g}")
        number = float(text)
        if not low <= number <= high:
            raise fail(f"{text} is outside {low:g}-{high:g} seconds")
        return number

    return BeforeValidator(parse)


def _is_clean(text: str) -> bool:
    """No control characters, nothing that was not UTF-8."""
    return not any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


def parse_text(value: object) -> str:
    """Read one line of text that is not empty."""
    if not isinstance(value, str):
        raise fail("has no value")
    if not value:
        raise fail("is empty")
    if not _is_clean(value):
        raise fail(f"{shown(value)} has a character that is not printable or not UTF-8")
    return value


def parse_secret(value: object) -> SecretStr:
    """Read one line of text that no message ever repeats."""
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str) or not value:
        raise fail("is empty")
    if not _is_clean(value):
        raise fail("has a character that is not printable or not UTF-8")
    return SecretStr(value)


def matching(pattern: str, expected: str) -> BeforeValidator:
    """A text that matches the whole pattern."""
    compiled = re.compile(pattern)

    def parse(value: object) -> str:
        text = parse_text(value)
        if not compiled.fullmatch(text):
            raise fail(f"{shown(text)} is not {expected}")
        return text

    return BeforeValidator(parse)


def parse_interface(value: object) -> str:
    """Read the name of a network interface."""
    text = parse_text(value)
    if len(text.encode()) > INTERFACE_NAME_MAX:
        raise fail(f"{shown(text)} is longer than the {INTERFACE_NAME_MAX} characters of an interface name")
    if text in (".", "..") or re.search(r"[\s/:]", text):
        raise fail(f"{shown(text)} is not an interface name")
    return text


def parse_command(value: object) -> str:
    """Read a command: a program and its arguments, quoted as for keepalived, without a shell."""
    if not isinstance(value, str):
        raise fail("has no command")
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise fail(f"{shown(value)} has a character that no command can have")
    if value.lstrip().startswith("<"):
        raise fail(f"{shown(value)} is understood, not supported yet", "a script can open the file by itself")
    try:
        words = split_command(value)
    except QuoteError as error:
        raise fail(f"{shown(value)} has a quote {error.quote} that is not closed") from None
    if not words or not words[0]:
        raise fail("is empty, expected a command")
    return value


def parse_address(value: object) -> str:
    """Read ``ADDRESS`` or ``ADDRESS/PREFIX``; returned with its prefix, that of one address when none is written."""
    text = parse_group(value)
    if is_group(text):
        raise fail(f"{shown(parse_text(value))} is not an address that a host can have")
    return text


def is_group(address: str) -> bool:
    """Whether an address, with or without prefix, is one of a multicast group."""
    return ip_address(address.partition("/")[0]).is_multicast


def parse_group(value: object) -> str:
    """Read the same, or the address of a multicast group."""
    text = parse_text(value)
    address, slash, prefix = text.partition("/")
    number = int(prefix) if re.fullmatch("[0-9]{1,3}", prefix) else None
    try:
        parsed = IPv6Address(address) if ":" in address else IPv4Address(address)
    except AddressValueError:
        raise fail(f"{shown(text)} is not an IPv4 or IPv6 address") from None
    if slash and (number is None or number > parsed.max_prefixlen):
        raise fail(f"{shown(text)} has a wrong prefix length, expected /0 to /{parsed.max_prefixlen}")
    if parsed.is_unspecified or parsed.is_loopback or str(parsed) == "255.255.255.255":
        raise fail(f"{shown(text)} is not an address that a host can have")
    if isinstance(parsed, IPv6Address) and (parsed.scope_id or parsed.ipv4_mapped):
        raise fail(f"{shown(text)} is not an address that an interface can have")
    return f"{parsed}/{parsed.max_prefixlen if number is None else number}"


def parse_host(value: object) -> str:
    """Read the address of a host; a prefix, which keepalived takes without a word, is left out."""
    return parse_address(value).partition("/")[0]


def parse_multicast(value: object) -> str:
    """Read a multicast address."""
    text = parse_text(value)
    try:
        parsed = IPv6Address(text) if ":" in text else IPv4Address(text)
    except AddressValueError:
        raise fail(f"{shown(text)} is not an IPv4 or IPv6 address") from None
    if not parsed.is_multicast or (isinstance(parsed, IPv6Address) and parsed.scope_id):
        raise fail(f"{shown(text)} is not a multicast address")
    return str(parsed)


def parse_broadcast(value: object) -> str:
    """Read a broadcast address, or ``+`` (all host bits set) or ``-`` (all clear)."""
    text = parse_text(value)
    if text in ("+", "-"):
        return text
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise fail(f"{shown(text)} is not an IPv4 address, + or -") from None


def parse_lifetime(value: object) -> int:
    """Read seconds, whole ones, or ``forever``."""
    text = str(value)
    if text == "forever":
        return FOREVER
    if re.fullmatch("[0-9]{1,10}", text) and int(text) < FOREVER:
        return int(text)
    raise fail(f"{shown(text)} is not a lifetime, expected whole seconds or forever")


def parse_virtual_mac(value: object) -> str:
    """Read a MAC for a virtual router: 6 bytes, or 5, to which the VRID is added."""
    text = parse_text(value)
    parts = text.removesuffix(":").split(":")
    if len(parts) not in (5, 6) or not all(re.fullmatch("[0-9A-Fa-f]{1,2}", part) for part in parts):
        raise fail(f"{shown(text)} is not a MAC, expected 6 bytes such as 02:00:00:00:00:05, or 5 of them")
    octets = [int(part, 16) for part in parts]
    if octets[0] & 1:
        raise fail(f"{shown(text)} is the MAC of a multicast group")
    if bytes(octets[:5]) in (b"\0\0\x5e\0\x01", b"\0\0\x5e\0\x02"):
        raise fail(f"{shown(text)} is the MAC of a virtual router, which may be another one's", "leave it out")
    return ":".join(f"{octet:02x}" for octet in octets)


def parse_state(value: object) -> str:
    """Read the initial state: MASTER or BACKUP."""
    text = parse_text(value)
    if text in ("MASTER", "BACKUP"):
        return text
    hint = f"did you mean {text.upper()}" if text.upper() in ("MASTER", "BACKUP") else ""
    raise fail(f"{shown(text)} is unknown, expected MASTER or BACKUP", hint)


def parse_auth_type(value: object) -> str:
    """Read the type of authentication."""
    text = parse_text(value)
    if text not in ("PASS", "AH"):
        hint = f"did you mean {text.upper()}" if text.upper() in ("PASS", "AH") else ""
        raise fail(f"{shown(text)} is unknown, expected PASS or AH", hint)
    return text


def one_of(*words: str) -> BeforeValidator:
    """One of these words."""

    def parse(value: object) -> str:
        text = parse_text(value)
        if text not in words:
            raise fail(f"{shown(text)} is unknown, expected {', '.join(words[:-1])} or {words[-1]}")
        return text

    return BeforeValidator(parse)


def _type(parse: Callable[[object], object]) -> BeforeValidator:
    return BeforeValidator(parse)


Flag = Annotated[bool, _type(parse_flag)]
Text = Annotated[str, _type(parse_text)]
Secret = Annotated[SecretStr, _type(parse_secret)]
InterfaceName = Annotated[str, _type(parse_interface)]
CommandText = Annotated[str, _type(parse_command)]
Address = Annotated[str, _type(parse_address)]
AddressOrGroup = Annotated[str, _type(parse_group)]
HostAddress = Annotated[str, _type(parse_host)]
MulticastAddress = Annotated[str, _type(parse_multicast)]
Broadcast = Annotated[str, _type(parse_broadcast)]
Lifetime = Annotated[int, _type(parse_lifetime)]
VirtualMac = Annotated[str, _type(parse_virtual_mac)]
IpvlanMode = Annotated[str, matching("bridge|private|vepa", "a mode, expected bridge, private or vepa")]
StateWord = Annotated[str, _type(parse_state)]
AntiReplay = Annotated[str, one_of("time", "monotonic")]
HmacMode = Annotated[str, one_of("enforce", "permissive", "receive-only")]
AuthType = Annotated[str, _type(parse_auth_type)]
AbsolutePath = Annotated[str, matching(r"/.*[^/]", "an absolute path of a file")]
Name = Annotated[str, matching(r'[^"]+', "a name, expected no quotes")]
TableName = Annotated[str, matching(r"[A-Za-z][A-Za-z0-9/\\_.-]{0,200}", "a name of a table")]
UserName = Annotated[str, matching(r":?[^\s:/]+", "a user or group name")]
Version = Annotated[int, whole(2, 3)]
Priority = Annotated[int, whole(1, 255)]
BackupPriority = Annotated[int, whole(1, 254)]
Weight = Annotated[int, whole(-253, 253)]
Count = Annotated[int, whole(1, 1_000_000)]
Ttl = Annotated[int, whole(0, 255)]
Port = Annotated[int, whole(1, 65535)]
Repeat = Annotated[int, whole(1, 1000)]
OptionalRepeat = Annotated[int, whole(0, 1000)]
AdvertCount = Annotated[int, whole(1, 100)]
Delay = Annotated[float, seconds(0, 86_400)]
ShortDelay = Annotated[float, seconds(0, 255)]
Period = Annotated[float, seconds(0.001, 86_400)]
