"""Check configuration files and print every problem with its place.

FILE is a keepalived.conf or a hahub.yaml, told apart by content; several are put together as for a daemon.

Exit status: 0 nothing but warnings and notes, 1 errors, 2 a file cannot be read.
"""

from pathlib import Path

import click


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--set", "overrides", metavar="PATH=VALUE", multiple=True, help="Lay a value over the files.")
def command(files: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    from hahub.config import format_problem, load

    loaded = load(files, overrides)
    for problem in loaded.problems:
        click.echo(format_problem(problem))
    if loaded.unreadable:
        raise SystemExit(2)
    if loaded.settings is None:
        raise SystemExit(1)
