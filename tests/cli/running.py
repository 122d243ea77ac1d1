"""A daemon as people start it, in a network namespace of an ordinary user."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.parent.harness import wait_until

HAHUB = str(Path(sys.executable).with_name("hahub"))
ADDRESS = "10.9.0.100/24"
CONFIGURATION = """
global_defs {
    router_id here
    notify_fifo DIRECTORY/fifo
}
vrrp_script chk {
    script "/usr/bin/test ! -e DIRECTORY/down"
    interval 0.2
}
vrrp_instance VI_1 {
    interface veth0
    virtual_router_id 51
    version 3
    advert_int 0.1
    virtual_ipaddress {
        10.9.0.100/24
    }
    track_script {
        chk
    }
    notify "DIRECTORY/notify"
}
"""
NETWORK = (
    "ip link add veth0 type veth peer name veth1 && ip link set veth1 up && ip link set veth0 up && "
    "ip address add 10.9.0.1/24 dev veth0 && ip link set lo up && exec "
)


class Running:
    """A running ``hahub run`` with one instance, alone on its network."""

    def __init__(
        self, directory: Path, *, configuration: str = CONFIGURATION, hahub: str = HAHUB, redirected: str = ""
    ) -> None:
        self.directory = directory
        self.file = directory / "keepalived.conf"
        self.write(configuration)
        notify = directory / "notify"
        notify.write_text(f'#!/bin/sh\necho "$@" >> {directory}/notified\n')
        notify.chmod(0o755)
        command = f"{hahub} run -f {self.file} --run-dir {directory}/run --state-dir {directory}/state {redirected}"
        with (directory / "log").open("ab") as log:
            self.process = subprocess.Popen(["unshare", "-Urn", "/bin/sh", "-c", NETWORK + command], stderr=log)

    def write(self, text: str) -> None:
        self.file.write_text(text.replace("DIRECTORY", str(self.directory)))

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def notified(self) -> list[str]:
        path = self.directory / "notified"
        return path.read_text().splitlines() if path.exists() else []

    def fifo_lines(self) -> list[str]:
        """The lines that wait in the FIFO, which are gone then."""
        descriptor = os.open(self.directory / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.read(descriptor, 65536).decode().splitlines()
        except BlockingIOError:
            return []
        finally:
            os.close(descriptor)

    def wait_for(self, words: str) -> None:
        wait_until(lambda: self.notified and self.notified[-1] == words, f"notify {words}")

    def has_address(self, *, of: int = 0) -> bool | None:
        """Whether the virtual address is on the interface, seen from the namespace of a process; None: unknown."""
        inside = ["nsenter", "-t", str(of or self.process.pid), "-U", "-n", "--preserve-credentials"]
        command = [*inside, "ip", "-4", "address", "show", "dev", "veth0"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return ADDRESS in result.stdout if result.returncode == 0 else None

    def journalled(self) -> list[str]:
        """The states in the hub's journal."""
        path = self.directory / "state" / "hub" / "journal.db"
        with closing(sqlite3.connect(path)) as journal:
            return [state for (state,) in journal.execute("SELECT state FROM transition ORDER BY seq")]

    def children(self) -> dict[str, int]:
        """Core and hub by name."""
        pid = self.process.pid
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        lines = {int(word): Path(f"/proc/{word}/cmdline").read_bytes() for word in words}
        return {
            name: child for name in ("core", "hub") for child, line in lines.items() if f"hahub.{name}".encode() in line
        }
