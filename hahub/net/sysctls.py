"""The sysctls that a virtual MAC needs, and how they were before.

Of the interface below: ``arp_ignore`` and ``arp_filter`` 1, so that it does not answer for addresses above it with its
own MAC. Of the macvlan: ``rp_filter`` 0, since the way back to the neighbours leads through the interface below;
``arp_ignore`` 1, so that it does not answer for the addresses below it; ``accept_local`` and ``promote_secondaries`` 1.
A strict ``rp_filter`` of all interfaces counts for each, so that one is lowered and every other interface raised
instead; a loose one does no harm.

The kernel takes those of net.ipv4.conf by rtnetlink; what is about all interfaces, or about IPv6, is only in /proc.
Source: keepalived vrrp/vrrp_if_config.c; linux Documentation/networking/ip-sysctl.rst.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from hahub.net import virtual_links
from hahub.net.virtual_links import LinkCommands

OF_VIRTUAL_MAC = {"arp_ignore": 1, "accept_local": 1, "rp_filter": 0, "promote_secondaries": 1}
OF_VIRTUAL_MAC_6 = {"arp_ignore": 1}
OF_BASE = {"arp_ignore": 1, "arp_filter": 1}
_STRICT = 1
_PROC = Path("/proc/sys/net")


def silence_ipv6(interface: str) -> OSError | None:
    """Switch IPv6 off on one interface; returns why not. A kernel without IPv6 has nothing to switch off."""
    return _write(f"ipv6/conf/{interface}/disable_ipv6", 1)


def switch_ipv6_on(interface: str) -> OSError | None:
    """Switch IPv6 on where new interfaces start without it (``default.disable_ipv6``); returns why not."""
    name = f"ipv6/conf/{interface}/disable_ipv6"
    return _write(name, 0) if _read(name) else None


def no_autoconfiguration(interface: str) -> OSError | None:
    """Let no router give addresses to one interface; returns why not."""
    return _write(f"ipv6/conf/{interface}/accept_ra", 0)


def _read(name: str) -> int | None:
    try:
        return int((_PROC / name).read_text())
    except (OSError, ValueError):
        return None


def _write(name: str, value: int) -> OSError | None:
    try:
        (_PROC / name).write_text(str(value))
    except FileNotFoundError:
        return None
    except OSError as error:
        return error
    return None


class BaseArp:
    """Keeps the interfaces below from answering for the addresses above them."""

    def __init__(self, commands: LinkCommands) -> None:
        self._commands = commands
        self._before: dict[int, dict[str, int]] = {}
        """By index of the interface below."""

    def hold(self, index: int, before: Mapping[str, int]) -> OSError | None:
        """Set them on an interface; returns why not.

        before: how they were, if an earlier life has set them already; empty: as they are now.
        """
        if index in self._before:
            return None
        now = dict(self._commands.look(index).conf)
        known = {name: before.get(name, now[name]) for name in OF_BASE if name in now}
        if all(now.get(name) == value for name, value in OF_BASE.items()):
            error = None
        else:
            error = self._commands.ask(virtual_links.set_conf(index, OF_BASE))
        if error is None:
            self._before[index] = known
        return error

    def before(self, index: int) -> dict[str, int]:
        """How they were on this interface; empty for one that is not held."""
        return self._before.get(index, {})

    def release_all_but(self, indexes: Iterable[int]) -> None:
        """Put them back on all others, where nobody has changed them since."""
        for index in self._before.keys() - set(indexes):
            put_back(self._commands, index, self._before.pop(index))


def put_back(commands: LinkCommands, index: int, before: Mapping[str, int]) -> None:
    """Give an interface back the values it had; those that somebody has changed since stay."""
    now = dict(commands.look(index).conf)
    values = {name: before[name] for name, ours in OF_BASE.items() if name in before and now.get(name) == ours}
    if values:
        commands.ask(virtual_links.set_conf(index, values))


class ReversePathFilter:
    """Lowers net.ipv4.conf.all.rp_filter while no interface but ours is to notice."""

    def __init__(self, commands: LinkCommands) -> None:
        self._commands = commands
        self._all = 0
        """What all.rp_filter was; 0: there is nothing to put back."""
        self._default: int | None = None
        self._raised: dict[int, int] = {}
        """By index: what it was."""

    def lower(self, indexes: Iterable[int], before: Mapping[str, int]) -> OSError | None:
        """Make all.rp_filter 0, and that of all these interfaces, and of future ones, what it was; returns why not.

        before: what an earlier life has left to be put back.
        """
        if self._all:
            return None
        present = _read("ipv4/conf/all/rp_filter") or 0
        if present != _STRICT:
            self._all = before.get("all_rp_filter", 0)
            return None
        # Also says whether it may be written: if not, nothing else is touched.
        if error := _write("ipv4/conf/all/rp_filter", present):
            return error
        default = _read("ipv4/conf/default/rp_filter") or 0
        if default < present:
            _write("ipv4/conf/default/rp_filter", present)
            self._default = default
        for index in indexes:
            value = dict(self._commands.look(index).conf).get("rp_filter", present)
            if value < present and self._commands.ask(virtual_links.set_conf(index, {"rp_filter": present})) is None:
                self._raised[index] = value
        self._all = present
        return _write("ipv4/conf/all/rp_filter", 0)

    @property
    def before(self) -> dict[str, int]:
        """What another life would have to put back: with all.rp_filter as it was, the others need not be lower."""
        return {"all_rp_filter": self._all} if self._all else {}

    def put_back(self) -> None:
        """Undo it, where nobody has changed it since."""
        if not self._all:
            return
        restore_all(self._all)
        if self._default is not None and _read("ipv4/conf/default/rp_filter") == self._all:
            _write("ipv4/conf/default/rp_filter", self._default)
        for index, value in self._raised.items():
            if dict(self._commands.look(index).conf).get("rp_filter") == self._all:
                self._commands.ask(virtual_links.set_conf(index, {"rp_filter": value}))
        self._all, self._default = 0, None
        self._raised.clear()


def restore_all(value: int) -> None:
    """Give all.rp_filter back what it was, unless somebody has set it since."""
    if _read("ipv4/conf/all/rp_filter") == 0:
        _write("ipv4/conf/all/rp_filter", value)
