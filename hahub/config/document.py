"""One configuration text as plain data that remembers where each part stood; language does not matter any more."""

from dataclasses import dataclass, field
from typing import Any

from hahub.config.names import DEFAULT, Names
from hahub.config.problems import Place, Problem, Severity, problem_at

Path = tuple[str | int, ...]
"""Keys and indices from the outermost block down."""

ROOT_LINES = frozenset({"static_ipaddress", "static_routes", "static_rules", "interface_up_down_delays"})
"""Keywords of the outermost block whose lines stand in it."""
NAMED_BLOCKS = frozenset(
    {"vrrp_instance", "vrrp_sync_group", "vrrp_script", "vrrp_track_process", "track_file", "track_group", "channels"}
)
"""Root keywords whose blocks have names."""


@dataclass(slots=True)
class Document:
    """Plain data (dicts, lists, texts, true and false) with places and the problems met on the way."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    """Where each value begins."""
    keys: dict[Path, Place] = field(default_factory=dict)
    """Where the keyword or the name of each value stands."""
    problems: list[Problem] = field(default_factory=list)
    names: Names = DEFAULT
    """What the machine's files say about routing tables and the like."""
    ordered: frozenset[str] = frozenset()
    """Files whose language wants definitions before uses."""

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where a value (or its keyword) stands; else the nearest block around it; else the file's beginning."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        for length in range(len(path), 0, -1):
            place = first.get(path[:length]) or second.get(path[:length])
            if place is not None:
                return place
        return Place(self.file, 1, 1)

    def report(
        self, path: Path, message: str, hint: str = "", *, severity: Severity = Severity.ERROR, key: bool = False
    ) -> None:
        """Add a problem about the value (or the keyword) at ``path``, in the words of its block."""
        self.report_at(self.place(path, key=key), path, message, hint, severity=severity)

    def report_at(
        self, place: Place, path: Path, message: str, hint: str = "", *, severity: Severity = Severity.ERROR
    ) -> None:
        """Add a problem about ``path`` that has a place of its own."""
        self.problems.append(problem_at(place, block_words(path), message, hint, severity))


def block_words(path: Path) -> str:
    """The block that a path is in: ``vrrp_instance VI_1``, ``global_defs``, or nothing for the outermost."""
    if not path:
        return ""
    if path[0] in ROOT_LINES:
        return ""
    if path[0] in NAMED_BLOCKS:
        return " ".join(str(part) for part in path[:2]) if len(path) > 1 else ""
    return str(path[0]) if len(path) > 1 else ""


def keyword_words(path: Path) -> str:
    """The keyword within its block: ``authentication auth_type``; an index within a list says nothing to people."""
    start = 0 if path and path[0] in ROOT_LINES else 2 if path and path[0] in NAMED_BLOCKS else 1
    words = [str(part) for part in path[start:] if isinstance(part, str)]
    return " ".join(words) or str(path[-1] if path else "")


def merge(documents: list[Document]) -> Document:
    """Put the documents of several files together; what two of them say is a problem of the later one."""
    merged = Document(documents[0].file if documents else "")
    for document in documents:
        merged.problems.extend(document.problems)
        for key, value in document.data.items():
            _merge_block(merged, document, key, value)
        for path, place in document.values.items():
            merged.values.setdefault(path, place)
        for path, place in document.keys.items():
            merged.keys.setdefault(path, place)
        merged.ordered |= document.ordered
    return merged


def _merge_block(merged: Document, document: Document, key: str, block: dict[str, Any] | list[Any]) -> None:
    if isinstance(block, list):
        if key in merged.data:
            first = merged.place((key,), key=True)
            merged.report_at(document.place((key,), key=True), (key,), f"{key} is defined already, at {first}")
        merged.data.setdefault(key, block)
        return
    into = merged.data.setdefault(key, {})
    for name, value in block.items():
        if name not in into:
            into[name] = value
            continue
        path = (key, name)
        first = merged.place(path, key=True)
        place = document.place(path, key=True)
        merged.problems.append(problem_at(place, block_words(path), f"{name} is defined already, at {first}"))
