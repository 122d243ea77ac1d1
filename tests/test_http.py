import gzip
import logging
import subprocess
import sys
import threading

import pytest
import trio
import trio.testing

from hahub.channel import Failure, Secret, SendError
from hahub.http import BODY_MAX, HttpClient, Response, check_status, check_url, post, retry_after
from hahub.testing.sinks import Answer, Drip, Hang, HttpSink, Raw, Request, Reset
from tests.authority import Authority

PATIENCE = 30.0
NOW = 1_795_000_000.0
NOW_PLUS_90_S = "Wed, 18 Nov 2026 11:08:10 GMT"


class Echo(HttpSink):
    """Answers with what it was sent."""

    def respond(self, request: Request) -> Answer:
        return Answer(200, request.body, (("X-Kind", "echo"),))


@pytest.fixture
async def server():
    async with Echo() as sink:
        yield sink


@pytest.fixture
async def client():
    client = HttpClient()
    yield client
    with trio.CancelScope(shield=True):
        await client.aclose()


async def send(client: HttpClient, url: str, content: bytes = b"hello") -> Response:
    with trio.fail_after(PATIENCE):
        return await client.post(url, content=content, headers={"content-type": "text/plain"})


async def error_of(client: HttpClient, url: str) -> SendError:
    with pytest.raises(SendError) as caught:
        await send(client, url)
    return caught.value


async def test_the_body_arrives_and_the_answer_comes_back(server, client):
    response = await send(client, server.url + "path?token=abc")

    assert response == Response(200, {"x-kind": "echo", "content-length": "5"}, b"hello", complete=True)
    request = server.requests[0]
    assert (request.method, request.target, request.body) == ("POST", "/path?token=abc", b"hello")
    assert request.headers["content-type"] == "text/plain"
    assert request.headers["accept-encoding"] == "identity"


async def test_an_address_is_sent_as_it_was_written(server, client):
    await send(client, server.url + "a%2Fb?sign=x%2By%3D&empty=")

    assert server.requests[0].target == "/a%2Fb?sign=x%2By%3D&empty="


async def test_one_connection_serves_several_messages(server, client):
    for _ in range(3):
        await send(client, server.url)

    assert (len(server.requests), server.connections) == (3, 1)


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(client):
    async with Echo() as first:
        await send(client, first.url)
    async with Echo(listen=("127.0.0.1", first.port)) as second:
        await trio.testing.wait_all_tasks_blocked()
        response = await send(client, second.url)

    assert (response.status, response.body) == (200, b"hello")


async def test_post_alone_makes_a_client_for_one_request(server):
    with trio.fail_after(PATIENCE):
        response = await post(server.url, content=b"once", headers={})

    assert (response.status, response.body) == (200, b"once")


async def test_a_redirect_is_an_answer_and_is_not_followed(server, client):
    async with Echo() as elsewhere:
        server.script(Answer(307, b"", (("location", elsewhere.url),)))

        response = await send(client, server.url)

        assert (response.status, elsewhere.requests) == (307, [])


async def test_no_cookie_is_kept(server, client):
    server.script(Answer(200, b"", (("set-cookie", "session=1; Path=/"),)))

    await send(client, server.url)
    await send(client, server.url)

    assert "cookie" not in server.requests[1].headers


