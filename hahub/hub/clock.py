"""Moments that can be compared across restarts, also when somebody sets the clock in between."""

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Moment:
    """One point in time on one host."""

    wall: float
    """UTC, seconds since the epoch."""
    monotonic: float
    """CLOCK_MONOTONIC, seconds."""
    host_boot: str
    """Names one life of the kernel: only within it can ``monotonic`` be compared."""

    def since(self, earlier: "Moment") -> float:
        """Seconds from ``earlier`` to here, never negative; by the wall clock only across a reboot."""
        if self.host_boot == earlier.host_boot:
            return max(0.0, self.monotonic - earlier.monotonic)
        return max(0.0, self.wall - earlier.wall)


def read_host_boot() -> str:
    """The kernel's name for its current life."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def now(host_boot: str) -> Moment:
    """This moment."""
    return Moment(time.time(), time.monotonic(), host_boot)
