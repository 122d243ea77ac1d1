"""The mail channel against a real mail server."""

import socket
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import trio
from pydantic import ValidationError

from hahub.channel import Failure, Receipt, SendError
from hahub.model import Kind
from hahub.testing import notification, transition
from hahub.testing.sinks import MailRules, MailSink, Manner
from hahub_plugins.smtp import CHANNEL, Settings, Smtp, body, parse_mailbox
from tests.authority import Authority

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # implicit TLS is TLS

PASSWORD = "p4ssw0rdp4ss"
PATIENCE = 30.0
OK, BAD, GREY = "ok@example.org", "bad@example.org", "grey@example.org"
BAD_ANSWER, GREY_ANSWER = "550 5.1.1 no such user", "451 4.7.1 try again later"


def settings(**values: object) -> Settings:
    base = {"server": "127.0.0.1", "sender": "hahub@example.org", "recipients": [OK], "helo_name": "lb1.example.org"}
    return Settings.model_validate({**base, **values})


def at(server: MailSink, **values: object) -> Smtp:
    return CHANNEL("mail", settings(port=server.port, **values))


async def send(channel: Smtp, **fields: object) -> Receipt:
    with trio.fail_after(PATIENCE):
        return await channel.send(notification(recipients=channel.recipients, **fields))


async def error_of(channel: Smtp) -> SendError:
    with pytest.raises(SendError) as caught:
        await send(channel)
    assert PASSWORD not in f"{caught.value!r} {caught.value.reason} {channel!r}"
    return caught.value


def failures(receipt: Receipt) -> dict[str, tuple[Failure, str]]:
    return {recipient: (error.failure, error.reason) for recipient, error in receipt.failed.items()}


# The message.


def test_a_mail_has_the_headers_that_machines_and_people_need():
    mail = body(
        notification(id="hahub-17", title="[lb1] VRRP Instance VI_1 - Entering MASTER state", text="It is.\n"),
        settings(sender="hahub <hahub@example.org>", recipients=["root", "Ops <ops@example.org>"]),
    )

    thread = "<hahub-instance-63d8f1a602fb6634998463ae@hahub.invalid>"
    assert dict(mail.items()) == {
        "Date": "Wed, 18 Nov 2026 11:06:40 -0000",
        "From": "hahub <hahub@example.org>",
        "To": "root, Ops <ops@example.org>",
        "Subject": "[lb1] VRRP Instance VI_1 - Entering MASTER state",
        "Message-ID": "<hahub-17@server>",
        "In-Reply-To": thread,
        "References": thread,
        "Auto-Submitted": "auto-generated",
        "X-Mailer": "hahub",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert mail.get_content() == "It is.\n"


def test_mails_about_one_instance_are_one_thread_on_every_node():
    def thread(**fields: object) -> str:
        mail = body(notification(transition(**fields)), settings())
        assert mail["In-Reply-To"] == mail["References"]
        return str(mail["References"])

    assert thread(node="lb1", seq=1) == thread(node="lb2", seq=7, boot="f")
    assert len({thread(), thread(name="VI_2"), thread(kind=Kind.GROUP)}) == 3


def test_every_line_of_a_mail_is_ascii_and_short_whatever_is_told():
    mail = body(
        notification(title="高可用 " * 100, text="高可用 🙂\n" + "x" * 5000 + "\n.\nFrom here\n"),
        settings(sender="高可用 <hahub@example.org>"),
    )

    encoded = mail.as_bytes()
    again = message_from_bytes(encoded, policy=policy.default)
    assert encoded.isascii()
    assert max(len(line) for line in encoded.split(b"\r\n")) <= 998
    assert again["Subject"] == ("高可用 " * 100).strip()
    assert again["From"].addresses[0].display_name == "高可用"
    assert again.get_content().replace("\r\n", "\n") == "高可用 🙂\n" + "x" * 5000 + "\n.\nFrom here\n"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ("lb1.example.org", "lb1.example.org"),
        ("lb 1_高", "lb-1"),
        ("..a..b.", "a.b"),
        ("高", "hahub.invalid"),
        ("", "hahub.invalid"),
        ("x>\r\nBcc: y", "x-Bcc-y"),
    ],
)
def test_any_node_name_gives_a_message_id(node: str, expected: str):
    assert body(notification(transition(node=node), id="i"), settings())["Message-ID"] == f"<i@{expected}>"


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("a@b.org", "", "a@b.org"),
        ("<a@b.org>", "", "a@b.org"),
        ("Name <a@b.org>", "Name", "a@b.org"),
        ('"Name, First" <a@b.org>', "Name, First", "a@b.org"),
        ("高可用 <a+b@b.org>", "高可用", "a+b@b.org"),
        ("root", "", "root"),
        ("root@localhost", "", "root@localhost"),
        ("a@[10.0.0.1]", "", "a@[10.0.0.1]"),
    ],
)
def test_a_mailbox_is_an_address_with_or_without_a_name(text: str, name: str, address: str):
    mailbox = parse_mailbox(text)

    assert (mailbox.display_name, mailbox.addr_spec) == (name, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@b.org",
        "a@",
        "a b@c.org",
        "a@b.org, c@d.org",
        "a@b.org\r\nBcc: c@d.org",
        "a@b@c.org",
        "用户@b.org",
        "<a@b.org> x",
        "a@b.org x",
    ],
)
def test_anything_else_is_no_mailbox(text: str):
    with pytest.raises(ValueError, match="expected an address such as"):
        parse_mailbox(text)


