r"""How a keyword is written: what follows it on its line or in its block, read off the schema.

ip line:     192.0.2.7/24 dev eth0 label eth0:web scope site
             \__________/ \______/ \____________/ \________/
              positional   option      option       option
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, model_validator

from hahub.config.values import fail
from hahub.config.words import QuoteError, split_command


@dataclass(frozen=True, slots=True)
class Clause:
    r"""Several words that fill one field: a type, what every type has behind it, and pairs.

    encap ip id 7 dst 192.0.2.1          encap mpls 100/200
          \/ \__/ \___________/               \__/ \_____/
       type  pair      pair                type  behind it
    """

    field: str
    lengths: Mapping[str, int]
    """Type -> how many words are behind it before the pairs."""
    pairs: frozenset[str]
    """First words of pairs; another word ends the clause."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words of one line and the fields they fill."""

    positional: tuple[str, ...]
    required: int = 1
    """How many of the positional ones must be there."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Word -> field of the word after it."""
    flags: Mapping[str, tuple[str, bool | str]] = field(default_factory=dict)
    """Word -> field and its value."""
    modifiers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Word of an option -> words that may stand before its value, and are part of it: ``mtu lock 1400``."""
    clauses: Mapping[str, Clause] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    """Word -> field of a list; each item takes all words until this one comes again."""
    refused: Mapping[str, str] | frozenset[str] = frozenset()
    """Words of keepalived that are not supported, and what is to be said about them, or that they are not yet."""
    field_of: Callable[[str], str] | None = None
    """Which positional field a word fills, where its looks tell and not its place."""
    rest: str = ""
    """The field of all further words."""
    what: str = "words"
    """What the line holds, in plural or with an article, for messages."""
    hint: str = ""
    """What to write when there are too many words."""


def word_of(field_name: str, grammar: Grammar) -> str:
    """The word that fills a field, or its name when none does."""
    return next((word for word, name in grammar.options.items() if name == field_name), field_name)


class LineError(Exception):
    """A line that does not fit its grammar; ``index`` is the word to point at."""

    def __init__(self, index: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.index = index
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Part:
    """The value of one field of a line and the word it came from."""

    value: str | bool | tuple[str, ...]
    index: int


def parse_line(words: Sequence[str], grammar: Grammar) -> dict[str, Part]:
    """Give the words of a line to the fields of its grammar. Raises LineError."""
    parts: dict[str, Part] = {}
    at = 0
    waiting = list(grammar.positional)
    while at < len(words):
        word = words[at]
        end = _take_keyword(words, at, grammar, parts) if at >= grammar.required else at
        if end > at:
            at = end
            continue
        if word in grammar.refused:
            raise LineError(at, _refusal(word, grammar))
        if waiting and (name := _field_of(word, waiting, grammar)) in waiting:
            waiting.remove(name)
            _put(parts, name, Part(word, at), word)
        elif grammar.rest:
            _put(parts, grammar.rest, Part(tuple(words[at:]), at), word)
            break
        else:
            raise LineError(at, *_too_many(word, grammar))
        at += 1
    if len(waiting) > len(grammar.positional) - grammar.required:
        raise LineError(0, f"has no {waiting[0]}")
    return parts


def _field_of(word: str, waiting: list[str], grammar: Grammar) -> str:
    return waiting[0] if grammar.field_of is None else grammar.field_of(word)


def _take_keyword(words: Sequence[str], at: int, grammar: Grammar, parts: dict[str, Part]) -> int:
    """Give the words of one keyword to its field; returns where the next begin: at itself when it is no keyword."""
    word = words[at]
    if word in grammar.flags:
        name, value = grammar.flags[word]
        _put(parts, name, Part(value, at), word)
        return at + 1
    if word in grammar.items:
        _put(parts, grammar.items[word], Part(_items(words[at:]), at), word)
        return len(words)
    if word in grammar.options:
        name, end = grammar.options[word], at + 2
        if at + 1 < len(words) and words[at + 1] in grammar.modifiers.get(word, ()):
            end += 1
    elif word in grammar.clauses:
        name, end = grammar.clauses[word].field, _end_of(grammar.clauses[word], words, at + 1)
    else:
        return at
    if end > len(words):
        raise LineError(at, f"{word} needs a value")
    _put(parts, name, Part(" ".join(words[at + 1 : end]), at + 1), word)
    return end


def _end_of(clause: Clause, words: Sequence[str], start: int) -> int:
    kind = words[start] if start < len(words) else ""
    end = start + 1 + clause.lengths.get(kind, 0)
    while end + 1 < len(words) and words[end] in clause.pairs:
        end += 2
    return end


def _items(words: Sequence[str]) -> tuple[str, ...]:
    """The words between those that are the first one again, each item as a text."""
    items: list[list[str]] = []
    for word in words:
        if word == words[0]:
            items.append([])
        else:
            items[-1].append(word)
    return tuple(" ".join(item) for item in items)


def _refusal(word: str, grammar: Grammar) -> str:
    said = grammar.refused.get(word, "") if isinstance(grammar.refused, Mapping) else ""
    return f"{word} {said}" if said else f"{word} is understood, not supported yet"


def _put(parts: dict[str, Part], name: str, part: Part, word: str) -> None:
    if name in parts:
        raise LineError(part.index, f"{word} is given twice")
    parts[name] = part


def _too_many(word: str, grammar: Grammar) -> tuple[str, str]:
    known = [*grammar.options, *grammar.flags, *grammar.clauses, *grammar.items]
    expected = f"one of {', '.join(known)}" if known else f"no more than {grammar.what}"
    return f"has an unexpected word, expected {expected}", grammar.hint


class Block(BaseModel):
    """A block of keywords: one field per keyword."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Line(Block):
    """What stands behind one keyword on its line. In YAML: the same words, or a mapping of the fields."""

    grammar: ClassVar[Grammar]
    whole: ClassVar[bool] = False
    """A plain YAML text is the first positional field as a whole, blanks included."""
    repeated: ClassVar[bool] = False
    """Of a list, keepalived.conf has the keyword before each line, and no braces around them."""

    @classmethod
    def left_out(cls, _values: Mapping[str, object]) -> tuple[str, str] | None:
        """The field, and what is wrong with it, that makes keepalived go on without this line; None for no such."""
        return None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if cls.whole:
            return {cls.grammar.positional[0]: value}
        try:
            parts = parse_line(split_command(value), cls.grammar)
        except LineError as error:
            raise fail(error.message, error.hint) from None
        except QuoteError as error:
            raise fail(f"has a quote {error.quote} that is not closed") from None
        return {name: part.value for name, part in parts.items()}


