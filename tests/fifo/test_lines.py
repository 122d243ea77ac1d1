import pytest
from hypothesis import given
from hypothesis import strategies as st

from hahub.model import Kind, State
from hahub_fifo import EVENTS, STATES, Line, UnknownLine, format_line, parse_line

LINES = [
    pytest.param(Line("INSTANCE", "VI_1", "MASTER", 100), b'INSTANCE "VI_1" MASTER 100\n', id="master"),
    pytest.param(Line("INSTANCE", "VI_1", "BACKUP", 1), b'INSTANCE "VI_1" BACKUP 1\n', id="lowest priority"),
    pytest.param(Line("INSTANCE", "VI_1", "FAULT", 255), b'INSTANCE "VI_1" FAULT 255\n', id="highest priority"),
    pytest.param(Line("INSTANCE", "VI_1", "STOP", 150), b'INSTANCE "VI_1" STOP 150\n', id="stop"),
    pytest.param(Line("INSTANCE", "VI_2", "DELETED", 120), b'INSTANCE "VI_2" DELETED 120\n', id="deleted"),
    pytest.param(
        Line("INSTANCE", "VI_1", "MASTER_RX_LOWER_PRI", 150),
        b'INSTANCE "VI_1" MASTER_RX_LOWER_PRI 150\n',
        id="event: heard a weaker master",
    ),
    pytest.param(
        Line("INSTANCE", "VI_1", "MASTER_PRIORITY", 90),
        b'INSTANCE "VI_1" MASTER_PRIORITY 90\n',
        id="event: priority changed while master",
    ),
    pytest.param(
        Line("INSTANCE", "VI_1", "BACKUP_PRIORITY", 150),
        b'INSTANCE "VI_1" BACKUP_PRIORITY 150\n',
        id="event: priority changed while backup",
    ),
    pytest.param(Line("GROUP", "G1", "MASTER", 0), b'GROUP "G1" MASTER 0\n', id="group"),
    pytest.param(Line("INSTANCE", "", "MASTER", 100), b'INSTANCE "" MASTER 100\n', id="empty name"),
    pytest.param(Line("INSTANCE", "a b", "MASTER", 100), b'INSTANCE "a b" MASTER 100\n', id="blank in name"),
    pytest.param(Line("INSTANCE", 'a"b', "MASTER", 100), b'INSTANCE "a"b" MASTER 100\n', id="quote in name"),
    pytest.param(
        Line("INSTANCE", 'a" MASTER 1', "BACKUP", 2),
        b'INSTANCE "a" MASTER 1" BACKUP 2\n',
        id="name that looks like the end of a line",
    ),
    pytest.param(Line("INSTANCE", "a\\nb", "MASTER", 9), b'INSTANCE "a\\nb" MASTER 9\n', id="backslash in name"),
    pytest.param(
        Line("INSTANCE", "网关", "MASTER", 100),
        b'INSTANCE "\xe7\xbd\x91\xe5\x85\xb3" MASTER 100\n',
        id="name in UTF-8",
    ),
    pytest.param(
        Line("INSTANCE", "\udcff", "MASTER", 100),
        b'INSTANCE "\xff" MASTER 100\n',
        id="name that is not UTF-8",
    ),
    pytest.param(
        Line("INSTANCE", "VI_1", "{UNKNOWN}", 100),
        b'INSTANCE "VI_1" {UNKNOWN} 100\n',
        id="a state word nobody has seen yet",
    ),
]


@pytest.mark.parametrize(("line", "text"), LINES)
def test_a_line_is_written_with_the_very_bytes_of_keepalived(line: Line, text: bytes) -> None:
    assert format_line(line) == text


