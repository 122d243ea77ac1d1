"""The configuration that both daemons get."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from hahub.cli import main
from tests.bench.plan import VirtualRouter, configuration, virtual_routers


def test_routers_have_addresses_of_their_own():
    assert virtual_routers(2, version=2, advert_int=1.0, addresses=2) == (
        VirtualRouter(1, 2, 1.0, ("10.9.64.1", "10.9.64.2")),
        VirtualRouter(2, 2, 1.0, ("10.9.64.3", "10.9.64.4")),
    )


def test_the_protocol_gives_half_a_skew():
    slow, quick = virtual_routers(1, version=2, advert_int=2.0)[0], virtual_routers(1, advert_int=0.01)[0]

    assert (slow.master_down_interval, quick.master_down_interval) == (6.5, pytest.approx(0.035))


def test_hahub_accepts_the_configuration(tmp_path: Path):
    path = tmp_path / "keepalived.conf"
    path.write_text(configuration(virtual_routers(250, addresses=2)).replace("eth0", "lo"))

    result = CliRunner().invoke(main, ["check", str(path)])

    assert result.exit_code == 0, result.output
