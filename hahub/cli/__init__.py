"""The command line: one module per verb in this package; its docstring is the help, its ``command`` runs."""

import importlib
import inspect
import pkgutil

import click


class Verbs(click.Group):
    """The commands of this package, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name}")
        command: click.Command = module.command
        command.help = inspect.getdoc(module)
        return command


@click.command(cls=Verbs)
@click.version_option(package_name="hahub")
def main() -> None:
    """Keeps virtual IP addresses alive, and tells everyone when one moves."""
