"""The state machine of one virtual router: events in, actions out; no clock, no input, no output.

                     Started, all clear           fault cleared
          INIT ------------------------> BACKUP <--------------- FAULT
           |                              |  ^                    ^
           |        master down timer,    |  | higher priority,   |
           |        or skew timer after   |  | or equal and       |
           |        priority 0            v  | higher address     |
           +------------------------->  MASTER -------------------+
             Started as address owner            interface down, no source address,
                                                 tracker without weight failed
    any state: ShutdownRequested -> STOP

Effects come in the order that the protocol and keepalived have: the advert before the addresses, the addresses
before the gratuitous ARP, all of them before anybody is told; priority 0 before the addresses go.

Source: RFC 9568 section 6.4, RFC 3768 section 6.4; keepalived vrrp/vrrp.c, vrrp/vrrp_scheduler.c. VR numbers are
the requirements that the tests name.
"""

from collections.abc import Iterable

from hahub.model import Cause, Reason, State
from hahub.settings import InstanceSettings
from hahub.vrrp import events
from hahub.vrrp.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    Note,
    RemoveAddresses,
    Report,
    SendAdvert,
)
from hahub.vrrp.facts import Facts
from hahub.vrrp.mastership import Mastership, stall_limit
from hahub.vrrp.masterwatch import MasterWatch
from hahub.vrrp.membership import Membership
from hahub.vrrp.priority import PRIORITY_MAX, PRIORITY_MIN, PRIORITY_OWNER


