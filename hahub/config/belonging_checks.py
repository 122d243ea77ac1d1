"""What the lines of addresses, routes and rules have to agree on with each other."""

from collections.abc import Set

from hahub.config.document import Document, Path
from hahub.config.problems import Severity, shown
from hahub.config.routing import RuleLine, is_ipv6
from hahub.config.schema import Statics, VirtualIp

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
        label, carrier = line.label, line.dev or interface
        if (
            label is not None
            and not is_ipv6(figures)
            and (len(label) > _LABEL_MAX or not label.startswith(f"{carrier}:"))
        ):
            message = f"{keyword} label {shown(label)} is not {carrier}:text of at most 15 characters"
            document.report((*here, index, "label"), message)
        if is_ipv6(figures):
            for word in ("label", "brd"):
                if getattr(line, word) is not None:
                    document.report((*here, index, word), f"{keyword} {word} is for IPv4 addresses only")
        elif line.dad:
            document.report((*here, index), f"{keyword} -nodad is for IPv6 addresses only")
        elif line.brd in ("+", "-") and int(line.address.partition("/")[2]) > 30:
            message = f"{keyword} brd {line.brd} needs a prefix length of at most 30"
            document.report((*here, index, "brd"), message)
    return seen


def check_rule_lines(here: Path, lines: tuple[RuleLine, ...], document: Document) -> None:
    """Report rules whose place among the others is left to chance."""
    for index, line in enumerate(lines):
        if line.preference is None:
            message = f"{here[-1]} has no preference, it is counted down from 16384"
            document.report((*here, index), message, "write the preference", severity=Severity.WARNING)


def check_statics(config: Statics, document: Document) -> None:
    """Report static lines that do not go together, or have no place."""
    check_address_lines(("static_ipaddress",), config.static_ipaddress, "", set(), document)
    check_rule_lines(("static_rules",), config.static_rules, document)
    for index, line in enumerate(config.static_ipaddress):
        if line.dev is None:
            document.report(("static_ipaddress", index), "static_ipaddress has no dev", "write dev and the interface")
