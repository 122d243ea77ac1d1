"""Any HTTP receiver: a CloudEvent in JSON, signed as Standard Webhooks says.

    POST URL
    content-type: application/cloudevents+json
    webhook-id: KEY                    the same on every attempt: receivers drop what they have seen
    webhook-timestamp: SECONDS         of this attempt
    webhook-signature: v1,BASE64       HMAC-SHA256 over "KEY.SECONDS.BODY"; only with a secret

Sources: Standard Webhooks 1.0 (spec/standard-webhooks.md); CloudEvents 1.0 (JSON format, HTTP structured mode).
"""

import base64
import binascii
import hmac
import json
import re
import time
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from hahub.channel import Channel, Notification, Receipt, Secret
from hahub.http import HttpClient, HttpSettings, check_status, check_url
from hahub.model import Transition

EVENT_TYPE = "io.hahub.vrrp.transition.v1"
BODY_TIMEOUT = 1.0
"""Seconds for the rest of an answer; only its status matters."""
_PREFIX = "whsec_"
_RESERVED = frozenset({"content-type", "content-length", "host", "connection", "transfer-encoding", "accept-encoding"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Settings(HttpSettings):
    """One receiver."""

    url: Secret
    """Where to post to. A secret, since many receivers know their senders by the address alone."""
    secret: Secret | None = None
    """Key of the signature: ``whsec_`` and base64, or any other text, whose bytes are the key. None: not signed."""
    headers: dict[str, Secret] = Field(default_factory=dict)
    """Headers to add, for example Authorization."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: Secret) -> Secret:
        check_url(url.get_secret_value())
        return url

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: Secret | None) -> Secret | None:
        if secret is not None and not key(secret.get_secret_value()):
            raise ValueError("expected a key that is not empty")
        return secret

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, Secret]) -> dict[str, Secret]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError("expected names of letters, digits and hyphens")
            if name.lower() in _RESERVED or name.lower().startswith("webhook-"):
                raise ValueError(f"{name.lower()} is set by hahub")
            text = value.get_secret_value()
            if not (text.isascii() and text.isprintable() and text.strip() == text):
                raise ValueError(f"{name.lower()}: expected printable ASCII without blanks around it")
        return headers


class Webhook(Channel):
    """One receiver."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._url = settings.url.get_secret_value()
        self._host = urlsplit(self._url).hostname or ""
        self._client = HttpClient(proxy=settings.proxy, ca_file=settings.ca_file, body_timeout=BODY_TIMEOUT)

    async def send(self, notification: Notification) -> Receipt:
        """Post one event. Raises SendError unless the answer is a 2xx."""
        now = time.time()
        content = body(notification, self._settings)
        response = await self._client.post(
            self._url,
            content=content,
            headers=headers(self._settings, notification.id, timestamp=int(now), content=content),
        )
        check_status(self._host, response, now=now)
        return Receipt()

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


CHANNEL = Webhook


def key(secret: str) -> bytes:
    """The bytes of a signing key. Raises ValueError for ``whsec_`` without base64 behind it."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"expected base64 after {_PREFIX}") from None


def signature(secret: str, message_id: str, timestamp: int, content: bytes) -> str:
    """The value of ``webhook-signature``. timestamp: UTC seconds."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), content))
    return f"v1,{base64.b64encode(hmac.digest(key(secret), signed, 'sha256')).decode()}"


def headers(settings: Settings, message_id: str, *, timestamp: int, content: bytes) -> dict[str, str]:
    """The headers of one attempt. timestamp: UTC seconds."""
    result = {name.lower(): value.get_secret_value() for name, value in settings.headers.items()}
    result |= {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
    }
    if settings.secret is not None:
        secret = settings.secret.get_secret_value()
        result["webhook-signature"] = signature(secret, message_id, timestamp, content)
    return result


def body(notification: Notification, settings: Settings) -> bytes:
    """The event, the same on every attempt."""
    transition = notification.transition
    event = {
        "specversion": "1.0",
        "id": notification.id,
        "source": f"/hahub/{quote(transition.node, safe='', errors='replace')}",
        "type": EVENT_TYPE,
        "subject": transition.name,
        "time": _rfc3339(transition.at),
        "datacontenttype": "application/json",
        "data": _data(transition),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _data(transition: Transition) -> dict[str, object]:
    return {
        "kind": transition.kind.value,
        transition.kind.value.lower(): transition.name,
        "state": transition.state.value,
        "previous": transition.previous.value,
        "priority": transition.priority,
        "reason": {"cause": transition.reason.cause.value, "detail": transition.reason.detail},
        "node": transition.node,
        "at": transition.at,
        "seq": transition.seq,
        "boot": transition.boot,
        "interface": transition.interface,
        "virtual_router_id": transition.virtual_router_id,
        "addresses": list(transition.addresses),
    }


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
