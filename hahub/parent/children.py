"""Core and hub together: how each is started and configured, and the link that joins them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from hahub import lifeline, link, messages
from hahub.lifeline import Due
from hahub.messages import Configure, CoreLink, HubLink, Maintenance, Ready, Record, TookOver, TrackerResult
from hahub.messages import Log as LogRecord
from hahub.model import Transition
from hahub.parent import hub_user, vigil
from hahub.parent.briefing import Briefing
from hahub.parent.fifo import Fifo
from hahub.parent.heritage import ChildHeritage, Heritage
from hahub.parent.launch import EarlyCore, Program, connected_pair, core_program
from hahub.parent.logs import LogWriter
from hahub.parent.spawn import Child, Spawner
from hahub.parent.supervisor import Ending, Send, Supervised
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
        self,
        programs: Programs,
        spawner: Spawner,
        log: LogWriter,
        *,
        hear: Callable[[Transition], None],
        inherited: Heritage | None = None,
    ) -> None:
        """hear: called with each transition that the core reports, once.

        inherited: core and hub run already, started by an earlier image of this process.
        """
        self._programs = programs
        self._spawner = spawner
        self._writer = log
        self._hear = hear
        self._settings: Settings | None = None
        self._fifos: tuple[Fifo, ...] = ()
        self._verdicts: dict[TrackerKey, TrackerResult] = {}
        self._said: set[tuple[str, str]] = set()
        self._maintenance = Maintenance(on=False)
        self._lifeline = inherited.lifeline if inherited is not None else lifeline.create()
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
        if inherited is not None:
            self._inherit(inherited)

    def _inherit(self, heritage: Heritage) -> None:
        results = (messages.decode(text.encode()) for text in heritage.results)
        self._verdicts = {each.tracker: each for each in results if isinstance(each, TrackerResult)}
        for child, left in ((self._core, heritage.core), (self._hub, heritage.hub)):
            process = self._spawner.inherit_process(left, label=child.name)
            child.adopt(process, link.Link.from_fileno(left.link), is_known=True)

    @property
    def verdicts(self) -> tuple[TrackerResult, ...]:
        """As the core was told them last."""
        return tuple(self._verdicts.values())

    def bequeath(self) -> tuple[int, ChildHeritage, ChildHeritage] | None:
        """Leave lifeline, core and hub to another image of this process; None while one of them has to be told more."""
        lives = (self._core.life, self._hub.life)
        core, hub = (life.bequeath() if life is not None else None for life in lives)
        return (self._lifeline, core, hub) if core is not None and hub is not None else None

    async def replace_core(self) -> str:
        """Let another core take over, unnoticed by anybody. Returns why that failed, empty when it acts now."""
        return await self._core.replace(self._greet_successor)

    async def restart_hub(self, grace: float) -> None:
        """Let another hub follow; what is not delivered waits in the journal."""
        self._briefings["hub"].owe()
        await self._hub.restart(grace)
        await self._briefings["hub"].wait_done()

    def _greet_successor(self, send: Send) -> None:
        if self._maintenance.on:
            send(self._maintenance, ())
        with self._core_settings() as (record, descriptors):
            send(record, descriptors)
        for verdict in self._verdicts.values():
            send(verdict, ())

    def configure(self, settings: Settings, fifos: Sequence[Fifo], *, told: bool = False) -> None:
        """Take a configuration; those who are alive get it now, the others when they are.

        told: both have it already, from an earlier image of this process.
        """
        self._settings = settings
        self._fifos = tuple(fifos)
        trackers = settings.parent.trackers
        self._verdicts = {key: verdict for key, verdict in self._verdicts.items() if key in trackers}
        if not told:
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
        with self._core_settings() as (record, descriptors):
            self._configure_child(self._core, record, descriptors)

    def _configure_hub(self) -> None:
        with _memory_file("hahub-hub-settings", messages.encode_settings(self._present().hub)) as file:
            self._configure_child(self._hub, Configure(), [file])

    def _configure_child(self, child: Supervised, record: Configure, descriptors: Sequence[int]) -> None:
        briefing = self._briefings[child.name]
        if not child.is_alive:
            briefing.owe()
            return
        child.send(record, descriptors)
        briefing.sent()

    @contextmanager
    def _core_settings(self) -> Iterator[tuple[Configure, list[int]]]:
        """What the core is configured with."""
        record = Configure(tuple(fifo.path for fifo in self._fifos), lifeline=True)
        with _memory_file("hahub-core-settings", messages.encode_settings(self._present().core)) as file:
            yield record, [file, self._lifeline, *(fifo.descriptor for fifo in self._fifos)]

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
            case TookOver(notes):
                self._writer.named("parent").info(f"another {name} has taken over")
                self._say_notes(name, notes)
                self._join()
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


@contextmanager
def _memory_file(name: str, content: bytes) -> Iterator[int]:
    descriptor = link.memory_file(name, content)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
