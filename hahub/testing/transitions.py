"""Transitions and notifications for tests: complete and plausible, any field replaceable."""

from dataclasses import replace
from typing import Any

from hahub.channel import Notification
from hahub.model import Cause, Kind, Reason, State, Transition

_BASE = Transition(
    kind=Kind.INSTANCE,
    name="VI_1",
    state=State.MASTER,
    previous=State.BACKUP,
    priority=100,
    reason=Reason(Cause.MASTER_DOWN_TIMER, "no advertisement from 10.9.0.1 for 3.609 s"),
    node="server",
    boot="0123456789abcdef",
    seq=1,
    at=1_795_000_000.25,
    monotonic=1000.5,
    interface="eth0",
    virtual_router_id=51,
    addresses=("10.9.0.200/24",),
)


def transition(**fields: Any) -> Transition:
    """VI_1 of node server has become MASTER, with these fields changed."""
    return replace(_BASE, **fields)


def notification(about: Transition | None = None, **fields: Any) -> Notification:
    """A message about ``about``, by default ``transition()``, as the hub makes them, with these fields changed."""
    about = about or _BASE
    message = Notification(
        id=f"test-{about.key}",
        transition=about,
        title=f"[{about.node}] VRRP Instance {about.name} - Entering {about.state} state",
        text=f"Instance {about.name} on {about.node} is now {about.state}.\n\nWhy: {about.reason}\n",
        markdown=f"**Instance {about.name} on {about.node} is now {about.state}.**\n\n- Why: {about.reason}\n",
    )
    return replace(message, **fields)
