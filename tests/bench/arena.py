"""One contender on host b, the rival on host a, and an observer, for as long as one measurement takes."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from tests.bench.arithmetic import Seen
from tests.bench.contenders import CONTENDERS
from tests.bench.observer import Observer
from tests.bench.plan import FIFO_NAME, VirtualRouter, configuration
from tests.bench.rival import Rival
from tests.lab import Daemon, Lab
from tests.lab.network import Host

PATIENCE = 30.0
"""Seconds that anything may take which should come at once."""
_LOOK_INTERVAL = 0.1


class MeasureError(Exception):
    """What was to be measured did not happen."""


class Arena:
    """A fresh laboratory with one daemon in it, not yet started."""

    def __init__(self, contender: str, routers: Sequence[VirtualRouter]) -> None:
        self.routers = tuple(routers)
        self._contender = contender
        self._lab = Lab("a", "b", recorded=False)
        self._stack = contextlib.ExitStack()
        self.started_at = 0.0
        """CLOCK_MONOTONIC of the contender's start."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._lab)
            fifo = self.host.directory / FIFO_NAME
            for host in self._lab.hosts.values():
                os.mkfifo(host.directory / FIFO_NAME, 0o600)
            self.daemon: Daemon = CONTENDERS[self._contender](self.host, configuration(self.routers))
            self.rival = Rival(self.rival_host)
            stack.callback(self.rival.close)
            ports = {host.name: host.port for host in self._lab.hosts.values()}
            self.observer = Observer(
                self._lab.switch, ports, namespace=self.host.namespace, host=self.host.name, fifo=fifo
            )
            stack.callback(self.observer.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def host(self) -> Host:
        """Where the contender runs."""
        return self._lab["b"]

    @property
    def rival_host(self) -> Host:
        return self._lab["a"]

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.daemon.start()

    def start_as_master(self) -> Seen:
        """Start the contender and wait until it is master of all; what was seen of it."""
        self.start()
        return self.wait_for_state("MASTER", PATIENCE)

    def wait_for_state(self, state: str, within: float) -> Seen:
        """Wait until the FIFO has said this state of every router; all that was seen since the last look."""
        wanted = {f'INSTANCE "{router.name}" {state}' for router in self.routers}

        def all_said(seen: Seen) -> bool:
            return wanted <= {line.text.rpartition(" ")[0] for line in seen.lines}

        return self.look_until(all_said, f"{state} of all routers", within)

    def look_until(self, satisfied: Callable[[Seen], bool], what: str, within: float) -> Seen:
        """Look now and again. Raises MeasureError, with the daemon's last words, when it takes too long."""
        deadline = time.monotonic() + within
        seen = self.observer.take()
        while not satisfied(seen):
            if time.monotonic() > deadline:
                raise MeasureError(f"{self._contender}: no {what}; it said:\n{self.daemon.log[-2000:]}")
            time.sleep(_LOOK_INTERVAL)
            seen += self.observer.take()
        return seen
