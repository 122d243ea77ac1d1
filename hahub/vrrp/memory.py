"""What a virtual router remembers, in plain values, so that another process can go on with it as if nothing had been.

The one place that looks into the parts of the state machine; ``tests/vrrp/test_memory.py`` knows of every attribute
whether it is remembered. Times are monotonic seconds, which mean the same in every process of a host. What comes from
outside (settings, interfaces, verdicts, maintenance) is not remembered: the next process hears it itself.
"""

from dataclasses import dataclass

from hahub.model import Cause, Reason, State
from hahub.vrrp.announcements import Announcements
from hahub.vrrp.instance import Instance
from hahub.vrrp.mastership import Mastership
from hahub.vrrp.masterwatch import MasterWatch
from hahub.vrrp.owners import OwnerConflict
from hahub.vrrp.rivals import AnswerLimit, Rival, RivalWatch

_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class WatchMemory:
    """Of a MasterWatch."""

    interval: float
    address: str | None = None
    accepted: bool = False
    source: str = ""
    """The number in hexadecimal; an IPv6 address is more than JSON's numbers are good for."""
    due: float | None = None
    cause: Cause = Cause.MASTER_DOWN_TIMER
    detail: str = ""
    preempt_at: float | None = None


@dataclass(frozen=True, slots=True)
class AnnouncementsMemory:
    """Of Announcements."""

    announce_at: float | None = None
    recover_at: float | None = None
    refresh_at: float | None = None
    elsewhere_at: float | None = None
    restore_at: float | None = None
    restored_at: float | None = None
    recovered_at: float | None = None
    recheck_at: float | None = None
    checked_at: float | None = None


@dataclass(frozen=True, slots=True)
class RivalMemory:
    """Of a RivalWatch that has heard one."""

    since: float
    last: float
    detail: str
    told: bool
    gone_at: float


@dataclass(frozen=True, slots=True)
class OwnersMemory:
    """Of an OwnerConflict."""

    conceded: bool = False
    other: str = ""
    adverts_left: int = 0
    interval: float = 0.0
    listens_until: float | None = None


@dataclass(frozen=True, slots=True)
class MastershipMemory:
    """Of a Mastership."""

    advertise_at: float = 0.0
    sent_at: float = 0.0
    announcements: AnnouncementsMemory = AnnouncementsMemory()
    owners: OwnersMemory = OwnersMemory()
    rival: RivalMemory | None = None
    answers_since: float | None = None
    answers: int = 0
    guest_until: float | None = None
    displaced: str = ""
    """In hexadecimal, as ``WatchMemory.source``."""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class MembershipMemory:
    """Of a Membership."""

    grouped: bool
    ready: bool
    with_owners: bool
    fault: Reason | None = None
    wants_master: bool = False


@dataclass(frozen=True, slots=True)
class InstanceMemory:
    """Of an Instance."""

    state: State
    priority: int
    deaf_until: float | None
    watch: WatchMemory
    mastership: MastershipMemory
    membership: MembershipMemory


def remember(instance: Instance) -> InstanceMemory:
    """Take everything that the instance has come to by itself."""
    member = instance._membership
    return InstanceMemory(
        state=instance.state,
        priority=instance.priority,
        deaf_until=_finite(instance._deaf_until),
        watch=_watch(instance.master),
        mastership=_mastership(instance._mastership),
        membership=MembershipMemory(
            member.grouped, member.ready, member.with_owners, member.fault, member.wants_master
        ),
    )


def recall(instance: Instance, memory: InstanceMemory) -> None:
    """Let a fresh instance, which knows its interface and the verdicts of its trackers, go on from there.

    What has changed meanwhile is found at the event Recalled.
    """
    instance.state, instance.priority = memory.state, memory.priority
    instance._deaf_until = _time(memory.deaf_until)
    if memory.state is not State.INIT:
        instance._facts.presume(instance.settings)
    _recall_watch(instance.master, memory.watch)
    _recall_mastership(instance._mastership, memory.mastership)
    member, remembered = instance._membership, memory.membership
    member.grouped, member.ready, member.with_owners = remembered.grouped, remembered.ready, remembered.with_owners
    member.fault, member.wants_master = remembered.fault, remembered.wants_master


