"""keepalived.conf text -> Document, by the forms that the schema gives its keywords.

Source: keepalived lib/parser.c, vrrp/vrrp_parser.c, core/global_parser.c.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pydantic import SecretStr

from hahub.config.document import Document, Path
from hahub.config.grammar import Block, Form, Line, LineError, form_of, parse_line, word_of
from hahub.config.keywords import ROOT, judge
from hahub.config.problems import Place, Severity
from hahub.config.schema import Config, OptionalScript, Script
from hahub.config.tokens import Kind, Token, tokenize
from hahub.config.tree import Statement, build_tree
from hahub.config.values import FALSE_WORDS

COMMAND_KEYWORDS = frozenset(
    {
        "script", "notify", "notify_master", "notify_backup", "notify_fault", "notify_stop", "notify_deleted",
        "notify_master_rx_lower_pri", "notify_fifo_script", "vrrp_notify_fifo_script", "lvs_notify_fifo_script",
    }
)  # fmt: skip
"""Keywords whose lines know single quotes and escapes."""

_OLD_NAMES = {"vrrp_track_file": "track_file"}

_LANGUAGE = (
    (re.compile(r"include[rmwba]?\Z"), "include"),
    (re.compile(r"@"), "a condition @id"),
    (re.compile(r"~(SEQx?|LST)\("), "a repetition ~SEQ or ~LST"),
    (re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*=|\$\{"), "a variable $NAME"),
)
"""What can begin a line of keepalived's language in any block."""
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def parse_keepalived(text: str, file: str) -> Document:
    """Read the text of a keepalived.conf. Never raises: what is wrong is among the problems."""
    tokens, quotes = tokenize(text.removeprefix("\ufeff"), file, COMMAND_KEYWORDS)
    statements, braces = build_tree(tokens)
    document = Document(file, ordered=frozenset({file}))
    document.problems.extend([*quotes, *braces])
    _Reader(document, _secret_lines(tokens)).read_root(statements)
    return document


def _secret_lines(tokens: Sequence[Token]) -> frozenset[int]:
    """Lines that may hold a piece of a password: with auth_pass or key, or with a word behind a closing brace."""
    return frozenset(
        token.place.line
        for before, token in pairwise(tokens)
        if token.text in ("auth_pass", "key") or (before.kind is Kind.CLOSE and token.kind is Kind.WORD)
    )


