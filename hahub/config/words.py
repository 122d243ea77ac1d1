"""Words of script commands: quotes and escapes as keepalived reads them, without a shell.

Source: keepalived lib/parser.c:alloc_strvec_quoted_escaped; checked against keepalived 2.2.7.
"""

import re

_ESCAPES = {
    "a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_NUMBER = re.compile(r"x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|c([@-_a-z])")
BLANKS = " \t\r\n"


class QuoteError(Exception):
    """A quote without its end; ``offset`` is where it begins."""

    def __init__(self, quote: str, offset: int) -> None:
        super().__init__(f"{quote} has no end")
        self.quote = quote
        self.offset = offset


def split_command(text: str) -> tuple[str, ...]:
    """Split a command into arguments: blanks separate, quotes join, backslashes escape.

    Raises QuoteError when a quote is not closed.
    """
    words: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in BLANKS:
            at += 1
            continue
        word, at = read_word(text, at, stops=BLANKS)
        words.append(word)
    return tuple(words)


def read_word(text: str, at: int, *, stops: str) -> tuple[str, int]:
    """Read one word that may have quoted parts; return it and the offset after it.

    stops: characters that end the word outside quotes.
    Raises QuoteError when a quote is not closed.
    """
    parts: list[str] = []
    quote, opened = "", at
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            part, at = _read_escape(text, at + 1)
            parts.append(part)
            continue
        if quote:
            if char == quote:
                quote = ""
            else:
                parts.append(char)
        elif char in "'\"":
            quote, opened = char, at
        elif char in stops:
            break
        else:
            parts.append(char)
        at += 1
    if quote:
        raise QuoteError(quote, opened)
    return "".join(parts), at


def _read_escape(text: str, at: int) -> tuple[str, int]:
    """Read what follows a backslash; return the character and the offset after it."""
    number = _NUMBER.match(text, at)
    if number is None:
        return _ESCAPES.get(text[at], text[at]), at + 1
    hexadecimal, octal, control = number.groups()
    if hexadecimal is not None:
        code = int(hexadecimal, 16)
    elif octal is not None:
        code = int(octal, 8) & 0xFF
    else:
        code = ord(control) & 0x1F
    return chr(code), number.end()
