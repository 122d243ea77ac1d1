"""The parent's hand on nftables: it loads the rules before the core hears of the addresses, and removes them."""

import re
import shutil
import subprocess
from pathlib import Path

import trio

from hahub.net.firewall import MARK, removal, ruleset
from hahub.net.tablewatch import TableWatch
from hahub.parent.guard_link import GuardLink
from hahub.parent.logs import Log
from hahub.settings import FirewallSettings

_PATIENCE = 10.0
"""Seconds that nft may take; it takes some milliseconds."""
_REPAIR_INTERVAL = 1.0
"""Seconds; the one who removes the rules may do it again and again."""
_NOTE = "nftables"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9/\\_.-]*")
_ELSEWHERE = "/usr/sbin:/sbin:/usr/local/sbin"
"""Where nft is when PATH is that of an ordinary user."""


class FirewallError(Exception):
    """Rules that are needed cannot be loaded; the text says why, for people."""


class Firewall:
    """One table of nftables, there while the configuration needs it. The guard removes it at the end."""

    def __init__(self, guard: GuardLink, log: Log, run_dir: Path) -> None:
        """run_dir: where the name of the table is kept for the next run, should this one not come to its end."""
        self._note = run_dir / _NOTE
        self._guard = guard
        self._log = log
        self._loaded: FirewallSettings | None = None
        self._watch: TableWatch | None = None
        self._watches = trio.Event()

    def begin(self, wanted: FirewallSettings) -> None:
        """Remove what an earlier run left, then load what is wanted. Raises FirewallError."""
        for table in dict.fromkeys((self._noted(), FirewallSettings().table, wanted.table)):
            if table and (table != wanted.table or not wanted.addresses):
                self._remove_stale(table)
        self.change(wanted)

    def change(self, wanted: FirewallSettings) -> None:
        """Load these rules in place of those before. Raises FirewallError; then those before are still there."""
        if wanted.addresses:
            self._load(wanted)
        elif self._loaded is not None:
            self._run(removal(self._loaded.table))
            self._guard.forget_table(self._loaded.table)
            self._loaded = None

    async def keep(self) -> None:
        """Load the rules again when somebody removes them; not more than once a second. Runs until cancelled."""
        await self._watches.wait()
        watch = self._watch
        while watch is not None:
            await trio.lowlevel.wait_readable(watch.fileno())
            if watch.drain(self._table):
                try:
                    self._repair()
                except FirewallError as error:
                    self._log.error(str(error))
                await trio.sleep(_REPAIR_INTERVAL)

    def _repair(self) -> None:
        loaded = self._loaded
        if loaded is not None and MARK not in self._list(loaded.table):
            self._log.warning(f"somebody removed table inet {loaded.table} of nftables: loading it again")
            self._run(ruleset(loaded))

    @property
    def _table(self) -> str:
        """The one that we have loaded; empty for none."""
        return self._loaded.table if self._loaded is not None else ""

    def _load(self, wanted: FirewallSettings) -> None:
        if wanted.table != self._table and self._is_foreign(wanted.table):
            text = (
                f"nftables has a table inet {wanted.table} that hahub did not make, expected another name in nftables"
            )
            raise FirewallError(text)
        before = self._table if self._table != wanted.table else ""
        # Known before it exists: whatever happens, it does not stay.
        self._remember(wanted.table)
        self._guard.watch_table(wanted.table, _nft())
        try:
            self._run((removal(before) if before else "") + ruleset(wanted))
        except FirewallError:
            if wanted.table != self._table:
                self._guard.forget_table(wanted.table)
            raise
        if before:
            self._guard.forget_table(before)
        self._loaded = wanted
        self._begin_to_watch()

    def _begin_to_watch(self) -> None:
        if self._watch is not None or self._watches.is_set():
            return
        try:
            self._watch = TableWatch()
        except OSError as error:
            self._log.warning(f"nobody looks whether the rules for no_accept are removed: {error}")
        self._watches.set()

    def _remember(self, table: str) -> None:
        try:
            self._note.write_text(table)
        except OSError as error:
            raise FirewallError(f"the run directory takes no note: {error}") from error

    def _noted(self) -> str:
        """The name of the table of the run before, empty when it had none."""
        try:
            found = self._note.read_text()
        except (OSError, UnicodeError):
            return ""
        return found if _NAME.fullmatch(found) else ""

    def _is_foreign(self, table: str) -> bool:
        listed = self._list(table)
        return bool(listed) and MARK not in listed

    def _remove_stale(self, table: str) -> None:
        if _find() and MARK in self._list(table):
            self._log.warning(f"removing table inet {table} of nftables, left by an earlier run")
            self._run(removal(table))

    def _list(self, table: str) -> str:
        """The table in words; empty when there is none."""
        done = _execute([_nft(), "--terse", "list", "table", "inet", table], "")
        return done.stdout if done.returncode == 0 else ""

    def _run(self, script: str) -> None:
        done = _execute([_nft(), "-f", "-"], script)
        if done.returncode:
            reason = next((line for line in done.stderr.splitlines() if line.strip()), "without a reason")
            raise FirewallError(f"nft refuses the rules for no_accept: {reason.strip()}")


def _find() -> str | None:
    return shutil.which("nft") or shutil.which("nft", path=_ELSEWHERE)


def _nft() -> str:
    found = _find()
    if found is None:
        raise FirewallError("no_accept needs nftables, but there is no nft on this machine")
    return found


def _execute(command: list[str], script: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, input=script, capture_output=True, text=True, timeout=_PATIENCE, cwd="/", check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FirewallError(f"nft did not end within {_PATIENCE:g} s") from error
    except OSError as error:
        raise FirewallError(f"nft cannot be executed: {error}") from error
