"""The helper itself: a test in a namespace must be able to fail, and must leave nothing behind."""

import os
import time
from pathlib import Path

import pytest

from tests.net import namespace
from tests.net.namespace import connect, in_namespace, ip


def names() -> set[str]:
    return set(os.listdir("/sys/class/net"))  # noqa: PTH208  # a set of names


@in_namespace
def test_a_body_sees_a_network_of_its_own():
    connect()

    assert "near0" in ip("-o link")
    assert "far0@" not in ip("-o link").replace("near0@", "")


def test_a_body_that_fails_fails_its_test_and_leaves_nothing_behind():
    @in_namespace
    def body(word: str) -> None:
        connect()
        raise AssertionError(f"the body said {word}")

    before = names()

    with pytest.raises(pytest.fail.Exception, match="the body said no"):
        body("no")

    assert names() == before


def test_a_body_that_kills_its_process_fails():
    @in_namespace
    def body() -> None:
        os._exit(0)

    with pytest.raises(pytest.fail.Exception, match="ended without a word"):
        body()


def test_a_body_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(namespace, "PATIENCE", 1.0)
    note = tmp_path / "pid"

    @in_namespace
    def body() -> None:
        note.write_text(str(os.getpid()))
        time.sleep(3600)

    with pytest.raises(pytest.fail.Exception, match="not finished within 1 s"):
        body()

    assert not Path(f"/proc/{note.read_text()}").exists()
