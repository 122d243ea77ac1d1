"""What a sink keeps of a message, and the line it writes about it."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Received:
    """One message that reached a sink and was right."""

    at_monotonic: float
    """CLOCK_MONOTONIC when it was complete, seconds: the same clock in all processes of a host."""
    id: str
    """``webhook-id`` or Message-ID; empty for DingTalk, which has none."""
    title: str
    """DingTalk's title, a mail's subject, a webhook's event in words."""
    body: str
    """DingTalk's text, a mail's text, a webhook's JSON."""
    recipients: tuple[str, ...] = ()
    """Of a mail: the envelope's."""


def format_line(message: Received) -> str:
    """One line of JSON with the fields of ``message``, without the line's end."""
    return json.dumps(asdict(message), ensure_ascii=False)
