"""How announcements of addresses are paced, and repeated where no advert goes.

Source: keepalived vrrp/vrrp_if.c:set_default_garp_delay, vrrp/vrrp.c:vrrp_send_vmac_update.
"""

from hahub.config.document import Document, Path
from hahub.config.problems import Severity
from hahub.config.schema import Config, GarpGroup, GlobalDefs, VrrpInstance
from hahub.config.schema_lines import GarpExtraIf
from hahub.settings import Pacing

_LONG = 1.0
"""Seconds between two frames that are probably milliseconds in somebody's mind."""


def pacing(config: Config) -> tuple[Pacing, ...]:
    """The distances of all interfaces: those of the garp_groups, then the global ones."""
    taken: set[str] = set()
    found: list[Pacing] = []
    for group in config.garp_group:
        names = tuple(name for name in _names(group) if name not in taken)
        if names and _has_interval(group):
            taken.update(names)
            found.append(Pacing(names, group.garp_interval or 0.0, group.gna_interval or 0.0))
    defs = config.global_defs
    if defs.vrrp_garp_interval or defs.vrrp_gna_interval:
        found.append(Pacing((), defs.vrrp_garp_interval, defs.vrrp_gna_interval))
    return tuple(found)


def extra_interval_of(instance: VrrpInstance, defs: GlobalDefs, *, has_vmacs: bool) -> float:
    """Seconds between announcements on interfaces of other addresses; 0 where there are none that count.

    has_vmacs: some of these interfaces are virtual MACs.
    """
    line = _extra_line(instance, defs)
    return line.interval if line is not None and (line.all or has_vmacs) else 0.0


def extra_all_of(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether they are made on all of these interfaces, and not on virtual MACs only."""
    line = _extra_line(instance, defs)
    return line is None or line.all


def _extra_line(instance: VrrpInstance, defs: GlobalDefs) -> GarpExtraIf | None:
    words = (instance.garp_extra_if, instance.vmac_garp_intvl, defs.vrrp_garp_extra_if, defs.vrrp_vmac_garp_intvl)
    return next((each for each in words if each is not None), None)


def _names(group: GarpGroup) -> tuple[str, ...]:
    own = (group.interface,) if group.interface is not None else ()
    return tuple(dict.fromkeys((*own, *group.interfaces)))


def _has_interval(group: GarpGroup) -> bool:
    return group.garp_interval is not None or group.gna_interval is not None


def check_announcements(config: Config, document: Document) -> None:
    """Report distances that mean nothing, and those that are too long to be meant."""
    taken: dict[str, int] = {}
    for index, group in enumerate(config.garp_group):
        path = ("garp_group", index)
        _check_group(path, group, document)
        for name in _names(group):
            if taken.setdefault(name, index) != index:
                message = f"garp_group has {name}, which another garp_group has already: it counts there"
                document.report(path, message, severity=Severity.WARNING, key=True)
        _check_length(path, group, ("garp_interval", "gna_interval"), document)
    defs = config.global_defs
    _check_length(("global_defs",), defs, ("vrrp_garp_interval", "vrrp_gna_interval"), document)
    _check_old_name(("global_defs",), defs, "vrrp_vmac_garp_intvl", "vrrp_garp_extra_if", document)
    for name, instance in config.vrrp_instance.items():
        _check_old_name(("vrrp_instance", name), instance, "vmac_garp_intvl", "garp_extra_if", document)


def _check_group(path: Path, group: GarpGroup, document: Document) -> None:
    missing = "" if _has_interval(group) else "garp_interval and gna_interval"
    missing = missing if _names(group) else "interface and interfaces"
    if missing:
        message = f"garp_group has neither {missing.replace(' and ', ' nor ')}, it is ignored"
        document.report(path, message, severity=Severity.WARNING, key=True)


def _check_length(path: Path, block: object, keywords: tuple[str, ...], document: Document) -> None:
    for keyword in keywords:
        interval = getattr(block, keyword)
        if interval is not None and interval >= _LONG:
            message = f"{keyword} {interval:g} are seconds between any two announcements, which is very long"
            document.report((*path, keyword), message, severity=Severity.WARNING)


def _check_old_name(path: Path, block: object, old: str, new: str, document: Document) -> None:
    if getattr(block, old) is not None:
        document.report((*path, old), f"{old} is deprecated, it counts as {new}", severity=Severity.WARNING)
