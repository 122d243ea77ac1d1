"""Channels: plugins found by name, settings checked by them, references resolved, secrets never repeated."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from pydantic import Field, field_validator

from hahub.channel import ChannelSettings as PluginSettings
from hahub.channel import Secret
from hahub.config import Loaded, format_problem, load
from hahub.settings import ChannelSettings

CONF = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 1\n no_virtual_ipaddress\n}\n"


class Nested(PluginSettings):
    key: Secret


class ExampleSettings(PluginSettings):
    """What a third party would write."""

    text: str = ""
    number: int = Field(0, ge=0, le=10)
    flag: bool = False
    choice: Any = None
    many: tuple[str, ...] = ()
    token: Secret | None = None
    tokens: list[Secret] = Field(default_factory=list)
    headers: dict[str, Secret] = Field(default_factory=dict)
    nested: Nested | None = None
    level: int | None = None

    @field_validator("token")
    @classmethod
    def _short(cls, token: Secret | None) -> Secret | None:
        if token is not None and len(token.get_secret_value()) > 20:
            raise ValueError(f"Token {token.get_secret_value()} is too long.")
        return token


@pytest.fixture(autouse=True)
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("hahub_plugins.example")
    module.Settings = ExampleSettings  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hahub_plugins.example", module)
    monkeypatch.setitem(sys.modules, "hahub_plugins.hollow", ModuleType("hahub_plugins.hollow"))


@pytest.fixture
def channel(loaded: Callable[..., Loaded]) -> Callable[[str], ChannelSettings]:
    """The channel ``x`` of type example with these lines of settings."""

    def _channel(lines: str) -> ChannelSettings:
        text = "channels:\n  x:\n    type: example\n" + "".join(f"    {line}\n" for line in lines.split("\n"))
        result = loaded(("a.conf", CONF), ("private.yaml", text))
        assert result.settings is not None, [format_problem(p) for p in result.problems]
        return result.settings.hub.channels[0]

    return _channel


@pytest.mark.parametrize(
    ("line", "settings"),
    [
        ("text: 010", {"text": "010"}),
        ("text: no", {"text": "no"}),
        ("number: 7", {"number": "7"}),
        ("number: 0x7", {"number": 7}),
        ("flag: true", {"flag": "true"}),
        ("level: null", {"level": None}),
        ("text: 'null'", {"text": "null"}),
        ("many: [1, b]", {"many": ["1", "b"]}),
        ("token: literal", {"token": "literal"}),
        ("token: 0123", {"token": "0123"}),
        ("token: env:TOKEN", {"token": "envtoken"}),
        ("token: file:/run/secrets/token", {"token": "filetoken"}),
        ("text: env:TOKEN", {"text": "env:TOKEN"}),
        ("tokens: [env:TOKEN, b]", {"tokens": ["envtoken", "b"]}),
        ("headers: {A: env:TOKEN}", {"headers": {"A": "envtoken"}}),
        ("nested: {key: env:TOKEN}", {"nested": {"key": "envtoken"}}),
    ],
)
def test_settings_go_to_the_hub_as_the_plugin_accepts_them(
    channel: Callable[[str], ChannelSettings], line: str, settings: dict[str, Any]
) -> None:
    found = channel(line)

    assert found == ChannelSettings("x", "example", settings)
    assert msgspec.json.decode(msgspec.json.encode(found), type=ChannelSettings) == found
    assert json.loads(json.dumps(found.settings)) == settings
    ExampleSettings.model_validate(found.settings)


def test_a_channel_may_be_for_some_instances(channel: Callable[[str], ChannelSettings]) -> None:
    assert channel("instances: [VI_1]") == ChannelSettings("x", "example", {}, ("VI_1",))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("number: 11", "4:13: channels x: number: input should be less than or equal to 10"),
        (
            "number: many",
            "4:13: channels x: number: input should be a valid integer, unable to parse string as an integer",
        ),
        ("numbr: 1", "4:5: channels x: unknown setting numbr; did you mean number"),
        ("nested: {}", "4:5: channels x: nested.key is missing"),
        ("nested: {key: a, b: c}", "4:22: channels x: unknown setting nested.b"),
        (
            "token: env:NOPE",
            "4:12: channels x: token env:NOPE is not set, expected a value in the environment",
        ),
        (
            "headers: {A: file:/nope}",
            "4:18: channels x: headers.A file:/nope cannot be read: no such file or directory",
        ),
        ("token: file:/run/secrets/empty", "4:12: channels x: token file:/run/secrets/empty is empty"),
        ("token: file:nope", "4:12: channels x: token file:nope is relative, expected an absolute path"),
        ("token: hunter2hunter2hunter2", "4:12: channels x: token: token *** is too long"),
        ("instances: [VI_2]", "4:17: channels x: instances 'VI_2' is unknown, expected the name of a vrrp_instance"),
        ("instances: VI_2", "4:16: channels x: instances has one value, expected a list"),
        ("text: a\n    text: b", "5:5: channels x: duplicate key text, first at a.yaml:4:5"),
    ],
)
def test_a_wrong_setting_is_told_at_its_place(
    problem_lines: Callable[..., list[str]], line: str, expected: str
) -> None:
    yaml = f"channels:\n  x:\n    type: example\n    {line}\nvrrp_instance:\n  VI_1:\n    interface: eth0\n"
    yaml += "    virtual_router_id: 1\n    no_virtual_ipaddress: true\n"

    found = problem_lines(yaml, file="a.yaml")

    assert found == [f"a.yaml:{expected}"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nope", "type 'nope': no such channel, expected smtp, dingtalk, webhook or an installed one"),
        (
            "os.path",
            "type 'os.path': no such channel, expected a name of small letters, digits and underscores",
        ),
        (
            "hollow",
            "type 'hollow': module hahub_plugins.hollow has no Settings,"
            " expected a model of hahub.channel.ChannelSettings",
        ),
    ],
)
def test_a_type_without_a_plugin_is_told(loaded: Callable[..., Loaded], name: str, expected: str) -> None:
    result = loaded(("a.conf", CONF), ("b.yaml", f"channels: {{x: {{type: {name}}}}}"))

    assert [format_problem(p) for p in result.problems] == [f"b.yaml:1:22: channels x: {expected}"]


def test_a_type_is_required(loaded: Callable[..., Loaded]) -> None:
    result = loaded(("a.conf", CONF), ("b.yaml", "channels:\n  x: {}\n  smtp_alert: {type: example}\n"))

    assert [format_problem(p) for p in result.problems] == [
        "b.yaml:2:3: channels x: type is missing",
        "b.yaml:3:3: channels smtp_alert: smtp_alert is the name of the channel of global_defs",
    ]


def test_a_secret_in_a_file_for_everybody_is_a_warning(loaded: Callable[..., Loaded]) -> None:
    text = "channels:\n  x: {type: example, token: hunter2, text: open, headers: {A: env:TOKEN}}\n"

    public, private = (loaded(("a.conf", CONF), (f"{kind}.yaml", text)) for kind in ("public", "private"))

    assert [format_problem(p) for p in public.problems] == [
        "public.yaml:2:29: warning: channels x: token is a secret in a file that everybody can read;"
        " write env:NAME or file:/path, or take the right to read away"
    ]
    assert private.problems == ()
    assert "hunter2" not in repr(public)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with a channel of its own, as pip would install it."""
    (tmp_path / "theirs_of_test.py").write_text(
        "from hahub.channel import ChannelSettings\nclass Settings(ChannelSettings):\n    room: str\n"
    )
    (tmp_path / "broken_of_test.py").write_text("raise RuntimeError('hunter2')\n")
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hahub.channels]\ntheirs = theirs_of_test\nbroken = broken_of_test\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("theirs_of_test", None)


