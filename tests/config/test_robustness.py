"""Whatever a file holds: settings or located problems, never an exception, never a password."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hahub.config import Loaded, Problem, Severity, format_problem
from hahub.config.document import merge
from hahub.config.host import Host
from hahub.config.keepalived import parse_keepalived
from hahub.config.keywords import FOREIGN, KNOWN
from hahub.config.load import complete, parse
from hahub.config.yaml_text import parse_yaml

SAMPLES = Path(__file__).parents[2] / "config"
DATA = Path(__file__).parents[1] / "data" / "config"
TEXTS = [
    path.read_bytes() for path in sorted([*SAMPLES.rglob("*.conf"), *SAMPLES.rglob("*.yaml"), *DATA.glob("*.conf")])
]
PASSWORD = "hunter2"

_words = sorted(
    {word for words in KNOWN.values() for word in words}
    | {word for foreign in FOREIGN.values() for word in foreign.unsupported | foreign.ignored}
)
_pieces = st.sampled_from([
    *_words, "{", "}", "{\n", "}\n", "\n", "\r\n", " ", "\t", '"', "'", "\\", "#", "!", "$X=1", "${Y}", "@id", "~SEQ(",
    "include", "100", "-1", "0.5", "10.0.0.1/24", "VI_1", "eth0", "MASTER", "PASS", "\x00", "\ufeff", "\ud7ff",
    "\u2028", ":", ": ", "- ", "[", "]", ",", "&a ", "*a", "!t", "---", "|\n", ">\n", "? ", "<<: *a", "%YAML 1.2",
    "null", "true",
])  # fmt: skip
FAST = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def finish(content: bytes, host: Host) -> Loaded:
    return complete(merge([parse(content, "a")]), (), host)


def assert_told(loaded: Loaded, content: bytes) -> None:
    """Settings, or at least one error; each problem at a place in the file and on one line."""
    errors = [problem for problem in loaded.problems if problem.severity is Severity.ERROR]
    assert (loaded.settings is None) == bool(errors)
    lines = content.decode(errors="surrogateescape").removeprefix("\ufeff").split("\n")
    for problem in loaded.problems:
        assert_inside(problem, lines)


def assert_inside(problem: Problem, lines: list[str]) -> None:
    assert 1 <= problem.line <= len(lines), problem
    assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
    line = format_problem(problem)
    assert line.isprintable()
    assert line.startswith(f"a:{problem.line}:{problem.column}: ")


@FAST
@given(content=st.binary(max_size=200))
def test_any_bytes_are_told(host: Host, content: bytes) -> None:
    assert_told(finish(content, host), content)


@FAST
@given(pieces=st.lists(_pieces, max_size=40), separator=st.sampled_from(["", " ", "\n"]))
def test_any_mixture_of_pieces_is_told_in_both_languages(host: Host, pieces: list[str], separator: str) -> None:
    text = separator.join(pieces)
    content = text.encode(errors="surrogatepass")

    for read in (parse_keepalived, parse_yaml):
        result = complete(merge([read(text, "a")]), (), host)
        assert_told(result, content)


@FAST
@given(data=st.data())
def test_a_damaged_file_is_told(host: Host, data: st.DataObject) -> None:
    """A cut, a doubled piece, or a foreign piece somewhere in a good file."""
    content = data.draw(st.sampled_from(TEXTS))
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 60)))
    piece = data.draw(st.one_of(_pieces.map(lambda p: p.encode(errors="surrogatepass")), st.binary(max_size=3)))
    damaged = content[:start] + piece + content[data.draw(st.sampled_from([start, end])) :]

    assert_told(finish(damaged, host), damaged)


@FAST
@given(data=st.data())
def test_a_password_is_in_no_problem(host: Host, data: st.DataObject) -> None:
    conf = f"vrrp_instance V {{\n authentication {{\n auth_type PASS\n auth_pass {PASSWORD}\n }}\n}}\n"
    yaml = (
        f"vrrp_instance:\n  V:\n    authentication: {{auth_type: PASS, auth_pass: {PASSWORD}}}\n"
        f"channels:\n  c: {{type: dingtalk, access_token: {PASSWORD}, secret: {PASSWORD}}}\n"
    )
    text = data.draw(st.sampled_from([conf, yaml]))
    at = data.draw(st.integers(0, len(text)).filter(lambda i: PASSWORD not in text[max(0, i - 6) : i + 6]))
    piece = data.draw(st.sampled_from([" ", "\n", "#", "!", "x", ":", "300", ",", "[", "]", "\x01"]))
    where = text.index(PASSWORD) + data.draw(st.sampled_from([0, len(PASSWORD)]))
    extra = data.draw(st.sampled_from(["", '"', "'", "}", "{", " ", "#", "!", "$A", "\\", "*", "&", ": ", "\x01"]))
    text = text[:where] + extra + text[where:]
    if at < where:
        text = text[:at] + piece + text[at:]

    result = finish(text.encode(), host)

    assert not any(PASSWORD in format_problem(problem) for problem in result.problems)
    assert PASSWORD not in repr(result)


def test_a_long_file_is_read_in_reasonable_time(loaded: Callable[..., Loaded]) -> None:
    block = (
        "vrrp_instance VI_{0} {{\n interface eth{0}\n virtual_router_id 1\n virtual_ipaddress {{\n 10.0.0.1\n }}\n}}\n"
    )
    text = "".join(block.format(n) for n in range(1000))

    result = loaded(("a.conf", text))

    assert result.problems == ()
    assert result.settings is not None
    assert len(result.settings.core.instances) == 1000
