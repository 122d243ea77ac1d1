"""The contract of a channel, as a test: what every plugin has to keep, bundled or foreign.

    async def test_my_channel_keeps_the_contract():
        await check_channel(my_plugin, lambda port: {"url": f"http://127.0.0.1:{port}/", "token": "t0ps3cret"})

Sending the right message, and understanding each answer, is left to the plugin's own tests.
"""

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from types import ModuleType
from typing import Any

import trio
from pydantic import BaseModel, SecretStr, ValidationError

from hahub.channel import Channel, ChannelSettings, Failure, Notification, SendError
from hahub.testing.transitions import notification

CANCEL_SECONDS = 2.0
"""How soon a cancelled ``send`` has to give up."""
PATIENCE = 30.0
"""Seconds for things that are quick on any machine."""
_SECRET_WORDS = frozenset({"password", "secret", "token", "key"})
_HEAVY = ("httpx", "httpcore", "sqlite3", "scapy")
"""Modules that checking settings must not load."""

SettingsAt = Callable[[int], Mapping[str, object]]
"""Settings that make the channel talk to that TCP port of 127.0.0.1, secrets as plain text."""


class ContractError(AssertionError):
    """A channel does not keep the contract."""


async def check_channel(module: ModuleType, settings_at: SettingsAt) -> None:
    """Check one channel's module against the contract of ``hahub.channel``; under trio, in any test framework.

    settings_at: as complete as can be, above all with every secret that there is.
    Raises ContractError, saying what is wrong.
    """
    _check_module(module)
    _check_imports(module)
    _check_settings(module.Settings, settings_at(1))
    _check_body(module, settings_at(1))
    await _check_nobody_there(module, settings_at)
    await _check_cancellation(module, settings_at)
    await _check_strange_answers(module, settings_at)


def _require(good: object, problem: str) -> None:
    if not good:
        raise ContractError(problem)


def _check_module(module: ModuleType) -> None:
    _require(module.__doc__, "the module has no docstring")
    for name, base in (("Settings", ChannelSettings), ("CHANNEL", Channel)):
        found = getattr(module, name, None)
        _require(isinstance(found, type) and issubclass(found, base), f"{name} is no subclass of {base.__name__}")
    _require(callable(getattr(module, "body", None)), "there is no pure function body(notification, settings)")


def _check_imports(module: ModuleType) -> None:
    """Configuration is checked in a process that never sends: it should stay small."""
    script = f"import sys, {module.__name__}; print(*[name for name in {_HEAVY!r} if name in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    _require(not result.stdout.strip(), f"importing the module loads {result.stdout.strip()}")


def _check_settings(model: type[ChannelSettings], values: Mapping[str, object]) -> None:
    for name, info in model.model_fields.items():
        _require(info.description, f"setting {name} has no description")
        if _SECRET_WORDS.intersection(name.split("_")):
            _require(SecretStr in _types(info.annotation), f"setting {name} is not of type Secret")
    settings = model.model_validate(values)
    _require(list(_secrets(settings)), "settings_at gives no secret, although every channel has one to keep")
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        _require_no_secret(text, settings, "the settings' repr")
    try:
        model.model_validate({**values, "no_such_setting": 1, "timeout": "long"})
    except ValidationError as error:
        _require_no_secret(str(error), settings, "a validation error")
        _require(len(error.errors()) == 2, "an unknown setting and a wrong timeout are not two errors")
    else:
        raise ContractError("an unknown setting is accepted")


def _check_body(module: ModuleType, values: Mapping[str, object]) -> None:
    settings = module.Settings.model_validate(values)
    first, again = (_flat(module.body(notification(attempt=attempt), settings)) for attempt in (1, 7))
    _require(first == again, "body differs between two attempts at one message")
    _require_no_secret(first, settings, "the message's body")
    for text in ("", "x" * 200_000, "高可用 " * 20_000, "\ud800 \0 \x1b[31m"):
        module.body(notification(title=text[:1000], text=text, markdown=text), settings)


async def _check_nobody_there(module: ModuleType, settings_at: SettingsAt) -> None:
    with trio.socket.socket() as closed:
        # Bound and not listening: the port is ours, and refuses connections.
        await closed.bind(("127.0.0.1", 0))
        channel, settings = _make(module, settings_at(closed.getsockname()[1]))
        _require(channel.recipients, "a channel without recipients tells nobody")
        _require(len(set(channel.recipients)) == len(channel.recipients), "a recipient is there twice")
        async with aclosing(_Closing(channel)):
            error = await _failure(channel)
    _require(error is not None, "send returned although nobody was there")
    assert error is not None  # noqa: S101 - for mypy; it was just required
    _require(error.failure is Failure.UNREACHABLE, f"nobody there is {error.failure}, expected unreachable")
    _require(error.retryable, "nobody there is not worth another attempt")
    _require_no_secret(f"{error!r} {error.reason}", settings, "the error")
    _require_no_secret(repr(channel), settings, "the channel's repr")


