"""The records that processes send each other, to and from JSON.

One record is one SOCK_SEQPACKET packet: ``["Name", {fields}]``. What is too large for a packet, or is a
file descriptor, travels as an attached descriptor (``hahub.link``); the record says which.

    parent <-> core   Configure, *Result, Maintenance, HubLink, Shutdown ->    Ready, Transition, Log, Stopped  <-
                      Standby, HandOver                           ->    TookOver                         <-
    parent <-> hub    Configure, CoreLink, Shutdown               ->    Ready, Log, Stopped              <-
    core   <-> hub    Transition, Gap                             ->    Ack                              <-
    core    -> core   Memory
"""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from hahub.model import Transition
from hahub.settings import CoreSettings, HubSettings, TrackerKey, TrackerKind


@dataclass(frozen=True, slots=True)
class Configure:
    """Here is your configuration. Attached: a memory file with the JSON of the settings, then the FIFOs.

    Sent once after start and again at each reload; the core's FIFOs follow in the order of writing.
    """

    fifos: tuple[str, ...] = ()
    """Path of each attached FIFO, for messages; the parent made and opened them."""
    lifeline: bool = False
    """A second memory file is attached, before the FIFOs: what one life of the core leaves to the next."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The process is configured and works; ``notes`` tell what it had to do without."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HubLink:
    """To the core. Attached: a new link to the hub; send again what is not acknowledged."""


@dataclass(frozen=True, slots=True)
class CoreLink:
    """To the hub. Attached: a new link to the core."""


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """To the core: the verdict on a ``vrrp_script`` after rise and fall; sent at each change of it."""

    script: str
    succeeded: bool
    detail: str = ""
    """For people: ``exited with status 2``, ``timed out after 1 s``, ``cannot be executed: ...``."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.SCRIPT, self.script)


@dataclass(frozen=True, slots=True)
class ProcessResult:
    """To the core: the verdict on a ``vrrp_track_process`` after its delays; sent at each change of it."""

    process: str
    succeeded: bool
    detail: str = ""
    """For people: ``0 processes, expected at least 1``."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.PROCESS, self.process)


@dataclass(frozen=True, slots=True)
class FileResult:
    """To the core: the number in a ``track_file``; sent at each change of it."""

    file: str
    value: int
    detail: str = ""
    """For people: ``/run/weight says -60``."""

    @property
    def tracker(self) -> TrackerKey:
        return (TrackerKind.FILE, self.file)


TrackerResult = ScriptResult | ProcessResult | FileResult
"""What trackers of the parent find out."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """To the core: this node is to be the last choice, or no longer."""

    on: bool
    detail: str = ""
    """Who and why, for people."""


@dataclass(frozen=True, slots=True)
class Standby:
    """To a core, before its first Configure: prepare, and do nothing until your predecessor hands over.

    Attached: a link to the predecessor, which comes with HandOver at the other end.
    """


@dataclass(frozen=True, slots=True)
class HandOver:
    """To a core: your successor is ready. Attached: a link to it."""


@dataclass(frozen=True, slots=True)
class Memory:
    """From a core to its successor. Attached: a memory file with all it knows."""


@dataclass(frozen=True, slots=True)
class TookOver:
    """From a core that was in Standby: it is the one that acts now. ``notes`` as in Ready."""

    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Finish: the core resigns and reports STOP, the hub flushes within ``grace`` seconds."""

    grace: float


@dataclass(frozen=True, slots=True)
class Ack:
    """To the core: the transitions of ``boot`` up to ``seq`` are in the journal."""

    boot: str
    seq: int


@dataclass(frozen=True, slots=True)
class Gap:
    """To the hub: transitions ``first`` to ``last`` of ``boot`` are lost for good."""

    boot: str
    first: int
    last: int
    detail: str


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the log, written by the parent, so that nobody else can block on it."""

    level: int
    """As in ``logging``: 10 debug, 20 info, 30 warning, 40 error."""
    text: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The last record of a process that ends in good order."""

    detail: str = ""
    clean: bool = True
    """False when something was left undone, such as messages that wait for the next start."""


Record = (
    Configure
    | Ready
    | HubLink
    | CoreLink
    | TrackerResult
    | Maintenance
    | Standby
    | HandOver
    | Memory
    | TookOver
    | Shutdown
    | Ack
    | Gap
    | Log
    | Stopped
    | Transition
)

_TYPES: dict[str, type[Record]] = {
    t.__name__: t
    for t in (
        Configure,
        Ready,
        HubLink,
        CoreLink,
        ScriptResult,
        ProcessResult,
        FileResult,
        Maintenance,
        Standby,
        HandOver,
        Memory,
        TookOver,
        Shutdown,
        Ack,
        Gap,
        Log,
        Stopped,
        Transition,
    )
}
_encoder = msgspec.json.Encoder()
_envelope = msgspec.json.Decoder(tuple[str, msgspec.Raw])
_decoders = {name: msgspec.json.Decoder(t) for name, t in _TYPES.items()}


class MessageError(Exception):
    """A packet between processes that is not a record."""


def encode(record: Record) -> bytes:
    """Write one record as one packet."""
    return _encoder.encode((type(record).__name__, record))


def decode(packet: bytes) -> Record:
    """Read one packet.

    Raises MessageError, naming the record and the field, when it is not one of ours.
    """
    try:
        name, body = _envelope.decode(packet)
        return _decoders[name].decode(body)
    except KeyError as error:
        raise MessageError(f"unknown record {error}") from None
    except msgspec.MsgspecError as error:
        raise MessageError(f"packet of {len(packet)} bytes is not a record: {error}") from error


_S = TypeVar("_S", CoreSettings, HubSettings)


def encode_settings(settings: CoreSettings | HubSettings) -> bytes:
    """Write settings for the memory file of Configure. Holds secrets: never log it."""
    return _encoder.encode(settings)


def decode_settings(text: bytes, to: type[_S]) -> _S:
    """Read settings from the memory file of Configure. Raises MessageError."""
    try:
        return msgspec.json.decode(text, type=to)
    except msgspec.MsgspecError as error:
        raise MessageError(f"{to.__name__}: {error}") from error
