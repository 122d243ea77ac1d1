"""Effective priority: the configured one, changed by the verdicts on what an instance tracks.

    tracker                      ok            not ok
    weight 0                     -             FAULT
    weight w > 0                 +w            -
    weight w < 0                 -             w
    file, weight 0               number is 0   FAULT
    file, weight w               number * w, at most 253; below -253: FAULT

``reverse`` gives what is added the other sign; with weight 0 it swaps ok and not ok.
Source: keepalived vrrp/vrrp_track.c, and measured with 2.2.7.
"""

from collections.abc import Iterable, Mapping

from hahub.settings import InstanceSettings, Tracked, TrackedFile, TrackedScript, TrackerKey

PRIORITY_MIN = 1
PRIORITY_OWNER = 255
PRIORITY_MAX = 254
"""Highest priority of a router that does not own the addresses; 255 is never changed by tracking."""
_CHANGE_MAX = 253
"""How much one file can add; as much to take away is a FAULT."""

Verdicts = Mapping[TrackerKey, int]
"""What is known: True or False for ok or not, the number for a file."""


def effective_priority(settings: InstanceSettings, verdicts: Verdicts) -> int:
    """The priority to advertise; what has not been judged yet adds nothing."""
    if settings.is_owner or not verdicts:
        return settings.priority
    total = settings.priority + sum(_contribution(each, verdicts) for each in settings.tracked)
    return max(PRIORITY_MIN, min(PRIORITY_MAX, total))


def _contribution(tracked: Tracked, verdicts: Verdicts) -> int:
    verdict = verdicts.get(tracked.tracker)
    if verdict is None:
        return 0
    if isinstance(tracked, TrackedFile):
        product = _product(tracked, verdict)
        return min(_CHANGE_MAX, product) if product >= -_CHANGE_MAX else 0
    counts = bool(verdict) is (tracked.weight > 0)
    return (-tracked.weight if tracked.reverse else tracked.weight) if counts else 0


def _product(file: TrackedFile, number: int) -> int:
    return number * (-file.weight if file.reverse else file.weight)


def failed(tracked: Iterable[Tracked], verdicts: Verdicts) -> tuple[Tracked, ...]:
    """Those whose verdict means FAULT."""
    return tuple(each for each in tracked if each.tracker in verdicts and _means_fault(each, verdicts[each.tracker]))


def _means_fault(tracked: Tracked, verdict: int) -> bool:
    if isinstance(tracked, TrackedFile):
        if tracked.weight == 0:
            return bool(verdict) is not tracked.reverse
        return _product(tracked, verdict) < -_CHANGE_MAX
    return tracked.weight == 0 and bool(verdict) is tracked.reverse


def unjudged(tracked: Iterable[Tracked], verdicts: Verdicts) -> tuple[Tracked, ...]:
    """Those that have to be heard before the instance may start: all but scripts with a weight, which take time."""
    return tuple(
        each
        for each in tracked
        if each.tracker not in verdicts and not (isinstance(each, TrackedScript) and each.weight)
    )
