"""A service that dies takes the mastership with it, to a keepalived that waits on the other host."""

import subprocess

import pytest

from tests.interop.configuration import configuration
from tests.interop.conftest import MakeDuel
from tests.lab import Lab

SERVICE = """
vrrp_track_process service {
    process /run/lab/service 1000
    weight 0
}
"""


@pytest.mark.namespaces
@pytest.mark.keepalived
@pytest.mark.slow
@pytest.mark.parametrize("pair", [("hahub", "keepalived")], ids="-".join)
def test_a_dead_service_moves_the_address_and_a_new_one_brings_it_back(lab: Lab, duel: MakeDuel) -> None:
    a = lab["a"]
    program = a.directory / "service"
    program.symlink_to("/bin/sleep")
    duelists = duel(
        SERVICE + configuration(150, options="track_process {\n        service\n    }"),
        configuration(100),
    )

    with subprocess.Popen([program, "1000"]) as service:
        try:
            duelists.start()
            service.kill()
            service.wait()
            duelists.b.fifo.wait_for_state("MASTER")
        finally:
            service.kill()
    with subprocess.Popen([program, "1000"]) as service:
        try:
            a.fifo.wait_for_state("MASTER", count=2)
            duelists.b.fifo.wait_for_state("BACKUP", count=2)
        finally:
            service.kill()

    states = [line.split()[2] for line in a.fifo.text.splitlines()]
    assert states[:5] == ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]
