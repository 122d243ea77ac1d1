"""DingTalk group chat, by a custom robot: one signed POST, and success only when the answer's errcode says so.

    POST https://oapi.dingtalk.com/robot/send?access_token=T&timestamp=MS&sign=S
    {"msgtype": "markdown", "markdown": {"title": ..., "text": ...}, "at": {...}}      at most 20,000 bytes
    200 {"errcode": 0, "errmsg": "ok"}

A refusal comes with HTTP 200 as well. There is no idempotency key. A robot takes 20 messages in a minute; one more and
it takes none for ten minutes. The signature is good for an hour, so it is made for each attempt.
Source: DingTalk's documentation of custom robots.
"""

import base64
import hmac
import json
import time
from bisect import bisect_right
from urllib.parse import quote, urlencode, urlsplit

from pydantic import ConfigDict, Field, field_validator

from hahub.channel import Channel, Failure, Notification, Receipt, Secret, SendError, mask
from hahub.http import HttpClient, HttpSettings, Response, check_status, check_url

BODY_MAX = 19_000
"""Bytes; 1,000 less than DingTalk takes."""
PENALTY = 600.0
"""Seconds of silence after too many messages."""
_TITLE_MAX = 300
_CUT = " …"

_THROTTLED = frozenset({130101, 130102, 410100})
"""Too many messages: in a minute, at once, by the newer name."""
_BUSY = frozenset({-1})
_REFUSED = frozenset(
    {
        310000,  # signature, timestamp, keyword or sender's address
        300001,  # no such token
        300005,  # the same, of a group with outsiders
        400013,  # the group is gone
        400101,  # no such token
        400102,  # the robot is disabled
        400105,  # type of message not supported
        400106,  # no such robot
        40035,  # bad parameters
        43004,  # bad content type
        101002,  # too long
        430101,  # unsafe link
        430102,  # improper text
        430103,  # improper picture
        430104,  # improper content
        460101,  # too long
    }
)


class Settings(HttpSettings):
    """A robot of a group chat. Security modes of DingTalk can be combined; give what the robot was set up with."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    access_token: Secret
    """The robot's token: what follows ``access_token=`` in its webhook address."""
    secret: Secret | None = None
    """For the security mode "sign": the key that begins with SEC."""
    url: str = "https://oapi.dingtalk.com/robot/send"
    """Where to post to, without a query."""
    keyword: str = ""
    """For the security mode "keyword": put into every message that lacks it."""
    at_mobiles: tuple[str, ...] = Field((), max_length=50)
    """Mobile numbers of members to mention; a foreign one as ``+1-1234567890``."""
    at_user_ids: tuple[str, ...] = Field((), max_length=50)
    """User ids of members to mention."""
    at_all: bool = False
    """Mention everybody."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if urlsplit(check_url(url)).query:
            raise ValueError("expected no query: the token belongs into access_token")
        return url

    @field_validator("access_token")
    @classmethod
    def _check_token(cls, token: Secret) -> Secret:
        if not token.get_secret_value().isalnum():
            raise ValueError("expected letters and digits: only what follows access_token= in the address")
        return token

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, secret: Secret | None) -> Secret | None:
        if secret is not None and not secret.get_secret_value().startswith("SEC"):
            raise ValueError("expected a key that begins with SEC")
        return secret


class DingTalk(Channel):
    """One robot."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._host = urlsplit(settings.url).hostname or ""
        self._client = HttpClient(proxy=settings.proxy, ca_file=settings.ca_file)

    async def send(self, notification: Notification) -> Receipt:
        """Post one message. Raises SendError unless the robot says that it took it."""
        now = time.time()
        response = await self._client.post(
            address(self._settings, timestamp_ms=int(now * 1000)),
            content=body(notification, self._settings),
            headers={"content-type": "application/json; charset=utf-8"},
        )
        check_status(self._host, response, now=now)
        judge(response, self._settings)
        return Receipt()

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


CHANNEL = DingTalk


def sign(timestamp_ms: int, secret: str) -> str:
    """The signature in base64, not yet percent-encoded."""
    text = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), text, "sha256")).decode()


def address(settings: Settings, *, timestamp_ms: int) -> str:
    """The whole URL for an attempt at that moment; a secret."""
    query = {"access_token": settings.access_token.get_secret_value()}
    if settings.secret is not None:
        query["timestamp"] = str(timestamp_ms)
        query["sign"] = sign(timestamp_ms, settings.secret.get_secret_value())
    # Encoded once: "/" and "+" of base64 must not arrive as they are, nor twice encoded.
    return f"{settings.url}?{urlencode(query, safe='', quote_via=quote)}"


def body(notification: Notification, settings: Settings) -> bytes:
    """The message as JSON, at most BODY_MAX bytes: what is too long is cut at the end of the text."""
    title = notification.title[:_TITLE_MAX]
    if settings.keyword and settings.keyword not in title:
        title = f"{settings.keyword} {title}"
    # Who is mentioned has to be in the text as well, or nobody's telephone rings.
    mentions = "".join(f" @{name}" for name in (*settings.at_mobiles, *settings.at_user_ids)).strip()
    tail = f"\n\n{mentions}\n" if mentions else ""
    text = f"### {title}\n\n{notification.markdown}"
    encoded = _encode(title, text + tail, settings)
    if len(encoded) <= BODY_MAX:
        return encoded

    def cut(keep: int) -> bytes:
        return _encode(title, text[:keep] + _CUT + tail, settings)

    # Escapes and UTF-8 make lengths hard to foretell, so the longest beginning that fits is searched for.
    keep = bisect_right(range(BODY_MAX), BODY_MAX, key=lambda keep: len(cut(keep))) - 1
    return cut(max(keep, 0))


def judge(response: Response, settings: Settings) -> None:
    """Return if the robot took the message. Raises SendError otherwise.

    response: one with status 200; what matters is the JSON in it.
    """
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        answer = None
    code = answer.get("errcode") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or type(code) is not int:
        if isinstance(answer, dict) and answer.get("punish") == "deny":
            # The gateway before the robots says it like this.
            raise SendError(Failure.THROTTLED, "DingTalk's gateway refuses: too many messages", retry_after=PENALTY)
        raise SendError(Failure.UNKNOWN, "DingTalk answered HTTP 200 without an errcode")
    if code == 0:
        return
    said = answer.get("errmsg")
    reason = f"errcode {code}: {said}" if isinstance(said, str) else f"errcode {code}"
    reason = mask(reason, settings.access_token, settings.secret)
    if code in _THROTTLED:
        raise SendError(Failure.THROTTLED, reason, retry_after=PENALTY)
    if code in _BUSY:
        raise SendError(Failure.UNREACHABLE, reason)
    raise SendError(Failure.REFUSED if code in _REFUSED else Failure.UNKNOWN, reason)


def _encode(title: str, text: str, settings: Settings) -> bytes:
    message: dict[str, object] = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    if settings.at_mobiles or settings.at_user_ids or settings.at_all:
        message["at"] = {
            "atMobiles": list(settings.at_mobiles),
            "atUserIds": list(settings.at_user_ids),
            "isAtAll": settings.at_all,
        }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
