"""One node of the article: a host with the service, hahub, and the deeds that the story does to them."""

import os
import sys
from pathlib import Path

import trio

from hahub.demo import processes, samples
from hahub.demo.service_files import Service
from hahub.demo.sinks import DINGTALK_SECRET, DINGTALK_TOKEN, DINGTALK_URL, MAIL_ADDRESS, WEBHOOK_SECRET, WEBHOOK_URL
from hahub.demo.steps import Deed
from hahub.demo.topology import Host

INSTANCE = "VI_1"
"""The article's name for the virtual router."""
VIRTUAL_ROUTER_ID = 50
_STOPS_WITHIN = 15.0
_HAHUB = (sys.executable, "-P", "-c", "from hahub.cli import main; main()")
_YAML = """\
# What the article's cluster.conf does not have: a FIFO, and two channels besides its mail.
global_defs:
  vrrp_notify_fifo: {fifo}
channels:
  dingtalk:
    type: dingtalk
    url: {dingtalk_url}
    access_token: {dingtalk_token}
    secret: {dingtalk_secret}
  webhook:
    type: webhook
    url: {webhook_url}
    secret: {webhook_secret}
hub:
  user: root
"""


class DeedError(Exception):
    """Something that the story does to a node did not work."""


class Node:
    """One of the three machines."""

    def __init__(self, host: Host, directory: Path, service: Service, *, priority: int) -> None:
        """directory: exists, and the service's files are in it; hahub's are written here."""
        self.host = host
        self.directory = directory
        self.fifo = directory / "notify.fifo"
        self._service = service
        self._priority = priority
        self._running: dict[str, trio.Process] = {}
        os.mkfifo(self.fifo, 0o600)
        yaml = directory / "hahub.yaml"
        yaml.touch(0o600)
        yaml.write_text(
            _YAML.format(
                fifo=self.fifo,
                dingtalk_url=DINGTALK_URL,
                dingtalk_token=DINGTALK_TOKEN,
                dingtalk_secret=DINGTALK_SECRET,
                webhook_url=WEBHOOK_URL,
                webhook_secret=WEBHOOK_SECRET,
            )
        )

    @property
    def name(self) -> str:
        return self.host.name

    @property
    def service_description(self) -> str:
        return self._service.description

    @property
    def daemon_command(self) -> tuple[str, ...]:
        """The article's file as it is, and what has to differ here."""
        return (
            *_HAHUB,
            "run",
            *("-f", str(samples.find("article/cluster.conf")), "-c", str(self.directory / "hahub.yaml")),
            *("--set", f"vrrp_instance.{INSTANCE}.priority={self._priority}"),
            *("--set", f"vrrp_script.check_nginx.script={self._service.check}"),
            *("--set", f"global_defs.smtp_server={MAIL_ADDRESS}"),
            *("--run-dir", str(self.directory / "run"), "--state-dir", str(self.directory / "state")),
        )

    async def do(self, deed: Deed) -> None:
        """Do something to this node. Raises DeedError when it does not go as it should."""
        match deed:
            case Deed.START_SERVICE:
                await self.start("service", self._service.command)
            case Deed.STOP_SERVICE:
                await self._stop("service")
            case Deed.START_DAEMON:
                await self.start("hahub", self.daemon_command)
            case Deed.STOP_DAEMON:
                await self._stop("hahub")
            case Deed.KILL_DAEMON:
                process = self._running.pop("hahub")
                processes.kill_family(process.pid)
                await process.wait()

    async def start(self, name: str, command: tuple[str, ...]) -> None:
        """Start something on this node; its output goes to NAME.log."""
        log = self.directory / f"{name}.log"
        self._running[name] = await processes.open_in(self.host.init, command, log=log, directory=self.directory)

    def ended(self) -> list[str]:
        """Say what has ended although nobody ended it."""
        return [
            f"{name} on {self.name} ended by itself with status {process.returncode}"
            for name, process in self._running.items()
            if process.poll() is not None
        ]

    async def _stop(self, name: str) -> None:
        process = self._running.pop(name)
        processes.terminate_child(process.pid)
        with trio.move_on_after(_STOPS_WITHIN):
            status = await process.wait()
            if status == 0:
                return
            raise DeedError(f"{name} on {self.name} ended with status {status}")
        processes.kill_family(process.pid)
        raise DeedError(f"{name} on {self.name} did not stop within {_STOPS_WITHIN:.0f} s")
