"""The hub's unprivileged user, and the directory that only this user may enter."""

import os
import stat
import sys
from pathlib import Path

import hahub
from hahub.parent import credentials
from hahub.parent.credentials import Credentials, CredentialsError
from hahub.parent.spawn import Spawner

_DEFAULT_USERS = ("hahub", "nobody")


def choose(configured: str, spawner: Spawner, state_dir: Path) -> Credentials | None:
    """Whom the hub runs as; None for the user of this process, which is logged once where it is second choice."""
    if os.geteuid() != 0:
        return None
    user = _find(configured)
    if user is None:
        spawner.say_once(f"the hub runs as root: there is no user {configured or ' or '.join(_DEFAULT_USERS)}")
        return None
    permitted = spawner.permitted(user, "the hub runs")
    if permitted is None:
        return None
    for path in (Path(sys.executable), Path(hahub.__file__), state_dir / "hub"):
        if not credentials.can_reach(path, permitted):
            spawner.say_once(f"the hub runs as root: uid={permitted.uid} cannot reach {path}")
            return None
    return permitted


def check(configured: str) -> None:
    """Raises CredentialsError when a configured user does not exist."""
    if configured:
        credentials.resolve(configured, "")


def _find(configured: str) -> Credentials | None:
    for name in [configured] if configured else _DEFAULT_USERS:
        try:
            return credentials.resolve(name, "")
        except CredentialsError:
            continue
    return None


def make_directory(state_dir: Path) -> Path:
    """Make the state directory and in it the hub's own, mode 0700. Returns the latter. Raises OSError."""
    state_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    directory = state_dir / "hub"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def prepare(state_dir: Path, user: Credentials | None) -> Path:
    """Give the hub's directory to its user, with what root left in it. Returns it. Raises OSError."""
    directory = make_directory(state_dir)
    owner = user or credentials.present()
    found = directory.lstat()
    if os.geteuid() == 0 and (found.st_uid, found.st_gid) != (owner.uid, owner.gid):
        if found.st_uid == 0:
            _give_files(directory, owner)
        os.chown(directory, owner.uid, owner.gid, follow_symlinks=False)
    return directory


def _give_files(directory: Path, owner: Credentials) -> None:
    """Only plain files with a single name: an earlier owner may have put links to foreign ones here."""
    for entry in directory.iterdir():
        found = entry.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.chown(entry, owner.uid, owner.gid, follow_symlinks=False)
