"""The guarded service, its check, and the client that asks it: real processes on 127.0.0.1."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hahub.demo import probe, samples
from hahub.demo.service_files import Service, find_nginx, write_nginx, write_own

PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def wait_for_answer(port: int) -> str:
    deadline = time.monotonic() + PATIENCE
    while not (answer := probe.ask("127.0.0.1", port)):
        assert time.monotonic() < deadline, f"no answer on port {port}"
        time.sleep(0.05)
    return answer


@contextmanager
def running(service: Service, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(service.command, cwd=directory)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def write_nginx_or_fail(name: str, directory: Path, *, port: int) -> Service:
    nginx = find_nginx()
    assert nginx is not None
    service = write_nginx(nginx, name, directory, port=port)
    assert service is not None
    return service


@pytest.mark.parametrize("kind", ["nginx", "own"])
def test_the_service_says_its_name_and_ends_well(kind: str, tmp_path: Path, require):
    if kind == "nginx" and find_nginx() is None:
        require("nginx")
    port = free_port()
    service = (write_own if kind == "own" else write_nginx_or_fail)("application", tmp_path, port=port)

    with running(service, tmp_path) as process:
        answer = wait_for_answer(port)
        process.send_signal(signal.SIGTERM)
        status = process.wait(PATIENCE)

    assert (answer, status) == ("application", 0)


def test_the_check_of_our_own_service_tells_whether_it_lives(tmp_path: Path):
    port = free_port()
    service = write_own("server", tmp_path, port=port)

    before = subprocess.run([service.check], check=False).returncode
    with running(service, tmp_path):
        wait_for_answer(port)
        meanwhile = subprocess.run([service.check], check=False).returncode
    after = subprocess.run([service.check], check=False).returncode

    assert (before, meanwhile, after) == (2, 0, 2)


def test_the_check_of_nginx_is_the_article_s(tmp_path: Path, require):
    if find_nginx() is None:
        require("nginx")

    service = write_nginx_or_fail("server", tmp_path, port=free_port())

    assert service.check.read_text() == samples.find("article/nginx_check_status.sh").read_text()
    assert service.check.stat().st_mode & 0o111


def test_an_nginx_that_refuses_the_configuration_is_not_used(tmp_path: Path):
    assert write_nginx("/bin/false", "server", tmp_path) is None


def test_the_probe_writes_down_who_answered_and_when_nobody_did(tmp_path: Path):
    port, log = free_port(), tmp_path / "answers"
    service = write_own("server", tmp_path, port=port)

    asking = subprocess.Popen([sys.executable, "-I", "-S", probe.__file__, "127.0.0.1", str(port), str(log)])
    try:
        wait_for(log, "")
        with running(service, tmp_path):
            wait_for(log, "server")
        silent_from = time.monotonic()
        wait_for(log, "", after=silent_from)
    finally:
        asking.kill()
        asking.wait()

    times = [at for at, _ in answers(log)]
    assert times == sorted(times)


def answers(log: Path) -> list[tuple[float, str]]:
    """The complete lines so far."""
    text = log.read_text() if log.exists() else ""
    return [(line["at"], line["node"]) for line in map(json.loads, text.splitlines()[: text.count("\n")])]


def wait_for(log: Path, node: str, *, after: float = 0.0) -> None:
    deadline = time.monotonic() + PATIENCE
    while not any(at > after and seen == node for at, seen in answers(log)):
        assert time.monotonic() < deadline, f"no line about {node or 'nobody'} in {log}"
        time.sleep(0.05)
