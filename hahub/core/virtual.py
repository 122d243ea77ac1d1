"""The virtual interfaces: made when configured, never on the way to mastership; made again when somebody deletes one.

One that is there already and is exactly what is wanted is taken over: an earlier life made it, or keepalived did. So a
core that goes on as master finds its addresses where they were. Everything else of that name is somebody else's and
stays, but for our own of another configuration.
"""

import errno
from collections.abc import Iterable

from hahub.core.log import ERROR, INFO, WARNING, CoreLog
from hahub.net import sysctls, virtual_links
from hahub.net.links import Link, LinkMonitor
from hahub.net.sysctls import BaseArp, ReversePathFilter
from hahub.net.virtual_links import LinkCommands, as_alias, is_ours, read_alias
from hahub.settings import VirtualInterface

_AGAIN = 1.0
"""Seconds between two attempts at the same interface: somebody else may be as stubborn."""
_DOOMED_GROUP = 0x68616875
"""Link group of those that are about to be deleted together."""
_REASONS = {
    errno.EOPNOTSUPP: "this kernel has no {kind}",
    errno.EBUSY: "{base} is a port of a bridge or bond, or has interfaces of another kind on it",
    errno.EADDRINUSE: "another interface on {base} has the MAC {mac}",
    errno.EINVAL: "{base} is not an interface that can carry one",
    errno.EEXIST: "there is another interface of this name",
}


