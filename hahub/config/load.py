"""From files to settings: the one place of configuration that reads files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hahub.config.auth_hmac import resolve_keys
from hahub.config.channels import make_channels
from hahub.config.checks import check
from hahub.config.compile import compile_settings
from hahub.config.document import Document, merge
from hahub.config.host import Host, read_file, this_host
from hahub.config.keepalived import parse_keepalived
from hahub.config.overrides import apply_overrides
from hahub.config.problems import Place, Problem, Severity, problem_at
from hahub.config.references import variables
from hahub.config.strict import apply_strict_mode
from hahub.config.validate import validate
from hahub.config.yaml_text import parse_yaml
from hahub.settings import Settings

_YAML = re.compile(r"[^\s:{!]+\s*:(\s|$)|---|%YAML|- |\{|\[")
"""How the first line of YAML begins that is no comment; no line of keepalived.conf begins so."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the configuration files."""

    settings: Settings | None
    """None when there is an error among the problems."""
    problems: tuple[Problem, ...]
    """Sorted by place; with settings, only warnings and notes."""
    unreadable: tuple[Path, ...] = ()
    """Files that could not be read at all; each is among the problems too."""


def load(paths: Sequence[Path], overrides: Sequence[str] = ()) -> Loaded:
    """Read one or two files, tell their languages apart by content, merge, check and complete them.

    overrides: ``PATH=VALUE`` as in ``vrrp_instance.VI_1.interface=veth0``; applied last.
    Never raises for what a file contains or for a file that cannot be read.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    unreadable: list[Path] = []
    for path in paths:
        try:
            documents.append(parse(read_file(path), str(path)))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            problems.append(problem_at(Place(str(path)), "", f"cannot be read: {reason.lower()}"))
            unreadable.append(path)
    if unreadable or not documents:
        found = [*problems, *(problem for document in documents for problem in document.problems)]
        return Loaded(None, sort_problems(found), tuple(unreadable))
    return complete(merge(documents), overrides, this_host())


def parse(content: bytes, file: str) -> Document:
    """Read the content of one file in the language that it is written in. Pure."""
    text = content.decode(errors="surrogateescape")  # harmless in comments of keepalived.conf
    return parse_yaml(text, file) if is_yaml(text) else parse_keepalived(text, file)


def is_yaml(text: str) -> bool:
    """Whether the first line that says something is YAML; otherwise it is keepalived's language."""
    for line in text.removeprefix("\ufeff").split("\n"):
        stripped = line.strip()
        if stripped and stripped[0] not in "#!":
            return _YAML.match(stripped) is not None
    return False


def complete(document: Document, overrides: Sequence[str], host: Host) -> Loaded:
    """Make settings of what the files said. Reads the secrets that channels refer to, and names of routing tables."""
    apply_overrides(document, overrides)
    config = apply_strict_mode(validate(document, host.read_names), document)
    config, key_names = resolve_keys(config, document, host)
    check(config, document, host)
    channels = make_channels(config, document, host)
    problems = sort_problems(document.problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Loaded(None, problems)
    settings = compile_settings(config, channels, host.name)
    names = tuple(dict.fromkeys([*variables(document.data.get("channels")), *key_names]))
    return Loaded(replace(settings, parent=replace(settings.parent, secret_variables=names)), problems)


def sort_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Each once, in the order of the places."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.column, p.path, p.message)))
