"""A recording as text, in order of time: for people who want to know what happened."""

from collections.abc import Iterator

from tests.conformance.frames import Advert, Arp, Frame, Neighbour, Packet
from tests.conformance.seen import Recording


def tell(recording: Recording) -> str:
    """Return all that was seen, one line each: ``>`` was sent by the tester, ``<`` by the router."""
    events = sorted(_events(recording))
    start = events[0][0] if events else 0.0
    lines = [f"--- {recording.situation.name} with {recording.daemon}"]
    lines += [f"{at - start:9.4f} {what}" for at, what in events]
    lines += [f"noted: {name} = {value}" for name, value in recording.notes.items()]
    return "\n".join([*lines, "--- log", recording.log, *([recording.failed] if recording.failed else [])]) + "\n"


def _events(recording: Recording) -> Iterator[tuple[float, str]]:
    for number, frames in enumerate(recording.frames, start=1):
        for frame in frames:
            yield frame.at, f"{number}{'>' if frame.sent else '<'} {describe(frame)}"
    for line in recording.lines:
        yield line.at, f"FIFO {line.name} {line.state} {line.priority}"
    for change in recording.changes:
        yield change.at, f"{'+' if change.present else '-'} {change.address}"
    for name, at in recording.marks.items():
        yield at, f"* {name}"


def describe(frame: Frame) -> str:
    """Return a frame in a line."""
    match frame:
        case Advert():
            version = f"v{frame.version} vrid={frame.vrid} priority={frame.priority} interval={frame.interval}"
            return f"advert {frame.source} > {frame.destination} {version} ttl={frame.ttl} count={frame.count}"
        case Arp():
            return f"arp op={frame.operation} {frame.sender} is at {frame.sender_mac}, about {frame.target}"
        case Neighbour():
            flags = f"R={frame.router:d} S={frame.solicited:d} O={frame.override:d}"
            return f"nd type={frame.kind} {frame.source} > {frame.destination} about {frame.target} {flags}"
        case Packet():
            what = f"protocol={frame.protocol} {frame.payload[:16].hex()}"
            return f"ip {frame.source} > {frame.destination} {what}"
    return f"frame {frame.raw[:48].hex()}"
