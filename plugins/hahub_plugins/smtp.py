"""Mail, by SMTP: one connection and one message per attempt, one result per recipient.

    connect ── EHLO ── STARTTLS, EHLO ── AUTH ── MAIL ── RCPT, RCPT... ── DATA ── QUIT
    `── nothing sent yet: try again ──────────── a result for each ──┘      `── after it: who knows

Two mails about the same instance land in one thread, on whatever node they were written.
Sources: RFC 5321 (dialogue), RFC 5322 (message), RFC 3834 (Auto-Submitted), RFC 3207 (STARTTLS).
"""

import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

import aiosmtplib
import trio
from pydantic import Field, field_validator, model_validator

from hahub import bridge
from hahub.channel import Channel, ChannelSettings, Failure, Notification, Receipt, Secret, SendError, mask
from hahub.tls import client_context

PORTS = {"none": 25, "starttls": 587, "implicit": 465}
QUIT_TIMEOUT = 1.0
"""Seconds for the good-bye; the message is accepted by then."""
_POLICY = SMTP.clone(cte_type="7bit")  # not every server takes 8BITMIME
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_MAILBOX = re.compile(
    r"""(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<phrase>[^"<>,;:()@\\]*))\s*<(?P<inner>[^<>\s]+)>|(?P<bare>[^<>\s]+)"""
)
"""One mailbox. Not email.utils.parseaddr: versions of Python disagree about address literals such as a@[10.0.0.1]."""
_DOMAIN = re.compile(r"[A-Za-z0-9._-]{1,255}|\[[A-Za-z0-9.:]{1,64}\]")


class Settings(ChannelSettings):
    """A mail server, who writes, and who reads."""

    server: str = Field(min_length=1)
    """Host name or address of the mail server."""
    port: int = Field(0, ge=0, le=65535)
    """TCP port; 0 for the usual one: 25 with tls none, 587 with starttls, 465 with implicit."""
    tls: Literal["none", "starttls", "implicit"] = "none"
    """none: in clear. starttls: in clear up to STARTTLS, which the server must offer. implicit: TLS from the start."""
    ca_file: Path | None = None
    """PEM file of the authorities to trust instead of the system's."""
    username: str = ""
    """Who logs in; empty for no login."""
    password: Secret | None = None
    """The password; only sent through TLS, or to a server on this host."""
    sender: str = Field(min_length=1)
    """Who the mail is from: ``a@b`` or ``Name <a@b>``."""
    recipients: tuple[str, ...] = Field(min_length=1)
    """Who gets it: each ``a@b`` or ``Name <a@b>``."""
    helo_name: str = ""
    """How to greet the server; empty for this host's full name, or its address where there is none."""
    connect_timeout: float = Field(5.0, gt=0, le=300)
    """Seconds for connecting, and for the server's greeting."""

    @property
    def tcp_port(self) -> int:
        """The port, or the usual one."""
        return self.port or PORTS[self.tls]

    @field_validator("sender")
    @classmethod
    def _check_sender(cls, sender: str) -> str:
        parse_mailbox(sender)
        return sender

    @field_validator("recipients")
    @classmethod
    def _check_recipients(cls, recipients: tuple[str, ...]) -> tuple[str, ...]:
        for recipient in recipients:
            parse_mailbox(recipient)
        if len(set(recipients)) < len(recipients):
            raise ValueError("expected each recipient once")
        return recipients

    @field_validator("helo_name", "server")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not (name.isascii() and name.isprintable() and " " not in name):
            raise ValueError("expected a host name or an address")
        return name

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if bool(self.username) != (self.password is not None):
            raise ValueError("expected both username and password, or neither")
        if self.username and self.tls == "none" and not _is_local(self.server):
            raise ValueError("a password needs tls starttls or implicit: in clear, anybody on the way can read it")
        return self