# Delivery.


async def test_a_mail_arrives_with_names_and_in_utf_8():
    with MailSink() as server:
        receipt = await send(
            at(server, sender="哈 <hahub@example.org>", recipients=["Ops <ops@example.org>"]),
            title="VI_1 是 MASTER",
            text="高可用\n",
            id="hahub-1",
        )

    [message], [mail] = server.received, server.mails
    assert receipt == Receipt("OK: queued")
    assert (message.id, message.title, message.recipients) == ("hahub-1@server", "VI_1 是 MASTER", ("ops@example.org",))
    assert message.body.replace("\r\n", "\n") == "高可用\n"
    assert (str(mail["From"]), str(mail["To"])) == ("哈 <hahub@example.org>", "Ops <ops@example.org>")


async def test_each_recipient_has_a_result_of_its_own():
    with MailSink(MailRules(refused={BAD: BAD_ANSWER, GREY: GREY_ANSWER})) as server:
        receipt = await send(at(server, recipients=[BAD, OK, GREY]))

    assert failures(receipt) == {
        BAD: (Failure.REFUSED, "127.0.0.1 answered 550 5.1.1 no such user"),
        GREY: (Failure.UNREACHABLE, "127.0.0.1 answered 451 4.7.1 try again later"),
    }
    assert [message.recipients for message in server.received] == [(OK,)]


async def test_only_those_who_have_not_got_it_get_it_and_everybody_is_named():
    with MailSink() as server:
        channel = at(server, recipients=[OK, GREY])
        await channel.send(notification(recipients=(GREY,), attempt=2))

    assert server.received[0].recipients == (GREY,)
    assert str(server.mails[0]["To"]) == f"{OK}, {GREY}"


@pytest.mark.parametrize(
    ("answer", "failure"), [(BAD_ANSWER, Failure.REFUSED), (GREY_ANSWER, Failure.UNREACHABLE)], ids=["550", "451"]
)
async def test_when_all_are_refused_alike_it_is_an_error(answer: str, failure: Failure):
    with MailSink(MailRules(refused={BAD: answer, GREY: answer})) as server:
        error = await error_of(at(server, recipients=[BAD, GREY]))

    assert (error.failure, error.reason) == (failure, f"127.0.0.1 answered {answer}")
    assert "DATA" not in server.commands


async def test_when_all_are_refused_differently_each_has_its_result():
    with MailSink(MailRules(refused={BAD: BAD_ANSWER, GREY: GREY_ANSWER})) as server:
        receipt = await send(at(server, recipients=[BAD, GREY]))

    assert {recipient: failure for recipient, (failure, _) in failures(receipt).items()} == {
        BAD: Failure.REFUSED,
        GREY: Failure.UNREACHABLE,
    }
    assert server.received == []


@pytest.mark.parametrize(
    ("answer", "failure"),
    [("554 5.7.1 spam", Failure.REFUSED), ("452 4.3.1 disk full", Failure.UNREACHABLE)],
    ids=["554", "452"],
)
async def test_a_refused_mail_is_refused_for_all_who_were_left(answer: str, failure: Failure):
    with MailSink(MailRules(refused={BAD: BAD_ANSWER}, data_answer=answer)) as server:
        receipt = await send(at(server, recipients=[OK, BAD, GREY]))

    assert failures(receipt) == {
        OK: (failure, f"127.0.0.1 answered {answer}"),
        BAD: (Failure.REFUSED, f"127.0.0.1 answered {BAD_ANSWER}"),
        GREY: (failure, f"127.0.0.1 answered {answer}"),
    }


