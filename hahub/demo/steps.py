"""The story as data: what is done to whom, who must be master then, and who has to tell what."""

from dataclasses import dataclass
from enum import StrEnum

SERVER, APPLICATION, CLIENT = "server", "application", "client"
MAIL, DINGTALK, WEBHOOK = "mail", "DingTalk", "webhook"
CHANNELS = (MAIL, DINGTALK, WEBHOOK)


class Deed(StrEnum):
    """What the story can do to a node."""

    START_SERVICE = "start service"
    STOP_SERVICE = "stop service"
    START_DAEMON = "start daemon"
    KILL_DAEMON = "kill daemon"
    """SIGKILL to all its processes at once, so that none of them can say good-bye."""
    STOP_DAEMON = "stop daemon"
    """SIGTERM, and wait until it has ended."""


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the story."""

    title: str
    deeds: tuple[tuple[Deed, str], ...]
    """What is done to which node, in this order."""
    master: str | None
    """Who answers at the virtual address in the end; None for nobody."""
    transitions: tuple[tuple[str, str], ...]
    """Node and state of each transition that must be reported, in the FIFO and by every channel."""
    column: str = ""
    """Heading in the table of times; empty for a step that is no change of the master."""
    note: str = ""


STORY = (
    Step(
        "hahub starts on server",
        (
            (Deed.START_SERVICE, SERVER),
            (Deed.START_SERVICE, APPLICATION),
            (Deed.START_SERVICE, CLIENT),
            (Deed.START_DAEMON, SERVER),
        ),
        SERVER,
        ((SERVER, "BACKUP"), (SERVER, "MASTER")),
    ),
    Step(
        "hahub starts on application and client",
        ((Deed.START_DAEMON, APPLICATION), (Deed.START_DAEMON, CLIENT)),
        SERVER,
        ((APPLICATION, "BACKUP"), (CLIENT, "BACKUP")),
    ),
    Step(
        "the service on server stops",
        ((Deed.STOP_SERVICE, SERVER),),
        APPLICATION,
        ((APPLICATION, "MASTER"), (SERVER, "BACKUP")),
        "service stopped",
        "the check fails, priority 100 becomes 98, and application has 99",
    ),
    Step(
        "the service on server starts again",
        ((Deed.START_SERVICE, SERVER),),
        SERVER,
        ((SERVER, "MASTER"), (APPLICATION, "BACKUP")),
        "service started",
        "the check succeeds, priority 98 becomes 100 again, and server preempts",
    ),
    Step(
        "hahub on server is killed",
        ((Deed.KILL_DAEMON, SERVER),),
        APPLICATION,
        ((APPLICATION, "MASTER"),),
        "hahub killed",
        "SIGKILL to all its processes: the address stays behind on server, and the service goes on answering there, "
        "until application takes the traffic over",
    ),
    Step(
        "hahub on server starts again",
        ((Deed.START_DAEMON, SERVER),),
        SERVER,
        ((SERVER, "BACKUP"), (SERVER, "MASTER"), (APPLICATION, "BACKUP")),
        "hahub started",
        "it removes the address that it left behind, and preempts",
    ),
)

FAREWELL = Step(
    "hahub stops on client, application and server",
    ((Deed.STOP_DAEMON, CLIENT), (Deed.STOP_DAEMON, APPLICATION), (Deed.STOP_DAEMON, SERVER)),
    None,
    ((CLIENT, "STOP"), (APPLICATION, "STOP"), (SERVER, "STOP")),
)
FULL_STORY = (*STORY, FAREWELL)
