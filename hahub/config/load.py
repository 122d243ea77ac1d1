"""From files to settings: the one place of configuration that reads files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hahub.config.problems import Problem
from hahub.settings import Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the configuration files."""

    settings: Settings | None
    """None when there is an error among the problems."""
    problems: tuple[Problem, ...]
    """Sorted by place; with settings, only warnings and notes."""


def load(paths: Sequence[Path], overrides: Sequence[str] = ()) -> Loaded:
    """Read one or two files, tell their languages apart by content, merge, check and complete them.

    overrides: ``PATH=VALUE`` as in ``vrrp_instance.VI_1.interface=veth0``; applied last.
    Never raises for what a file contains or for a file that cannot be read.
    """
    raise NotImplementedError
