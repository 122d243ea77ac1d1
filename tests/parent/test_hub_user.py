"""The hub's user and its directory."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hahub.parent import credentials, hub_user
from hahub.parent.credentials import CredentialsError
from hahub.parent.spawn import Spawner
from tests.parent.logbook import LogBook

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="this test needs root, which this user is not")


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="hahub-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_configured_user_that_does_not_exist_is_an_error() -> None:
    hub_user.check("")
    hub_user.check("root")
    with pytest.raises(CredentialsError, match="user nosuchuser does not exist"):
        hub_user.check("nosuchuser")


async def test_a_state_directory_that_the_user_cannot_reach_is_said(
    tmp_path: Path, spawner: Spawner, logbook: LogBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/usr/bin/env")
    monkeypatch.setattr("hahub.__file__", "/usr/bin/env")
    (tmp_path / "private").mkdir(mode=0o700)

    user = hub_user.choose("nobody", spawner, tmp_path / "private")

    assert user is None
    if os.geteuid() == 0:
        assert logbook.lines == [f"WARNING parent: the hub runs as root: uid=65534 cannot reach {tmp_path}/private/hub"]


@needs_root
async def test_root_gives_the_hub_to_somebody_else(
    open_directory: Path, spawner: Spawner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/usr/bin/env")
    monkeypatch.setattr("hahub.__file__", "/usr/bin/env")

    assert hub_user.choose("", spawner, open_directory) == credentials.resolve("nobody", "")
    assert hub_user.choose("daemon", spawner, open_directory) == credentials.resolve("daemon", "")


@needs_root
def test_the_directory_goes_to_the_user_with_what_root_left_in_it(open_directory: Path) -> None:
    nobody = credentials.resolve("nobody", "")
    directory = hub_user.prepare(open_directory, None)
    (directory / "journal.db").touch()

    assert hub_user.prepare(open_directory, nobody) == directory == open_directory / "hub"

    for path in (directory, directory / "journal.db"):
        assert (path.stat().st_uid, path.stat().st_gid) == (nobody.uid, nobody.gid)
    assert directory.stat().st_mode & 0o777 == 0o700


@needs_root
def test_links_to_foreign_files_do_not_change_their_owner(open_directory: Path) -> None:
    foreign = open_directory / "foreign"
    foreign.touch()
    directory = hub_user.make_directory(open_directory)
    (directory / "hard").hardlink_to(foreign)
    (directory / "soft").symlink_to(foreign)

    hub_user.prepare(open_directory, credentials.resolve("nobody", ""))

    assert foreign.stat().st_uid == 0
