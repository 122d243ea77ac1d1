"""What the daemon stands on: its place on the host, and what outlasts its tasks."""

import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hahub.config import Loaded
from hahub.parent import claim, hub_user, rundir
from hahub.parent.claim import Claim, ClaimError
from hahub.parent.credentials import CredentialsError
from hahub.parent.fifo import Fifo, FifoError, Fifos
from hahub.parent.firewall import Firewall, FirewallError
from hahub.parent.guard_link import GuardLink
from hahub.parent.heritage import Heritage
from hahub.parent.launch import CORE, EarlyCore
from hahub.parent.logs import LogWriter
from hahub.parent.rundir import RunDirError
from hahub.settings import ParentSettings, Settings


class StartError(Exception):
    """The daemon cannot start; the text says why, for people."""


class ChangeError(Exception):
    """The host refuses what a configuration asks for, and nothing has changed; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Options:
    """What does not come from the configuration."""

    run_dir: Path
    state_dir: Path
    core: tuple[str, ...] = CORE
    """What to execute as the core; ``--link FD`` is added."""
    hub: tuple[str, ...] = (sys.executable, "-P", "-m", "hahub.hub")
    """What to execute as the hub; ``--link FD --state-dir DIRECTORY`` is added."""
    leftovers: tuple[str, ...] = (sys.executable, "-P", "-m", "hahub.net.leftovers")
    """What removes virtual interfaces that a core could not remove any more."""
    claim: str = claim.NAME
    """The name that keeps a second daemon out of this network namespace."""
    argv: tuple[str, ...] = ()
    """What to execute to go on with the program that is on disk then; empty: that is not possible."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Close it at the end."""

    options: Options
    writer: LogWriter
    load: Callable[[], Loaded]
    """Reads the configuration again."""
    fifos: Fifos
    firewall: Firewall
    guard: GuardLink
    mark: str
    """By which the guard finds what this run has started."""
    early: EarlyCore | None
    lock: int
    claimed: Claim
    heritage: Heritage | None = None
    """What an earlier image of this process has left."""

    @classmethod
    def take(cls, options: Options, log: LogWriter, load: Callable[[], Loaded], early: EarlyCore | None) -> "Ground":
        """Be the only daemon in the run directory and in the network namespace. Raises StartError."""
        lock, claimed = _be_the_only_one(options)
        own_log = log.named("parent")
        if claimed.note:
            own_log.warning(claimed.note)
        mark = early.mark if early is not None else secrets.token_hex(8)
        held = [descriptor for descriptor in (lock, claimed.descriptor) if descriptor >= 0]
        guard = GuardLink(mark, own_log, keep_open=held)
        firewall = Firewall(guard, own_log, options.run_dir)
        return cls(options, log, load, Fifos(), firewall, guard, mark, early, lock, claimed)

    @classmethod
    def inherit(cls, options: Options, log: LogWriter, load: Callable[[], Loaded], heritage: Heritage) -> "Ground":
        """Go on in the place that an earlier image of this process has taken."""
        own_log, claimed = log.named("parent"), Claim(heritage.claim)
        held = [descriptor for descriptor in (heritage.lock, heritage.claim) if descriptor >= 0]
        guard = GuardLink(heritage.mark, own_log, keep_open=held)
        firewall, fifos = Firewall(guard, own_log, options.run_dir), Fifos(heritage.fifos)
        return cls(
            options, log, load, fifos, firewall, guard, heritage.mark, None, heritage.lock, claimed, heritage
        )  # fmt: skip

    def begin(self, settings: Settings) -> None:
        """Whatever can keep the daemon from starting. Raises StartError."""
        try:
            hub_user.check(settings.parent.hub_user)
            _make_state_dir(self.options.state_dir)
            self.fifos.change(settings.parent.fifos)
            if self.heritage is None:
                self.guard.start()
            else:
                self.guard.start_anew(self.heritage.guard)
            self.firewall.begin(settings.parent.firewall)
        except (FifoError, FirewallError, CredentialsError) as error:
            raise StartError(str(error)) from error
        except OSError as error:
            raise StartError(f"{(error.strerror or str(error)).lower()}: {error.filename}") from error

    def change(self, before: ParentSettings, wanted: ParentSettings) -> tuple[Fifo, ...]:
        """Change all that can still refuse, or nothing of it; returns the FIFOs that are needed no more.

        Raises ChangeError.
        """
        try:
            self.firewall.change(wanted.firewall)
            try:
                return self.fifos.change(wanted.fifos)
            except FifoError:
                self.firewall.change(before.firewall)
                raise
        except (FifoError, FirewallError) as error:
            raise ChangeError(str(error)) from error

    def forget(self, gone: tuple[Fifo, ...]) -> None:
        """Nobody writes into these FIFOs any more."""
        for fifo in gone:
            self.guard.forget_fifo(fifo)
            fifo.close()

    def close(self) -> None:
        self.fifos.close()
        self.guard.close()
        self.claimed.close()
        rundir.unlock(self.lock)


def _be_the_only_one(options: Options) -> tuple[int, Claim]:
    try:
        lock = rundir.lock(options.run_dir)
    except RunDirError as error:
        raise StartError(str(error)) from error
    try:
        return lock, claim.claim(options.claim)
    except ClaimError as error:
        rundir.unlock(lock)
        raise StartError(str(error)) from error


def _make_state_dir(directory: Path) -> None:
    try:
        hub_user.make_directory(directory)
    except OSError as error:
        raise StartError(f"state directory {directory}: {(error.strerror or str(error)).lower()}") from error
