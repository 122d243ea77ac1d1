"""``interface_up_down_delays``: how long interfaces have to be down, or up, before that is believed.

A master that believes in an interface which is down is missed by its peers all the same: before they have taken over,
it has to be in FAULT. Source: keepalived vrrp/vrrp.c:check_debounce_timers.
"""

from hahub.config import derive, election
from hahub.config.document import Document
from hahub.config.problems import Severity
from hahub.config.schema import Config, UpDownDelay, VrrpInstance
from hahub.settings import LinkDelay


def link_delays(config: Config) -> tuple[LinkDelay, ...]:
    """The first line of each interface, with a delay that its instances can bear."""
    found: dict[str, LinkDelay] = {}
    for line in config.interface_up_down_delays:
        limit = _limit(line, config)
        down = line.down if limit is None else min(line.down, limit[0])
        found.setdefault(line.interface, LinkDelay(line.interface, down, line.down if line.up is None else line.up))
    return tuple(found.values())


def _limit(line: UpDownDelay, config: Config) -> tuple[float, str] | None:
    """The longest delay that an instance can bear, and which one; None when none uses the interface."""
    users = ((name, each) for name, each in config.vrrp_instance.items() if each.interface == line.interface)
    return min(((_bearable(each, config), name) for name, each in users), default=None)


def _bearable(instance: VrrpInstance, config: Config) -> float:
    adverts = election.down_timer_adverts_of(instance, config.global_defs)
    interval = derive.advert_int_of(instance, config.global_defs)
    return max(0.0, (adverts - 1) * interval - interval / 256)


def check_link_delays(config: Config, document: Document) -> None:
    """Report delays that are too long, and interfaces that are there twice."""
    seen: set[str] = set()
    for index, line in enumerate(config.interface_up_down_delays):
        path = ("interface_up_down_delays", index)
        limit = _limit(line, config)
        if line.interface in seen:
            message = f"interface_up_down_delays {line.interface} is there twice, the second is ignored"
            document.report(path, message, severity=Severity.WARNING)
        elif limit is not None and line.down > limit[0]:
            message = f"interface_up_down_delays {line.down:g} is used as {limit[0]:.3g}: after that the peers of"
            document.report((*path, "down"), f"{message} vrrp_instance {limit[1]} take over", severity=Severity.WARNING)
        seen.add(line.interface)
