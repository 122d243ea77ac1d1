"""FIFOs as files: made, accepted, refused, kept, removed."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from hahub.parent.fifo import FifoError, Fifos, open_fifo
from hahub.settings import FifoSettings


def settings(path: Path, *, user: str = "", group: str = "") -> FifoSettings:
    return FifoSettings("notify_fifo", str(path), user, group)


def test_a_fifo_of_ours_is_0600_and_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "fifo"

    fifo = open_fifo(settings(path))

    assert stat.S_ISFIFO(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert fifo.created
    fifo.close()
    assert not path.exists()


def test_an_existing_fifo_keeps_its_mode_and_is_never_removed(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    path.chmod(0o644)

    fifo = open_fifo(settings(path))
    fifo.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert not fifo.created


def fill(descriptor: int) -> NoReturn:
    while True:
        os.write(descriptor, b"x" * 4096)


def test_writing_without_a_reader_works_and_never_blocks(tmp_path: Path) -> None:
    fifo = open_fifo(settings(tmp_path / "fifo"))

    assert os.write(fifo.descriptor, b"line\n") == 5
    with pytest.raises(BlockingIOError):
        fill(fifo.descriptor)
    assert not os.get_inheritable(fifo.descriptor)
    fifo.close()


def test_somebody_elses_fifo_of_the_same_name_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    fifo = open_fifo(settings(path))
    path.unlink()
    os.mkfifo(path)

    fifo.close()

    assert path.exists()


def regular(path: Path) -> None:
    path.write_text("precious")


def link_to_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("real"))
    path.symlink_to("real")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        pytest.param(regular, "found a regular file, expected a FIFO or nothing", id="regular file"),
        pytest.param(Path.mkdir, "found a directory, expected a FIFO or nothing", id="directory"),
        pytest.param(link_to_fifo, "found a symbolic link, expected a FIFO or nothing", id="symbolic link"),
    ],
)
def test_anything_else_in_its_place_is_refused_and_left_alone(
    tmp_path: Path, make: Callable[[Path], None], found: str
) -> None:
    path = tmp_path / "fifo"
    make(path)
    before = path.lstat()

    with pytest.raises(FifoError) as refusal:
        open_fifo(settings(path))

    assert str(refusal.value) == f"notify_fifo {path}: {found}"
    assert path.lstat() == before


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FifoError, match="missing/fifo: no such file or directory, expected a place"):
        open_fifo(settings(tmp_path / "missing" / "fifo"))


def test_an_unknown_owner_leaves_no_fifo_behind(tmp_path: Path) -> None:
    with pytest.raises(FifoError, match="user nosuchuser does not exist"):
        open_fifo(settings(tmp_path / "fifo", user="nosuchuser"))

    assert not (tmp_path / "fifo").exists()


def test_a_fifo_is_given_to_its_owner_or_says_that_it_could_not_be(tmp_path: Path) -> None:
    fifo = open_fifo(settings(tmp_path / "fifo", user="daemon", group="daemon"))

    owner = (tmp_path / "fifo").stat()
    if fifo.note:
        assert (owner.st_uid, owner.st_gid) == (os.geteuid(), os.getegid())
        assert fifo.note.endswith("cannot be given to uid=1 gid=1: operation not permitted")
    else:
        assert (owner.st_uid, owner.st_gid) == (1, 1)
    fifo.close()


def test_a_change_keeps_what_stays_opens_what_is_new_and_returns_what_goes(tmp_path: Path) -> None:
    fifos = Fifos()
    stays, goes, comes = (settings(tmp_path / name) for name in ("stays", "goes", "comes"))
    fifos.change([stays, goes])
    before = fifos.open

    gone = fifos.change([comes, stays])

    assert gone == before[1:]
    assert [fifo.path for fifo in fifos.open] == [comes.path, stays.path]
    assert fifos.open[1] == before[0]
    for fifo in gone:
        fifo.close()
    fifos.close()
    assert list(tmp_path.iterdir()) == []


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fifos = Fifos()
    fifos.change([settings(tmp_path / "old")])
    before = fifos.open

    with pytest.raises(FifoError):
        fifos.change([settings(tmp_path / "new"), settings(tmp_path / "file")])

    assert fifos.open == before
    assert {path.name for path in tmp_path.iterdir()} == {"old", "file"}
    fifos.close()


def test_a_fifo_that_somebody_removed_is_made_again_by_a_change(tmp_path: Path) -> None:
    fifos = Fifos()
    fifos.change([settings(tmp_path / "fifo")])
    (tmp_path / "fifo").unlink()

    gone = fifos.change([settings(tmp_path / "fifo")])

    assert len(gone) == 1
    assert (tmp_path / "fifo").stat().st_ino == fifos.open[0].inode


def test_the_first_keyword_has_a_path_that_is_named_twice(tmp_path: Path) -> None:
    fifos = Fifos()

    fifos.change([settings(tmp_path / "fifo"), FifoSettings("vrrp_notify_fifo", str(tmp_path / "fifo"))])

    assert [fifo.settings.keyword for fifo in fifos.open] == ["notify_fifo"]
    fifos.close()
