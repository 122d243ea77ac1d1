"""The server below the sinks: scripted manners, and clients that have none."""

import ssl
from contextlib import suppress
from pathlib import Path

import pytest
import trio
import trio.testing

from hahub.testing.sinks import Answer, Drip, Hang, HttpSink, Raw, Received, Request, Reset
from tests.authority import Authority

PATIENCE = 30.0
POST = b"POST /path?q=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-Case: Kept\r\n\r\nhello"
TAKEN = b"HTTP/1.1 204 Answer\r\n\r\n"


class Box(HttpSink):
    """Takes everything."""

    def respond(self, request: Request) -> Answer:
        self.accept(Received(request.at_monotonic, "", request.target, request.body.decode()))
        return Answer(204)


@pytest.fixture
async def box():
    async with Box() as sink:
        yield sink


async def connect(sink: HttpSink) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", sink.port)


async def read(stream: trio.abc.ReceiveStream, size: int) -> bytes:
    """So many bytes, or what there is before the end."""
    received = b""
    with trio.fail_after(PATIENCE):
        while len(received) < size and (chunk := await stream.receive_some(size - len(received))):
            received += chunk
    return received


async def test_a_request_is_read_and_answered(box):
    async with await connect(box) as client:
        await client.send_all(POST)
        answer = await read(client, len(TAKEN))

    assert answer == TAKEN
    (request,) = box.requests
    assert (request.method, request.target, request.body) == ("POST", "/path?q=1", b"hello")
    assert request.headers == {"host": "h", "content-length": "5", "x-case": "Kept"}
    assert [(message.title, message.body) for message in box.received] == [("/path?q=1", "hello")]


async def test_several_requests_can_come_on_one_connection_and_in_any_pieces(box):
    async with await connect(box) as client:
        for position in range(0, 3 * len(POST), 7):
            await client.send_all((POST * 3)[position : position + 7])
        answers = await read(client, 3 * len(TAKEN))

    assert answers == TAKEN * 3
    assert (len(box.received), box.connections) == (3, 1)


async def test_scripted_behaviour_comes_first_and_the_message_is_not_kept(box):
    box.script(Answer(503, b"busy", (("Retry-After", "7"),)))
    async with await connect(box) as client:
        await client.send_all(POST * 2)
        first = b"HTTP/1.1 503 Answer\r\nRetry-After: 7\r\ncontent-length: 4\r\n\r\nbusy"
        answers = await read(client, len(first + TAKEN))

    assert answers == first + TAKEN
    assert (len(box.requests), len(box.received)) == (2, 1)


async def test_a_message_can_be_kept_and_the_answer_withheld(box):
    box.script(Reset(taken=True))
    async with await connect(box) as client:
        await client.send_all(POST)
        with pytest.raises(trio.BrokenResourceError):
            await read(client, 1)

    assert len(box.received) == 1


async def test_raw_bytes_are_sent_as_they_are_and_then_the_end(box):
    box.script(Raw(b"SSH-2.0-x\r\n"))
    async with await connect(box) as client:
        await client.send_all(POST)

        assert await read(client, 1000) == b"SSH-2.0-x\r\n"


async def test_a_drip_goes_on_for_ever(box):
    box.script(Drip(0.001))
    async with await connect(box) as client:
        await client.send_all(POST)
        head = b"HTTP/1.1 200 Drip\r\ncontent-length: 1000000000\r\n\r\n"

        assert await read(client, len(head) + 20) == head + b" " * 20


async def test_a_hang_is_silent_until_the_server_ends():
    async with Box() as box:
        box.script(Hang())
        client = await connect(box)
        await client.send_all(POST)
        with trio.fail_after(PATIENCE):
            await box.wait_requests(1)

    async with client:
        assert await read(client, 1) == b""
    assert box.received == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(POST[:-1], id="half a body"),
        pytest.param(POST[:20], id="half a head"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", id="too long"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", id="negative length"),
        pytest.param(b"x" * 100_000, id="endless head"),
    ],
)
async def test_what_is_not_understood_gets_no_answer_and_harms_nobody(box, content):
    async with await connect(box) as client:
        answer = b""
        with suppress(trio.BrokenResourceError):  # closed with bytes unread: a reset
            await client.send_all(content)
            await client.send_eof()
            answer = await read(client, 1)
        assert answer == b""

    async with await connect(box) as client:
        await client.send_all(POST)
        assert await read(client, len(TAKEN)) == TAKEN
    assert len(box.requests) == 1


async def test_tls(tmp_path: Path):
    authority = Authority(tmp_path)
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    async with Box(ssl_context=authority.server_context()) as box:
        assert box.url == f"https://127.0.0.1:{box.port}/"
        stream = trio.SSLStream(await connect(box), context, server_hostname="127.0.0.1", https_compatible=True)
        async with stream:
            await stream.send_all(POST)

            assert await read(stream, len(TAKEN)) == TAKEN


async def test_a_client_that_does_not_speak_tls_harms_nobody(tmp_path: Path):
    authority = Authority(tmp_path)
    async with Box(ssl_context=authority.server_context()) as box:
        async with await connect(box) as client:
            await client.send_all(POST)
            await client.send_eof()
            await read(client, 1000)

        assert (box.requests, box.connections) == ([], 1)


async def test_who_wants_to_know_is_told_of_each_message():
    told: list[Received] = []
    async with Box(on_received=told.append) as box, await connect(box) as client:
        await client.send_all(POST)
        await read(client, len(TAKEN))

    assert told == box.received
    assert len(told) == 1
