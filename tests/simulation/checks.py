"""What is looked at after every single event of a virtual router, whatever happens to its cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hahub.core.turns import TICK
from hahub.model import Cause, State
from hahub.settings import InstanceSettings
from hahub.vrrp import events
from hahub.vrrp.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    AnnounceElsewhere,
    RemoveAddresses,
    Report,
    RestoreAddresses,
    SendAdvert,
)
from hahub.vrrp.announcements import RESTORE_INTERVAL
from hahub.vrrp.syncgroup import SyncGroup
from tests.simulation.laws import BrokenLawError, Law
from tests.simulation.router import Router

if TYPE_CHECKING:
    from tests.simulation.host import Host
    from tests.simulation.process import Process
    from tests.simulation.world import World

ACTIONS_MAX = 16
"""Of one virtual router for one event."""
SERVED_MAX = 40
"""Deadlines that one wake-up may meet."""
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a virtual router before an event."""

    state: State
    priority: int
    deadline: float | None


class Checks:
    """Watches every virtual router of a world. Raises BrokenLawError."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._lost_at: dict[tuple[str, str], float] = {}
        """When addresses were found missing that have not been put back yet, by host and virtual router."""

    def standing(self, router: Router) -> Standing:
        instance = router.instance
        return Standing(instance.state, instance.priority, instance.next_deadline)

    # Actions

    def performing(self, host: "Host", router: Router, actions: Sequence[Action], now: float) -> None:
        """These are about to be done."""
        holds = bool(host.addresses.get(router.name))
        told = host.told.get(router.name, State.INIT)
        if len(actions) > ACTIONS_MAX:
            self._fail(host, router, Law.BOUNDED_ACTIONS, f"{len(actions)} actions for one event")
        for number, action in enumerate(actions, 1):
            after = actions[number] if number < len(actions) else None
            match action:
                case SendAdvert(priority=0):
                    if not holds or not isinstance(after, RemoveAddresses):
                        self._fail(host, router, Law.ADVERTS, "priority 0 from one that is not leaving MASTER")
                case SendAdvert(priority=priority):
                    if not holds and not isinstance(after, AddAddresses):
                        self._fail(host, router, Law.ADVERTS, f"priority {priority} without the addresses")
                    self._spacing(host, router, host.now)
                case RestoreAddresses():
                    if not holds:
                        self._fail(host, router, Law.ADDRESSES, "put back by one that has none")
                    self._lost_at.pop((host.name, router.name), None)
                case AddAddresses():
                    holds = True
                    self._lost_at.pop((host.name, router.name), None)
                case RemoveAddresses():
                    if not holds:
                        self._fail(host, router, Law.ADDRESSES, "removed, and were not there")
                    holds = False
                    self._lost_at.pop((host.name, router.name), None)
                case AnnounceAddresses() | AnnounceElsewhere():
                    if not holds:
                        self._fail(host, router, Law.ADDRESSES, "announced without being there")
                case Report():
                    told = self._reported(host, router, action, told, holds=holds)

    def _reported(self, host: "Host", router: Router, report: Report, told: State, *, holds: bool) -> State:
        """What everybody has been told last, with this report."""
        if report.state.is_event:
            self._event_told(host, router, report)
            return told
        if report.previous is not told or report.state is told:
            chain = f"{report.previous} -> {report.state} was told after {told}"
            self._fail(host, router, Law.REPORTS, chain)
        if holds is not (report.state is State.MASTER):
            self._fail(
                host, router, Law.ADDRESSES, f"told {report.state} while they are {'there' if holds else 'gone'}"
            )
        router.told_cause = report.reason.cause
        if self._world.at_rest:
            self._fail(host, router, Law.REST, f"{report.state} ({report.reason}), although nothing has happened")
        return report.state

    def _event_told(self, host: "Host", router: Router, report: Report) -> None:
        if report.state in (State.DUAL_MASTER, State.DUAL_MASTER_OVER):
            began = report.state is State.DUAL_MASTER
            if began is (router.name in host.rivals_told):
                self._fail(host, router, Law.REPORTS, f"{report.state} twice")
            (host.rivals_told.add if began else host.rivals_told.discard)(router.name)

    def _spacing(self, host: "Host", router: Router, now: float) -> None:
        """Of the adverts of a master that was awake all the time."""
        allowed = router.settings.advert_int + host.plan.lateness + TICK + ROUNDING
        if router.sent_at is not None and now - router.sent_at > allowed:
            self._fail(host, router, Law.SPACING, f"no advert for {now - router.sent_at:.6f} s")
        router.sent_at = now

    # After an event

    def handled(
        self,
        host: "Host",
        router: Router,
        before: Standing,
        event: events.Event | None,
        settings_before: InstanceSettings | None,
        now: float,
    ) -> None:
        """A virtual router has handled an event of its own (None: of others, or a change of its settings)."""
        instance = router.instance
        state, deadline = instance.state, instance.next_deadline
        if instance.priority != before.priority:
            router.changed_at = self._world.now
        if state is State.INIT:
            return  # what an earlier life has left is looked at when it begins
        wanted = router.settings.all_addresses if state is State.MASTER else ()
        held = host.addresses.get(router.name, ())
        if held != wanted and set(held) != set(wanted):
            self._fail(host, router, Law.ADDRESSES, f"{', '.join(map(str, held)) or 'none'} while {state}")
        if host.told.get(router.name, State.INIT) is not state:
            self._fail(host, router, Law.REPORTS, f"{state} was not told, but {host.told.get(router.name)}")
        self._deadline(host, router, before, event, deadline, now)
        if isinstance(event, events.DeadlineReached):
            self._lost(host, router, now)
        if state is not before.state:
            self._moved(host, router, before, now)
        self._follow(router, before, event, settings_before, now)
        if router.group is not None:
            self._agree(host, router)

    def _deadline(
        self,
        host: "Host",
        router: Router,
        before: Standing,
        event: events.Event | None,
        deadline: float | None,
        now: float,
    ) -> None:
        if deadline is None or deadline > now:
            return
        served = isinstance(event, events.DeadlineReached)
        overdue = before.deadline is not None and before.deadline <= deadline
        if served or (deadline < now - ROUNDING and not overdue):
            self._fail(host, router, Law.DEADLINES, f"the next one is {now - deadline:.6f} s ago")

    def _lost(self, host: "Host", router: Router, now: float) -> None:
        lost_at = self._lost_at.get((host.name, router.name))
        if lost_at is not None and now > lost_at + RESTORE_INTERVAL + host.plan.lateness + ROUNDING:
            self._fail(host, router, Law.ADDRESSES, f"not put back after {now - lost_at:.3f} s")

    def _moved(self, host: "Host", router: Router, before: Standing, now: float) -> None:
        if router.is_master:
            router.master_since, router.sent_at = self._world.now, now
            self._elected(host, router, before, now)
            self._world.masters.appeared(host, router)
        elif before.state is State.MASTER:
            router.sent_at = None
            self._world.masters.gone(host, router)
            if router.name in host.rivals_told:
                self._fail(host, router, Law.REPORTS, "no word that there is no second master any more")

    def _elected(self, host: "Host", router: Router, before: Standing, now: float) -> None:
        if before.state is not State.BACKUP:
            return
        earliest = router.oracle.earliest(router.settings, router.instance.priority)
        if now < earliest:
            self._fail(host, router, Law.ELECTIONS, f"MASTER {earliest - now:.6f} s before its time")
        self._world.masters.elected(host, router)

    def _follow(
        self,
        router: Router,
        before: Standing,
        event: events.Event | None,
        settings_before: InstanceSettings | None,
        now: float,
    ) -> None:
        """Tell the oracle."""
        if router.state is not State.BACKUP:
            return
        heard = event if isinstance(event, events.AdvertReceived) else None
        if before.state is not State.BACKUP:
            yielded = before.state is State.MASTER and router.told_cause is not Cause.OVERSLEPT
            router.oracle.begins(router.settings, now, heard if yielded else None)
            heard = None if yielded else heard
            if router.instance.priority == 255 and before.state in (State.INIT, State.FAULT):
                router.oracle.begins_as_owner(now)
        if heard is not None and not router.ignores_adverts:
            router.oracle.heard(router.settings, router.instance.priority, heard, now)
        elif settings_before is not None:
            other = settings_before.advert_int != router.settings.advert_int
            if other or settings_before.down_timer_adverts != router.settings.down_timer_adverts:
                router.oracle.rescheduled(router.settings, now, other_interval=other)

    def _agree(self, host: "Host", router: Router) -> None:
        masters = [member.is_master for member in router.companions]
        if all(masters) or not any(masters):
            router.gathered = False
        elif not any(member.gathered for member in router.companions):
            states = {member.name: str(member.state) for member in router.companions}
            self._fail(host, router, Law.SYNC_GROUPS, f"{states}")

    # Other moments

    def begins(self, host: "Host", router: Router, *, resumed: bool) -> None:
        """A life of a virtual router begins, which goes on as master, or as nothing."""
        if not resumed:
            host.told.pop(router.name, None)
        host.rivals_told.discard(router.name)

    def group_begins(self, host: "Host", group: SyncGroup, *, resumed: bool) -> None:
        if resumed:  # without a word, even if its members are masters that were no group before
            host.told[group.name] = State.MASTER
        elif group.state is State.INIT:
            host.told.pop(group.name, None)

    def group_told(self, host: "Host", members: Sequence[Router], actions: Sequence[Action]) -> None:
        """A report of a sync group."""
        for report in actions:
            if isinstance(report, Report):
                name = members[0].group.name if members[0].group is not None else ""
                told = host.told.get(name, State.INIT)
                if report.previous is not told or report.state is told:
                    text = f"group {name}: {report.previous} -> {report.state} was told after {told}"
                    self._fail(host, members[0], Law.REPORTS, text)
                host.told[name] = report.state

    def rejected(self, host: "Host", router: Router, before: Standing) -> None:
        """A packet was not valid."""
        after = self.standing(router)
        same = (after.state, after.priority) == (before.state, before.priority)
        if after.state is State.BACKUP:
            same = same and after.deadline == before.deadline
        overslept = before.state is State.MASTER and router.told_cause is Cause.OVERSLEPT
        if not same and not overslept:
            self._fail(host, router, Law.INVALID_PACKETS, f"{before} became {after}")

    def served(self, host: "Host", router: Router, times: int) -> None:
        if times > SERVED_MAX:
            self._fail(host, router, Law.DEADLINES, f"{times} of them at one time")

    def addresses_lost(self, host: "Host", router: Router) -> None:
        self._lost_at.setdefault((host.name, router.name), host.now)

    def stopped(self, process: "Process") -> None:
        """It has left in good order."""
        for router in process.routers.values():
            if router.state is not State.STOP or process.host.addresses.get(router.name):
                self._fail(process.host, router, Law.ADDRESSES, f"left as {router.state}")
            if router.next_deadline is not None:
                self._fail(process.host, router, Law.DEADLINES, "one after the end")

    def removed(self, process: "Process", router: Router) -> None:
        """It is gone from the configuration."""
        if process.host.addresses.get(router.name):
            self._fail(process.host, router, Law.ADDRESSES, "left by a router that was removed")

    def _fail(self, host: "Host", router: Router, law: Law, text: str) -> None:
        raise BrokenLawError(law, f"{host.name} {router.name}: {text}")