class Smtp(Channel):
    """One mail server."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.recipients = settings.recipients
        self._settings = settings
        self._context: ssl.SSLContext | None = None

    async def send(self, notification: Notification) -> Receipt:
        """Send one mail to those of the recipients who have not got it yet."""
        if self._settings.tls != "none" and self._context is None:
            self._context = await _load_context(self._settings)
        attempt = Attempt(self._settings, body(notification, self._settings), notification.recipients, self._context)
        delivery = await bridge.run(deliver, attempt)
        errors = {(error.failure, error.reason) for error in delivery.failed.values()}
        if len(delivery.failed) == len(notification.recipients) and len(errors) == 1:
            raise next(iter(delivery.failed.values()))
        return Receipt(delivery.reference, delivery.failed)


CHANNEL = Smtp


def parse_mailbox(text: str) -> Address:
    """Read ``a@b``, ``Name <a@b>`` or the bare name of a local mailbox. Raises ValueError."""
    problem = ValueError("expected an address such as a@example.org or Name <a@example.org>")
    if not text.isprintable():
        raise problem
    mailbox = _MAILBOX.fullmatch(text.strip())
    if mailbox is None:
        raise problem
    name = re.sub(r"\\(.)", r"\1", (mailbox["quoted"] or "")[1:-1]) or (mailbox["phrase"] or "").strip()
    address = mailbox["inner"] or mailbox["bare"]
    user, at, domain = address.rpartition("@")
    if not at:
        user, domain = domain, ""
    if not _LOCAL_PART.fullmatch(user) or (at and not _DOMAIN.fullmatch(domain)):
        raise problem
    return Address(name, user, domain)


def body(notification: Notification, settings: Settings) -> EmailMessage:
    """The mail, the same on every attempt and for every recipient."""
    transition = notification.transition
    thread = sha256(f"{transition.kind}\0{transition.name}".encode()).hexdigest()[:24]
    root = f"<hahub-{transition.kind.lower()}-{thread}@hahub.invalid>"
    mail = EmailMessage(policy=_POLICY)
    mail["Date"] = formatdate(transition.at)
    mail["From"] = parse_mailbox(settings.sender)
    mail["To"] = [parse_mailbox(recipient) for recipient in settings.recipients]
    mail["Subject"] = " ".join(_encodable(notification.title).split())
    mail["Message-ID"] = f"<{notification.id}@{_domain(transition.node)}>"
    # The first mail of the thread need not exist; Outlook wants both headers.
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Mailer"] = "hahub"
    mail.set_content(_encodable(notification.text))
    return mail


@dataclass(frozen=True, slots=True)
class Attempt:
    """What to deliver, and how."""

    settings: Settings
    mail: EmailMessage
    recipients: Sequence[str]
    context: ssl.SSLContext | None
    """None where settings.tls is none."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the server said to each recipient, and the words with which it took the mail."""

    failed: dict[str, SendError]
    reference: str = ""


async def deliver(attempt: Attempt) -> Delivery:
    """Make one attempt; under asyncio. Raises SendError when it failed for all before any was judged."""
    settings = attempt.settings
    client = aiosmtplib.SMTP(
        hostname=settings.server,
        port=settings.tcp_port,
        local_hostname=settings.helo_name or "localhost",
        timeout=settings.timeout,
        use_tls=settings.tls == "implicit",
        start_tls=False,
        tls_context=attempt.context,
    )
    try:
        await _greet(client, settings)
        delivery = await _transact(client, attempt)
        await _leave(client)
    finally:
        # Not ``async with``: that one waits for a QUIT, even when cancelled.
        client.close()
    return delivery


async def _load_context(settings: Settings) -> ssl.SSLContext:
    try:
        return await trio.to_thread.run_sync(client_context, settings.ca_file)
    except OSError as error:
        raise SendError(Failure.UNREACHABLE, f"cannot load ca_file: {type(error).__name__}") from error


