"""Faults that are planted into the state machine, one for each law, to see that the simulation finds them.

They are put around the public interface of Instance and its parts, so that they go on being faults whatever the inside
looks like.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hahub.model import State
from hahub.settings import InstanceSettings
from hahub.vrrp import events, timers
from hahub.vrrp.actions import Action, AnnounceAddresses, RemoveAddresses, Report, SendAdvert
from hahub.vrrp.instance import Instance
from hahub.vrrp.masterwatch import MasterWatch
from hahub.vrrp.packet import Datagram
from hahub.vrrp.reception import Accepted, Freshness, Rejected, Rejection
from tests.simulation import sockets
from tests.simulation.laws import Law

Handle = Callable[[Instance, events.Event, float], list[Action]]
Wrapper = Callable[[Handle, Instance, events.Event, float], list[Action]]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A fault, and the law that it breaks."""

    law: Law
    plant: Callable[[pytest.MonkeyPatch], None]


def _around(wrapper: Wrapper) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the wrapper stand between everybody and ``Instance.handle``."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        handle = Instance.handle
        monkeypatch.setattr(Instance, "handle", lambda self, event, now: wrapper(handle, self, event, now))

    return plant


def _edited(edit: Callable[[list[Action]], list[Action]]) -> Callable[[pytest.MonkeyPatch], None]:
    """Let the actions be others."""
    return _around(lambda handle, instance, event, now: edit(handle(instance, event, now)))


