"""The real core in a host of the laboratory; the test plays its parent and its hub over real links."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from hahub.link import Link, LinkClosedError, memory_file, pair
from hahub.messages import Ack, Configure, HandOver, HubLink, Log, Record, Standby, TookOver, encode_settings
from hahub.model import State, Transition
from hahub.settings import CoreSettings, InstanceSettings
from tests.lab import Host
from tests.lab.timeline import PATIENCE


class Hub:
    """Takes transitions as the hub would, and acknowledges them unless told not to."""

    def __init__(self, link: Link, *, acknowledges: bool) -> None:
        self.link = link
        self.acknowledges = acknowledges
        self.records: list[Record] = []

    def take(self, record: Record) -> None:
        self.records.append(record)
        if self.acknowledges and isinstance(record, Transition):
            self.link.try_send(Ack(record.boot, record.seq))


class CoreDriver:
    """One life of the core."""

    def __init__(
        self,
        host: Host,
        *instances: InstanceSettings,
        lifeline: int | None = None,
        predecessor: socket.socket | None = None,
        **more: Any,
    ) -> None:
        """lifeline: a memory file that outlives this core, as the parent keeps one; still the caller's.

        predecessor: a link to the core that this one is to follow. more: other fields of CoreSettings.
        """
        self.host = host
        self._lifeline = lifeline
        self.records: list[Record] = []
        self.closed = False
        self.hubs: list[Hub] = []
        ours, theirs = pair()
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", host.namespace, sys.executable, "-P", "-m", "hahub.core", "--link",
             str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
        )  # fmt: skip
        theirs.close()
        self.link = Link(ours)
        if predecessor is not None:
            self.link.try_send(Standby(), [predecessor.fileno()])
            predecessor.close()
        self.configure(*instances, **more)

    def configure(self, *instances: InstanceSettings, **more: Any) -> None:
        """Send a configuration, with the host's FIFO. more: other fields of CoreSettings."""
        settings = memory_file("settings", encode_settings(CoreSettings(f"node-{self.host.name}", instances, **more)))
        fifo = os.open(self.host.fifo.path, os.O_RDWR | os.O_NONBLOCK)
        remembered = [] if self._lifeline is None else [self._lifeline]
        record = Configure((str(self.host.fifo.path),), lifeline=bool(remembered))
        self.link.try_send(record, [settings, *remembered, fifo])
        os.close(settings)
        os.close(fifo)

    def hand_over_to(self, link: socket.socket) -> None:
        """Let another core follow, to which this link leads."""
        self.link.try_send(HandOver(), [link.fileno()])
        link.close()

    def wait_for_takeover(self) -> None:
        self.wait_for(lambda: any(isinstance(record, TookOver) for record in self.records), "the takeover")

    def connect_hub(self, *, acknowledges: bool = True) -> Hub:
        ours, theirs = pair()
        self.link.try_send(HubLink(), [theirs.fileno()])
        theirs.close()
        hub = Hub(Link(ours), acknowledges=acknowledges)
        self.hubs.append(hub)
        return hub

    def pump(self, seconds: float) -> None:
        """Take what the core says for at most so long."""
        descriptors = {hub.link.fileno(): hub for hub in self.hubs}
        wanted = [*descriptors, *([] if self.closed else [self.link.fileno()])]
        for ready in select.select(wanted, [], [], seconds)[0]:
            hub = descriptors.get(ready)
            try:
                received = (hub.link if hub else self.link).try_receive()
            except LinkClosedError:
                if hub:
                    self.hubs.remove(hub)
                else:
                    self.closed = True
                continue
            if received is not None:
                (hub.take if hub else self.records.append)(received[0])

    def wait_for(self, true: Callable[[], object], what: str, *, within: float = PATIENCE) -> None:
        """Keep taking records until something holds. Raises AssertionError with all that was said."""
        deadline = time.monotonic() + within
        while not true():
            assert time.monotonic() < deadline, f"waited {within} s in vain for {what}: {self.records}"
            self.pump(0.05)

    def wait_for_state(self, state: State, *, name: str = "VI_1", count: int = 1) -> Transition:
        """Wait until the instance has reported this state so many times; return the report."""

        def reports() -> list[Transition]:
            return [t for t in self.transitions(name) if t.state is state]

        self.wait_for(lambda: len(reports()) >= count, f"{name} to report {state} {count} times")
        return reports()[count - 1]

    def transitions(self, name: str = "VI_1") -> list[Transition]:
        return [r for r in self.records if isinstance(r, Transition) and r.name == name]

    def states(self, name: str = "VI_1") -> list[State]:
        return [t.state for t in self.transitions(name)]

    @property
    def log(self) -> str:
        return "\n".join(record.text for record in self.records if isinstance(record, Log))

    def signal(self, number: signal.Signals) -> None:
        """Signal the core itself."""
        os.kill(self.process.pid, number)  # ip netns exec has exec'd it: the same process

    def wait_for_end(self) -> int:
        """Wait until the process has ended; its exit status."""
        self.wait_for(lambda: self.process.poll() is not None, "the end of the core")
        while not self.closed:
            self.pump(0.05)
        return self.process.returncode

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.link.close()
        for hub in self.hubs:
            hub.link.close()
