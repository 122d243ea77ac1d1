"""A machine with known users, environment and files, and configurations checked on it."""

from collections.abc import Callable, Sequence

import pytest

from hahub.config.document import merge
from hahub.config.host import Host
from hahub.config.load import Loaded, complete, parse
from hahub.config.problems import format_problem

SECRETS = {"/run/secrets/token": "filetoken", "/run/secrets/empty": ""}


def _read_secret(path: str) -> str:
    try:
        return SECRETS[path]
    except KeyError:
        raise FileNotFoundError(2, "No such file or directory", path) from None


@pytest.fixture
def host() -> Host:
    """A machine named node-1 with users root and web, and nothing of this one."""
    return Host(
        name="node-1",
        environ={"TOKEN": "envtoken"},
        read_secret=_read_secret,
        is_public=lambda file: file == "public.yaml",
        has_user=lambda name: name in ("root", "web"),
        has_group=lambda name: name in ("root", "www"),
    )


@pytest.fixture
def loaded(host: Host) -> Callable[..., Loaded]:
    """Load texts, each ``(file name, text)``, as ``load`` does with files."""

    def _loaded(*files: tuple[str, str], overrides: Sequence[str] = ()) -> Loaded:
        return complete(merge([parse(text.encode(), name) for name, text in files]), overrides, host)

    return _loaded


@pytest.fixture
def problem_lines(loaded: Callable[..., Loaded]) -> Callable[..., list[str]]:
    """The problems of one text as lines; ``a.conf`` whatever the language."""

    def _lines(text: str, *overrides: str, file: str = "a.conf") -> list[str]:
        return [format_problem(problem) for problem in loaded((file, text), overrides=overrides).problems]

    return _lines
