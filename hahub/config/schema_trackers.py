"""The part of the schema about interfaces, processes and files that an instance depends on."""

from typing import Annotated, ClassVar

from pydantic import Field

from hahub.config.grammar import Block, Grammar, Line
from hahub.config.values import Delay, Flag, InterfaceName, Name, Text, Weight, matching, whole

_REVERSE = {"reverse": ("reverse", True), "noreverse": ("reverse", False)}
_NUMBER_MAX = 2_147_483_647
WideWeight = Annotated[int, whole(-254, 254)]
MatchWord = Annotated[str, matching("initial|partial|exact", "known, expected initial, partial or exact")]
WatchedPath = Annotated[str, matching(r"/(?!proc/|sys/).*[^/]", "an absolute path of a file, outside /proc and /sys")]
Number = Annotated[int, whole(0, 65535)]


class TrackerWeight(Line):
    """``WEIGHT [reverse|noreverse]``."""

    grammar: ClassVar[Grammar] = Grammar(("weight",), flags=_REVERSE, what="a weight")

    weight: WideWeight = Field(description="-254 to 254; 0: failure means FAULT")
    reverse: Flag = Field(False, description="the other sign; with weight 0 the other way round")


class TrackInterface(Line):
    """``NAME [weight WEIGHT [reverse|noreverse]]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("name",), options={"weight": "weight"}, flags=_REVERSE, what="the name of an interface"
    )

    name: InterfaceName = Field(description="an interface; up means switched on and with a carrier")
    weight: Weight | None = Field(None, description="-253 to 253; default 0: down means FAULT")
    reverse: Flag | None = Field(None, description="the other sign; with weight 0: up means FAULT")


class TrackProcess(Line):
    """``NAME [weight WEIGHT [reverse|noreverse]]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("name",), options={"weight": "weight"}, flags=_REVERSE, what="the name of a vrrp_track_process"
    )

    name: Name = Field(description="name of a vrrp_track_process")
    weight: WideWeight | None = Field(None, description="-254 to 254; default: as the vrrp_track_process says")
    reverse: Flag | None = Field(None, description="default: as the vrrp_track_process says")


class TrackFile(Line):
    """``NAME [weight WEIGHT [reverse|noreverse]]``."""

    grammar: ClassVar[Grammar] = Grammar(
        ("name",), options={"weight": "weight"}, flags=_REVERSE, what="the name of a track_file"
    )

    name: Name = Field(description="name of a track_file")
    weight: WideWeight | None = Field(None, description="-254 to 254; default: the weight of the track_file")
    reverse: Flag | None = Field(None, description="default: as the track_file says")


class InitFile(Line):
    """``[VALUE] [overwrite]``: the keyword alone means something."""

    grammar: ClassVar[Grammar] = Grammar(
        ("value",), required=0, flags={"overwrite": ("overwrite", True)}, what="a number and overwrite"
    )

    value: Annotated[int, whole(-_NUMBER_MAX, _NUMBER_MAX)] = Field(0, description="what is written; default 0")
    overwrite: Flag = Field(False, description="also into a file that exists")


class FileDefinition(Block):
    """A file with a number in it."""

    file: WatchedPath = Field(description="the file; missing, it says 0")
    weight: TrackerWeight | None = Field(
        None, description="times the number is added to the priority; default 1; 0: any number but 0 means FAULT"
    )
    init_file: InitFile | None = Field(None, description="write it at the start when it does not exist")


class ProcessWords(Line):
    """``COMMAND [ARGUMENT ...]``."""

    grammar: ClassVar[Grammar] = Grammar(("command",), rest="arguments", what="a command and its arguments")

    command: Text = Field(description="name of the process; with arguments, the first word of its command line")
    arguments: tuple[Text, ...] = Field((), description="its arguments")


class ProcessDefinition(Block):
    """Processes that have to be running."""

    process: ProcessWords = Field(description="which processes count")
    param_match: MatchWord | None = Field(
        None, description="exact, partial: more arguments may follow, initial: the last may go on; default exact"
    )
    full_command: Flag = Field(False, description="compare the first word of the command line, not the name")
    weight: TrackerWeight | None = Field(None, description="added to the priority while ok; default 1; 0: FAULT")
    quorum: Number | None = Field(None, description="so many at least; default 1, and 0 with quorum_max 0")
    quorum_max: Number | None = Field(None, description="so many at most; default any number")
    delay: Delay = Field(0.0, description="seconds; both of the next, default 0")
    fork_delay: Delay | None = Field(None, description="seconds there must be enough before that counts")
    terminate_delay: Delay | None = Field(None, description="seconds there must be too few before that counts")
