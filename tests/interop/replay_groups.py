"""Situations with a sync group of two instances, one on eth0 and one on eth1."""

from collections.abc import Callable

from tests.interop.replay import Replay


def sync_group_alone(r: Replay) -> None:
    r.add_second_interfaces()
    r.start(r.a, until="MASTER", instance="G1")


def _start_sync_groups(r: Replay) -> None:
    sync_group_alone(r)
    r.start(r.b, until="BACKUP", instance="VI_2")


def _await_sync_group_return(r: Replay) -> None:
    r.a.fifo.wait_for_state("MASTER", count=2, instance="G1")
    r.b.fifo.wait_for_state("BACKUP", count=2, instance="G1")


def sync_group_stop(r: Replay) -> None:
    _start_sync_groups(r)
    r.daemons["a"].stop()
    r.b.fifo.wait_for_state("MASTER", instance="G1")


def sync_group_failover(r: Replay) -> None:
    _start_sync_groups(r)
    r.a.ip("link", "set", "eth1", "down")
    r.b.fifo.wait_for_state("MASTER", instance="G1")
    r.a.ip("link", "set", "eth1", "up")
    _await_sync_group_return(r)


def sync_group_track_script(r: Replay) -> None:
    _start_sync_groups(r)
    (r.a.directory / "fail").touch()
    r.b.fifo.wait_for_state("MASTER", instance="G1")
    (r.a.directory / "fail").unlink()
    _await_sync_group_return(r)


GROUP_SCENARIOS: dict[str, Callable[[Replay], None]] = {
    "sync-group-failover": sync_group_failover,
    "sync-group-start-stop": sync_group_alone,
    "sync-group-state-master": sync_group_alone,
    "sync-group-stop": sync_group_stop,
    "sync-group-track-script": sync_group_track_script,
}