class VirtualInterfaces:
    """Those that the configuration wants."""

    def __init__(self, monitor: LinkMonitor, log: CoreLog) -> None:
        self._monitor = monitor
        self._log = log
        self._commands = LinkCommands()
        self._arp = BaseArp(self._commands)
        self._filter = ReversePathFilter(self._commands)
        self._inherited: dict[int, dict[str, int]] = {}
        """By index of the interface below: what an earlier life has left to be put back."""
        self._acts = True
        self._wanted: dict[str, VirtualInterface] = {}
        self._known: dict[str, VirtualInterface] = {}
        """Those and earlier ones."""
        self._problems: dict[str, str] = {}
        self._made_at: dict[str, float] = {}
        self._retry_at: dict[str, float] = {}

    @property
    def names(self) -> list[str]:
        return list(self._wanted)

    @property
    def retry_at(self) -> float | None:
        """When ``settle`` is wanted whether anything has changed or not; None for never."""
        return min(self._retry_at.values(), default=None)

    def is_due(self, now: float) -> bool:
        """That time has come."""
        return any(at <= now for at in self._retry_at.values())

    def problem_of(self, name: str) -> str:
        """Why this one is not there, for people; empty when nothing is wrong with it."""
        problem = self._problems.get(name)
        return f"{name}: {problem}" if problem else ""

    def configure(self, wanted: Iterable[VirtualInterface], now: float) -> None:
        """Have these; those of earlier configurations stay until ``remove_others``."""
        self._wanted = {virtual.name: virtual for virtual in wanted}
        self._known |= self._wanted
        self._retry_at.clear()
        self._problems.clear()
        if not self._acts:
            return
        self._monitor.catch_up()
        for link in self._ours():
            self._inherited.setdefault(link.lower, {}).update(read_alias(link.alias) or {})
        for virtual in self._wanted.values():
            self._ensure(virtual, now, asked=True)

    def stand_by(self) -> None:
        """Another core acts: change nothing, use what it has made."""
        self._acts = False

    def take_over(self, now: float) -> None:
        """It does no more: from now on these are ours."""
        if not self._acts:
            self._acts = True
            self.configure(tuple(self._wanted.values()), now)
            self.remove_others()

    def settle(self, changed: set[str], now: float) -> set[str]:
        """Make what is missing and adapt what is there, until the news of that is read; all that has changed."""
        news = changed if self._acts else set()
        while news or self.is_due(now):
            self._follow(news, now)
            news = self._monitor.drain()
            changed |= news
        return changed

    def _follow(self, changed: set[str], now: float) -> None:
        for virtual in self._wanted.values():
            due = self._retry_at.get(virtual.name, now + 1) <= now
            if due or virtual.name in changed or virtual.base in changed:
                self._ensure(virtual, now, asked=False)
        if self._wanted:
            self._remove_strays("not configured")

    def remove_others(self) -> None:
        """Delete what is ours, of whatever life, and not wanted any more."""
        self._remove_strays("not configured")
        self._release()

    def remove(self) -> None:
        """Delete all of them, and put back what they needed."""
        if not self._acts:
            return
        self._wanted = {}
        self._monitor.catch_up()
        self._remove_strays("hahub ends")
        self._release()

    # One interface

    def _ensure(self, virtual: VirtualInterface, now: float, *, asked: bool) -> None:
        """asked: somebody wants it now, whatever happened a moment ago."""
        self._retry_at.pop(virtual.name, None)
        base, found = self._monitor.table.get(virtual.base), self._monitor.table.get(virtual.name)
        if found is not None and not self._is_it(found, virtual, base):
            if not is_ours(found.kind, found.alias):
                self._fail(virtual, f"there is an interface of this name already, and it is no {virtual.kind} of ours")
                return
            self._delete([found])
            found = None
        if base is None:
            self._problems.pop(virtual.name, None)
        elif found is None:
            self._make_in_time(virtual, base, now, asked=asked)
        else:
            self._adopt(virtual, base, found, asked=asked)

    def _is_it(self, found: Link, virtual: VirtualInterface, base: Link | None) -> bool:
        if base is None or found.kind != virtual.kind:
            return False
        # What is made on a macvlan lies on the interface below that.
        lower = base.lower if base.kind == virtual.kind else base.index
        if found.lower != lower or (virtual.mac and found.mac != virtual.mac_bytes):
            return False
        return self._commands.look(found.index).mode == (virtual_links.PRIVATE if virtual.mac else virtual.mode)

    def _make_in_time(self, virtual: VirtualInterface, base: Link, now: float, *, asked: bool) -> None:
        """Not at once when it was made just now: somebody deletes it again and again."""
        again = self._made_at.get(virtual.name, float("-inf")) + _AGAIN
        if not asked and now < again:
            self._retry_at[virtual.name] = again
            return
        self._made_at[virtual.name] = now
        self._make_room(virtual, base)
        error = self._make(virtual, base)
        if error is not None:
            self._retry_at[virtual.name] = now + _AGAIN
            text = _REASONS.get(error.errno or 0, error.strerror or str(error))
            self._fail(virtual, text.format(kind=virtual.kind, base=virtual.base, mac=virtual.mac))

    def _make_room(self, virtual: VirtualInterface, base: Link) -> None:
        """Two macvlans on one interface cannot have the same MAC: an older one of ours goes first."""
        if virtual.mac:
            older = [
                link
                for link in self._ours()
                if link.mac == virtual.mac_bytes and link.lower == base.index and link.name not in self._wanted
            ]
            self._delete(older)

    def _make(self, virtual: VirtualInterface, base: Link) -> OSError | None:
        commands = self._commands
        self._prepare(virtual, base)
        group = base.group if virtual.group is None else virtual.group
        master = self._monitor.table.at(base.master)
        vrf = master.index if master is not None and master.kind == "vrf" else 0
        error = commands.ask(virtual_links.create(virtual, base.index, group=group, vrf=vrf))
        if error is not None:
            return error
        self._monitor.catch_up()
        made = self._monitor.table.get(virtual.name)
        if made is None:
            return OSError(errno.ENODEV, "it vanished at once")
        commands.ask(virtual_links.set_alias(made.index, self._alias(virtual, base)))
        self._set_up(virtual, made.index)
        error = commands.ask(virtual_links.switch_on(made.index))
        if error is not None:
            self._delete([made])
            return error
        self._tell_of(virtual)
        self._monitor.catch_up()
        self._problems.pop(virtual.name, None)
        self._log.write(INFO, f"{virtual.name}: made on {virtual.base}" + (f", {virtual.mac}" if virtual.mac else ""))
        return None

    def _adopt(self, virtual: VirtualInterface, base: Link, found: Link, *, asked: bool) -> None:
        """It is as it should be, but for what can change in its life."""
        self._problems.pop(virtual.name, None)
        if asked:
            self._prepare(virtual, base)
            alias = self._alias(virtual, base)
            if found.alias != alias:
                self._commands.ask(virtual_links.set_alias(found.index, alias))
            self._set_up(virtual, found.index)
            self._commands.ask(virtual_links.switch_on(found.index))
        if found.mtu != base.mtu:  # one that shrinks takes it along, one that grows does not
            self._commands.ask(virtual_links.set_mtu(found.index, base.mtu))
        self._monitor.catch_up()

    def _set_up(self, virtual: VirtualInterface, index: int) -> None:
        if virtual.mac:
            of_it = sysctls.OF_VIRTUAL_MAC if virtual.ipv4 else sysctls.OF_VIRTUAL_MAC_6
            self._commands.ask(virtual_links.set_conf(index, of_it))
            self._commands.ask(virtual_links.no_own_ipv6_address(index))
        if not virtual.ipv6:
            error = sysctls.silence_ipv6(virtual.name)
        else:
            if refused := sysctls.switch_ipv6_on(virtual.name):
                text = f"IPv6 is switched off on {virtual.name} and cannot be switched on ({refused.strerror})"
                self._log.limited(WARNING, virtual.name, "disable_ipv6", text)
            error = sysctls.no_autoconfiguration(virtual.name) if virtual.mac else None
        if error is not None:
            text = f"where a router hands out prefixes, {virtual.name} makes itself IPv6 addresses of its MAC (VR-128)"
            self._log.limited(WARNING, "/proc/sys/net", "sysctl", f"cannot be written ({error.strerror}): {text}")

    # What it needs of others

    def _prepare(self, virtual: VirtualInterface, base: Link) -> None:
        """The sysctls of the interface below, and of all, before ours exists; IPv6 needs none of them."""
        if not virtual.mac or not virtual.ipv4:
            return
        before = self._inherited.pop(base.index, {})
        if error := self._arp.hold(base.index, before):
            text = f"it may answer ARP for the virtual addresses with its own MAC ({error.strerror})"
            self._log.limited(WARNING, virtual.base, "sysctl", text)
        others = [link.index for link in self._monitor.table if link.name not in self._wanted]
        if error := self._filter.lower(others, before):
            text = "net.ipv4.conf.all.rp_filter is set and cannot be changed"
            effect = f"packets to the addresses on {virtual.name} may be dropped"
            self._log.limited(WARNING, virtual.name, "rp_filter", f"{text} ({error.strerror}): {effect}")

    def _alias(self, virtual: VirtualInterface, base: Link) -> str:
        held = self._arp.before(base.index) if virtual.mac and virtual.ipv4 else {}
        return as_alias({**held, **(self._filter.before if held else {})})

    def _release(self) -> None:
        """Put back what nobody needs any more."""
        table = self._monitor.table
        macs = [virtual for virtual in self._wanted.values() if virtual.mac and virtual.ipv4]
        self._arp.release_all_but(base.index for each in macs if (base := table.get(each.base)) is not None)
        if not macs:
            self._filter.put_back()

    # The end of some

    def _ours(self) -> list[Link]:
        return [link for link in self._monitor.table if is_ours(link.kind, link.alias)]

    def _remove_strays(self, why: str) -> None:
        strays = [link for link in self._ours() if link.name not in self._wanted]
        if strays:
            self._delete(strays)
            self._log.write(INFO, f"{', '.join(link.name for link in strays)}: deleted, {why}")

    def _delete(self, links: list[Link]) -> None:
        """One takes the kernel some milliseconds, many together no longer."""
        alone = len(links) < 2 or any(link.group == _DOOMED_GROUP for link in self._monitor.table)
        if not alone:
            for link in links:
                self._commands.ask(virtual_links.set_group(link.index, _DOOMED_GROUP))
            self._commands.ask(virtual_links.delete_group(_DOOMED_GROUP))
        for link in links if alone else ():
            self._commands.ask(virtual_links.delete(link.index))
        for link in links:
            if (virtual := self._known.get(link.name)) is not None:
                self._tell_of(virtual)
        if links:
            self._monitor.catch_up()

    def _tell_of(self, virtual: VirtualInterface) -> None:
        """Have the kernel tell of the interface below: it does not when only its promiscuity changes."""
        base = self._monitor.table.get(virtual.base) if virtual.notify_base else None
        if base is not None:
            self._commands.ask(virtual_links.set_group(base.index, base.group))

    def _fail(self, virtual: VirtualInterface, problem: str) -> None:
        if self._problems.get(virtual.name) != problem:
            self._problems[virtual.name] = problem
            self._log.write(ERROR, f"{virtual.name}: cannot be made: {problem}")
