import importlib
import sys
import textwrap
from pathlib import Path

import pytest

from hahub.hub.registry import ChannelError, make
from hahub.settings import ChannelSettings

PLUGIN = """
from hahub.channel import Channel, ChannelSettings, Receipt

class Settings(ChannelSettings):
    colour: str
    timeout: float = 3.5

class CHANNEL(Channel):
    Settings = Settings
    def __init__(self, name, settings):
        self.made_of = (name, settings.colour)
        if settings.colour == "secret-and-wrong":
            raise ValueError(settings.colour)
    async def send(self, notification):
        return Receipt()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that installs a distribution with these modules, and an entry point for each."""

    def install(**modules: str) -> None:
        metadata = tmp_path / "foreign-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
        points = "".join(f"{name} = {name}_channel\n" for name in modules)
        (metadata / "entry_points.txt").write_text(f"[hahub.channels]\n{points}broken = pathlib:Path\n")
        for name, text in modules.items():
            (tmp_path / f"{name}_channel.py").write_text(textwrap.dedent(text))
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()

    yield install
    for name in [name for name in sys.modules if name.endswith("_channel")]:
        del sys.modules[name]


def test_a_foreign_channel_is_found_by_its_entry_point(installed) -> None:
    installed(lamp=PLUGIN)
    settings = ChannelSettings("hall", "lamp", {"colour": "red"})

    made = make(settings)

    assert (made.settings, made.timeout, made.channel.made_of) == (settings, 3.5, ("hall", "red"))


def test_a_bundled_channel_is_found_by_its_name() -> None:
    made = make(ChannelSettings("hook", "webhook", {"url": "http://127.0.0.1:1/", "timeout": 7}))

    assert (type(made.channel).__module__, made.timeout) == ("hahub_plugins.webhook", 7.0)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        pytest.param(
            ChannelSettings("hall", "nowhere"),
            "channel type nowhere is not installed: no hahub_plugins.nowhere, no entry point in hahub.channels",
            id="missing",
        ),
        pytest.param(ChannelSettings("hall", "os.path"), "channel type 'os.path' is not a name", id="no name"),
        pytest.param(
            ChannelSettings("hall", "broken"),
            "channel type broken: entry point pathlib:Path is not a module",
            id="an entry point to something else",
        ),
        pytest.param(
            ChannelSettings("hall", "unimportable"),
            "channel hall: type unimportable: ModuleNotFoundError: No module named 'no_such_library'",
            id="a module that lacks a library",
        ),
        pytest.param(ChannelSettings("hall", "half"), "channel hall: type half: AttributeError", id="without CHANNEL"),
        pytest.param(
            ChannelSettings("hall", "lamp", {"color": "hunter2"}),
            "channel hall: type lamp: colour: missing, color: extra_forbidden",
            id="settings that do not fit, without their values",
        ),
        pytest.param(
            ChannelSettings("hall", "lamp", {"colour": "secret-and-wrong"}),
            "channel hall: type lamp: ValueError",
            id="a plugin that quotes a setting in its error",
        ),
    ],
)
def test_a_channel_that_cannot_be_made_says_why(installed, settings, complaint) -> None:
    installed(lamp=PLUGIN, unimportable="import no_such_library", half="Settings = None")

    with pytest.raises(ChannelError) as error:
        make(settings)

    assert str(error.value) == complaint
