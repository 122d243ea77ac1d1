"""Let the running daemon take its files as they are now, and tell what came of it.

The files are checked first, by the daemon, in its own environment: with an error in them nothing changes at all. What
they do not change is not touched: a master stays master, no packet is missed.

With --exec it goes on with the program that is on disk now, as after an upgrade of the package: the same pid, masters
stay masters, no advert is missed, nobody is told. A program that does not start is found before anything is touched.

Exit status: 0 the files are in force, 1 they have errors or the host refuses them, 2 there is no daemon to ask,
3 it has not answered in time.
"""

import fcntl
import os
import secrets
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hahub.parent import requests

_REFUSED, _NOBODY, _NO_ANSWER = 1, 2, 3
_LOOK_EVERY = 0.05


@click.command("reload")
@click.option("--run-dir", type=click.Path(path_type=Path), default=Path("/run/hahub"), show_default=True)
@click.option("--exec", "upgrade", is_flag=True, help="Go on with the program that is on disk now.")
@click.option("--timeout", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds to wait.")
def command(run_dir: Path, timeout: float, *, upgrade: bool) -> None:
    raise SystemExit(run(run_dir, timeout, upgrade=upgrade))


def run(run_dir: Path, timeout: float, *, upgrade: bool = False) -> int:
    """Ask, wait and tell. Returns the exit status."""
    from hahub.parent import requests

    pid = daemon_pid(run_dir)
    if pid is None:
        click.echo(f"{run_dir}: no hahub is running here, expected its --run-dir", err=True)
        return _NOBODY
    request = requests.Request(secrets.token_hex(8), upgrade)
    try:
        requests.ask(run_dir, request)
        os.kill(pid, signal.SIGHUP)
        outcome = _wait_for(run_dir, request, pid, timeout)
    except OSError as error:
        click.echo(f"{run_dir}: {error.strerror}: the daemon, pid {pid}, cannot be asked", err=True)
        return _NOBODY
    finally:
        requests.withdraw(run_dir, request)
    if outcome is None:
        click.echo(f"no answer from pid {pid} within {timeout:g} s, its log says why", err=True)
        return _NO_ANSWER
    return _tell(outcome)


def daemon_pid(run_dir: Path) -> int | None:
    """The pid of the daemon that holds the run directory; None when there is none."""
    try:
        with (run_dir / "hahub.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        word = (run_dir / "hahub.lock").read_text().strip()
        return int(word) if word.isdecimal() else None
    except OSError:
        return None
    return None


def _wait_for(run_dir: Path, request: "requests.Request", pid: int, timeout: float) -> "requests.Outcome | None":
    from hahub.parent import requests

    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        outcome = requests.outcome_of(run_dir, request)
        if outcome is not None:
            return outcome
        os.kill(pid, 0)
        time.sleep(_LOOK_EVERY)
    return None


def _tell(outcome: "requests.Outcome") -> int:
    for problem in outcome.problems:
        click.echo(problem, err=True)
    if not outcome.accepted:
        refusal = f"nothing has changed: {outcome.detail}" if outcome.detail else "nothing has changed"
        click.echo(refusal, err=True)
        return _REFUSED
    for change in outcome.changes or ("nothing is different",):
        click.echo(change)
    if outcome.detail:
        click.echo(outcome.detail)
    return 0