def _finite(time: float) -> float | None:
    return None if time == _NEVER else time


def _time(remembered: float | None) -> float:
    return _NEVER if remembered is None else remembered


def _hex(address: int | None) -> str:
    return "" if address is None else f"{address:x}"


def _number(remembered: str) -> int | None:
    return int(remembered, 16) if remembered else None


def _watch(watch: MasterWatch) -> WatchMemory:
    source, reason = _hex(watch.source), watch.reason
    return WatchMemory(
        watch.interval, watch.address, watch.accepted, source, watch.due, reason.cause, reason.detail, watch._preempt_at
    )


def _recall_watch(watch: MasterWatch, memory: WatchMemory) -> None:
    watch.interval, watch.address, watch.due = memory.interval, memory.address, memory.due
    watch.source, watch.accepted = _number(memory.source), memory.accepted
    watch._cause, watch._detail, watch._preempt_at = memory.cause, lambda: memory.detail, memory.preempt_at


def _mastership(mastership: Mastership) -> MastershipMemory:
    answers = mastership._answers
    return MastershipMemory(
        mastership._advertise_at,
        mastership._sent_at,
        _announcements(mastership.announcements),
        _owners(mastership.owners),
        _rival(mastership._rivals),
        _finite(answers._since),
        answers._answers,
        _finite(mastership._guest_until),
        _hex(mastership._displaced),
        mastership._since,
    )


def _recall_mastership(mastership: Mastership, memory: MastershipMemory) -> None:
    mastership._advertise_at, mastership._sent_at = memory.advertise_at, memory.sent_at
    _recall_announcements(mastership.announcements, memory.announcements)
    _recall_owners(mastership.owners, memory.owners)
    _recall_rival(mastership._rivals, memory.rival)
    _recall_answers(mastership._answers, memory)
    mastership._guest_until, mastership._since = _time(memory.guest_until), memory.since
    mastership._displaced = _number(memory.displaced)


def _announcements(announcements: Announcements) -> AnnouncementsMemory:
    return AnnouncementsMemory(
        announcements._announce_at,
        announcements._recover_at,
        announcements._refresh_at,
        announcements._elsewhere_at,
        announcements._restore_at,
        _finite(announcements._restored_at),
        _finite(announcements._recovered_at),
        announcements._recheck_at,
        _finite(announcements._checked_at),
    )


def _recall_announcements(announcements: Announcements, memory: AnnouncementsMemory) -> None:
    announcements._announce_at, announcements._recover_at = memory.announce_at, memory.recover_at
    announcements._refresh_at, announcements._elsewhere_at = memory.refresh_at, memory.elsewhere_at
    announcements._restore_at, announcements._restored_at = memory.restore_at, _time(memory.restored_at)
    announcements._recovered_at = _time(memory.recovered_at)
    announcements._recheck_at, announcements._checked_at = memory.recheck_at, _time(memory.checked_at)


def _owners(owners: OwnerConflict) -> OwnersMemory:
    return OwnersMemory(
        owners.conceded, _hex(owners._other), owners._adverts_left, owners._interval, owners._listens_until
    )


def _recall_owners(owners: OwnerConflict, memory: OwnersMemory) -> None:
    owners.conceded, owners._other = memory.conceded, _number(memory.other)
    owners._adverts_left, owners._interval = memory.adverts_left, memory.interval
    owners._listens_until = memory.listens_until


def _rival(rivals: RivalWatch) -> RivalMemory | None:
    rival, gone_at = rivals._rival, rivals._gone_at
    if rival is None or gone_at is None:
        return None
    return RivalMemory(rival.since, rival.last, rival.detail, rival.told, gone_at)


def _recall_rival(rivals: RivalWatch, memory: RivalMemory | None) -> None:
    if memory is not None:
        rivals._rival = Rival(memory.since, memory.last, memory.detail, memory.told)
        rivals._gone_at = memory.gone_at


def _recall_answers(answers: AnswerLimit, memory: MastershipMemory) -> None:
    answers._since, answers._answers = _time(memory.answers_since), memory.answers
