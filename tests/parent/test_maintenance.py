"""The file that makes a node the last choice is watched."""

from pathlib import Path

import pytest
import trio

from hahub.messages import Maintenance
from hahub.parent import maintenance
from tests.parent.logbook import LogBook

OFF = Maintenance(on=False)


@pytest.mark.parametrize("watched", [True, False], ids=["inotify", "no watches left"])
async def test_every_change_is_told_once(
    tmp_path: Path, logbook: LogBook, monkeypatch: pytest.MonkeyPatch, watched: bool
):
    if not watched:

        def refuse() -> None:
            raise OSError(24, "Too many open files")

        monkeypatch.setattr(maintenance, "Inotify", refuse)
        monkeypatch.setattr(maintenance, "_RETRY", 0.02)
    sender, receiver = trio.open_memory_channel[Maintenance](10)
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            log = logbook.writer.named("parent")
            nursery.start_soon(lambda: maintenance.follow(run_dir, log, sender.send_nowait, told=OFF))

            (run_dir / "other").write_text("does not matter")
            (run_dir / "maintenance").write_text("root: new kernel\n")
            told = await receiver.receive()
            while told.detail == "":  # made, and not written yet
                told = await receiver.receive()
            (run_dir / "maintenance").unlink()

            assert told == Maintenance(on=True, detail="root: new kernel")
            assert await receiver.receive() == OFF
            nursery.cancel_scope.cancel()
    assert logbook.lines[-2:] == [
        "WARNING parent: maintenance begins: root: new kernel",
        "WARNING parent: maintenance ends",
    ]


def test_a_file_that_cannot_be_read_counts(tmp_path: Path):
    (tmp_path / "maintenance").mkdir()

    assert maintenance.read(tmp_path) == Maintenance(on=True, detail="maintenance cannot be read: Is a directory")
