"""Addresses, routes and rules that this host has as long as hahub runs, master or not."""

from collections.abc import Callable

from hahub.core.log import INFO, CoreLog
from hahub.net.addresses import AddressCommands
from hahub.net.belongings import encode_belongings
from hahub.net.routewatch import Removed, as_removed
from hahub.settings import CoreSettings, Route, Rule, StaticSettings
from hahub.vrrp.announcements import RESTORE_INTERVAL


class Statics:
    """Adds them, puts back what somebody else removes, and removes them at the end."""

    def __init__(self, commands: AddressCommands, index_of: Callable[[str], int | None], log: CoreLog) -> None:
        self._commands = commands
        self._index_of = index_of
        self._log = log
        self._settings = StaticSettings()
        self._restored_at = float("-inf")
        self._restore_at: float | None = None

    @property
    def have_routes(self) -> bool:
        """Is there any route or rule whose removal matters?"""
        return bool(self._settings.routes or self._settings.rules)

    def configure(self, settings: CoreSettings) -> None:
        """Take those of a configuration: what is no longer in it goes, what stays is not touched."""
        before, self._settings = self._settings, settings.statics
        self._submit_removal(before.without(settings.statics))
        self._submit(settings.statics)

    @property
    def next_deadline(self) -> float | None:
        """When something is to be put back that was put back a moment ago."""
        return self._restore_at

    def serve(self, now: float) -> None:
        """Put back what the time has come for."""
        if self._restore_at is not None and now >= self._restore_at:
            self._restore(now)

    def _restore(self, now: float) -> None:
        """At once, but without a fight: somebody may remove it again and again."""
        if now - self._restored_at < RESTORE_INTERVAL:
            self._restore_at = self._restored_at + RESTORE_INTERVAL
            return
        self._restore_at, self._restored_at = None, now
        self._submit(self._settings.tracked)

    def interfaces_changed(self, names: set[str], now: float) -> None:
        """Interfaces may have lost what was on them, or be there at last."""
        settings = self._settings
        used = {each.interface for each in settings.addresses} | {
            name for each in settings.routes for name in each.interfaces
        }
        if not used.isdisjoint(names):
            self._restore(now)

    def routes_removed(self, removed: set[Removed] | None, now: float) -> None:
        """Somebody removed these routes and rules; None: nobody knows which."""
        tracked = self._settings.tracked
        entries: tuple[Route | Rule, ...] = (*tracked.routes, *tracked.rules)
        if removed is None:
            self._restore(now)
            return
        lost = [str(each) for each in entries if as_removed(each) in removed]
        if lost:
            self._log.limited(INFO, "static", "lost", f"somebody removed {', '.join(lost)}: putting back")
            self._restore(now)

    def remove(self) -> None:
        """hahub ends."""
        self._submit_removal(self._settings)
        self._settings, self._restore_at = StaticSettings(), None

    def _submit(self, settings: StaticSettings) -> None:
        batches = encode_belongings(settings.addresses, settings.routes, settings.rules, self._index_of)
        self._commands.submit(batches.add)

    def _submit_removal(self, settings: StaticSettings) -> None:
        batches = encode_belongings(settings.addresses, settings.routes, settings.rules, self._index_of)
        self._commands.submit(batches.remove)