async def test_the_environments_proxy_and_password_are_ignored(server, client, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password t0ps3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")

    response = await send(client, server.url)

    assert response.status == 200
    assert "authorization" not in server.requests[0].headers


async def test_a_configured_proxy_gets_the_request(server):
    proxied = HttpClient(proxy=Secret(f"http://user:t0ps3cret@127.0.0.1:{server.port}"))

    await send(proxied, "http://service.example.test/path")
    await proxied.aclose()

    assert server.requests[0].target == "http://service.example.test/path"
    assert server.requests[0].headers["proxy-authorization"] == "Basic dXNlcjp0MHBzM2NyZXQ="


@pytest.mark.parametrize(
    ("behaviour", "body", "complete"),
    [
        pytest.param(Answer(200, b"x" * BODY_MAX), b"x" * BODY_MAX, True, id="as long as may be"),
        pytest.param(Answer(200, b"x" * (BODY_MAX + 1)), b"x" * BODY_MAX, False, id="too long"),
        pytest.param(Answer(200, b"x" * 5_000_000), b"x" * BODY_MAX, False, id="much too long"),
        pytest.param(Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"), b"short", False, id="breaks off"),
    ],
)
async def test_an_answers_body_is_bounded(server, client, behaviour, body, complete):
    server.script(behaviour)

    response = await send(client, server.url)

    assert (response.status, response.body, response.complete) == (200, body, complete)
    assert (await send(client, server.url)).body == b"hello"  # and the client is as good as before


async def test_an_answer_that_drips_for_ever_is_left_after_a_while(server):
    impatient = HttpClient(body_timeout=0.3)
    server.script(Drip(0.02))

    response = await send(impatient, server.url)

    assert (response.status, response.body, response.complete) == (200, b"", False)
    assert (await send(impatient, server.url)).status == 200  # and the client is as good as before
    await impatient.aclose()


async def test_a_compressed_answer_is_not_unpacked(server, client):
    bomb = gzip.compress(b"\0" * 50_000_000)
    server.script(Answer(200, bomb, (("content-encoding", "gzip"),)))

    response = await send(client, server.url)

    assert (response.body, response.complete) == (bomb[:BODY_MAX], len(bomb) <= BODY_MAX)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(Reset(), id="reset"),
        pytest.param(Raw(b""), id="closed without an answer"),
        pytest.param(Raw(b"220 mail.example.org ESMTP\r\n\r\n"), id="another protocol"),
        pytest.param(Raw(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 1_000_000), id="endless headers"),
    ],
)
async def test_a_failure_after_the_request_was_sent_leaves_it_open_whether_it_arrived(server, client, behaviour):
    server.script(behaviour)

    error = await error_of(client, server.url + "s3cr3tpath")

    assert (error.failure, error.reason.startswith("127.0.0.1: no answer: ")) == (Failure.UNKNOWN, True)
    assert "s3cr3tpath" not in str(error)


async def test_nobody_listening_is_unreachable(client):
    with trio.socket.socket() as closed:
        await closed.bind(("127.0.0.1", 0))

        error = await error_of(client, f"http://127.0.0.1:{closed.getsockname()[1]}/s3cr3tpath")

    assert error.failure is Failure.UNREACHABLE
    assert error.reason.startswith("127.0.0.1: cannot connect: ")
    assert "s3cr3tpath" not in error.reason


async def test_a_dead_proxy_is_unreachable_and_its_password_stays_secret():
    with trio.socket.socket() as closed:
        await closed.bind(("127.0.0.1", 0))
        client = HttpClient(proxy=Secret(f"http://user:t0ps3cret@127.0.0.1:{closed.getsockname()[1]}"))

        error = await error_of(client, "http://service.example.test/")
        await client.aclose()

    assert error.failure is Failure.UNREACHABLE
    assert "t0ps3cret" not in f"{error!r} {client!r}"


async def test_tls_is_checked_against_the_given_authority(tmp_path):
    authority = Authority(tmp_path)
    trusting = HttpClient(ca_file=authority.ca_file)
    async with Echo(ssl_context=authority.server_context()) as server:
        response = await send(trusting, server.url)
        await trusting.aclose()

    assert (response.status, response.body) == (200, b"hello")


@pytest.mark.parametrize("why", ["unknown authority", "another name"])
async def test_a_certificate_that_proves_nothing_gets_no_message(tmp_path, why):
    authority = Authority(tmp_path)
    context = authority.server_context(*(["another.example.org"] if why == "another name" else []))
    client = HttpClient(ca_file=authority.ca_file if why == "another name" else None)
    async with Echo(ssl_context=context) as server:
        error = await error_of(client, server.url)
        await client.aclose()

        assert (error.failure, server.requests) == (Failure.UNREACHABLE, [])
        assert error.reason.startswith("127.0.0.1: certificate not accepted: ")


@pytest.mark.parametrize("content", [None, "no certificate\n"], ids=["missing", "not PEM"])
async def test_an_authority_file_that_cannot_be_used_is_unreachable(tmp_path, content):
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)

    error = await error_of(HttpClient(ca_file=ca_file), "https://127.0.0.1/")

    assert error.failure is Failure.UNREACHABLE
    assert error.reason.startswith("127.0.0.1: cannot load ca_file: ")


async def test_a_server_that_hangs_is_left_when_the_caller_says_so(server, client):
    server.script(Hang())
    with trio.fail_after(PATIENCE), trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, client, server.url)
            await server.wait_requests(1)
            scope.cancel()

    assert scope.cancelled_caught
    assert (await send(client, server.url)).body == b"hello"


async def test_a_server_that_never_takes_the_connection_is_unreachable():
    with trio.socket.socket() as full:
        await full.bind(("127.0.0.1", 0))
        full.listen(0)
        async with trio.open_nursery() as nursery:
            port = full.getsockname()[1]
            for _ in range(4):  # what the kernel queues on behalf of a server that never accepts
                nursery.start_soon(_connect, port)
            await trio.testing.wait_all_tasks_blocked(0.1)
            client = HttpClient(connect_timeout=0.3)

            error = await error_of(client, f"http://127.0.0.1:{port}/")

            await client.aclose()
            nursery.cancel_scope.cancel()

    assert (error.failure, error.reason) == (Failure.UNREACHABLE, "127.0.0.1: cannot connect: ConnectTimeout")


