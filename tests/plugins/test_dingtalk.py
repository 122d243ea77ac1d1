"""The DingTalk channel against a server that judges as DingTalk does."""

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import trio
from pydantic import ValidationError

from hahub.channel import Failure, Receipt, SendError
from hahub.http import Response
from hahub.testing import notification
from hahub.testing.sinks import Answer, DingTalkSink, Drip, Hang, Raw, Reset
from hahub_plugins.dingtalk import BODY_MAX, CHANNEL, DingTalk, Settings, address, body, judge, sign
from tests.authority import Authority

TOKEN = "t0k3nt0k3n"
SECRET = "SECabcdef"
PATIENCE = 30.0


def settings(**values: object) -> Settings:
    return Settings.model_validate({"access_token": TOKEN, **values})


async def send(channel: DingTalk, message=None) -> Receipt:
    try:
        with trio.fail_after(PATIENCE):
            return await channel.send(message or notification())
    finally:
        with trio.CancelScope(shield=True):
            await channel.close()


async def error_of(channel: DingTalk) -> SendError:
    with pytest.raises(SendError) as caught:
        await send(channel)
    assert TOKEN not in f"{caught.value!r} {caught.value.reason}"
    assert SECRET not in f"{caught.value!r} {caught.value.reason}"
    return caught.value


@pytest.fixture
async def robot():
    async with DingTalkSink(access_token=TOKEN, secret=SECRET) as sink:
        yield sink


def at(robot: DingTalkSink, **values: object) -> DingTalk:
    return CHANNEL("chat", settings(url=robot.url, **{"secret": SECRET, **values}))


# Signing. The expected values come from `openssl dgst -sha256 -hmac`.


@pytest.mark.parametrize(
    ("timestamp_ms", "secret", "expected"),
    [
        pytest.param(1795000000123, "SECabcdef", "/vbS1oN2c/doh3LRrfMQLS9UPOdYm4mVZauuI8N9E5I=", id="with a slash"),
        pytest.param(0, "SEC", "WXlo3SJR7RgN8FIiC1TQe7rGqMh6HlgwbQkRnH32XWg=", id="the beginning of time"),
        pytest.param(1700000000000, "SEC密钥", "s8xRj0UePX4HEo30d9sQbQm/tqu/g3RPiFUbv1oGY8o=", id="not ASCII"),
    ],
)
def test_a_signature_is_what_openssl_makes_of_it(timestamp_ms: int, secret: str, expected: str):
    assert sign(timestamp_ms, secret) == expected


def test_the_signature_is_percent_encoded_once():
    url = address(settings(secret=SECRET), timestamp_ms=1795000000123)

    assert url == (
        "https://oapi.dingtalk.com/robot/send?access_token=t0k3nt0k3n&timestamp=1795000000123"
        "&sign=%2FvbS1oN2c%2Fdoh3LRrfMQLS9UPOdYm4mVZauuI8N9E5I%3D"
    )


def test_without_a_secret_nothing_is_signed():
    assert address(settings(), timestamp_ms=1) == "https://oapi.dingtalk.com/robot/send?access_token=t0k3nt0k3n"


# The message.


def message_of(*, title: str = "T", markdown: str = "M", **values: object) -> dict[str, object]:
    decoded: dict[str, object] = json.loads(body(notification(title=title, markdown=markdown), settings(**values)))
    return decoded


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, {"title": "T", "text": "### T\n\nM"}, id="plain"),
        pytest.param({"keyword": "VRRP"}, {"title": "VRRP T", "text": "### VRRP T\n\nM"}, id="keyword is added"),
        pytest.param({"keyword": "T"}, {"title": "T", "text": "### T\n\nM"}, id="keyword is there already"),
    ],
)
def test_a_message_is_markdown_with_its_title(values: dict[str, object], expected: dict[str, str]):
    assert message_of(**values) == {"msgtype": "markdown", "markdown": expected}


