"""Sync groups: virtual routers that are master together or not at all.

    every member ready      ->  all start
    every member wants      ->  all MASTER, the one that came last first
    one member yields       ->  all BACKUP
    one member in FAULT     ->  all FAULT, until none has a fault of its own

A reload may make a group of instances that run already. Masters stay masters then, and who joins them becomes one
as soon as its timer says so; if it hears a master instead, all yield.

The group is reported after its members, except at a start without delay, where it comes first.
Source: keepalived vrrp/vrrp_sync.c; the order of reports was observed with keepalived 2.2.7.
"""

from collections.abc import Mapping

from hahub.model import Cause, Reason, State
from hahub.settings import InstanceSettings
from hahub.vrrp import events
from hahub.vrrp.actions import Action, Report
from hahub.vrrp.instance import Instance

Step = tuple[str | None, list[Action]]
"""Actions of one member by its name; None for reports of the group itself, whose priority is 0."""


class SyncGroup:
    """Decides for its members, who were made with ``grouped=True``. Pure, as they are."""

    def __init__(self, name: str, members: Mapping[str, Instance], *, state: State = State.INIT) -> None:
        """members: at least one, in the order of the configuration.

        state: what was last told of the group, when it had other members before.
        """
        self.name = name
        self.state = state
        self._members = members

    def start(self, now: float) -> list[Step]:
        """Start all members, who know already what there is to know of interfaces and scripts."""
        if any(member.state is not State.INIT for member in self._members.values()):
            return self._gather(now)
        self.state = State.INIT
        steps: list[Step] = [(name, member.handle(events.Started(), now)) for name, member in self._members.items()]
        began = self._begin(next(iter(self._members)), now)
        if self.state is not State.BACKUP:
            return steps + began
        own = [step for step in began if step[0] is None]
        return [*steps, *own, *(step for step in began if step[0] is not None)]

    def resume(self, now: float) -> list[Step]:
        """All members go on as the masters they were, without a word."""
        self.state = State.MASTER
        return [(name, member.handle(events.Resumed(), now)) for name, member in self._members.items()]

    def handle(self, name: str, event: events.Event, now: float) -> list[Step]:
        """Give an event to one member, and let the others follow."""
        member = self._members[name]
        before = member.state
        actions = member.handle(event, now)
        steps = self._follow(name, before, actions, now)
        heard = isinstance(event, events.AdvertReceived) and event.advert.priority
        if heard and before is State.BACKUP and member.master.accepted and self._is_split:
            reason = Reason(Cause.HIGHER_PRIORITY, f"{member.master.address} is master of {name}")
            steps += self._all_yield(name, reason, now)
        return steps

    @property
    def _is_split(self) -> bool:
        """Does somebody who joined not go with the masters yet?"""
        states = {member.state for member in self._members.values()}
        return State.MASTER in states and State.BACKUP in states

    def reconfigure(self, name: str, settings: InstanceSettings, now: float) -> list[Step]:
        """Give one member other settings, and let the others follow."""
        member = self._members[name]
        return self._follow(name, member.state, member.reconfigure(settings, now), now)

    def _follow(self, name: str, before: State, actions: list[Action], now: float) -> list[Step]:
        """What one member has done, and what the others do then."""
        member = self._members[name]
        steps: list[Step] = [(name, actions)]
        if self.state is State.INIT:
            return steps + self._begin(name, now)
        fault = member.own_fault
        if member.state is State.FAULT and self.state is not State.FAULT and fault is not None:
            return steps + self._all_fault(name, fault, now)
        if self.state is State.FAULT and all(each.own_fault is None for each in self._members.values()):
            return steps + self._all_recover(name, now)
        if before is State.MASTER and member.state is State.BACKUP:
            reason = next(action.reason for action in actions if isinstance(action, Report))
            return steps + self._all_yield(name, reason, now)
        if member.wants_master and all(
            each.wants_master or each.state is State.MASTER for each in self._members.values()
        ):
            return steps + self._all_master(name, now)
        if any(isinstance(each, Report) and each.state is State.MASTER_RX_LOWER_PRI for each in actions):
            # It yields on all its wires when it hears us on one: traffic that it drew elsewhere comes back, too.
            return steps + self._all_contested(name, now)
        return steps

    def shutdown(self, now: float) -> list[Step]:
        """All leave in good order, then the group."""
        steps: list[Step] = [
            (name, member.handle(events.ShutdownRequested(), now)) for name, member in self._members.items()
        ]
        return steps + self._report(State.STOP, Reason(Cause.STOPPED))

    def _begin(self, first: str, now: float) -> list[Step]:
        """Start together, when everyone can."""
        if not all(member.is_ready for member in self._members.values()):
            return []
        faults = [(name, fault) for name, member in self._members.items() if (fault := member.own_fault) is not None]
        if faults:
            name, fault = faults[0]
            reason = self._because(name, fault)
            for member in self._members.values():
                member.handle(events.GroupFaulted(reason), now)
            steps = self._tell_all(next(iter(self._members)), events.GroupReady(), now)
            return steps + self._report(State.FAULT, fault)
        owners = all(member.settings.is_owner for member in self._members.values())
        steps = self._tell_all(first, events.GroupReady(owners=owners), now)
        if all(member.state is State.MASTER for member in self._members.values()):
            return steps + self._report(State.MASTER, Reason(Cause.ADDRESS_OWNER))
        return steps + self._report(State.BACKUP, Reason(Cause.STARTED))

    def _gather(self, now: float) -> list[Step]:
        """Make a group of members of whom some run already; these keep their state if all can have the same."""
        steps: list[Step] = []
        running = [member for member in self._members.values() if member.state is not State.INIT]
        for name, member in self._members.items():
            steps.append((name, member.handle(events.GroupJoined(), now)))
            if member not in running:
                steps.append((name, member.handle(events.Started(), now)))
                steps.append((name, member.handle(events.GroupReady(), now)))
        for name, member in self._members.items():
            fault = member.own_fault
            if member.state is State.FAULT and fault is not None:
                return steps + self._all_fault(name, fault, now)
        steps += self._tell_all(next(iter(self._members)), events.GroupFaulted(None), now)
        together = all(member.state is State.MASTER for member in running)
        return steps + self._report(State.MASTER if together else State.BACKUP, Reason(Cause.RELOADED))

    def _all_fault(self, first: str, fault: Reason, now: float) -> list[Step]:
        steps = self._tell_all(first, events.GroupFaulted(self._because(first, fault)), now)
        return steps + self._report(State.FAULT, fault)

    def _all_recover(self, first: str, now: float) -> list[Step]:
        steps = self._tell_all(first, events.GroupFaulted(None), now)
        return steps + self._report(State.BACKUP, Reason(Cause.FAULT_CLEARED))

    def _all_yield(self, first: str, reason: Reason, now: float) -> list[Step]:
        steps = self._tell_others(first, events.GroupYielded(self._because(first, reason)), now)
        return steps + self._report(State.BACKUP, reason)

    def _all_master(self, first: str, now: float) -> list[Step]:
        steps = self._tell_all(first, events.GroupElected(), now)
        reason = next(a.reason for _, actions in steps for a in actions if isinstance(a, Report))
        return steps + self._report(State.MASTER, reason)

    def _all_contested(self, first: str, now: float) -> list[Step]:
        steps = self._tell_others(first, events.GroupContested(), now)
        for name, actions in steps:
            for action in actions:
                if name is not None and isinstance(action, Report) and action.state is State.BACKUP:
                    # It advertises more often than the first, and so has overslept where that one has not.
                    return steps + self._all_yield(name, action.reason, now)
        return steps

    def _tell_all(self, first: str, event: events.Event, now: float) -> list[Step]:
        own: Step = (first, self._members[first].handle(event, now))
        return [own, *self._tell_others(first, event, now)]

    def _tell_others(self, first: str, event: events.Event, now: float) -> list[Step]:
        return [(name, member.handle(event, now)) for name, member in self._members.items() if name != first]

    def _because(self, name: str, reason: Reason) -> Reason:
        return Reason(Cause.SYNC_GROUP, f"{self.name} follows {name} ({reason})")

    def _report(self, state: State, reason: Reason) -> list[Step]:
        previous, self.state = self.state, state
        return [] if previous is state else [(None, [Report(state, previous, 0, reason)])]
