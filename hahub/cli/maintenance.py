"""Make this node the last choice, or a normal one again.

`on` lowers every instance to priority 1: a master resigns, another node serves, and this one takes over only if
nobody else is left. `off` gives it its priority back. It ends with a reboot, too.

Exit status: 0 done, 1 it could not be done.
"""

import getpass
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click

_FILE_NAME = "maintenance"


@click.command("maintenance")
@click.argument("status", type=click.Choice(["on", "off", "show"]))
@click.argument("reason", nargs=-1)
@click.option("--run-dir", type=click.Path(path_type=Path), default=Path("/run/hahub"), show_default=True)
def command(status: str, reason: tuple[str, ...], run_dir: Path) -> None:
    raise SystemExit(change(status, " ".join(reason), run_dir))


def change(status: str, reason: str, run_dir: Path) -> int:
    """Write, remove or show the file that the daemon watches. Returns the exit status."""
    path = run_dir / _FILE_NAME
    if not run_dir.is_dir():
        click.echo(f"{run_dir}: no such directory; expected the --run-dir of a running hahub", err=True)
        return 1
    try:
        if status == "on":
            # Written beside and moved: the daemon never sees half of it.
            draft = path.with_suffix(".new")
            draft.write_text(f"{_author()} {reason}".strip() + "\n")
            draft.rename(path)
        elif status == "off":
            path.unlink(missing_ok=True)
        click.echo(f"maintenance: {path.read_text().strip()}" if path.exists() else "no maintenance")
    except OSError as error:
        click.echo(f"{path}: {error.strerror}", err=True)
        return 1
    return 0


def _author() -> str:
    name = "somebody"
    with suppress(OSError, KeyError):
        name = getpass.getuser()
    return f"{name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC:"
