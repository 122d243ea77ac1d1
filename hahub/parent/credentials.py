"""Which user a program runs as, and whether this process may become that user at all.

In a user namespace with one uid, or without CAP_SETUID, it may not: what was to run as somebody else then
runs as the present user, and the log says so once.
"""

import grp
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

_CAP_SETGID = 6
_CAP_SETUID = 7
_NEEDED = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}
"""Without them a core would be master of addresses that it cannot add, or hear nobody."""


class CredentialsError(Exception):
    """A user or a group that does not exist."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Numeric user and group of a program; supplementary groups are always dropped."""

    uid: int
    gid: int


def present() -> Credentials:
    """Those of this process."""
    return Credentials(os.geteuid(), os.getegid())


def resolve(user: str, group: str) -> Credentials:
    """Look names (or numbers) up; an empty user means the present one, an empty group the user's own.

    Raises CredentialsError, naming what does not exist.
    """
    here = present()
    uid, gid = here.uid, here.gid
    if user:
        uid, gid = _user(user)
    if group:
        gid = _group(group)
    return Credentials(uid, gid)


def _user(name: str) -> tuple[int, int]:
    try:
        entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        raise CredentialsError(f"user {name} does not exist") from None
    return entry.pw_uid, entry.pw_gid


def _group(name: str) -> int:
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise CredentialsError(f"group {name} does not exist") from None


@dataclass(frozen=True, slots=True)
class Powers:
    """What the kernel says about this process's power to become others; the text of its /proc/self files."""

    status: str
    uid_map: str
    gid_map: str
    setgroups: str

    def why_not(self, wanted: Credentials) -> str:
        """Why this process cannot become ``wanted``; empty when it can."""
        held = int(_field(self.status, "CapEff"), 16)
        if not held >> _CAP_SETUID & 1 or not held >> _CAP_SETGID & 1:
            return "CAP_SETUID and CAP_SETGID are not available"
        if not _maps(self.uid_map, wanted.uid):
            return f"uid {wanted.uid} does not exist in this user namespace"
        if not _maps(self.gid_map, wanted.gid):
            return f"gid {wanted.gid} does not exist in this user namespace"
        if self.setgroups.strip() == "deny":
            return "setgroups is denied in this user namespace"
        return ""

    def needed(self) -> tuple[str, ...]:
        """The capabilities that are missing, and without which there is no virtual router."""
        held = int(_field(self.status, "CapEff"), 16)
        return tuple(name for name, number in _NEEDED.items() if not held >> number & 1)


def powers() -> Powers:
    """Those of this process, now."""
    return Powers(*(Path("/proc/self", name).read_text() for name in ("status", "uid_map", "gid_map", "setgroups")))


def _field(status: str, name: str) -> str:
    return next(line.split(":", 1)[1].strip() for line in status.splitlines() if line.startswith(f"{name}:"))


def _maps(table: str, number: int) -> bool:
    """Whether an id appears in a uid_map or gid_map: lines of first, first outside, count."""
    rows = (tuple(map(int, line.split())) for line in table.splitlines())
    return any(first <= number < first + count for first, _, count in rows)


def can_reach(path: Path, user: Credentials) -> bool:
    """Whether a user may pass every directory above ``path``, by owner, group and mode; ACLs are not asked.

    Both the path as it is written and the path it leads to count.
    """
    above = {*path.absolute().parents, *path.resolve().parents}
    return all(_may_pass(directory, user) for directory in above)


def _may_pass(directory: Path, user: Credentials) -> bool:
    if user.uid == 0:
        return True
    try:
        status = directory.stat()
    except OSError:
        return False
    if status.st_uid == user.uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == user.gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)