async def _check_cancellation(module: ModuleType, settings_at: SettingsAt) -> None:
    async with trio.open_nursery() as nursery:
        silent = _Peer(answer=None)
        port = await nursery.start(silent.serve)
        channel, _ = _make(module, settings_at(port))
        async with aclosing(_Closing(channel)):
            for _ in range(2):  # a cancelled attempt must not spoil the next one
                scope = trio.CancelScope()
                silent.heard = trio.Event()
                async with trio.open_nursery() as sending:
                    sending.start_soon(_send_in, scope, channel)
                    with trio.fail_after(PATIENCE):
                        await silent.heard.wait()
                    began = trio.current_time()
                    scope.cancel()
                took = trio.current_time() - began
                _require(scope.cancelled_caught, "send swallowed its cancellation")
                _require(took < CANCEL_SECONDS, f"send took {took:.1f} s to give up")
        nursery.cancel_scope.cancel()


async def _check_strange_answers(module: ModuleType, settings_at: SettingsAt) -> None:
    """A peer that speaks another language is an error like any other, not an exception of its own."""
    for answer in (b"\x00\xff" * 100 + b"\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b""):
        async with trio.open_nursery() as nursery:
            port = await nursery.start(_Peer(answer=answer).serve)
            channel, settings = _make(module, settings_at(port))
            async with aclosing(_Closing(channel)):
                error = await _failure(channel)
            _require(error is not None, f"send returned although the answer was {answer[:20]!r}")
            assert error is not None  # noqa: S101 - for mypy; it was just required
            _require(error.retryable, f"{answer[:20]!r} is not worth another attempt")
            _require_no_secret(f"{error!r} {error.reason}", settings, "the error")
            nursery.cancel_scope.cancel()


class _Peer:
    """Accepts connections; answers what it hears with some bytes and the end, or with silence."""

    def __init__(self, *, answer: bytes | None) -> None:
        self.heard = trio.Event()
        """Set by a connection: the client waits for us from now on."""
        self._answer = answer

    async def serve(self, task_status: trio.TaskStatus[int]) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.serve_listeners(self._talk, listeners)

    async def _talk(self, stream: trio.SocketStream) -> None:
        self.heard.set()
        if self._answer is None:
            await trio.sleep_forever()
        try:
            with trio.move_on_after(0.2):  # a mail client waits for us to begin
                await stream.receive_some(65536)
            await stream.send_all(self._answer or b"")
            await stream.send_eof()
            while await stream.receive_some(65536):
                pass
        except trio.BrokenResourceError:
            return


class _Closing:
    """A channel for ``aclosing``."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    async def aclose(self) -> None:
        await self._channel.close()


def _make(module: ModuleType, values: Mapping[str, object]) -> tuple[Channel, ChannelSettings]:
    settings: ChannelSettings = module.Settings.model_validate(values)
    channel: Channel = module.CHANNEL("checked", settings)
    return channel, settings


def _message(channel: Channel) -> Notification:
    return notification(recipients=channel.recipients)


async def _send_in(scope: trio.CancelScope, channel: Channel) -> None:
    with scope:
        await channel.send(_message(channel))


async def _failure(channel: Channel) -> SendError | None:
    """The error of one attempt, None if it succeeded; any other exception is the caller's problem."""
    try:
        with trio.fail_after(PATIENCE):
            await channel.send(_message(channel))
    except SendError as error:
        return error
    return None


def _types(annotation: Any) -> set[Any]:
    arguments = getattr(annotation, "__args__", ())
    return {annotation}.union(*(_types(argument) for argument in arguments))


def _secrets(value: object) -> Iterator[str]:
    """Every secret in a settings model, as plain text."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _secrets(part)


def _require_no_secret(text: str, settings: ChannelSettings, place: str) -> None:
    leaked = [secret for secret in _secrets(settings) if secret and secret in text]
    _require(not leaked, f"{len(leaked)} of the secrets can be read in {place}")


def _flat(body: object) -> str:
    if isinstance(body, bytes):
        return body.decode(errors="replace")
    if dataclasses.is_dataclass(body) or isinstance(body, str):
        return str(body)
    return str(body)
