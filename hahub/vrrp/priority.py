"""Effective priority: the configured one, changed by the verdicts on tracked scripts.

Source: keepalived vrrp/vrrp_track.c; the arithmetic is in the configuration guide.
"""

from collections.abc import Iterable, Mapping

from hahub.settings import InstanceSettings, TrackedScript

PRIORITY_MIN = 1
PRIORITY_OWNER = 255
PRIORITY_MAX = 254
"""Highest priority of a router that does not own the addresses; 255 is never changed by tracking."""


def effective_priority(settings: InstanceSettings, verdicts: Mapping[str, bool]) -> int:
    """The priority to advertise.

    verdicts: script name to success; a script that has not been judged yet adds nothing.
    """
    if settings.is_owner:
        return settings.priority
    total = settings.priority + sum(_contribution(script, verdicts) for script in settings.track_scripts)
    return max(PRIORITY_MIN, min(PRIORITY_MAX, total))


def _contribution(script: TrackedScript, verdicts: Mapping[str, bool]) -> int:
    verdict = verdicts.get(script.name)
    if verdict is None:
        return 0
    succeeded = verdict is not script.reverse
    if script.weight > 0:
        return script.weight if succeeded else 0
    return 0 if succeeded else script.weight


def failed_scripts(scripts: Iterable[TrackedScript], verdicts: Mapping[str, bool]) -> tuple[str, ...]:
    """Names of the scripts without weight whose verdict means FAULT."""
    return tuple(s.name for s in scripts if s.weight == 0 and verdicts.get(s.name) is s.reverse)


def unjudged_scripts(scripts: Iterable[TrackedScript], verdicts: Mapping[str, bool]) -> tuple[str, ...]:
    """Names of the scripts without weight that have to be heard before the instance may start."""
    return tuple(s.name for s in scripts if s.weight == 0 and s.name not in verdicts)
