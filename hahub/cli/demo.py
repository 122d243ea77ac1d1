"""Watch failovers: a service that stops, a daemon that is killed; who takes over, how fast, and who is told.

Three nodes in namespaces of their own on this machine, as an ordinary user or as root, for about a minute.
Nothing outlives it.

Exit status: 0 all went well, 1 something is missing, 2 this machine cannot run it, 130 interrupted.
"""

import click


@click.command()
@click.option("--keep", is_flag=True, help="Keep everything running after the story, until Ctrl-C.")
@click.option("--without-nginx", is_flag=True, help="Guard a small HTTP server of hahub's own, even if nginx is there.")
def command(keep: bool, without_nginx: bool) -> None:
    from hahub.demo import enclosure

    options = [*(["--keep"] if keep else []), *(["--without-nginx"] if without_nginx else [])]
    try:
        raise SystemExit(enclosure.run(options))
    except enclosure.EnclosureError as error:
        click.echo(f"hahub demo: {error}", err=True)
        raise SystemExit(enclosure.CANNOT_RUN) from error
