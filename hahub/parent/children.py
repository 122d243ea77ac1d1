"""Core and hub together: how each is started and configured, and the link that joins them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import trio

from hahub import lifeline, link, messages
from hahub.lifeline import Due
from hahub.messages import Configure, CoreLink, HubLink, Maintenance, Ready, Record, TrackerResult
from hahub.messages import Log as LogRecord
from hahub.model import Transition
from hahub.parent import hub_user, vigil
from hahub.parent.briefing import Briefing
from hahub.parent.fifo import Fifo
from hahub.parent.launch import EarlyCore, Program, connected_pair, core_program
from hahub.parent.logs import LogWriter
from hahub.parent.spawn import Child, Spawner
from hahub.parent.supervisor import Ending, Supervised
from hahub.settings import Settings, TrackerKey

_CORE_LEAVES_WITHIN = 3.0
_WITHOUT_CORE_MAX = 1.0
"""Seconds between two lives of the core: the addresses of a dead one stay, while its peers take over after three."""
_CONFIGURE_MAX = 60.0
"""Seconds that a core may take for a configuration."""
_HUB_EXTRA = 1.0
"""Seconds beyond its grace until the hub is killed."""


@dataclass(frozen=True, slots=True)
class Programs:
    """What to execute, and the directory for what must survive."""

    core: tuple[str, ...]
    hub: tuple[str, ...]
    state_dir: Path


class Children:
    """Core and hub, each kept alive, each told all it has to know at the beginning of each life."""

    def __init__(
        self, programs: Programs, spawner: Spawner, log: LogWriter, *, hear: Callable[[Transition], None]
    ) -> None:
        """hear: called with each transition that the core reports, once."""
        self._programs = programs
        self._spawner = spawner
        self._writer = log
        self._hear = hear
        self._settings: Settings | None = None
        self._fifos: tuple[Fifo, ...] = ()
        self._verdicts: dict[TrackerKey, TrackerResult] = {}
        self._said: set[tuple[str, str]] = set()
        self._maintenance = Maintenance(on=False)
        self._lifeline = lifeline.create()
        self._signs = lifeline.Reader(self._lifeline)
        self._briefings = {"core": Briefing(), "hub": Briefing()}
        log_parent = log.named("parent")
        self._core = Supervised(
            "core",
            log_parent,
            start=self._start_core,
            greet=self._greet_core,
            hear=lambda record: self._hear_from("core", record),
            revive=True,
            delay_max=_WITHOUT_CORE_MAX,
        )
        self._hub = Supervised(
            "hub",
            log_parent,
            start=self._start_hub,
            greet=self._greet_hub,
            hear=lambda record: self._hear_from("hub", record),
        )

    def configure(self, settings: Settings, fifos: Sequence[Fifo]) -> None:
        """Take a configuration; those who are alive get it now, the others when they are."""
        self._settings = settings
        self._fifos = tuple(fifos)
        trackers = settings.parent.trackers
        self._verdicts = {key: verdict for key, verdict in self._verdicts.items() if key in trackers}
        self._configure_core()
        self._configure_hub()

    async def wait_configured(self) -> None:
        """Wait until core and hub work with the configuration, also when one of them has to start first."""
        for briefing in self._briefings.values():
            await briefing.wait_done()

    def start(self, nursery: trio.Nursery, early: EarlyCore | None = None) -> None:
        """Start both, after ``configure``. early: a core that runs already. Raises OSError when it cannot be kept."""
        if early is not None:
            launched, sock = early.take()
            self._core.adopt(self._spawner.adopt_process(launched, label="core"), link.Link(sock))
        nursery.start_soon(self._core.run)
        nursery.start_soon(self._hub.run)
        nursery.start_soon(vigil.keep, self._expected_of_core, self._core.kill)

    def tell_core(self, result: TrackerResult) -> None:
        """Pass a verdict on; a core that starts later hears it too."""
        self._verdicts[result.tracker] = result
        self._core.send(result)

    def maintain(self, maintenance: Maintenance) -> None:
        """Begin or end maintenance; a core that starts later is lowered before it does anything."""
        self._maintenance = maintenance
        self._core.send(maintenance)

    async def stop_core(self, grace: float) -> Ending:
        return await self._core.stop(grace, kill_after=_CORE_LEAVES_WITHIN)

    async def stop_hub(self, grace: float) -> Ending:
        return await self._hub.stop(grace, kill_after=grace + _HUB_EXTRA)

    def _expected_of_core(self) -> Due | None:
        """Whose word is due first; None while there is no core."""
        if not self._core.is_alive:
            return None
        since = self._briefings["core"].open_since
        if since is None:
            return self._signs.due(vigil.PATIENCE_MIN)
        return Due(since + _CONFIGURE_MAX, _CONFIGURE_MAX, f"no answer to its configuration for {_CONFIGURE_MAX:g} s")

    def _start_core(self, descriptor: int) -> Child:
        return self._spawner.start_process(core_program(self._programs.core, descriptor), label="core")

    def _start_hub(self, descriptor: int) -> Child:
        state_dir, configured = self._programs.state_dir, self._present().parent.hub_user
        user = hub_user.choose(configured, self._spawner, state_dir)
        directory = hub_user.prepare(state_dir, user)
        argv = (*self._programs.hub, "--link", str(descriptor), "--state-dir", str(directory))
        return self._spawner.start_process(Program(argv, user, pass_fds=(descriptor,)), label="hub")

    def _present(self) -> Settings:
        if self._settings is None:
            raise RuntimeError("configure comes before start")
        return self._settings

    def _greet_core(self) -> None:
        self._briefings["core"].begin()
        if self._maintenance.on:
            self._core.send(self._maintenance)
        self._configure_core()
        for verdict in self._verdicts.values():
            self._core.send(verdict)
        self._join()

    def _greet_hub(self) -> None:
        self._briefings["hub"].begin()
        self._configure_hub()
        self._join()

    def _configure_core(self) -> None:
        record = Configure(tuple(fifo.path for fifo in self._fifos), lifeline=True)
        text = messages.encode_settings(self._present().core)
        descriptors = [self._lifeline, *(fifo.descriptor for fifo in self._fifos)]
        self._send_settings(self._core, record, text, descriptors)

    def _configure_hub(self) -> None:
        self._send_settings(self._hub, Configure(), messages.encode_settings(self._present().hub), [])

    def _send_settings(self, child: Supervised, record: Configure, text: bytes, descriptors: Sequence[int]) -> None:
        if not child.is_alive:
            self._briefings[child.name].owe()
            return
        file = link.memory_file(f"hahub-{child.name}-settings", text)
        try:
            child.send(record, [file, *descriptors])
            self._briefings[child.name].sent()
        finally:
            os.close(file)

    def _join(self) -> None:
        """Give core and hub a new link to each other, whenever one of them is new."""
        if not (self._core.is_alive and self._hub.is_alive):
            return
        core_end, hub_end = connected_pair()
        with core_end, hub_end:
            self._core.send(HubLink(), [core_end.fileno()])
            self._hub.send(CoreLink(), [hub_end.fileno()])

    def _hear_from(self, name: str, record: Record) -> None:
        match record:
            case LogRecord(level, text):
                self._writer.write(level, name, text)
            case Ready(notes):
                self._briefings[name].answered()
                self._writer.named("parent").info(f"{name} ready")
                self._say_notes(name, notes)
            case Transition():
                self._hear(record)
            case _:
                pass

    def _say_notes(self, name: str, notes: Sequence[str]) -> None:
        """What a process has to do without is said once, however often the process is restarted."""
        for note in notes:
            if (name, note) not in self._said:
                self._said.add((name, note))
                self._writer.named(name).warning(note)
