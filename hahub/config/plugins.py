"""Finding the module of a channel by its type: the one place that imports channels for configuration."""

import importlib
import re
from importlib.metadata import entry_points
from types import ModuleType

from hahub.channel import ChannelSettings

GROUP = "hahub.channels"
"""Entry point group of channels that others wrote."""
_TYPE = re.compile(r"[a-z][a-z0-9_]*")


class PluginError(Exception):
    """A type without a usable module; the text says why."""


def find_settings(type_name: str) -> type[ChannelSettings]:
    """The settings model of a channel type: module ``hahub_plugins.NAME``, else entry point NAME.

    Raises PluginError.
    """
    module = _find_module(type_name)
    settings = getattr(module, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, ChannelSettings)):
        raise PluginError(
            f"module {module.__name__} has no Settings, expected a model of hahub.channel.ChannelSettings"
        )
    return settings


def _find_module(type_name: str) -> ModuleType:
    if not _TYPE.fullmatch(type_name):
        raise PluginError("no such channel, expected a name of small letters, digits and underscores")
    bundled = f"hahub_plugins.{type_name}"
    try:
        return importlib.import_module(bundled)
    except ModuleNotFoundError as error:
        if error.name != bundled:
            raise PluginError(f"module {bundled} needs module {error.name}, which is not installed") from error
    except Exception as error:
        raise PluginError(f"module {bundled} cannot be imported: {type(error).__name__}") from error
    for entry in entry_points(group=GROUP, name=type_name):
        try:
            module = entry.load()
        except Exception as error:
            raise PluginError(f"module {entry.module} cannot be imported: {type(error).__name__}") from error
        if isinstance(module, ModuleType):
            return module
        raise PluginError(f"entry point {type_name} of {GROUP} is no module")
    raise PluginError("no such channel, expected smtp, dingtalk, webhook or an installed one")