def test_those_who_are_mentioned_are_in_the_text_as_well():
    message = message_of(at_mobiles=["13800000000", "+1-1234567890"], at_user_ids=["manager7"], at_all=False)

    assert message == {
        "msgtype": "markdown",
        "markdown": {"title": "T", "text": "### T\n\nM\n\n@13800000000 @+1-1234567890 @manager7\n"},
        "at": {"atMobiles": ["13800000000", "+1-1234567890"], "atUserIds": ["manager7"], "isAtAll": False},
    }


def test_all_can_be_mentioned():
    message = message_of(at_all=True)

    assert message["at"] == {"atMobiles": [], "atUserIds": [], "isAtAll": True}


@pytest.mark.parametrize("filler", ["x", "高", "🙂", '"', "\\", "\n", "\x01", "\ud800", "a高\n"])
def test_a_long_message_is_cut_between_characters_and_keeps_its_mentions(filler: str):
    encoded = body(notification(markdown=filler * 30_000), settings(at_mobiles=["13800000000"]))

    text = json.loads(encoded)["markdown"]["text"]
    assert BODY_MAX - 20 <= len(encoded) <= BODY_MAX
    assert text.endswith(" …\n\n@13800000000\n")
    assert set(text.partition("\n\n")[2].partition(" …")[0]) <= set(filler.replace("\ud800", "?"))


def test_a_message_that_just_fits_is_not_cut():
    room = BODY_MAX - len(body(notification(markdown=""), settings()))

    exact = body(notification(markdown="x" * room), settings())
    longer = body(notification(markdown="x" * (room + 1)), settings())

    assert (len(exact), b"\xe2\x80\xa6" in exact, b"\xe2\x80\xa6" in longer) == (BODY_MAX, False, True)


def test_an_endless_title_leaves_room_for_the_text():
    encoded = body(notification(title="高" * 100_000, markdown="M"), settings())

    assert len(encoded) <= BODY_MAX
    assert json.loads(encoded)["markdown"]["text"].endswith("\n\nM")


# What an answer means.


def _answer(code: object, words: object = "words") -> bytes:
    return json.dumps({"errcode": code, "errmsg": words}).encode()


@pytest.mark.parametrize(
    ("answer", "failure", "retry_after", "reason"),
    [
        pytest.param(_answer(-1), Failure.UNREACHABLE, None, "errcode -1: words", id="busy"),
        pytest.param(_answer(130101), Failure.THROTTLED, 600.0, "errcode 130101: words", id="20 in a minute"),
        pytest.param(_answer(130102), Failure.THROTTLED, 600.0, "errcode 130102: words", id="too many at once"),
        pytest.param(_answer(410100), Failure.THROTTLED, 600.0, "errcode 410100: words", id="newer name"),
        pytest.param(
            b'{"status":1111,"wait":5,"source":"x5","punish":"deny"}',
            Failure.THROTTLED,
            600.0,
            "DingTalk's gateway refuses: too many messages",
            id="said by the gateway",
        ),
        pytest.param(_answer(310000), Failure.REFUSED, None, "errcode 310000: words", id="security mode"),
        pytest.param(_answer(300001), Failure.REFUSED, None, "errcode 300001: words", id="token"),
        pytest.param(_answer(300005), Failure.REFUSED, None, "errcode 300005: words", id="token of another group"),
        pytest.param(_answer(40035), Failure.REFUSED, None, "errcode 40035: words", id="parameters"),
        pytest.param(_answer(460101), Failure.REFUSED, None, "errcode 460101: words", id="too long"),
        pytest.param(_answer(101002), Failure.REFUSED, None, "errcode 101002: words", id="too long, older"),
        pytest.param(_answer(99), Failure.UNKNOWN, None, "errcode 99: words", id="never heard of"),
        pytest.param(_answer(310000, None), Failure.REFUSED, None, "errcode 310000", id="no words"),
        pytest.param(
            _answer(310000, f"bad\ntoken {TOKEN} or {SECRET}"),
            Failure.REFUSED,
            None,
            "errcode 310000: bad token *** or ***",
            id="words with secrets",
        ),
    ],
)
def test_an_errcode_decides(answer: bytes, failure: Failure, retry_after: float | None, reason: str):
    with pytest.raises(SendError) as caught:
        judge(Response(200, body=answer), settings(secret=SECRET))

    error = caught.value
    assert (error.failure, error.retry_after, error.reason) == (failure, retry_after, reason)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"ok",
        b"<html>",
        b"null",
        b"[0]",
        b"0",
        b"{}",
        _answer("0"),
        _answer(False),
        _answer(0.0),
        _answer(None),
        b"[" * 60_000,
        b"9" * 60_000,
        b'{"errcode":' + b"9" * 6000 + b"}",
        b'\xff\xfe{"errcode":0}',
    ],
    ids=lambda answer: answer[:20].decode("latin-1"),
)
def test_a_200_without_a_readable_errcode_leaves_it_open(answer: bytes):
    with pytest.raises(SendError) as caught:
        judge(Response(200, body=answer), settings())

    assert (caught.value.failure, caught.value.reason) == (
        Failure.UNKNOWN,
        "DingTalk answered HTTP 200 without an errcode",
    )


