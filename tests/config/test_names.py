"""Names of routing tables and the like: where they are read from, and what they mean in lines."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hahub.config.document import merge
from hahub.config.host import Host, this_host
from hahub.config.load import Loaded, complete, parse
from hahub.config.names import Names, parse_names
from hahub.settings import Route, Rule, VirtualAddress
from tests.config.test_belongings import HEAD


def test_a_file_is_lines_of_a_number_and_a_name() -> None:
    text = (
        "# comment\n7\tred # wine\n0x10  green\n 8 blue\n9\n10 two words\nx name\n-1 minus\n7 again\n4294967296 big\n"
    )

    assert parse_names(text) == {"red": 7, "green": 16, "blue": 8, "again": 7, "big": 4294967296}


def test_files_are_found_where_iproute2_finds_them(tmp_path: Path) -> None:
    etc, usr = tmp_path / "etc", tmp_path / "usr"
    files = {
        usr / "rt_tables": "1 not_seen", etc / "rt_tables": "2 own", etc / "rt_tables.d/a.conf": "3 more\n4 main",
        usr / "rt_tables.d/a.conf": "5 replaced", usr / "rt_tables.d/b.conf": "6 far",
        etc / "rt_tables.d/README": "7 readme", usr / "rt_protos": "200 routed", usr / "rt_dsfield": "0x28 AF11",
    }  # fmt: skip
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    found = this_host().read_names(str(etc), str(usr))

    assert found.tables == {"default": 253, "main": 4, "local": 255, "own": 2, "more": 3, "far": 6}
    assert found.protocols["routed"] == 200
    assert found.dsfields == {"AF11": 0x28}
    assert this_host().read_names(str(tmp_path / "no"), str(tmp_path / "where")).tables["main"] == 254


@pytest.fixture
def named(host: Host) -> Callable[[str], Loaded]:
    """Load a text where these names are known."""
    names = Names({"red": 7}, {"mine": 200}, {"room": 100}, {"cosmos": 9}, {"AF11": 0x28}, {"uplinks": 4})
    asked: list[tuple[str, str]] = []

    def read(etc: str, usr: str) -> Names:
        asked.append((etc, usr))
        return names

    def load(text: str) -> Loaded:
        loaded = complete(merge([parse(text.encode(), "a.conf")]), (), replace(host, read_names=read))
        assert asked == [("/own/etc", "")]
        return loaded

    return load


def test_names_are_numbers_in_every_line(named: Callable[[str], Loaded]) -> None:
    lines = (
        "virtual_ipaddress_excluded {\n10.0.0.1/24 scope room\n}\n"
        "virtual_routes {\n10.1.0.0/16 dev eth0 table red protocol mine scope room tos AF11 realms cosmos/1\n}\n"
        "virtual_rules {\ntable red tos AF11 suppress_ifgroup uplinks protocol mine preference 5\n}\n}\n"
        "static_routes {\n10.2.0.0/16 dev eth0 table red\n}\n"
    )

    found = named(f"global_defs {{\niproute_etc_dir /own/etc\n}}\n{HEAD}{lines}")

    assert found.settings is not None, found.problems
    (settings,) = found.settings.core.instances
    assert settings.excluded_addresses == (VirtualAddress("10.0.0.1", 24, "eth0", scope=100),)
    assert settings.routes == (
        Route("10.1.0.0/16", interface="eth0", table=7, protocol=200, scope=100, tos=0x28, realms=9 << 16 | 1),
    )
    assert settings.rules == (Rule(2, 5, table=7, tos=0x28, suppress_group=4, protocol=200),)
    assert found.settings.core.statics.routes == (Route("10.2.0.0/16", interface="eth0", table=7),)
