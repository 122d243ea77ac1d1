"""What happened, line by line, for people: world time, host, virtual router, and what it did."""

from typing import TYPE_CHECKING

from hahub.vrrp.actions import (
    Action,
    AddAddresses,
    AnnounceAddresses,
    AnnounceElsewhere,
    Note,
    RemoveAddresses,
    Report,
    RestoreAddresses,
    RestoreRoutes,
    SendAdvert,
)

if TYPE_CHECKING:
    from tests.simulation.host import Host


class Timeline:
    """Lines, in their order. The same seed gives the same ones on every machine."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, now: float, host: "Host | None", text: str) -> None:
        who = f"{host.name}  " if host is not None else ""
        indent = " " * 6 * (ord(host.name) - ord("a") + 1) if host is not None else "--- "
        self.lines.append(f"{now:10.4f}  {indent}{who}{text}")

    def did(self, now: float, host: "Host", router: str, action: Action) -> None:
        self.say(now, host, f"{router} {_describe(action)}")


def _describe(action: Action) -> str:
    match action:
        case SendAdvert(priority=priority):
            return f"sends {priority}"
        case AddAddresses():
            return "adds its addresses"
        case RestoreAddresses() | RestoreRoutes():
            return "puts back what is missing"
        case RemoveAddresses():
            return "removes its addresses"
        case AnnounceAddresses() | AnnounceElsewhere():
            return "announces its addresses"
        case Report():
            return f"{action.previous} -> {action.state} priority={action.priority} ({action.reason})"
        case Note():
            return f"notes: {action.text}"
