"""The requirements, as the files of this folder have them."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

COUNT = 147
"""Rows there are, numbered from 1."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row."""

    number: int
    level: str
    """MUST, MUST NOT, SHOULD, SHOULD NOT or MAY of an RFC; ``practice`` or ``keepalived`` where no RFC says it."""
    source: str
    text: str
    keepalived: str
    """What keepalived 2.2.7 does."""
    deviates: bool = False
    """It does not meet the requirement."""
    applies: str = "wire"
    """``wire`` or ``configuration``; else why there is no test: ``kernel``, ``router``, ``none``."""
    reason: str = ""
    """Of there being no test."""
    hahub: str = ""
    """What hahub decided on purpose; empty where there was nothing to decide."""
    on_demand: bool = False
    """hahub meets it when asked to; by default it does as keepalived does."""

    @property
    def name(self) -> str:
        return f"VR-{self.number:03}"

    @property
    def has_test(self) -> bool:
        """It applies to a host, so a test is named after it."""
        return self.applies in ("wire", "configuration")


@dataclass(frozen=True, slots=True)
class Section:
    """Rows about one thing."""

    title: str
    requirements: tuple[Requirement, ...]


def read_requirements() -> tuple[Section, ...]:
    """Return all of them. Raises TypeError, ValueError or KeyError for a file that is not as ``Requirement`` says."""
    return tuple(_read_section(path) for path in sorted(Path(__file__).parent.glob("*.toml")))


def _read_section(path: Path) -> Section:
    rows = tomllib.loads(path.read_text())
    title = rows.pop("title")
    return Section(title, tuple(Requirement(number_of(name), **fields) for name, fields in rows.items()))


def number_of(name: str) -> int:
    """Return 1 for ``VR-001``."""
    found = re.fullmatch(r"VR-(\d{3})", name)
    if found is None:
        raise ValueError(f"{name} is not the name of a requirement")
    return int(found[1])
