"""The webhook channel against a receiver that verifies signatures."""

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest
import trio
from pydantic import ValidationError

from hahub.channel import Failure, Receipt, SendError
from hahub.model import Cause, Kind, Reason, State
from hahub.testing import notification, transition
from hahub.testing.sinks import Answer, Drip, Hang, Raw, Reset, WebhookSink
from hahub_plugins.webhook import CHANNEL, Settings, Webhook, body, headers, key, signature
from tests.authority import Authority

WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
PATIENCE = 30.0


def settings(**values: object) -> Settings:
    return Settings.model_validate({"url": "http://127.0.0.1:1/", **values})


async def send(channel: Webhook, message=None) -> Receipt:
    try:
        with trio.fail_after(PATIENCE):
            return await channel.send(message or notification())
    finally:
        with trio.CancelScope(shield=True):
            await channel.close()


async def error_of(channel: Webhook) -> SendError:
    with pytest.raises(SendError) as caught:
        await send(channel)
    shown = f"{caught.value!r} {caught.value.reason} {channel!r}"
    assert "whsec_" not in shown
    assert "p4th" not in shown
    return caught.value


@pytest.fixture
async def receiver():
    async with WebhookSink(secret=WHSEC) as sink:
        yield sink


def at(receiver: WebhookSink, **values: object) -> Webhook:
    return CHANNEL("hook", settings(**{"url": f"{receiver.url}p4th?key=p4th", "secret": WHSEC, **values}))


# The signature. openssl knows nothing of our code.


def openssl_hmac(secret: bytes, content: bytes) -> str:
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{secret.hex()}", "-binary"]
    return base64.b64encode(subprocess.run(command, input=content, capture_output=True, check=True).stdout).decode()


def test_a_signature_is_the_known_one():
    assert signature(WHSEC, "test-1", 1795000000, b'{"a":1}') == "v1,7fgYL7hUJe10JKLUDhiMfD4yfLENZ2ag3yT0D5xIYM8="


@pytest.mark.parametrize(
    ("secret", "secret_bytes"),
    [
        pytest.param(WHSEC, b"0123456789abcdef0123456789abcdef", id="whsec"),
        pytest.param("any text", b"any text", id="text"),
        pytest.param("密钥", "密钥".encode(), id="text, not ASCII"),
    ],
)
def test_a_signature_is_what_openssl_makes_of_it(require, secret: str, secret_bytes: bytes):
    require("openssl")
    content = body(notification(), settings())

    given = signature(secret, "test-1", 1795000000, content)

    assert key(secret) == secret_bytes
    assert given == f"v1,{openssl_hmac(secret_bytes, b'test-1.1795000000.' + content)}"


def test_the_headers_are_those_of_standard_webhooks():
    configured = settings(secret=WHSEC, headers={"Authorization": "Bearer b", "X-Site": "north"})

    assert headers(configured, "test-1", timestamp=1795000000, content=b'{"a":1}') == {
        "authorization": "Bearer b",
        "x-site": "north",
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": "test-1",
        "webhook-timestamp": "1795000000",
        "webhook-signature": "v1,7fgYL7hUJe10JKLUDhiMfD4yfLENZ2ag3yT0D5xIYM8=",
    }


def test_without_a_secret_nothing_is_signed():
    assert headers(settings(), "test-1", timestamp=1, content=b"") == {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "webhook-id": "test-1",
        "webhook-timestamp": "1",
    }


# The event.


def test_an_instances_transition_is_a_cloudevent():
    event = json.loads(body(notification(id="hahub-17"), settings()))

    assert event == {
        "specversion": "1.0",
        "id": "hahub-17",
        "source": "/hahub/server",
        "type": "io.hahub.vrrp.transition.v1",
        "subject": "VI_1",
        "time": "2026-11-18T11:06:40.250Z",
        "datacontenttype": "application/json",
        "data": {
            "kind": "INSTANCE",
            "instance": "VI_1",
            "state": "MASTER",
            "previous": "BACKUP",
            "priority": 100,
            "reason": {
                "cause": "master_down_timer",
                "detail": "no advertisement from 10.9.0.1 for 3.609 s",
            },
            "node": "server",
            "at": 1795000000.25,
            "seq": 1,
            "boot": "0123456789abcdef",
            "interface": "eth0",
            "virtual_router_id": 51,
            "addresses": ["10.9.0.200/24"],
        },
    }


