r"""keepalived.conf text -> words, braces and line ends, each with its place.

    script "killall -0 nginx" # every second
    \____/ \_______________/  \___________/
     WORD        WORD (quoted)    comment, dropped; END follows

A line whose first word wants a command is split with both kinds of quotes and with escapes; any other line knows
double quotes only and takes a backslash as it stands, except before ``#`` and ``!``.

Source: keepalived lib/parser.c:decomment, alloc_strvec, alloc_strvec_quoted_escaped; checked against 2.2.7.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from hahub.config.problems import Place, Problem, problem_at
from hahub.config.words import QuoteError, read_word

_BLANKS = re.compile(r"[ \t\r\f\v]+")
_COMMENT = re.compile(r"[#!]")
_WORD = re.compile(r"(?:\$\{[^}\n]*\}|\\[#!]|[^ \t\r\f\v{}\"#!])+")
_ESCAPED = re.compile(r"\\([#!])")
_COMMAND_STOPS = " \t\r\f\v{}#!"


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    OPEN = auto()
    CLOSE = auto()
    END = auto()
    """The end of a line."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a brace, or the end of a line."""

    kind: Kind
    text: str
    place: Place
    quoted: bool = False
    cut: bool = False
    """A comment begins right behind the word, without a blank."""


def tokenize(text: str, file: str, command_keywords: frozenset[str]) -> tuple[list[Token], list[Problem]]:
    """Split the text of a keepalived.conf.

    command_keywords: those whose lines hold a command, with single quotes and escapes.
    The rest of a line after a quote that is not closed is dropped, with a problem.
    """
    tokens: list[Token] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            tokens.extend(_scan_line(line, file, number, command_keywords))
        except QuoteError as error:
            place = Place(file, number, error.offset + 1)
            problems.append(problem_at(place, "", f"the quote {error.quote} is not closed on its line"))
        tokens.append(Token(Kind.END, "", Place(file, number, len(line) + 1)))
    return tokens, problems


def _scan_line(line: str, file: str, number: int, command_keywords: frozenset[str]) -> Iterator[Token]:
    at, in_command, first = 0, False, True
    while at < len(line):
        if blanks := _BLANKS.match(line, at):
            at = blanks.end()
            continue
        if _COMMENT.match(line, at):
            return
        place = Place(file, number, at + 1)
        if line[at] in "{}":
            yield Token(Kind.OPEN if line[at] == "{" else Kind.CLOSE, line[at], place)
            at, in_command, first = at + 1, False, True
            continue
        word, quoted, at = _scan_word(line, at, in_command=in_command)
        yield Token(Kind.WORD, word, place, quoted, cut=bool(_COMMENT.match(line, at)))
        if first:
            in_command, first = word in command_keywords, False


def _scan_word(line: str, at: int, *, in_command: bool) -> tuple[str, bool, int]:
    """Read one word; return it, whether it began with a quote, and the offset after it."""
    quoted = line[at] == '"' or (in_command and line[at] == "'")
    if in_command:
        word, end = read_word(line, at, stops=_COMMAND_STOPS)
        return word, quoted, end
    if quoted:
        end = line.find('"', at + 1)
        if end < 0:
            raise QuoteError('"', at)
        return line[at + 1 : end], True, end + 1
    match = _WORD.match(line, at)
    if match is None:  # pragma: no cover - every other character was handled by the caller
        return line[at], False, at + 1
    return _ESCAPED.sub(r"\1", match.group()), False, match.end()
