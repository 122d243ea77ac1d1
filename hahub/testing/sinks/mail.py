"""A mail server: aiosmtpd on an asyncio thread, with TLS, AUTH, refused recipients and bad manners as wanted.

aiosmtpd is imported when a server is started: the other sinks do without.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from hahub.testing.sinks.received import Received

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0


class Manner(StrEnum):
    """What a mail server does with a mail whose recipients it took."""

    TAKE = "take"
    HANG = "hang"
    """Says nothing after the last byte."""
    DROP = "drop"
    """Keeps the mail, then breaks the connection without a word."""


@dataclass(frozen=True, slots=True)
class MailRules:
    """How a mail server behaves."""

    tls: Literal["none", "starttls", "implicit"] = "none"
    require_tls: bool = False
    """With starttls: no mail in clear."""
    credentials: tuple[str, str] | None = None
    """User and password that are demanded; None for anybody."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Answers to recipients that are not taken: address to ``550 no such user``."""
    greeting: str | None = None
    """An answer to every HELO and EHLO other than the right one, such as ``421 busy``."""
    data_answer: str | None = None
    """Answer to a mail, such as ``451 try later``; it is not kept then."""
    manner: Manner = Manner.TAKE
    smtputf8: bool = True


class MailSink:
    """A server for ``with``; ``port`` and ``url`` are known inside.

    ssl_context: of a server, for starttls and implicit TLS.
    rules: may be replaced at any time; what concerns TLS and AUTH counts for connections made later.
    on_received: called with each mail as soon as it is accepted, on the server's thread.
    """

    def __init__(
        self,
        rules: MailRules = MailRules(),
        *,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        ssl_context: ssl.SSLContext | None = None,
        on_received: Callable[[Received], None] | None = None,
    ) -> None:
        self.rules = rules
        self.received: list[Received] = []
        self.mails: list[EmailMessage] = []
        """The same mails, parsed."""
        self.commands: list[str] = []
        """The first word of each command of each client: EHLO, MAIL, RCPT, ..."""
        self.port = 0
        self.data_begun = threading.Event()
        """Set when a whole mail was sent for the first time."""
        self._listen = listen
        self._ssl_context = ssl_context
        self._on_received = on_received
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"{'smtps' if self.rules.tls == 'implicit' else 'smtp'}://{self._listen[0]}:{self.port}"

    def __enter__(self) -> Self:
        started: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="mail-sink", daemon=True)
        self._thread.start()
        self.port = started.result(_START_TIMEOUT)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None  # noqa: S101 - __exit__ follows __enter__
        assert self._thread is not None  # noqa: S101
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_TIMEOUT)

    def _run(self, started: "Future[int]") -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            implicit = self._ssl_context if self.rules.tls == "implicit" else None
            server = loop.run_until_complete(loop.create_server(self._protocol, *self._listen, ssl=implicit))
            started.set_result(server.sockets[0].getsockname()[1])
        except BaseException as error:
            started.set_exception(error)
            return
        try:
            loop.run_forever()
            server.close()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            loop.close()

    def _protocol(self) -> "SMTP":
        from aiosmtpd.smtp import SMTP

        rules = self.rules
        return SMTP(
            _Handler(self),
            hostname="sink.hahub.test",
            loop=self._loop,
            tls_context=self._ssl_context if rules.tls == "starttls" else None,
            require_starttls=rules.tls == "starttls" and rules.require_tls,
            auth_required=rules.credentials is not None,
            auth_require_tls=rules.tls == "starttls",
            authenticator=self._authenticate,
            enable_SMTPUTF8=rules.smtputf8,
        )

    def _authenticate(self, server: "SMTP", session: "Session", envelope: "Envelope", mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.rules.credentials, handled=False)

    def keep(self, envelope: "Envelope", at_monotonic: float) -> None:
        """Keep a mail that was taken."""
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        mail = message_from_bytes(content, policy=policy.default)
        text = mail.get_body(("plain",))
        message = Received(
            at_monotonic,
            str(mail["message-id"] or "").strip("<>"),
            str(mail["subject"] or ""),
            "" if text is None else text.get_content(),
            tuple(envelope.rcpt_tos),
        )
        self.mails.append(mail)
        self.received.append(message)
        if self._on_received is not None:
            self._on_received(message)


class _Handler:
    """What aiosmtpd asks; the names are its own."""

    def __init__(self, sink: MailSink) -> None:
        self._sink = sink

    async def handle_HELO(self, server: "SMTP", session: "Session", envelope: "Envelope", hostname: str) -> str:  # noqa: N802
        self._sink.commands.append("HELO")
        session.host_name = hostname
        return self._sink.rules.greeting or f"250 {server.hostname}"

    async def handle_EHLO(  # noqa: N802
        self, server: "SMTP", session: "Session", envelope: "Envelope", hostname: str, responses: list[str]
    ) -> list[str]:
        self._sink.commands.append("EHLO")
        session.host_name = hostname
        return responses if self._sink.rules.greeting is None else [self._sink.rules.greeting]

    async def handle_MAIL(  # noqa: N802
        self, server: "SMTP", session: "Session", envelope: "Envelope", address: str, options: list[str]
    ) -> str:
        self._sink.commands.append("MAIL")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: "SMTP", session: "Session", envelope: "Envelope", address: str, options: list[str]
    ) -> str:
        self._sink.commands.append("RCPT")
        if (answer := self._sink.rules.refused.get(address)) is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: "SMTP", session: "Session", envelope: "Envelope") -> str:  # noqa: N802
        now = time.monotonic()
        rules = self._sink.rules
        self._sink.commands.append("DATA")
        self._sink.data_begun.set()
        if rules.data_answer is not None:
            return rules.data_answer
        if rules.manner is Manner.HANG:
            await asyncio.Event().wait()
        self._sink.keep(envelope, now)
        if rules.manner is Manner.DROP:
            cast(asyncio.Transport, server.transport).abort()
        return "250 OK: queued"