def _replaced(owner: object, name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


def _is_report(action: Action, *states: State) -> bool:
    return isinstance(action, Report) and (action.state in states if states else not action.state.is_event)


def _keep_addresses(actions: list[Action]) -> list[Action]:
    leaves = any(_is_report(action, State.BACKUP) for action in actions)
    return [action for action in actions if not (leaves and isinstance(action, RemoveAddresses))]


def _tell_first(actions: list[Action]) -> list[Action]:
    """Before anything is done."""
    return sorted(actions, key=lambda action: not _is_report(action, State.MASTER))


def _wrong_previous(actions: list[Action]) -> list[Action]:
    return [replace(a, previous=State.INIT) if isinstance(a, Report) and _is_report(a) else a for a in actions]


def _advertising_backup(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    actions = handle(instance, event, now)
    hears = isinstance(event, events.AdvertReceived) and instance.state is State.BACKUP
    return [*actions, SendAdvert(instance.priority)] if hears else actions


def _half_resigned(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    actions = handle(instance, event, now)
    hears = isinstance(event, events.AdvertReceived) and instance.state is State.MASTER
    return [*actions, SendAdvert(0)] if hears else actions


def _deaf_to(*kinds: type) -> Callable[[pytest.MonkeyPatch], None]:
    return _around(
        lambda handle, instance, event, now: [] if isinstance(event, kinds) else handle(instance, event, now)
    )


def _deaf_to_failures(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    if isinstance(event, events.ScriptChanged):
        event = replace(event, succeeded=True)
    return handle(instance, event, now)


def _stubborn_master(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    if isinstance(event, events.AdvertReceived) and instance.state is State.MASTER:
        return []
    return handle(instance, event, now)


def _slow_to_yield() -> Wrapper:
    """A master that yields when it has heard a stronger one twice."""
    ignored: dict[int, int] = {}

    def wrapper(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
        heard = isinstance(event, events.AdvertReceived) and event.advert.priority > instance.priority
        if heard and instance.state is State.MASTER and ignored.get(id(instance), 0) % 2 == 0:
            ignored[id(instance)] = ignored.get(id(instance), 0) + 1
            return []
        if heard and instance.state is State.MASTER:
            ignored[id(instance)] += 1
        return handle(instance, event, now)

    return wrapper


def _shy_backup(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    if isinstance(event, events.DeadlineReached) and instance.state is State.BACKUP:
        instance.master.arm(instance.settings, instance.priority, now)
    return handle(instance, event, now)


def _tired_master(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    interval = instance.settings.advert_int
    tired = instance.state is State.MASTER and now % (25 * interval) < interval
    if not isinstance(event, events.DeadlineReached) or not tired:
        return handle(instance, event, now)
    gives_up = handle(instance, events.MaintenanceChanged(on=True), now)
    return [*gives_up, *handle(instance, events.MaintenanceChanged(on=False), now)]


def _skipped_advert(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    actions = handle(instance, event, now)
    if isinstance(event, events.DeadlineReached) and now % 1.0 < 0.1 and actions == [SendAdvert(instance.priority)]:
        return []
    return actions


def _restarted_by_rivals(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    if isinstance(event, events.RivalHeard) and instance.state is State.BACKUP:
        instance.master.arm(instance.settings, instance.priority, now)
    return handle(instance, event, now)


def _believes_all_who_resign(handle: Handle, instance: Instance, event: events.Event, now: float) -> list[Action]:
    if isinstance(event, events.AdvertReceived) and not event.advert.priority and instance.master.source:
        event = replace(event, source=instance.master.source)
    return handle(instance, event, now)


def _sooner(version: int, priority: int, interval: float, adverts: int = 3) -> float:
    return adverts * interval + timers.skew_time(version, priority, interval) / 2


def _deaf_reception(
    datagram: Datagram,
    settings: InstanceSettings,
    *,
    own_source: int | None,
    known_master: int | None,
    freshness: Freshness,
) -> Accepted | Rejected:
    """Half of all hosts are not heard."""
    if datagram.source % 2:
        return Rejected(Rejection.CHECKSUM, "not heard")
    return _check(datagram, settings, own_source=own_source, known_master=known_master, freshness=freshness)


def _hears_with(**changes: Any) -> Callable[..., list[Action]]:
    """A backup that takes adverts as if it was configured otherwise."""

    def hears(
        self: MasterWatch, event: events.AdvertReceived, settings: InstanceSettings, priority: int, now: float
    ) -> list[Action]:
        return _hear(self, event, replace(settings, **changes), priority, now)

    return hears


_check, _hear = sockets.check, MasterWatch.hear

SABOTAGE: dict[str, Sabotage] = {
    "a backup keeps the addresses": Sabotage(Law.ADDRESSES, _edited(_keep_addresses)),
    "the report comes before the addresses": Sabotage(Law.ADDRESSES, _edited(_tell_first)),
    "lost addresses stay lost": Sabotage(Law.ADDRESSES, _deaf_to(events.AddressesLost)),
    "a backup advertises": Sabotage(Law.ADVERTS, _around(_advertising_backup)),
    "a master sends priority 0 and stays": Sabotage(Law.ADVERTS, _around(_half_resigned)),
    "a report comes twice": Sabotage(
        Law.REPORTS, _edited(lambda actions: [a for each in actions for a in (each,) * (1 + _is_report(each))])
    ),
    "a report is missing": Sabotage(
        Law.REPORTS, _edited(lambda actions: [a for a in actions if not _is_report(a, State.FAULT)])
    ),
    "a report begins where the last one did not end": Sabotage(Law.REPORTS, _edited(_wrong_previous)),
    "nobody is told that there is no second master any more": Sabotage(
        Law.REPORTS, _edited(lambda actions: [a for a in actions if not _is_report(a, State.DUAL_MASTER_OVER)])
    ),
    "nopreempt preempts": Sabotage(
        Law.ELECTIONS, _replaced(MasterWatch, "hear", _hears_with(preempt=True, preempt_delay=0.0))
    ),
    "a backup waits for half of its skew": Sabotage(Law.ELECTIONS, _replaced(timers, "master_down_interval", _sooner)),
    "priority 0 counts, whoever sends it": Sabotage(Law.ELECTIONS, _around(_believes_all_who_resign)),
    "half of all adverts are refused": Sabotage(Law.LIVING_MASTER, _replaced(sockets, "check", _deaf_reception)),
    "a master does not yield": Sabotage(Law.TWO_MASTERS, _around(_stubborn_master)),
    "a master yields at the second advert": Sabotage(Law.TWO_MASTERS, _around(_slow_to_yield())),
    "a backup waits for ever": Sabotage(Law.ONE_MASTER, _around(_shy_backup)),
    "a master gives up now and then": Sabotage(Law.REST, _around(_tired_master)),
    "nobody preempts": Sabotage(Law.PREEMPTION, _replaced(MasterWatch, "hear", _hears_with(preempt=False))),
    "a failed script means nothing": Sabotage(Law.FAULT, _around(_deaf_to_failures)),
    "a timer is not set again": Sabotage(
        Law.DEADLINES, _replaced(timers, "next_multiple", lambda previous, *_: previous)
    ),
    "announcements without end": Sabotage(
        Law.BOUNDED_ACTIONS,
        _edited(lambda actions: [*actions, *(20 * [AnnounceAddresses(1)] if len(actions) > 3 else [])]),
    ),
    "an advert is left out": Sabotage(Law.SPACING, _around(_skipped_advert)),
    "an invalid packet sets the timer": Sabotage(Law.INVALID_PACKETS, _around(_restarted_by_rivals)),
    "a member of a sync group does not yield": Sabotage(Law.SYNC_GROUPS, _deaf_to(events.GroupYielded)),
}