async def test_a_connection_lost_after_the_mail_was_sent_leaves_it_open():
    with MailSink(MailRules(manner=Manner.DROP)) as server:
        error = await error_of(at(server))

    assert error.failure is Failure.UNKNOWN
    assert error.reason.endswith("after the mail was sent")
    assert len(server.received) == 1


async def test_a_server_that_is_silent_after_the_mail_leaves_it_open():
    with MailSink(MailRules(manner=Manner.HANG)) as server:
        error = await error_of(at(server, timeout=2))

    assert error.failure is Failure.UNKNOWN


async def test_a_hanging_mail_is_given_up_within_two_seconds():
    with MailSink(MailRules(manner=Manner.HANG)) as server:
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(send, at(server))
                while not server.data_begun.is_set():
                    await trio.sleep(0.01)
                began = trio.current_time()
                nursery.cancel_scope.cancel()

    assert trio.current_time() - began < 2


async def test_a_server_that_is_too_busy_is_tried_again():
    with MailSink(MailRules(greeting="421 4.3.2 busy")) as server:
        error = await error_of(at(server))

    assert (error.failure, error.reason) == (Failure.UNREACHABLE, "127.0.0.1 answered 421 4.3.2 busy")


async def test_a_name_that_does_not_resolve_is_unreachable():
    error = await error_of(CHANNEL("mail", settings(server="no-such-host.invalid")))

    assert error.failure is Failure.UNREACHABLE
    assert error.reason.startswith("no-such-host.invalid")


async def test_a_server_that_never_greets_is_unreachable_after_connect_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = await error_of(CHANNEL("mail", settings(port=silent.getsockname()[1], connect_timeout=0.3)))

    assert error.failure is Failure.UNREACHABLE


# Greeting by name.


def _greet_once(server: socket.socket) -> str:
    """Play a server that hangs up after the first command; return the command."""
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"220 hello\r\n")
        return connection.recv(1000).decode()


@pytest.mark.parametrize(
    ("helo_name", "host_name", "expected"),
    [
        ("mail.example.org", "lb1.example.org", "mail.example.org"),
        ("", "lb1.example.org", "lb1.example.org"),
        ("", "lb1", "[127.0.0.1]"),
        ("", "a b.c", "[127.0.0.1]"),
    ],
)
async def test_the_greeting_names_this_host_without_asking_the_dns(
    monkeypatch: pytest.MonkeyPatch, helo_name: str, host_name: str, expected: str
):
    def no_dns(*_: object) -> str:
        pytest.fail("the DNS was asked")

    monkeypatch.setattr("hahub_plugins.smtp.socket.gethostname", lambda: host_name)
    monkeypatch.setattr("hahub_plugins.smtp.socket.getfqdn", no_dns)
    heard: list[str] = []

    async def listen() -> None:
        heard.append(await trio.to_thread.run_sync(_greet_once, server))

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listen)
            error = await error_of(CHANNEL("mail", settings(port=server.getsockname()[1], helo_name=helo_name)))

    assert heard == [f"EHLO {expected}\r\n"]
    assert error.failure is Failure.UNREACHABLE


# TLS.


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def _secured(authority: Authority, tls: str, **rules: object) -> MailSink:
    return MailSink(MailRules(tls=tls, **rules), ssl_context=authority.server_context())


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_goes_through_tls(authority: Authority, tls: str):
    with _secured(authority, tls, require_tls=True) as server:
        await send(at(server, tls=tls, ca_file=authority.ca_file))

    assert len(server.received) == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_server_that_cannot_prove_itself_gets_no_mail(authority: Authority, tls: str):
    with _secured(authority, tls) as server:
        error = await error_of(at(server, tls=tls))

    assert error.failure is Failure.UNREACHABLE
    assert "CERTIFICATE_VERIFY_FAILED" in error.reason
    assert "MAIL" not in server.commands


async def test_a_certificate_for_another_name_proves_nothing(authority: Authority):
    rules = MailRules(tls="starttls")
    with MailSink(rules, ssl_context=authority.server_context("mail.example.org")) as server:
        error = await error_of(at(server, tls="starttls", ca_file=authority.ca_file))

    assert error.failure is Failure.UNREACHABLE
    assert "MAIL" not in server.commands


