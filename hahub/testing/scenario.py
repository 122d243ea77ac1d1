"""Scenario files: the inputs of one virtual router with their times, and the actions they must lead to.

    # What this shows, in a sentence.
    = priority 100, version 3, advert_int 0.5
    > 0      interface up 10.9.0.2
    > 0      started
    < 0      report BACKUP 100 started
    > 0.2    advert 10.9.0.1 priority 150
    < 2.4    send 100
    ...
    > 3      end

``=`` sets configuration, ``>`` is an input, ``<`` an expected action. Deadlines are met as they come, exactly. Times
are seconds with at most three decimals; the script ends at ``end``. Actions of one moment keep their order.
``> 4 asleep until 9`` keeps the process from running; packets of that moment come before its late timers.
"""

import dataclasses
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hahub.settings import (
    InstanceSettings,
    TrackedFile,
    TrackedInterface,
    TrackedProcess,
    TrackedScript,
    VirtualAddress,
)
from hahub.vrrp import events
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
from hahub.vrrp.instance import Instance
from hahub.vrrp.packet import Advertisement

VIRTUAL_ADDRESS = VirtualAddress("10.9.0.200", 24, "eth0")
_TRACKERS: dict[str, tuple[str, Any]] = {
    "track_script": ("track_scripts", TrackedScript),
    "track_interface": ("track_interfaces", TrackedInterface),
    "track_process": ("track_processes", TrackedProcess),
    "track_file": ("track_files", TrackedFile),
}
"""Keyword -> field of the settings, and what is in it."""
_DEADLINES_MAX = 10_000


class ScenarioError(Exception):
    """A line of a scenario file that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file, read."""

    settings: InstanceSettings
    inputs: tuple[tuple[float, str], ...]
    expected: tuple[str, ...]
    startup_delay: float = 0.0


def read(path: Path) -> Scenario:
    """Read a scenario file. Raises ScenarioError, naming file and line."""
    settings = InstanceSettings("VI_1", "eth0", 51, virtual_addresses=(VIRTUAL_ADDRESS,))
    inputs: list[tuple[float, str]] = []
    expected: list[str] = []
    startup_delay = 0.0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark, _, rest = line.strip().partition(" ")
        try:
            if mark == "=":
                for assignment in rest.split(","):
                    keyword, value = assignment.split(maxsplit=1)
                    if keyword == "startup_delay":
                        startup_delay = float(value)
                    else:
                        settings = _assign(settings, keyword, value)
            elif mark == ">":
                at, what = rest.split(maxsplit=1)
                inputs.append((float(at), what))
            elif mark == "<":
                at, what = rest.split(maxsplit=1)
                expected.append(f"{float(at):.3f} {what}")
            elif mark and not mark.startswith("#"):
                raise ValueError(f"a line starts with =, >, < or #, not {mark}")
        except (ValueError, KeyError) as error:
            raise ScenarioError(f"{path}:{number}: {error}") from error
    return Scenario(settings, tuple(inputs), tuple(expected), startup_delay)


def _assign(settings: InstanceSettings, keyword: str, value: str) -> InstanceSettings:
    if keyword in _TRACKERS:
        field, kind = _TRACKERS[keyword]
        name, weight, *reverse = value.split()
        tracked = kind(name, int(weight), reverse == ["reverse"])
        all_of_them: Any = (*getattr(settings, field), tracked)
        return dataclasses.replace(settings, **{field: all_of_them})
    type_ = type(getattr(settings, keyword))
    converted: Any = value.strip() == "yes" if type_ is bool else type_(value)
    return dataclasses.replace(settings, **{keyword: converted})


