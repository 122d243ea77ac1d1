"""Every channel's worker, and the way of a message to it: route, wait in a lane, be sent."""

import logging
from collections.abc import Iterable

import trio

from hahub.hub import registry
from hahub.hub.clock import Moment
from hahub.hub.delivery import Surroundings, Worker
from hahub.hub.outbox import ANYONE, Lanes, Message
from hahub.model import Transition
from hahub.policy.identity import message_key
from hahub.policy.retry import WAIT_MAX
from hahub.policy.routing import channels_for
from hahub.settings import ChannelSettings

logger = logging.getLogger(__name__)


class Bus:
    """The channels of the current configuration. Workers live in the nursery."""

    def __init__(self, nursery: trio.Nursery, surroundings: Surroundings) -> None:
        self._nursery = nursery
        self._around = surroundings
        self._settings: tuple[ChannelSettings, ...] = ()
        self._lanes: dict[str, Lanes] = {}
        self._workers: dict[str, Worker] = {}

    @property
    def waiting(self) -> int:
        """How many messages of configured channels somebody has not got."""
        return sum(len(self._lanes.get(channel.name, ())) for channel in self._settings)

    def configure(self, channels: tuple[ChannelSettings, ...]) -> list[str]:
        """Work with these channels from now on; what cannot be done, for people.

        A channel that did not change goes on undisturbed. One that cannot be made keeps its messages.
        """
        self._settings = channels
        notes = []
        kept = {c.name: w for c in channels if (w := self._workers.get(c.name)) and w.made.settings == c}
        ended = {name: worker for name, worker in self._workers.items() if name not in kept}
        for worker in ended.values():
            worker.end()
        self._workers = kept
        for channel in channels:
            if channel.name in kept:
                continue
            try:
                self._start(registry.make(channel), ended.get(channel.name))
            except registry.ChannelError as error:
                logger.log(logging.ERROR, "channel does not work, its messages wait: %s", error)
                notes.append(str(error))
        return notes

    def _start(self, made: registry.Made, before: Worker | None) -> None:
        name = made.settings.name
        worker = Worker(made, self._lanes.setdefault(name, Lanes()), self._around)
        self._workers[name] = worker
        self._nursery.start_soon(_run_after, before, worker)

    def plan(self, transition: Transition, received: Moment) -> tuple[Message, ...]:
        """The messages that a transition causes."""
        return tuple(
            Message(
                key=message_key(transition, name),
                channel=name,
                transition=transition,
                received=received,
                recipients=self._workers[name].made.channel.recipients if name in self._workers else (ANYONE,),
                not_before=received.wall,
            )
            for name in channels_for(transition, self._settings)
        )

    def offer(self, messages: Iterable[Message]) -> None:
        """Send these as soon as their time comes. What waits already is not put in twice."""
        now, wall = trio.current_time(), self._around.now().wall
        for message in messages:
            # Somebody may have set the clock since a restart: never wait longer than we ever would.
            delay = min(max(message.not_before - wall, 0.0), WAIT_MAX)
            self._lanes.setdefault(message.channel, Lanes()).add(message, now + delay)
            if message.channel in self._workers:
                self._workers[message.channel].wake()

    def hurry(self) -> None:
        """Try once more now, whatever waits for another attempt."""
        for name, worker in self._workers.items():
            self._lanes[name].hurry(trio.current_time())
            worker.wake()

    async def wait_drained(self, until: float) -> None:
        """Return when no working channel has anything to send before ``until``, in trio's time."""
        for worker in list(self._workers.values()):
            await worker.wait_drained(until)


async def _run_after(before: Worker | None, worker: Worker) -> None:
    if before is not None:
        await before.finished.wait()
    await worker.run()