async def test_where_starttls_is_wanted_and_not_offered_nothing_is_sent_in_clear():
    with MailSink() as server:
        error = await error_of(at(server, tls="starttls", username="u", password=PASSWORD))

    assert (error.failure, error.reason) == (
        Failure.UNREACHABLE,
        "127.0.0.1 does not offer STARTTLS, nothing was sent",
    )
    assert server.commands == ["EHLO"]


async def test_an_authority_file_that_is_not_there_is_unreachable(tmp_path: Path):
    error = await error_of(CHANNEL("mail", settings(tls="implicit", ca_file=tmp_path / "none.pem")))

    assert (error.failure, error.reason) == (Failure.UNREACHABLE, "cannot load ca_file: FileNotFoundError")


async def test_a_server_that_speaks_no_tls_is_unreachable():
    with MailSink() as server:
        error = await error_of(at(server, tls="implicit", connect_timeout=2))

    assert error.failure is Failure.UNREACHABLE
    assert server.commands == []


# Logging in.


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_who_logs_in_may_send(authority: Authority, tls: str):
    with _secured(authority, tls, credentials=("hahub", PASSWORD)) as server:
        await send(at(server, tls=tls, ca_file=authority.ca_file, username="hahub", password=PASSWORD))

    assert len(server.received) == 1


async def test_a_wrong_password_is_refused(authority: Authority):
    with _secured(authority, "starttls", credentials=("hahub", "another")) as server:
        error = await error_of(
            at(server, tls="starttls", ca_file=authority.ca_file, username="hahub", password=PASSWORD)
        )

    assert error.failure is Failure.REFUSED
    assert error.reason.startswith("127.0.0.1 refused the login: 535")
    assert server.received == []


async def test_a_server_that_knows_no_logins_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, _greet_without_auth, server)
            error = await error_of(
                CHANNEL("mail", settings(port=server.getsockname()[1], username="u", password=PASSWORD))
            )

    assert (error.failure, error.reason) == (Failure.REFUSED, "127.0.0.1 offers no way to log in that hahub knows")


def _greet_without_auth(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"220 hello\r\n")
        connection.recv(1000)
        connection.sendall(b"250 hello\r\n")
        connection.recv(1000)


async def test_without_logging_in_a_server_that_wants_it_refuses(authority: Authority):
    with _secured(authority, "implicit", credentials=("hahub", PASSWORD)) as server:
        error = await error_of(at(server, tls="implicit", ca_file=authority.ca_file))

    assert error.failure is Failure.REFUSED
    assert "530" in error.reason


# Settings.


@pytest.mark.parametrize(
    ("values", "port"),
    [
        ({"tls": "none"}, 25),
        ({"tls": "starttls"}, 587),
        ({"tls": "implicit"}, 465),
        ({"tls": "implicit", "port": 1}, 1),
    ],
)
def test_the_port_follows_from_tls_unless_it_is_given(values: dict[str, object], port: int):
    assert settings(**values).tcp_port == port


@pytest.mark.parametrize(
    ("values", "place", "problem"),
    [
        pytest.param({"sender": "a@b@c"}, ("sender",), "expected an address such as", id="sender"),
        pytest.param({"recipients": []}, ("recipients",), "at least 1 item", id="nobody"),
        pytest.param({"recipients": [OK, "a b@c"]}, ("recipients",), "expected an address such as", id="recipient"),
        pytest.param({"recipients": [OK, OK]}, ("recipients",), "expected each recipient once", id="twice"),
        pytest.param({"server": ""}, ("server",), "at least 1 character", id="no server"),
        pytest.param({"server": "a b"}, ("server",), "expected a host name", id="server"),
        pytest.param({"helo_name": "a\nb"}, ("helo_name",), "expected a host name", id="helo name"),
        pytest.param({"tls": "ssl"}, ("tls",), "'none', 'starttls' or 'implicit'", id="tls"),
        pytest.param({"port": 65536}, ("port",), "less than or equal to 65535", id="port"),
        pytest.param({"username": "u"}, (), "expected both username and password", id="no password"),
        pytest.param({"password": PASSWORD}, (), "expected both username and password", id="no user"),
        pytest.param(
            {"server": "mail.example.org", "username": "u", "password": PASSWORD},
            (),
            "a password needs tls starttls or implicit",
            id="password in clear",
        ),
    ],
)
def test_a_setting_that_cannot_work_is_refused(values: dict[str, object], place: tuple[str, ...], problem: str):
    with pytest.raises(ValidationError) as caught:
        settings(**values)

    [error] = caught.value.errors()
    assert error["loc"] == place
    assert problem in error["msg"]
    assert PASSWORD not in str(caught.value)