def test_only_errcode_0_is_a_success():
    judge(Response(200, body=_answer(0, "ok")), settings())


# Against the robot.


async def test_a_signed_message_arrives(robot: DingTalkSink):
    receipt = await send(at(robot), notification(title="VI_1 is MASTER", markdown="on **server**"))

    assert receipt == Receipt()
    [message] = robot.received
    assert replace(message, at_monotonic=0.0) == replace(
        message, at_monotonic=0.0, id="", title="VI_1 is MASTER", body="### VI_1 is MASTER\n\non **server**"
    )


async def test_each_attempt_is_signed_for_its_own_moment(robot: DingTalkSink, monkeypatch: pytest.MonkeyPatch):
    long_ago = time.time() - 7200
    monkeypatch.setattr("hahub_plugins.dingtalk.time", SimpleNamespace(time=lambda: long_ago))
    error = await error_of(at(robot))
    monkeypatch.undo()

    await send(at(robot))

    assert (error.failure, error.reason) == (Failure.REFUSED, "errcode 310000: invalid timestamp")
    assert len(robot.received) == 1


async def test_a_keyword_makes_the_robot_listen():
    async with DingTalkSink(access_token=TOKEN, keyword="高可用") as robot:
        error = await error_of(at(robot, secret=None))
        await send(at(robot, secret=None, keyword="高可用"))

    assert (error.failure, error.reason) == (Failure.REFUSED, "errcode 310000: keywords not in content")
    assert len(robot.received) == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"secret": "SECwrong"}, "errcode 310000: sign not match", id="wrong secret"),
        pytest.param({"secret": None}, "errcode 310000: invalid timestamp", id="no secret"),
        pytest.param({"access_token": "nobody"}, "errcode 300001: token is not exist", id="wrong token"),
    ],
)
async def test_a_robot_set_up_otherwise_refuses(robot: DingTalkSink, values: dict[str, object], code: str):
    error = await error_of(at(robot, **values))

    assert error.failure is Failure.REFUSED
    assert error.reason.startswith(code)
    assert robot.received == []


async def test_one_message_too_many_silences_the_robot_for_a_while():
    async with DingTalkSink(access_token=TOKEN, secret=SECRET, limit=2) as robot:
        for _ in range(2):
            await send(at(robot))
        error = await error_of(at(robot))

    assert (error.failure, error.retry_after) == (Failure.THROTTLED, 600.0)
    assert error.reason == "errcode 130101: send too fast, exceed 2 times per minute"


