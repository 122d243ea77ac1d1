"""Situations with an interface or a file that host a depends on."""

from collections.abc import Callable

from tests.interop.replay import Replay


def track_interface(r: Replay) -> None:
    r.add_second_interfaces()
    r.start_both()
    r.a.ip("link", "set", "eth1", "down")
    r.b.fifo.wait_for_state("MASTER")
    r.a.ip("link", "set", "eth1", "up")
    _await_return(r, times=1)


def track_file(r: Replay) -> None:
    file = r.a.directory / "tf"
    r.start_both()
    file.write_text("-60\n")
    r.b.fifo.wait_for_state("MASTER")
    file.write_text("0\n")
    _await_return(r, times=1)
    file.write_text("-254\n")
    r.b.fifo.wait_for_state("MASTER", count=2)
    file.write_text("0\n")
    _await_return(r, times=2)


def _await_return(r: Replay, *, times: int) -> None:
    r.a.fifo.wait_for_state("MASTER", count=times + 1)
    r.b.fifo.wait_for_state("BACKUP", count=times + 1)


TRACKER_SCENARIOS: dict[str, Callable[[Replay], None]] = {
    "track-file": track_file,
    "track-interface": track_interface,
    "track-interface-weight": track_interface,
}
