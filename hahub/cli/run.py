"""Run the daemon in the foreground, with its log on standard error.

SIGTERM stops it: priority 0 is sent, addresses are removed, everyone is told. SIGHUP reads the files again; when
they are bad, the old configuration stays.

Exit status: 0 stopped in good order, 1 refused to start, 2 a file cannot be read, 3 stopped with something left
undone, which the log names, 70 a bug.
"""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hahub.config import Problem
    from hahub.parent.launch import EarlyCore
    from hahub.parent.logs import LogWriter

_REFUSED = 1
_UNREADABLE = 2
_BUG = 70
"""EX_SOFTWARE of sysexits.h: unlike after a refusal, another start may well work."""


@click.command("run")
@click.option(
    "-f",
    "-c",
    "files",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A keepalived.conf or a hahub.yaml; may be given twice, one of each.",
)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change a value of the files.")
@click.option("--run-dir", type=click.Path(path_type=Path), default=Path("/run/hahub"), show_default=True)
@click.option("--state-dir", type=click.Path(path_type=Path), default=Path("/var/lib/hahub"), show_default=True)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
def command(
    files: tuple[Path, ...], overrides: tuple[str, ...], run_dir: Path, state_dir: Path, log_level: str
) -> None:
    _open_standard_descriptors()
    raise SystemExit(run_daemon(files, overrides, run_dir.absolute(), state_dir.absolute(), log_level))


def _open_standard_descriptors() -> None:
    """Some start daemons with these closed: the log must not go into whatever is opened next."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def run_daemon(files: Sequence[Path], overrides: Sequence[str], run_dir: Path, state_dir: Path, log_level: str) -> int:
    """Load, refuse or run. Returns the exit status; whatever keeps it from starting is on standard error."""
    from hahub.parent.launch import HERITAGE, REHEARSAL, EarlyCore

    gc.disable()  # what is imported stays: looking through it again and again takes a tenth of the start
    if REHEARSAL in os.environ:
        return _rehearse(files, overrides)
    if HERITAGE in os.environ:
        return _run_daemon(files, overrides, run_dir, state_dir, log_level, None)
    try:
        early = EarlyCore()
    except OSError as error:
        click.echo(f"hahub: the core cannot be started: {error}", err=True)
        return _REFUSED
    with early:
        return _run_daemon(files, overrides, run_dir, state_dir, log_level, early)


def _run_daemon(
    files: Sequence[Path],
    overrides: Sequence[str],
    run_dir: Path,
    state_dir: Path,
    log_level: str,
    early: "EarlyCore | None",
) -> int:
    """early: None for an image that goes on where an earlier one of this process has stopped."""
    import trio

    from hahub.config import load
    from hahub.parent import process
    from hahub.parent.credentials import powers
    from hahub.parent.heritage import Heritage
    from hahub.parent.logs import LEVELS, LogWriter

    heritage = Heritage.take() if early is None else None
    settings = heritage.settings if heritage is not None else None
    if settings is None:
        loaded = load(files, overrides)
        _show_problems(loaded.problems)
        settings = loaded.settings
        if settings is None:
            return _UNREADABLE if loaded.unreadable else _REFUSED
    if missing := powers().needed():
        click.echo(f"hahub: {' and '.join(missing)} not available, expected root, or a container that has it", err=True)
        return _REFUSED
    log = LogWriter(level=LEVELS[log_level])
    start = partial(
        process.run,
        settings,
        process.Options(run_dir, state_dir, argv=(sys.executable, *sys.orig_argv[1:])),
        log=log,
        load=partial(load, files, overrides),
        early=early,
        heritage=heritage,
    )
    gc.freeze()
    gc.enable()
    try:
        return trio.run(start)
    except process.StartError as error:
        click.echo(f"hahub: {error}", err=True)
        return _REFUSED if heritage is None else _BUG
    except Exception:
        _say_bug(log)
        return _BUG


def _rehearse(files: Sequence[Path], overrides: Sequence[str]) -> int:
    """Would this program start with these files? Nothing is touched, and the daemon beside it is not disturbed."""
    os.nice(10)
    from hahub.config import load
    from hahub.parent import rehearsal

    loaded = load(files, overrides)
    _show_problems(loaded.problems)
    if loaded.settings is None:
        return _REFUSED
    rehearsal.introduce()
    return 0


def _say_bug(log: "LogWriter") -> None:
    import traceback

    for line in traceback.format_exc().splitlines():
        log.write(logging.ERROR, "parent", line)


def _show_problems(problems: Sequence["Problem"]) -> None:
    from hahub.config import format_problem

    for problem in problems:
        click.echo(format_problem(problem), err=True)