@pytest.mark.parametrize(("line", "text"), LINES)
def test_a_line_is_read_back_whole(line: Line, text: bytes) -> None:
    assert parse_line(text) == line
    assert parse_line(text.rstrip(b"\n")) == line
    assert parse_line(text.decode("utf-8", "surrogateescape")) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            b'\0INSTANCE "VI_1" MASTER 100\n',
            Line("INSTANCE", "VI_1", "MASTER", 100),
            id="NUL left by the checker process",
        ),
        pytest.param(b"\0\0VS [10.0.0.1]:tcp:80 DOWN\n", UnknownLine("VS [10.0.0.1]:tcp:80 DOWN"), id="virtual server"),
        pytest.param(
            b"RS [10.0.0.9]:tcp:80 [10.0.0.1]:tcp:80 UP\n",
            UnknownLine("RS [10.0.0.9]:tcp:80 [10.0.0.1]:tcp:80 UP"),
            id="real server",
        ),
        pytest.param(b"\n", UnknownLine(""), id="empty"),
        pytest.param(b'TANCE "VI_1" MASTER 100\n', UnknownLine('TANCE "VI_1" MASTER 100'), id="half a line"),
        pytest.param(b'INSTANCE "VI_1" MASTER', UnknownLine('INSTANCE "VI_1" MASTER'), id="no priority"),
        pytest.param(
            b'INSTANCE "VI_1" MASTER 256\n',
            UnknownLine('INSTANCE "VI_1" MASTER 256'),
            id="priority too large",
        ),
        pytest.param(b'INSTANCE "VI_1" MASTER -1\n', UnknownLine('INSTANCE "VI_1" MASTER -1'), id="priority negative"),
        pytest.param(
            'INSTANCE "VI_1" MASTER ١\n'.encode(),
            UnknownLine('INSTANCE "VI_1" MASTER ١'),
            id="digits not ASCII",
        ),
        pytest.param(b"INSTANCE VI_1 MASTER 1\n", UnknownLine("INSTANCE VI_1 MASTER 1"), id="name without quotes"),
        pytest.param(
            b'INSTANCE "a" MASTER 1\nINSTANCE "b" MASTER 1\n',
            UnknownLine('INSTANCE "a" MASTER 1\nINSTANCE "b" MASTER 1'),
            id="two lines are not one",
        ),
    ],
)
def test_what_is_not_a_notification_is_kept_as_it_came(text: bytes, expected: Line | UnknownLine) -> None:
    assert parse_line(text) == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param(Line("VS", "x", "UP", 1), "kind 'VS' is neither INSTANCE nor GROUP", id="kind"),
        pytest.param(Line("GROUP", "a\nb", "STOP", 0), r"name 'a\nb' holds a line feed", id="name"),
        pytest.param(
            Line("GROUP", "a", "TWO WORDS", 0),
            "state 'TWO WORDS' is not one word of printable ASCII without quotes",
            id="state",
        ),
        pytest.param(Line("GROUP", "a", "STOP", 256), "priority 256 is outside 0-255", id="priority"),
    ],
)
def test_a_line_that_could_not_be_read_back_is_refused(line: Line, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        format_line(line)

    assert str(raised.value) == message


_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))
_words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"'), min_size=1)


@given(st.builds(Line, st.sampled_from(["INSTANCE", "GROUP"]), _names, _words, st.integers(0, 255)))
def test_every_line_survives_writing_and_reading(line: Line) -> None:
    text = format_line(line)

    assert parse_line(text) == line
    assert text.count(b"\n") == 1


@given(st.binary())
def test_reading_never_fails_and_loses_no_byte(text: bytes) -> None:
    parsed = parse_line(text)

    if isinstance(parsed, UnknownLine):
        kept = parsed.text.encode("utf-8", "surrogateescape")
        assert kept == text.lstrip(b"\0").removesuffix(b"\n")
    else:
        assert parse_line(format_line(parsed)) == parsed


def test_the_words_are_those_of_the_model() -> None:
    assert {str(kind) for kind in Kind} == {"INSTANCE", "GROUP"}
    assert {str(state) for state in State if not state.is_event} - {"INIT"} == STATES
    assert {str(state) for state in State if state.is_event and state.is_keepalived_word} == EVENTS
