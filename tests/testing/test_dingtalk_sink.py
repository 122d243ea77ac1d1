import json
from urllib.parse import quote

import pytest

from hahub.testing.sinks import Answer, DingTalkSink, Received, Request

NOW = 1_795_000_000.0
TOKEN = "t0ken"
SECRET = "SEC7f3a0c5e1"
# Made by: printf '%s\n%s' $ms $secret | openssl dgst -sha256 -hmac $secret -binary | base64
SIGN = "bNR8QeP9+N7ol9nA9Hhsx7HYVThqHaPClTIvzsDSO98="
SIGNED = f"&timestamp=1795000000000&sign={quote(SIGN, safe='')}"
MARKDOWN = {"msgtype": "markdown", "markdown": {"title": "VI_1", "text": "### now MASTER"}}


def request(
    message: object = MARKDOWN,
    *,
    token: str = TOKEN,
    query: str = SIGNED,
    at: float = 100.0,
    method: str = "POST",
    content_type: str = "application/json; charset=utf-8",
) -> Request:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    target = f"/robot/send?access_token={token}{query}"
    return Request(at, method, target, {"content-type": content_type}, body)


def robot(**options: object) -> DingTalkSink:
    return DingTalkSink(access_token=TOKEN, secret=SECRET, now=lambda: NOW, **options)  # type: ignore[arg-type]


def verdict(answer: Answer) -> tuple[int, int]:
    return answer.status, json.loads(answer.body)["errcode"]


def test_a_signed_message_is_taken():
    sink = robot()

    answer = sink.respond(request())

    assert answer == Answer(200, b'{"errcode": 0, "errmsg": "ok"}', (("content-type", "application/json"),))
    assert sink.received == [Received(100.0, "", "VI_1", "### now MASTER")]
    assert sink.refused == []


def test_a_text_is_taken_as_well():
    sink = robot()

    assert verdict(sink.respond(request({"msgtype": "text", "text": {"content": "hello"}}))) == (200, 0)
    assert sink.received == [Received(100.0, "", "hello", "hello")]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param(request(token="another"), 300001, id="token"),
        pytest.param(request(query=""), 310000, id="not signed"),
        pytest.param(request(query=f"&timestamp=1795000000000&sign={SIGN}"), 310000, id="plus sign not encoded"),
        pytest.param(request(query=SIGNED.replace("%", "%25")), 310000, id="encoded twice"),
        pytest.param(request(query=SIGNED.replace("00&", "01&")), 310000, id="signed for another moment"),
        pytest.param(request(query=SIGNED.replace("000&", "&")), 310000, id="seconds instead of milliseconds"),
        pytest.param(request(content_type="text/plain"), 43004, id="content type"),
        pytest.param(request({"msgtype": "text", "text": {"content": "x" * 20_000}}), 460101, id="too long"),
        pytest.param(request(b"no json"), 40035, id="no JSON"),
        pytest.param(request([]), 40035, id="no object"),
        pytest.param(request({"msgtype": "markdown", "markdown": {"title": "", "text": "x"}}), 40035, id="no title"),
        pytest.param(request({"msgtype": "poem", "poem": {}}), 40035, id="unknown type"),
        pytest.param(request(method="GET"), 404, id="method"),
    ],
)
def test_what_is_wrong_is_refused_with_status_200_and_a_code(wrong: Request, code: int):
    sink = robot()

    assert verdict(sink.respond(wrong)) == (200, code)
    assert sink.received == []
    assert [why.split()[0] for why in sink.refused] == [str(code)]


@pytest.mark.parametrize(
    ("minutes", "code"), [(0, 0), (59, 0), (-59, 0), (61, 310000), (-61, 310000)], ids=lambda value: str(value)
)
def test_a_timestamp_is_good_for_an_hour(minutes: int, code: int):
    sink = DingTalkSink(access_token=TOKEN, secret=SECRET, now=lambda: NOW + minutes * 60)

    assert verdict(sink.respond(request())) == (200, code)


@pytest.mark.parametrize(("keyword", "code"), [("MASTER", 0), ("VI_", 0), ("hahub", 310000)])
def test_a_keyword_has_to_be_in_title_or_text(keyword: str, code: int):
    sink = DingTalkSink(access_token=TOKEN, keyword=keyword)

    assert verdict(sink.respond(request(query=""))) == (200, code)


def test_one_message_too_many_closes_the_robot_for_ten_minutes():
    sink = robot()

    codes = [verdict(sink.respond(request(at=100.0 + second)))[1] for second in range(21)]
    later = [verdict(sink.respond(request(at=120.0 + wait)))[1] for wait in (1.0, 599.9, 600.0)]

    assert codes == [0] * 20 + [130101]
    assert later == [130101, 130101, 0]
    assert len(sink.received) == 21


def test_messages_of_more_than_a_minute_ago_do_not_count():
    sink = robot(limit=2, window=60.0)

    codes = [verdict(sink.respond(request(at=at)))[1] for at in (0.0, 30.0, 60.0, 90.0, 119.0)]

    assert codes == [0, 0, 0, 0, 130101]


def test_a_refused_message_does_not_count():
    sink = robot(limit=1)

    codes = [verdict(sink.respond(request(token=token)))[1] for token in ("another", "another", TOKEN, TOKEN)]

    assert codes == [300001, 300001, 0, 130101]
