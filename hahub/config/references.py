"""References to secrets in channel settings: ``env:NAME`` and ``file:/path`` become the values they name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr

from hahub.config.document import Path
from hahub.config.host import Host

Report = Callable[[Path, str], None]
"""Takes the path of a setting and what is wrong with its reference."""


@dataclass(slots=True)
class Resolver:
    """Replaces references below one channel; remembers what must never be repeated."""

    host: Host
    report: Report
    secrets: list[str] = field(default_factory=list)
    """Every secret value met."""
    literals: list[Path] = field(default_factory=list)
    """Where a secret stands in the file itself."""
    unresolved: set[Path] = field(default_factory=set)
    """References that name nothing; each was reported."""

    def resolve(self, value: object, annotation: Any, path: Path) -> object:
        """The same value with references resolved where the annotation has a Secret."""
        options = _options(annotation)
        if isinstance(value, str):
            return self._text(value, path) if SecretStr in options else value
        if isinstance(value, list):
            items = next((get_args(o) for o in options if get_origin(o) in (list, tuple, set, frozenset)), ())
            inner: Any = items[0] if items else object
            return [self.resolve(item, inner, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.resolve(item, _of_key(options, key), (*path, key)) for key, item in value.items()}
        return value

    def _text(self, text: str, path: Path) -> str:
        kind, colon, name = text.partition(":")
        if not colon or kind not in ("env", "file"):
            self.literals.append(path)
            self.secrets.append(text)
            return text
        problem, secret = self._from_environment(name) if kind == "env" else self._from_file(name)
        if problem:
            self.unresolved.add(path)
            self.report(path, f"{text} {problem}")
        self.secrets.append(secret)
        return secret

    def _from_environment(self, name: str) -> tuple[str, str]:
        """What is wrong, or nothing, and the value."""
        secret = self.host.environ.get(name, "")
        return ("" if secret else "is not set, expected a value in the environment"), secret

    def _from_file(self, name: str) -> tuple[str, str]:
        """What is wrong, or nothing, and the value."""
        if not name.startswith("/"):
            return "is relative, expected an absolute path", ""
        try:
            secret = self.host.read_secret(name)
        except OSError as error:
            return f"cannot be read: {(error.strerror or 'unknown error').lower()}", ""
        except ValueError:  # not UTF-8, or a path with a NUL
            return "cannot be read: not text in UTF-8", ""
        return ("" if secret else "is empty"), secret


def variables(value: object) -> Iterator[str]:
    """The names of the environment variables that settings refer to, however deep."""
    if isinstance(value, str) and value.startswith("env:"):
        yield value.removeprefix("env:")
    elif isinstance(value, list):
        for item in value:
            yield from variables(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from variables(item)


def _options(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation allows, out of unions and Annotated; itself when it is one type."""
    found: list[Any] = []
    waiting = [annotation]
    while waiting:
        current = waiting.pop()
        found.append(current)
        if get_origin(current) not in (list, tuple, set, frozenset, dict):
            waiting.extend(get_args(current))
    return tuple(found)


def _of_key(options: tuple[Any, ...], key: str) -> Any:
    """The annotation of one key of a mapping or a nested model."""
    for option in options:
        if isinstance(option, type) and issubclass(option, BaseModel) and key in option.model_fields:
            return option.model_fields[key].annotation
        if get_origin(option) is dict:
            return get_args(option)[1]
    return object