def test_a_groups_transition_names_the_group():
    about = transition(kind=Kind.GROUP, name="G1", state=State.FAULT, reason=Reason(Cause.STARTED), addresses=())

    data = json.loads(body(notification(about), settings()))["data"]

    assert (data["kind"], data["group"], "instance" in data, data["reason"]["detail"]) == ("GROUP", "G1", False, "")


def test_odd_names_stay_what_they_are():
    about = transition(name='V"I\\_1 高', node="a b/c?d 高")

    event = json.loads(body(notification(about), settings()))

    assert event["subject"] == 'V"I\\_1 高'
    assert event["source"] == "/hahub/a%20b%2Fc%3Fd%20%E9%AB%98"


def test_a_name_that_is_no_unicode_is_still_json():
    json.loads(body(notification(transition(name="VI_\udcff", node="n\udcff")), settings()))


# Against the receiver.


async def test_a_signed_event_arrives(receiver: WebhookSink):
    before = int(time.time())

    receipt = await send(at(receiver), notification(id="hahub-1"))

    assert receipt == Receipt()
    assert [message.id for message in receiver.received] == ["hahub-1"]
    [request] = receiver.requests
    assert (request.method, request.target) == ("POST", "/p4th?key=p4th")
    assert request.body == body(notification(id="hahub-1"), settings())
    assert before <= int(request.headers["webhook-timestamp"]) <= time.time()


async def test_a_repeat_has_the_same_id_and_body(receiver: WebhookSink):
    channel = at(receiver)
    receiver.script(Answer(500))

    with pytest.raises(SendError):
        await channel.send(notification(attempt=1))
    await send(channel, notification(attempt=2, maybe_repeat=True))

    first, second = receiver.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert receiver.connections == 1


@pytest.mark.parametrize("secret", ["whsec_d3Jvbmc=", "any text", None])
async def test_a_receiver_with_another_secret_refuses(receiver: WebhookSink, secret: str | None):
    error = await error_of(at(receiver, secret=secret))

    assert (error.failure, error.reason) == (Failure.REFUSED, "127.0.0.1 answered HTTP 401")
    assert receiver.received == []


async def test_own_headers_are_sent(receiver: WebhookSink):
    await send(at(receiver, headers={"Authorization": "Bearer b"}))

    assert receiver.requests[0].headers["authorization"] == "Bearer b"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_a_success(receiver: WebhookSink, status: int):
    receiver.script(Answer(status))

    assert await send(at(receiver)) == Receipt()


@pytest.mark.parametrize(
    ("answer", "failure", "reason"),
    [
        pytest.param(Answer(400), Failure.REFUSED, "127.0.0.1 answered HTTP 400", id="400"),
        pytest.param(Answer(404), Failure.REFUSED, "127.0.0.1 answered HTTP 404", id="404"),
        pytest.param(Answer(410), Failure.REFUSED, "127.0.0.1 answered HTTP 410", id="410"),
        pytest.param(Answer(408), Failure.UNREACHABLE, "127.0.0.1 answered HTTP 408", id="408"),
        pytest.param(Answer(425), Failure.UNREACHABLE, "127.0.0.1 answered HTTP 425", id="425"),
        pytest.param(Answer(429), Failure.THROTTLED, "127.0.0.1 answered HTTP 429", id="429"),
        pytest.param(Answer(500), Failure.UNREACHABLE, "127.0.0.1 answered HTTP 500", id="500"),
        pytest.param(Answer(504), Failure.UNREACHABLE, "127.0.0.1 answered HTTP 504", id="504"),
        pytest.param(Reset(), Failure.UNKNOWN, "127.0.0.1: no answer", id="reset"),
        pytest.param(Raw(b""), Failure.UNKNOWN, "127.0.0.1: no answer", id="closed"),
        pytest.param(Raw(b"garbage\r\n\r\n"), Failure.UNKNOWN, "127.0.0.1: no answer", id="garbage"),
    ],
)
async def test_every_other_answer_is_told_apart(
    receiver: WebhookSink, answer: Answer | Reset | Raw, failure: Failure, reason: str
):
    receiver.script(answer)

    error = await error_of(at(receiver))

    assert (error.failure, error.retry_after) == (failure, None)
    assert error.reason.startswith(reason)


