"""Which channels are told about a transition."""

from collections.abc import Sequence

from hahub.model import Kind, State, Transition
from hahub.settings import ChannelSettings

IMPLICIT_MAIL = "smtp_alert"
"""Name of the channel that keepalived's ``smtp_alert`` and ``notification_email`` make."""
MACHINE_TYPES = frozenset({"webhook"})
"""Channel types read by programs: they get the events too, which would only be noise for people."""


def channels_for(transition: Transition, channels: Sequence[ChannelSettings]) -> tuple[str, ...]:
    """Names of the channels to tell, in the order of ``channels``."""
    return tuple(channel.name for channel in channels if _wants(channel, transition))


def _wants(channel: ChannelSettings, transition: Transition) -> bool:
    if transition.state is State.INIT:
        return False
    if not _is_about(channel, transition):
        return False
    if transition.state.is_event and not transition.state.is_alarm:
        return channel.type in MACHINE_TYPES
    # keepalived mails only when the state differs from the last one mailed (vrrp_notify.c:196).
    return channel.name != IMPLICIT_MAIL or transition.state is not transition.previous


def _is_about(channel: ChannelSettings, transition: Transition) -> bool:
    if channel.instances is None and channel.groups is None:
        return True
    names = channel.groups if transition.kind is Kind.GROUP else channel.instances
    return names is not None and transition.name in names
