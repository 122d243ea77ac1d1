"""Where hahub tells something else than keepalived 2.2.7 did in the same situation, on purpose.

The same list, with the same reasons, is in ``fifo/PROTOCOL.md``, together with the differences that no trace shows.
"""

from collections import Counter
from dataclasses import dataclass

from tests.interop.replay import Trace


@dataclass(frozen=True, slots=True)
class Difference:
    """One deliberate difference of one host in one trace."""

    name: str
    trace: str
    reason: str
    host: str
    fifo: str
    """All that hahub writes."""
    less: tuple[str, ...] = ()
    """Script calls that hahub does not make."""
    more: tuple[str, ...] = ()
    """Script calls that only hahub makes."""

    def apply(self, recorded: Trace) -> Trace:
        """Return what hahub is to tell, from what keepalived told."""
        assert self.fifo != recorded.fifo, f"{self.name} is no difference"
        assert Counter(self.less) <= recorded.argv, f"{self.name} takes away calls that were not made"
        return Trace(self.fifo, recorded.argv - Counter(self.less) + Counter(self.more))


def _lines(*states: str) -> str:
    return "".join(f'INSTANCE "VI_1" {state} 150\n' for state in states)


def _calls(state: str) -> tuple[str, str]:
    notify = "/run/lab/notify.sh"
    return f"{notify}\tnotify_{state.lower()}", f"{notify}\tnotify\tINSTANCE\tVI_1\t{state}\t150"


_GENERIC_STOP = _calls("STOP")[1]

DIFFERENCES = (
    Difference(
        name="fault-told-once",
        trace="address-removed",
        reason="a master that cannot go on is in FAULT; the BACKUP in between was never true and calls scripts in vain",
        host="a",
        fifo=_lines("BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "STOP"),
        less=_calls("BACKUP"),
    ),
    Difference(
        name="lost-address-put-back",
        trace="vip-removed",
        reason="a deleted address is no reason to move the service: it is back within a millisecond, and announced",
        host="a",
        fifo=_lines("BACKUP", "MASTER", "STOP"),
        less=(*_calls("BACKUP"), *_calls("MASTER")),
    ),
    Difference(
        name="bad-reload-survived",
        trace="reload-bad-config",
        reason="a mistake in a file is no reason to stop a service: it is reported, and the old configuration stays",
        host="a",
        fifo=_lines("BACKUP", "MASTER", "STOP"),
        more=(_GENERIC_STOP,),
    ),
)


def expected_of_hahub(name: str, recorded: dict[str, Trace]) -> dict[str, Trace]:
    """Return what hahub is to tell in this trace, by host."""
    expected = dict(recorded)
    for difference in DIFFERENCES:
        if difference.trace == name:
            expected[difference.host] = difference.apply(expected[difference.host])
    return expected