class _Reader:
    """Fills one document from statements."""

    def __init__(self, document: Document, secret_lines: frozenset[int]) -> None:
        self.document = document
        self.secret_lines = secret_lines
        """Lines of which nothing is repeated: a brace in a password makes keywords of its rest."""
        self.judged: set[tuple[Path, str]] = set()

    def read_root(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            keyword = _keyword(statement)
            if keyword is None or self._is_language((), statement):
                continue
            keyword = _OLD_NAMES.get(keyword, keyword)
            if keyword not in Config.model_fields or keyword in ("channels", "hub"):
                self._judge((), ROOT, statement)
                continue
            form, model = form_of(Config, keyword)
            if form is Form.LINES:
                self._read_keyword((), keyword, Config, statement, self.document.data)
                continue
            if model is None:  # pragma: no cover - every root keyword has a block
                continue
            path: Path = (keyword,)
            into = self.document.data.setdefault(keyword, [] if form is Form.BLOCKS else {})
            self.document.keys.setdefault(path, statement.place)
            if statement.block is None:
                self._report(path, statement.place, f"{keyword} has no block, expected '{{'")
            elif form is Form.BLOCKS:
                path = (*path, len(into))
                self.document.keys[path] = statement.place
                into.append({})
                self._read_block(path, keyword, model, statement.block, into[-1])
            elif form is Form.BLOCK:
                self._read_block(path, keyword, model, statement.block, into)
            else:
                self._read_named(path, keyword, model, statement, into)

    def _read_named(
        self, path: Path, keyword: str, model: type[Block], statement: Statement, into: dict[str, Any]
    ) -> None:
        if len(statement.words) < 2:
            self._report(path, statement.place, f"{keyword} has no name")
            return
        name = statement.words[1]
        here = (*path, name.text)
        if name.text in into:
            first = self.document.keys[here]
            self._report(here, name.place, f"{keyword} {name.text} is defined already, at {first}")
            return
        self.document.keys[here] = name.place
        self._warn_about_rest(here, keyword, statement.words[2:])
        into[name.text] = {}
        self._read_block(here, keyword, model, statement.block or (), into[name.text])

    def _read_block(
        self, path: Path, block: str, model: type[Block], statements: Sequence[Statement], into: dict[str, Any]
    ) -> None:
        for statement in statements:
            keyword = _keyword(statement)
            if keyword is None or self._is_language(path, statement):
                continue
            if keyword not in model.model_fields:
                self._judge(path, block, statement)
                continue
            self._read_keyword(path, keyword, model, statement, into)

    def _read_keyword(
        self, path: Path, keyword: str, model: type[Block], statement: Statement, into: dict[str, Any]
    ) -> None:
        form, inner = form_of(model, keyword)
        here = (*path, keyword)
        words = statement.words[1:]
        if inner is not None and issubclass(inner, Line) and inner.repeated:
            self._read_repeated(here, keyword, inner, statement, into.setdefault(keyword, []))
            return
        if form in (Form.BLOCK, Form.WORDS, Form.LINES):
            if statement.block is None:
                self._report(here, statement.place, f"{keyword} has no block, expected '{{'")
                return
            self.document.keys.setdefault(here, statement.place)
            self._warn_about_rest(here, keyword, words)
            if form is Form.BLOCK and inner is not None:
                self._read_block(here, keyword, inner, statement.block, into.setdefault(keyword, {}))
            else:
                self._read_items(here, inner, statement.block, into.setdefault(keyword, []))
            return
        if statement.block is not None:
            place = statement.opened or statement.place
            self._report(here, place, f"{keyword} takes no block, unexpected '{{'")
        if not self._may_be_set(here, keyword, inner, statement):
            return
        value = self._value(here, keyword, form, inner, words, model)
        if value is not None:
            into[keyword] = value
        else:
            into.pop(keyword, None)

    def _read_repeated(
        self, here: Path, keyword: str, inner: type[Line], statement: Statement, into: list[Any]
    ) -> None:
        """One more line of a keyword that comes once for each."""
        if statement.block is not None:
            place = statement.opened or statement.place
            self._report(here, place, f"{keyword} takes no block, unexpected '{{'")
        self.document.keys.setdefault(here, statement.place)
        item = self._line((*here, len(into)), keyword, inner, statement.words[1:], statement.place)
        if item is not None:
            into.append(item)

    def _may_be_set(self, here: Path, keyword: str, inner: type[Block] | None, statement: Statement) -> bool:
        """Say that a keyword comes again: of scripts the first counts, of all others the last."""
        first = self.document.keys.get(here)
        if first is not None:
            if inner in (Script, OptionalScript):
                self._report(here, statement.place, f"{keyword} is given already, at {first}")
                return False
            message = f"{keyword} is given already, at {first}; the last one counts"
            self._report(here, statement.place, message, severity=Severity.WARNING)
        self.document.keys[here] = statement.place
        return True

    def _value(
        self,
        here: Path,
        keyword: str,
        form: Form,
        inner: type[Block] | None,
        words: Sequence[Token],
        model: type[Block],
    ) -> object:
        """The value behind a keyword; None when it was reported."""
        place = self.document.keys[here]
        if form is Form.FLAG and not words:
            self.document.values[here] = place
            return True
        if form is Form.LINE and inner is not None and issubclass(inner, Line):
            return self._line(here, keyword, inner, words, place)
        if not words:
            self._report(here, place, f"{keyword} has no value")
            return None
        self._warn_about_rest(here, keyword, words[1:])
        if words[0].cut and model.model_fields[keyword].annotation is SecretStr:
            message = f"{keyword} ends where a comment begins, expected quotes around a value with # or !"
            self._report(here, words[0].place, message, severity=Severity.WARNING)
        return self._word(here, words[0])

    def _word(self, here: Path, word: Token) -> str | None:
        self.document.values[here] = word.place
        if not word.quoted and _VARIABLE.search(word.text):
            self._report(here, word.place, "a variable ${NAME} is understood, not supported yet")
            return None
        return word.text

    def _line(
        self, here: Path, keyword: str, model: type[Line], words: Sequence[Token], place: Place
    ) -> dict[str, object] | None:
        """The fields of one line."""
        self.document.values[here] = words[0].place if words else place
        try:
            parts = parse_line([word.text for word in words], model.grammar)
        except LineError as error:
            at = words[error.index].place if error.index < len(words) else place
            self._report(here, at, f"{keyword} {error.message}", error.hint)
            return None
        for name, part in parts.items():
            self.document.values[(*here, name)] = words[part.index].place
        return {name: part.value for name, part in parts.items()}

    def _read_items(
        self, here: Path, inner: type[Block] | None, statements: Sequence[Statement], into: list[Any]
    ) -> None:
        """The items of a list: every word, or every line when ``inner`` says how to read one."""
        for statement in statements:
            if statement.block is not None:
                self._report(here, statement.opened or statement.place, f"{here[-1]} holds no blocks, unexpected '{{'")
            if not statement.words or self._is_language(here, statement):
                continue
            if inner is not None and issubclass(inner, Line):
                item = self._line((*here, len(into)), str(here[-1]), inner, statement.words, statement.place)
                if item is not None and not self._is_left_out((*here, len(into)), inner, item):
                    into.append(item)
                continue
            for word in statement.words:
                value = self._word((*here, len(into)), word)
                if value is not None:
                    into.append(value)

    def _is_left_out(self, here: Path, model: type[Line], item: dict[str, object]) -> bool:
        """Report a line that keepalived, too, goes on without."""
        found = model.left_out(item)
        if found is not None:
            name, problem = found
            message = f"{here[-2]} {word_of(name, model.grammar)} {problem}, the line is left out"
            self.document.report((*here, name), message, severity=Severity.WARNING)
        return found is not None

    def _is_language(self, path: Path, statement: Statement) -> bool:
        """Report a line of keepalived's language that is more than a keyword."""
        word = statement.words[0]
        if word.quoted:
            return False
        for pattern, what in _LANGUAGE:
            if pattern.match(word.text):
                self._report((*path, word.text), word.place, f"{what} is understood, not supported yet")
                return True
        return False

    def _judge(self, path: Path, block: str, statement: Statement) -> None:
        """Say once per block what is to be said about a keyword outside the schema."""
        word = statement.words[0]
        if (path, word.text) in self.judged:
            return
        switched_off = any(value.text in FALSE_WORDS for value in statement.words[1:2])
        secret = block in ("authentication", "auth_hmac") or word.place.line in self.secret_lines
        finding = judge(block, word.text, switched_off=switched_off, secret=secret)
        if finding is not None:
            self.judged.add((path, word.text))
            here = (*path, word.text)
            self._report(here, word.place, finding.message, finding.hint, severity=finding.severity)

    def _warn_about_rest(self, here: Path, keyword: str, rest: Sequence[Token]) -> None:
        if rest:
            message = f"the rest of the line after {keyword} and its value is ignored"
            hint = "quote the command together with its arguments" if keyword in COMMAND_KEYWORDS else ""
            self._report(here, rest[0].place, message, hint, severity=Severity.WARNING)

    def _report(
        self, path: Path, place: Place, message: str, hint: str = "", *, severity: Severity = Severity.ERROR
    ) -> None:
        self.document.report_at(place, path, message, hint, severity=severity)


def _keyword(statement: Statement) -> str | None:
    return statement.words[0].text if statement.words else None
