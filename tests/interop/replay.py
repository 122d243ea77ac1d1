"""Situations that were once recorded with keepalived, made again with any daemon.

Each function does what the timeline of ``tests/data/traces/NAME.json`` tells, and waits for what was waited for.
The FIFO does not depend on the interval, so that version 3 with a short one stands for one second.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.interop.configuration import ADVERT_INT
from tests.lab import VIP, AddressChange, Daemon, Host, Lab
from tests.lab.mastership import Record
from tests.lab.timeline import wait_until

TRACES = Path(__file__).parents[1] / "data" / "traces"


@dataclass(frozen=True, slots=True)
class Trace:
    """What one host told: the text of its FIFO, and how often each script call was made."""

    fifo: str
    argv: Counter[str]


def without_chance(fifo: str) -> str:
    """Return a FIFO's text with the members of a sync group in order of name.

    Two members whose timers end at the same moment are reported in either order; the GROUP line stands where it stood.
    """
    if "GROUP" not in fifo:
        return fifo
    moves = groupby(fifo.splitlines(keepends=True), key=lambda line: (line.split()[0], line.split()[-2]))
    return "".join(line for _, lines in moves for line in sorted(lines))


def golden(name: str) -> dict[str, Trace]:
    """Return what keepalived 2.2.7 told, by host."""
    return {
        path.name.split(".")[2]: Trace(
            path.read_text(),
            Counter(path.with_name(path.name.replace(".fifo.", ".argv.")).read_text().splitlines()),
        )
        for path in sorted(TRACES.glob(f"{name}.fifo.*.txt"))
    }


def quickened(config: str) -> str:
    """Return a recorded configuration with version 3 and a short interval instead of one second."""
    assert "advert_int 1\n" in config
    return config.replace("advert_int 1\n", f"version 3\n    advert_int {ADVERT_INT}\n")


class Replay:
    """One scenario on its way: the configurations that were recorded, the hosts, and what the end needs to know."""

    def __init__(self, lab: Lab, name: str, daemon: type[Daemon], expected: dict[str, Trace]) -> None:
        recorded = json.loads((TRACES / f"{name}.json").read_text())
        self.lab = lab
        self.expected = expected
        self.configs: dict[str, list[str]] = {
            host: [quickened(config) for config in configs] for host, configs in recorded["configs"].items()
        }
        self.daemons = {host: daemon(lab[host], configs[0]) for host, configs in self.configs.items()}

    @property
    def a(self) -> Host:
        return self.lab["a"]

    @property
    def b(self) -> Host:
        return self.lab["b"]

    def start(self, host: Host, *, until: str, count: int = 1, instance: str = "VI_1") -> None:
        """Start the daemon of a host and wait for a line."""
        self.daemons[host.name].start()
        host.fifo.wait_for_state(until, count=count, instance=instance)

    def add_second_interfaces(self) -> None:
        """Give every host its eth1."""
        for name in self.daemons:
            self.lab[name].add_second_interface()

    def start_both(self) -> None:
        """Start a, which becomes master, then b."""
        self.start(self.a, until="MASTER")
        self.start(self.b, until="BACKUP")

    def reload(self, host: Host) -> None:
        """Give a host the second recorded configuration, and SIGHUP."""
        self.daemons[host.name].reload(self.configs[host.name][1])

    def pass_time(self, host: Host, *, adverts: int = 10) -> None:
        """Wait for some advertisements of a host: long enough for anything that would come by itself."""
        self.lab.wait_for_advert(host, since=time.monotonic(), count=adverts)

    def end(self) -> dict[str, Trace]:
        """Stop what still runs, one after the other, as the recording did; return what was told."""
        for name, daemon in self.daemons.items():
            if daemon.is_running:
                lines = len(self._before_the_end(name))
                self.lab[name].fifo.wait_for_lines(lines)
                daemon.stop()
        return {name: self._told(self.lab[name]) for name in self.daemons}

    def _before_the_end(self, host: str) -> list[str]:
        lines = self.expected[host].fifo.splitlines()
        while lines and " STOP " in lines[-1]:
            lines.pop()
        return lines

    @staticmethod
    def _told(host: Host) -> Trace:
        return Trace(host.fifo.text, Counter(call.replace(str(host.directory), "/run/lab") for call in host.argv()))


def start_alone(r: Replay) -> None:
    r.start(r.a, until="MASTER")


def failover_crash(r: Replay) -> None:
    r.start_both()
    r.daemons["a"].kill()
    r.b.fifo.wait_for_state("MASTER")
    r.start(r.a, until="MASTER", count=2)
    r.b.fifo.wait_for_state("BACKUP", count=2)


def failover_stop(r: Replay) -> None:
    r.start_both()
    r.daemons["a"].stop()
    r.b.fifo.wait_for_state("MASTER")
    r.start(r.a, until="MASTER", count=2)
    r.b.fifo.wait_for_state("BACKUP", count=2)


def stop_backup(r: Replay) -> None:
    r.start_both()
    r.daemons["b"].stop()


def nopreempt_recovery(r: Replay) -> None:
    r.start_both()
    r.daemons["a"].stop()
    r.b.fifo.wait_for_state("MASTER")
    r.start(r.a, until="BACKUP", count=2)
    r.pass_time(r.b)


def interface_down_up(r: Replay) -> None:
    r.start_both()
    r.a.interface_down()
    r.a.fifo.wait_for_state("FAULT")
    r.b.fifo.wait_for_state("MASTER")
    r.a.interface_up()
    r.a.fifo.wait_for_state("MASTER", count=2)
    r.b.fifo.wait_for_state("BACKUP", count=2)


def carrier_loss(r: Replay) -> None:
    r.start_both()
    r.a.carrier_down()
    r.a.fifo.wait_for_state("FAULT")
    r.b.fifo.wait_for_state("MASTER")
    r.a.carrier_up()
    r.a.fifo.wait_for_state("MASTER", count=2)
    r.b.fifo.wait_for_state("BACKUP", count=2)


def interface_deleted(r: Replay) -> None:
    r.start_both()
    r.a.remove_interface()
    r.a.fifo.wait_for_state("FAULT")
    r.b.fifo.wait_for_state("MASTER")
    r.a.add_interface()
    r.a.fifo.wait_for_state("MASTER", count=2)
    r.b.fifo.wait_for_state("BACKUP", count=2)


def interface_missing_at_start(r: Replay) -> None:
    r.a.remove_interface()
    r.start(r.a, until="FAULT")
    r.a.add_interface()
    r.a.fifo.wait_for_state("MASTER")


def address_removed(r: Replay) -> None:
    r.start(r.a, until="MASTER")
    r.a.ip("address", "del", f"{r.a.address}/24", "dev", "eth0")
    r.a.fifo.wait_for_state("FAULT")
    r.a.ip("address", "add", f"{r.a.address}/24", "dev", "eth0")
    r.a.fifo.wait_for_state("MASTER", count=2)


def vip_removed(r: Replay) -> None:
    r.start(r.a, until="MASTER")
    wait_until(r.a.holds, "the virtual address")
    r.a.ip("address", "del", f"{VIP}/24", "dev", "eth0")
    r.lab.timeline.wait_until(lambda records: _times_added(records, VIP) == 2, f"{VIP} to come back")
    r.pass_time(r.a)


def _times_added(records: list[Record], address: str) -> int:
    return sum(isinstance(record, AddressChange) and record.present and record.address == address for record in records)


def master_rx_lower_prio(r: Replay) -> None:
    r.start_both()
    r.b.unplug()
    r.b.fifo.wait_for_state("MASTER")
    _plug_so_that_b_speaks_first(r)
    r.a.fifo.wait_for_state("MASTER_RX_LOWER_PRI")
    r.b.fifo.wait_for_state("BACKUP", count=2)


def _plug_so_that_b_speaks_first(r: Replay) -> None:
    """Plug b in right after an advertisement of a, so that the next one on the wire is b's.

    b became master one Master_Down_Interval after the last advertisement it heard: its period is 0.6 behind that of a.
    """
    while True:
        heard = r.lab.wait_for_advert(r.a, since=time.monotonic())
        if time.monotonic() - heard.at < 0.25 * ADVERT_INT:
            r.b.plug()
            return


def check_fails_and_recovers(r: Replay) -> None:
    r.start_both()
    fail = r.a.directory / "fail"
    fail.touch()
    r.b.fifo.wait_for_state("MASTER")
    fail.unlink()
    r.a.fifo.wait_for_state("MASTER", count=2)
    r.b.fifo.wait_for_state("BACKUP", count=2)


def check_fails_and_recovers_alone(r: Replay) -> None:
    r.start(r.a, until="MASTER")
    fail = r.a.directory / "fail"
    fail.touch()
    r.a.fifo.wait_for_state("FAULT")
    fail.unlink()
    r.a.fifo.wait_for_state("MASTER", count=2)


def check_fails_at_start(r: Replay) -> None:
    r.start(r.a, until="FAULT")
    (r.a.directory / "good").touch()
    r.a.fifo.wait_for_state("MASTER")


def reload_same(r: Replay) -> None:
    r.start_both()
    r.reload(r.a)
    r.reload(r.b)
    r.pass_time(r.a)


def reload_alone(r: Replay) -> None:
    r.start(r.a, until="MASTER")
    r.reload(r.a)
    if r.daemons["a"].is_running:
        r.pass_time(r.a)


def reload_bad_config(r: Replay) -> None:
    r.start(r.a, until="MASTER")
    r.reload(r.a)
    daemon = r.daemons["a"]
    wait_until(lambda: "prioritee" in daemon.log or not daemon.is_running, "a word about the mistake")
    if daemon.name == "keepalived":
        daemon.wait()
    else:
        r.pass_time(r.a)


def reload_priority(r: Replay) -> None:
    r.start_both()
    r.reload(r.a)
    r.b.fifo.wait_for_state("MASTER")
    r.a.fifo.wait_for_state("BACKUP", count=2)


def reload_add_instance(r: Replay) -> None:
    r.start(r.a, until="MASTER")
    r.reload(r.a)
    r.a.fifo.wait_for_state("MASTER", instance="VI_2")


def reload_remove_instance(r: Replay) -> None:
    r.start(r.a, until="MASTER", instance="VI_2")
    r.a.fifo.wait_for_state("MASTER", instance="VI_1")
    lines = len(r.a.fifo.records())
    r.reload(r.a)
    r.a.fifo.wait_until(lambda records: len(records) > lines, "a line about VI_2")


SCENARIOS: dict[str, Callable[[Replay], None]] = {
    "address-removed": address_removed,
    "carrier-loss": carrier_loss,
    "failover-crash": failover_crash,
    "failover-stop": failover_stop,
    "global-and-vrrp-fifo": start_alone,
    "interface-deleted": interface_deleted,
    "interface-down-up": interface_down_up,
    "interface-missing-at-start": interface_missing_at_start,
    "master-rx-lower-prio": master_rx_lower_prio,
    "nopreempt-recovery": nopreempt_recovery,
    "reload-add-instance": reload_add_instance,
    "reload-bad-config": reload_bad_config,
    "reload-priority": reload_priority,
    "reload-remove-instance": reload_remove_instance,
    "reload-remove-instance-plain": reload_remove_instance,
    "reload-same": reload_same,
    "reload-vip-change": reload_alone,
    "start-backup-master": start_alone,
    "start-owner": start_alone,
    "start-state-master": start_alone,
    "stop-backup": stop_backup,
    "track-script-failing-at-start": check_fails_at_start,
    "track-script-fall-rise": check_fails_and_recovers_alone,
    "track-script-fault": check_fails_and_recovers,
    "track-script-weight": check_fails_and_recovers,
    "vip-removed": vip_removed,
}
