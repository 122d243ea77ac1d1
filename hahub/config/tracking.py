"""What instances depend on, from the words of the configuration to settings of core and parent.

Source: keepalived vrrp/vrrp_track.c, core/track_process.c; the manual page for what param_match means.
"""

from collections.abc import Mapping
from typing import TypeVar

from hahub.config.document import Document, Path
from hahub.config.problems import Severity, shown
from hahub.config.schema import Config, ScriptWeight, TrackScript
from hahub.config.schema_trackers import (
    FileDefinition,
    ProcessDefinition,
    TrackerWeight,
    TrackFile,
    TrackInterface,
    TrackProcess,
)
from hahub.settings import (
    ParamMatch,
    Tracked,
    TrackedFile,
    TrackedInterface,
    TrackedProcess,
    TrackedScript,
    WatchedFile,
    WatchedProcess,
)

TrackLine = TrackScript | TrackInterface | TrackProcess | TrackFile
T = TypeVar("T", bound=Tracked)

KEYWORDS: Mapping[type, str] = {
    TrackedScript: "track_script",
    TrackedInterface: "track_interface",
    TrackedProcess: "track_process",
    TrackedFile: "track_file",
}
"""The keyword in instances and groups for each kind of tracker."""
DEFINED_BY: Mapping[str, str] = {
    "track_script": "vrrp_script",
    "track_process": "vrrp_track_process",
    "track_file": "track_file",
}
"""That keyword -> the block outside that says what the name means."""


def lines_of(block: object, keyword: str) -> tuple[TrackLine, ...]:
    """The lines of an instance or a group under one of KEYWORDS."""
    lines: tuple[TrackLine, ...] = getattr(block, keyword)
    return lines


def resolve(line: TrackLine, kind: type[T], config: Config) -> T:
    """What a line means, with the defaults of the block that its name leads to."""
    default = _default_of(line, config)
    weight, reverse = (default.weight, default.reverse) if default is not None else (_default_weight(kind), False)
    if line.weight is not None:
        weight, reverse = line.weight, bool(line.reverse)
    elif line.reverse is not None:
        reverse = line.reverse
    return kind(line.name, weight, reverse)


def _default_of(line: TrackLine, config: Config) -> ScriptWeight | TrackerWeight | None:
    match line:
        case TrackScript():
            script = config.vrrp_script.get(line.name)
            return script.weight if script is not None else None
        case TrackProcess():
            process = config.vrrp_track_process.get(line.name)
            return process.weight if process is not None else None
        case TrackFile():
            file = config.track_file.get(line.name)
            return file.weight if file is not None else None
        case TrackInterface():
            return None


def _default_weight(kind: type) -> int:
    return 1 if kind in (TrackedProcess, TrackedFile) else 0


def watched_file(name: str, file: FileDefinition) -> WatchedFile:
    """What the parent has to do for a ``track_file``."""
    initial = file.init_file
    if initial is None:
        return WatchedFile(name, file.file)
    return WatchedFile(name, file.file, initial.value, initial.overwrite)


def watched_process(name: str, process: ProcessDefinition) -> WatchedProcess:
    """What the parent has to do for a ``vrrp_track_process``."""
    words = process.process
    match = ParamMatch(process.param_match) if process.param_match else None
    return WatchedProcess(
        name=name,
        command=words.command,
        arguments=words.arguments,
        match=match or (ParamMatch.EXACT if words.arguments else ParamMatch.ANY),
        full_command=process.full_command,
        quorum=quorum_of(process),
        quorum_max=process.quorum_max,
        fork_delay=process.delay if process.fork_delay is None else process.fork_delay,
        terminate_delay=process.delay if process.terminate_delay is None else process.terminate_delay,
    )


def quorum_of(process: ProcessDefinition) -> int:
    """How many there have to be at least; none when there may be none at most."""
    if process.quorum is not None:
        return process.quorum
    return 0 if process.quorum_max == 0 else 1


def check_definitions(config: Config, document: Document) -> None:
    """Report to the document what does not go together within the definitions."""
    for name, process in config.vrrp_track_process.items():
        if process.quorum_max is not None and quorum_of(process) > process.quorum_max:
            message = f"quorum {quorum_of(process)} is more than quorum_max {process.quorum_max}"
            document.report(("vrrp_track_process", name, "quorum_max"), message)
    paths: dict[str, str] = {}
    for name, file in config.track_file.items():
        other = paths.setdefault(file.file, name)
        if other != name and file.init_file is not None:
            message = f"init_file writes the file of track_file {other}, too"
            document.report(("track_file", name, "init_file"), message, severity=Severity.WARNING)


def check_lines(path: Path, block: object, document: Document) -> None:
    """Report the names under the track keywords of an instance or a group that lead nowhere."""
    for keyword in KEYWORDS.values():
        here = (*path, keyword)
        seen: set[str] = set()
        for index, line in enumerate(lines_of(block, keyword)):
            if line.name in seen:
                message = f"{keyword} {line.name} is there twice, the second is ignored"
                document.report((*here, index), message, severity=Severity.WARNING)
            elif keyword in DEFINED_BY:
                _check_name((*here, index), keyword, line.name, document)
            seen.add(line.name)


def _check_name(path: Path, keyword: str, name: str, document: Document) -> None:
    definition = DEFINED_BY[keyword]
    if name not in document.data.get(definition, {}):
        document.report(path, f"{keyword} {shown(name)} is unknown, expected the name of a {definition}")
        return
    place, defined = document.place(path), document.place((definition, name), key=True)
    if defined.file == place.file and defined.file in document.ordered and defined > place:
        message = f"{keyword} {name} is used before its {definition}, at {defined}"
        document.report(path, message, f"move the {definition} block up, keepalived needs it first")
