"""What people read: the title, text and Markdown of one transition.

Titles are keepalived's mail subjects (keepalived core/smtp.c, vrrp/vrrp_notify.c), so that filters that exist
go on working; the text says what keepalived does not: why, when, and since what state.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from hahub.model import Kind, State, Transition

LATE_AFTER = 60.0
"""Seconds; what is told later says so."""

_TITLES = {
    State.STOP: "Stopping",
    State.DELETED: "Deleted",
    State.MASTER_RX_LOWER_PRI: "Received an advertisement of lower priority as MASTER",
    State.MASTER_PRIORITY: "Priority changed as MASTER",
    State.BACKUP_PRIORITY: "Priority changed as BACKUP",
    State.DUAL_MASTER: "Two masters",
    State.DUAL_MASTER_OVER: "No longer two masters",
}
_NOW = {
    State.BACKUP: "is now BACKUP and does not hold its virtual addresses",
    State.MASTER: "is now MASTER and holds its virtual addresses",
    State.FAULT: "is now in FAULT and does not hold its virtual addresses",
    State.STOP: "is stopping and gives up its virtual addresses",
    State.DELETED: "was removed from the configuration",
    State.MASTER_RX_LOWER_PRI: "is MASTER and heard another master of lower priority",
    State.MASTER_PRIORITY: "is MASTER and has a new priority",
    State.BACKUP_PRIORITY: "is not MASTER and has a new priority",
    State.DUAL_MASTER: "is MASTER, and so is another node",
    State.DUAL_MASTER_OVER: "does not hear another master any more",
}


class Rendered(NamedTuple):
    """One message, ready for any channel."""

    title: str
    """One line."""
    text: str
    markdown: str


def render(transition: Transition, *, late: float, maybe_repeat: bool, zone: tzinfo) -> Rendered:
    """Write the message about one transition.

    late: seconds from the transition to this attempt.
    zone: of the reporting host; times are shown in it, with its offset, and in UTC.
    """
    headline = _headline(transition)
    facts = _facts(transition, zone)
    notes = _notes(late=late, maybe_repeat=maybe_repeat)
    width = max(len(name) for name, _ in facts) + 2
    text = [headline, "", *(f"{name + ':':{width}}{value}" for name, value in facts)]
    markdown = [
        f"**{_escape(headline)}**",
        "",
        *(f"- {name}: {_escape(value)}" for name, value in facts),
    ]
    if notes:
        text += ["", *notes]
        markdown += ["", *(f"*{note}*" for note in notes)]
    return Rendered(_title(transition), "\n".join(text) + "\n", "\n".join(markdown) + "\n")


def _subject(transition: Transition) -> str:
    return f"{transition.kind.value.capitalize()} {_one_line(transition.name)}"


def _title(transition: Transition) -> str:
    what = _TITLES.get(transition.state, f"Entering {transition.state} state")
    return f"[{_one_line(transition.node)}] VRRP {_subject(transition)} - {what}"


def _headline(transition: Transition) -> str:
    now = _NOW.get(transition.state, f"is now {transition.state}")
    if transition.kind is Kind.GROUP:
        now = now.replace("its virtual addresses", "the virtual addresses of its members")
    before = ""
    if transition.previous is State.INIT:
        before = "; it has just started"
    elif not transition.state.is_event and transition.previous is not transition.state:
        before = f"; it was {transition.previous}"
    return f"{_subject(transition)} on {_one_line(transition.node)} {now}{before}."


def _facts(transition: Transition, zone: tzinfo) -> list[tuple[str, str]]:
    facts = [("Why", _one_line(str(transition.reason))), ("When", _when(transition.at, zone))]
    if transition.addresses:
        facts.append(("Addresses", ", ".join(transition.addresses)))
    if transition.interface:
        facts.append(("Interface", _one_line(transition.interface)))
    if transition.kind is Kind.INSTANCE:
        facts.append(("Priority", str(transition.priority)))
    return facts


def _when(at: float, zone: tzinfo) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    local = moment.astimezone(zone).isoformat(" ", "milliseconds")
    return f"{local[:23]} {local[23:]} ({moment:%Y-%m-%d %H:%M:%S} UTC)"


def _notes(*, late: float, maybe_repeat: bool) -> list[str]:
    notes = []
    if late > LATE_AFTER:
        notes.append(f"Told {_duration(late)} late.")
    if maybe_repeat:
        notes.append("Possibly told before.")
    return notes


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _escape(text: str) -> str:
    """Make text mean itself in Markdown; an underscore within a word already does."""
    return re.sub(r"([\\`*\[\]<>]|(?<!\w)_|_(?!\w))", r"\\\1", text)
