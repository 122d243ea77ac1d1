"""What configuration asks of the machine it is read on. Everything else in this package is pure."""

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hahub.config.names import DEFAULT, FILES, Names, parse_names, with_defaults

FILE_SIZE_MAX = 16 * 1024 * 1024
"""Bytes of one configuration file; more is a mistake in the name."""
_SECRET_SIZE_MAX = 64 * 1024
_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/local/sbin"
_IPROUTE_ETC = "/etc/iproute2"
_IPROUTE_USR = ("/usr/share/iproute2", "/usr/lib/iproute2")


@dataclass(frozen=True, slots=True)
class Host:
    """The machine, as far as configuration depends on it."""

    name: str
    """The host name, for router_id."""
    environ: Mapping[str, str]
    """For ``env:NAME``."""
    read_secret: Callable[[str], str]
    """For ``file:/path``: the text, without its last line end. Raises OSError or UnicodeError."""
    is_public: Callable[[str], bool]
    """Whether everybody on the machine can read a configuration file."""
    has_user: Callable[[str], bool]
    has_group: Callable[[str], bool]
    has_program: Callable[[str], bool] = lambda _name: True
    """Whether there is a program of this name, for root."""
    read_names: Callable[[str, str], Names] = lambda _etc, _usr: DEFAULT
    """Names of routing tables and the like, from two directories, what is in the first before the second; either may
    be empty for the usual one."""


def this_host() -> Host:
    """The machine we run on."""
    return Host(
        os.uname().nodename, os.environ, _read_secret, _is_public, _has_user, _has_group, _has_program, _read_names
    )


def read_file(path: Path) -> bytes:
    """Read a configuration file. Raises OSError, also for one that is far too large."""
    with path.open("rb") as file:
        content = file.read(FILE_SIZE_MAX + 1)
    if len(content) > FILE_SIZE_MAX:
        raise OSError(0, f"larger than {FILE_SIZE_MAX // 1024 // 1024} MiB")
    return content


def _read_secret(path: str) -> str:
    with Path(path).open("rb") as file:
        return file.read(_SECRET_SIZE_MAX).decode().removesuffix("\n").removesuffix("\r")


def _has_program(name: str) -> bool:
    return shutil.which(name) is not None or shutil.which(name, path=_SYSTEM_PATH) is not None


def _read_names(etc: str, usr: str) -> Names:
    """As iproute2 reads them: a file in ``etc`` stands for the one in ``usr``; then come those in directories."""
    own, given = Path(etc or _IPROUTE_ETC), [Path(path) for path in ((usr,) if usr else _IPROUTE_USR)]
    found: dict[str, dict[str, int]] = {}
    for kind, file in FILES.items():
        places = [directory / file for directory in (own, *given)]
        files = [next((place for place in places if place.is_file()), places[0])]
        inside = {path.name: path for place in reversed(places) for path in sorted(Path(f"{place}.d").glob("*.conf"))}
        found[kind] = {}
        for path in (*files, *inside.values()):
            found[kind] = {**_names_in(path), **found[kind]}
    return with_defaults(found)


def _names_in(path: Path) -> dict[str, int]:
    try:
        return parse_names(read_file(path).decode(errors="replace"))
    except (OSError, ValueError):
        return {}


def _is_public(path: str) -> bool:
    try:
        return bool(Path(path).stat().st_mode & stat.S_IROTH)
    except (OSError, ValueError):
        return False


def _has_user(name: str) -> bool:
    if name.isdecimal():
        return True
    try:
        pwd.getpwnam(name)
    except (KeyError, UnicodeError):
        return False
    return True


def _has_group(name: str) -> bool:
    if name.isdecimal():
        return True
    try:
        grp.getgrnam(name)
    except (KeyError, UnicodeError):
        return False
    return True
