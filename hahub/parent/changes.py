"""What is different between two configurations, in lines for people. Pure; values are not told, they may be secrets."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from hahub.model import Kind
from hahub.settings import Settings


def describe_changes(before: Settings, after: Settings) -> tuple[str, ...]:
    """``added vrrp_instance VI_2``, ``changed vrrp_instance VI_1: priority``; empty when nothing is different."""
    lines: list[str] = []
    old, new = _named(before), _named(after)
    for kind in old:
        lines += _differences(kind, old[kind], new[kind])
    for what, one, other in _rest(before, after):
        if one != other:
            lines.append(f"changed {what}")
    return tuple(lines)


def _named(settings: Settings) -> dict[str, dict[str, Any]]:
    """Everything that has a name, by what it is."""
    core, parent = settings.core, settings.parent
    scripts = {Kind.INSTANCE: "notify scripts of vrrp_instance", Kind.GROUP: "notify scripts of vrrp_sync_group"}
    return {
        "vrrp_instance": {each.name: each for each in core.instances},
        "vrrp_sync_group": {each.name: each for each in core.groups},
        "vrrp_script": {each.name: each for each in parent.check_scripts},
        "vrrp_track_process": {each.name: each for each in parent.watched_processes},
        "track_file": {each.name: each for each in parent.watched_files},
        **{
            what: {each.instance: each for each in parent.notify_scripts if each.kind is kind and _runs(each)}
            for kind, what in scripts.items()
        },
        "FIFO": {each.path: each for each in parent.fifos},
        "channel": {each.name: each for each in settings.hub.channels},
    }


def _runs(scripts: Any) -> bool:
    return any(getattr(scripts, field.name) for field in fields(scripts) if field.name not in ("instance", "kind"))


def _differences(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    yield from (f"removed {kind} {name}" for name in before if name not in after)
    yield from (f"added {kind} {name}" for name in after if name not in before)
    for name, one in before.items():
        other = after.get(name, one)
        if one != other:
            different = (field.name for field in fields(one) if getattr(one, field.name) != getattr(other, field.name))
            yield f"changed {kind} {name}: {', '.join(different)}"


def _rest(before: Settings, after: Settings) -> Iterable[tuple[str, object, object]]:
    """Everything else, field by field: its words, and both values."""
    told = {"instances", "groups", "check_scripts", "watched_processes", "watched_files", "notify_scripts", "fifos"}
    told |= {"channels", "secret_variables"}
    for part in ("core", "parent", "hub"):
        one, other = getattr(before, part), getattr(after, part)
        for field in fields(one):
            if field.name in told or (part == "hub" and field.name in ("node", "stop_grace")):
                continue
            yield field.name, getattr(one, field.name), getattr(other, field.name)
