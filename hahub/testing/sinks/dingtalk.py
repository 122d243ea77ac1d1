"""A robot of a DingTalk group, as far as its senders can tell: signature, limits, and refusals with HTTP 200."""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from hahub.testing.sinks.http import Answer, HttpSink, Request
from hahub.testing.sinks.received import Received

_BODY_MAX = 20_000
_WINDOW_MS = 3_600_000
_PATH = "/robot/send"
_TEXTS = {"text": ("content", "content"), "markdown": ("title", "text")}
"""For each type of message that is understood here: the fields to take title and text from."""


class DingTalkSink(HttpSink):
    """Answers as the real robot does; ``url`` is what goes into the channel's setting of that name.

    access_token, secret, keyword: what the robot was set up with; None for a security mode that is off.
    limit: messages that are taken within ``window`` seconds; one more, and none is taken for ``penalty`` seconds.
    now: UTC seconds, to judge timestamps by.
    """

    def __init__(
        self,
        *,
        access_token: str,
        secret: str | None = None,
        keyword: str | None = None,
        limit: int = 20,
        window: float = 60.0,
        penalty: float = 600.0,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        ssl_context: ssl.SSLContext | None = None,
        on_received: Callable[[Received], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(listen=listen, ssl_context=ssl_context, on_received=on_received)
        self._now = now
        self._access_token = access_token
        self._secret = secret
        self._keyword = keyword
        self._limit = limit
        self._window = window
        self._penalty = penalty
        self._recent: deque[float] = deque()
        self._closed_until = float("-inf")

    @property
    def url(self) -> str:
        return super().url.removesuffix("/") + _PATH

    def respond(self, request: Request) -> Answer:
        code, words = self._judge(request)
        if code:
            self.refuse(f"{code} {words}")
        return Answer(
            200,
            json.dumps({"errcode": code, "errmsg": words}, ensure_ascii=False).encode(),
            (("content-type", "application/json"),),
        )

    def _judge(self, request: Request) -> tuple[int, str]:
        parts = urlsplit(request.target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if request.method != "POST" or parts.path != _PATH:
            return 404, "请求的URI地址不存在"
        if query.get("access_token") != self._access_token:
            return 300001, "token is not exist"
        if not request.headers.get("content-type", "").startswith("application/json"):
            return 43004, "无效的HTTP HEADER Content-Type"
        if len(request.body) > _BODY_MAX:
            return 460101, "message too long, exceed 20000 bytes"
        if (problem := self._signature_problem(query)) is not None:
            return 310000, problem
        if (texts := _texts(request.body)) is None:
            return 40035, "缺少参数 json"
        if self._keyword is not None and self._keyword not in "\n".join(texts):
            return 310000, "keywords not in content"
        if self._is_too_many(request.at_monotonic):
            return 130101, f"send too fast, exceed {self._limit} times per minute"
        self.accept(Received(request.at_monotonic, "", *texts))
        return 0, "ok"

    def _signature_problem(self, query: dict[str, str]) -> str | None:
        if self._secret is None:
            return None
        timestamp = query.get("timestamp", "")
        if not timestamp.isdecimal() or abs(int(timestamp) - self._now() * 1000) > _WINDOW_MS:
            return "invalid timestamp"
        digest = hmac.new(self._secret.encode(), f"{timestamp}\n{self._secret}".encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(digest).decode(), query.get("sign", "")):
            return "sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"
        return None

    def _is_too_many(self, now: float) -> bool:
        if now < self._closed_until:
            return True
        while self._recent and self._recent[0] <= now - self._window:
            self._recent.popleft()
        if len(self._recent) >= self._limit:
            self._closed_until = now + self._penalty
            return True
        self._recent.append(now)
        return False


def _texts(body: bytes) -> tuple[str, str] | None:
    """Title and text of a message; None for one without them."""
    try:
        message = json.loads(body)
        fields = _TEXTS[message["msgtype"]]
        title, text = (message[message["msgtype"]][field] for field in fields)
    except (ValueError, KeyError, TypeError):
        return None
    return (title, text) if isinstance(title, str) and isinstance(text, str) and title and text else None
