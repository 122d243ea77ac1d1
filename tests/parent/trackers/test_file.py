"""``track_file``: the number in a file, however the file is written."""

import os
from pathlib import Path

import pytest
import trio
import trio.testing

from hahub.messages import FileResult
from hahub.parent.logs import Log
from hahub.parent.tasks import Tasks
from hahub.parent.trackers.file import FileTrackers, parse_number, read_number
from hahub.settings import WatchedFile
from tests.parent.logbook import LogBook


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("-60\n", -60),
        ("+7 and more", 7),
        (" \n\t12", 12),
        ("0x1F", 31),
        ("-0x10", -16),
        ("010", 8),
        ("08", 0),
        ("99999999999999999999", 2**31 - 1),
        ("-99999999999999999999", 1 - 2**31),
        ("", None),
        ("\n", None),
        ("up", None),
        ("- 5", None),
    ],
)
def test_a_number_is_read_as_c_reads_it(text: str, number: int | None) -> None:
    assert parse_number(text) == number


def test_what_is_no_file_with_a_number_says_nought_and_why(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "words").write_text("up\n")

    assert [read_number(str(tmp_path / name)) for name in ("none", "fifo", "words", "")] == [
        FileResult(f"{tmp_path}/none", 0, f"{tmp_path}/none does not exist"),
        FileResult(f"{tmp_path}/fifo", 0, f"{tmp_path}/fifo is no regular file"),
        FileResult(f"{tmp_path}/words", 0, f"{tmp_path}/words has no number"),
        FileResult(f"{tmp_path}", 0, f"{tmp_path} is no regular file"),
    ]


class Watched:
    """Trackers whose reports can be waited for."""

    def __init__(self, nursery: trio.Nursery, log: Log) -> None:
        self.reports: list[FileResult] = []
        self.trackers = FileTrackers(Tasks(nursery), log, self.reports.append)

    async def wait_for(self, *values: int) -> None:
        with trio.fail_after(30):
            while len(self.reports) < len(values):
                await trio.sleep(0.02)
        assert [report.value for report in self.reports] == list(values)


@pytest.fixture
def watched(nursery: trio.Nursery, log: Log) -> Watched:
    return Watched(nursery, log)


async def test_each_change_is_reported_once_however_it_comes(tmp_path: Path, watched: Watched) -> None:
    path = tmp_path / "tf"

    watched.trackers.configure([WatchedFile("tf", str(path))])
    await watched.wait_for(0)
    path.write_text("-60\n")
    await watched.wait_for(0, -60)
    path.write_text("-60 once more\n")
    (tmp_path / "new").write_text("5")
    (tmp_path / "new").rename(path)
    await watched.wait_for(0, -60, 5)
    path.rename(tmp_path / "away")
    await watched.wait_for(0, -60, 5, 0)
    (tmp_path / "away").rename(path)
    await watched.wait_for(0, -60, 5, 0, 5)
    path.unlink()
    await watched.wait_for(0, -60, 5, 0, 5, 0)

    assert watched.reports[1] == FileResult("tf", -60, f"{path} says -60")


async def test_a_link_is_followed_also_when_it_leads_elsewhere(tmp_path: Path, watched: Watched) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for number, directory in enumerate((first, second), 1):
        directory.mkdir()
        (directory / "tf").write_text(str(number))
    (tmp_path / "tf").symlink_to("first/tf")

    watched.trackers.configure([WatchedFile("tf", str(tmp_path / "tf"))])
    await watched.wait_for(1)
    (first / "tf").write_text("11")
    await watched.wait_for(1, 11)
    (tmp_path / "new").symlink_to("second/tf")
    (tmp_path / "new").rename(tmp_path / "tf")
    await watched.wait_for(1, 11, 2)
    (second / "tf").write_text("22")
    await watched.wait_for(1, 11, 2, 22)


async def test_a_directory_that_comes_later_is_found(tmp_path: Path, watched: Watched, logbook: LogBook) -> None:
    path = tmp_path / "later" / "tf"

    watched.trackers.configure([WatchedFile("tf", str(path))])
    await watched.wait_for(0)
    path.parent.mkdir()
    path.write_text("9")
    await watched.wait_for(0, 9)
    path.parent.rename(tmp_path / "gone")
    await watched.wait_for(0, 9, 0)

    told = "WARNING parent: track_file tf: no watch, looked at every 1 s: No such file or directory"
    assert [line for line in logbook.lines if "no watch" in line] == [told]


@pytest.mark.parametrize(
    ("before", "file", "after"),
    [
        pytest.param(None, WatchedFile("tf", "", 7), "7\n", id="made when it is missing"),
        pytest.param("5\n", WatchedFile("tf", "", 7), "5\n", id="left alone when it is there"),
        pytest.param("5 long\n", WatchedFile("tf", "", 7, overwrite=True), "7\n", id="overwritten when told so"),
        pytest.param(None, WatchedFile("tf", "", 7, overwrite=True), "7\n", id="overwrite makes it too"),
        pytest.param(None, WatchedFile("tf", ""), None, id="not made without init_file"),
    ],
)
async def test_init_file(tmp_path: Path, watched: Watched, before: str | None, file: WatchedFile, after: str) -> None:
    path = tmp_path / "tf"
    if before is not None:
        path.write_text(before)

    watched.trackers.configure([WatchedFile(file.name, str(path), file.initial, file.overwrite)])
    await watched.wait_for(int(after.split()[0]) if after else 0)

    assert (path.read_text() if path.exists() else None) == after


async def test_a_reload_leaves_alone_what_stays_the_same(tmp_path: Path, watched: Watched) -> None:
    kept = WatchedFile("kept", str(tmp_path / "kept"), 3)
    gone = WatchedFile("gone", str(tmp_path / "gone"), 4)
    watched.trackers.configure([kept])
    await watched.wait_for(3)
    watched.trackers.configure([kept, gone])
    await watched.wait_for(3, 4)

    watched.trackers.configure([kept])
    await trio.testing.wait_all_tasks_blocked()
    (tmp_path / "gone").write_text("5")
    (tmp_path / "kept").write_text("6")
    await watched.wait_for(3, 4, 6)
