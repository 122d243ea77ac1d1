"""Telling: every report becomes a transition with a number, a FIFO line, and records to the parent and the hub.

The hub acknowledges what is in its journal; until then the transition is kept and sent again over each new link.
"""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial

from hahub.core.afterwards import Afterwards
from hahub.core.log import WARNING, CoreLog
from hahub.core.outlet import Outlet
from hahub.core.succession import ReporterMemory
from hahub.core.volley import Volley
from hahub.link import Link
from hahub.messages import Ack, Gap
from hahub.model import Kind, Transition
from hahub.settings import InstanceSettings, SyncGroupSettings
from hahub.vrrp.actions import Report
from hahub_fifo import FifoWriter, Line, format_line

UNACKNOWLEDGED_MAX = 10_000
"""Transitions kept for a hub that is away; older ones become an explicit gap."""


class Reporter:
    """Numbers, writes and keeps the transitions of one life of the core. Never waits."""

    def __init__(
        self,
        boot: str,
        parent: Outlet,
        log: CoreLog,
        afterwards: Afterwards | None = None,
        volley: Volley | None = None,
    ) -> None:
        self.boot = boot
        self._volley = volley
        self._lines: list[bytes] = []
        """For the FIFOs, not yet written."""
        self._log = log
        self._parent = parent
        self._afterwards = afterwards or Afterwards()
        self._hub = Outlet()
        self._hub_connected = False
        self._fifos: Sequence[FifoWriter] = ()
        self._unacknowledged: deque[Transition] = deque()
        self._told: set[tuple[str, str]] = set()
        self._sequence = 0
        self._lost_first = 0
        self._lost_last = 0

    @property
    def hub_outlet(self) -> Outlet:
        return self._hub

    @property
    def all_acknowledged(self) -> bool:
        return not self._unacknowledged

    @property
    def has_hub(self) -> bool:
        return self._hub_connected

    def use_fifos(self, fifos: Sequence[FifoWriter]) -> None:
        """Write to these, in this order, from now on."""
        self._fifos = fifos

    def report(self, node: str, subject: InstanceSettings | SyncGroupSettings, report: Report) -> None:
        """Tell everyone about one report of one instance or group."""
        self._sequence += 1
        kind = Kind.INSTANCE if isinstance(subject, InstanceSettings) else Kind.GROUP
        self._told.add((kind, subject.name))
        if report.state.is_keepalived_word:
            self._write(Line(kind, subject.name, report.state, report.priority))
        moment = (self._sequence, time.time(), time.monotonic())
        self._afterwards.do(partial(self._send, node, subject, report, moment))

    def _write(self, line: Line) -> None:
        self._lines.append(format_line(line))
        if self._volley is None:
            self._write_lines()
        else:
            self._volley.last(self._write_lines)

    def begin_reload(self) -> None:
        """From now on, take note of who reports something."""
        self._told.clear()

    def restate(self, lines: Iterable[Line]) -> None:
        """Write the states of those who had nothing to report since ``begin_reload``, into the FIFOs only."""
        for line in lines:
            if (line.kind, line.name) not in self._told:
                self._write(line)

    def _write_lines(self) -> None:
        lines, self._lines = self._lines, []
        for fifo in self._fifos:
            if fifo.write_all(lines):
                self._log.limited(WARNING, fifo.path, "fifo", f"the pipe is full, lost={fifo.lost}")

    def _send(
        self,
        node: str,
        subject: InstanceSettings | SyncGroupSettings,
        report: Report,
        moment: tuple[int, float, float],
    ) -> None:
        """moment: the number of the report, and its time by both clocks."""
        seq, at, monotonic = moment
        instance = subject if isinstance(subject, InstanceSettings) else None
        transition = Transition(
            kind=Kind.GROUP if instance is None else Kind.INSTANCE,
            name=subject.name,
            state=report.state,
            previous=report.previous,
            priority=report.priority,
            reason=report.reason,
            node=node,
            boot=self.boot,
            seq=seq,
            at=at,
            monotonic=monotonic,
            interface="" if instance is None else instance.interface,
            virtual_router_id=0 if instance is None else instance.virtual_router_id,
            addresses=() if instance is None else tuple(map(str, instance.virtual_addresses)),
        )
        self._parent.put(transition)
        self._keep(transition)
        if self._hub_connected:
            self._hub.put(transition)

    def _keep(self, transition: Transition) -> None:
        if len(self._unacknowledged) >= UNACKNOWLEDGED_MAX:
            lost = self._unacknowledged.popleft()
            self._lost_first = self._lost_first or lost.seq
            self._lost_last = lost.seq
        self._unacknowledged.append(transition)

    def remember(self) -> ReporterMemory:
        """All that another process needs to go on with the numbers of this one."""
        return ReporterMemory(
            self.boot,
            self._sequence,
            tuple(self._unacknowledged),
            tuple(record for record in self._parent.waiting if isinstance(record, Transition)),
            self._lost_first,
            self._lost_last,
        )

    def recall(self, memory: ReporterMemory) -> None:
        """Go on with them."""
        self.boot, self._sequence = memory.boot, memory.sequence
        self._unacknowledged = deque(memory.unacknowledged)
        self._lost_first, self._lost_last = memory.lost_first, memory.lost_last
        for transition in memory.unsent:
            self._parent.put(transition)

    def connect_hub(self, link: Link) -> None:
        """A new hub, or a new life of it: everything it has not acknowledged goes out again, in order."""
        self._hub.clear()
        self._hub.attach(link)
        self._hub_connected = True
        if self._lost_first:
            self._hub.put(
                Gap(self.boot, self._lost_first, self._lost_last, "the hub was away for too long to keep them")
            )
        for transition in self._unacknowledged:
            self._hub.put(transition)

    def disconnect_hub(self) -> None:
        self._hub.attach(None)
        self._hub_connected = False

    def acknowledged(self, ack: Ack) -> None:
        """The hub has journalled everything up to here. An answer to an earlier life of the core is ignored."""
        if ack.boot != self.boot:
            return
        while self._unacknowledged and self._unacknowledged[0].seq <= ack.seq:
            self._unacknowledged.popleft()
        if ack.seq >= self._lost_last:
            self._lost_first = self._lost_last = 0