@pytest.mark.usefixtures("installed")
def test_a_channel_that_others_installed_is_found_by_its_name(loaded: Callable[..., Loaded]) -> None:
    yaml = "channels:\n  a: {type: theirs, room: b}\n"

    result = loaded(("a.conf", CONF), ("b.yaml", yaml))

    assert result.settings is not None
    assert result.settings.hub.channels == (ChannelSettings("a", "theirs", {"room": "b"}),)


@pytest.mark.usefixtures("installed")
def test_a_plugin_that_fails_is_told_without_its_words(loaded: Callable[..., Loaded]) -> None:
    result = loaded(("a.conf", CONF), ("b.yaml", "channels:\n  a: {type: broken}\n"))

    assert [format_problem(p) for p in result.problems] == [
        "b.yaml:2:13: channels a: type 'broken': module broken_of_test cannot be imported: RuntimeError"
    ]


def test_the_bundled_channels_are_checked_by_their_plugins(loaded: Callable[..., Loaded]) -> None:
    yaml = """
channels:
  mail: {type: smtp, server: mail.example.org, tls: starttls, sender: a@b.example, recipients: [c@d.example]}
  chat: {type: dingtalk, access_token: abc123, secret: SECabc, at_mobiles: [13800000000]}
  hook: {type: webhook, url: "https://example.org/x", secret: env:TOKEN}
"""

    result = loaded(("a.conf", CONF), ("b.yaml", yaml))

    assert result.problems == ()
    assert result.settings is not None
    assert [(c.name, c.type) for c in result.settings.hub.channels] == [
        ("mail", "smtp"),
        ("chat", "dingtalk"),
        ("hook", "webhook"),
    ]
    assert result.settings.hub.channels[1].settings["at_mobiles"] == ["13800000000"]


def test_smtp_alert_takes_its_words_from_global_defs(loaded: Callable[..., Loaded]) -> None:
    defs = """
global_defs {
    notification_email { a@b.example a@b.example "C D <c@d.example>" }
    smtp_server mail.example 2525
    smtp_helo_name here.example
    smtp_connect_timeout 400
    smtp_alert
}
"""
    other = CONF.replace("VI_1", "VI_2").replace("_id 1", "_id 2").replace(" no_", " smtp_alert no\n no_")

    result = loaded(("a.conf", defs + CONF + other))

    assert result.problems == ()
    assert result.settings is not None
    settings = {
        "server": "mail.example",
        "port": 2525,
        "tls": "none",
        "sender": "root@node-1",
        "recipients": ["a@b.example", "C D <c@d.example>"],
        "helo_name": "here.example",
        "connect_timeout": 280.0,
        "timeout": 300.0,
    }
    assert result.settings.hub.channels == (ChannelSettings("smtp_alert", "smtp", settings, ("VI_1",)),)


def test_the_variables_that_hold_secrets_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHAT_TOKEN", "0123456789abcdef")
    path = tmp_path / "hahub.yaml"
    path.write_text(
        "vrrp_instance: {VI_1: {interface: lo, virtual_router_id: 1, virtual_ipaddress: [10.0.0.1]}}\n"
        "channels: {team: {type: dingtalk, access_token: 'env:CHAT_TOKEN'}}\n"
    )

    loaded = load([path])

    assert loaded.settings is not None
    assert loaded.settings.parent.secret_variables == ("CHAT_TOKEN",)
