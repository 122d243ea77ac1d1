"""Every bundled channel keeps the contract of ``hahub.channel``."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType

import pytest

import hahub_plugins
from hahub.channel import Channel, ChannelSettings, Failure, Notification, Receipt, Secret, SendError
from hahub.testing import ContractError, check_channel

WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def _smtp(port: int) -> Mapping[str, object]:
    return {
        "server": "127.0.0.1",
        "port": port,
        "username": "hahub",
        "password": "mailPassw0rd",
        "sender": "hahub <hahub@example.org>",
        "recipients": ["a@example.org", "B <b@example.org>"],
    }


def _dingtalk(port: int) -> Mapping[str, object]:
    return {
        "url": f"http://127.0.0.1:{port}/robot/send",
        "access_token": "t0k3nt0k3n",
        "secret": "SECr3tr3tr3t",
        "at_mobiles": ["13800000000"],
    }


def _webhook(port: int) -> Mapping[str, object]:
    return {
        "url": f"http://127.0.0.1:{port}/hook/p4thp4thp4th",
        "secret": WHSEC,
        "headers": {"authorization": "Bearer h34derh34der"},
    }


SETTINGS_AT = {"smtp": _smtp, "dingtalk": _dingtalk, "webhook": _webhook}
BUNDLED = sorted(module.name for module in pkgutil.iter_modules(hahub_plugins.__path__))


def test_every_bundled_channel_is_checked_here():
    assert sorted(SETTINGS_AT) == BUNDLED


@pytest.mark.parametrize("name", BUNDLED)
async def test_a_bundled_channel_keeps_the_contract(name: str):
    await check_channel(importlib.import_module(f"hahub_plugins.{name}"), SETTINGS_AT[name])


# The checker is checked as well: a channel with one fault each has to be found out.


class _Bad(Channel):
    """Says yes to everything, whoever is there."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self.settings = settings

    async def send(self, notification: Notification) -> Receipt:
        return Receipt()


class _Leaky(_Bad):
    async def send(self, notification: Notification) -> Receipt:
        token = getattr(self.settings, "token").get_secret_value()  # noqa: B009 - the settings are made below
        raise SendError(Failure.UNREACHABLE, f"cannot reach http://127.0.0.1/?token={token}")


class _Settings(ChannelSettings):
    """Settings of a channel for these tests."""

    token: Secret
    """What the other side knows us by."""


class _PlainToken(ChannelSettings):
    """A secret that is none."""

    token: str
    """What the other side knows us by."""


class _Undescribed(ChannelSettings):
    """No words about a setting."""

    token: Secret


class _Lax(_Settings, extra="ignore"):
    """Any setting will do."""


def _module(settings: type[ChannelSettings], channel: type[Channel]) -> ModuleType:
    module = ModuleType("json", "A channel with a fault.")  # a name that can be imported
    module.Settings = settings  # type: ignore[attr-defined]
    module.CHANNEL = channel  # type: ignore[attr-defined]
    module.body = lambda notification, settings: notification.text  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize(
    ("settings", "channel", "problem"),
    [
        pytest.param(_Settings, _Bad, "send returned although nobody was there", id="never fails"),
        pytest.param(_Settings, _Leaky, "1 of the secrets can be read in the error", id="secret in the reason"),
        pytest.param(_PlainToken, _Bad, "setting token is not of type Secret", id="plain secret"),
        pytest.param(_Undescribed, _Bad, "setting token has no description", id="no description"),
        pytest.param(_Lax, _Bad, "an unknown setting and a wrong timeout are not two errors", id="unknown setting"),
    ],
)
async def test_a_channel_with_a_fault_is_found_out(
    settings: type[ChannelSettings], channel: type[Channel], problem: str
):
    with pytest.raises(ContractError) as caught:
        await check_channel(_module(settings, channel), lambda port: {"token": "t0k3nt0k3n"})

    assert str(caught.value) == problem
