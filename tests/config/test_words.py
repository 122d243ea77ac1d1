"""Words of commands, as keepalived 2.2.7 was seen to split them."""

import pytest

from hahub.config.words import QuoteError, split_command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param("  /bin/a  b\tc ", ("/bin/a", "b", "c"), id="blanks separate"),
        pytest.param("/bin/sh -c 'a b'", ("/bin/sh", "-c", "a b"), id="single quotes join"),
        pytest.param('/bin/echo "a b"', ("/bin/echo", "a b"), id="double quotes join"),
        pytest.param('a"b c"d', ("ab cd",), id="quotes inside a word join it"),
        pytest.param("''", ("",), id="an empty argument"),
        pytest.param(r"a\ b", ("a b",), id="an escaped blank"),
        pytest.param(r"x\ty\n", ("x\ty\n",), id="letters of C"),
        pytest.param(r"\x41\101\e\\", ("AAe\\",), id="hexadecimal, octal, any other, backslash"),
        pytest.param(r"\E\cA", ("\x1b\x01",), id="escape and control"),
        pytest.param(r"'a\tb'", ("a\tb",), id="escapes count inside single quotes"),
        pytest.param("a | b > $C;", ("a", "|", "b", ">", "$C;"), id="nothing is for a shell"),
        pytest.param("a\\", ("a\\",), id="a backslash at the end stays"),
    ],
)
def test_a_command_splits_into_arguments(text: str, words: tuple[str, ...]) -> None:
    assert split_command(text) == words


@pytest.mark.parametrize(("text", "quote", "offset"), [("a 'b", "'", 2), ('x"y', '"', 1)])
def test_a_quote_without_end_names_its_place(text: str, quote: str, offset: int) -> None:
    with pytest.raises(QuoteError) as caught:
        split_command(text)

    assert (caught.value.quote, caught.value.offset) == (quote, offset)
