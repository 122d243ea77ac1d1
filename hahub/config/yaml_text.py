"""hahub.yaml text -> Document: the keywords of keepalived.conf in YAML, and channels and hub.

Types come from the schema: a field that wants a text gets it as it was written (``010`` stays ``010``, ``no`` stays
``no``). Only what belongs to a plugin is typed here, by YAML 1.2's core rules.
"""

import math
import re
from typing import Any

from hahub.config.document import Document, Path, keyword_words
from hahub.config.grammar import Block, Form, Line, form_of
from hahub.config.keywords import ROOT, judge
from hahub.config.problems import shown
from hahub.config.schema import Config
from hahub.config.values import FALSE_WORDS
from hahub.config.yaml_nodes import Mapping, Node, Scalar, Sequence, YamlError, read_nodes

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}")
_OCTAL = re.compile(r"0o([0-7]{1,20})")
_HEXADECIMAL = re.compile(r"0x([0-9a-fA-F]{1,15})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")


def parse_yaml(text: str, file: str) -> Document:
    """Read the text of a hahub.yaml. Never raises: what is wrong is among the problems."""
    document = Document(file)
    try:
        root = read_nodes(text.removeprefix("\ufeff"), file)
    except YamlError as error:
        document.report_at(error.place, (), f"{error.message}, in YAML")
        return document
    if isinstance(root, Mapping):
        _Reader(document).read_block((), ROOT, Config, root, document.data)
    elif root is not None and not (isinstance(root, Scalar) and _is_null(root)):
        document.report_at(root.place, (), "no mapping, expected keywords such as vrrp_instance:")
    return document


def core_value(text: str) -> object:
    """The value of a plain scalar by YAML 1.2's core rules, among those that JSON has; else the text."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if match := _OCTAL.fullmatch(text):
        return int(match.group(1), 8)
    if match := _HEXADECIMAL.fullmatch(text):
        return int(match.group(1), 16)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


class Plain(str):
    """A text that stood without quotes, for those who want its core value."""

    __slots__ = ()


class _Reader:
    """Fills one document from nodes."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def read_block(self, path: Path, block: str, model: type[Block], node: Mapping, into: dict[str, Any]) -> None:
        """Read the keywords of a block."""
        free = model.model_config.get("extra") == "allow"
        for key, value in node.items:
            here = (*path, key.text)
            if not self._note(here, key, value):
                continue
            if key.text in model.model_fields:
                found = self._value(here, *form_of(model, key.text), value)
                if found is not None:
                    into[key.text] = found
            elif free:
                into[key.text] = self._free(here, value)
            else:
                self._judge(here, block, key, value)

    def _note(self, here: Path, key: Scalar, value: Node) -> bool:
        """Remember the places of a key and its value; False when the key came before."""
        if here in self.document.keys:
            message = f"duplicate key {shown(key.text)[1:-1]}, first at {self.document.keys[here]}"
            self.document.report_at(key.place, here, message)
            return False
        self.document.keys[here] = key.place
        self.document.values[here] = value.place
        return True

    def _judge(self, here: Path, block: str, key: Scalar, value: Node) -> None:
        switched_off = isinstance(value, Scalar) and value.text in FALSE_WORDS
        finding = judge(
            block, key.text, switched_off=switched_off, secret=block in ("authentication", "auth_hmac", "key")
        )
        if finding is not None:
            self.document.report_at(key.place, here, finding.message, finding.hint, severity=finding.severity)

    def _value(self, here: Path, form: Form, model: type[Block] | None, node: Node) -> object:
        """The value of a keyword of the schema; None when it was reported."""
        if form is Form.NAMED and model is not None:
            return self._named(here, model, node)
        if form in (Form.WORDS, Form.LINES, Form.BLOCKS):
            return self._items(here, model, node)
        if form is Form.BLOCK and model is not None:
            return self._block(here, model, node)
        if form is Form.LINE and model is not None and issubclass(model, Line):
            return self._line(here, model, node)
        if not isinstance(node, Scalar):
            self._unexpected(here, node, "one value")
            return None
        if _is_null(node):
            self._unexpected(here, node, "a value")
            return None
        return node.text

    def _block(self, here: Path, model: type[Block], node: Node) -> object:
        if isinstance(node, Scalar) and _is_null(node):
            return {}
        if not isinstance(node, Mapping):
            self._unexpected(here, node, "a mapping of keywords")
            return None
        into: dict[str, Any] = {}
        keyword = next(str(part) for part in reversed(here) if isinstance(part, str))
        self.read_block(here, keyword, model, node, into)
        return into

    def _line(self, here: Path, model: type[Line], node: Node) -> object:
        """A line in words, or as a mapping of its fields."""
        if isinstance(node, Mapping):
            into: dict[str, Any] = {}
            keyword = next(str(part) for part in reversed(here) if isinstance(part, str))
            self.read_block(here, keyword, model, node, into)
            return into
        if not isinstance(node, Scalar):
            self._unexpected(here, node, "one value or a mapping")
            return None
        if model.grammar.required == 0 and node.plain:
            if core_value(node.text) is True:
                return {}
            if core_value(node.text) is False:
                return None
        if _is_null(node):
            self._unexpected(here, node, "a value")
            return None
        return node.text

    def _items(self, here: Path, model: type[Block] | None, node: Node) -> object:
        if not isinstance(node, Sequence):
            self._unexpected(here, node, "a list")
            return None
        items: list[object] = []
        for item in node.items:
            at = (*here, len(items))
            self.document.keys[at] = self.document.values[at] = item.place
            if model is not None and issubclass(model, Line):
                value = self._line(at, model, item)
            elif model is not None:
                value = self._block(at, model, item)
            elif isinstance(item, Scalar):
                value = item.text
            else:
                self._unexpected(at, item, "one value")
                continue
            if value is not None:
                items.append(value)
        return items

    def _named(self, here: Path, model: type[Block], node: Node) -> object:
        """Blocks by their names."""
        if isinstance(node, Scalar) and _is_null(node):
            return {}
        if not isinstance(node, Mapping):
            self._unexpected(here, node, "a mapping of names")
            return None
        blocks: dict[str, Any] = {}
        for key, value in node.items:
            path = (*here, key.text)
            if not self._note(path, key, value):
                continue
            blocks[key.text] = {}
            if isinstance(value, Mapping):
                self.read_block(path, str(here[-1]), model, value, blocks[key.text])
            elif not (isinstance(value, Scalar) and _is_null(value)):
                self._unexpected(path, value, "a mapping of keywords")
        return blocks

    def _free(self, here: Path, node: Node) -> object:
        """What belongs to a plugin, unchecked."""
        if isinstance(node, Scalar):
            return Plain(node.text) if node.plain else node.text
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                self.document.values[(*here, index)] = item.place
            return [self._free((*here, index), item) for index, item in enumerate(node.items)]
        into: dict[str, object] = {}
        for key, value in node.items:
            if self._note((*here, key.text), key, value):
                into[key.text] = self._free((*here, key.text), value)
        return into

    def _unexpected(self, here: Path, node: Node, expected: str) -> None:
        found = {Scalar: "one value", Mapping: "a mapping", Sequence: "a list"}[type(node)]
        if isinstance(node, Scalar) and _is_null(node):
            found = "nothing"
        self.document.report_at(node.place, here, f"{keyword_words(here)} has {found}, expected {expected}")


def _is_null(node: Scalar) -> bool:
    return node.plain and node.text in _NULL