async def _greet(client: aiosmtplib.SMTP, settings: Settings) -> None:
    """Connect, encrypt and log in, as far as the settings say so."""
    try:
        await client.connect(timeout=settings.connect_timeout)
        if not settings.helo_name:
            client.local_hostname = _own_name(client)
        await _ehlo(client)
        if settings.tls == "starttls":
            if not client.supports_extension("starttls"):
                raise SendError(Failure.UNREACHABLE, _reason(settings, "does not offer STARTTLS, nothing was sent"))
            await client.starttls()
            await _ehlo(client)
        if settings.password is not None:
            await _login(client, settings, settings.password)
    except aiosmtplib.SMTPResponseException as error:
        raise SendError(Failure.UNREACHABLE, _said(settings, "answered", error.code, error.message)) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise SendError(Failure.UNREACHABLE, _reason(settings, _why(error))) from error


async def _ehlo(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


async def _login(client: aiosmtplib.SMTP, settings: Settings, password: Secret) -> None:
    if not client.supported_auth_methods:
        raise SendError(Failure.REFUSED, _reason(settings, "offers no way to log in that hahub knows"))
    try:
        await client.login(settings.username, password.get_secret_value())
    except aiosmtplib.SMTPAuthenticationError as error:
        failure = Failure.REFUSED if error.code >= 500 else Failure.UNREACHABLE
        raise SendError(failure, _said(settings, "refused the login:", error.code, error.message)) from error


async def _transact(client: aiosmtplib.SMTP, attempt: Attempt) -> Delivery:
    """MAIL, RCPT for each, DATA."""
    settings, recipients = attempt.settings, attempt.recipients
    failed: dict[str, SendError] = {}
    try:
        await client.mail(parse_mailbox(settings.sender).addr_spec)
        for recipient in recipients:
            try:
                await client.rcpt(parse_mailbox(recipient).addr_spec)
            except aiosmtplib.SMTPRecipientRefused as error:
                failed[recipient] = _judge(settings, error)
        if len(failed) == len(recipients):
            return Delivery(failed)
    except aiosmtplib.SMTPResponseException as error:
        raise _judge(settings, error) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise SendError(Failure.UNREACHABLE, _reason(settings, _why(error))) from error
    try:
        response = await client.data(attempt.mail.as_bytes())
    except aiosmtplib.SMTPDataError as error:
        rest = _judge(settings, error)
    except (aiosmtplib.SMTPException, OSError) as error:
        rest = SendError(Failure.UNKNOWN, _reason(settings, f"{_why(error)}, after the mail was sent"))
    else:
        return Delivery(failed, mask(response.message, settings.password))
    return Delivery({recipient: failed.get(recipient, rest) for recipient in recipients})


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Say good-bye. What goes wrong here changes nothing."""
    try:
        await client.quit(timeout=QUIT_TIMEOUT)
    except (aiosmtplib.SMTPException, OSError):
        return


def _judge(settings: Settings, error: aiosmtplib.SMTPResponseException) -> SendError:
    """4yz: try again. 5yz: never. Anything else is no SMTP."""
    failure = Failure.REFUSED if 500 <= error.code < 600 else Failure.UNREACHABLE
    return SendError(failure, _said(settings, "answered", error.code, error.message))


def _said(settings: Settings, what: str, code: int, message: str) -> str:
    return _reason(settings, f"{what} {code} {message}" if code > 0 else f"{what} no SMTP: {message}")


def _reason(settings: Settings, text: str) -> str:
    return mask(f"{settings.server} {text}", settings.password)


def _why(error: Exception) -> str:
    text = str(error)
    return f"failed: {text}" if text else f"failed: {type(error).__name__}"


def _own_name(client: aiosmtplib.SMTP) -> str:
    """This host's full name if it has one, else the address literal of the connection. Never asks the DNS."""
    name = socket.gethostname()
    if "." in name and _DOMAIN.fullmatch(name):
        return name
    address = str(client.get_transport_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _is_local(server: str) -> bool:
    return server in ("localhost", "::1") or server.startswith("127.")


def _domain(node: str) -> str:
    labels = (re.sub(r"[^A-Za-z0-9-]+", "-", label).strip("-") for label in node.split("."))
    return ".".join(label for label in labels if label) or "hahub.invalid"


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()
