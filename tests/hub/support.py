"""What several tests of the hub need: transitions, moments, messages."""

from hahub.hub.clock import Moment
from hahub.hub.outbox import Message
from hahub.model import Cause, Kind, Reason, State, Transition
from hahub.policy.identity import message_key


def transition(
    seq: int = 1,
    *,
    name: str = "VI_1",
    boot: str = "b00t",
    kind: Kind = Kind.INSTANCE,
    state: State = State.MASTER,
    previous: State = State.BACKUP,
    reason: Reason = Reason(Cause.MASTER_DOWN_TIMER),  # noqa: B008 - frozen
    node: str = "server",
    interface: str = "eth0",
    at: float = 1795513486.0,
    monotonic: float = 1000.0,
    addresses: tuple[str, ...] = ("10.9.0.100/24",),
) -> Transition:
    """A take-over, but for what is said."""
    return Transition(
        kind=kind,
        name=name,
        state=state,
        previous=previous,
        priority=0 if kind is Kind.GROUP else 100,
        reason=reason,
        node=node,
        boot=boot,
        seq=seq,
        at=at,
        monotonic=monotonic,
        interface="" if kind is Kind.GROUP else interface,
        virtual_router_id=51,
        addresses=addresses,
    )


def moment(seconds: float = 0.0) -> Moment:
    """A moment so many seconds after the beginning of the test's time."""
    return Moment(wall=1795513486.0 + seconds, monotonic=1000.0 + seconds, host_boot="kernel")


def message(seq: int = 1, *, channel: str = "chat", recipients: tuple[str, ...] = ("",), name: str = "VI_1") -> Message:
    """A message about ``transition(seq)``, received at the beginning."""
    told = transition(seq, name=name)
    return Message(
        key=message_key(told, channel),
        channel=channel,
        transition=told,
        received=moment(),
        recipients=recipients,
        not_before=moment().wall,
    )
