"""``--set PATH=VALUE``: single values that are laid over the files.

vrrp_instance.VI_1.interface=veth0        one keyword of one block
vrrp_instance.*.virtual_ipaddress=A,B     of all blocks; items of a list are separated by commas
interface=veth0                           short for vrrp_instance.*.interface
"""

from collections.abc import Sequence
from typing import Any

from hahub.config.document import Document, Path
from hahub.config.grammar import Block, Form, form_of
from hahub.config.problems import Place, problem_at, shown
from hahub.config.schema import Config, VrrpInstance
from hahub.config.yaml_text import Plain

FILE = "--set"
"""The file of problems with overrides."""
_Leaf = tuple[Form, type[Block] | None] | None
"""How the keyword at the end of a path is written; None for what belongs to a plugin."""
_Target = tuple[Path, _Leaf]


class _PathError(Exception):
    """A path that leads nowhere; the text says what was expected."""


def apply_overrides(document: Document, overrides: Sequence[str]) -> None:
    """Lay overrides over a document, in order; what cannot be laid is reported to it."""
    for override in overrides:
        path, equals, value = override.partition("=")
        if not equals:
            document.problems.append(problem_at(Place(FILE), "", "an override without '=', expected PATH=VALUE"))
            continue
        try:
            for target, leaf in _targets(document, path):
                _lay(document, target, leaf, value)
        except _PathError as error:
            document.problems.append(problem_at(Place(FILE), "", f"unknown path {shown(path)}, {error}"))


def _targets(document: Document, text: str) -> list[_Target]:
    """The places that a path names, each with its form."""
    parts = text.split(".")
    if parts[0] not in Config.model_fields and parts[0] in VrrpInstance.model_fields:
        parts = ["vrrp_instance", "*", *parts]
    roots = [name for name in Config.model_fields if form_of(Config, name)[0] in (Form.BLOCK, Form.NAMED)]
    if parts[0] not in roots:
        raise _PathError(f"expected it to begin with {', '.join(roots)} or a keyword of vrrp_instance")
    root = parts[0]
    form, model = form_of(Config, root)
    if model is None:
        raise _PathError("expected a keyword")  # pragma: no cover - every root keyword has a model
    if form is not Form.NAMED:
        return [((root, *parts[1:]), _leaf(root, model, parts[1:]))]
    targets: list[_Target] = []
    for name, rest in _names(document, root, parts[1:]):
        targets.append(((root, name, *rest), _leaf(root, model, rest)))
    return targets


def _names(document: Document, root: str, parts: list[str]) -> list[tuple[str, list[str]]]:
    """The blocks that a path names and what is left of the path; a name may have dots."""
    known = document.data.get(root, {})
    if parts[:1] == ["*"]:
        if not known:
            raise _PathError(f"there is no {root}")
        return [(name, parts[1:]) for name in known]
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in known:
            return [(name, parts[length:])]
    raise _PathError(f"expected one of {', '.join(shown(name) for name in known) or 'no'} after {root}")


def _leaf(block: str, model: type[Block], parts: list[str]) -> _Leaf:
    """The form of the keyword at the end of a path."""
    if not parts or not all(parts):
        raise _PathError("expected a keyword at its end")
    keyword = parts[0]
    if keyword not in model.model_fields:
        if model.model_config.get("extra") == "allow":
            return None
        raise _PathError(f"expected a keyword of {block} instead of {shown(keyword)}")
    form, inner = form_of(model, keyword)
    if form in (Form.BLOCK, Form.LINE) and inner is not None and (len(parts) > 1 or form is Form.BLOCK):
        return _leaf(keyword, inner, parts[1:])
    if len(parts) > 1:
        raise _PathError(f"{keyword} has nothing below it")
    return form, inner


def _lay(document: Document, path: Path, leaf: _Leaf, value: str) -> None:
    into: Any = document.data
    for part in path[:-1]:
        if not isinstance(into.get(part), dict):
            into[part] = {}
        into = into[part]
    _forget(document, path)
    place = Place(FILE)
    document.keys[path] = document.values[path] = place
    is_list = isinstance(into.get(path[-1]), list) if leaf is None else leaf[0] in (Form.WORDS, Form.LINES)
    if is_list:
        items = [item.strip() for item in value.split(",") if item.strip()]
        for index in range(len(items)):
            document.values[(*path, index)] = place
        into[path[-1]] = items
    else:
        into[path[-1]] = Plain(value) if leaf is None else value


def _forget(document: Document, path: Path) -> None:
    """Drop the places of what is replaced."""
    for places in (document.keys, document.values):
        for old in [p for p in places if p[: len(path)] == path]:
            del places[old]
