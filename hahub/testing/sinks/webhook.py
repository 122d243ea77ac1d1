"""A careful receiver of webhooks: it verifies what Standard Webhooks 1.0 and CloudEvents 1.0 say."""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable

from hahub.testing.sinks.http import Answer, HttpSink, Request
from hahub.testing.sinks.received import Received

_TOLERANCE = 300.0
_ATTRIBUTES = ("specversion", "id", "source", "type")
"""Those that every CloudEvent has."""


class WebhookSink(HttpSink):
    """Answers 204 to an event that is right, 400 or 401 to any other.

    secret: ``whsec_`` and base64, or any other text; None to take unsigned events.
    now: UTC seconds, to judge timestamps by.
    A repeat is kept like the first: who drops repeats has to compare ids.
    """

    def __init__(
        self,
        *,
        secret: str | None = None,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        ssl_context: ssl.SSLContext | None = None,
        on_received: Callable[[Received], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(listen=listen, ssl_context=ssl_context, on_received=on_received)
        self._now = now
        self._secret = secret

    def respond(self, request: Request) -> Answer:
        if (problem := self._signature_problem(request)) is not None:
            self.refuse(problem)
            return Answer(401, problem.encode())
        message = _read(request)
        if isinstance(message, str):
            self.refuse(message)
            return Answer(400, message.encode())
        self.accept(message)
        return Answer(204)

    def _signature_problem(self, request: Request) -> str | None:
        message_id = request.headers.get("webhook-id", "")
        timestamp = request.headers.get("webhook-timestamp", "")
        if not message_id or "." in message_id:
            return "webhook-id is missing or has a dot"
        if not timestamp.isdecimal() or abs(int(timestamp) - self._now()) > _TOLERANCE:
            return "webhook-timestamp is missing or too far from now"
        if self._secret is None:
            return None
        signed = f"{message_id}.{timestamp}.".encode() + request.body
        digest = hmac.new(_key(self._secret), signed, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        given = request.headers.get("webhook-signature", "").split(" ")
        if not any(hmac.compare_digest(expected, one) for one in given if one.isascii()):
            return "webhook-signature does not match"
        return None


def _key(secret: str) -> bytes:
    scheme, found, encoded = secret.partition("whsec_")
    return base64.b64decode(encoded) if found and not scheme else secret.encode()


def _read(request: Request) -> Received | str:
    """The event, or what is wrong with it."""
    if request.method != "POST":
        return f"method {request.method}"
    if not request.headers.get("content-type", "").startswith("application/cloudevents+json"):
        return "content-type is not application/cloudevents+json"
    try:
        event = json.loads(request.body)
    except ValueError:
        return "body is not JSON"
    if not isinstance(event, dict) or not all(isinstance(event.get(name), str) for name in _ATTRIBUTES):
        return "body is not a CloudEvent"
    if event["id"] != request.headers["webhook-id"]:
        return "the event's id is not webhook-id"
    about = event.get("data")
    state = about.get("state", "") if isinstance(about, dict) else ""
    title = f"{event.get('subject', '')} {state}".strip()
    return Received(request.at_monotonic, event["id"], title, request.body.decode())
