"""Channels by name: the bundled ``hahub_plugins.NAME``, else the entry point NAME of ``hahub.channels``."""

import importlib
import importlib.util
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol, cast

from pydantic import ValidationError

from hahub import channel as interface
from hahub.settings import ChannelSettings

ENTRY_POINTS = "hahub.channels"


class ChannelError(Exception):
    """A channel cannot be made; the text names the place and never a setting's value."""


@dataclass(frozen=True, slots=True)
class Made:
    """A channel, ready to send."""

    settings: ChannelSettings
    channel: interface.Channel
    timeout: float
    """Seconds for one whole attempt."""


class _Module(Protocol):
    """What a channel's module has."""

    Settings: type[interface.ChannelSettings]

    def CHANNEL(self, name: str, settings: interface.ChannelSettings) -> interface.Channel: ...  # noqa: N802 - the name plugins use


def make(settings: ChannelSettings) -> Made:
    """Make a channel from its settings.

    Raises ChannelError when the module is missing, broken, or does not accept the settings.
    """
    try:
        module = cast(_Module, _load(settings.type))
        own = module.Settings.model_validate(settings.settings)
        return Made(settings, module.CHANNEL(settings.name, own), own.timeout)
    except ChannelError:
        raise
    except Exception as error:
        raise ChannelError(f"channel {settings.name}: type {settings.type}: {_explain(error)}") from error


def _explain(error: Exception) -> str:
    """What is wrong with a channel, without the text of a plugin's error: it may quote a secret setting."""
    match error:
        case ValidationError():
            problems = error.errors(include_input=False, include_url=False, include_context=False)
            return ", ".join(f"{'.'.join(map(str, p['loc']))}: {p['type']}" for p in problems)
        case ImportError() | SyntaxError():
            return f"{type(error).__name__}: {error}"
        case _:
            return type(error).__name__


def _load(name: str) -> ModuleType:
    if not name.isidentifier():
        raise ChannelError(f"channel type {name!r} is not a name")
    bundled = f"hahub_plugins.{name}"
    if importlib.util.find_spec(bundled) is not None:
        return importlib.import_module(bundled)
    from importlib.metadata import entry_points  # takes 30 ms, and is needed for foreign channels only

    for entry_point in entry_points(group=ENTRY_POINTS, name=name):
        module = entry_point.load()
        if isinstance(module, ModuleType):
            return module
        raise ChannelError(f"channel type {name}: entry point {entry_point.value} is not a module")
    raise ChannelError(f"channel type {name} is not installed: no {bundled}, no entry point in {ENTRY_POINTS}")