def in_an_hour() -> str:
    return formatdate(time.time() + 3600, usegmt=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [pytest.param(lambda: "120", 120, id="seconds"), pytest.param(in_an_hour, 3600, id="date")],
)
async def test_a_receiver_may_say_when_to_come_again(
    receiver: WebhookSink, status: int, header: Callable[[], str], seconds: float
):
    receiver.script(Answer(status, b"", (("Retry-After", header()),)))

    error = await error_of(at(receiver))

    assert error.retry_after == pytest.approx(seconds, abs=60)


async def test_a_redirect_is_not_followed(receiver: WebhookSink):
    async with WebhookSink() as elsewhere:
        receiver.script(*(Answer(status, b"", (("Location", elsewhere.url),)) for status in (301, 302, 307, 308)))
        failures = [(await error_of(at(receiver))).failure for _ in range(4)]

        assert failures == [Failure.REFUSED] * 4
        assert elsewhere.connections == 0


async def test_a_message_that_was_taken_is_a_success_however_the_answer_ends(receiver: WebhookSink):
    receiver.script(Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbroken off", taken=True))

    await send(at(receiver))

    assert len(receiver.received) == 1


async def test_an_endless_answer_does_not_make_a_success_a_failure(receiver: WebhookSink):
    receiver.script(Drip(taken=True))

    await send(at(receiver))

    assert len(receiver.received) == 1


async def test_a_flood_of_an_answer_is_left_early(receiver: WebhookSink):
    receiver.script(Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n" + b"x" * 5_000_000, taken=True))

    await send(at(receiver))

    assert len(receiver.received) == 1


async def test_a_receiver_that_hangs_is_left_when_cancelled_and_used_again(receiver: WebhookSink):
    receiver.script(Hang())
    channel = at(receiver)

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(channel.send, notification())
            await receiver.wait_requests(1)
            nursery.cancel_scope.cancel()
    await send(channel)

    assert [request.headers["webhook-id"] for request in receiver.requests] == [notification().id] * 2


async def test_events_go_over_tls(tmp_path):
    authority = Authority(tmp_path)
    async with WebhookSink(secret=WHSEC, ssl_context=authority.server_context()) as receiver:
        await send(at(receiver, ca_file=authority.ca_file))
        error = await error_of(at(receiver))

    assert len(receiver.received) == 1
    assert error.failure is Failure.UNREACHABLE


# Settings.


@pytest.mark.parametrize(
    ("values", "place", "problem"),
    [
        pytest.param({"url": "ftp://p4th/"}, "url", "expected http://host... or https://host...", id="not HTTP"),
        pytest.param({"url": "p4th"}, "url", "expected http://host... or https://host...", id="no URL"),
        pytest.param({"url": "http:///p4th"}, "url", "expected http://host... or https://host...", id="no host"),
        pytest.param({"secret": "whsec_p4th p4th"}, "secret", "expected base64 after whsec_", id="no base64"),
        pytest.param({"secret": "whsec_"}, "secret", "expected a key that is not empty", id="no key"),
        pytest.param({"secret": ""}, "secret", "expected a key that is not empty", id="empty"),
        pytest.param({"headers": {"a b": "p4th"}}, "headers", "expected names of letters", id="header name"),
        pytest.param({"headers": {"a": "p4th\r\nb: c"}}, "headers", "a: expected printable ASCII", id="header value"),
        pytest.param({"headers": {"Webhook-Id": "p4th"}}, "headers", "webhook-id is set by hahub", id="our header"),
        pytest.param({"headers": {"Host": "p4th"}}, "headers", "host is set by hahub", id="HTTP's header"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_without_quoting_it(values: dict[str, object], place: str, problem: str):
    with pytest.raises(ValidationError) as caught:
        settings(**values)

    [error] = caught.value.errors()
    assert error["loc"] == (place,)
    assert problem in error["msg"]
    assert not re.search("p4th", str(caught.value))
