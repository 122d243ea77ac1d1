"""The lines of addresses, routes and rules -> settings. Pure; takes lines without errors."""

from collections.abc import Iterable

from hahub.config import derive
from hahub.config.schema import VirtualIp
from hahub.config.values import FOREVER
from hahub.settings import VirtualAddress

_IFA_F_NOPREFIXROUTE = 0x200
_IFA_F_MCAUTOJOIN = 0x400


def addresses(lines: Iterable[VirtualIp], interface: str) -> tuple[VirtualAddress, ...]:
    """The addresses in their order, each once. interface: for lines that name none."""
    found: dict[str, VirtualAddress] = {}
    for line in lines:
        figures = line.address.partition("/")[0]
        found.setdefault(figures, _address(line, interface))
    return tuple(found.values())


def _address(line: VirtualIp, interface: str) -> VirtualAddress:
    figures, _, prefix = line.address.partition("/")
    peer, _, peer_prefix = (line.peer or "").partition("/")
    flags = (_IFA_F_NOPREFIXROUTE if line.noprefixroute else 0) | (_IFA_F_MCAUTOJOIN if line.autojoin else 0)
    return VirtualAddress(
        address=figures,
        prefix_length=int(peer_prefix or prefix),
        interface=line.dev or interface,
        label=line.label or "",
        scope=line.scope,
        broadcast=derive.broadcast_of(line),
        peer=peer,
        flags=flags,
        preferred_lft=None if line.preferred_lft == FOREVER else line.preferred_lft,
        tracked=not line.no_track,
    )
