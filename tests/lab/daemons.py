"""The two daemons that can play a VRRP router, behind one interface, so that a test runs with any pair of them."""

import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from tests.lab.network import Host
from tests.lab.timeline import PATIENCE, wait_until


class Daemon(ABC):
    """One VRRP daemon in one host.

    In its configuration, ``/run/lab`` stands for the host's own directory, where ``fifo`` and ``notify.sh`` are.
    """

    name: ClassVar[str]

    def __init__(self, host: Host, config: str) -> None:
        self.host = host
        self.config_path = host.directory / f"{self.name}.conf"
        self.log_path = host.directory / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(config)
        host.daemon = self

    @abstractmethod
    def command(self) -> list[str]:
        """The command that runs it in the foreground, logging to stdout or stderr."""

    def configure(self, config: str) -> None:
        """Write the configuration; read at the next start or reload."""
        self.config_path.write_text(config.replace("/run/lab", str(self.host.directory)))

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", self.host.namespace, *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.host.lab.note(self.host, f"{self.name} started")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def reload(self, config: str) -> None:
        """Give it a new configuration and SIGHUP."""
        self.configure(config)
        self.host.lab.note(self.host, "SIGHUP")
        self.signal(signal.SIGHUP)

    def terminate(self) -> None:
        """Ask it to stop; returns at once."""
        self.host.lab.note(self.host, "SIGTERM")
        self.signal(signal.SIGTERM)

    def wait(self, *, within: float = PATIENCE) -> int:
        """Return its exit status; negative when a signal ended it."""
        assert self._process is not None
        return self._process.wait(within)

    def stop(self) -> int:
        """Ask it to stop and wait for that; return its exit status."""
        self.terminate()
        return self.wait()

    def kill(self) -> None:
        """End it as a power cut does: SIGKILL to all its processes before one can act on the death of another."""
        self.host.kill_everything()
        self.host.lab.note(self.host, "killed", ends_reign=True)
        self.reap()

    def reap(self) -> None:
        """Collect what is left of a process that was killed."""
        if self._process is not None:
            self._process.wait(PATIENCE)

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    @property
    def log(self) -> str:
        """What it logged, all of its lives."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


class Keepalived(Daemon):
    """The real keepalived, VRRP subsystem only."""

    name = "keepalived"

    def start(self) -> None:
        """Start as after a boot, where /run is empty: it refuses to when the process of a left pid file is a zombie."""
        for pid_file in self.host.directory.glob("*.pid"):
            pid_file.unlink()
        super().start()

    def command(self) -> list[str]:
        own = self.host.directory
        pid_files = ["-p", f"{own}/main.pid", "-r", f"{own}/vrrp.pid", "-c", f"{own}/checkers.pid"]
        return [
            "keepalived",
            "--dont-fork",
            "--log-console",
            "--log-detail",
            "--vrrp",
            "-f",
            str(self.config_path),
            *pid_files,
        ]


class Hahub(Daemon):
    """hahub from this checkout."""

    name = "hahub"

    def command(self) -> list[str]:
        own = self.host.directory
        executable = Path(sys.executable).with_name("hahub")
        directories = ["--run-dir", f"{own}/run", "--state-dir", f"{own}/state"]
        return [str(executable), "run", "-f", str(self.config_path), *directories, "--log-level", "debug"]

    def terminate(self) -> None:
        """Once the hub works: without it the last transitions stay unwritten, which has an exit status of its own."""
        wait_until(lambda: "parent: hub ready" in self.log, "the hub works")
        super().terminate()

    def process(self, module: str) -> int:
        """Return the id of its process that runs this module, such as ``hahub.core``."""
        found = [pid for pid in self.host.processes() if module in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]
        assert len(found) == 1, f"{module} runs as {found}"
        return found[0]

    def kill_process(self, module: str) -> None:
        """SIGKILL to one of its processes."""
        os.kill(self.process(module), signal.SIGKILL)
        self.host.lab.note(self.host, f"{module} killed")

    def kill_parent(self) -> None:
        """SIGKILL to the parent process alone."""
        self.signal(signal.SIGKILL)
        self.host.lab.note(self.host, "parent killed")


DAEMONS: dict[str, type[Daemon]] = {daemon.name: daemon for daemon in (Keepalived, Hahub)}
