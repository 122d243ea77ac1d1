import json

import pytest

from hahub.testing.sinks import Answer, Received, Request, WebhookSink

# The example of the Standard Webhooks libraries.
EXAMPLE_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
EXAMPLE_AT = 1614265330
EXAMPLE_BODY = b'{"test": 2432232314}'
EXAMPLE_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

EVENT = {
    "specversion": "1.0",
    "id": "k-1",
    "source": "/hahub/server",
    "type": "io.hahub.vrrp.transition.v1",
    "subject": "VI_1",
    "data": {"state": "MASTER"},
}


def request(body: bytes = EXAMPLE_BODY, *, method: str = "POST", **headers: str) -> Request:
    defaults = {
        "content_type": "application/cloudevents+json; charset=utf-8",
        "webhook_id": EXAMPLE_ID,
        "webhook_timestamp": str(EXAMPLE_AT),
        "webhook_signature": EXAMPLE_SIGNATURE,
    }
    given = {name.replace("_", "-"): value for name, value in (defaults | headers).items() if value}
    return Request(100.0, method, "/", given, body)


def event_request(**changes: object) -> Request:
    return request(json.dumps(EVENT | changes).encode(), webhook_id="k-1", webhook_signature="")


def signature_is_good(asked: Request, *, secret: str = EXAMPLE_SECRET, now: float = EXAMPLE_AT) -> bool:
    # The example is no CloudEvent: with a good signature it comes to 400, with a bad one to 401.
    status = WebhookSink(secret=secret, now=lambda: now).respond(asked).status
    assert status in (400, 401)
    return status == 400


def test_the_example_of_the_specification_verifies():
    assert signature_is_good(request())


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(request(webhook_signature=f"v1,bm90IGl0 {EXAMPLE_SIGNATURE}"), id="the second of two keys"),
        pytest.param(request(webhook_signature=f"v1a,ed25519 {EXAMPLE_SIGNATURE}"), id="beside another scheme"),
    ],
)
def test_one_good_signature_is_enough(asked: Request):
    assert signature_is_good(asked)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(request(webhook_signature=""), id="not signed"),
        pytest.param(request(webhook_signature=EXAMPLE_SIGNATURE.removeprefix("v1,")), id="no scheme"),
        pytest.param(request(webhook_signature="v1,ü"), id="not base64"),
        pytest.param(request(webhook_id="msg_another"), id="id changed"),
        pytest.param(request(webhook_id=""), id="no id"),
        pytest.param(request(webhook_id="a.b"), id="id with a dot"),
        pytest.param(request(webhook_timestamp=str(EXAMPLE_AT + 1)), id="timestamp changed"),
        pytest.param(request(webhook_timestamp=""), id="no timestamp"),
        pytest.param(request(EXAMPLE_BODY + b" "), id="body changed"),
    ],
)
def test_anything_else_is_answered_401(asked: Request):
    assert not signature_is_good(asked)


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (299, True), (-299, True), (301, False), (-301, False)])
def test_a_timestamp_is_good_for_five_minutes(seconds: int, good: bool):
    assert signature_is_good(request(), now=EXAMPLE_AT + seconds) is good


def test_an_event_is_kept_with_its_id():
    sink = WebhookSink(now=lambda: EXAMPLE_AT)
    asked = event_request()

    answers = [sink.respond(asked), sink.respond(asked)]

    assert answers == [Answer(204), Answer(204)]
    assert sink.received == [Received(100.0, "k-1", "VI_1 MASTER", asked.body.decode())] * 2


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (event_request(specversion=1), b"body is not a CloudEvent"),
        (event_request(id="k-2"), b"the event's id is not webhook-id"),
        (request(b"[]"), b"body is not a CloudEvent"),
        (request(b"\xff"), b"body is not JSON"),
        (request(b"{"), b"body is not JSON"),
        (request(content_type="application/json"), b"content-type is not application/cloudevents+json"),
        (request(method="PUT"), b"method PUT"),
    ],
)
def test_what_is_no_event_is_answered_400(asked: Request, problem: bytes):
    sink = WebhookSink(now=lambda: EXAMPLE_AT)

    assert sink.respond(asked) == Answer(400, problem)
    assert (sink.received, sink.refused) == ([], [problem.decode()])
