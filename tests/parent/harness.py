"""A parent as a real process, with stand-ins for core and hub, and ways to watch it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hahub import messages
from hahub.messages import Record
from hahub.settings import (
    CheckScript,
    Command,
    CoreSettings,
    FifoSettings,
    HubSettings,
    InstanceSettings,
    NotifyScripts,
    ParentSettings,
    Settings,
)

PATIENCE = 30.0


def wait_until(condition: Callable[[], object], what: str) -> Any:
    """The first true answer of ``condition``; fails after 30 s."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE:g} s in vain: {what}")


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def script(path: Path, body: str) -> Command:
    """Write an executable shell script."""
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return Command((str(path),))


def settings(
    *,
    checks: Sequence[CheckScript] = (),
    notify: Sequence[NotifyScripts] = (),
    fifos: Sequence[FifoSettings] = (),
    script_timeout: float = 30.0,
    stop_grace: float = 20.0,
    hub_user: str = "",
) -> Settings:
    """A configuration with one instance, VI_1."""
    return Settings(
        CoreSettings("here", (InstanceSettings("VI_1", "eth0", 51),)),
        ParentSettings(
            check_scripts=tuple(checks),
            notify_scripts=tuple(notify),
            fifos=tuple(fifos),
            script_timeout=script_timeout,
            stop_grace=stop_grace,
            hub_user=hub_user,
        ),
        HubSettings("here"),
    )


class Daemon:
    """A running parent. A context manager: whatever happens, nothing of it outlives the test."""

    def __init__(self, directory: Path, wanted: Settings, *, prefix: Sequence[str] = (), user: str | None = None):
        self.directory = directory
        self.settings_file = directory / "settings.json"
        self.configure(wanted)
        self._log = directory / "log"
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, str(Path(__file__).with_name("daemon.py")), self.settings_file, directory],
                stderr=log,
                env=dict(os.environ) | {"HAHUB_STANDIN": str(directory)},
                user=user,
                group=user,
                extra_groups=[] if user else None,
            )

    def configure(self, wanted: Settings) -> None:
        self.settings_file.write_bytes(msgspec.json.encode(wanted))

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        print(self.log)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def heard(self, name: str, record: str = "") -> list[dict[str, Any]]:
        """What a stand-in wrote down, of all its lives: all records, or those of one type."""
        path = self.directory / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if record in ("", line["record"])]

    def pid_of(self, name: str, *, other_than: int = 0) -> int:
        """The pid of a stand-in, once it is configured."""

        def newest() -> int:
            pids = [line["pid"] for line in self.heard(name, "Configure")]
            return pids[-1] if pids and pids[-1] != other_than else 0

        return int(wait_until(newest, f"{name} is configured"))

    def wait_ready(self) -> None:
        self.pid_of("core")
        self.pid_of("hub")
        wait_until(lambda: self.heard("core", "Ack") and self.heard("hub", "Ack"), "core and hub are joined")

    def children(self) -> list[int]:
        """Pids of the parent's children, the guard among them."""
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def guard_pid(self) -> int:
        def find() -> int:
            for pid in self.children():
                if b"guard.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
            return 0

        return int(wait_until(find, "there is a guard"))

    def core_sends(self, record: Record) -> None:
        self._order("core", b"send " + messages.encode(record))

    def core_writes(self, line: str) -> None:
        self._order("core", b"fifo " + line.encode())

    def _order(self, name: str, order: bytes) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(order, str(self.directory / f"{name}.sock"))

    def wait_for_log(self, text: str) -> str:
        """The first line of the log with this text."""
        return str(
            wait_until(lambda: next((line for line in self.log.splitlines() if text in line), ""), f"log: {text}")
        )

    def terminate(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)
