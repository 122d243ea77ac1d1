"""Timer arithmetic of both protocol versions.

Source: RFC 3768 section 6.1, RFC 9568 section 6.1; keepalived vrrp/vrrp_scheduler.c.
"""


def skew_time(version: int, priority: int, master_adver_interval: float) -> float:
    """Seconds that a backup waits beyond the missed adverts; the higher its priority, the shorter.

    Version 2 does not scale it with the interval (VR-068), version 3 does (VR-070).
    """
    unit = 1.0 if version == 2 else master_adver_interval
    return (256 - priority) * unit / 256


def master_down_interval(version: int, priority: int, master_adver_interval: float, adverts: int = 3) -> float:
    """Seconds without an advert after which the master counts as down (VR-069, VR-071).

    adverts: how many may be missed; 3 in the RFCs, ``down_timer_adverts`` in keepalived.
    """
    return adverts * master_adver_interval + skew_time(version, priority, master_adver_interval)


def next_multiple(previous: float, interval: float, now: float) -> float:
    """The next time of an absolute schedule: no drift, and no burst to catch up after a long sleep."""
    following = previous + interval
    return following if following > now else now + interval
