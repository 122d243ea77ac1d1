"""The two daemons as they run in production, and what a process of theirs costs."""

import os
from pathlib import Path

from tests.lab import Daemon, Hahub, Keepalived


class PlainKeepalived(Keepalived):
    """keepalived at its best: it logs to syslog only, as packaged, and here nobody listens there.

    With --log-console it writes some ten lines before the announcement, which then comes after 0.6 ms, not 0.1.
    """

    def command(self) -> list[str]:
        return [word for word in super().command() if word not in ("--log-detail", "--log-console")]


class PlainHahub(Hahub):
    """hahub with its default log level."""

    def command(self) -> list[str]:
        words = super().command()
        level = words.index("--log-level")
        return words[:level] + words[level + 2 :]


CONTENDERS: dict[str, type[Daemon]] = {"keepalived": PlainKeepalived, "hahub": PlainHahub}


def vrrp_process(daemon: Daemon) -> int:
    """Return the id of the process that does the VRRP."""
    if isinstance(daemon, Hahub):
        return daemon.process("hahub.core")
    return int((daemon.host.directory / "vrrp.pid").read_text())


def cpu_time(process: int) -> float:
    """Seconds of processor time that all threads of a process have used.

    From the scheduler, in nanoseconds; user and system time come in hundredths, which is too coarse.
    """
    threads = Path(f"/proc/{process}/task").iterdir()
    try:
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
    except FileNotFoundError:  # a kernel without CONFIG_SCHED_INFO
        words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def private_memory(process: int) -> int:
    """Bytes that a process shares with no other."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))