async def _connect(port: int) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port):
        await trio.sleep_forever()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/\n", "gopher://127.0.0.1/"])
async def test_a_request_that_cannot_be_made_is_refused_without_quoting_it(client, url):
    error = await error_of(client, url + "s3cr3t")

    assert error.failure is Failure.REFUSED
    assert "s3cr3t" not in f"{error!r} {error.__cause__!r}"


async def test_nothing_is_logged_that_names_the_address(server, client, caplog):
    caplog.set_level(logging.DEBUG)

    await send(client, server.url + "s3cr3tpath")

    assert "s3cr3tpath" not in caplog.text


def test_importing_loads_nothing_that_only_sending_needs():
    program = "import sys, hahub.http; print(*sorted({'httpx', 'httpcore', 'anyio', 'certifi'} & set(sys.modules)))"

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "\n"


@pytest.mark.parametrize(
    ("status", "header", "failure", "wait"),
    [
        pytest.param(429, "7", Failure.THROTTLED, 7.0, id="429 with seconds"),
        pytest.param(429, NOW_PLUS_90_S, Failure.THROTTLED, 90.0, id="429 with a date"),
        pytest.param(429, None, Failure.THROTTLED, None, id="429 without a word"),
        pytest.param(503, "30", Failure.UNREACHABLE, 30.0, id="503 with seconds"),
        pytest.param(500, None, Failure.UNREACHABLE, None, id="500"),
        pytest.param(502, "soon", Failure.UNREACHABLE, None, id="502 with nonsense"),
        pytest.param(599, None, Failure.UNREACHABLE, None, id="599"),
        pytest.param(408, None, Failure.UNREACHABLE, None, id="408"),
        pytest.param(425, None, Failure.UNREACHABLE, None, id="425"),
        pytest.param(400, None, Failure.REFUSED, None, id="400"),
        pytest.param(401, None, Failure.REFUSED, None, id="401"),
        pytest.param(404, "30", Failure.REFUSED, None, id="404 does not get better by waiting"),
        pytest.param(410, None, Failure.REFUSED, None, id="410"),
        pytest.param(301, None, Failure.REFUSED, None, id="301"),
        pytest.param(304, None, Failure.REFUSED, None, id="304"),
    ],
)
def test_a_status_says_whether_another_attempt_is_any_use(status, header, failure, wait):
    response = Response(status, {} if header is None else {"retry-after": header})

    with pytest.raises(SendError) as caught:
        check_status("host.test", response, now=NOW)

    assert (caught.value.failure, caught.value.retry_after) == (failure, wait)
    assert caught.value.reason.startswith(f"host.test answered HTTP {status}")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_a_success(status):
    assert check_status("host.test", Response(status), now=NOW) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 400, 999999999.0),
        (NOW_PLUS_90_S, 90.0),
        ("Wed, 18 Nov 2026 11:05:10 GMT", 0.0),
        ("Wed, 18 Nov 2026 11:08:10 -0000", 90.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("tomorrow", None),
        ("Wed, 99 Nov 2026 11:08:10 GMT", None),
        ("Wed, 18 Nov 99999999 11:08:10 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, now=NOW) == seconds


@pytest.mark.parametrize("url", ["http://h", "https://h.test:8443/p?q=1", "http://[::1]:80/", "http://u:p@h/"])
def test_an_address_that_can_be_called_is_accepted(url):
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url", ["", "h.test/s3cr3t", "ftp://h/s3cr3t", "http:///s3cr3t", "http://h:0/s3cr3t", "http://h:99999/s3cr3t",
            "http://[::1/s3cr3t", "http://h/s3 cr3t", "http://h/s3cr3t\r\nx: y"],
)  # fmt: skip
def test_an_address_that_cannot_be_called_is_refused_without_quoting_it(url):
    with pytest.raises(ValueError, match=r"expected http://host\.\.\. or https://host\.\.\.") as caught:
        check_url(url)

    assert "s3" not in str(caught.value)


async def test_two_first_posts_at_once_share_one_client(server, client):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, client, server.url)
        nursery.start_soon(send, client, server.url)
    before = threading.active_count()
    await send(client, server.url)

    assert len(server.requests) == 3
    assert server.connections <= 2
    assert threading.active_count() <= before
