"""How an instance takes part in elections, and what it sends around them: its own word, else the global one.

Source: keepalived vrrp/vrrp.c:vrrp_complete_instance, and set_default_values for the defaults of the global ones.
"""

from typing import TypeVar

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
