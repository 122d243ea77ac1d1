"""How an instance takes part in elections, and what it sends around them: its own word, else the global one.

Source: keepalived vrrp/vrrp.c:vrrp_complete_instance, and set_default_values for the defaults of the global ones.
"""

from typing import TypeVar

from hahub.config import derive
from hahub.config.document import Document, Path
from hahub.config.problems import Severity
from hahub.config.schema import GlobalDefs, VrrpInstance

_T = TypeVar("_T")
_DELAY, _REPEAT = 5.0, 5
"""The defaults of a new master's bursts, which vrrp_min_garp changes; another number stays."""


def down_timer_adverts_of(instance: VrrpInstance, defs: GlobalDefs) -> int:
    """Adverts that a master may miss."""
    return _first(instance.down_timer_adverts, defs.vrrp_down_timer_adverts)


def sends_advert_to_stronger(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether a master that yields sends one advert more."""
    return _first(instance.higher_prio_send_advert, defs.vrrp_higher_prio_send_advert)


def ignores_adverts(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether nobody can make it yield: an owner only."""
    wanted = _first(instance.owner_ignore_adverts, defs.vrrp_owner_ignore_adverts)
    return wanted and derive.priority_of(instance) == derive.OWNER


def timer_expired_backup_of(instance: VrrpInstance, defs: GlobalDefs) -> int:
    """By whose priority others take over from a host that stood still; 0: by our own."""
    line = instance.timer_expired_backup or instance.thread_timer_expired
    return 0 if line is None or derive.preempts(instance, defs) else line.priority


def is_silent_to_weaker(instance: VrrpInstance, defs: GlobalDefs) -> bool:
    """Whether a weaker master gets no advert for an answer."""
    return _first(instance.lower_prio_no_advert, defs.vrrp_lower_prio_no_advert)


def lower_prio_delay_of(instance: VrrpInstance, defs: GlobalDefs) -> float:
    """Seconds to the second burst after a weaker master was heard; by default that of the masters."""
    default = master_delay_of(defs)
    return _first(instance.garp_lower_prio_delay, _first(defs.vrrp_garp_lower_prio_delay, default))


def lower_prio_repeat_of(instance: VrrpInstance, defs: GlobalDefs) -> int:
    """Gratuitous ARP of each of these bursts."""
    default = master_repeat_of(defs)
    return _first(instance.garp_lower_prio_repeat, _first(defs.vrrp_garp_lower_prio_repeat, default))


def master_delay_of(defs: GlobalDefs) -> float:
    """Seconds to the second burst of a new master, unless the instance has another word."""
    delay = defs.vrrp_garp_master_delay
    return 0.0 if defs.vrrp_min_garp and delay == _DELAY else delay


def master_repeat_of(defs: GlobalDefs) -> int:
    """Gratuitous ARP of each burst of a new master, unless the instance has another word."""
    repeat = defs.vrrp_garp_master_repeat
    return 1 if defs.vrrp_min_garp and repeat == _REPEAT else repeat


def _first(own: _T | None, default: _T) -> _T:
    return default if own is None else own


def check_election(path: Path, instance: VrrpInstance, defs: GlobalDefs, document: Document) -> None:
    """Report words about elections that contradict each other, or mean nothing."""
    priority = derive.priority_of(instance)
    if instance.owner_ignore_adverts and priority != derive.OWNER:
        message = f"owner_ignore_adverts has no effect, the priority is {priority} and not {derive.OWNER}"
        document.report((*path, "owner_ignore_adverts"), message, severity=Severity.WARNING)
    for keyword in ("nopreempt_window", "timer_expired_backup", "thread_timer_expired"):
        if keyword in instance.model_fields_set and derive.preempts(instance, defs):
            message = f"{keyword} has no effect without nopreempt"
            document.report((*path, keyword), message, severity=Severity.WARNING)
    if instance.thread_timer_expired is not None:
        message = "thread_timer_expired is deprecated, it counts as timer_expired_backup"
        document.report((*path, "thread_timer_expired"), message, severity=Severity.WARNING)
