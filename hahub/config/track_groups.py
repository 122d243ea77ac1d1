"""``track_group``: instances that need the interface of a static address, route or rule, and are in FAULT without it.

What is lost itself is put back, and nobody is the worse for it. Source: keepalived vrrp/vrrp_static_track.c.
"""

from collections.abc import Iterator

from hahub.config.document import Document, Path
from hahub.config.problems import Severity, shown
from hahub.config.route_lines import RouteLine
from hahub.config.rule_lines import RuleLine
from hahub.config.schema import Config, VirtualIp

_Line = VirtualIp | RouteLine | RuleLine
_VIRTUAL = ("virtual_ipaddress", "virtual_ipaddress_excluded", "virtual_routes", "virtual_rules")


def needed_interfaces(name: str, config: Config) -> tuple[str, ...]:
    """Interfaces that an instance needs because of what is static on them."""
    groups = {title for title, group in config.track_group.items() if name in group.group}
    found = (each for _, line in _statics(config) if line.track_group in groups for each in _interfaces(line))
    return tuple(dict.fromkeys(found))


def _statics(config: Config) -> Iterator[tuple[Path, _Line]]:
    for keyword in ("static_ipaddress", "static_routes", "static_rules"):
        for index, line in enumerate(getattr(config, keyword)):
            yield (keyword, index), line


def _interfaces(line: _Line) -> tuple[str, ...]:
    if line.no_track:
        return ()
    name = line.iif if isinstance(line, RuleLine) else line.dev
    return (name,) if name else ()


def check_track_groups(config: Config, document: Document) -> None:
    """Report track_groups that lead nowhere, and lines that cannot have one."""
    for title, group in config.track_group.items():
        for index, name in enumerate(group.group):
            if name not in document.data.get("vrrp_instance", {}):
                message = f"group {shown(name)} is ignored, there is no such vrrp_instance"
                document.report(("track_group", title, "group", index), message, severity=Severity.WARNING)
    for path, line in _statics(config):
        _check_static(path, line, document)
    for name, instance in config.vrrp_instance.items():
        for keyword in _VIRTUAL:
            for index, line in enumerate(getattr(instance, keyword)):
                if line.track_group is not None:
                    path = ("vrrp_instance", name, keyword, index)
                    document.report(path, f"{keyword} has a track_group, which is for static lines only")


def _check_static(path: Path, line: _Line, document: Document) -> None:
    if line.track_group is None:
        return
    if line.track_group not in document.data.get("track_group", {}):
        message = f"track_group {shown(line.track_group)} is unknown, expected the name of a track_group"
        document.report((*path, "track_group"), message)
    elif not _interfaces(line):
        why = "with no_track" if line.no_track else "without an interface"
        document.report((*path, "track_group"), f"track_group has no effect {why}", severity=Severity.WARNING)
