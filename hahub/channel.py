"""The public interface for notification channels: what a plugin gets and what it must answer.

A channel is one module with a settings model, a pure function that makes the body, and a ``Channel`` with
``send``. It answers two questions only: did it fail, and is another attempt any use. Retries, deadlines,
order, limits and the record of what was told are the hub's business.

hahub finds a channel by name: ``hahub_plugins.NAME``, else the entry point NAME of group ``hahub.channels``.
The module has ``Settings`` (a pydantic model) and ``CHANNEL`` (a ``Channel`` subclass).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hahub.model import Transition

Secret = SecretStr
"""A value that shows as asterisks everywhere; ``get_secret_value()`` where it is used, and nowhere else."""
REASON_MAX = 300
"""Characters that are kept of what another side says."""


class Failure(StrEnum):
    """Why an attempt failed, which decides what happens next."""

    UNREACHABLE = "unreachable"
    """No contact, or the other side is out of order: try again, later and later."""
    THROTTLED = "throttled"
    """Too many messages: try again after ``retry_after``."""
    REFUSED = "refused"
    """Understood and rejected: the same message will be rejected again."""
    UNKNOWN = "unknown"
    """It may have arrived or not: try again, marked as a possible repeat."""


def mask(text: str, *secrets: Secret | None) -> str:
    """``text`` on one line of at most 300 characters, without these secrets, plain or percent-encoded.

    For what the other side said, before it becomes a reason.
    """
    for secret in secrets:
        if secret is None or not secret.get_secret_value():
            continue
        value = secret.get_secret_value()
        for form in (value, quote(value, safe=""), quote_plus(value)):
            text = text.replace(form, "***")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:REASON_MAX]


class SendError(Exception):
    """An attempt that failed. ``reason`` is shown to people and journalled: never put a secret into it."""

    def __init__(self, failure: Failure, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.retry_after = retry_after
        """Seconds that the other side asked to wait, if it did."""

    @property
    def retryable(self) -> bool:
        return self.failure is not Failure.REFUSED


@dataclass(frozen=True, slots=True)
class Notification:
    """One message for one channel."""

    id: str
    """Idempotency key: the same on every attempt, different for every message. No dots, no blanks."""
    transition: Transition
    title: str
    """One line."""
    text: str
    """Plain text of several lines, without the title."""
    markdown: str
    """The same in Markdown, without the title."""
    recipients: tuple[str, ...] = ("",)
    """Those of the channel's recipients who have not got it yet."""
    attempt: int = 1
    maybe_repeat: bool = False
    """An earlier attempt may have arrived."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an attempt that reached the other side."""

    reference: str = ""
    """The other side's name for the message, if it gave one."""
    failed: Mapping[str, SendError] = field(default_factory=dict)
    """Recipients for whom it failed although others got it."""


class ChannelSettings(BaseModel):
    """Base of every channel's settings model: unknown keys are errors, values are frozen.

    Each field needs a docstring with its unit, which becomes its description; a secret is a ``Secret``.
    A validator's message never quotes what it was given: that may be a secret in the wrong place.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    timeout: float = Field(20.0, gt=0, le=300)
    """Seconds for one whole attempt, whatever the other side does."""


class Channel(ABC):
    """One configured way to tell somebody. ``send`` may run at any time, one attempt after the other.

    Made in the hub as ``CHANNEL(name, settings)``, settings being an instance of the module's ``Settings``.
    Making one must not touch the network.
    """

    recipients: tuple[str, ...] = ("",)
    """Who gets each message; a result is kept for each. One nameless recipient where there is nobody to tell apart."""

    @abstractmethod
    async def send(self, notification: Notification) -> Receipt:
        """Make one attempt, under trio. Runs under a deadline and may be cancelled at any await.

        Return when the other side has judged each recipient; those it did not accept are in ``Receipt.failed``.
        Raises SendError when it failed for all in the same way, or nobody knows.
        """

    async def close(self) -> None:
        """Give up connections. Called once, at the end."""
        return