class Instance:
    """One virtual router on one interface.

    ``handle`` takes what happened and returns what to do, in this order. ``next_deadline`` is when it wants a
    DeadlineReached, in seconds of the same monotonic clock as ``now``; None for never.
    """

    def __init__(self, settings: InstanceSettings, *, startup_delay: float = 0.0, grouped: bool = False) -> None:
        """grouped: a SyncGroup decides when this instance starts and when it may be master."""
        self.settings = settings
        self.state = State.INIT
        self.priority = settings.priority
        """Effective priority."""
        self.master = MasterWatch(settings)
        """Who is master, while it is another router."""
        self._startup_delay = startup_delay
        self._deaf_until = float("-inf")
        self._facts = Facts()
        self._maintenance = False
        self._membership = Membership(grouped=grouped)
        self._mastership = Mastership(settings)

    @property
    def next_deadline(self) -> float | None:
        """When DeadlineReached is wanted; None for never."""
        return self._mastership.next_deadline if self.state is State.MASTER else self.master.due

    @property
    def holds_addresses(self) -> bool:
        return self.state is State.MASTER

    @property
    def is_grouped(self) -> bool:
        """A sync group decides when it may be master."""
        return self._membership.grouped

    @property
    def wants_master(self) -> bool:
        """A member of a sync group whose timer has run out, and who waits for the others."""
        return self._membership.wants_master

    @property
    def own_fault(self) -> Reason | None:
        """What is wrong with this instance itself, whatever its sync group says; None when nothing is."""
        return self._facts.fault(self.settings)

    @property
    def is_ready(self) -> bool:
        """It was told to start, and has heard all trackers that it waits for."""
        started = self._deaf_until != float("-inf")
        return started and self._facts.are_complete(self.settings)

    def handle(self, event: events.Event, now: float) -> list[Action]:
        """Take one event; the actions are to be done at once and in order. ``now``: monotonic seconds."""
        if isinstance(event, events.HostSlept):
            self._mastership.slept(event.seconds)
        if self.state is State.MASTER and self._has_overslept(now):
            return [*self._overslept(now), *self.handle(event, now)]
        match event:
            case events.AdvertReceived():
                return self._advert_received(event, now)
            case events.RivalHeard(source_text=sender, detail=detail):
                return self._rival_heard(sender, detail, now)
            case events.DeadlineReached():
                return self._deadline_reached(now)
            case events.InterfaceChanged(up=up, source=source, detail=detail):
                self._facts.interface_up, self._facts.source, self._facts.interface_detail = up, source, detail
                return self._facts_changed(now)
            case (
                events.ScriptChanged()
                | events.ProcessesChanged()
                | events.FileChanged()
                | events.TrackedInterfaceChanged()
            ):
                self._facts.judge(event)
                return self._facts_changed(now)
            case events.AddressesLost(addresses=addresses):
                return self._addresses_lost(addresses, now)
            case events.RoutesDoubtful():
                return self._mastership.announcements.doubt(now) if self.state is State.MASTER else []
            case events.MaintenanceChanged(on=on, detail=detail):
                self._maintenance = on
                return self._maintained(detail, now)
            case events.Started():
                return self._started(now)
            case events.Resumed():
                return self._resumed(now)
            case events.Recalled():
                return self._facts_changed(now)
            case events.HostSlept():
                return []
            case events.ShutdownRequested():
                return self._leave(State.STOP, Reason(Cause.STOPPED))
            case _:
                return self._group_decided(event, now)

    def reconfigure(self, settings: InstanceSettings, now: float) -> list[Action]:
        """Take other settings without losing the state; interface and virtual_router_id stay the same.

        The caller has removed addresses that are gone from the settings; new ones are added here.
        """
        gained = set(settings.belongings) - set(self.settings.belongings)
        other_interval = settings.advert_int != self.settings.advert_int
        rescheduled = other_interval or settings.down_timer_adverts != self.settings.down_timer_adverts
        if self.state is State.MASTER:
            self._mastership.announcements.reschedule(self.settings, settings, now)
        self.settings = self._mastership.settings = settings
        self._facts.forget_others(settings)
        if other_interval:
            self.master.interval = settings.advert_int
        if rescheduled:
            self._restart_timer(now)
        actions: list[Action] = []
        if self.state is State.MASTER:
            if rescheduled:
                actions.append(SendAdvert(self._wanted_priority()))
            if gained:
                actions += [AddAddresses(), AnnounceAddresses(settings.garp_master_repeat)]
        return actions + self._facts_changed(now)

    def removed(self) -> list[Action]:
        """The instance is gone from the configuration."""
        state = State.DELETED if self.settings.notify_deleted else State.FAULT
        if state is State.FAULT and self.state is State.FAULT:
            return []  # keepalived says nothing either: FAULT was told already
        return self._leave(state, Reason(Cause.RELOADED, "removed from the configuration"))

    # Start, faults and the way back

    def _started(self, now: float) -> list[Action]:
        self._deaf_until = now + self._startup_delay
        return self._facts_changed(now)

    def _resumed(self, now: float) -> list[Action]:
        """Nothing is reported: for everybody else nothing has happened."""
        self._deaf_until, self._membership.ready = now, True
        self._facts.presume(self.settings)
        self.priority = self._wanted_priority()
        self.state = State.MASTER
        return [*self._mastership.resume(self.priority, now), *self._facts_changed(now)]

    def _facts_changed(self, now: float) -> list[Action]:
        """Interface, address, tracker or configuration facts changed: priority, FAULT or the way out of it."""
        actions = self._update_priority(now)
        if self.state in (State.STOP, State.DELETED):
            return []
        if self.state is State.INIT and not (self.is_ready and self._membership.ready):
            return []
        fault = self.own_fault or self._membership.fault
        if fault is not None:
            if self.state is not State.FAULT:
                actions += self._leave(State.FAULT, fault)
        elif self.state is State.INIT:
            actions += self._start_up(now)
        elif self.state is State.FAULT:
            actions += self._become_backup(Reason(Cause.FAULT_CLEARED), now)
            self._expect_nobody_as_owner(now)
        return actions

    def _start_up(self, now: float) -> list[Action]:
        if self.priority == PRIORITY_OWNER and now >= self._deaf_until and self._membership.with_owners:
            return self._become_master(Reason(Cause.ADDRESS_OWNER), now)
        actions = self._become_backup(Reason(Cause.STARTED), now)
        self._expect_nobody_as_owner(now)
        return actions

    def _expect_nobody_as_owner(self, now: float) -> None:
        """An owner waits for its own delay only, or for its group."""
        if self.priority == PRIORITY_OWNER:
            self.master.end(Cause.ADDRESS_OWNER, max(now, self._deaf_until))

    def _maintained(self, detail: str, now: float) -> list[Action]:
        """The last choice resigns, and serves again only if nobody else does."""
        actions = self._update_priority(now)
        if not self._maintenance or self.state is not State.MASTER:
            return actions
        return [*actions, SendAdvert(0), *self._become_backup(Reason(Cause.MAINTENANCE, detail), now)]

    def _wanted_priority(self) -> int:
        if self._maintenance:
            return PRIORITY_MIN
        wanted = self._facts.priority(self.settings)
        return min(wanted, PRIORITY_MAX) if self._mastership.owners.conceded else wanted

    def _update_priority(self, now: float) -> list[Action]:
        before, self.priority = self.priority, self._wanted_priority()
        if before == self.priority:
            return []
        self.master.shift(self.settings, before, self.priority, now)
        if self.state is State.INIT:
            return []
        change = f"from {before} to {self.priority}"
        actions: list[Action] = [Note("priority", f"effective priority changes {change}")]
        if self.settings.notify_priority_changes:
            word = State.MASTER_PRIORITY if self.state is State.MASTER else State.BACKUP_PRIORITY
            actions.append(self._report(word, self.state, Reason(Cause.PRIORITY_CHANGED, change)))
        return actions

    # Sync group

    def _group_decided(self, event: events.GroupEvent, now: float) -> list[Action]:
        match event:
            case events.GroupReady(owners=owners):
                self._membership.begin(owners=owners)
                return self._facts_changed(now)
            case events.GroupJoined():
                self._membership.join(running=self.state is not State.INIT)
                if self.wants_master:
                    self._arm_down_timer(now)  # nobody asks again for what it told another group
                return []
            case events.GroupLeft():
                self._membership.leave()
                if self.wants_master:
                    self._arm_down_timer(now)
                return self._facts_changed(now)
            case events.GroupElected():
                return self._become_master(self.master.reason, now) if self.state is State.BACKUP else []
            case events.GroupYielded(reason=reason):
                if self.state is not State.MASTER:
                    return []
                # The peer's instance need not wait for a timeout: VR-105.
                return [SendAdvert(0), *self._become_backup(reason, now)]
            case events.GroupContested():
                announcements = self._mastership.announcements
                return announcements.recover(self.settings, now) if self.state is State.MASTER else []
            case events.GroupFaulted(reason=reason):
                self._membership.fault = reason
                return self._facts_changed(now)

    # Timers

    def _deadline_reached(self, now: float) -> list[Action]:
        if self.state is State.MASTER:
            return self._mastership.due(self.priority, now)
        if self.master.due is None or now < self.master.due:
            return []
        if self._membership.grouped:
            self._membership.wants_master, self.master.due = True, None
            return []
        return self._become_master(self.master.reason, now)

    def _has_overslept(self, now: float) -> bool:
        return self._mastership.silence(now) > stall_limit(self.settings, self.priority)

    def _overslept(self, now: float) -> list[Action]:
        """This host stood still: the addresses go before anything is sent, then listen like any backup."""
        silent, limit = self._mastership.silence(now), stall_limit(self.settings, self.priority)
        slept = f"no advertisement sent for {silent:.3g} s, peers wait for {limit:.3g} s"
        return self._become_backup(Reason(Cause.OVERSLEPT, slept), now)

    def _restart_timer(self, now: float) -> None:
        if self.state is State.MASTER:
            self._mastership.restart_timer(now)
        elif self.state is State.BACKUP:
            self._arm_down_timer(now)

    def _arm_down_timer(self, now: float) -> None:
        self._membership.wants_master = False
        self.master.arm(self.settings, self.priority, max(now, self._deaf_until))

    # Adverts

    def _advert_received(self, event: events.AdvertReceived, now: float) -> list[Action]:
        if now < self._deaf_until:
            return []
        if self.settings.owner_ignore_adverts and self.priority == PRIORITY_OWNER:
            return self._rival_heard(event.source_text, f"priority {event.advert.priority}", now)
        if self.state is State.BACKUP:
            return self._advert_as_backup(event, now)
        if self.state is State.MASTER:
            return self._advert_as_master(event, now)
        return []  # VR-083

    def _advert_as_backup(self, event: events.AdvertReceived, now: float) -> list[Action]:
        actions: list[Action] = []
        if self._mastership.owners.is_over(event):
            self._mastership.owners.settle()
            actions = self._update_priority(now)
        actions += self.master.hear(event, self.settings, self.priority, now)
        if self.master.due is not None:
            self._membership.wants_master = False
        return actions

    def _advert_as_master(self, event: events.AdvertReceived, now: float) -> list[Action]:
        source = self._facts.source
        actions, reason = self._mastership.hear(event, self.priority, source, now)
        if reason is None:
            return actions
        if self._mastership.owners.conceded:
            actions += self._update_priority(now)
        actions += self._become_backup(reason, now)
        self.master.follow(event, self.settings, self.priority, now)  # VR-108: from the advert just received
        return actions

    # Transitions

    def _become_master(self, reason: Reason, now: float) -> list[Action]:
        actions = self._update_priority(now) if self._mastership.owners.settle() else []
        previous, self.state = self.state, State.MASTER
        self._membership.wants_master = False
        if reason.cause is Cause.MASTER_DOWN_TIMER:
            self._mastership.displaces(self.master.source, now)
        self.master.reset(self.settings)  # VR-073
        actions += self._mastership.begin(self.priority, now)
        return [*actions, self._report(State.MASTER, previous, reason)]

    def _become_backup(self, reason: Reason, now: float) -> list[Action]:
        previous, self.state = self.state, State.BACKUP
        healed = self._mastership.end(self.priority, self.state)
        self.master.reset(self.settings)
        self._arm_down_timer(now)
        removal: list[Action] = [RemoveAddresses()] if previous is State.MASTER else []
        return [*removal, self._report(State.BACKUP, previous, reason), *healed]

    def _leave(self, state: State, reason: Reason) -> list[Action]:
        """Go where nothing is sent any more; a master resigns first (VR-091)."""
        previous, self.state = self.state, state
        healed = self._mastership.end(self.priority, self.state)
        self._membership.wants_master = False
        self.master.reset(self.settings)
        farewell: list[Action] = [SendAdvert(0), RemoveAddresses()] if previous is State.MASTER else []
        return [*farewell, self._report(state, previous, reason), *healed]

    def _report(self, state: State, previous: State, reason: Reason) -> Report:
        return Report(state, previous, self.priority, reason)

    # Others

    def _rival_heard(self, sender: str, detail: str, now: float) -> list[Action]:
        if self.state is not State.MASTER:
            return []
        return self._mastership.rival_heard(sender, detail, self.priority, now)

    def _addresses_lost(self, addresses: Iterable[str], now: float) -> list[Action]:
        if self.state is not State.MASTER:
            return []
        note = Note("lost", f"somebody removed {', '.join(addresses)}: putting back")
        return [note, *self._mastership.announcements.lost(self.settings, now)]
