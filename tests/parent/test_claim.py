"""One daemon per network namespace."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hahub.parent import claim as module
from hahub.parent.claim import ClaimError, claim
from tests.net.namespace import in_namespace

NAME = f"hahub-test-{os.getpid()}"
HOLD = (
    f"import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.bind('\\0{NAME}')\n"
    "{}; print(flush=True); sys.stdin.read()"
)


@contextmanager
def somebody_else(*, action: str = "s.listen()") -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has taken the name, until its standard input is closed."""
    command = [sys.executable, "-I", "-c", HOLD.format(action)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        assert process.stdin is not None
        process.stdin.close()


def test_a_second_one_is_refused_and_told_who_is_there() -> None:
    with (
        somebody_else() as process,
        pytest.raises(ClaimError, match=f"this network namespace already, pid {process.pid}$"),
    ):
        claim(NAME)

    ours = claim(NAME)
    assert ours.note == ""
    assert not os.get_inheritable(ours.descriptor)
    ours.close()
    claim(NAME).close()


@in_namespace
def test_another_network_namespace_is_another_place() -> None:
    """The name of the test before this one, held in the namespace of all tests."""
    with somebody_else() as process:
        entered = ["nsenter", f"--net=/proc/{os.getppid()}/ns/net", sys.executable, "-c"]
        elsewhere = subprocess.run([*entered, f"from hahub.parent.claim import claim; claim('{NAME}')"], check=False)

        assert elsewhere.returncode == 0
        with pytest.raises(ClaimError, match=f"pid {process.pid}$"):
            claim(NAME)


def test_the_guard_of_a_dead_one_is_waited_for() -> None:
    """The socket outlives the process that listened, in the hands of one that cleans up for half a second."""
    linger = "import time; s.listen(); print(flush=True); os.fork() and os._exit(0); time.sleep(0.5); sys.exit()"
    with somebody_else(action=linger) as process:
        process.wait(30)

        claim(NAME).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_ordinary_user_cannot_keep_us_from_starting() -> None:
    with somebody_else(action="os.setuid(65534); s.listen()") as process:
        ours = claim(NAME)

    assert ours.descriptor == -1
    assert f"pid={process.pid} holds @{NAME}" in ours.note


def test_who_has_the_name_and_does_not_listen_is_no_hahub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    with somebody_else(action="pass"):
        ours = claim(NAME)

    assert ours.descriptor == -1
    assert "somebody who is no hahub" in ours.note
