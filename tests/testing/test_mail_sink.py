import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

from hahub.testing.sinks import MailRules, MailSink, Manner
from tests.authority import Authority

PATIENCE = 30.0
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # of aiosmtpd, rightly


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "VI_1 ist jetzt MASTER: 高可用"
    message["Message-ID"] = "<k-1@server>"
    message.set_content("grüße\n")
    return message


def connect(server: MailSink) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", server.port, timeout=PATIENCE)


def send(client: smtplib.SMTP, *recipients: str) -> Mapping[str, tuple[int, bytes]]:
    return client.send_message(mail(), "hahub@example.org", recipients)


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.ca_file))


def test_a_mail_is_kept_with_its_id_and_recipients():
    told = []
    with MailSink(on_received=told.append) as server, connect(server) as client:
        refused = send(client, "a@example.org", "b@example.org")

    assert refused == {}
    (message,) = server.received
    assert (message.id, message.title, message.body, message.recipients) == (
        "k-1@server",
        "VI_1 ist jetzt MASTER: 高可用",
        "grüße\r\n",
        ("a@example.org", "b@example.org"),
    )
    assert told == server.received
    assert [str(mail["subject"]) for mail in server.mails] == ["VI_1 ist jetzt MASTER: 高可用"]
    assert server.commands == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA"]


def test_recipients_are_refused_one_by_one():
    rules = MailRules(refused={"no@example.org": "550 no such user", "later@example.org": "451 greylisted"})
    with MailSink(rules) as server, connect(server) as client:
        refused = send(client, "no@example.org", "a@example.org", "later@example.org")

    assert refused == {"no@example.org": (550, b"no such user"), "later@example.org": (451, b"greylisted")}
    assert [message.recipients for message in server.received] == [("a@example.org",)]


def test_a_mail_can_be_refused_after_data():
    with (
        MailSink(MailRules(data_answer="451 try later")) as server,
        connect(server) as client,
        pytest.raises(smtplib.SMTPDataError) as caught,
    ):
        send(client, "a@example.org")

    assert caught.value.smtp_code == 451
    assert server.received == []


def test_a_greeting_can_send_everybody_away():
    with (
        MailSink(MailRules(greeting="421 busy")) as server,
        connect(server) as client,
        pytest.raises(smtplib.SMTPHeloError),
    ):
        send(client, "a@example.org")


def test_starttls_is_offered_and_can_be_demanded(tmp_path: Path):
    authority = Authority(tmp_path)
    rules = MailRules(tls="starttls", require_tls=True)
    with (
        MailSink(rules, ssl_context=authority.server_context("localhost")) as server,
        smtplib.SMTP("localhost", server.port, timeout=PATIENCE) as client,
    ):
        with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
            send(client, "a@example.org")
        client.starttls(context=trusting(authority))
        send(client, "a@example.org")

    assert len(server.received) == 1


def test_implicit_tls(tmp_path: Path):
    authority = Authority(tmp_path)
    with (
        MailSink(MailRules(tls="implicit"), ssl_context=authority.server_context("localhost")) as server,
        smtplib.SMTP_SSL("localhost", server.port, timeout=PATIENCE, context=trusting(authority)) as client,
    ):
        send(client, "a@example.org")

    assert len(server.received) == 1
    assert server.url == f"smtps://127.0.0.1:{server.port}"


@pytest.mark.parametrize(("password", "code"), [("right", None), ("wrong", 535)])
def test_a_password_is_checked(password: str, code: int | None):
    with MailSink(MailRules(credentials=("hahub", "right"))) as server, connect(server) as client:
        answer = None
        try:
            client.login("hahub", password)
            send(client, "a@example.org")
        except smtplib.SMTPAuthenticationError as error:
            answer = error.smtp_code

    assert answer == code
    assert len(server.received) == (code is None)


def test_who_has_not_logged_in_cannot_send():
    with (
        MailSink(MailRules(credentials=("hahub", "right"))) as server,
        connect(server) as client,
        pytest.raises(smtplib.SMTPSenderRefused) as caught,
    ):
        send(client, "a@example.org")

    assert caught.value.smtp_code == 530


def test_a_connection_can_break_once_the_mail_is_there():
    with (
        MailSink(MailRules(manner=Manner.DROP)) as server,
        connect(server) as client,
        pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)),
    ):
        send(client, "a@example.org")

    assert len(server.received) == 1


def test_a_server_can_hang_and_still_be_stopped():
    with (
        MailSink(MailRules(manner=Manner.HANG)) as server,
        smtplib.SMTP("127.0.0.1", server.port, timeout=PATIENCE) as client,
    ):
        client.ehlo()
        client.sock.settimeout(0.2)
        with pytest.raises((TimeoutError, smtplib.SMTPServerDisconnected)):
            send(client, "a@example.org")
        assert server.data_begun.wait(PATIENCE)

    assert server.received == []


def test_rules_can_be_replaced_while_it_runs():
    with MailSink(MailRules(data_answer="451 try later")) as server, connect(server) as client:
        sink_says_no = pytest.raises(smtplib.SMTPDataError)
        with sink_says_no:
            send(client, "a@example.org")
        server.rules = MailRules()
        send(client, "a@example.org")

    assert len(server.received) == 1