def run(scenario: Scenario) -> tuple[str, ...]:
    """Play the inputs and return what was done, in the notation of the expected lines."""
    instance = Instance(scenario.settings, startup_delay=scenario.startup_delay)
    done: list[str] = []
    awake_at = 0.0
    for at, what in scenario.inputs:
        if at >= awake_at:
            done += _run_deadlines(instance, at, overslept_until=awake_at)
        if what == "end":
            break
        if what.startswith("asleep until "):
            awake_at = float(what.removeprefix("asleep until "))
            continue
        actions = _feed(instance, what, at)
        done += [f"{at:.3f} {text}" for action in actions if (text := _describe(action))]
    return tuple(done)


def _run_deadlines(instance: Instance, until: float, *, overslept_until: float) -> list[str]:
    """Meet the deadlines before ``until``; none earlier than ``overslept_until``, when packets come first."""
    done: list[str] = []
    for _ in range(_DEADLINES_MAX):
        deadline = instance.next_deadline
        if deadline is None or deadline > until or until == overslept_until:
            return done
        deadline = max(deadline, overslept_until)
        actions = instance.handle(events.DeadlineReached(), deadline)
        done += [f"{deadline:.3f} {text}" for action in actions if (text := _describe(action))]
    raise ScenarioError(f"more than {_DEADLINES_MAX} deadlines before {until} s")


def _feed(instance: Instance, what: str, at: float) -> list[Action]:
    words = what.split()
    match words:
        case ["reload", *assignments]:
            settings = instance.settings
            for keyword, value in zip(assignments[::2], assignments[1::2], strict=True):
                settings = _assign(settings, keyword, value)
            return instance.reconfigure(settings, at)
        case ["removed"]:
            return instance.removed()
        case _:
            return instance.handle(_event(instance, words), at)


def _event(instance: Instance, words: list[str]) -> events.Event:
    match words:
        case ["resumed"]:
            return events.Resumed()
        case ["started"]:
            return events.Started()
        case ["suspended", seconds]:
            return events.HostSlept(float(seconds))
        case ["shutdown"]:
            return events.ShutdownRequested()
        case ["interface", "up" | "down" as status, *address]:
            source = int(ipaddress.IPv4Address(address[0])) if address else None
            return events.InterfaceChanged(status == "up", source)
        case ["script", name, verdict]:
            return events.ScriptChanged(name, verdict == "succeeded", verdict)
        case ["processes", name, verdict]:
            return events.ProcessesChanged(name, verdict == "succeeded", verdict)
        case ["file", name, number]:
            return events.FileChanged(name, int(number), number)
        case ["tracked", name, "up" | "down" as status]:
            return events.TrackedInterfaceChanged(name, status == "up")
        case ["maintenance", "on" | "off" as status, *detail]:
            return events.MaintenanceChanged(status == "on", " ".join(detail))
        case ["rival", source, *detail]:
            return events.RivalHeard(source, " ".join(detail))
        case ["lost", *addresses]:
            return events.AddressesLost(tuple(addresses))
        case ["doubt"]:
            return events.RoutesDoubtful()
        case ["advert", source, "priority", priority, *interval]:
            settings = instance.settings
            advert = Advertisement(
                version=settings.version,
                virtual_router_id=settings.virtual_router_id,
                priority=int(priority),
                advert_int=float(interval[1]) if interval else settings.advert_int,
                addresses=(int(ipaddress.IPv4Address(VIRTUAL_ADDRESS.address)),),
            )
            return events.AdvertReceived(advert, int(ipaddress.IPv4Address(source)), source)
        case _:
            raise ScenarioError(f"no such input: {' '.join(words)}")


def _describe(action: Action) -> str:
    match action:
        case SendAdvert(priority=priority):
            return f"send {priority}"
        case AddAddresses():
            return "add"
        case RestoreAddresses():
            return "restore"
        case RestoreRoutes():
            return "restore routes"
        case RemoveAddresses():
            return "remove"
        case AnnounceAddresses(repeat=repeat):
            return f"announce {repeat}"
        case AnnounceElsewhere():
            return "announce elsewhere"
        case Report(state=state, priority=priority, reason=reason):
            return f"report {state} {priority} {reason.cause}"
        case Note():
            return ""
