"""The stage: network, nodes, those who are told, and the observers of all that."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import trio

from hahub.demo import observers, sinks, topology
from hahub.demo.node import VIRTUAL_ROUTER_ID, Node
from hahub.demo.service_files import PORT, Service, find_nginx, write_nginx, write_own
from hahub.demo.steps import APPLICATION, CLIENT, SERVER
from hahub.demo.timeline import Timeline

DIRECTORY = Path("/run/hahub-demo")
"""On a file system that exists in the enclosure only, and dies with it."""
CAST = {SERVER: ("10.211.55.8", 100), APPLICATION: ("10.211.55.9", 99), CLIENT: ("10.211.55.10", 50)}
"""Address and priority of each node: the article's weight of -2 lets server fall behind application.

client is far behind: a difference of 1 makes its master_down_timer only 4 ms longer (skew_time), too little for the
advertisement of application to arrive first on a machine that is busy.
"""
_PROBE = Path(__file__).with_name("probe.py")


class Stage:
    """Everything but the story. Lives in the enclosure and is never taken down: it dies with it."""

    def __init__(self, nursery: trio.Nursery, timeline: Timeline, *, without_nginx: bool) -> None:
        """nursery: the observers run in it until it is cancelled."""
        self.nodes: dict[str, Node] = {}
        self._nursery = nursery
        self.timeline = timeline
        self._nginx = None if without_nginx else find_nginx()

    async def build(self) -> None:
        """Make it all, and begin to observe. Raises TopologyError, SinkError or SampleError."""
        _make_directory()
        topology.build_switch()
        names = {address: name for name, (address, _) in CAST.items()}
        self._nursery.start_soon(observers.watch_wire, topology.SWITCH, VIRTUAL_ROUTER_ID, names, self.timeline)
        for channel, messages in (await sinks.start(DIRECTORY)).items():
            self._nursery.start_soon(observers.watch_messages, messages, channel, self.timeline)
        for name, (address, priority) in CAST.items():
            await self._add_node(name, address, priority)
        await self._start_probe(self.nodes[CLIENT])

    async def _add_node(self, name: str, address: str, priority: int) -> None:
        directory = DIRECTORY / name
        directory.mkdir()
        host = await topology.add_host(name, address)
        node = self.nodes[name] = Node(host, directory, self._service(name, directory), priority=priority)
        self._nursery.start_soon(observers.watch_fifo, node.fifo, name, self.timeline)

    def _service(self, name: str, directory: Path) -> Service:
        """nginx as in the article, where there is one that works."""
        nginx = write_nginx(self._nginx, name, directory) if self._nginx else None
        return nginx or write_own(name, directory)

    async def _start_probe(self, node: Node) -> None:
        answers = node.directory / "answers.jsonl"
        answers.touch()
        command = (sys.executable, "-I", "-S", str(_PROBE), topology.VIRTUAL_ADDRESS, str(PORT), str(answers))
        await node.start("probe", command)
        self._nursery.start_soon(observers.watch_answers, answers, self.timeline)


def _make_directory() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    DIRECTORY.mkdir()


def save_logs() -> Path | None:
    """Copy what the daemons and the sinks wrote to a new directory that outlives us; None when there is nothing."""
    if not DIRECTORY.is_dir():
        return None
    target = Path(tempfile.mkdtemp(prefix="hahub-demo-"))
    for file in DIRECTORY.rglob("*"):
        if file.is_file():
            copy = target / file.relative_to(DIRECTORY)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    return target