class Form(Enum):
    """How the value of a keyword is written."""

    FLAG = auto()
    """The keyword alone, or a word for true or false."""
    WORD = auto()
    LINE = auto()
    """Words of a Line model."""
    BLOCK = auto()
    """A block of keywords."""
    WORDS = auto()
    """A block in which every word is an item."""
    LINES = auto()
    """A block in which every line is an item, of a Line model."""
    BLOCKS = auto()
    """Blocks of the same keyword without a name."""
    NAMED = auto()
    """Blocks with a name each."""


@cache
def form_of(model: type[BaseModel], name: str) -> tuple[Form, type[Block] | None]:
    """How field ``name`` of a model is written, and the model of its block, line or items."""
    annotation: Any = model.model_fields[name].annotation
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(a for a in get_args(annotation) if a is not NoneType)
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return Form.NAMED, arguments[1]
    if origin is tuple and isinstance(arguments[0], type) and issubclass(arguments[0], Line):
        return Form.LINES, arguments[0]
    if origin is tuple and isinstance(arguments[0], type) and issubclass(arguments[0], Block):
        return Form.BLOCKS, arguments[0]
    if origin is tuple:
        return Form.WORDS, None
    if isinstance(annotation, type) and issubclass(annotation, Line):
        return Form.LINE, annotation
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return Form.BLOCK, annotation
    return (Form.FLAG if annotation is bool else Form.WORD), None
