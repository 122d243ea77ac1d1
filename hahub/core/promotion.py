"""``promote_secondaries``: the kernel keeps the other addresses of a subnet when the first one goes."""

from collections.abc import Callable

from hahub.family import Family
from hahub.net.addresses import AddressCommands
from hahub.net.devconf import PROMOTE_SECONDARIES, encode_change, promotes_secondaries
from hahub.settings import CoreSettings


class Promotion:
    """Switches it on for the interfaces of the instances that want it, and off again where it was off."""

    def __init__(self, commands: AddressCommands, index_of: Callable[[str], int | None]) -> None:
        self._commands = commands
        self._index_of = index_of
        self._wanted: frozenset[str] = frozenset()
        self._seen: dict[str, int] = {}
        """Interfaces that have it now, with their numbers."""
        self._switched: set[str] = set()
        """Those of them where it was off."""

    def configure(self, settings: CoreSettings) -> None:
        """Take a configuration, before any of its addresses goes."""
        self._wanted = frozenset(
            name
            for instance in settings.instances
            if instance.promote_secondaries
            for name in (instance.interface, *(a.interface for a in instance.all_addresses if a.family is Family.IPV4))
        )
        for name in self._seen.keys() - self._wanted:
            self._switch_back(name)
        self._switch_on(self._wanted)

    @property
    def switched(self) -> tuple[str, ...]:
        """Interfaces where we have switched it on."""
        return tuple(sorted(self._switched))

    def recall(self, switched: tuple[str, ...]) -> None:
        """Another process has switched it on there, and left it to us to switch it off."""
        self._switched.update(name for name in switched if name in self._seen)

    def interfaces_changed(self, names: set[str]) -> None:
        """One of them may be there at last, or be another one under the same name."""
        self._switch_on(self._wanted & names)

    def restore(self) -> None:
        """hahub ends, and the addresses are off."""
        for name in list(self._seen):
            self._switch_back(name)

    def _switch_on(self, names: frozenset[str]) -> None:
        for name in names:
            index = self._index_of(name)
            if index is None or self._seen.get(name) == index:
                continue
            self._seen[name] = index
            self._switched.discard(name)
            if not promotes_secondaries(name):
                self._switched.add(name)
                self._commands.submit([encode_change(index, PROMOTE_SECONDARIES, 1)])

    def _switch_back(self, name: str) -> None:
        index = self._seen.pop(name)
        if name in self._switched and self._index_of(name) == index:
            self._commands.submit([encode_change(index, PROMOTE_SECONDARIES, 0)])
        self._switched.discard(name)