@pytest.mark.parametrize(
    ("behaviour", "failure", "reason"),
    [
        pytest.param(Answer(200, b"hello"), Failure.UNKNOWN, "without an errcode", id="garbage"),
        pytest.param(Answer(200, b'{"errcode": 0'), Failure.UNKNOWN, "without an errcode", id="cut off"),
        pytest.param(Answer(502), Failure.UNREACHABLE, "127.0.0.1 answered HTTP 502", id="bad gateway"),
        pytest.param(Answer(429), Failure.THROTTLED, "127.0.0.1 answered HTTP 429", id="too many"),
        pytest.param(Answer(404), Failure.REFUSED, "127.0.0.1 answered HTTP 404", id="wrong address"),
        pytest.param(
            Answer(302, b"", (("Location", "http://127.0.0.1:1/"),)), Failure.REFUSED, "not followed", id="redirect"
        ),
        pytest.param(Reset(), Failure.UNKNOWN, "no answer", id="reset"),
        pytest.param(Raw(b""), Failure.UNKNOWN, "no answer", id="closed"),
        pytest.param(
            Raw(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"errcode":0'),
            Failure.UNKNOWN,
            "without an errcode",
            id="broken off",
        ),
    ],
)
async def test_whatever_else_happens_is_told_apart(
    robot: DingTalkSink, behaviour: Answer | Raw | Reset, failure: Failure, reason: str
):
    robot.script(behaviour)

    error = await error_of(at(robot))

    assert error.failure is failure
    assert reason in error.reason


@pytest.mark.parametrize("behaviour", [Hang(), Drip()], ids=["hang", "drip"])
async def test_a_robot_that_does_not_come_to_an_end_is_left_when_cancelled(robot: DingTalkSink, behaviour: Hang | Drip):
    robot.script(behaviour)

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, at(robot))
            await robot.wait_requests(1)
            began = trio.current_time()
            nursery.cancel_scope.cancel()

    assert trio.current_time() - began < 2


async def test_an_answer_that_drips_for_ever_is_given_up_and_leaves_it_open(robot: DingTalkSink):
    robot.script(Drip())

    error = await error_of(at(robot))

    assert (error.failure, error.reason) == (Failure.UNKNOWN, "DingTalk answered HTTP 200 without an errcode")


async def test_messages_go_over_tls(tmp_path):
    authority = Authority(tmp_path)
    async with DingTalkSink(access_token=TOKEN, ssl_context=authority.server_context()) as robot:
        await send(at(robot, secret=None, ca_file=authority.ca_file))
        error = await error_of(at(robot, secret=None))

    assert len(robot.received) == 1
    assert error.failure is Failure.UNREACHABLE
    assert "certificate not accepted" in error.reason


async def test_a_second_message_uses_the_same_connection(robot: DingTalkSink):
    channel = at(robot)

    await channel.send(notification())
    await send(channel)

    assert (len(robot.received), robot.connections) == (2, 1)


# Settings.


@pytest.mark.parametrize(
    ("values", "place", "problem"),
    [
        pytest.param({"access_token": ""}, "access_token", "expected letters and digits", id="empty token"),
        pytest.param(
            {"access_token": "https://oapi.dingtalk.com/robot/send?access_token=abc"},
            "access_token",
            "only what follows access_token= in the address",
            id="the whole address as token",
        ),
        pytest.param({"secret": "abc"}, "secret", "expected a key that begins with SEC", id="not a key"),
        pytest.param({"url": "oapi.dingtalk.com"}, "url", "expected http://host... or https://host...", id="no URL"),
        pytest.param({"url": "https://h/?access_token=abc"}, "url", "expected no query", id="token in the URL"),
        pytest.param({"proxy": "h:3128"}, "proxy", "expected http://host... or https://host...", id="no proxy URL"),
        pytest.param({"timeout": 0}, "timeout", "greater than 0", id="no time"),
        pytest.param({"at_mobile": "1"}, "at_mobile", "Extra inputs", id="unknown"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(values: dict[str, object], place: str, problem: str):
    with pytest.raises(ValidationError) as caught:
        settings(**values)

    [error] = caught.value.errors()
    assert error["loc"] == (place,)
    assert problem in error["msg"]
    assert "abc" not in str(caught.value)


def test_numbers_as_yaml_reads_them_are_telephone_numbers():
    assert settings(at_mobiles=[13800000000]).at_mobiles == ("13800000000",)
