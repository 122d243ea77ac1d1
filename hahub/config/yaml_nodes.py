"""YAML text -> nodes with places, from the parser's events.

PyYAML's own composer is not used: its C version recurses without a limit and ends the process on deep nesting.
Scalars stay texts: what type they have is the business of the field they belong to.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

import yaml

from hahub.config.problems import Place

_NOT_UTF8 = re.compile("[\ud800-\udfff]")
"""What stands in a text for bytes that are not UTF-8."""
MAX_DEPTH = 40
MAX_NODES = 200_000
"""Nodes after aliases were followed; a real configuration has some hundreds."""


class YamlError(Exception):
    """A text that is no YAML that we read; ``place`` is where."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


@dataclass(slots=True)
class Scalar:
    """A text; ``plain`` when it stands without quotes."""

    text: str
    plain: bool
    place: Place
    size: int = 1


@dataclass(slots=True)
class Mapping:
    """Keys and values in the order of the text, keys possibly repeated."""

    place: Place
    items: "list[tuple[Scalar, Node]]" = field(default_factory=list)
    size: int = 1


@dataclass(slots=True)
class Sequence:
    """Items in order."""

    place: Place
    items: "list[Node]" = field(default_factory=list)
    size: int = 1


Node = Scalar | Mapping | Sequence


def read_nodes(text: str, file: str) -> Node | None:
    """Read the one document of a YAML text; None when there is nothing in it. Raises YamlError."""
    composer = _Composer(text, file)
    if stray := _NOT_UTF8.search(text):
        raise YamlError(composer.at(stray.start()), "a character that is not UTF-8")
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            composer.take(event)
    except yaml.reader.ReaderError as error:
        offset = len(text.encode()[: error.position].decode(errors="ignore"))
        raise YamlError(composer.at(offset), "a character that YAML does not allow") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = composer.at(mark.index if mark else 0)
        raise YamlError(place, str(error.problem or error.context or "not YAML")) from None
    except yaml.YAMLError:
        raise YamlError(composer.at(0), "not YAML") from None
    return composer.root


class _Composer:
    """Builds nodes from events, with a stack of its own."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.length = len(text)
        self.starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
        self.root: Node | None = None
        self.anchors: dict[str, Node] = {}
        self.open: list[tuple[Mapping | Sequence, str | None]] = []
        self.keys: list[Scalar | None] = []
        self.nodes = 0

    def at(self, offset: int) -> Place:
        """The place of a character; lines end with a line feed and nothing else."""
        offset = min(offset, self.length)
        line = bisect_right(self.starts, offset)
        return Place(self.file, line, offset - self.starts[line - 1] + 1)

    def take(self, event: yaml.Event) -> None:
        place = self.at(event.start_mark.index if event.start_mark else 0)
        if not isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
                raise YamlError(place, "a second document, expected one")
            if isinstance(event, yaml.CollectionEndEvent):
                node, anchor = self.open.pop()
                self.keys.pop()
                self._add(node, anchor)
            return
        if isinstance(event, yaml.AliasEvent):
            target = self.anchors.get(event.anchor or "")
            if target is None:
                raise YamlError(place, "an alias of an anchor that is not complete before it")
            self._add(target, None)
            return
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise YamlError(place, "a tag, expected a plain value")
        if isinstance(event, yaml.ScalarEvent):
            self._add(Scalar(event.value, not event.style, place), event.anchor)
            return
        if len(self.open) >= MAX_DEPTH:
            raise YamlError(place, f"more than {MAX_DEPTH} levels of nesting")
        node = Mapping(place) if isinstance(event, yaml.MappingStartEvent) else Sequence(place)
        self.open.append((node, event.anchor))
        self.keys.append(None)

    def _add(self, node: Node, anchor: str | None) -> None:
        """Put a complete node into the collection around it."""
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        parent = self.open[-1][0]
        parent.size += node.size
        if parent.size > MAX_NODES:
            raise YamlError(node.place, f"more than {MAX_NODES} values")
        if isinstance(parent, Sequence):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is not None:
            parent.items.append((key, node))
            self.keys[-1] = None
        elif isinstance(node, Scalar):
            self.keys[-1] = node
        else:
            raise YamlError(node.place, "a key that is a collection, expected a keyword or a name")
