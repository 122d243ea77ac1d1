"""Addresses and what comes with them: lines of both languages -> settings."""

from collections.abc import Callable

import pytest

from hahub.config import Loaded
from hahub.settings import InstanceSettings, VirtualAddress

Load = Callable[..., Loaded]
HEAD = "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 51\n no_virtual_ipaddress\n"


def instance(loaded: Load, keyword: str, *lines: str) -> InstanceSettings:
    """The instance that has these lines in one block, which both languages must agree about."""
    block = "\n".join(lines)
    conf = loaded(("a.conf", f"{HEAD} {keyword} {{\n{block}\n}}\n}}\n"))
    items = "".join(f"      - {line}\n" for line in lines)
    head = "    interface: eth0\n    virtual_router_id: 51\n    no_virtual_ipaddress: true\n"
    yaml = loaded(("a.yaml", f"vrrp_instance:\n  VI_1:\n{head}    {keyword}:\n{items}"))
    assert conf.problems == yaml.problems == ()
    assert conf.settings is not None
    assert conf.settings == yaml.settings
    (found,) = conf.settings.core.instances
    return found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10.0.0.1", VirtualAddress("10.0.0.1", 32, "eth0")),
        ("10.0.0.1 peer 10.0.0.2", VirtualAddress("10.0.0.1", 32, "eth0", peer="10.0.0.2")),
        ("10.0.0.1/32 peer 10.1.0.0/16", VirtualAddress("10.0.0.1", 16, "eth0", peer="10.1.0.0")),
        ("10.0.0.1/24 noprefixroute", VirtualAddress("10.0.0.1", 24, "eth0", flags=0x200)),
        ("10.0.0.1/24 autojoin noprefixroute", VirtualAddress("10.0.0.1", 24, "eth0", flags=0x600)),
        ("10.0.0.1 preferred_lft 0", VirtualAddress("10.0.0.1", 32, "eth0", preferred_lft=0)),
        ("10.0.0.1 preferred_lft forever", VirtualAddress("10.0.0.1", 32, "eth0")),
        ("10.0.0.1 no_track dev eth1", VirtualAddress("10.0.0.1", 32, "eth1", tracked=False)),
    ],
)
@pytest.mark.parametrize("keyword", ["virtual_ipaddress", "virtual_ipaddress_excluded"])
def test_an_address_has_its_options(loaded: Load, keyword: str, line: str, expected: VirtualAddress) -> None:
    found = instance(loaded, keyword, line)

    assert found.all_addresses == (expected,)
    assert bool(found.virtual_addresses) == (keyword == "virtual_ipaddress")


def test_an_address_is_excluded_only_when_no_advert_names_it(loaded: Load) -> None:
    text = f"{HEAD}virtual_ipaddress {{\n10.0.0.1\n}}\nvirtual_ipaddress_excluded {{\n10.0.0.2/24\n10.0.0.1\n}}\n}}\n"

    found = loaded(("a.conf", text))

    assert [problem.message for problem in found.problems] == [
        "virtual_ipaddress_excluded 10.0.0.1 is there twice, the second is ignored"
    ]
    assert found.settings is not None
    (settings,) = found.settings.core.instances
    assert list(map(str, settings.virtual_addresses)) == ["10.0.0.1/32"]
    assert list(map(str, settings.excluded_addresses)) == ["10.0.0.2/24"]
