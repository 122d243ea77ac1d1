"""HTTP for channels: one POST, bounded in every way but total time, errors told apart. The one place that uses httpx.

Heavy imports wait for the first use: settings are also checked where nothing is ever sent.

Guarantees: no redirect is followed, no proxy or password is taken from the environment, no cookie is kept, at most
64 KiB of an answer are read and never decompressed, and no URL gets into an error or a log: it may hold a secret.
The caller bounds the whole by ``trio.fail_after``; a server that drips defeats every other timeout.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trio
from pydantic import field_validator

from hahub.channel import ChannelSettings, Failure, Secret, SendError, mask

if TYPE_CHECKING:
    import httpx

BODY_MAX = 64 * 1024
"""Bytes of an answer that are kept."""
CONNECT_TIMEOUT = 5.0
BODY_TIMEOUT = 5.0
"""Seconds for an answer's body once its headers are there: what matters most is known by then."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    """As sent, at most BODY_MAX bytes."""
    complete: bool = True
    """False when the body was longer, too slow, or broke off."""


class HttpSettings(ChannelSettings):
    """Base of the settings of a channel that speaks HTTP."""

    proxy: Secret | None = None
    """HTTP proxy, ``http://[user:password@]host:port``; the environment's proxy variables are never used."""
    ca_file: Path | None = None
    """PEM file of the authorities to trust instead of the system's."""

    @field_validator("proxy")
    @classmethod
    def _check_proxy(cls, proxy: Secret | None) -> Secret | None:
        if proxy is not None:
            check_url(proxy.get_secret_value())
        return proxy


def check_url(url: str) -> str:
    """Return ``url`` if it is one that can be called; raises ValueError, which does not quote it."""
    expected = "expected http://host... or https://host..."
    try:
        parts = urlsplit(url)
        port_is_possible = parts.port != 0
    except ValueError:
        raise ValueError(expected) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_possible:
        raise ValueError(expected)
    if any(c.isspace() or not c.isprintable() for c in url):
        raise ValueError(f"{expected} without blanks")
    return url


class HttpClient:
    """Connections to one service, kept alive between messages. Made without effects; the first ``post`` connects."""

    def __init__(
        self,
        *,
        proxy: Secret | None = None,
        ca_file: Path | None = None,
        connect_timeout: float = CONNECT_TIMEOUT,
        body_timeout: float = BODY_TIMEOUT,
    ) -> None:
        self._proxy = proxy
        self._ca_file = ca_file
        self._connect_timeout = connect_timeout
        self._body_timeout = body_timeout
        self._client: httpx.AsyncClient | None = None

    async def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Response:
        """Send ``content``, once, and return the answer.

        Raises SendError: UNREACHABLE when nothing was sent, UNKNOWN when it may have arrived, REFUSED for a request
        that cannot be made.
        """
        host = urlsplit(url).hostname or "?"
        client = await self._open(host)
        import httpx

        try:
            request = client.build_request("POST", url, content=content, headers=dict(headers))
            response = await client.send(request, stream=True, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout) as error:
            raise SendError(Failure.UNREACHABLE, _cannot_connect(host, error)) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError, TypeError) as error:
            # Not chained: the text of the error may quote the URL.
            raise SendError(Failure.REFUSED, f"{host}: not a valid request: {type(error).__name__}") from None
        except httpx.TransportError as error:
            raise SendError(Failure.UNKNOWN, f"{host}: no answer: {type(error).__name__}") from error
        try:
            with trio.move_on_after(self._body_timeout):
                body, complete = await _read_body(response)
                return _response(response, body, complete=complete)
            return _response(response, b"", complete=False)
        finally:
            with trio.CancelScope(shield=True), trio.move_on_after(1):
                await response.aclose()

    async def aclose(self) -> None:
        """Close all connections; a later ``post`` opens them again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _open(self, host: str) -> "httpx.AsyncClient":
        if self._client is None:
            try:
                # Importing httpx and loading authorities takes 0.2 s, which other channels should not feel.
                client = await trio.to_thread.run_sync(self._make)
            except OSError as error:
                raise SendError(Failure.UNREACHABLE, f"{host}: cannot load ca_file: {type(error).__name__}") from error
            if self._client is None:
                self._client = client
            else:
                await client.aclose()
        return self._client

    def _make(self) -> "httpx.AsyncClient":
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx

        from hahub.tls import client_context

        for name in ("httpx", "httpcore"):
            # They log URLs at INFO and headers at DEBUG.
            logging.getLogger(name).setLevel(logging.WARNING)
        return httpx.AsyncClient(
            verify=client_context(self._ca_file),
            proxy=None if self._proxy is None else self._proxy.get_secret_value(),
            trust_env=False,
            timeout=httpx.Timeout(None, connect=self._connect_timeout),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            headers={"user-agent": "hahub", "accept": "*/*", "accept-encoding": "identity"},
        )


async def post(
    url: str,
    *,
    content: bytes,
    headers: Mapping[str, str],
    proxy: Secret | None = None,
    ca_file: Path | None = None,
) -> Response:
    """``HttpClient.post`` with a client for this one request."""
    client = HttpClient(proxy=proxy, ca_file=ca_file)
    try:
        return await client.post(url, content=content, headers=headers)
    finally:
        with trio.CancelScope(shield=True), trio.move_on_after(1):
            await client.aclose()


def check_status(host: str, response: Response, *, now: float) -> None:
    """Return for a 2xx; else raise the SendError that the status stands for.

    now: UTC seconds, to make sense of a Retry-After date.
    """
    status = response.status
    if 200 <= status < 300:
        return
    reason = f"{host} answered HTTP {status}"
    wait = retry_after(response.headers.get("retry-after", ""), now=now)
    if status == 429:
        raise SendError(Failure.THROTTLED, reason, retry_after=wait)
    if status in (408, 425) or status >= 500:
        raise SendError(Failure.UNREACHABLE, reason, retry_after=wait)
    if 300 <= status < 400:
        raise SendError(Failure.REFUSED, f"{reason}, a redirect, which is not followed")
    raise SendError(Failure.REFUSED, reason)


def retry_after(value: str, *, now: float) -> float | None:
    """Read a Retry-After header: seconds to wait, never negative; None when there is nothing to understand.

    Source: RFC 9110 section 10.2.3.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, IndexError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.fromtimestamp(now, UTC)).total_seconds())


async def _read_body(response: "httpx.Response") -> tuple[bytes, bool]:
    import httpx

    body = bytearray()
    try:
        # Raw: decompression would let a small answer become a huge one.
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > BODY_MAX:
                return bytes(body[:BODY_MAX]), False
    except httpx.TransportError:
        return bytes(body), False
    return bytes(body), True


def _response(response: "httpx.Response", body: bytes, *, complete: bool) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, body, complete)


def _cannot_connect(host: str, error: Exception) -> str:
    import ssl

    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
        if isinstance(cause, ssl.SSLCertVerificationError):
            # httpx has no words for it; this is what an operator can act upon.
            return mask(f"{host}: certificate not accepted: {cause.verify_message}")
    return mask(f"{host}: cannot connect: {error if str(error) else type(error).__name__}")
