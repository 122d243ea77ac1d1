"""Sync groups of a configuration: who belongs to which, and what members and group are checked by.

Source: keepalived vrrp/vrrp_sync.c, vrrp/vrrp.c; what it does with odd groups was observed with 2.2.7.
"""

from collections.abc import Iterable

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.problems import Severity, shown
from hahub.config.schema import Config, VrrpInstance, VrrpSyncGroup
from hahub.config.tracking import KEYWORDS, T, TrackLine, lines_of, resolve
from hahub.settings import SyncGroupSettings, Tracked, TrackedFile, TrackedInterface


def sync_groups(config: Config) -> tuple[SyncGroupSettings, ...]:
    """The groups that have members; members that do not exist are left out."""
    named = ((name, _members(group, config)) for name, group in config.vrrp_sync_group.items())
    return tuple(SyncGroupSettings(name, tuple(members)) for name, members in named if members)


def group_of(instance: str, config: Config) -> tuple[str, VrrpSyncGroup] | None:
    """The group that an instance belongs to, with its name."""
    return next(((name, group) for name, group in config.vrrp_sync_group.items() if instance in group.group), None)


def tracked(name: str, config: Config, kind: type[T]) -> tuple[T, ...]:
    """All of a kind that an instance depends on: what its group does, and its own that may stand beside it."""
    own = lines_of(config.vrrp_instance[name], KEYWORDS[kind])
    found = group_of(name, config)
    if found is None:
        return _once(resolve(line, kind, config) for line in own)
    group = found[1]
    shared = [_shared(line, kind, group, config) for line in lines_of(group, KEYWORDS[kind])]
    beside = [_beside(resolve(line, kind, config), group) for line in own]
    return _once([*shared, *(each for each in beside if each is not None)])


def used_names(config: Config, kind: type[T]) -> frozenset[str]:
    """The names of a kind that any instance depends on."""
    return frozenset(each.name for name in config.vrrp_instance for each in tracked(name, config, kind))


def _once(trackers: Iterable[T]) -> tuple[T, ...]:
    """Each name once: the first counts."""
    found: dict[str, T] = {}
    for each in trackers:
        found.setdefault(each.name, each)
    return tuple(found.values())


def _shared(line: TrackLine, kind: type[T], group: VrrpSyncGroup, config: Config) -> T:
    """One of the group; beside a member whose priority is fixed, failure has to be a FAULT."""
    each = resolve(line, kind, config)
    return kind(each.name, 0, each.reverse) if _owners(group, config) else each


def _beside(each: T, group: VrrpSyncGroup) -> T | None:
    """One of a member by itself, as it may stand beside the group; None: it may not."""
    if not _splits(each, group):
        return each
    return type(each)(each.name, 0, each.reverse) if _can_only_be_a_fault(each) else None


def _can_only_be_a_fault(each: Tracked) -> bool:
    """A weight of an interface counts as 0, and so does that of a file to which nobody gave another."""
    return isinstance(each, TrackedInterface) or (isinstance(each, TrackedFile) and each.weight == 1)


def _splits(each: Tracked, group: VrrpSyncGroup) -> bool:
    """Would it give one member another priority than the others have?"""
    return each.weight != 0 and not (group.sync_group_tracking_weight or group.global_tracking)


def _members(group: VrrpSyncGroup, config: Config) -> dict[str, VrrpInstance]:
    return {name: config.vrrp_instance[name] for name in group.group if name in config.vrrp_instance}


def _owners(group: VrrpSyncGroup, config: Config) -> list[str]:
    """Members whose priority nothing can change."""
    return [name for name, each in _members(group, config).items() if derive.priority_of(each) == derive.OWNER]


def check_groups(config: Config, document: Document) -> None:
    """Report to the document what is wrong with the groups, and what a membership changes for an instance."""
    taken: dict[str, str] = {}
    for name, group in config.vrrp_sync_group.items():
        path = ("vrrp_sync_group", name)
        _check_members(path, group, taken, document)
        _check_size(path, group, document)
        _check_owners(path, group, config, document)
        if group.global_tracking:
            message = "global_tracking is deprecated, it counts as sync_group_tracking_weight"
            _warn(document, (*path, "global_tracking"), message)
    for name in config.vrrp_instance:
        _check_own_trackers(name, config, document)


def _check_members(path: Path, group: VrrpSyncGroup, taken: dict[str, str], document: Document) -> None:
    """taken: instance to the group that has it; filled here."""
    known = document.data.get("vrrp_instance", {})
    for index, member in enumerate(group.group):
        here = (*path, "group", index)
        if member not in known:
            _warn(document, here, f"group {shown(member)} is ignored, there is no such vrrp_instance")
            continue
        other = taken.setdefault(member, str(path[1]))
        if other != path[1]:
            message = f"group {member} belongs to vrrp_sync_group {other} already, expected one group per instance"
            document.report(here, message)
        elif member in group.group[:index]:
            _warn(document, here, f"group {member} is there twice, the second is ignored")


def _check_size(path: Path, group: VrrpSyncGroup, document: Document) -> None:
    known = document.data.get("vrrp_instance", {})
    members = {member for member in group.group if member in known}
    if not members:
        message = "group is empty, this vrrp_sync_group is ignored"
    elif len(members) == 1:
        message = "group has one member only, expected at least two"
    else:
        return
    document.report((*path, "group"), message, severity=Severity.WARNING, key=True)


def _check_owners(path: Path, group: VrrpSyncGroup, config: Config, document: Document) -> None:
    owners = _owners(group, config)
    if not owners:
        return
    if len(owners) < len(_members(group, config)):
        message = f"group has {', '.join(owners)} with priority 255 and others without, which will not work"
        document.report((*path, "group"), message, severity=Severity.WARNING, key=True)
    for kind, keyword in KEYWORDS.items():
        for index, line in enumerate(lines_of(group, keyword)):
            if resolve(line, kind, config).weight:
                message = f"{keyword} {line.name} counts as weight 0, the priority 255 of {owners[0]} cannot change"
                _warn(document, (*path, keyword, index), message)


def _check_own_trackers(name: str, config: Config, document: Document) -> None:
    found = group_of(name, config)
    if found is None:
        return
    title, group = found
    for kind, keyword in KEYWORDS.items():
        shared = {line.name for line in lines_of(group, keyword)}
        for index, line in enumerate(lines_of(config.vrrp_instance[name], keyword)):
            here = ("vrrp_instance", name, keyword, index)
            each: Tracked = resolve(line, kind, config)
            if line.name in shared:
                _warn(document, here, f"{keyword} {line.name} is tracked by vrrp_sync_group {title}, which counts")
            elif _splits(each, group) and _can_only_be_a_fault(each):
                message = f"{keyword} {line.name} counts as weight 0 in vrrp_sync_group {title}"
                _warn(document, here, message, "write weight 0, or sync_group_tracking_weight in the vrrp_sync_group")
            elif _splits(each, group):
                message = f"{keyword} {line.name} with weight {each.weight} is ignored in vrrp_sync_group {title}"
                hint = "track it in the vrrp_sync_group, or write sync_group_tracking_weight there"
                _warn(document, here, message, hint)


def _warn(document: Document, path: Path, message: str, hint: str = "") -> None:
    document.report(path, message, hint, severity=Severity.WARNING)
