"""What the lines of addresses, routes and rules have to agree on with each other."""

from collections.abc import Set

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.problems import Severity, shown
from hahub.config.route_lines import RouteLine
from hahub.config.route_values import is_ipv6
from hahub.config.rule_lines import RuleLine
from hahub.config.schema import Config, VirtualIp

_LABEL_MAX = 15


def check_address_lines(
    here: Path, lines: tuple[VirtualIp, ...], interface: str, taken: Set[str], document: Document
) -> set[str]:
    """Report what is wrong with these lines together; returns their addresses in figures.

    interface: of lines that name none.
    taken: addresses that another list has already.
    """
    keyword = here[-1]
    seen: set[str] = set()
    for index, line in enumerate(lines):
        figures = line.address.partition("/")[0]
        if figures in seen or figures in taken:
            message = f"{keyword} {figures} is there twice, the second is ignored"
            document.report((*here, index), message, severity=Severity.WARNING)
        seen.add(figures)
        check = _check_ipv6_line if is_ipv6(figures) else _check_ipv4_line
        check((*here, index), line, line.dev or interface, document)
    return seen


def _check_ipv6_line(here: Path, line: VirtualIp, _carrier: str, document: Document) -> None:
    keyword = here[-2]
    if line.brd is not None:
        document.report((*here, "brd"), f"{keyword} brd is for IPv4 addresses only")
    if line.label is not None:
        _warn(document, (*here, "label"), f"{keyword} label has no effect, IPv6 addresses have none")
    if line.mngtmpaddr and not line.address.endswith("/64"):
        document.report((*here, "mngtmpaddr"), f"{keyword} mngtmpaddr needs a prefix length of 64")


def _check_ipv4_line(here: Path, line: VirtualIp, carrier: str, document: Document) -> None:
    keyword, label = here[-2], line.label
    for word, field in (("-nodad", "dad"), ("home", "home"), ("mngtmpaddr", "mngtmpaddr")):
        if getattr(line, field):
            _warn(document, (*here, field), f"{keyword} {word} has no effect, it is for IPv6 addresses")
    if label is not None and len(label.encode()) > _LABEL_MAX:
        document.report((*here, "label"), f"{keyword} label {shown(label)} is longer than {_LABEL_MAX} characters")
    elif label is not None and label != carrier and not label.startswith(f"{carrier}:"):
        message = f"{keyword} label {shown(label)} does not begin with {carrier}:, old programs do not find it"
        _warn(document, (*here, "label"), message)
    if line.brd is not None and line.peer is not None:
        _warn(document, (*here, "brd"), f"{keyword} brd has no effect, a point-to-point link has no broadcast")
    elif line.brd in ("+", "-") and int(line.address.partition("/")[2]) > derive.BROADCAST_PREFIX_MAX:
        message = f"{keyword} brd {line.brd} has no effect with a prefix length above {derive.BROADCAST_PREFIX_MAX}"
        _warn(document, (*here, "brd"), message)


def _warn(document: Document, path: Path, message: str) -> None:
    document.report(path, message, severity=Severity.WARNING)


def check_route_lines(here: Path, lines: tuple[RouteLine, ...], document: Document) -> None:
    """Report what works, and is to be written otherwise."""
    for index, line in enumerate(lines):
        if line.alternative is not None:
            hint = "write nexthop via A nexthop via B"
            where = (*here, index, "alternative")
            document.report(where, f"{here[-1]} or is deprecated", hint, severity=Severity.WARNING)


def check_rule_lines(here: Path, lines: tuple[RuleLine, ...], document: Document) -> None:
    """Report rules whose place among the others is left to chance."""
    for index, line in enumerate(lines):
        if line.preference is None:
            message = f"{here[-1]} has no preference, it is counted down from 16384"
            document.report((*here, index), message, "write the preference", severity=Severity.WARNING)


def check_statics(config: Config, document: Document) -> None:
    """Report static lines that do not go together, or have no place."""
    default = config.global_defs.default_interface
    check_address_lines(("static_ipaddress",), config.static_ipaddress, default or "", set(), document)
    check_route_lines(("static_routes",), config.static_routes, document)
    check_rule_lines(("static_rules",), config.static_rules, document)
    for index, line in enumerate(config.static_ipaddress):
        if line.dev is None and default is None:
            hint = "write dev and the interface, or default_interface in global_defs"
            document.report(("static_ipaddress", index), "static_ipaddress has no dev", hint)
